//! Plays the limiter against a simulated Discord in virtual time: windows that open with their
//! first request, journeys that take time and overtake one another, callers who give up.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
    sync::Arc,
    time::Duration,
};

use model::HandsError;
use proptest::prelude::*;
use tokio::{sync::Notify, time::Instant};

use super::{
    headers::Observed,
    route::{Class, Route},
    state::{Next, Place, State, Ticket},
};

const GLOBAL: u32 = 45;
const PATIENT: Duration = Duration::from_hours(1);

/// One caller's request and what becomes of it.
#[derive(Clone, Debug)]
struct Plan {
    arrives_ms: u64,
    major: u8,
    lane: u8,
    there_ms: u64,
    back_ms: u64,
    /// The caller gives up this long after arriving.
    patience_ms: Option<u64>,
    in_path: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives(usize),
    Reaches(usize),
    Answered(usize),
    GivesUp(usize),
    Clock,
}

/// Discord's side: one route, a window for each major.
struct Server {
    limit: u32,
    window: Duration,
    with_headers: bool,
    /// Whether windows are named by their end, as Discord does to the millisecond.
    with_names: bool,
    start: Instant,
    windows: HashMap<u8, (Instant, u32)>,
}

impl Server {
    fn receive(&mut self, major: u8, now: Instant) -> Observed {
        let (end, used) = self.windows.entry(major).or_insert((now, 0));
        if *end <= now {
            (*end, *used) = (now + self.window, 0);
        }
        let fits = *used < self.limit;
        *used += u32::from(fits);
        if !self.with_headers {
            return Observed {
                status: 200,
                ..Observed::default()
            };
        }
        Observed {
            status: if fits { 200 } else { 429 },
            bucket: Some("bucket".to_owned()),
            limit: Some(self.limit),
            remaining: Some(self.limit - *used),
            reset_after: Some(*end - now),
            window: self.with_names.then(|| *end - self.start),
            ..Observed::default()
        }
    }
}

struct World {
    state: State,
    server: Server,
    plans: Vec<Plan>,
    events: BinaryHeap<Reverse<(Instant, Event)>>,
    now: Instant,
    /// By the limiter's number: which plan waits.
    in_line: BTreeMap<u64, usize>,
    on_the_way: HashMap<usize, u64>,
    answers: HashMap<usize, Observed>,
    sent: Vec<(Instant, usize)>,
    alarm: Option<Instant>,
    over_the_limit: usize,
    answered: usize,
    given_up: usize,
}

impl World {
    fn play(server: Server, plans: Vec<Plan>) -> Self {
        let now = Instant::now();
        let mut world = Self {
            state: State::new(GLOBAL),
            server,
            events: BinaryHeap::new(),
            now,
            in_line: BTreeMap::new(),
            on_the_way: HashMap::new(),
            answers: HashMap::new(),
            sent: Vec::new(),
            alarm: None,
            over_the_limit: 0,
            answered: 0,
            given_up: 0,
            plans,
        };
        for index in 0..world.plans.len() {
            let plan = &world.plans[index];
            let at = now + Duration::from_millis(plan.arrives_ms);
            let gives_up = plan.patience_ms.map(|ms| at + Duration::from_millis(ms));
            world.events.push(Reverse((at, Event::Arrives(index))));
            if let Some(at) = gives_up {
                world.events.push(Reverse((at, Event::GivesUp(index))));
            }
        }
        while let Some(Reverse((at, event))) = world.events.pop() {
            world.now = at;
            world.step(event);
            world.state.pump(at);
            world.send_whoever_may();
            world.set_the_clock();
        }
        world
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Arrives(index) => {
                let plan = &self.plans[index];
                let name = if plan.in_path {
                    "POST /webhook"
                } else {
                    "POST /messages"
                };
                let ticket = Ticket {
                    route: Route::named(name, &plan.major.to_string()),
                    class: if plan.in_path {
                        Class::InPath
                    } else {
                        Class::Bot
                    },
                    lane: plan.lane.to_string().into(),
                    deadline: self.now + PATIENT,
                    place: Place::End,
                };
                let bell = Arc::new(Notify::new());
                let id = self.state.enqueue(ticket, bell, self.now).unwrap();
                self.in_line.insert(id, index);
            }
            Event::Reaches(index) => {
                let observed = self.server.receive(self.plans[index].major, self.now);
                self.over_the_limit += usize::from(observed.status == 429);
                self.answers.insert(index, observed);
                let back = Duration::from_millis(self.plans[index].back_ms);
                self.events
                    .push(Reverse((self.now + back, Event::Answered(index))));
            }
            Event::Answered(index) => {
                let Some(id) = self.on_the_way.remove(&index) else {
                    return;
                };
                let next = self.state.answer(id, &self.answers[&index], self.now);
                assert_eq!(next, Next::Done);
                self.answered += 1;
            }
            Event::GivesUp(index) => {
                let waits = self.in_line.iter().find(|(_, other)| **other == index);
                if let Some(id) = waits.map(|(id, _)| *id) {
                    self.in_line.remove(&id);
                    self.state.withdraw(id, self.now);
                    self.given_up += 1;
                } else if let Some(id) = self.on_the_way.remove(&index) {
                    self.state.lose(id, self.now);
                    self.given_up += 1;
                }
            }
            Event::Clock => {}
        }
    }

    fn send_whoever_may(&mut self) {
        let free: Vec<u64> = self
            .in_line
            .keys()
            .copied()
            .filter(|id| self.state.may_go(*id))
            .collect();
        for id in free {
            let index = self.in_line.remove(&id).unwrap();
            self.on_the_way.insert(index, id);
            self.sent.push((self.now, index));
            let there = Duration::from_millis(self.plans[index].there_ms);
            self.events
                .push(Reverse((self.now + there, Event::Reaches(index))));
        }
    }

    /// The driver's alarm, as the waiting future sets it.
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

