// Applications: their columns, and their dynos under those that are open.

import { dynoColumnsOfApp, memoryPart } from "./dynos.js";
import { duration, rate, share } from "./format.js";
import { age, bar, curve, make, setAttribute, setText } from "./parts.js";
import { Table, sorted } from "./table.js";

const SLOW = 5; // seconds
const TOO_SLOW = 25; // the router gives up after 30
const MANY_ERRORS = 0.01;
const TOO_MANY_ERRORS = 0.05;
const ENDED = new Set(["crashed", "down", "complete"]);

// What a row shows: an application, its dynos, and what follows from those.
export function appRow(app, dynos) {
  const parts = dynos.map(memoryPart).filter((part) => part !== null);
  const crashed = dynos.filter((dyno) => dyno.state === "crashed").length;
  const running = dynos.filter((dyno) => !ENDED.has(dyno.state)).length;
  return { ...app, dynos, crashed, running, memory: parts.length ? Math.max(...parts) : null };
}

function levelled(read, level) {
  return () => {
    const element = make("span");
    return {
      element,
      update(row) {
        setText(element, read(row));
        setAttribute(element, "data-level", level(row));
      },
    };
  };
}

const above = (value, warning, bad) =>
  value === null || value < warning ? "fine" : value < bad ? "warning" : "bad";

const name = { id: "app", title: "App", text: true, head: true, value: (row) => row.app };
name.cell = ({ toggle }) => {
  const text = make("span");
  const button = make("button", { type: "button", class: "open" }, text);
  const note = make("span", { class: "note" });
  button.addEventListener("click", toggle);
  return {
    element: [button, note],
    update(row, isOpen) {
      setText(text, row.app);
      setAttribute(button, "aria-expanded", String(isOpen));
      button.title = isOpen ? "Hide its dynos" : "Show its dynos";
      setText(note, row.is_configured ? "" : "not configured");
    },
  };
};

const dynos = { id: "dynos", title: "Dynos", value: (row) => row.dynos.length };
dynos.cell = () => {
  const text = make("span");
  const crashed = make("span", { class: "mark", "data-state": "crashed" });
  return {
    element: [text, crashed],
    update(row) {
      setText(text, String(row.running));
      crashed.hidden = row.crashed === 0;
      setText(crashed, `${row.crashed} crashed`);
    },
  };
};

const memory = { id: "memory", title: "Fullest dyno", value: (row) => row.memory };
memory.cell = () => {
  const meter = bar("Memory of its quota, of the dyno that has most");
  const text = make("span", { class: "part" });
  return {
    element: [meter.element, text],
    update(row) {
      meter.update(row.memory);
      setText(text, share(row.memory));
    },
  };
};

const requests = { id: "rps", title: "Requests/s", value: (row) => row.requests_per_second };
requests.cell = () => {
  const line = curve("Requests per second, the last five minutes");
  const text = make("span", { class: "figure" });
  return {
    element: [line.element, text],
    update(row) {
      line.update(row.rates);
      setText(text, rate(row.requests_per_second));
    },
  };
};

const errors = { id: "errors", title: "5xx", value: (row) => row.server_error_share };
errors.cell = levelled(
  (row) => share(row.server_error_share),
  (row) => above(row.server_error_share, MANY_ERRORS, TOO_MANY_ERRORS),
);

const service = (id, title, field) => ({
  id,
  title,
  value: (row) => row[field],
  cell: levelled((row) => duration(row[field]), (row) => above(row[field], SLOW, TOO_SLOW)),
});

const release = { id: "release", title: "Release", value: (row) => row.release };
release.cell = () => {
  const text = make("span");
  const time = age("");
  return {
    element: [text, time.element],
    update(row) {
      setText(text, row.release === null ? (row.deployed_at === null ? "–" : "") : `v${row.release}`);
      time.update(row.deployed_at);
    },
  };
};

const heard = { id: "heard", title: "Last line", value: (row) => row.last_message_at };
heard.cell = () => {
  const time = age();
  const silent = make("span", { class: "mark", "data-state": "silent", text: "silent" });
  return {
    element: [time.element, silent],
    update(row) {
      time.update(row.last_message_at);
      silent.hidden = !row.is_silent;
    },
  };
};

export const appColumns = [
  name,
  dynos,
  memory,
  requests,
  errors,
  service("p50", "p50", "service_p50"),
  service("p95", "p95", "service_p95"),
  service("p99", "p99", "service_p99"),
  release,
  heard,
];

const byName = dynoColumnsOfApp[0];

export function dynosOfApp(key) {
  const table = new Table(`Dynos of ${key}`, dynoColumnsOfApp, (dyno) => dyno.key);
  table.nothing.textContent = "No dyno of it has reported. Are its runtime metrics switched on?";
  return {
    element: table.element,
    update: (row) => table.render(sorted(row.dynos, byName, false, (dyno) => dyno.key)),
  };
}
