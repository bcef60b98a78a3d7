"""The stage of the stories: a bot made with discord.py, unmodified but for its base URLs, and
whoever plays people. SCENE (JSON) says where the sandbox is.
"""

import asyncio
import base64
import json
import logging
import os
import sys
import time
import traceback
from contextlib import asynccontextmanager

import aiohttp
import discord
import yarl
from discord import app_commands

SCENE = json.loads(os.environ["SCENE"])
PATIENCE = 20
WHOLE_STORY = 150
# A PNG of one pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

discord.http.Route.BASE = SCENE["api_url"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(SCENE["gateway_url"])


class Bot(discord.Client):
    def __init__(self, intents=None, **options):
        super().__init__(intents=intents or discord.Intents.all(), **options)
        self.tree = app_commands.CommandTree(self)

    async def on_error(self, event, *args, **kwargs):
        logging.getLogger("story").exception("in %s", event)
        os._exit(3)


class Stage:
    """What a story is told with."""

    def __init__(self, bot, http):
        self.bot, self.http = bot, http
        self.failures, self.allowed = [], []

    @asynccontextmanager
    async def step(self, sentence):
        """One sentence of the story. A step that fails is reported, and the next one is tried."""
        begun = time.monotonic()
        try:
            yield
            took = round((time.monotonic() - begun) * 1000)
            print(f"  ok      {sentence} ({took} ms)")
        except Exception as error:
            self.failures.append(sentence)
            print(f"  FAILED  {sentence}")
            traceback.print_exception(error, file=sys.stdout)

    def look_round(self):
        """A new session makes a new cache; things of the old one are told nothing any more."""
        self.guild = self.bot.get_guild(int(SCENE["guild_id"]))
        self.channel = self.guild.get_channel(int(SCENE["channel_id"]))

    async def enter(self):
        self.look_round()
        self.world = (await self.control("GET", "/state"))["guilds"][0]
        members = [it["user"] for it in self.world["members"]]
        self.people = {it["username"]: int(it["id"]) for it in members}

    @asynccontextmanager
    async def hears(self, event, fits=lambda *_: True):
        """Waits, after what is done inside, for an event that fits; it is in the list given."""
        heard = []
        waiting = asyncio.ensure_future(self.bot.wait_for(event, check=fits, timeout=PATIENCE))
        await asyncio.sleep(0)
        try:
            yield heard
            got = await waiting
            heard.extend(got if isinstance(got, tuple) else [got])
        except asyncio.TimeoutError as error:
            raise AssertionError(f"no {event} came") from error
        finally:
            waiting.cancel()

    async def says(self, name, content, channel=None, **more):
        """A person writes."""
        body = {"as": str(self.people[name]), "content": content, **more}
        path = f"/channels/{(channel or self.channel).id}/messages"
        return await self.control("POST", path, body)

    async def refused(self, coroutine, status, code):
        """What the library makes of a refusal: the class that the status asks for, and the code."""
        kinds = {403: discord.Forbidden, 404: discord.NotFound}
        try:
            await coroutine
        except discord.HTTPException as error:
            assert type(error) is kinds.get(status, discord.HTTPException), repr(error)
            assert (error.status, error.code) == (status, code), error
            self.allow(lambda request: request["status"] == status)
            return error
        raise AssertionError(f"not refused with {code}")

    def allow(self, fits):
        """Requests that the story does not count as the bot's or the sandbox's faults."""
        self.allowed.append(fits)

    async def control(self, method, path, body=None):
        """Asks the control API; a refusal of it is an error."""
        status, answer = await self.ask(method, path, body)
        assert status < 300, (method, path, status, answer)
        return answer

    async def ask(self, method, path, body=None):
        """Asks the control API."""
        url = yarl.URL(SCENE["control_url"] + path, encoded=True)
        async with self.http.request(method, url, json=body) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    @asynccontextmanager
    async def another_bot(self, **options):
        """A second client of the same bot, ready, until what is done inside is done."""
        async with Bot(**options) as bot:
            running = asyncio.create_task(bot.start(SCENE["bot_token"]))
            ready = asyncio.create_task(bot.wait_until_ready())
            await asyncio.wait({running, ready}, timeout=PATIENCE, return_when="FIRST_COMPLETED")
            assert ready.done(), running
            yield bot
            await bot.close()
            await running


def story(tell, **options):
    """Tells a story to its end, then asks the sandbox how the bot behaved."""
    discord.utils.setup_logging(level=logging.WARNING)
    # Sound is not part of the stories.
    logging.getLogger("discord.client").setLevel(logging.ERROR)
    sys.exit(asyncio.run(asyncio.wait_for(_told(tell, options), WHOLE_STORY)))


async def _told(tell, options):
    async with aiohttp.ClientSession() as http:
        stage = Stage(None, http)
        async with stage.another_bot(**options) as bot:
            stage.bot = bot
            await stage.enter()
            await tell(stage)
        async with stage.step("nothing was refused, limited or broken that the story does not name"):
            requests = (await stage.control("GET", "/requests"))["requests"]
            strange = [
                (it["method"], it["path"], it["status"])
                for it in requests
                if it["status"] >= 400 and not any(fits(it) for fits in stage.allowed)
            ]
            assert not strange, strange
    return len(stage.failures)
