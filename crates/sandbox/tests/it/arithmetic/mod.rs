//! The arithmetic of permissions and of the hierarchy, compared with that of discord.js and
//! discord.py: 100,000 random guilds each, without a difference that no rule names.

mod cases;
mod rules;

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use sandbox::permissions::{ALL, BAN_MEMBERS, KICK_MEMBERS, MANAGE_ROLES};
use sandbox::world::{SandboxClock, Shared, WorldConfig};
use serde::Deserialize;

use crate::clients::{node, python, stories};
use crate::support::NEW_YEAR_MS;
use cases::{Case, Cases};
use rules::Place;

const GUILDS: u64 = 100_000;
/// Guilds that may be on their way: more than the pipes and a library's own batches hold.
const UNDER_WAY: usize = 4_000;
/// So many guilds share a world.
const IN_ONE_WORLD: usize = 1_000;

#[test]
fn discord_js_finds_the_same_rights_and_ranks_in_100_000_random_guilds() {
    let Some(node) = node() else { return };
    let mut command = Command::new(node.binary);
    command
        .arg(stories().join("judges/judge.mjs"))
        .arg(node.packages);
    compare::<JsAnswer>(command, 1);
}

#[test]
fn discord_py_finds_the_same_rights_and_ranks_in_100_000_random_guilds() {
    let Some(python) = python() else { return };
    let mut command = Command::new(python);
    command.arg("-B").arg(stories().join("judges/judge.py"));
    compare::<PyAnswer>(command, 2);
}

/// What a library answers about one guild.
trait Judgement: for<'de> Deserialize<'de> {
    fn check(&self, ours: &Ours<'_>);
}

/// Hands guilds to a library and compares what it makes of them.
fn compare<J: Judgement>(mut command: Command, seed: u64) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the library starts");
    let cases = hand_over(&mut child, seed);
    let answers = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut world = empty_world();
    let mut judged = 0;
    for (line, case) in answers.lines().zip(cases) {
        let line = line.expect("the library answers in text");
        if judged % IN_ONE_WORLD == 0 {
            world = empty_world();
        }
        world.write(|world| world.adopt(case.guild.clone(), case.places.clone()));
        let answer: J = serde_json::from_str(&line).expect("the library answers as agreed");
        let ours = Ours {
            case: &case,
            world: &world,
        };
        answer.check(&ours);
        judged += 1;
    }
    assert!(child.wait().expect("it ends").success());
    assert_eq!(judged as u64, GUILDS);
}

/// Writes guilds into the library; ends when it has them all, or has ended itself.
fn hand_over(child: &mut Child, seed: u64) -> Receiver<Case> {
    let mut stdin = BufWriter::new(child.stdin.take().expect("it is piped"));
    let (send, receive) = sync_channel(UNDER_WAY);
    thread::spawn(move || {
        let mut cases = Cases::new(seed);
        for number in 0..GUILDS {
            let case = cases.draw(number);
            let written = writeln!(stdin, "{}", case.payload);
            if written.is_err() || send.send(case).is_err() {
                return;
            }
        }
    });
    receive
}

fn empty_world() -> std::sync::Arc<Shared> {
    Shared::new(WorldConfig {
        seed: 0,
        clock: SandboxClock::manual(NEW_YEAR_MS),
    })
}

/// What the sandbox makes of a guild.
struct Ours<'a> {
    case: &'a Case,
    world: &'a Shared,
}

impl Ours<'_> {
    fn rights(&self, member: usize) -> u64 {
        let user = self.case.members[member];
        self.world
            .read(|world| world.permissions_in_guild(self.case.guild.id, user))
    }

    fn rights_in(&self, place: usize, member: usize) -> u64 {
        let (user, channel) = (self.case.members[member], self.case.places[place].id);
        self.world.read(|world| world.permissions_in(user, channel))
    }

    /// Whether the bot stands above a member.
    fn above(&self, member: usize) -> bool {
        let (guild, members) = (self.case.guild.id, &self.case.members);
        self.world
            .read(|world| world.rank(guild, members[0]) > world.rank(guild, members[member]))
    }

    /// Whether the bot stands above a role.
    fn above_role(&self, role: usize) -> bool {
        let role = &self.case.guild.roles[&self.case.roles[role]];
        let of_role = sandbox::world::access::Rank::of(role);
        self.world
            .read(|world| world.rank(self.case.guild.id, self.case.members[0]) > of_role)
    }

    fn silenced(&self, member: usize) -> bool {
        let member = &self.case.guild.members[&self.case.members[member]];
        member
            .timeout_until_ms
            .is_some_and(|until| until > NEW_YEAR_MS)
    }

    fn is_owner(&self, member: usize) -> bool {
        self.case.members[member] == self.case.guild.owner_id
    }

    fn place(&self, place: usize, member: usize) -> Place {
        let channel = &self.case.places[place];
        let thread = channel.thread.as_ref();
        Place {
            kind: channel.kind,
            inside: thread.is_some_and(|it| it.members.contains_key(&self.case.members[member])),
        }
    }

    #[track_caller]
    fn same<T: Copy + PartialEq + std::fmt::Debug>(&self, theirs: T, ours: T, what: &str) {
        assert_eq!(theirs, ours, "{what} in {}", self.case.payload);
    }
}

