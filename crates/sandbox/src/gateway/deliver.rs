//! Hands each dispatch to the sessions that may see it. Its data is written as JSON once for all
//! that see the same, and whether a bot belongs to an audience is judged once.

use std::sync::Arc;

use super::content;
use super::greet::guild_create;
use super::hub::Hub;
use super::session::Session;
use super::threads;
use crate::snowflake::Snowflake;
use crate::world::intents::MESSAGE_CONTENT;
use crate::world::{Audience, Dispatch, DispatchSink, World};

impl DispatchSink for Hub {
    fn deliver(&self, world: &World, dispatches: &[Dispatch]) {
        let now_ms = world.now_ms();
        let mut inner = self.lock();
        let mut judged = Judged::default();
        for dispatch in dispatches {
            if world.is_cut_off(&dispatch.audience) {
                continue;
            }
            let mut written = Written::default();
            for session in inner.sessions.values_mut() {
                let meant = session.wants(dispatch)
                    && threads::may_hear(dispatch, session.intents, session.bot)
                    && judged.includes(world, &dispatch.audience, session.bot);
                if !meant {
                    continue;
                }
                if let Some(data) = written.for_session(world, dispatch, session) {
                    session.push(now_ms, dispatch.kind, data);
                }
            }
        }
    }
}

/// Who belongs to the audience of the dispatch before, which is often that of the next.
#[derive(Default)]
struct Judged {
    audience: Option<Audience>,
    bots: Vec<(Snowflake, bool)>,
}

impl Judged {
    fn includes(&mut self, world: &World, audience: &Audience, bot: Snowflake) -> bool {
        if self.audience.as_ref() != Some(audience) {
            self.audience = Some(*audience);
            self.bots.clear();
        }
        let known = self.bots.iter().find(|(known, _)| *known == bot);
        if let Some((_, included)) = known {
            return *included;
        }
        let included = world.audience_includes(audience, bot);
        self.bots.push((bot, included));
        included
    }
}

/// The data of one dispatch as JSON, for those who see all of it and for each bot that does not.
#[derive(Default)]
struct Written {
    whole: Option<Arc<str>>,
    withheld: Vec<(Snowflake, Option<Arc<str>>)>,
}

impl Written {
    fn for_session(
        &mut self,
        world: &World,
        dispatch: &Dispatch,
        session: &Session,
    ) -> Option<Arc<str>> {
        if dispatch.kind == "GUILD_CREATE" {
            let guild = dispatch.data.get("id")?.as_str()?.parse().ok()?;
            let mut payload = guild_create(world, guild, session)?;
            if dispatch.data.get("unavailable").is_none() {
                payload.as_object_mut()?.remove("unavailable");
            }
            return Some(payload.to_string().into());
        }
        if let Some(thread) = threads::own_copy(world, dispatch, session.bot) {
            return Some(thread.to_string().into());
        }
        if content::carries_message(dispatch.kind)
            && session.intents & MESSAGE_CONTENT == 0
            && let Some(data) = self.without_content(dispatch, session.bot)
        {
            return Some(data);
        }
        let whole = self
            .whole
            .get_or_insert_with(|| dispatch.data.to_string().into());
        Some(Arc::clone(whole))
    }

    /// `None` where the bot may read all of it.
    fn without_content(&mut self, dispatch: &Dispatch, bot: Snowflake) -> Option<Arc<str>> {
        if let Some((_, data)) = self.withheld.iter().find(|(known, _)| *known == bot) {
            return data.clone();
        }
        let data = content::withheld(&dispatch.data, bot);
        let data: Option<Arc<str>> = data.map(|message| message.to_string().into());
        self.withheld.push((bot, data.clone()));
        data
    }
}
