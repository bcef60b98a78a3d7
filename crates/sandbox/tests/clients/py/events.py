"""What is going on: scheduled events and who is interested, stages, sounds."""

from datetime import timedelta

import discord
from stage import PIXEL, story

# The shortest thing that says it is an MP3.
BELL = b"ID3\x03" + bytes(6) + bytes(400)


async def tell(stage):
    bot, guild, people = stage.bot, stage.guild, stage.people
    newcomer = str(people["newcomer"])
    tomorrow = discord.utils.utcnow() + timedelta(days=1)
    everyone = discord.PrivacyLevel.guild_only

    async with stage.step("an event elsewhere is planned, with a picture, and told to everyone"):
        async with stage.hears("scheduled_event_create") as heard:
            fair = await guild.create_scheduled_event(
                name="Fair",
                description="Come",
                start_time=tomorrow,
                end_time=tomorrow + timedelta(hours=1),
                entity_type=discord.EntityType.external,
                privacy_level=everyone,
                location="the green",
                image=PIXEL,
                reason="summer",
            )
        assert heard[0].id == fair.id and fair.location == "the green"
        assert fair.status is discord.EventStatus.scheduled and fair.creator_id == bot.user.id
        assert fair.cover_image is not None

    async with stage.step("people are interested, are counted and listed, and change their minds"):
        own = f"/guilds/{guild.id}/scheduled-events/{fair.id}/users/@me"
        async with stage.hears("scheduled_event_user_add") as heard:
            await stage.control("PUT", own, {"as": newcomer})
        assert (heard[0].id, heard[1].id) == (fair.id, int(newcomer))
        assert [it.id async for it in fair.users()] == [int(newcomer)]
        assert (await guild.fetch_scheduled_event(fair.id, with_counts=True)).user_count == 1
        async with stage.hears("scheduled_event_user_remove"):
            await stage.control("DELETE", own, {"as": newcomer})

    async with stage.step("an event is changed, begins, ends and is gone"):
        renamed = lambda _, now: now.name == "Great fair"
        async with stage.hears("scheduled_event_update", renamed) as heard:
            await fair.edit(name="Great fair", location="the hall")
        assert heard[1].location == "the hall"
        for act, status in (("start", "active"), ("end", "completed")):
            reached = lambda _, now, status=status: now.status.name == status
            async with stage.hears("scheduled_event_update", reached):
                fair = await getattr(fair, act)()
        concert = await guild.create_scheduled_event(
            name="Concert",
            start_time=tomorrow,
            entity_type=discord.EntityType.voice,
            privacy_level=everyone,
            channel=guild.voice_channels[0],
        )
        assert concert.channel == guild.voice_channels[0]
        assert concert.id in [it.id for it in await guild.fetch_scheduled_events()]
        async with stage.hears("scheduled_event_delete", lambda it: it.name == "Concert"):
            await concert.delete()

    async with stage.step("an event in the past is refused"):
        past = guild.create_scheduled_event(
            name="Then",
            start_time=tomorrow - timedelta(days=2),
            end_time=tomorrow,
            entity_type=discord.EntityType.external,
            privacy_level=everyone,
            location="gone",
        )
        error = await stage.refused(past, 400, 50035)
        assert "scheduled_start_time" in error.text, error.text

    async with stage.step("a stage opens, takes another topic, and someone is let onto it"):
        lectures = await guild.create_stage_channel("lectures")
        async with stage.hears("stage_instance_create") as heard:
            opened = await lectures.create_instance(topic="Tea")
        assert (heard[0].id, opened.topic) == (opened.id, "Tea")
        async with stage.hears("stage_instance_update", lambda _, now: now.topic == "Coffee"):
            await opened.edit(topic="Coffee")
        assert (await lectures.fetch_instance()).topic == "Coffee"
        own = f"/guilds/{guild.id}/members/{newcomer}/voice"
        state = lambda fits: stage.hears(
            "voice_state_update", lambda who, _, now: who.id == int(newcomer) and fits(now)
        )
        async with state(lambda now: now.suppress):
            await stage.control("PUT", own, {"channel_id": str(lectures.id)})
        asking = {"as": newcomer, "channel_id": str(lectures.id)}
        asking["request_to_speak_timestamp"] = discord.utils.utcnow().isoformat()
        async with state(lambda now: now.requested_to_speak_at is not None):
            await stage.control("PATCH", f"/guilds/{guild.id}/voice-states/@me", asking)
        async with state(lambda now: not now.suppress):
            await guild.get_member(int(newcomer)).edit(suppress=False)
        async with state(lambda now: now.channel is None):
            await stage.control("PUT", own, {"channel_id": None})
        async with stage.hears("stage_instance_delete", lambda it: it.topic == "Coffee"):
            await opened.delete()
        await stage.refused(lectures.fetch_instance(), 404, 10067)

    async with stage.step("a sound is added, renamed, played and removed"):
        async with stage.hears("soundboard_sound_create") as heard:
            bell = await guild.create_soundboard_sound(name="bell", sound=BELL, volume=0.5, emoji="🔔")
        assert (heard[0].id, bell.volume, str(bell.emoji)) == (bell.id, 0.5, "🔔")
        async with stage.hears("soundboard_sound_update", lambda _, now: now.name == "gong"):
            await bell.edit(name="gong")
        assert [it.id for it in await guild.fetch_soundboard_sounds()] == [bell.id]
        defaults = await bot.fetch_soundboard_default_sounds()
        voice = guild.voice_channels[0]
        async with stage.hears("voice_state_update", lambda who, _, now: who == guild.me):
            await guild.change_voice_state(channel=voice)
        async with stage.hears("voice_channel_effect") as heard:
            await voice.send_sound(defaults[0])
        assert heard[0].channel == voice and heard[0].user == guild.me
        async with stage.hears("soundboard_sound_delete", lambda it: it.id == bell.id):
            await bell.delete()

    async with stage.step("a voice channel says what is going on in it"):
        await voice.edit(status="tea at five")


story(tell)
