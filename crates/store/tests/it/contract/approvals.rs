//! Approvals: one for a call, changed only by whoever saw the last change, carried out once.

use std::collections::BTreeSet;

use model::{
    Clock as _, Id, ManualClock, Origin, Principal, Risk,
    approval::{
        Address, Approval, ApprovalFilter, Choice, HeldCall, Opened, Panel, Post, Room, State,
        Terms, Via, Vote,
    },
    ledger::{Begun, Intent, Outcome, Sent},
};
use serde_json::json;

use super::Ports;
use crate::fixtures::{HOUR, MINUTE, START, decision, finish, intent, sent};

const ROOM: Room = Room { each: 3, all: 5 };

pub(super) async fn suite(store: &dyn Ports, clock: &ManualClock) {
    the_same_call_waits_once(store).await;
    an_approval_comes_back_as_it_was(store).await;
    only_who_saw_the_last_change_may_change_it(store).await;
    what_is_due_is_found(store).await;
    a_granted_approval_is_carried_out_once(store, clock).await;
    a_cursor_never_goes_back(store).await;
    there_is_room_for_so_many(store).await;
}

fn approval(id: &str, principal: &str, digest: &str) -> Approval {
    Approval {
        id: id.to_owned(),
        revision: 0,
        state: State::Pending,
        call: HeldCall {
            call_id: format!("call of {id}"),
            principal: Principal::api_key(principal, Vec::new()),
            confirmer: format!("key:{principal}"),
            agent: Some("scout\0".to_owned()),
            session: None,
            origin: Origin::Discord {
                user: Id::new(7).unwrap(),
                channel: Id::new(8),
            },
            tool: "discord_delete_channel".to_owned(),
            risk: Risk::Destructive,
            arguments: json!({ "channel_id": "5" }).as_object().cloned(),
            digest: digest.to_owned(),
            idempotency_key: None,
            fingerprint: "ff".repeat(32),
            planned_at: START,
            policy_version: "p1".to_owned(),
            guild_id: Id::new(10),
            channel_id: None,
            requesters: vec![Id::new(7).unwrap()],
            request: "DELETE /channels/5".to_owned(),
            change: vec!["delete channel 5".to_owned()],
            reason: None,
            reversible: false,
            steps: Vec::new(),
        },
        terms: Terms {
            name: "moderators".to_owned(),
            quorum: 1,
            panel: Panel {
                roles: BTreeSet::from([Id::new(90).unwrap()]),
                users: BTreeSet::new(),
            },
            remind_at: None,
            escalation: None,
            also: Vec::new(),
        },
        posts: vec![Post {
            to: Address::Channel(Id::new(9).unwrap()),
            channel_id: Id::new(9),
            message_id: Id::new(99),
            created_at: START,
            shown: Some(State::Pending),
            shown_votes: 0,
            failures: 0,
        }],
        votes: Vec::new(),
        button: "secret".to_owned(),
        created_at: START,
        expires_at: START + HOUR,
        reminded_at: None,
        escalated_at: None,
        granted_at: None,
        ended_at: None,
        reason: None,
        outbox_id: None,
        collected_at: None,
        look_at: Some(START + HOUR),
        response: None,
    }
}

async fn found(store: &dyn Ports, id: &str) -> Approval {
    store.approval(id).await.unwrap().unwrap()
}

async fn end(store: &dyn Ports, id: &str) {
    let mut approval = found(store, id).await;
    approval.state = State::Cancelled;
    approval.ended_at = Some(START);
    approval.look_at = None;
    assert!(store.replace(approval, None).await.unwrap());
}

async fn the_same_call_waits_once(store: &dyn Ports) {
    let open = |approval| store.open(approval, ROOM);
    let inserted = open(approval("a1", "ada", "d1")).await.unwrap();
    assert_eq!(inserted, Opened::Inserted);
    let Opened::Known(known) = open(approval("a2", "ada", "d1")).await.unwrap() else {
        panic!("the same call waits already");
    };
    assert_eq!(known.id, "a1");
    let mut keyed = approval("a3", "ada", "d1");
    keyed.call.idempotency_key = Some("k".to_owned());
    assert_eq!(open(keyed).await.unwrap(), Opened::Inserted);
    let mut other = approval("a4", "ada", "d1");
    "key:ada for user 5".clone_into(&mut other.call.confirmer);
    assert_eq!(open(other).await.unwrap(), Opened::Inserted);
    let latest = |key| store.latest_approval("key:ada", "d1", key);
    assert_eq!(latest(None).await.unwrap().unwrap().id, "a1");
    assert_eq!(latest(Some("k")).await.unwrap().unwrap().id, "a3");
    assert_eq!(latest(Some("l")).await.unwrap(), None);
    for id in ["a1", "a3", "a4"] {
        end(store, id).await;
    }
    let again = open(approval("a5", "ada", "d1")).await.unwrap();
    assert_eq!(again, Opened::Inserted);
    end(store, "a5").await;
}

