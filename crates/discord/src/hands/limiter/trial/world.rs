//! The trial's course in virtual time: agents that want something, the limiter, and journeys to
//! Discord and back that overtake one another.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::Arc,
    time::Duration,
};

use model::HandsError;
use tokio::{sync::Notify, time::Instant};

use super::{
    dice::Dice,
    discord::{Discord, Operation, Weather},
};
use crate::hands::{
    GLOBAL_PER_SECOND,
    limiter::{
        headers::Observed,
        state::{Next, Place, State, Ticket},
    },
};

/// What one agent wants next.
pub(super) type Want = Box<dyn FnMut(&mut Dice) -> (Operation, usize)>;

/// One caller.
pub(super) struct Agent {
    pub(super) lane: &'static str,
    /// Requests that it has in line or under way at once; it wants the next when one is answered.
    pub(super) at_once: usize,
    /// In all.
    pub(super) wants: usize,
    pub(super) want: Want,
}

/// A request and what became of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) agent: usize,
    pub(super) operation: Operation,
    pub(super) place: usize,
    pub(super) born: Instant,
    pub(super) sent: Option<Instant>,
    pub(super) done: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// Joins the line; sent back ones in front.
    Joins(usize, bool),
    Reaches(usize),
    Answered(usize),
    Clock,
}

pub(super) struct World {
    pub(super) state: State,
    pub(super) discord: Discord,
    pub(super) start: Instant,
    pub(super) now: Instant,
    pub(super) wishes: Vec<Wish>,
    /// Turned away for good: unauthorized, or paused.
    pub(super) turned_away: usize,
    pub(super) line_full: usize,
    agents: Vec<Agent>,
    dice: Dice,
    events: BinaryHeap<Reverse<(Instant, Event)>>,
    ids: HashMap<u64, usize>,
    flying: HashMap<usize, (u64, Option<Observed>)>,
    alarm: Option<Instant>,
}

impl World {
    pub(super) fn new(agents: Vec<Agent>, weather: Weather, seed: u64) -> Self {
        let start = Instant::now();
        let mut world = Self {
            state: State::new(GLOBAL_PER_SECOND),
            discord: Discord::new(weather, seed, start),
            start,
            now: start,
            wishes: Vec::new(),
            turned_away: 0,
            line_full: 0,
            agents,
            dice: Dice::new(seed),
            events: BinaryHeap::new(),
            ids: HashMap::new(),
            flying: HashMap::new(),
            alarm: None,
        };
        for agent in 0..world.agents.len() {
            for _ in 0..world.agents[agent].at_once {
                world.wish(agent);
            }
        }
        world
    }

    /// Until nobody wants anything, or so long.
    pub(super) fn run(&mut self, most: Duration) {
        let end = self.start + most;
        while let Some(Reverse((at, event))) = self.events.peek().copied() {
            if at > end {
                return;
            }
            self.events.pop();
            self.now = at;
            self.step(event);
            self.state.pump(at);
            self.send();
            self.set_the_clock();
        }
    }

    /// One more agent from now on.
    pub(super) fn hire(&mut self, agent: Agent) -> usize {
        self.agents.push(agent);
        let index = self.agents.len() - 1;
        for _ in 0..self.agents[index].at_once {
            self.wish(index);
        }
        index
    }

    /// Until everybody who wants something at this moment is in line.
    pub(super) fn run_until_in_line(&mut self) {
        self.run(self.now - self.start);
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// Answered requests of one agent until then.
    pub(super) fn served(&self, agent: usize, until: Instant) -> usize {
        let is_it =
            |wish: &&Wish| wish.agent == agent && wish.done.is_some_and(|done| done <= until);
        self.wishes.iter().filter(is_it).count()
    }

    fn wish(&mut self, agent: usize) {
        let it = &mut self.agents[agent];
        if it.wants == 0 {
            return;
        }
        it.wants -= 1;
        let (operation, place) = (it.want)(&mut self.dice);
        self.wishes.push(Wish {
            agent,
            operation,
            place,
            born: self.now,
            sent: None,
            done: None,
        });
        let index = self.wishes.len() - 1;
        self.events
            .push(Reverse((self.now, Event::Joins(index, false))));
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Joins(index, in_front) => self.join(index, in_front),
            Event::Reaches(index) => {
                let wish = self.wishes[index];
                let observed = self.discord.receive(wish.operation, wish.place, self.now);
                if let Some(flight) = self.flying.get_mut(&index) {
                    flight.1 = Some(observed);
                }
                let back = self.now + self.dice.journey();
                self.events.push(Reverse((back, Event::Answered(index))));
            }
            Event::Answered(index) => {
                let Some((id, Some(observed))) = self.flying.remove(&index) else {
                    return;
                };
                match self.state.answer(id, &observed, self.now) {
                    Next::Done => {
                        self.wishes[index].done = Some(self.now);
                        self.wish(self.wishes[index].agent);
                    }
                    Next::Again => self.join(index, true),
                    Next::Later(at) => self.events.push(Reverse((at, Event::Joins(index, true)))),
                }
            }
            Event::Clock => {}
        }
    }

    fn join(&mut self, index: usize, in_front: bool) {
        let wish = self.wishes[index];
        let ticket = Ticket {
            route: wish.operation.route(wish.place),
            class: wish.operation.class(),
            lane: self.agents[wish.agent].lane.into(),
            deadline: self.now + Duration::from_hours(12),
            place: if in_front { Place::Front } else { Place::End },
        };
        match self
            .state
            .enqueue(ticket, Arc::new(Notify::new()), self.now)
        {
            Ok(id) => {
                self.ids.insert(id, index);
            }
            Err(HandsError::QueueFull { retry_after_ms, .. }) => {
                self.line_full += 1;
                let at = self.now + Duration::from_millis(retry_after_ms);
                self.events.push(Reverse((at, Event::Joins(index, false))));
            }
            Err(HandsError::Paused { retry_after_ms }) => {
                self.turned_away += 1;
                // A caller that heeds the answer.
                let at = self.now + Duration::from_millis(retry_after_ms);
                self.events.push(Reverse((at, Event::Joins(index, false))));
            }
            Err(_) => self.turned_away += 1,
        }
    }

    fn send(&mut self) {
        for id in std::mem::take(&mut self.state.freed) {
            let index = self.ids.remove(&id).unwrap();
            self.wishes[index].sent = Some(self.now);
            self.flying.insert(index, (id, None));
            let there = self.now + self.dice.journey();
            self.events.push(Reverse((there, Event::Reaches(index))));
        }
    }

    fn set_the_clock(&mut self) {
        if let Some(at) = self.state.next_change(self.now) {
            assert!(at > self.now, "someone could have gone already");
            if self.alarm != Some(at) {
                self.alarm = Some(at);
                self.events.push(Reverse((at, Event::Clock)));
            }
        }
    }
}
