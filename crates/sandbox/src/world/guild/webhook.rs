//! Webhooks: making, changing, listing and deleting them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::message::{Reference, kind};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, ChannelKind, Refusal, World, intents};

/// Discord: webhooks of one channel.
const MAX_WEBHOOKS: usize = 15;
const TOKEN_LENGTH: usize = 68;

/// A way to post into a channel without being there.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Webhook {
    pub id: Snowflake,
    /// 1 incoming, 2 channel follower.
    pub kind: u64,
    pub guild_id: Snowflake,
    pub channel_id: Snowflake,
    pub creator: Snowflake,
    pub name: String,
    pub avatar: Option<String>,
    /// None for followers.
    pub token: Option<String>,
    /// The bot that made it.
    pub application_id: Option<Snowflake>,
    /// For followers: the announcement channel it copies from.
    pub source: Option<Snowflake>,
}

/// Where and how a webhook posts.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebhookTarget {
    /// A thread of the webhook's channel.
    pub thread: Option<Snowflake>,
}

impl World {
    /// The webhook object; the token only for those who may manage it.
    pub(crate) fn webhook_payload(&self, id: Snowflake, with_token: bool) -> Option<Value> {
        let webhook = self.webhooks.get(&id)?;
        let mut payload = json!({
            "id": webhook.id,
            "type": webhook.kind,
            "guild_id": webhook.guild_id,
            "channel_id": webhook.channel_id,
            "name": webhook.name,
            "avatar": webhook.avatar,
            "application_id": webhook.application_id,
            "user": self.user_payload(webhook.creator),
        });
        if let Some(token) = webhook.token.as_ref().filter(|_| with_token) {
            payload["token"] = json!(token);
            let http = &self.addresses().http;
            payload["url"] = json!(format!("{http}/api/webhooks/{id}/{token}"));
        }
        if let Some(source) = webhook.source.and_then(|id| self.channels.get(&id)) {
            payload["source_channel"] = json!({"id": source.id, "name": source.name});
            if let Some(guild) = source.guild_id.and_then(|id| self.guilds.get(&id)) {
                payload["source_guild"] = json!({"id": guild.id, "name": guild.name, "icon": null});
            }
        }
        Some(payload)
    }

    fn webhook_answer(&self, id: Snowflake, with_token: bool) -> Answer {
        self.webhook_payload(id, with_token)
            .ok_or_else(|| Refusal::unknown(Unknown::Webhook))
    }

    /// Makes an incoming webhook.
    pub fn create_webhook(&mut self, actor: &Actor, channel: Snowflake, body: &Value) -> Answer {
        self.require_in(actor.id, channel, bits::MANAGE_WEBHOOKS)?;
        let kind = self.visible_channel(actor.id, channel)?.kind;
        let Some(guild_id) = self.guild_of(channel) else {
            return Err(Refusal::wrong_channel_type());
        };
        if kind.is_thread() || kind == ChannelKind::Category {
            return Err(Refusal::wrong_channel_type());
        }
        let mut form = Form::new(body);
        let name = form.text("name", 1..=80);
        let name = form.required("name", name);
        check_name(&mut form, "name", &name);
        let avatar = form.text("avatar", 0..=8_000_000).value();
        form.finish()?;
        self.check_webhook_count(channel)?;
        let token = Some(self.random_text(TOKEN_LENGTH));
        let avatar = avatar.map(|_| self.random_text(32).to_lowercase());
        let id = self.next_id();
        let application_id = self
            .applications
            .get(&actor.id)
            .map(|application| application.id);
        self.webhooks.insert(
            id,
            Webhook {
                id,
                kind: 1,
                guild_id,
                channel_id: channel,
                creator: actor.id,
                name,
                avatar,
                token,
                application_id,
                source: None,
            },
        );
        self.tell_webhooks(guild_id, channel);
        let rendered = self.webhook_answer(id, true)?;
        let changes = changes(&Value::Null, &rendered);
        self.audit(
            guild_id,
            actor,
            action::WEBHOOK_CREATE,
            Some(id),
            changes,
            Value::Null,
        );
        Ok(rendered)
    }

