//! Check 6: the bot may do this in Discord, and so may the Discord user who asked, if one did.
//! Role hierarchy included. A refusal names what is missing, what denies it, and who could help.

use model::Reason;
use policy::Ruling;

use super::{allow, deny};
use crate::facts::{MEMBERSHIP, Missing, Rights, Whose};

/// Judge by what is missing.
pub(crate) fn discord_permission(rights: &Rights) -> Ruling {
    let Some(first) = rights.missing.first() else {
        return allow("entitled", entitled(rights));
    };
    let code = match (first.whose, first.lack.permission.as_str()) {
        (Whose::Bot, "ROLE_HIERARCHY") => "bot_outranked",
        (Whose::Bot, _) => "bot_lacks_permission",
        (Whose::Asker, "ROLE_HIERARCHY") => "asker_outranked",
        (Whose::Asker, _) => "asker_lacks_permission",
    };
    let message: Vec<String> = rights.missing.iter().map(sentence).collect();
    let mut remedies: Vec<&str> = rights
        .missing
        .iter()
        .map(|missing| missing.lack.remedy.as_str())
        .collect();
    remedies.dedup();
    deny(Reason::new(code, message.join("; ")).with_hint(remedies.join("; ")))
}

fn entitled(rights: &Rights) -> String {
    let who = if rights.for_asker {
        "the bot and the user who asked have"
    } else {
        "the bot has"
    };
    if rights.needed.is_empty() {
        return "nothing is needed of Discord's permissions".to_owned();
    }
    format!("{who} {}", rights.needed.join(", "))
}

fn sentence(missing: &Missing) -> String {
    let who = match missing.whose {
        Whose::Bot => "the bot",
        Whose::Asker => "the user who asked",
    };
    let lack = &missing.lack;
    if lack.permission == MEMBERSHIP {
        return lack.because.clone();
    }
    if lack.permission == "ROLE_HIERARCHY" {
        return format!("{who} does not rank high enough: {}", lack.because);
    }
    format!(
        "{who} lacks {} in {}: {}",
        lack.permission, missing.place, lack.because
    )
}
