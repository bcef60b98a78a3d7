// Threads: of messages, of channels, private ones, posts of forums with their tags.
import assert from "node:assert/strict";
import { ask, control, discord, story } from "./stage.mjs";

const { ChannelFlags, ChannelType, Events, MessageType, ThreadAutoArchiveDuration } = discord;

await story(async (stage) => {
  const { client, guild, channel, people, step, hears, says, refused } = stage;
  let thread, forum;

  await step("a thread grows from a message", async () => {
    const message = await channel.send("Let us talk about tea.");
    const [[made]] = await hears(Events.ThreadCreate, undefined, async () => {
      thread = await message.startThread({ name: "tea", autoArchiveDuration: ThreadAutoArchiveDuration.OneHour, reason: "thirst" });
    });
    assert.deepEqual([made.id, thread.parentId, thread.ownerId], [message.id, channel.id, client.user.id]);
    assert.equal((await thread.fetchStarterMessage()).content, "Let us talk about tea.");
    assert.ok((await message.fetch(true)).hasThread);
  });

  await step("people speak in it, and so become its members", async () => {
    await thread.send("Green or black?");
    const [[heard]] = await hears(Events.MessageCreate, ({ channelId, author }) => channelId === thread.id && !author.bot,
      () => says("newcomer", "Black.", {}, thread));
    assert.equal(heard.content, "Black.");
    const members = await thread.members.fetch();
    assert.ok(members.has(people.newcomer) && members.has(client.user.id));
    assert.deepEqual([thread.messageCount >= 1, thread.memberCount >= 1], [true, true]);
  });

  await step("members are added and removed, and may leave", async () => {
    await hears(Events.ThreadMembersUpdate, (added) => added.has(people.artist), () => thread.members.add(people.artist));
    await hears(Events.ThreadMembersUpdate, (_, removed) => removed.has(people.artist), () => thread.members.remove(people.artist));
    await thread.leave();
    assert.ok(!(await thread.members.fetch({ cache: false })).has(client.user.id));
    await thread.join();
    assert.ok((await thread.members.fetch()).has(client.user.id));
  });

  await step("it is renamed, slowed, locked, archived and opened again", async () => {
    const [[, now]] = await hears(Events.ThreadUpdate, (_, { name }) => name === "coffee", () =>
      thread.edit({ name: "coffee", rateLimitPerUser: 10, autoArchiveDuration: ThreadAutoArchiveDuration.OneDay }));
    assert.deepEqual([now.rateLimitPerUser, now.autoArchiveDuration], [10, 1_440]);
    await thread.setLocked(true, "enough");
    await thread.setArchived(true);
    assert.deepEqual([thread.archived, thread.locked], [true, true]);
    assert.ok((await channel.threads.fetchArchived()).threads.has(thread.id));
    const [status, { code }] = await ask("POST", `/channels/${thread.id}/messages`, { as: people.newcomer, content: "wait" });
    assert.deepEqual([status, code], [400, 50_083]);
    await thread.edit({ archived: false, locked: false });
    assert.ok((await guild.channels.fetchActiveThreads()).threads.has(thread.id));
  });

  await step("a private thread shows itself to those who are in it alone", async () => {
    const secret = await channel.threads.create({ name: "secret", type: ChannelType.PrivateThread, invitable: false });
    assert.deepEqual([secret.type, secret.invitable], [ChannelType.PrivateThread, false]);
    const [status, answer] = await ask("POST", `/channels/${secret.id}/messages`, { as: people.newcomer, content: "?" });
    assert.deepEqual([status, answer.code], [403, 50_001]);
    await secret.members.add(people.newcomer);
    await hears(Events.MessageCreate, ({ channelId, author }) => channelId === secret.id && !author.bot,
      () => says("newcomer", "thank you", {}, secret));
    await secret.setArchived(true);
    assert.ok((await channel.threads.fetchArchived({ type: "private" })).threads.has(secret.id));
    await secret.delete();
    await refused(client.channels.fetch(secret.id, { force: true }), 404, 10_003);
  });

  await step("a forum takes posts with tags, and they can be exchanged", async () => {
    forum = guild.channels.cache.find(({ type }) => type === ChannelType.GuildForum);
    await forum.setAvailableTags([{ name: "open" }, { name: "solved" }]);
    const [open, solved] = forum.availableTags;
    const [[made]] = await hears(Events.ThreadCreate, ({ parentId }) => parentId === forum.id, () =>
      forum.threads.create({ name: "an idea", message: { content: "What if?" }, appliedTags: [open.id] }));
    assert.deepEqual(made.appliedTags, [open.id]);
    assert.equal((await made.fetchStarterMessage()).content, "What if?");
    await hears(Events.ThreadUpdate, (_, { appliedTags }) => appliedTags[0] === solved.id, () => made.setAppliedTags([solved.id]));
    await made.pin();
    assert.ok(made.flags.has(ChannelFlags.Pinned));
    assert.equal((await made.unpin()).flags.has(ChannelFlags.Pinned), false);
  });

  await step("a forum that requires a tag refuses a post without one", async () => {
    await forum.edit({ flags: [ChannelFlags.RequireTag] });
    await refused(forum.threads.create({ name: "untagged", message: { content: "?" } }), 400, 40_067);
  });

  await step("a person starts a thread, and the bot hears of it", async () => {
    const [[made, isNew]] = await hears(Events.ThreadCreate, ({ name }) => name === "by hand", () =>
      control("POST", `/channels/${channel.id}/threads`, { as: people.newcomer, name: "by hand", type: ChannelType.PublicThread }));
    assert.deepEqual([made.ownerId, isNew], [people.newcomer, true]);
    const said = await channel.messages.fetch({ limit: 5 });
    assert.ok(said.some(({ type }) => type === MessageType.ThreadCreated));
    const [[gone]] = await hears(Events.ThreadDelete, ({ id }) => id === made.id, () => control("DELETE", `/channels/${made.id}`));
    assert.equal(gone.id, made.id);
  });
});
