"""What is said: messages, answers, edits, reactions, pins, polls, forwards, direct messages."""

import asyncio
from datetime import timedelta
from urllib.parse import quote

import discord
from stage import PIXEL, story


async def tell(stage):
    bot, guild, channel, people = stage.bot, stage.guild, stage.channel, stage.people
    newcomer = people["newcomer"]
    from_newcomer = lambda message: message.author.id == newcomer
    # Adding and removing share a bucket, which the library learns route by route.
    stage.allow(lambda it: it["status"] == 429 and "/reactions" in it["path"])

    async with stage.step("a person's words arrive whole, with the member who said them"):
        words = "Is anybody there? ünïcödé 🏰"
        async with stage.hears("message", from_newcomer) as heard:
            written = await stage.says("newcomer", words)
        question = heard[0]
        assert (question.id, question.content) == (int(written["id"]), words)
        assert isinstance(question.author, discord.Member)
        assert "newcomers" in [role.name for role in question.author.roles]

    async with stage.step("the bot answers, and the answer refers to the question"):
        answer = await question.reply("I am.", mention_author=False)
        assert answer.type is discord.MessageType.reply
        assert answer.reference.message_id == question.id and not answer.mentions

    async with stage.step("mentions are resolved, and only those that are allowed"):
        role = discord.utils.get(guild.roles, name="helpers")
        words = f"<@{people['ada']}> <@&{role.id}> <#{channel.id}> @everyone"
        allowed = discord.AllowedMentions.all()
        loud = await channel.send(words, allowed_mentions=allowed)
        assert [it.id for it in loud.mentions] == [people["ada"]] and loud.mention_everyone
        assert loud.role_mentions == [role] and loud.channel_mentions == [channel]
        quiet = await channel.send(words, allowed_mentions=discord.AllowedMentions.none())
        assert not quiet.mentions and not quiet.mention_everyone

    async with stage.step("an edit is kept, dated and told to others"):
        answer = await answer.edit(content="I am, always.")
        assert answer.edited_at is not None
        assert (await channel.fetch_message(answer.id)).content == "I am, always."
        path = f"/channels/{channel.id}/messages/{question.id}"
        async with stage.hears("message_edit", lambda _, now: now.id == question.id) as heard:
            await stage.control("PATCH", path, {"as": str(newcomer), "content": "Anybody?"})
        assert heard[1].content == "Anybody?"

    async with stage.step("reactions are counted, listed and removed one by one and all at once"):
        await question.add_reaction("👍")
        path = f"/channels/{channel.id}/messages/{answer.id}/reactions/{quote('🎉')}"
        async with stage.hears("reaction_add", lambda _, user: user.id == newcomer) as heard:
            await stage.control("PUT", path, {"as": str(newcomer)})
        reaction = heard[0]
        assert (str(reaction.emoji), reaction.message.id) == ("🎉", answer.id)
        await answer.add_reaction("🎉")
        users = {it.id async for it in reaction.users()}
        assert users == {newcomer, bot.user.id}
        async with stage.hears("reaction_remove", lambda _, user: user.id == newcomer):
            await answer.remove_reaction("🎉", discord.Object(newcomer))
        async with stage.hears("raw_reaction_clear_emoji"):
            await answer.clear_reaction("🎉")
        again = await channel.fetch_message(question.id)
        assert [(str(it.emoji), it.me, it.count) for it in again.reactions] == [("👍", True, 1)]
        async with stage.hears("raw_reaction_clear"):
            await question.clear_reactions()

    async with stage.step("a custom emoji is made, used, renamed and deleted"):
        async with stage.hears("guild_emojis_update"):
            emoji = await guild.create_custom_emoji(name="pixel", image=PIXEL)
        await answer.add_reaction(emoji)
        again = await channel.fetch_message(answer.id)
        assert [(it.emoji.id, it.count) for it in again.reactions] == [(emoji.id, 1)]
        async with stage.hears("guild_emojis_update"):
            await emoji.edit(name="dot")
        assert (await guild.fetch_emoji(emoji.id)).user.id == bot.user.id
        assert [it.name for it in await guild.fetch_emojis()] == ["dot"]
        async with stage.hears("guild_emojis_update"):
            await emoji.delete()

    async with stage.step("a message is pinned, listed among the pins and unpinned"):
        pinned = discord.MessageType.pins_add
        async with stage.hears("message", lambda it: it.type is pinned) as heard:
            await answer.pin(reason="worth keeping")
        assert heard[0].reference.message_id == answer.id
        assert [it.id async for it in channel.pins()] == [answer.id]
        async with stage.hears("guild_channel_pins_update", lambda it, _: it == channel):
            await answer.unpin()
        assert not [it async for it in channel.pins()]

    async with stage.step("the history is read from both ends and around a message"):
        every = [it.id async for it in channel.history(limit=None)]
        at = len(every) // 2
        middle = discord.Object(every[at])
        assert [it.id async for it in channel.history(before=middle, limit=2)] == every[at + 1 : at + 3]
        after = [it.id async for it in channel.history(after=middle, limit=None)]
        assert after == every[:at][::-1]
        assert middle.id in [it.id async for it in channel.history(around=middle, limit=3)]

    async with stage.step("a poll is voted on, read and ended"):
        poll = discord.Poll("Tea?", timedelta(hours=1))
        poll.add_answer(text="yes", emoji="🍵").add_answer(text="no")
        asked = await channel.send(poll=poll)
        ballot = f"/channels/{channel.id}/polls/{asked.id}/answers/@me"
        async with stage.hears("poll_vote_add") as heard:
            await stage.control("PUT", ballot, {"as": str(newcomer), "answer_ids": ["1"]})
        voter, choice = heard
        assert (voter.id, choice.id, str(choice.emoji)) == (newcomer, 1, "🍵")
        assert [it.id async for it in choice.voters()] == [newcomer]
        async with stage.hears("poll_vote_remove"):
            await stage.control("PUT", ballot, {"as": str(newcomer), "answer_ids": []})
        result = discord.MessageType.poll_result
        async with stage.hears("message", lambda it: it.type is result):
            ended = await asked.end_poll()
        assert ended.poll.expires_at <= discord.utils.utcnow() + timedelta(seconds=1)
        assert (await channel.fetch_message(asked.id)).poll.is_finalised()

    async with stage.step("a message is forwarded with what it said"):
        elsewhere = discord.utils.get(guild.text_channels, name="help")
        forwarded = await answer.forward(elsewhere)
        assert forwarded.reference.type is discord.MessageReferenceType.forward
        assert forwarded.message_snapshots[0].content == "I am, always."

    async with stage.step("silent messages and suppressed embeds keep their flags"):
        silent = await channel.send("shh", silent=True)
        assert silent.flags.suppress_notifications
        shown = await channel.send("see", embed=discord.Embed(title="t"))
        assert (await shown.edit(suppress=True)).flags.suppress_embeds

    async with stage.step("an announcement is published"):
        news = next(it for it in guild.text_channels if it.is_news())
        await news.set_permissions(guild.me, send_messages=True)
        announced = await news.send("News")
        await announced.publish()
        assert (await news.fetch_message(announced.id)).flags.crossposted

    async with stage.step("messages are deleted one by one, in bulk and by purging"):
        path = f"/channels/{channel.id}/messages/{question.id}?as={newcomer}"
        async with stage.hears("message_delete", lambda it: it.id == question.id):
            await stage.control("DELETE", path)
        said = [await channel.send(word) for word in ("one", "two", "three")]
        async with stage.hears("bulk_message_delete") as heard:
            await channel.delete_messages(said)
        assert {it.id for it in heard[0]} == {it.id for it in said}
        await asyncio.gather(channel.send("four"), channel.send("five"))
        purged = await channel.purge(limit=2)
        assert {it.content for it in purged} == {"four", "five"}

    async with stage.step("typing shows, both ways"):
        typing = {"as": str(newcomer)}
        async with stage.hears("typing", lambda _, user, when: user.id == newcomer) as heard:
            await stage.control("POST", f"/channels/{channel.id}/typing", typing)
        assert heard[0] == channel
        async with stage.hears("typing", lambda _, user, when: user.id == bot.user.id):
            async with channel.typing():
                pass

    async with stage.step("a direct message finds its person, and the answer comes back"):
        direct = await guild.get_member(newcomer).send("Between us.")
        async with stage.hears("message", from_newcomer) as heard:
            await stage.says("newcomer", "Of course.", direct.channel)
        assert heard[0].content == "Of course." and heard[0].guild is None
        assert isinstance(heard[0].channel, discord.DMChannel)


story(tell)
