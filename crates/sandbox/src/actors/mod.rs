//! Actors: people of the world who act by themselves, by a script or as a crowd that chatters.
//!
//! Every act has its moment on the sandbox's clock and is done through the routes that bots use.
//! One act is done at a time, in the order of moments, so that the same seed and a manual clock
//! tell the same story. The server's task [`play`] does what is due; [`Troupe::advance`] stops the
//! clock at each moment on its way. Where the machine is too slow, chatter is left out and counted.

mod chatter;
mod perform;
mod script;
mod spec;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use tokio::sync::{Mutex as Turn, Notify};
use tokio::time::timeout;

pub use spec::{ActorSpec, ChatterSpec, OneOf, Span, Step};

use crate::snowflake::Snowflake;
use crate::world::named::NameError;
use crate::world::{Shared, World};
use chatter::{Chatter, Line};
use script::{Memory, Next, Script};

/// Actors at once.
const MAX_ACTORS: usize = 100;
/// Of those that ended, so many are still listed.
const MAX_ENDED: usize = 100;
/// Acts before the clock has to move on: more than these are not done late, but left out.
const MAX_ACTS_AT_ONCE: usize = 200_000;
/// Chatter that is later than this is left out.
const MAX_LATE_MS: u64 = 1_000;
/// How long a task may act before others have their turn.
const ACTS_BETWEEN_BREATHS: usize = 32;
/// How often is looked whether somebody moved the clock.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Why an actor does not start.
#[derive(Debug, thiserror::Error)]
pub enum ActorError {
    /// What it should do makes no sense.
    #[error("{place}{}{lack}", if place.is_empty() { "" } else { ": " })]
    Spec {
        /// Such as `steps[2]`; empty for the whole.
        place: String,
        /// What is wrong.
        lack: String,
    },
    /// It names what does not exist.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Nobody may write anywhere.
    #[error("none of these people may write in any of these channels")]
    Mute,
    /// There are enough.
    #[error("at most {MAX_ACTORS} actors act at once; stop some")]
    Full,
}

/// How an actor gets on.
#[derive(Clone, Debug, Serialize)]
pub struct ActorView {
    /// By which it is stopped.
    pub id: u64,
    /// As it was given.
    pub name: String,
    /// `script` or `chatter`.
    pub kind: &'static str,
    /// `acting`, `done` or `stopped`.
    pub state: &'static str,
    /// Steps done, or messages said.
    pub done: u64,
    /// Of these, how many were refused.
    pub refused: u64,
    /// Messages left out because the machine was too slow.
    pub skipped: u64,
    /// Why the last one was refused.
    pub last_refusal: Option<String>,
    /// Milliseconds since 1970 on the sandbox's clock.
    pub started_at: u64,
    /// When it acts next, as long as it acts.
    pub next_at: Option<u64>,
}

/// All actors of a sandbox.
pub(crate) struct Troupe {
    shared: Arc<Shared>,
    people: Router,
    cast: Mutex<Cast>,
    /// Whoever holds it lets the others act.
    turn: Turn<()>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Cast {
    players: Vec<Player>,
    last_id: u64,
}

#[derive(Debug)]
struct Player {
    view: ActorView,
    /// Valid while it acts.
    next_ms: u64,
    dice: ChaCha8Rng,
    part: Part,
}

#[derive(Debug)]
enum Part {
    Script(Box<Script>),
    Chatter(Chatter),
}

/// One thing that is to be done now.
enum Act {
    Step(Box<Step>, Memory),
    Line(Line),
}

impl Troupe {
    pub(crate) fn new(shared: Arc<Shared>, people: Router) -> Self {
        Self {
            shared,
            people,
            cast: Mutex::default(),
            turn: Turn::default(),
            wake: Notify::new(),
        }
    }

