//! One suite for every engine: what the ports promise, word by word.

mod approvals;
mod journal;
mod kept;
mod keys;
mod leases;
mod ledger;
mod mirrors;
mod policies;
mod workspaces;

use model::{
    ManualClock,
    approval::Approvals,
    kept::KeptWrites,
    ledger::{Drafts, Journal, Keys, Leases, Ledger, Readings},
    mirror::Mirrors,
    policies::Policies,
    workspaces::Workspaces,
};

use crate::{
    fixtures::{START, draft, guild, open, runtime},
    postgres,
};

/// All that a store is to other rooms.
pub(crate) trait Ports:
    Ledger
    + Keys
    + Leases
    + Journal
    + Drafts
    + Workspaces
    + Approvals
    + Readings
    + KeptWrites
    + Mirrors
    + Policies
{
}
impl<
    S: Ledger
        + Keys
        + Leases
        + Journal
        + Drafts
        + Workspaces
        + Approvals
        + Readings
        + KeptWrites
        + Mirrors
        + Policies,
> Ports for S
{
}

/// The contract. The store is empty and the clock stands at [`START`].
pub(crate) async fn suite(store: &dyn Ports, clock: &ManualClock) {
    ledger::suite(store, clock).await;
    keys::suite(store, clock).await;
    leases::suite(store, clock).await;
    journal::suite(store).await;
    workspaces::suite(store, clock).await;
    drafts(store).await;
    readings(store).await;
    approvals::suite(store, clock).await;
    kept::suite(store, clock).await;
    policies::suite(store).await;
    mirrors::suite(store).await;
}

async fn readings(store: &dyn Ports) {
    assert_eq!(store.last_read("principal local").await, Ok(None));
    store.note_read("principal local", 100).await.unwrap();
    store.note_read("session a of local", 50).await.unwrap();
    store.note_read("principal local", 300).await.unwrap();
    store.note_read("principal local", 200).await.unwrap();
    assert_eq!(store.last_read("principal local").await, Ok(Some(300)));
    assert_eq!(store.last_read("session a of local").await, Ok(Some(50)));
    assert_eq!(store.last_read("session b of local").await, Ok(None));
}

async fn drafts(store: &dyn Ports) {
    for (id, created_at) in [("d1", 1), ("d2", 3), ("d3", 2)] {
        store.save(draft(id, created_at)).await.unwrap();
    }
    let ids = |drafts: Vec<model::ledger::Draft>| -> Vec<String> {
        drafts.into_iter().map(|draft| draft.id).collect()
    };
    assert_eq!(
        ids(store.of_guild(guild(10), 10).await.unwrap()),
        ["d2", "d3", "d1"]
    );
    assert_eq!(ids(store.of_guild(guild(10), 1).await.unwrap()), ["d2"]);
    assert_eq!(store.of_guild(guild(11), 10).await.unwrap(), []);

    let mut again = draft("d1", 4);
    again.channel_id = model::Id::new(7);
    store.save(again.clone()).await.unwrap();
    assert_eq!(store.of_guild(guild(10), 1).await.unwrap(), [again]);
}

#[test]
fn sqlite_in_memory_keeps_the_contract() {
    runtime().block_on(async {
        let clock = ManualClock::at(START);
        let store = open("sqlite::memory:", &clock).await;
        suite(&store, &clock).await;
        store.close().await;
    });
}

#[test]
fn sqlite_in_a_file_keeps_the_contract() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(START);
        let url = format!("sqlite:{}", directory.path().join("store.db").display());
        let store = open(&url, &clock).await;
        suite(&store, &clock).await;
        store.close().await;
    });
}

#[test]
fn postgresql_keeps_the_contract() {
    runtime().block_on(async {
        let Some(database) = postgres::database().await else {
            return;
        };
        let clock = ManualClock::at(START);
        let store = open(&database.url, &clock).await;
        suite(&store, &clock).await;
        store.close().await;
        database.forget().await;
    });
}
