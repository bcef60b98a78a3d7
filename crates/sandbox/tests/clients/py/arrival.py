"""How a bot arrives: it logs in, fills its cache, asks for members, and shows itself."""

import discord
from stage import PATIENCE, story


async def tell(stage):
    bot, guild, world, people = stage.bot, stage.guild, stage.world, stage.people

    async with stage.step("frames come in one stream of zstd"):
        assert discord.utils._ActiveDecompressionContext.COMPRESSION_TYPE == "zstd-stream"

    async with stage.step("the guild is in the cache, with its owner, roles and channels"):
        assert guild.name == world["name"] and guild.owner_id == people["ada"]
        assert {it.id for it in guild.channels} == {int(it["id"]) for it in world["channels"]}
        assert {it.id for it in guild.roles} == {int(it["id"]) for it in world["roles"]}
        assert guild.text_channels and guild.voice_channels and guild.forums and guild.categories

    async with stage.step("the bot knows its own member and what it may do"):
        assert guild.me.guild_permissions.ban_members
        assert not guild.me.guild_permissions.administrator
        assert guild.self_role.tags.bot_id == bot.user.id

    async with stage.step("all members came in chunks when the client became ready"):
        assert guild.chunked and guild.member_count == len(people)
        assert {it.id for it in guild.members} == set(people.values())

    async with stage.step("members are found by name, by id, and page by page"):
        found = await guild.query_members(query="new", limit=5)
        assert [it.id for it in found] == [people["newcomer"]]
        ids = [people["ada"], people["artist"]]
        found = await guild.query_members(user_ids=ids, presences=True, limit=2)
        assert sorted(it.id for it in found) == sorted(ids)
        assert (await guild.fetch_member(people["helper"])).name == "helper"
        assert len([it async for it in guild.fetch_members(limit=None)]) == len(people)

    async with stage.step("presences are those of the world"):
        shown = {it.name: it.status for it in guild.members}
        assert shown["moderator"] is discord.Status.online
        assert shown["helper"] is discord.Status.idle
        assert shown["artist"] is discord.Status.offline

    async with stage.step("the application, the guild and the user can be fetched anew"):
        assert (await bot.application_info()).id == bot.application_id
        fetched = await bot.fetch_guild(guild.id)
        assert fetched.approximate_member_count == len(people)
        assert [it.id async for it in bot.fetch_guilds()] == [guild.id]
        assert (await bot.fetch_user(people["ada"])).name == "ada"
        assert len(await guild.fetch_channels()) == len(world["channels"])
        assert len(await guild.fetch_roles()) == len(world["roles"])

    async with stage.step("the bot shows what it is doing"):
        async with stage.another_bot() as watcher:
            halls = discord.Activity(name="two halls", type=discord.ActivityType.watching)
            coming = watcher.wait_for(
                "presence_update",
                check=lambda _, now: now.id == bot.user.id and now.status is discord.Status.dnd,
                timeout=PATIENCE,
            )
            await bot.change_presence(status=discord.Status.dnd, activity=halls)
            _, now = await coming
            assert now.activity.name == "two halls"

    async with stage.step("a bot of two shards gets the guild on the shard that is its own"):
        its = (guild.id >> 22) % 2
        async with stage.another_bot(shard_id=its, shard_count=2) as mine:
            assert mine.get_guild(guild.id).shard_id == its
        async with stage.another_bot(shard_id=1 - its, shard_count=2) as other:
            assert other.get_guild(guild.id) is None

    async with stage.step("a bot with few intents is told little"):
        few = discord.Intents(guilds=True, guild_messages=True)
        async with stage.another_bot(intents=few) as quiet:
            coming = quiet.wait_for("message", timeout=PATIENCE)
            await stage.says("newcomer", "can you read this?")
            assert (await coming).content == ""
            assert len(quiet.get_guild(guild.id).members) <= 1

    async with stage.step("a whole new guild appears while the bot is there, and is left"):
        async with stage.hears("guild_join") as heard:
            bots = [{"username": "guildhall", "permissions": 0}]
            hall = {"name": "Annex", "owner": "ada", "bots": bots}
            await stage.control("POST", "/guilds", hall | {"channels": [{"name": "hall", "kind": 0}]})
        async with stage.hears("guild_remove", lambda it: it.name == "Annex"):
            await heard[0].leave()


story(tell)
