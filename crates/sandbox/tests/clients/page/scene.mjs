// Fills a fresh sandbox with a day's talk for the page to show: every kind of thing that a message
// can hold, and names and texts that try to break out of it.
import { deflateSync } from "node:zlib";

/** A picture that needs no file: a sketch of hills, as PNG. */
export function sketch(width = 480, height = 300) {
  const rows = [];
  for (let y = 0; y < height; y += 1) {
    const row = Buffer.alloc(1 + width * 3);
    for (let x = 0; x < width; x += 1) {
      const far = height * (0.45 + 0.09 * Math.sin(x / 61) + 0.04 * Math.sin(x / 23));
      const near = height * (0.72 + 0.1 * Math.sin(x / 97 + 2) + 0.03 * Math.sin(x / 19));
      const sun = Math.hypot(x - width * 0.72, y - height * 0.26) < height * 0.12;
      const mist = y / height;
      const sky = [238 - 30 * mist, 222 - 8 * mist, 196 + 26 * mist];
      const colour = y > near ? [52, 96, 86] : y > far ? [121, 156, 143] : sun ? [247, 178, 103] : sky;
      colour.forEach((value, at) => (row[1 + x * 3 + at] = value));
    }
    rows.push(row);
  }
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc(body), body.length + 4);
    return framed;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0))]);
}

function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

