//! The outbox: a write is claimed and on disk before it is sent, and closed once when its end is known.

use std::sync::Arc;

use async_trait::async_trait;
use model::{
    Millis,
    ledger::{
        Begun, Finish, IdempotencyClaim, Intent, Recalled, Sent, Spend, StoreError, Unfinished,
    },
};

use crate::{
    approval, audit,
    engine::{Row, Session, Value},
    error::corrupt,
    instance::Instance,
    kept, lease,
    transaction::Transaction,
    writer::Write,
};

pub(crate) const FIND_KEY: &str = "\
SELECT digest, response FROM idempotency_keys
WHERE principal = $1 AND key = $2 AND expires_at > $3";

/// Like [`FIND_KEY`], with where the first call acted.
pub(crate) const RECALL: &str = "\
SELECT idempotency_keys.digest AS digest, response, guild_id, channel_id
FROM idempotency_keys
    JOIN outbox ON outbox.outbox_id = idempotency_keys.outbox_id
    JOIN decisions ON seq = decision_seq
WHERE idempotency_keys.principal = $1 AND key = $2 AND expires_at > $3";

pub(crate) const CLAIM_KEY: &str = "\
INSERT INTO idempotency_keys (principal, key, digest, outbox_id, response, expires_at)
VALUES ($1, $2, $3, $4, NULL, $5)
ON CONFLICT (principal, key) DO UPDATE SET
    digest = excluded.digest, outbox_id = excluded.outbox_id, response = NULL,
    expires_at = excluded.expires_at";

pub(crate) const ANSWER_KEY: &str =
    "UPDATE idempotency_keys SET response = $2 WHERE outbox_id = $1";

pub(crate) const FREE_KEY: &str = "DELETE FROM idempotency_keys WHERE outbox_id = $1";

pub(crate) const SPEND: &str = "\
INSERT INTO spent_confirmations (token_digest, expires_at) VALUES ($1, $2)
ON CONFLICT (token_digest) DO NOTHING";

pub(crate) const INSERT: &str = "\
INSERT INTO outbox (
    outbox_id, instance_id, created_at, state, request, repeatable, fence, decision_seq,
    approval_id)
VALUES ($1, $2, $3, 'started', $4, $5, $6, $7, $8)";

pub(crate) const FINISH: &str = "\
UPDATE outbox SET state = $2, finished_at = $3, reason = $4,
    request = CASE WHEN $2 = 'unknown' THEN request ELSE NULL END
WHERE outbox_id = $1 AND state = 'started' RETURNING approval_id";

pub(crate) const EXISTS: &str = "SELECT COUNT(*) FROM outbox WHERE outbox_id = $1";

/// Rows that others have not finished, and how many of these others live. `$1` is oneself.
pub(crate) const OTHERS: &str = "\
SELECT COUNT(*) AS unfinished, COUNT(alive.instance_id) AS living
FROM outbox
    LEFT JOIN instances AS alive
        ON alive.instance_id = outbox.instance_id AND alive.alive_until > $2
WHERE state = 'started' AND outbox.instance_id <> $1";

/// Rows of instances that are gone. `$1` is oneself.
pub(crate) const CLAIMABLE: &str = "\
SELECT outbox_id, created_at, request, repeatable,
    seq, workspace, call_id, at, principal, agent, origin, tool, risk, guild_id, channel_id,
    digest, outcome, stage, code, decisions.reason AS reason, rules, policy_version, duration_us
FROM outbox
    JOIN decisions ON seq = decision_seq
    LEFT JOIN instances AS alive
        ON alive.instance_id = outbox.instance_id AND alive.alive_until > $2
WHERE state = 'started' AND outbox.instance_id <> $1 AND alive.instance_id IS NULL
ORDER BY created_at, outbox_id LIMIT $3";

pub(crate) const ASSIGN: &str = "UPDATE outbox SET instance_id = $2 WHERE outbox_id = $1";

/// Claim key, token and thread, and insert outbox and audit rows.
pub(crate) struct Begin {
    pub(crate) intent: Intent,
    pub(crate) now: Millis,
    pub(crate) instance: Arc<Instance>,
}

#[async_trait]
impl Write for Begin {
    type Output = Begun;

    const TAKES_ROWS: bool = true;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<Begun, StoreError> {
        let Intent {
            outbox_id,
            request,
            repeatable,
            idempotency,
            confirmation,
            approval,
            keep,
            lease,
            decision,
        } = &self.intent;
        // What may say no comes before the first row is written, but for the token, whose row is
        // also the question.
        if let Some(claim) = idempotency
            && let Some(seen) = look_up(on, claim, self.now).await?
        {
            return Ok(seen);
        }
        let mut fence = None;
        if let Some((thread, holder)) = lease
            && let Some(held) = lease::current(on, *thread, self.now).await?
        {
            if held.holder != *holder {
                return Ok(Begun::Leased {
                    by: held.holder,
                    until: held.until,
                });
            }
            fence = Some(held.fence);
        }
        if let Some(spend) = confirmation
            && !use_up(on, spend).await?
        {
            return Ok(Begun::AlreadyConfirmed);
        }
        if let Some(approval) = approval
            && !approval::claim(on, approval, outbox_id).await?
        {
            return Ok(Begun::NotGranted);
        }
        if let Some(keep) = keep
            && !kept::begin(on, keep, outbox_id, decision).await?
        {
            return Ok(Begun::NotUndoable);
        }
        if let Some(claim) = idempotency {
            claim_key(on, claim, outbox_id).await?;
        }
        let decision_seq = on.record(decision).await?;
        let values: [Value; 8] = [
            outbox_id.into(),
            (&self.instance.id).into(),
            self.now.into(),
            audit::to_json(request)?.into(),
            i64::from(*repeatable).into(),
            fence.into(),
            decision_seq.into(),
            approval.as_deref().into(),
        ];
        on.execute(INSERT, values).await?;
        Ok(Begun::Inserted { fence })
    }

