// What the page does beyond its forms: sends them without leaving, copies, puts moments into local
// time. Everything works without it. It writes no text of the world as HTML: what it inserts was
// rendered by the server.

import { listen } from "./live.js";
import { prepareComposer } from "./compose.js";

const REGIONS = ["#notice", "#modal", "#compose", "#channels", "#side", "#who"];

/** The page at an address, as the server renders it now. */
export async function fetched(address, options = {}) {
  const response = await fetch(address, { ...options, headers: { accept: "text/html" } });
  const text = await response.text();
  const page = new DOMParser().parseFromString(text, "text/html");
  return { page, address: response.url, ok: response.ok };
}

/** Puts regions of a fresh page in place of ours; what is open or being typed stays. */
export function swap(page, regions) {
  for (const region of regions) {
    const [old, fresh] = [document.querySelector(region), page.querySelector(region)];
    if (!old || !fresh || old.innerHTML === fresh.innerHTML) continue;
    const open = [...old.querySelectorAll("details[open]")].map(labelled);
    const scrolled = old.scrollTop;
    old.replaceChildren(...fresh.childNodes);
    for (const details of old.querySelectorAll("details")) {
      if (open.includes(labelled(details))) details.open = true;
    }
    old.scrollTop = scrolled;
  }
  enliven(document);
}

const labelled = (details) => details.querySelector("summary")?.textContent ?? "";

/** Fetches this page again and renews some of its regions. */
export async function renew(...regions) {
  const { page, ok } = await fetched(location.href);
  if (ok) swap(page, regions);
}

/** Renews the list of channels and members; the colours of roles come with them. */
export async function renewFrame() {
  const { page, ok } = await fetched(location.href);
  if (!ok) return;
  const colours = 'link[href^="/assets/roles/"]';
  const [old, fresh] = [document.querySelector(colours), page.querySelector(colours)];
  if (old && fresh && old.getAttribute("href") !== fresh.getAttribute("href")) old.replaceWith(fresh);
  swap(page, isTypingIn("#side") ? ["#channels"] : ["#channels", "#side"]);
}

export const isTypingIn = (region) =>
  document.activeElement?.matches("input, select, textarea") &&
  document.querySelector(region)?.contains(document.activeElement);

/** Sends a form without leaving the page. */
async function send(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
  if (form.method !== "post" || !document.querySelector("[data-live]")) return;
  event.preventDefault();
  const action = event.submitter?.getAttribute("formaction") || form.getAttribute("action");
  const body = new FormData(form, event.submitter);
  if (form.dataset.sending) return;
  form.dataset.sending = "yes";
  form.querySelectorAll(".more[open]").forEach((menu) => (menu.open = false));
  form.closest("details.more")?.removeAttribute("open");
  const kept = document.querySelector("#compose [data-write]")?.value ?? "";
  const wasWriting = form.classList.contains("composer");
  try {
    const files = form.enctype === "multipart/form-data";
    const { page, address, ok } = await fetched(action, {
      method: "POST",
      body: files ? body : new URLSearchParams([...body].filter(([, value]) => typeof value === "string")),
    });
    const target = new URL(address);
    if (ok && target.pathname !== location.pathname) {
      location.assign(address);
      return;
    }
    if (!page.querySelector("#notice")) {
      location.reload();
      return;
    }
    // Whoever writes something else by now is not disturbed.
    const elsewhere = (region) => isTypingIn(region) && !form.contains(document.activeElement);
    if (ok) {
      if (!elsewhere("#compose")) form.closest(".tools > details")?.removeAttribute("open");
      if (form.closest("#compose, #dialog")) document.querySelector("#scroll.from-below")?.scrollTo(0, 0);
    }
    swap(page, REGIONS.filter((region) => !elsewhere(region)));
    if (ok) history.replaceState(null, "", target.searchParams.has("modal") ? location.href : address);
    const write = document.querySelector("#compose [data-write]");
    if (write && !wasWriting && write !== document.activeElement) write.value = kept;
    if (write && wasWriting) write.focus();
    openDialog();
  } catch {
    document.querySelector("#notice").textContent = "The sandbox does not answer.";
  } finally {
    delete form.dataset.sending;
  }
}

/** A modal that stands in the page becomes a real one. */
function openDialog() {
  const dialog = document.querySelector("#dialog");
  if (!dialog || dialog.matches(":modal")) return;
  dialog.removeAttribute("open");
  dialog.showModal();
  dialog.addEventListener("close", () => dialog.remove());
  dialog.querySelector("[data-close]")?.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
}

/** Gives the parts of a page what only a script can. */
export function enliven(root) {
  for (const moment of root.querySelectorAll("time[data-style]:not([data-local])")) localise(moment);
  for (const source of root.querySelectorAll("dd > code[data-copy], pre > code[data-copy]")) offerCopy(source);
}

const FORMS = {
  t: { timeStyle: "short" }, T: { timeStyle: "medium" },
  d: { dateStyle: "short" }, D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
  s: { dateStyle: "short", timeStyle: "short" }, S: { dateStyle: "short", timeStyle: "medium" },
  day: { dateStyle: "full" },
};

function localise(moment) {
  moment.dataset.local = "";
  const at = new Date(moment.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const form = FORMS[moment.dataset.style];
  moment.title = new Intl.DateTimeFormat("en-GB", FORMS.F).format(at);
  if (form) moment.textContent = new Intl.DateTimeFormat("en-GB", form).format(at);
}

function offerCopy(source) {
  if (source.dataset.offered || source.closest(".rows, .sheet")) return;
  source.dataset.offered = "";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small copy";
  button.textContent = "Copy";
  button.addEventListener("click", () => copy(source, button));
  (source.parentElement.localName === "pre" ? source.parentElement : source).after(button);
}

async function copy(source, button) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    source.classList.add("copied");
    if (button) button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    if (button) button.textContent = "Selected";
  }
  setTimeout(() => {
    source.classList.remove("copied");
    if (button) button.textContent = "Copy";
  }, 1500);
}

document.addEventListener("submit", send);
document.addEventListener("click", (event) => {
  const target = event.target;
  const spoiler = target.closest?.(".spoiler");
  if (spoiler) spoiler.classList.add("shown");
  const source = target.closest?.("[data-copy]");
  if (source && !source.dataset.offered && !source.dataset.insert && !target.closest("button")) copy(source);
  for (const menu of document.querySelectorAll("details.more[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.more[open], .tools > details[open]")) menu.open = false;
});

/** On a phone, whoever asked for the traffic sees it. */
function openSide() {
  const asked = new URLSearchParams(location.search).has("side");
  if (asked && matchMedia("(max-width: 64rem)").matches) document.querySelector("#side[popover]")?.showPopover?.();
}

enliven(document);
openDialog();
openSide();
prepareComposer();
listen();
