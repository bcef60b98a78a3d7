//! Decisions a second of the two judges, in one run: Cedar and the plain evaluator.
//!
//! Prints one line of JSON. A decision is check 4 and check 5 of one call. Run with
//! `cargo bench -p cedar`.

use std::{
    error::Error,
    io::{self, Write as _},
    sync::Arc,
    time::{Duration, Instant},
};

use model::{ChannelId, GuildId, Principal, Risk};
use policy::{Circumstances, Judge, Judges, PlainJudges, Policy, Question, Spot};

const FOR: Duration = Duration::from_secs(2);
const WARM_UP: u32 = 1_000;

/// A policy as a careful operator writes it.
const CAREFUL: &str = r#"
[channels]
deny = ["900"]
[approvals.moderators]
post_to = "channel"
channel = "10"
roles = ["5"]
[[rules]]
name = "a channel for bots"
channels = ["20"]
risks = ["write"]
effect = "allow"
[[rules]]
name = "quiet hours"
hours = "22:00-06:00"
utc_offset = "+02:00"
risks = ["write", "destructive"]
effect = "deny"
[[rules]]
name = "the night agent reads"
principals = ["key:night*"]
risks = ["write", "destructive"]
effect = "deny"
[[rules]]
name = "moderators decide about bans"
tools = ["discord_ban_*", "discord_kick_member"]
effect = "ask"
[[rules]]
name = "after strangers were read"
after_untrusted = true
risks = ["destructive"]
effect = "ask"
[[rules]]
name = "the rest is for trusted members"
discord_roles = ["5"]
effect = "allow"
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let careful: Policy = toml::from_str(CAREFUL)?;
    let mut long = careful.clone();
    for number in 0..50 {
        let mut rule = careful.rules[number % careful.rules.len()].clone();
        rule.name = format!("{} {number}", rule.name);
        rule.guilds = GuildId::new(1_000).into_iter().collect();
        long.rules.insert(0, rule);
    }
    let mut lines = Vec::new();
    for (name, policy) in [
        ("none", Policy::default()),
        ("6 rules", careful),
        ("56 rules", long),
    ] {
        let policy = Arc::new(policy);
        let began = Instant::now();
        let cedar = cedar::judge(&policy);
        ask(&*cedar);
        let first_us = began.elapsed().as_micros();
        let plain = PlainJudges.appoint(&policy);
        lines.push(format!(
            "{{\"policy\":\"{name}\",\"first_us\":{first_us},\"cedar_us\":{:.1},\"plain_us\":{:.2}}}",
            micros(&*cedar),
            micros(&*plain)
        ));
    }
    writeln!(
        io::stdout(),
        "{{\"benchmark\":\"policy_decisions\",\"us_per_decision\":[{}]}}",
        lines.join(",")
    )?;
    Ok(())
}

fn micros(judge: &dyn Judge) -> f64 {
    for _ in 0..WARM_UP {
        ask(judge);
    }
    let began = Instant::now();
    let mut asked = 0_u32;
    while began.elapsed() < FOR {
        for _ in 0..100 {
            ask(judge);
        }
        asked += 100;
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(asked)
}

fn ask(judge: &dyn Judge) {
    let principal = Principal::local_operator();
    let spots = [Spot {
        guild: GuildId::new(1),
        channels: [30, 31].into_iter().filter_map(ChannelId::new).collect(),
    }];
    let question = Question {
        principal: &principal,
        tool: "discord_send_message",
        toolset: "messages",
        risk: Risk::Write,
        spots: &spots,
        circumstances: &Circumstances::plain(1_800_000_000_000),
    };
    std::hint::black_box((judge.platform(&question), judge.channels(&question)));
}