fn plan(impatient: bool) -> impl Strategy<Value = Plan> {
    let patience = if impatient {
        prop::option::weighted(0.4, 0_u64..400).boxed()
    } else {
        Just(None).boxed()
    };
    (
        0_u64..3_000,
        0_u8..3,
        0_u8..4,
        1_u64..120,
        1_u64..120,
        patience,
    )
        .prop_map(
            |(arrives_ms, major, lane, there_ms, back_ms, patience_ms)| Plan {
                arrives_ms,
                major,
                lane,
                there_ms,
                back_ms,
                patience_ms,
                in_path: false,
            },
        )
}

fn server(limit: u32, window_ms: u64) -> Server {
    Server {
        limit,
        window: Duration::from_millis(window_ms),
        with_headers: true,
        with_names: true,
        start: Instant::now(),
        windows: HashMap::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_window_and_no_second_is_overrun_and_everyone_is_served(
        plans in prop::collection::vec(plan(false), 1..120),
        limit in 1_u32..8,
        window_ms in 300_u64..5_000,
        with_names: bool,
    ) {
        let count = plans.len();
        let server = Server { with_names, ..server(limit, window_ms) };
        let world = World::play(server, plans);
        prop_assert_eq!(world.over_the_limit, 0);
        prop_assert_eq!(world.answered, count);
        for (nth, (start, _)) in world.sent.iter().enumerate() {
            let second = world.sent[nth..]
                .iter()
                .take_while(|(at, _)| *at - *start < Duration::from_secs(1))
                .count();
            prop_assert!(second < 50, "{} within a second", second);
        }
    }

    #[test]
    fn those_who_give_up_leave_nothing_behind(
        plans in prop::collection::vec(plan(true), 1..120),
        limit in 1_u32..8,
        window_ms in 300_u64..5_000,
    ) {
        let count = plans.len();
        let world = World::play(server(limit, window_ms), plans);
        prop_assert_eq!(world.answered + world.given_up, count);
        prop_assert!(world.in_line.is_empty() && world.state.is_idle());
    }
}

fn burst(count: usize, lane: u8, major: u8) -> Vec<Plan> {
    let plan = Plan {
        arrives_ms: 0,
        major,
        lane,
        there_ms: 30,
        back_ms: 30,
        patience_ms: None,
        in_path: false,
    };
    vec![plan; count]
}

fn elapsed(world: &World) -> u128 {
    (world.sent.last().unwrap().0 - world.sent[0].0).as_millis()
}

#[test]
fn a_bucket_without_headers_is_bound_by_the_global_pace_alone() {
    let mut server = server(1, 1);
    server.with_headers = false;
    let world = World::play(server, burst(100, 0, 0));
    assert!(elapsed(&world) < 2_300, "{} ms", elapsed(&world));
}

#[test]
fn sixteen_at_once_take_what_the_window_offers() {
    let world = World::play(server(50, 1_000), burst(16, 0, 0));
    assert!(elapsed(&world) < 400, "{} ms", elapsed(&world));
    let world = World::play(server(5, 1_000), burst(16, 0, 0));
    assert!(elapsed(&world) < 3_300, "{} ms", elapsed(&world));
}

#[test]
fn webhooks_do_not_wait_for_the_bots_global_pace() {
    let mut plans = burst(200, 0, 0);
    for plan in &mut plans {
        plan.in_path = true;
    }
    let world = World::play(server(1_000, 1_000), plans);
    assert!(elapsed(&world) < 200, "{} ms", elapsed(&world));
}

#[test]
fn a_lane_with_one_request_does_not_wait_behind_a_lane_with_many() {
    for major in [0, 1] {
        let mut plans = burst(200, 0, 0);
        plans.extend(burst(1, 1, major));
        let world = World::play(server(5, 1_000), plans);
        let place = world
            .sent
            .iter()
            .position(|(_, index)| *index == 200)
            .unwrap();
        assert!(place < 8, "sent as number {place}");
    }
}

#[test]
fn a_lane_that_spreads_over_many_buckets_gets_no_more_turns() {
    let mut plans: Vec<Plan> = (10..110).flat_map(|major| burst(2, 0, major)).collect();
    plans.extend(burst(20, 1, 0));
    let world = World::play(server(100, 1_000), plans);
    let last = world
        .sent
        .iter()
        .rposition(|(_, index)| *index >= 200)
        .unwrap();
    assert!(last < 60, "the quiet lane's last was sent as number {last}");
}

#[test]
fn shut_gates_turn_away_whoever_cannot_wait_that_long() {
    let now = Instant::now();
    let mut state = State::new(GLOBAL);
    let ticket = |major: &str, wait: u64| Ticket {
        route: Route::named("GET /x", major),
        class: Class::Bot,
        lane: "lane".into(),
        deadline: now + Duration::from_secs(wait),
        place: Place::End,
    };
    let first = state
        .enqueue(ticket("1", 60), Arc::new(Notify::new()), now)
        .unwrap();
    let bell = Arc::new(Notify::new());
    let second = state
        .enqueue(ticket("1", 10), Arc::clone(&bell), now)
        .unwrap();
    assert!(state.may_go(first) && !state.may_go(second));
    let mut headers = http::HeaderMap::new();
    headers.insert("retry-after", http::HeaderValue::from_static("30"));
    let cloudflare = Observed::read(http::StatusCode::TOO_MANY_REQUESTS, &headers, b"");
    assert_eq!(state.answer(first, &cloudflare, now), Next::Again);
    assert_eq!(
        state.refusal(second, now),
        Some(HandsError::RateLimited {
            retry_after_ms: 30_000
        })
    );
    state.withdraw(second, now);
    let patient = state
        .enqueue(ticket("2", 60), Arc::new(Notify::new()), now)
        .unwrap();
    assert!(!state.may_go(patient) && state.refusal(patient, now).is_none());
    let later = now + Duration::from_secs(30);
    state.pump(later);
    assert!(state.may_go(patient));
}

#[test]
fn the_first_401_of_the_bot_is_the_last_request() {
    let now = Instant::now();
    let mut state = State::new(GLOBAL);
    let ticket = Ticket {
        route: Route::named("GET /x", ""),
        class: Class::Bot,
        lane: "lane".into(),
        deadline: now + PATIENT,
        place: Place::End,
    };
    let first = state
        .enqueue(ticket.clone(), Arc::new(Notify::new()), now)
        .unwrap();
    let second = state
        .enqueue(ticket.clone(), Arc::new(Notify::new()), now)
        .unwrap();
    state.answer(
        first,
        &Observed {
            status: 401,
            ..Observed::default()
        },
        now,
    );
    assert_eq!(state.refusal(second, now), Some(HandsError::Unauthorized));
    state.withdraw(second, now);
    let third = state.enqueue(ticket, Arc::new(Notify::new()), now + PATIENT);
    assert_eq!(third, Err(HandsError::Unauthorized));
}