async fn an_approval_comes_back_as_it_was(store: &dyn Ports) {
    let mut full = approval("b1", "ada", "d2");
    full.votes.push(Vote {
        user: Id::new(1).unwrap(),
        choice: Choice::Approve,
        via: Via::Text,
        at: START,
        counts_for: ["moderators".to_owned()].into(),
    });
    store.open(full.clone(), ROOM).await.unwrap();
    assert_eq!(found(store, "b1").await, full);
    assert_eq!(store.approval("b0").await.unwrap(), None);
    end(store, "b1").await;
}

async fn only_who_saw_the_last_change_may_change_it(store: &dyn Ports) {
    store.open(approval("c1", "ada", "d3"), ROOM).await.unwrap();
    let mut one = found(store, "c1").await;
    let mut other = one.clone();
    one.state = State::Refused;
    one.ended_at = Some(START + 1);
    one.reason = Some("a person said no".to_owned());
    other.state = State::Granted;
    let said = decision("c1", Outcome::Refused);
    assert!(store.replace(one.clone(), Some(said)).await.unwrap());
    let unheard = decision("c1-unheard", Outcome::Waiting);
    assert!(!store.replace(other, Some(unheard)).await.unwrap());
    one.revision += 1;
    assert_eq!(found(store, "c1").await, one);
    let rows = store.decisions(0, 1000).await.unwrap();
    let of = |call: &str| rows.iter().filter(|(_, row)| row.call_id == call).count();
    assert_eq!((of("c1"), of("c1-unheard")), (1, 0));
}

async fn what_is_due_is_found(store: &dyn Ports) {
    for (id, digest, look_at) in [
        ("e1", "d4", Some(20)),
        ("e2", "d5", Some(10)),
        ("e3", "d6", None),
    ] {
        let mut due = approval(id, "bea", digest);
        due.look_at = look_at;
        store.open(due, ROOM).await.unwrap();
    }
    let due = async |now, limit| {
        let due = store.due_approvals(now, limit).await.unwrap();
        due.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(due(9, 10).await, [""; 0]);
    assert_eq!(due(20, 10).await, ["e2", "e1"]);
    assert_eq!(due(20, 1).await, ["e2"]);
    let filter = ApprovalFilter {
        state: Some(State::Pending),
        principal: Some("key:bea".to_owned()),
    };
    let listed = store.list_approvals(&filter, 10).await.unwrap();
    assert_eq!(listed.len(), 3);
    let all = ApprovalFilter::default();
    assert!(store.list_approvals(&all, 10).await.unwrap().len() > 3);
    for id in ["e1", "e2", "e3"] {
        end(store, id).await;
    }
}

async fn a_granted_approval_is_carried_out_once(store: &dyn Ports, clock: &ManualClock) {
    let carry_out = |row: &str, approval: &str| Intent {
        approval: Some(approval.to_owned()),
        ..intent(row)
    };
    let ends = [
        ("f1", sent("it is done"), State::Done, Some("it is done")),
        (
            "f2",
            Sent::Failed {
                reason: "no".to_owned(),
            },
            State::Failed,
            None,
        ),
        (
            "f3",
            Sent::Unknown {
                reason: "lost".to_owned(),
                response: "perhaps".to_owned(),
            },
            State::Unknown,
            Some("perhaps"),
        ),
    ];
    for (id, how, state, response) in ends {
        store.open(approval(id, "cyd", id), ROOM).await.unwrap();
        let row = format!("row of {id}");
        let early = store.begin(carry_out(&row, id)).await.unwrap();
        assert_eq!(early, Begun::NotGranted);
        let mut granted = found(store, id).await;
        granted.state = State::Granted;
        assert!(store.replace(granted, None).await.unwrap());
        let begun = store.begin(carry_out(&row, id)).await.unwrap();
        assert_eq!(begun, Begun::Inserted { fence: None });
        let second = store.begin(carry_out("a second row", id)).await.unwrap();
        assert_eq!(second, Begun::NotGranted);
        let executing = found(store, id).await;
        assert_eq!(executing.state, State::Executing);
        assert_eq!(executing.outbox_id.as_deref(), Some(row.as_str()));
        store.finish(finish(&row, how.clone())).await.unwrap();
        store.finish(finish(&row, how)).await.unwrap();
        let ended = found(store, id).await;
        assert_eq!((ended.state, ended.response.as_deref()), (state, response));
        assert_eq!(ended.ended_at, Some(clock.now_ms()));
        assert_eq!(ended.look_at, Some(clock.now_ms()));
        end(store, id).await;
    }
    clock.advance(MINUTE);
}

async fn a_cursor_never_goes_back(store: &dyn Ports) {
    assert_eq!(store.cursor("people").await.unwrap(), None);
    for (moved, stands) in [(5, 5), (3, 5), (9, 9)] {
        store.move_cursor("people", moved).await.unwrap();
        assert_eq!(store.cursor("people").await.unwrap(), Some(stands));
    }
    assert_eq!(store.cursor("others").await.unwrap(), None);
}

async fn there_is_room_for_so_many(store: &dyn Ports) {
    let mut opened = Vec::new();
    for n in 0..8 {
        let principal = if n < 4 { "dot" } else { "eve" };
        let id = format!("g{n}");
        let it = approval(&id, principal, &id);
        opened.push(store.open(it, ROOM).await.unwrap() == Opened::Inserted);
    }
    let expected = [true, true, true, false, true, true, false, false];
    assert_eq!(opened, expected);
}
