// A person lives in the page: headless Chromium against a sandbox, with a bot of discord.js.
// SCENE (JSON) says where the sandbox, the packages and the browser are.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { bot } from "./bot.mjs";
import { furnish } from "./scene.mjs";

const scene = JSON.parse(process.env.SCENE);
const { chromium } = createRequire(scene.packages)("playwright-core");
const base = scene.control_url.replace(/\/control$/, "");

const WHOLE_VISIT_MS = 150_000;
setTimeout(() => { throw new Error("the visit never ends"); }, WHOLE_VISIT_MS).unref();

const client = await bot(scene);
const places = await furnish(scene);
const { users, channels, said } = places;
const general = `${base}/as/${users.ada}/channels/${channels.general}`;
const complaints = [];
const opened = [];

const profile = mkdtempSync(join(tmpdir(), "page-"));
const flags = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
  "--disable-background-networking", "--disable-component-update",
];

/** A browser of its own for each size; whatever the page complains of fails the test. */
async function open(options) {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(profile, "p-")), {
    executablePath: scene.browser, headless: true, args: flags, reducedMotion: "reduce", ...options,
  });
  opened.push(context);
  context.setDefaultTimeout(15_000);
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  context.on("page", (page) => {
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(base) && !request.url().startsWith("data:")) complaints.push(`loads ${request.url()}`);
    });
  });
  return context;
}

/** Keeps what is seen, and checks that nothing sticks out at the side. */
async function picture(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
  if (scene.pictures) await page.screenshot({ path: join(scene.pictures, `${name}.png`) });
}

async function live(page, address) {
  await page.goto(address);
  await page.locator("#live.on").waitFor();
}

