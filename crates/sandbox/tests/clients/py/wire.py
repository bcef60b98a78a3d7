"""The wire: rate limits that the library obeys, sockets that drop and sessions that resume."""

import asyncio
import logging
import sys
import time

# The other stories are told over zstd-stream, this one over zlib-stream.
sys.modules["zstandard"] = None

import discord
from stage import PATIENCE, SCENE, Bot, story


class Waits(logging.Handler):
    """Counts how often the library made a request wait, and how often it came too early."""

    ahead = refused = 0

    def emit(self, record):
        message = record.getMessage()
        self.ahead += "Pre-emptively" in message
        self.refused += "responded with 429" in message


async def tell(stage):
    bot, channel, people = stage.bot, stage.channel, stage.people
    seen, waits = [], Waits()

    @bot.event
    async def on_message(message):
        seen.append(message.content)

    log = logging.getLogger("discord.http")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(waits)

    async def refusals():
        requests = (await stage.control("GET", "/requests"))["requests"]
        return sum(it["status"] == 429 for it in requests)

    async def limits(**more):
        now = (await stage.control("GET", "/limits"))["limits"]
        await stage.control("PUT", "/limits", now | more)

    async with stage.step("frames come in one stream of zlib"):
        assert discord.utils._ActiveDecompressionContext.COMPRESSION_TYPE == "zlib-stream"

    async with stage.step("a burst is slowed by the library's own queue, and never refused"):
        await limits(message_create={"limit": 5, "per_ms": 1000})
        words = [f"burst {index}" for index in range(12)]
        await asyncio.gather(*(channel.send(word) for word in words))
        last = [it.content async for it in channel.history(limit=12)]
        assert sorted(last) == sorted(words)
        assert waits.ahead > 0 and waits.refused == 0, (waits.ahead, waits.refused)
        assert await refusals() == 0

    async with stage.step("a global limit holds everything back, and everything arrives"):
        await limits(global_per_second=10)
        stage.allow(lambda it: it["status"] == 429)
        ids = list(people.values()) * 3
        users = await asyncio.gather(*(bot.fetch_user(it) for it in ids))
        assert len(users) == len(ids) and await refusals() <= len(ids)
        await limits(global_per_second=50)

    async with stage.step("a 429 out of the blue is waited for and tried again"):
        fault = {"route": "/channels/{id}/typing", "kind": "429", "scope": "shared"}
        await stage.control("POST", "/faults", fault | {"retry_after_ms": 300})
        begun, before = time.monotonic(), waits.refused
        await bot.http.send_typing(channel.id)
        assert time.monotonic() - begun >= 0.29 and waits.refused == before + 1

    async with stage.step("a dropped socket resumes: the same session, and what was missed arrives once"):
        session, missed = bot.ws.session_id, ["while you were away", "and then some"]
        async with stage.hears("message", lambda it: it.content == missed[1]):
            async with stage.hears("resumed"):
                # Deaf first, so that the events cannot come before the socket ends.
                await stage.control("POST", "/gateway/silence")
                for word in missed:
                    await stage.says("newcomer", word)
                assert missed[0] not in seen
                await stage.control("POST", "/gateway/drop")
        async with stage.hears("message", lambda it: it.content == "and now you are back"):
            await stage.says("newcomer", "and now you are back")
        assert [seen.count(word) for word in missed] == [1, 1]
        assert bot.ws.session_id == session, "the session was lost"

    async with stage.step("asked to reconnect, or closed with a code that allows it, it resumes"):
        async with stage.hears("resumed"):
            await stage.control("POST", "/gateway/reconnect")
        async with stage.hears("resumed"):
            await stage.control("POST", "/gateway/disconnect", {"code": 4000, "resumable": True})
        assert bot.ws.session_id == session

    async with stage.step("told that its session is gone, it begins anew"):
        async with stage.hears("ready"):
            await stage.control("POST", "/gateway/invalidate")
        assert bot.ws.session_id != session
        stage.look_round()
        async with stage.hears("message", lambda it: it.content == "a new beginning"):
            await stage.says("newcomer", "a new beginning")

    async with stage.step("intents that are not granted close the door"):
        path = f"/users/{bot.user.id}/intents"
        await stage.control("PUT", path, {"privileged": 0})
        async with Bot() as other:
            try:
                await asyncio.wait_for(other.start(SCENE["bot_token"]), PATIENCE)
            except discord.PrivilegedIntentsRequired:
                pass
            else:
                raise AssertionError("the door was open")


story(tell)
