//! For random calls nothing reaches hands without eight checks that allow it and an outbox row.

use std::sync::Arc;

use gate::Answer;
use model::{
    Mode, Origin, Permissions, Principal, PrincipalKind, ledger::Outcome, principal::Scope,
};
use policy::{Effect, Policy, Rule};
use proptest::{option, prelude::*, sample::subsequence};
use serde_json::json;

use crate::world::{World, asked, channel, guild, user};

#[derive(Debug, Clone)]
struct Case {
    tool: &'static str,
    channel: u64,
    genuine: bool,
    scopes: Vec<Scope>,
    member: bool,
    allowed: Option<u64>,
    denied: Option<u64>,
    rule: Option<Effect>,
    read_only: bool,
    bot_lacks: bool,
    asker: Option<bool>,
    rate: u32,
    mode: Mode,
}

fn cases() -> impl Strategy<Value = Case> {
    let tools = [
        "discord_get_messages",
        "discord_send_message",
        "discord_delete_message",
    ];
    (
        (
            proptest::sample::select(tools.to_vec()),
            proptest::sample::select(vec![10u64, 11, 12, 20, 30, 77]),
            prop::bool::weighted(0.9),
            subsequence(Scope::ALL.to_vec(), 2..=3),
            prop::bool::weighted(0.9),
            option::weighted(0.3, 1..3u64),
        ),
        (
            option::weighted(0.2, 10..13u64),
            option::weighted(0.3, prop_oneof![Just(Effect::Allow), Just(Effect::Deny)]),
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.2),
            option::weighted(0.3, any::<bool>()),
            prop_oneof![4 => Just(9u32), 1 => Just(0)],
            prop_oneof![
                Just(Mode::Default),
                Just(Mode::DryRun),
                Just(Mode::Execute),
                Just(Mode::Confirmed("made up".to_owned())),
            ],
        ),
    )
        .prop_map(
            |(
                (tool, channel, genuine, scopes, member, allowed),
                (denied, rule, read_only, bot_lacks, asker, rate, mode),
            )| Case {
                tool,
                channel,
                genuine,
                scopes,
                member,
                allowed,
                denied,
                rule,
                read_only,
                bot_lacks,
                asker,
                rate,
                mode,
            },
        )
}

fn policy(case: &Case) -> Policy {
    let mut policy = Policy {
        read_only: case.read_only,
        allowed_guilds: case.allowed.map(|n| [guild(n)].into()),
        members: (!case.member).then(Vec::new),
        ..Policy::default()
    };
    policy.channels.deny = case.denied.map(channel).into_iter().collect();
    policy.rates.read = case.rate;
    policy.rates.write = case.rate;
    policy.rates.destructive = case.rate;
    policy.rules = case
        .rule
        .map(|effect| Rule {
            name: "random".to_owned(),
            effect: Some(effect),
            ..Rule::default()
        })
        .into_iter()
        .collect();
    policy
}

/// Whether all seven checks must allow, said once more and plainly.
fn lawful(case: &Case) -> bool {
    let (scope, needed) = match case.tool {
        "discord_get_messages" => (Scope::Read, 0),
        "discord_send_message" => (Scope::Write, 1),
        _ => (Scope::Destructive, 2),
    };
    let in_guild = matches!(case.channel, 10..=12);
    let direct = case.channel == 30;
    let place =
        (in_guild && case.allowed.is_none_or(|n| n == 1)) || (direct && case.allowed.is_none());
    let ancestors: &[u64] = match case.channel {
        11 => &[11, 10, 12],
        10 => &[10, 12],
        12 => &[12],
        _ => &[],
    };
    case.genuine
        && case.member
        && place
        && case.scopes.contains(&scope)
        && !(case.read_only && needed > 0)
        && case.rule != Some(Effect::Deny)
        && !case.denied.is_some_and(|n| ancestors.contains(&n))
        && !(case.bot_lacks && in_guild)
        && case.asker.is_none_or(|lacks| in_guild && !lacks)
        && case.rate > 0
}

async fn run(case: Case) {
    let world = World::built(policy(&case), Vec::new(), Arc::default());
    if case.bot_lacks {
        *world.facts.bot_lacks.lock().unwrap() = Permissions::VIEW_CHANNEL;
    }
    let mut arguments = json!({ "channel_id": case.channel.to_string() });
    match case.tool {
        "discord_send_message" => arguments["content"] = json!("x"),
        "discord_delete_message" => arguments["message_id"] = json!("5"),
        _ => {}
    }
    let mut call = asked(case.tool, arguments);
    call.principal = Principal {
        id: if case.genuine { "key:any" } else { "local" }.to_owned(),
        kind: PrincipalKind::ApiKey,
        scopes: case.scopes.clone(),
        ..Principal::local_operator()
    };
    if let Some(lacks) = case.asker {
        call.origin = Origin::Discord {
            user: user(5),
            channel: None,
        };
        if lacks {
            *world.facts.member_lacks.lock().unwrap() = Permissions::VIEW_CHANNEL;
        }
    }
    call.mode = case.mode.clone();
    let result = world.call(call).await;

    let reads = world.hands.reads.lock().unwrap().len();
    let writes = world.sent();
    let executes = case.tool == "discord_send_message" && case.mode == Mode::Execute;
    assert_eq!(
        writes,
        usize::from(lawful(&case) && executes),
        "{case:?}: {result:?}"
    );
    if !lawful(&case) {
        assert_eq!(reads, 0, "something was read for {case:?}");
        assert!(result.is_err(), "{case:?}");
    }
    let rows_while_writing = world.hands.open_rows.lock().unwrap().clone();
    assert_eq!(rows_while_writing, vec![1; writes]);
    let book = world.ledger.book();
    assert!(book.open.is_empty());
    let started = book
        .decisions
        .iter()
        .filter(|row| row.outcome == Outcome::Started)
        .count();
    assert_eq!(started, writes);
    assert_eq!(book.decisions.len(), writes + 1, "one row for each outcome");
    if let Ok(Answer::Planned(plan)) = &result {
        assert_eq!(plan.checks.len(), 8);
        assert!(plan.checks.iter().all(|check| check.verdict.allows()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_reaches_hands_unlawfully(case in cases()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(case));
    }
}
