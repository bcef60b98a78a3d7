//! Thousands of requests and frames that are almost right: whatever comes, the sandbox answers or
//! refuses, makes no mistake of its own, and goes on.

mod frames;
mod json;
mod pool;
mod requests;
mod routes;

use reqwest::{Method, StatusCode};
use sandbox::{Config, Limits};

use crate::support::{App, quiet};

/// Sandboxes that are tried side by side, each with a seed of its own.
const SEEDS: u64 = 4;
/// Requests, and frames, for each of them.
const EACH: usize = 2_500;

async fn started(seed: u64) -> App {
    let limits = Limits {
        identify_per_day: u32::MAX,
        gateway_commands_per_minute: u32::MAX,
        ..Limits::off()
    };
    App::start_with(Config {
        seed,
        limits,
        ..quiet()
    })
    .await
}

/// After everything: no mistake was made, and both doors are open.
async fn is_well(app: &App) {
    assert_eq!(app.sandbox.panics(), 0, "the sandbox panicked");
    let me = app.bot(Method::GET, "/users/@me").send().await;
    assert_eq!(me.expect("an answer").status(), StatusCode::OK);
    app.identified(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_mutated_requests_break_nothing() {
    let tried = (1..=SEEDS).map(|seed| {
        tokio::spawn(async move {
            let app = started(seed).await;
            requests::try_all(&app, seed, EACH).await;
            is_well(&app).await;
        })
    });
    for one in tried.collect::<Vec<_>>() {
        one.await.expect("no seed finds a mistake");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_mutated_frames_break_nothing() {
    let tried = (1..=SEEDS).map(|seed| {
        tokio::spawn(async move {
            let app = started(seed).await;
            frames::try_all(&app, seed, EACH).await;
            is_well(&app).await;
        })
    });
    for one in tried.collect::<Vec<_>>() {
        one.await.expect("no seed finds a mistake");
    }
}
