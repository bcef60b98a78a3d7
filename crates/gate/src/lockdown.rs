//! Lockdown: a model sees what trusted members wrote, and of the rest only that it is there. Who
//! wrote what is the catalogue's to say, who is trusted a question of facts; what is not known to be
//! by somebody trusted is hidden.

use std::collections::{BTreeMap, HashSet};

use catalogue::{Change, FieldChange, View, authors};
use model::{
    GuildId, RoleId, Surroundings, UserId,
    place::{Standing, Writer},
};
use policy::{Lockdown, Policy, Spot};
use serde_json::{Map, Value, json};

use crate::{
    Gate,
    case::Case,
    parts::{self, Author, Part},
};

/// What stands for words that are hidden.
pub(crate) const HIDDEN: &str = "by somebody without a trust role";
/// How many parts of a view are hidden.
const COUNT: &str = "hidden_count";
/// How many of them because nobody could tell who wrote them.
const UNKNOWN: &str = "hidden_unknown";
/// Writers whose roles are looked up for one view. Those beyond count as unknown.
const MOST_LOOKED_UP: usize = 50;

/// Where a view is shown, and by which policy.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub tool: &'static str,
    pub policy: &'a Policy,
    pub spots: &'a [Spot],
}

/// What became of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Outcome {
    /// Parts that are hidden.
    pub hidden: usize,
    /// Those of them whose writers nobody could tell.
    pub unknown: usize,
    /// Whether words are still there that nobody vouches for.
    pub strangers: bool,
}

impl Gate {
    /// Hide in a result what may not be shown.
    pub(crate) async fn lock_view(&self, around: Around<'_>, view: View) -> (View, Outcome) {
        if !is_watched(around) {
            return (view, Outcome::default());
        }
        let View {
            mut value,
            untrusted,
        } = view;
        let table: Vec<_> = authors::of_view(around.tool).collect();
        let parts = parts::of(&value, untrusted, &table);
        let outcome = self.lock(around, &mut value, parts).await;
        tell(&mut value, outcome);
        (View { value, untrusted }, outcome)
    }

    /// Hide in a plan what may not be shown. What the plan is known by was taken before.
    pub(crate) async fn lock_change(&self, case: &Case, change: &mut Change) -> Outcome {
        if !is_watched(case.around()) {
            return Outcome::default();
        }
        let fields: Vec<Value> = change
            .fields
            .iter()
            .map(|field| json!({"before": field.before, "after": field.after}))
            .collect();
        let mut value = json!({"before": change.before, "after": change.after, "fields": fields});
        let table: Vec<_> = authors::of_change(case.tool.name).collect();
        let parts = parts::of(&value, change.untrusted, &table);
        let outcome = self.lock(case.around(), &mut value, parts).await;
        if outcome.hidden > 0 {
            change.before = value["before"].take();
            change.after = value["after"].take();
            for (index, field) in change.fields.iter_mut().enumerate() {
                let shown = &mut value["fields"][index];
                *field = FieldChange {
                    path: std::mem::take(&mut field.path),
                    before: shown["before"].take(),
                    after: shown["after"].take(),
                };
            }
        }
        outcome
    }

    async fn lock(&self, around: Around<'_>, value: &mut Value, parts: Vec<Part>) -> Outcome {
        let lockdown = around.policy.lockdown.as_ref();
        let holds = lockdown.is_some_and(|lockdown| lockdown.holds(around.spots));
        let guild = around.spots.iter().find_map(|spot| spot.guild);
        let judge = Judge::new(&*self.0.surroundings, lockdown, guild);
        let judged = judge.all(&parts).await;
        if !holds {
            let strangers = |(part, trust): (&Part, &Trust)| *trust != Trust::Yes && part.has_words;
            return Outcome {
                strangers: parts.iter().zip(&judged).any(strangers),
                ..Outcome::default()
            };
        }
        let mut outcome = Outcome::default();
        let mut gone = HashSet::new();
        for (part, trust) in parts.iter().zip(&judged) {
            if *trust == Trust::Yes || part.is_inside(&gone) {
                continue;
            }
            if parts::hide(value, part, HIDDEN) {
                gone.insert(part.at());
                outcome.hidden += 1;
                outcome.unknown += usize::from(*trust == Trust::Unknown);
            }
        }
        outcome
    }
}

