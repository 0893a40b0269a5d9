// The page: what is shown of the state, and how it is searched and sorted.

import { appColumns, appRow, dynosOfApp } from "./apps.js";
import { dynoColumns } from "./dynos.js";
import { FeedList } from "./feed.js";
import { span } from "./format.js";
import { HealthPanel } from "./health.js";
import { Live } from "./live.js";
import { make, now, setServerTime, setText, tickAges } from "./parts.js";
import { Table, sorted } from "./table.js";
import { Welcome } from "./welcome.js";

const byId = (id) => document.getElementById(id);
const FEW_APPS = 5;
const FEW_DYNOS = 30;
const CONNECTIONS = { live: "Live", lost: "Reconnecting", waiting: "Connecting" };

// Views ------------------------------------------------------------------------------------------

const keyOfApp = (row) => row.app;
const keyOfDyno = (dyno) => dyno.key;
const matches = (text, words) => words.every((word) => text.includes(word));
const textOfDyno = (dyno) => `${dyno.key} ${dyno.state}`.toLowerCase();

function appRows(live, words) {
  const dynos = new Map();
  for (const dyno of live.dynos.values()) {
    if (!dynos.has(dyno.app)) dynos.set(dyno.app, []);
    dynos.get(dyno.app).push(dyno);
  }
  return [...live.apps.values()]
    .map((app) => rowOf(app, dynos.get(app.app) ?? []))
    .filter((row) => {
      const text = `${row.app} ${row.is_silent ? "silent" : ""}`.toLowerCase();
      return matches(text, words) || row.dynos.some((dyno) => matches(textOfDyno(dyno), words));
    });
}

// The same row as long as nothing of it has changed, so that it is not drawn again.
const rows = new Map();
function rowOf(app, dynos) {
  const known = rows.get(app.app);
  const isSame =
    known?.app === app &&
    known.dynos.length === dynos.length &&
    known.dynos.every((dyno, index) => dyno === dynos[index]);
  if (isSame) return known.row;
  const row = appRow(app, dynos);
  rows.set(app.app, { app, dynos, row });
  return row;
}

const dynoRows = (live, words) =>
  [...live.dynos.values()].filter((dyno) => matches(textOfDyno(dyno), words));

const views = {
  apps: {
    columns: appColumns,
    keyOf: keyOfApp,
    rows: appRows,
    sort: { id: "app", down: false },
    table: new Table("Apps", appColumns, keyOfApp, { onSort, detail: dynosOfApp }),
  },
  dynos: {
    columns: dynoColumns,
    keyOf: keyOfDyno,
    rows: dynoRows,
    sort: { id: "memory", down: true },
    table: new Table("Dynos", dynoColumns, keyOfDyno, { onSort }),
  },
};

// What is looked at stands in the address, so that it can be kept and passed on.

let view = "apps";

function readAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  view = wanted.get("view") in views ? wanted.get("view") : "apps";
  byId("search").value = wanted.get("search") ?? "";
  const sort = wanted.get("sort");
  const id = sort?.replace(/^-/, "");
  if (views[view].columns.some((column) => column.id === id)) {
    views[view].sort = { id, down: sort.startsWith("-") };
  }
}

function writeAddress() {
  const { id, down } = views[view].sort;
  const state = new URLSearchParams({ view, sort: (down ? "-" : "") + id });
  if (byId("search").value) state.set("search", byId("search").value);
  history.replaceState(null, "", `#${state}`);
}

function onSort(column) {
  const { sort } = views[view];
  const down = sort.id === column.id ? !sort.down : !column.text;
  views[view].sort = { id: column.id, down };
  changed();
}

function changed() {
  writeAddress();
  renderList();
}

// Drawing ----------------------------------------------------------------------------------------

const live = new Live(onChange, showConnection);
const health = new HealthPanel({
  tiles: byId("tiles"),
  alerts: byId("alerts"),
  listeners: byId("listeners"),
});
const feed = new FeedList(byId("feed"), byId("no-events"));
const welcome = new Welcome(byId("welcome"));

let isAwaited = false; // a drawing; a page that is not seen needs none

function onChange() {
  if (isAwaited) return;
  isAwaited = true;
  requestAnimationFrame(() => {
    isAwaited = false;
    render();
  });
}

let hasOpened = false;

// A few apps are shown with their dynos at once, many are not.
function openFew() {
  if (hasOpened) return;
  hasOpened = true;
  if (live.apps.size > FEW_APPS || live.dynos.size > FEW_DYNOS) return;
  for (const app of live.apps.keys()) views.apps.table.open.add(app);
}

function render() {
  setServerTime(live.at);
  setText(byId("version"), live.version);
  health.render(live);
  const isEmpty = live.apps.size === 0;
  byId("welcome").hidden = !isEmpty;
  byId("board").toggleAttribute("data-empty", isEmpty);
  byId("listing").hidden = isEmpty;
  byId("events").hidden = isEmpty;
  if (isEmpty) welcome.render(live.listeners);
  else {
    openFew();
    renderList();
  }
  feed.render(live.latestEvents());
  tick();
}

function renderList() {
  const { columns, keyOf, rows: read, sort, table } = views[view];
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = read(live, words);
  const column = columns.find((one) => one.id === sort.id);
  table.showSort(sort);
  table.render(sorted(found, column, sort.down, keyOf));
  if (byId("list").firstElementChild !== table.element) byId("list").replaceChildren(table.element);
  showTools(found.length, words.length > 0);
}

function showTools(count, isSearched) {
  for (const tab of document.querySelectorAll(".tabs button")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.view === view));
  }
  const all = view === "apps" ? live.apps.size : live.dynos.size;
  setText(byId("matches"), isSearched ? `${count} of ${all}` : `${all} ${view}`);
  const { columns, sort } = views[view];
  const select = byId("sort");
  if (select.dataset.columns !== view) {
    select.dataset.columns = view;
    select.replaceChildren(
      ...columns.map((column) => make("option", { value: column.id, text: column.title })),
    );
  }
  select.value = sort.id;
}

function showConnection(state) {
  byId("connection").dataset.state = state;
  setText(byId("connection"), CONNECTIONS[state]);
}

function tick() {
  tickAges();
  if (live.startedAt) setText(byId("uptime"), `up ${span(Math.max(0, now() - live.startedAt))}`);
}

// What people do ---------------------------------------------------------------------------------

byId("search").addEventListener("input", changed);
byId("tools").addEventListener("submit", (event) => event.preventDefault());
byId("sort").addEventListener("change", (event) => {
  onSort(views[view].columns.find((column) => column.id === event.target.value));
});
for (const tab of document.querySelectorAll(".tabs button")) {
  tab.addEventListener("click", () => {
    view = tab.dataset.view;
    changed();
  });
}
document.addEventListener("keydown", (event) => {
  const search = byId("search");
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !isWriting(event.target)) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && event.target === search && search.value) {
    event.preventDefault();
    search.value = "";
    changed();
  }
});
const isWriting = (element) => element.matches("input, select, textarea");

const THEME = "heroku-syslogd.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
document.documentElement.dataset.theme = localStorage.getItem(THEME) ?? "";
byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem(THEME, root.dataset.theme);
});

window.addEventListener("hashchange", () => {
  readAddress();
  if (live.apps.size) renderList();
});
readAddress();
setInterval(tick, 1000);
live.connect();
