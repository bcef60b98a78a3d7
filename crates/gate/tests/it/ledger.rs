//! A ledger in memory, with the contract's semantics and nothing else.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use model::{
    ChannelId,
    kept::{Keep, KeptFilter, KeptState, KeptWrite, KeptWrites, Open},
    ledger::{
        Begun, Claimed, Decision, Finish, Holder, IdempotencyClaim, Intent, Ledger, Recalled, Sent,
        StoreError, Unfinished,
    },
};

#[derive(Default)]
pub(crate) struct MemoryLedger {
    book: Mutex<Book>,
    pub(crate) full: AtomicBool,
    /// How many closings fail.
    pub(crate) stubborn: AtomicU32,
    /// How often somebody looks in vain before another process counts as gone.
    pub(crate) signs_of_life: AtomicU32,
}

/// What is known of a key: the first call's digest, its audit row, and its answer.
struct Key {
    digest: String,
    began: Decision,
    response: Option<String>,
}

impl Key {
    fn says(&self, claim: &IdempotencyClaim) -> Begun {
        match &self.response {
            _ if self.digest != claim.digest => Begun::OtherArguments,
            Some(response) => Begun::Replay {
                response: response.clone(),
            },
            None => Begun::InFlight,
        }
    }
}

#[derive(Default)]
pub(crate) struct Book {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) open: BTreeMap<String, Intent>,
    pub(crate) closed: Vec<Finish>,
    keys: HashMap<(String, String), Key>,
    /// Rows that another process began.
    foreign: HashSet<String>,
    tokens: HashSet<String>,
    pub(crate) leases: HashMap<ChannelId, (Holder, i64)>,
    /// What was kept of writes, oldest first.
    pub(crate) kept: Vec<KeptWrite>,
}

impl Book {
    /// Claim what it takes back, and keep the row. `false` where it was taken back before.
    fn keep(&mut self, keep: Keep, intent: &Intent) -> bool {
        let call_id = &intent.decision.call_id;
        if let Some(undoes) = &keep.undoes {
            let open = |row: &&mut KeptWrite| row.state == KeptState::Done;
            let mine = |row: &&mut KeptWrite| row.call_id == *undoes;
            let Some(claimed) = self.kept.iter_mut().filter(open).find(mine) else {
                return false;
            };
            claimed.state = KeptState::Undone;
            claimed.undone_by = Some(call_id.clone());
            let steps = self.kept.iter_mut().filter(open);
            for step in steps.filter(|row| row.keep.parent.as_ref() == Some(undoes)) {
                step.state = KeptState::Undone;
                step.undone_by = Some(call_id.clone());
            }
        }
        self.kept.push(KeptWrite {
            call_id: call_id.clone(),
            outbox_id: intent.outbox_id.clone(),
            principal: intent.decision.principal.clone(),
            tool: intent.decision.tool.clone(),
            guild_id: intent.decision.guild_id,
            channel_id: intent.decision.channel_id,
            at: intent.decision.at,
            state: KeptState::Started,
            undone_by: None,
            keep,
        });
        true
    }

    fn close_kept(&mut self, finish: &Finish) {
        let mine = |row: &KeptWrite| row.outbox_id == finish.outbox_id;
        let Some(index) = self.kept.iter().position(mine) else {
            return;
        };
        if let Sent::Failed { .. } = finish.state {
            let gone = self.kept.remove(index);
            for row in &mut self.kept {
                if row.undone_by.as_ref() == Some(&gone.call_id) {
                    row.state = KeptState::Done;
                    row.undone_by = None;
                }
            }
            return;
        }
        let row = &mut self.kept[index];
        row.state = match finish.state {
            Sent::Sent { .. } => KeptState::Done,
            _ => KeptState::Unknown,
        };
        if let Some(image) = &finish.image {
            row.keep.image = image.clone();
        }
    }
}

#[async_trait]
impl KeptWrites for MemoryLedger {
    async fn kept(&self, call_id: &str) -> Result<Option<KeptWrite>, StoreError> {
        let book = self.book();
        Ok(book.kept.iter().find(|row| row.call_id == call_id).cloned())
    }

    async fn kept_with(&self, outbox_id: &str) -> Result<Option<KeptWrite>, StoreError> {
        let book = self.book();
        let mine = |row: &&KeptWrite| row.outbox_id == outbox_id;
        Ok(book.kept.iter().find(mine).cloned())
    }

    async fn steps_of(&self, call_id: &str) -> Result<Vec<KeptWrite>, StoreError> {
        let book = self.book();
        let of = |row: &&KeptWrite| row.keep.parent.as_deref() == Some(call_id);
        Ok(book.kept.iter().filter(of).cloned().collect())
    }

    async fn list_kept(&self, filter: &KeptFilter) -> Result<Vec<KeptWrite>, StoreError> {
        let book = self.book();
        let fits = |row: &&KeptWrite| {
            row.keep.parent.is_none()
                && row.keep.undoes.is_none()
                && filter
                    .principal
                    .as_ref()
                    .is_none_or(|who| *who == row.principal)
                && filter
                    .guild_id
                    .is_none_or(|guild| row.guild_id == Some(guild))
                && (filter.open == Open::AndClosed || row.state == KeptState::Done)
        };
        let rows = book.kept.iter().rev().filter(fits);
        Ok(rows.take(filter.limit as usize).cloned().collect())
    }
}

