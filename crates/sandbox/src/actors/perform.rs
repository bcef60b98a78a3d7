//! Does one step of a script: who, where and to which message are found out, then it is the same
//! request that a person's client would make.

use axum::Router;
use http::Method;
use serde_json::{Value, json};

use super::script::Memory;
use super::spec::{OneOf, Step};
use crate::control::{Person, encoded, ids_in_path};
use crate::gateway::parse_presence;
use crate::snowflake::Snowflake;
use crate::world::guild::VoiceWish;
use crate::world::message::Message;
use crate::world::{Actor, Refusal, Shared, World};

/// Where and by whom a step is done.
struct Scene<'a> {
    shared: &'a Shared,
    person: Person,
    step: &'a Step,
    memory: &'a mut Memory,
}

type Done<T = ()> = Result<T, String>;

/// Does it; the error is a sentence with the name of the step.
pub(super) async fn step(
    shared: &Shared,
    people: &Router,
    step: &Step,
    memory: &mut Memory,
) -> Done {
    let verb = step.verbs().first().copied().unwrap_or_default();
    let done = async {
        let name = step.person.as_ref().or(memory.person.as_ref());
        let name = name.ok_or("nobody is said to do it")?;
        let person = shared
            .read(|world| world.user_named(name))
            .map_err(|error| error.to_string())?;
        if step.channel.is_some() {
            memory.channel.clone_from(&step.channel);
        }
        let scene = Scene {
            shared,
            person: Person::new(person, people.clone()),
            step,
            memory,
        };
        scene.act().await
    };
    done.await.map_err(|lack: String| format!("{verb}: {lack}"))
}

