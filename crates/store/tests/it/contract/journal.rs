//! The journal, resume points and the count of IDENTIFYs.

use model::{Event, Id, event::ResumePoint, ledger::EventFilter};

use super::Ports;
use crate::fixtures::{HOUR, event, guild, thread};

pub(super) async fn suite(store: &dyn Ports) {
    let all = EventFilter::default();
    assert_eq!(store.latest().await.unwrap(), 0);
    assert!(store.after(0, &all, 10).await.unwrap().is_empty());
    assert_eq!(store.append(vec![], None).await.unwrap(), 0);

    let odd = "{ \"d\":1.0,\n \"unknown\":\"\\ud83e \\u0000\",\"a\":[ ] }";
    let batch = vec![
        event("MESSAGE_CREATE", 10, 100, odd),
        event("MESSAGE_DELETE", 10, 101, "null"),
        event("GUILD_CREATE", 11, 102, "{}"),
    ];
    let point = ResumePoint {
        shard: 0,
        session_id: "s".to_owned(),
        sequence: 7,
        resume_url: "wss://example.invalid".to_owned(),
    };
    assert_eq!(store.append(batch, Some(point.clone())).await.unwrap(), 3);
    let homeless = Event {
        guild_id: None,
        channel_id: None,
        ..event("RESUMED", 1, 1, "{}")
    };
    assert_eq!(store.append(vec![homeless], None).await.unwrap(), 4);
    assert_eq!(store.append(vec![], None).await.unwrap(), 4);
    assert_eq!(store.latest().await.unwrap(), 4);

    let read = store.after(0, &all, 10).await.unwrap();
    assert_eq!(numbers(&read), [1, 2, 3, 4]);
    assert_eq!(read[0].data.get(), odd, "byte for byte");
    assert_eq!(
        (read[0].guild_id, read[0].channel_id),
        (Id::new(10), Id::new(100))
    );
    assert_eq!((read[3].guild_id, read[3].channel_id), (None, None));
    assert_eq!(numbers(&store.after(1, &all, 2).await.unwrap()), [2, 3]);

    let kinds = |kinds: &[&str]| EventFilter {
        kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
        ..EventFilter::default()
    };
    let found = async |filter: EventFilter| numbers(&store.after(0, &filter, 10).await.unwrap());
    assert_eq!(found(kinds(&["MESSAGE_DELETE", "RESUMED"])).await, [2, 4]);
    assert_eq!(
        found(kinds(&["MESSAGE"])).await,
        [0; 0],
        "a kind is a whole word"
    );
    assert_eq!(found(kinds(&["message_create", "MESSAGE%"])).await, [0; 0]);
    let in_guild = EventFilter {
        guild_id: Some(guild(10)),
        ..kinds(&[])
    };
    assert_eq!(found(in_guild.clone()).await, [1, 2]);
    let in_channel = EventFilter {
        channel_id: Some(thread(101)),
        ..in_guild
    };
    assert_eq!(found(in_channel).await, [2]);

    a_large_batch_keeps_its_order(store).await;
    waiting_ends_with_an_append(store).await;

    assert_eq!(store.resume_point(0).await.unwrap(), Some(point.clone()));
    assert_eq!(store.resume_point(1).await.unwrap(), None);
    let later = ResumePoint {
        sequence: 9,
        ..point
    };
    store.append(vec![], Some(later.clone())).await.unwrap();
    assert_eq!(store.resume_point(0).await.unwrap(), Some(later));
    store.forget_resume_point(0).await.unwrap();
    assert_eq!(store.resume_point(0).await.unwrap(), None);

    let day = 24 * HOUR;
    assert_eq!(store.note_identify(day).await.unwrap(), 1);
    assert_eq!(store.note_identify(day).await.unwrap(), 2);
    assert_eq!(store.note_identify(day + HOUR).await.unwrap(), 3);
    assert_eq!(
        store.note_identify(2 * day).await.unwrap(),
        2,
        "24 h ago no longer counts"
    );
    assert_eq!(store.note_identify(9 * day).await.unwrap(), 1);
}

async fn a_large_batch_keeps_its_order(store: &dyn Ports) {
    let before = store.latest().await.unwrap();
    let batch = (0..85).map(|number| event("MESSAGE_CREATE", 12, 103, &number.to_string()));
    let last = store.append(batch.collect(), None).await.unwrap();
    assert_eq!(last, before + 85);
    let all = EventFilter::default();
    let read = store.after(before, &all, 1000).await.unwrap();
    assert_eq!(numbers(&read), (before + 1..=last).collect::<Vec<i64>>());
    for (number, event) in read.iter().enumerate() {
        assert_eq!(event.data.get(), number.to_string());
    }
}

async fn waiting_ends_with_an_append(store: &dyn Ports) {
    let latest = store.latest().await.unwrap();
    store.grown_past(latest - 1).await;
    let waits = async {
        store.grown_past(latest).await;
        // It may return early, so one who waits looks, and waits again.
        while store.latest().await.unwrap() <= latest {
            store.grown_past(latest).await;
        }
    };
    let append = store.append(vec![event("TYPING_START", 10, 100, "{}")], None);
    let ((), appended) = tokio::join!(waits, append);
    assert_eq!(appended.unwrap(), latest + 1);
}

fn numbers(events: &[Event]) -> Vec<i64> {
    events.iter().map(|event| event.seq).collect()
}
