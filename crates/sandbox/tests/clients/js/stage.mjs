// The stage of the stories: a bot made with discord.js, unmodified but for its base URL, and
// whoever plays people. SCENE (JSON) says where the sandbox is and where packages are.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

export const scene = JSON.parse(process.env.SCENE);
export const discord = createRequire(scene.packages)("discord.js");
const { Client, DiscordAPIError, Events, GatewayIntentBits, Partials } = discord;

const PATIENCE_MS = 20_000;
const WHOLE_STORY_MS = 150_000;
/** A PNG of one pixel. */
export const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const EVERYTHING = Object.values(GatewayIntentBits).filter((bit) => typeof bit === "number");

/** What a story is told with. */
class Stage {
  /** Which requests may have failed: what the story brings about on purpose. */
  allowed = [];
  failures = [];

  constructor(client) {
    this.client = client;
  }

  /** One sentence of the story. A step that fails is reported, and the next one is tried. */
  step = async (sentence, act) => {
    const begun = performance.now();
    try {
      await act();
      console.log(`  ok      ${sentence} (${Math.round(performance.now() - begun)} ms)`);
    } catch (error) {
      this.failures.push(sentence);
      console.log(`  FAILED  ${sentence}\n${error.stack ?? error}`);
      if (error.rawError) console.log(JSON.stringify(error.rawError));
    }
  };

  /** Requests that the story does not count as the bot's or the sandbox's faults. */
  allow = (fits) => this.allowed.push(fits);

  async enter() {
    this.guild = this.client.guilds.cache.get(scene.guild_id);
    this.channel = this.guild.channels.cache.get(scene.channel_id);
    this.world = (await control("GET", "/state")).guilds[0];
    this.people = Object.fromEntries(this.world.members.map(({ user }) => [user.username, user.id]));
  }

  /** The next event that fits. Asked for before its cause, awaited after it. */
  next = (event, fits = () => true, client = this.client) => {
    const waiting = new Promise((resolve, reject) => {
      const stop = () => (clearTimeout(timer), client.off(event, hear));
      const timer = setTimeout(() => (stop(), reject(new Error(`no ${event} came`))), PATIENCE_MS);
      const hear = (...data) => {
        if (!fits(...data)) return;
        stop();
        resolve(data);
      };
      client.on(event, hear);
    });
    // Whoever never comes to wait has failed already, and says so.
    waiting.catch(() => {});
    return waiting;
  };

  /** What `cause` brings about: the data of the event that fits, and what the cause answered. */
  hears = async (event, fits, cause) => {
    const coming = this.next(event, fits);
    const answer = await cause();
    return [await coming, answer];
  };

  /** A person writes. */
  says = (name, content, more = {}, channel = this.channel) => {
    const body = { as: this.people[name], content, ...more };
    return control("POST", `/channels/${channel.id}/messages`, body);
  };

  /** What the library makes of a refusal: status, code and the error itself. */
  refused = async (promise, status, code) => {
    try {
      await promise;
    } catch (error) {
      assert.ok(error instanceof DiscordAPIError, error.stack);
      assert.deepEqual([error.status, error.code], [status, code], JSON.stringify(error.rawError));
      this.allow((request) => request.status === status);
      return error;
    }
    throw new Error(`not refused with ${code}`);
  };
}

/** Asks the control API; a refusal of it is an error. */
export async function control(method, path, body) {
  const [status, answer] = await ask(method, path, body);
  assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  return answer;
}

/** Asks the control API. */
export async function ask(method, path, body) {
  const response = await fetch(scene.control_url + path, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return [response.status, text === "" ? null : JSON.parse(text)];
}

/** A bot that is not yet logged in. */
export function bot(options = {}) {
  const client = new Client({
    intents: EVERYTHING,
    partials: [Partials.Channel],
    ...options,
    rest: { api: scene.api_url.replace(/\/v10$/, ""), ...options.rest },
  });
  client.on(Events.Error, (error) => { throw error; });
  return client;
}

/** Tells a story to its end, then asks the sandbox how the bot behaved. */
export async function story(tell, options = {}) {
  setTimeout(() => { throw new Error("the story never ends"); }, WHOLE_STORY_MS).unref();
  const client = bot(options);
  const stage = new Stage(client);
  const begun = stage.next(Events.ClientReady);
  await client.login(scene.bot_token);
  await begun;
  await stage.enter();
  await tell(stage);
  await client.destroy();
  await stage.step("nothing was refused, limited or broken that the story does not name", async () => {
    const { requests } = await control("GET", "/requests");
    const strange = requests.filter((it) => it.status >= 400 && !stage.allowed.some((fits) => fits(it)));
    assert.deepEqual(strange.map(({ method, path, status }) => `${method} ${path} ${status}`), []);
  });
  process.exitCode = stage.failures.length === 0 ? 0 : 1;
}
