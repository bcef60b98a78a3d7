//! The plug is pulled at named moments of the real binary, under load, on both engines: after the
//! restart nothing that was acknowledged is lost, nothing happened twice, no outbox row stays open,
//! fences rise, and the audit's chain is whole.

mod load;
mod look;
mod managers;
mod people;
mod points;

use std::{
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use self::{
    load::{Book, load},
    points::{IN_RECOVERY, UNDER_LOAD},
};
use crate::{
    harness::{Scene, http_client},
    postgres,
};

const SEEDS: [u64; 2] = [1, 2];
/// Scenes at a time: most of a scene is waiting for the dead instance to count as dead.
const AT_ONCE: usize = 8;
/// What the goals allow for finishing what a crash left.
const RECOVERS_WITHIN: Duration = Duration::from_secs(10);

/// One scene: where the plug is pulled, for the how-manieth time.
struct Plug {
    what: &'static str,
    moment: &'static str,
    seed: u64,
    in_recovery: bool,
}

impl Plug {
    fn times(&self) -> u64 {
        match (self.in_recovery, self.what) {
            // Rarer than writes: the first one, or one of the first.
            (true, _) | (_, "instance::Sign" | "prune::Prune") => 1,
            (_, "lease::Acquire" | "lease::Release" | "draft::Save") => self.seed,
            (_, "policy::Put" | "key::Create" | "key::Revoke") => 1 + self.seed,
            _ => 2 + self.seed * 7 % 11,
        }
    }

    fn variable(&self) -> String {
        format!("{} {} {}", self.what, self.moment, self.times())
    }
}

fn plugs() -> Vec<Plug> {
    let of = |list: &'static [(&str, &str)], in_recovery| {
        list.iter().flat_map(move |(what, moment)| {
            SEEDS.map(|seed| Plug {
                what,
                moment,
                seed,
                in_recovery,
            })
        })
    };
    of(UNDER_LOAD, false).chain(of(IN_RECOVERY, true)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_named_point_loses_nothing_and_doubles_nothing_on_sqlite() {
    pull_every_plug("sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_named_point_loses_nothing_and_doubles_nothing_on_postgresql() {
    if let Err(reason) = postgres::shared() {
        eprintln!("SKIPPED: no PostgreSQL can be had: {reason}");
        return;
    }
    pull_every_plug("postgresql").await;
}

async fn pull_every_plug(engine: &'static str) {
    let began = Instant::now();
    // Kept until the end: each scene has a schema of its own.
    let server = (engine == "postgresql").then(|| postgres::shared().unwrap());
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let scenes: Vec<_> = plugs()
        .into_iter()
        .map(|plug| {
            let room = Arc::clone(&room);
            let url = server.as_ref().map(|server| server.url());
            tokio::spawn(async move {
                let _room = room.acquire().await.unwrap();
                let name = format!("{engine}, {}, seed {}", plug.variable(), plug.seed);
                let found = pull(&plug, url).await;
                let named = |wrong: &String| format!("{name}: {wrong}");
                Found {
                    wrong: found.wrong.iter().map(named).collect(),
                    ..found
                }
            })
        })
        .collect();
    let mut all = Found::default();
    for scene in scenes {
        let found = scene.await.unwrap();
        all.wrong.extend(found.wrong);
        all.answered += found.answered;
    }
    let wrong = all.wrong;
    let figure = json!({
        "name": format!("G1 crash points on {engine}: lost, doubled or left open"),
        "value": wrong.len(), "limit": 0, "seed": SEEDS, "scenes": plugs().len(),
        "answered_before": all.answered,
        "runtime_s": began.elapsed().as_secs(),
    });
    show(&figure);
    assert!(all.answered > plugs().len(), "nothing was at stake");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What a scene found.
#[derive(Default)]
struct Found {
    wrong: Vec<String>,
    /// Calls that were answered before the crash: without them nothing could have been lost.
    answered: usize,
}

impl Found {
    fn never_reached() -> Self {
        Self {
            wrong: vec!["the point was never reached".to_owned()],
            answered: 0,
        }
    }
}

/// One scene to its end.
async fn pull(plug: &Plug, base: Option<String>) -> Found {
    let scene = Scene::without_limits().await;
    let database = base.map(|base| schema(&base));
    let mut more: Vec<(&str, &str)> = Vec::new();
    if let Some(url) = &database {
        more.push(("DATABASE_URL", url));
    }
    let book = Arc::new(Mutex::new(Book::default()));
    let key = managers::key(&scene, &more);
    let variable = if plug.in_recovery {
        // First a crash that leaves something to recover.
        format!("hands answered {}", 1 + plug.seed)
    } else {
        plug.variable()
    };
    let hall = scene.serve_with(&[], &[&more[..], &[("CRASH_AT", &variable)]].concat());
    let thread = load(&scene, hall, &book, &key).await;
    let Some(thread) = thread else {
        return Found::never_reached();
    };
    if plug.in_recovery {
        let variable = plug.variable();
        let armed = [&more[..], &[("CRASH_AT", &variable)]].concat();
        if let Ok(mut hall) = scene.try_serve(&[], &armed) {
            let began = Instant::now();
            while hall.lives() {
                if began.elapsed() > RECOVERS_WITHIN {
                    return Found::never_reached();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    let began = Instant::now();
    let hall = scene.serve_with(&[], &more);
    let mut wrong = Vec::new();
    while http_client()
        .get(hall.page("/ready"))
        .send()
        .await
        .unwrap()
        .status()
        != 200
    {
        if began.elapsed() > RECOVERS_WITHIN {
            wrong.push("what was left was not finished within ten seconds".to_owned());
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    look::at_discord(&scene, &hall, &book, &thread, &mut wrong).await;
    let found = managers::look(&hall, &key, &book, &mut wrong).await;
    hall.terminate();
    let rows = look::at_the_audit(&scene, &more, &book, &mut wrong);
    found.fits(&rows, &mut wrong);
    let url = database.unwrap_or_else(|| {
        format!(
            "sqlite:{}",
            scene.folder.path().join("guildhall.db").display()
        )
    });
    look::at_the_outbox(&url, &mut wrong).await;
    let answered = book.lock().unwrap().answered.len();
    Found { wrong, answered }
}

/// A schema of its own in that server.
pub(crate) fn schema(base: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("crash_{}", NEXT.fetch_add(1, Ordering::SeqCst));
    let psql = postgres::programs().unwrap().join("psql");
    let made = Command::new(psql)
        .args(["-q", "-c", &format!("CREATE SCHEMA {name}"), base])
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    format!("{base}?options[search_path]={name}")
}

/// For `--nocapture`.
#[expect(
    clippy::print_stdout,
    reason = "figures are for whoever runs the test by hand"
)]
fn show(figure: &Value) {
    println!("{figure}");
}
