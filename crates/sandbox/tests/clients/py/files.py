"""Files and what is built around them: embeds, uploads, downloads, components that show media."""

import io

import discord
from stage import PIXEL, story


def file(data, name, **more):
    return discord.File(io.BytesIO(data), name, **more)


async def tell(stage):
    channel = stage.channel
    data = bytes(index % 251 for index in range(70_000))

    async def download(url):
        async with stage.http.get(url) as response:
            assert response.status == 200, url
            return await response.read()

    async with stage.step("two files and an embed go up, and come down byte for byte"):
        embed = discord.Embed(title="A sketch", colour=0x3498DB, timestamp=discord.utils.utcnow())
        embed.add_field(name="by", value="artist").set_image(url="attachment://sketch.png")
        embed.set_author(name="artist", url="https://example.com").set_footer(text="ink")
        files = [file(PIXEL, "sketch.png"), file(data, "numbers.bin", description="0 to 250")]
        message = await channel.send("See:", embed=embed, files=files)
        shown = message.embeds[0]
        assert (shown.title, shown.colour.value, shown.fields[0].value) == ("A sketch", 0x3498DB, "artist")
        assert (shown.author.name, shown.footer.text) == ("artist", "ink")
        attachment = next(it for it in message.attachments if it.filename == "numbers.bin")
        assert (attachment.size, attachment.description) == (len(data), "0 to 250")
        assert await attachment.read() == data
        assert await download(shown.image.url) == PIXEL

    async with stage.step("a picture is known as one"):
        sent = await channel.send(file=file(PIXEL, "dot.png", spoiler=True))
        dot = sent.attachments[0]
        assert (dot.content_type, dot.width, dot.height) == ("image/png", 1, 1)
        assert dot.is_spoiler() and await dot.read() == PIXEL

    async with stage.step("an edit keeps one file, drops one and adds one"):
        edited = await message.edit(embed=None, attachments=[attachment, file(b"more", "more.txt")])
        assert {it.filename for it in edited.attachments} == {"numbers.bin", "more.txt"}
        more = next(it for it in edited.attachments if it.filename == "more.txt")
        assert await more.read() == b"more"
        assert not (await edited.remove_attachments(*edited.attachments)).attachments

    async with stage.step("a message of components alone shows text, media and files"):
        dot = discord.UnfurledMediaItem("attachment://dot.png")
        box = discord.ui.Container(
            discord.ui.TextDisplay("# Sketches"),
            discord.ui.Section("the best", accessory=discord.ui.Thumbnail(dot)),
            discord.ui.Separator(),
            discord.ui.MediaGallery(discord.MediaGalleryItem(dot, description="a dot")),
            discord.ui.File("attachment://notes.txt"),
            accent_colour=0x2ECC71,
        )
        view = discord.ui.LayoutView().add_item(box)
        files = [file(PIXEL, "dot.png"), file(b"notes", "notes.txt")]
        shown = await channel.send(view=view, files=files)
        assert shown.flags.components_v2
        text, section, _, gallery, notes = shown.components[0].children
        assert text.content == "# Sketches" and section.children[0].content == "the best"
        assert await download(gallery.items[0].media.url) == PIXEL
        assert await download(notes.media.url) == b"notes"

    async with stage.step("a file that is too large is refused"):
        huge = file(bytes(25 * 1024 * 1024 + 1), "huge.bin")
        await stage.refused(channel.send(file=huge), 413, 40005)


story(tell)
