//! A waiting line that is fair between lanes: round robin over them, first come first served
//! within one. One caller's thousand requests cannot keep another's single one waiting.

use std::{collections::VecDeque, sync::Arc};

/// Waiters of one bucket by lane. Lanes rotate; one that empties leaves and later joins at the end.
#[derive(Default)]
pub(super) struct Lanes {
    rotation: VecDeque<(Arc<str>, VecDeque<u64>)>,
}

impl Lanes {
    pub(super) fn is_empty(&self) -> bool {
        self.rotation.is_empty()
    }

    pub(super) fn push_back(&mut self, lane: &Arc<str>, waiter: u64) {
        self.line(lane).push_back(waiter);
    }

    /// For one that was sent back by Discord: it keeps its place before its lane's later ones.
    pub(super) fn push_front(&mut self, lane: &Arc<str>, waiter: u64) {
        self.line(lane).push_front(waiter);
    }

    /// Whose turn it is.
    pub(super) fn head(&self) -> Option<u64> {
        self.rotation
            .front()
            .and_then(|(_, line)| line.front().copied())
    }

    /// Take the one whose turn it is; its lane goes to the end of the rotation.
    pub(super) fn pop(&mut self) -> Option<u64> {
        let (lane, mut line) = self.rotation.pop_front()?;
        let waiter = line.pop_front();
        if !line.is_empty() {
            self.rotation.push_back((lane, line));
        }
        waiter
    }

    pub(super) fn remove(&mut self, lane: &str, waiter: u64) {
        let Some(at) = self.rotation.iter().position(|(name, _)| &**name == lane) else {
            return;
        };
        let line = &mut self.rotation[at].1;
        line.retain(|other| *other != waiter);
        if line.is_empty() {
            self.rotation.remove(at);
        }
    }

    /// Take in another bucket's waiters, behind those already here.
    pub(super) fn append(&mut self, other: Self) {
        for (lane, line) in other.rotation {
            self.line(&lane).extend(line);
        }
    }

    fn line(&mut self, lane: &Arc<str>) -> &mut VecDeque<u64> {
        let at = self
            .rotation
            .iter()
            .position(|(name, _)| name == lane)
            .unwrap_or_else(|| {
                self.rotation.push_back((Arc::clone(lane), VecDeque::new()));
                self.rotation.len() - 1
            });
        &mut self.rotation[at].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_take_turns_whatever_their_length() {
        let (busy, quiet): (Arc<str>, Arc<str>) = ("busy".into(), "quiet".into());
        let mut lanes = Lanes::default();
        for waiter in 0..4 {
            lanes.push_back(&busy, waiter);
        }
        lanes.push_back(&quiet, 10);
        lanes.push_back(&quiet, 11);
        let order: Vec<u64> = std::iter::from_fn(|| lanes.pop()).collect();
        assert_eq!(order, [0, 10, 1, 11, 2, 3]);
    }

    #[test]
    fn one_who_leaves_holds_nobody_up() {
        let lane: Arc<str> = "lane".into();
        let mut lanes = Lanes::default();
        lanes.push_back(&lane, 1);
        lanes.push_back(&lane, 2);
        lanes.push_front(&lane, 0);
        lanes.remove("lane", 1);
        assert_eq!(lanes.head(), Some(0));
        assert_eq!(
            (lanes.pop(), lanes.pop(), lanes.pop()),
            (Some(0), Some(2), None)
        );
        assert!(lanes.is_empty());
    }
}
