//! `guildhall doctor`: what is configured, reachable and permitted, with what to do about the rest.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use discord::LimitsStatus;
use model::{
    ChannelId, GuildId, Hands, HandsError, Method, Path, Permissions, Request, Surroundings,
    hands::Errand, path, place::Subject,
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    asking,
    cli::DoctorArgs,
    commands::doctor_mirrors,
    config::{Config, Sources, shown},
    output,
    wiring::{self, Limbs},
};

/// One finding.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Problem,
}

/// Permissions without which most tools of the default list have nothing to do.
const DAILY: Permissions = Permissions::VIEW_CHANNEL
    .union(Permissions::SEND_MESSAGES)
    .union(Permissions::READ_MESSAGE_HISTORY)
    .union(Permissions::CREATE_PUBLIC_THREADS)
    .union(Permissions::SEND_MESSAGES_IN_THREADS);

/// Flags of an application that stand for granted privileged intents (`GATEWAY_*` and their
/// `_LIMITED` twins). Source: Discord documentation, *Application › Application Flags*.
const MEMBERS_FLAGS: u64 = 1 << 14 | 1 << 15;
const CONTENT_FLAGS: u64 = 1 << 18 | 1 << 19;

/// Examine, print, and exit 1 if there is a problem.
pub(crate) async fn run(
    args: &DoctorArgs,
    sources: &Sources,
    config: Config,
) -> anyhow::Result<ExitCode> {
    let mut findings = store(&config).await;
    findings.push(policy(&config));
    discord(args, &config, &mut findings).await?;
    let code = if findings
        .iter()
        .any(|finding| finding.state == State::Problem)
    {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    };
    if args.json {
        output::json(&serde_json::json!({
            "findings": findings, "configuration": shown(sources)
        }))?;
        return Ok(code);
    }
    for finding in &findings {
        let mark = match finding.state {
            State::Ok => "ok     ",
            State::Warning => "warning",
            State::Problem => "PROBLEM",
        };
        output::line(&format!("{mark}  {:<14} {}", finding.what, finding.detail));
        if let Some(advice) = &finding.advice {
            output::line(&format!("                         → {advice}"));
        }
    }
    output::line("\nConfiguration that is not the default:");
    for key in shown(sources) {
        if key.source != "default" && key.source != "unset" {
            output::line(&format!("  {} = {}  ({})", key.key, key.value, key.source));
        }
    }
    Ok(code)
}

fn ok(what: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        what,
        state: State::Ok,
        detail: detail.into(),
        advice: None,
    }
}

fn warning(what: &'static str, detail: impl Into<String>, advice: &str) -> Finding {
    Finding {
        state: State::Warning,
        advice: Some(advice.to_owned()),
        ..ok(what, detail)
    }
}

fn problem(what: &'static str, detail: impl Into<String>, advice: &str) -> Finding {
    Finding {
        state: State::Problem,
        advice: Some(advice.to_owned()),
        ..ok(what, detail)
    }
}

async fn store(config: &Config) -> Vec<Finding> {
    let unusable = |error: String| problem("database", error, "check DATABASE_URL");
    let store = match wiring::open_store(config).await {
        Ok(store) => store,
        Err(error) => return vec![unusable(format!("{error:#}"))],
    };
    let mut findings = vec![ok("database", "opens, and its tables are up to date")];
    match doctor_mirrors::look(&store, config.audit_channel.clone()).await {
        Ok(mirrors) => findings.extend(mirrors.into_iter().map(|said| match said.advice {
            None => ok("audit mirror", said.detail),
            Some(advice) => warning("audit mirror", said.detail, advice),
        })),
        Err(error) => findings.push(unusable(error.to_string())),
    }
    store.close().await;
    findings
}

fn policy(config: &Config) -> Finding {
    match wiring::policy(config) {
        Ok(policy) => ok("policy", format!("version {}", policy.version())),
        Err(error) => problem("policy", format!("{error:#}"), "correct guildhall.toml"),
    }
}

async fn discord(
    args: &DoctorArgs,
    config: &Config,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    if config.token.is_none() {
        findings.push(problem(
            "token",
            "there is none",
            "set DISCORD_TOKEN, or try `guildhall demo`, which needs none",
        ));
        return Ok(());
    }
    let Limbs {
        hands,
        facts,
        reader,
        ..
    } = Limbs::build(config)?;
    let probe = Probe { hands };
    let bot = match probe.get(path!("/users/@me")).await {
        Ok(bot) => bot,
        Err(HandsError::Unauthorized) => {
            findings.push(problem(
                "token",
                "Discord does not accept it",
                "reset it in the Developer Portal, and use the bot's token, not the client secret",
            ));
            return Ok(());
        }
        Err(error) => {
            findings.push(problem(
                "reachability",
                error.to_string(),
                "check the network, a proxy, or DISCORD_API_URL",
            ));
            return Ok(());
        }
    };
    let name = bot["username"].as_str().unwrap_or("?");
    findings.push(ok(
        "token",
        format!("belongs to the bot {name} ({})", text(&bot["id"])),
    ));
    intents(config, &probe, findings).await;
    guilds(config, &probe, facts.as_ref(), findings).await;
    findings.push(limits(&reader.limits()));
    approvals(config, facts.as_ref(), findings).await;
    if let Some(channel) = &args.channel {
        let channel = channel.parse::<ChannelId>().context("--channel")?;
        findings.push(channel_permissions(facts.as_ref(), channel).await);
    }
    Ok(())
}

