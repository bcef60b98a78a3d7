//! `guildhall demo`: a simulated Discord with the service beside it, on embedded defaults.

mod greeting;
mod story;
mod transcript;

use std::process::ExitCode;

use anyhow::Context as _;
use sandbox::Sandbox;
use tokio_util::sync::CancellationToken;

use crate::{cli::DemoArgs, commands::serve, config::Config, wiring::House};

/// Run the demo until Ctrl-C, or the story once.
pub(crate) async fn run(args: &DemoArgs, mut config: Config) -> anyhow::Result<ExitCode> {
    let sandbox = Sandbox::start(sandbox::Config {
        seed: args.seed,
        ..Default::default()
    })
    .await
    .context("the simulated Discord did not start")?;
    let folder = tempfile::tempdir().context("no temporary folder for the demo's database")?;
    config.database_url = format!("sqlite:{}", folder.path().join("demo.db").display()).into();
    config.gateway = true;
    serve::point_at(&mut config, &sandbox.info());
    if args.once {
        config.listen.set_port(0);
    }

    let stop = CancellationToken::new();
    let house = House::build(config, stop.clone()).await?;
    house.listen();
    let service = serve::start(&house).await?;

    let code = if args.once {
        let told = story::play(&sandbox, &service.mcp_url()).await;
        transcript::print(&told, args.json)?
    } else {
        greeting::print(&sandbox.info(), &service, args.json)?;
        serve::until_stopped(&stop).await;
        ExitCode::SUCCESS
    };
    service.stop().await;
    house.close().await;
    sandbox.stop().await;
    Ok(code)
}
