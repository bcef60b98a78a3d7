//! What the gate adds to a call, by stage, beside the bare hands that answer at once.
//!
//! Hands, facts and ledger are in memory, and Cedar judges, so what is measured is the gate alone.
//! A call that check N refuses has run the checks 1 to N and written its audit row; the difference
//! between two lines is what a stage costs. Prints one line of JSON for each. Run with
//! `cargo bench -p gate`.

#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the tests' own ledger; a benchmark uses a part of it"
)]
#[path = "../../tests/it/ledger.rs"]
mod ledger;
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the tests' own world; a benchmark uses a part of it"
)]
#[path = "../../tests/it/world.rs"]
mod world;

use std::{
    error::Error,
    future::Future,
    io::{self, Write as _},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use gate::{Answer, Declined};
use model::{Hands as _, Permissions, Principal, Request, hands::Errand};
use serde_json::{Value, json};

use crate::world::{World, asked, planned};

const READ: &str = "discord_get_messages";
const SEND: &str = "discord_send_message";
const DELETE: &str = "discord_delete_message";
/// Calls that are measured, after a tenth of them as a warm-up.
const CALLS: usize = 3_000;
/// Between two calls, so that no rate is used up.
const PAUSE_MS: i64 = 60_000;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<(), Box<dyn Error>> {
    let bare = bare().await;
    say("bare hands", "one read, nothing judged", &bare, &bare)?;
    for (stage, policy, tool) in [
        ("refused by check 1", "", READ),
        ("refused by check 2", "members = [\"key:*\"]", READ),
        ("refused by check 3", "allowed_guilds = [\"2\"]", READ),
        ("refused by check 4", DENIED, READ),
        ("refused by check 5", "[channels]\ndeny = [\"10\"]", READ),
        ("refused by check 6", "", SEND),
        ("refused by check 7", "[rates]\nread = 0", READ),
    ] {
        let world = judged(World::with(policy));
        *world.facts.bot_lacks.lock().map_err(|_| "poisoned")? = Permissions::SEND_MESSAGES;
        let intruder = stage.ends_with('1');
        let spent = timed(&world, || refused(&world, tool, intruder)).await?;
        say(stage, "with its audit row", &spent, &bare)?;
    }
    let world = judged(World::new());
    let spent = timed(&world, || read(&world)).await?;
    say(
        "a read",
        "all checks, one request, one audit row",
        &spent,
        &bare,
    )?;
    let spent = timed(&world, || plan(&world)).await?;
    say(
        "a planned write",
        "all checks, the plan, one audit row",
        &spent,
        &bare,
    )?;
    let world = judged(World::new());
    let spent = timed(&world, || send(&world)).await?;
    say(
        "a write",
        "all checks, outbox, one request, two audit rows",
        &spent,
        &bare,
    )?;
    let world = judged(World::new());
    let spent = timed(&world, || plan_and_confirm(&world)).await?;
    say(
        "plan and confirm",
        "two calls, the token between them",
        &spent,
        &bare,
    )
}

/// As the binary wires it.
fn judged(world: World) -> World {
    world.gate.appoint(Arc::new(cedar::CedarJudges));
    world
}

/// A rule that is reached after others that do not match.
const DENIED: &str = "\
[[rules]]\nname = \"night\"\nhours = \"22:00-06:00\"\nrisks = [\"destructive\"]\neffect = \"deny\"\n\
[[rules]]\nname = \"others\"\nprincipals = [\"key:*\"]\neffect = \"allow\"\n\
[[rules]]\nname = \"here\"\nguilds = [\"1\"]\ntools = [\"discord_get_*\"]\neffect = \"deny\"";

type Outcome = Result<(), Box<dyn Error>>;

async fn refused(world: &World, tool: &str, intruder: bool) -> Outcome {
    let mut call = asked(tool, json!({"channel_id": "10"}));
    if tool == SEND {
        call.arguments
            .insert("content".to_owned(), Value::from("hello"));
    }
    if intruder {
        call.principal = Principal {
            id: "intruder".to_owned(),
            ..Principal::api_key("intruder", vec![])
        };
    }
    match world.call(call).await {
        Err(Declined::Refused(refusal)) if refusal.stage.is_some() => Ok(()),
        other => Err(format!("not refused: {other:?}").into()),
    }
}

async fn read(world: &World) -> Outcome {
    done(world.ask(READ, json!({"channel_id": "10"})).await)
}

async fn plan(world: &World) -> Outcome {
    let arguments = json!({"channel_id": "10", "content": "hello"});
    planned(world.ask(SEND, arguments).await);
    Ok(())
}

async fn send(world: &World) -> Outcome {
    let arguments = json!({"channel_id": "10", "content": "hello", "dry_run": false});
    done(world.ask(SEND, arguments).await)
}

async fn plan_and_confirm(world: &World) -> Outcome {
    let arguments = |confirm: Option<String>| {
        let mut arguments = json!({"channel_id": "10", "message_id": "500"});
        if let Some(token) = confirm {
            arguments["confirm"] = Value::from(token);
        }
        arguments
    };
    let plan = planned(world.ask(DELETE, arguments(None)).await);
    let token = plan.confirm.map(|confirm| confirm.token);
    done(world.ask(DELETE, arguments(token)).await)
}

fn done(result: Result<Answer, Declined>) -> Outcome {
    match result {
        Ok(Answer::Done(_)) => Ok(()),
        other => Err(format!("not done: {other:?}").into()),
    }
}

/// The same hands without the gate.
async fn bare() -> Vec<Duration> {
    let world = World::new();
    let errand = Errand {
        lane: "bench".into(),
        timeout: Duration::from_secs(1),
    };
    let request = Request::get(model::path!(
        "/channels/{channel_id}/messages",
        channel_id = "10"
    ));
    let mut spent = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let began = Instant::now();
        let answer = world.hands.read(&request, &errand).await;
        spent.push(began.elapsed());
        drop(answer);
    }
    spent.sort_unstable();
    spent
}

async fn timed<F, Fut>(world: &World, call: F) -> Result<Vec<Duration>, Box<dyn Error>>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Outcome>,
{
    world.facts.knows_bot.store(true, Ordering::SeqCst);
    let mut spent = Vec::with_capacity(CALLS);
    for number in 0..CALLS + CALLS / 10 {
        world.clock.advance(PAUSE_MS);
        let began = Instant::now();
        call().await?;
        if number >= CALLS / 10 {
            spent.push(began.elapsed());
        }
    }
    spent.sort_unstable();
    Ok(spent)
}

fn say(what: &str, note: &str, spent: &[Duration], bare: &[Duration]) -> Outcome {
    let at = |spent: &[Duration], percent: usize| {
        let place = (spent.len() * percent / 100).min(spent.len() - 1);
        spent[place].as_secs_f64() * 1e6
    };
    let line = json!({
        "benchmark": "gate_stages",
        "what": what,
        "note": note,
        "p50_us": tenths(at(spent, 50)),
        "p99_us": tenths(at(spent, 99)),
        "bare_p50_us": tenths(at(bare, 50)),
        "limit_p99_us": 300,
        "calls": spent.len(),
        "runtime_s": tenths(spent.iter().sum::<Duration>().as_secs_f64()),
    });
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
