//! Sending one message of a mirror: the seven checks as they are for it, the outbox with a key from
//! the rows it is about, Discord with a nonce, the record. It can send there and do nothing else.

use model::{
    ChannelId, Check, GuildId, HandsError, MessageId, Millis, Permissions, Reason, Request,
    Response, Stage, Verdict, crash,
    hands::Errand,
    ledger::{Begun, Decision, Finish, IdempotencyClaim, Intent, Outcome, Sent, StoreError},
    mirror::{MIRROR, MirrorMessage, MirrorWish},
    path,
    place::Subject,
    workspaces::Openness,
};
use policy::Whereabouts;
use serde_json::{Value, json};

use crate::{
    Gate, digest, gate,
    outbox::{Stored, ending},
    permit::{Passed, Permit, Written},
    words,
};

/// The audit's word for it, in a tool's place.
const ACT: &str = "mirror_audit";
/// How long its idempotency key is remembered, as for everybody.
const KEY_LIFE_MS: Millis = 24 * 60 * 60 * 1_000;
/// Discord's longest nonce. Source: Discord documentation, *Create Message*.
const NONCE_LENGTH: usize = 25;
/// `SUPPRESS_EMBEDS` and `SUPPRESS_NOTIFICATIONS`.
/// Source: Discord documentation, *Message › Message Flags*.
const FLAGS: u64 = 1 << 2 | 1 << 12;
/// Messages among which a lost one is looked for.
const LOOKED_AT: u32 = 100;
/// Clocks may differ by this much.
const SKEW_MS: Millis = 60_000;
/// 2015-01-01, from when Discord counts. Source: Discord documentation, *API Reference › Snowflakes*.
const EPOCH_MS: Millis = 1_420_070_400_000;

/// How sending it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    Yes,
    /// Somebody is at it.
    InFlight,
    /// Nobody knows.
    Lost,
    /// No.
    No(String),
}

impl Gate {
    /// Send it, once.
    pub(super) async fn tell(
        &self,
        wish: &MirrorWish,
        message: &MirrorMessage,
    ) -> Result<Told, StoreError> {
        let key = key(wish, message);
        let request = request(wish.channel, &message.text, &nonce(&key, message));
        let mut row = self.mirror_row(wish, message);
        let checks = match self.mirror_checks(wish).await? {
            Ok((checks, guild)) => {
                row.guild_id = Some(guild);
                checks
            }
            Err((stage, reason)) => {
                let said = words::plain(&reason.message, 300);
                let refused = Decision {
                    stage,
                    ..ending(&row, Outcome::Refused, &reason.code, &said)
                };
                self.0.ledger.record(refused).await?;
                return Ok(Told::No(match reason.hint {
                    Some(hint) => format!("{said}; {hint}"),
                    None => said,
                }));
            }
        };
        let Some(passed) = Passed::of(&checks) else {
            return Ok(Told::No("not every check was made".to_owned()));
        };
        let outbox_id = uuid::Uuid::now_v7().to_string();
        let begun = self
            .0
            .ledger
            .begin(Intent {
                outbox_id: outbox_id.clone(),
                request: json!({ "method": request.method, "path": request.path.text }),
                // The mirror itself sends it again, and looks first.
                repeatable: false,
                idempotency: Some(IdempotencyClaim {
                    principal: MIRROR.to_owned(),
                    key: format!("{key} {}", message.lost),
                    digest: row.digest.clone(),
                    expires_at: self.0.clock.now_ms().saturating_add(KEY_LIFE_MS),
                }),
                confirmation: None,
                approval: None,
                keep: None,
                lease: None,
                decision: row.clone(),
            })
            .await?;
        match begun {
            Begun::Inserted { .. } => {}
            Begun::InFlight => return Ok(Told::InFlight),
            Begun::Replay { response } => return Ok(told_before(&response)),
            other => return Ok(Told::No(format!("the outbox did not take it: {other:?}"))),
        }
        let permit = Permit::grant(&passed, Written::down(), request);
        crash::point("mirror", "sending");
        let answer = self.0.hands.write(&permit, &errand()).await;
        crash::point("mirror", "answered");
        Ok(self.told(outbox_id, row, &answer).await)
    }

