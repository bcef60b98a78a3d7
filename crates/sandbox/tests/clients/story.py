"""A bot made with discord.py, unmodified but for its base URLs, lives through a day in the sandbox.

SCENE (JSON) says where the sandbox is; one line of JSON is printed.
"""

import asyncio
import base64
import io
import json
import logging
import os
import random
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import quote

import aiohttp
import discord
import yarl
from discord import app_commands

SCENE = json.loads(os.environ["SCENE"])
PATIENCE = 30
WHOLE_DAY = 180
# One pixel as PNG.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
told = {"client": f"discord.py {discord.__version__}"}

discord.http.Route.BASE = SCENE["api_url"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(SCENE["gateway_url"])


class Waits(logging.Handler):
    """Counts how often the library made a request wait, and how often it came too early."""

    ahead = refused = 0

    def emit(self, record):
        message = record.getMessage()
        self.ahead += "Pre-emptively" in message
        self.refused += "responded with 429" in message


class Bot(discord.Client):
    def __init__(self):
        intents = discord.Intents.none()
        intents.guilds = intents.members = intents.moderation = True
        intents.messages = intents.message_content = intents.reactions = True
        intents.typing = intents.polls = intents.voice_states = intents.presences = True
        intents.webhooks = intents.invites = intents.expressions = True
        super().__init__(intents=intents)
        self.tree = app_commands.CommandTree(self)
        self.seen = []
        self.readies = 0

    async def on_message(self, message):
        self.seen.append(message.content)

    async def on_ready(self):
        self.readies += 1

    async def on_error(self, event, *args, **kwargs):
        logging.getLogger("story").exception("in %s", event)
        os._exit(3)


class Story:
    def __init__(self, bot, http):
        self.bot, self.http = bot, http

    async def control(self, method, path, body=None):
        status, answer = await self.ask(method, path, body)
        assert status < 300, (method, path, status, answer)
        return answer

    async def ask(self, method, path, body=None):
        url = yarl.URL(SCENE["control_url"] + path, encoded=True)
        async with self.http.request(method, url, json=body) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    @asynccontextmanager
    async def hears(self, event, fits=lambda *_: True):
        """Waits, after what is done inside, for an event that fits; it is in the list given."""
        heard = []
        waiting = asyncio.ensure_future(self.bot.wait_for(event, check=fits, timeout=PATIENCE))
        await asyncio.sleep(0)
        try:
            yield heard
            heard.append(await waiting)
        finally:
            waiting.cancel()

    def from_newcomer(self, message):
        return message.author.id == self.newcomer

    async def says(self, content, channel=None):
        body = {"as": str(self.newcomer), "content": content}
        return await self.control("POST", f"/channels/{channel or self.channel.id}/messages", body)

    async def refused(self, coroutine, kind):
        """What the library makes of a refusal."""
        try:
            await coroutine
        except discord.HTTPException as error:
            assert type(error) is kind, repr(error)
            return error
        raise AssertionError("nothing was refused")

    def look_round(self):
        """A new session makes a new cache; things of the old one are told nothing any more."""
        self.guild = self.bot.get_guild(int(SCENE["guild_id"]))
        self.channel = self.guild.get_channel(int(SCENE["channel_id"]))

    async def caches(self):
        self.look_round()
        world = (await self.control("GET", "/state"))["guilds"][0]
        people = {it["user"]["username"]: int(it["user"]["id"]) for it in world["members"]}
        self.ada, self.newcomer, self.artist = people["ada"], people["newcomer"], people["artist"]
        assert self.guild.name == world["name"] and self.guild.owner_id == self.ada
        assert {it.id for it in self.guild.channels} == {int(it["id"]) for it in world["channels"]}
        assert {it.id for it in self.guild.roles} == {int(it["id"]) for it in world["roles"]}
        # Asked for by op 8 when the client became ready.
        assert {it.id for it in self.guild.members} == set(people.values())
        assert self.guild.chunked and self.guild.me.guild_permissions.ban_members
        assert (await self.bot.application_info()).id == self.bot.application_id
        assert len([it async for it in self.guild.fetch_members()]) == len(people)

    async def conversation(self):
        async with self.hears("message", self.from_newcomer) as heard:
            written = await self.says("Is anybody there? ünïcödé 🏰")
        question = heard[0]
        assert question.id == int(written["id"])
        assert question.content == "Is anybody there? ünïcödé 🏰"
        assert isinstance(question.author, discord.Member)

        answer = await question.reply("I am.", mention_author=False)
        assert answer.reference.message_id == question.id
        answer = await answer.edit(content="I am, always.")
        assert (await self.channel.fetch_message(answer.id)).content == "I am, always."
        assert answer.edited_at is not None

        await question.add_reaction("👍")
        path = f"/channels/{self.channel.id}/messages/{answer.id}/reactions/{quote('🎉')}"
        async with self.hears("reaction_add", lambda _, user: user.id == self.newcomer) as heard:
            await self.control("PUT", path, {"as": str(self.newcomer)})
        reaction, _ = heard[0]
        assert (str(reaction.emoji), reaction.message.id) == ("🎉", answer.id)
        again = await self.channel.fetch_message(question.id)
        assert [(str(it.emoji), it.me) for it in again.reactions] == [("👍", True)]
        users = [user.id async for user in again.reactions[0].users()]
        assert users == [self.bot.user.id]

        path = f"/channels/{self.channel.id}/messages/{question.id}"
        async with self.hears("message_edit", lambda _, now: now.id == question.id) as heard:
            await self.control("PATCH", path, {"as": str(self.newcomer), "content": "Anybody?"})
        assert heard[0][1].content == "Anybody?"
        async with self.hears("message_delete", lambda it: it.id == question.id):
            await self.control("DELETE", f"{path}?as={self.newcomer}")

        await answer.pin()
        assert [it.id async for it in self.channel.pins()] == [answer.id]
        await answer.unpin()

        direct = await self.guild.get_member(self.newcomer).send("Between us.")
        async with self.hears("message", self.from_newcomer) as heard:
            await self.says("Of course.", direct.channel.id)
        assert heard[0].content == "Of course." and heard[0].guild is None

    async def threads(self):
        message = await self.channel.send("Let us talk about tea.")
        async with self.hears("thread_create") as heard:
            thread = await message.create_thread(name="tea", auto_archive_duration=60)
        assert heard[0].id == thread.id and thread.parent_id == self.channel.id
        await thread.send("Green or black?")
        async with self.hears("message", self.from_newcomer) as heard:
            await self.says("Black.", thread.id)
        assert heard[0].channel.id == thread.id and heard[0].content == "Black."
        members = {member.id for member in await thread.fetch_members()}
        assert members == {self.newcomer, self.bot.user.id}
        thread = await thread.edit(archived=True)
        assert thread.archived
        assert thread.id in [it.id async for it in self.channel.archived_threads()]

        made = await self.guild.forums[0].create_thread(name="an idea", content="What if?")
        assert made.message.content == "What if?" and made.message.id == made.thread.id

    async def files_and_embeds(self):
        data = bytes(index % 251 for index in range(70_000))
        embed = discord.Embed(title="A sketch", colour=0x3498DB, timestamp=discord.utils.utcnow())
        embed.add_field(name="by", value="artist").set_image(url="attachment://sketch.png")
        files = [
            discord.File(io.BytesIO(b"no real picture"), "sketch.png"),
            discord.File(io.BytesIO(data), "numbers.bin", description="0 to 250"),
        ]
        message = await self.channel.send("See:", embed=embed, files=files)
        assert message.embeds[0].title == "A sketch"
        assert message.embeds[0].fields[0].value == "artist"
        attachment = next(it for it in message.attachments if it.filename == "numbers.bin")
        assert (attachment.size, attachment.description) == (len(data), "0 to 250")
        assert await attachment.read() == data
        async with self.http.get(message.embeds[0].image.url) as response:
            assert await response.read() == b"no real picture"

    async def moderation(self):
        permissions = discord.Permissions(view_channel=True)
        colour = discord.Colour(0xE91E63)
        role = await self.guild.create_role(
            name="guest", permissions=permissions, colour=colour, reason="a märchen"
        )
        member = self.guild.get_member(self.newcomer)
        async with self.hears("member_update", lambda _, now: now.get_role(role.id) is not None):
            await member.add_roles(role, reason="welcome")
        log = self.guild.audit_logs(action=discord.AuditLogAction.role_create, limit=1)
        entry = [entry async for entry in log][0]
        assert (entry.reason, entry.user.id) == ("a märchen", self.bot.user.id)
        assert entry.target.id == role.id and entry.after.name == "guest"

        async with self.hears("guild_channel_update", lambda _, now: now.id == self.channel.id):
            await self.channel.set_permissions(role, send_messages=False, add_reactions=True)
        assert self.channel.overwrites_for(role).send_messages is False
        assert not self.channel.permissions_for(member).send_messages
        body = {"as": str(self.newcomer), "content": "May I?"}
        status, answer = await self.ask("POST", f"/channels/{self.channel.id}/messages", body)
        assert (status, answer["code"]) == (403, 50013)
        await self.channel.set_permissions(role, overwrite=None)
        await role.delete()

        async with self.hears("member_update", lambda _, now: now.is_timed_out()):
            await member.timeout(timedelta(minutes=1), reason="calm down")
        assert not self.channel.permissions_for(member).send_messages
        await member.timeout(None)
        await member.edit(nick="fresh")
        assert (await self.guild.fetch_member(self.newcomer)).display_name == "fresh"
        await member.edit(nick=None)

        artist = self.guild.get_member(self.artist)
        async with self.hears("member_ban") as heard:
            await artist.ban(delete_message_seconds=60, reason="a test")
        assert heard[0][1].id == self.artist
        assert (await self.guild.fetch_ban(artist)).reason == "a test"
        await self.guild.unban(artist)

    async def furniture(self):
        """Channels, webhooks, invites, polls and emojis."""
        async with self.hears("guild_channel_create") as heard:
            room = await self.guild.create_text_channel(
                "workshop", topic="wood", category=self.channel.category, slowmode_delay=5
            )
        assert heard[0].id == room.id and room.category_id == self.channel.category_id
        assert (room.topic, room.slowmode_delay) == ("wood", 5)
        assert (await room.edit(topic="stone")).topic == "stone"
        await room.move(beginning=True)

        hook = await room.create_webhook(name="herald")
        post = await hook.send("Hear ye", username="crier", wait=True)
        assert (post.author.name, post.webhook_id) == ("crier", hook.id)
        assert (await post.edit(content="Hear me")).content == "Hear me"
        assert [it.id for it in await room.webhooks()] == [hook.id]
        await hook.delete()

        invite = await room.create_invite(max_age=60, max_uses=1)
        assert (await self.bot.fetch_invite(invite.code)).guild.id == self.guild.id
        assert invite.code in [it.code for it in await self.guild.invites()]
        await invite.delete()

        poll = discord.Poll("Tea?", timedelta(hours=1)).add_answer(text="yes").add_answer(text="no")
        asked = await room.send(poll=poll)
        path = f"/channels/{room.id}/polls/{asked.id}/answers/@me"
        async with self.hears("poll_vote_add") as heard:
            await self.control("PUT", path, {"as": str(self.newcomer), "answer_ids": ["1"]})
        voter, answer = heard[0]
        assert (voter.id, answer.id) == (self.newcomer, 1)
        assert [it.id async for it in answer.voters()] == [self.newcomer]
        ended = await asked.end_poll()
        assert ended.poll.expires_at <= discord.utils.utcnow() + timedelta(seconds=1)

        first, second = await room.send("one"), await room.send("two")
        forwarded = await first.forward(self.channel)
        assert forwarded.message_snapshots[0].content == "one"
        async with self.hears("bulk_message_delete") as heard:
            await room.delete_messages([first, second])
        assert {it.id for it in heard[0]} == {first.id, second.id}

        pixel = base64.b64decode(PIXEL)
        async with self.hears("guild_emojis_update"):
            emoji = await self.guild.create_custom_emoji(name="pixel", image=pixel)
        await forwarded.add_reaction(emoji)
        again = await self.channel.fetch_message(forwarded.id)
        assert [(it.emoji.id, it.count) for it in again.reactions] == [(emoji.id, 1)]
        await forwarded.clear_reactions()
        await emoji.delete()

        news = next(it for it in self.guild.text_channels if it.is_news())
        await news.set_permissions(self.guild.me, send_messages=True)
        announced = await news.send("News")
        await announced.publish()
        assert (await news.fetch_message(announced.id)).flags.crossposted

        async with self.hears("guild_channel_delete") as heard:
            await room.delete()
        assert heard[0].id == room.id
        assert (await self.guild.edit(description="A square")).description == "A square"

    async def comings(self):
        """People come, show themselves, speak, and leave."""
        guest = await self.control("POST", "/users", {"username": "guest"})
        members, id = f"/guilds/{self.guild.id}/members", int(guest["id"])
        async with self.hears("member_join") as heard:
            await self.control("POST", members, {"user_id": guest["id"]})
        member = heard[0]
        assert (member.id, member.name) == (id, "guest")
        idle = lambda _, now: now.id == id and now.status is discord.Status.idle
        async with self.hears("presence_update", idle):
            await self.control("PUT", f"/users/{id}/presence", {"status": "idle"})
        async with self.hears("typing", lambda _, user, when: user.id == id) as heard:
            await self.control("POST", f"/channels/{self.channel.id}/typing", {"as": guest["id"]})
        assert heard[0][0].id == self.channel.id
        voice = self.guild.voice_channels[0]
        async with self.hears("voice_state_update", lambda who, _, now: now.channel == voice):
            body = {"channel_id": str(voice.id)}
            await self.control("PUT", f"{members}/{id}/voice", body)
        assert [it.id for it in voice.members] == [id]
        async with self.hears("voice_state_update", lambda who, _, now: now.channel is None):
            await member.move_to(None)
        async with self.hears("member_remove") as heard:
            await self.control("DELETE", f"{members}/{id}")
        assert heard[0].id == id
        watching = discord.Activity(name="the hall", type=discord.ActivityType.watching)
        await self.bot.change_presence(status=discord.Status.dnd, activity=watching)

    async def refusals(self):
        owner = self.guild.get_member(self.ada)
        minute = timedelta(minutes=1)
        for refused in (owner.kick(), owner.ban(), owner.timeout(minute)):
            error = await self.refused(refused, discord.Forbidden)
            assert (error.status, error.code, error.text) == (403, 50013, "Missing Permissions")
        error = await self.refused(self.channel.send("x" * 2001), discord.HTTPException)
        assert (error.status, error.code) == (400, 50035)
        assert "In content: Must be 2000 or fewer in length." in str(error), str(error)
        embeds = [discord.Embed(title="ok"), discord.Embed(title="t" * 257)]
        error = await self.refused(self.channel.send(embeds=embeds), discord.HTTPException)
        assert "In embeds.1.title: Must be 256 or fewer in length." in str(error), str(error)
        error = await self.refused(self.channel.fetch_message(1), discord.NotFound)
        assert (error.status, error.code) == (404, 10008)
        error = await self.refused(self.channel.send(""), discord.HTTPException)
        assert error.code == 50006

    async def limits(self):
        limits = (await self.control("GET", "/limits"))["limits"]
        faster = {**limits, "message_create": {"limit": 5, "per_ms": 1000}}
        await self.control("PUT", "/limits", faster)
        waits = Waits()
        log = logging.getLogger("discord.http")
        log.setLevel(logging.DEBUG)
        log.propagate = False
        log.addHandler(waits)
        before = (await self.control("GET", "/state"))["invalid_requests"]
        words = [f"burst {index}" for index in range(12)]
        await asyncio.gather(*(self.channel.send(word) for word in words))
        last = [message.content async for message in self.channel.history(limit=12)]
        assert sorted(last) == sorted(words)
        assert (await self.control("GET", "/state"))["invalid_requests"] == before
        assert waits.ahead > 0 and waits.refused == 0, (waits.ahead, waits.refused)
        log.removeHandler(waits)
        log.setLevel(logging.WARNING)
        log.propagate = True
        told["waited"] = waits.ahead

    async def resumption(self):
        away = "while you were away"
        session = self.bot.ws.session_id
        async with self.hears("message", lambda it: it.content == away):
            async with self.hears("resumed"):
                # Deaf first, so that the event cannot come before the socket ends.
                await self.control("POST", "/gateway/silence")
                await self.says(away)
                assert away not in self.bot.seen
                await self.control("POST", "/gateway/drop")
        async with self.hears("message", lambda it: it.content == "and now you are back"):
            await self.says("and now you are back")
        told["replayed"] = self.bot.seen.count(away)
        assert told["replayed"] == 1
        assert self.bot.ws.session_id == session, "the session was lost"

        async with self.hears("resumed"):
            await self.control("POST", "/gateway/reconnect")
        async with self.hears("ready"):
            await self.control("POST", "/gateway/invalidate")
        assert self.bot.ws.session_id != session
        self.look_round()

    async def acts(self, **body):
        body |= {"as": str(self.newcomer), "channel_id": str(self.channel.id)}
        return await self.control("POST", "/interactions", body)

    async def interactions(self):
        bot, met = self.bot, asyncio.Queue()

        class Why(discord.ui.Modal, title="Why?"):
            reason = discord.ui.TextInput(label="Reason", style=discord.TextStyle.paragraph)

            async def on_submit(self, interaction):
                await interaction.response.edit_message(
                    content=f"Noted: {self.reason.value}.", view=None
                )
                await met.put(("modal", self.reason.value, interaction))

            async def on_error(self, interaction, error):
                await met.put(("error", error, interaction))

        class Choice(discord.ui.View):
            @discord.ui.button(label="More", style=discord.ButtonStyle.primary, custom_id="more")
            async def more(self, interaction, button):
                await interaction.response.send_modal(modal)
                await met.put(("button", interaction.message.content, interaction))

            @discord.ui.select(
                custom_id="kind",
                options=[discord.SelectOption(label="green"), discord.SelectOption(label="black")],
            )
            async def kind(self, interaction, select):
                await interaction.response.defer()
                await interaction.edit_original_response(content=f"{select.values[0]} tea")
                await met.put(("select", select.values, interaction))

            async def on_error(self, interaction, error, item):
                await met.put(("error", error, interaction))

        @bot.tree.command(description="Ask the hall", guild=self.guild)
        @app_commands.describe(what="About what")
        async def ask(interaction, what: str):
            if what == "time":
                await interaction.response.defer(ephemeral=True)
                settled = await interaction.followup.send("Later.", wait=True)
                await met.put(("deferred", settled.flags.ephemeral, interaction))
                return
            await interaction.response.send_message(f"{what} is good.", view=view)
            await interaction.edit_original_response(content=f"{what} is very good.")
            await interaction.followup.send("Just for you", ephemeral=True)
            await met.put(("command", what, interaction))

        @bot.tree.error
        async def failed(interaction, error):
            await met.put(("error", error, interaction))

        async def meets(kind, what):
            got = await asyncio.wait_for(met.get(), PATIENCE)
            assert got[:2] == (kind, what), got
            return got[2]

        modal, view = Why(), Choice(timeout=None)
        (command,) = await bot.tree.sync(guild=self.guild)
        assert [it.id for it in await bot.tree.fetch_commands(guild=self.guild)] == [command.id]

        def options(value):
            return {"name": "ask", "options": [{"type": 3, "name": "what", "value": value}]}

        application = str(bot.application_id)
        await self.acts(type=2, application_id=application, data=options("tea"))
        interaction = await meets("command", "tea")
        assert interaction.user.id == self.newcomer
        answer = await interaction.original_response()
        assert answer.content == "tea is very good."
        assert (await self.channel.fetch_message(answer.id)).interaction_metadata.user.id == self.newcomer
        again = discord.http.Route("POST", f"/interactions/{interaction.id}/{interaction.token}/callback")
        error = await self.refused(bot.http.request(again, json={"type": 6}), discord.HTTPException)
        assert error.code == 40060

        on = str(answer.id)
        data = {"component_type": 3, "custom_id": "kind", "values": ["black"]}
        await self.acts(type=3, message_id=on, data=data)
        await meets("select", ["black"])
        data = {"component_type": 2, "custom_id": "more"}
        pressed = await self.acts(type=3, message_id=on, data=data)
        await meets("button", "black tea")
        field = {"type": 4, "custom_id": modal.reason.custom_id, "value": "thirst"}
        row = {"type": 1, "components": [field]}
        data = {"custom_id": modal.custom_id, "components": [row]}
        await self.acts(type=5, interaction_id=pressed["id"], data=data)
        await meets("modal", "thirst")
        assert (await self.channel.fetch_message(answer.id)).content == "Noted: thirst."

        await self.acts(type=2, application_id=application, data=options("time"))
        await meets("deferred", True)

    async def settled(self, place):
        """The event of a channel's making may come after the answer to the request."""
        while self.guild.get_channel(place.id) is None:
            await self.bot.wait_for("guild_channel_create", timeout=PATIENCE)

    async def permissions(self):
        """Random roles and overwrites, and what the library makes of them."""
        dice = random.Random(7)
        every = discord.Permissions.all()
        every.administrator = False
        bits = [1 << place for place in range(64) if every.value >> place & 1]

        def some():
            return sum(bit for bit in bits if dice.random() < 0.2)

        me, guild = self.guild.me, self.guild
        roles = []
        for turn in range(5):
            permissions = discord.Permissions(some())
            roles.append(await guild.create_role(name=f"random-{turn}", permissions=permissions))
        async with self.hears("guild_role_create", lambda role: role.name == "crown") as heard:
            body = {"name": "crown", "permissions": "8"}
            await self.control("POST", f"/guilds/{guild.id}/roles", body)
        crown = heard[0]
        for index, member in enumerate(it for it in guild.members if it != me):
            given = [crown] if index == 1 else [role for role in roles if dice.random() < 0.4]
            for role in given:
                holds = lambda _, now, role=role, who=member: now == who and role in now.roles
                async with self.hears("member_update", holds):
                    await member.add_roles(role)
        quiet = guild.get_member(self.newcomer)
        async with self.hears("member_update", lambda _, now: now.is_timed_out()):
            await quiet.timeout(timedelta(hours=1))
        mine = discord.Permissions(me.guild_permissions.value)
        mine.manage_roles = False
        judged = discord.Permissions.all_channel().value & ~discord.Permissions.voice().value
        rows = []
        for turn in range(SCENE["rounds"]):
            # The bot has to see what it made, and to be able to set what it lacks.
            overwrites = {me: discord.PermissionOverwrite.from_pair(mine, discord.Permissions())}
            for target in [*self.guild.roles, *(it for it in self.guild.members if it != me)]:
                if dice.random() < 0.5:
                    # Only administrators touch this bit in a channel that they make.
                    allow, deny = some() & ~(1 << 28), some() & ~(1 << 28)
                    pair = discord.Permissions(allow), discord.Permissions(deny & ~allow)
                    overwrites[target] = discord.PermissionOverwrite.from_pair(*pair)
            name = f"random-{turn}"
            places = [await self.guild.create_text_channel(name, overwrites=overwrites)]
            if turn % 4 == 0:
                public = discord.ChannelType.public_thread
                # Threads look their parent up in the cache.
                await self.settled(places[0])
                places.append(await places[0].create_thread(name="aside", type=public))
            for place in places:
                for member in self.guild.members:
                    got = place.permissions_for(member).value
                    row = {"channel": str(place.id), "user": str(member.id), "bits": str(got)}
                    rows.append(row)
        told["judged"], told["permissions"] = judged, rows


async def main():
    discord.utils.setup_logging(level=logging.WARNING)
    async with Bot() as bot, aiohttp.ClientSession() as http:
        running = asyncio.create_task(bot.start(SCENE["bot_token"]))
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait({running, ready}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        assert ready.done(), running
        story = Story(bot, http)
        for chapter in (
            story.caches,
            story.conversation,
            story.threads,
            story.files_and_embeds,
            story.moderation,
            story.furniture,
            story.comings,
            story.refusals,
            story.limits,
            story.resumption,
            story.interactions,
            story.permissions,
        ):
            try:
                await chapter()
            except BaseException as error:
                error.add_note(f"in the chapter {chapter.__name__}")
                raise
        await bot.close()
        await running
    print(json.dumps(told))


asyncio.run(asyncio.wait_for(main(), WHOLE_DAY))