    fn check_webhook_count(&self, channel: Snowflake) -> Answer<()> {
        if self
            .webhooks
            .values()
            .filter(|hook| hook.channel_id == channel)
            .count()
            < MAX_WEBHOOKS
        {
            return Ok(());
        }
        let text = format!("Maximum number of webhooks reached ({MAX_WEBHOOKS})");
        Err(Refusal::new(400, 30_007, text))
    }

    /// Copies an announcement channel's published messages to another channel.
    pub fn follow_channel(&mut self, actor: &Actor, source: Snowflake, body: &Value) -> Answer {
        let channel = self.visible_channel(actor.id, source)?;
        if channel.kind != ChannelKind::Announcement {
            return Err(Refusal::wrong_channel_type());
        }
        let source_name = channel.name.clone();
        let source_guild = channel.guild_id;
        let mut form = Form::new(body);
        let target = form.id("webhook_channel_id");
        let target = form.required("webhook_channel_id", target);
        form.finish()?;
        self.require_in(actor.id, target, bits::MANAGE_WEBHOOKS)?;
        self.check_webhook_count(target)?;
        let Some(guild_id) = self.guild_of(target) else {
            return Err(Refusal::wrong_channel_type());
        };
        let from = source_guild.and_then(|id| self.guilds.get(&id));
        let from = from.map(|guild| guild.name.clone()).unwrap_or_default();
        let id = self.next_id();
        self.webhooks.insert(
            id,
            Webhook {
                id,
                kind: 2,
                guild_id,
                channel_id: target,
                creator: actor.id,
                name: format!("{from} #{source_name}"),
                avatar: None,
                token: None,
                application_id: None,
                source: Some(source),
            },
        );
        self.tell_webhooks(guild_id, target);
        self.post_system(
            target,
            actor.id,
            kind::CHANNEL_FOLLOW_ADD,
            source_name,
            Some(Reference {
                forward: false,
                message_id: None,
                channel_id: source,
                guild_id: source_guild,
            }),
        );
        let changes = changes(&Value::Null, &self.webhook_answer(id, false)?);
        let (action, none) = (action::WEBHOOK_CREATE, Value::Null);
        self.audit(guild_id, actor, action, Some(id), changes, none);
        Ok(json!({"channel_id": source, "webhook_id": id}))
    }

    /// Webhooks of a channel.
    pub fn channel_webhooks(&self, actor: &Actor, channel: Snowflake) -> Answer {
        self.require_in(actor.id, channel, bits::MANAGE_WEBHOOKS)?;
        Ok(self.webhooks_where(actor, |webhook| webhook.channel_id == channel))
    }

