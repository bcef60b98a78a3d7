//! How hands keep Discord's limits, seen from the server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use axum::response::Response as Outgoing;
use futures_util::future::join_all;
use model::{HandsError, Request, path};
use serde_json::json;

use crate::hands_server::{Bot, PATIENT, Seen, Server, answer, ok};

/// A limit of the real kind: a window opens with its first request.
struct Windows {
    length: Duration,
    open: Mutex<HashMap<String, (Instant, u32, u32)>>,
    /// The limit of the nth window.
    limits: fn(u32) -> u32,
}

impl Windows {
    fn new(length: Duration, limits: fn(u32) -> u32) -> Self {
        Self {
            length,
            open: Mutex::default(),
            limits,
        }
    }

    fn answer(&self, seen: &Seen) -> Outgoing {
        let now = Instant::now();
        let mut open = self.open.lock().unwrap();
        let (end, used, nth) = open.entry(seen.target.clone()).or_insert((now, 0, 0));
        if *end <= now {
            (*end, *used, *nth) = (now + self.length, 0, *nth + 1);
        }
        let limit = (self.limits)(*nth);
        let fits = *used < limit;
        *used += u32::from(fits);
        let after = format!("{:.3}", (*end - now).as_secs_f64());
        let headers = [
            ("x-ratelimit-bucket", "0123abcd".to_owned()),
            ("x-ratelimit-limit", limit.to_string()),
            ("x-ratelimit-remaining", (limit - *used).to_string()),
            ("x-ratelimit-reset-after", after.clone()),
            ("retry-after", after),
            ("x-ratelimit-scope", "user".to_owned()),
        ];
        // The last two come with a 429 only.
        let told = if fits { &headers[..4] } else { &headers[..] };
        let told: Vec<(&str, &str)> = told.iter().map(|(n, v)| (*n, v.as_str())).collect();
        answer(if fits { 200 } else { 429 }, &told, "{}")
    }
}

fn get(channel: &str) -> Request {
    Request::get(path!("/channels/{channel_id}", channel_id = channel))
}

fn message(channel: &str) -> Request {
    Request::post(path!(
        "/channels/{channel_id}/messages",
        channel_id = channel
    ))
    .json(json!({ "content": "hi" }))
}

/// Hands whose global pace plays no part.
fn fast(server: &Server) -> Bot {
    server.hands_with(|config| config.global_per_second = 100_000)
}

async fn all_succeed(bot: &Bot, requests: impl IntoIterator<Item = Request>) {
    for result in join_all(requests.into_iter().map(|request| bot.send(request))).await {
        result.unwrap();
    }
}

/// No request may have been refused: as many arrive as were asked for.
#[tokio::test]
async fn a_window_is_used_up_and_never_overrun() {
    let windows = Windows::new(Duration::from_millis(200), |_| 5);
    let server = Server::start_far_away(Duration::from_millis(20), move |seen, _| {
        windows.answer(seen)
    })
    .await;
    all_succeed(
        &fast(&server),
        (0..24).map(|nth| message(["1", "2"][nth % 2])),
    )
    .await;
    assert_eq!(server.count(), 24);
}

#[tokio::test]
async fn a_limit_that_changes_is_followed() {
    let windows = Windows::new(Duration::from_millis(150), |nth| {
        [6, 6, 2, 2, 7, 3][nth as usize % 6]
    });
    let server = Server::start_far_away(Duration::from_millis(5), move |seen, _| {
        windows.answer(seen)
    })
    .await;
    all_succeed(&fast(&server), (0..20).map(|_| message("1"))).await;
    // Where the limit shrinks, what was believed to be left may be refused once.
    assert!(server.count() <= 20 + 4, "{}", server.count());
}

#[tokio::test]
async fn without_headers_requests_of_one_channel_go_side_by_side() {
    let server = Server::start_far_away(Duration::from_millis(60), |_, _| ok()).await;
    all_succeed(&fast(&server), (0..33).map(|_| message("1"))).await;
    assert!(server.most_at_once() >= 16, "{}", server.most_at_once());
}

