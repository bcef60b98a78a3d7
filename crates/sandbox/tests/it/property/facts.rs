//! What an observer knows of a guild, and Discord's permission arithmetic over it: written from
//! the documentation alone, so that it can judge the sandbox's own.

use std::collections::BTreeMap;

use serde_json::Value;

pub(super) const CREATE_INSTANT_INVITE: u64 = 1 << 0;
pub(super) const KICK_MEMBERS: u64 = 1 << 1;
pub(super) const BAN_MEMBERS: u64 = 1 << 2;
pub(super) const ADMINISTRATOR: u64 = 1 << 3;
pub(super) const MANAGE_CHANNELS: u64 = 1 << 4;
pub(super) const MANAGE_GUILD: u64 = 1 << 5;
pub(super) const VIEW_CHANNEL: u64 = 1 << 10;
pub(super) const SEND_MESSAGES: u64 = 1 << 11;
pub(super) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(super) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub(super) const CONNECT: u64 = 1 << 20;
pub(super) const MOVE_MEMBERS: u64 = 1 << 24;
pub(super) const CHANGE_NICKNAME: u64 = 1 << 26;
pub(super) const MANAGE_NICKNAMES: u64 = 1 << 27;
pub(super) const MANAGE_ROLES: u64 = 1 << 28;
pub(super) const MANAGE_WEBHOOKS: u64 = 1 << 29;
pub(super) const MANAGE_THREADS: u64 = 1 << 34;
pub(super) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub(super) const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
pub(super) const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
pub(super) const MODERATE_MEMBERS: u64 = 1 << 40;
pub(super) const CREATE_EXPRESSIONS: u64 = 1 << 43;
pub(super) const SEND_POLLS: u64 = 1 << 49;
pub(super) const PIN_MESSAGES: u64 = 1 << 51;

const EVERYTHING: u64 = u64::MAX;

/// A guild as GUILD_CREATE shows it to its owner.
pub(super) struct Facts {
    guild: String,
    owner: String,
    now: String,
    /// Permissions and position by role.
    roles: BTreeMap<String, (u64, i64)>,
    members: BTreeMap<String, Member>,
    channels: BTreeMap<String, Value>,
    threads: BTreeMap<String, Value>,
}

struct Member {
    roles: Vec<String>,
    muted_until: Option<String>,
}

/// What a request needs.
#[derive(Clone, Debug)]
pub(super) enum Right {
    /// Not judged: anybody, or rules that this evaluator does not know.
    Unjudged,
    /// All of these bits in the guild.
    InGuild(u64),
    /// To see the channel, and all of these bits there.
    In(String, u64),
    /// Any of these bits in the channel, besides seeing it.
    AnyIn(String, u64),
    /// To stand above a member.
    Above(String),
    /// To stand above a role.
    AboveRole(String),
    /// All of these.
    All(Vec<Right>),
    /// Needed, but there are rules besides that this evaluator does not know.
    AtLeast(Box<Right>),
}

impl Facts {
    pub(super) fn read(guild: &Value, now: &str) -> Self {
        let list = |key: &str| guild[key].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let by_id = |items: Vec<Value>| {
            let pairs = items.into_iter().map(|item| (text(&item["id"]), item));
            pairs.collect::<BTreeMap<_, _>>()
        };
        let role = |role: Value| {
            let (bits, position) = (bits(&role["permissions"]), role["position"].as_i64());
            (text(&role["id"]), (bits, position.unwrap_or_default()))
        };
        let member = |member: Value| {
            let roles = member["roles"].as_array().into_iter().flatten();
            let known = Member {
                roles: roles.map(text).collect(),
                muted_until: member["communication_disabled_until"]
                    .as_str()
                    .map(str::to_owned),
            };
            (text(&member["user"]["id"]), known)
        };
        Self {
            guild: text(&guild["id"]),
            owner: text(&guild["owner_id"]),
            now: now.to_owned(),
            roles: list("roles").into_iter().map(role).collect(),
            members: list("members").into_iter().map(member).collect(),
            channels: by_id(list("channels")),
            threads: by_id(list("threads")),
        }
    }

