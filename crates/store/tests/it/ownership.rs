//! Who finishes which outbox rows, where several instances share a database.

use model::{
    ManualClock,
    ledger::{Begun, Claimed, INSTANCE_TTL_MS, Ledger as _, Unfinished},
};
use sqlx::ConnectOptions as _;
use store::Store;

use crate::{
    fixtures::{HOUR, START, claim, finish, intent, open, sent},
    instances::{on_a_file, on_postgresql},
};

fn ids(rows: &[Unfinished]) -> Vec<&str> {
    rows.iter().map(|row| row.outbox_id.as_str()).collect()
}

async fn begins(store: &Store, id: &str) {
    let begun = store.begin(intent(id)).await.unwrap();
    assert_eq!(begun, Begun::Inserted { fence: None });
}

#[test]
fn rows_of_one_that_lives_are_left_alone_and_those_of_the_dead_are_claimed_once() {
    on_postgresql(a_death);
}

#[test]
fn rows_of_one_that_lives_are_left_alone_and_those_of_the_dead_are_claimed_once_in_a_file() {
    on_a_file(a_death);
}

async fn a_death(url: &str) {
    let clock = ManualClock::at(START);
    let (dies, other, third) = (
        open(url, &clock).await,
        open(url, &clock).await,
        open(url, &clock).await,
    );
    let first = intent("row-b");
    dies.begin(first.clone()).await.unwrap();
    clock.advance(1);
    let mut second = intent("row-a");
    second.repeatable = false;
    dies.begin(second).await.unwrap();
    let at_work = Claimed {
        rows: vec![],
        others_at_work: true,
    };
    assert_eq!(other.claim_unfinished(10).await.unwrap(), at_work);

    // Gone without a word, as in a kill.
    drop(dies);
    assert_eq!(other.claim_unfinished(10).await.unwrap(), at_work);
    clock.advance(INSTANCE_TTL_MS);
    let one = other.claim_unfinished(1).await.unwrap();
    assert_eq!(ids(&one.rows), ["row-b"], "oldest first");
    assert!(one.others_at_work, "more is left");
    assert_eq!(one.rows[0].request, first.request);
    assert_eq!(one.rows[0].decision, first.decision);
    assert_eq!(one.rows[0].created_at, START);
    assert!(one.rows[0].repeatable);
    let rest = other.claim_unfinished(10).await.unwrap();
    assert_eq!(ids(&rest.rows), ["row-a"]);
    assert!(!rest.rows[0].repeatable && !rest.others_at_work);

    // They are the claimer's now, as if it had begun them.
    assert_eq!(
        other.claim_unfinished(10).await.unwrap(),
        Claimed::default()
    );
    assert_eq!(third.claim_unfinished(10).await.unwrap(), at_work);
    for id in ["row-a", "row-b"] {
        other.finish(finish(id, sent("{}"))).await.unwrap();
    }
    assert_eq!(
        third.claim_unfinished(10).await.unwrap(),
        Claimed::default()
    );
    other.close().await;
    third.close().await;
}

#[test]
fn each_row_of_the_dead_goes_to_one_of_those_who_want_it() {
    on_postgresql(an_inheritance);
}

#[test]
fn each_row_of_the_dead_in_a_file_goes_to_one_of_those_who_want_it() {
    on_a_file(an_inheritance);
}

async fn an_inheritance(url: &str) {
    const ROWS: usize = 50;
    let clock = ManualClock::at(START);
    let dies = open(url, &clock).await;
    for number in 0..ROWS {
        begins(&dies, &format!("row-{number:02}")).await;
    }
    drop(dies);
    clock.advance(INSTANCE_TTL_MS);
    let heirs = [open(url, &clock).await, open(url, &clock).await];
    let claims = heirs.iter().map(|heir| async move {
        let mut claimed = vec![];
        loop {
            let rows = heir.claim_unfinished(7).await.unwrap().rows;
            if rows.is_empty() {
                return claimed;
            }
            claimed.extend(rows.into_iter().map(|row| row.outbox_id));
        }
    });
    let mut all = futures_util::future::join_all(claims).await.concat();
    all.sort_unstable();
    let expected: Vec<String> = (0..ROWS).map(|number| format!("row-{number:02}")).collect();
    assert_eq!(all, expected);
    for heir in heirs {
        heir.close().await;
    }
}

#[test]
fn who_closes_leaves_its_rows_to_others_at_once() {
    on_postgresql(a_goodbye);
}

#[test]
fn who_closes_leaves_its_rows_in_a_file_to_others_at_once() {
    on_a_file(a_goodbye);
}

async fn a_goodbye(url: &str) {
    let clock = ManualClock::at(START);
    let (leaves, stays) = (open(url, &clock).await, open(url, &clock).await);
    begins(&leaves, "row").await;
    leaves.close().await;
    let claimed = stays.claim_unfinished(10).await.unwrap();
    assert_eq!(ids(&claimed.rows), ["row"]);
    stays.close().await;
}

#[test]
fn who_waits_for_an_answer_shows_that_it_lives() {
    on_a_file(async |url| {
        let clock = ManualClock::at(START);
        let (waits, other) = (open(url, &clock).await, open(url, &clock).await);
        begins(&waits, "row").await;
        clock.advance(INSTANCE_TTL_MS - 1);
        // Nobody asks anything of it; it signs by itself.
        let mut beside = connect(url).await;
        let mut until = START;
        while until < START + 2 * INSTANCE_TTL_MS - 1 {
            let row: (i64,) = sqlx::query_as("SELECT MAX(alive_until) FROM instances")
                .fetch_one(&mut beside)
                .await
                .unwrap();
            until = row.0;
        }
        clock.advance(1);
        assert_eq!(other.claim_unfinished(10).await.unwrap().rows, []);
        waits.close().await;
        other.close().await;
    });
}

#[test]
fn one_that_was_thought_dead_may_still_say_how_it_ended() {
    on_a_file(async |url| {
        let clock = ManualClock::at(START);
        let (slow, heir) = (open(url, &clock).await, open(url, &clock).await);
        let mut keyed = intent("row");
        keyed.idempotency = Some(claim("k", "d", START + HOUR));
        slow.begin(keyed.clone()).await.unwrap();
        // As if it had not come to sign for a while.
        sqlx::query("DELETE FROM instances")
            .execute(&mut connect(url).await)
            .await
            .unwrap();
        let claimed = heir.claim_unfinished(10).await.unwrap();
        assert_eq!(ids(&claimed.rows), ["row"]);
        slow.finish(finish("row", sent("first"))).await.unwrap();
        heir.finish(finish("row", sent("late"))).await.unwrap();
        let response = "first".to_owned();
        assert_eq!(heir.begin(keyed).await.unwrap(), Begun::Replay { response });
        slow.close().await;
        heir.close().await;
    });
}

/// Look at the file as somebody else would.
async fn connect(url: &str) -> sqlx::sqlite::SqliteConnection {
    let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
    options.connect().await.unwrap()
}
