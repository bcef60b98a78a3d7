//! Who speaks on a stage: asking to, inviting to, and going back to the audience.

use serde_json::Value;

use super::VoiceState;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::channel::ChannelKind;
use crate::world::message::kind;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// A request's moment may be this far behind, for clocks that disagree.
const SLACK_MS: u64 = 60_000;

impl VoiceState {
    fn speaks(&self) -> bool {
        !self.suppress && self.request_to_speak_ms.is_none()
    }
}

impl World {
    /// Changes the actor's own state on a stage.
    pub fn modify_own_voice_state(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        body: &Value,
    ) -> Answer<()> {
        let mut form = Form::new(body);
        let channel = form.id("channel_id").value();
        let suppress = form.flag("suppress").value();
        let asked = form.moment("request_to_speak_timestamp").given();
        let mut state = self.stage_state(actor.id, guild, actor.id, channel)?;
        if asked
            .flatten()
            .is_some_and(|at| at + SLACK_MS < self.now_ms())
        {
            let message = "Must be a present or future time";
            form.error("request_to_speak_timestamp", "DATE_TIME_PAST", message);
        }
        form.finish()?;
        let channel = state.channel_id;
        if suppress == Some(false) && state.suppress {
            self.require_in(actor.id, channel, bits::MUTE_MEMBERS)?;
        }
        if asked.flatten().is_some() {
            self.require_in(actor.id, channel, bits::REQUEST_TO_SPEAK)?;
        }
        state.suppress = suppress.unwrap_or(state.suppress);
        state.request_to_speak_ms = match asked {
            Some(asked) => asked,
            None if suppress.is_some() => None,
            None => state.request_to_speak_ms,
        };
        self.keep_stage_state(guild, actor.id, state);
        Ok(())
    }

    /// A moderator invites someone to speak, or sends them back to the audience.
    pub fn modify_voice_state(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        user: Snowflake,
        body: &Value,
    ) -> Answer<()> {
        let mut form = Form::new(body);
        let channel = form.id("channel_id").value();
        let suppress = form.flag("suppress").value();
        let mut state = self.stage_state(actor.id, guild, user, channel)?;
        self.require_in(actor.id, state.channel_id, bits::MUTE_MEMBERS)?;
        form.finish()?;
        if let Some(suppress) = suppress {
            // A person accepts the invitation by clearing it; bots need not.
            let invited = !suppress && !self.applications.contains_key(&user);
            state.suppress = suppress;
            state.request_to_speak_ms = invited.then(|| self.now_ms());
        }
        self.keep_stage_state(guild, user, state);
        Ok(())
    }

    /// The state of someone on a stage; `channel`, if given, must be the one they are in.
    fn stage_state(
        &self,
        actor: Snowflake,
        guild: Snowflake,
        user: Snowflake,
        channel: Option<Snowflake>,
    ) -> Answer<VoiceState> {
        self.require_member(actor, guild)?;
        let state = self.guild(guild)?.voice_states.get(&user);
        let state = state.ok_or_else(|| Refusal::unknown(Unknown::VoiceState))?;
        if channel.is_some_and(|channel| channel != state.channel_id) {
            return Err(Refusal::unknown(Unknown::VoiceState));
        }
        let kind = self.channels.get(&state.channel_id).map(|it| it.kind);
        if kind != Some(ChannelKind::Stage) {
            return Err(Refusal::wrong_channel_type());
        }
        Ok(state.clone())
    }

    fn keep_stage_state(&mut self, guild: Snowflake, user: Snowflake, state: VoiceState) {
        let channel = state.channel_id;
        let speaks = state.speaks();
        let states = self.guilds.get_mut(&guild).map(|it| &mut it.voice_states);
        let before = states.and_then(|states| states.insert(user, state));
        self.tell_voice_state(guild, user);
        let spoke = before.is_some_and(|before| before.speaks());
        if speaks && !spoke && self.stage_in(channel).is_some() {
            let speaker = kind::STAGE_SPEAKER;
            self.post_system(channel, user, speaker, String::new(), None);
        }
        self.stage_heeds_speakers(guild, channel);
    }
}
