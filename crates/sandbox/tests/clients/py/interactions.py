"""What people press, choose, fill in and ask for, and how a bot answers them."""

import asyncio
import io

import discord
from discord import app_commands
from stage import PATIENCE, story


async def tell(stage):
    bot, guild, channel, people = stage.bot, stage.guild, stage.channel, stage.people
    met = asyncio.Queue()
    helpers = discord.utils.get(guild.roles, name="helpers")
    application = str(bot.application_id)

    async def acts(**body):
        """The newcomer acts."""
        body |= {"as": str(people["newcomer"]), "channel_id": str(channel.id)}
        return await stage.control("POST", "/interactions", body)

    async def runs(name, *options, **more):
        data = {"name": name, "options": list(options), **more}
        return await acts(type=2, application_id=application, data=data)

    async def meets(kind):
        """What a callback of the bot has met."""
        got, *what = await asyncio.wait_for(met.get(), PATIENCE)
        if got == "error":
            raise what[0]
        assert got == kind, (got, what)
        return what

    def text(name, value):
        return {"type": 3, "name": name, "value": value}

    class Why(discord.ui.Modal, title="Why?"):
        reason = discord.ui.TextInput(label="Reason", style=discord.TextStyle.paragraph, min_length=3)

        async def on_submit(self, interaction):
            words = f"Noted: {self.reason.value}."
            await interaction.response.edit_message(content=words, view=None)
            await met.put(("modal", self.reason.value))

        async def on_error(self, interaction, error):
            await met.put(("error", error))

    class Choice(discord.ui.View):
        @discord.ui.button(label="More", style=discord.ButtonStyle.primary, custom_id="more", emoji="🍵")
        async def more(self, interaction, button):
            await interaction.response.send_modal(modal)
            await met.put(("button", interaction.message.content))

        @discord.ui.select(
            custom_id="kind",
            max_values=2,
            options=[discord.SelectOption(label="green"), discord.SelectOption(label="black")],
        )
        async def kind(self, interaction, select):
            await interaction.response.defer()
            await interaction.edit_original_response(content=f"{select.values[0]} tea")
            await met.put(("select", select.values))

        @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who")
        async def who(self, interaction, select):
            await interaction.response.defer()
            await met.put(("select", select.values))

        @discord.ui.select(cls=discord.ui.RoleSelect, custom_id="which")
        async def which(self, interaction, select):
            await interaction.response.defer()
            await met.put(("select", select.values))

        @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="place")
        async def place(self, interaction, select):
            await interaction.response.send_message("There.", ephemeral=True)
            await met.put(("select", select.values))

        async def on_error(self, interaction, error, item):
            await met.put(("error", error))

    @bot.tree.command(description="Ask the hall", guild=guild)
    @app_commands.describe(what="About what", times="How often", whom="Whom")
    async def ask(
        interaction,
        what: app_commands.Range[str, 1, 100],
        times: app_commands.Range[int, 1, 5] = 1,
        loud: bool = False,
        whom: discord.Member | None = None,
        where: discord.TextChannel | None = None,
        role: discord.Role | None = None,
        weight: float = 1.0,
    ):
        if what == "tea":
            await interaction.response.send_message("Tea is good.", view=view)
        elif what == "time":
            await interaction.response.defer(ephemeral=True)
        elif what == "weather":
            await interaction.response.defer(thinking=True)
        elif what == "cake":
            await interaction.response.send_message("Cake is good.")
        await met.put(("command", interaction, times, loud, whom, where, role, weight))

    @ask.autocomplete("what")
    async def offered(interaction, current):
        await met.put(("typing", current))
        return [app_commands.Choice(name=it.title(), value=it) for it in ("tea", "temper")]

    keys = app_commands.Group(name="key", description="Keys", guild_ids=[guild.id])

    @keys.command(description="Lend one")
    @app_commands.choices(door=[app_commands.Choice(name="Back", value="back")])
    async def lend(interaction, door: app_commands.Choice[str]):
        await interaction.response.send_message("Here.")
        await met.put(("lend", door.value))

    @bot.tree.context_menu(name="Look closer", guild=guild)
    async def look(interaction, message: discord.Message):
        await interaction.response.send_message("I see.")
        await met.put(("look", message.id))

    @bot.tree.context_menu(name="Greet", guild=guild)
    async def greet(interaction, member: discord.Member):
        await interaction.response.send_message("Hello!")
        await met.put(("greet", member.id))

    @bot.tree.error
    async def failed(interaction, error):
        await met.put(("error", error))

    bot.tree.add_command(keys)
    modal, view = Why(), Choice(timeout=None)

    async with stage.step("commands of every kind are registered and read"):
        made = await bot.tree.sync(guild=guild)
        assert {it.name for it in made} == {"ask", "key", "Look closer", "Greet"}
        assert {it.id for it in await bot.tree.fetch_commands(guild=guild)} == {it.id for it in made}
        options = next(it for it in made if it.name == "ask").options
        assert [it.type.value for it in options] == [3, 4, 5, 6, 7, 8, 10]

    async with stage.step("while someone types, choices are offered"):
        data = {"name": "ask", "options": [text("what", "te") | {"focused": True}]}
        await acts(type=4, application_id=application, data=data)
        assert await meets("typing") == ["te"]

    async with stage.step("a slash command carries options of every type, with what they stand for"):
        await runs(
            "ask",
            text("what", "tea"),
            {"type": 4, "name": "times", "value": 3},
            {"type": 5, "name": "loud", "value": True},
            {"type": 6, "name": "whom", "value": str(people["ada"])},
            {"type": 7, "name": "where", "value": str(channel.id)},
            {"type": 8, "name": "role", "value": str(helpers.id)},
            {"type": 10, "name": "weight", "value": 2.5},
        )
        interaction, times, loud, whom, where, role, weight = await meets("command")
        assert (times, loud, weight) == (3, True, 2.5)
        assert (whom.id, where.id, role) == (people["ada"], channel.id, helpers)
        assert interaction.user.id == people["newcomer"] and interaction.guild == guild
        assert interaction.permissions.send_messages and interaction.app_permissions.manage_channels
        shown = await interaction.original_response()
        assert (await channel.fetch_message(shown.id)).interaction_metadata.user.id == people["newcomer"]

    async with stage.step("the answer is edited, read and followed up, also for one person alone"):
        await runs("ask", text("what", "cake"))
        interaction = (await meets("command"))[0]
        await interaction.edit_original_response(content="Cake is very good.")
        assert (await interaction.original_response()).content == "Cake is very good."
        aside = await interaction.followup.send("Just for you", ephemeral=True, wait=True)
        assert aside.flags.ephemeral
        recipe = discord.File(io.BytesIO(b"recipe"), "recipe.txt")
        more = await interaction.followup.send("And", file=recipe, wait=True)
        assert (await more.edit(content="And a recipe")).attachments[0].filename == "recipe.txt"
        await more.delete()
        await interaction.delete_original_response()
        await stage.refused(channel.fetch_message(aside.id), 404, 10008)

    async with stage.step("a second first answer is refused"):
        await runs("ask", text("what", "cake"))
        interaction = (await meets("command"))[0]
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        again = bot.http.request(discord.http.Route("POST", path), json={"type": 6})
        await stage.refused(again, 400, 40060)

    async with stage.step("a deferred answer comes later, for one person or for all"):
        await runs("ask", text("what", "time"))
        settled = await (await meets("command"))[0].edit_original_response(content="Later.")
        assert settled.flags.ephemeral
        await runs("ask", text("what", "weather"))
        interaction = (await meets("command"))[0]
        thinking = await interaction.original_response()
        assert thinking.flags.loading
        await interaction.edit_original_response(content="Rain.")
        told = await channel.fetch_message(thinking.id)
        assert (told.content, told.flags.loading) == ("Rain.", False)

    async with stage.step("a subcommand is told apart"):
        await runs("key", {"type": 1, "name": "lend", "options": [text("door", "back")]})
        assert await meets("lend") == ["back"]

    async with stage.step("a command is run on a message, and on a person"):
        await runs("Look closer", type=3, target_id=str(shown.id))
        assert await meets("look") == [shown.id]
        await runs("Greet", type=2, target_id=str(people["artist"]))
        assert await meets("greet") == [people["artist"]]

    async with stage.step("every kind of menu brings what was chosen"):
        async def chooses(kind, custom_id, *values):
            data = {"component_type": kind, "custom_id": custom_id, "values": list(values)}
            await acts(type=3, message_id=str(shown.id), data=data)
            return (await meets("select"))[0]

        assert await chooses(3, "kind", "black", "green") == ["black", "green"]
        assert [it.id for it in await chooses(5, "who", str(people["artist"]))] == [people["artist"]]
        assert await chooses(6, "which", str(helpers.id)) == [helpers]
        assert [it.id for it in await chooses(8, "place", str(channel.id))] == [channel.id]

    async with stage.step("a button opens a form, and what is filled in changes the message"):
        data = {"component_type": 2, "custom_id": "more"}
        pressed = await acts(type=3, message_id=str(shown.id), data=data)
        assert await meets("button") == ["black tea"]
        field = {"type": 4, "custom_id": modal.reason.custom_id, "value": "thirst"}
        rows = [{"type": 1, "components": [field]}]
        data = {"custom_id": modal.custom_id, "components": rows}
        await acts(type=5, interaction_id=pressed["id"], data=data)
        assert await meets("modal") == ["thirst"]
        assert (await channel.fetch_message(shown.id)).content == "Noted: thirst."

    async with stage.step("a button that is switched off, or not there, cannot be pressed"):
        off = discord.ui.View().add_item(discord.ui.Button(label="Off", custom_id="off", disabled=True))
        message = await channel.send(view=off)
        for custom_id in ("off", "nowhere"):
            body = {"as": str(people["newcomer"]), "channel_id": str(channel.id), "type": 3}
            body |= {"message_id": str(message.id), "data": {"component_type": 2, "custom_id": custom_id}}
            assert (await stage.ask("POST", "/interactions", body))[0] == 400


story(tell)
