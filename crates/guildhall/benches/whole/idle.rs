//! What each way of running holds in memory while nothing happens.

use std::{path::Path, time::Duration};

use sandbox::Limits;
use tokio::time::sleep;

use crate::{
    figure::{Figure, Limit, Report},
    scene::{Database, Scene},
    start::cat,
    stdio::{Client, initialize},
};

/// After this long a process that was opened has come to rest.
const REST: Duration = Duration::from_secs(1);

/// MiB.
const THIN: Limit = Limit::Under(8.0);
const SERVICE: Limit = Limit::Under(30.0);

pub(crate) async fn measure(root: &Path, report: &mut Report) -> anyhow::Result<()> {
    let mut behind = Scene::new(root, Limits::off()).await?;
    behind.use_a_copy()?;
    let scene = Scene::new(root, Limits::off()).await?;

    let mut bare = Client::start(cat())?;
    bare.exchange(&initialize())?;
    let bare = bare.process.memory()?;
    let mut tell = |name, memory: f64, limit| {
        report.tell(
            Figure::new(name, "MiB PSS", memory)
                .beside("/bin/cat", bare)
                .limit(limit),
        )
    };

    // One after another: processes of one file would share its pages, and look smaller.
    let service = behind.serve(&[])?;
    let mut command = scene.command(Database::File, &["mcp"]);
    command.env("GATEWAY_URL", &service.url);
    let thin = Client::open(command)?;
    sleep(REST).await;
    tell("idle_thin_client", thin.process.memory()?, THIN)?;
    drop(thin);

    let own = Client::open(scene.command(Database::File, &["mcp"]))?;
    sleep(REST).await;
    tell("idle_stdio", own.process.memory()?, SERVICE)?;
    drop(own);

    let service = scene.serve(&["--gateway"])?;
    sleep(REST).await;
    tell("idle_service", service.process.memory()?, SERVICE)?;
    Ok(())
}
