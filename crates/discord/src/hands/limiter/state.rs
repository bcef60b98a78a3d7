//! The limiter as a state machine: who waits, what is on its way, and which gates are shut. It
//! does no waiting of its own: time is a parameter, and whoever waits is notified.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use model::HandsError;
use tokio::{sync::Notify, time::Instant};

use super::{
    bucket::{Bucket, Ready},
    gates::Gates,
    headers::{By, Observed},
    route::{Class, Route},
    table::{Key, Table},
    turns::Turns,
};

/// Requests in line at once, over all callers.
const MAX_WAITING: usize = 4_096;
/// Requests on their way at once.
const MAX_IN_FLIGHT: usize = 256;
/// Told to those who find the line full.
const WHEN_FULL: Duration = Duration::from_secs(1);

/// Someone who wants to send.
#[derive(Clone)]
pub(crate) struct Ticket {
    pub(crate) route: Route,
    pub(crate) class: Class,
    pub(crate) lane: Arc<str>,
    pub(crate) deadline: Instant,
    pub(crate) place: Place,
}

/// Where in its lane's line a ticket stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    End,
    /// Sent back by Discord: before those who came later.
    Front,
}

/// What to do after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Done,
    /// Refused by a limit that the line knows of by now: get in line again.
    Again,
    /// Refused by a limit for requests like this one alone: not before this moment.
    Later(Instant),
}

struct Waiter {
    ticket: Ticket,
    key: Key,
    bell: Arc<Notify>,
}

struct Flight {
    route: Route,
    class: Class,
    key: Key,
}

pub(super) struct State {
    table: Table,
    gates: Gates,
    waiters: HashMap<u64, Waiter>,
    flights: HashMap<u64, Flight>,
    /// Buckets with someone in line.
    queued: BTreeSet<Key>,
    turns: Turns,
    next: u64,
    /// The waiter who wakes by the clock, and when, so that not all of them have to.
    driver: Option<(u64, Option<Instant>)>,
}

impl State {
    pub(super) fn new(global_per_second: u32) -> Self {
        Self {
            table: Table::default(),
            gates: Gates::new(global_per_second),
            waiters: HashMap::new(),
            flights: HashMap::new(),
            queued: BTreeSet::new(),
            turns: Turns::default(),
            next: 0,
            driver: None,
        }
    }

    /// Get in line. The bell rings when something changed for this waiter.
    pub(super) fn enqueue(
        &mut self,
        ticket: Ticket,
        bell: Arc<Notify>,
        now: Instant,
    ) -> Result<u64, HandsError> {
        self.gates.check(now)?;
        if self.waiters.len() >= MAX_WAITING {
            return Err(HandsError::RateLimited {
                retry_after_ms: millis(WHEN_FULL),
            });
        }
        let id = self.next;
        self.next += 1;
        let key = self.table.open(&ticket.route, now);
        let bucket = self.table.get_mut(&key).expect("`open` made it");
        match ticket.place {
            Place::End => bucket.waiting.push_back(&ticket.lane, id),
            Place::Front => bucket.waiting.push_front(&ticket.lane, id),
        }
        self.queued.insert(key.clone());
        self.turns.join(&ticket.lane, id);
        self.waiters.insert(id, Waiter { ticket, key, bell });
        self.pump(now);
        Ok(id)
    }

    pub(super) fn may_go(&self, id: u64) -> bool {
        self.flights.contains_key(&id)
    }

    /// Why this waiter need not wait any longer, if so.
    pub(super) fn refusal(&mut self, id: u64, now: Instant) -> Option<HandsError> {
        if let Err(closed) = self.gates.check(now) {
            return Some(closed);
        }
        let waiter = self.waiters.get(&id)?;
        let deadline = waiter.ticket.deadline;
        match self.earliest(&waiter.key, waiter.ticket.class, now) {
            Some(at) if at > deadline => Some(HandsError::RateLimited {
                retry_after_ms: millis(at - now),
            }),
            _ if deadline > now => None,
            Some(at) if at > now => Some(HandsError::RateLimited {
                retry_after_ms: millis(at - now),
            }),
            _ => Some(HandsError::TimedOut),
        }
    }

