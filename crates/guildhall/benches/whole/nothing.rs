//! Calls that do nothing in Discord, one and many in flight: what protocol, authentication, gate
//! and record cost. The record is on disk before the answer, so the disk's syncs bound them.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    time::Duration,
};

use sandbox::Limits;
use serde_json::{Value, json};

use crate::{
    disk,
    figure::{Figure, Limit, Report, median},
    http,
    process::Process,
    reference,
    scene::{Database, Scene},
    stdio::{self, Client},
};

const TOOL: &str = "discord_find_tools";
const MANY: usize = 32;
const FOR: Duration = Duration::from_millis(1500);
const WARM_UP: Duration = Duration::from_millis(500);
/// Ours and the reference in turn; the median counts.
const ROUNDS: usize = 3;

const STDIO: Limit = Limit::Reach(45_000.0);
const HTTP: Limit = Limit::RatioReach(0.4);

fn arguments() -> Value {
    json!({ "query": "pins" })
}

pub(crate) async fn over_stdio(root: &Path, report: &mut Report) -> anyhow::Result<()> {
    let scene = Scene::new(root, Limits::off()).await?;
    let params = json!({ "name": TOOL, "arguments": arguments() });
    let mut ours = Client::open(scene.command(Database::File, &["mcp"]))?;
    let mut unsynced = Client::open(scene.command(Database::Memory, &["mcp"]))?;

    let answer = stdio::structured(ours.ask("tools/call", &params)?)?;
    let path = scene.path("answer.json");
    fs::write(&path, answer.to_string())?;
    let mut bare = Client::open(reference::command(
        "echo-stdio",
        &[&path.to_string_lossy()],
    )?)?;

    for client in [&mut ours, &mut unsynced, &mut bare] {
        client.flood(&params, MANY, WARM_UP)?;
    }
    for (in_flight, [name, name_unsynced, name_synced], limit) in [
        (
            1,
            [
                "nothing_stdio_1",
                "nothing_stdio_1_no_disk",
                "nothing_stdio_1_to_syncs",
            ],
            None,
        ),
        (
            MANY,
            [
                "nothing_stdio_32",
                "nothing_stdio_32_no_disk",
                "nothing_stdio_32_to_syncs",
            ],
            Some(STDIO),
        ),
    ] {
        let mut rates = [const { Vec::new() }; 3];
        let mut syncs = Vec::new();
        for _ in 0..ROUNDS {
            syncs.push(disk::syncs_per_second(scene.folder())?);
            for (rates, client) in rates.iter_mut().zip([&mut ours, &mut unsynced, &mut bare]) {
                rates.push(client.flood(&params, in_flight, FOR)?);
            }
        }
        let [ours, unsynced, bare] = rates.map(median);
        let beside = "the same transport around an echo";
        let mut figure = Figure::new(name, "calls/s", ours).beside(beside, bare);
        if let Some(limit) = limit {
            figure = figure.limit(limit);
        }
        report.tell(figure)?;
        report.tell(Figure::new(name_unsynced, "calls/s", unsynced).beside(beside, bare))?;
        let syncs = median(syncs);
        report.tell(Figure::new(name_synced, "calls/s", ours).beside("fdatasync", syncs))?;
    }
    Ok(())
}

pub(crate) async fn over_http(root: &Path, report: &mut Report) -> anyhow::Result<()> {
    let scene = Scene::new(root, Limits::off()).await?;
    let key = scene.key()?;
    let service = scene.serve(&["--require-key"])?;
    let ours = http::call(&service.url, &key, TOOL, &arguments())?;

    let path = scene.path("answer.json");
    fs::write(&path, http::Connection::open(&ours).await?.send().await?)?;
    let mut process = Process::start(reference::command("echo-http", &[&path.to_string_lossy()])?)?;
    let mut url = String::new();
    BufReader::new(process.output()?).read_line(&mut url)?;
    let bare = http::call(url.trim(), &key, TOOL, &arguments())?;

    for request in [&ours, &bare] {
        http::flood(request, MANY, WARM_UP).await?;
    }
    for (in_flight, name, limit) in [
        (1, "nothing_http_1", None),
        (MANY, "nothing_http_32", Some(HTTP)),
    ] {
        let mut rates = [const { Vec::new() }; 2];
        for _ in 0..ROUNDS {
            for (rates, request) in rates.iter_mut().zip([&ours, &bare]) {
                rates.push(http::flood(request, in_flight, FOR).await?);
            }
        }
        let [ours, bare] = rates.map(median);
        let mut figure = Figure::new(name, "calls/s", ours).beside("axum echo", bare);
        if let Some(limit) = limit {
            figure = figure.limit(limit);
        }
        report.tell(figure)?;
    }
    Ok(())
}
