"""The story of one agent, told by the official Python MCP SDK.

Reads its scene as JSON from the environment variable SCENE and prints what happened as one line
of JSON. Any step that does not go as told raises, and the process exits non-zero.
"""

import asyncio
import json
import os
import sys

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult

SCENE = json.loads(os.environ["SCENE"])
asked = []


async def person_accepts(_context, params):
    """The person at the client reads the question and agrees."""
    asked.append(params.message)
    fields = list((params.requested_schema or {}).get("properties", {}))
    return ElicitResult(action="accept", content={name: True for name in fields})


def server():
    if SCENE["transport"] == "stdio":
        command, *arguments = SCENE["command"]
        return StdioServerParameters(command=command, args=arguments, env=SCENE["env"])
    headers = {"Authorization": f"Bearer {SCENE['key']}"} if SCENE.get("key") else {}
    client = httpx2.AsyncClient(headers=headers, timeout=30)
    return streamable_http_client(SCENE["url"], http_client=client)


def body(result):
    assert not result.is_error, result
    return result.structured_content


async def main():
    callback = person_accepts if SCENE["asks"] else None
    async with Client(server(), mode=SCENE["mode"], elicitation_callback=callback) as client:
        tools = (await client.list_tools()).tools
        assert tools[0].name == "discord_find_tools", tools[0].name
        body(await client.call_tool("discord_find_tools", {}))

        words = {"channel_id": SCENE["channel_id"], "content": SCENE["words"]}
        plan = body(await client.call_tool("discord_send_message", words))
        assert plan["outcome"] == "planned", plan
        sent = body(await client.call_tool("discord_send_message", {**words, "dry_run": False}))

        read = body(await client.call_tool("discord_get_messages", {"channel_id": SCENE["channel_id"]}))
        assert SCENE["words"] in json.dumps(read, ensure_ascii=False)
        assert "messages[].content" in read["untrusted_content"]["fields"], read

        wrong = await client.call_tool("discord_get_messages", {"chanel_id": SCENE["channel_id"]})
        assert wrong.is_error and "channel_id" in wrong.content[0].text, wrong
        try:
            await client.call_tool("discord_send_mesage", {})
            raise AssertionError("an unknown tool was called")
        except MCPError as error:
            assert "discord_send_message" in str(error), error

        target = {"channel_id": SCENE["channel_id"], "message_id": sent["id"]}
        call = {"tool": "discord_delete_message", "arguments": target}
        deleted = body(await client.call_tool("discord_run_destructive", call))
        if SCENE["asks"]:
            assert asked, "the person was not asked"
        else:
            token = deleted["plan"]["confirm"]["token"]
            call["arguments"] = {**target, "confirm": token}
            body(await client.call_tool("discord_run_destructive", call))

        uri = f"discord://channel/{SCENE['channel_id']}"
        contents = (await client.read_resource(uri)).contents
        assert SCENE["channel_id"] in contents[0].text
        templates = (await client.list_resource_templates()).resource_templates
        assert len(templates) >= 3, templates
        print(json.dumps({"protocol": client.protocol_version, "tools": len(tools), "asked": len(asked)}))


asyncio.run(asyncio.wait_for(main(), 60))
sys.stdout.flush()