    /// When this waiter should look again by itself. One of all waiters looks at the clock for
    /// the others; each looks at its deadline.
    pub(super) fn wake_at(&mut self, id: u64, now: Instant) -> Option<Instant> {
        let deadline = self.waiters.get(&id)?.ticket.deadline;
        match self.driver {
            Some((driver, _)) if driver != id => Some(deadline),
            _ => {
                let wake = self.next_change(now);
                self.driver = Some((id, wake));
                Some(wake.map_or(deadline, |wake| wake.min(deadline)))
            }
        }
    }

    /// Leave the line, or give back an unused leave to go.
    pub(super) fn withdraw(&mut self, id: u64, now: Instant) {
        if let Some(flight) = self.flights.remove(&id) {
            self.gates.give_back(flight.class);
            if let Some(bucket) = self.table.get_mut(&flight.key) {
                bucket.withdraw();
            }
        } else if let Some(waiter) = self.waiters.remove(&id) {
            if let Some(bucket) = self.table.get_mut(&waiter.key) {
                bucket.waiting.remove(&waiter.ticket.lane, id);
                if bucket.waiting.is_empty() {
                    self.queued.remove(&waiter.key);
                }
            }
            self.turns.leave(&waiter.ticket.lane);
        }
        self.pump(now);
    }

    /// It was sent, and its answer will not be seen.
    pub(super) fn lose(&mut self, id: u64, now: Instant) {
        if let Some(flight) = self.flights.remove(&id)
            && let Some(bucket) = self.table.get_mut(&flight.key)
        {
            bucket.lose();
        }
        self.pump(now);
    }

    /// It was answered.
    pub(super) fn answer(&mut self, id: u64, observed: &Observed, now: Instant) -> Next {
        let Some(flight) = self.flights.remove(&id) else {
            return Next::Done;
        };
        self.gates.observe(flight.class, observed, now);
        let mut key = flight.key;
        for (old, new) in self.table.learn(&flight.route, observed, now) {
            self.rename(&old, &new);
            if old == key {
                key = new;
            }
        }
        let counted_in = self.table.key(&flight.route);
        if counted_in != key {
            // Discord counts this route elsewhere by now.
            self.table
                .get_mut(&key)
                .into_iter()
                .for_each(Bucket::withdraw);
            self.table
                .get_mut(&counted_in)
                .into_iter()
                .for_each(|bucket| bucket.start(now));
            key = counted_in;
        }
        let refused = observed.refused;
        let until = refused.map_or(now, |refused| now + refused.retry_after);
        // Something is left in the window, so a limit inside it was hit (such as two renames of a
        // channel in ten minutes): that concerns this request alone.
        let hidden = observed.remaining.is_some_and(|left| left > 0);
        if let Some(bucket) = self.table.get_mut(&key) {
            match refused.map(|refused| refused.by) {
                None | Some(By::Bucket) => bucket.answer(now, observed),
                Some(By::Shared | By::Global | By::Edge) => bucket.withdraw(),
            }
            match refused.map(|refused| refused.by) {
                Some(By::Bucket) if hidden => {}
                Some(By::Bucket | By::Shared) => bucket.block(until),
                _ => {}
            }
        }
        if refused.is_some() || observed.is_invalid() {
            // Whoever cannot make its deadline any more learns so now.
            self.waiters
                .values()
                .for_each(|waiter| waiter.bell.notify_one());
        }
        self.pump(now);
        match refused {
            None => Next::Done,
            Some(refused) if refused.by == By::Bucket && hidden => Next::Later(until),
            Some(_) => Next::Again,
        }
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.waiters.is_empty()
            && self.flights.is_empty()
            && self.queued.is_empty()
            && self.turns.is_empty()
    }

