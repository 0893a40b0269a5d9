// How the daemon itself is doing: tiles, what is wrong, and its listeners.

import { NONE, date, rate, share, short, span, whole } from "./format.js";
import { bar, curve, make, now, setAttribute, setText } from "./parts.js";
import { Table } from "./table.js";

const DAY = 86400;
const EXPIRES_SOON = 14 * DAY;
const LATE = 0.25; // seconds of event loop lag

const total = (counts) => Object.values(counts).reduce((sum, one) => sum + one, 0);

const named = (counts) =>
  Object.entries(counts)
    .map(([reason, count]) => `${reason.replaceAll("_", " ")} ${short(count)}`)
    .join(", ");

// A tile: title; `read(live)` returns its figure and a note, and a level for either of them; it may
// have a curve or a bar.
const tiles = [
  {
    title: "Messages/s",
    read: ({ health }) => ({
      figure: rate(health.received_per_second),
      note: `${short(health.received)} in all`,
    }),
    curve: ({ health }) => health.received_rates,
  },
  {
    title: "Connections",
    read: ({ health, listeners }) => ({
      figure: whole(health.connections),
      note: listeners.length === 1 ? "1 listener" : `${listeners.length} listeners`,
    }),
  },
  {
    title: "Queue",
    read: ({ health }) => ({
      figure: share(health.queue_fill),
      note: `${short(health.queue_messages)} messages wait`,
      level: health.queue_fill >= 0.9 ? "bad" : health.queue_fill >= 0.5 ? "warning" : "fine",
    }),
    bar: ({ health }) => health.queue_fill,
  },
  {
    title: "Lost",
    read: ({ health }) => ({
      figure: short(total(health.lost)),
      note: named(health.lost) || "nothing",
      level: health.lost_last_minute ? "bad" : total(health.lost) ? "warning" : "fine",
    }),
  },
  {
    title: "Drains",
    read: ({ apps, health }) => {
      const silent = [...apps.values()].filter((app) => app.is_silent).length;
      return {
        figure: whole(apps.size),
        note: `${whole(silent)} silent, ${whole(health.unknown_drains)} unknown`,
        noteLevel: silent ? "warning" : "fine",
      };
    },
  },
  {
    title: "Dynos",
    read: ({ dynos }) => {
      const crashed = [...dynos.values()].filter((dyno) => dyno.state === "crashed").length;
      return {
        figure: whole(dynos.size - crashed),
        note: crashed ? `${crashed} crashed` : "none crashed",
        noteLevel: crashed ? "bad" : "fine",
      };
    },
  },
  {
    title: "Series",
    read: ({ health }) => ({
      figure: short(health.series),
      note: health.series_refused
        ? `${short(health.series_refused)} refused`
        : `of ${short(health.series_limit)}`,
      noteLevel: health.series_refused ? "bad" : "fine",
    }),
    bar: ({ health }) => health.series / health.series_limit,
  },
];

// What an operator has to do something about.
function* problems({ health, listeners }) {
  if (!health.is_ready) yield "The daemon is starting or stopping: nothing is received.";
  if (!health.is_config_valid) {
    yield "The configuration that was read last is invalid; an older one is in force. See the log.";
  }
  if (health.lost_last_minute) {
    yield `${whole(health.lost_last_minute)} messages were lost within the last minute.`;
  }
  if (health.event_loop_lag > LATE) {
    yield `The daemon is ${health.event_loop_lag.toFixed(1)} s late: it has too much to do.`;
  }
  for (const { name, certificate_not_after: end } of listeners) {
    if (end === null || end - now() > EXPIRES_SOON) continue;
    const left = end - now();
    yield left > 0
      ? `The certificate of ${name} expires in ${span(left)}.`
      : `The certificate of ${name} has expired on ${date(end)}.`;
  }
}

const listenerColumn = (id, title, read, text = false) => ({
  id,
  title,
  text,
  head: id === "listener",
  cell() {
    const element = make("span");
    return { element, update: (listener) => setText(element, read(listener)) };
  },
});

const listenerColumns = [
  listenerColumn("listener", "Listener", (one) => one.name, true),
  listenerColumn("type", "Type", (one) => one.type, true),
  listenerColumn("address", "Address", (one) => one.addresses.join(", ") + one.path, true),
  listenerColumn("open", "Connections", (one) => whole(one.connections)),
  listenerColumn("received", "Messages", (one) => short(one.received)),
  listenerColumn("lost", "Lost", (one) => named(one.lost) || "0", true),
  listenerColumn("malformed", "Malformed", (one) => named(one.malformed) || "0", true),
  listenerColumn("rejected", "Rejected", (one) => named(one.rejected) || "0", true),
  listenerColumn(
    "certificate",
    "Certificate until",
    (one) => (one.certificate_not_after === null ? NONE : date(one.certificate_not_after)),
    true,
  ),
];

export class HealthPanel {
  constructor({ tiles: list, alerts, listeners }) {
    this.alerts = alerts;
    this.tiles = tiles.map((tile) => newTile(tile, list));
    this.listeners = new Table("Listeners", listenerColumns, (one) => one.name);
    listeners.append(this.listeners.element);
  }

  render(live) {
    for (const tile of this.tiles) tile.update(live);
    const found = [...problems(live)];
    const shown = [...this.alerts.children].map((alert) => alert.textContent);
    if (found.join("\n") !== shown.join("\n")) {
      this.alerts.replaceChildren(...found.map((text) => make("p", { role: "alert", text })));
    }
    this.listeners.render(live.listeners);
  }
}

function newTile(tile, list) {
  const figure = make("span", { class: "figure" });
  const note = make("span", { class: "note" });
  const line = tile.curve ? curve(tile.title) : null;
  const meter = tile.bar ? bar(tile.title) : null;
  const extra = (line ?? meter)?.element;
  const value = make("dd", {}, figure, ...(extra ? [extra] : []), note);
  const element = make("div", { class: "tile" }, make("dt", { text: tile.title }), value);
  list.append(element);
  return {
    update(live) {
      const { figure: main, note: beside, level = "fine", noteLevel = "fine" } = tile.read(live);
      setText(figure, main);
      setText(note, beside);
      setAttribute(note, "title", beside);
      setAttribute(figure, "data-level", level);
      setAttribute(note, "data-level", noteLevel);
      line?.update(tile.curve(live));
      meter?.update(tile.bar(live), 0.5, 0.9);
    },
  };
}
