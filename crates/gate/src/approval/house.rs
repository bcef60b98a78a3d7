//! The house's own errands: asking people, showing what became of it, answering a press. They go
//! through the seven checks with a right of their own, narrow as these functions, and through the
//! outbox like any other write. No caller can act as the house.

use model::{
    ChannelId, GuildId, HandsError, Permissions, Reason, Request, Response, Stage, Verdict,
    WorkspaceId,
    approval::Approval,
    hands::Errand,
    ledger::{Begun, Decision, Finish, Intent, Outcome, Sent},
    place::Subject,
};
use policy::{Ruling, Whereabouts};
use serde_json::{Value, json};

use super::{
    interact::{self, Callback, Spoken},
    vote::Said,
};
use crate::{
    Gate, gate,
    outbox::{Stored, ending},
    permit::{Passed, Permit, Written},
    preview,
};

/// Who acts here. Not a principal that a door knows.
const HOUSE: &str = "house";

/// What the house does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    OpenDirectMessage,
    Ask,
    Remind,
    Show,
    Answer,
}

impl Act {
    /// The audit's word for it, in a tool's place.
    fn as_str(self) -> &'static str {
        match self {
            Self::OpenDirectMessage => "house_open_direct_message",
            Self::Ask => "house_ask_for_approval",
            Self::Remind => "house_remind_of_approval",
            Self::Show => "house_show_approval",
            Self::Answer => "house_answer_press",
        }
    }
}

/// Where it acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// The policy named it, or the call came from there.
    Channel(ChannelId),
    /// With somebody whom the policy named.
    Direct,
    /// An answer to whoever pressed.
    Interaction,
}

/// Why it was not done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unsent {
    pub why: String,
    /// Trying again may help.
    pub passing: bool,
}

/// For whom hands work here.
pub(crate) fn errand() -> Errand {
    Errand {
        lane: HOUSE.into(),
        timeout: gate::REQUEST_TIMEOUT,
    }
}

impl Gate {
    /// Do it: the checks, the outbox, Discord, the record.
    pub(crate) async fn house(
        &self,
        act: Act,
        spot: Spot,
        request: Request,
        about: &Approval,
    ) -> Result<Value, Unsent> {
        let page = self.house_begins(act, spot, kept(&request), about).await?;
        let permit = Permit::grant(&page.passed, Written::down(), request);
        let answer = self.0.hands.write(&permit, &errand()).await;
        self.house_ends(page, about, &answer).await;
        answer
            .map(|response| response.body)
            .map_err(|error| unsent(&error))
    }

    /// Answer a press with words for whoever pressed, as what was said before allows. Where that
    /// fails, only the words are lost.
    pub async fn answer_press(&self, press: &Callback, said: &Said) {
        let kept = json!({ "interaction": press.interaction.id });
        let about = &said.approval;
        let begun = self.house_begins(Act::Answer, Spot::Interaction, kept, about);
        let page = match begun.await {
            Ok(page) => page,
            Err(unsent) => {
                tracing::info!(why = %unsent.why, "whoever pressed got no answer");
                return;
            }
        };
        let mut stage = press.stage.lock().await;
        let request = interact::answer(&press.interaction, *stage, &said.text);
        let permit = Permit::grant(&page.passed, Written::down(), request);
        let answer = self.0.hands.write(&permit, &errand()).await;
        *stage = Spoken::Answered;
        drop(stage);
        self.house_ends(page, about, &answer).await;
    }

    /// The checks and the outbox row.
    async fn house_begins(
        &self,
        act: Act,
        spot: Spot,
        request: Value,
        about: &Approval,
    ) -> Result<Page, Unsent> {
        let workspace = &about.call.principal.workspace;
        let (rulings, guild) = self.house_checks(act, spot, workspace).await?;
        let checks: Vec<model::Check> = Stage::ALL
            .into_iter()
            .zip(rulings)
            .map(|(stage, ruling)| model::Check {
                stage,
                verdict: ruling.verdict,
            })
            .collect();
        let channel = match spot {
            Spot::Channel(channel) => Some(channel),
            Spot::Direct | Spot::Interaction => None,
        };
        let row = self.house_row(act, about, guild, channel);
        if let Some(check) = checks.iter().find(|check| !check.verdict.allows()) {
            let reason = check.verdict.reason();
            let row = Decision {
                stage: check.stage,
                ..ending(&row, Outcome::Refused, &reason.code, &reason.message)
            };
            let stored = self.0.ledger.record(row).await;
            return Err(Unsent {
                why: with_hint(reason),
                // A right that was taken away may be given back, and buttons should go then.
                passing: act == Act::Show || stored.is_err(),
            });
        }
        let Some(passed) = Passed::of(&checks) else {
            return Err(lasting("the house's own checks were not all made"));
        };
        let outbox_id = uuid::Uuid::now_v7().to_string();
        let intent = Intent {
            outbox_id: outbox_id.clone(),
            request,
            // A restart posts again by itself, with the same nonce.
            repeatable: false,
            idempotency: None,
            confirmation: None,
            approval: None,
            keep: None,
            lease: None,
            decision: row.clone(),
        };
        match self.0.ledger.begin(intent).await {
            Ok(Begun::Inserted { .. }) => Ok(Page {
                passed,
                outbox_id,
                row,
            }),
            Ok(_) => Err(lasting("the outbox did not take it")),
            Err(error) => Err(passing(format!("it could not be written down: {error}"))),
        }
    }

