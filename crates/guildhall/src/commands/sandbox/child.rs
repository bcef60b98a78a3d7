//! `guildhall sandbox -- COMMAND`: a command that finds the sandbox in its environment, as a test
//! suite in CI wants it.

use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use anyhow::Context as _;
use sandbox::Info;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::lifecycle;

/// How long a command may take to end after Ctrl-C, which its terminal sent to it as well.
const GRACE: Duration = Duration::from_secs(10);

/// Run it to its end; its exit code is the answer. A signal to this process ends it.
pub(super) async fn run(words: &[String], info: &Info) -> anyhow::Result<ExitCode> {
    let (program, arguments) = words.split_first().context("there is no command to run")?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(environment(info))
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("`{program}` cannot be started"))?;
    let stop = CancellationToken::new();
    lifecycle::cancel_on_signal(&stop);
    let status = tokio::select! {
        status = child.wait() => status?,
        () = stop.cancelled() => end(&mut child).await?,
    };
    Ok(code(status))
}

/// Where a bot finds the sandbox: the names that Guildhall reads itself, and whom to talk to.
fn environment(info: &Info) -> [(&'static str, String); 7] {
    [
        ("DISCORD_API_URL", info.api_url.clone()),
        ("DISCORD_GATEWAY_URL", info.gateway_url.clone()),
        ("DISCORD_CONTROL_URL", info.control_url.clone()),
        ("DISCORD_TOKEN", info.bot_token.clone()),
        ("DISCORD_BOT_TOKEN", info.bot_token.clone()),
        ("DISCORD_GUILD_ID", info.guild_id.to_string()),
        ("DISCORD_CHANNEL_ID", info.channel_id.to_string()),
    ]
}

async fn end(child: &mut Child) -> std::io::Result<ExitStatus> {
    if let Ok(ended) = tokio::time::timeout(GRACE, child.wait()).await {
        return ended;
    }
    child.kill().await?;
    child.wait().await
}

/// 128 and the signal's number, as shells say it, where a signal ended the command.
fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| signal_of(status));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> Option<i32> {
    None
}
