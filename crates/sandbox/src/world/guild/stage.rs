//! Stage instances: a stage channel that is live, its topic, and who opened it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::scheduled_event::{EventStatus, MODERATES_STAGE, ScheduledEvent, Venue};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::channel::ChannelKind;
use crate::world::message::kind;
use crate::world::refusal::Unknown;
use crate::world::timers::Due;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// After so long without speakers a stage closes.
const SILENT_MS: u64 = 5 * 60 * 1_000;

/// Discord's number for stages that only members see.
pub(super) const GUILD_ONLY: u64 = 2;

/// A stage that is live.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StageInstance {
    pub id: Snowflake,
    pub guild_id: Snowflake,
    pub channel_id: Snowflake,
    pub topic: String,
    pub privacy_level: u64,
    pub opened_by: Snowflake,
    pub event_id: Option<Snowflake>,
    /// Since when nobody speaks.
    pub silent_since_ms: Option<u64>,
}

impl StageInstance {
    pub(crate) fn payload(&self) -> Value {
        json!({
            "id": self.id,
            "guild_id": self.guild_id,
            "channel_id": self.channel_id,
            "topic": self.topic,
            "privacy_level": self.privacy_level,
            "discoverable_disabled": true,
            "guild_scheduled_event_id": self.event_id,
        })
    }
}

impl World {
    /// The live stage in a channel.
    pub(crate) fn stage_in(&self, channel: Snowflake) -> Option<&StageInstance> {
        let guild = self.guild_of(channel)?;
        self.guilds.get(&guild)?.stages.get(&channel)
    }

    fn stage_mut(&mut self, channel: Snowflake) -> Option<&mut StageInstance> {
        let guild = self.guild_of(channel)?;
        self.guilds.get_mut(&guild)?.stages.get_mut(&channel)
    }

    /// The live stages of a guild that `user` sees.
    pub(crate) fn stages_for(&self, guild: Snowflake, user: Snowflake) -> Vec<Value> {
        let stages = self.guilds.get(&guild).map(|guild| &guild.stages);
        stages
            .into_iter()
            .flat_map(|stages| stages.values())
            .filter(|stage| self.may_view(user, stage.channel_id))
            .map(StageInstance::payload)
            .collect()
    }

    fn tell_stage(&mut self, event: &'static str, stage: &StageInstance) {
        let audience = Audience::Channel {
            guild: stage.guild_id,
            channel: stage.channel_id,
        };
        self.dispatch(event, audience, intents::GUILDS, stage.payload());
    }

    fn audit_stage(
        &mut self,
        actor: &Actor,
        action: u64,
        stage: &StageInstance,
        before: &Value,
        after: &Value,
    ) {
        let mut changes = changes(before, after);
        changes.retain(|change| change["key"] == "topic" || change["key"] == "privacy_level");
        let options = json!({"channel_id": stage.channel_id});
        let (guild, target) = (stage.guild_id, Some(stage.id));
        self.audit(guild, actor, action, target, changes, options);
    }

    /// The channel must be a stage that `user` sees and moderates.
    fn require_stage(&self, user: Snowflake, channel: Snowflake) -> Answer<()> {
        if self.visible_channel(user, channel)?.kind != ChannelKind::Stage {
            return Err(Refusal::wrong_channel_type());
        }
        self.require_in(user, channel, MODERATES_STAGE)
    }

