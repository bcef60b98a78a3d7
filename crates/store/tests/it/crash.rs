//! A process that is killed in the middle of its writes has lost nothing that it acknowledged.

use std::{
    collections::HashSet,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use model::{
    ManualClock,
    ledger::{Begun, Ledger as _, Outcome},
};

use crate::fixtures::{START, finish, intent, left_behind, open, runtime, sent};

const DATABASE: &str = "STORE_CRASH_DATABASE";
const ROUND: &str = "STORE_CRASH_ROUND";
/// How often the writer is killed, each time after so many acknowledgements.
const KILLS: [usize; 20] = [
    1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 1, 7, 40, 100, 3, 64, 17, 150, 2, 30,
];
const CALLERS: usize = 8;

/// Not a test by itself: the process that is killed. It says what has been acknowledged.
#[test]
fn the_process_that_is_killed() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how the parent test speaks to this process"
    )]
    let (Ok(url), Ok(round)) = (std::env::var(DATABASE), std::env::var(ROUND)) else {
        return;
    };
    runtime().block_on(async {
        let store = open(&url, &ManualClock::at(START)).await;
        let callers = (0..CALLERS).map(|caller| {
            let (store, round) = (&store, &round);
            async move {
                for number in 0.. {
                    let id = format!("{round}-{caller}-{number}");
                    let begun = store.begin(intent(&id)).await.unwrap();
                    assert_eq!(begun, Begun::Inserted { fence: None });
                    tell("begun", &id);
                    store.finish(finish(&id, sent("{}"))).await.unwrap();
                    tell("finished", &id);
                }
            }
        });
        futures_util::future::join_all(callers).await;
    });
}

fn tell(what: &str, id: &str) {
    // One write for a line, so that a kill cannot cut between two callers' lines. The harness may
    // have written on the same line before.
    let line = format!("\nACK {what} {id}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

#[test]
fn nothing_acknowledged_is_missing_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("store.db").display());
    let mut begun = HashSet::new();
    let mut finished = HashSet::new();
    for (round, kill_after) in KILLS.into_iter().enumerate() {
        for line in killed_after(&url, round, kill_after) {
            match line.split_once(' ') {
                Some(("begun", id)) => begun.insert(id.to_owned()),
                Some(("finished", id)) => finished.insert(id.to_owned()),
                _ => panic!("{line} was not expected"),
            };
        }
        check(&url, &begun, &finished);
    }
    assert!(begun.len() > KILLS.len(), "{} were begun", begun.len());
}

/// Run the process, kill it after so many acknowledgements, and give all that it acknowledged.
fn killed_after(url: &str, round: usize, acknowledgements: usize) -> Vec<String> {
    let this = std::env::current_exe().unwrap();
    let mut child = Command::new(this)
        .args([
            "--exact",
            "crash::the_process_that_is_killed",
            "--nocapture",
        ])
        .env(DATABASE, url)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = vec![];
    for line in lines.map_while(Result::ok) {
        if let Some(acknowledged) = line.strip_prefix("ACK ") {
            told.push(acknowledged.to_owned());
        }
        if told.len() == acknowledgements {
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert!(!status.success(), "it ended by itself");
    assert!(told.len() >= acknowledgements, "{} were told", told.len());
    // The last line may have been cut short by the kill.
    if let Some(last) = told.last()
        && last.matches('-').count() < 2
    {
        told.pop();
    }
    told
}

fn check(url: &str, begun: &HashSet<String>, finished: &HashSet<String>) {
    assert!(Path::new(url.trim_start_matches("sqlite:")).exists());
    runtime().block_on(async {
        let store = open(url, &ManualClock::at(START)).await;
        let (mut started, mut done) = (HashSet::new(), HashSet::new());
        let mut last = 0;
        loop {
            let page = store.decisions(last, 1000).await.unwrap();
            let Some((seq, _)) = page.last() else { break };
            last = *seq;
            for (_, row) in page {
                match row.outcome {
                    Outcome::Started => started.insert(row.call_id),
                    Outcome::Done => done.insert(row.call_id),
                    other => panic!("{other:?} was never written"),
                };
            }
        }
        let missing: Vec<_> = begun.difference(&started).collect();
        assert!(missing.is_empty(), "begun and lost: {missing:?}");
        let missing: Vec<_> = finished.difference(&done).collect();
        assert!(missing.is_empty(), "finished and lost: {missing:?}");

        // Whole or not at all: an outbox row is open exactly if its audit says so.
        store.close().await;
        let rows = left_behind(url, &ManualClock::at(START)).await;
        let open: HashSet<String> = rows.into_iter().map(|row| row.outbox_id).collect();
        let expected: HashSet<String> = started.difference(&done).cloned().collect();
        assert_eq!(open, expected);
    });
}
