// What people press, choose, fill in and ask for, and how a bot answers them.
import assert from "node:assert/strict";
import { control, discord, scene, story } from "./stage.mjs";

const {
  ActionRowBuilder, ApplicationCommandOptionType: Option, ApplicationCommandType, ButtonBuilder, ButtonStyle, ChannelSelectMenuBuilder,
  ComponentType, ContextMenuCommandBuilder, Events, MentionableSelectMenuBuilder, MessageFlags, ModalBuilder, PermissionFlagsBits,
  RoleSelectMenuBuilder, Routes, SlashCommandBuilder, StringSelectMenuBuilder, TextInputBuilder, TextInputStyle, UserSelectMenuBuilder,
} = discord;

await story(async (stage) => {
  const { client, guild, channel, people, step, next, refused } = stage;
  const application_id = client.user.id;
  let shown;

  /** The newcomer acts; what the bot hears of it, and the id of the act. */
  async function acts(body) {
    const coming = next(Events.InteractionCreate);
    const { id } = await control("POST", "/interactions", { as: people.newcomer, channel_id: channel.id, ...body });
    const [interaction] = await coming;
    assert.deepEqual([interaction.id, interaction.user.id], [id, people.newcomer]);
    return interaction;
  }
  const runs = (name, options, more) => acts({ type: 2, application_id, data: { name, options, ...more } });
  const presses = (data) => acts({ type: 3, message_id: shown.id, data });
  const text = (name, value) => ({ type: 3, name, value });

  await step("commands of every kind are registered, read and changed", async () => {
    const ask = new SlashCommandBuilder().setName("ask").setDescription("Ask the hall")
      .addStringOption((it) => it.setName("what").setDescription("About what").setRequired(true).setMaxLength(100).setAutocomplete(true))
      .addIntegerOption((it) => it.setName("times").setDescription("How often").setMinValue(1).setMaxValue(5))
      .addBooleanOption((it) => it.setName("loud").setDescription("Aloud"))
      .addUserOption((it) => it.setName("whom").setDescription("Whom"))
      .addChannelOption((it) => it.setName("where").setDescription("Where"))
      .addRoleOption((it) => it.setName("role").setDescription("Which role"))
      .addNumberOption((it) => it.setName("weight").setDescription("How heavy"));
    const desk = new SlashCommandBuilder().setName("desk").setDescription("The front desk")
      .addSubcommandGroup((it) => it.setName("key").setDescription("Keys").addSubcommand((sub) =>
        sub.setName("lend").setDescription("Lend one").addStringOption((door) => door.setName("door").setDescription("Of which")
          .addChoices({ name: "Front", value: "front" }, { name: "Back", value: "back" }))));
    const look = new ContextMenuCommandBuilder().setName("Look closer").setType(ApplicationCommandType.Message);
    const greet = new ContextMenuCommandBuilder().setName("Greet").setType(ApplicationCommandType.User);
    const made = await guild.commands.set([ask, desk, look, greet]);
    assert.equal(made.size, 4);
    const command = made.find(({ name }) => name === "ask");
    assert.deepEqual(command.options.map(({ type }) => type), [
      Option.String, Option.Integer, Option.Boolean, Option.User, Option.Channel, Option.Role, Option.Number,
    ]);
    assert.equal((await command.edit({ description: "Ask anything" })).description, "Ask anything");
    assert.equal((await guild.commands.fetch(command.id)).description, "Ask anything");
    const global = await client.application.commands.create({ name: "help", description: "Help", defaultMemberPermissions: [PermissionFlagsBits.KickMembers] });
    assert.ok((await client.application.commands.fetch()).has(global.id));
    await global.delete();
    assert.equal((await client.application.commands.fetch()).size, 0);
  });

  await step("while someone types, choices are offered", async () => {
    const typing = await acts({ type: 4, application_id, data: { name: "ask", options: [{ ...text("what", "te"), focused: true }] } });
    assert.ok(typing.isAutocomplete());
    assert.deepEqual([typing.commandName, typing.options.getFocused()], ["ask", "te"]);
    await typing.respond([{ name: "Tea", value: "tea" }, { name: "Temper", value: "temper" }]);
  });

  await step("a slash command carries options of every type, with what they stand for", async () => {
    const role = guild.roles.cache.find(({ name }) => name === "helpers");
    const interaction = await runs("ask", [
      text("what", "tea"), { type: 4, name: "times", value: 3 }, { type: 5, name: "loud", value: true },
      { type: 6, name: "whom", value: people.ada }, { type: 7, name: "where", value: channel.id },
      { type: 8, name: "role", value: role.id }, { type: 10, name: "weight", value: 2.5 },
    ]);
    assert.ok(interaction.isChatInputCommand() && interaction.inCachedGuild());
    const { options } = interaction;
    assert.deepEqual([options.getString("what"), options.getInteger("times"), options.getBoolean("loud"), options.getNumber("weight")], ["tea", 3, true, 2.5]);
    assert.deepEqual([options.getMember("whom").id, options.getUser("whom").username], [people.ada, "ada"]);
    assert.deepEqual([options.getChannel("where").id, options.getRole("role").id], [channel.id, role.id]);
    assert.ok(interaction.memberPermissions.has(PermissionFlagsBits.SendMessages));
    assert.ok(interaction.appPermissions.has(PermissionFlagsBits.ManageChannels));
    assert.equal(interaction.locale, "en-US");
    const rows = [
      new ActionRowBuilder().addComponents(
        new ButtonBuilder().setCustomId("more").setLabel("More").setStyle(ButtonStyle.Primary).setEmoji("🍵"),
        new ButtonBuilder().setCustomId("never").setLabel("Never").setStyle(ButtonStyle.Danger).setDisabled(true),
        new ButtonBuilder().setURL("https://example.com").setLabel("Read").setStyle(ButtonStyle.Link)),
      new ActionRowBuilder().addComponents(new StringSelectMenuBuilder().setCustomId("kind").setMaxValues(2)
        .addOptions({ label: "green", value: "green" }, { label: "black", value: "black" })),
      new ActionRowBuilder().addComponents(new UserSelectMenuBuilder().setCustomId("who")),
      new ActionRowBuilder().addComponents(new RoleSelectMenuBuilder().setCustomId("which")),
      new ActionRowBuilder().addComponents(new ChannelSelectMenuBuilder().setCustomId("place")),
    ];
    const { resource } = await interaction.reply({ content: "Tea is good.", components: rows, withResponse: true });
    shown = resource.message;
    assert.equal(shown.interactionMetadata.user.id, people.newcomer);
    assert.equal(shown.components[0].components[0].customId, "more");
  });

  await step("the answer is edited, read and followed up, also for one person alone", async () => {
    const interaction = await runs("ask", [text("what", "cake")]);
    await interaction.reply("Cake is good.");
    assert.equal((await interaction.editReply("Cake is very good.")).content, "Cake is very good.");
    assert.equal((await interaction.fetchReply()).content, "Cake is very good.");
    const aside = await interaction.followUp({ content: "Just for you", flags: MessageFlags.Ephemeral });
    assert.ok(aside.flags.has(MessageFlags.Ephemeral));
    const more = await interaction.followUp({ content: "And", files: [{ attachment: Buffer.from("recipe"), name: "recipe.txt" }] });
    assert.equal(more.attachments.first().name, "recipe.txt");
    await interaction.webhook.editMessage(more, "And a recipe");
    await interaction.deleteReply(more);
    await interaction.deleteReply();
    await refused(interaction.fetchReply(), 404, 10_008);
    await refused(channel.messages.fetch({ message: aside.id, force: true }), 404, 10_008);
  });

  await step("a second first answer is refused", async () => {
    const { id, token } = await runs("ask", [text("what", "tea")]).then(async (it) => (await it.reply("Yes."), it));
    const again = client.rest.post(Routes.interactionCallback(id, token), { body: { type: 6 }, auth: false });
    await refused(again, 400, 40_060);
    const unknown = client.rest.post(Routes.interactionCallback("1", "nothing"), { body: { type: 6 }, auth: false });
    await refused(unknown, 404, 10_062);
  });

  await step("a deferred answer comes later, for one person or for all", async () => {
    const interaction = await runs("ask", [text("what", "time")]);
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    const settled = await interaction.editReply("Later.");
    assert.ok(settled.flags.has(MessageFlags.Ephemeral));
    const slow = await runs("ask", [text("what", "weather")]);
    const { interaction: callback } = await slow.deferReply({ withResponse: true });
    assert.deepEqual([callback.responseMessageLoading, callback.responseMessageEphemeral], [true, false]);
    const thinking = await channel.messages.fetch({ message: callback.responseMessageId, force: true });
    assert.ok(thinking.flags.has(MessageFlags.Loading));
    await slow.editReply("Rain.");
    const told = await channel.messages.fetch({ message: callback.responseMessageId, force: true });
    assert.deepEqual([told.content, told.flags.has(MessageFlags.Loading)], ["Rain.", false]);
  });

  await step("a subcommand in a group is told apart", async () => {
    const lend = { type: 1, name: "lend", options: [text("door", "back")] };
    const interaction = await runs("desk", [{ type: 2, name: "key", options: [lend] }]);
    assert.deepEqual([interaction.options.getSubcommandGroup(), interaction.options.getSubcommand(), interaction.options.getString("door")], ["key", "lend", "back"]);
    await interaction.reply("Here.");
  });

  await step("a command is run on a message, and on a person", async () => {
    const looked = await runs("Look closer", undefined, { type: 3, target_id: shown.id });
    assert.ok(looked.isMessageContextMenuCommand());
    assert.equal(looked.targetMessage.id, shown.id);
    await looked.reply("I see.");
    const greeted = await runs("Greet", undefined, { type: 2, target_id: people.artist });
    assert.ok(greeted.isUserContextMenuCommand());
    assert.equal(greeted.targetUser.username, "artist");
    await greeted.reply("Hello!");
  });

  await step("every kind of menu brings what was chosen", async () => {
    const role = guild.roles.cache.find(({ name }) => name === "helpers");
    let chosen = await presses({ component_type: ComponentType.StringSelect, custom_id: "kind", values: ["black", "green"] });
    assert.deepEqual([chosen.isStringSelectMenu(), chosen.values], [true, ["black", "green"]]);
    await chosen.deferUpdate();
    await chosen.editReply({ content: "Black tea." });
    chosen = await presses({ component_type: ComponentType.UserSelect, custom_id: "who", values: [people.artist] });
    assert.equal(chosen.users.get(people.artist).username, "artist");
    await chosen.deferUpdate();
    chosen = await presses({ component_type: ComponentType.RoleSelect, custom_id: "which", values: [role.id] });
    assert.equal(chosen.roles.get(role.id).name, "helpers");
    await chosen.deferUpdate();
    chosen = await presses({ component_type: ComponentType.ChannelSelect, custom_id: "place", values: [channel.id] });
    assert.equal(chosen.channels.get(channel.id).name, channel.name);
    await chosen.reply({ content: "There.", flags: MessageFlags.Ephemeral });
    const either = await channel.send({ components: [new ActionRowBuilder().addComponents(new MentionableSelectMenuBuilder().setCustomId("either").setMaxValues(2))] });
    chosen = await acts({ type: 3, message_id: either.id, data: { component_type: ComponentType.MentionableSelect, custom_id: "either", values: [people.ada, role.id] } });
    assert.deepEqual([chosen.users.has(people.ada), chosen.roles.has(role.id)], [true, true]);
    await chosen.deferUpdate();
  });

  await step("a button opens a form, and what is filled in changes the message", async () => {
    const pressed = await presses({ component_type: ComponentType.Button, custom_id: "more" });
    assert.ok(pressed.isButton());
    assert.equal(pressed.message.content, "Black tea.");
    await pressed.showModal(new ModalBuilder().setCustomId("why").setTitle("Why?").addComponents(
      new ActionRowBuilder().addComponents(new TextInputBuilder().setCustomId("reason").setLabel("Reason")
        .setStyle(TextInputStyle.Paragraph).setMinLength(3).setMaxLength(200))));
    const form = (value) => ({ custom_id: "why", components: [{ type: 1, components: [{ type: 4, custom_id: "reason", value }] }] });
    const filled = await acts({ type: 5, interaction_id: pressed.id, data: form("thirst") });
    assert.ok(filled.isModalSubmit() && filled.isFromMessage());
    assert.equal(filled.fields.getTextInputValue("reason"), "thirst");
    await filled.update({ content: "Noted: thirst.", components: [] });
    assert.equal((await channel.messages.fetch({ message: shown.id, force: true })).content, "Noted: thirst.");
  });

  await step("a command answers with a form of labels and menus", async () => {
    const interaction = await runs("ask", [text("what", "form")]);
    const { LabelBuilder } = discord;
    await interaction.showModal(new ModalBuilder().setCustomId("card").setTitle("A card").addLabelComponents(
      new LabelBuilder().setLabel("Kind").setStringSelectMenuComponent(
        new StringSelectMenuBuilder().setCustomId("kind").addOptions({ label: "green", value: "green" }))));
    const components = [{ type: ComponentType.Label, component: { type: ComponentType.StringSelect, custom_id: "kind", values: ["green"] } }];
    const filled = await acts({ type: 5, interaction_id: interaction.id, data: { custom_id: "card", components } });
    assert.deepEqual(filled.fields.getStringSelectValues("kind"), ["green"]);
    await filled.reply("Thank you.");
  });

  await step("a button that is switched off, or not there, cannot be pressed", async () => {
    const row = new ActionRowBuilder().addComponents(new ButtonBuilder().setCustomId("off").setLabel("Off").setStyle(ButtonStyle.Danger).setDisabled(true));
    const { id } = await channel.send({ components: [row] });
    for (const custom_id of ["off", "nowhere"]) {
      const body = { as: people.newcomer, channel_id: channel.id, type: 3, message_id: id, data: { component_type: 2, custom_id } };
      const response = await fetch(`${scene.control_url}/interactions`, {
        method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
      });
      assert.equal(response.status, 400);
    }
  });
});
