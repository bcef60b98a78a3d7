//! The process is killed while Discord's answer is on its way: after the restart a look decides what
//! happened, and the same key gets that.

use sandbox::{Limits, WorldSpec};
use serde_json::{Value, json};

use crate::harness::{Scene, http_client};

/// Looks for what has to come, 50 ms apart.
const PATIENCE: usize = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_before_a_kill_is_found_and_not_sent_again() {
    // Before the request leaves, and after Discord has carried it out.
    for (moment, expected) in [("sending", 0), ("answered", 1)] {
        let world = WorldSpec::ready("small-team").unwrap();
        let scene = Scene::of(sandbox::Config {
            limits: Limits::off(),
            start: world.into(),
            ..sandbox::Config::default()
        })
        .await;
        let guild = scene.sandbox.info().guild_id.to_string();
        let plug = format!("hands {moment} 1");
        let mut hall = scene.serve_with(&[], &[("CRASH_AT", &plug)]);
        let create = json!({
            "guild_id": guild, "name": "attic", "dry_run": false, "idempotency_key": "attic",
        });
        let answer = hall
            .client()
            .call("discord_create_channel", create.clone())
            .await;
        assert!(answer.is_none(), "{moment}: {answer:?}");
        for _ in 0..PATIENCE {
            if !hall.lives() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let hall = scene.serve(&[]);
        let client = hall.client();
        let mut told = Value::Null;
        for _ in 0..PATIENCE {
            let answer = client.call("discord_create_channel", create.clone()).await;
            told = answer.unwrap()["result"]["structuredContent"].take();
            if told["error"]["retry_after_ms"].is_null() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let info = scene.sandbox.info();
        let channels: Value = http_client()
            .get(format!("{}/guilds/{guild}/channels", info.api_url))
            .header("authorization", format!("Bot {}", info.bot_token))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let channels = channels.as_array().unwrap().iter();
        let attics: Vec<_> = channels.filter(|it| it["name"] == "attic").collect();
        if expected == 1 {
            // Found, and the key has its answer.
            assert_eq!(told["id"], attics[0]["id"], "{moment}: {told}");
            assert_eq!(attics.len(), 1, "{moment}");
        } else {
            // It is certain that it did not happen, so the key is free and did it now.
            assert!(attics.len() <= 1, "{moment}: {attics:?}");
            assert_eq!(
                attics.len() == 1,
                told["id"].is_string(),
                "{moment}: {told}"
            );
        }
    }
}
