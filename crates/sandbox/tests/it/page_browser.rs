//! The page in headless Chromium: a person reads, writes, presses, fills in and runs commands while
//! a bot answers, at the size of a desk and of a phone. With `PAGE_PICTURES` set to a folder, what
//! was seen is kept there.

use std::path::Path;
use std::process::Command;

use sandbox::{Config, Limits, Sandbox};
use serde_json::json;

use crate::clients::{node, run, stories};

const CHROMIUM: &str = "/usr/bin/chromium";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_lives_in_the_page() {
    visit("visit").await;
}

async fn visit(story: &str) {
    let Some(node) = node() else { return };
    let Some(browser) = browser() else { return };
    let config = Config {
        limits: Limits::off(),
        ..Config::default()
    };
    let sandbox = Sandbox::start(config).await.expect("a sandbox starts");
    let info = sandbox.info();
    let scene = json!({
        "packages": node.packages,
        "browser": browser,
        "pictures": std::env::var_os("PAGE_PICTURES").map(std::path::PathBuf::from),
        "api_url": info.api_url,
        "gateway_url": info.gateway_url,
        "control_url": info.control_url,
        "bot_token": info.bot_token,
        "guild_id": info.guild_id,
        "channel_id": info.channel_id,
    });
    let mut command = Command::new(node.binary);
    command.arg(stories().join(format!("page/{story}.mjs")));
    command.env("SCENE", scene.to_string());
    run(command).await;
    sandbox.stop().await;
}

/// Debian's Chromium; `None` after a visible notice, unless all tools are demanded.
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests must see what is not judged"
)]
fn browser() -> Option<&'static str> {
    if Path::new(CHROMIUM).exists() {
        return Some(CHROMIUM);
    }
    let demanded = std::env::var_os("GUILDHALL_TEST_TOOLS").is_some();
    assert!(!demanded, "{CHROMIUM} is absent");
    eprintln!("SKIPPED: {CHROMIUM} is not installed; run ./scripts/test");
    None
}
