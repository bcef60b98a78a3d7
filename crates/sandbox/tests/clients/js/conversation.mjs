// What is said: messages, answers, edits, reactions, pins, polls, forwards, direct messages.
import assert from "node:assert/strict";
import { PIXEL, control, discord, story } from "./stage.mjs";

const { ChannelType, Events, MessageFlags, MessageReferenceType, MessageType } = discord;

await story(async (stage) => {
  const { client, guild, channel, people, step, next, hears, says } = stage;
  let question, answer;
  // Adding and removing share a bucket, which the library learns route by route.
  stage.allow(({ path, status }) => status === 429 && path.includes("/reactions"));

  await step("a person's words arrive whole, with the member who said them", async () => {
    const words = "Is anybody there? ünïcödé 🏰";
    const [[heard], written] = await hears(Events.MessageCreate, ({ author }) => author.id === people.newcomer,
      () => says("newcomer", words));
    question = heard;
    assert.deepEqual([question.id, question.content], [written.id, words]);
    assert.equal(question.member.user.username, "newcomer");
    assert.ok(question.member.roles.cache.some(({ name }) => name === "newcomers"));
    assert.ok(!question.system && !question.pinned && question.type === MessageType.Default);
  });

  await step("the bot answers, and the answer refers to the question", async () => {
    answer = await question.reply({ content: "I am.", allowedMentions: { repliedUser: false } });
    assert.equal(answer.type, MessageType.Reply);
    assert.equal(answer.reference.messageId, question.id);
    assert.equal((await answer.fetchReference()).content, question.content);
    assert.equal(answer.mentions.users.size, 0);
  });

  await step("mentions are resolved, and only those that are allowed", async () => {
    const role = guild.roles.cache.find(({ name }) => name === "helpers");
    const loud = await channel.send(`<@${people.ada}> <@&${role.id}> <#${channel.id}> @everyone`);
    assert.ok(loud.mentions.users.has(people.ada) && loud.mentions.roles.has(role.id));
    assert.ok(loud.mentions.everyone && loud.mentions.channels.has(channel.id));
    const quiet = await channel.send({ content: loud.content, allowedMentions: { parse: [] } });
    assert.equal(quiet.mentions.users.size + quiet.mentions.roles.size, 0);
    assert.equal(quiet.mentions.everyone, false);
  });

  await step("an edit is kept, dated and told to others", async () => {
    const edited = await answer.edit("I am, always.");
    assert.ok(edited.editedTimestamp >= edited.createdTimestamp);
    const fetched = await channel.messages.fetch({ message: answer.id, force: true });
    assert.equal(fetched.content, "I am, always.");
    const [[before, now]] = await hears(Events.MessageUpdate, (_, { id }) => id === question.id, () =>
      control("PATCH", `/channels/${channel.id}/messages/${question.id}`, { as: people.newcomer, content: "Anybody?" }));
    assert.deepEqual([before.content, now.content], ["Is anybody there? ünïcödé 🏰", "Anybody?"]);
  });

  await step("reactions are counted, listed and removed one by one and all at once", async () => {
    await question.react("👍");
    const path = `/channels/${channel.id}/messages/${answer.id}/reactions/${encodeURIComponent("🎉")}`;
    const [[reaction]] = await hears(Events.MessageReactionAdd, (_, { id }) => id === people.newcomer,
      () => control("PUT", path, { as: people.newcomer }));
    assert.deepEqual([reaction.emoji.name, reaction.message.id, reaction.count], ["🎉", answer.id, 1]);
    await answer.react("🎉");
    assert.deepEqual([...(await reaction.users.fetch()).keys()].sort(), [people.newcomer, client.user.id].sort());
    await hears(Events.MessageReactionRemove, (_, { id }) => id === people.newcomer,
      () => reaction.users.remove(people.newcomer));
    await hears(Events.MessageReactionRemoveEmoji, ({ emoji }) => emoji.name === "🎉", () => reaction.remove());
    const thumbs = (await question.fetch(true)).reactions.cache.get("👍");
    assert.deepEqual([thumbs.me, thumbs.count], [true, 1]);
    await hears(Events.MessageReactionRemoveAll, ({ id }) => id === question.id, () => question.reactions.removeAll());
  });

  await step("a custom emoji is made, used, renamed and deleted", async () => {
    const [[made]] = await hears(Events.GuildEmojiCreate, ({ name }) => name === "pixel",
      () => guild.emojis.create({ attachment: PIXEL, name: "pixel" }));
    await answer.react(made);
    assert.equal((await answer.fetch(true)).reactions.cache.get(made.id).count, 1);
    await hears(Events.GuildEmojiUpdate, (_, { name }) => name === "dot", () => made.edit({ name: "dot" }));
    assert.equal((await guild.emojis.fetch(made.id, { force: true })).author.id, client.user.id);
    await hears(Events.GuildEmojiDelete, ({ id }) => id === made.id, () => made.delete());
  });

  await step("a message is pinned, listed among the pins and unpinned", async () => {
    const [[note]] = await hears(Events.MessageCreate, ({ type }) => type === MessageType.ChannelPinnedMessage,
      () => answer.pin("worth keeping"));
    assert.equal(note.reference.messageId, answer.id);
    assert.equal((await channel.messages.fetchPins()).items[0].message.id, answer.id);
    const [[place]] = await hears(Events.ChannelPinsUpdate, ({ id }) => id === channel.id, () => answer.unpin());
    assert.equal(place.id, channel.id);
    assert.equal((await channel.messages.fetchPins()).items.length, 0);
  });

  await step("the history is read from both ends and around a message", async () => {
    const all = [...(await channel.messages.fetch({ limit: 100 })).keys()];
    const middle = all[Math.floor(all.length / 2)];
    const at = all.indexOf(middle);
    assert.deepEqual([...(await channel.messages.fetch({ before: middle, limit: 2 })).keys()], all.slice(at + 1, at + 3));
    assert.deepEqual([...(await channel.messages.fetch({ after: middle, limit: 100 })).keys()], all.slice(0, at));
    assert.ok((await channel.messages.fetch({ around: middle, limit: 3 })).has(middle));
  });

  await step("a poll is voted on, read and ended", async () => {
    const question = { text: "Tea?" };
    const answers = [{ text: "yes", emoji: "🍵" }, { text: "no" }];
    const asked = await channel.send({ poll: { question, answers, duration: 1, allowMultiselect: false } });
    assert.equal(asked.poll.answers.get(1).emoji.name, "🍵");
    const ballot = `/channels/${channel.id}/polls/${asked.id}/answers/@me`;
    const [[vote, voter]] = await hears(Events.MessagePollVoteAdd, undefined,
      () => control("PUT", ballot, { as: people.newcomer, answer_ids: ["1"] }));
    assert.deepEqual([vote.id, voter], [1, people.newcomer]);
    assert.deepEqual([...(await asked.poll.answers.get(1).voters.fetch()).keys()], [people.newcomer]);
    await hears(Events.MessagePollVoteRemove, undefined,
      () => control("PUT", ballot, { as: people.newcomer, answer_ids: [] }));
    const [, ended] = await hears(Events.MessageCreate, ({ type }) => type === MessageType.PollResult, () => asked.poll.end());
    assert.ok(ended.poll.expiresTimestamp <= Date.now() + 1_000);
    assert.equal((await channel.messages.fetch({ message: asked.id, force: true })).poll.resultsFinalized, true);
  });

  await step("a message is forwarded with what it said", async () => {
    const elsewhere = guild.channels.cache.find(({ name }) => name === "help");
    const forwarded = await answer.forward(elsewhere);
    assert.equal(forwarded.reference.type, MessageReferenceType.Forward);
    assert.equal(forwarded.messageSnapshots.first().content, "I am, always.");
  });

  await step("silent messages, suppressed embeds and nonces keep their flags", async () => {
    const silent = await channel.send({ content: "shh", flags: MessageFlags.SuppressNotifications, nonce: "n-1", enforceNonce: true });
    assert.ok(silent.flags.has(MessageFlags.SuppressNotifications));
    const again = await channel.send({ content: "shh", nonce: "n-1", enforceNonce: true });
    assert.equal(again.id, silent.id);
    const linked = await channel.send({ content: "see", embeds: [{ title: "t" }] });
    assert.ok((await linked.suppressEmbeds(true)).flags.has(MessageFlags.SuppressEmbeds));
  });

  await step("an announcement is published to those who follow", async () => {
    const news = guild.channels.cache.find(({ type }) => type === ChannelType.GuildAnnouncement);
    await news.permissionOverwrites.edit(client.user, { SendMessages: true });
    const announced = await news.send("News");
    await announced.crosspost();
    assert.ok((await announced.fetch(true)).flags.has(MessageFlags.Crossposted));
  });

  await step("messages are deleted one by one and in bulk", async () => {
    const [[gone]] = await hears(Events.MessageDelete, ({ id }) => id === question.id, () =>
      control("DELETE", `/channels/${channel.id}/messages/${question.id}?as=${people.newcomer}`));
    assert.equal(gone.content, "Anybody?");
    const words = [await channel.send("one"), await channel.send("two"), await channel.send("three")];
    const [[bulk]] = await hears(Events.MessageBulkDelete, undefined, () => channel.bulkDelete(words));
    assert.deepEqual([...bulk.keys()].sort(), words.map(({ id }) => id).sort());
  });

  await step("typing shows, both ways", async () => {
    const [[typing]] = await hears(Events.TypingStart, ({ user }) => user.id === people.newcomer,
      () => control("POST", `/channels/${channel.id}/typing`, { as: people.newcomer }));
    assert.equal(typing.channel.id, channel.id);
    await hears(Events.TypingStart, ({ user }) => user.id === client.user.id, () => channel.sendTyping());
  });

  await step("a direct message finds its person, and the answer comes back", async () => {
    const user = await client.users.fetch(people.newcomer);
    const direct = await user.send("Between us.");
    assert.ok(direct.channel.isDMBased());
    const [[heard]] = await hears(Events.MessageCreate, ({ channelId, author }) => channelId === direct.channelId && !author.bot,
      () => says("newcomer", "Of course.", {}, direct.channel));
    assert.deepEqual([heard.content, heard.guild], ["Of course.", null]);
    const coming = next(Events.TypingStart, ({ channel }) => channel.id === direct.channelId);
    await control("POST", `/channels/${direct.channelId}/typing`, { as: people.newcomer });
    await coming;
  });

  await step("messages sent at once arrive in the order of sending", async () => {
    const words = Array.from({ length: 4 }, (_, index) => `in order ${index}`);
    await Promise.all(words.map((word) => channel.send(word)));
    const last = await channel.messages.fetch({ limit: 4 });
    assert.deepEqual(last.map(({ content }) => content).reverse(), words);
  });
});