impl Scene<'_> {
    async fn act(mut self) -> Done {
        let step = self.step;
        if let Some(OneOf::Text(text)) = &step.say {
            let path = format!("/channels/{}/messages", self.channel()?);
            return self.writes(&path, &json!({ "content": text })).await;
        }
        if let Some(OneOf::Text(text)) = &step.reply {
            let (channel, message) = self.message(|_| true)?;
            let path = format!("/channels/{channel}/messages");
            let reference = json!({ "message_id": message });
            let body = json!({ "content": text, "message_reference": reference });
            return self.writes(&path, &body).await;
        }
        if step.edit.is_some() || step.delete {
            return self.changes_own().await;
        }
        if let Some(OneOf::Text(emoji)) = &step.react {
            let (channel, message) = self.message(|_| true)?;
            let emoji = self.shared.read(|world| emoji_of(world, channel, emoji));
            let emoji = encoded(&emoji);
            let path = format!("/channels/{channel}/messages/{message}/reactions/{emoji}/@me");
            return self.does(Method::PUT, &path, &Value::Null).await.map(drop);
        }
        if step.types {
            let path = format!("/channels/{}/typing", self.channel()?);
            return self.does(Method::POST, &path, &Value::Null).await.map(drop);
        }
        if let Some(answers) = &step.vote {
            let (channel, message) = self.message(|message| message.poll.is_some())?;
            let path = format!("/channels/{channel}/polls/{message}/answers/@me");
            let body = json!({ "answer_ids": answers });
            return self.does(Method::PUT, &path, &body).await.map(drop);
        }
        if let Some(request) = &step.request {
            let (method, path) = request
                .split_once(' ')
                .ok_or("write a method and a path, such as `POST /channels/general/typing`")?;
            let method: Method = method
                .parse()
                .map_err(|_| format!("{method} is no method"))?;
            let path = self
                .shared
                .read(|world| ids_in_path(world, path))
                .map_err(|error| error.to_string())?;
            return self.does(method, &path, &step.body).await.map(drop);
        }
        if step.voice.is_some() || step.presence.is_some() {
            return self.is_seen();
        }
        if let Some(code) = &step.join {
            let user = self.person.id();
            let joined = self.shared.write(|world| world.accept_invite(user, code));
            return joined.map_err(refused);
        }
        if let Some(guild) = &step.leave {
            let guild = self
                .shared
                .read(|world| world.guild_named(guild))
                .map_err(|error| error.to_string())?;
            return self.person.leaves(guild).await.map_err(refused);
        }
        self.interacts().await
    }

    async fn writes(&mut self, path: &str, body: &Value) -> Done {
        let written = self.does(Method::POST, path, body).await?;
        self.memory.own = id_in(&written, "channel_id").zip(id_in(&written, "id"));
        Ok(())
    }

    async fn changes_own(&mut self) -> Done {
        let (channel, message) = self.memory.own.ok_or("nothing was written before")?;
        let path = format!("/channels/{channel}/messages/{message}");
        if let Some(OneOf::Text(text)) = &self.step.edit {
            let body = json!({ "content": text });
            return self.does(Method::PATCH, &path, &body).await.map(drop);
        }
        self.memory.own = None;
        self.does(Method::DELETE, &path, &Value::Null)
            .await
            .map(drop)
    }

    /// Clicks, picks, commands and modals.
    async fn interacts(&mut self) -> Done {
        let step = self.step;
        let channel = self.channel()?;
        let mut body = json!({ "channel_id": channel });
        if let Some(custom_id) = step.click.as_ref().or(step.pick.as_ref()) {
            let (channel, message) = self.message(|message| has_component(message, custom_id))?;
            body = json!({ "type": 3, "channel_id": channel, "message_id": message });
            body["data"] = if step.pick.is_some() {
                json!({ "custom_id": custom_id, "values": step.values })
            } else {
                json!({ "component_type": 2, "custom_id": custom_id })
            };
        } else if let Some(name) = &step.slash {
            body["type"] = json!(2);
            body["data"] = json!({ "name": name, "options": step.options });
        } else {
            let before = self.memory.interaction.ok_or("no modal was asked for")?;
            body["type"] = json!(5);
            body["interaction_id"] = json!(before);
            body["data"] = json!({ "fields": step.fill });
        }
        let made = self.does(Method::POST, "/interactions", &body).await?;
        self.memory.interaction = id_in(&made, "id");
        Ok(())
    }

    /// Voice and presence, for which REST has no word.
    fn is_seen(&self) -> Done {
        let user = self.person.id();
        if let Some(status) = &self.step.presence {
            let state = self.step.activity.as_ref();
            let activities: Vec<_> = state
                .map(|state| json!({ "type": 4, "name": "Custom Status", "state": state }))
                .into_iter()
                .collect();
            let presence = json!({ "status": status, "activities": activities });
            let presence = parse_presence(&presence)
                .ok_or("a status is online, idle, dnd, invisible or offline")?;
            self.shared
                .write(|world| world.set_presence(user, presence));
            return Ok(());
        }
        let name = self.step.voice.as_deref().unwrap_or_default();
        self.shared.write(|world| {
            let (guild, channel) = if name.is_empty() {
                let here =
                    |guild: &&crate::world::guild::Guild| guild.voice_states.contains_key(&user);
                let guild = world.guilds.values().find(here);
                (guild.map(|guild| guild.id), None)
            } else {
                let id = world
                    .channel_named(name, None)
                    .map_err(|error| error.to_string())?;
                let channel = world.channels.get(&id);
                (channel.and_then(|channel| channel.guild_id), Some(id))
            };
            let Some(guild) = guild else {
                return Err("there is no voice channel to leave".to_owned());
            };
            world
                .set_voice_state(&Actor::from(user), guild, channel, VoiceWish::default())
                .map_err(refused)
        })
    }

    async fn does(&self, method: Method, path: &str, body: &Value) -> Done<Value> {
        self.person.does(method, path, body).await.map_err(refused)
    }

    fn channel(&self) -> Done<Snowflake> {
        let name = self.memory.channel.as_ref().ok_or("say where: `in`")?;
        let found = self.shared.read(|world| world.channel_named(name, None));
        found.map_err(|error| error.to_string())
    }

    /// The message that a step is about: the one it names, or the last one that fits.
    fn message(&self, fits: impl Fn(&Message) -> bool) -> Done<(Snowflake, Snowflake)> {
        let channel = self.channel()?;
        if let Some(id) = &self.step.to {
            let id = id
                .parse()
                .map_err(|_| format!("{id:?} is no id of a message"))?;
            return Ok((channel, id));
        }
        let last = self.shared.read(|world| {
            let messages = world.messages.get(&channel)?;
            let mut newest_first = messages.iter().rev();
            newest_first
                .find(|(_, message)| fits(message))
                .map(|(id, _)| *id)
        });
        let last = last.ok_or("no message of this channel fits")?;
        Ok((channel, last))
    }
}

fn has_component(message: &Message, custom_id: &str) -> bool {
    fn within(component: &Value, custom_id: &str) -> bool {
        component["custom_id"] == *custom_id
            || component["accessory"]["custom_id"] == *custom_id
            || component["components"]
                .as_array()
                .is_some_and(|inner| inner.iter().any(|inner| within(inner, custom_id)))
    }
    let mut components = message.components.iter();
    components.any(|component| within(component, custom_id))
}

/// `name:id` for one of the guild's own emojis.
fn emoji_of(world: &World, channel: Snowflake, emoji: &str) -> String {
    let bare = emoji.trim_matches(':');
    let guild = world
        .channels
        .get(&channel)
        .and_then(|channel| channel.guild_id);
    let guild = guild.and_then(|guild| world.guilds.get(&guild));
    let own = guild.and_then(|guild| guild.emojis.values().find(|own| own.name == bare));
    own.map_or_else(
        || emoji.to_owned(),
        |own| format!("{}:{}", own.name, own.id),
    )
}

fn id_in(answer: &Value, key: &str) -> Option<Snowflake> {
    answer[key].as_str()?.parse().ok()
}

fn refused(refusal: Refusal) -> String {
    match refusal.errors {
        Some(errors) => format!("{} {errors}", refusal.message),
        None => refusal.message,
    }
}
