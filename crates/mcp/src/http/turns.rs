//! Requests with the same id in the same session take turns. The library keeps answers apart by
//! these ids, so of two that are under way together one may never be answered. The protocol forbids
//! to use an id twice, so the second is the first one, sent again by somebody who lost the
//! connection; it waits until the first is done, and gets its answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::OwnedMutexGuard;

/// How long a turn is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The session and the id, as it was written.
type Key = (String, String);

/// Who is under way. Holds no more than there are requests.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>>);

/// A request's turn. It goes with the request to its handler, and ends when the last clone goes.
#[derive(Clone)]
pub(super) struct Turn {
    _held: Arc<Held>,
}

/// Fields are dropped in this order.
struct Held {
    _guard: OwnedMutexGuard<()>,
    _place: Place,
}

/// A place in the line, which leaves the book when it was the last.
struct Place {
    turns: Turns,
    key: Key,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl Turns {
    /// This request's turn; `None` if the one before it takes too long.
    pub(super) async fn take(&self, session: &str, id: &str) -> Option<Turn> {
        let key = (session.to_owned(), id.to_owned());
        let lock = Arc::clone(self.book().entry(key.clone()).or_default());
        let place = Place {
            turns: self.clone(),
            key,
            lock: Arc::clone(&lock),
        };
        let guard = tokio::time::timeout(PATIENCE, lock.lock_owned()).await;
        let held = Held {
            _guard: guard.ok()?,
            _place: place,
        };
        Some(Turn {
            _held: Arc::new(held),
        })
    }

    fn book(&self) -> MutexGuard<'_, HashMap<Key, Arc<tokio::sync::Mutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.turns.book();
        // The book's own and this one's; whoever else is in line has another.
        if Arc::strong_count(&self.lock) <= 2 {
            book.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_id_waits_and_others_do_not() {
        let turns = Turns::default();
        let first = turns.take("s", "1").await.unwrap();
        assert!(turns.take("s", "2").await.is_some());
        assert!(turns.take("t", "1").await.is_some());
        let again = turns.take("s", "1");
        let ends = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            drop(first);
        };
        assert!(tokio::join!(again, ends).0.is_some());
        assert!(turns.book().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let turns = Turns::default();
        let first = turns.take("s", "1").await.unwrap();
        assert!(turns.take("s", "1").await.is_none());
        drop(first);
        assert!(turns.book().is_empty());
    }
}
