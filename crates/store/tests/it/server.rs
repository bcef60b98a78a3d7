//! A private PostgreSQL on a free port, which lives as long as somebody uses it and dies with this
//! process, however that ends.

use std::{
    fs,
    io::{self, BufRead as _, BufReader},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// Another process may take a port between our finding it and the server's binding it.
const ATTEMPTS: usize = 3;
/// The users that a server can run as when we are root, which PostgreSQL refuses to be.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// A server of our own.
pub(crate) struct Server {
    /// A shell that ends the server when our end of its input closes.
    keeper: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

pub(crate) fn shared() -> io::Result<Arc<Server>> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return Ok(server);
    }
    let server = Arc::new(Server::start()?);
    *shared = Arc::downgrade(&server);
    Ok(server)
}

impl Server {
    pub(crate) fn url(&self) -> String {
        format!("postgres://tester@127.0.0.1:{}/postgres", self.port)
    }

    fn start() -> io::Result<Self> {
        let programs = programs()?;
        let directory = tempfile::tempdir()?;
        // The server's user, if it is another, must come in here.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777))?;
        let user = user()?;
        let data = directory.path().join("data");
        let made = as_user(user, &programs.join("initdb"))
            .args([
                "--username=tester",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .args(["--no-sync", "--pgdata"])
            .arg(&data)
            .current_dir(directory.path())
            .output()?;
        if !made.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&made.stderr)));
        }
        let mut last = io::Error::other("never tried");
        for _ in 0..ATTEMPTS {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            match keeper(user, &programs, &data, port) {
                Ok(keeper) => {
                    return Ok(Self {
                        keeper,
                        port,
                        _directory: directory,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        drop(self.keeper.wait());
    }
}

/// Start a server under a shell that watches over it, and wait until it says that it is ready.
fn keeper(user: Option<&str>, programs: &Path, data: &Path, port: u16) -> io::Result<Child> {
    const SCRIPT: &str = r#"exec 3<&0
"$0" -D "$1" -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
    -c lc_messages=C -c logging_collector=off -c log_destination=stderr 3<&- </dev/null &
server=$!
( read -r _ <&3; kill -QUIT "$server" ) 2>/dev/null &
exec 3<&-
wait "$server""#;
    let mut keeper = as_user(user, Path::new("/bin/sh"))
        .args(["-c", SCRIPT])
        .arg(programs.join("postgres"))
        .arg(data)
        .arg(port.to_string())
        .current_dir(data.parent().unwrap_or(data))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let log = keeper.stderr.take().map(BufReader::new);
    let mut log = log.ok_or_else(|| io::Error::other("the server has no log"))?;
    let (mut line, mut told) = (String::new(), String::new());
    while log.read_line(&mut line)? > 0 {
        if line.contains("ready to accept connections") {
            // Somebody must read on, or the server blocks when the pipe is full.
            std::thread::spawn(move || io::copy(&mut log, &mut io::sink()));
            return Ok(keeper);
        }
        told.push_str(&line);
        line.clear();
    }
    drop(keeper.stdin.take());
    keeper.wait()?;
    Err(io::Error::other(told))
}

/// The directory of PostgreSQL's programs: what `pg_config` says, where Debian's packages put
/// them, or in PATH.
pub(crate) fn programs() -> io::Result<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.map(|told| PathBuf::from(String::from_utf8_lossy(&told.stdout).trim()));
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let versions = versions.flatten().map(|version| version.path().join("bin"));
    told.into_iter()
        .chain(versions)
        .chain(path())
        .find(|place| place.join("initdb").exists() && place.join("postgres").exists())
        .ok_or_else(|| io::Error::other("initdb and postgres are not installed"))
}

fn path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

/// Whom to become before starting a server: nobody else, unless we are root.
fn user() -> io::Result<Option<&'static str>> {
    let told = |arguments: &[&str]| Command::new("id").args(arguments).output();
    if told(&["-u"])?.stdout != b"0\n" {
        return Ok(None);
    }
    for user in USERS {
        if told(&["-u", user])?.status.success() {
            return Ok(Some(user));
        }
    }
    Err(io::Error::other(
        "we are root, and there is no other user to run a server",
    ))
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else {
        return Command::new(program);
    };
    // By su, which every system has; its shell only makes way for the program.
    let mut command = Command::new("su");
    command
        .args(["-s", "/bin/sh", "-c", r#"exec "$0" "$@""#, "--", user])
        .arg(program);
    command
}
