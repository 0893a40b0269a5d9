// Small parts of the page. What a peer sent is only ever set as text, never as markup.

import { ago, date } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const CURVE = { width: 96, height: 24 };

let skew = 0; // how far the server's clock is ahead of ours, in seconds

export const now = () => Date.now() / 1000 + skew;

export function setServerTime(at) {
  skew = at - Date.now() / 1000;
}

// Make an element: tag, then attributes (`text` sets its text), then children.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Setting what is there already would cost a layout, and a selection within it.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// A curve without axes; the number that stands beside it says what its end means.
export function curve(label) {
  const { width, height } = CURVE;
  const element = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" });
  element.setAttribute("class", "curve");
  element.setAttribute("aria-hidden", "true");
  const title = svg("title", {});
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  element.append(title, area, line);
  let shown = "";
  return {
    element,
    update(values, least = 0) {
      const key = values.join();
      if (key === shown) return;
      shown = key;
      element.toggleAttribute("data-empty", values.length < 2);
      if (values.length < 2) return;
      const most = Math.max(...values, least) || 1;
      const step = width / (values.length - 1);
      const points = values.map(
        (value, index) =>
          `${(index * step).toFixed(1)},${(height - 1.5 - (value / most) * (height - 3)).toFixed(1)}`,
      );
      line.setAttribute("d", `M${points.join("L")}`);
      area.setAttribute("d", `M0,${height}L${points.join("L")}L${width},${height}Z`);
      title.textContent = `${label}, at most ${most.toLocaleString("en")}`;
    },
  };
}

// A bar from 0 to 1, red where it is full; what is beyond is full, too.
export function bar(label) {
  const fill = make("span", { class: "fill" });
  const element = make("span", { class: "bar", role: "meter", "aria-valuemin": "0" }, fill);
  element.setAttribute("aria-valuemax", "100");
  element.setAttribute("aria-label", label);
  return {
    element,
    update(part, warning = 0.9, bad = 1) {
      element.hidden = part === null;
      if (part === null) return;
      const percent = Math.min(part, 1) * 100;
      fill.style.inlineSize = `${percent.toFixed(1)}%`; // by the object model, as the policy allows
      setAttribute(element, "aria-valuenow", percent.toFixed(0));
      setAttribute(element, "data-level", part >= bad ? "bad" : part >= warning ? "warning" : "fine");
    },
  };
}

// How long ago something was; `tickAges` keeps it right.
export function age(unknown = "–") {
  const element = make("time", { class: "age" });
  return {
    element,
    update(at) {
      if (at === null) {
        element.removeAttribute("datetime");
        delete element.dataset.at;
        setText(element, unknown);
        return;
      }
      if (element.dataset.at === String(at)) return;
      element.dataset.at = at;
      element.dateTime = new Date(at * 1000).toISOString();
      element.title = date(at);
      setText(element, ago(now() - at));
    },
  };
}

export function tickAges() {
  for (const element of document.querySelectorAll("time[data-at]")) {
    setText(element, ago(now() - Number(element.dataset.at)));
  }
}

export function stateMark() {
  const element = make("span", { class: "mark" });
  return {
    element,
    update(state) {
      setText(element, state);
      setAttribute(element, "data-state", state);
    },
  };
}
