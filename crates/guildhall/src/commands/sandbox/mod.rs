//! `guildhall sandbox`: only the simulated Discord.

mod child;

use std::{net::SocketAddr, process::ExitCode};

use sandbox::{Config, Info, Sandbox};
use tokio_util::sync::CancellationToken;

use crate::{cli::SandboxArgs, commands::serve, output};

/// Where it listens when nobody says: a port that people can remember.
const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4000);

/// Serve it until a signal, or for as long as a command runs.
pub(crate) async fn run(args: &SandboxArgs) -> anyhow::Result<ExitCode> {
    let mut listen = args.listen.unwrap_or(LISTEN);
    if args.listen.is_none() && !args.command.is_empty() {
        // Several suites may run beside each other; nobody has to know the port.
        listen.set_port(0);
    }
    let config = Config {
        listen,
        seed: args.seed,
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
    sandbox.stop().await;
    code
}

fn say_where(info: &Info, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json_line(info);
    }
    output::line(&format!(
        "A simulated Discord is running. Nothing here leaves this machine.

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
