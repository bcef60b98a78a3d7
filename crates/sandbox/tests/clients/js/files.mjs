// Files and what is built around them: embeds, uploads, downloads, components that show media.
import assert from "node:assert/strict";
import { PIXEL, discord, story } from "./stage.mjs";

const {
  AttachmentBuilder, ContainerBuilder, EmbedBuilder, FileBuilder, MediaGalleryBuilder, MessageFlags,
  SectionBuilder, SeparatorBuilder, TextDisplayBuilder, ThumbnailBuilder,
} = discord;

async function download(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return Buffer.from(await response.arrayBuffer());
}

await story(async ({ channel, step, refused }) => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
  let message;

  await step("two files and an embed go up, and come down byte for byte", async () => {
    const embed = new EmbedBuilder().setTitle("A sketch").setColor(0x3498db).setTimestamp()
      .setAuthor({ name: "artist", url: "https://example.com" }).setFooter({ text: "ink" })
      .addFields({ name: "by", value: "artist", inline: true }).setImage("attachment://sketch.png");
    message = await channel.send({
      content: "See:",
      embeds: [embed],
      files: [
        { attachment: PIXEL, name: "sketch.png" },
        new AttachmentBuilder(bytes, { name: "numbers.bin", description: "0 to 250" }),
      ],
    });
    const [shown] = message.embeds;
    assert.deepEqual([shown.title, shown.color, shown.fields[0].value], ["A sketch", 0x3498db, "artist"]);
    assert.deepEqual([shown.author.name, shown.footer.text], ["artist", "ink"]);
    const attachment = message.attachments.find(({ name }) => name === "numbers.bin");
    assert.deepEqual([attachment.size, attachment.description], [bytes.length, "0 to 250"]);
    assert.deepEqual(await download(attachment.url), bytes);
    assert.deepEqual(await download(shown.image.url), PIXEL);
  });

  await step("a picture is known as one", async () => {
    const { attachments } = await channel.send({ files: [{ attachment: PIXEL, name: "SPOILER_dot.png" }] });
    const [dot] = attachments.values();
    assert.deepEqual([dot.contentType, dot.width, dot.height, dot.spoiler], ["image/png", 1, 1, true]);
  });

  await step("an edit keeps one file, drops one and adds one", async () => {
    const kept = message.attachments.find(({ name }) => name === "numbers.bin");
    const edited = await message.edit({
      embeds: [], attachments: [kept], files: [{ attachment: Buffer.from("more"), name: "more.txt" }],
    });
    assert.deepEqual(edited.attachments.map(({ name }) => name).sort(), ["more.txt", "numbers.bin"]);
    assert.equal(String(await download(edited.attachments.find(({ name }) => name === "more.txt").url)), "more");
    assert.equal((await edited.edit({ attachments: [] })).attachments.size, 0);
  });

  await step("a message of components alone shows text, media and files", async () => {
    const box = new ContainerBuilder().setAccentColor(0x2ecc71)
      .addTextDisplayComponents(new TextDisplayBuilder().setContent("# Sketches"))
      .addSectionComponents(new SectionBuilder()
        .addTextDisplayComponents(new TextDisplayBuilder().setContent("the best"))
        .setThumbnailAccessory(new ThumbnailBuilder().setURL("attachment://dot.png")))
      .addSeparatorComponents(new SeparatorBuilder().setDivider(true))
      .addMediaGalleryComponents(new MediaGalleryBuilder().addItems({ media: { url: "attachment://dot.png" }, description: "a dot" }))
      .addFileComponents(new FileBuilder().setURL("attachment://notes.txt"));
    const shown = await channel.send({
      flags: MessageFlags.IsComponentsV2,
      components: [box],
      files: [{ attachment: PIXEL, name: "dot.png" }, { attachment: Buffer.from("notes"), name: "notes.txt" }],
    });
    assert.ok(shown.flags.has(MessageFlags.IsComponentsV2));
    const [text, section, , gallery, file] = shown.components[0].components;
    assert.equal(text.content, "# Sketches");
    assert.equal(section.components[0].content, "the best");
    assert.deepEqual(await download(gallery.items[0].media.url), PIXEL);
    assert.equal(String(await download(file.file.url)), "notes");
  });

  await step("a file that is too large is refused", async () => {
    const huge = Buffer.alloc(25 * 1024 * 1024 + 1);
    const error = await refused(channel.send({ files: [{ attachment: huge, name: "huge.bin" }] }), 413, 40_005);
    assert.match(error.message, /too large/i);
  });
});
