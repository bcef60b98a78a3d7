// How a bot arrives: it logs in, fills its cache, asks for members, and shows itself.
import assert from "node:assert/strict";
import { bot, control, discord, scene, story } from "./stage.mjs";

const { ChannelType, Events, PermissionFlagsBits } = discord;

await story(async (stage) => {
  const { client, guild, world, people, step, next } = stage;

  await step("the guild is in the cache, with its owner, roles and channels", () => {
    assert.equal(guild.name, world.name);
    assert.equal(guild.ownerId, people.ada);
    assert.deepEqual([...guild.channels.cache.keys()].sort(), world.channels.map(({ id }) => id).sort());
    assert.deepEqual([...guild.roles.cache.keys()].sort(), world.roles.map(({ id }) => id).sort());
    const kinds = new Set(guild.channels.cache.map(({ type }) => type));
    for (const kind of [ChannelType.GuildText, ChannelType.GuildVoice, ChannelType.GuildCategory, ChannelType.GuildForum]) {
      assert.ok(kinds.has(kind), ChannelType[kind]);
    }
  });

  await step("the bot knows its own member and what it may do", () => {
    assert.ok(guild.members.me.permissions.has(PermissionFlagsBits.BanMembers));
    assert.ok(!guild.members.me.permissions.has(PermissionFlagsBits.Administrator));
    assert.equal(guild.members.me.roles.botRole.tags.botId, client.user.id);
  });

  await step("all members come in chunks", async () => {
    const members = await guild.members.fetch();
    assert.deepEqual([...members.keys()].sort(), Object.values(people).sort());
    assert.equal(guild.memberCount, members.size);
  });

  await step("members are found by name, by id and one by one", async () => {
    const found = await guild.members.fetch({ query: "new", limit: 5 });
    assert.deepEqual([...found.keys()], [people.newcomer]);
    const two = await guild.members.fetch({ user: [people.ada, people.artist], withPresences: true });
    assert.deepEqual([...two.keys()].sort(), [people.ada, people.artist].sort());
    assert.equal((await guild.members.fetch({ user: people.helper, force: true })).user.username, "helper");
    assert.deepEqual([...(await guild.members.search({ query: "art" })).keys()], [people.artist]);
    assert.equal((await guild.members.list({ limit: 2 })).size, 2);
  });

  await step("presences are those of the world", () => {
    assert.equal(guild.presences.cache.get(people.moderator).status, "online");
    assert.equal(guild.presences.cache.get(people.helper).status, "idle");
    assert.equal(guild.presences.cache.get(people.artist), undefined);
  });

  await step("the application, the guild and the user can be fetched anew", async () => {
    const application = await client.application.fetch();
    assert.equal(application.id, client.user.id);
    assert.equal((await client.guilds.fetch({ guild: guild.id, force: true, withCounts: true })).approximateMemberCount, world.members.length);
    assert.deepEqual([...(await client.guilds.fetch()).keys()], [guild.id]);
    assert.equal((await client.users.fetch(people.ada, { force: true })).username, "ada");
    assert.equal((await guild.fetchOwner()).id, people.ada);
    assert.equal((await guild.channels.fetch()).size, world.channels.length);
    assert.equal((await guild.roles.fetch()).size, world.roles.length);
  });

  await step("the bot shows what it is doing", async () => {
    client.user.setPresence({ status: "dnd", activities: [{ name: "the hall", type: discord.ActivityType.Watching }] });
    const dnd = (_, now) => now.userId === client.user.id && now.status === "dnd";
    const watcher = bot();
    const begun = next(Events.ClientReady, undefined, watcher);
    await watcher.login(scene.bot_token);
    await begun;
    const shown = next(Events.PresenceUpdate, dnd, watcher);
    client.user.setPresence({ status: "dnd", activities: [{ name: "two halls" }] });
    const [, presence] = await shown;
    assert.equal(presence.activities[0].name, "two halls");
    await watcher.destroy();
  });

  await step("a bot of two shards gets the guild on the shard that is its own", async () => {
    const sharded = bot({ shards: [0, 1], shardCount: 2 });
    const begun = next(Events.ClientReady, undefined, sharded);
    await sharded.login(scene.bot_token);
    await begun;
    const its = Number((BigInt(guild.id) >> 22n) % 2n);
    assert.equal(sharded.guilds.cache.get(guild.id).shardId, its);
    assert.equal(sharded.ws.shards.size, 2);
    const heard = next(Events.MessageCreate, undefined, sharded);
    await stage.says("newcomer", "which shard?");
    assert.equal((await heard)[0].guild.shardId, its);
    await sharded.destroy();
  });

  await step("a whole new guild and its people appear while the bot is there", async () => {
    const [[joined]] = await stage.hears(Events.GuildCreate, ({ name }) => name === "Annex", () =>
      control("POST", "/guilds", {
        name: "Annex", owner: "ada", bots: [{ username: "guildhall", permissions: 0 }],
        channels: [{ name: "hall", kind: 0 }],
      }));
    assert.equal(joined.ownerId, people.ada);
    const [[left]] = await stage.hears(Events.GuildDelete, ({ id }) => id === joined.id, () => joined.leave());
    assert.equal(left.name, "Annex");
  });
});
