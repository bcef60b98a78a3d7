//! What the disk allows: every answer waits for a sync, many may share one.

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use crate::figure::{Figure, Report};

const FOR: Duration = Duration::from_secs(1);
/// What a small commit writes.
const PAGE: [u8; 4096] = [0x5a; 4096];

pub(crate) fn measure(root: &Path, report: &mut Report) -> anyhow::Result<()> {
    let rate = syncs_per_second(root)?;
    report.tell(Figure::new("disk_fdatasync", "syncs/s", rate))?;
    Ok(())
}

fn syncs_per_second(root: &Path) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir_in(root)?;
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.path().join("pages"))?;
    let began = Instant::now();
    let mut syncs = 0.0;
    while began.elapsed() < FOR {
        file.write_all(&PAGE)?;
        file.sync_data()?;
        syncs += 1.0;
    }
    Ok(syncs / began.elapsed().as_secs_f64())
}
