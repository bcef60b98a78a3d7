//! `discord_undo`: what a call did is taken back by calls of their own, if the world is still as it
//! left it. Each is judged and confirmed as any other; nothing here acts by itself.

use std::{collections::HashMap, sync::Arc};

use catalogue::{Kept, Prepared, Undo, WritePlan, catalogue};
use model::{
    Millis, Origin, Reason, Role,
    kept::{KeptFilter, KeptState, KeptWrite, KeptWrites, Open},
    ledger::StoreError,
};
use serde_json::{Map, Value, json};

use crate::{
    Gate,
    answer::{ChangedSince, Declined, Retry, TakingBack},
    case::Case,
    keep::Image,
    several::{OnFailure, Whole},
    steps::{self, Part},
    tokens, trouble,
};

/// Where to look whether the world is still as a call left it.
pub(crate) struct Look {
    tool: String,
    plan: WritePlan,
    kept: Kept,
}

/// A call and the calls that take it back, or why there are none.
pub(crate) type Inverse = (String, Result<Vec<Part>, String>);

impl Gate {
    /// What can be undone, newest first: of everybody, or of one principal.
    pub async fn undoable(&self, filter: &KeptFilter) -> Result<Vec<KeptWrite>, StoreError> {
        match self.0.kept.get() {
            Some(kept) => kept.list_kept(filter).await,
            None => Ok(Vec::new()),
        }
    }

    /// The calls that take back what the arguments name.
    pub(crate) async fn taking_back(
        &self,
        case: &Case,
        arguments: &Map<String, Value>,
        at: Millis,
    ) -> Result<Whole, Declined> {
        let kept = self.shelf(case)?;
        let storing = |error: StoreError| trouble::storing(&case.record, &error);
        let refuse = |reason: Reason| case.record.refuse(None, reason);
        let flag = |name: &str| arguments.get(name) == Some(&Value::Bool(true));
        if arguments.contains_key("call_id") == flag("last") {
            let message = "give either `call_id` or `last: true`";
            return Err(refuse(Reason::new("which_call", message)));
        }
        let row = match arguments.get("call_id").and_then(Value::as_str) {
            Some(call_id) => kept.kept(call_id).await.map_err(storing)?,
            None => {
                let filter = KeptFilter {
                    principal: Some(case.principal.id.clone()),
                    guild_id: arguments
                        .get("guild_id")
                        .and_then(Value::as_str)
                        .and_then(|id| id.parse().ok()),
                    open: Open::Only,
                    limit: 1,
                };
                kept.list_kept(&filter).await.map_err(storing)?.pop()
            }
        };
        let Some(row) = row.filter(|row| may(case, row)) else {
            return Err(refuse(
                Reason::new(
                    "nothing_to_undo",
                    "there is no write that you may undo by this: it is not known, is too long \
                     ago, or is not yours",
                )
                .with_hint("each result names its call_id; only whoever made a call, or an admin, may undo it"),
            ));
        };
        may_begin(&row).map_err(refuse)?;
        if let Some(whole) = &row.keep.parent
            && let Some(whole) = kept.kept(whole).await.map_err(storing)?
        {
            may_end(&whole).map_err(refuse)?;
        }
        let steps = kept.steps_of(&row.call_id).await.map_err(storing)?;
        let rows: Vec<KeptWrite> = if steps.is_empty() {
            vec![row.clone()]
        } else {
            let done = |step: &KeptWrite| step.state == KeptState::Done;
            steps.into_iter().filter(done).rev().collect()
        };
        whole_of(case, (&row, &rows), arguments, at).map_err(refuse)
    }

    /// The inverse of each step of this call that was done, last first.
    pub(crate) async fn inverses_of_steps(&self, case: &Case) -> Result<Vec<Inverse>, Declined> {
        let steps = self
            .shelf(case)?
            .steps_of(&case.record.call_id)
            .await
            .map_err(|error| trouble::storing(&case.record, &error))?;
        let now = self.0.clock.now_ms();
        let done = steps.into_iter().filter(|row| row.state == KeptState::Done);
        Ok(done
            .rev()
            .map(|row| {
                let parts = look(&row).and_then(|look| {
                    let steps = look.plan.inverse(&look.kept, now)?;
                    let mut claims = Some(row.call_id.clone());
                    let calls = steps
                        .into_iter()
                        .map(|step| (step.tool, step.arguments, claims.take()));
                    steps::parts(calls.collect()).map_err(|reason| reason.message)
                });
                (row.call_id, parts)
            })
            .collect())
    }

    /// What differs from how the calls left it, where their inverse would touch it. Later calls
    /// come first, and what they did is taken as taken back already.
    pub(crate) async fn changed_since(
        &self,
        case: &Case,
        looks: &[Look],
    ) -> Result<Vec<ChangedSince>, Declined> {
        let mut changed = Vec::new();
        let mut taken_back: HashMap<String, Map<String, Value>> = HashMap::new();
        for look in looks {
            let requests = look.plan.look_after(&look.kept);
            if requests.is_empty() {
                continue;
            }
            let live = self.live(&case.record, &case.errand(), &requests).await?;
            let mut now = look.plan.now(live.answers());
            tokens::hide(&mut now);
            let place = json!(requests).to_string();
            let known = taken_back.entry(place).or_default();
            if let Value::Object(now) = &mut now {
                now.extend(known.clone());
            }
            changed.extend(differing(&look.tool, &look.kept, &now));
            if let Value::Object(before) = &look.kept.before {
                known.extend(before.clone());
            }
        }
        Ok(changed)
    }

