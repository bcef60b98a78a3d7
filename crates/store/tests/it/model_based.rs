//! Random stories told to the store and to a tiny model of it; they must answer alike.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
};

use model::{
    Clock, ManualClock,
    ledger::{Begun, Claimed, Intent, Leases as _, Ledger as _, Sent},
};
use proptest::prelude::*;
use store::Store;

use crate::{
    fixtures::{START, claim, finish, holder, intent, left_behind, open, runtime, spend, thread},
    postgres,
};

const MEMORY: &str = "sqlite::memory:";
const KEY_LIVES: i64 = 100;
const AGENTS: [&str; 3] = ["scout", "scribe", "warden"];

#[derive(Debug, Clone)]
enum Step {
    Begin {
        key: u8,
        digest: u8,
        token: Option<u8>,
        agent: usize,
    },
    /// Finish one of the rows that were begun.
    Finish {
        pick: usize,
        end: u8,
    },
    Acquire {
        agent: usize,
        ttl: i64,
    },
    Release {
        agent: usize,
    },
    Advance {
        by: i64,
    },
    /// Open the database again, after a proper goodbye or without one.
    Reopen {
        close: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let agent = 0..AGENTS.len();
    prop_oneof![
        4 => (0..3u8, 0..2u8, proptest::option::of(0..4u8), agent.clone())
            .prop_map(|(key, digest, token, agent)| Step::Begin { key, digest, token, agent }),
        4 => (any::<usize>(), 0..3u8).prop_map(|(pick, end)| Step::Finish { pick, end }),
        2 => (agent.clone(), 1..80i64).prop_map(|(agent, ttl)| Step::Acquire { agent, ttl }),
        1 => agent.prop_map(|agent| Step::Release { agent }),
        2 => (1..60i64).prop_map(|by| Step::Advance { by }),
        1 => any::<bool>().prop_map(|close| Step::Reopen { close }),
    ]
}

#[derive(Debug, Clone)]
struct Key {
    digest: u8,
    row: String,
    response: Option<String>,
    expires_at: i64,
}

/// What the ports promise, in the plainest way.
#[derive(Default)]
struct Model {
    keys: HashMap<u8, Key>,
    spent: HashSet<u8>,
    open: Vec<String>,
    begun: usize,
    holder: Option<(usize, i64)>,
    fence: i64,
}

impl Model {
    fn holder(&self, now: i64) -> Option<(usize, i64)> {
        self.holder.filter(|(_, until)| now < *until)
    }

    fn begin(&mut self, now: i64, key: u8, digest: u8, token: Option<u8>, agent: usize) -> Begun {
        if let Some(known) = self.keys.get(&key).filter(|known| now < known.expires_at) {
            return match &known.response {
                _ if known.digest != digest => Begun::OtherArguments,
                None => Begun::InFlight,
                Some(response) => Begun::Replay {
                    response: response.clone(),
                },
            };
        }
        let held = self.holder(now);
        if let Some((by, until)) = held
            && by != agent
        {
            return Begun::Leased {
                by: holder(AGENTS[by]),
                until,
            };
        }
        if token.is_some_and(|token| !self.spent.insert(token)) {
            return Begun::AlreadyConfirmed;
        }
        let row = format!("row-{}", self.begun);
        self.begun += 1;
        self.open.push(row.clone());
        let expires_at = now + KEY_LIVES;
        self.keys.insert(
            key,
            Key {
                digest,
                row,
                response: None,
                expires_at,
            },
        );
        Begun::Inserted {
            fence: held.map(|_| self.fence),
        }
    }

    fn finish(&mut self, row: &str, end: &Sent) {
        self.open.retain(|open| open != row);
        match end {
            Sent::Failed { .. } => self.keys.retain(|_, key| key.row != row),
            Sent::Sent { response } | Sent::Unknown { response, .. } => {
                for key in self.keys.values_mut().filter(|key| key.row == row) {
                    key.response = Some(response.clone());
                }
            }
        }
    }

    /// `Ok` is the fence and when it ends.
    fn acquire(&mut self, now: i64, agent: usize, ttl: i64) -> Result<(i64, i64), usize> {
        let mut until = now + ttl;
        match self.holder(now) {
            Some((by, _)) if by != agent => return Err(by),
            Some((_, held)) => until = until.max(held),
            None => self.fence += 1,
        }
        self.holder = Some((agent, until));
        Ok((self.fence, until))
    }

