"""What makes a guild a community: AutoMod, stickers, welcome, onboarding, widget, templates."""

import io
from datetime import timedelta

import discord
from stage import PIXEL, story


async def tell(stage):
    bot, guild, channel, people = stage.bot, stage.guild, stage.channel, stage.people
    newcomer = guild.get_member(people["newcomer"])
    named = lambda name: discord.utils.get(guild.channels, name=name)

    async with stage.step("a rule blocks what it names, warns the moderators and silences"):
        async with stage.hears("automod_rule_create") as heard:
            rule = await guild.create_automod_rule(
                name="no weeds",
                event_type=discord.AutoModRuleEventType.message_send,
                trigger=discord.AutoModTrigger(
                    type=discord.AutoModRuleTriggerType.keyword,
                    keyword_filter=["thistle*"],
                    allow_list=["thistledown"],
                ),
                actions=[
                    discord.AutoModRuleAction(custom_message="Not here."),
                    discord.AutoModRuleAction(channel_id=named("moderators").id),
                    discord.AutoModRuleAction(duration=timedelta(minutes=1)),
                ],
                enabled=True,
                reason="gardening",
            )
        assert heard[0].id == rule.id and rule.trigger.keyword_filter == ["thistle*"]
        body = {"as": str(newcomer.id), "content": "look, a thistle"}
        silenced = lambda _, now: now == newcomer and now.is_timed_out()
        async with stage.hears("member_update", silenced):
            async with stage.hears("automod_action") as heard:
                status, answer = await stage.ask("POST", f"/channels/{channel.id}/messages", body)
        assert (status, answer["code"]) == (400, 200000)
        assert heard[0].rule_id == rule.id and heard[0].user_id == newcomer.id
        assert heard[0].content == "look, a thistle"
        await newcomer.timeout(None)
        async with stage.hears("automod_rule_update", lambda it: not it.enabled):
            await rule.edit(enabled=False)
        assert rule.id in [it.id for it in await guild.fetch_automod_rules()]
        async with stage.hears("automod_rule_delete"):
            await rule.delete()
        await stage.says("newcomer", "a thistle at last")

    async with stage.step("a sticker is drawn, sent, renamed and deleted"):
        picture = discord.File(io.BytesIO(PIXEL), "dot.png")
        async with stage.hears("guild_stickers_update"):
            sticker = await guild.create_sticker(name="dot", description="a dot", emoji="👋", file=picture)
        sent = await channel.send(stickers=[sticker])
        assert [it.name for it in sent.stickers] == ["dot"]
        async with stage.hears("guild_stickers_update"):
            await sticker.edit(name="point")
        assert (await guild.fetch_sticker(sticker.id)).name == "point"
        async with stage.hears("guild_stickers_update"):
            await sticker.delete()

    async with stage.step("the guild becomes a community, with a screen that welcomes"):
        await guild.edit(
            community=True,
            rules_channel=named("rules"),
            public_updates_channel=named("moderators"),
            verification_level=discord.VerificationLevel.low,
            explicit_content_filter=discord.ContentFilter.all_members,
        )
        assert "COMMUNITY" in (await bot.fetch_guild(guild.id)).features
        talk = discord.WelcomeChannel(channel=channel, description="Talk", emoji="💬")
        await guild.edit_welcome_screen(description="Come in", welcome_channels=[talk], enabled=True)
        screen = await guild.welcome_screen()
        assert (screen.description, screen.welcome_channels[0].description) == ("Come in", "Talk")

    async with stage.step("the widget shows who is there to those who are not"):
        await guild.edit_widget(enabled=True, channel=channel)
        widget = await guild.widget()
        assert widget.name == guild.name and widget.presence_count >= 1 and widget.invite_url

    async with stage.step("a template is made, read, synchronised and deleted"):
        template = await guild.create_template(name="square", description="How it was")
        assert (await bot.fetch_template(template.code)).source_guild.name == guild.name
        await guild.create_text_channel("after-the-template")
        assert not (await template.sync()).is_dirty
        assert (await template.edit(name="copy")).name == "copy"
        assert template.code in [it.code for it in await guild.templates()]
        await template.delete()
        await stage.refused(bot.fetch_template(template.code), 404, 10057)

    async with stage.step("integrations and packs of stickers are read"):
        integrations = await guild.integrations()
        assert any(it.application and it.application.id == bot.application_id for it in integrations)
        await bot.fetch_premium_sticker_packs()

    async with stage.step("an application keeps emojis and a face of its own"):
        emoji = await bot.create_application_emoji(name="app_dot", image=PIXEL)
        assert emoji.id in [it.id for it in await bot.fetch_application_emojis()]
        await emoji.delete()
        application = await bot.application_info()
        assert (await application.edit(description="Keeps the hall")).description == "Keeps the hall"
        assert [it async for it in bot.entitlements()] == []
        before = bot.user.name
        assert (await bot.user.edit(username="keeper")).name == "keeper"
        await bot.user.edit(username=before)

    async with stage.step("invites and direct messages are paused in an incident"):
        until = discord.utils.utcnow() + timedelta(hours=1)
        async with stage.hears("guild_update", lambda _, now: now.invites_paused()):
            await guild.edit(invites_disabled_until=until)


story(tell)
