//! Random guilds: roles of every weight, members of every standing, channels of every kind with
//! overwrites, threads public and private. The same seed gives the same guilds.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sandbox::Snowflake;
use sandbox::permissions::{self as bits, Overwrite, OverwriteTarget};
use sandbox::world::{Channel, ChannelKind, Guild, Member, Role, Thread};

use crate::support::NEW_YEAR_MS;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Long after any run of the tests, and long before.
const NEVER_MS: u64 = NEW_YEAR_MS + 20_000 * DAY_MS;
const LONG_AGO_MS: u64 = NEW_YEAR_MS - 3_000 * DAY_MS;
const LONG_AGO: &str = "2017-10-15T00:00:00+00:00";
const NEVER: &str = "2080-10-04T00:00:00+00:00";

const KINDS: [ChannelKind; 7] = [
    ChannelKind::Text,
    ChannelKind::Voice,
    ChannelKind::Category,
    ChannelKind::Announcement,
    ChannelKind::Stage,
    ChannelKind::Forum,
    ChannelKind::Media,
];

/// One guild, as the world holds it and as a library is told of it. The first member is the bot.
pub(super) struct Case {
    pub(super) guild: Guild,
    /// Channels, then threads.
    pub(super) places: Vec<Channel>,
    /// In the order of the payload.
    pub(super) members: Vec<Snowflake>,
    pub(super) roles: Vec<Snowflake>,
    pub(super) payload: String,
}

/// The dice of a whole run.
pub(super) struct Cases(StdRng);