    /// Close the outbox row, whatever became of it.
    async fn told(
        &self,
        outbox_id: String,
        row: Decision,
        answer: &Result<Response, HandsError>,
    ) -> Told {
        let (state, row, told) = match answer {
            Ok(_) => {
                let response = Stored::Done(Value::Null).text();
                let row = ending(&row, Outcome::Done, "ok", "carried out");
                (Sent::Sent { response }, row, Told::Yes)
            }
            Err(error) if error.nothing_happened() => {
                let why = words::plain(&error.to_string(), 300);
                let row = ending(&row, Outcome::Failed, "not_sent", "Discord did not do it");
                let reason = why.clone();
                (Sent::Failed { reason }, row, Told::No(why))
            }
            Err(error) => {
                let (reason, response) = (error.to_string(), Stored::lost());
                let row = ending(&row, Outcome::Unknown, "outcome_unknown", "no answer came");
                (Sent::Unknown { reason, response }, row, Told::Lost)
            }
        };
        let finish = Finish {
            outbox_id,
            state,
            image: None,
            decision: Decision {
                at: self.0.clock.now_ms(),
                ..row
            },
        };
        if let Err(error) = self.finish(finish).await {
            tracing::warn!(%error, "a message of the audit's mirror is closed later");
        }
        told
    }

    /// Whether this very message is in the channel already.
    pub(super) async fn was_told(
        &self,
        wish: &MirrorWish,
        message: &MirrorMessage,
    ) -> Result<bool, HandsError> {
        let bot = self.bot().await?.to_string();
        let since = message.since.saturating_sub(SKEW_MS + EPOCH_MS).max(1) << 22;
        let after = u64::try_from(since).ok().and_then(MessageId::new);
        let request = Request::get(path!(
            "/channels/{channel_id}/messages",
            channel_id = wish.channel
        ))
        .query("after", after)
        .query("limit", Some(LOOKED_AT));
        let found = self.0.hands.read(&request, &errand()).await?.body;
        let is_it = |it: &Value| {
            it["author"]["id"] == bot.as_str() && it["content"] == message.text.as_str()
        };
        Ok(found.as_array().is_some_and(|all| all.iter().any(is_it)))
    }