impl Case {
    /// Where its results are shown.
    pub(crate) fn around(&self) -> Around<'_> {
        Around {
            tool: self.tool.name,
            policy: &self.standing.policy,
            spots: &self.places.spots,
        }
    }
}

/// Whether anybody wants to know who wrote what.
fn is_watched(around: Around<'_>) -> bool {
    around.policy.lockdown.is_some() || around.policy.looks_at_reading()
}

/// Say how much is missing.
fn tell(value: &mut Value, outcome: Outcome) {
    let mut note = Map::new();
    if outcome.hidden > 0 {
        note.insert(COUNT.to_owned(), json!(outcome.hidden));
    }
    if outcome.unknown > 0 {
        note.insert(UNKNOWN.to_owned(), json!(outcome.unknown));
    }
    if let Value::Object(fields) = value {
        fields.extend(note);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Yes,
    No,
    Unknown,
}

/// Decides about writers, each once.
struct Judge<'a> {
    surroundings: &'a dyn Surroundings,
    lockdown: Option<&'a Lockdown>,
    guild: Option<GuildId>,
    bot: Option<UserId>,
}

impl<'a> Judge<'a> {
    fn new(
        surroundings: &'a dyn Surroundings,
        lockdown: Option<&'a Lockdown>,
        guild: Option<GuildId>,
    ) -> Self {
        Self {
            surroundings,
            lockdown,
            guild,
            bot: None,
        }
    }

    async fn all(mut self, parts: &[Part]) -> Vec<Trust> {
        if parts.iter().any(|part| part.author.user().is_some()) {
            self.bot = self.surroundings.bot().await.ok();
        }
        let mut known: BTreeMap<UserId, Trust> = BTreeMap::new();
        let mut looked_up = 0;
        let mut judged = Vec::with_capacity(parts.len());
        for part in parts {
            let trust = match &part.author {
                Author::Caller | Author::Steps => Trust::Yes,
                // Without trust roles nobody is vouched for.
                Author::Managers if self.lockdown.is_some() => Trust::Yes,
                Author::Managers => Trust::No,
                Author::Nobody => Trust::Unknown,
                Author::OnlyBot(user) => self.is_listed(*user).unwrap_or(Trust::No),
                Author::User {
                    user,
                    is_bot,
                    roles,
                } => match known.get(user) {
                    Some(trust) => *trust,
                    None => {
                        let trust = match self.is_listed(*user) {
                            Some(trust) => trust,
                            None if *is_bot => Trust::No,
                            None if roles.is_none() && looked_up >= MOST_LOOKED_UP => {
                                Trust::Unknown
                            }
                            None => {
                                looked_up += usize::from(roles.is_none());
                                self.look_up(*user, roles.as_deref()).await
                            }
                        };
                        known.insert(*user, trust);
                        trust
                    }
                },
            };
            judged.push(trust);
        }
        judged
    }

    /// The bot itself, and those whom the operator named.
    fn is_listed(&self, user: UserId) -> Option<Trust> {
        let named = self
            .lockdown
            .is_some_and(|lockdown| lockdown.trust_users.contains(&user));
        (named || self.bot == Some(user)).then_some(Trust::Yes)
    }

    async fn look_up(&self, user: UserId, roles: Option<&[RoleId]>) -> Trust {
        let Some(lockdown) = self.lockdown else {
            return Trust::No;
        };
        let Some(guild) = self.guild else {
            return Trust::Unknown;
        };
        let writer = Writer { user, roles };
        let stands = self
            .surroundings
            .stands(guild, writer, &lockdown.trust_roles)
            .await;
        match stands {
            Ok(Some(Standing::Trusted)) => Trust::Yes,
            Ok(Some(Standing::Below | Standing::Bot)) => Trust::No,
            Ok(None) | Err(_) => Trust::Unknown,
        }
    }
}
