//! A policy as text: read with the place of whatever is wrong in it.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::{Error, Policy};

/// The largest policy that is read, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Something wrong with a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {what}")]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub what: String,
}

/// A configuration file holds the policy as `[policy]`; a file of its own holds it at the top.
#[derive(Deserialize)]
struct File<P> {
    policy: Option<P>,
}

/// Where the rules stand.
#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    rules: Vec<Spanned<toml::Table>>,
}

impl Policy {
    /// Read and validate a policy: a file of its own, or the `[policy]` of a configuration file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub fn read(text: &str, tools: &[&str], toolsets: &[&str]) -> Result<Self, Fault> {
        if text.len() > MAX_BYTES {
            return Err(at(
                text,
                0,
                format!("a policy has at most {MAX_BYTES} bytes"),
            ));
        }
        let is_configuration = parse::<File<toml::Table>>(text)?.policy.is_some();
        let policy: Self = if is_configuration {
            parse::<File<Self>>(text)?.policy.unwrap_or_default()
        } else {
            parse(text)?
        };
        policy.validate(tools, toolsets).map_err(|error| {
            let place = place_of(text, &error, is_configuration).unwrap_or_default();
            at(text, place, error.to_string())
        })?;
        Ok(policy)
    }
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| {
        let place = error.span().map_or(0, |span| span.start);
        at(text, place, error.message().to_owned())
    })
}

/// Where in the text the fault of a rule is: at the word it names, else at the rule.
fn place_of(text: &str, error: &Error, is_configuration: bool) -> Option<usize> {
    let places: Places = if is_configuration {
        toml::from_str::<File<Places>>(text).ok()?.policy?
    } else {
        toml::from_str(text).ok()?
    };
    let named = |name: &str| {
        let is_it = |rule: &&Spanned<toml::Table>| {
            rule.as_ref().get("name").and_then(toml::Value::as_str) == Some(name)
        };
        places.rules.iter().rfind(is_it)
    };
    let (rule, word) = match error {
        Error::Nameless { number } => (places.rules.get(number.checked_sub(1)?)?, None),
        Error::NameTaken { name } | Error::SaysNothing { name } | Error::Rule { name, .. } => {
            (named(name)?, Some(name))
        }
        Error::NoSuchTool { name, pattern, .. } => (named(name)?, Some(pattern)),
        Error::NoSuchToolset { name, toolset, .. } => (named(name)?, Some(toolset)),
        Error::NoSuchApproval { name, approval, .. } => (named(name)?, Some(approval)),
        Error::Approval { name, .. } => return header(text, &format!("approvals.{name}]")),
        Error::NobodyTrusted => return header(text, "lockdown]"),
        Error::TooMany | Error::TooEntangled | Error::Cedar => return None,
    };
    let Range { start, .. } = rule.span();
    // The span of a table in a list may end at its header, so the word is looked for from there on.
    let found = word.and_then(|word| text.get(start..)?.find(&format!("\"{word}\"")));
    Some(found.map_or(start, |found| start + found))
}

/// Where the header of a table ends so: `[policy.lockdown]`, `[lockdown]`.
fn header(text: &str, end: &str) -> Option<usize> {
    let found = text.find(end)?;
    Some(text[..found].rfind('[').unwrap_or(found))
}

impl Fault {
    /// Something wrong in Cedar text, `offset` bytes into it, as a place in the policy that holds
    /// the text. Where it is written with escapes the line counts, and not the column.
    pub fn in_cedar(policy: &str, cedar: &str, offset: usize, what: String) -> Self {
        if let Some(start) = policy.find(cedar) {
            return Self::at(policy, start + offset, what);
        }
        let inside = Self::at(cedar, offset, String::new());
        let key = policy.find("cedar").unwrap_or_default();
        Self::at(
            policy,
            key,
            format!("line {} of the Cedar text: {what}", inside.line),
        )
    }

    /// Something wrong, so many bytes into a text.
    pub fn at(text: &str, place: usize, what: String) -> Self {
        at(text, place, what)
    }
}

fn at(text: &str, place: usize, what: String) -> Fault {
    let before = text.get(..place).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Fault {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOLS: &[&str] = &["discord_ban_user", "discord_get_user"];

    fn fault(text: &str) -> (usize, usize, String) {
        let fault = Policy::read(text, TOOLS, &["moderation"]).unwrap_err();
        (fault.line, fault.column, fault.what)
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_column() {
        let (line, column, what) = fault("read_only = true\nread_only = false");
        assert_eq!(line, 2, "{column} {what}");
        let (line, column, _) = fault("read_only = \"yes\"");
        assert_eq!((line, column), (1, 13));
        let (line, _, what) = fault("\nread_onyl = true");
        assert!(what.contains("read_only"), "{line}: {what}");
        let rules = "[[rules]]\nname = \"a\"\neffect = \"deny\"\n\n[[rules]]\nname = \"é b\"\n\
                     effect = \"deny\"\ntools = [\"discord_get_user\", \"discord_ban_usr\"]\n";
        let (line, column, what) = fault(rules);
        assert_eq!((line, column), (8, 30), "{what}");
        let inside = format!(
            "[discord]\ngateway = true\n\n[policy]\nread_only = false\n{}",
            rules.replace("[[rules]]", "[[policy.rules]]")
        );
        assert_eq!(fault(&inside).0, 13);
    }

    #[test]
    fn a_way_of_asking_and_a_time_are_found_too() {
        let way = "\n[policy.approvals.moderators]\npost_to = \"channel\"\nroles = [\"1\"]\n";
        let (line, column, what) = fault(way);
        assert_eq!((line, column), (2, 1), "{what}");
        let (line, _, what) = fault("[policy]\n\n[policy.lockdown]\ntrust_roles = []");
        assert_eq!(line, 3, "{what}");
        let rule = "[[rules]]\nname = \"a\"\neffect = \"deny\"\nhours = \"9-5\"";
        let (line, column, what) = fault(rule);
        assert_eq!(line, 4, "{column} {what}");
        assert!(what.contains("22:00-06:00"), "{what}");
    }

    #[test]
    fn both_kinds_of_files_are_read() {
        let rule = "name = \"a\"\neffect = \"deny\"";
        for text in [
            format!("[[rules]]\n{rule}"),
            format!("[log]\nfilter = \"warn\"\n[[policy.rules]]\n{rule}"),
        ] {
            let policy = Policy::read(&text, TOOLS, &[]).unwrap();
            assert_eq!(policy.rules.len(), 1);
        }
        assert_eq!(Policy::read("", TOOLS, &[]).unwrap(), Policy::default());
    }

    #[test]
    fn no_depth_of_a_text_ends_the_process() {
        for deep in [
            format!("a{} = 1", ".a".repeat(100_000)),
            format!("[a{}]", ".a".repeat(100_000)),
            format!("[policy]\n[policy{}]", ".a".repeat(100_000)),
            format!("members = {}", "[".repeat(100_000)),
            format!("members = {}", "{a=".repeat(100_000)),
        ] {
            let fault = Policy::read(&deep, TOOLS, &[]).unwrap_err();
            assert!(fault.what.len() < 1_000, "{} characters", fault.what.len());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]a-z_=\" \n.0-9é]{0,200}") {
            let _ = Policy::read(&text, TOOLS, &[]);
        }
    }
}
