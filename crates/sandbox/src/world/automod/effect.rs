//! What tripped rules do: alerts, timeouts, their audit entries and events.

use serde_json::{Value, json};

use super::screen::{Hit, Screened};
use super::{Effect, Rule};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::audit::action;
use crate::world::message::{Message, kind};
use crate::world::{Actor, Audience, World, intents};

/// Where and by whom a rule was tripped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) guild: Snowflake,
    pub(super) user: Snowflake,
    /// None for a profile.
    pub(super) channel: Option<Snowflake>,
    /// None when it was blocked.
    pub(super) message: Option<Snowflake>,
}

impl World {
    /// Carries out what the tripped rules demand; the message is there unless it was blocked.
    pub(crate) fn act_on(
        &mut self,
        user: Snowflake,
        channel: Snowflake,
        message: Option<Snowflake>,
        screened: &Screened,
    ) {
        let Some(guild) = self.guild_of(channel) else {
            return;
        };
        let scene = Scene {
            guild,
            user,
            channel: Some(channel),
            message,
        };
        for hit in &screened.hits {
            self.carry_out(scene, &screened.content, hit);
        }
    }

    pub(super) fn carry_out(&mut self, scene: Scene, content: &str, hit: &Hit) {
        for effect in &hit.rule.effects {
            let mut alert = None;
            let kind = match effect {
                Effect::Block { .. } => action::AUTO_MODERATION_BLOCK_MESSAGE,
                Effect::Alert { channel } => {
                    alert = self.raise_alert(scene, *channel, content, hit);
                    if alert.is_none() {
                        continue;
                    }
                    action::AUTO_MODERATION_FLAG_TO_CHANNEL
                }
                Effect::Timeout { seconds } => {
                    let until = self.now_ms() + seconds * 1_000;
                    if let Ok(member) = self.member_mut(scene.guild, scene.user) {
                        member.timeout_until_ms = Some(until);
                        self.tell_member(scene.guild, scene.user);
                    }
                    action::AUTO_MODERATION_USER_COMMUNICATION_DISABLED
                }
                Effect::Quarantine => action::AUTO_MODERATION_QUARANTINE_USER,
            };
            self.note_effect(scene, &hit.rule, kind);
            self.tell_execution(scene, content, hit, effect, alert);
        }
    }

    fn note_effect(&mut self, scene: Scene, rule: &Rule, kind: u64) {
        let mut options = json!({
            "auto_moderation_rule_name": rule.name,
            "auto_moderation_rule_trigger_type": rule.trigger.number().to_string(),
        });
        if let Some(channel) = scene.channel {
            options["channel_id"] = json!(channel);
        }
        let actor = Actor::from(scene.user);
        let target = Some(scene.user);
        self.audit(scene.guild, &actor, kind, target, Vec::new(), options);
    }

    /// The system message in the alert channel.
    fn raise_alert(
        &mut self,
        scene: Scene,
        channel: Snowflake,
        content: &str,
        hit: &Hit,
    ) -> Option<Snowflake> {
        let place = self.channels.get(&channel)?;
        if place.guild_id != Some(scene.guild) {
            return None;
        }
        let mut fields = Vec::new();
        let mut field = |name: &str, value: &str| {
            fields.push(json!({"name": name, "value": value, "inline": false}));
        };
        field("rule_name", &hit.rule.name);
        if let Some(place) = scene.channel {
            field("channel_id", &place.to_string());
        }
        if let Some(keyword) = &hit.found.keyword {
            field("keyword", keyword);
            field("keyword_matched_content", &hit.found.content);
        }
        for effect in &hit.rule.effects {
            match effect {
                Effect::Timeout { seconds } => field("timeout_duration", &seconds.to_string()),
                Effect::Block { .. } => field("flagged_message_blocked", "true"),
                _ => {}
            }
        }
        if let Some(message) = scene.message {
            field("flagged_message_id", &message.to_string());
        }
        let embed = json!({
            "type": "auto_moderation_message", "description": content, "fields": fields,
        });
        let mut alert = Message::bare(self.next_id(), channel, scene.user);
        alert.kind = kind::AUTO_MODERATION_ACTION;
        alert.embeds = vec![embed];
        let id = alert.id;
        self.append(alert);
        Some(id)
    }

    fn tell_execution(
        &mut self,
        scene: Scene,
        content: &str,
        hit: &Hit,
        effect: &Effect,
        alert: Option<Snowflake>,
    ) {
        let mut data = json!({
            "guild_id": scene.guild,
            "action": effect.payload(),
            "rule_id": hit.rule.id,
            "rule_trigger_type": hit.rule.trigger.number(),
            "user_id": scene.user,
            "content": content,
            "matched_keyword": hit.found.keyword,
            "matched_content": hit.found.content,
        });
        let ids = [
            ("channel_id", scene.channel),
            ("message_id", scene.message),
            ("alert_system_message_id", alert),
        ];
        for (key, id) in ids {
            if let Some(id) = id {
                data[key] = json!(id);
            }
        }
        let wanted = intents::AUTO_MODERATION_EXECUTION;
        self.tell_managers(
            scene.guild,
            "AUTO_MODERATION_ACTION_EXECUTION",
            wanted,
            &data,
        );
    }

    /// Bots hear of AutoMod only with `MANAGE_GUILD`.
    pub(super) fn tell_managers(
        &mut self,
        guild: Snowflake,
        event: &'static str,
        wanted: u64,
        data: &Value,
    ) {
        for bot in self.bots_with(guild, bits::MANAGE_GUILD) {
            self.dispatch(event, Audience::User(bot), wanted, data.clone());
        }
    }
}
