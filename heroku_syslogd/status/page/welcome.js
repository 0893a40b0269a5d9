// What a newcomer sees: no drain has sent anything yet.

import { make } from "./parts.js";

const SCHEMES = { https: "https", http: "https", tls: "syslog+tls", tcp: "syslog" };
const RANK = ["https", "tls", "http", "tcp"]; // the one that acknowledges first
const LOCAL = /^(127\.|\[::1\]|localhost)/;
const ANY = /^(0\.0\.0\.0|\[::\])$/;

export function drainUrl(listener, host) {
  const address = listener.addresses[0] ?? "";
  const port = address.slice(address.lastIndexOf(":") + 1);
  const account = listener.asks_password ? "USER:PASSWORD@" : "";
  if (listener.type === "http") return `https://${account}YOUR-PROXY${listener.path}`;
  return `${SCHEMES[listener.type]}://${account}${host}:${port}${listener.path}`;
}

function hostOf(listener) {
  const address = listener.addresses[0] ?? "";
  const host = address.slice(0, address.lastIndexOf(":"));
  return LOCAL.test(host) || ANY.test(host) ? "YOUR-HOST" : host;
}

function command(text) {
  const code = make("code", { text });
  const block = make("pre", { tabindex: "0" }, code);
  if (!navigator.clipboard) return block;
  const button = make("button", { type: "button", class: "quiet copy", text: "Copy" });
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return make("div", { class: "command" }, block, button);
}

export class Welcome {
  constructor(element) {
    this.element = element;
    this.shown = "";
  }

  render(listeners) {
    const usable = listeners
      .filter((listener) => RANK.includes(listener.type))
      .sort((a, b) => RANK.indexOf(a.type) - RANK.indexOf(b.type));
    const urls = usable.map((listener) => drainUrl(listener, hostOf(listener)));
    const key = JSON.stringify(urls);
    if (key === this.shown) return;
    this.shown = key;
    const isLocal = usable.every((one) => LOCAL.test(one.addresses[0] ?? ""));
    this.element.replaceChildren(
      make("h2", { id: "welcome-title", text: "No drain has sent anything yet" }),
      make("p", { text: "Apps appear here by themselves, with the first line that Heroku sends." }),
      make(
        "ol",
        {},
        make(
          "li",
          {},
          make("p", { text: "Have Heroku log the memory and load of the dyno, and restart once:" }),
          command("heroku labs:enable log-runtime-metrics --app my-app"),
          command("heroku restart --app my-app"),
        ),
        make(
          "li",
          {},
          make("p", { text: "Add the drain:" }),
          ...urls.map((url) => command(`heroku drains:add ${url} --app my-app`)),
          ...(urls.length ? [] : [make("p", { text: "No listener is open that Heroku can send to." })]),
        ),
      ),
      ...(isLocal
        ? [
            make("p", {
              class: "hint",
              text:
                "All listeners are on the loopback interface, where Heroku cannot reach them: " +
                "give one a public address in the configuration, or put a proxy in front of it.",
            }),
          ]
        : []),
    );
  }
}
