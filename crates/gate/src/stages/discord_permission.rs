//! Check 6: the bot may do this in Discord, and so may the Discord user who asked, if one did.
//! Role hierarchy included. A refusal names what is missing, what denies it, and who could help.

use model::Reason;
use policy::Ruling;

use super::{allow, deny};
use crate::{
    facts::{MEMBERSHIP, Missing, Rights, Whose},
    words,
};

/// Longest cause or remedy, in characters: room for several names of Discord's length.
const WORDS: usize = 1_000;
/// Lacks that are told; a caller needs no more to know that it is refused.
const TOLD: usize = 8;

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
    let told = || rights.missing.iter().take(TOLD);
    let mut message: Vec<String> = told().map(sentence).collect();
    if rights.missing.len() > TOLD {
        message.push(format!("and {} more", rights.missing.len() - TOLD));
    }
    // Causes and remedies name roles and channels, which people in Discord named.
    let mut remedies: Vec<String> = told()
        .map(|missing| words::plain(&missing.lack.remedy, WORDS))
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
    let waived = |name: &String| rights.waived.iter().any(|(_, waived)| waived == name);
    let held: Vec<&str> = rights
        .needed
        .iter()
        .filter(|name| !waived(name))
        .map(String::as_str)
        .collect();
    let mut said = Vec::new();
    if !held.is_empty() {
        said.push(format!("{who} {}", held.join(", ")));
    }
    for (whose, name) in &rights.waived {
        said.push(format!("{} created it and needs no {name}", called(*whose)));
    }
    if said.is_empty() {
        return "nothing is needed of Discord's permissions".to_owned();
    }
    said.join("; ")
}

fn called(whose: Whose) -> &'static str {
    match whose {
        Whose::Bot => "the bot",
        Whose::Asker => "the user who asked",
    }
}

fn sentence(missing: &Missing) -> String {
    let who = called(missing.whose);
    let lack = &missing.lack;
    let because = words::plain(&lack.because, WORDS);
    if lack.permission == MEMBERSHIP {
        return because;
    }
    if lack.permission == "ROLE_HIERARCHY" {
        return format!("{who} does not rank high enough: {because}");
    }
    format!(
        "{who} lacks {} in {}: {because}",
        lack.permission, missing.place
    )
}