    /// Whether `user` has a right; nothing where it cannot be told, as about what does not exist.
    pub(super) fn grants(&self, user: &str, right: &Right) -> Option<bool> {
        match right {
            Right::Unjudged => None,
            Right::InGuild(needed) => Some(self.in_guild(user) & needed == *needed),
            Right::In(channel, needed) => {
                let held = self.in_channel(user, channel)?;
                let needed = needed | VIEW_CHANNEL;
                Some(held & needed == needed)
            }
            Right::AnyIn(channel, any) => {
                let held = self.in_channel(user, channel)?;
                Some(held & VIEW_CHANNEL != 0 && held & any != 0)
            }
            Right::Above(other) => {
                self.members.get(other)?;
                Some(self.rank(user) > self.rank(other))
            }
            Right::AboveRole(role) => Some(self.rank(user) > self.roles.get(role)?.1),
            Right::All(rights) => {
                let verdicts: Vec<_> = rights.iter().map(|it| self.grants(user, it)).collect();
                if verdicts.contains(&Some(false)) {
                    Some(false)
                } else if verdicts.contains(&None) {
                    None
                } else {
                    Some(true)
                }
            }
            Right::AtLeast(right) => self.grants(user, right).filter(|granted| !granted),
        }
    }

    pub(super) fn is_thread(&self, channel: &str) -> bool {
        self.threads.contains_key(channel)
    }

    fn rank(&self, user: &str) -> i64 {
        if user == self.owner {
            return i64::MAX;
        }
        let Some(member) = self.members.get(user) else {
            return -1;
        };
        let held = member.roles.iter().filter_map(|role| self.roles.get(role));
        held.map(|(_, position)| *position).max().unwrap_or(0)
    }

    /// Topics › Permissions › Permission Overwrites: base permissions.
    fn base(&self, user: &str) -> u64 {
        let Some(member) = self.members.get(user) else {
            return 0;
        };
        if user == self.owner {
            return EVERYTHING;
        }
        let held = std::iter::once(&self.guild).chain(&member.roles);
        let granted = held.filter_map(|role| self.roles.get(role));
        let granted = granted.fold(0, |all, (bits, _)| all | bits);
        if granted & ADMINISTRATOR != 0 {
            return EVERYTHING;
        }
        granted
    }

    fn in_guild(&self, user: &str) -> u64 {
        self.muted(user, self.base(user))
    }

    /// Topics › Permissions › Permissions for Timed Out Members.
    fn muted(&self, user: &str, held: u64) -> u64 {
        let until = self
            .members
            .get(user)
            .and_then(|it| it.muted_until.as_ref());
        if held != EVERYTHING && until.is_some_and(|until| *until > self.now) {
            return held & (VIEW_CHANNEL | READ_MESSAGE_HISTORY);
        }
        held
    }

    /// What a user may do in a channel or thread; `None` for one that is not known here.
    fn in_channel(&self, user: &str, channel: &str) -> Option<u64> {
        let thread = self.threads.get(channel);
        let place = match thread {
            Some(thread) => self.channels.get(thread["parent_id"].as_str()?)?,
            None => self.channels.get(channel)?,
        };
        let base = self.base(user);
        if base == EVERYTHING || base == 0 {
            return Some(base);
        }
        let mut held = self.overwritten(user, base, place);
        held = self.muted(user, held);
        if held & VIEW_CHANNEL == 0 {
            return Some(0);
        }
        if thread.is_some_and(|thread| thread["type"] == 12) && held & MANAGE_THREADS == 0 {
            // Only those who were added see it, and who they are is not told here.
            return None;
        }
        if matches!(place["type"].as_u64(), Some(2 | 13)) && held & CONNECT == 0 {
            held &= VIEW_CHANNEL;
        }
        Some(held)
    }

    /// Topics › Permissions › Permission Overwrites: everyone's, those of roles, one's own.
    fn overwritten(&self, user: &str, base: u64, place: &Value) -> u64 {
        let overwrites = place["permission_overwrites"].as_array();
        let all: Vec<_> = overwrites.into_iter().flatten().collect();
        let member = self.members.get(user);
        let of = |id: &str, kind: u64| {
            let fits = |it: &&&Value| it["id"] == id && it["type"] == kind;
            all.iter().filter(fits).fold((0, 0), |(allow, deny), it| {
                (allow | bits(&it["allow"]), deny | bits(&it["deny"]))
            })
        };
        let (allow, deny) = of(&self.guild, 0);
        let mut held = base & !deny | allow;
        let roles = member.into_iter().flat_map(|member| &member.roles);
        let (allow, deny) = roles
            .map(|role| of(role, 0))
            .fold((0, 0), |all, one| (all.0 | one.0, all.1 | one.1));
        held = held & !deny | allow;
        let (allow, deny) = of(user, 1);
        held & !deny | allow
    }
}

fn bits(value: &Value) -> u64 {
    let text = value.as_str().unwrap_or("0");
    text.parse().expect("permissions are a number")
}