/// How Discord's limits look from here, after the questions above. A running service counts for
/// itself, and says so at `/health`.
fn limits(status: &LimitsStatus) -> Finding {
    let detail = format!(
        "{} of at most {} refused requests in ten minutes",
        status.invalid_requests, status.invalid_requests_most
    );
    let wait = status.paused_ms.or(status.global_wait_ms);
    match wait {
        Some(wait) => problem(
            "limits",
            format!("{detail}; Discord turns this address away for {wait} ms"),
            "wait, and find out what is refused in the service's log",
        ),
        None => ok("limits", format!("{detail}; nothing is held up")),
    }
}

/// Whether people can be asked as the policy wants it.
async fn approvals(config: &Config, facts: &dyn Surroundings, findings: &mut Vec<Finding>) {
    let Ok(policy) = wiring::policy(config) else {
        return;
    };
    let obstacles = asking::obstacles(config, &policy, facts).await;
    if obstacles.is_empty() && !policy.approvals.is_empty() {
        findings.push(ok("approvals", "people can be asked"));
    }
    for (what, advice) in obstacles {
        findings.push(problem("approvals", what, &advice));
    }
}

struct Probe {
    hands: Arc<dyn Hands<gate::Permit>>,
}

impl Probe {
    async fn get(&self, path: Path) -> Result<Value, HandsError> {
        let errand = Errand {
            lane: "doctor".into(),
            timeout: Duration::from_secs(10),
        };
        let request = Request::new(Method::Get, path);
        self.hands
            .read(&request, &errand)
            .await
            .map(|response| response.body)
    }
}

async fn intents(config: &Config, probe: &Probe, findings: &mut Vec<Finding>) {
    let Ok(application) = probe.get(path!("/applications/@me")).await else {
        return;
    };
    let flags = application["flags"].as_u64().unwrap_or(0);
    for (name, wanted, bits, loses) in [
        (
            "MESSAGE_CONTENT",
            config.message_content,
            CONTENT_FLAGS,
            "messages arrive without text",
        ),
        (
            "GUILD_MEMBERS",
            config.members,
            MEMBERS_FLAGS,
            "member changes do not arrive",
        ),
    ] {
        findings.push(match (wanted, flags & bits != 0) {
            (_, true) => ok("intents", format!("{name} is granted")),
            (true, false) => warning(
                "intents",
                format!("{name} is not granted: {loses}"),
                "switch it on in the Developer Portal, page Bot, Privileged Gateway Intents",
            ),
            (false, false) => ok(
                "intents",
                format!("{name} is not granted, and not asked for"),
            ),
        });
    }
}

async fn guilds(
    config: &Config,
    probe: &Probe,
    facts: &dyn Surroundings,
    findings: &mut Vec<Finding>,
) {
    let guilds = match probe.get(path!("/users/@me/guilds")).await {
        Ok(Value::Array(guilds)) => guilds,
        Ok(_) => return,
        Err(error) => {
            findings.push(problem("guilds", error.to_string(), "try again"));
            return;
        }
    };
    if guilds.is_empty() {
        findings.push(problem(
            "guilds",
            "the bot is in none",
            "invite it: Developer Portal, page OAuth2, URL Generator, scope bot",
        ));
    }
    for guild in &guilds {
        let Ok(id) = text(&guild["id"]).parse::<GuildId>() else {
            continue;
        };
        let name = text(&guild["name"]);
        if config
            .allowed_guilds
            .as_ref()
            .is_some_and(|allowed| !allowed.contains(&id))
        {
            findings.push(ok(
                "guild",
                format!("{name} ({id}) is not in ALLOWED_GUILD_IDS"),
            ));
            continue;
        }
        findings.push(match facts.lacks(Subject::Bot, id, None, DAILY).await {
            Ok(lacks) if lacks.is_empty() => ok("guild", format!("{name} ({id})")),
            Ok(lacks) => {
                let missing: Vec<&str> =
                    lacks.iter().map(|lack| lack.permission.as_str()).collect();
                let detail = format!("{name} ({id}): the bot lacks {}", missing.join(", "));
                warning("guild", detail, &lacks[0].remedy)
            }
            Err(error) => problem("guild", format!("{name} ({id}): {error}"), "try again"),
        });
    }
    for wanted in config.allowed_guilds.iter().flatten() {
        if !guilds
            .iter()
            .any(|guild| text(&guild["id"]) == wanted.to_string())
        {
            findings.push(warning(
                "guild",
                format!("ALLOWED_GUILD_IDS names {wanted}, but the bot is not there"),
                "invite the bot, or take the id out",
            ));
        }
    }
}

async fn channel_permissions(facts: &dyn Surroundings, channel: ChannelId) -> Finding {
    let guild = match facts.channel(channel).await {
        Ok(Some(place)) => place.guild_id,
        Ok(None) => {
            return problem(
                "channel",
                format!("{channel} is unknown to the bot"),
                "check the id, and VIEW_CHANNEL",
            );
        }
        Err(error) => return problem("channel", error.to_string(), "try again"),
    };
    let Some(guild) = guild else {
        return ok("channel", format!("{channel} is a DM"));
    };
    match facts.lacks(Subject::Bot, guild, Some(channel), DAILY).await {
        Ok(lacks) if lacks.is_empty() => ok("channel", format!("{channel}: nothing is missing")),
        Ok(lacks) => {
            let reasons: Vec<String> = lacks
                .iter()
                .map(|lack| format!("{} ({})", lack.permission, lack.because))
                .collect();
            let detail = format!("{channel}: the bot lacks {}", reasons.join("; "));
            warning("channel", detail, &lacks[0].remedy)
        }
        Err(error) => problem("channel", error.to_string(), "try again"),
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