    fn committed(&self, begun: &Begun) {
        if let Begun::Inserted { .. } = begun {
            self.instance.took([self.intent.outbox_id.clone()]);
        }
    }
}

/// What a key that is already known says.
async fn look_up(
    on: &mut Session<'_>,
    claim: &IdempotencyClaim,
    now: Millis,
) -> Result<Option<Begun>, StoreError> {
    on.row(FIND_KEY, key(claim, now))
        .await?
        .map(|row| known(&row, claim))
        .transpose()
}

/// The values of [`FIND_KEY`] and [`RECALL`].
pub(crate) fn key(claim: &IdempotencyClaim, now: Millis) -> [Value; 3] {
    [(&claim.principal).into(), (&claim.key).into(), now.into()]
}

fn known(row: &Row, claim: &IdempotencyClaim) -> Result<Begun, StoreError> {
    if row.text("digest")? != claim.digest {
        return Ok(Begun::OtherArguments);
    }
    Ok(match row.optional_text("response")? {
        Some(response) => Begun::Replay { response },
        None => Begun::InFlight,
    })
}

/// Read a row of [`RECALL`].
pub(crate) fn recalled(row: &Row, claim: &IdempotencyClaim) -> Result<Recalled, StoreError> {
    Ok(Recalled {
        known: known(row, claim)?,
        guild_id: row.optional_id("guild_id")?,
        channel_id: row.optional_id("channel_id")?,
    })
}

async fn claim_key(
    on: &mut Session<'_>,
    claim: &IdempotencyClaim,
    outbox_id: &str,
) -> Result<(), StoreError> {
    let values: [Value; 5] = [
        (&claim.principal).into(),
        (&claim.key).into(),
        (&claim.digest).into(),
        outbox_id.into(),
        claim.expires_at.into(),
    ];
    on.execute(CLAIM_KEY, values).await.map(drop)
}

/// `false` if the token was used before.
async fn use_up(on: &mut Session<'_>, spend: &Spend) -> Result<bool, StoreError> {
    let token = [(&spend.token_digest).into(), spend.expires_at.into()];
    Ok(on.execute(SPEND, token).await? == 1)
}

/// Close an outbox row.
pub(crate) struct End {
    pub(crate) finish: Finish,
    pub(crate) now: Millis,
    pub(crate) instance: Arc<Instance>,
}

#[async_trait]
impl Write for End {
    type Output = ();

    async fn run(&self, on: &mut Transaction<'_>) -> Result<(), StoreError> {
        let Finish {
            outbox_id,
            state,
            image,
            decision,
        } = &self.finish;
        let (word, reason) = match state {
            Sent::Sent { .. } => ("sent", None),
            Sent::Failed { reason } => ("failed", Some(reason.as_str())),
            Sent::Unknown { reason, .. } => ("unknown", Some(reason.as_str())),
        };
        let end = [
            outbox_id.into(),
            word.into(),
            self.now.into(),
            reason.into(),
        ];
        let Some(closed) = on.row(FINISH, end).await? else {
            return match on.integer(EXISTS, [outbox_id.into()]).await? {
                0 => Err(corrupt(format!("outbox row {outbox_id} does not exist"))),
                _ => Ok(()),
            };
        };
        if let Some(approval) = closed.optional_text("approval_id")? {
            approval::end(on, &approval, state, self.now).await?;
        }
        match state {
            Sent::Sent { response } | Sent::Unknown { response, .. } => {
                on.execute(ANSWER_KEY, [outbox_id.into(), response.into()])
                    .await?;
            }
            Sent::Failed { .. } => {
                on.execute(FREE_KEY, [outbox_id.into()]).await?;
            }
        }
        kept::end(on, outbox_id, state, image.as_ref()).await?;
        on.record(decision).await.map(drop)
    }

    fn committed(&self, (): &()) {
        self.instance.finished(&self.finish.outbox_id);
    }
}

/// Take over rows of instances that are gone.
pub(crate) struct Claim {
    pub(crate) limit: i64,
    pub(crate) now: Millis,
    pub(crate) instance: Arc<Instance>,
}

#[async_trait]
impl Write for Claim {
    type Output = Vec<Unfinished>;

    const TAKES_ROWS: bool = true;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<Vec<Unfinished>, StoreError> {
        let me = &self.instance.id;
        let values = [me.into(), self.now.into(), self.limit.into()];
        let rows = on.rows(CLAIMABLE, values).await?;
        let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        for row in &rows {
            on.execute(ASSIGN, [(&row.outbox_id).into(), me.into()])
                .await?;
        }
        Ok(rows)
    }

    fn committed(&self, rows: &Vec<Unfinished>) {
        self.instance
            .took(rows.iter().map(|row| row.outbox_id.clone()));
    }
}

/// Read a row of [`CLAIMABLE`].
fn read(row: &Row) -> Result<Unfinished, StoreError> {
    Ok(Unfinished {
        outbox_id: row.text("outbox_id")?,
        created_at: row.integer("created_at")?,
        request: audit::from_json(&row.text("request")?)?,
        repeatable: row.integer("repeatable")? != 0,
        decision: audit::read(row)?,
    })
}
