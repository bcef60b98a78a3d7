//! Drafts of automations, which nobody has enabled.

use async_trait::async_trait;
use model::ledger::{Draft, StoreError};

use crate::{
    engine::{Row, Value},
    transaction::Transaction,
    writer::Write,
};

pub(crate) const SAVE: &str = "\
INSERT INTO drafts (id, guild_id, name, trigger, action, channel_id, drafted_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET
    guild_id = excluded.guild_id, name = excluded.name, trigger = excluded.trigger,
    action = excluded.action, channel_id = excluded.channel_id,
    drafted_by = excluded.drafted_by, created_at = excluded.created_at";

/// The newest first.
pub(crate) const OF_GUILD: &str = "\
SELECT id, guild_id, name, trigger, action, channel_id, drafted_by, created_at FROM drafts
WHERE guild_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2";

/// Save a draft, or another version of it under the same id.
pub(crate) struct Save(pub(crate) Draft);

#[async_trait]
impl Write for Save {
    type Output = ();

    async fn run(&self, on: &mut Transaction<'_>) -> Result<(), StoreError> {
        let Self(draft) = self;
        let values: [Value; 8] = [
            (&draft.id).into(),
            draft.guild_id.as_i64().into(),
            (&draft.name).into(),
            (&draft.trigger).into(),
            (&draft.action).into(),
            draft.channel_id.map(model::Id::as_i64).into(),
            (&draft.drafted_by).into(),
            draft.created_at.into(),
        ];
        on.execute(SAVE, values).await.map(drop)
    }
}

pub(crate) fn read(row: &Row) -> Result<Draft, StoreError> {
    Ok(Draft {
        id: row.text("id")?,
        guild_id: row.id("guild_id")?,
        name: row.text("name")?,
        trigger: row.text("trigger")?,
        action: row.text("action")?,
        channel_id: row.optional_id("channel_id")?,
        drafted_by: row.text("drafted_by")?,
        created_at: row.integer("created_at")?,
    })
}
