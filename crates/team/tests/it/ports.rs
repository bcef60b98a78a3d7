//! Leases and a journal in memory.

use std::{collections::HashMap, sync::Mutex};

use async_trait::async_trait;
use model::{
    ChannelId, Event, ManualClock, Millis,
    clock::Clock as _,
    event::ResumePoint,
    ledger::{EventFilter, Holder, Journal, Lease, Leases, StoreError},
};
use tokio::sync::watch;

pub(crate) struct MemoryLeases {
    pub(crate) clock: ManualClock,
    pub(crate) held: Mutex<HashMap<ChannelId, Lease>>,
}

#[async_trait]
impl Leases for MemoryLeases {
    async fn acquire(
        &self,
        thread_id: ChannelId,
        holder: &Holder,
        ttl_ms: i64,
    ) -> Result<Result<Lease, Lease>, StoreError> {
        let now = self.clock.now_ms();
        let mut held = self.held.lock().unwrap();
        let before = held.get(&thread_id).cloned();
        let (mine, fence) = match &before {
            Some(lease) if lease.until > now && lease.holder != *holder => {
                return Ok(Err(lease.clone()));
            }
            Some(lease) => (lease.until > now, lease.fence),
            None => (false, 0),
        };
        let lease = Lease {
            thread_id,
            holder: holder.clone(),
            fence: if mine { fence } else { fence + 1 },
            until: now + ttl_ms,
        };
        held.insert(thread_id, lease.clone());
        Ok(Ok(lease))
    }

    async fn release(&self, thread: ChannelId, holder: &Holder) -> Result<bool, StoreError> {
        let now = self.clock.now_ms();
        let mut held = self.held.lock().unwrap();
        let Some(lease) = held.get_mut(&thread) else {
            return Ok(false);
        };
        let held = lease.holder == *holder && lease.until > now;
        if held {
            lease.until = now;
        }
        Ok(held)
    }

    async fn current(&self, thread: ChannelId) -> Result<Option<Lease>, StoreError> {
        let now = self.clock.now_ms();
        let lease = self.held.lock().unwrap().get(&thread).cloned();
        Ok(lease.filter(|lease| lease.until > now))
    }
}

pub(crate) struct MemoryJournal {
    events: Mutex<Vec<Event>>,
    grown: watch::Sender<i64>,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self {
            events: Mutex::default(),
            grown: watch::Sender::new(0),
        }
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, events: Vec<Event>, _: Option<ResumePoint>) -> Result<i64, StoreError> {
        let mut all = self.events.lock().unwrap();
        for mut event in events {
            event.seq = i64::try_from(all.len()).unwrap() + 1;
            all.push(event);
        }
        let latest = i64::try_from(all.len()).unwrap();
        self.grown.send_replace(latest);
        Ok(latest)
    }

    async fn after(
        &self,
        after: i64,
        filter: &EventFilter,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let all = self.events.lock().unwrap();
        let fits = |event: &&Event| {
            event.seq > after
                && (filter.kinds.is_empty() || filter.kinds.contains(&event.kind))
                && (filter.channel_id.is_none() || event.channel_id == filter.channel_id)
        };
        Ok(all
            .iter()
            .filter(fits)
            .take(limit as usize)
            .cloned()
            .collect())
    }

    async fn latest(&self) -> Result<i64, StoreError> {
        Ok(*self.grown.borrow())
    }

    async fn grown_past(&self, seq: i64) {
        let mut grown = self.grown.subscribe();
        let _closed = grown.wait_for(|latest| *latest > seq).await;
    }

    async fn resume_point(&self, _: u32) -> Result<Option<ResumePoint>, StoreError> {
        Ok(None)
    }

    async fn forget_resume_point(&self, _: u32) -> Result<(), StoreError> {
        Ok(())
    }

    async fn note_identify(&self, _: Millis) -> Result<u32, StoreError> {
        Ok(0)
    }
}