impl MemoryLedger {
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    /// From now on all open rows are another process's.
    pub(crate) fn leave(&self) {
        let mut book = self.book();
        book.foreign = book.open.keys().cloned().collect();
    }

    /// Outcome and code of every row, in order.
    pub(crate) fn outcomes(&self) -> Vec<String> {
        let show = |row: &Decision| format!("{}:{}", row.outcome.as_str(), row.code);
        self.book().decisions.iter().map(show).collect()
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn record(&self, decision: Decision) -> Result<(), StoreError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(StoreError::DiskFull);
        }
        self.book().decisions.push(decision);
        Ok(())
    }

    async fn begin(&self, intent: Intent) -> Result<Begun, StoreError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(StoreError::DiskFull);
        }
        let mut book = self.book();
        if let Some(claim) = &intent.idempotency {
            let key = (claim.principal.clone(), claim.key.clone());
            if let Some(known) = book.keys.get(&key) {
                return Ok(known.says(claim));
            }
        }
        if let Some(spend) = &intent.confirmation
            && book.tokens.contains(&spend.token_digest)
        {
            return Ok(Begun::AlreadyConfirmed);
        }
        if let Some((channel, holder)) = &intent.lease
            && let Some((by, until)) = book.leases.get(channel)
            && by != holder
        {
            return Ok(Begun::Leased {
                by: by.clone(),
                until: *until,
            });
        }
        if let Some(keep) = intent.keep.clone()
            && !book.keep(keep, &intent)
        {
            return Ok(Begun::NotUndoable);
        }
        if let Some(claim) = &intent.idempotency {
            let key = (claim.principal.clone(), claim.key.clone());
            let known = Key {
                digest: claim.digest.clone(),
                began: intent.decision.clone(),
                response: None,
            };
            book.keys.insert(key, known);
        }
        if let Some(spend) = &intent.confirmation {
            book.tokens.insert(spend.token_digest.clone());
        }
        book.decisions.push(intent.decision.clone());
        book.open.insert(intent.outbox_id.clone(), intent);
        Ok(Begun::Inserted { fence: None })
    }

    async fn finish(&self, finish: Finish) -> Result<(), StoreError> {
        let less = |left: u32| left.checked_sub(1);
        let stubborn = &self.stubborn;
        if stubborn
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
        {
            return Err(StoreError::DiskFull);
        }
        let mut book = self.book();
        let Some(intent) = book.open.remove(&finish.outbox_id) else {
            return Ok(());
        };
        book.close_kept(&finish);
        if let Some(claim) = intent.idempotency {
            let key = (claim.principal, claim.key);
            match &finish.state {
                Sent::Sent { response } | Sent::Unknown { response, .. } => {
                    if let Some(known) = book.keys.get_mut(&key) {
                        known.response = Some(response.clone());
                    }
                }
                Sent::Failed { .. } => {
                    book.keys.remove(&key);
                }
            }
        }
        book.decisions.push(finish.decision.clone());
        book.closed.push(finish);
        Ok(())
    }

    async fn recall(&self, claim: &IdempotencyClaim) -> Result<Option<Recalled>, StoreError> {
        let book = self.book();
        let known = book.keys.get(&(claim.principal.clone(), claim.key.clone()));
        Ok(known.map(|known| Recalled {
            known: known.says(claim),
            guild_id: known.began.guild_id,
            channel_id: known.began.channel_id,
        }))
    }

    async fn claim_unfinished(&self, limit: u32) -> Result<Claimed, StoreError> {
        let mut book = self.book();
        let less = |left: u32| left.checked_sub(1);
        let lives = self
            .signs_of_life
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok();
        if lives {
            return Ok(Claimed {
                rows: Vec::new(),
                others_at_work: !book.foreign.is_empty(),
            });
        }
        let foreign = book
            .open
            .values()
            .filter(|intent| book.foreign.contains(&intent.outbox_id));
        let rows: Vec<_> = foreign
            .take(limit as usize)
            .map(|intent| Unfinished {
                outbox_id: intent.outbox_id.clone(),
                created_at: intent.decision.at,
                request: intent.request.clone(),
                repeatable: intent.repeatable,
                decision: intent.decision.clone(),
            })
            .collect();
        for row in &rows {
            book.foreign.remove(&row.outbox_id);
        }
        Ok(Claimed {
            rows,
            others_at_work: !book.foreign.is_empty(),
        })
    }

    async fn decisions(&self, after: i64, limit: u32) -> Result<Vec<(i64, Decision)>, StoreError> {
        let book = self.book();
        let rows = (1..).zip(book.decisions.iter().cloned());
        let wanted = rows.filter(|(seq, _)| *seq > after).take(limit as usize);
        Ok(wanted.collect())
    }
}
