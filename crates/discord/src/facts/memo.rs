//! Answers of Discord, remembered for seconds. Whoever asks for what is being fetched waits for
//! that fetch instead of starting another.

use std::{hash::Hash, sync::Arc, time::Duration};

use model::HandsError;
use moka::{ops::compute::Op, sync::Cache};
use tokio::{sync::OnceCell, time::Instant};

/// Entries of one memo.
const CAPACITY: u64 = 10_000;
/// How long "there is none" is believed: something may be created at any moment.
const NOTHING_FRESH: Duration = Duration::from_secs(2);

/// What a fetch found: `None` where there is nothing, or nothing that the bot may see.
type Found<V> = Result<Option<Arc<V>>, HandsError>;

struct Answer<V> {
    at: Instant,
    found: Found<V>,
}

/// One fetch, under way or done.
type Cell<V> = Arc<OnceCell<Answer<V>>>;

/// A bounded memory of answers by key.
pub(super) struct Memo<K, V> {
    cells: Cache<K, Cell<V>>,
    fresh: Duration,
}

impl<K, V> Memo<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// A memo whose answers are believed for `fresh`.
    pub(super) fn new(fresh: Duration) -> Self {
        Self {
            cells: Cache::builder()
                .max_capacity(CAPACITY)
                // Only tidies up: whether an answer is still good is decided by its own age.
                .time_to_live(fresh * 6)
                .build(),
            fresh,
        }
    }

    /// What is known about `key`, or what `fetch` finds. Errors are shared by those who wait for
    /// the same fetch and remembered by nobody.
    pub(super) async fn get<F>(&self, key: K, fetch: F) -> Found<V>
    where
        F: Future<Output = Result<Option<V>, HandsError>>,
    {
        let cell = self.cell(key);
        let answer = cell
            .get_or_init(|| async {
                let found = fetch.await;
                Answer {
                    at: Instant::now(),
                    found: found.map(|value| value.map(Arc::new)),
                }
            })
            .await;
        answer.found.clone()
    }

    /// Forget what `matches` says yes to, and every fetch under way: it may carry old news.
    pub(super) fn forget(&self, matches: impl Fn(&K, Option<&V>) -> bool) {
        for (key, cell) in &self.cells {
            let goes = match cell.get() {
                None => true,
                Some(answer) => match &answer.found {
                    Ok(value) => matches(&key, value.as_deref()),
                    Err(_) => true,
                },
            };
            if goes {
                self.cells.invalidate(&*key);
            }
        }
    }

    fn cell(&self, key: K) -> Cell<V> {
        let entry = self.cells.entry(key).and_compute_with(|known| match known {
            Some(known) if self.is_good(known.value()) => Op::Nop,
            _ => Op::Put(Cell::default()),
        });
        match entry {
            moka::ops::compute::CompResult::Inserted(entry)
            | moka::ops::compute::CompResult::ReplacedWith(entry)
            | moka::ops::compute::CompResult::Unchanged(entry)
            | moka::ops::compute::CompResult::Removed(entry) => entry.into_value(),
            moka::ops::compute::CompResult::StillNone(_) => Cell::default(),
        }
    }

    fn is_good(&self, cell: &Cell<V>) -> bool {
        let Some(answer) = cell.get() else {
            return true;
        };
        let fresh = match &answer.found {
            Ok(Some(_)) => self.fresh,
            Ok(None) => self.fresh.min(NOTHING_FRESH),
            Err(_) => Duration::ZERO,
        };
        answer.at.elapsed() < fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    const FRESH: Duration = Duration::from_secs(10);

    async fn ask(
        memo: &Memo<u32, u32>,
        calls: &AtomicU32,
        gives: Result<Option<u32>, HandsError>,
    ) -> Result<Option<u32>, HandsError> {
        let found = memo
            .get(1, async {
                tokio::task::yield_now().await;
                calls.fetch_add(1, Ordering::SeqCst);
                gives
            })
            .await;
        found.map(|value| value.map(|value| *value))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_fetched_once_until_it_is_old() {
        let (memo, calls) = (Memo::new(FRESH), AtomicU32::new(0));
        let (one, other) = tokio::join!(
            ask(&memo, &calls, Ok(Some(1))),
            ask(&memo, &calls, Ok(Some(2)))
        );
        assert_eq!((one, other), (Ok(Some(1)), Ok(Some(1))));
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        tokio::time::advance(FRESH).await;
        assert_eq!(ask(&memo, &calls, Ok(Some(3))).await, Ok(Some(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_believed_for_a_shorter_time() {
        let (memo, calls) = (Memo::new(FRESH), AtomicU32::new(0));
        assert_eq!(ask(&memo, &calls, Ok(None)).await, Ok(None));
        assert_eq!(ask(&memo, &calls, Ok(Some(1))).await, Ok(None));
        tokio::time::advance(NOTHING_FRESH).await;
        assert_eq!(ask(&memo, &calls, Ok(Some(1))).await, Ok(Some(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_is_not_remembered() {
        let (memo, calls) = (Memo::new(FRESH), AtomicU32::new(0));
        let error = Err(HandsError::TimedOut);
        assert_eq!(ask(&memo, &calls, error.clone()).await, error);
        assert_eq!(ask(&memo, &calls, Ok(Some(1))).await, Ok(Some(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_fetched_before_a_change_is_not_kept_after_it() {
        let (memo, calls) = (Memo::new(FRESH), AtomicU32::new(0));
        let started = memo.cell(1);
        memo.forget(|_, _| false);
        assert!(started.get().is_none());
        assert_eq!(ask(&memo, &calls, Ok(Some(2))).await, Ok(Some(2)));
        assert!(started.get().is_none(), "the old fetch answers nobody else");
        memo.forget(|_, value| value == Some(&2));
        assert_eq!(ask(&memo, &calls, Ok(Some(3))).await, Ok(Some(3)));
    }
}
