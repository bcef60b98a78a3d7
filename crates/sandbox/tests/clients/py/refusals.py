"""How Discord says no, and what the library makes of it."""

import time
from datetime import timedelta

import discord
from stage import Bot, story

Route = discord.http.Route


async def tell(stage):
    bot, guild, channel, people = stage.bot, stage.guild, stage.channel, stage.people
    refused = stage.refused

    def request(method, path, **more):
        return bot.http.request(Route(method, path), **more)

    async with stage.step("nobody moderates the owner"):
        owner = guild.owner
        assert guild.me.top_role >= owner.top_role and guild.owner_id == owner.id
        for act in (owner.kick(), owner.ban(), owner.timeout(timedelta(minutes=1)), owner.edit(nick="x")):
            error = await refused(act, 403, 50013)
            assert error.text == "Missing Permissions"

    async with stage.step("a permission that the bot lacks is a refusal with Discord's code"):
        rules = discord.utils.get(guild.text_channels, name="rules")
        await refused(rules.send("May I?"), 403, 50013)
        await refused(guild.self_role.edit(name="higher"), 403, 50013)
        crown = discord.Permissions(administrator=True)
        await refused(guild.create_role(permissions=crown), 403, 50013)
        await refused(request("DELETE", f"/guilds/{guild.id}/roles/{guild.id}"), 400, 50028)

    async with stage.step("what is not there is unknown by its name"):
        await refused(channel.fetch_message(1), 404, 10008)
        await refused(bot.fetch_channel(1), 404, 10003)
        await refused(bot.fetch_guild(1), 404, 10004)
        await refused(bot.fetch_user(1), 404, 10013)
        await refused(guild.fetch_role(1), 404, 10011)
        await refused(guild.fetch_emoji(1), 404, 10014)
        await refused(guild.fetch_ban(discord.Object(1)), 404, 10026)
        await refused(bot.fetch_webhook(1), 404, 10015)
        await refused(bot.fetch_invite("nowhere"), 404, 10006)
        stranger = await stage.control("POST", "/users", {"username": "stranger"})
        await refused(guild.fetch_member(int(stranger["id"])), 404, 10007)

    async with stage.step("an invalid form names each field, and the library flattens the path"):
        error = await refused(channel.send("x" * 2001), 400, 50035)
        assert "In content: Must be 2000 or fewer in length." in str(error), str(error)
        embeds = [discord.Embed(title="ok"), discord.Embed(title="t" * 257)]
        error = await refused(channel.send(embeds=embeds), 400, 50035)
        assert "In embeds.1.title: Must be 256 or fewer in length." in str(error), str(error)
        await refused(channel.send(""), 400, 50006)
        error = await refused(guild.create_text_channel(""), 400, 50035)
        assert "In name:" in str(error), str(error)

    async with stage.step("someone else's message cannot be edited, and a reaction that is none is unknown"):
        written = await stage.says("newcomer", "mine")
        message = channel.get_partial_message(int(written["id"]))
        await refused(message.edit(content="yours"), 403, 50005)
        await refused(message.add_reaction("nothing:1"), 400, 10014)

    async with stage.step("messages older than two weeks are not deleted in bulk"):
        ago = discord.utils.utcnow() - timedelta(days=15)
        old = [discord.Object(discord.utils.time_snowflake(ago) + index) for index in range(2)]
        await refused(channel.delete_messages(old), 400, 50034)

    async with stage.step("a wrong token is told so, and a wrong route as well"):
        async with Bot() as stranger:
            try:
                await stranger.login("not.a.token")
            except discord.LoginFailure as error:
                assert error.__cause__.status == 401
                stage.allow(lambda it: it["status"] == 401)
            else:
                raise AssertionError("a stranger got in")
        await refused(request("GET", "/nothing/here"), 404, 0)

    async with stage.step("a broken server is retried, and a lasting breakdown is an error of its own"):
        path = f"/channels/{channel.id}/typing"
        fault = {"route": "/channels/{id}/typing", "method": "POST", "kind": "status"}
        stage.allow(lambda it: it["status"] >= 500 and it["path"].endswith("/typing"))
        await stage.control("POST", "/faults", fault | {"status": 502})
        begun = time.monotonic()
        await request("POST", path)
        assert time.monotonic() > begun
        await stage.control("POST", "/faults", fault | {"status": 501})
        try:
            await request("POST", path)
        except discord.DiscordServerError as error:
            assert error.status == 501
        else:
            raise AssertionError("nothing broke down")
        await stage.control("DELETE", "/faults")
        await request("POST", path)


story(tell)
