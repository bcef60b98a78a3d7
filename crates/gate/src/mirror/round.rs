//! The rounds of mirrors: what is told next is written down first and told then, so that whichever
//! instance comes by after a crash tells the very same, and nothing twice.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use model::{
    Millis,
    ledger::StoreError,
    mirror::{Mirror, MirrorFilter, MirrorMessage, MirrorTrouble, MirrorWish, Mirrors},
};

use super::{
    errand::Told,
    message::{self, BACKLOG, ROWS},
};
use crate::{Gate, words};

/// How often to look for new rows.
const ROUND: Duration = Duration::from_secs(2);
/// Mirrors that are seen to at once: one whose channel is slow does not hold up the others.
const AT_ONCE: usize = 8;
/// How long after it was first about to be sent a message is still known by its nonce; later it is
/// looked for. Discord compares nonces "in the past few minutes".
/// Source: Discord documentation, *Create Message*.
const NONCE_MS: Millis = 2 * 60 * 1_000;

/// What became of one look at a mirror.
enum Step {
    /// There is nothing to tell, or somebody else tells it.
    Nothing,
    Told,
    /// It stays as it is, and is tried again later.
    Trouble(String),
}

impl Gate {
    /// Tell what is decided, until [`Gate::drain`]. Calls never wait for it.
    pub fn attend_mirrors(&self) {
        if self.0.mirroring.port.get().is_none() {
            return;
        }
        let gate = self.clone();
        let _ends_by_itself = self.0.tracker.spawn(async move {
            let closing = gate.0.closing.clone();
            let mut broken = false;
            loop {
                match gate.round_of_mirrors().await {
                    Ok(()) => broken = false,
                    // Said once for each time it breaks, not every two seconds.
                    Err(error) if !broken => {
                        tracing::error!(%error, "the audit's mirrors cannot be seen to");
                        broken = true;
                    }
                    Err(_) => {}
                }
                let pause = tokio::time::sleep(ROUND);
                if closing.run_until_cancelled(pause).await.is_none() {
                    return;
                }
            }
        });
    }

    /// One round: each mirror tells one message at most.
    ///
    /// # Errors
    /// The store cannot be used; nothing is lost.
    pub async fn round_of_mirrors(&self) -> Result<(), StoreError> {
        let Some(port) = self.0.mirroring.port.get() else {
            return Ok(());
        };
        let wishes = self.mirror_wishes().await?;
        self.0
            .mirroring
            .paces()
            .retain(|scope, _| wishes.iter().any(|wish| wish.scope == *scope));
        let mirrors = &port.mirrors;
        let attended: Vec<Result<(), StoreError>> = futures_util::stream::iter(wishes)
            .map(|wish| async move { self.attend_mirror(mirrors, &wish).await })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        attended.into_iter().collect()
    }

    async fn attend_mirror(
        &self,
        port: &Arc<dyn Mirrors>,
        wish: &MirrorWish,
    ) -> Result<(), StoreError> {
        let mirroring = &self.0.mirroring;
        let scope = &wish.scope;
        if self.0.closing.is_cancelled() || !mirroring.may(scope, self.0.clock.now_ms()) {
            return Ok(());
        }
        let step = self.step_mirror(&**port, wish).await?;
        let now = self.0.clock.now_ms();
        match step {
            Step::Nothing => {}
            Step::Told => mirroring.pace(scope, |pace| pace.told(now)),
            Step::Trouble(why) => {
                if mirroring.pace(scope, |pace| pace.failed(now)) {
                    tracing::warn!(
                        mirror = scope.as_str(), channel = %wish.channel, %why,
                        "the audit cannot be mirrored; it is tried again, and waits meanwhile"
                    );
                }
                self.note_trouble(&**port, wish, &why, now).await?;
            }
        }
        Ok(())
    }

