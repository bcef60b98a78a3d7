//! Who wrote the words that views and plans show, tool by tool: one table, so that it can be read
//! as what it is. What is not in it was written by nobody knows whom.

/// A part of a view, and who wrote its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authored {
    /// Where it is: a path like those of [`View::untrusted`](crate::View), `""` for the whole view.
    /// A part inside another has an author of its own.
    pub at: &'static str,
    pub by: By,
    /// Fields that hold nobody's words, and stay where the part itself may not be shown. Empty: the
    /// part is no object of its own, and only its texts go.
    pub keeps: &'static [&'static str],
}

/// Who wrote something. Paths lead from the root of the view; each `[]` in them is the same element
/// as in the part's own path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The user with the id there. A `kind` beside the id tells bots and webhooks.
    User(&'static str),
    /// The same, with the ids of the member's roles beside it, as Discord has just told them.
    Member {
        id: &'static str,
        roles: &'static str,
    },
    /// The owner with the id there, as threads have one; where there is none, [`Managers`](Self::Managers).
    Owner(&'static str),
    /// The bot, where it is the user there. Anybody else brought words of others along, as links do.
    OnlyBot(&'static str),
    /// Whoever may manage the guild, its channels or its roles: Discord lets nobody else write these.
    Managers,
    /// The caller itself.
    Caller,
    /// Calls of the gate, each of which was shown as it may be.
    Steps,
    /// Nobody knows.
    Nobody,
}

/// Who wrote what the view of a tool shows.
pub fn of_view(tool: &str) -> impl Iterator<Item = &'static Authored> {
    let around = match tool {
        "discord_get_messages" | "discord_message_history" | "discord_list_pins" => AROUND_MESSAGES,
        _ => &[],
    };
    parts_of_view(tool).iter().chain(around)
}

fn parts_of_view(tool: &str) -> &'static [Authored] {
    match tool {
        "discord_get_messages" | "discord_message_history" | "discord_list_pins" => LISTED,
        "discord_get_message"
        | "discord_send_message"
        | "discord_edit_message"
        | "discord_execute_webhook" => MESSAGE,
        "discord_wait_for_message" => AWAITED,
        "discord_list_guilds"
        | "discord_get_guild"
        | "discord_modify_guild"
        | "discord_server_stats"
        | "discord_list_channels"
        | "discord_list_roles"
        | "discord_create_role"
        | "discord_modify_role"
        | "discord_reorder_roles" => NAMES,
        "discord_get_channel"
        | "discord_create_channel"
        | "discord_edit_channel"
        | "discord_create_thread"
        | "discord_archive_thread" => CHANNEL,
        "discord_channel_info" => CHANNEL_INFO,
        "discord_list_threads" => THREADS,
        "discord_get_member" | "discord_edit_member" => MEMBER,
        "discord_list_members" | "discord_search_members" => MEMBERS,
        "discord_user_lookup" => USERS,
        "discord_list_bans" => BANS,
        "discord_get_invite" | "discord_create_invite" => INVITE,
        "discord_list_invites" => INVITES,
        "discord_get_webhook" | "discord_create_webhook" | "discord_modify_webhook" => WEBHOOK,
        "discord_list_webhooks" => WEBHOOKS,
        "discord_list_audit_log" => AUDIT_LOG,
        _ => &[],
    }
}

/// Who wrote what the plan of a tool shows under `before`, `after` and `fields`.
pub fn of_change(tool: &str) -> impl Iterator<Item = &'static Authored> {
    let before: &[Authored] = match tool {
        "discord_delete_message" => BEFORE_MESSAGE,
        "discord_bulk_delete_messages" => BEFORE_MESSAGES,
        "discord_modify_guild" | "discord_modify_role" | "discord_delete_role" => {
            &[BEFORE_NAMES, BEFORE_NAME_FIELDS]
        }
        "discord_delete_channel" => &[BEFORE_CHANNEL],
        "discord_kick_member" => &[BEFORE_MEMBER],
        "discord_ban_member" => &[BEFORE_USER],
        "discord_delete_webhook" => &[BEFORE_WEBHOOK],
        _ => &[],
    };
    before.iter().chain(&[WANTED, WANTED_FIELDS])
}

