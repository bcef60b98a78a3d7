//! Builds the world that the sandbox starts with, from a plain description. Nobody is connected
//! yet, so nothing is dispatched.

mod check;
mod events;
mod gap;
mod guild;
mod permission_names;
mod places;
mod read;
mod ready;
mod spec;
mod talk;
mod value;

pub use gap::SpecError;
pub use ready::{ReadyWorld, worlds};
pub use spec::{
    BanSpec, BotSpec, ChannelSpec, CrowdSpec, EmojiSpec, EventSpec, GuildSpec, InviteSpec,
    MemberSpec, MessageSpec, OverwriteSpec, PostSpec, ReactionSpec, RoleSpec, TagSpec, ThreadSpec,
    WorldSpec,
};
pub use value::When;

use std::collections::HashMap;

use gap::Gap;

use crate::snowflake::Snowflake;
use crate::world::{Home, World};

/// A guild is this much older than the first thing that was said in it.
const FOUNDED_BEFORE_MS: u64 = 60 * 60 * 1_000;

/// Builds everything; the error says what the description lacks.
pub(crate) fn build(world: &mut World, spec: &WorldSpec) -> Result<(), SpecError> {
    spec.check()?;
    let now_ms = world.now_ms();
    let mut names = Names::default();
    let inside = |at: usize| move |gap: Gap| gap.inside(&format!("guilds[{at}]")).without_text();
    let mut plans = Vec::with_capacity(spec.guilds.len());
    for (at, guild) in spec.guilds.iter().enumerate() {
        plans.push(talk::plan(guild, now_ms).map_err(inside(at))?);
    }
    // Ids only grow with time, so everything is founded before anybody speaks anywhere.
    let oldest = spec
        .guilds
        .iter()
        .zip(&plans)
        .map(|(guild, plan)| founded(guild, plan, now_ms));
    world.pretend(oldest.min());
    let mut built = Vec::with_capacity(spec.guilds.len());
    for (at, guild) in spec.guilds.iter().enumerate() {
        let founded_ms = founded(guild, &plans[at], now_ms);
        let added = guild::add(world, &mut names, guild, [now_ms, founded_ms]);
        built.push(added.map_err(inside(at))?);
    }
    talk::perform(world, &names, &built, &plans, now_ms).map_err(|(at, gap)| inside(at)(gap))?;
    world.pretend(None);
    for (at, (guild, added)) in spec.guilds.iter().zip(&built).enumerate() {
        guild::finish(world, &names, guild, added).map_err(inside(at))?;
    }
    let first = &built[0];
    world.home = Home {
        bot: first.bots[0],
        guild: first.guild_id,
        channel: first.text_channel.ok_or_else(|| {
            let lack = "the first guild has at least one text channel where everyone may write";
            Gap::at("guilds[0].channels", lack).without_text()
        })?,
    };
    Ok(())
}

/// Adds one guild to a world that people live in; `announce` tells its bots before anything is
/// said. Messages cannot be older than the moment at which it is added.
pub(crate) fn add_guild(
    world: &mut World,
    spec: &GuildSpec,
    announce: impl FnOnce(&mut World, Snowflake, &[Snowflake]),
) -> Result<Snowflake, SpecError> {
    check::check_guild(spec).map_err(Gap::without_text)?;
    let now_ms = world.now_ms();
    let plan = talk::plan(spec, now_ms).map_err(Gap::without_text)?;
    if plan.oldest_ms().is_some_and(|ms| ms < now_ms) {
        let lack = "only a world that starts with its guilds has a past; leave `at` out";
        return Err(Gap::at("channels", lack).without_text());
    }
    let mut names = Names::of(world);
    let added = guild::add(world, &mut names, spec, [now_ms, now_ms]).map_err(Gap::without_text)?;
    announce(world, added.guild_id, &added.bots);
    let id = added.guild_id;
    let built = [added];
    talk::perform(world, &names, &built, &[plan], now_ms)
        .and_then(|()| guild::finish(world, &names, spec, &built[0]).map_err(|gap| (0, gap)))
        .map_err(|(_, gap)| gap.without_text())?;
    Ok(id)
}

