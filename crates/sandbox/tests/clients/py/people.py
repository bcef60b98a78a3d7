"""Who is there: roles, joining and leaving, voice, moderation, and the log of it all."""

from datetime import timedelta

import discord
from stage import story

Action = discord.AuditLogAction


async def tell(stage):
    bot, guild, channel, people = stage.bot, stage.guild, stage.channel, stage.people
    member = guild.get_member(people["newcomer"])
    path = f"/guilds/{guild.id}/members"

    def updates(fits):
        return stage.hears("member_update", lambda _, now: now == member and fits(now))

    async with stage.step("a role is made, given, moved, changed, taken and deleted"):
        async with stage.hears("guild_role_create"):
            role = await guild.create_role(
                name="guest",
                colour=discord.Colour(0xE91E63),
                hoist=True,
                mentionable=True,
                permissions=discord.Permissions(view_channel=True),
                reason="a märchen",
            )
        assert (role.colour.value, role.hoist, role.mentionable) == (0xE91E63, True, True)
        async with updates(lambda now: now.get_role(role.id)):
            await member.add_roles(role, reason="welcome")
        async with stage.hears("guild_role_update", lambda _, now: now == role and now.position == 2):
            await role.edit(position=2)
        async with stage.hears("guild_role_update", lambda _, now: now.name == "visitor"):
            await role.edit(name="visitor", permissions=discord.Permissions.none())
        async with updates(lambda now: not now.get_role(role.id)):
            await member.remove_roles(role)
        async with updates(lambda now: [it.id for it in now.roles[1:]] == [role.id]):
            await member.edit(roles=[role])
        async with stage.hears("guild_role_delete", lambda it: it == role):
            await role.delete()

    async with stage.step("someone comes, shows up online, types and is greeted"):
        guest = await stage.control("POST", "/users", {"username": "guest"})
        guest_id = int(guest["id"])
        async with stage.hears("member_join") as heard:
            await stage.control("POST", path, {"user_id": guest["id"]})
        visitor = heard[0]
        assert (visitor.id, visitor.name) == (guest_id, "guest")
        idle = lambda _, now: now.id == guest_id and now.status is discord.Status.idle
        async with stage.hears("presence_update", idle):
            await stage.control("PUT", f"/users/{guest_id}/presence", {"status": "idle"})

    async with stage.step("someone enters voice, is muted, moved and sent out"):
        voice = guild.voice_channels[0]
        other = await guild.create_voice_channel("attic")
        state = lambda fits: stage.hears("voice_state_update", lambda who, _, now: who.id == guest_id and fits(now))
        async with state(lambda now: now.channel == voice and now.self_mute):
            body = {"channel_id": str(voice.id), "self_mute": True}
            await stage.control("PUT", f"{path}/{guest_id}/voice", body)
        assert [it.id for it in voice.members] == [guest_id]
        async with state(lambda now: now.mute):
            await visitor.edit(mute=True)
        async with state(lambda now: now.deaf):
            await visitor.edit(deafen=True)
        async with state(lambda now: now.channel.id == other.id):
            await visitor.move_to(other)
        async with state(lambda now: now.channel is None):
            await visitor.move_to(None)

    async with stage.step("the bot itself enters voice and leaves"):
        mine = lambda fits: stage.hears("voice_state_update", lambda who, _, now: who == guild.me and fits(now))
        async with mine(lambda now: now.channel == voice and now.self_deaf):
            await guild.change_voice_state(channel=voice, self_deaf=True)
        async with mine(lambda now: now.channel is None):
            await guild.change_voice_state(channel=None)

    async with stage.step("a timeout silences, and its end gives the voice back"):
        async with updates(lambda now: now.is_timed_out()):
            await member.timeout(timedelta(minutes=1), reason="calm down")
        assert not channel.permissions_for(member).send_messages
        body = {"as": str(member.id), "content": "but"}
        assert (await stage.ask("POST", f"/channels/{channel.id}/messages", body))[0] == 403
        async with updates(lambda now: not now.is_timed_out()):
            await member.timeout(None)
        await stage.says("newcomer", "thank you")

    async with stage.step("a nickname is given and taken, the bot's own too"):
        async with updates(lambda now: now.nick == "fresh"):
            await member.edit(nick="fresh")
        assert (await guild.fetch_member(member.id)).display_name == "fresh"
        await member.edit(nick=None)
        async with stage.hears("member_update", lambda _, now: now == guild.me and now.nick == "hall"):
            await guild.me.edit(nick="hall")
        await guild.me.edit(nick=None)

    async with stage.step("a member's flags are kept"):
        await member.edit(bypass_verification=True)
        assert (await guild.fetch_member(member.id)).flags.bypasses_verification

    async with stage.step("someone is kicked, and comes back"):
        async with stage.hears("member_remove", lambda it: it.id == guest_id):
            await visitor.kick(reason="noise")
        async with stage.hears("member_join"):
            await stage.control("POST", path, {"user_id": guest["id"]})

    async with stage.step("someone is banned, listed among the banned and pardoned"):
        async with stage.hears("member_ban", lambda _, it: it.id == guest_id):
            await guild.ban(discord.Object(guest_id), delete_message_seconds=60, reason="a test")
        assert (await guild.fetch_ban(discord.Object(guest_id))).reason == "a test"
        assert [it.user.id async for it in guild.bans()] == [guest_id]
        async with stage.hears("member_unban", lambda _, it: it.id == guest_id):
            await guild.unban(discord.Object(guest_id), reason="sorry")
        result = await guild.bulk_ban([discord.Object(guest_id), guild.owner])
        assert [it.id for it in result.banned] == [guest_id]
        assert [it.id for it in result.failed] == [guild.owner_id]

    async with stage.step("those who were never seen can be counted and pruned"):
        would = await guild.estimate_pruned_members(days=30)
        assert await guild.prune_members(days=30, compute_prune_count=True) == would

    async with stage.step("the audit log tells who did what, and why"):
        async def first(action):
            return [it async for it in guild.audit_logs(action=action, limit=1)][0]

        made = await first(Action.role_create)
        assert (made.reason, made.user, made.after.name) == ("a märchen", bot.user, "guest")
        assert made.target.id == role.id
        given = [it async for it in guild.audit_logs(action=Action.member_role_update)]
        assert any(it.reason == "welcome" and it.after.roles[0].id == role.id for it in given)
        assert (await first(Action.kick)).reason == "noise"
        assert (await first(Action.unban)).reason == "sorry"
        silenced = guild.audit_logs(action=Action.member_update, user=bot.user)
        assert any([it.reason == "calm down" and it.target == member async for it in silenced])
        created = lambda it: it.action is Action.channel_create
        async with stage.hears("audit_log_entry_create", created) as heard:
            await guild.create_text_channel("logged", reason="to see it")
        assert (heard[0].reason, heard[0].user_id) == ("to see it", bot.user.id)

    async with stage.step("the guild itself is changed"):
        async with stage.hears("guild_update", lambda _, now: now.name == "The Hall") as heard:
            await guild.edit(name="The Hall", description="A square", afk_timeout=60, reason="growth")
        assert (heard[1].description, heard[1].afk_timeout) == ("A square", 60)


story(tell)
