//! Asking: a call that passed every other check is written down, and its question posted where the
//! policy says. Whoever asks again for the same hears how it stands.

use catalogue::Change;
use model::{
    Body, Millis, Origin, Reason, Request, RequestAuth, Risk, Stage, UserId,
    approval::{Approval, HeldCall, Opened, State},
};
use serde_json::Value;

use super::{
    ROOM,
    happen::Trouble,
    interact, lines,
    machine::{Event, POST_AGAIN_MS, post},
    people::{Askings, People},
    terms,
    view::{self, Waiting},
};
use crate::{
    Gate,
    answer::{Answer, Declined, Retry},
    case::Case,
    preview, trouble,
};

/// Largest arguments that are kept while people think, in bytes of JSON.
const ARGUMENTS_MAX: usize = 256 * 1024;
/// After a refusal the same call is not asked about again for so long: people are not worn down.
const REFUSED_REST_MS: Millis = 10 * 60 * 1_000;

/// What people would be asked about.
pub(crate) struct Wish<'a> {
    pub what: What<'a>,
    pub risk: Risk,
    pub fingerprint: [u8; 32],
    pub reversible: bool,
    pub planned_at: Millis,
}

/// What would be done.
pub(crate) enum What<'a> {
    Write {
        request: &'a Request,
        change: &'a Change,
    },
    /// The first of its requests.
    Read { request: Option<&'a Request> },
    /// A tool whose steps are judged as calls of their own.
    Flow,
    /// Several calls: one line on all of them, and some for each.
    Whole { line: String, steps: Vec<String> },
}

impl What<'_> {
    fn request(&self) -> Option<&Request> {
        match self {
            Self::Write { request, .. } => Some(request),
            Self::Read { request } => *request,
            Self::Flow | Self::Whole { .. } => None,
        }
    }

    /// In one line.
    fn line(&self) -> String {
        match self {
            Self::Write { request, .. }
            | Self::Read {
                request: Some(request),
            } => format!("{} {}", request.method.as_str(), preview::path(request)),
            Self::Read { request: None } => "it asks Discord nothing".to_owned(),
            Self::Flow => "several steps, each judged as a call of its own".to_owned(),
            Self::Whole { line, .. } => line.clone(),
        }
    }
}

impl Gate {
    /// Ask people about a call, or say how far an earlier asking has come. Never waits for them.
    pub(crate) async fn ask_people(
        &self,
        case: &Case,
        askings: &Askings,
        wish: Wish<'_>,
    ) -> Result<Answer, Declined> {
        let record = &case.record;
        let Some(port) = self.0.approvals.port.get().cloned() else {
            let reason = Reason::new(
                "approval_required",
                "the policy asks people about this call, and this mode of the service cannot",
            );
            return Err(record.refuse(Some(Stage::PlatformPermission), reason));
        };
        let confirmer = case.confirmer();
        let key = case.idempotency_key.as_deref();
        let latest = port
            .latest_approval(&confirmer, &case.digest, key)
            .await
            .map_err(|error| trouble::storing(record, &error))?;
        if let Some(known) = latest
            && let Some(answer) = self.already(case, known).await
        {
            return answer;
        }
        let requesters = self.requesters(case).await?;
        let approval = self.approval_of(case, askings, (&confirmer, requesters), wish)?;
        let opened = port.open(approval.clone(), ROOM).await;
        match opened.map_err(|error| trouble::storing(record, &error))? {
            Opened::Inserted => {}
            Opened::Known(known) => return Ok(waiting(&known)),
            Opened::Full => {
                let reason = Reason::new(
                    "too_many_approvals",
                    "too many calls wait for people already; nothing was asked",
                )
                .with_hint("wait until some of them are decided");
                return Err(record.refuse(None, reason));
            }
        }
        let gate = self.clone();
        // Ends with the posting; the asker may go away meanwhile.
        let posting = self
            .0
            .tracker
            .spawn(async move { gate.post_all(approval).await });
        match posting.await {
            Ok(Ok(posted)) if posted.state == State::Cancelled => {
                // Whoever asks again asks anew.
                self.collected(&posted).await;
                let why = posted.reason.clone().unwrap_or_default();
                Err(record.fail(
                    "approval_not_posted",
                    format!("people could not be asked, so nothing waits: {why}"),
                    Retry::No,
                ))
            }
            Ok(Ok(posted)) => Ok(waiting(&posted)),
            Ok(Err(Trouble::Store(error))) => Err(trouble::storing(record, &error)),
            Ok(Err(_)) | Err(_) => Err(crate::gate::broken(record)),
        }
    }

    /// How it stands with the same call of the same asker. `None` where it should be asked anew.
    async fn already(&self, case: &Case, known: Approval) -> Option<Result<Answer, Declined>> {
        if known.state == State::Granted && known.call.is_fetched() {
            return Some(self.fetch(known).await);
        }
        if known.state.is_open() {
            return Some(Ok(waiting(&known)));
        }
        let now = self.0.clock.now_ms();
        let ended = known.ended_at.unwrap_or(now);
        let rests = known.state == State::Refused && now - ended < REFUSED_REST_MS;
        // An idempotency key means this one call for as long as it is kept; without one, an end is
        // told once. What came to nothing may be asked for again in any case.
        let keeps = case.idempotency_key.is_some()
            && !known.call.is_fetched()
            && matches!(known.state, State::Done | State::Unknown | State::Refused);
        let told = known.collected_at.is_some() && !keeps;
        let stale = now - ended > view::TOLD_FOR_MS;
        if !rests && (told || stale) {
            return None;
        }
        self.collected(&known).await;
        Some(match view::ended(&known, &case.record.call_id) {
            Ok(answer) => Ok(self.show_again(case.reader(), case.around(), answer).await),
            Err(declined) => Err(declined),
        })
    }

