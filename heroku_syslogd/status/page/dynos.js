// Dynos: their columns, and what of them is worth a warning.

import { NONE, load, megabytes, share } from "./format.js";
import { age, bar, curve, make, setAttribute, setText, stateMark } from "./parts.js";

export const memoryPart = (dyno) =>
  dyno.memory_total !== null && dyno.memory_quota ? dyno.memory_total / dyno.memory_quota : null;

const textCell = (read) => () => {
  const element = make("span");
  return { element, update: (row) => setText(element, read(row)) };
};

const app = { id: "app", title: "App", text: true, value: (dyno) => dyno.app };
app.cell = textCell((dyno) => dyno.app);

const name = { id: "name", title: "Dyno", text: true, head: true, value: (dyno) => dyno.dyno };
name.cell = textCell((dyno) => dyno.dyno);

const state = { id: "state", title: "State", text: true, value: (dyno) => dyno.state };
state.cell = () => {
  const mark = stateMark();
  return { element: mark.element, update: (dyno) => mark.update(dyno.state) };
};

const memory = { id: "memory", title: "Memory", value: memoryPart };
memory.cell = () => {
  const meter = bar("Memory of its quota");
  const text = make("span", { class: "figure" });
  const part = make("span", { class: "part" });
  return {
    element: [meter.element, text, part],
    update(dyno) {
      const used = memoryPart(dyno);
      meter.update(used);
      setText(part, used === null ? "" : share(used));
      const total = megabytes(dyno.memory_total);
      setText(text, dyno.memory_quota ? `${total} / ${megabytes(dyno.memory_quota)} MB` : total);
    },
  };
};

const swap = { id: "swap", title: "Swap", value: (dyno) => dyno.memory_swap };
swap.cell = () => {
  const element = make("span");
  return {
    element,
    update(dyno) {
      const used = dyno.memory_swap;
      setText(element, used === null ? NONE : `${megabytes(used)} MB`);
      setAttribute(element, "data-level", used >= 2 ** 20 ? "warning" : "fine");
    },
  };
};

const loads = { id: "load", title: "Load, 1 min", value: (dyno) => dyno.load_avg_1m };
loads.cell = () => {
  const line = curve("Load average of one minute, the last ten minutes");
  const text = make("span", { class: "figure" });
  return {
    element: [line.element, text],
    update(dyno) {
      line.update(dyno.loads, 0.5);
      setText(text, load(dyno.load_avg_1m));
      const longer = `${load(dyno.load_avg_5m)} in 5 min, ${load(dyno.load_avg_15m)} in 15 min`;
      setAttribute(text, "title", dyno.load_avg_5m === null ? null : longer);
    },
  };
};

const sampled = { id: "sampled", title: "Last sample", value: (dyno) => dyno.sampled_at };
sampled.cell = () => {
  const time = age("none yet");
  return { element: time.element, update: (dyno) => time.update(dyno.sampled_at) };
};

export const dynoColumns = [app, name, state, memory, swap, loads, sampled];
export const dynoColumnsOfApp = dynoColumns.slice(1);
