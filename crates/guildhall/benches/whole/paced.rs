//! What a call that reads 50 messages costs the processor at the pace at which agents work,
//! beside a forwarder that only hands the bytes on.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use sandbox::Limits;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    figure::{Figure, Limit, Report, median},
    http::{self, Connection, Prepared},
    process::Process,
    reference,
    scene::Scene,
};

const MESSAGES: usize = 50;
/// 20 calls a second: few enough that the pace towards Discord makes none of them wait.
const PACE: Duration = Duration::from_millis(50);
const CALLS: u32 = 160;
const WARM_UP: u32 = 20;

/// Microseconds of a processor.
const LIMIT: Limit = Limit::Under(700.0);

pub(crate) async fn measure(root: &Path, report: &mut Report) -> anyhow::Result<()> {
    let scene = Scene::new(root, Limits::off()).await?;
    let info = scene.sandbox.info();
    let ada = scene
        .sandbox
        .person("ada")
        .context("the world has an ada")?;
    for number in 0..MESSAGES {
        let words =
            format!("Message {number}: the hall opens at nine, bring what you have written.");
        let said = ada.says(info.channel_id, &words).await;
        ensure!(said.is_ok(), "ada cannot speak: {said:?}");
    }
    let url = format!(
        "{}/channels/{}/messages?limit={MESSAGES}",
        info.api_url, info.channel_id
    );
    let mut forwarder = Process::start(reference::command("forward", &[&url, &info.bot_token])?)?;
    let mut address = String::new();
    BufReader::new(forwarder.output()?).read_line(&mut address)?;
    let bare = paced(&http::get(address.trim())?, &forwarder).await?;

    let key = scene.key()?;
    let arguments = json!({ "channel_id": info.channel_id.to_string(), "limit": MESSAGES });
    for (names, options, limit) in [
        (
            ["read_50_processor", "read_50_wait"],
            &["--require-key", "--gateway"][..],
            Some(LIMIT),
        ),
        (
            ["read_50_processor_deaf", "read_50_wait_deaf"],
            &["--require-key"][..],
            None,
        ),
    ] {
        let service = scene.serve(options)?;
        let call = http::call(&service.url, &key, "discord_get_messages", &arguments)?;
        let ours = paced(&call, &service.process).await?;
        let mut figure =
            Figure::new(names[0], "µs/call", ours.processor).beside("a forwarder", bare.processor);
        if let Some(limit) = limit {
            figure = figure.limit(limit);
        }
        report.tell(figure)?;
        report.tell(Figure::new(names[1], "ms p50", ours.wait).beside("a forwarder", bare.wait))?;
    }
    Ok(())
}

struct Cost {
    /// Microseconds of a processor for each call.
    processor: f64,
    /// Milliseconds that the caller waited, at the median.
    wait: f64,
}

async fn paced(request: &Prepared, process: &Process) -> anyhow::Result<Cost> {
    let mut connection = Connection::open(request).await?;
    let body = connection.send().await?;
    ensure!(
        body.len() > MESSAGES * 50,
        "few bytes: {}",
        String::from_utf8_lossy(body)
    );
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = 0.0;
    let mut waits = Vec::new();
    for number in 0..WARM_UP + CALLS {
        pace.tick().await;
        if number == WARM_UP {
            before = process.processor_time()?;
            waits.clear();
        }
        let asked = Instant::now();
        connection.send().await?;
        waits.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    let processor = (process.processor_time()? - before) / f64::from(CALLS);
    Ok(Cost {
        processor,
        wait: median(waits),
    })
}
