//! A sandbox, a folder, and the release binary pointed at both.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use sandbox::{Limits, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

use crate::{SEED, process::Process};

/// Pace is not what is measured, so the policy's is out of the way.
const POLICY: &str = "[policy.rates]\nread = 60000000\nwrite = 60000000\ndestructive = 60000000\n";

/// Where the database is.
#[derive(Clone, Copy)]
pub(crate) enum Database {
    File,
    Memory,
}

pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    folder: TempDir,
    binary: PathBuf,
}

/// A running service.
pub(crate) struct Hall {
    pub(crate) process: Process,
    /// `http://127.0.0.1:PORT/mcp`
    pub(crate) url: String,
}

impl Scene {
    pub(crate) async fn new(root: &Path, limits: Limits) -> anyhow::Result<Self> {
        let config = sandbox::Config {
            seed: SEED,
            limits,
            ..Default::default()
        };
        let folder = tempfile::tempdir_in(root)?;
        fs::write(folder.path().join("guildhall.toml"), POLICY)?;
        Ok(Self {
            sandbox: Sandbox::start(config).await?,
            folder,
            binary: PathBuf::from(env!("CARGO_BIN_EXE_guildhall")),
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `guildhall ARGUMENTS`, with nothing in its environment but the sandbox and the database.
    pub(crate) fn command(&self, database: Database, arguments: &[&str]) -> Command {
        let info = self.sandbox.info();
        let database = match database {
            Database::File => format!("sqlite:{}", self.path("guildhall.db").display()),
            Database::Memory => "sqlite::memory:".to_owned(),
        };
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.path("home"))
            .env("DATABASE_URL", database)
            .env("DISCORD_TOKEN", info.bot_token)
            .env("DISCORD_API_URL", info.api_url)
            .env("DISCORD_GATEWAY_URL", info.gateway_url)
            .current_dir(self.folder.path());
        command
    }

    /// Use a copy of the binary from now on, so that its pages are not shared with the original's.
    pub(crate) fn use_a_copy(&mut self) -> anyhow::Result<()> {
        let copy = self.path("guildhall");
        fs::copy(&self.binary, &copy)?;
        self.binary = copy;
        Ok(())
    }

    /// An API key that may do everything.
    pub(crate) fn key(&self) -> anyhow::Result<String> {
        let made = self
            .command(Database::File, &["key", "create", "bench", "--json"])
            .output()?;
        ensure!(
            made.status.success(),
            "no key: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let made: Value = serde_json::from_slice(&made.stdout)?;
        Ok(made["key"]
            .as_str()
            .context("the key is not told")?
            .to_owned())
    }

    /// Start the service on a free port.
    pub(crate) fn serve(&self, arguments: &[&str]) -> anyhow::Result<Hall> {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--json"];
        all.extend(arguments);
        let mut process = Process::start(self.command(Database::File, &all))?;
        let mut line = String::new();
        BufReader::new(process.output()?).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).context("the service did not start")?;
        let url = ready["mcp_url"]
            .as_str()
            .context("the service is nowhere")?
            .to_owned();
        Ok(Hall { process, url })
    }
}
