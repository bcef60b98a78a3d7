//! Whose session is whose, and how many there may be. The library keeps neither.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rmcp::transport::streamable_http_server::session::{
    SessionManager as _, local::LocalSessionManager,
};
use tokio::time::Instant;

/// A session that was idle for this long may be closed to make room for its owner's next one:
/// clients that restart leave theirs behind.
const MAY_GO_AFTER: Duration = Duration::from_mins(1);

/// All sessions with their owners.
#[derive(Clone)]
pub struct Sessions {
    manager: Arc<LocalSessionManager>,
    book: Arc<Mutex<Book>>,
    most: usize,
    most_per_principal: usize,
}

#[derive(Default)]
struct Book {
    owned: HashMap<String, Owned>,
    /// Principals whose `initialize` is under way, once for each.
    opening: Vec<String>,
}

struct Owned {
    principal: String,
    last_used: Instant,
    /// Requests and streams under way.
    busy: usize,
}

/// Room kept for a session that is being opened.
pub(super) struct Opening {
    sessions: Sessions,
    principal: String,
}

/// A request or stream under way in a session.
pub(super) struct Busy {
    sessions: Sessions,
    id: String,
}

impl Sessions {
    pub(super) fn new(
        manager: Arc<LocalSessionManager>,
        most: usize,
        most_per_principal: usize,
    ) -> Self {
        Self {
            manager,
            book: Arc::default(),
            most,
            most_per_principal,
        }
    }

    /// How many sessions are open.
    pub async fn count(&self) -> usize {
        self.manager.sessions.read().await.len()
    }

    /// Whether the session is this principal's; if so, it counts as used.
    pub(super) fn touch(&self, id: &str, principal: &str) -> bool {
        match self.book().owned.get_mut(id) {
            Some(owned) if owned.principal == principal => {
                owned.last_used = Instant::now();
                true
            }
            _ => false,
        }
    }

    /// The session has work until the guard is dropped.
    pub(super) fn busy(&self, id: &str) -> Option<Busy> {
        self.book().owned.get_mut(id)?.busy += 1;
        Some(Busy {
            sessions: self.clone(),
            id: id.to_owned(),
        })
    }

    pub(super) fn forget(&self, id: &str) {
        self.book().owned.remove(id);
    }

    /// Keep room for a new session. `None` when there is none and nothing idle can make way.
    pub(super) async fn open(&self, principal: &str) -> Option<Opening> {
        self.forget_closed().await;
        if let Some(opening) = self.try_open(principal) {
            return Some(opening);
        }
        let idle = self.longest_idle(principal)?;
        tracing::info!(
            principal,
            "an idle session was closed to make room for a new one"
        );
        self.forget(&idle);
        if let Err(error) = self.manager.close_session(&idle.into()).await {
            tracing::debug!(%error, "the idle session had closed by itself");
        }
        self.try_open(principal)
    }

    fn try_open(&self, principal: &str) -> Option<Opening> {
        let mut book = self.book();
        let all = book.owned.len() + book.opening.len();
        let own = book
            .owned
            .values()
            .filter(|it| it.principal == principal)
            .count()
            + book.opening.iter().filter(|it| *it == principal).count();
        if all >= self.most || own >= self.most_per_principal {
            return None;
        }
        book.opening.push(principal.to_owned());
        Some(Opening {
            sessions: self.clone(),
            principal: principal.to_owned(),
        })
    }

    /// The principal's session that nobody has used for longest.
    fn longest_idle(&self, principal: &str) -> Option<String> {
        self.book()
            .owned
            .iter()
            .filter(|(_, owned)| owned.principal == principal && owned.busy == 0)
            .filter(|(_, owned)| owned.last_used.elapsed() >= MAY_GO_AFTER)
            .min_by_key(|(_, owned)| owned.last_used)
            .map(|(id, _)| id.clone())
    }

    /// Sessions end by themselves too, by idleness or at their client's wish.
    async fn forget_closed(&self) {
        let open = self.manager.sessions.read().await;
        self.book()
            .owned
            .retain(|id, _| open.contains_key(id.as_str()));
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opening {
    /// It is open and has this id.
    pub(super) fn opened(self, id: &str) {
        let owned = Owned {
            principal: self.principal.clone(),
            last_used: Instant::now(),
            busy: 0,
        };
        self.sessions.book().owned.insert(id.to_owned(), owned);
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let mut book = self.sessions.book();
        if let Some(place) = book.opening.iter().position(|it| *it == self.principal) {
            book.opening.swap_remove(place);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(owned) = self.sessions.book().owned.get_mut(&self.id) {
            owned.busy -= 1;
            owned.last_used = Instant::now();
        }
    }
}
