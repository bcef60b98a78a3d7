//! The limiter as a state machine: who waits, what is on its way, and which gates are shut. It
//! does no waiting of its own: time is a parameter, and whoever waits is notified.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use model::HandsError;
use serde::Serialize;
use tokio::{sync::Notify, time::Instant};

use super::{
    bucket::{Bucket, Learnt, Ready},
    gates::Gates,
    headers::{By, Observed},
    invalid::MOST_INVALID,
    route::{Class, Route},
    table::{Key, Table},
    turns::{Rank, Turns},
};

/// Requests in line at once, over all callers. Beyond it only those join who have few in line.
const MAX_WAITING: usize = 4_096;
/// Requests in line at once, whoever sent them.
const MOST_WAITING: usize = 2 * MAX_WAITING;
/// Requests in line at once of one agent,
pub(super) const MAX_WAITING_OF_LANE: usize = 1_024;
/// and of one principal with all its agents.
const MAX_WAITING_OF_FAMILY: usize = 2_048;
/// A principal with fewer in line than this is let in although others fill the line.
const FEW: usize = 16;
/// Requests on their way at once.
const MAX_IN_FLIGHT: usize = 256;
/// So many more, of answers to interactions.
const RESERVED: usize = 64;
/// The least that is told to those who find the line full.
const WHEN_FULL: Duration = Duration::from_secs(1);
/// Time from sending to the answer, until some were measured.
const USUAL_TRIP: Duration = Duration::from_millis(100);

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

/// How a bot stands with Discord's limits, for health reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LimitsStatus {
    /// Refused requests (401, 403, 429) of the last ten minutes. Discord bans for 10,000.
    pub invalid_requests: usize,
    /// So many pause everything.
    pub invalid_requests_most: usize,
    /// All requests are paused for so long, because too many were refused.
    pub paused_ms: Option<u64>,
    /// Discord's global limit, or Cloudflare, holds everything up for so long.
    pub global_wait_ms: Option<u64>,
    /// Discord does not accept the token.
    pub unauthorized: bool,
    /// Requests in line.
    pub waiting: usize,
    /// Requests on their way.
    pub in_flight: usize,
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
    lane: Arc<str>,
    key: Key,
    began: Instant,
}

