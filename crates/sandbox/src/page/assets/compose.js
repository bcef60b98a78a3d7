// Where one writes: Enter sends, typing is told, and "/" finds commands.

const TELL_MS = 8_000;
const COMPLETE_MS = 200;
let toldAt = 0;

/** Listens to the whole page, since the composer comes and goes with its region. */
export function prepareComposer() {
  document.addEventListener("keydown", (event) => {
    const write = event.target;
    if (!write.matches?.("[data-write]")) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (write.value.startsWith("/") && openCommand(write)) return;
      write.form.requestSubmit();
    }
  });
  document.addEventListener("input", (event) => {
    const write = event.target;
    if (write.matches?.("[data-complete]")) complete(write);
    if (!write.matches?.("[data-write]")) return;
    if (write.value.startsWith("/")) findCommands(write.value);
    else if (write.value) tellTyping(write.form);
  });
  document.addEventListener("change", (event) => tellFiles(event.target));
  document.addEventListener("click", (event) => {
    const emoji = event.target.closest?.("[data-insert]");
    const write = document.querySelector("#compose [data-write]");
    if (emoji && write) {
      write.setRangeText(emoji.dataset.insert, write.selectionStart, write.selectionEnd, "end");
      write.focus();
    }
  });
}

let completing = 0;

/** Asks the bot how an option goes on, and lists what it proposes. */
function complete(field) {
  clearTimeout(completing);
  completing = setTimeout(async () => {
    const body = new FormData(field.form);
    body.set("focused", field.name.slice(2));
    const action = field.form.getAttribute("action").replace(/run$/, "complete");
    const response = await fetch(action, { method: "POST", body: new URLSearchParams([...body].filter(([, value]) => typeof value === "string")) });
    if (!response.ok) return;
    let list = field.list;
    if (!list) {
      list = document.createElement("datalist");
      list.id = `choices-${completing}`;
      field.after(list);
      field.setAttribute("list", list.id);
    }
    list.replaceChildren(...(await response.json()).map(({ name, value }) => new Option(name, value)));
  }, COMPLETE_MS);
}

/** How many files were chosen. */
function tellFiles(input) {
  const told = input.closest?.(".attach")?.querySelector("[data-files]");
  if (!told) return;
  const count = input.files.length;
  told.classList.toggle("hidden", count === 0);
  told.textContent = count === 0 ? "Attach files" : count === 1 ? input.files[0].name : `${count} files`;
}

const all = () => [...document.querySelectorAll("#commands .command")];

/** Shows the commands that begin as what was typed. */
function findCommands(text) {
  const wanted = text.slice(1).trimEnd().toLowerCase();
  const panel = document.querySelector("#commands");
  if (!panel) return;
  for (const command of all()) {
    const name = command.dataset.command;
    command.hidden = !(name.startsWith(wanted) || wanted.startsWith(name));
  }
  panel.open = all().some((command) => !command.hidden);
}

/** Opens the form of the command that was typed. */
function openCommand(write) {
  const wanted = write.value.slice(1).trim().toLowerCase();
  const fits = all().filter((command) => !command.hidden);
  const command = fits.find((it) => it.dataset.command === wanted) ?? fits[0];
  if (!command) return false;
  write.value = "";
  all().forEach((it) => (it.hidden = false));
  document.querySelector("#commands").open = true;
  command.open = true;
  const form = command.querySelector("form");
  const field = form.querySelector("input:not([type=hidden]), select, textarea");
  if (field) field.focus();
  else form.requestSubmit();
  return true;
}

function tellTyping(form) {
  const now = Date.now();
  if (now - toldAt < TELL_MS || !form.action.endsWith("/do/send")) return;
  toldAt = now;
  const body = new URLSearchParams({ token: form.elements.token.value, channel: form.elements.channel.value });
  fetch(form.getAttribute("action").replace(/send$/, "typing"), { method: "POST", body, redirect: "manual" }).catch(() => {});
}