    /// Lets someone act from now on; answers the id.
    pub(crate) fn start(&self, spec: &ActorSpec) -> Result<u64, ActorError> {
        spec.check()
            .map_err(|(place, lack)| ActorError::Spec { place, lack })?;
        let (part, now_ms) = self.shared.read(|world| {
            let part = Part::new(world, spec)?;
            Ok::<_, ActorError>((part, world.now_ms()))
        })?;
        let mut cast = self.cast();
        let acting = cast.players.iter().filter(|player| player.acts()).count();
        if acting == MAX_ACTORS {
            return Err(ActorError::Full);
        }
        if cast.players.len() - acting >= MAX_ENDED
            && let Some(oldest) = cast.players.iter().position(|player| !player.acts())
        {
            cast.players.remove(oldest);
        }
        cast.last_id += 1;
        let id = cast.last_id;
        cast.players.push(Player {
            view: ActorView {
                id,
                name: spec.name.clone(),
                kind: match part {
                    Part::Script(_) => "script",
                    Part::Chatter(_) => "chatter",
                },
                state: "acting",
                done: 0,
                refused: 0,
                skipped: 0,
                last_refusal: None,
                started_at: now_ms,
                next_at: Some(now_ms),
            },
            next_ms: now_ms,
            dice: ChaCha8Rng::seed_from_u64(spec.seed),
            part,
        });
        self.wake.notify_one();
        Ok(id)
    }

    /// Everyone, oldest first.
    pub(crate) fn views(&self) -> Vec<ActorView> {
        self.cast().players.iter().map(Player::shown).collect()
    }

    /// One actor.
    pub(crate) fn view(&self, id: u64) -> Option<ActorView> {
        let cast = self.cast();
        let mut players = cast.players.iter();
        players
            .find(|player| player.view.id == id)
            .map(Player::shown)
    }

    /// Lets an actor act no more; answers whether there is one.
    pub(crate) fn stop(&self, id: u64) -> bool {
        let mut cast = self.cast();
        let mut players = cast.players.iter_mut();
        let player = players.find(|player| player.view.id == id);
        player.map(Player::stop).is_some()
    }

    /// Lets nobody act any more.
    pub(crate) fn stop_all(&self) {
        self.cast().players.iter_mut().for_each(Player::stop);
    }

    /// Does everything that is due by now.
    pub(crate) async fn run_due(&self) {
        let _turn = self.turn.lock().await;
        let now_ms = self.shared.clock().now_ms();
        for acts in 1..=MAX_ACTS_AT_ONCE {
            if !self.act_by(now_ms).await {
                break;
            }
            breathe(acts).await;
        }
        self.leave_out_what_is_late();
    }

    /// Moves the clock forward; whatever is due on the way is done at its moment.
    pub(crate) async fn advance(&self, ms: u64) {
        let _turn = self.turn.lock().await;
        let clock = self.shared.clock();
        let target_ms = clock.now_ms().saturating_add(ms);
        for acts in 1..=MAX_ACTS_AT_ONCE {
            let next_ms = self.cast().next_ms();
            let Some(next_ms) = next_ms.filter(|next_ms| *next_ms <= target_ms) else {
                break;
            };
            clock.advance(next_ms.saturating_sub(clock.now_ms()));
            self.act_by(next_ms).await;
            breathe(acts).await;
        }
        clock.advance(target_ms.saturating_sub(clock.now_ms()));
        self.shared.run_due();
        self.leave_out_what_is_late();
    }

    /// Does the first thing that is due by a moment; answers whether there was one.
    async fn act_by(&self, until_ms: u64) -> bool {
        let Some((id, act)) = self.cast().next_act(until_ms) else {
            return false;
        };
        let Some(act) = act else {
            return true;
        };
        let (outcome, memory) = match act {
            Act::Line(line) => (self.shared.write(|world| line.say(world)), None),
            Act::Step(step, mut memory) => {
                let done = perform::step(&self.shared, &self.people, &step, &mut memory).await;
                (done, Some(memory))
            }
        };
        self.cast().note(id, outcome, memory);
        true
    }

    /// Chatter that cannot keep up goes on from now.
    fn leave_out_what_is_late(&self) {
        let now_ms = self.shared.clock().now_ms();
        for player in &mut self.cast().players {
            if player.acts() && player.next_ms + MAX_LATE_MS < now_ms {
                if let Part::Chatter(chatter) = &mut player.part {
                    player.view.skipped += chatter.skip(now_ms);
                }
                player.next_ms = now_ms;
            }
        }
    }

    /// How long nothing will be due.
    fn pause(&self) -> Duration {
        let clock = self.shared.clock();
        match self.cast().next_ms() {
            Some(next_ms) if !clock.is_manual() => {
                let pause = next_ms.saturating_sub(clock.now_ms());
                Duration::from_millis(pause.max(1)).min(MAX_PAUSE)
            }
            _ => MAX_PAUSE,
        }
    }

