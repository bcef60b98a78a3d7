"""Threads: of messages, of channels, private ones, posts of forums with their tags."""

import discord
from stage import story


async def tell(stage):
    bot, guild, channel, people = stage.bot, stage.guild, stage.channel, stage.people
    newcomer = guild.get_member(people["newcomer"])
    artist = guild.get_member(people["artist"])

    async with stage.step("a thread grows from a message"):
        message = await channel.send("Let us talk about tea.")
        async with stage.hears("thread_create") as heard:
            thread = await message.create_thread(name="tea", auto_archive_duration=60, reason="thirst")
        assert heard[0].id == thread.id == message.id
        assert (thread.parent_id, thread.owner_id) == (channel.id, bot.user.id)
        assert (await channel.fetch_message(message.id)).flags.has_thread

    async with stage.step("people speak in it, and so become its members"):
        await thread.send("Green or black?")
        async with stage.hears("message", lambda it: it.author == newcomer) as heard:
            await stage.says("newcomer", "Black.", thread)
        assert heard[0].channel.id == thread.id and heard[0].content == "Black."
        assert {it.id for it in await thread.fetch_members()} == {newcomer.id, bot.user.id}

    async with stage.step("members are added and removed, and may leave"):
        async with stage.hears("thread_member_join", lambda it: it.id == artist.id):
            await thread.add_user(artist)
        async with stage.hears("thread_member_remove", lambda it: it.id == artist.id):
            await thread.remove_user(artist)
        await thread.leave()
        assert bot.user.id not in {it.id for it in await thread.fetch_members()}
        await thread.join()
        assert bot.user.id in {it.id for it in await thread.fetch_members()}

    async with stage.step("it is renamed, slowed, locked, archived and opened again"):
        async with stage.hears("thread_update", lambda _, now: now.name == "coffee") as heard:
            await thread.edit(name="coffee", slowmode_delay=10, auto_archive_duration=1440)
        assert (heard[1].slowmode_delay, heard[1].auto_archive_duration) == (10, 1440)
        thread = await thread.edit(locked=True, archived=True, reason="enough")
        assert thread.locked and thread.archived
        assert thread.id in [it.id async for it in channel.archived_threads()]
        body = {"as": str(newcomer.id), "content": "wait"}
        status, answer = await stage.ask("POST", f"/channels/{thread.id}/messages", body)
        assert (status, answer["code"]) == (400, 50083)
        await thread.edit(archived=False, locked=False)
        assert thread.id in [it.id for it in await guild.active_threads()]

    async with stage.step("a private thread shows itself to those who are in it alone"):
        secret = await channel.create_thread(name="secret", invitable=False)
        assert secret.is_private() and not secret.invitable
        body = {"as": str(newcomer.id), "content": "?"}
        status, answer = await stage.ask("POST", f"/channels/{secret.id}/messages", body)
        assert (status, answer["code"]) == (403, 50001)
        await secret.add_user(newcomer)
        async with stage.hears("message", lambda it: it.content == "thank you"):
            await stage.says("newcomer", "thank you", secret)
        await secret.edit(archived=True)
        assert secret.id in [it.id async for it in channel.archived_threads(private=True)]
        async with stage.hears("raw_thread_delete", lambda it: it.thread_id == secret.id):
            await secret.delete()

    async with stage.step("a forum takes posts with tags, and they can be exchanged"):
        forum = await guild.forums[0].edit(
            available_tags=[discord.ForumTag(name="open"), discord.ForumTag(name="solved")]
        )
        opened, solved = forum.available_tags
        made = await forum.create_thread(name="an idea", content="What if?", applied_tags=[opened])
        post = made.thread
        assert made.message.id == post.id and post._applied_tags[0] == opened.id
        async with stage.hears("raw_thread_update", lambda it: it.data["applied_tags"] == [str(solved.id)]):
            await post.edit(applied_tags=[solved])
        assert (await post.edit(pinned=True)).flags.pinned

    async with stage.step("a forum that requires a tag refuses a post without one"):
        await forum.edit(require_tag=True)
        await stage.refused(forum.create_thread(name="untagged", content="?"), 400, 40067)

    async with stage.step("a person starts a thread, and the bot hears of it"):
        body = {"as": str(newcomer.id), "name": "by hand", "type": 11}
        async with stage.hears("thread_create", lambda it: it.name == "by hand") as heard:
            await stage.control("POST", f"/channels/{channel.id}/threads", body)
        assert heard[0].owner_id == newcomer.id
        async with stage.hears("thread_delete", lambda it: it.name == "by hand"):
            await heard[0].delete()


story(tell)