    /// How far people came with this very call, where the policy has stopped asking about it since:
    /// what still waits for them is not done beside them, and what they agreed to is not done twice
    /// because its asker has not heard of it. A key of the caller's says so by itself.
    pub(crate) async fn asked_before(&self, case: &Case) -> Result<Option<Answer>, Declined> {
        let (Some(port), None, People::NotAsked, true) = (
            self.0.approvals.port.get(),
            &case.idempotency_key,
            &case.people,
            case.manner.is_alone(),
        ) else {
            return Ok(None);
        };
        let latest = port
            .latest_approval(&case.confirmer(), &case.digest, None)
            .await
            .map_err(|error| trouble::storing(&case.record, &error))?;
        let counts = |known: &Approval| {
            known.state.is_open()
                || (matches!(known.state, State::Done | State::Unknown)
                    && known.collected_at.is_none())
        };
        match latest.filter(counts) {
            Some(known) => self.already(case, known).await.transpose(),
            None => Ok(None),
        }
    }

    /// People who stand behind the call, and so cannot approve it: the Discord user it is for, and
    /// the person whose key it came with.
    async fn requesters(&self, case: &Case) -> Result<Vec<UserId>, Declined> {
        let asker = match case.origin {
            Origin::Discord { user, .. } => Some(user),
            _ => None,
        };
        let keeper = self
            .keeper_of(&case.principal)
            .await
            .map_err(|error| trouble::storing(&case.record, &error))?;
        let mut people: Vec<UserId> = asker.into_iter().chain(keeper).collect();
        people.dedup();
        Ok(people)
    }

    /// The asker gets its end now.
    pub(crate) async fn collected(&self, approval: &Approval) {
        if approval.collected_at.is_some() {
            return;
        }
        if let Err(Trouble::Store(error)) = self.happens(&approval.id, &Event::Collected).await {
            tracing::warn!(%error, "an approval's end may be told twice");
        }
    }

    fn approval_of(
        &self,
        case: &Case,
        askings: &Askings,
        (confirmer, requesters): (&str, Vec<UserId>),
        wish: Wish<'_>,
    ) -> Result<Approval, Declined> {
        let record = &case.record;
        let now = self.0.clock.now_ms();
        let refused = |code: &str, message: &str, hint: &str| {
            Err(record.refuse(None, Reason::new(code, message).with_hint(hint)))
        };
        let request = wish.what.request();
        if request.is_some_and(|it| it.auth == RequestAuth::InPath) {
            return Err(record.refuse(None, keeps_no_secrets("this call")));
        }
        let uploads = request.is_some_and(|it| matches!(it.body, Body::Multipart { .. }));
        let size = serde_json::to_string(&case.arguments).map_or(usize::MAX, |text| text.len());
        if size > ARGUMENTS_MAX {
            return refused(
                "approval_too_large",
                if uploads {
                    "files of this size are not kept while people think"
                } else {
                    "arguments of this size are not kept while people think"
                },
                "send less at once",
            );
        }
        let to =
            terms::addresses(askings, case.origin).map_err(|reason| record.refuse(None, reason))?;
        let (terms, expires_at) = terms::terms(askings, case.origin, now);
        let (guild_id, channel_id) = record.place();
        Ok(Approval {
            id: uuid::Uuid::now_v7().to_string(),
            revision: 0,
            state: State::Posting,
            call: HeldCall {
                call_id: record.call_id.clone(),
                principal: case.principal.clone(),
                confirmer: confirmer.to_owned(),
                agent: case.agent.clone(),
                session: case.session.clone(),
                origin: case.origin,
                tool: case.tool.name.to_owned(),
                risk: wish.risk,
                arguments: Some(case.arguments.clone()),
                digest: case.digest.clone(),
                idempotency_key: case.idempotency_key.clone(),
                fingerprint: hex::encode(wish.fingerprint),
                planned_at: wish.planned_at,
                policy_version: case.standing.version.to_string(),
                guild_id,
                channel_id,
                requesters,
                request: wish.what.line(),
                change: match &wish.what {
                    What::Write { change, .. } => lines::of_change(change),
                    What::Read { .. } => lines::of_arguments(&case.arguments),
                    What::Flow | What::Whole { .. } => Vec::new(),
                },
                reason: case
                    .arguments
                    .get("reason")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                reversible: wish.reversible && wish.risk != Risk::Destructive,
                steps: match wish.what {
                    What::Whole { steps, .. } => steps,
                    What::Write { .. } | What::Read { .. } | What::Flow => Vec::new(),
                },
            },
            terms,
            posts: to.into_iter().map(|to| post(to, now)).collect(),
            votes: Vec::new(),
            button: interact::secret(),
            created_at: now,
            expires_at,
            reminded_at: None,
            escalated_at: None,
            granted_at: None,
            ended_at: None,
            reason: None,
            outbox_id: None,
            collected_at: None,
            look_at: Some(now.saturating_add(POST_AGAIN_MS)),
            response: None,
        })
    }
}

/// Why a call with a token of its own cannot wait.
pub(super) fn keeps_no_secrets(what: &str) -> Reason {
    let message =
        format!("{what} carries a token of its own, which is not kept while people think");
    Reason::new("approval_of_secret", message).with_hint(
        "use a tool that works with the bot's own rights, or ask the operator for a rule",
    )
}

/// What a caller hears while people think.
pub(super) fn waiting(approval: &Approval) -> Answer {
    Answer::Waiting(Box::new(Waiting::of(approval)))
}
