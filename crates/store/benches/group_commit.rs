//! Acknowledged audit rows a second at 64 concurrent callers, beside the disk's own syncs in the same run.
//!
//! Prints one line of JSON. `p50_syncs` is the median wait of a caller, in syncs of this disk.
//! Run with `cargo bench -p store`; the directory to measure in may follow `--`.

mod decision;

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use model::{Clock, ManualClock, ledger::Ledger as _};
use serde_json::json;
use store::Store;

use crate::decision::decision;

const CALLERS: usize = 64;
const FOR: Duration = Duration::from_secs(3);
/// What one sync writes when the disk is measured alone: a page, as a small commit does.
const PAGE: [u8; 4096] = [0x5a; 4096];
/// Opening is measured this often; the median counts.
const OPENINGS: usize = 21;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = std::env::args_os().skip(1).find(|given| given != "--bench");
    let root = given.map_or_else(std::env::temp_dir, Into::into);
    let directory = tempfile::tempdir_in(root)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let syncs_before = syncs_per_second(&directory.path().join("page"))?;
    let path = directory.path().join("store.db");
    let (rows_per_second, median, open_ms) = runtime.block_on(measure(&path))?;
    let syncs_after = syncs_per_second(&directory.path().join("page"))?;
    let syncs = f64::midpoint(syncs_before, syncs_after);
    let result = json!({
        "benchmark": "store_group_commit",
        "callers": CALLERS,
        "rows_per_second": rows_per_second.round(),
        "fdatasync_per_second": syncs.round(),
        "rows_per_fdatasync": round(rows_per_second / syncs),
        "p50_ms": round(median.as_secs_f64() * 1000.0),
        "p50_syncs": round(median.as_secs_f64() * syncs),
        "open_ms": round(open_ms),
    });
    writeln!(io::stdout(), "{result}")?;
    Ok(())
}

async fn measure(path: &Path) -> Result<(f64, Duration, f64), Box<dyn std::error::Error>> {
    let url = format!("sqlite:{}", path.display());
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(1_790_000_000_000));
    store::open(&url, clock.clone()).await?.close().await;
    let mut openings = Vec::with_capacity(OPENINGS);
    for _ in 0..OPENINGS {
        let began = Instant::now();
        let store = store::open(&url, clock.clone()).await?;
        openings.push(began.elapsed());
        store.close().await;
    }
    openings.sort_unstable();

    let store = store::open(&url, clock).await?;
    store.record(decision(0)).await?;
    let began = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(call(store.clone(), began)))
        .collect();
    let mut waits = vec![];
    for caller in callers {
        waits.extend(caller.await??);
    }
    let elapsed = began.elapsed();
    store.close().await;
    waits.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a rate has no 53 bits to lose")]
    let rate = waits.len() as f64 / elapsed.as_secs_f64();
    let open_ms = openings[OPENINGS / 2].as_secs_f64() * 1000.0;
    Ok((rate, waits[waits.len() / 2], open_ms))
}

/// Write rows until the time is up; gives how long each was waited for.
async fn call(store: Store, began: Instant) -> Result<Vec<Duration>, model::ledger::StoreError> {
    let mut waits = vec![];
    while began.elapsed() < FOR {
        let asked = Instant::now();
        store.record(decision(0)).await?;
        waits.push(asked.elapsed());
    }
    Ok(waits)
}

fn syncs_per_second(path: &Path) -> io::Result<f64> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let began = Instant::now();
    let mut syncs = 0.0;
    while began.elapsed() < FOR / 3 {
        file.write_all(&PAGE)?;
        file.sync_data()?;
        syncs += 1.0;
    }
    Ok(syncs / began.elapsed().as_secs_f64())
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
