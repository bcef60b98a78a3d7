// Who is there: roles, joining and leaving, voice, moderation, and the log of it all.
import assert from "node:assert/strict";
import { ask, control, discord, story } from "./stage.mjs";

const { AuditLogEvent, ChannelType, Events, GuildMemberFlags, PermissionFlagsBits } = discord;

await story(async (stage) => {
  const { client, guild, channel, people, step, hears } = stage;
  let role, member, guest;

  await step("a role is made, given, moved, changed, taken and deleted", async () => {
    [[role]] = await hears(Events.GuildRoleCreate, ({ name }) => name === "guest", () => guild.roles.create({
      name: "guest", colors: { primaryColor: 0xe91e63 }, hoist: true, mentionable: true,
      permissions: [PermissionFlagsBits.ViewChannel], reason: "a märchen",
    }));
    assert.deepEqual([role.colors.primaryColor, role.hoist, role.mentionable], [0xe91e63, true, true]);
    member = await guild.members.fetch(people.newcomer);
    await hears(Events.GuildMemberUpdate, (_, { roles }) => roles.cache.has(role.id), () => member.roles.add(role, "welcome"));
    await role.setPosition(2);
    assert.equal((await guild.roles.fetch(role.id, { force: true })).position, 2);
    await hears(Events.GuildRoleUpdate, (_, { name }) => name === "visitor", () => role.edit({ name: "visitor", permissions: [] }));
    await hears(Events.GuildMemberUpdate, (_, now) => !now.roles.cache.has(role.id), () => member.roles.remove(role));
    const [[, changed]] = await hears(Events.GuildMemberUpdate, (_, { roles }) => roles.cache.has(role.id), () => member.roles.set([role]));
    assert.deepEqual([...changed.roles.cache.keys()].sort(), [guild.id, role.id].sort());
    const counts = await guild.roles.fetchMemberCounts?.();
    assert.ok(counts === undefined || counts.get(role.id) === 1);
    await hears(Events.GuildRoleDelete, ({ id }) => id === role.id, () => role.delete());
  });

  await step("someone comes, shows up online, types and is greeted", async () => {
    guest = await control("POST", "/users", { username: "guest" });
    const [[joined]] = await hears(Events.GuildMemberAdd, undefined,
      () => control("POST", `/guilds/${guild.id}/members`, { user_id: guest.id }));
    assert.deepEqual([joined.id, joined.user.username], [guest.id, "guest"]);
    await hears(Events.PresenceUpdate, (_, now) => now.userId === guest.id && now.status === "idle",
      () => control("PUT", `/users/${guest.id}/presence`, { status: "idle" }));
    await hears(Events.TypingStart, ({ user }) => user.id === guest.id,
      () => control("POST", `/channels/${channel.id}/typing`, { as: guest.id }));
  });

  await step("someone enters voice, is muted, moved and sent out", async () => {
    const voice = guild.channels.cache.find(({ type }) => type === ChannelType.GuildVoice);
    const other = await guild.channels.create({ name: "attic", type: ChannelType.GuildVoice });
    const hearing = (fits) => (_, now) => now.id === guest.id && fits(now);
    await hears(Events.VoiceStateUpdate, hearing(({ channelId }) => channelId === voice.id),
      () => control("PUT", `/guilds/${guild.id}/members/${guest.id}/voice`, { channel_id: voice.id, self_mute: true }));
    assert.ok(voice.members.has(guest.id));
    const state = guild.voiceStates.cache.get(guest.id);
    assert.deepEqual([state.selfMute, state.serverMute], [true, false]);
    await hears(Events.VoiceStateUpdate, hearing(({ serverMute }) => serverMute), () => state.setMute(true));
    await hears(Events.VoiceStateUpdate, hearing(({ serverDeaf }) => serverDeaf), () => state.setDeaf(true));
    await hears(Events.VoiceStateUpdate, hearing(({ channelId }) => channelId === other.id), () => state.setChannel(other));
    await hears(Events.VoiceStateUpdate, hearing(({ channelId }) => channelId === null), () => state.disconnect());
  });

  await step("the bot itself enters voice and leaves", async () => {
    const voice = guild.channels.cache.find(({ type }) => type === ChannelType.GuildVoice);
    const joining = (channel_id) => guild.shard.send({ op: 4, d: { guild_id: guild.id, channel_id, self_mute: false, self_deaf: true } });
    const [[, now]] = await hears(Events.VoiceStateUpdate, (_, { id, channelId }) => id === client.user.id && channelId === voice.id,
      () => joining(voice.id));
    assert.equal(now.selfDeaf, true);
    await hears(Events.VoiceStateUpdate, (_, { id, channelId }) => id === client.user.id && channelId === null, () => joining(null));
  });

  await step("a timeout silences, and its end gives the voice back", async () => {
    await hears(Events.GuildMemberUpdate, (_, now) => now.isCommunicationDisabled(), () => member.timeout(60_000, "calm down"));
    assert.equal((await ask("POST", `/channels/${channel.id}/messages`, { as: people.newcomer, content: "but" }))[0], 403);
    await hears(Events.GuildMemberUpdate, (_, now) => !now.isCommunicationDisabled(), () => member.timeout(null));
    await stage.says("newcomer", "thank you");
  });

  await step("a nickname is given and taken, the bot's own too", async () => {
    await hears(Events.GuildMemberUpdate, (_, { nickname }) => nickname === "fresh", () => member.setNickname("fresh"));
    assert.equal((await member.fetch(true)).displayName, "fresh");
    await member.setNickname(null);
    await hears(Events.GuildMemberUpdate, (_, { nickname }) => nickname === "hall", () => guild.members.editMe({ nick: "hall" }));
    await guild.members.me.setNickname(null);
  });

  await step("a member's flags are kept", async () => {
    await member.edit({ flags: [GuildMemberFlags.BypassesVerification] });
    assert.ok((await member.fetch(true)).flags.has(GuildMemberFlags.BypassesVerification));
  });

  await step("someone is kicked, and comes back", async () => {
    const [[gone]] = await hears(Events.GuildMemberRemove, ({ id }) => id === guest.id, () => guild.members.kick(guest.id, "noise"));
    assert.equal(gone.user.username, "guest");
    await hears(Events.GuildMemberAdd, ({ id }) => id === guest.id,
      () => control("POST", `/guilds/${guild.id}/members`, { user_id: guest.id }));
  });

  await step("someone is banned, listed among the banned and pardoned", async () => {
    const [[ban]] = await hears(Events.GuildBanAdd, ({ user }) => user.id === guest.id,
      () => guild.members.ban(guest.id, { deleteMessageSeconds: 60, reason: "a test" }));
    assert.equal(ban.user.username, "guest");
    assert.equal((await guild.bans.fetch(guest.id)).reason, "a test");
    assert.deepEqual([...(await guild.bans.fetch()).keys()], [guest.id]);
    await hears(Events.GuildBanRemove, ({ user }) => user.id === guest.id, () => guild.members.unban(guest.id, "sorry"));
    const { bannedUsers, failedUsers } = await guild.bans.bulkCreate([guest.id, people.ada]);
    assert.deepEqual([bannedUsers, failedUsers], [[guest.id], [people.ada]]);
  });

  await step("those who were never seen can be counted and pruned", async () => {
    const would = await guild.members.prune({ days: 30, dry: true });
    assert.equal(typeof would, "number");
    assert.equal(await guild.members.prune({ days: 30, count: true }), would);
  });

  await step("the audit log tells who did what, and why", async () => {
    const first = async (type) => (await guild.fetchAuditLogs({ type, limit: 1 })).entries.first();
    const made = await first(AuditLogEvent.RoleCreate);
    assert.deepEqual([made.reason, made.executor.id, made.targetId], ["a märchen", client.user.id, role.id]);
    assert.ok(made.changes.some(({ key, new: value }) => key === "name" && value === "guest"));
    const given = await guild.fetchAuditLogs({ type: AuditLogEvent.MemberRoleUpdate });
    assert.ok(given.entries.some(({ reason, changes }) => reason === "welcome" && changes[0].key === "$add" && changes[0].new[0].id === role.id));
    assert.deepEqual([(await first(AuditLogEvent.MemberKick)).reason, (await first(AuditLogEvent.MemberBanRemove)).reason], ["noise", "sorry"]);
    const silenced = await guild.fetchAuditLogs({ type: AuditLogEvent.MemberUpdate, user: client.user });
    assert.ok(silenced.entries.some(({ reason, targetId }) => reason === "calm down" && targetId === people.newcomer));
    const [[entry]] = await hears(Events.GuildAuditLogEntryCreate, ({ action }) => action === AuditLogEvent.ChannelCreate,
      () => guild.channels.create({ name: "logged", reason: "to see it" }));
    assert.deepEqual([entry.reason, entry.executorId], ["to see it", client.user.id]);
  });

  await step("the guild itself is changed", async () => {
    const [[, now]] = await hears(Events.GuildUpdate, (_, { name }) => name === "The Hall",
      () => guild.edit({ name: "The Hall", description: "A square", afkTimeout: 60, reason: "growth" }));
    assert.deepEqual([now.description, now.afkTimeout], ["A square", 60]);
  });
});
