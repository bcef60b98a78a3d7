// What discord.js makes of guilds: one guild as JSON in each line, its answers in each line back.
// The objects are the library's own, made from payloads without any network.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { Client } = createRequire(process.argv[2])("discord.js");
const client = new Client({ intents: [] });
const rights = (it) => String(it.bitfield);

function judge(payload) {
  client.user = client.users._add(payload.members[0].user);
  const guild = client.guilds._add(payload, false);
  const members = payload.members.map(({ user }) => guild.members.cache.get(user.id));
  const places = [...payload.channels, ...payload.threads].map(({ id }) => client.channels.cache.get(id));
  const answer = {
    rights: members.map((member) => rights(member.permissions)),
    silenced: members.map((member) => member.isCommunicationDisabled()),
    places: places.map((place) => members.map((member) => rights(place.permissionsFor(member)))),
    manageable: members.map((member) => member.manageable),
    kickable: members.map((member) => member.kickable),
    bannable: members.map((member) => member.bannable),
    above: payload.roles.map(({ id }) => guild.members.me.roles.highest.comparePositionTo(guild.roles.cache.get(id)) > 0),
    editable: payload.roles.map(({ id }) => guild.roles.cache.get(id).editable),
  };
  client.channels.cache.clear();
  client.guilds.cache.clear();
  return JSON.stringify(answer);
}

let lines = [];
for await (const line of createInterface({ input: process.stdin })) {
  lines.push(judge(JSON.parse(line)));
  if (lines.length === 200) {
    process.stdout.write(`${lines.join("\n")}\n`);
    lines = [];
  }
}
process.stdout.write(lines.map((line) => `${line}\n`).join(""));