    /// The seven checks, as they are for a mirror; or the one that says no.
    async fn mirror_checks(
        &self,
        wish: &MirrorWish,
    ) -> Result<Result<(Vec<Check>, GuildId), (Stage, Reason)>, StoreError> {
        let workspace = wish.scope.home();
        let standing = self.standing(&workspace);
        let policy = &*standing.policy;
        let tenancy = self.0.tenants.tenancy().await?;
        let channel = wish.channel;
        let no = |stage, code: &str, message: String| Ok(Err((stage, Reason::new(code, message))));
        if tenancy.openness(&workspace) != Openness::Open {
            let message = format!("the workspace \"{workspace}\" is suspended");
            return no(Stage::WorkspaceMembership, "workspace_suspended", message);
        }
        let place = match self.0.surroundings.channel(channel).await {
            Ok(place) => place,
            Err(error) => return no(Stage::GuildInstallation, "guild_unknown", error.to_string()),
        };
        let Some(place) = place else {
            let message = format!("channel {channel} is not there, or the bot cannot see it");
            return no(Stage::GuildInstallation, "channel_unknown", message);
        };
        let Some(guild) = place.guild_id else {
            let message = format!("channel {channel} is no channel of a guild");
            return no(Stage::GuildInstallation, "not_in_a_guild", message);
        };
        let listed = policy::guilds(policy, &[Whereabouts::Guild(guild)]);
        if !listed.verdict.allows() {
            let reason = listed.verdict.reason().clone();
            return Ok(Err((Stage::GuildInstallation, reason)));
        }
        if !tenancy.owns(&workspace, guild) {
            let message = format!("guild {guild} does not belong to the workspace \"{workspace}\"");
            return no(
                Stage::GuildInstallation,
                "guild_of_other_workspace",
                message,
            );
        }
        if policy.read_only {
            let message = "this service is read-only, so it mirrors nothing".to_owned();
            return no(Stage::PlatformPermission, "read_only", message);
        }
        let sending = if place.is_thread {
            Permissions::SEND_MESSAGES_IN_THREADS
        } else {
            Permissions::SEND_MESSAGES
        };
        let needs = Permissions::VIEW_CHANNEL | sending;
        let lacks = self
            .0
            .surroundings
            .lacks(Subject::Bot, guild, Some(channel), needs)
            .await;
        match lacks {
            Err(error) => {
                return no(
                    Stage::DiscordPermission,
                    "permissions_unknown",
                    error.to_string(),
                );
            }
            Ok(lacks) => {
                if let Some(lack) = lacks.first() {
                    let message = format!(
                        "the bot lacks {} in channel {channel}: {}",
                        lack.permission, lack.because
                    );
                    let reason = Reason::new("bot_lacks_permission", message);
                    let reason = reason.with_hint(lack.remedy.clone());
                    return Ok(Err((Stage::DiscordPermission, reason)));
                }
            }
        }
        let allows = [
            (Stage::ClientAuthentication, "the mirror acts for itself"),
            (Stage::WorkspaceMembership, "the workspace is open"),
            (Stage::GuildInstallation, "the guild is the workspace's own"),
            (Stage::PlatformPermission, "sending there is its one right"),
            (Stage::ChannelPolicy, "the channel was set for it"),
            (Stage::DiscordPermission, "nothing is missing"),
            (Stage::RateLimit, "its pace is bounded"),
        ];
        let checks = allows.map(|(stage, why)| Check {
            stage,
            verdict: Verdict::Allow(Reason::new("mirror", why)),
        });
        Ok(Ok((checks.to_vec(), guild)))
    }

    /// The audit row with which it begins.
    fn mirror_row(&self, wish: &MirrorWish, message: &MirrorMessage) -> Decision {
        let workspace = wish.scope.home();
        Decision {
            call_id: uuid::Uuid::now_v7().to_string(),
            at: self.0.clock.now_ms(),
            principal: MIRROR.to_owned(),
            policy_version: self.standing(&workspace).version.to_string(),
            workspace,
            agent: None,
            origin: MIRROR.to_owned(),
            tool: ACT.to_owned(),
            risk: None,
            guild_id: None,
            channel_id: Some(wish.channel),
            digest: hex::encode(digest::of_texts(&[ACT, &message.text])),
            outcome: Outcome::Started,
            stage: Stage::ExecuteAndAudit,
            code: "started".to_owned(),
            reason: format!("decisions {} to {}", message.from, message.to),
            rules: Vec::new(),
            duration_us: 0,
        }
    }
}

fn errand() -> Errand {
    Errand {
        lane: MIRROR.into(),
        timeout: gate::REQUEST_TIMEOUT,
    }
}

/// From whose rows they are, where they are told, and which they are.
fn key(wish: &MirrorWish, message: &MirrorMessage) -> String {
    let (scope, channel) = (wish.scope.as_str(), wish.channel);
    format!("{scope} {channel} {}-{}", message.from, message.to)
}

/// The same for every attempt.
fn nonce(key: &str, message: &MirrorMessage) -> String {
    let mut nonce = hex::encode(digest::of_texts(&[MIRROR, key, &message.text]));
    nonce.truncate(NONCE_LENGTH);
    nonce
}

fn request(channel: ChannelId, text: &str, nonce: &str) -> Request {
    Request::post(path!(
        "/channels/{channel_id}/messages",
        channel_id = channel
    ))
    .json(json!({
        "content": text,
        "allowed_mentions": { "parse": [] },
        "flags": FLAGS,
        "nonce": nonce,
        "enforce_nonce": true,
    }))
}

fn told_before(response: &str) -> Told {
    match serde_json::from_str(response) {
        Ok(Stored::Done(_)) => Told::Yes,
        Ok(Stored::Failed(_)) | Err(_) => Told::Lost,
    }
}
