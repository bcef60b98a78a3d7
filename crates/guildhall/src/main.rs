//! The `guildhall` binary: reads the command line and the configuration, and runs one command.

mod asking;
mod cli;
mod clock;
mod commands;
mod config;
mod lifecycle;
mod logging;
mod mirror;
mod output;
mod policy_file;
mod secrets;
mod wiring;
mod witness;

use std::{io::Write as _, process::ExitCode, time::Duration};

use clap::Parser as _;

use crate::{
    cli::{Cli, Command, ConfigCommand, KeyCommand, PolicyCommand, ToolsCommand},
    commands::{
        approvals, audit, demo, doctor, key, mcp, policy, sandbox, serve, setup, tools, workspace,
    },
    config::{Config, Transport},
};

/// Reading standard input holds a thread that nothing can wake; the process does not wait for it.
const LAST_THREADS: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::anyhow!("threads cannot be started: {error}")),
    };
    let ended = runtime.block_on(Box::pin(run(cli)));
    runtime.shutdown_timeout(LAST_THREADS);
    ended.unwrap_or_else(|error| failed(&error))
}

/// Errors go to standard error, with what led to them.
fn failed(error: &anyhow::Error) -> ExitCode {
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some errors already quote their cause.
        if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    let _ = writeln!(std::io::stderr(), "guildhall: {said}");
    ExitCode::FAILURE
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // What only prints needs no configuration, so a broken file does not stand in its way.
    match &cli.command {
        Command::Setup(args) => return setup::run(args).map(|()| ExitCode::SUCCESS),
        Command::Tools(ToolsCommand::Show { name, json }) => {
            return tools::show(name, *json).map(|()| ExitCode::SUCCESS);
        }
        _ => {}
    }
    let sources = config::sources(&cli)?;
    if let Command::Config(ConfigCommand::Show { json }) = &cli.command {
        return commands::config::show(&sources, *json).map(|()| ExitCode::SUCCESS);
    }
    if let Command::Policy(PolicyCommand::Check { file }) = &cli.command {
        return policy::check(file.as_deref(), &sources);
    }
    let config = Config::parse(&sources)?;
    logging::install(&config.log_filter, config.log_format)?;
    match cli.command {
        Command::Demo(args) => return Box::pin(demo::run(&args, config)).await,
        Command::Serve(args) => Box::pin(serve::run(&args, config)).await?,
        Command::Mcp(_) if config.transport == Transport::Http => {
            Box::pin(serve::run(&cli::ServeArgs::default(), config)).await?;
        }
        Command::Mcp(_) => Box::pin(mcp::run(config)).await?,
        Command::Sandbox(args) => return Box::pin(sandbox::run(&args)).await,
        Command::Tools(ToolsCommand::List(args)) => tools::list(&args, &config)?,
        Command::Tools(ToolsCommand::Call {
            name,
            arguments,
            json,
        }) => {
            return Box::pin(tools::call(&name, &arguments, json, config)).await;
        }
        Command::Doctor(args) => return Box::pin(doctor::run(&args, &sources, config)).await,
        Command::Key(command) => {
            let store = wiring::open_store(&config).await?;
            let office = wiring::office(&store);
            let ran = match command {
                KeyCommand::Create {
                    name,
                    workspace,
                    role,
                    user,
                    scopes,
                    expires,
                    json,
                } => {
                    let wish = key::Wish {
                        name,
                        workspace,
                        role,
                        user,
                        scopes,
                        expires,
                    };
                    key::create(&office, wish, json).await
                }
                KeyCommand::List { json } => key::list(&office, json).await,
                KeyCommand::Revoke { name } => key::revoke(&office, &name).await,
            };
            store.close().await;
            ran?;
        }
        Command::Workspace(command) => {
            let store = wiring::open_store(&config).await?;
            let ran = workspace::run(&wiring::office(&store), command).await;
            store.close().await;
            ran?;
        }
        Command::Audit(command) => return Box::pin(audit::run(command, &config)).await,
        Command::Undo(args) => return Box::pin(commands::undo::run(args, config)).await,
        Command::Approvals(command) => {
            return Box::pin(approvals::run(command, &config)).await;
        }
        Command::Policy(command) => return Box::pin(policy::run(command, &config)).await,
        Command::Setup(_) | Command::Config(_) | Command::Tools(ToolsCommand::Show { .. }) => {}
    }
    Ok(ExitCode::SUCCESS)
}
