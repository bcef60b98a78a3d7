//! Every configuration key in one table: its name in the file, its environment variables, its
//! default and what it means. Names of variables are a contract.

/// How a key's text is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Never shown, never logged; also read from the file that `<VARIABLE>_FILE` names.
    Secret,
    /// `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off`.
    Switch,
    /// `host:port`.
    Address,
    /// Separated by commas.
    List,
}

/// One key.
pub(crate) struct Setting {
    /// Where it stands in `guildhall.toml`, e.g. `http.listen`.
    pub(crate) key: &'static str,
    /// Environment variables, the first one set wins.
    pub(crate) variables: &'static [&'static str],
    pub(crate) kind: Kind,
    /// As text; empty means unset.
    pub(crate) default: &'static str,
    pub(crate) meaning: &'static str,
}

const fn setting(
    key: &'static str,
    variables: &'static [&'static str],
    kind: Kind,
    default: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting {
        key,
        variables,
        kind,
        default,
        meaning,
    }
}

/// All keys, in the order in which `config show` prints them.
pub(crate) const SETTINGS: &[Setting] = &[
    setting(
        "discord.token",
        &["DISCORD_TOKEN", "DISCORD_BOT_TOKEN"],
        Kind::Secret,
        "",
        "The bot's token, from the Developer Portal. Never a user's token.",
    ),
    setting(
        "discord.api_url",
        &["DISCORD_API_URL"],
        Kind::Text,
        "https://discord.com/api/v10",
        "Where Discord's REST API is; a sandbox or a proxy for tests.",
    ),
    setting(
        "discord.gateway_url",
        &["DISCORD_GATEWAY_URL"],
        Kind::Text,
        "",
        "Where the Gateway is; by default Discord is asked.",
    ),
    setting(
        "discord.gateway",
        &["ENABLE_GATEWAY"],
        Kind::Switch,
        "false",
        "Connect to the Gateway, so that events come in.",
    ),
    setting(
        "discord.message_content",
        &["DISCORD_MESSAGE_CONTENT"],
        Kind::Switch,
        "true",
        "Ask for the privileged intent that carries message text.",
    ),
    setting(
        "discord.members",
        &["DISCORD_MEMBERS"],
        Kind::Switch,
        "false",
        "Ask for the privileged intent that carries member changes.",
    ),
    setting(
        "store.database_url",
        &["DATABASE_URL"],
        Kind::Secret,
        "",
        "sqlite:PATH or postgres://…; by default SQLite in the data folder.",
    ),
    setting(
        "store.data_dir",
        &["GUILDHALL_DATA_DIR"],
        Kind::Text,
        "",
        "Folder of the SQLite file [default: the user's data folder].",
    ),
    setting(
        "audit.key",
        &["GUILDHALL_AUDIT_KEY"],
        Kind::Secret,
        "",
        "64 letters of hex that seal the audit; by default made in the data folder. Instances that share a database share it.",
    ),
    setting(
        "audit.witness",
        &["GUILDHALL_AUDIT_WITNESS"],
        Kind::Text,
        "",
        "File that gets a copy of each signed checkpoint, best on another disk or machine [default: in the data folder].",
    ),
    setting(
        "audit.mirror",
        &["GUILDHALL_AUDIT_MIRROR"],
        Kind::Text,
        "",
        "File that gets each decision as a line of JSON, people's data as salted hashes. Each instance writes one of its own.",
    ),
    setting(
        "audit.channel",
        &["GUILDHALL_AUDIT_CHANNEL"],
        Kind::Text,
        "",
        "Id of a Discord channel that is told each decision of every workspace, without names of people. No caller may use it. A workspace sets one of its own as audit_channel.",
    ),
    setting(
        "audit.channel_rows",
        &["GUILDHALL_AUDIT_CHANNEL_ROWS"],
        Kind::Text,
        "writes",
        "What audit.channel is told: writes (how writes ended, and refusals) or all.",
    ),
    setting(
        "audit.checkpoint_minutes",
        &["GUILDHALL_AUDIT_CHECKPOINT_MINUTES"],
        Kind::Text,
        "60",
        "How often a running service signs where the audit stands, also when nothing happened.",
    ),
    setting(
        "undo_days",
        &["GUILDHALL_UNDO_DAYS"],
        Kind::Text,
        "7",
        "For how many days a call can be undone. What is kept for it may hold what people wrote; 0 keeps it only while the call is under way.",
    ),
    setting(
        "http.listen",
        &["GUILDHALL_LISTEN"],
        Kind::Address,
        "127.0.0.1:8000",
        "Address of the service. Anything but loopback needs API keys.",
    ),
    setting(
        "http.require_key",
        &["GUILDHALL_REQUIRE_KEY"],
        Kind::Switch,
        "false",
        "Ask for an API key also on loopback.",
    ),
    setting(
        "http.allowed_hosts",
        &["GUILDHALL_ALLOWED_HOSTS"],
        Kind::List,
        "",
        "Host names or addresses under which the service may be reached, besides loopback and the address called.",
    ),
    setting(
        "http.allowed_origins",
        &["GUILDHALL_ALLOWED_ORIGINS"],
        Kind::List,
        "",
        "Web origins that may call the service, besides loopback ones.",
    ),
    setting(
        "mcp.toolsets",
        &["GUILDHALL_TOOLSETS"],
        Kind::List,
        "default",
        "Toolsets to list, or `all`.",
    ),
    setting(
        "mcp.transport",
        &["MCP_TRANSPORT"],
        Kind::Text,
        "stdio",
        "What `guildhall mcp` speaks: stdio or http.",
    ),
    setting(
        "mcp.ask_in_place",
        &["GUILDHALL_ASK_IN_PLACE"],
        Kind::Switch,
        "true",
        "Ask the person at the client to confirm destructive calls, where the client can.",
    ),
    setting(
        "mcp.approval_wait_seconds",
        &["GUILDHALL_APPROVAL_WAIT_SECONDS"],
        Kind::Text,
        "45",
        "How long a call waits for people's approval before it answers that it waits: 0 to 240.",
    ),
    setting(
        "service.url",
        &["GATEWAY_URL"],
        Kind::Text,
        "",
        "A running service: `guildhall mcp` becomes its thin client.",
    ),
    setting(
        "service.api_key",
        &["GUILDHALL_API_KEY"],
        Kind::Secret,
        "",
        "The key with which the thin client reaches the service.",
    ),
    setting(
        "policy.read_only",
        &["GUILDHALL_READ_ONLY"],
        Kind::Switch,
        "false",
        "Take away every tool that changes something.",
    ),
    setting(
        "policy.allowed_guilds",
        &["ALLOWED_GUILD_IDS"],
        Kind::List,
        "",
        "Guilds in which the bot may act; empty means all it is in.",
    ),
    setting(
        "log.filter",
        &["GUILDHALL_LOG", "RUST_LOG"],
        Kind::Text,
        "warn",
        "What to log.",
    ),
    setting(
        "log.format",
        &["GUILDHALL_LOG_FORMAT"],
        Kind::Text,
        "text",
        "text or json.",
    ),
];

/// The setting with this key.
pub(crate) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_and_variables_are_unique() {
        let mut seen = HashSet::new();
        for setting in SETTINGS {
            assert!(seen.insert(setting.key), "{}", setting.key);
            for variable in setting.variables {
                assert!(seen.insert(variable), "{variable}");
            }
        }
    }
}
