"""Where things are said: channels of every kind, who may enter, webhooks and invites."""

import io

import discord
from stage import PIXEL, story


async def tell(stage):
    bot, guild, channel, people = stage.bot, stage.guild, stage.channel, stage.people
    newcomer = guild.get_member(people["newcomer"])

    async with stage.step("a category and channels of every kind are made in it"):
        workshop = await guild.create_category("workshops")
        async with stage.hears("guild_channel_create", lambda it: it.name == "wood"):
            room = await guild.create_text_channel(
                "Wood", category=workshop, topic="wood", slowmode_delay=5, nsfw=True
            )
        assert (room.topic, room.slowmode_delay, room.nsfw) == ("wood", 5, True)
        voice = await workshop.create_voice_channel("band", bitrate=64_000, user_limit=4)
        assert (voice.bitrate, voice.user_limit) == (64_000, 4)
        lectures = await workshop.create_stage_channel("lectures")
        tags = [discord.ForumTag(name="open"), discord.ForumTag(name="solved", moderated=True, emoji="✅")]
        forum = await workshop.create_forum(
            "questions",
            available_tags=tags,
            default_reaction_emoji="👍",
            default_layout=discord.ForumLayoutType.list_view,
            default_sort_order=discord.ForumOrderType.creation_date,
        )
        assert [(it.name, it.moderated) for it in forum.available_tags] == [("open", False), ("solved", True)]
        assert str(forum.default_reaction_emoji) == "👍"
        assert forum.default_layout is discord.ForumLayoutType.list_view
        news = await workshop.create_text_channel("news", news=True)
        assert news.is_news()
        gallery = await workshop.create_forum("gallery", media=True)
        assert gallery.is_media() and lectures.type is discord.ChannelType.stage_voice

    async with stage.step("a channel is renamed, described, moved and slowed"):
        async with stage.hears("guild_channel_update", lambda _, now: now.topic == "stone"):
            room = await room.edit(name="stone", topic="stone", slowmode_delay=0, nsfw=False)
        assert (room.name, room.slowmode_delay, room.nsfw) == ("stone", 0, False)
        async with stage.hears("guild_channel_update", lambda _, now: now.topic == "granite") as heard:
            await stage.control("PATCH", f"/channels/{room.id}", {"topic": "granite"})
        assert heard[0].topic == "stone"
        moved = lambda _, now: now.id == room.id and now.category_id == channel.category_id
        async with stage.hears("guild_channel_update", moved):
            await room.move(beginning=True, category=channel.category)
        forum = await forum.edit(available_tags=[*forum.available_tags, discord.ForumTag(name="stale")])
        assert len(forum.available_tags) == 3
        assert (await forum.edit(require_tag=True)).flags.require_tag

    async with stage.step("an overwrite takes a permission, and the person feels it"):
        role = discord.utils.get(guild.roles, name="newcomers")
        changed = lambda _, now: now.id == channel.id
        async with stage.hears("guild_channel_update", changed):
            await channel.set_permissions(role, send_messages=False, add_reactions=True, reason="quiet")
        assert channel.overwrites_for(role).send_messages is False
        assert not channel.permissions_for(newcomer).send_messages
        body = {"as": str(newcomer.id), "content": "May I?"}
        status, answer = await stage.ask("POST", f"/channels/{channel.id}/messages", body)
        assert (status, answer["code"]) == (403, 50013)
        async with stage.hears("guild_channel_update", changed):
            await channel.set_permissions(role, overwrite=None)
        await stage.says("newcomer", "I may.")

    async with stage.step("a channel takes over what its category allows"):
        async with stage.hears("guild_channel_update", lambda _, now: now.id == workshop.id):
            await workshop.set_permissions(guild.default_role, attach_files=False)
        child = await workshop.create_text_channel("clay")
        assert not child.permissions_for(newcomer).attach_files
        more = lambda _, now: now.id == child.id
        async with stage.hears("guild_channel_update", more):
            await child.set_permissions(newcomer, attach_files=True)
        assert not guild.get_channel(child.id).permissions_synced
        async with stage.hears("guild_channel_update", more):
            await child.edit(sync_permissions=True)
        assert guild.get_channel(child.id).permissions_synced
        copy = await child.clone(name="more-clay")
        assert (copy.name, copy.category_id) == ("more-clay", workshop.id)

    async with stage.step("a hidden channel cannot be read"):
        secret = await guild.create_text_channel("secret")
        async with stage.hears("guild_channel_update", lambda _, now: now.id == secret.id):
            await secret.set_permissions(guild.me, view_channel=False)
        assert not guild.get_channel(secret.id).permissions_for(guild.me).view_channel
        await stage.refused(secret.send("hello?"), 403, 50001)

    async with stage.step("a webhook speaks with a name and a face of its own, edits and deletes"):
        async with stage.hears("webhooks_update", lambda it: it.id == room.id):
            hook = await room.create_webhook(name="herald", avatar=PIXEL, reason="news")
        assert hook.user.id == bot.user.id and hook.avatar is not None
        face = "https://example.com/crier.png"
        async with stage.hears("message", lambda it: it.webhook_id == hook.id) as heard:
            seal = discord.File(io.BytesIO(PIXEL), "seal.png")
            post = await hook.send("Hear ye", username="crier", avatar_url=face, file=seal, wait=True)
        assert (post.author.name, len(post.attachments)) == ("crier", 1)
        assert heard[0].author.bot and heard[0].author.name == "crier"
        assert (await post.edit(content="Hear me")).content == "Hear me"
        assert (await hook.fetch_message(post.id)).content == "Hear me"
        await post.delete()
        await stage.refused(hook.fetch_message(post.id), 404, 10008)
        assert [it.id for it in await room.webhooks()] == [hook.id]
        assert hook.id in [it.id for it in await guild.webhooks()]
        assert (await hook.edit(name="crier", channel=channel)).channel_id == channel.id

    async with stage.step("a webhook is used with its token alone, also in a thread"):
        hook = await room.create_webhook(name="stranger")
        stranger = discord.Webhook.partial(hook.id, hook.token, session=stage.http)
        thread = await room.create_thread(name="aside", type=discord.ChannelType.public_thread)
        sent = await stranger.send("psst", thread=thread, wait=True)
        await stranger.edit_message(sent.id, content="PSST", thread=thread)
        assert (await thread.fetch_message(sent.id)).content == "PSST"
        ideas = discord.utils.get(guild.forums, name="ideas")
        poster = await ideas.create_webhook(name="poster")
        post = await poster.send("What if?", thread_name="an idea", wait=True)
        assert (await bot.fetch_channel(post.channel.id)).name == "an idea"
        await stranger.delete()
        await stage.refused(stranger.send("anybody?", wait=True), 404, 10015)

    async with stage.step("an invite is made, read, listed and taken back"):
        async with stage.hears("invite_create") as heard:
            invite = await room.create_invite(max_age=600, max_uses=1, unique=True, reason="come in")
        assert heard[0].code == invite.code and invite.inviter.id == bot.user.id
        assert (invite.max_age, invite.max_uses) == (600, 1)
        read = await bot.fetch_invite(invite.code, with_counts=True)
        assert (read.guild.id, read.channel.id) == (guild.id, room.id)
        assert read.approximate_member_count == len(people)
        assert invite.code in [it.code for it in await guild.invites()]
        async with stage.hears("invite_delete", lambda it: it.code == invite.code):
            await invite.delete()
        await stage.refused(bot.fetch_invite(invite.code), 404, 10006)

    async with stage.step("a channel is deleted"):
        async with stage.hears("guild_channel_delete", lambda it: it.id == room.id):
            await room.delete(reason="done")
        assert guild.get_channel(room.id) is None
        await stage.refused(bot.fetch_channel(room.id), 404, 10003)


story(tell)
