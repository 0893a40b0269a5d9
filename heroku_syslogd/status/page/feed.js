// Recent events.

import { whole } from "./format.js";
import { age, make, setText } from "./parts.js";

const MOST = 60;
const CODES = "https://devcenter.heroku.com/articles/error-codes";

export class FeedList {
  constructor(list, nothing) {
    this.list = list;
    this.nothing = nothing;
    this.lines = new Map();
  }

  render(entries) {
    const gone = new Map(this.lines);
    let place = this.list.firstElementChild;
    for (const entry of entries.slice(0, MOST)) {
      gone.delete(entry.id);
      let line = this.lines.get(entry.id);
      if (!line) this.lines.set(entry.id, (line = newLine(entry)));
      line.update(entry);
      if (line.element === place) place = place.nextElementSibling;
      else this.list.insertBefore(line.element, place);
    }
    for (const [id, line] of gone) {
      line.element.remove();
      this.lines.delete(id);
    }
    this.nothing.hidden = entries.length > 0;
  }
}

function newLine(entry) {
  const text = make("span", { class: "text", text: entry.text });
  const count = make("span", { class: "count" });
  const time = age();
  const what = make("p", { class: "what" }, text, count);
  if (entry.code) text.title = `See ${CODES}`;
  const where = make("p", { class: "where" }, make("b", { text: entry.app }), time.element);
  const element = make("li", { "data-severity": entry.severity, "data-kind": entry.kind }, what, where);
  return {
    element,
    update({ count: times, at }) {
      setText(count, times > 1 ? `× ${whole(times)}` : "");
      time.update(at);
    },
  };
}
