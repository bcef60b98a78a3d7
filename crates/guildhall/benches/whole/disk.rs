//! What the disk allows: every answer waits for a sync, many may share one.

use std::{
    fs::OpenOptions,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    time::{Duration, Instant},
};

const FOR: Duration = Duration::from_millis(500);
/// What a small commit writes.
const PAGE: [u8; 4096] = [0x5a; 4096];
/// Pages written in turn; like a write-ahead log, the file has its length already.
const PAGES: u64 = 256;

/// `fdatasync`s a second in this folder.
pub(crate) fn syncs_per_second(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join("pages");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    file.set_len(0)?;
    for _ in 0..PAGES {
        file.write_all(&PAGE)?;
    }
    file.sync_all()?;
    let began = Instant::now();
    let mut syncs = 0.0;
    for page in (0..PAGES).cycle() {
        if began.elapsed() >= FOR {
            break;
        }
        file.seek(SeekFrom::Start(page * 4096))?;
        file.write_all(&PAGE)?;
        file.sync_data()?;
        syncs += 1.0;
    }
    Ok(syncs / began.elapsed().as_secs_f64())
}
