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
    ledger::{Begun, Decision, Finish, Holder, Intent, Ledger, Sent, StoreError, Unfinished},
};

#[derive(Default)]
pub(crate) struct MemoryLedger {
    book: Mutex<Book>,
    pub(crate) full: AtomicBool,
    /// How many closings fail.
    pub(crate) stubborn: AtomicU32,
}

#[derive(Default)]
pub(crate) struct Book {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) open: BTreeMap<String, Intent>,
    pub(crate) closed: Vec<Finish>,
    keys: HashMap<(String, String), (String, Option<String>)>,
    tokens: HashSet<String>,
    pub(crate) leases: HashMap<ChannelId, (Holder, i64)>,
}

impl MemoryLedger {
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
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
            match book.keys.get(&key) {
                Some((digest, _)) if *digest != claim.digest => return Ok(Begun::OtherArguments),
                Some((_, Some(response))) => {
                    return Ok(Begun::Replay {
                        response: response.clone(),
                    });
                }
                Some((_, None)) => return Ok(Begun::InFlight),
                None => {}
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
        if let Some(claim) = &intent.idempotency {
            let key = (claim.principal.clone(), claim.key.clone());
            book.keys.insert(key, (claim.digest.clone(), None));
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
        if let Some(claim) = intent.idempotency {
            let key = (claim.principal, claim.key);
            match &finish.state {
                Sent::Sent { response } | Sent::Unknown { response, .. } => {
                    book.keys
                        .insert(key, (claim.digest, Some(response.clone())));
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

    async fn unfinished(&self, limit: u32) -> Result<Vec<Unfinished>, StoreError> {
        let book = self.book();
        let rows = book.open.values().take(limit as usize);
        Ok(rows
            .map(|intent| Unfinished {
                outbox_id: intent.outbox_id.clone(),
                created_at: intent.decision.at,
                request: intent.request.clone(),
                repeatable: intent.repeatable,
                decision: intent.decision.clone(),
            })
            .collect())
    }

    async fn decisions(&self, after: i64, limit: u32) -> Result<Vec<(i64, Decision)>, StoreError> {
        let book = self.book();
        let rows = (1..).zip(book.decisions.iter().cloned());
        let wanted = rows.filter(|(seq, _)| *seq > after).take(limit as usize);
        Ok(wanted.collect())
    }
}
