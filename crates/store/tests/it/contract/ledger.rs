//! Decisions, the outbox, idempotency keys and confirmations.

use model::{
    Clock, ManualClock,
    ledger::{
        Begun, Claimed, DecisionFilter, Holder, INSTANCE_TTL_MS, IdempotencyClaim, Intent, Outcome,
        Recalled, Sent,
    },
};
use serde_json::json;

use super::Ports;
use crate::fixtures::{HOUR, MINUTE, claim, decision, finish, holder, intent, sent, spend, thread};

pub(super) async fn suite(store: &dyn Ports, clock: &ManualClock) {
    an_audit_row_comes_back_as_it_was(store).await;
    a_row_is_closed_once_and_nobody_takes_it_from_its_instance(store, clock).await;
    a_key_answers_once_and_then_replays(store, clock).await;
    a_key_can_be_asked_for_without_claiming_it(store, clock).await;
    a_failed_call_frees_its_key_and_an_unknown_one_keeps_it(store, clock).await;
    an_expired_key_may_be_used_again(store, clock).await;
    a_confirmation_works_once(store, clock).await;
    a_thread_held_by_another_stops_the_write(store, clock).await;
    many_callers_at_once_get_their_own_answers(store).await;
    rows_are_found_by_every_filter(store).await;
}

