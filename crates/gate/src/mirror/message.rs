//! What a mirror says: a line for each row, of numbers, codes and names. Whatever somebody else may
//! have put into a name is reduced to letters, so that nothing is mentioned, linked or formatted.

use std::fmt::Write as _;

use model::{
    Stage,
    ledger::{Decision, Outcome},
    mirror::MirrorScope,
};

/// Rows in one message, at most.
pub(super) const ROWS: u32 = 20;
/// When more rows than this wait, they are left out with a word about it: about two minutes' worth.
pub(super) const BACKLOG: i64 = 400;
/// Discord's limit for a message. Source: Discord documentation, *Create Message*.
const LONGEST: usize = 2_000;
/// Characters of one name.
const NAME: usize = 64;

/// The words about as many of these rows as fit, and the number of the last of them.
pub(super) fn batch(scope: &MirrorScope, rows: &[(i64, Decision)]) -> Option<(String, i64)> {
    let mut told: Option<(String, i64)> = None;
    let most = usize::try_from(ROWS).unwrap_or(usize::MAX);
    for (seq, row) in rows.iter().take(most) {
        let line = line(scope, *seq, row);
        match &mut told {
            None => told = Some((line, *seq)),
            Some((text, last)) if text.len() + 1 + line.len() <= LONGEST => {
                text.push('\n');
                text.push_str(&line);
                *last = *seq;
            }
            Some(_) => break,
        }
    }
    told
}

/// The words about rows that are left out.
pub(super) fn left_out(count: i64, from: i64, to: i64) -> String {
    format!(
        "**{count} decisions are left out here** (#{from} to #{to}): they came faster than this \
         channel takes them. The audit has them: `guildhall audit list --after {}`",
        from - 1
    )
}

fn line(scope: &MirrorScope, seq: i64, row: &Decision) -> String {
    let mut line = format!(
        "`#{seq}` <t:{}:T> {} `{}`",
        row.at.div_euclid(1_000),
        outcome(row.outcome),
        name(&row.tool),
    );
    if row.code != "ok" && row.outcome != Outcome::Started {
        let _ = write!(line, " `{}`", name(&row.code));
    }
    if row.outcome == Outcome::Refused && row.stage != Stage::ClientAuthentication {
        let _ = write!(line, " by `{}`", row.stage.as_str());
    }
    match (row.channel_id, row.guild_id) {
        (Some(channel), _) => {
            let _ = write!(line, " in <#{channel}>");
        }
        (None, Some(guild)) => {
            let _ = write!(line, " in guild `{guild}`");
        }
        (None, None) => {}
    }
    if *scope == MirrorScope::Everything && !row.workspace.is_default() {
        let _ = write!(line, " of `{}`", row.workspace);
    }
    let _ = write!(line, " · `{}`", name(&row.call_id));
    line
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Refused => "**refused**",
        Outcome::Failed => "**failed**",
        Outcome::Unknown => "**unknown**",
        other => other.as_str(),
    }
}

/// Letters, digits and a few signs that mean nothing to Discord inside of code; the rest as `?`.
fn name(words: &str) -> String {
    let mut name: String = words
        .chars()
        .take(NAME)
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() => c,
            '_' | '-' | '.' => c,
            _ => '?',
        })
        .collect();
    if name.is_empty() {
        name.push('?');
    }
    name
}

#[cfg(test)]
mod tests {
    use model::{ChannelId, WorkspaceId};
    use proptest::prelude::*;

    use super::*;

    fn row(tool: &str, code: &str) -> Decision {
        Decision {
            call_id: "0192d3a4-0000-7000-8000-000000000001".to_owned(),
            workspace: WorkspaceId::default(),
            at: 1_800_000_000_123,
            principal: "key:very-personal".to_owned(),
            agent: Some("very-personal".to_owned()),
            origin: "http".to_owned(),
            tool: tool.to_owned(),
            risk: None,
            guild_id: None,
            channel_id: ChannelId::new(7),
            digest: String::new(),
            outcome: Outcome::Refused,
            stage: Stage::ChannelPolicy,
            code: code.to_owned(),
            reason: "very-personal".to_owned(),
            rules: vec!["very-personal".to_owned()],
            policy_version: String::new(),
            duration_us: 0,
        }
    }

    #[test]
    fn a_row_is_told_without_whom_or_what_words() {
        let rows = [(41, row("discord_ban_member", "channel_denied"))];
        let (text, last) = batch(&MirrorScope::Everything, &rows).unwrap();
        assert_eq!(
            text,
            "`#41` <t:1800000000:T> **refused** `discord_ban_member` `channel_denied` by \
             `channel_policy` in <#7> · `0192d3a4-0000-7000-8000-000000000001`"
        );
        assert_eq!(last, 41);
    }

    #[test]
    fn what_is_left_out_says_where_it_is() {
        assert_eq!(
            left_out(812, 101, 1_200),
            "**812 decisions are left out here** (#101 to #1200): they came faster than this \
             channel takes them. The audit has them: `guildhall audit list --after 100`"
        );
    }

    proptest! {
        #[test]
        fn hostile_names_fit_and_stay_names(
            names in prop::collection::vec(
                prop_oneof![
                    any::<String>(),
                    Just("@everyone <@&1> ```\n# x\n[a](https://evil.example)".to_owned()),
                    Just("`".repeat(300)),
                ],
                0..40,
            ),
        ) {
            let rows: Vec<_> = (1..).zip(names.iter().map(|name| row(name, name))).collect();
            let told = batch(&MirrorScope::Everything, &rows);
            prop_assert_eq!(told.is_none(), rows.is_empty());
            let Some((text, last)) = told else { return Ok(()) };
            prop_assert!(text.chars().count() <= LONGEST);
            prop_assert_eq!(text.lines().count(), usize::try_from(last).unwrap());
            for line in text.lines() {
                prop_assert!(!line.contains('@') && !line.contains("```"));
                prop_assert!(!line.contains("](") && !line.contains("://"));
                prop_assert_eq!(line.matches('`').count() % 2, 0);
                // One channel, one time, and no other mention.
                prop_assert_eq!(line.matches('<').count(), 2);
                prop_assert!(line.starts_with("`#"));
            }
        }
    }
}
