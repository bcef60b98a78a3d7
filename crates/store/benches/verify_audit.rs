//! Audit rows a second that `audit verify` reads and checks, beside hashing alone in the same run.
//!
//! Prints one line of JSON. Run with `cargo bench -p store --bench verify_audit`.

mod decision;

use std::{
    io::{self, Write as _},
    sync::Arc,
    time::Instant,
};

use model::{Clock, ManualClock, ledger::Ledger as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{AuditKey, Trust};

use crate::decision::decision;

const ROWS: usize = 50_000;
/// Callers at once while the rows are written, so that they share commits.
const CALLERS: usize = 64;
/// About what the canonical form of a row is, in bytes.
const ROW_BYTES: usize = 900;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let url = format!("sqlite:{}", directory.path().join("store.db").display());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let (written, verified) = runtime.block_on(measure(&url))?;
    let hashed = hashed();
    let result = json!({
        "benchmark": "store_verify_audit",
        "rows": ROWS,
        "written_rows_per_second": written.round(),
        "verified_rows_per_second": verified.round(),
        "hashes_per_second": hashed.round(),
        "ratio_to_hashing": (verified / hashed * 1000.0).round() / 1000.0,
    });
    writeln!(io::stdout(), "{result}")?;
    Ok(())
}

async fn measure(url: &str) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(1_790_000_000_000));
    let key = AuditKey::from_seed([7; 32]);
    let store = store::open_sealed(url, clock, key.clone()).await?;
    let began = Instant::now();
    let writers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..ROWS / CALLERS {
                    store.record(decision(number)).await?;
                }
                Ok::<(), model::ledger::StoreError>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    let written = rate(ROWS / CALLERS * CALLERS, began);
    let trust = Trust {
        key: Some(key),
        signers: Vec::new(),
        witness: Vec::new(),
    };
    let began = Instant::now();
    let report = store.verify_audit(&trust).await?;
    let rows = usize::try_from(report.rows)?;
    let verified = rate(rows, began);
    store.close().await;
    if report.problem.is_some() || rows != ROWS / CALLERS * CALLERS {
        return Err(format!("the audit does not verify: {report:?}").into());
    }
    Ok((written, verified))
}

/// SHA-256 over texts of a row's size.
fn hashed() -> f64 {
    let text = [0x61_u8; ROW_BYTES];
    let began = Instant::now();
    let mut last = Sha256::digest(text);
    for _ in 1..ROWS {
        last = Sha256::new()
            .chain_update(last)
            .chain_update(text)
            .finalize();
    }
    std::hint::black_box(last);
    rate(ROWS, began)
}

fn rate(rows: usize, began: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate has no 53 bits to lose")]
    let rows = rows as f64;
    rows / began.elapsed().as_secs_f64()
}
