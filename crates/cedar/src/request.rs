//! A question as Cedar sees it: a principal in its workspace, a place with all it is in, a tool, and
//! the circumstances.

use std::collections::{BTreeSet, HashMap, HashSet};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};
use policy::{Policy, Question, Spot, UtcOffset, scope_for};

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
    /// In which offsets from UTC the policy tells the time.
    offsets: Vec<UtcOffset>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Names {
    pub(crate) fn of(policy: &Policy) -> Result<Self, Failure> {
        let offsets: BTreeSet<UtcOffset> = offsets(policy);
        Ok(Self {
            principal: "Principal".parse()?,
            workspace: "Workspace".parse()?,
            guild: "Guild".parse()?,
            channel: "Channel".parse()?,
            place: "Place".parse()?,
            tool: "Tool".parse()?,
            action: "Action".parse()?,
            offsets: offsets.into_iter().collect(),
        })
    }

    /// What is the same for every place of a question.
    pub(crate) fn about(&self, question: &Question<'_>) -> Result<About, Failure> {
        let principal = uid(&self.principal, &question.principal.id);
        let scopes = question.principal.scopes.iter().map(|it| text(it.as_str()));
        let who = Entity::new(
            principal.clone(),
            HashMap::from([
                ("name".to_owned(), text(&question.principal.id)),
                ("role".to_owned(), text(question.principal.role.as_str())),
                ("scopes".to_owned(), RestrictedExpression::new_set(scopes)),
            ]),
            HashSet::from([uid(&self.workspace, question.principal.workspace.as_str())]),
        )?;
        let tool = uid(&self.tool, question.tool);
        let what = Entity::new(
            tool.clone(),
            HashMap::from([
                ("name".to_owned(), text(question.tool)),
                ("toolset".to_owned(), text(question.toolset)),
                ("risk".to_owned(), text(question.risk.as_str())),
                ("scope".to_owned(), text(scope_for(question.risk).as_str())),
            ]),
            HashSet::new(),
        )?;
        Ok(About {
            principal,
            tool,
            entities: [who, what],
        })
    }

    /// One place, with the entities that a request about it needs.
    pub(crate) fn place(
        &self,
        about: &About,
        spot: &Spot,
    ) -> Result<(EntityUid, Entities), Failure> {
        let guild = spot.guild.map(|id| uid(&self.guild, &id.to_string()));
        let channels = spot
            .channels
            .iter()
            .map(|id| uid(&self.channel, &id.to_string()));
        // Everything it is in is named as a parent of its own, so the order does not matter.
        let mut line = channels.chain(guild);
        let place = line.next().unwrap_or_else(|| uid(&self.place, "nowhere"));
        let parents = line.filter(|parent| *parent != place).collect();
        let [who, what] = about.entities.clone();
        let here = Entity::new_no_attrs(place.clone(), parents);
        Ok((place, Entities::from_entities([who, what, here], None)?))
    }

    /// The circumstances in one place.
    pub(crate) fn context(
        &self,
        about: &About,
        question: &Question<'_>,
        spot: &Spot,
    ) -> Result<Context, Failure> {
        let now = question.circumstances;
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
        let untrusted = match now.after_untrusted {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        let clock = self
            .offsets
            .iter()
            .map(|offset| {
                let local = offset.local(now.at);
                let fields = [
                    (
                        "minute".to_owned(),
                        RestrictedExpression::new_long(local.minute),
                    ),
                    ("day".to_owned(), text(local.day.as_str())),
                    ("day_before".to_owned(), text(local.day_before.as_str())),
                ];
                Ok((
                    offset.to_string(),
                    RestrictedExpression::new_record(fields)?,
                ))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let pairs = [
            (
                "tool".to_owned(),
                RestrictedExpression::new_entity_uid(about.tool.clone()),
            ),
            ("at".to_owned(), RestrictedExpression::new_long(now.at)),
            ("clock".to_owned(), RestrictedExpression::new_record(clock)?),
            ("asker".to_owned(), text(asker)),
            (
                "asker_roles".to_owned(),
                RestrictedExpression::new_set(roles),
            ),
            ("after_untrusted".to_owned(), text(untrusted)),
        ];
        Ok(Context::from_pairs(pairs)?)
    }

    pub(crate) fn request(
        &self,
        about: &About,
        action: Action,
        place: &EntityUid,
        context: Context,
    ) -> Result<Request, Failure> {
        let action = match action {
            Action::Use => "use",
            Action::Unattended => "unattended",
            Action::Enter => "enter",
        };
        Ok(Request::new(
            about.principal.clone(),
            uid(&self.action, action),
            place.clone(),
            context,
            None,
        )?)
    }
}

/// Who asks, and for which tool.
pub(crate) struct About {
    principal: EntityUid,
    tool: EntityUid,
    entities: [Entity; 2],
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
