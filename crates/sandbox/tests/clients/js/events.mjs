// What is going on: scheduled events and who is interested, stages, sounds.
import assert from "node:assert/strict";
import { PIXEL, control, discord, story } from "./stage.mjs";

const {
  ChannelType, Events, GuildScheduledEventEntityType: Entity, GuildScheduledEventPrivacyLevel: Privacy,
  GuildScheduledEventRecurrenceRuleFrequency: Frequency, GuildScheduledEventRecurrenceRuleWeekday: Weekday,
  GuildScheduledEventStatus: Status, Routes, StageInstancePrivacyLevel,
} = discord;
const HOUR_MS = 3_600_000;

await story(async (stage) => {
  const { client, guild, people, step, hears, refused } = stage;
  const tomorrow = Date.now() + 24 * HOUR_MS;
  const interest = (event) => `/guilds/${guild.id}/scheduled-events/${event.id}/users/@me`;
  let fair, lectures;

  await step("an event elsewhere is planned, with a picture, and told to everyone", async () => {
    const [[heard], made] = await hears(Events.GuildScheduledEventCreate, undefined, () => guild.scheduledEvents.create({
      name: "Fair", description: "Come", scheduledStartTime: tomorrow, scheduledEndTime: tomorrow + HOUR_MS,
      privacyLevel: Privacy.GuildOnly, entityType: Entity.External, entityMetadata: { location: "the green" },
      image: PIXEL, reason: "summer",
    }));
    fair = made;
    assert.deepEqual([heard.id, made.name, made.entityMetadata.location], [made.id, "Fair", "the green"]);
    assert.deepEqual([made.status, made.creatorId, made.scheduledStartTimestamp], [Status.Scheduled, client.user.id, tomorrow]);
    assert.ok(made.coverImageURL());
  });

  await step("people are interested, are counted and listed, and change their minds", async () => {
    const [[event, user]] = await hears(Events.GuildScheduledEventUserAdd, undefined,
      () => control("PUT", interest(fair), { as: people.newcomer }));
    assert.deepEqual([event.id, user.id], [fair.id, people.newcomer]);
    const subscribers = await fair.fetchSubscribers({ withMember: true });
    assert.equal(subscribers.get(people.newcomer).member.user.username, "newcomer");
    const read = await guild.scheduledEvents.fetch({ guildScheduledEvent: fair.id, withUserCount: true, force: true });
    assert.equal(read.userCount, 1);
    await hears(Events.GuildScheduledEventUserRemove, undefined, () => control("DELETE", interest(fair), { as: people.newcomer }));
  });

  await step("an event is changed, begins, ends and is gone", async () => {
    const [[, now]] = await hears(Events.GuildScheduledEventUpdate, (_, { name }) => name === "Great fair",
      () => fair.edit({ name: "Great fair", entityMetadata: { location: "the hall" } }));
    assert.equal(now.entityMetadata.location, "the hall");
    await hears(Events.GuildScheduledEventUpdate, (_, it) => it.isActive(), () => fair.setStatus(Status.Active));
    await hears(Events.GuildScheduledEventUpdate, (_, it) => it.isCompleted(), () => fair.setStatus(Status.Completed));
    const voice = guild.channels.cache.find(({ type }) => type === ChannelType.GuildVoice);
    const concert = await guild.scheduledEvents.create({
      name: "Concert", scheduledStartTime: tomorrow, privacyLevel: Privacy.GuildOnly, entityType: Entity.Voice, channel: voice,
      recurrenceRule: { startAt: new Date(tomorrow), frequency: Frequency.Weekly, interval: 1, byWeekday: [new Date(tomorrow).getUTCDay() === 0 ? Weekday.Sunday : new Date(tomorrow).getUTCDay() - 1] },
    });
    assert.deepEqual([concert.channelId, concert.recurrenceRule.frequency], [voice.id, Frequency.Weekly]);
    assert.ok((await guild.scheduledEvents.fetch()).has(concert.id));
    const [[gone]] = await hears(Events.GuildScheduledEventDelete, ({ id }) => id === concert.id,
      () => control("DELETE", `/guilds/${guild.id}/scheduled-events/${concert.id}`));
    assert.equal(gone.name, "Concert");
  });

  await step("an event in the past is refused", async () => {
    const event = { name: "Then", scheduledStartTime: Date.now() - HOUR_MS, scheduledEndTime: tomorrow, privacyLevel: Privacy.GuildOnly, entityType: Entity.External, entityMetadata: { location: "gone" } };
    const error = await refused(guild.scheduledEvents.create(event), 400, 50_035);
    assert.ok(error.rawError.errors.scheduled_start_time);
  });

  await step("a stage opens, takes another topic and closes", async () => {
    lectures = await guild.channels.create({ name: "lectures", type: ChannelType.GuildStageVoice });
    const [[heard], opened] = await hears(Events.StageInstanceCreate, undefined,
      () => lectures.createStageInstance({ topic: "Tea", privacyLevel: StageInstancePrivacyLevel.GuildOnly }));
    assert.deepEqual([heard.id, opened.topic, opened.channelId], [opened.id, "Tea", lectures.id]);
    const [[, now]] = await hears(Events.StageInstanceUpdate, (_, { topic }) => topic === "Coffee", () => opened.setTopic("Coffee"));
    assert.equal(now.topic, "Coffee");
    assert.equal((await guild.stageInstances.fetch(lectures)).topic, "Coffee");
  });

  await step("a listener asks to speak, and is let onto the stage", async () => {
    const own = `/guilds/${guild.id}/members/${people.newcomer}/voice`;
    const state = (fits) => (_, now) => now.id === people.newcomer && fits(now);
    await hears(Events.VoiceStateUpdate, state(({ suppress }) => suppress), () => control("PUT", own, { channel_id: lectures.id }));
    const asking = { as: people.newcomer, channel_id: lectures.id, request_to_speak_timestamp: new Date().toISOString() };
    await hears(Events.VoiceStateUpdate, state(({ requestToSpeakTimestamp }) => requestToSpeakTimestamp !== null),
      () => control("PATCH", `/guilds/${guild.id}/voice-states/@me`, asking));
    await hears(Events.VoiceStateUpdate, state(({ suppress }) => !suppress), () => guild.voiceStates.cache.get(people.newcomer).setSuppressed(false));
    await hears(Events.VoiceStateUpdate, state(({ channelId }) => channelId === null), () => control("PUT", own, { channel_id: null }));
  });

  await step("the stage closes", async () => {
    const [[closed]] = await hears(Events.StageInstanceDelete, undefined, () => control("DELETE", `/stage-instances/${lectures.id}`, { as: people.ada }));
    assert.equal(closed.topic, "Coffee");
    await refused(client.rest.get(Routes.stageInstance(lectures.id)), 404, 10_067);
  });

  await step("a sound is added, renamed, played and removed", async () => {
    // The shortest thing that says it is an MP3.
    const file = Buffer.concat([Buffer.from("ID3\u0003\u0000\u0000\u0000\u0000\u0000\u0000"), Buffer.alloc(400)]);
    const [[heard], sound] = await hears(Events.GuildSoundboardSoundCreate, undefined,
      () => guild.soundboardSounds.create({ file, contentType: "audio/mpeg", name: "bell", volume: 0.5, emojiName: "🔔", reason: "noise" }));
    assert.deepEqual([heard.soundId, sound.name, sound.volume, sound.emoji.name], [sound.soundId, "bell", 0.5, "🔔"]);
    await hears(Events.GuildSoundboardSoundUpdate, (_, { name }) => name === "gong", () => sound.edit({ name: "gong" }));
    assert.deepEqual([...(await guild.soundboardSounds.fetch()).keys()], [sound.soundId]);
    const asked = await client.guilds.fetchSoundboardSounds({ guildIds: [guild.id] });
    assert.ok(asked.get(guild.id).has(sound.soundId));
    assert.ok((await client.fetchDefaultSoundboardSounds()).size > 0);
    await hears(Events.GuildSoundboardSoundDelete, ({ soundId }) => soundId === sound.soundId,
      () => control("DELETE", `/guilds/${guild.id}/soundboard-sounds/${sound.soundId}`));
  });

  await step("a sound is played in voice, and everyone there hears of it", async () => {
    const voice = guild.channels.cache.find(({ type }) => type === ChannelType.GuildVoice);
    const entering = { op: 4, d: { guild_id: guild.id, channel_id: voice.id, self_mute: false, self_deaf: false } };
    await hears(Events.VoiceStateUpdate, (_, { id, channelId }) => id === client.user.id && channelId === voice.id,
      () => guild.shard.send(entering));
    const [[effect]] = await hears(Events.VoiceChannelEffectSend, undefined, async () =>
      voice.sendSoundboardSound((await client.fetchDefaultSoundboardSounds()).first()));
    assert.deepEqual([effect.userId, effect.channelId], [client.user.id, voice.id]);
    const [[, renamed]] = await hears(Events.ChannelUpdate, undefined, () => voice.setName("parlour"));
    assert.equal(renamed.name, "parlour");
  });
});
