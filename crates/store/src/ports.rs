//! The ports of the model room, answered by the store.

use std::time::Duration;

use async_trait::async_trait;
use model::{
    ChannelId, Event, GuildId, Millis, Principal,
    event::ResumePoint,
    ledger::{
        ApiKey, Begun, Claimed, Decision, DecisionFilter, Draft, Drafts, EventFilter, Finish,
        Holder, IdempotencyClaim, Intent, Journal, Keys, Lease, Leases, Ledger, Recalled,
        StoreError,
    },
};

use crate::{
    Store, audit, draft, engine::storable, error::corrupt, journal, key, lease, outbox,
    reader::Readers,
};

/// How many rows one query gives at most, whatever it asks for.
const PAGE: u32 = 1000;
/// How many API keys are listed.
const KEYS: i64 = 10_000;
/// How often someone who waits for the journal of a file looks for themselves, because another
/// process may have written to it. PostgreSQL tells us, and memory is ours alone.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[async_trait]
impl Ledger for Store {
    async fn record(&self, decision: Decision) -> Result<(), StoreError> {
        self.write(audit::Record(decision)).await
    }

    async fn begin(&self, mut intent: Intent) -> Result<Begun, StoreError> {
        if let Some((_, holder)) = &mut intent.lease {
            *holder = storable_holder(holder);
        }
        let now = self.now();
        let instance = self.inner.instance.clone();
        self.write(outbox::Begin {
            intent,
            now,
            instance,
        })
        .await
    }

    async fn finish(&self, finish: Finish) -> Result<(), StoreError> {
        let now = self.now();
        let instance = self.inner.instance.clone();
        self.write(outbox::End {
            finish,
            now,
            instance,
        })
        .await
    }

    async fn recall(&self, claim: &IdempotencyClaim) -> Result<Option<Recalled>, StoreError> {
        let key = outbox::key(claim, self.now());
        let row = self.inner.readers.row(outbox::RECALL, key).await?;
        row.map(|row| outbox::recalled(&row, claim)).transpose()
    }

    async fn claim_unfinished(&self, limit: u32) -> Result<Claimed, StoreError> {
        let instance = self.inner.instance.clone();
        let now = self.now();
        let values = [(&instance.id).into(), now.into()];
        // Mostly there is nothing, and then nothing is written.
        let Some(others) = self.inner.readers.row(outbox::OTHERS, values).await? else {
            return Ok(Claimed::default());
        };
        let unfinished = others.integer("unfinished")?;
        if unfinished == others.integer("living")? {
            return Ok(Claimed {
                rows: Vec::new(),
                others_at_work: unfinished > 0,
            });
        }
        let limit = page(limit);
        let rows = self
            .write(outbox::Claim {
                limit,
                now,
                instance,
            })
            .await?;
        Ok(Claimed {
            others_at_work: i64::try_from(rows.len()).is_ok_and(|claimed| claimed < unfinished),
            rows,
        })
    }

    async fn search(
        &self,
        filter: &DecisionFilter,
        limit: u32,
    ) -> Result<Vec<(i64, Decision)>, StoreError> {
        let values = audit::sought(filter, page(limit));
        let rows = self.inner.readers.rows(audit::SEARCH, values).await?;
        rows.iter()
            .map(|row| Ok((row.integer("seq")?, audit::read(row)?)))
            .collect()
    }

    async fn decisions(&self, after: i64, limit: u32) -> Result<Vec<(i64, Decision)>, StoreError> {
        let rows = self
            .inner
            .readers
            .rows(audit::AFTER, [after.into(), page(limit).into()])
            .await?;
        rows.iter()
            .map(|row| Ok((row.integer("seq")?, audit::read(row)?)))
            .collect()
    }
}

#[async_trait]
impl Keys for Store {
    async fn create(
        &self,
        key: ApiKey,
        secret_digest: [u8; 32],
        record: Decision,
    ) -> Result<bool, StoreError> {
        let secret_digest = hex::encode(secret_digest);
        let create = key::Create {
            key,
            secret_digest,
            record,
        };
        self.write(create).await
    }

    async fn find(
        &self,
        secret_digest: [u8; 32],
        now: Millis,
    ) -> Result<Option<Principal>, StoreError> {
        let digest = hex::encode(secret_digest);
        let row = self
            .inner
            .readers
            .row(key::FIND, [digest.into(), now.into()])
            .await?;
        row.as_ref()
            .map(key::read)
            .transpose()
            .map(|key| key.map(ApiKey::principal))
    }

