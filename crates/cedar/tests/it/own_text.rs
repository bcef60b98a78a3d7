//! Cedar text of the operator's own.

use std::sync::Arc;

use model::{ChannelId, GuildId, Principal, Risk, Verdict};
use policy::{Circumstances, Judge, Policy, Question, Spot};

const TOOLS: &[&str] = &["discord_ban_member", "discord_send_message"];

const APPROVALS: &str = "[approvals.moderators]\npost_to = \"channel\"\nchannel = \"1\"\nroles = [\"2\"]\n\
     [approvals.owners]\npost_to = \"direct_message\"\nusers = [\"3\"]\n";

fn policy(cedar: &str) -> Policy {
    let mut policy: Policy = toml::from_str(APPROVALS).unwrap();
    policy.cedar = Some(cedar.to_owned());
    policy
}

fn judge(cedar: &str) -> Arc<dyn Judge> {
    let policy = policy(cedar);
    cedar::check(&policy, TOOLS).unwrap();
    cedar::judge(&Arc::new(policy))
}

fn said(judge: &dyn Judge, tool: &str, channel: u64) -> (String, Vec<String>) {
    let principal = Principal::api_key("night", vec![model::principal::Scope::Write]);
    let spots = [Spot {
        guild: GuildId::new(1),
        channels: [channel, 7]
            .into_iter()
            .filter_map(ChannelId::new)
            .collect(),
    }];
    let question = Question {
        principal: &principal,
        tool,
        toolset: "messages",
        risk: Risk::Write,
        spots: &spots,
        circumstances: &Circumstances::plain(0),
    };
    let ruling = judge.platform(&question);
    let asks = matches!(ruling.verdict, Verdict::Ask(_));
    assert_eq!(judge.approval(&question).is_some(), asks);
    let entered = judge.channels(&question);
    let code = &ruling.verdict.reason().code;
    let code = if entered.verdict.allows() {
        code.clone()
    } else {
        format!("{code}, {}", entered.verdict.reason().code)
    };
    (code, [ruling.rules, entered.rules].concat())
}

#[test]
fn it_forbids_by_name_and_place() {
    let judge = judge(
        r#"
        @id("no bans in the hall")
        forbid (principal, action, resource in Channel::"7")
        when { context.tool == Tool::"discord_ban_member" && principal.name like "key:*" };
        "#,
    );
    let (code, rules) = said(&*judge, "discord_ban_member", 5);
    assert_eq!(code, "denied_by_rule, denied_by_rule");
    assert_eq!(rules[0], "cedar:no bans in the hall");
    assert_eq!(said(&*judge, "discord_send_message", 5).0, "tool_allowed");
}

#[test]
fn it_asks_where_it_forbids_to_be_unattended() {
    let judge = judge(
        r#"
        @approval("owners")
        forbid (principal, action == Action::"unattended", resource)
        when { context.clock["+00:00"].minute < 360 };
        "#,
    );
    let (code, rules) = said(&*judge, "discord_send_message", 5);
    assert_eq!(
        (code.as_str(), rules),
        ("approval_required", vec!["cedar:1".to_owned()])
    );
}

#[test]
fn it_closes_a_channel_in_the_fifth_check() {
    let judge =
        judge("forbid (principal, action == Action::\"enter\", resource == Channel::\"5\");");
    let shut = said(&*judge, "discord_send_message", 5).0;
    assert_eq!(shut, "tool_allowed, denied_by_rule");
    assert_eq!(said(&*judge, "discord_send_message", 6).0, "tool_allowed");
}

#[test]
fn an_error_while_it_is_evaluated_refuses() {
    // The schema cannot see that this overflows.
    let judge = judge(
        "forbid (principal, action, resource) when { context.at + 9223372036854775807 + 1 > 0 };",
    );
    let principal = Principal::local_operator();
    let question = Question {
        principal: &principal,
        tool: "discord_send_message",
        toolset: "messages",
        risk: Risk::Read,
        spots: &[],
        circumstances: &Circumstances::plain(5),
    };
    let ruling = judge.platform(&question);
    assert_eq!(ruling.verdict.reason().code, "policy_error");
    assert!(!ruling.verdict.allows());
}

#[test]
fn text_that_cannot_be_read_refuses_everything() {
    let broken = cedar::judge(&Arc::new(policy("forbid (principal")));
    let (code, _) = said(&*broken, "discord_send_message", 5);
    assert_eq!(code, "policy_error, policy_error");
    let unread = Policy {
        cedar_file: Some("more.cedar".to_owned()),
        ..Policy::default()
    };
    let unread = cedar::judge(&Arc::new(unread));
    assert_eq!(
        said(&*unread, "discord_send_message", 5).0,
        "policy_error, policy_error"
    );
}

#[test]
fn the_plain_judge_refuses_what_it_cannot_read() {
    use policy::{Judges as _, PlainJudges};
    let plain = PlainJudges.appoint(&Arc::new(policy("forbid (principal, action, resource);")));
    assert!(
        said(&*plain, "discord_send_message", 5)
            .0
            .starts_with("policy_error")
    );
}

#[test]
fn mistakes_are_found_where_they_are() {
    let fault = |text: &str| {
        let fault = cedar::check(&policy(text), TOOLS).unwrap_err();
        (
            text[fault.offset..].chars().take(12).collect::<String>(),
            fault.what,
        )
    };
    let (at, what) =
        fault("forbid (principal, action, resource);\npermit (principal, action, resource);");
    assert_eq!(at, "permit (prin", "{what}");
    assert!(what.contains("can only forbid"));
    let (at, what) =
        fault("forbid (principal, action, resource)\nwhen { context.tool.nam == \"x\" };");
    assert!(at.starts_with("context.tool"), "{at}: {what}");
    let (at, what) = fault(
        "forbid (principal, action, resource) when { context.tool == Tool::\"discord_bn\" };",
    );
    assert_eq!(
        (at.as_str(), what.as_str()),
        ("\"discord_bn\"", "there is no tool \"discord_bn\"")
    );
    let (_, what) = fault("@approval(\"nobody\") forbid (principal, action, resource);");
    assert!(what.contains("not among the approvals"));
    let (_, what) = fault("forbid (principal == ?principal, action, resource);");
    assert!(what.contains("templates"));
    assert!(!fault("forbid (principal").1.is_empty());
}
