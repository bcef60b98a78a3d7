// The bot of the page's story, made with discord.js: it answers live, with a message, a modal, and
// to a slash command.
import { createRequire } from "node:module";

/** Logs in and registers its commands; resolves when it is ready. */
export async function bot(scene) {
  const discord = createRequire(scene.packages)("discord.js");
  const { Client, Events, GatewayIntentBits, MessageFlags, ModalBuilder, TextInputBuilder, TextInputStyle } = discord;
  const client = new Client({
    intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.MessageContent],
    rest: { api: scene.api_url.replace(/\/v10$/, "") },
    presence: { activities: [{ name: "the square", type: 3 }] },
  });
  client.on(Events.MessageCreate, async (message) => {
    if (message.author.bot || !/who is there/i.test(message.content)) return;
    await message.channel.sendTyping();
    const answer = await message.reply("Only me, *the bot*.");
    await answer.edit("Only me, **the bot**.");
    await answer.react("👋");
  });
  client.on(Events.InteractionCreate, async (interaction) => {
    if (interaction.isAutocomplete()) {
      const typed = interaction.options.getFocused();
      await interaction.respond(["bread", "brooms", "honey"].filter((it) => it.startsWith(typed)).map((it) => ({ name: it, value: it })));
    } else if (interaction.isButton() && interaction.customId === "ask") {
      const field = new discord.LabelBuilder().setLabel("Your question").setTextInputComponent(
        new TextInputBuilder().setCustomId("question").setStyle(TextInputStyle.Paragraph).setMaxLength(200),
      );
      await interaction.showModal(new ModalBuilder().setCustomId("asked").setTitle("Ask the square").addLabelComponents(field));
    } else if (interaction.isButton()) {
      await interaction.reply({ content: `Thank you, ${interaction.user}!`, flags: MessageFlags.Ephemeral });
    } else if (interaction.isStringSelectMenu()) {
      await interaction.reply(`${interaction.user} takes **${interaction.values[0]}**.`);
    } else if (interaction.isModalSubmit()) {
      await interaction.reply(`Asked: ${interaction.fields.getTextInputValue("question")}`);
    } else if (interaction.isChatInputCommand()) {
      if (interaction.commandName === "market") {
        await interaction.reply(`Two stalls sell ${interaction.options.getString("what")}.`);
        return;
      }
      const times = interaction.options.getInteger("times") ?? 1;
      await interaction.reply("ding ".repeat(times).trim());
    }
  });
  client.on(Events.Error, (error) => { throw error; });
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(scene.bot_token);
  await ready;
  await client.application.commands.set([
    { name: "bell", description: "Rings the bell of the square", options: [
      { name: "times", description: "how often", type: 4, min_value: 1, max_value: 9 },
    ] },
    { name: "market", description: "About the market", options: [
      { name: "stalls", description: "Who sells what", type: 1, options: [
        { name: "what", description: "the goods", type: 3, autocomplete: true, required: true },
      ] },
    ] },
  ], scene.guild_id);
  return client;
}
