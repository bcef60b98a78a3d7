// What makes a guild a community: AutoMod, stickers, onboarding, welcome, widget, templates, search.
import assert from "node:assert/strict";
import { PIXEL, ask, control, discord, story } from "./stage.mjs";

const {
  AutoModerationActionType: Effect, AutoModerationRuleEventType, AutoModerationRuleTriggerType: Trigger, Events, GuildFeature,
  GuildOnboardingMode, GuildOnboardingPromptType, RESTJSONErrorCodes, Routes,
} = discord;

await story(async (stage) => {
  const { client, guild, channel, people, step, hears, says, refused } = stage;
  const named = (name) => guild.channels.cache.find((it) => it.name === name);

  await step("a rule blocks what it names, warns the moderators and silences", async () => {
    const [[heard], rule] = await hears(Events.AutoModerationRuleCreate, undefined, () => guild.autoModerationRules.create({
      name: "no weeds", eventType: AutoModerationRuleEventType.MessageSend, triggerType: Trigger.Keyword, enabled: true,
      triggerMetadata: { keywordFilter: ["thistle*"], allowList: ["thistledown"] },
      actions: [
        { type: Effect.BlockMessage, metadata: { customMessage: "Not here." } },
        { type: Effect.SendAlertMessage, metadata: { channel: named("moderators") } },
        { type: Effect.Timeout, metadata: { durationSeconds: 60 } },
      ],
      reason: "gardening",
    }));
    assert.deepEqual([heard.id, rule.triggerMetadata.keywordFilter[0], rule.actions.length], [rule.id, "thistle*", 3]);
    const acted = [];
    const note = (execution) => acted.push(execution.action.type);
    client.on(Events.AutoModerationActionExecution, note);
    const silenced = stage.next(Events.GuildMemberUpdate, (_, now) => now.id === people.newcomer && now.isCommunicationDisabled());
    const [status, answer] = await ask("POST", `/channels/${channel.id}/messages`, { as: people.newcomer, content: "look, a thistle" });
    assert.deepEqual([status, answer.code], [400, 200_000]);
    await silenced;
    client.off(Events.AutoModerationActionExecution, note);
    assert.ok(acted.includes(Effect.BlockMessage) && acted.includes(Effect.Timeout), String(acted));
    await guild.members.cache.get(people.newcomer).timeout(null);
    await hears(Events.AutoModerationRuleUpdate, (_, { enabled }) => !enabled, () => rule.setEnabled(false));
    assert.ok((await guild.autoModerationRules.fetch()).has(rule.id));
    await hears(Events.AutoModerationRuleDelete, ({ id }) => id === rule.id, () => control("DELETE", `/guilds/${guild.id}/auto-moderation/rules/${rule.id}`));
    await says("newcomer", "a thistle at last");
  });

  await step("a sticker is drawn, sent, renamed and deleted", async () => {
    const picture = Buffer.from(PIXEL);
    const [[heard], sticker] = await hears(Events.GuildStickerCreate, undefined,
      () => guild.stickers.create({ file: { attachment: picture, name: "dot.png" }, name: "dot", tags: "wave", description: "a dot" }));
    assert.deepEqual([heard.id, sticker.name, sticker.tags], [sticker.id, "dot", "wave"]);
    const sent = await channel.send({ stickers: [sticker] });
    assert.equal(sent.stickers.first().name, "dot");
    await hears(Events.GuildStickerUpdate, (_, { name }) => name === "point", () => sticker.edit({ name: "point" }));
    assert.equal((await sticker.fetchUser()).id, client.user.id);
    await hears(Events.GuildStickerDelete, ({ id }) => id === sticker.id, () => control("DELETE", `/guilds/${guild.id}/stickers/${sticker.id}`));
  });

  await step("the guild becomes a community, with a screen that welcomes", async () => {
    await guild.edit({
      features: [GuildFeature.Community], rulesChannel: named("rules"), publicUpdatesChannel: named("moderators"),
      verificationLevel: 1, explicitContentFilter: 2,
    });
    assert.ok((await guild.fetch()).features.includes(GuildFeature.Community));
    const screen = await guild.editWelcomeScreen({
      enabled: true, description: "Come in", welcomeChannels: [{ channel: channel.id, description: "Talk", emoji: "💬" }],
    });
    assert.equal(screen.welcomeChannels.first().description, "Talk");
    assert.equal((await guild.fetchWelcomeScreen()).description, "Come in");
  });

  await step("newcomers are asked what they are here for", async () => {
    const helpers = guild.roles.cache.find(({ name }) => name === "helpers");
    const open = guild.channels.cache.filter((it) => it.type === 0 && it.permissionsFor(guild.roles.everyone).has(1n << 10n));
    const before = await guild.fetchOnboarding();
    assert.equal(before.guildId, guild.id);
    const now = await guild.editOnboarding({
      enabled: false, mode: GuildOnboardingMode.OnboardingAdvanced, defaultChannels: [...open.keys()],
      prompts: [{
        title: "What brings you here?", type: GuildOnboardingPromptType.MultipleChoice, singleSelect: true, required: true, inOnboarding: true,
        options: [{ title: "To help", emoji: "🛟", roles: [helpers.id], channels: [] }],
      }],
    });
    const prompt = now.prompts.first();
    assert.deepEqual([prompt.title, prompt.options.first().title, prompt.options.first().roles.has(helpers.id)], ["What brings you here?", "To help", true]);
  });

  await step("the widget shows who is there to those who are not", async () => {
    await refused(guild.fetchWidget(), 403, RESTJSONErrorCodes.WidgetDisabled ?? 50_004);
    await guild.setWidgetSettings({ enabled: true, channel });
    const settings = await guild.fetchWidgetSettings();
    assert.deepEqual([settings.enabled, settings.channel.id], [true, channel.id]);
    const widget = await client.fetchGuildWidget(guild.id);
    assert.equal(widget.name, guild.name);
    assert.ok(widget.presenceCount >= 1 && widget.instantInvite);
  });

  await step("a template is made, read, synchronised and deleted", async () => {
    const template = await guild.createTemplate("square", "How it was");
    assert.equal((await client.fetchGuildTemplate(template.code)).serializedGuild.name, guild.name);
    await guild.channels.create({ name: "after-the-template" });
    assert.equal((await template.sync()).unSynced, false);
    assert.equal((await template.edit({ name: "copy" })).name, "copy");
    assert.ok((await guild.fetchTemplates()).has(template.code));
    await template.delete();
    await refused(client.fetchGuildTemplate(template.code), 404, 10_057);
  });

  await step("integrations, the preview and the regions of voice are read", async () => {
    const integrations = await guild.fetchIntegrations();
    assert.ok(integrations.some(({ application }) => application?.id === client.application.id));
    assert.ok((await client.fetchVoiceRegions()).size > 0);
    assert.equal((await client.fetchStickerPacks()).size >= 0, true);
  });

  await step("messages are searched", async () => {
    await says("artist", "a rare word: quokka");
    const found = await client.rest.get(`/guilds/${guild.id}/messages/search`, { query: new URLSearchParams({ content: "quokka" }) });
    assert.deepEqual([found.total_results, found.messages[0][0].content], [1, "a rare word: quokka"]);
  });

  await step("an application keeps emojis, entitlements and a face of its own", async () => {
    const { application } = client;
    const emoji = await application.emojis.create({ attachment: PIXEL, name: "app_dot" });
    assert.ok((await application.emojis.fetch()).has(emoji.id));
    await emoji.delete();
    assert.equal((await application.edit({ description: "Keeps the hall" })).description, "Keeps the hall");
    assert.equal((await application.entitlements.fetch()).size, 0);
    const before = client.user.username;
    await client.user.setUsername("keeper");
    assert.equal((await client.rest.get(Routes.user())).username, "keeper");
    await client.user.setUsername(before);
  });

  await step("invites and members are paused in an incident", async () => {
    const until = new Date(Date.now() + 3_600_000);
    const actions = await guild.setIncidentActions({ invitesDisabledUntil: until, dmsDisabledUntil: null });
    assert.equal(actions.invitesDisabledUntil.getTime(), until.getTime());
  });
});
