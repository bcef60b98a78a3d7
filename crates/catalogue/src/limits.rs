//! Discord's limits, each named once and used by schemas and checks alike.
//! Source: Discord documentation, the page of the resource named. Lengths are in characters.

// Ours.
/// Calls in one batch.
pub const BATCH: usize = 20;
/// A call's id.
pub const CALL_ID: usize = 64;

// Messages: *Create Message*.
pub const CONTENT: usize = 2000;
pub const EMBEDS: usize = 10;
pub const FILES: usize = 10;
/// Bytes of one file: what every guild allows without boosts.
pub const FILE_BYTES: usize = 10 * 1024 * 1024;
/// Bytes of all files of a message: a request larger than this is not accepted.
pub const FILES_BYTES: usize = 25 * 1024 * 1024;
pub const FILENAME: usize = 255;
pub const FILE_DESCRIPTION: usize = 1024;
pub const STICKERS: usize = 3;
pub const MENTION_IDS: usize = 100;
pub const NONCE: usize = 25;
/// Messages in one answer.
pub const MESSAGES: u32 = 100;
pub const BULK_DELETE_MIN: usize = 2;
pub const BULK_DELETE: usize = 100;
/// Older messages cannot be deleted in bulk. *Bulk Delete Messages*.
pub const BULK_DELETE_AGE_MS: i64 = 14 * 24 * 60 * 60 * 1000;

// Embeds: *Message › Embed Limits*.
pub const EMBED_TITLE: usize = 256;
pub const EMBED_DESCRIPTION: usize = 4096;
pub const EMBED_FIELDS: usize = 25;
pub const EMBED_FIELD_NAME: usize = 256;
pub const EMBED_FIELD_VALUE: usize = 1024;
pub const EMBED_FOOTER: usize = 2048;
pub const EMBED_AUTHOR: usize = 256;
/// All texts of all embeds of one message together.
pub const EMBED_TOTAL: usize = 6000;
pub const URL: usize = 2048;
pub const COLOR: u32 = 0x00ff_ffff;

// Polls: *Poll Create Request*.
pub const POLL_QUESTION: usize = 300;
pub const POLL_ANSWER: usize = 55;
pub const POLL_ANSWERS: usize = 10;
pub const POLL_HOURS: u32 = 768;

// Components: *Component Reference*.
pub const ACTION_ROWS: usize = 5;
pub const ROW_BUTTONS: usize = 5;
/// Components of a message in the newer layout, nested ones included.
pub const COMPONENTS: usize = 40;
/// Texts of all text displays of a message together.
pub const COMPONENT_TEXT: usize = 4000;
pub const CUSTOM_ID: usize = 100;
pub const BUTTON_LABEL: usize = 80;
pub const BUTTON_URL: usize = 512;
pub const SELECT_OPTIONS: usize = 25;
pub const SELECT_TEXT: usize = 100;
pub const SELECT_PLACEHOLDER: usize = 150;
pub const SECTION_TEXTS: usize = 3;
pub const GALLERY_ITEMS: usize = 10;

// Channels and threads: *Channel*.
pub const CHANNEL_NAME: usize = 100;
pub const TOPIC: usize = 1024;
pub const FORUM_TOPIC: usize = 4096;
/// Seconds.
pub const SLOWMODE: u32 = 21_600;
pub const USER_LIMIT: u32 = 10_000;
pub const BITRATE_MIN: u32 = 8000;
pub const BITRATE: u32 = 384_000;
pub const FORUM_TAGS: usize = 20;
pub const FORUM_TAG_NAME: usize = 20;
pub const APPLIED_TAGS: usize = 5;
pub const ARCHIVED_THREADS: u32 = 100;

// Guilds, roles, members, bans: *Guild*.
pub const GUILD_NAME_MIN: usize = 2;
pub const GUILD_NAME: usize = 100;
pub const GUILD_DESCRIPTION: usize = 300;
pub const GUILDS: u32 = 200;
pub const ROLE_NAME: usize = 100;
pub const ROLE_POSITIONS: usize = 250;
pub const NICKNAME: usize = 32;
pub const MEMBERS: u32 = 1000;
pub const BANS: u32 = 1000;
/// Seconds of messages that a ban may delete.
pub const BAN_DELETE_SECONDS: u32 = 604_800;
/// Seconds of a timeout: 28 days.
pub const TIMEOUT_SECONDS: u32 = 28 * 24 * 60 * 60;

// Webhooks, invites, audit log.
pub const WEBHOOK_NAME: usize = 80;
/// Seconds an invite lives; 0 is for ever. *Create Channel Invite*.
pub const INVITE_AGE: u32 = 604_800;
pub const INVITE_USES: u32 = 100;
pub const INVITE_CODE: usize = 64;
pub const AUDIT_ENTRIES: u32 = 100;
/// `X-Audit-Log-Reason`. *Audit Log*.
pub const REASON: usize = 512;
pub const PINS: u32 = 50;
pub const EMOJI: usize = 64;

// Ours.
/// Seconds that `discord_wait_for_message` may wait.
pub const WAIT_SECONDS: u32 = 600;
/// Messages that `discord_message_history` may read.
pub const HISTORY: u32 = 500;
/// Seconds of a lock on a thread.
pub const LOCK_SECONDS: u32 = 3600;
/// Seconds of a lock on a thread unless told otherwise.
pub const LOCK_DEFAULT: u32 = 300;
/// Characters of a search word.
pub const QUERY: usize = 100;
/// Characters of a draft's name, trigger and action.
pub const DRAFT_NAME: usize = 100;
pub const DRAFT_TEXT: usize = 2000;
/// Decisions in one answer.
pub const DECISIONS: u32 = 100;
