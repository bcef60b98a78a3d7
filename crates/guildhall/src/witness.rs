//! The witness of the audit: a file beside (better: away from) the database that gets a copy of
//! every signed checkpoint, so that whoever puts an old database back is found out.

use std::{
    fs::{self, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use store::{Checkpoint, Store};
use tokio_util::sync::CancellationToken;

/// The longest line that is read; a checkpoint has under 1,000 bytes.
const MAX_LINE: usize = 4_096;
/// The longest witness that is read, in lines: one every minute for three years.
const MAX_LINES: usize = 1_600_000;

/// Write a checkpoint after every interval, and one at the end. Ends soon after `stop`.
pub(crate) async fn watch(
    store: Store,
    witness: Option<PathBuf>,
    every: Duration,
    stop: CancellationToken,
) {
    loop {
        let went_on = stop.run_until_cancelled(tokio::time::sleep(every)).await;
        if let Err(error) = sign(&store, witness.as_deref()).await {
            tracing::error!(%error, "the audit's checkpoint was not kept");
        }
        if went_on.is_none() {
            return;
        }
    }
}

/// Write a checkpoint of each workspace's chain, and its copy.
pub(crate) async fn sign(store: &Store, witness: Option<&Path>) -> anyhow::Result<Vec<Checkpoint>> {
    let signed = store.checkpoint().await?;
    if let Some(path) = witness {
        for checkpoint in &signed {
            append(path, checkpoint)
                .with_context(|| format!("the witness {} cannot be written", path.display()))?;
        }
    }
    Ok(signed)
}

fn append(path: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // One write, so that instances that share the file do not mix their lines.
    let mut line = serde_json::to_vec(checkpoint)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_data()
}

/// Every checkpoint of a witness; none where there is no file yet. A last line that was cut off by a
/// crash is left out: what it would have said is still in the database.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Checkpoint>> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("the witness {}", path.display()))?,
    };
    let mut seen = Vec::new();
    let mut lines = BufReader::new(file);
    for number in 1..=MAX_LINES {
        let mut line = Vec::new();
        let mut limited = io::Read::take(&mut lines, MAX_LINE as u64);
        let length = limited.read_until(b'\n', &mut line)?;
        if length == 0 || line.last() != Some(&b'\n') && length < MAX_LINE {
            return Ok(seen);
        }
        let checkpoint = serde_json::from_slice(&line).with_context(|| {
            format!(
                "line {number} of the witness {} is no checkpoint",
                path.display()
            )
        })?;
        seen.push(checkpoint);
    }
    anyhow::bail!(
        "the witness {} has more than {MAX_LINES} lines; move the older ones away",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(number: i64) -> Checkpoint {
        Checkpoint {
            workspace: "default".to_owned(),
            number,
            at: 1,
            link: 0,
            seq: 0,
            hash: "0".repeat(64),
            previous: "0".repeat(64),
            signer: "1".repeat(64),
            signature: "2".repeat(128),
        }
    }

    #[test]
    fn what_was_appended_is_read_and_half_a_line_is_not_held_against_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/witness.jsonl");
        assert_eq!(read(&path).unwrap(), []);
        append(&path, &checkpoint(1)).unwrap();
        append(&path, &checkpoint(2)).unwrap();
        assert_eq!(read(&path).unwrap(), [checkpoint(1), checkpoint(2)]);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"workspace\":\"def").unwrap();
        assert_eq!(read(&path).unwrap().len(), 2);
    }

    #[test]
    fn a_line_that_is_no_checkpoint_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness.jsonl");
        append(&path, &checkpoint(1)).unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{}\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("line 2"));
    }
}