    async fn step_mirror(&self, port: &dyn Mirrors, wish: &MirrorWish) -> Result<Step, StoreError> {
        let Some(mut mirror) = self.mirror_now(port, wish).await? else {
            return Ok(Step::Nothing);
        };
        if mirror.message.is_none() {
            let Some(message) = self.next_message(port, wish, &mirror).await? else {
                return Ok(Step::Nothing);
            };
            mirror.message = Some(message);
            if !port.put_mirror(&wish.scope, mirror.clone()).await? {
                return Ok(Step::Nothing);
            }
            mirror.revision += 1;
        }
        let Some(message) = mirror.message.clone() else {
            return Ok(Step::Nothing);
        };
        let age = self.0.clock.now_ms().saturating_sub(message.since);
        let was_told = if age < NONCE_MS {
            false
        } else {
            match self.was_told(wish, &message).await {
                Ok(was_told) => was_told,
                Err(error) => return Ok(Step::Trouble(words::plain(&error.to_string(), 300))),
            }
        };
        let told = if was_told {
            Told::Yes
        } else {
            self.tell(wish, &message).await?
        };
        match told {
            Told::Yes => {
                mirror.through = message.to;
                mirror.message = None;
                mirror.trouble = None;
                // Where somebody else was faster, they say the same.
                port.put_mirror(&wish.scope, mirror).await?;
                Ok(Step::Told)
            }
            Told::InFlight => Ok(Step::Nothing),
            Told::Lost => {
                mirror.message = Some(MirrorMessage {
                    lost: message.lost.saturating_add(1),
                    ..message
                });
                port.put_mirror(&wish.scope, mirror).await?;
                Ok(Step::Trouble("no answer came from Discord".to_owned()))
            }
            Told::No(why) => Ok(Step::Trouble(why)),
        }
    }

    /// Where it stands; a new one begins with what is decided from now on. `None` if somebody else
    /// changed it just now.
    async fn mirror_now(
        &self,
        port: &dyn Mirrors,
        wish: &MirrorWish,
    ) -> Result<Option<Mirror>, StoreError> {
        let known = port.mirror(&wish.scope).await?;
        let mirror = match known {
            Some(mirror) if mirror.channel == wish.channel => return Ok(Some(mirror)),
            Some(mirror) => Mirror {
                channel: wish.channel,
                message: None,
                trouble: None,
                ..mirror
            },
            None => Mirror {
                channel: wish.channel,
                through: port.last_decision().await?,
                message: None,
                trouble: None,
                revision: 0,
            },
        };
        let put = port.put_mirror(&wish.scope, mirror.clone()).await?;
        Ok(put.then(|| Mirror {
            revision: mirror.revision + 1,
            ..mirror
        }))
    }

    /// What is told next, if there is anything new.
    async fn next_message(
        &self,
        port: &dyn Mirrors,
        wish: &MirrorWish,
        mirror: &Mirror,
    ) -> Result<Option<MirrorMessage>, StoreError> {
        let pace = |looked_at: Option<i64>| {
            self.0.mirroring.pace(&wish.scope, |pace| {
                pace.looked_at = looked_at.unwrap_or(pace.looked_at);
                pace.looked_at
            })
        };
        let latest = port.last_decision().await?;
        let after = mirror.through.max(pace(None));
        if latest <= after {
            return Ok(None);
        }
        let filter = MirrorFilter {
            scope: wish.scope.clone(),
            rows: wish.rows,
            after,
            to: latest,
        };
        let rows = port.mirror_rows(&filter, ROWS).await?;
        let Some((from, _)) = rows.first() else {
            pace(Some(latest));
            return Ok(None);
        };
        let from = *from;
        let is_full = rows.len() >= usize::try_from(ROWS).unwrap_or(usize::MAX);
        let waiting = if is_full {
            port.count_mirror_rows(&filter).await?
        } else {
            0
        };
        let (text, to) = if waiting > BACKLOG {
            (message::left_out(waiting, from, latest), latest)
        } else {
            match message::batch(&wish.scope, &rows) {
                Some(batch) => batch,
                None => return Ok(None),
            }
        };
        Ok(Some(MirrorMessage {
            from,
            to,
            text,
            since: self.0.clock.now_ms(),
            lost: 0,
        }))
    }

    /// Keep what stands in the way where `guildhall doctor` finds it.
    async fn note_trouble(
        &self,
        port: &dyn Mirrors,
        wish: &MirrorWish,
        why: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let Some(mirror) = port.mirror(&wish.scope).await? else {
            return Ok(());
        };
        if mirror
            .trouble
            .as_ref()
            .is_some_and(|known| known.why == why)
        {
            return Ok(());
        }
        let trouble = MirrorTrouble {
            why: why.to_owned(),
            since: mirror.trouble.as_ref().map_or(now, |known| known.since),
        };
        let mirror = Mirror {
            trouble: Some(trouble),
            ..mirror
        };
        port.put_mirror(&wish.scope, mirror).await.map(drop)
    }
}
