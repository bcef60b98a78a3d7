//! Workspaces, members, guilds, settings, accounts, and what every call has to know of them.

use std::collections::BTreeMap;

use model::{
    Clock as _, Id, ManualClock, Role, WorkspaceId,
    ledger::Outcome,
    workspaces::{
        Account, Change, Changed, Installation, Member, Openness, Setting, TENANCY_FRESH_MS,
        Workspace,
    },
};

use super::Ports;
use crate::fixtures::{decision, guild};

fn id(text: &str) -> WorkspaceId {
    text.parse().unwrap()
}

fn workspace(text: &str, created_at: i64) -> Workspace {
    Workspace {
        id: id(text),
        name: text.to_uppercase(),
        created_at,
        suspended_at: None,
    }
}

fn member(name: &str, user: Option<u64>, role: Role) -> Member {
    Member {
        workspace: id("bakers"),
        name: name.to_owned(),
        user_id: user.and_then(Id::new),
        role,
        added_at: 7,
    }
}

fn install(workspace: &str, number: u64) -> Change {
    Change::Install(Installation {
        guild_id: guild(number),
        workspace: id(workspace),
        installed_at: 8,
    })
}

async fn change(store: &dyn Ports, change: Change) -> Changed {
    let written = store.decisions(0, 10_000).await.unwrap().len();
    let record = decision("change", Outcome::Done);
    let changed = store.change(change, record).await.unwrap();
    let rows = store.decisions(0, 10_000).await.unwrap().len() - written;
    assert_eq!(rows, usize::from(changed == Changed::Made), "{changed:?}");
    changed
}

pub(super) async fn suite(store: &dyn Ports, clock: &ManualClock) {
    one_is_always_there(store).await;
    a_workspace_is_made_suspended_and_resumed(store, clock).await;
    the_last_owner_stays(store).await;
    a_guild_belongs_to_one(store).await;
    settings_and_accounts_are_kept(store).await;
    each_has_its_own_chain(store).await;
}

async fn one_is_always_there(store: &dyn Ports) {
    let all = store.workspaces().await.unwrap();
    assert_eq!(all.len(), 1);
    assert!(all[0].id.is_default());
    let tenancy = store.tenancy().await.unwrap();
    assert_eq!(tenancy.openness(&id("default")), Openness::Open);
    assert!(tenancy.owns(&id("default"), guild(1)));
}

async fn a_workspace_is_made_suspended_and_resumed(store: &dyn Ports, clock: &ManualClock) {
    let bakers = workspace("bakers", clock.now_ms());
    assert_eq!(
        change(store, Change::Create(bakers.clone())).await,
        Changed::Made
    );
    assert_eq!(
        change(store, Change::Create(bakers.clone())).await,
        Changed::Taken
    );
    assert_eq!(store.workspaces().await.unwrap()[0], bakers);
    // A change of one's own counts at once.
    let openness = async || store.tenancy().await.unwrap().openness(&id("bakers"));
    assert_eq!(openness().await, Openness::Open);
    let suspend = |at| Change::Suspend {
        workspace: id("bakers"),
        at,
    };
    assert_eq!(change(store, suspend(5)).await, Changed::Made);
    assert_eq!(change(store, suspend(6)).await, Changed::Made);
    assert_eq!(store.workspaces().await.unwrap()[0].suspended_at, Some(5));
    assert_eq!(openness().await, Openness::Suspended);
    let resume = |text| Change::Resume {
        workspace: id(text),
    };
    assert_eq!(change(store, resume("bakers")).await, Changed::Made);
    assert_eq!(openness().await, Openness::Open);
    assert_eq!(change(store, resume("nobody")).await, Changed::Missing);
    clock.advance(TENANCY_FRESH_MS);
    assert_eq!(openness().await, Openness::Open);
}

