// A table that is sorted and changed in place, row by row, so that focus and selection stay.

import { make, setAttribute, setText } from "./parts.js";

const STEP = 100; // rows that are shown at a time: a browser takes thousands, but slowly

// What is sorted: nothing known comes last, whichever way.
function compare(a, b, down) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "string" ? names.compare(a, b) : a - b;
  return down ? -order : order;
}

const names = new Intl.Collator("en", { numeric: true }); // web.2 before web.10

export function sorted(rows, column, down, keyOf) {
  const keyed = rows.map((row) => ({ row, value: column.value(row), key: keyOf(row) }));
  keyed.sort((a, b) => compare(a.value, b.value, down) || names.compare(a.key, b.key));
  return keyed.map(({ row }) => row);
}

class Row {
  constructor(table, key) {
    this.table = table;
    this.key = key;
    this.shown = null;
    this.detail = null;
    this.cells = table.columns.map((column) => column.cell({ toggle: () => table.toggle(key) }));
    this.element = make("tr");
    this.cells.forEach((cell, index) => {
      const { title, id, text, head } = table.columns[index];
      const attributes = { class: `of-${id}${text ? "" : " number"}`, "data-title": title };
      if (head) attributes.scope = "row";
      this.element.append(make(head ? "th" : "td", attributes, ...[cell.element].flat()));
    });
  }

  get elements() {
    return this.detail ? [this.element, this.detail.element] : [this.element];
  }

  update(row) {
    const isOpen = this.table.isOpen(this.key);
    if (isOpen && !this.detail) this.detail = this.table.openDetail(this.key);
    if (!isOpen && this.detail) {
      this.detail.element.remove();
      this.detail = null;
    }
    this.detail?.update(row);
    if (row === this.shown && isOpen === this.wasOpen) return;
    this.shown = row;
    this.wasOpen = isOpen;
    for (const cell of this.cells) cell.update(row, isOpen);
  }
}

// A column: {id, title, value(row), cell({toggle})}, where a cell is {element, update(row, isOpen)}.
// `text` says that it is no number and ascends at first, `head` that it names the row.
export class Table {
  constructor(caption, columns, keyOf, { onSort = null, detail = null } = {}) {
    this.columns = columns;
    this.keyOf = keyOf;
    this.detail = detail; // what is under a row that is open: returns {element, update(row)}
    this.open = new Set();
    this.most = STEP;
    this.rows = new Map();
    this.all = [];
    this.heads = new Map(columns.map((column) => [column.id, this.#head(column, onSort)]));
    this.body = make("tbody");
    this.table = make(
      "table",
      {},
      make("caption", { class: "unseen", text: caption }),
      make("thead", {}, make("tr", {}, ...this.heads.values())),
      this.body,
    );
    this.nothing = make("p", { class: "nothing", text: "Nothing matches.", hidden: true });
    this.more = make("button", { type: "button", class: "more", hidden: true });
    this.more.addEventListener("click", () => {
      this.most += STEP;
      this.render(this.all);
    });
    const region = { class: "scroll", role: "region", tabindex: "0", "aria-label": caption };
    this.element = make("div", region, this.table, this.nothing, this.more);
  }

  isOpen(key) {
    return this.open.has(key);
  }

  toggle(key) {
    if (!this.open.delete(key)) this.open.add(key);
    this.render(this.all);
  }

  openDetail(key) {
    const { element, update } = this.detail(key);
    const cell = make("td", { colspan: this.columns.length }, element);
    return { element: make("tr", { class: "detail" }, cell), update };
  }

  showSort({ id, down }) {
    for (const [column, head] of this.heads) {
      setAttribute(head, "aria-sort", column === id ? (down ? "descending" : "ascending") : null);
    }
  }

  // Show rows in their order. Those that stay where they are are not touched.
  render(all) {
    this.all = all;
    const gone = new Map(this.rows);
    let place = this.body.firstElementChild;
    for (const data of all.slice(0, this.most)) {
      const key = this.keyOf(data);
      gone.delete(key);
      let row = this.rows.get(key);
      if (!row) this.rows.set(key, (row = new Row(this, key)));
      row.update(data);
      for (const element of row.elements) {
        if (element === place) place = place.nextElementSibling;
        else this.body.insertBefore(element, place);
      }
    }
    for (const [key, row] of gone) {
      for (const element of row.elements) element.remove();
      this.rows.delete(key);
    }
    this.table.hidden = all.length === 0;
    this.nothing.hidden = all.length > 0;
    this.more.hidden = all.length <= this.most;
    const left = all.length - this.most;
    setText(this.more, `Show ${Math.min(STEP, left)} more of ${left} that are not shown`);
  }

  #head(column, onSort) {
    const attributes = { scope: "col", class: `of-${column.id}${column.text ? "" : " number"}` };
    if (!onSort || !column.value) return make("th", { ...attributes, text: column.title });
    const button = make("button", { type: "button", text: column.title });
    button.addEventListener("click", () => onSort(column));
    return make("th", attributes, button);
  }
}
