//! `guildhall sandbox`: only the simulated Discord.

mod child;
mod start;

use std::{fs, net::SocketAddr, process::ExitCode};

use anyhow::Context as _;

use sandbox::{Config, Info, Sandbox};
pub(crate) use start::start;
use tokio_util::sync::CancellationToken;

use crate::{cli::SandboxArgs, commands::serve, output};

/// Where it listens when nobody says: a port that people can remember.
const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4000);

/// Serve it until a signal, or for as long as a command runs.
pub(crate) async fn run(args: &SandboxArgs) -> anyhow::Result<ExitCode> {
    if args.worlds {
        start::list();
        return Ok(ExitCode::SUCCESS);
    }
    let mut listen = args.listen.unwrap_or(LISTEN);
    if args.listen.is_none() && !args.command.is_empty() {
        // Several suites may run beside each other; nobody has to know the port.
        listen.set_port(0);
    }
    let config = Config {
        listen,
        seed: args.seed,
        start: start(&args.world)?,
        ..Default::default()
    };
    let sandbox = Sandbox::start(config).await?;
    let info = sandbox.info();
    let code = if args.command.is_empty() {
        say_where(&info, args.json)?;
        serve::until_stopped(&CancellationToken::new()).await;
        Ok(ExitCode::SUCCESS)
    } else {
        child::run(&args.command, &info).await
    };
    if let Some(path) = &args.save {
        // Written beside it first, so that an older one is not lost on a full disk.
        let fresh = path.with_extension("new");
        fs::write(&fresh, sandbox.snapshot().write())
            .and_then(|()| fs::rename(&fresh, path))
            .with_context(|| format!("the world was not saved in {}", path.display()))?;
    }
    sandbox.stop().await;
    code
}

fn say_where(info: &Info, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json_line(info);
    }
    output::line(&format!(
        "A simulated Discord is running. Nothing here leaves this machine.

  Page       {}   (live there, and watch)
  REST       {}
  Gateway    {}
  Control    {}   (people act here)
  Bot token  {}
  Guild      {}
  Channel    {}

Point a bot at it:

  export DISCORD_API_URL={}
  export DISCORD_TOKEN={}

Ctrl-C stops it.",
        info.page_url(),
        info.api_url,
        info.gateway_url,
        info.control_url,
        info.bot_token,
        info.guild_id,
        info.channel_id,
        info.api_url,
        info.bot_token,
    ));
    Ok(())
}
