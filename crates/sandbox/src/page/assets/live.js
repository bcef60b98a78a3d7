// Live updates: new messages, edits, reactions, votes, typing, presence, traffic.

import { enliven, fetched, isTypingIn, renew, renewFrame, swap } from "./page.js";

const TYPING_MS = 10_000;
const CALM_MS = 250;

let catchingUp = null;

/** Follows the channel that is open. */
export function listen() {
  const place = document.querySelector("[data-live]");
  if (!place) return watchTraffic();
  const source = new EventSource(place.dataset.live);
  let opened = false;
  source.addEventListener("open", () => {
    light(true);
    if (opened) catchUp();
    opened = true;
  });
  source.addEventListener("error", () => light(false));
  const on = (kind, act) => source.addEventListener(kind, async (event) => {
    await catchingUp;
    act(JSON.parse(event.data));
  });
  on("message", show);
  on("gone", ({ ids }) => ids.forEach(remove));
  on("typing", typing);
  on("elsewhere", ({ channel }) => {
    document.querySelector(`.channel[data-channel="${CSS.escape(channel)}"]`)?.classList.add("unread");
  });
  on("frame", calmly(renewFrame));
  on("traffic", calmly(renewTraffic));
  addEventListener("pagehide", () => source.close());
}

/** After a gap the whole log is fetched; events wait for it. */
function catchUp() {
  catchingUp = fetched(location.href)
    .then(({ page, ok }) => ok && swap(page, ["#log", "#channels", "#side"]))
    .finally(() => (catchingUp = null));
}

function light(on) {
  const lamp = document.querySelector("#live");
  lamp?.classList.toggle("on", on);
  if (lamp) lamp.firstElementChild.textContent = on ? "Live" : "Not live";
}

/** What was last shown of each message: one that stays the same is left alone, so that nothing
 * moves away under a finger. */
const shown = new WeakMap();

/** Puts a message into the log: in its place, or at the end. */
function show({ id, html }) {
  const log = document.querySelector("#log");
  if (!log || shown.get(document.getElementById(`m${id}`)) === html) return;
  const fragment = new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html");
  const items = [...fragment.querySelectorAll("ol > li")];
  const fresh = items.find((item) => item.dataset.id === id);
  if (!fresh) return;
  enliven(fragment);
  shown.set(fresh, html);
  const old = document.getElementById(`m${id}`);
  if (old) {
    const menu = old.querySelector(".more[open]");
    if (menu && fresh.querySelector(".more")) fresh.querySelector(".more").open = true;
    keepFields(old, fresh);
    old.replaceWith(fresh);
    return;
  }
  const last = [...log.querySelectorAll(".message")].at(-1);
  if (!("latest" in log.dataset) || (last && BigInt(last.dataset.id) > BigInt(id))) return;
  fresh.classList.add("fresh");
  log.append(...items);
  stopTyping();
}

/** What was chosen but not sent yet outlives an update. */
function keepFields(old, fresh) {
  for (const field of old.querySelectorAll("select, input:not([type=hidden])")) {
    const same = [...fresh.querySelectorAll(field.localName)].find((it) => it.name === field.name && it.value === field.value);
    if (field === document.activeElement && same) queueMicrotask(() => same.focus());
  }
}

function remove(id) {
  const gone = document.getElementById(`m${id}`);
  if (!gone) return;
  const next = gone.nextElementSibling;
  if (!gone.classList.contains("continues")) next?.classList.remove("continues");
  const day = gone.previousElementSibling;
  const alone = day?.classList.contains("day") && (!next || next.classList.contains("day"));
  if (alone) day.remove();
  gone.remove();
}

const typists = new Map();

function typing({ name }) {
  clearTimeout(typists.get(name));
  typists.set(name, setTimeout(() => { typists.delete(name); tellTyping(); }, TYPING_MS));
  tellTyping();
}

function stopTyping() {
  for (const timer of typists.values()) clearTimeout(timer);
  typists.clear();
  tellTyping();
}

function tellTyping() {
  const place = document.querySelector("#typing");
  const names = [...typists.keys()];
  const verb = names.length === 1 ? "is" : "are";
  if (place) place.textContent = names.length ? `${names.join(", ")} ${verb} typing…` : "";
}

async function renewTraffic() {
  const side = document.querySelector("#side [data-traffic]");
  if (side && !isTypingIn("#side")) await renew("#side");
}

/** The screen of the traffic alone has no channel to follow. */
function watchTraffic() {
  if (document.querySelector("[data-traffic]")) setInterval(renewTraffic, 1_500);
}

/** Many calls in a short time become one, and one at a time. */
function calmly(act) {
  let waiting = false;
  let busy = Promise.resolve();
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      busy = busy.then(() => { waiting = false; return act(); }).catch(() => {});
    }, CALM_MS);
  };
}