    fn shelf(&self, case: &Case) -> Result<&Arc<dyn KeptWrites>, Declined> {
        self.0.kept.get().ok_or_else(|| {
            let message = "nothing is undone in this mode of the service";
            case.record.fail("not_available", message, Retry::No)
        })
    }
}

/// The inverses of these rows as one, as of this moment.
fn whole_of(
    case: &Case,
    (row, rows): (&KeptWrite, &[KeptWrite]),
    arguments: &Map<String, Value>,
    at: Millis,
) -> Result<Whole, Reason> {
    let mut taking_back = TakingBack {
        call_id: row.call_id.clone(),
        tool: row.tool.clone(),
        lost: Vec::new(),
        changed_since: Vec::new(),
    };
    let mut calls = Vec::new();
    let mut looks = Vec::new();
    for row in rows {
        let refuse = |reason: String| {
            Reason::new(
                "cannot_undo",
                format!("{} cannot be undone: {reason}", row.tool),
            )
        };
        let look = look(row).map_err(refuse)?;
        let steps = look.plan.inverse(&look.kept, at).map_err(refuse)?;
        if let Undo::Partly { lost } = look.plan.undo() {
            taking_back.lost.extend(lost);
        }
        let before = calls.len();
        for step in steps {
            let arguments = shifted(step.arguments, before);
            calls.push((step.tool, arguments, None));
        }
        looks.push(look);
    }
    if calls.is_empty() {
        return Err(Reason::new(
            "nothing_to_undo",
            "this call changed nothing that is still to be taken back",
        ));
    }
    case.record
        .describe(|line| line.guild_id = line.guild_id.or(row.guild_id));
    Ok(Whole {
        parts: steps::parts(calls)?,
        on_failure: OnFailure::Stop,
        takes_back: Some((taking_back, looks)),
        at: Some(at),
        even_if_changed: arguments.get("even_if_changed") == Some(&Value::Bool(true)),
    })
}

/// Whoever made the call, or who manages the workspace. A Discord user only what they asked for.
fn may(case: &Case, row: &KeptWrite) -> bool {
    let principal = &case.principal;
    if row.keep.workspace != principal.workspace {
        return false;
    }
    let made_it = row.principal == principal.id;
    match case.origin {
        Origin::Discord { user, .. } => made_it && row.keep.asker == Some(user),
        _ => made_it || principal.role >= Role::Admin,
    }
}

fn may_begin(row: &KeptWrite) -> Result<(), Reason> {
    match row.state {
        KeptState::Done => Ok(()),
        KeptState::Undone => may_end(row),
        KeptState::Started => Err(Reason::new(
            "in_progress",
            "this call is still under way, or the service ended before it was done",
        )),
        KeptState::Unknown => Err(Reason::new(
            "outcome_unknown",
            "nobody knows whether this call happened, so nothing is taken back",
        )
        .with_hint("look at Discord, and change what is there by a call of its own")),
    }
}

fn may_end(row: &KeptWrite) -> Result<(), Reason> {
    if row.state != KeptState::Undone {
        return Ok(());
    }
    let by = row.undone_by.as_deref().unwrap_or("another call");
    Err(
        Reason::new("undone_already", format!("this was taken back by {by}"))
            .with_hint("discord_undo with that call_id takes the undo back"),
    )
}

/// Its plan again, with what was kept of it.
fn look(row: &KeptWrite) -> Result<Look, String> {
    let image = Image::read(&row.keep.image)
        .ok_or_else(|| "it held a secret or too much, which is not kept".to_owned())?;
    let prepared = catalogue()
        .get(&row.tool)
        .and_then(|tool| tool.prepare(image.arguments, image.kept.at).ok());
    match prepared {
        Some(Prepared::Write(plan)) => Ok(Look {
            tool: row.tool.clone(),
            plan,
            kept: image.kept,
        }),
        _ => Err("its arguments are not understood any more".to_owned()),
    }
}

/// References of an inverse count from its own first call.
fn shifted(arguments: Map<String, Value>, before: usize) -> Map<String, Value> {
    if before == 0 {
        return arguments;
    }
    arguments
        .into_iter()
        .map(|(name, value)| {
            let is_id = name.ends_with("_id") || name == "positions";
            let value = if is_id { shift(value, before) } else { value };
            (name, value)
        })
        .collect()
}

fn shift(value: Value, before: usize) -> Value {
    match value {
        Value::String(text) if text.starts_with("$1.") => {
            text.replacen("$1.", &format!("${}.", before + 1), 1).into()
        }
        Value::Array(items) => items.into_iter().map(|item| shift(item, before)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, shift(value, before)))
            .collect(),
        plain => plain,
    }
}

/// The three-way difference: only what the call changed counts.
fn differing(tool: &str, kept: &Kept, now: &Value) -> Vec<ChangedSince> {
    let told = |field: &str, before: &Value, after: &Value, now: &Value| ChangedSince {
        tool: tool.to_owned(),
        field: field.to_owned(),
        before: before.clone(),
        after: after.clone(),
        now: now.clone(),
    };
    let (Some(after), true) = (kept.after.as_object(), now.is_object()) else {
        let differs = *now != kept.after;
        return differs
            .then(|| told("", &kept.before, &kept.after, now))
            .into_iter()
            .collect();
    };
    after
        .iter()
        .filter(|(name, after)| kept.before[name.as_str()] != **after)
        .filter(|(name, after)| now[name.as_str()] != **after)
        .map(|(name, after)| {
            told(
                name,
                &kept.before[name.as_str()],
                after,
                &now[name.as_str()],
            )
        })
        .collect()
}