/// The store's own search finds what reading every row would.
async fn rows_are_found_by_every_filter(store: &dyn Ports) {
    let mut odd = decision("sought", Outcome::Refused);
    "key:sought".clone_into(&mut odd.principal);
    "discord_sought".clone_into(&mut odd.tool);
    odd.guild_id = model::Id::new(77);
    odd.at += 5;
    store.record(odd.clone()).await.unwrap();
    let mut all = Vec::new();
    loop {
        let after = all.last().map_or(0, |(seq, _)| *seq);
        let page = store.decisions(after, 1000).await.unwrap();
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    let none = DecisionFilter::default;
    let (seq, _) = *all.last().map(|(seq, row)| (*seq, row)).as_ref().unwrap();
    for filter in [
        none(),
        DecisionFilter {
            before: Some(seq),
            ..none()
        },
        DecisionFilter {
            workspace: Some(odd.workspace.clone()),
            ..none()
        },
        DecisionFilter {
            workspace: "another".parse().ok(),
            ..none()
        },
        DecisionFilter {
            tool: Some(odd.tool.clone()),
            ..none()
        },
        DecisionFilter {
            outcome: Some(Outcome::Refused),
            ..none()
        },
        DecisionFilter {
            principal: Some(odd.principal.clone()),
            ..none()
        },
        DecisionFilter {
            guild_id: odd.guild_id,
            ..none()
        },
        DecisionFilter {
            call_id: Some("sought".to_owned()),
            ..none()
        },
        DecisionFilter {
            since: Some(odd.at),
            ..none()
        },
        DecisionFilter {
            until: Some(odd.at),
            ..none()
        },
    ] {
        let mut expected: Vec<_> = all
            .iter()
            .filter(|(seq, row)| filter.fits(*seq, row))
            .cloned()
            .collect();
        expected.reverse();
        expected.truncate(20);
        let found = store.search(&filter, 20).await.unwrap();
        assert_eq!(found, expected, "{filter:?}");
    }
}

async fn last_seq(store: &dyn Ports) -> i64 {
    let mut last = 0;
    loop {
        let page = store.decisions(last, 1000).await.unwrap();
        match page.last() {
            Some((seq, _)) => last = *seq,
            None => return last,
        }
    }
}

fn with_key(id: &str, key: &str, digest: &str, clock: &ManualClock) -> Intent {
    Intent {
        idempotency: Some(claim(key, digest, clock.now_ms() + HOUR)),
        ..intent(id)
    }
}

async fn an_audit_row_comes_back_as_it_was(store: &dyn Ports) {
    let full = decision("audit-1", Outcome::Refused);
    let mut bare = decision("audit-2", Outcome::Planned);
    bare.agent = None;
    bare.risk = None;
    bare.guild_id = None;
    bare.channel_id = None;
    bare.rules = vec![];
    let before = last_seq(store).await;
    store.record(full.clone()).await.unwrap();
    store.record(bare.clone()).await.unwrap();
    let rows = store.decisions(before, 10).await.unwrap();
    assert_eq!(rows, [(before + 1, full), (before + 2, bare.clone())]);
    assert_eq!(
        store.decisions(before + 1, 1).await.unwrap(),
        [(before + 2, bare)]
    );
    assert_eq!(store.decisions(before, 0).await.unwrap(), []);

    // A name that one engine could not store must not make its row impossible to write.
    let mut hostile = decision("audit-3", Outcome::Refused);
    hostile.agent = Some("a\0b".to_owned());
    store.record(hostile).await.unwrap();
    let (_, stored) = store.decisions(before + 2, 1).await.unwrap().remove(0);
    assert_eq!(stored.agent.as_deref(), Some("a\u{fffd}b"));
}

async fn a_row_is_closed_once_and_nobody_takes_it_from_its_instance(
    store: &dyn Ports,
    clock: &ManualClock,
) {
    let before = last_seq(store).await;
    let begun = store.begin(intent("row-b")).await.unwrap();
    assert_eq!(begun, Begun::Inserted { fence: None });
    store.begin(intent("row-a")).await.unwrap();
    // However late it is, these rows are still this instance's own work.
    clock.advance(INSTANCE_TTL_MS * 2);
    assert_eq!(
        store.claim_unfinished(10).await.unwrap(),
        Claimed::default()
    );

    store.finish(finish("row-b", sent("{}"))).await.unwrap();
    let unknown = Sent::Unknown {
        reason: "the answer was lost".to_owned(),
        response: "{}".to_owned(),
    };
    store.finish(finish("row-a", unknown)).await.unwrap();

    let outcomes = |rows: Vec<(i64, model::ledger::Decision)>| -> Vec<Outcome> {
        rows.into_iter().map(|(_, row)| row.outcome).collect()
    };
    let expected = [
        Outcome::Started,
        Outcome::Started,
        Outcome::Done,
        Outcome::Unknown,
    ];
    assert_eq!(
        outcomes(store.decisions(before, 10).await.unwrap()),
        expected
    );

    // Closing a closed row changes nothing, not even the audit.
    let failed = Sent::Failed {
        reason: "late".to_owned(),
    };
    store.finish(finish("row-b", failed)).await.unwrap();
    assert_eq!(
        outcomes(store.decisions(before, 10).await.unwrap()),
        expected
    );
    let nobody = store.finish(finish("row-nobody-began", sent("{}"))).await;
    assert!(nobody.unwrap_err().to_string().contains("row-nobody-began"));
}

async fn a_key_answers_once_and_then_replays(store: &dyn Ports, clock: &ManualClock) {
    let before = last_seq(store).await;
    let inserted = Begun::Inserted { fence: None };
    let first = with_key("key-1", "k", "d", clock);
    assert_eq!(store.begin(first.clone()).await.unwrap(), inserted);
    let again = with_key("key-2", "k", "d", clock);
    assert_eq!(store.begin(again.clone()).await.unwrap(), Begun::InFlight);
    let other = with_key("key-3", "k", "other", clock);
    assert_eq!(
        store.begin(other.clone()).await.unwrap(),
        Begun::OtherArguments
    );

    // Byte for byte: order of keys, spaces, escapes and all.
    let response = "{ \"b\":1 ,\"a\":\"\\u0041 \\u0000 \u{1f980} \\ud800\" }\n".to_owned();
    store
        .finish(finish("key-1", sent(&response)))
        .await
        .unwrap();
    assert_eq!(
        store.begin(again).await.unwrap(),
        Begun::Replay { response }
    );
    assert_eq!(store.begin(other).await.unwrap(), Begun::OtherArguments);
    assert_eq!(
        last_seq(store).await,
        before + 2,
        "only the first call left rows"
    );

    // Keys of different principals never meet.
    let mut stranger = with_key("key-4", "k", "d", clock);
    stranger.idempotency = stranger.idempotency.map(|claim| IdempotencyClaim {
        principal: "key:newcomer".to_owned(),
        ..claim
    });
    assert_eq!(store.begin(stranger).await.unwrap(), inserted);
    store.finish(finish("key-4", sent("{}"))).await.unwrap();
}

async fn a_key_can_be_asked_for_without_claiming_it(store: &dyn Ports, clock: &ManualClock) {
    let promise = claim("recalled", "d", clock.now_ms() + HOUR);
    assert_eq!(store.recall(&promise).await.unwrap(), None);
    let first = with_key("recall-1", "recalled", "d", clock);
    let acted = first.decision.clone();
    let recalled = |known| {
        Some(Recalled {
            known,
            guild_id: acted.guild_id,
            channel_id: acted.channel_id,
        })
    };
    store.begin(first).await.unwrap();
    assert_eq!(
        store.recall(&promise).await.unwrap(),
        recalled(Begun::InFlight)
    );
    store.finish(finish("recall-1", sent("r"))).await.unwrap();
    let response = "r".to_owned();
    assert_eq!(
        store.recall(&promise).await.unwrap(),
        recalled(Begun::Replay { response })
    );
    let other = claim("recalled", "other", promise.expires_at);
    assert_eq!(
        store.recall(&other).await.unwrap(),
        recalled(Begun::OtherArguments)
    );
    let stranger = IdempotencyClaim {
        principal: "key:newcomer".to_owned(),
        ..promise.clone()
    };
    assert_eq!(store.recall(&stranger).await.unwrap(), None);
    clock.advance(HOUR);
    assert_eq!(store.recall(&promise).await.unwrap(), None);
}

async fn a_failed_call_frees_its_key_and_an_unknown_one_keeps_it(
    store: &dyn Ports,
    clock: &ManualClock,
) {
    let inserted = Begun::Inserted { fence: None };
    assert_eq!(
        store
            .begin(with_key("fail-1", "f", "d", clock))
            .await
            .unwrap(),
        inserted
    );
    let failed = Sent::Failed {
        reason: "refused by Discord".to_owned(),
    };
    store.finish(finish("fail-1", failed)).await.unwrap();
    assert_eq!(
        store
            .begin(with_key("fail-2", "f", "other", clock))
            .await
            .unwrap(),
        inserted
    );
    let unknown = Sent::Unknown {
        reason: "the answer was lost".to_owned(),
        response: "[\"unknown\"]".to_owned(),
    };
    store.finish(finish("fail-2", unknown)).await.unwrap();
    assert_eq!(
        store
            .begin(with_key("fail-3", "f", "other", clock))
            .await
            .unwrap(),
        Begun::Replay {
            response: "[\"unknown\"]".to_owned()
        }
    );
}

async fn an_expired_key_may_be_used_again(store: &dyn Ports, clock: &ManualClock) {
    let inserted = Begun::Inserted { fence: None };
    assert_eq!(
        store
            .begin(with_key("old-1", "o", "d", clock))
            .await
            .unwrap(),
        inserted
    );
    clock.advance(HOUR - 1);
    let late = with_key("old-2", "o", "other", clock);
    assert_eq!(
        store.begin(late.clone()).await.unwrap(),
        Begun::OtherArguments
    );
    clock.advance(1);
    assert_eq!(store.begin(late).await.unwrap(), inserted);

    // The end of the first call does not answer for the second.
    store.finish(finish("old-1", sent("first"))).await.unwrap();
    let again = with_key("old-3", "o", "other", clock);
    assert_eq!(store.begin(again.clone()).await.unwrap(), Begun::InFlight);
    store.finish(finish("old-2", sent("second"))).await.unwrap();
    let response = "second".to_owned();
    assert_eq!(
        store.begin(again).await.unwrap(),
        Begun::Replay { response }
    );
}

async fn a_confirmation_works_once(store: &dyn Ports, clock: &ManualClock) {
    let inserted = Begun::Inserted { fence: None };
    let confirmed = |id: &str, key: &str| Intent {
        confirmation: Some(spend("token-1", clock)),
        ..with_key(id, key, "d", clock)
    };
    assert_eq!(
        store.begin(confirmed("conf-1", "c1")).await.unwrap(),
        inserted
    );
    let before = last_seq(store).await;
    let again = store.begin(confirmed("conf-2", "c2")).await.unwrap();
    assert_eq!(again, Begun::AlreadyConfirmed);
    // All or nothing: the second key was not claimed on the way.
    assert_eq!(last_seq(store).await, before);
    assert_eq!(
        store
            .begin(with_key("conf-3", "c2", "d", clock))
            .await
            .unwrap(),
        inserted
    );

    // A retry of the confirmed call is a replay, not a second use of the token.
    store.finish(finish("conf-1", sent("done"))).await.unwrap();
    let response = "done".to_owned();
    assert_eq!(
        store.begin(confirmed("conf-4", "c1")).await.unwrap(),
        Begun::Replay { response }
    );
    store.finish(finish("conf-3", sent("done"))).await.unwrap();
}

async fn a_thread_held_by_another_stops_the_write(store: &dyn Ports, clock: &ManualClock) {
    let into_thread = |id: &str, by: Holder| Intent {
        lease: Some((thread(900), by)),
        request: json!({}),
        ..with_key(id, id, "d", clock)
    };
    let (scout, scribe) = (holder("scout"), holder("scribe"));
    let free = store
        .begin(into_thread("lease-1", scribe.clone()))
        .await
        .unwrap();
    assert_eq!(free, Begun::Inserted { fence: None });

    let lease = store
        .acquire(thread(900), &scout, MINUTE)
        .await
        .unwrap()
        .unwrap();
    let mut stopped = into_thread("lease-2", scribe.clone());
    stopped.confirmation = Some(spend("token-2", clock));
    assert_eq!(
        store.begin(stopped.clone()).await.unwrap(),
        Begun::Leased {
            by: scout.clone(),
            until: lease.until
        }
    );
    let own = store.begin(into_thread("lease-3", scout)).await.unwrap();
    let fence = Some(lease.fence);
    assert_eq!(own, Begun::Inserted { fence });

    // When the lease has ended, neither key nor token was used up by the refusal.
    clock.advance(MINUTE);
    assert_eq!(
        store.begin(stopped).await.unwrap(),
        Begun::Inserted { fence: None }
    );
    for id in ["lease-1", "lease-2", "lease-3"] {
        store.finish(finish(id, sent("{}"))).await.unwrap();
    }
}

async fn many_callers_at_once_get_their_own_answers(store: &dyn Ports) {
    let before = last_seq(store).await;
    let calls = (0..200).map(|number| async move {
        let id = format!("many-{number}");
        // One in ten fails; the others must not notice.
        if number % 10 == 0 {
            let nobody = store
                .finish(finish(&format!("none-{number}"), sent("{}")))
                .await;
            assert!(
                nobody
                    .unwrap_err()
                    .to_string()
                    .contains(&format!("none-{number} "))
            );
        } else {
            store.begin(intent(&id)).await.unwrap();
            store.finish(finish(&id, sent(&id))).await.unwrap();
        }
    });
    futures_util::future::join_all(calls).await;
    let rows = store.decisions(before, 1000).await.unwrap();
    let numbers: Vec<i64> = rows.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(
        numbers,
        (before + 1..=before + 360).collect::<Vec<i64>>(),
        "no gaps"
    );
}
