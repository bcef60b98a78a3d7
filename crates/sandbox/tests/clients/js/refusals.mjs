// How Discord says no, and what the library makes of it.
import assert from "node:assert/strict";
import { control, discord, story } from "./stage.mjs";

const { DiscordAPIError, HTTPError, REST, Routes } = discord;

await story(async (stage) => {
  const { client, guild, channel, people, step, refused } = stage;

  await step("nobody moderates the owner", async () => {
    const owner = await guild.members.fetch(people.ada);
    assert.deepEqual([owner.manageable, owner.kickable, owner.bannable, owner.moderatable], [false, false, false, false]);
    for (const act of [() => owner.kick(), () => owner.ban(), () => owner.timeout(60_000), () => owner.setNickname("x")]) {
      assert.equal((await refused(act(), 403, 50_013)).message, "Missing Permissions");
    }
  });

  await step("a permission that the bot lacks is a refusal with Discord's code", async () => {
    const rules = guild.channels.cache.find(({ name }) => name === "rules");
    await refused(rules.send("May I?"), 403, 50_013);
    const own = guild.members.me.roles.botRole;
    await refused(own.edit({ name: "higher" }), 403, 50_013);
    await refused(guild.roles.create({ permissions: [discord.PermissionFlagsBits.Administrator] }), 403, 50_013);
    await refused(client.rest.delete(Routes.guildRole(guild.id, guild.id)), 400, 50_028);
  });

  await step("what is not there is unknown by its name", async () => {
    const missing = (route) => client.rest.get(route);
    await refused(channel.messages.fetch("1"), 404, 10_008);
    await refused(missing(Routes.channel("1")), 404, 10_003);
    await refused(missing(Routes.guild("1")), 404, 10_004);
    await refused(missing(Routes.user("1")), 404, 10_013);
    await refused(missing(Routes.guildMember(guild.id, "1")), 404, 10_013);
    const { id: stranger } = await control("POST", "/users", { username: "stranger" });
    await refused(missing(Routes.guildMember(guild.id, stranger)), 404, 10_007);
    await refused(missing(Routes.guildRole(guild.id, "1")), 404, 10_011);
    await refused(missing(Routes.guildEmoji(guild.id, "1")), 404, 10_014);
    await refused(missing(Routes.guildBan(guild.id, "1")), 404, 10_026);
    await refused(missing(Routes.webhook("1")), 404, 10_015);
    await refused(missing(Routes.invite("nowhere")), 404, 10_006);
  });

  await step("an invalid form names each field, and the library flattens the path", async () => {
    let error = await refused(channel.send("x".repeat(2_001)), 400, 50_035);
    assert.equal(error.rawError.errors.content._errors[0].code, "BASE_TYPE_MAX_LENGTH");
    assert.match(error.message, /content\[BASE_TYPE_MAX_LENGTH\]: Must be 2000 or fewer in length\./);
    error = await refused(channel.send({ embeds: [{ title: "ok" }, { title: "t".repeat(257), color: 1 << 24 }] }), 400, 50_035);
    assert.match(error.message, /embeds\[1\]\.title\[BASE_TYPE_MAX_LENGTH\]/);
    assert.ok(error.rawError.errors.embeds["1"].color);
    error = await refused(channel.send({ content: "", embeds: [] }), 400, 50_006);
    assert.equal(error.message, "Cannot send an empty message");
    error = await refused(guild.channels.create({ name: "" }), 400, 50_035);
    assert.ok(error.rawError.errors.name);
    error = await refused(guild.commands.create({ name: "Not A Name", description: "x" }), 400, 50_035);
    assert.equal(error.rawError.errors.name._errors[0].code, "APPLICATION_COMMAND_INVALID_NAME");
  });

  await step("someone else's message cannot be edited, and a reaction that is none is unknown", async () => {
    const { id } = await stage.says("newcomer", "mine");
    await refused(client.rest.patch(Routes.channelMessage(channel.id, id), { body: { content: "yours" } }), 403, 50_005);
    await refused(client.rest.put(Routes.channelMessageOwnReaction(channel.id, id, encodeURIComponent("nothing:1"))), 400, 10_014);
  });

  await step("messages older than two weeks are not deleted in bulk", async () => {
    const old = String((BigInt(Date.now() - 15 * 86_400_000 - 1_420_070_400_000)) << 22n);
    await refused(client.rest.post(Routes.channelBulkDelete(channel.id), { body: { messages: [old, String(BigInt(old) + 1n)] } }), 400, 50_034);
  });

  await step("a wrong token is told so, and a wrong route as well", async () => {
    const stranger = new REST({ api: client.rest.options.api }).setToken("not.a.token");
    await refused(stranger.get(Routes.user()), 401, 0);
    await refused(client.rest.get("/nothing/here"), 404, 0);
    await assert.rejects(new discord.Client({ intents: [], rest: { api: client.rest.options.api } }).login("not.a.token"), { code: "TokenInvalid" });
  });

  await step("a broken server is retried, and a lasting breakdown is an error of its own", async () => {
    const fault = (more) => control("POST", "/faults", { route: "/channels/{id}/typing", method: "POST", ...more });
    stage.allow(({ path, status }) => status >= 500 && path.endsWith("/typing"));
    await fault({ kind: "status", status: 502 });
    await channel.sendTyping();
    await control("DELETE", "/faults");
    await fault({ kind: "status", status: 500, count: 10 });
    await assert.rejects(channel.sendTyping(), (error) => error instanceof HTTPError && !(error instanceof DiscordAPIError) && error.status === 500);
    await control("DELETE", "/faults");
    await channel.sendTyping();
  });
});
