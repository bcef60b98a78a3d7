//! Many members at once, for guilds as large as Discord's. They are put there when the world is
//! built, before anybody listens, so nothing is told to anyone.

use super::Member;
use crate::snowflake::Snowflake;
use crate::world::gateway::Presence;
use crate::world::{User, World};

/// The name of the first of them is `crowd000000`.
const NAME: &str = "crowd";

impl World {
    /// Adds `people` to a guild, of whom so many show each status, one after the other.
    pub(crate) fn add_crowd(&mut self, guild: Snowflake, people: u32, shown: &[(&str, u32)]) {
        let joined_ms = self.now_ms();
        // Continues where another crowd of the same world ended.
        let known = self.users.values();
        let before = known.filter(|user| user.username.starts_with(NAME)).count();
        let mut statuses = shown
            .iter()
            .flat_map(|(status, number)| (0..*number).map(move |_| *status));
        let mut members = Vec::with_capacity(people as usize);
        for number in 0..people {
            let id = self.next_id();
            let name = format!("{NAME}{:06}", before + number as usize);
            self.users.insert(id, User::new(id, name));
            if let Some(status) = statuses.next() {
                self.presences.insert(id, Presence::of(status));
            }
            members.push((id, Member::new(id, joined_ms)));
        }
        if let Some(guild) = self.guilds.get_mut(&guild) {
            guild.members.extend(members);
        }
    }
}
