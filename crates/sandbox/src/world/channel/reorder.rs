//! Moving the channels of a guild: their positions, categories, and the overwrites of those.

use serde_json::{Value, json};

use super::create::MAX_CHANNELS;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::{Form, Patch};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// One entry of the request.
struct Move {
    id: Snowflake,
    position: Option<i64>,
    parent: Patch<Snowflake>,
    lock: bool,
}

impl Move {
    fn read(form: &mut Form<'_>) -> Self {
        let id = form.id("id");
        Self {
            id: form.required("id", id),
            position: form.integer("position", 0..=i64::from(i32::MAX)).value(),
            parent: form.id("parent_id"),
            lock: form.flag("lock_permissions").value().unwrap_or_default(),
        }
    }
}

impl World {
    /// Moves channels: `[{id, position?, parent_id?, lock_permissions?}]`, all of them or none.
    /// Positions may be given to channels that the actor does not see.
    pub fn reorder_channels(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        body: &Value,
    ) -> Answer<()> {
        self.require(actor.id, guild, bits::MANAGE_CHANNELS)?;
        let wrapped = json!({"channels": body});
        let mut form = Form::new(&wrapped);
        let moves = form.objects("channels", 0..=MAX_CHANNELS, Move::read);
        form.finish()?;
        let moves = moves.value().unwrap_or_default();
        let mut rehomed = 0;
        for step in &moves {
            rehomed += usize::from(self.check_move(actor, guild, step)?);
        }
        if rehomed > 1 {
            let text = "Only one channel can have a parent_id modified at a time";
            return Err(Refusal::new(400, 40_009, text));
        }
        let sight = self.sight_of_bots(guild);
        for step in moves {
            self.make_move(&step);
        }
        self.tell_gained(guild, &sight);
        Ok(())
    }

    /// Whether a move is allowed, and whether it changes the category.
    fn check_move(&self, actor: &Actor, guild: Snowflake, step: &Move) -> Answer<bool> {
        let channel = self
            .channels
            .get(&step.id)
            .filter(|it| it.guild_id == Some(guild) && it.thread.is_none())
            .ok_or_else(|| Refusal::unknown(Unknown::Channel))?;
        if step.lock {
            self.require_in(actor.id, step.id, bits::MANAGE_ROLES)?;
        }
        let wanted = step.parent.clone().given();
        let Some(parent) = wanted.filter(|parent| *parent != channel.parent_id) else {
            return Ok(false);
        };
        self.require_in(actor.id, step.id, bits::MANAGE_CHANNELS)
            .map_err(|_| Refusal::missing_access())?;
        self.check_parent(guild, channel.kind, parent)?;
        if let Some(parent) = parent {
            self.require_in(actor.id, parent, bits::MANAGE_CHANNELS)
                .map_err(|_| Refusal::missing_access())?;
        }
        Ok(true)
    }

    fn make_move(&mut self, step: &Move) {
        let Some(mut changed) = self.channels.get(&step.id).cloned() else {
            return;
        };
        changed.position = step.position.unwrap_or(changed.position);
        changed.parent_id = step.parent.clone().given().unwrap_or(changed.parent_id);
        if step.lock
            && let Some(parent) = self.parent_of(&changed)
        {
            let inherited = parent.overwrites.clone();
            changed.overwrites = inherited;
        }
        let old = self.channels.insert(step.id, changed);
        let now = self.channels.get(&step.id);
        let moved = old.zip(now).is_some_and(|(old, now)| {
            old.position != now.position
                || old.parent_id != now.parent_id
                || old.overwrites != now.overwrites
        });
        if moved {
            self.tell_channel("CHANNEL_UPDATE", step.id);
        }
    }
}