impl Cases {
    pub(super) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// The guild with this number; ids differ from guild to guild.
    pub(super) fn draw(&mut self, number: u64) -> Case {
        let base = 1_000 + number * 1_000;
        let id = Snowflake(base);
        let members: Vec<_> = (0..self.0.random_range(2..=4))
            .map(|index| Snowflake(base + 100 + index))
            .collect();
        let owner = match self.0.random_range(0..4) {
            0 => members[0],
            1 => members[1],
            _ => Snowflake(base + 99),
        };
        let mut guild = Guild::new(id, "random", owner);
        self.roles(&mut guild, base);
        let roles: Vec<_> = guild.roles.keys().copied().collect();
        for user in &members {
            let member = self.member(*user, &roles);
            guild.members.insert(*user, member);
        }
        let places = self.places(&guild, &members, base);
        let payload = payload(&guild, &members, &places);
        Case {
            guild,
            places,
            members,
            roles,
            payload,
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// Few bits, many, or what is usual; hardly ever everything.
    fn some_bits(&mut self) -> u64 {
        let noise: u64 = self.0.random::<u64>() & bits::ALL & !bits::ADMINISTRATOR;
        match self.0.random_range(0..8) {
            0 => 0,
            1 => bits::ADMINISTRATOR,
            2 => noise | bits::VIEW_CHANNEL | bits::SEND_MESSAGES | bits::CONNECT,
            3 | 4 => bits::DEFAULT_EVERYONE,
            5 => noise & self.0.random::<u64>(),
            _ => noise,
        }
    }

    fn roles(&mut self, guild: &mut Guild, base: u64) {
        let mut everyone = Role::new(guild.id, "@everyone");
        everyone.position = 0;
        everyone.permissions = self.some_bits() & !bits::ADMINISTRATOR;
        guild.roles.insert(guild.id, everyone);
        for index in 0..self.0.random_range(0..=5) {
            let mut role = Role::new(Snowflake(base + 1 + index), "role");
            // Positions collide now and then: the older role stands above.
            role.position = self.0.random_range(1..=4);
            role.permissions = self.some_bits();
            role.managed = self.chance(20);
            guild.roles.insert(role.id, role);
        }
    }

    fn member(&mut self, user: Snowflake, roles: &[Snowflake]) -> Member {
        let mut member = Member::new(user, LONG_AGO_MS);
        for role in &roles[1..] {
            if self.chance(40) {
                member.roles.insert(*role);
            }
        }
        member.timeout_until_ms = match self.0.random_range(0..10) {
            0 | 1 => Some(NEVER_MS),
            2 => Some(LONG_AGO_MS),
            _ => None,
        };
        member
    }

    fn places(&mut self, guild: &Guild, members: &[Snowflake], base: u64) -> Vec<Channel> {
        let mut places = Vec::new();
        for index in 0..self.0.random_range(1..=2) {
            let kind = *KINDS.choose(&mut self.0).expect("there are kinds");
            let mut channel = Channel::new(Snowflake(base + 200 + index), kind, Some(guild.id));
            channel.overwrites = self.overwrites(guild, members);
            places.push(channel);
        }
        let holds_threads =
            |channel: &&Channel| !channel.kind.is_voice() && channel.kind != ChannelKind::Category;
        let parent = places.iter().find(holds_threads).cloned();
        let Some(parent) = parent.filter(|_| self.chance(60)) else {
            return places;
        };
        let kind = match parent.kind {
            ChannelKind::Text if self.chance(60) => ChannelKind::PrivateThread,
            ChannelKind::Announcement => ChannelKind::AnnouncementThread,
            _ => ChannelKind::PublicThread,
        };
        let mut thread = Channel::new(Snowflake(base + 300), kind, Some(guild.id));
        thread.parent_id = Some(parent.id);
        let inside: Vec<_> = (members.iter().filter(|_| self.0.random())).collect();
        thread.thread = Some(Thread {
            owner_id: members[0],
            archived: false,
            archive_ms: LONG_AGO_MS,
            auto_archive_duration: 60,
            locked: false,
            invitable: true,
            created_ms: LONG_AGO_MS,
            message_count: 0,
            total_message_sent: 0,
            members: inside
                .into_iter()
                .map(|user| (*user, LONG_AGO_MS))
                .collect(),
            applied_tags: Vec::new(),
        });
        places.push(thread);
        places
    }

    /// In any order; some for roles and people that are gone.
    fn overwrites(&mut self, guild: &Guild, members: &[Snowflake]) -> Vec<Overwrite> {
        let mut overwrites = Vec::new();
        let roles = guild.roles.keys().map(|id| (*id, OverwriteTarget::Role));
        let people = members.iter().map(|id| (*id, OverwriteTarget::Member));
        let gone = [
            (Snowflake(guild.id.0 + 900), OverwriteTarget::Role),
            (Snowflake(guild.id.0 + 901), OverwriteTarget::Member),
        ];
        for (id, target) in people.chain(gone).chain(roles) {
            if self.chance(45) {
                // No channel makes an administrator (Discord: Permissions).
                let (allow, deny) = (self.some_bits() & !bits::ADMINISTRATOR, self.some_bits());
                overwrites.push(Overwrite {
                    id,
                    target,
                    allow: allow & !deny,
                    deny,
                });
            }
        }
        if self.chance(50) {
            overwrites.reverse();
        }
        overwrites
    }
}

/// What a library is told. Written by hand: building values takes most of the time of a run.
fn payload(guild: &Guild, members: &[Snowflake], places: &[Channel]) -> String {
    let (threads, channels): (Vec<_>, Vec<_>) = places.iter().partition(|it| it.kind.is_thread());
    format!(
        concat!(
            r#"{{"id":"{}","owner_id":"{}","name":"random","member_count":{},"features":[],"#,
            r#""verification_level":0,"default_message_notifications":0,"#,
            r#""roles":[{}],"members":[{}],"channels":[{}],"threads":[{}]}}"#
        ),
        guild.id,
        guild.owner_id,
        members.len(),
        list(guild.roles.values(), role),
        list(members.iter().map(|id| &guild.members[id]), member),
        list(channels, channel),
        list(threads, thread),
    )
}

fn list<T>(items: impl IntoIterator<Item = T>, write: fn(T) -> String) -> String {
    items.into_iter().map(write).collect::<Vec<_>>().join(",")
}

fn role(role: &Role) -> String {
    format!(
        concat!(
            r#"{{"id":"{}","name":"role","permissions":"{}","position":{},"managed":{},"#,
            r#""color":0,"hoist":false,"mentionable":false,"flags":0}}"#
        ),
        role.id, role.permissions, role.position, role.managed,
    )
}

fn member(member: &Member) -> String {
    let until = match member.timeout_until_ms {
        Some(NEVER_MS) => format!("{NEVER:?}"),
        Some(_) => format!("{LONG_AGO:?}"),
        None => "null".to_owned(),
    };
    format!(
        concat!(
            r#"{{"user":{{"id":"{}","username":"someone","discriminator":"0","avatar":null}},"#,
            r#""roles":[{}],"joined_at":{:?},"communication_disabled_until":{},"#,
            r#""flags":0,"deaf":false,"mute":false}}"#
        ),
        member.user_id,
        list(&member.roles, |id| format!("\"{id}\"")),
        LONG_AGO,
        until,
    )
}

fn channel(channel: &Channel) -> String {
    format!(
        concat!(
            r#"{{"id":"{}","type":{},"name":"place","position":0,"bitrate":64000,"user_limit":0,"#,
            r#""available_tags":[],"permission_overwrites":[{}]}}"#
        ),
        channel.id,
        channel.kind.number(),
        list(&channel.overwrites, |it| format!(
            r#"{{"id":"{}","type":{},"allow":"{}","deny":"{}"}}"#,
            it.id,
            u8::from(it.target == OverwriteTarget::Member),
            it.allow,
            it.deny,
        )),
    )
}

fn thread(thread: &Channel) -> String {
    let parent = thread.parent_id.expect("a thread has a parent");
    format!(
        concat!(
            r#"{{"id":"{}","type":{},"parent_id":"{}","owner_id":"1","name":"aside","#,
            r#""message_count":0,"member_count":0,"thread_metadata":{{"archived":false,"#,
            r#""locked":false,"auto_archive_duration":60,"archive_timestamp":{:?}}}}}"#
        ),
        thread.id,
        thread.kind.number(),
        parent,
        LONG_AGO,
    )
}