/** Everything that one does, the same at each size. */
async function lives(page, size) {
  await page.goto(base);
  await page.getByRole("heading", { name: "Connect a bot" }).waitFor();
  assert.ok((await page.locator("body").innerText()).includes(scene.bot_token));
  await picture(page, `${size}-welcome`);
  await page.locator(`a.person[href="/as/${users.ada}"]`).click();
  await page.waitForURL(/\/channels\//);

  await live(page, general);
  await page.getByText("When do we meet to set up?").waitFor();
  await picture(page, `${size}-general`);
  const write = page.locator("#compose textarea");

  // Messages of the last visit are still there: only a new one counts.
  const seen = new Map();
  for (const text of ["Only me, the bot.", "Thank you, @ada!", "@ada takes gate.", "Asked: Where is the key?", "ding ding ding", "Two stalls sell brooms.", "Cake is good", "Cake is very good"]) {
    seen.set(text, await page.locator(".message .text", { hasText: text }).count());
  }
  const next = async (text) => {
    const own = page.locator(".message", { has: page.locator(".text", { hasText: text }) }).nth(seen.get(text));
    await own.waitFor();
    return own;
  };

  // Writes, and sees the bot type, answer, edit and react without loading anything anew.
  await page.evaluate(() => { window.stayed = true; });
  await write.fill("Who is there?");
  await write.press("Enter");
  const answer = await next("Only me, the bot.");
  await answer.locator("strong", { hasText: "the bot" }).waitFor();
  await answer.locator(".reaction", { hasText: "👋" }).click();
  await answer.locator('.reaction[aria-pressed="true"]').waitFor();
  assert.equal(await write.inputValue(), "");

  // Presses a button: an answer for its own eyes; picks in a select; votes.
  const report = page.locator(`#m${said.report.id}`);
  await report.getByRole("button", { name: "I will help" }).click();
  await (await next("Thank you, @ada!")).getByText("Only you and the app see this.").waitFor();
  await report.locator("select").selectOption("gate");
  await report.getByRole("button", { name: "Choose" }).click();
  await next("@ada takes gate.");
  const poll = page.locator(`#m${said.poll.id}`);
  await poll.getByLabel("Saturday at noon").check();
  await poll.getByRole("button", { name: "Vote" }).click();
  await poll.locator(".answer", { hasText: "Saturday at noon" }).locator(".number", { hasText: "1" }).waitFor();

  // Fills a modal that the bot opens.
  await report.getByRole("button", { name: "Ask a question" }).click();
  const dialog = page.locator("#dialog");
  await dialog.getByLabel("Your question").fill("Where is the key?");
  await picture(page, `${size}-modal`);
  await dialog.getByRole("button", { name: "Send" }).click();
  await next("Asked: Where is the key?");
  await dialog.waitFor({ state: "detached" });

  // Finds a slash command by typing, and uses it.
  await write.fill("/bel");
  await write.press("Enter");
  await page.locator('.command[data-command="bell"] input[name="o:times"]').fill("3");
  await picture(page, `${size}-command`);
  await page.getByRole("button", { name: "Use /bell" }).click();
  await next("ding ding ding");

  // A command whose option the bot completes.
  await write.fill("/market");
  await write.press("Enter");
  const goods = page.locator('.command[data-command="market stalls"] input[name="o:what"]');
  await goods.pressSequentially("br");
  await goods.locator("xpath=following-sibling::datalist/option[@value='brooms']").waitFor({ state: "attached" });
  await goods.fill("brooms");
  await page.getByRole("button", { name: "Use /market stalls" }).click();
  await next("Two stalls sell brooms.");
  assert.equal(await page.evaluate(() => window.stayed), true, "nothing was loaded anew");

  // Answers by the menu of a message, changes what was written, deletes it.
  const menu = async (message, name) => {
    await message.hover();
    await message.locator(".more > summary").click();
    await message.locator(".more .menu").getByText(name, { exact: true }).click();
  };
  await menu(page.locator(`#m${said.last.id}`), "Reply");
  await page.getByText("Replying to").waitFor();
  await page.locator("#compose textarea").fill("Cake is good");
  await page.getByRole("button", { name: "Send" }).click();
  const mine = await next("Cake is good");
  await mine.locator(".answered").waitFor();
  await menu(mine, "Edit");
  await page.locator("#compose textarea").fill("Cake is *very* good");
  await page.getByRole("button", { name: "Save" }).click();
  const changed = await next("Cake is very good");
  await changed.locator(".edited").waitFor();
  const id = await changed.getAttribute("id");
  await menu(changed, "Delete");
  await page.locator(`#${id}`).waitFor({ state: "detached" });
}

/** Looks at what else there is. */
async function looks(page, size) {
  const shots = {
    thread: `/as/${users.ada}/channels/${said.thread.id}`,
    forum: `/as/${users.ada}/channels/${channels.ideas}`,
    code: `/as/${users.ada}/channels/${channels.help}`,
    requests: `/as/${users.ada}/channels/${channels.general}?side=requests`,
    events: `/as/${users.ada}/channels/${channels.general}?side=events`,
    sessions: `/debug?side=sessions`,
    faults: `/debug?side=faults`,
    pins: `/as/${users.ada}/channels/${channels.general}?pins=1`,
    hostile: `/as/${users.ada}/channels/${channels.moderators}`,
  };
  for (const [name, path] of Object.entries(shots)) {
    await page.goto(base + path);
    await picture(page, `${size}-${name}`);
  }
  assert.equal(await page.evaluate(() => window.pwned), undefined, "hostile text ran");
  await live(page, general);
  await page.evaluate(() => document.querySelector("#scroll").scrollBy(0, -900));
  await picture(page, `${size}-earlier`);
}

try {
  const desk = await open({ viewport: { width: 1360, height: 860 }, colorScheme: "light" });
  const page = await desk.newPage();
  await documents(page);
  await lives(page, "desk");
  await looks(page, "desk");
  await traffic(page);
  await without(desk);
  await desk.close();

  const phone = await open({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, colorScheme: "light" });
  const small = await phone.newPage();
  await lives(small, "phone");
  await looks(small, "phone");
  await drawers(small);
  await phone.close();

  const dark = await open({ viewport: { width: 1360, height: 860 }, colorScheme: "dark" });
  await looks(await dark.newPage(), "dark");
  await dark.close();
  assert.deepEqual(complaints, []);
} catch (error) {
  const last = opened.at(-1)?.pages().at(-1);
  if (scene.pictures) await last?.screenshot({ path: join(scene.pictures, "failed.png") }).catch(() => {});
  console.error("the page complained of", complaints);
  throw error;
} finally {
  await Promise.all(opened.map((context) => context.close().catch(() => {})));
  await client.destroy();
  rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

/** The picture for the documentation: a busy channel with the traffic beside it. */
async function documents(page) {
  await page.setViewportSize({ width: 1400, height: 900 });
  await live(page, `${general}?side=requests`);
  await page.evaluate(() => document.querySelector("#scroll").scrollBy(0, -330));
  await page.mouse.move(5, 5);
  await picture(page, "docs");
  await page.setViewportSize({ width: 1360, height: 860 });
}

/** Requests of the bot appear beside the channel by themselves. */
async function traffic(page) {
  await live(page, `${general}?side=requests&find=users/@me`);
  assert.equal(await page.locator(".rows li").count(), 0);
  await fetch(`${scene.api_url}/users/@me`, { headers: { authorization: `Bot ${scene.bot_token}` } });
  await page.locator(".rows .path", { hasText: "/users/@me" }).waitFor();
}

/** Reading and writing work without the script. */
async function without(context) {
  const browser = await chromium.launch({ executablePath: scene.browser, args: flags });
  const plain = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1360, height: 860 } });
  const page = await plain.newPage();
  await page.goto(general);
  await page.locator("#compose textarea").fill("No script needed");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".message", { hasText: "No script needed" }).waitFor();
  await page.locator(`#m${said.report.id}`).getByRole("button", { name: "Ask a question" }).click();
  await page.getByLabel("Your question").fill("Still there?");
  await page.locator("#dialog").getByRole("button", { name: "Send" }).click();
  await page.locator(".message", { hasText: "Asked: Still there?" }).waitFor();
  await browser.close();
  assert.ok(context);
}

/** On a phone, channels and members are drawers. */
async function drawers(page) {
  await page.getByRole("button", { name: "Channels" }).click();
  await page.locator("#channels:popover-open").waitFor();
  await picture(page, "phone-channels");
  await page.locator("#channels a", { hasText: "help" }).click();
  await page.getByText("How do I format code?").waitFor();
  await page.getByRole("button", { name: "Members and traffic" }).click();
  await page.locator("#side:popover-open").waitFor();
  await picture(page, "phone-members");
  await page.keyboard.press("Escape");
  await page.locator("#who-button").click();
  await picture(page, "phone-who");
}
