//! How long requests would take, told from what is known now: windows, the global pace, what is
//! shut, and who else waits. A pure function over the limiter's state; it changes nothing.

use std::{collections::HashMap, time::Duration};

use model::forecast::{Bottleneck, Forecast};
use tokio::time::Instant;

use super::{
    bucket::View,
    lanes::family,
    route::{Class, Route},
    state::{State, millis},
    table::Key,
};

impl State {
    /// Requests of this lane, one after the other, each once the one before it was answered.
    pub(super) fn forecast(
        &self,
        requests: &[(Route, Class)],
        lane: &str,
        now: Instant,
    ) -> Forecast {
        let mut at = now;
        let mut lines: HashMap<Key, Line> = HashMap::new();
        let mut everybody = Crowd::at_the_gates(self, lane);
        // What was waited for, by cause.
        let mut waits: HashMap<Bottleneck, Duration> = HashMap::new();
        for (route, class) in requests {
            let key = self.table.key(route);
            let line = lines
                .entry(key.clone())
                .or_insert_with(|| Line::of(self, &key, route, lane, now));
            let pause = self
                .gates
                .paused_until(lane, now)
                .max(self.gates.shut_until(*class));
            let mut wait_until = |until: Instant, cause| {
                if until > at {
                    *waits.entry(cause).or_default() += until - at;
                    at = until;
                }
            };
            if let Some(until) = pause {
                wait_until(until, Bottleneck::Pause);
            }
            if *class == Class::Bot {
                let turn = everybody.turn(self, now);
                wait_until(turn, Bottleneck::Global);
            }
            let from = at;
            let opens = line.go(from, self.trip);
            if opens > at {
                *waits
                    .entry(Bottleneck::Route(route.name.to_string()))
                    .or_default() += opens - at;
                at = opens;
            }
            at += self.trip;
            everybody.after(at - now, self.gates.pace.interval());
        }
        let trips = self.trip * u32::try_from(requests.len()).unwrap_or(u32::MAX);
        waits.insert(Bottleneck::RoundTrips, trips);
        let most = waits.into_iter().max_by_key(|(_, wait)| *wait);
        Forecast {
            milliseconds: millis(at - now),
            requests: requests.len(),
            bottleneck: most.map_or(Bottleneck::RoundTrips, |(cause, _)| cause),
        }
    }
}

/// Those who wait for the global pace already.
struct Crowd {
    /// Requests of the caller's own principal: the first request of a forecast stands behind them.
    own: usize,
    principals: usize,
    others: usize,
    /// So much of the pace is used up before the next turn of the caller.
    used: u32,
}

impl Crowd {
    fn at_the_gates(state: &State, lane: &str) -> Self {
        let families = state.turns.families();
        let others = families.filter(|(name, _)| *name != family(lane));
        let others: Vec<usize> = others.map(|(_, waiting)| waiting).collect();
        Self {
            own: state.turns.waiting(lane).1,
            principals: others.len(),
            others: others.iter().sum(),
            used: 0,
        }
    }

    /// When the caller's next request may go: each other principal has a turn before it.
    fn turn(&mut self, state: &State, now: Instant) -> Instant {
        let own = std::mem::take(&mut self.own);
        let before = own + self.others.min(self.principals * (own + 1));
        self.others = self.others.saturating_sub(before - own);
        self.used += u32::try_from(before).unwrap_or(u32::MAX);
        let ready = state.gates.pace.ready_at().unwrap_or(now).max(now);
        let turn = ready + state.gates.pace.interval() * self.used;
        self.used += 1;
        turn
    }

    /// While the caller waits for answers, the others go on.
    fn after(&mut self, elapsed: Duration, interval: Duration) {
        let passed = elapsed.as_nanos() / interval.as_nanos().max(1);
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        if passed > self.used {
            let went = usize::try_from(passed - self.used).unwrap_or(usize::MAX);
            self.others = self.others.saturating_sub(went);
            self.used = passed;
        }
    }
}

/// One bucket's windows as the caller's requests come by.
struct Line {
    from: Instant,
    room: u32,
    /// The window under way, where the bucket is limited.
    window: Option<Window>,
    /// Others' requests in line here, and how many lanes they are in.
    others: u32,
    lanes: u32,
    /// What the caller's first request stands behind: its own earlier ones, and turns of others.
    first: Option<u32>,
}

struct Window {
    end: Instant,
    limit: u32,
    length: Duration,
}

impl Line {
    fn of(state: &State, key: &Key, route: &Route, lane: &str, now: Instant) -> Self {
        let View { room, from, then } = state.table.view(route, now);
        let (own, others): (Vec<_>, Vec<_>) = state
            .waiting_for(key)
            .partition(|(name, _)| family(name) == family(lane));
        let own: usize = own.into_iter().map(|(_, waiting)| waiting).sum();
        let turns: usize = others.iter().map(|(_, it)| (*it).min(own + 1)).sum();
        let all: usize = others.iter().map(|(_, it)| *it).sum();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            from,
            room,
            window: then.map(|(end, limit, length)| Window {
                end,
                limit: limit.max(1),
                length,
            }),
            others: small(all - turns),
            lanes: small(others.len()),
            first: Some(small(own + turns)),
        }
    }

    /// When a request that comes at `at` may go.
    fn go(&mut self, at: Instant, trip: Duration) -> Instant {
        let at = at.max(self.from);
        let Some(window) = &mut self.window else {
            return at;
        };
        if at >= window.end {
            // It ended while nobody looked; the next opens with this request.
            self.others = self.others.saturating_sub(window.limit);
            self.room = window.limit;
            window.end = at + window.length + trip;
        }
        if let Some(mut before) = self.first.take() {
            let mut start = at;
            while before >= self.room {
                before -= self.room;
                start = window.end;
                window.end += window.length + trip;
                self.room = window.limit;
            }
            self.room -= before + 1;
            return start;
        }
        // Since the caller's last request the others took what was left.
        let took = self.others.min(self.room);
        self.others -= took;
        self.room -= took;
        if self.room > 0 {
            self.room -= 1;
            return at;
        }
        let start = window.end;
        let before = self.lanes.min(self.others).min(window.limit - 1);
        self.others -= before;
        self.room = window.limit - before - 1;
        window.end = start + window.length + trip;
        start
    }
}