    /// Opens a stage, if asked to, for an event that begins with it.
    pub fn create_stage_instance(&mut self, actor: &Actor, body: &Value) -> Answer {
        let mut form = Form::new(body);
        let channel = form.id("channel_id");
        let channel = form.required("channel_id", channel);
        let topic = form.text("topic", 1..=120);
        let topic = form.required("topic", topic);
        let privacy = form.choice("privacy_level", &[1, GUILD_ONLY]).value();
        let notify = form.flag("send_start_notification").value() == Some(true);
        let event_id = form.id("guild_scheduled_event_id").value();
        if channel == Snowflake(0) {
            form.finish()?;
            return Err(Refusal::unknown(Unknown::Channel));
        }
        self.require_stage(actor.id, channel)?;
        form.finish()?;
        if notify {
            self.require_in(actor.id, channel, bits::MENTION_EVERYONE)?;
        }
        if self.stage_in(channel).is_some() {
            return Err(Refusal::new(400, 150_006, "The Stage is already open"));
        }
        let guild = self
            .guild_of(channel)
            .ok_or_else(|| Refusal::unknown(Unknown::Channel))?;
        let event = event_id
            .map(|id| self.event_to_start(guild, channel, id))
            .transpose()?;
        let privacy = privacy.unwrap_or(GUILD_ONLY);
        let stage = self.open_stage(actor, channel, &topic, privacy, event_id);
        if let Some(mut event) = event {
            event.status = EventStatus::Active;
            event.entity_id = Some(stage);
            event.quiet_since_ms = Some(self.now_ms());
            self.event_changed(event);
            self.events_heed_traffic(guild, channel);
        }
        self.stage_answer(channel)
    }

    /// The event that a stage is opened for.
    fn event_to_start(
        &self,
        guild: Snowflake,
        channel: Snowflake,
        id: Snowflake,
    ) -> Answer<ScheduledEvent> {
        let event = self.scheduled_event(guild, id)?;
        if event.venue != Venue::Stage || event.channel_id != Some(channel) {
            let text = "The entity type of the event is different from the entity you are trying \
                        to start the event for";
            return Err(Refusal::new(400, 50_091, text));
        }
        if event.status != EventStatus::Scheduled {
            return Err(Refusal::new(400, 180_000, "Cannot update a finished event"));
        }
        Ok(event.clone())
    }

    /// Opens a stage that is closed; answers its id.
    pub(super) fn open_stage(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        topic: &str,
        privacy_level: u64,
        event_id: Option<Snowflake>,
    ) -> Snowflake {
        let id = self.next_id();
        let Some(guild_id) = self.guild_of(channel) else {
            return id;
        };
        let stage = StageInstance {
            id,
            guild_id,
            channel_id: channel,
            topic: topic.chars().take(120).collect(),
            privacy_level,
            opened_by: actor.id,
            event_id,
            silent_since_ms: None,
        };
        let (start, topic) = (kind::STAGE_START, stage.topic.clone());
        if let Some(guild) = self.guilds.get_mut(&guild_id) {
            guild.stages.insert(channel, stage.clone());
        }
        self.tell_stage("STAGE_INSTANCE_CREATE", &stage);
        let (action, after) = (action::STAGE_INSTANCE_CREATE, stage.payload());
        self.audit_stage(actor, action, &stage, &Value::Null, &after);
        self.post_system(channel, actor.id, start, topic, None);
        self.stage_heeds_speakers(guild_id, channel);
        id
    }

    /// The live stage in a channel, for anyone who sees it.
    pub fn get_stage_instance(&self, actor: &Actor, channel: Snowflake) -> Answer {
        self.visible_channel(actor.id, channel)?;
        self.stage_answer(channel)
    }

    fn stage_answer(&self, channel: Snowflake) -> Answer {
        let stage = self.stage_in(channel);
        let stage = stage.ok_or_else(|| Refusal::unknown(Unknown::StageInstance))?;
        Ok(stage.payload())
    }

    /// Changes the topic.
    pub fn modify_stage_instance(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        body: &Value,
    ) -> Answer {
        self.require_stage(actor.id, channel)?;
        let before = self.stage_answer(channel)?;
        let mut form = Form::new(body);
        let topic = form.text("topic", 1..=120).value();
        let privacy = form.choice("privacy_level", &[1, GUILD_ONLY]).value();
        form.finish()?;
        let stage = self.stage_mut(channel);
        let stage = stage.ok_or_else(|| Refusal::unknown(Unknown::StageInstance))?;
        let new_topic = topic.clone().filter(|topic| *topic != stage.topic);
        stage.topic = topic.unwrap_or_else(|| stage.topic.clone());
        stage.privacy_level = privacy.unwrap_or(stage.privacy_level);
        let stage = stage.clone();
        let after = stage.payload();
        if after != before {
            self.tell_stage("STAGE_INSTANCE_UPDATE", &stage);
            let action = action::STAGE_INSTANCE_UPDATE;
            self.audit_stage(actor, action, &stage, &before, &after);
        }
        if let Some(topic) = new_topic {
            self.post_system(channel, actor.id, kind::STAGE_TOPIC, topic, None);
        }
        Ok(after)
    }