    /// Let go whoever may.
    pub(super) fn pump(&mut self, now: Instant) {
        if self.gates.check(now).is_ok() {
            while self.flights.len() < MAX_IN_FLIGHT
                && let Some(key) = self.choose(now)
            {
                self.let_go(&key, now);
            }
        }
        self.appoint(now);
    }

    /// The ready bucket whose next waiter's lane has waited longest for its turn.
    fn choose(&self, now: Instant) -> Option<Key> {
        let (bot, path) = (
            self.gates.is_open(Class::Bot, now),
            self.gates.is_open(Class::InPath, now),
        );
        if !bot && !path {
            return None;
        }
        let turn = |key: &Key| {
            let bucket = self.table.get(key)?;
            let id = bucket.waiting.head()?;
            let ticket = &self.waiters.get(&id)?.ticket;
            let open = if ticket.class == Class::Bot {
                bot
            } else {
                path
            };
            (open && bucket.ready(now) == Ready::Now).then(|| (self.turns.rank(&ticket.lane), id))
        };
        self.queued
            .iter()
            .filter_map(|key| Some((turn(key)?, key)))
            .min_by_key(|(turn, _)| *turn)
            .map(|(_, key)| key.clone())
    }

    fn let_go(&mut self, key: &Key, now: Instant) {
        let bucket = self.table.get_mut(key).expect("`choose` looked at it");
        let id = bucket.waiting.pop().expect("`choose` saw its head");
        bucket.start(now);
        if bucket.waiting.is_empty() {
            self.queued.remove(key);
        }
        let waiter = self
            .waiters
            .remove(&id)
            .expect("who is in line is among the waiters");
        self.gates.pass(waiter.ticket.class, now);
        self.turns.serve(&waiter.ticket.lane, self.next);
        self.next += 1;
        let Ticket { route, class, .. } = waiter.ticket;
        self.flights.insert(
            id,
            Flight {
                route,
                class,
                key: waiter.key,
            },
        );
        waiter.bell.notify_one();
    }

    /// See that exactly one waiter wakes when the clock alone changes something.
    fn appoint(&mut self, now: Instant) {
        let wake = self.next_change(now);
        match self.driver {
            Some((driver, at)) if self.waiters.contains_key(&driver) => {
                if at != wake {
                    self.waiters[&driver].bell.notify_one();
                }
            }
            _ => {
                self.driver = None;
                if let Some((id, waiter)) = self.waiters.iter().next() {
                    self.driver = Some((*id, None));
                    waiter.bell.notify_one();
                }
            }
        }
    }

    /// When the clock alone lets the next waiter go.
    pub(super) fn next_change(&self, now: Instant) -> Option<Instant> {
        if self.flights.len() >= MAX_IN_FLIGHT {
            return None;
        }
        self.queued
            .iter()
            .filter_map(|key| {
                let head = self.table.get(key)?.waiting.head()?;
                self.earliest(key, self.waiters.get(&head)?.ticket.class, now)
            })
            .min()
    }

    /// The first moment at which bucket and gates could let a request go; `None` where that
    /// hangs on an answer.
    fn earliest(&self, key: &Key, class: Class, now: Instant) -> Option<Instant> {
        let gate = self.gates.opens_at(class).map_or(now, |at| at.max(now));
        match self.table.get(key)?.ready(now) {
            Ready::Now => Some(gate),
            Ready::At(at) => Some(gate.max(at)),
            Ready::WhenAnswered if gate > now => Some(gate),
            Ready::WhenAnswered => None,
        }
    }

    fn rename(&mut self, old: &Key, new: &Key) {
        for waiter in self
            .waiters
            .values_mut()
            .filter(|waiter| waiter.key == *old)
        {
            waiter.key = new.clone();
        }
        for flight in self
            .flights
            .values_mut()
            .filter(|flight| flight.key == *old)
        {
            flight.key = new.clone();
        }
        if self.queued.remove(old) {
            self.queued.insert(new.clone());
        }
    }
}

/// Whole milliseconds, rounded up, so that who waits that long is not early.
pub(crate) fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
