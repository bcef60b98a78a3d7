//! `guildhall sandbox`: only the simulated Discord.

use sandbox::{Config, Sandbox};
use tokio_util::sync::CancellationToken;

use crate::{cli::SandboxArgs, commands::serve, output};

/// Serve it until a signal.
pub(crate) async fn run(args: &SandboxArgs) -> anyhow::Result<()> {
    let config = Config {
        listen: args.listen,
        seed: args.seed,
        ..Default::default()
    };
    let sandbox = Sandbox::start(config).await?;
    let info = sandbox.info();
    if args.json {
        output::json_line(&info)?;
    } else {
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
    }
    serve::until_stopped(&CancellationToken::new()).await;
    sandbox.stop().await;
    Ok(())
}