    fn cast(&self) -> MutexGuard<'_, Cast> {
        self.cast.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets actors act when it is their time. Never ends by itself.
pub(crate) async fn play(troupe: Arc<Troupe>) {
    loop {
        troupe.run_due().await;
        // Woken early or not, what is due decides.
        let _ = timeout(troupe.pause(), troupe.wake.notified()).await;
    }
}

async fn breathe(acts: usize) {
    if acts.is_multiple_of(ACTS_BETWEEN_BREATHS) {
        tokio::task::yield_now().await;
    }
}

impl Cast {
    fn next_ms(&self) -> Option<u64> {
        let acting = self.players.iter().filter(|player| player.acts());
        acting.map(|player| player.next_ms).min()
    }

    /// Whose turn it is, and what they do; `None` for only letting time pass.
    fn next_act(&mut self, until_ms: u64) -> Option<(u64, Option<Act>)> {
        let due = |player: &&mut Player| player.acts() && player.next_ms <= until_ms;
        let acting = self.players.iter_mut().filter(due);
        let player = acting.min_by_key(|player| (player.next_ms, player.view.id))?;
        Some((player.view.id, player.next_act()))
    }

    fn note(&mut self, id: u64, outcome: Result<(), String>, memory: Option<Memory>) {
        let mut players = self.players.iter_mut();
        let Some(player) = players.find(|player| player.view.id == id) else {
            return;
        };
        player.view.done += 1;
        if let Err(refusal) = outcome {
            player.view.refused += 1;
            player.view.last_refusal = Some(refusal);
        }
        if let (Some(memory), Part::Script(script)) = (memory, &mut player.part) {
            script.memory = memory;
        }
    }
}

impl Player {
    fn acts(&self) -> bool {
        self.view.state == "acting"
    }

    fn stop(&mut self) {
        if self.acts() {
            self.view.state = "stopped";
        }
    }

    fn shown(&self) -> ActorView {
        ActorView {
            next_at: self.acts().then_some(self.next_ms),
            ..self.view.clone()
        }
    }

    fn next_act(&mut self) -> Option<Act> {
        let act = match &mut self.part {
            Part::Chatter(chatter) => {
                let line = chatter.next(&mut self.next_ms, &mut self.dice);
                line.map(Act::Line)
            }
            Part::Script(script) => match script.next(&mut self.next_ms, &mut self.dice) {
                Next::Wait => return None,
                Next::Over => None,
                Next::Do(step) => Some(Act::Step(step, script.memory.clone())),
            },
        };
        if act.is_none() {
            self.view.state = "done";
        }
        act
    }
}

impl Part {
    /// Names are looked up at the start too, so that a slip is told at once.
    fn new(world: &World, spec: &ActorSpec) -> Result<Self, ActorError> {
        if let Some(chatter) = &spec.chatter {
            return Ok(Self::Chatter(Chatter::new(world, chatter)?));
        }
        let steps = spec.all_steps();
        let people = steps.iter().filter_map(|step| step.person.as_ref());
        for name in people.chain(&spec.person) {
            known(world.user_named(name)?, "user", name, |id| {
                world.users.contains_key(&id)
            })?;
        }
        let channels = steps.iter().filter_map(|step| step.channel.as_ref());
        let voice = steps.iter().filter_map(|step| step.voice.as_ref());
        let voice = voice.filter(|name| !name.is_empty());
        for name in channels.chain(voice).chain(&spec.channel) {
            known(world.channel_named(name, None)?, "channel", name, |id| {
                world.channels.contains_key(&id)
            })?;
        }
        let memory = Memory {
            person: spec.person.clone(),
            channel: spec.channel.clone(),
            ..Memory::default()
        };
        let now_ms = world.now_ms();
        let script = Script::new(&spec.steps, spec.repeat, memory, now_ms);
        Ok(Self::Script(Box::new(script)))
    }
}

/// An id needs no name, but must be one of something.
fn known(
    id: Snowflake,
    what: &str,
    name: &str,
    exists: impl FnOnce(Snowflake) -> bool,
) -> Result<(), ActorError> {
    if exists(id) {
        return Ok(());
    }
    Err(ActorError::Spec {
        place: String::new(),
        lack: format!("there is no {what} {name}"),
    })
}
