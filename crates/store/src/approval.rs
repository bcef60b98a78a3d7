//! Approvals: inserted once for a call, changed only by whoever saw the last change, carried out in
//! the transaction that inserts the outbox row.

use async_trait::async_trait;
use model::{
    Millis,
    approval::{Approval, Opened, Room, State},
    ledger::{Decision, Sent, StoreError},
};

use crate::{
    audit,
    engine::{Row, Session, Value},
    error::corrupt,
    transaction::Transaction,
    writer::Write,
};

/// How long what a call gave is kept for its asker.
const RESPONSES_KEPT_MS: Millis = 24 * 60 * 60 * 1_000;
/// How long an approval that ended stays for people to look at.
const KEPT_MS: Millis = 30 * 24 * 60 * 60 * 1_000;

pub(crate) const INSERT: &str = "\
INSERT INTO approvals (
    id, revision, state, principal, confirmer, digest, idempotency_key, created_at, ended_at,
    look_at, reason, outbox_id, body, response)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, NULL)";

/// The same call that waits already.
pub(crate) const SAME: &str = "\
SELECT id, revision, state, ended_at, look_at, reason, outbox_id, body, response FROM approvals
WHERE digest = $1 AND confirmer = $2 AND COALESCE(idempotency_key, '') = COALESCE($3, '')
    AND ended_at IS NULL
ORDER BY created_at DESC, id DESC LIMIT 1";

/// How many are open: of this principal, and of all.
pub(crate) const OPEN: &str = "\
SELECT COALESCE(SUM(CASE WHEN principal = $1 THEN 1 ELSE 0 END), 0) AS own, COUNT(*) AS everybody
FROM approvals WHERE ended_at IS NULL";

pub(crate) const BY_ID: &str = "\
SELECT id, revision, state, ended_at, look_at, reason, outbox_id, body, response FROM approvals
WHERE id = $1";

pub(crate) const LATEST: &str = "\
SELECT id, revision, state, ended_at, look_at, reason, outbox_id, body, response FROM approvals
WHERE digest = $1 AND confirmer = $2 AND COALESCE(idempotency_key, '') = COALESCE($3, '')
ORDER BY created_at DESC, id DESC LIMIT 1";

pub(crate) const DUE: &str = "\
SELECT id, revision, state, ended_at, look_at, reason, outbox_id, body, response FROM approvals
WHERE look_at <= $1 ORDER BY look_at, id LIMIT $2";

pub(crate) const LIST: &str = "\
SELECT id, revision, state, ended_at, look_at, reason, outbox_id, body, response FROM approvals
WHERE (CAST($1 AS TEXT) IS NULL OR state = $1) AND (CAST($2 AS TEXT) IS NULL OR principal = $2)
ORDER BY created_at DESC, id DESC LIMIT $3";

/// `$2` is the revision that was read.
pub(crate) const REPLACE: &str = "\
UPDATE approvals SET
    revision = $2 + 1, state = $3, ended_at = $4, look_at = $5, reason = $6, body = $7
WHERE id = $1 AND revision = $2";

/// It is carried out by this outbox row, and by no other.
pub(crate) const CLAIM: &str = "\
UPDATE approvals SET
    revision = revision + 1, state = 'executing', outbox_id = $2, look_at = NULL
WHERE id = $1 AND state = 'granted' AND outbox_id IS NULL";

pub(crate) const END: &str = "\
UPDATE approvals SET
    revision = revision + 1, state = $2, ended_at = $3, look_at = $3, reason = $4, response = $5
WHERE id = $1 AND state = 'executing'";

pub(crate) const PRUNE_RESPONSES: &str = "\
UPDATE approvals SET response = NULL WHERE response IS NOT NULL AND ended_at <= $1";

pub(crate) const PRUNE: &str = "\
DELETE FROM approvals WHERE id IN (
    SELECT id FROM approvals WHERE ended_at <= $1 ORDER BY ended_at LIMIT $2)";

pub(crate) const CURSOR: &str = "SELECT seq FROM cursors WHERE listener = $1";

pub(crate) const MOVE_CURSOR: &str = "\
INSERT INTO cursors (listener, seq) VALUES ($1, $2)
ON CONFLICT (listener) DO UPDATE SET seq = excluded.seq WHERE cursors.seq < excluded.seq";

/// Insert a new one, unless its call waits already or there is no room.
pub(crate) struct Open {
    pub(crate) approval: Approval,
    pub(crate) room: Room,
}