const fn part(at: &'static str, by: By, keeps: &'static [&'static str]) -> Authored {
    Authored { at, by, keeps }
}

const STUB: &[&str] = &["id", "channel_id", "timestamp", "pinned_at"];
const REPLY: &[&str] = &["message_id", "channel_id", "deleted"];
const FORWARD: &[&str] = &["timestamp", "from_channel_id", "from_message_id"];
const REACTION: &[&str] = &["count", "me"];
const THREAD: &[&str] = &[
    "id",
    "guild_id",
    "parent_id",
    "kind",
    "private",
    "archived",
    "locked",
    "archived_at",
    "created_at",
    "auto_archive_minutes",
    "slowmode",
    "message_count",
    "member_count",
    "last_message_id",
];
const PERSON: &[&str] = &[
    "id",
    "kind",
    "created_at",
    "joined_at",
    "boosting_since",
    "timed_out_until",
    "mute",
    "deaf",
    "pending",
    "messages",
];
const HOOK: &[&str] = &["id", "channel_id", "guild_id", "application_id", "kind"];
const ID: &[&str] = &["id"];

/// A message's own parts and those that others wrote in it, wherever it stands in a view. Paths are
/// constants, and only a macro can join those.
macro_rules! message {
    ($at:literal, $dot:literal) => {
        [
            part($at, By::User(concat!($dot, "author.id")), STUB),
            part(
                concat!($dot, "reply_to"),
                By::User(concat!($dot, "reply_to.author_id")),
                REPLY,
            ),
            part(concat!($dot, "forwarded[]"), By::Nobody, FORWARD),
            part(
                concat!($dot, "embeds"),
                By::OnlyBot(concat!($dot, "author.id")),
                &[],
            ),
            part(concat!($dot, "stickers[]"), By::Nobody, ID),
            part(concat!($dot, "reactions[]"), By::Nobody, REACTION),
            part(
                concat!($dot, "mentions[]"),
                By::User(concat!($dot, "mentions[].id")),
                ID,
            ),
            part(
                concat!($dot, "thread"),
                By::User(concat!($dot, "thread.owner_id")),
                THREAD,
            ),
        ]
    };
}

const MESSAGE: &[Authored] = &message!("", "");
const LISTED: &[Authored] = &message!("messages[]", "messages[].");
const AROUND_MESSAGES: &[Authored] = &[
    part("channel", By::Owner("channel.owner_id"), THREAD),
    part("participants[]", By::User("participants[].id"), PERSON),
];
const AWAITED: &[Authored] = &[part("message", By::Steps, STUB)];
/// Names, topics and descriptions of guilds, channels and roles.
const NAMES: &[Authored] = &[part("", By::Managers, &[])];
const CHANNEL: &[Authored] = &[
    part("", By::Owner("owner_id"), THREAD),
    part("recipients[]", By::User("recipients[].id"), ID),
];
const CHANNEL_INFO: &[Authored] = &[
    part("", By::Owner("owner_id"), THREAD),
    part("parent_name", By::Managers, &[]),
    part("overwrites[]", By::Managers, &[]),
    part("channels[]", By::Managers, &[]),
    part(
        "active_threads[]",
        By::Owner("active_threads[].owner_id"),
        THREAD,
    ),
    part("recipients[]", By::User("recipients[].id"), ID),
];
const THREADS: &[Authored] = &[part("threads[]", By::User("threads[].owner_id"), THREAD)];
const MEMBER: &[Authored] = &[part(
    "",
    By::Member {
        id: "id",
        roles: "roles",
    },
    PERSON,
)];
const MEMBERS: &[Authored] = &[part(
    "members[]",
    By::Member {
        id: "members[].id",
        roles: "members[].roles",
    },
    PERSON,
)];
const USERS: &[Authored] = &[
    part("users[]", By::User("users[].id"), PERSON),
    part("users[].roles[]", By::Managers, ID),
];
const BANS: &[Authored] = &[
    part("bans[].user", By::User("bans[].user.id"), PERSON),
    part("bans[].reason", By::Nobody, &[]),
];
const INVITE: &[Authored] = &[
    part("guild", By::Managers, &[]),
    part("channel", By::Managers, &[]),
    part("inviter", By::User("inviter.id"), ID),
];
const INVITES: &[Authored] = &[
    part("invites[].guild", By::Managers, &[]),
    part("invites[].channel", By::Managers, &[]),
    part("invites[].inviter", By::User("invites[].inviter.id"), ID),
];
const WEBHOOK: &[Authored] = &[part("", By::User("created_by.id"), HOOK)];
const WEBHOOKS: &[Authored] = &[part(
    "webhooks[]",
    By::User("webhooks[].created_by.id"),
    HOOK,
)];
const AUDIT_LOG: &[Authored] = &[
    part(
        "entries[]",
        By::User("entries[].user.id"),
        &["id", "at", "action", "target_id", "channel_id"],
    ),
    part("entries[].changes", By::Nobody, &[]),
    part("entries[].options", By::Nobody, &[]),
];

/// What the caller wants to have instead.
const WANTED: Authored = part("after", By::Caller, &[]);
const WANTED_FIELDS: Authored = part("fields[].after", By::Caller, &[]);
const BEFORE_MESSAGE: &[Authored] = &message!("before", "before.");
const BEFORE_MESSAGES: &[Authored] = &message!("before[]", "before[].");
const BEFORE_NAMES: Authored = part("before", By::Managers, &[]);
const BEFORE_NAME_FIELDS: Authored = part("fields[].before", By::Managers, &[]);
const BEFORE_CHANNEL: Authored = part("before", By::Owner("before.owner_id"), THREAD);
const BEFORE_MEMBER: Authored = part(
    "before",
    By::Member {
        id: "before.id",
        roles: "before.roles",
    },
    PERSON,
);
const BEFORE_USER: Authored = part("before", By::User("before.id"), PERSON);
const BEFORE_WEBHOOK: Authored = part("before", By::User("before.created_by.id"), HOOK);
