//! Permissions by their names in Discord's documentation, and a few sets of them.

use crate::permissions::{ADMINISTRATOR, ALL, DEFAULT_EVERYONE};

/// Names and the positions of their bits (Discord: Permissions).
pub(super) const NAMES: &[(&str, u32)] = &[
    ("CREATE_INSTANT_INVITE", 0),
    ("KICK_MEMBERS", 1),
    ("BAN_MEMBERS", 2),
    ("ADMINISTRATOR", 3),
    ("MANAGE_CHANNELS", 4),
    ("MANAGE_GUILD", 5),
    ("ADD_REACTIONS", 6),
    ("VIEW_AUDIT_LOG", 7),
    ("PRIORITY_SPEAKER", 8),
    ("STREAM", 9),
    ("VIEW_CHANNEL", 10),
    ("SEND_MESSAGES", 11),
    ("SEND_TTS_MESSAGES", 12),
    ("MANAGE_MESSAGES", 13),
    ("EMBED_LINKS", 14),
    ("ATTACH_FILES", 15),
    ("READ_MESSAGE_HISTORY", 16),
    ("MENTION_EVERYONE", 17),
    ("USE_EXTERNAL_EMOJIS", 18),
    ("VIEW_GUILD_INSIGHTS", 19),
    ("CONNECT", 20),
    ("SPEAK", 21),
    ("MUTE_MEMBERS", 22),
    ("DEAFEN_MEMBERS", 23),
    ("MOVE_MEMBERS", 24),
    ("USE_VAD", 25),
    ("CHANGE_NICKNAME", 26),
    ("MANAGE_NICKNAMES", 27),
    ("MANAGE_ROLES", 28),
    ("MANAGE_WEBHOOKS", 29),
    ("MANAGE_GUILD_EXPRESSIONS", 30),
    ("USE_APPLICATION_COMMANDS", 31),
    ("REQUEST_TO_SPEAK", 32),
    ("MANAGE_EVENTS", 33),
    ("MANAGE_THREADS", 34),
    ("CREATE_PUBLIC_THREADS", 35),
    ("CREATE_PRIVATE_THREADS", 36),
    ("USE_EXTERNAL_STICKERS", 37),
    ("SEND_MESSAGES_IN_THREADS", 38),
    ("USE_EMBEDDED_ACTIVITIES", 39),
    ("MODERATE_MEMBERS", 40),
    ("VIEW_CREATOR_MONETIZATION_ANALYTICS", 41),
    ("USE_SOUNDBOARD", 42),
    ("CREATE_GUILD_EXPRESSIONS", 43),
    ("CREATE_EVENTS", 44),
    ("USE_EXTERNAL_SOUNDS", 45),
    ("SEND_VOICE_MESSAGES", 46),
    ("SEND_POLLS", 49),
    ("USE_EXTERNAL_APPS", 50),
    ("PIN_MESSAGES", 51),
    ("BYPASS_SLOWMODE", 52),
];

/// The bits of a name; the error says which names come close.
pub(super) fn bits(name: &str) -> Result<u64, String> {
    match name {
        "ALL" => return Ok(ALL),
        // What a bot that manages a guild is usually given.
        "ALL_BUT_ADMINISTRATOR" => return Ok(ALL & !ADMINISTRATOR),
        "DEFAULT" => return Ok(DEFAULT_EVERYONE),
        _ => {}
    }
    if let Some((_, position)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Ok(1 << position);
    }
    let first = name.split('_').next().unwrap_or_default().to_uppercase();
    let close: Vec<_> = NAMES
        .iter()
        .map(|(known, _)| *known)
        .filter(|known| !first.is_empty() && known.starts_with(&first))
        .collect();
    let hint = if close.is_empty() {
        "names are those of Discord's documentation, such as KICK_MEMBERS".to_owned()
    } else {
        format!("there are {}", close.join(", "))
    };
    Err(format!("no permission {name:?}; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_that_discord_names_has_a_name_but_two() {
        let named = NAMES
            .iter()
            .fold(0, |bits, (_, position)| bits | 1_u64 << position);
        // USE_CLYDE_AI is gone, and one bit was never told.
        assert_eq!(ALL & !named, 1 << 48);
        assert!(bits("KICK_MEMBER").unwrap_err().contains("KICK_MEMBERS"));
    }
}
