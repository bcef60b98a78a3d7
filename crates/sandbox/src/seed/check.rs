//! Finds what a description lacks, before anything of it is built.

use std::collections::BTreeSet;

use super::gap::Gap;
use super::spec::{
    ChannelSpec, EventSpec, GuildSpec, MessageSpec, OverwriteSpec, PostSpec, ReactionSpec,
    WorldSpec,
};
use crate::world::ChannelKind;

/// Generated members of one guild (Discord: `max_members`).
const MAX_CROWD: u32 = 500_000;
/// Discord's limits for a username.
const USERNAME: std::ops::RangeInclusive<usize> = 2..=32;
/// Channels of a guild (Discord).
const MAX_CHANNELS: usize = 500;
/// Roles of a guild (Discord).
const MAX_ROLES: usize = 249;
const STATUSES: &[&str] = &["online", "idle", "dnd"];

type Checked = Result<(), Gap>;

/// The error names the first gap.
pub(super) fn check(spec: &WorldSpec) -> Checked {
    for (at, guild) in spec.guilds.iter().enumerate() {
        check_guild(guild).map_err(|gap| gap.inside(&format!("guilds[{at}]")))?;
    }
    for (at, actor) in spec.actors.iter().enumerate() {
        actor
            .check()
            .map_err(|(place, lack)| Gap::at(&place, lack).inside(&format!("actors[{at}]")))?;
    }
    let Some(first) = spec.guilds.first() else {
        return Err(Gap::at("guilds", "a world has at least one guild"));
    };
    if first.bots.is_empty() {
        let lack = "the first guild has at least one bot, as which clients log in";
        return Err(Gap::at("guilds[0]", lack));
    }
    let text = |channel: &&ChannelSpec| channel.kind == ChannelKind::Text.number();
    if !first.channels.iter().any(|channel| text(&channel)) {
        let lack = "the first guild has at least one text channel";
        return Err(Gap::at("guilds[0]", lack));
    }
    Ok(())
}

/// What one guild lacks.
pub(super) fn check_guild(guild: &GuildSpec) -> Checked {
    let known = Known::of(guild);
    let length = guild.name.chars().count();
    if !(2..=100).contains(&length) {
        return Err(Gap::at("name", "a guild's name has 2 to 100 characters"));
    }
    if guild.crowd.is_some_and(|crowd| crowd.people > MAX_CROWD) {
        return Err(Gap::at(
            "crowd",
            format!("a crowd has at most {MAX_CROWD} people"),
        ));
    }
    if guild.channels.len() > MAX_CHANNELS || guild.roles.len() > MAX_ROLES {
        let most = format!("a guild has at most {MAX_CHANNELS} channels and {MAX_ROLES} roles");
        return Err(Gap::at("channels", most));
    }
    unique(
        "roles",
        "role",
        guild.roles.iter().map(|role| role.name.as_str()),
    )?;
    check_people(guild, &known)?;
    let named = guild
        .channels
        .iter()
        .filter(|channel| !is_category(channel));
    unique(
        "channels",
        "channel",
        named.map(|channel| channel.name.as_str()),
    )?;
    for (at, channel) in guild.channels.iter().enumerate() {
        let before = &guild.channels[..at];
        check_channel(channel, before, &known)
            .map_err(|gap| gap.inside(&format!("channels[{at}]")))?;
    }
    let places = [
        ("system_channel", &guild.system_channel),
        ("rules_channel", &guild.rules_channel),
    ];
    for (field, name) in places {
        if let Some(name) = name {
            known.channel(field, &format!("guild `{}`", guild.name), name)?;
        }
    }
    for (at, invite) in guild.invites.iter().enumerate() {
        known.channel(
            &format!("invites[{at}].channel"),
            "an invite",
            &invite.channel,
        )?;
        if let Some(by) = &invite.by {
            known.person(&format!("invites[{at}].by"), "an invite", by)?;
        }
    }
    for (at, event) in guild.events.iter().enumerate() {
        check_event(event, &known).map_err(|gap| gap.inside(&format!("events[{at}]")))?;
    }
    for (at, ban) in guild.bans.iter().enumerate() {
        if known.people.contains(ban.username.as_str()) {
            let lack = format!("`{}` is banned and a member; one of both", ban.username);
            return Err(Gap::at(&format!("bans[{at}].username"), lack));
        }
    }
    Ok(())
}

