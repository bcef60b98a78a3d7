//! A mirror of the audit: each row as a line of JSON in a file that other programs read. What is
//! personal stands there as salted hashes, so that erasure reaches the mirror too. It goes on after
//! its own last line, so a restart neither loses nor repeats a row.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde_json::{Value, json};
use store::Store;
use tokio_util::sync::CancellationToken;

/// How often new rows are looked for.
const EVERY: Duration = Duration::from_secs(2);
/// Rows written at once.
const PAGE: u32 = 500;
/// A file that is longer than this is put aside, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Files that are put aside: `audit.jsonl.1` is the latest of them. Older ones go.
const KEPT: u32 = 4;
/// The end of a file in which its last line is looked for; a row has under 4,000 bytes.
const TAIL: u64 = 64 * 1024;

/// Follow the audit until `stop`.
pub(crate) async fn watch(store: Store, file: PathBuf, stop: CancellationToken) {
    let mut broken = false;
    loop {
        let went_on = stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
        match catch_up(&store, &file, LARGEST).await {
            Ok(()) => broken = false,
            // Said once for each time it breaks, not every two seconds.
            Err(error) if !broken => {
                tracing::error!(%error, "the audit's mirror cannot be written");
                broken = true;
            }
            Err(_) => {}
        }
        if went_on.is_none() {
            return;
        }
    }
}

/// Write what the mirror does not have yet.
async fn catch_up(store: &Store, file: &Path, largest: u64) -> anyhow::Result<()> {
    let named = || format!("the audit's mirror {}", file.display());
    let mut after = last_seq(file).with_context(named)?;
    loop {
        let rows = store.audit_entries(after, PAGE).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.seq;
        let mut lines = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut lines, &json!(row.redacted()?))?;
            lines.push(b'\n');
        }
        append(file, &lines, largest).with_context(named)?;
    }
}

/// The number of the last whole line; of the file that was put aside where the new one is empty.
fn last_seq(file: &Path) -> io::Result<i64> {
    for path in [file.to_owned(), aside(file, 1)] {
        let mut open = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        let length = open.metadata()?.len();
        open.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        open.read_to_end(&mut tail)?;
        let seq = |line: &[u8]| {
            let row: Value = serde_json::from_slice(line).ok()?;
            row["seq"].as_i64()
        };
        // A line that a crash cut off has no end; what comes next ends it.
        if let Some(last) = tail.split(|byte| *byte == b'\n').rev().find_map(seq) {
            return Ok(last);
        }
    }
    Ok(0)
}

fn append(file: &Path, lines: &[u8], largest: u64) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::metadata(file).is_ok_and(|known| known.len() >= largest) {
        for number in (1..KEPT).rev() {
            let (from, to) = (aside(file, number), aside(file, number + 1));
            if from.exists() {
                fs::rename(from, to)?;
            }
        }
        fs::rename(file, aside(file, 1))?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(file)?;
    let length = open.metadata()?.len();
    if length > 0 {
        let mut end = [0];
        open.seek(SeekFrom::Start(length - 1))?;
        open.read_exact(&mut end)?;
        if end != [b'\n'] {
            open.write_all(b"\n")?;
        }
    }
    open.write_all(lines)?;
    open.sync_data()
}

fn aside(file: &Path, number: u32) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{
        ManualClock, Principal, Stage, WorkspaceId,
        ledger::{Decision, Ledger as _, Outcome},
    };

    use super::*;

    async fn book() -> Store {
        store::open("sqlite::memory:", Arc::new(ManualClock::at(1_000)))
            .await
            .unwrap()
    }

    async fn records(store: &Store, calls: std::ops::Range<u32>) {
        for call in calls {
            let decision = Decision {
                call_id: format!("c{call}"),
                workspace: WorkspaceId::default(),
                at: 1,
                principal: Principal::local_operator().id,
                agent: Some("very-personal".to_owned()),
                origin: "stdio".to_owned(),
                tool: "discord_get_guild".to_owned(),
                risk: None,
                guild_id: None,
                channel_id: None,
                digest: String::new(),
                outcome: Outcome::Done,
                stage: Stage::ExecuteAndAudit,
                code: "ok".to_owned(),
                reason: "very-personal".to_owned(),
                rules: Vec::new(),
                policy_version: String::new(),
                duration_us: 0,
            };
            store.record(decision).await.unwrap();
        }
    }

    fn calls(files: &[PathBuf]) -> Vec<String> {
        let mut calls = Vec::new();
        for file in files {
            let text = fs::read_to_string(file).unwrap_or_default();
            calls.extend(text.lines().filter_map(|line| {
                let row: Value = serde_json::from_str(line).ok()?;
                Some(row["call_id"].as_str()?.to_owned())
            }));
        }
        calls
    }

    #[tokio::test]
    async fn every_row_is_mirrored_once_whatever_stops_in_between() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/audit.jsonl");
        let store = book().await;
        records(&store, 0..3).await;
        catch_up(&store, &file, LARGEST).await.unwrap();
        catch_up(&store, &file, LARGEST).await.unwrap();
        // A crash in the middle of a line.
        let mut open = OpenOptions::new().append(true).open(&file).unwrap();
        open.write_all(b"{\"seq\": 4, \"call_id\": \"c3\"").unwrap();
        records(&store, 3..5).await;
        catch_up(&store, &file, LARGEST).await.unwrap();
        assert_eq!(
            calls(std::slice::from_ref(&file)),
            ["c0", "c1", "c2", "c3", "c4"]
        );
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("very-personal"), "{text}");
    }

    #[tokio::test]
    async fn a_long_file_is_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("audit.jsonl");
        let store = book().await;
        for call in 0..8 {
            records(&store, call..call + 1).await;
            catch_up(&store, &file, 1).await.unwrap();
        }
        let files: Vec<PathBuf> = (1..=KEPT).rev().map(|n| aside(&file, n)).collect();
        assert_eq!(calls(&files), ["c3", "c4", "c5", "c6"]);
        assert_eq!(calls(std::slice::from_ref(&file)), ["c7"]);
        fs::remove_file(&file).unwrap();
        assert_eq!(last_seq(&file).unwrap(), 7);
        assert!(!aside(&file, KEPT + 1).exists());
    }
}
