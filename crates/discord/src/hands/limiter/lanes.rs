//! A waiting line that is fair: principals take turns, the agents of one principal take turns within
//! its turn, and one agent's requests go first come, first served. A caller's thousand requests, or
//! its thousand names, cannot keep another's single one waiting.

use std::{collections::VecDeque, sync::Arc};

/// Waiters of one bucket. Whoever is served goes to the end of the rotation, and so does its
/// principal; one that empties leaves and later joins at the end.
#[derive(Default)]
pub(super) struct Lanes {
    families: VecDeque<Family>,
}

/// The lanes of one principal.
struct Family {
    name: Arc<str>,
    lanes: VecDeque<(Arc<str>, VecDeque<u64>)>,
}

/// The principal of a lane: what stands before the first `/`.
pub(super) fn family(lane: &str) -> &str {
    lane.split_once('/').map_or(lane, |(family, _)| family)
}

impl Lanes {
    pub(super) fn is_empty(&self) -> bool {
        self.families.is_empty()
    }

    pub(super) fn push_back(&mut self, lane: &Arc<str>, waiter: u64) {
        self.line(lane).push_back(waiter);
    }

    /// For one that was sent back by Discord: it keeps its place before its lane's later ones.
    pub(super) fn push_front(&mut self, lane: &Arc<str>, waiter: u64) {
        self.line(lane).push_front(waiter);
    }

    /// The first of each lane, in the order of turns: the first lane of each principal, then the
    /// second of each, and so on.
    pub(super) fn heads(&self) -> impl Iterator<Item = (&str, u64)> {
        let most = self.families.iter().map(|f| f.lanes.len()).max();
        (0..most.unwrap_or(0)).flat_map(move |nth| {
            self.families.iter().filter_map(move |family| {
                let (lane, line) = family.lanes.get(nth)?;
                Some((&**lane, *line.front()?))
            })
        })
    }

    /// How many lanes have someone here, and how many wait in each.
    pub(super) fn lengths(&self) -> impl Iterator<Item = (&str, usize)> + '_ {
        let lanes = self.families.iter().flat_map(|family| &family.lanes);
        lanes.map(|(lane, line)| (&**lane, line.len()))
    }

    /// Take the first of this lane; lane and principal go to the end of their rotations.
    pub(super) fn take(&mut self, lane: &str) -> Option<u64> {
        let at = self.at(family(lane))?;
        let mut family = self.families.remove(at)?;
        let nth = family.lanes.iter().position(|(name, _)| &**name == lane);
        let taken = nth
            .and_then(|nth| family.lanes.remove(nth))
            .and_then(|mut one| {
                let waiter = one.1.pop_front();
                if !one.1.is_empty() {
                    family.lanes.push_back(one);
                }
                waiter
            });
        if !family.lanes.is_empty() {
            self.families.push_back(family);
        }
        taken
    }

    pub(super) fn remove(&mut self, lane: &str, waiter: u64) {
        let Some(at) = self.at(family(lane)) else {
            return;
        };
        let lanes = &mut self.families[at].lanes;
        for (_, line) in lanes.iter_mut().filter(|(name, _)| &**name == lane) {
            line.retain(|other| *other != waiter);
        }
        lanes.retain(|(_, line)| !line.is_empty());
        if lanes.is_empty() {
            self.families.remove(at);
        }
    }

    /// Take in another bucket's waiters, behind those already here.
    pub(super) fn append(&mut self, other: Self) {
        for (lane, line) in other.families.into_iter().flat_map(|family| family.lanes) {
            self.line(&lane).extend(line);
        }
    }

    fn at(&self, family: &str) -> Option<usize> {
        self.families.iter().position(|it| &*it.name == family)
    }

    fn line(&mut self, lane: &Arc<str>) -> &mut VecDeque<u64> {
        let name = family(lane);
        let at = self.at(name).unwrap_or_else(|| {
            self.families.push_back(Family {
                name: name.into(),
                lanes: VecDeque::new(),
            });
            self.families.len() - 1
        });
        let lanes = &mut self.families[at].lanes;
        let nth = lanes.iter().position(|(name, _)| name == lane);
        let nth = nth.unwrap_or_else(|| {
            lanes.push_back((Arc::clone(lane), VecDeque::new()));
            lanes.len() - 1
        });
        &mut lanes[nth].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(all: &[(&str, &[u64])]) -> Lanes {
        let mut lanes = Lanes::default();
        for (lane, waiters) in all {
            let lane: Arc<str> = (*lane).into();
            for waiter in *waiters {
                lanes.push_back(&lane, *waiter);
            }
        }
        lanes
    }

    /// The order in which all are served who wait here.
    fn order(mut lanes: Lanes) -> Vec<u64> {
        let mut order = Vec::new();
        loop {
            let next = lanes.heads().next().map(|(lane, _)| lane.to_owned());
            let Some(lane) = next else { break };
            order.extend(lanes.take(&lane));
        }
        order
    }

    #[test]
    fn lanes_take_turns_whatever_their_length() {
        let lanes = lines(&[("busy", &[0, 1, 2, 3]), ("quiet", &[10, 11])]);
        assert_eq!(order(lanes), [0, 10, 1, 11, 2, 3]);
    }

    #[test]
    fn a_principal_with_many_agents_gets_no_more_turns() {
        let lanes = lines(&[
            ("a/1", &[0, 1]),
            ("a/2", &[2, 3]),
            ("a/3", &[4]),
            ("b", &[10, 11, 12]),
        ]);
        assert_eq!(order(lanes), [0, 10, 2, 11, 4, 12, 1, 3]);
    }

    #[test]
    fn one_who_leaves_holds_nobody_up() {
        let lane: Arc<str> = "lane".into();
        let mut lanes = lines(&[("lane", &[1, 2])]);
        lanes.push_front(&lane, 0);
        lanes.remove("lane", 1);
        assert_eq!(lanes.heads().next(), Some(("lane", 0)));
        assert_eq!((lanes.take("lane"), lanes.take("lane")), (Some(0), Some(2)));
        assert_eq!(lanes.take("lane"), None);
        assert!(lanes.is_empty());
    }
}