#[derive(Deserialize)]
struct JsAnswer {
    rights: Vec<String>,
    silenced: Vec<bool>,
    places: Vec<Vec<String>>,
    manageable: Vec<bool>,
    kickable: Vec<bool>,
    bannable: Vec<bool>,
    above: Vec<bool>,
    editable: Vec<bool>,
}

impl Judgement for JsAnswer {
    fn check(&self, ours: &Ours<'_>) {
        for (member, theirs) in self.rights.iter().enumerate() {
            let silenced = self.silenced[member];
            ours.same(silenced, ours.silenced(member), "a timeout");
            let rights = rules::of_discord_js(bits(theirs), silenced);
            ours.same(rights, ours.rights(member), "rights");
            for (place, theirs) in self.places.iter().enumerate() {
                let rights = rules::of_discord_js_in(
                    ours.place(place, member),
                    bits(&theirs[member]),
                    silenced,
                );
                ours.same(rights, ours.rights_in(place, member), "rights in a channel");
            }
            ours.same(
                self.manageable[member],
                ours.above(member),
                "who stands above whom",
            );
        }
        let own = ours.rights(0);
        if ours.silenced(0) && own != ALL {
            // discord.js does not see that a bot in timeout cannot moderate.
            return;
        }
        for member in 0..self.rights.len() {
            let may = |right: u64| ours.above(member) && own & right != 0;
            ours.same(
                self.kickable[member],
                may(KICK_MEMBERS),
                "who may kick whom",
            );
            ours.same(self.bannable[member], may(BAN_MEMBERS), "who may ban whom");
        }
        if ours.is_owner(0) {
            // It leaves to its callers that an owner stands above every role.
            return;
        }
        for (role, theirs) in self.above.iter().enumerate() {
            ours.same(*theirs, ours.above_role(role), "who stands above a role");
            let managed = ours.case.guild.roles[&ours.case.roles[role]].managed;
            let may = ours.above_role(role) && own & MANAGE_ROLES != 0 && !managed;
            ours.same(self.editable[role], may, "who may edit a role");
        }
    }
}

#[derive(Deserialize)]
struct PyAnswer {
    rights: Vec<String>,
    silenced: Vec<bool>,
    places: Vec<Vec<String>>,
    higher: Vec<bool>,
    above: Vec<bool>,
    owner: Vec<bool>,
}

impl Judgement for PyAnswer {
    fn check(&self, ours: &Ours<'_>) {
        for (member, theirs) in self.rights.iter().enumerate() {
            ours.same(self.silenced[member], ours.silenced(member), "a timeout");
            ours.same(bits(theirs), ours.rights(member), "rights");
            for (place, theirs) in self.places.iter().enumerate() {
                let at = ours.place(place, member);
                let rights = rules::of_discord_py_in(at, bits(&theirs[member]));
                let judged = ours.rights_in(place, member) & rules::judged_by_discord_py(at);
                ours.same(rights, judged, "rights in a channel");
            }
            // Roles are compared by the library, ownership by its callers.
            let above = if self.owner[0] {
                member != 0
            } else {
                self.higher[member] && !self.owner[member]
            };
            ours.same(above, ours.above(member), "who stands above whom");
        }
        if !self.owner[0] {
            for (role, theirs) in self.above.iter().enumerate() {
                ours.same(*theirs, ours.above_role(role), "who stands above a role");
            }
        }
    }
}

fn bits(text: &str) -> u64 {
    text.parse().expect("a number")
}