#[tokio::test]
async fn the_global_limit_stops_everything_but_webhooks() {
    let global = [
        ("retry-after", "1"),
        ("x-ratelimit-global", "true"),
        ("x-ratelimit-scope", "global"),
    ];
    let server = Server::start(move |_, nth| match nth {
        0 => answer(429, &global, r#"{"retry_after":0.3,"global":true}"#),
        _ => ok(),
    })
    .await;
    let bot = fast(&server);
    let waiting = tokio::spawn({
        let bot = bot.clone();
        async move { bot.send(get("1")).await }
    });
    while server.count() == 0 {
        tokio::task::yield_now().await;
    }
    // The answer may still be on its way, so ask until the gate is seen to be shut.
    let hasty = loop {
        match bot
            .send_as("ada", get("2"), Duration::from_millis(20))
            .await
        {
            Err(HandsError::RateLimited { retry_after_ms }) => break retry_after_ms,
            Ok(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert!((1..=300).contains(&hasty), "{hasty}");
    let before = server.count();
    let webhook = Request::post(path!(
        "/webhooks/{webhook_id}/{webhook_token}",
        webhook_id = "1",
        webhook_token = "t"
    ))
    .without_bot_token();
    bot.send_as("ada", webhook, Duration::from_millis(250))
        .await
        .unwrap();
    assert_eq!(server.count(), before + 1);
    waiting.await.unwrap().unwrap();
    assert_eq!(server.count(), before + 2);
}

#[tokio::test]
async fn cloudflare_stops_everything() {
    let server =
        Server::start(|_, _| answer(429, &[("retry-after", "30")], "error code: 1015")).await;
    let bot = fast(&server);
    let short = Duration::from_secs(5);
    for request in [get("1"), message("2"), get("3").without_bot_token()] {
        let result = bot.send_as("ada", request, short).await;
        assert!(
            matches!(
                result,
                Err(HandsError::RateLimited {
                    retry_after_ms: 25_000..=30_000
                })
            ),
            "{result:?}"
        );
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_shared_limit_is_waited_for_by_its_retry_after_alone() {
    let shared = [
        ("retry-after", "0.1"),
        ("x-ratelimit-scope", "shared"),
        ("x-ratelimit-bucket", "abc"),
        ("x-ratelimit-limit", "5"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset-after", "3600"),
    ];
    let server = Server::start(move |_, nth| {
        if nth < 2 {
            answer(429, &shared, "")
        } else {
            ok()
        }
    })
    .await;
    fast(&server).send(get("1")).await.unwrap();
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_hidden_limit_concerns_the_one_request_alone() {
    let hidden = [
        ("retry-after", "600"),
        ("x-ratelimit-scope", "user"),
        ("x-ratelimit-bucket", "abc"),
        ("x-ratelimit-limit", "5"),
        ("x-ratelimit-remaining", "4"),
        ("x-ratelimit-reset-after", "0.1"),
    ];
    let server = Server::start(move |_, nth| {
        if nth == 0 {
            answer(429, &hidden, "")
        } else {
            ok()
        }
    })
    .await;
    let bot = fast(&server);
    let rename = |name: &str| {
        Request::patch(path!("/channels/{channel_id}", channel_id = "1"))
            .json(json!({ "name": name }))
    };
    let result = bot.send(rename("a")).await;
    assert!(
        matches!(
            result,
            Err(HandsError::RateLimited {
                retry_after_ms: 590_000..=600_000
            })
        ),
        "{result:?}"
    );
    bot.send(rename("b")).await.unwrap();
}

#[tokio::test]
async fn too_many_refusals_pause_everything() {
    let server = Server::start(|_, _| {
        answer(
            403,
            &[],
            r#"{"code":50013,"message":"Missing Permissions"}"#,
        )
    })
    .await;
    let bot = fast(&server);
    // A hundred pause a principal, five hundred everything.
    for nth in 0..500 {
        let lane = format!("key:{}", nth % 6);
        let result = bot.send_as(&lane, get("1"), PATIENT).await;
        assert!(
            matches!(result, Err(HandsError::Api { status: 403, .. })),
            "{result:?}"
        );
    }
    for request in [get("1"), message("2")] {
        let result = bot.send(request).await;
        assert!(
            matches!(result, Err(HandsError::Paused { .. })),
            "{result:?}"
        );
    }
    assert_eq!(server.count(), 500);
}

#[tokio::test]
async fn a_429_that_never_ends_is_given_up() {
    let user = [
        ("retry-after", "0"),
        ("x-ratelimit-scope", "user"),
        ("x-ratelimit-remaining", "0"),
    ];
    let server = Server::start(move |_, _| answer(429, &user, "")).await;
    let result = fast(&server).send(get("1")).await;
    assert!(
        matches!(result, Err(HandsError::RateLimited { .. })),
        "{result:?}"
    );
    assert!(server.count() <= 11, "{}", server.count());
}

#[tokio::test]
async fn whoever_cannot_wait_for_the_window_is_told_how_long_it_takes() {
    let windows = Windows::new(Duration::from_secs(30), |_| 1);
    let server = Server::start(move |seen, _| windows.answer(seen)).await;
    let bot = fast(&server);
    bot.send(message("1")).await.unwrap();
    let result = bot
        .send_as("ada", message("1"), Duration::from_secs(2))
        .await;
    assert!(
        matches!(
            result,
            Err(HandsError::RateLimited {
                retry_after_ms: 20_000..=30_000
            })
        ),
        "{result:?}"
    );
    bot.send(message("2")).await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn callers_who_give_up_free_their_place() {
    let windows = Windows::new(Duration::from_millis(400), |_| 2);
    let server = Server::start(move |seen, _| windows.answer(seen)).await;
    let bot = fast(&server);
    all_succeed(&bot, [message("1"), message("1")]).await;
    let queue: Vec<_> = (0..50)
        .map(|_| {
            let bot = bot.clone();
            tokio::spawn(async move { bot.send_as("busy", message("1"), PATIENT).await })
        })
        .collect();
    let last = tokio::spawn({
        let bot = bot.clone();
        async move { bot.send_as("quiet", message("1"), PATIENT).await }
    });
    tokio::task::yield_now().await;
    for task in queue {
        task.abort();
    }
    last.await.unwrap().unwrap();
    assert!(server.count() <= 5, "{}", server.count());
}

#[tokio::test]
async fn one_lane_s_backlog_does_not_hold_up_another() {
    let windows = Windows::new(Duration::from_millis(100), |_| 3);
    let server = Server::start(move |seen, _| windows.answer(seen)).await;
    let bot = fast(&server);
    let by = |lane: &'static str| {
        let body = json!({ "content": lane });
        let request = message("1").json(body);
        let bot = bot.clone();
        async move { bot.send_as(lane, request, PATIENT).await.unwrap() }
    };
    let mut all: Vec<_> = (0..30).map(|_| by("busy")).collect();
    all.push(by("quiet"));
    join_all(all).await;
    let place = server
        .seen()
        .iter()
        .position(|seen| seen.body.windows(5).any(|w| w == b"quiet"));
    assert!(place.is_some_and(|place| place < 4), "{place:?}");
}