async fn the_last_owner_stays(store: &dyn Ports) {
    let add = |it| change(store, Change::AddMember(it));
    let role = |name: &str, role| {
        change(
            store,
            Change::SetRole {
                workspace: id("bakers"),
                member: name.to_owned(),
                role,
            },
        )
    };
    let remove = |name: &str| {
        change(
            store,
            Change::RemoveMember {
                workspace: id("bakers"),
                member: name.to_owned(),
            },
        )
    };
    let ada = member("ada", Some(1), Role::Owner);
    assert_eq!(add(ada.clone()).await, Changed::Made);
    assert_eq!(add(ada.clone()).await, Changed::Taken, "the name");
    let double = member("eve", Some(1), Role::Viewer);
    assert_eq!(add(double).await, Changed::Taken, "the user");
    let ben = member("ben", None, Role::Viewer);
    assert_eq!(add(ben.clone()).await, Changed::Made);
    assert_eq!(add(member("cem", None, Role::Admin)).await, Changed::Made);
    let elsewhere = Member {
        workspace: id("nobody"),
        ..ada.clone()
    };
    assert_eq!(add(elsewhere).await, Changed::Missing);

    assert_eq!(role("ada", Role::Admin).await, Changed::LastOwner);
    assert_eq!(role("ada", Role::Owner).await, Changed::Made);
    assert_eq!(remove("ada").await, Changed::LastOwner);
    assert_eq!(role("ben", Role::Owner).await, Changed::Made);
    assert_eq!(remove("ada").await, Changed::Made);
    assert_eq!(remove("ada").await, Changed::Missing);
    assert_eq!(role("ben", Role::Viewer).await, Changed::LastOwner);
    assert_eq!(remove("cem").await, Changed::Made);
    let ben = Member {
        role: Role::Owner,
        ..ben
    };
    assert_eq!(store.members(&id("bakers")).await.unwrap(), [ben]);
    assert_eq!(store.members(&id("default")).await.unwrap(), []);
}

async fn a_guild_belongs_to_one(store: &dyn Ports) {
    assert_eq!(change(store, install("bakers", 10)).await, Changed::Made);
    assert_eq!(change(store, install("bakers", 10)).await, Changed::Taken);
    assert_eq!(change(store, install("default", 10)).await, Changed::Taken);
    assert_eq!(change(store, install("nobody", 11)).await, Changed::Missing);
    let tenancy = store.tenancy().await.unwrap();
    assert!(tenancy.owns(&id("bakers"), guild(10)));
    assert!(!tenancy.owns(&id("default"), guild(10)));
    let theirs = store.installations(&id("bakers")).await.unwrap();
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0].guild_id, guild(10));
    let uninstall = |text: &str| Change::Uninstall {
        workspace: id(text),
        guild: guild(10),
    };
    assert_eq!(change(store, uninstall("default")).await, Changed::Missing);
    assert_eq!(change(store, uninstall("bakers")).await, Changed::Made);
    assert!(
        store
            .tenancy()
            .await
            .unwrap()
            .owns(&id("default"), guild(10))
    );
}

async fn settings_and_accounts_are_kept(store: &dyn Ports) {
    let set = |text: &str, value: Option<&str>| {
        change(
            store,
            Change::Set {
                workspace: id(text),
                setting: Setting::DisplayName,
                value: value.map(str::to_owned),
            },
        )
    };
    assert_eq!(set("bakers", Some("Bread")).await, Changed::Made);
    assert_eq!(set("bakers", Some("Bakery")).await, Changed::Made);
    assert_eq!(set("nobody", Some("x")).await, Changed::Missing);
    let settings = store.settings(&id("bakers")).await.unwrap();
    let bakery = BTreeMap::from([(Setting::DisplayName, "Bakery".to_owned())]);
    assert_eq!(settings, bakery);
    assert_eq!(set("bakers", None).await, Changed::Made);
    assert_eq!(
        store.settings(&id("bakers")).await.unwrap(),
        BTreeMap::new()
    );

    let account = |name: &str| Account {
        user_id: Id::new(1).unwrap(),
        name: name.to_owned(),
        connected_at: 9,
    };
    for name in ["ada", "ada2"] {
        assert_eq!(
            change(store, Change::Connect(account(name))).await,
            Changed::Made
        );
        let kept = store.account(account(name).user_id).await.unwrap();
        assert_eq!(kept, Some(account(name)));
    }
    assert_eq!(store.account(Id::new(2).unwrap()).await.unwrap(), None);
}

async fn each_has_its_own_chain(store: &dyn Ports) {
    let mut theirs = decision("theirs", Outcome::Refused);
    theirs.workspace = id("bakers");
    let before = store.decisions(0, 1_000).await.unwrap().len();
    store.record(theirs.clone()).await.unwrap();
    let after = store.decisions(0, 1_000).await.unwrap();
    assert_eq!(after.len(), before + 1);
    assert_eq!(after.last().unwrap().1, theirs);
}
