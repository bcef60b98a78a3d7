//! Many calls in flight on one channel of a Discord that is far away and keeps its limits.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::ensure;
use sandbox::{Fault, FaultKind, Limits};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    figure::{Figure, Limit, Report, quantile},
    http::{self, Connection},
    scene::Scene,
};

const IN_FLIGHT: usize = 16;
const AWAY_MS: u64 = 60;
const WARM_UP: Duration = Duration::from_secs(2);
const FOR: Duration = Duration::from_secs(8);

const RATE: Limit = Limit::Reach(45.0);
/// Milliseconds: nobody is forgotten for longer than Discord's own second.
const STALL: Limit = Limit::Under(1000.0);

pub(crate) async fn measure(root: &Path, report: &mut Report) -> anyhow::Result<()> {
    let limits = Limits::default();
    // The route's own bucket allows as much as the limit over all routes.
    let allowed = f64::from(limits.global_per_second);
    let scene = Scene::new(root, limits).await?;
    let info = scene.sandbox.info();
    let key = scene.key()?;
    let service = scene.serve(&["--require-key", "--gateway"])?;
    let mut far = Fault::of(FaultKind::Latency);
    far.latency_ms = Some(AWAY_MS);
    far.count = 1_000_000;
    let broken = scene.sandbox.break_rest(far);
    ensure!(broken.is_ok(), "latency cannot be had: {broken:?}");

    let arguments = json!({ "channel_id": info.channel_id.to_string(), "limit": 50 });
    let call = http::call(&service.url, &key, "discord_get_messages", &arguments)?;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let mut connection = Connection::open(&call).await?;
        tasks.spawn(async move {
            let mut waits = Vec::new();
            while began.elapsed() < WARM_UP + FOR {
                let asked = Instant::now();
                connection.send().await?;
                if (WARM_UP..WARM_UP + FOR).contains(&began.elapsed()) {
                    waits.push(asked.elapsed().as_secs_f64() * 1000.0);
                }
            }
            anyhow::Ok(waits)
        });
    }
    let mut waits = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        waits.extend(ended??);
    }
    let done = f64::from(u32::try_from(waits.len())?);
    let beside = "the limit over all routes";
    report.tell(
        Figure::new("one_channel_16", "calls/s", done / FOR.as_secs_f64())
            .beside(beside, allowed)
            .limit(RATE),
    )?;
    report.tell(
        Figure::new("one_channel_16_p99", "ms", quantile(waits.clone(), 0.99)).limit(STALL),
    )?;
    report.tell(Figure::new(
        "one_channel_16_longest",
        "ms",
        quantile(waits, 1.0),
    ))?;
    let invalid = f64::from(u32::try_from(scene.sandbox.invalid_requests())?);
    report.tell(Figure::new("one_channel_16_refused", "429s", invalid).limit(Limit::Under(0.0)))?;
    Ok(())
}
