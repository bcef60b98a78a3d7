//! Whose turn it is at the gates that all buckets pass: the lane that was served longest ago. A
//! lane joins behind everyone, so one that comes and goes gets no more than its share.

use std::{collections::HashMap, sync::Arc};

struct Turn {
    /// Smaller is sooner.
    rank: u64,
    waiting: usize,
}

/// The lanes that have someone in line.
#[derive(Default)]
pub(super) struct Turns(HashMap<Arc<str>, Turn>);

impl Turns {
    /// One more of this lane waits. `rank` counts for a lane that is new here.
    pub(super) fn join(&mut self, lane: &Arc<str>, rank: u64) {
        let fresh = Turn { rank, waiting: 0 };
        self.0.entry(Arc::clone(lane)).or_insert(fresh).waiting += 1;
    }

    /// One of this lane was served: the others come first now.
    pub(super) fn serve(&mut self, lane: &str, rank: u64) {
        if let Some(turn) = self.0.get_mut(lane) {
            turn.rank = rank;
        }
        self.leave(lane);
    }

    /// One of this lane waits no longer.
    pub(super) fn leave(&mut self, lane: &str) {
        if let Some(turn) = self.0.get_mut(lane) {
            turn.waiting -= 1;
            if turn.waiting == 0 {
                self.0.remove(lane);
            }
        }
    }

    pub(super) fn rank(&self, lane: &str) -> u64 {
        self.0.get(lane).map_or(0, |turn| turn.rank)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
