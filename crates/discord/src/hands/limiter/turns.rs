//! Whose turn it is at the gates that all buckets pass: the principal that was served longest ago,
//! and of its agents the one that was served longest ago. Whoever joins stands behind everyone, so
//! one that comes and goes gets no more than its share.

use std::{collections::HashMap, sync::Arc};

use super::lanes::family;

#[derive(Default)]
struct Turn {
    /// Smaller is sooner.
    rank: u64,
    waiting: usize,
}

/// The lanes that have someone in line, and their principals.
#[derive(Default)]
pub(super) struct Turns {
    families: HashMap<Arc<str>, Turn>,
    lanes: HashMap<Arc<str>, Turn>,
}

/// The principal's turn, then the lane's.
pub(super) type Rank = (u64, u64);

impl Turns {
    /// One more of this lane waits. `rank` counts for one that is new here.
    pub(super) fn join(&mut self, lane: &Arc<str>, rank: u64) {
        let fresh = || Turn { rank, waiting: 0 };
        self.lanes
            .entry(Arc::clone(lane))
            .or_insert_with(fresh)
            .waiting += 1;
        if let Some(turn) = self.families.get_mut(family(lane)) {
            turn.waiting += 1;
        } else {
            let turn = Turn { rank, waiting: 1 };
            self.families.insert(family(lane).into(), turn);
        }
    }

    /// One of this lane was served: the others come first now.
    pub(super) fn serve(&mut self, lane: &str, rank: u64) {
        for turn in [
            self.lanes.get_mut(lane),
            self.families.get_mut(family(lane)),
        ]
        .into_iter()
        .flatten()
        {
            turn.rank = rank;
        }
        self.leave(lane);
    }

    /// One of this lane waits no longer.
    pub(super) fn leave(&mut self, lane: &str) {
        leave(&mut self.lanes, lane);
        leave(&mut self.families, family(lane));
    }

    pub(super) fn rank(&self, lane: &str) -> Rank {
        let of = |turn: Option<&Turn>| turn.map_or(0, |turn| turn.rank);
        (
            of(self.families.get(family(lane))),
            of(self.lanes.get(lane)),
        )
    }

    /// How many of this lane wait, and how many of its principal's in all.
    pub(super) fn waiting(&self, lane: &str) -> (usize, usize) {
        let of = |turn: Option<&Turn>| turn.map_or(0, |turn| turn.waiting);
        (
            of(self.lanes.get(lane)),
            of(self.families.get(family(lane))),
        )
    }

    /// How many wait in each principal's lanes together.
    pub(super) fn families(&self) -> impl Iterator<Item = (&str, usize)> {
        self.families
            .iter()
            .map(|(name, turn)| (&**name, turn.waiting))
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty() && self.families.is_empty()
    }
}

fn leave(all: &mut HashMap<Arc<str>, Turn>, name: &str) {
    if let Some(turn) = all.get_mut(name) {
        turn.waiting -= 1;
        if turn.waiting == 0 {
            all.remove(name);
        }
    }
}