    fn release(&mut self, now: i64, agent: usize) -> bool {
        let held = self.holder(now).is_some_and(|(by, _)| by == agent);
        if held {
            self.holder = None;
        }
        held
    }
}

/// Tell one story to both. `space` keeps stories on one database apart.
async fn tell(store: &mut Store, url: &str, clock: &ManualClock, space: u64, steps: Vec<Step>) {
    let mut model = Model::default();
    let place = thread(space + 1);
    let mut highest = 0;
    for step in steps {
        let now = clock.now_ms();
        match step {
            Step::Begin {
                key,
                digest,
                token,
                agent,
            } => {
                let row = format!("{space}/row-{}", model.begun);
                let told = Intent {
                    idempotency: Some(claim(
                        &format!("{space}/{key}"),
                        &digest.to_string(),
                        now + KEY_LIVES,
                    )),
                    confirmation: token.map(|token| spend(&format!("{space}/{token}"), clock)),
                    lease: Some((place, holder(AGENTS[agent]))),
                    ..intent(&row)
                };
                let expected = model.begin(now, key, digest, token, agent);
                assert_eq!(store.begin(told).await.unwrap(), expected);
            }
            Step::Finish { pick, end } => {
                if model.open.is_empty() {
                    continue;
                }
                let row = model.open[pick % model.open.len()].clone();
                let response = format!("answer of {row}");
                let reason = "so it went".to_owned();
                let end = match end {
                    0 => Sent::Sent { response },
                    1 => Sent::Failed { reason },
                    _ => Sent::Unknown { reason, response },
                };
                model.finish(&row, &end);
                let told = finish(&format!("{space}/{row}"), end);
                store.finish(told.clone()).await.unwrap();
                store.finish(told).await.unwrap();
            }
            Step::Acquire { agent, ttl } => {
                let lease = store
                    .acquire(place, &holder(AGENTS[agent]), ttl)
                    .await
                    .unwrap();
                match model.acquire(now, agent, ttl) {
                    Ok(expected) => {
                        let lease = lease.unwrap();
                        assert_eq!((lease.fence, lease.until), expected);
                        assert!(lease.fence >= highest, "a fence fell");
                        highest = lease.fence;
                    }
                    Err(by) => assert_eq!(lease.unwrap_err().holder, holder(AGENTS[by])),
                }
            }
            Step::Release { agent } => {
                let released = store.release(place, &holder(AGENTS[agent])).await.unwrap();
                assert_eq!(released, model.release(now, agent));
            }
            Step::Advance { by } => clock.advance(by),
            Step::Reopen { close } => {
                if url == MEMORY {
                    continue;
                }
                if close {
                    store.close().await;
                }
                *store = open(url, clock).await;
            }
        }
        let current = store.current(place).await.unwrap();
        let current = current.map(|lease| (lease.holder, lease.until, lease.fence));
        let expected = model.holder(clock.now_ms());
        let expected = expected.map(|(by, until)| (holder(AGENTS[by]), until, model.fence));
        assert_eq!(current, expected);
    }
    if url == MEMORY {
        let claimed = store.claim_unfinished(1000).await.unwrap();
        assert_eq!(
            claimed,
            Claimed::default(),
            "its own rows are nobody else's"
        );
        return;
    }
    store.close().await;
    let unfinished = left_behind(url, clock).await;
    *store = open(url, clock).await;
    let prefix = format!("{space}/");
    let open = unfinished
        .iter()
        .filter_map(|row| row.outbox_id.strip_prefix(&prefix));
    let expected: HashSet<&str> = model.open.iter().map(String::as_str).collect();
    assert_eq!(open.collect::<HashSet<&str>>(), expected);
}

fn story() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..60)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

#[test]
fn sqlite_answers_as_the_model_does() {
    let runtime = runtime();
    proptest!(config(100), |(steps in story())| {
        runtime.block_on(async {
            let clock = ManualClock::at(START);
            let mut store = open(MEMORY, &clock).await;
            tell(&mut store, MEMORY, &clock, 0, steps).await;
            store.close().await;
        });
    });
}

/// Stories told one after another to one database that outlives them.
fn tell_all(runtime: &tokio::runtime::Runtime, url: &str, cases: u32) {
    let clock = ManualClock::at(START);
    let store = RefCell::new(runtime.block_on(open(url, &clock)));
    let space = Cell::new(0);
    proptest!(config(cases), |(steps in story())| {
        space.set(space.get() + 1);
        let store = &mut *store.borrow_mut();
        runtime.block_on(tell(store, url, &clock, space.get(), steps));
    });
    runtime.block_on(store.borrow().close());
}

#[test]
fn a_file_that_is_reopened_answers_as_the_model_does() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("store.db").display());
    tell_all(&runtime(), &url, 20);
}

#[test]
fn postgresql_answers_as_the_model_does() {
    let runtime = runtime();
    let Some(database) = runtime.block_on(postgres::database()) else {
        return;
    };
    tell_all(&runtime, &database.url, 25);
    runtime.block_on(database.forget());
}
