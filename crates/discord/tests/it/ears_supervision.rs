//! A Gateway may be broken in many ways; the ears stay polite and lose nothing.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use discord::{Error, ears::Pace};
use futures_util::FutureExt;
use model::event::ResumePoint;

use crate::ears_stage::{Gateway, Listening, Notebook, quick};

const IDENTIFY: u64 = 2;
const RESUME: u64 = 6;

fn known_session(url: &str) -> ResumePoint {
    ResumePoint {
        shard: 0,
        session_id: "old".to_owned(),
        sequence: 7,
        resume_url: url.to_owned(),
    }
}

#[tokio::test]
async fn a_message_is_journalled_with_the_point_that_covers_it() {
    let gateway = Gateway::start(|_, mut talk| {
        async move {
            talk.hello().await;
            talk.hears().await;
            talk.ready("s1", "ws://127.0.0.1:1").await;
            talk.message(2, "one").await;
            talk.message(2, "one again").await;
            talk.message(3, "two").await;
            talk.message(2, "one once more").await;
            talk.message(4, "three").await;
            talk.stays().await;
        }
        .boxed()
    })
    .await;
    let journal = Arc::new(Notebook::default());
    let ears = Listening::to(&gateway, &journal, quick());
    journal.hears(&["one", "two", "three"]).await;
    ears.stop().await.unwrap();
    assert_eq!(
        journal.point(),
        Some(ResumePoint {
            shard: 0,
            session_id: "s1".to_owned(),
            sequence: 4,
            resume_url: "ws://127.0.0.1:1".to_owned(),
        })
    );
    assert_eq!(journal.identifies.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_server_that_never_says_hello_is_left() {
    let gateway = Gateway::start(|number, mut talk| {
        async move {
            if number < 3 {
                return talk.stays().await;
            }
            talk.hello().await;
            talk.hears().await;
            talk.ready("s1", "ws://127.0.0.1:1").await;
            talk.message(2, "at last").await;
            talk.stays().await;
        }
        .boxed()
    })
    .await;
    let journal = Arc::new(Notebook::default());
    let pace = Pace {
        hello: Duration::from_millis(300),
        ..quick()
    };
    let ears = Listening::to(&gateway, &journal, pace);
    journal.hears(&["at last"]).await;
    assert_eq!(
        ears.status.borrow().last_error.as_deref(),
        Some("HELLO did not come in time")
    );
    ears.stop().await.unwrap();
}

#[tokio::test]
async fn a_session_refused_three_times_is_given_up_and_the_gap_is_told() {
    let gateway = Gateway::start(|number, mut talk| {
        async move {
            talk.hello().await;
            // Dropping the connection is the refusal.
            if talk
                .hears()
                .await
                .is_some_and(|command| command["op"] == RESUME)
            {
                return;
            }
            assert_eq!(number, 4);
            talk.ready("new", "ws://127.0.0.1:1").await;
            talk.message(2, "afterwards").await;
            talk.stays().await;
        }
        .boxed()
    })
    .await;
    let journal = Arc::new(Notebook::default());
    journal.set_point(known_session(&gateway.url));
    let ears = Listening::to(&gateway, &journal, quick());
    journal.hears(&["afterwards"]).await;
    assert_eq!((gateway.heard(RESUME), gateway.heard(IDENTIFY)), (3, 1));
    assert_eq!(ears.status.borrow().gaps, 1);
    ears.stop().await.unwrap();
    assert_eq!(journal.point().unwrap().session_id, "new");
}

#[tokio::test]
async fn resuming_goes_to_the_address_that_ready_gave() {
    let second = Gateway::start(|_, mut talk| {
        async move {
            talk.hello().await;
            let resume = talk.hears().await.unwrap();
            assert_eq!(resume["d"]["session_id"], "s1");
            assert_eq!(resume["d"]["seq"], 2);
            talk.message(3, "two").await;
            talk.dispatches(4, "RESUMED", &serde_json::json!({})).await;
            talk.message(5, "three").await;
            talk.stays().await;
        }
        .boxed()
    })
    .await;
    let resume_url = second.url.clone();
    let first = Gateway::start(move |_, mut talk| {
        let resume_url = resume_url.clone();
        async move {
            talk.hello().await;
            talk.hears().await;
            talk.ready("s1", &resume_url).await;
            talk.message(2, "one").await;
            talk.says(r#"{"t":null,"s":null,"op":7,"d":null}"#).await;
            talk.stays().await;
        }
        .boxed()
    })
    .await;
    let journal = Arc::new(Notebook::default());
    let ears = Listening::to(&first, &journal, quick());
    journal.hears(&["one", "two", "three"]).await;
    assert_eq!(ears.status.borrow().gaps, 0);
    ears.stop().await.unwrap();
    assert_eq!(first.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_intent_that_is_not_allowed_ends_it_and_says_what_to_do() {
    let gateway = Gateway::start(|_, mut talk| {
        async move {
            talk.hello().await;
            talk.hears().await;
            talk.closes(4014).await;
        }
        .boxed()
    })
    .await;
    let journal = Arc::new(Notebook::default());
    let ears = Listening::to(&gateway, &journal, quick());
    let error = ears.ended().await.unwrap_err();
    assert!(matches!(error, Error::GatewayClosed { code: 4014, .. }));
    assert_eq!(gateway.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn no_identify_is_sent_beyond_the_days_ledger() {
    let gateway = Gateway::start(|_, mut talk| {
        async move {
            talk.hello().await;
            talk.stays().await;
        }
        .boxed()
    })
    .await;
    let journal = Arc::new(Notebook::default());
    journal.identifies.store(900, Ordering::SeqCst);
    let mut ears = Listening::to(&gateway, &journal, quick());
    ears.until(|status| {
        let error = status.last_error.as_deref().unwrap_or_default();
        error.contains("900 IDENTIFYs in 24 hours are used up")
    })
    .await;
    ears.stop().await.unwrap();
    assert_eq!(gateway.heard(IDENTIFY), 0);
}

#[tokio::test]
async fn a_store_that_refuses_for_a_while_costs_no_event() {
    let gateway = Gateway::start(|_, mut talk| {
        async move {
            talk.hello().await;
            talk.hears().await;
            talk.ready("s1", "ws://127.0.0.1:1").await;
            for sequence in 2..50 {
                talk.message(sequence, "again").await;
            }
            talk.stays().await;
        }
        .boxed()
    })
    .await;
    let journal = Arc::new(Notebook::default());
    journal.broken.store(true, Ordering::SeqCst);
    let mut ears = Listening::to(&gateway, &journal, quick());
    ears.until(|status| {
        let error = status.last_error.as_deref().unwrap_or_default();
        error.contains("events cannot be stored: the disk is full")
    })
    .await;
    journal.broken.store(false, Ordering::SeqCst);
    journal.hears(&["again"; 48]).await;
    ears.stop().await.unwrap();
    assert_eq!(journal.point().unwrap().sequence, 49);
}

#[tokio::test]
async fn stopping_while_the_store_refuses_ends_and_leaves_the_point_where_it_was() {
    let gateway = Gateway::start(|_, mut talk| {
        async move {
            talk.hello().await;
            talk.hears().await;
            talk.dispatches(8, "RESUMED", &serde_json::json!({})).await;
            talk.message(9, "unwritten").await;
            talk.stays().await;
        }
        .boxed()
    })
    .await;
    let journal = Arc::new(Notebook::default());
    journal.set_point(known_session(&gateway.url));
    journal.broken.store(true, Ordering::SeqCst);
    let mut ears = Listening::to(&gateway, &journal, quick());
    ears.until(|status| status.connected && status.last_error.is_some())
        .await;
    ears.stop().await.unwrap();
    assert_eq!(journal.point().unwrap().sequence, 7);
}

/// Simulated minutes: whatever timers do while sockets are busy, connections stay few.
async fn calls_in_ten_minutes(gateway: Gateway) -> usize {
    let journal = Arc::new(Notebook::default());
    journal.set_point(known_session(&gateway.url));
    let ears = Listening::to(&gateway, &journal, Pace::default());
    tokio::time::sleep(Duration::from_mins(10)).await;
    ears.stop().await.expect("stopping is no failure");
    gateway.connections.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drops_every_resume_is_called_a_few_times_in_ten_minutes() {
    let gateway = Gateway::start(|_, mut talk| {
        async move {
            talk.hello().await;
            talk.hears().await;
        }
        .boxed()
    })
    .await;
    let connections = calls_in_ten_minutes(gateway).await;
    assert!((1..=26).contains(&connections), "{connections}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_accepts_and_drops_is_called_a_few_times_in_ten_minutes() {
    let gateway = Gateway::start(|_, talk| async move { drop(talk) }.boxed()).await;
    let connections = calls_in_ten_minutes(gateway).await;
    // Each try may be four calls, where a socket ends in the moment of its upgrade.
    assert!((1..=4 * 26).contains(&connections), "{connections}");
}