    /// Closes a stage, and ends the event that it belongs to.
    pub fn delete_stage_instance(&mut self, actor: &Actor, channel: Snowflake) -> Answer<()> {
        self.require_stage(actor.id, channel)?;
        self.stage_answer(channel)?;
        if let Some(stage) = self.close_stage(channel) {
            let (action, before) = (action::STAGE_INSTANCE_DELETE, stage.payload());
            self.audit_stage(actor, action, &stage, &before, &Value::Null);
        }
        Ok(())
    }

    /// Closes a stage without a word of who did it.
    pub(crate) fn close_stage(&mut self, channel: Snowflake) -> Option<StageInstance> {
        let stage = self.drop_stage(channel)?;
        let event = stage
            .event_id
            .and_then(|id| self.scheduled_event(stage.guild_id, id).ok())
            .filter(|event| event.status == EventStatus::Active);
        if let Some(mut event) = event.cloned() {
            event.status = EventStatus::Completed;
            let (guild, id) = (event.guild_id, event.id);
            self.event_changed(event);
            self.after_completion(guild, id);
        }
        Some(stage)
    }

    /// Takes a live stage away; its event is somebody else's business.
    pub(super) fn drop_stage(&mut self, channel: Snowflake) -> Option<StageInstance> {
        let guild = self.guild_of(channel)?;
        let stage = self.guilds.get_mut(&guild)?.stages.remove(&channel)?;
        self.tell_stage("STAGE_INSTANCE_DELETE", &stage);
        let (end, topic) = (kind::STAGE_END, stage.topic.clone());
        self.post_system(channel, stage.opened_by, end, topic, None);
        Some(stage)
    }

    /// A channel goes away: its stage, its events and those who are in it go first.
    pub(crate) fn clear_venue(&mut self, guild: Snowflake, channel: Snowflake) {
        self.community_forgets_channel(guild, channel);
        self.close_stage(channel);
        self.remove_events_in(guild, channel);
        self.empty_voice_channel(guild, channel);
        self.address_viewers(guild, channel);
    }

    /// A stage goes on without its event, which is deleted.
    pub(super) fn unlink_stage(&mut self, event: &ScheduledEvent) {
        let stage = event.channel_id.and_then(|id| self.stage_mut(id));
        let Some(stage) = stage.filter(|stage| stage.event_id == Some(event.id)) else {
            return;
        };
        stage.event_id = None;
        let stage = stage.clone();
        self.tell_stage("STAGE_INSTANCE_UPDATE", &stage);
    }

    /// Speakers came or went: a silent stage closes after a while.
    pub(super) fn stage_heeds_speakers(&mut self, guild: Snowflake, channel: Snowflake) {
        let now = self.now_ms();
        let spoken_in = self
            .connected_to(guild, channel)
            .any(|(_, state)| !state.suppress && state.request_to_speak_ms.is_none());
        let Some(stage) = self.stage_mut(channel) else {
            return;
        };
        stage.silent_since_ms = match stage.silent_since_ms {
            _ if spoken_in => None,
            since => since.or(Some(now)),
        };
        if let Some(since) = stage.silent_since_ms {
            self.remind(since + SILENT_MS, Due::CloseStage(channel));
        }
    }

    /// Closes a stage that has been silent for long enough.
    pub(crate) fn close_if_silent(&mut self, channel: Snowflake) {
        let now = self.now_ms();
        let silent = self.stage_in(channel).and_then(|it| it.silent_since_ms);
        match silent {
            Some(since) if since + SILENT_MS <= now => drop(self.close_stage(channel)),
            Some(since) => self.remind(since + SILENT_MS, Due::CloseStage(channel)),
            None => {}
        }
    }
}