/** Asks the control API or, with `bot`, REST as the bot. */
export function asking(scene) {
  const ask = (base, headers) => async (method, path, body, files = []) => {
    const form = files.length > 0 ? new FormData() : null;
    form?.append("payload_json", JSON.stringify(body));
    files.forEach(([name, kind, bytes], at) => form.append(`files[${at}]`, new Blob([bytes], { type: kind }), name));
    const json = body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(base + path, {
      method,
      headers: form ? headers : { ...headers, "content-type": "application/json" },
      body: form ?? json,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
  return { control: ask(scene.control_url, {}), bot: ask(scene.api_url, { authorization: `Bot ${scene.bot_token}` }) };
}

/** Everybody and everything by name. */
export async function placesOf(scene) {
  const { control } = asking(scene);
  const state = await control("GET", "/state");
  const users = Object.fromEntries(state.users.map((user) => [user.username, user.id]));
  const guild = state.guilds.find((it) => it.id === scene.guild_id);
  const channels = Object.fromEntries(guild.channels.map((channel) => [channel.name, channel.id]));
  const roles = Object.fromEntries(guild.roles.map((role) => [role.name, role.id]));
  return { users, channels, roles };
}

const V2 = 1 << 15;

/** A day in the square; answers the ids of what is looked at later. */
export async function furnish(scene) {
  const { control, bot } = asking(scene);
  const { users, channels, roles } = await placesOf(scene);
  const { general, help, showcase, ideas, hearth } = channels;
  const say = (who, channel, content, rest = {}) =>
    control("POST", `/channels/${channel}/messages`, { as: users[who], content, ...rest });
  const react = (who, message, emoji) =>
    control("PUT", `/channels/${message.channel_id}/messages/${message.id}/reactions/${encodeURIComponent(emoji)}`, { as: users[who] });
  const said = {};

  await control("PUT", `/users/${users.ada}/presence`, { status: "online", activities: [{ name: "Custom", type: 4, state: "planning the market" }] });
  await control("PUT", `/users/${users.artist}/presence`, { status: "dnd", activities: [{ name: "sketching", type: 0 }] });
  await control("PUT", `/guilds/${scene.guild_id}/members/${users.artist}/voice`, { channel_id: hearth });
  await control("PUT", `/guilds/${scene.guild_id}/members/${users.helper}/voice`, { channel_id: hearth });

  said.plan = await say("ada", general, [
    "## Market day", "The square opens at **nine**. What we still need:",
    "- two *tables* for the bakers", "- someone who watches the gate", "- ~~rain~~ sunshine",
    `-# Ask <@${users.helper}> or any of the <@&${roles.helpers}>; plans are kept in <#${ideas}>.`,
  ].join("\n"));
  await react("artist", said.plan, "🎉");
  await react("helper", said.plan, "🎉");
  await react("newcomer", said.plan, "👀");
  said.hills = await bot("POST", `/channels/${showcase}/messages`, { content: "A first look at the poster." }, [["hills.png", "image/png", sketch()]]);
  const form = { as: users.artist, content: "The poster is a first draft, tell me what you think!" };
  said.poster = await multipart(scene, users.artist, general, form, [
    ["poster.png", "image/png", sketch()], ["notes.txt", "text/plain", Buffer.from("ink, paper, patience")],
  ]);
  await react("ada", said.poster, "❤️");
  said.reply = await say("moderator", general, "Lovely. The sun could be a little larger?", { message_reference: { message_id: said.poster.id } });
  said.thread = await control("POST", `/channels/${general}/messages/${said.poster.id}/threads`, { as: users.artist, name: "The poster" });
  await say("artist", said.thread.id, "A larger sun, then. Anything else?");
  await say("helper", said.thread.id, "The title is a bit hard to read from far away.\n> we open at nine\nmaybe in `#1f6f63`?");
  await say("ada", said.thread.id, "Agreed, and thank you both. 🌞");

  said.poll = await control("POST", `/channels/${general}/messages`, { as: users.moderator, poll: {
    question: { text: "When do we meet to set up?" }, duration: 48, allow_multiselect: false,
    answers: ["Friday at six", "Saturday at eight", "Saturday at noon"].map((text) => ({ poll_media: { text } })),
  } });
  const vote = (who, ...answers) =>
    control("PUT", `/channels/${general}/polls/${said.poll.id}/answers/@me`, { as: users[who], answer_ids: answers });
  await vote("ada", "2");
  await vote("artist", "2");
  await vote("newcomer", "1");

  said.report = await bot("POST", `/channels/${general}/messages`, {
    content: `Here is how the preparations stand, <@${users.ada}>.`,
    embeds: [{
      title: "Market day", url: "https://example.org/market", color: 0x2ecc71,
      description: "Four of six tasks are done. The next check is <t:1893492000:R>.",
      author: { name: "Preparations" },
      fields: [
        { name: "Stalls", value: "**12** of 14", inline: true },
        { name: "Helpers", value: "**5**", inline: true },
        { name: "Weather", value: "☀️ 21 °C", inline: true },
        { name: "Open", value: "1. a key for the shed\n2. change for the till" },
      ],
      footer: { text: "updated every hour" }, timestamp: new Date().toISOString(),
    }],
    components: [
      { type: 1, components: [
        { type: 2, style: 1, label: "I will help", custom_id: "help" },
        { type: 2, style: 2, label: "Ask a question", custom_id: "ask" },
        { type: 2, style: 5, label: "The plan", url: "https://example.org/plan" },
      ] },
      { type: 1, components: [{ type: 3, custom_id: "task", placeholder: "Take a task…", options: [
        { label: "Tables", value: "tables", description: "two, for the bakers" },
        { label: "Gate", value: "gate", description: "from nine to noon" },
      ] }] },
    ],
  });
  said.board = await bot("POST", `/channels/${general}/messages`, { flags: V2, components: [{ type: 17, accent_color: 0xe0a526, components: [
    { type: 9, components: [{ type: 10, content: "### The notice board\nThree things happened since yesterday." }],
      accessory: { type: 2, style: 2, label: "Mark as read", custom_id: "read" } },
    { type: 14, divider: true },
    { type: 10, content: "- the bakers confirmed\n- the poster has a draft\n- `#help` answered **4** questions" },
  ] }] });
  await control("POST", `/channels/${general}/typing`, { as: users.helper }).catch(() => {});
  await say("newcomer", general, "Is there anything I can do? 🙋");
  said.last = await say("helper", general, `Gladly! Press *I will help* above, <@${users.newcomer}>. ||There is cake.||`);
  await control("PUT", `/channels/${general}/messages/pins/${said.plan.id}`, { as: users.moderator });

  await say("newcomer", help, "How do I format code?");
  await say("helper", help, "Like this:\n```rust\nfn main() {\n    println!(\"hello, square\");\n}\n```\nand `inline` as well.");
  await control("POST", `/channels/${ideas}/threads`, { as: users.helper, name: "A quiet corner", message: { content: "A few benches under the lime trees, for those who need a rest from the noise." } });
  said.post = await control("POST", `/channels/${ideas}/threads`, { as: users.ada, name: "Lanterns for the evening", message: { content: "What if we hung **lanterns** along the fountain? I could ask the smith." } });
  await say("artist", said.post.id, "Yes please.");
  said.evil = await hostile(scene);
  return { users, channels, roles, said };
}

async function multipart(scene, user, channel, body, files) {
  const form = new FormData();
  const { as: _, ...payload } = body;
  form.append("payload_json", JSON.stringify(payload));
  files.forEach(([name, kind, bytes], at) => form.append(`files[${at}]`, new Blob([bytes], { type: kind }), name));
  const response = await fetch(`${scene.control_url}/channels/${channel}/messages?as=${user}`, { method: "POST", body: form });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Everything that a browser might take for markup, where it must not. */
export async function hostile(scene) {
  const { bot } = asking(scene);
  const { channels } = await placesOf(scene);
  const script = "<script>window.pwned = 1</script><img src=x onerror=\"window.pwned = 1\">";
  return bot("POST", `/channels/${channels.moderators}/messages`, {
    content: `${script} [x](javascript:alert(1)) <javascript:alert(1)> \`${script}\`\n\`\`\`"><b\n${script}\`\`\``,
    embeds: [{ title: script, description: script, url: "https://example.org/\"onmouseover=\"x", footer: { text: script }, author: { name: script }, fields: [{ name: script, value: script }] }],
    components: [{ type: 1, components: [{ type: 2, style: 2, label: script.slice(0, 70), custom_id: "\"><script>" }] }],
  }, [["evil.svg", "image/svg+xml", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' onload='window.pwned=1'/>")],
    ["evil.html", "text/html", Buffer.from(script)]]);
}