    /// The end of the outbox row, whatever it is.
    async fn house_ends(
        &self,
        page: Page,
        about: &Approval,
        answer: &Result<Response, HandsError>,
    ) {
        let nothing = || Stored::Done(Value::Null).text();
        let (state, outcome, code, reason) = match answer {
            Ok(_) => {
                let response = nothing();
                let state = Sent::Sent { response };
                (state, Outcome::Done, "ok", "carried out")
            }
            Err(error) if error.nothing_happened() => {
                let reason = error.to_string();
                let state = Sent::Failed { reason };
                (state, Outcome::Failed, "not_sent", "Discord did not do it")
            }
            Err(error) => {
                let (reason, response) = (error.to_string(), nothing());
                let state = Sent::Unknown { reason, response };
                (state, Outcome::Unknown, "outcome_unknown", "no answer came")
            }
        };
        let row = ending(&page.row, outcome, code, reason);
        let finish = Finish {
            outbox_id: page.outbox_id,
            image: None,
            state,
            decision: Decision {
                at: self.0.clock.now_ms(),
                ..row
            },
        };
        if let Err(error) = self.finish(finish).await {
            tracing::warn!(approval = %about.id, %error, "an errand of the house is closed later");
        }
    }

    /// The seven checks, as they are for the house.
    async fn house_checks(
        &self,
        act: Act,
        spot: Spot,
        workspace: &WorkspaceId,
    ) -> Result<([Ruling; 7], Option<GuildId>), Unsent> {
        let standing = self.standing(workspace);
        let policy = &*standing.policy;
        let surroundings = &*self.0.surroundings;
        let mut guild = None;
        let mut installed = allow("no_guild", "it concerns no guild");
        let mut entitled = allow("no_permission_needed", "it needs no permission");
        if let Spot::Channel(channel) = spot {
            let place = surroundings
                .channel(channel)
                .await
                .map_err(|e| unsent(&e))?;
            let Some(place) = place else {
                let message = format!("channel {channel} is not there, or the bot cannot see it");
                return Err(lasting(&message));
            };
            guild = place.guild_id;
            if let Some(id) = place.guild_id {
                installed = policy::guilds(policy, &[Whereabouts::Guild(id)]);
                let sending = if place.is_thread {
                    Permissions::SEND_MESSAGES_IN_THREADS
                } else {
                    Permissions::SEND_MESSAGES
                };
                let needs = match act {
                    Act::Show => Permissions::VIEW_CHANNEL,
                    _ => Permissions::VIEW_CHANNEL | sending | Permissions::EMBED_LINKS,
                };
                let lacks = surroundings
                    .lacks(Subject::Bot, id, Some(channel), needs)
                    .await
                    .map_err(|e| unsent(&e))?;
                if let Some(lack) = lacks.first() {
                    let message = format!(
                        "the bot lacks {} in channel {channel}: {}",
                        lack.permission, lack.because
                    );
                    let reason = Reason::new("bot_lacks_permission", message);
                    entitled = deny(reason.with_hint(lack.remedy.clone()));
                }
            }
        }
        let right = if policy.read_only {
            deny(Reason::new(
                "read_only",
                "this service is read-only, so it asks nobody",
            ))
        } else {
            allow("house_errand", "asking people is the house's own right")
        };
        let rulings = [
            allow("house", "the house acts for itself"),
            allow("house", "the house belongs to every workspace"),
            installed,
            right,
            allow("named_by_policy", "the policy asks people there"),
            entitled,
            allow("bounded", "approvals are bounded"),
        ];
        Ok((rulings, guild))
    }

    /// The audit row with which it begins.
    fn house_row(
        &self,
        act: Act,
        about: &Approval,
        guild_id: Option<GuildId>,
        channel_id: Option<ChannelId>,
    ) -> Decision {
        Decision {
            call_id: about.call.call_id.clone(),
            at: self.0.clock.now_ms(),
            principal: HOUSE.to_owned(),
            workspace: about.call.principal.workspace.clone(),
            agent: None,
            origin: HOUSE.to_owned(),
            tool: act.as_str().to_owned(),
            risk: None,
            guild_id,
            channel_id,
            digest: about.call.digest.clone(),
            outcome: Outcome::Started,
            stage: Stage::ExecuteAndAudit,
            code: "started".to_owned(),
            reason: "written down, and not sent yet".to_owned(),
            rules: vec![format!("approval {}", about.id)],
            policy_version: self
                .standing(&about.call.principal.workspace)
                .version
                .to_string(),
            duration_us: 0,
        }
    }
}

/// An errand that has begun.
struct Page {
    passed: Passed,
    outbox_id: String,
    row: Decision,
}

/// Bodies hold what others wrote, and nobody sends such a row again: the path is enough.
fn kept(request: &Request) -> Value {
    json!({ "method": request.method, "path": preview::path(request) })
}

fn allow(code: &str, message: &str) -> Ruling {
    Ruling {
        verdict: Verdict::Allow(Reason::new(code, message)),
        rules: Vec::new(),
    }
}

fn deny(reason: Reason) -> Ruling {
    Ruling {
        verdict: Verdict::Deny(reason),
        rules: Vec::new(),
    }
}

fn with_hint(reason: &Reason) -> String {
    match &reason.hint {
        Some(hint) => format!("{}; {hint}", reason.message),
        None => reason.message.clone(),
    }
}

pub(super) fn lasting(why: &str) -> Unsent {
    Unsent {
        why: why.to_owned(),
        passing: false,
    }
}

pub(super) fn passing(why: String) -> Unsent {
    Unsent { why, passing: true }
}

pub(super) fn unsent(error: &HandsError) -> Unsent {
    match error {
        HandsError::Api { status, .. } => Unsent {
            why: crate::words::plain(&error.to_string(), 300),
            passing: *status >= 500 || *status == 429,
        },
        HandsError::Unauthorized => lasting(&error.to_string()),
        _ => passing(error.to_string()),
    }
}
