//! Who has read words that nobody vouches for: the memory behind the rule condition
//! `after_untrusted`. It is kept where a rule asks for it, and in the store where there is one, so
//! that neither a restart nor another instance makes anybody forget. Where nobody can tell, the
//! answer is that nobody knows, and rules count that against the call.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use catalogue::{Change, View};
use model::{Call, Millis, Principal, ledger::Readings};
use policy::{AfterUntrusted, Policy, ReadBy};
use serde_json::Value;

use crate::{
    Gate,
    answer::{Answer, ChangedSince, Done},
    case::Case,
    lockdown::{Around, HIDDEN, Outcome},
};

/// Readers that one process remembers. Where there are more, all are forgotten, and until the time
/// is over nobody knows.
const MOST_READERS: usize = 10_000;
/// The store is told again no sooner than after this.
const TELL_AGAIN_MS: Millis = 60_000;

/// The memory of one gate.
pub(crate) struct Memory {
    book: Mutex<Book>,
    store: OnceLock<Arc<dyn Readings>>,
}

struct Book {
    readers: HashMap<String, Read>,
    /// What was read before this is not known here.
    since: Millis,
}

#[derive(Clone, Copy)]
struct Read {
    at: Millis,
    told: Option<Millis>,
}

/// Whose reading it is.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub principal: &'a Principal,
    pub session: Option<&'a str>,
}

impl<'a> Reader<'a> {
    pub(crate) fn of(call: &'a Call) -> Self {
        Self {
            principal: &call.principal,
            session: call.session.as_deref(),
        }
    }

    /// The names under which it is remembered: by principal always, so that a policy may change
    /// its mind.
    fn names(self, settings: AfterUntrusted) -> Vec<String> {
        let mut names = vec![self.by_principal()];
        if settings.by == ReadBy::Session {
            names.extend(self.by_session());
        }
        names
    }

    fn asked_by(self, settings: AfterUntrusted) -> String {
        match settings.by {
            ReadBy::Principal => self.by_principal(),
            ReadBy::Session => self.by_session().unwrap_or_else(|| self.by_principal()),
        }
    }

    fn by_principal(self) -> String {
        format!("principal {}", self.principal.id)
    }

    /// A principal's sessions are its own: others with the same session are others.
    fn by_session(self) -> Option<String> {
        let session = self.session?;
        Some(format!("session {session} of {}", self.principal.id))
    }
}

impl Memory {
    pub(crate) fn new(now: Millis) -> Self {
        Self {
            book: Mutex::new(Book {
                readers: HashMap::new(),
                since: now,
            }),
            store: OnceLock::new(),
        }
    }

    pub(crate) fn keep_in(&self, store: Arc<dyn Readings>) {
        let _the_first_counts = self.store.set(store);
    }

    /// Whether a reader has read such words within the time. `None`: nobody knows.
    async fn has_read(
        &self,
        reader: Reader<'_>,
        settings: AfterUntrusted,
        now: Millis,
    ) -> Option<bool> {
        let name = reader.asked_by(settings);
        let lasts = settings.forget_after_ms();
        let within = |at: Millis| now < at.saturating_add(lasts);
        let (known, since) = {
            let book = self.book();
            (book.readers.get(&name).copied(), book.since)
        };
        if known.is_some_and(|read| within(read.at)) {
            return Some(true);
        }
        match self.store.get() {
            Some(store) => match store.last_read(&name).await {
                Ok(at) => Some(at.is_some_and(within)),
                Err(error) => {
                    tracing::warn!(%error, "what a conversation has read cannot be looked up");
                    None
                }
            },
            None if within(since) => None,
            None => Some(false),
        }
    }

