//! Ports in memory: a drawer for drafts, an audit, and a Discord that is not needed.

use std::sync::Mutex;

use async_trait::async_trait;
use gate::Permit;
use model::{
    ChannelId, GuildId, Hands, HandsError, Permissions, Place, Request, Response, Surroundings,
    UserId, WebhookId,
    hands::Errand,
    ledger::{
        Begun, Claimed, Decision, Draft, Drafts, Finish, IdempotencyClaim, Intent, Ledger,
        Recalled, StoreError,
    },
    place::{Aim, Lack, Subject},
};

#[derive(Default)]
pub(crate) struct Drawer {
    pub(crate) drafts: Mutex<Vec<Draft>>,
    pub(crate) full: Mutex<bool>,
}

#[async_trait]
impl Drafts for Drawer {
    async fn save(&self, draft: Draft) -> Result<(), StoreError> {
        if *self.full.lock().unwrap() {
            return Err(StoreError::DiskFull);
        }
        self.drafts.lock().unwrap().push(draft);
        Ok(())
    }
    async fn of_guild(&self, guild: GuildId, limit: u32) -> Result<Vec<Draft>, StoreError> {
        let drafts = self.drafts.lock().unwrap();
        let of_guild = drafts.iter().filter(|draft| draft.guild_id == guild);
        Ok(of_guild.take(limit as usize).cloned().collect())
    }
}

#[derive(Default)]
pub(crate) struct Book(Mutex<Vec<Decision>>);

#[async_trait]
impl Ledger for Book {
    async fn record(&self, decision: Decision) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(decision);
        Ok(())
    }
    async fn begin(&self, _: Intent) -> Result<Begun, StoreError> {
        Ok(Begun::InFlight)
    }
    async fn finish(&self, _: Finish) -> Result<(), StoreError> {
        Ok(())
    }
    async fn recall(&self, _: &IdempotencyClaim) -> Result<Option<Recalled>, StoreError> {
        Ok(None)
    }
    async fn claim_unfinished(&self, _: u32) -> Result<Claimed, StoreError> {
        Ok(Claimed::default())
    }
    async fn decisions(&self, _: i64, _: u32) -> Result<Vec<(i64, Decision)>, StoreError> {
        Ok(Vec::new())
    }
}

pub(crate) struct NoHands;

#[async_trait]
impl Hands<Permit> for NoHands {
    async fn read(&self, _: &Request, _: &Errand) -> Result<Response, HandsError> {
        Err(HandsError::TimedOut)
    }
    async fn write(&self, _: &Permit, _: &Errand) -> Result<Response, HandsError> {
        Err(HandsError::TimedOut)
    }
}

/// The bot is in guild 1 and may do everything there.
pub(crate) struct Facts;

#[async_trait]
impl Surroundings for Facts {
    async fn bot(&self) -> Result<UserId, HandsError> {
        Ok(UserId::new(99).unwrap())
    }
    async fn is_member_of(&self, guild: GuildId) -> Result<bool, HandsError> {
        Ok(guild.get() == 1)
    }
    async fn channel(&self, _: ChannelId) -> Result<Option<Place>, HandsError> {
        Ok(None)
    }
    async fn webhook(&self, _: WebhookId) -> Result<Option<Place>, HandsError> {
        Ok(None)
    }
    async fn invite(&self, _: &str) -> Result<Option<Place>, HandsError> {
        Ok(None)
    }
    async fn lacks(
        &self,
        _: Subject,
        _: GuildId,
        _: Option<ChannelId>,
        _: Permissions,
    ) -> Result<Vec<Lack>, HandsError> {
        Ok(Vec::new())
    }
    async fn outranked(&self, _: Subject, _: GuildId, _: Aim) -> Result<Option<Lack>, HandsError> {
        Ok(None)
    }
    fn forget(&self, _: GuildId) {}
}
