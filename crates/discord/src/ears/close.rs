//! What Discord's close codes mean for the next step.
//! Source: Discord documentation, *Opcodes and Status Codes › Gateway Close Event Codes*.

use super::intents;
use crate::Error;

/// The token is not accepted.
pub(super) const TOKEN_REFUSED: u16 = 4004;

/// The session is gone: invalid sequence (4007) and session timed out (4009).
pub(super) fn ends_session(code: u16) -> bool {
    matches!(code, 4007 | 4009)
}

/// Why trying again is useless, where it is.
pub(super) fn for_good(code: u16, asked_for: u64) -> Option<Error> {
    let (meaning, remedy) = match code {
        TOKEN_REFUSED => (
            "the bot token is not accepted",
            "copy it anew from the Discord developer portal, page Bot".to_owned(),
        ),
        4010 => (
            "the shard number is invalid",
            "check the shard settings".to_owned(),
        ),
        4011 => (
            "the bot is in too many guilds for one shard",
            "run more shards".to_owned(),
        ),
        4012 => (
            "this version of the Gateway is no longer served",
            "update Guildhall".to_owned(),
        ),
        4013 => (
            "an intent does not exist",
            format!("check the intents, {asked_for}"),
        ),
        4014 => (
            "an intent is not allowed for this bot",
            not_allowed(asked_for),
        ),
        _ => return None,
    };
    Some(Error::GatewayClosed {
        code,
        meaning,
        remedy,
    })
}

fn not_allowed(asked_for: u64) -> String {
    let names = intents::privileged(asked_for);
    if names.is_empty() {
        return "ask for fewer intents".to_owned();
    }
    format!(
        "switch on {} in the Discord developer portal, page Bot, or run without",
        names.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_that_is_not_allowed_is_named_with_the_switch() {
        let error = for_good(4014, intents::GUILDS | intents::MESSAGE_CONTENT).unwrap();
        assert_eq!(
            error.to_string(),
            "Discord closed the Gateway for good (4014, an intent is not allowed for this bot): \
             switch on Message Content Intent in the Discord developer portal, page Bot, or run \
             without"
        );
        for code in [4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009, 1000, 1006] {
            assert!(for_good(code, 0).is_none(), "{code}");
        }
    }
}
