"""What discord.py makes of guilds: one guild as JSON in each line, its answers in each line back.

The objects are the library's own, made from payloads without any network.
"""

import json
import sys

import discord

state = discord.Client(intents=discord.Intents.all())._connection


def judge(payload):
    own = payload["members"][0]["user"]
    state.user = discord.user.ClientUser(state=state, data=own)
    guild = discord.Guild(data=payload, state=state)
    me = guild.me
    members = [guild.get_member(int(it["user"]["id"])) for it in payload["members"]]
    places = [guild.get_channel_or_thread(int(it["id"])) for it in payload["channels"] + payload["threads"]]
    tops = [it.top_role for it in members]
    return {
        "rights": [str(it.guild_permissions.value) for it in members],
        "silenced": [it.is_timed_out() for it in members],
        "places": [[str(place.permissions_for(it).value) for it in members] for place in places],
        "higher": [tops[0] > top for top in tops],
        "above": [tops[0] > guild.get_role(int(it["id"])) for it in payload["roles"]],
        "owner": [guild.owner == it for it in members],
    }


answers = (json.dumps(judge(json.loads(line))) + "\n" for line in sys.stdin)
sys.stdout.writelines(answers)
