//! A question as Cedar sees it: a principal in its workspace, a place with all it is in, a tool, and
//! the circumstances.

use std::collections::{BTreeSet, HashMap, HashSet};

use cedar_policy::{
    Context, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};
use policy::{Policy, Question, Rule, Spot, UtcOffset, scope_for};

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Check 4: use the tool at all.
    Use,
    /// Check 4: use it without people being asked.
    Unattended,
    /// Check 5: use the channel.
    Enter,
}

/// Names that every request needs, made once.
#[derive(Debug)]
pub(crate) struct Names {
    principal: EntityTypeName,
    workspace: EntityTypeName,
    guild: EntityTypeName,
    channel: EntityTypeName,
    place: EntityTypeName,
    tool: EntityTypeName,
    action: EntityTypeName,
}

/// Which of the circumstances policies look at. What none looks at is not put together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// In which offsets from UTC they tell the time.
    offsets: Vec<UtcOffset>,
    roles: bool,
    untrusted: bool,
}

impl Needs {
    /// What these rules look at.
    pub(crate) fn of(rules: &[&Rule]) -> Self {
        let timed = rules.iter().filter(|rule| rule.has_times());
        let offsets: BTreeSet<UtcOffset> = timed
            .map(|rule| rule.utc_offset.unwrap_or_default())
            .collect();
        Self {
            offsets: offsets.into_iter().collect(),
            roles: rules.iter().any(|rule| !rule.discord_roles.is_empty()),
            untrusted: rules.iter().any(|rule| rule.after_untrusted.is_some()),
        }
    }

    /// Everything that the schema has, for text of the operator's own.
    pub(crate) fn all(policy: &Policy) -> Self {
        Self {
            offsets: offsets(policy).into_iter().collect(),
            roles: true,
            untrusted: true,
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Names {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self {
            principal: "Principal".parse()?,
            workspace: "Workspace".parse()?,
            guild: "Guild".parse()?,
            channel: "Channel".parse()?,
            place: "Place".parse()?,
            tool: "Tool".parse()?,
            action: "Action".parse()?,
        })
    }

    pub(crate) fn principal(&self, question: &Question<'_>) -> Result<Entity, Failure> {
        let scopes = question.principal.scopes.iter().map(|it| text(it.as_str()));
        let who = Entity::new(
            uid(&self.principal, &question.principal.id),
            HashMap::from([
                ("name".to_owned(), text(&question.principal.id)),
                ("role".to_owned(), text(question.principal.role.as_str())),
                ("scopes".to_owned(), RestrictedExpression::new_set(scopes)),
            ]),
            HashSet::from([uid(&self.workspace, question.principal.workspace.as_str())]),
        )?;
        Ok(who)
    }

    pub(crate) fn tool(&self, question: &Question<'_>) -> Result<Entity, Failure> {
        let what = Entity::new(
            uid(&self.tool, question.tool),
            HashMap::from([
                ("name".to_owned(), text(question.tool)),
                ("toolset".to_owned(), text(question.toolset)),
                ("risk".to_owned(), text(question.risk.as_str())),
                ("scope".to_owned(), text(scope_for(question.risk).as_str())),
            ]),
            HashSet::new(),
        )?;
        Ok(what)
    }

    /// One place, in everything that it is in.
    pub(crate) fn place(&self, spot: &Spot) -> Entity {
        let guild = spot.guild.map(|id| uid(&self.guild, &id.to_string()));
        let channels = spot
            .channels
            .iter()
            .map(|id| uid(&self.channel, &id.to_string()));
        // Everything it is in is named as a parent of its own, so the order does not matter.
        let mut line = channels.chain(guild);
        let place = line.next().unwrap_or_else(|| uid(&self.place, "nowhere"));
        let parents = line.filter(|parent| *parent != place).collect();
        Entity::new_no_attrs(place, parents)
    }

    pub(crate) fn request(
        &self,
        action: Action,
        [principal, place]: [&EntityUid; 2],
        context: Context,
    ) -> Result<Request, Failure> {
        let action = match action {
            Action::Use => "use",
            Action::Unattended => "unattended",
            Action::Enter => "enter",
        };
        Ok(Request::new(
            principal.clone(),
            uid(&self.action, action),
            place.clone(),
            context,
            None,
        )?)
    }
}

/// The circumstances in one place, as far as they are needed.
pub(crate) fn context(
    needs: &Needs,
    tool: &EntityUid,
    question: &Question<'_>,
    spot: &Spot,
) -> Result<Context, Failure> {
    let now = question.circumstances;
    let mut pairs = vec![(
        "tool".to_owned(),
        RestrictedExpression::new_entity_uid(tool.clone()),
    )];
    if !needs.offsets.is_empty() {
        pairs.push(("at".to_owned(), RestrictedExpression::new_long(now.at)));
        let clock = needs.offsets.iter().map(|offset| {
            let local = offset.local(now.at);
            let minute = RestrictedExpression::new_long(local.minute);
            let fields = [
                ("minute".to_owned(), minute),
                ("day".to_owned(), text(local.day.as_str())),
                ("day_before".to_owned(), text(local.day_before.as_str())),
            ];
            let record = RestrictedExpression::new_record(fields)?;
            Ok((offset.to_string(), record))
        });
        let clock = clock.collect::<Result<Vec<_>, Failure>>()?;
        let clock = RestrictedExpression::new_record(clock)?;
        pairs.push(("clock".to_owned(), clock));
    }
    if needs.roles {
        let (asker, roles) = match &now.asker {
            None => ("none", None),
            Some(asker) => {
                let known = asker
                    .roles
                    .iter()
                    .find(|(guild, _)| Some(*guild) == spot.guild);
                known.map_or(("unknown", None), |(_, roles)| ("known", Some(roles)))
            }
        };
        let roles = roles.into_iter().flatten().map(|id| text(&id.to_string()));
        pairs.push(("asker".to_owned(), text(asker)));
        let roles = RestrictedExpression::new_set(roles);
        pairs.push(("asker_roles".to_owned(), roles));
    }
    if needs.untrusted {
        let untrusted = match now.after_untrusted {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        pairs.push(("after_untrusted".to_owned(), text(untrusted)));
    }
    Ok(Context::from_pairs(pairs)?)
}

/// The offsets that rules name, and UTC.
pub(crate) fn offsets(policy: &Policy) -> BTreeSet<UtcOffset> {
    let named = policy.rules.iter().filter_map(|rule| rule.utc_offset);
    named.chain([UtcOffset::default()]).collect()
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}