fn check_event(event: &EventSpec, known: &Known<'_>) -> Checked {
    let holder = format!("event `{}`", event.name);
    match (&event.channel, &event.location) {
        (Some(channel), None) => known.channel("channel", &holder, channel)?,
        (None, Some(_)) => {}
        _ => {
            let lack = format!("{holder} has either a `channel` or a `location`");
            return Err(Gap::at("", lack));
        }
    }
    for (at, name) in event.interested.iter().enumerate() {
        known.person(&format!("interested[{at}]"), &holder, name)?;
    }
    Ok(())
}

fn check_people(guild: &GuildSpec, known: &Known<'_>) -> Checked {
    let names = guild.members.iter().map(|member| member.username.as_str());
    unique("members", "member", names)?;
    let bots = guild.bots.iter().map(|bot| bot.username.as_str());
    unique("bots", "bot", bots)?;
    let owner = [("owner".to_owned(), guild.owner.as_str())];
    let members = guild.members.iter().enumerate();
    let members =
        members.map(|(at, one)| (format!("members[{at}].username"), one.username.as_str()));
    let bots = guild.bots.iter().enumerate();
    let bots = bots.map(|(at, one)| (format!("bots[{at}].username"), one.username.as_str()));
    for (place, name) in owner.into_iter().chain(members).chain(bots) {
        if !USERNAME.contains(&name.chars().count()) {
            return Err(Gap::at(
                &place,
                format!("username {name:?} must have 2 to 32 characters"),
            ));
        }
    }
    for (at, member) in guild.members.iter().enumerate() {
        let holder = format!("member `{}`", member.username);
        for (nth, role) in member.roles.iter().enumerate() {
            known.role(&format!("members[{at}].roles[{nth}]"), &holder, role)?;
        }
        if let Some(status) = member.status.as_deref()
            && !STATUSES.contains(&status)
        {
            let lack = format!(
                "no such status: {status:?}; there are {}",
                STATUSES.join(", ")
            );
            return Err(Gap::at(&format!("members[{at}].status"), lack));
        }
        if let Some(voice) = &member.voice {
            known.channel(&format!("members[{at}].voice"), &holder, voice)?;
        }
    }
    for (at, bot) in guild.bots.iter().enumerate() {
        let holder = format!("bot `{}`", bot.username);
        for (nth, role) in bot.roles.iter().enumerate() {
            known.role(&format!("bots[{at}].roles[{nth}]"), &holder, role)?;
        }
    }
    Ok(())
}

fn check_channel(channel: &ChannelSpec, before: &[ChannelSpec], known: &Known<'_>) -> Checked {
    let holder = format!("channel `{}`", channel.name);
    for (field, roles) in [
        ("only_for", &channel.only_for),
        ("written_by", &channel.written_by),
    ] {
        for (at, role) in roles.iter().enumerate() {
            known.role(&format!("{field}[{at}]"), &holder, role)?;
        }
    }
    for (at, overwrite) in channel.overwrites.iter().enumerate() {
        check_overwrite(overwrite, &holder, known)
            .map_err(|gap| gap.inside(&format!("overwrites[{at}]")))?;
    }
    let kind = ChannelKind::from_number(channel.kind.into());
    let Some(kind) = kind.filter(|kind| !kind.is_thread() && *kind != ChannelKind::Dm) else {
        let lack = format!("{holder}: no such kind: {}", channel.kind);
        return Err(Gap::at("kind", lack));
    };
    if let Some(category) = &channel.category {
        let categories = before.iter().filter(|one| is_category(one));
        let names: Vec<_> = categories.map(|one| one.name.as_str()).collect();
        if !names.contains(&category.as_str()) {
            let lack = unknown(
                &holder,
                "category",
                category,
                "categories before it",
                &names,
            );
            return Err(Gap::at("category", lack));
        }
    }
    if !channel.messages.is_empty() && !kind.has_messages() {
        let lack = format!("{holder} holds no messages; in a forum, write `posts`");
        return Err(Gap::at("messages", lack));
    }
    let has_posts = !channel.posts.is_empty() || !channel.tags.is_empty();
    if has_posts && !kind.is_forum() {
        let lack = format!("{holder} is no forum, so it has no posts and no tags");
        return Err(Gap::at("posts", lack));
    }
    check_messages("messages", &channel.messages, &holder, known)?;
    for (at, post) in channel.posts.iter().enumerate() {
        check_post(channel, post, known).map_err(|gap| gap.inside(&format!("posts[{at}]")))?;
    }
    Ok(())
}

