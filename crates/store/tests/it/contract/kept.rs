//! What is kept of writes, so that they can be taken back.

use model::{
    Clock as _, ManualClock, WorkspaceId,
    kept::{Keep, KeptFilter, KeptState, Open},
    ledger::{Begun, Finish, Intent, Sent},
};
use serde_json::json;

use super::Ports;
use crate::fixtures::{HOUR, finish, intent, sent};

fn keep(clock: &ManualClock, parent: Option<&str>, undoes: Option<&str>) -> Keep {
    Keep {
        parent: parent.map(str::to_owned),
        workspace: WorkspaceId::default(),
        asker: None,
        expires_at: clock.now_ms() + HOUR,
        image: json!({"before": "as it was"}),
        undoes: undoes.map(str::to_owned),
    }
}

/// A write that keeps something; the call has the row's name.
fn keeping(id: &str, keep: Keep) -> Intent {
    Intent {
        keep: Some(keep),
        ..intent(id)
    }
}

async fn carried(store: &dyn Ports, clock: &ManualClock, id: &str, parent: Option<&str>) {
    let begun = store.begin(keeping(id, keep(clock, parent, None))).await;
    assert_eq!(begun.unwrap(), Begun::Inserted { fence: None });
    store.finish(finish(id, sent("it is done"))).await.unwrap();
}

async fn state(store: &dyn Ports, id: &str) -> Option<KeptState> {
    store.kept(id).await.unwrap().map(|row| row.state)
}

pub(crate) async fn suite(store: &dyn Ports, clock: &ManualClock) {
    it_ends_with_its_row(store, clock).await;
    a_call_is_taken_back_once_and_its_steps_with_it(store, clock).await;
    lists_are_of_what_stands(store, clock).await;
    it_is_forgotten_in_time(store, clock).await;
}

async fn it_ends_with_its_row(store: &dyn Ports, clock: &ManualClock) {
    let begun = store.begin(keeping("k1", keep(clock, None, None))).await;
    assert_eq!(begun.unwrap(), Begun::Inserted { fence: None });
    assert_eq!(state(store, "k1").await, Some(KeptState::Started));
    let image = json!({"after": "as it is"});
    let told = Finish {
        image: Some(image.clone()),
        ..finish("k1", sent("it is done"))
    };
    store.finish(told.clone()).await.unwrap();
    store.finish(told).await.unwrap();
    let row = store.kept_with("k1").await.unwrap().unwrap();
    assert_eq!((row.state, row.keep.image), (KeptState::Done, image));

    store
        .begin(keeping("k2", keep(clock, None, None)))
        .await
        .unwrap();
    let reason = "no".to_owned();
    store
        .finish(finish("k2", Sent::Failed { reason }))
        .await
        .unwrap();
    assert_eq!(state(store, "k2").await, None);

    store
        .begin(keeping("k3", keep(clock, None, None)))
        .await
        .unwrap();
    let (reason, response) = ("lost".to_owned(), "perhaps".to_owned());
    store
        .finish(finish("k3", Sent::Unknown { reason, response }))
        .await
        .unwrap();
    assert_eq!(state(store, "k3").await, Some(KeptState::Unknown));
}

async fn a_call_is_taken_back_once_and_its_steps_with_it(store: &dyn Ports, clock: &ManualClock) {
    for (id, parent) in [("w", None), ("w1", Some("w")), ("w2", Some("w"))] {
        carried(store, clock, id, parent).await;
    }
    let undo = |id: &str, undoes: &str| keeping(id, keep(clock, None, Some(undoes)));
    // One step by itself, and that undo did not go through.
    store.begin(undo("u0", "w1")).await.unwrap();
    assert_eq!(state(store, "w1").await, Some(KeptState::Undone));
    let reason = "no".to_owned();
    store
        .finish(finish("u0", Sent::Failed { reason }))
        .await
        .unwrap();
    assert_eq!(state(store, "w1").await, Some(KeptState::Done));

    store.begin(undo("u1", "w")).await.unwrap();
    for id in ["w", "w1", "w2"] {
        let row = store.kept(id).await.unwrap().unwrap();
        assert_eq!(
            (row.state, row.undone_by.as_deref()),
            (KeptState::Undone, Some("u1"))
        );
    }
    for id in ["w", "w1", "nothing"] {
        let again = store.begin(undo("u2", id)).await.unwrap();
        assert_eq!(again, Begun::NotUndoable, "{id}");
    }
    assert_eq!(state(store, "u2").await, None);
    store
        .finish(finish("u1", sent("it is undone")))
        .await
        .unwrap();
    // What is unknown cannot be taken back; an undo can.
    assert_eq!(
        store.begin(undo("u3", "k3")).await.unwrap(),
        Begun::NotUndoable
    );
    store.begin(undo("u4", "u1")).await.unwrap();
    store
        .finish(finish("u4", sent("it stands again")))
        .await
        .unwrap();
    assert_eq!(state(store, "u1").await, Some(KeptState::Undone));
    let steps = store.steps_of("w").await.unwrap();
    let ids: Vec<&str> = steps.iter().map(|row| row.call_id.as_str()).collect();
    assert_eq!(ids, ["w1", "w2"]);
}

async fn lists_are_of_what_stands(store: &dyn Ports, clock: &ManualClock) {
    clock.advance(1);
    carried(store, clock, "l1", None).await;
    let row = store.kept("l1").await.unwrap().unwrap();
    let filter = |principal: Option<&str>, guild_id, open| KeptFilter {
        principal: principal.map(str::to_owned),
        guild_id,
        open,
        limit: 10,
    };
    let ids = async |filter: KeptFilter| -> Vec<String> {
        let rows = store.list_kept(&filter).await.unwrap();
        rows.into_iter().map(|row| row.call_id).collect()
    };
    let open = ids(filter(None, None, Open::Only)).await;
    assert!(open.contains(&"l1".to_owned()) && open.contains(&"k1".to_owned()));
    for hidden in ["w", "w1", "u1", "k3"] {
        assert!(!open.contains(&hidden.to_owned()), "{hidden}");
    }
    assert!(
        ids(filter(None, None, Open::AndClosed))
            .await
            .contains(&"w".to_owned())
    );
    let mine = ids(filter(Some(&row.principal), row.guild_id, Open::Only)).await;
    assert!(mine.contains(&"l1".to_owned()));
    let elsewhere = model::Id::new(4242);
    assert_eq!(ids(filter(None, elsewhere, Open::Only)).await, [""; 0]);
    assert_eq!(
        ids(filter(Some("key:nobody"), None, Open::Only)).await,
        [""; 0]
    );
}

async fn it_is_forgotten_in_time(store: &dyn Ports, clock: &ManualClock) {
    assert!(store.kept("l1").await.unwrap().is_some());
    clock.advance(HOUR);
    for id in ["k1", "k3", "l1", "w"] {
        assert_eq!(store.kept(id).await.unwrap(), None, "{id}");
    }
    assert_eq!(store.steps_of("w").await.unwrap(), []);
}
