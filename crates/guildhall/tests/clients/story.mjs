// The story of one agent, told by the official TypeScript MCP SDKs: version 1
// (`@modelcontextprotocol/sdk`) or version 2 (`@modelcontextprotocol/client`).
//
// Reads its scene as JSON from the environment variable SCENE and prints what happened as one
// line of JSON. Any step that does not go as told throws, and the process exits non-zero.

import assert from 'node:assert/strict';

const scene = JSON.parse(process.env.SCENE);
const asked = [];

/** The person at the client reads the question and agrees. */
function personAccepts(request) {
  asked.push(request.params.message);
  const fields = Object.keys(request.params.requestedSchema?.properties ?? {});
  return { action: 'accept', content: Object.fromEntries(fields.map((name) => [name, true])) };
}

async function connect() {
  const who = { name: 'story', version: '1.0.0' };
  const capabilities = scene.asks ? { elicitation: { form: {} } } : {};
  const headers = scene.key ? { Authorization: `Bearer ${scene.key}` } : {};
  const http = [new URL(scene.url ?? 'http://127.0.0.1'), { requestInit: { headers } }];
  const [command, ...args] = scene.command ?? [];
  const process_ = { command, args, env: { PATH: process.env.PATH, ...scene.env }, stderr: 'inherit' };

  if (scene.sdk === 1) {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { ElicitRequestSchema } = await import('@modelcontextprotocol/sdk/types.js');
    const client = new Client(who, { capabilities });
    if (scene.asks) client.setRequestHandler(ElicitRequestSchema, personAccepts);
    if (scene.transport === 'stdio') {
      const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
      await client.connect(new StdioClientTransport(process_));
    } else {
      const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
      await client.connect(new StreamableHTTPClientTransport(...http));
    }
    return client;
  }
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const mode = scene.mode === 'legacy' ? 'legacy' : { pin: scene.mode };
  const client = new Client(who, { capabilities, versionNegotiation: { mode } });
  if (scene.asks) client.setRequestHandler('elicitation/create', personAccepts);
  await client.connect(
    scene.transport === 'stdio' ? new StdioClientTransport(process_) : new StreamableHTTPClientTransport(...http),
  );
  return client;
}

function body(result) {
  assert.ok(!result.isError, JSON.stringify(result));
  return result.structuredContent;
}

const client = await connect();
const call = (name, args) => client.callTool({ name, arguments: args });

const { tools } = await client.listTools();
assert.equal(tools[0].name, 'discord_find_tools');
body(await call('discord_find_tools', {}));

const words = { channel_id: scene.channel_id, content: scene.words };
const plan = body(await call('discord_send_message', words));
assert.equal(plan.outcome, 'planned');
const sent = body(await call('discord_send_message', { ...words, dry_run: false }));

const read = body(await call('discord_get_messages', { channel_id: scene.channel_id }));
assert.ok(JSON.stringify(read).includes(scene.words));
assert.ok(read.untrusted_content.fields.includes('messages[].content'));

const wrong = await call('discord_get_messages', { chanel_id: scene.channel_id });
assert.ok(wrong.isError && wrong.content[0].text.includes('channel_id'), JSON.stringify(wrong));
await assert.rejects(call('discord_send_mesage', {}), /discord_send_message/);

const target = { channel_id: scene.channel_id, message_id: sent.id };
const run = (args) => call('discord_run_destructive', { tool: 'discord_delete_message', arguments: args });
const deleted = body(await run(target));
if (scene.asks) assert.ok(asked.length > 0, 'the person was not asked');
else body(await run({ ...target, confirm: deleted.plan.confirm.token }));

const { contents } = await client.readResource({ uri: `discord://channel/${scene.channel_id}` });
assert.ok(contents[0].text.includes(scene.channel_id));
const { resourceTemplates } = await client.listResourceTemplates();
assert.ok(resourceTemplates.length >= 3);

const protocol = client.getNegotiatedProtocolVersion?.() ?? client.protocolVersion ?? 'unknown';
await client.close();
console.log(JSON.stringify({ protocol, tools: tools.length, asked: asked.length }));
process.exit(0);
