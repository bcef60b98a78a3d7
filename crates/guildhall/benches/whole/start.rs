//! From starting the process to `initialize` answered, beside a process that only gives the line
//! back.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use sandbox::Limits;

use crate::{
    figure::{Figure, Limit, Report, median},
    scene::{Database, Scene},
    stdio::{Client, initialize},
};

/// Each way is tried this often, in turn.
const ROUNDS: usize = 31;

/// What starting may take, in milliseconds.
const BY_ITSELF: Limit = Limit::Under(15.0);
const THIN: Limit = Limit::Under(5.0);

pub(crate) async fn measure(root: &Path, report: &mut Report) -> anyhow::Result<()> {
    let scene = Scene::new(root, Limits::off()).await?;
    let service = scene.serve(&[])?;
    let line = initialize();
    let (mut bare, mut own, mut thin) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(milliseconds(cat(), &line)?);
        own.push(milliseconds(
            scene.command(Database::File, &["mcp"]),
            &line,
        )?);
        let mut command = scene.command(Database::File, &["mcp"]);
        command.env("GATEWAY_URL", &service.url);
        thin.push(milliseconds(command, &line)?);
    }
    let bare = median(bare);
    let start = |name, ways, limit| {
        Figure::new(name, "ms", median(ways))
            .beside("/bin/cat", bare)
            .limit(limit)
    };
    report.tell(start("start_stdio", own, BY_ITSELF))?;
    report.tell(start("start_thin_client", thin, THIN))?;
    Ok(())
}

pub(crate) fn cat() -> Command {
    let mut command = Command::new("/bin/cat");
    command.env_clear();
    command
}

fn milliseconds(command: Command, line: &str) -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut client = Client::start(command)?;
    client.exchange(line)?;
    let took = began.elapsed();
    drop(client);
    Ok(took.as_secs_f64() / Duration::from_millis(1).as_secs_f64())
}
