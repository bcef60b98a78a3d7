//! The guild that a newcomer finds: "Guildhall Square", with people, roles and channels of the
//! kinds that a bot has to cope with.

use super::{BotSpec, ChannelSpec, GuildSpec, MemberSpec, MessageSpec, RoleSpec};
use crate::permissions::{
    ADMINISTRATOR, ALL, BAN_MEMBERS, KICK_MEMBERS, MANAGE_MESSAGES, MANAGE_NICKNAMES,
    MANAGE_THREADS, MENTION_EVERYONE, MODERATE_MEMBERS, VIEW_AUDIT_LOG,
};

const TEXT: u8 = 0;
const VOICE: u8 = 2;
const CATEGORY: u8 = 4;
const ANNOUNCEMENT: u8 = 5;
const FORUM: u8 = 15;

const MODERATION: u64 = KICK_MEMBERS
    | BAN_MEMBERS
    | MANAGE_MESSAGES
    | MANAGE_NICKNAMES
    | MANAGE_THREADS
    | MENTION_EVERYONE
    | MODERATE_MEMBERS
    | VIEW_AUDIT_LOG;

pub(super) fn guild() -> GuildSpec {
    GuildSpec {
        name: "Guildhall Square".into(),
        owner: "ada".into(),
        roles: vec![
            role("newcomers", 0, 0, false),
            role("helpers", MANAGE_THREADS, 0x002e_cc71, true),
            role("moderators", MODERATION, 0x0034_98db, true),
        ],
        members: vec![
            member("moderator", &["moderators"], Some("online")),
            member("helper", &["helpers"], Some("idle")),
            member("artist", &[], None),
            member("newcomer", &["newcomers"], Some("online")),
        ],
        crowd: None,
        system_channel: Some("general".into()),
        rules_channel: Some("rules".into()),
        // What a bot that manages a guild is usually given: all but ADMINISTRATOR.
        bots: vec![BotSpec {
            username: "guildhall".into(),
            permissions: ALL & !ADMINISTRATOR,
        }],
        channels: vec![
            channel("Welcome", CATEGORY, None, ""),
            ChannelSpec {
                messages: vec![says(
                    "moderator",
                    "1. Be kind. 2. No advertising. 3. Ask in #help, show in #showcase.",
                )],
                ..closed("rules", TEXT, "Welcome", "How we treat each other")
            },
            closed(
                "announcements",
                ANNOUNCEMENT,
                "Welcome",
                "News of the square",
            ),
            channel("Square", CATEGORY, None, ""),
            ChannelSpec {
                messages: vec![
                    says("ada", "Welcome to the square, everyone."),
                    says(
                        "artist",
                        "Glad to be here. I will bring some sketches this week.",
                    ),
                    says("helper", "If anything is unclear, ask in #help."),
                ],
                ..channel("general", TEXT, Some("Square"), "Anything and everything")
            },
            ChannelSpec {
                messages: vec![
                    says("newcomer", "How do I get the role to post in #showcase?"),
                    says("helper", "You can post there already; no role is needed."),
                    says("newcomer", "When is the next meeting?"),
                ],
                ..channel("help", TEXT, Some("Square"), "Ask, and someone will answer")
            },
            channel("showcase", TEXT, Some("Square"), "What you made"),
            channel("ideas", FORUM, Some("Square"), "One post for each idea"),
            channel("Staff", CATEGORY, None, ""),
            ChannelSpec {
                only_for: vec!["moderators".into()],
                ..channel("moderators", TEXT, Some("Staff"), "For moderators")
            },
            channel("Voices", CATEGORY, None, ""),
            channel("hearth", VOICE, Some("Voices"), ""),
        ],
    }
}

fn role(name: &str, permissions: u64, color: u32, hoist: bool) -> RoleSpec {
    RoleSpec {
        name: name.into(),
        permissions,
        color,
        hoist,
        mentionable: hoist,
    }
}

fn member(username: &str, roles: &[&str], status: Option<&str>) -> MemberSpec {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    MemberSpec {
        username: username.into(),
        roles,
        status: status.map(str::to_owned),
    }
}

fn channel(name: &str, kind: u8, category: Option<&str>, topic: &str) -> ChannelSpec {
    ChannelSpec {
        name: name.into(),
        kind,
        category: category.map(str::to_owned),
        topic: (!topic.is_empty()).then(|| topic.to_owned()),
        ..ChannelSpec::default()
    }
}

/// Everyone reads, moderators write.
fn closed(name: &str, kind: u8, category: &str, topic: &str) -> ChannelSpec {
    ChannelSpec {
        written_by: vec!["moderators".into()],
        ..channel(name, kind, Some(category), topic)
    }
}

fn says(author: &str, content: &str) -> MessageSpec {
    MessageSpec {
        author: author.into(),
        content: content.into(),
    }
}