    /// A reader was shown such words.
    async fn note(&self, reader: Reader<'_>, settings: AfterUntrusted, now: Millis) {
        for name in reader.names(settings) {
            let tell = {
                let mut book = self.book();
                book.make_room(now, settings.forget_after_ms());
                let read = book.readers.entry(name.clone()).or_insert(Read {
                    at: now,
                    told: None,
                });
                read.at = now;
                read.told
                    .is_none_or(|told| now >= told.saturating_add(TELL_AGAIN_MS))
            };
            if let (true, Some(store)) = (tell, self.store.get()) {
                // A minute more makes up for what is not told in between.
                let at = now.saturating_add(TELL_AGAIN_MS);
                match store.note_read(&name, at).await {
                    Ok(()) => {
                        if let Some(read) = self.book().readers.get_mut(&name) {
                            read.told = Some(now);
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, "what a conversation has read cannot be kept");
                    }
                }
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn make_room(&mut self, now: Millis, lasts: Millis) {
        if self.readers.len() < MOST_READERS {
            return;
        }
        self.readers
            .retain(|_, read| now < read.at.saturating_add(lasts));
        if self.readers.len() >= MOST_READERS {
            self.readers.clear();
            self.since = now;
        }
    }
}

impl Gate {
    /// Keep here what conversations have read. Without it a restart forgets, and for a while nobody
    /// knows. Said once; later words change nothing.
    pub fn know_readings(&self, store: Arc<dyn Readings>) {
        self.0.reading.keep_in(store);
    }

    /// The circumstance that rules ask about.
    pub(crate) async fn after_untrusted(
        &self,
        policy: &Policy,
        reader: Reader<'_>,
        now: Millis,
    ) -> Option<bool> {
        if !policy.looks_at_reading() {
            return Some(false);
        }
        self.0
            .reading
            .has_read(reader, policy.after_untrusted, now)
            .await
    }

    /// A result as it may be shown, and remembered if it holds words that nobody vouches for.
    pub(crate) async fn show(&self, reader: Reader<'_>, around: Around<'_>, view: View) -> View {
        let (view, outcome) = self.lock_view(around, view).await;
        self.remember(reader, around.policy, outcome).await;
        view
    }

    /// The answer of a write that is given again.
    pub(crate) async fn show_again(
        &self,
        reader: Reader<'_>,
        around: Around<'_>,
        answer: Answer,
    ) -> Answer {
        match answer {
            Answer::Done(done) => Answer::Done(Done {
                view: self.show(reader, around, done.view).await,
                ..done
            }),
            nothing_new @ (Answer::Planned(_) | Answer::Waiting(_)) => nothing_new,
        }
    }

    /// The same for the change in a plan.
    pub(crate) async fn show_change(&self, case: &Case, change: &mut Change) {
        let outcome = self.lock_change(case, change).await;
        self.remember(case.reader(), &case.standing.policy, outcome)
            .await;
    }

    /// What somebody changed since. Nobody knows who that was, so under lockdown only that it changed
    /// is told; elsewhere it counts as reading.
    pub(crate) async fn show_changed_since(&self, case: &Case, changed: &mut [ChangedSince]) {
        let policy = &case.standing.policy;
        if policy.lockdown.is_some() {
            for one in &mut *changed {
                for words in [&mut one.before, &mut one.after, &mut one.now] {
                    if !words.is_null() {
                        *words = Value::from(HIDDEN);
                    }
                }
            }
            return;
        }
        let outcome = Outcome {
            strangers: !changed.is_empty(),
            ..Outcome::default()
        };
        self.remember(case.reader(), policy, outcome).await;
    }

    /// An answer that is given again: what a flow's holds nobody can tell any more.
    pub(crate) async fn remember_replay(&self, reader: Reader<'_>, policy: &Policy) {
        let strangers = Outcome {
            strangers: true,
            ..Outcome::default()
        };
        self.remember(reader, policy, strangers).await;
    }

    pub(crate) async fn remember(&self, reader: Reader<'_>, policy: &Policy, outcome: Outcome) {
        if outcome.strangers && policy.looks_at_reading() {
            let now = self.0.clock.now_ms();
            self.0
                .reading
                .note(reader, policy.after_untrusted, now)
                .await;
        }
    }
}

impl Case {
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader {
            principal: &self.principal,
            session: self.session.as_deref(),
        }
    }
}
