// A bot made with discord.js, unmodified but for its base URL, lives through a day in the sandbox.
// SCENE (JSON) says where the sandbox is and where packages are; one line of JSON is printed.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const scene = JSON.parse(process.env.SCENE);
const discord = createRequire(scene.packages)("discord.js");
const {
  ActionRowBuilder, ButtonBuilder, ButtonStyle, ChannelType, Client, DiscordAPIError, EmbedBuilder,
  Events, GatewayIntentBits, MessageFlags, ModalBuilder, Partials, PermissionFlagsBits, RESTEvents,
  StringSelectMenuBuilder, TextInputBuilder, TextInputStyle,
} = discord;

const PATIENCE_MS = 30_000;
const WHOLE_DAY_MS = 180_000;
const told = { client: `discord.js ${discord.version}` };
const seen = [];
let ready = 0;
let limited = 0;

/** Asks the control API. */
async function control(method, path, body) {
  const response = await fetch(scene.control_url + path, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}

/** The next event that fits. Asked for before its cause, awaited after it. */
function next(event, fits = () => true) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} came`)), PATIENCE_MS);
    const hear = (...data) => {
      if (!fits(...data)) return;
      clearTimeout(timer);
      client.off(event, hear);
      resolve(data);
    };
    client.on(event, hear);
  });
}

/** What the library makes of a refusal. */
async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof DiscordAPIError, String(error));
    return error;
  }
  throw new Error("nothing was refused");
}

setTimeout(() => { throw new Error("the day never ends"); }, WHOLE_DAY_MS).unref();

const client = new Client({
  intents: [
    GatewayIntentBits.Guilds, GatewayIntentBits.GuildMembers, GatewayIntentBits.GuildModeration,
    GatewayIntentBits.GuildMessages, GatewayIntentBits.GuildMessageReactions,
    GatewayIntentBits.MessageContent, GatewayIntentBits.DirectMessages,
    GatewayIntentBits.GuildMessageTyping, GatewayIntentBits.GuildMessagePolls,
    GatewayIntentBits.GuildVoiceStates, GatewayIntentBits.GuildPresences,
    GatewayIntentBits.GuildWebhooks, GatewayIntentBits.GuildInvites,
    GatewayIntentBits.GuildExpressions,
  ],
  partials: [Partials.Channel],
  rest: { api: scene.api_url.replace(/\/v10$/, "") },
});
client.on(Events.MessageCreate, (message) => seen.push(message.content));
client.on(Events.ShardReady, () => (ready += 1));
client.on(Events.Error, (error) => { throw error; });
client.rest.on(RESTEvents.RateLimited, () => (limited += 1));

const begun = next(Events.ClientReady);
await client.login(scene.bot_token);
await begun;

const guild = client.guilds.cache.get(scene.guild_id);
const channel = guild.channels.cache.get(scene.channel_id);
const state = await control("GET", "/state");
const world = state.guilds[0];
const userId = (name) => world.members.find((member) => member.user.username === name).user.id;
const ada = userId("ada");
const newcomer = userId("newcomer");
const says = (content, more = {}) =>
  control("POST", `/channels/${channel.id}/messages`, { as: newcomer, content, ...more });

async function caches() {
  assert.equal(guild.name, world.name);
  assert.equal(guild.ownerId, ada);
  assert.equal(guild.channels.cache.size, world.channels.length);
  assert.equal(guild.roles.cache.size, world.roles.length);
  const members = await guild.members.fetch();
  assert.deepEqual([...members.keys()].sort(), world.members.map((it) => it.user.id).sort());
  assert.ok(guild.members.me.permissions.has(PermissionFlagsBits.BanMembers));
  assert.equal((await client.application.fetch()).id, client.user.id);
}

async function conversation() {
  let heard = next(Events.MessageCreate, (message) => message.author.id === newcomer);
  const { id } = await says("Is anybody there? ünïcödé 🏰");
  const [question] = await heard;
  assert.equal(question.id, id);
  assert.equal(question.content, "Is anybody there? ünïcödé 🏰");
  assert.equal(question.member.user.username, "newcomer");

  const answer = await question.reply({ content: "I am.", allowedMentions: { repliedUser: false } });
  assert.equal(answer.reference.messageId, question.id);
  assert.equal((await answer.fetchReference()).id, question.id);
  const edited = await answer.edit("I am, always.");
  assert.ok(edited.editedTimestamp >= edited.createdTimestamp);
  assert.equal((await channel.messages.fetch({ message: answer.id, force: true })).content, "I am, always.");

  await question.react("👍");
  const reacted = next(Events.MessageReactionAdd, (_, user) => user.id === newcomer);
  await control("PUT", `/channels/${channel.id}/messages/${answer.id}/reactions/${encodeURIComponent("🎉")}`, { as: newcomer });
  const [reaction] = await reacted;
  assert.equal(reaction.emoji.name, "🎉");
  assert.equal(reaction.message.id, answer.id);
  assert.equal((await question.fetch(true)).reactions.cache.get("👍").me, true);

  const changed = next(Events.MessageUpdate, (_, message) => message.id === id);
  await control("PATCH", `/channels/${channel.id}/messages/${id}`, { as: newcomer, content: "Anybody?" });
  assert.equal((await changed)[1].content, "Anybody?");
  const gone = next(Events.MessageDelete, (message) => message.id === id);
  await control("DELETE", `/channels/${channel.id}/messages/${id}?as=${newcomer}`);
  await gone;

  await answer.pin();
  const pins = await channel.messages.fetchPins();
  assert.equal(pins.items[0].message.id, answer.id);
  await answer.unpin();

  const user = await client.users.fetch(newcomer);
  const direct = await user.send("Between us.");
  heard = next(Events.MessageCreate, (message) => message.channelId === direct.channelId && !message.author.bot);
  await control("POST", `/channels/${direct.channelId}/messages`, { as: newcomer, content: "Of course." });
  assert.equal((await heard)[0].content, "Of course.");
}

async function threads() {
  const created = next(Events.ThreadCreate);
  const message = await channel.send("Let us talk about tea.");
  const thread = await message.startThread({ name: "tea", autoArchiveDuration: 60 });
  assert.equal((await created)[0].id, thread.id);
  assert.equal(thread.parentId, channel.id);
  await thread.send("Green or black?");
  const heard = next(Events.MessageCreate, (message) => message.channelId === thread.id && !message.author.bot);
  await control("POST", `/channels/${thread.id}/messages`, { as: newcomer, content: "Black." });
  assert.equal((await heard)[0].content, "Black.");
  const members = await thread.members.fetch();
  assert.ok(members.has(newcomer) && members.has(client.user.id));
  await thread.setArchived(true);
  assert.equal(thread.archived, true);
  const archived = await channel.threads.fetchArchived();
  assert.ok(archived.threads.has(thread.id));

  const forum = guild.channels.cache.find((it) => it.type === ChannelType.GuildForum);
  const post = await forum.threads.create({ name: "an idea", message: { content: "What if?" } });
  assert.equal((await post.fetchStarterMessage()).content, "What if?");
}

async function filesAndEmbeds() {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
  const embed = new EmbedBuilder().setTitle("A sketch").setColor(0x3498db).setTimestamp()
    .addFields({ name: "by", value: "artist", inline: true }).setImage("attachment://sketch.png");
  const message = await channel.send({
    content: "See:",
    embeds: [embed],
    files: [
      { attachment: Buffer.from("no real picture"), name: "sketch.png" },
      { attachment: bytes, name: "numbers.bin", description: "0 to 250" },
    ],
  });
  assert.equal(message.embeds[0].title, "A sketch");
  assert.equal(message.embeds[0].fields[0].value, "artist");
  const attachment = message.attachments.find((it) => it.name === "numbers.bin");
  assert.deepEqual([attachment.size, attachment.description], [bytes.length, "0 to 250"]);
  const download = async (url) => {
    const response = await fetch(url);
    assert.equal(response.status, 200);
    return Buffer.from(await response.arrayBuffer());
  };
  assert.deepEqual(await download(attachment.url), bytes);
  assert.equal(String(await download(message.embeds[0].image.url)), "no real picture");
}

async function moderation() {
  const updated = next(Events.GuildMemberUpdate, (_, member) => member.roles.cache.some((role) => role.name === "guest"));
  const role = await guild.roles.create({
    name: "guest", colors: { primaryColor: 0xe91e63 }, permissions: [PermissionFlagsBits.ViewChannel], reason: "a märchen",
  });
  const member = await guild.members.fetch(newcomer);
  await member.roles.add(role, "welcome");
  await updated;
  const log = await guild.fetchAuditLogs({ type: discord.AuditLogEvent.RoleCreate, limit: 1 });
  assert.equal(log.entries.first().reason, "a märchen");
  assert.equal(log.entries.first().executor.id, client.user.id);

  const shut = next(Events.ChannelUpdate, (_, now) => now.id === channel.id);
  await channel.permissionOverwrites.edit(role, { SendMessages: false, AddReactions: true });
  await shut;
  assert.equal(channel.permissionOverwrites.cache.get(role.id).deny.has(PermissionFlagsBits.SendMessages), true);
  assert.equal(channel.permissionsFor(newcomer).has(PermissionFlagsBits.SendMessages), false);
  const answer = await fetch(`${scene.control_url}/channels/${channel.id}/messages`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ as: newcomer, content: "May I?" }),
  });
  assert.equal((await answer.json()).code, 50_013);
  await channel.permissionOverwrites.delete(role);
  await role.delete();

  const silenced = next(Events.GuildMemberUpdate, (_, now) => now.isCommunicationDisabled());
  await member.timeout(60_000, "calm down");
  await silenced;
  await member.timeout(null);
  await member.setNickname("fresh");
  assert.equal((await member.fetch(true)).displayName, "fresh");
  await member.setNickname(null);

  const artist = userId("artist");
  const banned = next(Events.GuildBanAdd);
  await guild.members.ban(artist, { deleteMessageSeconds: 60, reason: "a test" });
  assert.equal((await banned)[0].user.id, artist);
  assert.equal((await guild.bans.fetch(artist)).reason, "a test");
  await guild.members.unban(artist);
}

/** Channels, webhooks, invites, polls and emojis. */
async function furniture() {
  let heard = next(Events.ChannelCreate);
  const room = await guild.channels.create({ name: "workshop", topic: "wood", parent: channel.parentId, rateLimitPerUser: 5 });
  assert.equal((await heard)[0].id, room.id);
  assert.deepEqual([room.topic, room.rateLimitPerUser, room.parentId], ["wood", 5, channel.parentId]);
  assert.equal((await room.setTopic("stone")).topic, "stone");
  await room.setPosition(0);

  const hook = await room.createWebhook({ name: "herald" });
  const post = await hook.send({ content: "Hear ye", username: "crier" });
  assert.deepEqual([post.author.username, post.webhookId], ["crier", hook.id]);
  assert.equal((await hook.editMessage(post, "Hear me")).content, "Hear me");
  assert.equal((await room.fetchWebhooks()).size, 1);
  await hook.delete();

  const invite = await room.createInvite({ maxAge: 60, maxUses: 1 });
  assert.equal((await client.fetchInvite(invite.code)).guild.id, guild.id);
  assert.ok((await guild.invites.fetch()).has(invite.code));
  await invite.delete();

  const poll = await room.send({ poll: { question: { text: "Tea?" }, answers: [{ text: "yes" }, { text: "no" }], duration: 1, allowMultiselect: false } });
  heard = next(Events.MessagePollVoteAdd);
  await control("PUT", `/channels/${room.id}/polls/${poll.id}/answers/@me`, { as: newcomer, answer_ids: ["1"] });
  const [vote, voter] = await heard;
  assert.deepEqual([vote.id, voter], [1, newcomer]);
  const voters = await poll.poll.answers.get(1).voters.fetch();
  assert.deepEqual([...voters.keys()], [newcomer]);
  const ended = await poll.poll.end();
  assert.ok(ended.poll.expiresTimestamp <= Date.now() + 1_000);

  const [first, second] = [await room.send("one"), await room.send("two")];
  const forwarded = await first.forward(channel);
  assert.equal(forwarded.messageSnapshots.first().content, "one");
  heard = next(Events.MessageBulkDelete);
  await room.bulkDelete([first, second]);
  assert.deepEqual([...(await heard)[0].keys()].sort(), [first.id, second.id].sort());

  const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  heard = next(Events.GuildEmojiCreate);
  const emoji = await guild.emojis.create({ attachment: pixel, name: "pixel" });
  assert.equal((await heard)[0].id, emoji.id);
  await forwarded.react(emoji);
  assert.equal((await forwarded.fetch(true)).reactions.cache.get(emoji.id).count, 1);
  await forwarded.reactions.removeAll();
  await emoji.delete();

  const news = guild.channels.cache.find((it) => it.type === ChannelType.GuildAnnouncement);
  await news.permissionOverwrites.edit(client.user, { SendMessages: true });
  const announced = await news.send("News");
  await announced.crosspost();
  assert.ok((await announced.fetch(true)).flags.has(MessageFlags.Crossposted));

  heard = next(Events.ChannelDelete);
  await room.delete();
  assert.equal((await heard)[0].id, room.id);
  assert.equal((await guild.edit({ description: "A square" })).description, "A square");
}

/** People come, show themselves, speak, and leave. */
async function comings() {
  const guest = await control("POST", "/users", { username: "guest" });
  let heard = next(Events.GuildMemberAdd);
  await control("POST", `/guilds/${guild.id}/members`, { user_id: guest.id });
  assert.equal((await heard)[0].user.username, "guest");
  heard = next(Events.PresenceUpdate, (_, now) => now.userId === guest.id && now.status === "idle");
  await control("PUT", `/users/${guest.id}/presence`, { status: "idle" });
  await heard;
  heard = next(Events.TypingStart, (typing) => typing.user.id === guest.id);
  await control("POST", `/channels/${channel.id}/typing`, { as: guest.id });
  assert.equal((await heard)[0].channel.id, channel.id);
  const voice = guild.channels.cache.find((it) => it.type === ChannelType.GuildVoice);
  heard = next(Events.VoiceStateUpdate, (_, now) => now.id === guest.id && now.channelId === voice.id);
  await control("PUT", `/guilds/${guild.id}/members/${guest.id}/voice`, { channel_id: voice.id });
  await heard;
  assert.ok(voice.members.has(guest.id));
  heard = next(Events.VoiceStateUpdate, (_, now) => now.id === guest.id && now.channelId === null);
  await guild.members.cache.get(guest.id).voice.disconnect();
  await heard;
  heard = next(Events.GuildMemberRemove);
  await control("DELETE", `/guilds/${guild.id}/members/${guest.id}`);
  assert.equal((await heard)[0].id, guest.id);
  client.user.setPresence({ status: "dnd", activities: [{ name: "the hall", type: discord.ActivityType.Watching }] });
}

async function refusals() {
  const owner = await guild.members.fetch(ada);
  for (const act of [() => owner.kick(), () => owner.ban(), () => owner.timeout(60_000)]) {
    const error = await refused(act());
    assert.deepEqual([error.status, error.code, error.message], [403, 50_013, "Missing Permissions"]);
  }
  let error = await refused(channel.send("x".repeat(2_001)));
  assert.deepEqual([error.status, error.code], [400, 50_035]);
  assert.equal(error.rawError.errors.content._errors[0].code, "BASE_TYPE_MAX_LENGTH");
  assert.match(error.message, /content\[BASE_TYPE_MAX_LENGTH\]: Must be 2000 or fewer in length\./);
  error = await refused(channel.send({ embeds: [{ title: "ok" }, { title: "t".repeat(257) }] }));
  assert.match(error.message, /embeds\[1\]\.title\[BASE_TYPE_MAX_LENGTH\]/);
  error = await refused(channel.messages.fetch("1"));
  assert.deepEqual([error.status, error.code], [404, 10_008]);
  error = await refused(channel.send({ content: "" }));
  assert.equal(error.code, 50_006);
}

async function limits() {
  const { limits } = await control("GET", "/limits");
  await control("PUT", "/limits", { ...limits, message_create: { limit: 5, per_ms: 1_000 } });
  const before = (await control("GET", "/state")).invalid_requests;
  const words = Array.from({ length: 12 }, (_, index) => `burst ${index}`);
  limited = 0;
  await Promise.all(words.map((word) => channel.send(word)));
  const last = await channel.messages.fetch({ limit: 12 });
  assert.deepEqual(last.map((message) => message.content).reverse(), words);
  assert.ok(limited > 0, "the library was never told to wait");
  assert.equal((await control("GET", "/state")).invalid_requests, before);
  told.waited = limited;
}

async function resumption() {
  const heard = next(Events.MessageCreate, (message) => message.content === "while you were away");
  const resumed = next(Events.ShardResume);
  // Deaf first, so that the event cannot come before the socket ends.
  await control("POST", "/gateway/silence");
  await says("while you were away");
  await control("POST", "/gateway/drop");
  const [, replayed] = await resumed;
  await heard;
  const after = next(Events.MessageCreate, (message) => message.content === "and now you are back");
  await says("and now you are back");
  await after;
  assert.equal(seen.filter((content) => content === "while you were away").length, 1);
  assert.ok(replayed >= 1);
  assert.equal(ready, 1, "the session was lost");
  told.replayed = replayed;

  const again = next(Events.ShardResume);
  await control("POST", "/gateway/reconnect");
  await again;
  const anew = next(Events.ShardReady);
  await control("POST", "/gateway/invalidate");
  await anew;
}

const acts = (body) => control("POST", "/interactions", { as: newcomer, channel_id: channel.id, ...body });

async function interactions() {
  const command = await guild.commands.create({
    name: "ask",
    description: "Ask the hall",
    options: [{ type: 3, name: "what", description: "About what", required: true, max_length: 100 }],
  });
  assert.ok((await guild.commands.fetch()).has(command.id));

  let came = next(Events.InteractionCreate);
  await acts({
    type: 2, application_id: client.user.id,
    data: { name: "ask", options: [{ type: 3, name: "what", value: "tea" }] },
  });
  let [interaction] = await came;
  assert.ok(interaction.isChatInputCommand());
  assert.equal(interaction.options.getString("what"), "tea");
  assert.equal(interaction.user.id, newcomer);
  const buttons = new ActionRowBuilder().addComponents(
    new ButtonBuilder().setCustomId("more").setLabel("More").setStyle(ButtonStyle.Primary),
    new ButtonBuilder().setURL("https://example.com").setLabel("Read").setStyle(ButtonStyle.Link),
  );
  const menu = new ActionRowBuilder().addComponents(new StringSelectMenuBuilder().setCustomId("kind")
    .addOptions({ label: "green", value: "green" }, { label: "black", value: "black" }));
  const { resource } = await interaction.reply({
    content: "Tea is good.", components: [buttons, menu], withResponse: true,
  });
  assert.equal(resource.message.interactionMetadata.user.id, newcomer);
  await interaction.editReply("Tea is very good.");
  assert.equal((await interaction.fetchReply()).content, "Tea is very good.");
  await interaction.followUp({ content: "Just for you", flags: MessageFlags.Ephemeral });
  assert.equal((await refused(answerAgain(interaction))).code, 40_060);

  const on = { type: 3, message_id: resource.message.id };
  came = next(Events.InteractionCreate);
  await acts({ ...on, data: { component_type: 3, custom_id: "kind", values: ["black"] } });
  [interaction] = await came;
  assert.ok(interaction.isStringSelectMenu());
  assert.deepEqual(interaction.values, ["black"]);
  await interaction.deferUpdate();
  await interaction.editReply({ content: "Black tea." });

  came = next(Events.InteractionCreate);
  const pressed = await acts({ ...on, data: { component_type: 2, custom_id: "more" } });
  [interaction] = await came;
  assert.ok(interaction.isButton());
  assert.equal(interaction.message.content, "Black tea.");
  await interaction.showModal(new ModalBuilder().setCustomId("why").setTitle("Why?").addComponents(
    new ActionRowBuilder().addComponents(new TextInputBuilder().setCustomId("reason").setLabel("Reason")
      .setStyle(TextInputStyle.Paragraph)),
  ));

  came = next(Events.InteractionCreate);
  await acts({
    type: 5, interaction_id: pressed.id,
    data: { custom_id: "why", components: [{ type: 1, components: [{ type: 4, custom_id: "reason", value: "thirst" }] }] },
  });
  [interaction] = await came;
  assert.ok(interaction.isModalSubmit() && interaction.isFromMessage());
  assert.equal(interaction.fields.getTextInputValue("reason"), "thirst");
  await interaction.update({ content: "Noted: thirst.", components: [] });
  assert.equal((await channel.messages.fetch({ message: on.message_id, force: true })).content, "Noted: thirst.");

  came = next(Events.InteractionCreate);
  await acts({
    type: 2, application_id: client.user.id,
    data: { name: "ask", options: [{ type: 3, name: "what", value: "time" }] },
  });
  [interaction] = await came;
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const settled = await interaction.editReply("Later.");
  assert.ok(settled.flags.has(MessageFlags.Ephemeral));
  await command.delete();
}

/** A second first answer, past the library's own guard. */
const answerAgain = ({ id, token }) =>
  client.rest.post(discord.Routes.interactionCallback(id, token), { body: { type: 6 }, auth: false });

/** Numbers that are the same on every run. */
function* numbers(seed) {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state;
  }
}

/** Random roles and overwrites, and what the library makes of them. */
async function permissions() {
  const random = numbers(7);
  const bits = Object.values(PermissionFlagsBits).filter((bit) => bit !== PermissionFlagsBits.Administrator);
  const some = () => bits.filter(() => random.next().value % 1_000 < 200).reduce((all, bit) => all | bit, 0n);
  const people = [...(await guild.members.fetch()).values()];
  const roles = [];
  for (let round = 0; round < 5; round += 1) {
    roles.push(await guild.roles.create({ name: `random-${round}`, permissions: some() }));
  }
  const crowned = next(Events.GuildRoleCreate, (role) => role.name === "crown");
  await control("POST", `/guilds/${guild.id}/roles`, { name: "crown", permissions: "8" });
  const [crown] = await crowned;
  for (const [index, member] of people.filter(({ id }) => id !== client.user.id).entries()) {
    const given = index === 1 ? [crown] : roles.filter(() => random.next().value % 1_000 < 400);
    for (const role of given) {
      const told = next(Events.GuildMemberUpdate, (_, { id, roles }) => id === member.id && roles.cache.has(role.id));
      await member.roles.add(role);
      await told;
    }
  }
  const targets = [
    ...guild.roles.cache.map((role) => ({ id: role.id, type: 0 })),
    ...people.map((member) => ({ id: member.id, type: 1 })),
  ];
  const made = [];
  for (let round = 0; round < scene.rounds; round += 1) {
    const overwrites = targets.filter(() => random.next().value % 1_000 < 500).map((target) => {
      // Only administrators touch this bit in a channel that they make.
      const allow = some() & ~PermissionFlagsBits.ManageRoles;
      return { ...target, allow, deny: some() & ~PermissionFlagsBits.ManageRoles & ~allow };
    });
    // The bot has to see what it made, and to be able to set what it lacks.
    overwrites.unshift({ id: client.user.id, type: 1, allow: guild.members.me.permissions.bitfield & ~PermissionFlagsBits.ManageRoles, deny: 0n });
    const unique = overwrites.filter((it, index) => overwrites.findIndex((other) => other.id === it.id) === index);
    const place = await guild.channels.create({ name: `random-${round}`, permissionOverwrites: unique });
    made.push(place);
    if (round % 4 === 0) {
      made.push(await place.threads.create({ name: "aside", type: ChannelType.PublicThread }));
    }
  }
  told.permissions = made.flatMap((place) => people.map((member) => ({
    channel: place.id, thread: place.isThread(), user: member.id, bits: String(place.permissionsFor(member).bitfield),
  })));
}

for (const chapter of [
  caches, conversation, threads, filesAndEmbeds, moderation, furniture, comings, refusals, limits, resumption,
  interactions, permissions,
]) {
  try {
    await chapter();
  } catch (error) {
    error.message = `${chapter.name}: ${error.message}`;
    throw error;
  }
}
await client.destroy();
console.log(JSON.stringify(told));
