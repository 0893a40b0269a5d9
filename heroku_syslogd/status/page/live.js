// The state as the server tells it: a snapshot at first, then what changes.

const MOST_EVENTS = 200;
const MOST_LOADS = 30;

export class Live {
  constructor(onChange, onConnection) {
    this.apps = new Map();
    this.dynos = new Map();
    this.events = new Map();
    this.health = null;
    this.listeners = [];
    this.version = "";
    this.startedAt = 0;
    this.at = 0;
    this.onChange = onChange;
    this.onConnection = onConnection;
  }

  connect() {
    const source = new EventSource("api/v1/stream");
    source.addEventListener("snapshot", (event) => this.replace(JSON.parse(event.data)));
    source.addEventListener("update", (event) => this.update(JSON.parse(event.data)));
    source.onopen = () => this.onConnection("live");
    source.onerror = () => {
      this.onConnection("lost");
      if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      setTimeout(() => this.connect(), 5000); // it was refused: too many watch, or a restart
    };
  }

  replace(snapshot) {
    this.version = snapshot.version;
    this.startedAt = snapshot.started_at;
    this.apps = new Map(snapshot.apps.map((app) => [app.app, app]));
    const { loads } = snapshot;
    this.dynos = new Map(
      snapshot.dynos.map((dyno) => [dyno.key, { ...dyno, loads: loads[dyno.key] ?? [] }]),
    );
    this.events = new Map(snapshot.events.map((entry) => [entry.id, entry]));
    this.take(snapshot);
  }

  update(update) {
    for (const app of update.apps) this.apps.set(app.app, app);
    for (const dyno of update.dynos) this.updateDyno(dyno);
    for (const entry of update.events) this.events.set(entry.id, entry);
    for (const app of update.gone.apps) this.apps.delete(app);
    for (const key of update.gone.dynos) this.dynos.delete(key);
    this.take(update);
  }

  // A curve comes with the snapshot; from then on every sample is its next point.
  updateDyno(dyno) {
    const known = this.dynos.get(dyno.key);
    const isNew = dyno.load_avg_1m !== null && dyno.sampled_at !== known?.sampled_at;
    const loads = isNew ? [...(known?.loads ?? []), dyno.load_avg_1m] : (known?.loads ?? []);
    this.dynos.set(dyno.key, { ...dyno, loads: loads.slice(-MOST_LOADS) });
  }

  take({ at, health, listeners }) {
    this.at = at;
    this.health = health;
    this.listeners = listeners;
    if (this.events.size > MOST_EVENTS) {
      this.events = new Map(this.latestEvents().map((entry) => [entry.id, entry]));
    }
    this.onChange();
  }

  latestEvents() {
    return [...this.events.values()].sort((a, b) => b.at - a.at || b.id - a.id).slice(0, MOST_EVENTS);
  }
}