pub(super) struct State {
    pub(super) table: Table,
    pub(super) gates: Gates,
    waiters: HashMap<u64, Waiter>,
    flights: HashMap<u64, Flight>,
    /// How many wait, by class.
    of_class: [usize; 3],
    /// Buckets with someone in line.
    queued: BTreeSet<Key>,
    pub(super) turns: Turns,
    /// From sending to the answer, smoothed.
    pub(super) trip: Duration,
    /// Those let go, for whoever plays the limiter without waiting futures.
    #[cfg(test)]
    pub(super) freed: Vec<u64>,
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
            of_class: [0; 3],
            queued: BTreeSet::new(),
            turns: Turns::default(),
            trip: USUAL_TRIP,
            #[cfg(test)]
            freed: Vec::new(),
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
        self.gates.check(&ticket.lane, now)?;
        self.admit(&ticket)?;
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
        self.of_class[ticket.class as usize] += 1;
        self.waiters.insert(id, Waiter { ticket, key, bell });
        self.pump(now);
        Ok(id)
    }

    /// Whether there is room in line.
    fn admit(&self, ticket: &Ticket) -> Result<(), HandsError> {
        let (of_lane, of_family) = self.turns.waiting(&ticket.lane);
        let all = self.waiters.len();
        let fits = of_lane < MAX_WAITING_OF_LANE
            && of_family < MAX_WAITING_OF_FAMILY
            && (all < MAX_WAITING || (of_family < FEW && all < MOST_WAITING));
        // One that was sent back had its place before, and answers to interactions are few.
        if fits || ticket.place == Place::Front || ticket.class == Class::Interaction {
            return Ok(());
        }
        let sharing = self.turns.families().count();
        let turns = u32::try_from(of_family * sharing / 2).unwrap_or(u32::MAX);
        let half = self.gates.pace.interval().saturating_mul(turns);
        Err(HandsError::QueueFull {
            waiting: of_family,
            retry_after_ms: millis(half.max(WHEN_FULL)),
        })
    }

    pub(super) fn may_go(&self, id: u64) -> bool {
        self.flights.contains_key(&id)
    }

    /// Why this waiter need not wait any longer, if so.
    pub(super) fn refusal(&mut self, id: u64, now: Instant) -> Option<HandsError> {
        let waiter = self.waiters.get(&id)?;
        if let Err(closed) = self.gates.check(&waiter.ticket.lane, now) {
            return Some(closed);
        }
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
            self.gates.give_back(flight.class, &flight.lane, now);
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
            self.of_class[waiter.ticket.class as usize] -= 1;
        }
        self.pump(now);
    }

    /// It was sent, and its answer will not be seen.
    pub(super) fn lose(&mut self, id: u64, now: Instant) {
        if let Some(flight) = self.flights.remove(&id) {
            self.gates.lose(&flight.lane, now);
            if let Some(bucket) = self.table.get_mut(&flight.key) {
                bucket.lose();
            }
        }
        self.pump(now);
    }

    /// It was answered.
    pub(super) fn answer(&mut self, id: u64, observed: &Observed, now: Instant) -> Next {
        let Some(flight) = self.flights.remove(&id) else {
            return Next::Done;
        };
        self.trip = (self.trip * 7 + now.duration_since(flight.began)) / 8;
        self.gates
            .observe(flight.class, &flight.lane, observed, now);
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
        let mut alone = false;
        let mut learnt = Learnt::Nothing;
        if let Some(bucket) = self.table.get_mut(&key) {
            match refused.map(|refused| refused.by) {
                None | Some(By::Bucket) => learnt = bucket.answer(now, observed),
                Some(By::Shared | By::Global | By::Edge) => bucket.withdraw(),
            }
            if flight.route.is_odd()
                && refused.is_none()
                && let Some(until) = bucket.odd.passed(now)
            {
                bucket.block(until);
            }
            match refused.map(|refused| refused.by) {
                Some(By::Bucket) if hidden => {
                    bucket.odd.refused(until, now);
                    alone = !bucket.refused_unannounced(now) && !flight.route.is_odd();
                    if !alone {
                        bucket.block(until);
                    }
                }
                Some(By::Bucket | By::Shared) => bucket.block(until),
                _ => {}
            }
        }
        if learnt == Learnt::Shrunk {
            self.table.doubt_others(&key);
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
            Some(_) if alone => Next::Later(until),
            Some(_) => Next::Again,
        }
    }

    /// How the gates and the line are.
    pub(super) fn status(&mut self, now: Instant) -> LimitsStatus {
        let wait = |until: Option<Instant>| until.filter(|at| *at > now).map(|at| millis(at - now));
        LimitsStatus {
            invalid_requests: self.gates.invalid(now),
            invalid_requests_most: MOST_INVALID,
            paused_ms: wait(self.gates.paused_until("", now)),
            global_wait_ms: wait(self.gates.shut_until(Class::Bot)),
            unauthorized: self.gates.is_unauthorized(),
            waiting: self.waiters.len(),
            in_flight: self.flights.len(),
        }
    }

    /// Whose requests wait for this bucket, and how many.
    pub(super) fn waiting_for(&self, key: &Key) -> impl Iterator<Item = (&str, usize)> {
        let bucket = self.table.get(key).into_iter();
        bucket.flat_map(|bucket| bucket.waiting.lengths())
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
        while let Some((key, id)) = self.choose(now) {
            self.let_go(&key, id, now);
        }
        self.appoint(now);
    }

    /// Who goes next: answers to interactions first, then whose turn it is.
    fn choose(&self, now: Instant) -> Option<(Key, u64)> {
        let open = CLASSES.map(|class| {
            self.of_class[class as usize] > 0
                && self.has_place(class)
                && self.gates.is_open(class, now)
        });
        if open == [false; 3] {
            return None;
        }
        self.queued
            .iter()
            .filter_map(|key| Some((self.candidate(key, open, now)?, key)))
            .min_by_key(|(candidate, _)| *candidate)
            .map(|(candidate, key)| (key.clone(), candidate.id))
    }

    /// Who of a bucket would go next. Where it has room for all who wait, that is whose turn it is
    /// over all buckets. Where it has not, its own turns count, or whoever is busy elsewhere would
    /// never be served here; and of several such buckets one comes first in which somebody waits
    /// whose turn it is.
    fn candidate(&self, key: &Key, open: [bool; 3], now: Instant) -> Option<Candidate> {
        let bucket = self.table.get(key)?;
        let room = bucket.room(now);
        if room == 0 {
            return None;
        }
        let may = |(_, id): (&str, u64)| {
            let ticket = &self.waiters.get(&id)?.ticket;
            (open[ticket.class as usize] && self.gates.admits(&ticket.lane, now)).then(|| {
                Candidate {
                    order: u8::from(ticket.class != Class::Interaction),
                    turn: self.turns.rank(&ticket.lane),
                    behind: (0, 0),
                    id,
                }
            })
        };
        let heads: Vec<Candidate> = bucket.waiting.heads().filter_map(may).collect();
        let soonest = *heads.iter().min()?;
        let next = if room >= heads.len() {
            soonest
        } else {
            *heads.first()?
        };
        Some(Candidate {
            behind: soonest.turn,
            ..next
        })
    }

    fn has_place(&self, class: Class) -> bool {
        let most = match class {
            Class::Bot | Class::InPath => MAX_IN_FLIGHT,
            Class::Interaction => MAX_IN_FLIGHT + RESERVED,
        };
        self.flights.len() < most
    }

    fn let_go(&mut self, key: &Key, id: u64, now: Instant) {
        let waiter = self
            .waiters
            .remove(&id)
            .expect("who is in line is among the waiters");
        let Ticket {
            route, class, lane, ..
        } = waiter.ticket;
        let bucket = self.table.get_mut(key).expect("`choose` looked at it");
        let taken = bucket.waiting.take(&lane);
        debug_assert_eq!(taken, Some(id), "`choose` saw it at the head of its lane");
        bucket.start(now);
        if bucket.waiting.is_empty() {
            self.queued.remove(key);
        }
        #[cfg(test)]
        self.freed.push(id);
        self.gates.pass(class, &lane, now);
        self.of_class[class as usize] -= 1;
        self.turns.serve(&lane, self.next);
        self.next += 1;
        self.flights.insert(
            id,
            Flight {
                route,
                class,
                lane,
                key: waiter.key,
                began: now,
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
        let of_bucket = |key: &Key| {
            let heads = self.table.get(key)?.waiting.heads();
            heads
                .filter_map(|(_, id)| {
                    let ticket = &self.waiters.get(&id)?.ticket;
                    let may = self.has_place(ticket.class) && self.gates.admits(&ticket.lane, now);
                    may.then(|| self.earliest(key, ticket.class, now))?
                })
                .min()
        };
        // Nobody goes before the gates open, so whoever could go then ends the search.
        let waited_for = CLASSES
            .iter()
            .filter(|class| self.of_class[**class as usize] > 0);
        let gate = |class: &Class| self.gates.opens_at(*class).map_or(now, |at| at.max(now));
        let soonest = waited_for.map(gate).min()?;
        let mut earliest: Option<Instant> = None;
        for at in self.queued.iter().filter_map(of_bucket) {
            earliest = Some(earliest.map_or(at, |known| known.min(at)));
            if at <= soonest {
                break;
            }
        }
        earliest
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

const CLASSES: [Class; 3] = [Class::Bot, Class::InPath, Class::Interaction];

/// Who would go next of one bucket; the least goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    order: u8,
    turn: Rank,
    behind: Rank,
    id: u64,
}

/// Whole milliseconds, rounded up, so that who waits that long is not early.
pub(crate) fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