fn check_overwrite(overwrite: &OverwriteSpec, holder: &str, known: &Known<'_>) -> Checked {
    match (&overwrite.role, &overwrite.member) {
        (Some(role), None) if role == "@everyone" => Ok(()),
        (Some(role), None) => known.role("role", holder, role),
        (None, Some(member)) => known.person("member", holder, member),
        _ => Err(Gap::at(
            "role",
            "an overwrite names a role or a member, and not both",
        )),
    }
}

fn check_post(forum: &ChannelSpec, post: &PostSpec, known: &Known<'_>) -> Checked {
    let holder = format!("post `{}`", post.title);
    known.person("author", &holder, &post.author)?;
    let tags: Vec<_> = forum.tags.iter().map(|tag| tag.name.as_str()).collect();
    for (at, tag) in post.tags.iter().enumerate() {
        if !tags.contains(&tag.as_str()) {
            let lack = unknown(&holder, "tag", tag, "tags", &tags);
            return Err(Gap::at(&format!("tags[{at}]"), lack));
        }
    }
    check_reactions(&post.reactions, &holder, known)?;
    check_messages("replies", &post.replies, &holder, known)
}

fn check_messages(
    field: &str,
    messages: &[MessageSpec],
    holder: &str,
    known: &Known<'_>,
) -> Checked {
    let mut labels = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let inside = |gap: Gap| gap.inside(&format!("{field}[{at}]"));
        known
            .person("author", holder, &message.author)
            .map_err(inside)?;
        if let Some(label) = &message.reply_to
            && !labels.contains(&label.as_str())
        {
            let lack = unknown(holder, "label", label, "labels before it", &labels);
            return Err(inside(Gap::at("reply_to", lack)));
        }
        labels.extend(message.label.as_deref());
        check_reactions(&message.reactions, holder, known).map_err(inside)?;
        if let Some(thread) = &message.thread {
            let holder = format!("thread `{}`", thread.name);
            check_messages("thread.messages", &thread.messages, &holder, known).map_err(inside)?;
        }
    }
    Ok(())
}

fn check_reactions(reactions: &[ReactionSpec], holder: &str, known: &Known<'_>) -> Checked {
    for (at, reaction) in reactions.iter().enumerate() {
        for (nth, name) in reaction.by.iter().enumerate() {
            known.person(&format!("reactions[{at}].by[{nth}]"), holder, name)?;
        }
    }
    Ok(())
}

/// The names that a guild's description may use.
struct Known<'a> {
    roles: Vec<&'a str>,
    channels: Vec<&'a str>,
    people: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(guild: &'a GuildSpec) -> Self {
        let members = guild.members.iter().map(|member| member.username.as_str());
        let bots = guild.bots.iter().map(|bot| bot.username.as_str());
        let channels = guild
            .channels
            .iter()
            .filter(|channel| !is_category(channel));
        Self {
            roles: guild.roles.iter().map(|role| role.name.as_str()).collect(),
            channels: channels.map(|channel| channel.name.as_str()).collect(),
            people: members.chain(bots).chain([guild.owner.as_str()]).collect(),
        }
    }

    fn role(&self, place: &str, holder: &str, name: &str) -> Checked {
        if self.roles.contains(&name) {
            return Ok(());
        }
        Err(Gap::at(
            place,
            unknown(holder, "role", name, "roles", &self.roles),
        ))
    }

    fn channel(&self, place: &str, holder: &str, name: &str) -> Checked {
        if self.channels.contains(&name) {
            return Ok(());
        }
        Err(Gap::at(
            place,
            unknown(holder, "channel", name, "channels", &self.channels),
        ))
    }

    fn person(&self, place: &str, holder: &str, name: &str) -> Checked {
        if self.people.contains(name) {
            return Ok(());
        }
        let people: Vec<_> = self.people.iter().copied().collect();
        Err(Gap::at(
            place,
            unknown(holder, "member", name, "members", &people),
        ))
    }
}

fn is_category(channel: &ChannelSpec) -> bool {
    channel.kind == ChannelKind::Category.number()
}

fn unique<'a>(field: &str, what: &str, names: impl Iterator<Item = &'a str>) -> Checked {
    let mut seen = BTreeSet::new();
    for (at, name) in names.enumerate() {
        if !seen.insert(name) {
            let lack = format!("{what} `{name}` is described twice");
            return Err(Gap::at(&format!("{field}[{at}]"), lack));
        }
    }
    Ok(())
}

fn unknown(holder: &str, what: &str, name: &str, all: &str, names: &[&str]) -> String {
    let names = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    format!("{holder} names the {what} `{name}`, which does not exist; {all} are: {names}")
}
