//! Leases and their fences.

use model::{
    Clock, ManualClock,
    ledger::{Holder, Lease},
};

use super::Ports;
use crate::fixtures::{MINUTE, holder, thread};

pub(super) async fn suite(store: &dyn Ports, clock: &ManualClock) {
    let (scout, scribe) = (holder("scout"), holder("scribe"));
    let agentless = Holder {
        agent: None,
        ..scout.clone()
    };
    let place = thread(500);
    assert_eq!(store.current(place).await.unwrap(), None);
    assert!(!store.release(place, &scout).await.unwrap());

    let first = Lease {
        thread_id: place,
        holder: scout.clone(),
        fence: 1,
        until: clock.now_ms() + MINUTE,
    };
    assert_eq!(
        store.acquire(place, &scout, MINUTE).await.unwrap(),
        Ok(first.clone())
    );
    assert_eq!(store.current(place).await.unwrap(), Some(first.clone()));
    for other in [&scribe, &agentless] {
        let refused = store.acquire(place, other, MINUTE).await.unwrap();
        assert_eq!(refused, Err(first.clone()));
        assert!(!store.release(place, other).await.unwrap());
    }

    // Extending keeps the fence and never shortens.
    clock.advance(1000);
    let extended = store.acquire(place, &scout, MINUTE).await.unwrap().unwrap();
    assert_eq!((extended.fence, extended.until), (1, first.until + 1000));
    let shorter = store.acquire(place, &scout, 1).await.unwrap().unwrap();
    assert_eq!(shorter, extended);

    // After a release the same holder gets a higher fence.
    assert!(store.release(place, &scout).await.unwrap());
    assert!(!store.release(place, &scout).await.unwrap());
    assert_eq!(store.current(place).await.unwrap(), None);
    let again = store.acquire(place, &scout, MINUTE).await.unwrap().unwrap();
    assert_eq!(again.fence, 2);

    // After an expiry so does the next one; the instant of expiry is after it.
    clock.advance(MINUTE - 1);
    assert!(
        store
            .acquire(place, &scribe, MINUTE)
            .await
            .unwrap()
            .is_err()
    );
    clock.advance(1);
    assert_eq!(store.current(place).await.unwrap(), None);
    assert!(!store.release(place, &scout).await.unwrap());
    let next = store
        .acquire(place, &scribe, MINUTE)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((next.holder, next.fence), (scribe, 3));

    // Each thread has its own.
    let elsewhere = store
        .acquire(thread(501), &scout, i64::MAX)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((elsewhere.fence, elsewhere.until), (1, i64::MAX));
}