#[async_trait]
impl Write for Open {
    type Output = Opened;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<Opened, StoreError> {
        let Self { approval, room } = self;
        let call = &approval.call;
        if let Some(same) = on.row(SAME, same(approval)).await? {
            return Ok(Opened::Known(Box::new(read(&same)?)));
        }
        let open = on.row(OPEN, [(&call.principal.id).into()]).await?;
        let open = open.ok_or_else(|| corrupt("a query that always gives a row gave none"))?;
        if open.integer("own")? >= i64::from(room.each)
            || open.integer("everybody")? >= i64::from(room.all)
        {
            return Ok(Opened::Full);
        }
        let values: [Value; 13] = [
            (&approval.id).into(),
            approval.revision.into(),
            approval.state.as_str().into(),
            (&call.principal.id).into(),
            (&call.confirmer).into(),
            (&call.digest).into(),
            call.idempotency_key.as_deref().into(),
            approval.created_at.into(),
            approval.ended_at.into(),
            approval.look_at.into(),
            approval.reason.as_deref().into(),
            approval.outbox_id.as_deref().into(),
            audit::to_json(approval)?.into(),
        ];
        on.execute(INSERT, values).await?;
        Ok(Opened::Inserted)
    }
}

fn same(approval: &Approval) -> [Value; 3] {
    let call = &approval.call;
    key(
        &call.confirmer,
        &call.digest,
        call.idempotency_key.as_deref(),
    )
}

/// The values of [`SAME`] and [`LATEST`].
pub(crate) fn key(confirmer: &str, digest: &str, key: Option<&str>) -> [Value; 3] {
    [digest.into(), confirmer.into(), key.into()]
}

/// Store what somebody changed who saw the last change.
pub(crate) struct Replace {
    pub(crate) approval: Approval,
    pub(crate) decision: Option<Decision>,
}

#[async_trait]
impl Write for Replace {
    type Output = bool;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let approval = &self.approval;
        let values: [Value; 7] = [
            (&approval.id).into(),
            approval.revision.into(),
            approval.state.as_str().into(),
            approval.ended_at.into(),
            approval.look_at.into(),
            approval.reason.as_deref().into(),
            audit::to_json(approval)?.into(),
        ];
        if on.execute(REPLACE, values).await? == 0 {
            return Ok(false);
        }
        if let Some(decision) = &self.decision {
            on.record(decision).await?;
        }
        Ok(true)
    }
}

/// Move a listener's cursor.
pub(crate) struct MoveCursor {
    pub(crate) listener: String,
    pub(crate) seq: i64,
}

#[async_trait]
impl Write for MoveCursor {
    type Output = ();

    async fn run(&self, on: &mut Transaction<'_>) -> Result<(), StoreError> {
        let values = [(&self.listener).into(), self.seq.into()];
        on.execute(MOVE_CURSOR, values).await.map(drop)
    }
}

/// `false` if it is not granted, or not any more.
pub(crate) async fn claim(
    on: &mut Session<'_>,
    approval: &str,
    outbox_id: &str,
) -> Result<bool, StoreError> {
    let values = [approval.into(), outbox_id.into()];
    Ok(on.execute(CLAIM, values).await? == 1)
}

/// Its outbox row has come to an end.
pub(crate) async fn end(
    on: &mut Session<'_>,
    approval: &str,
    sent: &Sent,
    now: Millis,
) -> Result<(), StoreError> {
    let (state, reason, response) = match sent {
        Sent::Sent { response } => (State::Done, None, Some(response.as_str())),
        Sent::Failed { reason } => (State::Failed, Some(reason.as_str()), None),
        Sent::Unknown { reason, response } => (
            State::Unknown,
            Some(reason.as_str()),
            Some(response.as_str()),
        ),
    };
    let values: [Value; 5] = [
        approval.into(),
        state.as_str().into(),
        now.into(),
        reason.into(),
        response.into(),
    ];
    on.execute(END, values).await.map(drop)
}

/// Forget what has had its time.
pub(crate) async fn prune(
    on: &mut Session<'_>,
    now: Millis,
    at_once: i64,
) -> Result<(), StoreError> {
    let responses = now.saturating_sub(RESPONSES_KEPT_MS);
    on.execute(PRUNE_RESPONSES, [responses.into()]).await?;
    let gone = now.saturating_sub(KEPT_MS);
    on.execute(PRUNE, [gone.into(), at_once.into()]).await?;
    Ok(())
}

/// Read a row: the columns count, the body holds the rest.
pub(crate) fn read(row: &Row) -> Result<Approval, StoreError> {
    let approval: Approval = audit::from_json(&row.text("body")?)?;
    let word = row.text("state")?;
    let state = State::parse(&word).ok_or_else(|| corrupt(format!("no state is {word}")))?;
    Ok(Approval {
        revision: row.integer("revision")?,
        state,
        ended_at: row.optional_integer("ended_at")?,
        look_at: row.optional_integer("look_at")?,
        reason: row.optional_text("reason")?,
        outbox_id: row.optional_text("outbox_id")?,
        response: row.optional_text("response")?,
        ..approval
    })
}
