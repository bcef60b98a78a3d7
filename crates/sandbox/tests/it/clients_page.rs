//! The programs of docs/clients.md, run as they stand on the page: each must answer `!ping` and a
//! slash command.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::Method;
use sandbox::Config;
use serde_json::{Value, json};

use crate::clients::{node, python};
use crate::support::{App, Socket, TALK};

const PAGE: &str = include_str!("../../../../docs/clients.md");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_of_discord_js_answers_as_the_page_says() {
    let Some(node) = node() else { return };
    let modules = node.packages.with_file_name("node_modules");
    let mut command = Command::new(node.binary);
    command
        .env("NODE_PATH", modules)
        .arg(program("discord.js", "js", "page.cjs"));
    answers(command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_of_discord_py_answers_as_the_page_says() {
    let Some(python) = python() else { return };
    let mut command = Command::new(python);
    command.arg(program("discord.py", "python", "page.py"));
    answers(command).await;
}

/// The first block of a section, written to a file of its own.
fn program(section: &str, language: &str, file: &str) -> PathBuf {
    let (_, rest) = PAGE
        .split_once(&format!("\n## {section}\n"))
        .expect("the page has the section");
    let (_, rest) = rest
        .split_once(&format!("```{language}\n"))
        .expect("the section has a program");
    let (code, _) = rest.split_once("\n```").expect("the program ends");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    std::fs::write(&path, code).expect("the program is written");
    path
}

/// Starts a program as `guildhall sandbox --` would, and talks to it.
async fn answers(mut command: Command) {
    let app = App::start_with(Config::default()).await;
    command
        .env("DISCORD_API_URL", &app.info.api_url)
        .env("DISCORD_GATEWAY_URL", &app.info.gateway_url)
        .env("DISCORD_TOKEN", &app.info.bot_token)
        .stdout(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    let bot = tokio::task::spawn_blocking(move || Running::until_ready(child))
        .await
        .expect("the program gets ready");
    let (mut socket, ready) = app.identified(TALK).await;
    let channel = app.info.channel_id.to_string();

    app.says("newcomer", &channel, "!ping").await;
    assert_eq!(said_by_bot(&mut socket).await, "Pong!");

    let run = json!({
        "as": app.user("newcomer"),
        "type": 2,
        "application_id": ready["application"]["id"],
        "channel_id": channel,
        "data": { "name": "hello" },
    });
    app.control(Method::POST, "/interactions", run).await;
    assert_eq!(said_by_bot(&mut socket).await, "Hello, newcomer!");
    drop(bot);
    app.sandbox.stop().await;
}

async fn said_by_bot(socket: &mut Socket) -> String {
    loop {
        let message = socket.until("MESSAGE_CREATE").await;
        if message["author"]["bot"] == true {
            let content = message.get("content").and_then(Value::as_str);
            return content.unwrap_or_default().to_owned();
        }
    }
}

/// A program that has said that it is ready; it ends with the test.
struct Running(Child);

impl Running {
    fn until_ready(mut child: Child) -> Self {
        let output = child.stdout.take().expect("it is piped");
        let running = Self(child);
        let first = BufReader::new(output).lines().next();
        let first = first.expect("the program says something");
        assert_eq!(first.expect("text"), "ready as guildhall");
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
