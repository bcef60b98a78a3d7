//! The last dispatches of the Gateway, for people who debug a bot.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::world::{Audience, Dispatch, DispatchSink, World};

/// Dispatches kept; the oldest go first.
const MAX_EVENTS: usize = 300;

/// Events that hold a whole guild, whose data is not kept.
const LARGE: &[&str] = &["GUILD_CREATE", "READY"];

/// One dispatch as it left the world.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// Counts all that ever left.
    pub(super) number: u64,
    pub(super) kind: &'static str,
    pub(super) audience: Audience,
    pub(super) at_ms: u64,
    /// Absent for a whole guild.
    pub(super) data: Option<Arc<Value>>,
}

/// What was dispatched, oldest first.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Event>,
    count: u64,
}

impl Traffic {
    /// The newest first.
    pub(super) fn newest(&self) -> Vec<Event> {
        self.kept().events.iter().rev().cloned().collect()
    }

    /// How many there were since the start.
    pub(super) fn count(&self) -> u64 {
        self.kept().count
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere must not end the page, so a poisoned lock is taken over.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DispatchSink for Traffic {
    fn deliver(&self, world: &World, dispatches: &[Dispatch]) {
        let at_ms = world.now_ms();
        let mut kept = self.kept();
        for dispatch in dispatches {
            kept.count += 1;
            let event = Event {
                number: kept.count,
                kind: dispatch.kind,
                audience: dispatch.audience,
                at_ms,
                data: (!LARGE.contains(&dispatch.kind)).then(|| Arc::clone(&dispatch.data)),
            };
            if kept.events.len() == MAX_EVENTS {
                kept.events.pop_front();
            }
            kept.events.push_back(event);
        }
    }
}
