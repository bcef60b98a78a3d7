// The wire: rate limits that the library obeys, sockets that drop and sessions that resume.
import assert from "node:assert/strict";
import { bot, control, discord, scene, story } from "./stage.mjs";

const { Events, RESTEvents } = discord;

await story(async (stage) => {
  const { client, channel, step, next, says } = stage;
  const seen = [];
  // Of new sessions; the first began before the story.
  let readies = 0;
  client.on(Events.MessageCreate, ({ content }) => seen.push(content));
  client.on(Events.ShardReady, () => (readies += 1));
  const statuses = async () => (await control("GET", "/requests")).requests.map(({ status }) => status);
  const limits = async (more) => control("PUT", "/limits", { ...(await control("GET", "/limits")).limits, ...more });

  await step("a burst is slowed by the library's own queue, and never refused", async () => {
    await limits({ message_create: { limit: 5, per_ms: 1_000 } });
    let waited = 0;
    client.rest.on(RESTEvents.RateLimited, () => (waited += 1));
    const words = Array.from({ length: 12 }, (_, index) => `burst ${index}`);
    await Promise.all(words.map((word) => channel.send(word)));
    const last = await channel.messages.fetch({ limit: 12 });
    assert.deepEqual(last.map(({ content }) => content).reverse(), words);
    assert.ok(waited > 0, "the library was never told to wait");
    assert.ok(!(await statuses()).includes(429));
  });

  await step("a global limit holds everything back, and everything arrives", async () => {
    const before = (await statuses()).filter((status) => status === 429).length;
    await limits({ global_per_second: 10 });
    stage.allow(({ status }) => status === 429);
    const ids = Object.values(stage.people);
    const users = await Promise.all([...ids, ...ids, ...ids].map((id) => client.users.fetch(id, { force: true })));
    assert.equal(users.length, ids.length * 3);
    const after = (await statuses()).filter((status) => status === 429).length;
    assert.ok(after - before <= ids.length * 3, `${after - before} refusals`);
    await limits({ global_per_second: 50 });
  });

  await step("a 429 out of the blue is waited for and tried again", async () => {
    await control("POST", "/faults", { route: "/channels/{id}/typing", kind: "429", scope: "shared", retry_after_ms: 300 });
    const begun = performance.now();
    await channel.sendTyping();
    assert.ok(performance.now() - begun >= 290);
  });

  await step("a dropped socket resumes: the same session, and what was missed arrives once", async () => {
    const missed = ["while you were away", "and then some"];
    const resumed = next(Events.ShardResume);
    const heard = next(Events.MessageCreate, ({ content }) => content === missed[1]);
    // Deaf first, so that the events cannot come before the socket ends.
    await control("POST", "/gateway/silence");
    for (const word of missed) await says("newcomer", word);
    const before = (await control("GET", "/state")).sessions;
    await control("POST", "/gateway/drop");
    const [, replayed] = await resumed;
    await heard;
    assert.ok(replayed >= 2);
    const again = next(Events.MessageCreate, ({ content }) => content === "and now you are back");
    await says("newcomer", "and now you are back");
    await again;
    for (const word of missed) assert.equal(seen.filter((content) => content === word).length, 1, word);
    assert.equal(readies, 0, "the session was lost");
    const after = (await control("GET", "/state")).sessions;
    const ids = (sessions) => sessions.map((it) => it.session_id ?? it.id).sort();
    assert.ok(ids(before)[0]);
    assert.deepEqual(ids(after), ids(before));
  });

  await step("asked to reconnect, it resumes", async () => {
    const resumed = next(Events.ShardResume);
    await control("POST", "/gateway/reconnect");
    await resumed;
    assert.equal(readies, 0);
  });

  await step("closed with a code that allows it, it resumes", async () => {
    const resumed = next(Events.ShardResume);
    await control("POST", "/gateway/disconnect", { code: 4000, resumable: true });
    await resumed;
    assert.equal(readies, 0);
  });

  await step("told that its session is gone, it begins anew", async () => {
    const anew = next(Events.ShardReady);
    await control("POST", "/gateway/invalidate");
    await anew;
    assert.equal(readies, 1);
    const heard = next(Events.MessageCreate, ({ content }) => content === "a new beginning");
    await says("newcomer", "a new beginning");
    await heard;
  });

  await step("a socket that is closed for good is not opened again", async () => {
    const other = bot();
    const begun = next(Events.ClientReady, undefined, other);
    await other.login(scene.bot_token);
    await begun;
    await other.destroy();
    const disallowed = bot();
    await control("PUT", `/users/${client.user.id}/intents`, { privileged: 0 });
    await assert.rejects(disallowed.login(scene.bot_token), /[Dd]isallowed intents/);
    await disallowed.destroy();
  });
});