    /// Webhooks of a guild.
    pub fn guild_webhooks(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_WEBHOOKS)?;
        Ok(self.webhooks_where(actor, |webhook| webhook.guild_id == guild))
    }

    fn webhooks_where(&self, actor: &Actor, wanted: impl Fn(&Webhook) -> bool) -> Value {
        let webhooks = self.webhooks.values().filter(|webhook| wanted(webhook));
        // Tokens of other bots' webhooks are not handed out.
        let own =
            |webhook: &Webhook| webhook.application_id.is_none() || webhook.creator == actor.id;
        webhooks
            .filter_map(|webhook| self.webhook_payload(webhook.id, own(webhook)))
            .collect()
    }

    fn managed_webhook(&self, actor: &Actor, id: Snowflake) -> Answer<&Webhook> {
        let webhook = self
            .webhooks
            .get(&id)
            .ok_or_else(|| Refusal::unknown(Unknown::Webhook))?;
        self.require_in(actor.id, webhook.channel_id, bits::MANAGE_WEBHOOKS)?;
        Ok(webhook)
    }

    /// One webhook.
    pub fn get_webhook(&self, actor: &Actor, id: Snowflake) -> Answer {
        let webhook = self.managed_webhook(actor, id)?;
        self.webhook_answer(
            id,
            webhook.application_id.is_none() || webhook.creator == actor.id,
        )
    }

    /// The webhook of a token (10015 for an unknown id, 50027 for a wrong token).
    pub(crate) fn webhook_by_token(&self, id: Snowflake, token: &str) -> Answer<&Webhook> {
        let webhook = self
            .webhooks
            .get(&id)
            .ok_or_else(|| Refusal::unknown(Unknown::Webhook))?;
        if webhook.token.as_deref() != Some(token) {
            return Err(Refusal::new(401, 50_027, "Invalid Webhook Token"));
        }
        Ok(webhook)
    }

    /// One webhook, by its token; without its creator.
    pub fn get_webhook_by_token(&self, id: Snowflake, token: &str) -> Answer {
        self.webhook_by_token(id, token)?;
        let mut payload = self.webhook_answer(id, true)?;
        if let Some(object) = payload.as_object_mut() {
            object.remove("user");
        }
        Ok(payload)
    }

    /// Changes a webhook; only with permission can it move to another channel.
    pub fn modify_webhook(&mut self, by: Option<&Actor>, id: Snowflake, body: &Value) -> Answer {
        if let Some(actor) = by {
            self.managed_webhook(actor, id)?;
        }
        let before = self.webhook_answer(id, false)?;
        let mut form = Form::new(body);
        let name = form.text("name", 1..=80).value();
        if let Some(name) = &name {
            check_name(&mut form, "name", name);
        }
        let avatar = form.text("avatar", 0..=8_000_000).given();
        let channel = form.id("channel_id").value();
        form.finish()?;
        if let (Some(actor), Some(channel)) = (by, channel) {
            self.require_in(actor.id, channel, bits::MANAGE_WEBHOOKS)?;
        }
        let avatar = avatar.map(|given| given.map(|_| self.random_text(32).to_lowercase()));
        let Some(webhook) = self.webhooks.get_mut(&id) else {
            return Err(Refusal::unknown(Unknown::Webhook));
        };
        webhook.name = name.unwrap_or_else(|| webhook.name.clone());
        webhook.avatar = avatar.unwrap_or_else(|| webhook.avatar.clone());
        if by.is_some() {
            webhook.channel_id = channel.unwrap_or(webhook.channel_id);
        }
        let (guild, place, creator) = (webhook.guild_id, webhook.channel_id, webhook.creator);
        self.tell_webhooks(guild, place);
        let changes = changes(&before, &self.webhook_answer(id, false)?);
        if !changes.is_empty() {
            let actor = by.cloned().unwrap_or_else(|| Actor::from(creator));
            self.audit(
                guild,
                &actor,
                action::WEBHOOK_UPDATE,
                Some(id),
                changes,
                Value::Null,
            );
        }
        if by.is_none() {
            let token = self
                .webhooks
                .get(&id)
                .and_then(|webhook| webhook.token.clone());
            return self.get_webhook_by_token(id, token.as_deref().unwrap_or_default());
        }
        self.webhook_answer(id, true)
    }

    /// Deletes a webhook; `by` is the one who may manage it, nobody when its token was shown.
    pub fn delete_webhook(&mut self, by: Option<&Actor>, id: Snowflake) -> Answer<()> {
        if let Some(actor) = by {
            self.managed_webhook(actor, id)?;
        }
        let before = self.webhook_answer(id, false)?;
        let Some(webhook) = self.webhooks.remove(&id) else {
            return Err(Refusal::unknown(Unknown::Webhook));
        };
        self.tell_webhooks(webhook.guild_id, webhook.channel_id);
        let actor = by.cloned().unwrap_or_else(|| Actor::from(webhook.creator));
        let changes = changes(&before, &Value::Null);
        let action = action::WEBHOOK_DELETE;
        self.audit(
            webhook.guild_id,
            &actor,
            action,
            Some(id),
            changes,
            Value::Null,
        );
        Ok(())
    }

    fn tell_webhooks(&mut self, guild: Snowflake, channel: Snowflake) {
        let data = json!({"guild_id": guild, "channel_id": channel});
        let audience = Audience::Channel { guild, channel };
        self.dispatch("WEBHOOKS_UPDATE", audience, intents::GUILD_WEBHOOKS, data);
    }
}

/// Discord keeps its own names for itself.
pub(super) fn check_name(form: &mut Form<'_>, key: &str, name: &str) {
    let lower = name.to_lowercase();
    if let Some(word) = ["clyde", "discord"]
        .into_iter()
        .find(|word| lower.contains(word))
    {
        let message = format!("Username cannot contain \"{word}\"");
        form.error(key, "USERNAME_INVALID_CONTAINS", &message);
    }
}
