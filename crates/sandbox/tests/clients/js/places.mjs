// Where things are said: channels of every kind, who may enter, webhooks and invites.
import assert from "node:assert/strict";
import { PIXEL, ask, control, discord, story } from "./stage.mjs";

const {
  ChannelFlags, ChannelType, Events, ForumLayoutType, MessageType, PermissionFlagsBits, SortOrderType, VideoQualityMode, WebhookClient,
} = discord;

await story(async (stage) => {
  const { client, guild, channel, people, step, hears, refused } = stage;
  let workshop, room;

  await step("a category and channels of every kind are made in it", async () => {
    workshop = await guild.channels.create({ name: "workshops", type: ChannelType.GuildCategory });
    const make = (name, type, more) => guild.channels.create({ name, type, parent: workshop, ...more });
    [[room]] = await hears(Events.ChannelCreate, ({ name }) => name === "wood",
      () => make("Wood", ChannelType.GuildText, { topic: "wood", rateLimitPerUser: 5, nsfw: true }));
    assert.deepEqual([room.topic, room.rateLimitPerUser, room.nsfw, room.parentId], ["wood", 5, true, workshop.id]);
    const voice = await make("band", ChannelType.GuildVoice, {
      bitrate: 64_000, userLimit: 4, videoQualityMode: VideoQualityMode.Full,
    });
    assert.deepEqual([voice.bitrate, voice.userLimit, voice.videoQualityMode], [64_000, 4, VideoQualityMode.Full]);
    assert.ok((await make("lectures", ChannelType.GuildStageVoice)).isVoiceBased());
    const forum = await make("questions", ChannelType.GuildForum, {
      availableTags: [{ name: "open" }, { name: "solved", moderated: true, emoji: { name: "✅" } }],
      defaultReactionEmoji: { name: "👍" }, defaultSortOrder: SortOrderType.CreationDate,
      defaultForumLayout: ForumLayoutType.ListView, defaultThreadRateLimitPerUser: 10, defaultAutoArchiveDuration: 60,
    });
    assert.deepEqual(forum.availableTags.map(({ name, moderated }) => [name, moderated]), [["open", false], ["solved", true]]);
    assert.deepEqual([forum.defaultReactionEmoji.name, forum.defaultForumLayout], ["👍", ForumLayoutType.ListView]);
    assert.equal((await make("news", ChannelType.GuildAnnouncement)).type, ChannelType.GuildAnnouncement);
    assert.equal((await make("gallery", ChannelType.GuildMedia)).type, ChannelType.GuildMedia);
    assert.equal(workshop.children.cache.size, 6);
  });

  await step("a channel is renamed, described, moved and slowed", async () => {
    const [[, now]] = await hears(Events.ChannelUpdate, (_, { topic }) => topic === "stone",
      () => room.edit({ name: "stone", topic: "stone", rateLimitPerUser: 0, nsfw: false }));
    assert.deepEqual([now.name, now.rateLimitPerUser], ["stone", 0]);
    const [[before, after]] = await hears(Events.ChannelUpdate, undefined,
      () => control("PATCH", `/channels/${room.id}`, { topic: "granite" }));
    assert.deepEqual([before.topic, after.topic], ["stone", "granite"]);
    // Each change waits for its event: one that comes late would put the cache back.
    const changed = (place, fits, act) => hears(Events.ChannelUpdate, (_, now) => now.id === place.id && fits(now), act);
    const moved = room.rawPosition === 0 ? undefined : stage.next(Events.ChannelUpdate, (_, now) => now.id === room.id);
    await room.setPosition(0);
    await moved;
    await changed(room, ({ parentId }) => parentId === channel.parentId,
      () => room.setParent(channel.parent, { lockPermissions: false }));
    assert.equal(room.parentId, channel.parentId);
    const forum = guild.channels.cache.find(({ name }) => name === "questions");
    await changed(forum, ({ availableTags }) => availableTags.length === 3,
      () => forum.setAvailableTags([...forum.availableTags, { name: "stale" }]));
    assert.equal(forum.availableTags.length, 3);
    await changed(forum, ({ flags }) => flags.has(ChannelFlags.RequireTag),
      () => forum.edit({ flags: [ChannelFlags.RequireTag] }));
    assert.ok(forum.flags.has(ChannelFlags.RequireTag));
  });

  await step("an overwrite takes a permission, and the person feels it", async () => {
    const role = guild.roles.cache.find(({ name }) => name === "newcomers");
    await hears(Events.ChannelUpdate, (_, { id }) => id === channel.id,
      () => channel.permissionOverwrites.edit(role, { SendMessages: false, AddReactions: true }, { reason: "quiet" }));
    assert.ok(channel.permissionOverwrites.cache.get(role.id).deny.has(PermissionFlagsBits.SendMessages));
    assert.equal(channel.permissionsFor(people.newcomer).has(PermissionFlagsBits.SendMessages), false);
    const [status, answer] = await ask("POST", `/channels/${channel.id}/messages`, { as: people.newcomer, content: "May I?" });
    assert.deepEqual([status, answer.code], [403, 50_013]);
    await hears(Events.ChannelUpdate, (_, { id }) => id === channel.id, () => channel.permissionOverwrites.delete(role));
    await stage.says("newcomer", "I may.");
  });

  await step("a channel takes over what its category allows", async () => {
    const changes = (place, act) => hears(Events.ChannelUpdate, (_, { id }) => id === place.id, act);
    await changes(workshop, () => workshop.permissionOverwrites.create(guild.roles.everyone, { AttachFiles: false }));
    const child = await guild.channels.create({ name: "clay", parent: workshop });
    assert.equal(child.permissionsLocked, true);
    assert.equal(child.permissionsFor(people.newcomer).has(PermissionFlagsBits.AttachFiles), false);
    await changes(child, () => child.permissionOverwrites.set([{ id: people.newcomer, allow: [PermissionFlagsBits.AttachFiles] }]));
    assert.equal(child.permissionsLocked, false);
    await changes(child, () => child.lockPermissions());
    assert.equal(child.permissionsLocked, true);
    const copy = await child.clone({ name: "more-clay" });
    assert.deepEqual([copy.name, copy.parentId], ["more-clay", workshop.id]);
  });

  await step("a hidden channel disappears for the bot, and cannot be read", async () => {
    const secret = await guild.channels.create({ name: "secret" });
    const mine = guild.members.me;
    await hears(Events.ChannelUpdate, (_, { id }) => id === secret.id, () =>
      secret.permissionOverwrites.edit(mine, { ViewChannel: false }));
    assert.equal(secret.viewable, false);
    await refused(secret.send("hello?"), 403, 50_001);
  });

  await step("a webhook speaks with a name and a face of its own, edits and deletes", async () => {
    const [[place], hook] = await hears(Events.WebhooksUpdate, ({ id }) => id === room.id,
      () => room.createWebhook({ name: "herald", avatar: PIXEL, reason: "news" }));
    assert.deepEqual([place.id, hook.owner.id], [room.id, client.user.id]);
    assert.ok(hook.avatarURL());
    const [[heard], post] = await hears(Events.MessageCreate, ({ webhookId }) => webhookId === hook.id, () => hook.send({
      content: "Hear ye", username: "crier", avatarURL: "https://example.com/crier.png", files: [{ attachment: PIXEL, name: "seal.png" }],
    }));
    assert.deepEqual([post.author.username, post.webhookId, post.attachments.size], ["crier", hook.id, 1]);
    assert.equal(heard.author.bot, true);
    assert.equal((await hook.editMessage(post, "Hear me")).content, "Hear me");
    assert.equal((await hook.fetchMessage(post.id)).content, "Hear me");
    await hook.deleteMessage(post.id);
    await refused(hook.fetchMessage(post.id), 404, 10_008);
    assert.deepEqual([...(await room.fetchWebhooks()).keys()], [hook.id]);
    assert.ok((await guild.fetchWebhooks()).has(hook.id));
    assert.equal((await hook.edit({ name: "crier", channel })).channelId, channel.id);
  });

  await step("a webhook is used with its token alone, also in a thread", async () => {
    const hook = await room.createWebhook({ name: "stranger" });
    const stranger = new WebhookClient({ id: hook.id, token: hook.token }, { rest: { api: client.rest.options.api } });
    const thread = await room.threads.create({ name: "aside" });
    const sent = await stranger.send({ content: "psst", threadId: thread.id });
    assert.equal(sent.channel_id, thread.id);
    await stranger.editMessage(sent.id, { content: "PSST", threadId: thread.id });
    assert.equal((await thread.messages.fetch({ message: sent.id, force: true })).content, "PSST");
    const forum = guild.channels.cache.find(({ name }) => name === "ideas");
    const poster = await forum.createWebhook({ name: "poster" });
    const post = await poster.send({ content: "What if?", threadName: "an idea" });
    assert.equal((await forum.threads.fetch(post.channelId)).name, "an idea");
    await stranger.delete();
    await refused(stranger.send("anybody?"), 404, 10_015);
    stranger.destroy();
  });

  await step("an invite is made, read, listed, used and taken back", async () => {
    const [[heard], invite] = await hears(Events.InviteCreate, undefined,
      () => room.createInvite({ maxAge: 600, maxUses: 1, unique: true, reason: "come in" }));
    assert.deepEqual([heard.code, invite.maxAge, invite.maxUses, invite.inviter.id], [invite.code, 600, 1, client.user.id]);
    const read = await client.fetchInvite(invite.code);
    assert.deepEqual([read.guild.id, read.channel.id, read.memberCount], [guild.id, room.id, guild.memberCount]);
    assert.ok((await guild.invites.fetch()).has(invite.code));
    await hears(Events.InviteDelete, ({ code }) => code === invite.code, () => invite.delete());
    await refused(client.fetchInvite(invite.code), 404, 10_006);
  });

  await step("an announcement channel is followed", async () => {
    const news = guild.channels.cache.find(({ name }) => name === "news");
    // Following says so in the room, under the name of the channel that is followed.
    const [[notice]] = await hears(Events.MessageCreate, ({ channelId }) => channelId === room.id,
      () => news.addFollower(room, "keep up"));
    assert.deepEqual([notice.type, notice.content], [MessageType.ChannelFollowAdd, "news"]);
    const hooks = await room.fetchWebhooks();
    assert.ok(hooks.some((hook) => hook.isChannelFollower() && hook.sourceChannel.id === news.id));
    const [[copy]] = await hears(Events.MessageCreate, ({ channelId }) => channelId === room.id,
      async () => (await news.send("News")).crosspost());
    assert.equal(copy.content, "News");
  });

  await step("a channel is deleted", async () => {
    const [[gone]] = await hears(Events.ChannelDelete, ({ id }) => id === room.id, () => room.delete("done"));
    assert.equal(gone.name, "stone");
    assert.equal(guild.channels.cache.has(room.id), false);
    await refused(client.channels.fetch(room.id, { force: true }), 404, 10_003);
  });
});