fn founded(guild: &GuildSpec, plan: &talk::Plan<'_>, now_ms: u64) -> u64 {
    let joined = guild.members.iter().filter_map(|member| member.joined);
    let joined = joined.map(|when| when.ms(now_ms)).min();
    let stated = guild.founded.map(|when| when.ms(now_ms));
    let oldest = plan.oldest_ms().into_iter().chain(joined).min();
    match oldest.filter(|ms| *ms < now_ms) {
        Some(oldest) => stated
            .unwrap_or(u64::MAX)
            .min(oldest.saturating_sub(FOUNDED_BEFORE_MS)),
        None => stated.unwrap_or(now_ms),
    }
}

/// Who has which name.
#[derive(Debug, Default)]
struct Names(HashMap<String, Snowflake>);

impl Names {
    fn of(world: &World) -> Self {
        let users = world.users.values();
        Self(users.map(|user| (user.username.clone(), user.id)).collect())
    }

    /// The description was checked, so that everyone who is asked for exists.
    fn get(&self, username: &str) -> Snowflake {
        self.0.get(username).copied().unwrap_or_default()
    }

    fn person(&mut self, world: &mut World, username: &str) -> Snowflake {
        if let Some(known) = self.0.get(username) {
            return *known;
        }
        let id = world.create_user(username);
        self.0.insert(username.to_owned(), id);
        id
    }

    fn bot(&mut self, world: &mut World, username: &str, owner: Snowflake) -> Snowflake {
        if let Some(known) = self.0.get(username) {
            return *known;
        }
        let id = world.create_bot(username, Some(owner));
        self.0.insert(username.to_owned(), id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{SandboxClock, Shared, WorldConfig};

    fn built(spec: &WorldSpec) -> Result<String, SpecError> {
        let clock = SandboxClock::manual(1_767_225_600_000);
        let shared = Shared::new(WorldConfig { seed: 7, clock });
        shared.write(|world| build(world, spec))?;
        Ok(shared.read(|world| serde_json::to_string(world).unwrap()))
    }

    #[test]
    fn the_same_seed_gives_the_same_world() {
        // Building a hundred thousand people twice takes seconds where nothing is optimized.
        for world in worlds().iter().filter(|world| world.name != "large") {
            let spec = WorldSpec::ready(&world.name).unwrap();
            assert!(
                built(&spec).unwrap() == built(&spec).unwrap(),
                "{}",
                world.name
            );
        }
    }

    #[test]
    fn a_description_with_a_gap_names_it() {
        let mut spec = WorldSpec::default();
        let guilds = std::mem::take(&mut spec.guilds);
        assert_eq!(built(&spec).unwrap_err().field, "guilds");
        spec.guilds = guilds;
        spec.guilds[0].members[0].roles.push("nobody".into());
        let error = built(&spec).unwrap_err();
        assert!(error.message.contains("`nobody`"));
        assert_eq!(error.field, "guilds[0].members[0].roles[1]");
    }

    #[test]
    fn a_crowd_is_there_without_being_listed() {
        let mut spec = WorldSpec::default();
        spec.guilds[0].crowd = Some(CrowdSpec {
            people: 1_000,
            online: 10,
            idle: 5,
            dnd: 1,
        });
        let shared = Shared::new(WorldConfig::default());
        shared.write(|world| build(world, &spec)).unwrap();
        shared.read(|world| {
            assert_eq!(world.guilds[&world.home.guild].members.len(), 1_006);
            let crowd = world
                .users
                .values()
                .filter(|user| user.username.starts_with("crowd0"));
            let online = crowd.filter(|user| world.is_online(user.id)).count();
            assert_eq!(online, 16);
        });
    }

    #[test]
    fn a_channel_for_some_roles_is_hidden_from_the_others() {
        let shared = Shared::new(WorldConfig {
            seed: 7,
            clock: SandboxClock::manual(1),
        });
        shared
            .write(|world| build(world, &WorldSpec::default()))
            .unwrap();
        shared.read(|world| {
            let named = |name: &str| {
                world
                    .users
                    .values()
                    .find(|u| *u.username == *name)
                    .unwrap()
                    .id
            };
            let staff = world
                .channels
                .values()
                .find(|c| c.name == "moderators")
                .unwrap()
                .id;
            assert!(world.may_view(named("moderator"), staff));
            assert!(world.may_view(named("guildhall"), staff));
            assert!(!world.may_view(named("newcomer"), staff));
        });
    }
}