    async fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        let rows = self.inner.readers.rows(key::LIST, [KEYS.into()]).await?;
        rows.iter().map(key::read).collect()
    }

    async fn revoke(&self, name: &str, now: Millis, record: Decision) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.write(key::Revoke { name, now, record }).await
    }
}

#[async_trait]
impl Leases for Store {
    async fn acquire(
        &self,
        thread: ChannelId,
        holder: &Holder,
        ttl_ms: i64,
    ) -> Result<Result<Lease, Lease>, StoreError> {
        self.write(lease::Acquire {
            thread,
            holder: storable_holder(holder),
            ttl_ms,
            now: self.now(),
        })
        .await
    }

    async fn release(&self, thread: ChannelId, holder: &Holder) -> Result<bool, StoreError> {
        self.write(lease::Release {
            thread,
            holder: storable_holder(holder),
            now: self.now(),
        })
        .await
    }

    async fn current(&self, thread: ChannelId) -> Result<Option<Lease>, StoreError> {
        let row = self
            .inner
            .readers
            .row(lease::FIND, [thread.as_i64().into()])
            .await?;
        let lease = row.as_ref().map(lease::read).transpose()?;
        Ok(lease.filter(|lease| self.now() < lease.until))
    }
}

#[async_trait]
impl Journal for Store {
    async fn append(
        &self,
        events: Vec<Event>,
        resume: Option<ResumePoint>,
    ) -> Result<i64, StoreError> {
        let grown = self.inner.grown.clone();
        self.write(journal::Append {
            events,
            resume,
            grown,
        })
        .await
    }

    async fn after(
        &self,
        after: i64,
        filter: &EventFilter,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let values = [
            after.into(),
            journal::kinds(filter).into(),
            filter.guild_id.map(model::Id::as_i64).into(),
            filter.channel_id.map(model::Id::as_i64).into(),
            page(limit).into(),
        ];
        let rows = self.inner.readers.rows(journal::AFTER, values).await?;
        rows.iter().map(journal::read).collect()
    }

    async fn latest(&self) -> Result<i64, StoreError> {
        self.inner
            .readers
            .row(journal::LATEST, [])
            .await?
            .ok_or_else(|| corrupt("the journal has no latest number"))?
            .integer(0)
    }

    async fn grown_past(&self, seq: i64) {
        let mut grown = self.inner.grown.subscribe();
        let stop = self.inner.stop.token();
        while !stop.is_cancelled() && *grown.borrow_and_update() <= seq {
            // An error means only that it is not yet time to look.
            if let Ok(latest) = self.latest().await {
                journal::raise(&self.inner.grown, latest);
            }
            let grows = grown.wait_for(|latest| *latest > seq);
            match self.inner.readers {
                Readers::Sqlite(_) => {
                    let looks = tokio::time::timeout(LOOK_AGAIN, grows);
                    stop.run_until_cancelled(looks).await;
                }
                Readers::Postgres(_) | Readers::Writer(_) => {
                    stop.run_until_cancelled(grows).await;
                }
            }
        }
    }

    async fn resume_point(&self, shard: u32) -> Result<Option<ResumePoint>, StoreError> {
        let row = self
            .inner
            .readers
            .row(journal::RESUME_POINT, [i64::from(shard).into()])
            .await?;
        row.as_ref().map(journal::read_resume_point).transpose()
    }

    async fn forget_resume_point(&self, shard: u32) -> Result<(), StoreError> {
        self.write(journal::ForgetResumePoint { shard }).await
    }

    async fn note_identify(&self, at: Millis) -> Result<u32, StoreError> {
        self.write(journal::NoteIdentify { at }).await
    }
}

#[async_trait]
impl Drafts for Store {
    async fn save(&self, draft: Draft) -> Result<(), StoreError> {
        self.write(draft::Save(draft)).await
    }

    async fn of_guild(&self, guild: GuildId, limit: u32) -> Result<Vec<Draft>, StoreError> {
        let values = [guild.as_i64().into(), page(limit).into()];
        let rows = self.inner.readers.rows(draft::OF_GUILD, values).await?;
        rows.iter().map(draft::read).collect()
    }
}

fn page(limit: u32) -> i64 {
    limit.min(PAGE).into()
}

/// Holders are compared, so they are compared as they are stored.
fn storable_holder(holder: &Holder) -> Holder {
    Holder {
        principal: storable(holder.principal.clone()),
        agent: holder.agent.clone().map(storable),
    }
}
