//! One rate-limit window as its answers tell it: how much is left, until when, and how many of
//! our own requests are still on their way.

use std::time::Duration;

use tokio::time::Instant;

use super::{headers::Observed, lanes::Lanes, odd::Odd};

/// While nothing is known of a bucket, one request goes ahead; so long do the others wait for
/// its answer before the next one follows.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);
/// So long after a 429 that headers did not announce, one request at a time goes.
const CAREFUL: Duration = Duration::from_mins(10);
/// So many of those in a row are the bucket's, not one request's own.
const HIDDEN_IN_A_ROW: u32 = 3;
/// Ends of one window by Discord's clock may differ by this much.
const JITTER: Duration = Duration::from_millis(20);

/// What is known of a bucket's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Unknown,
    /// Answers carry no headers about limits.
    Unlimited,
    /// Requests in a window.
    Limit(u32),
}

/// When a bucket lets its next request go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    Now,
    At(Instant),
    /// As soon as a request on its way is answered.
    WhenAnswered,
}

/// The window, and the line of those who wait for it.
pub(super) struct Bucket {
    pub(super) waiting: Lanes,
    pub(super) in_flight: u32,
    size: Size,
    /// Left in the window before those in flight are subtracted.
    remaining: u32,
    /// End of the window; `None` until its first answer. The answer's own journey is added, so
    /// this is never too early.
    reset_at: Option<Instant>,
    /// The window's name: its end by Discord's clock.
    window: Option<Duration>,
    /// The longest time to a window's end that an answer told: nearly the window's length.
    length: Duration,
    blocked_until: Option<Instant>,
    last_start: Option<Instant>,
    /// Its limit may have changed: one goes ahead.
    doubted: bool,
    careful_until: Option<Instant>,
    hidden_in_a_row: u32,
    /// For routes whose headers do not tell the whole truth.
    pub(super) odd: Odd,
}

/// What an answer changed for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Learnt {
    Nothing,
    /// The limit is smaller than before, perhaps for all resources of the route.
    Shrunk,
}

impl Bucket {
    pub(super) fn new(size: Size) -> Self {
        let remaining = if let Size::Limit(limit) = size {
            limit
        } else {
            0
        };
        Self {
            waiting: Lanes::default(),
            in_flight: 0,
            size,
            remaining,
            reset_at: None,
            window: None,
            length: Duration::ZERO,
            blocked_until: None,
            last_start: None,
            doubted: false,
            careful_until: None,
            hidden_in_a_row: 0,
            odd: Odd::default(),
        }
    }

    /// With windows as long as others of its route told.
    pub(super) fn with_length(self, length: Duration) -> Self {
        Self { length, ..self }
    }

    pub(super) fn ready(&self, now: Instant) -> Ready {
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            return Ready::At(until);
        }
        if self.in_flight > 0 && self.careful_until.is_some_and(|until| until > now) {
            return Ready::WhenAnswered;
        }
        if self.doubted && self.in_flight > 0 {
            return self.ready_to_probe(now);
        }
        match self.size {
            Size::Unlimited => Ready::Now,
            Size::Unknown => self.ready_to_probe(now),
            Size::Limit(limit) => {
                let over = self.reset_at.is_some_and(|at| at <= now);
                let remaining = if over { limit } else { self.remaining };
                match self.reset_at.filter(|_| !over) {
                    _ if remaining > self.in_flight => Ready::Now,
                    Some(at) => Ready::At(at),
                    // Answers were lost in a window whose end is unknown: ask anew.
                    None if self.in_flight == 0 => Ready::Now,
                    None => Ready::WhenAnswered,
                }
            }
        }
    }

    fn ready_to_probe(&self, now: Instant) -> Ready {
        match self.last_start.map(|start| start + PROBE_PATIENCE) {
            Some(at) if self.in_flight > 0 && at > now => Ready::At(at),
            _ => Ready::Now,
        }
    }

    /// How many could go now, one after the other.
    pub(super) fn room(&self, now: Instant) -> usize {
        if self.ready(now) != Ready::Now {
            return 0;
        }
        let careful = self.doubted || self.careful_until.is_some_and(|until| until > now);
        match self.size {
            _ if careful => 1,
            Size::Unlimited => usize::MAX,
            Size::Unknown => 1,
            Size::Limit(limit) => {
                let over = self.reset_at.is_none_or(|at| at <= now);
                let left = if over { limit } else { self.remaining };
                usize::try_from(left.saturating_sub(self.in_flight)).unwrap_or(usize::MAX)
            }
        }
    }

    /// A request leaves.
    pub(super) fn start(&mut self, now: Instant) {
        self.roll(now);
        self.in_flight += 1;
        self.last_start = Some(now);
    }

    /// It did not leave after all.
    pub(super) fn withdraw(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0 {
            self.last_start = None;
        }
    }

    /// It left, and nothing is known of how it was counted: as if it had been.
    pub(super) fn lose(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.remaining = self.remaining.saturating_sub(1);
    }

    /// Nobody counts requests here, as far as answers tell.
    pub(super) fn found_unlimited(&mut self) {
        if self.size == Size::Unknown {
            self.size = Size::Unlimited;
        }
    }

    /// It was answered, with what the answer says of the window.
    pub(super) fn answer(&mut self, now: Instant, observed: &Observed) -> Learnt {
        if observed.refused.is_none() {
            self.hidden_in_a_row = 0;
        }
        let (Some(left), Some(after)) = (observed.remaining, observed.reset_after) else {
            self.lose();
            return Learnt::Nothing;
        };
        self.doubted = false;
        self.in_flight = self.in_flight.saturating_sub(1);
        self.roll(now);
        let limit = observed.limit.unwrap_or(left).max(left).max(1);
        let shrunk = matches!(self.size, Size::Limit(before) if limit < before);
        self.size = Size::Limit(limit);
        let reset_at = now + after;
        self.length = self.length.max(after);
        match self.age_of(reset_at, observed.window) {
            Age::Newer => {
                self.remaining = left;
                self.reset_at = Some(reset_at);
                self.window = observed.window;
            }
            Age::Same => {
                self.remaining = self.remaining.min(left);
                // Both are at or after the true end, so the earlier is the better estimate.
                self.reset_at = self.reset_at.map(|at| at.min(reset_at));
            }
            Age::Older => {}
        }
        if shrunk {
            Learnt::Shrunk
        } else {
            Learnt::Nothing
        }
    }

    /// Its limit may have changed, as another's of the same route did.
    pub(super) fn doubt(&mut self) {
        self.doubted = true;
    }

    /// A 429 although something was left in the window. True if that seems to be the bucket's limit
    /// rather than one for requests like this one.
    pub(super) fn refused_unannounced(&mut self, now: Instant) -> bool {
        self.careful_until = Some(now + CAREFUL);
        self.hidden_in_a_row += 1;
        self.hidden_in_a_row >= HIDDEN_IN_A_ROW
    }

    /// Nothing goes before `until`.
    pub(super) fn block(&mut self, until: Instant) {
        self.blocked_until = self.blocked_until.max(Some(until));
    }

    /// Take over the state of the bucket that stood here before its name was known.
    pub(super) fn absorb(&mut self, other: Self) {
        self.in_flight += other.in_flight;
        self.waiting.append(other.waiting);
        self.blocked_until = self.blocked_until.max(other.blocked_until);
        self.last_start = self.last_start.max(other.last_start);
        self.careful_until = self.careful_until.max(other.careful_until);
    }

    /// Whether forgetting it loses nothing.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.is_unused()
            && self.careful_until.is_none_or(|until| until <= now)
            && self.reset_at.is_none_or(|at| at <= now)
            && self.blocked_until.is_none_or(|until| until <= now)
    }

    /// Whether nobody waits and nothing is on its way.
    pub(super) fn is_unused(&self) -> bool {
        self.in_flight == 0 && self.waiting.is_empty()
    }

    pub(super) fn last_start(&self) -> Option<Instant> {
        self.last_start
    }

    fn roll(&mut self, now: Instant) {
        if let Size::Limit(limit) = self.size
            && self.reset_at.is_some_and(|at| at <= now)
        {
            self.remaining = limit;
            self.reset_at = None;
            self.window = None;
        }
    }

    /// Which window an answer speaks of. Answers overtake one another, and a request sent in one
    /// window may be counted in the next.
    fn age_of(&self, reset_at: Instant, window: Option<Duration>) -> Age {
        let Some(known) = self.reset_at else {
            return Age::Newer;
        };
        let age = |later: Option<Duration>, earlier: Option<Duration>, step: Duration| match (
            later, earlier,
        ) {
            (Some(by), _) if by > step => Age::Newer,
            (_, Some(by)) if by > step => Age::Older,
            _ => Age::Same,
        };
        match (window, self.window) {
            (Some(new), Some(old)) => age(new.checked_sub(old), old.checked_sub(new), JITTER),
            // By our clock both ends include a journey, but the next window ends at least its
            // own length later than this one.
            _ => age(
                reset_at.checked_duration_since(known),
                known.checked_duration_since(reset_at),
                (self.length / 2).max(JITTER),
            ),
        }
    }
}

/// A bucket as a forecast sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// How many may go from `from` on in the window under way.
    pub(super) room: u32,
    pub(super) from: Instant,
    /// Where the bucket is limited: from when windows of this size follow one another.
    pub(super) then: Option<(Instant, u32, Duration)>,
}

impl Bucket {
    /// As it is now.
    pub(super) fn view(&self, now: Instant) -> View {
        let from = self.blocked_until.map_or(now, |until| until.max(now));
        match self.size {
            Size::Unknown | Size::Unlimited => View {
                room: u32::MAX,
                from,
                then: None,
            },
            Size::Limit(limit) => {
                let reset = self.reset_at.filter(|at| *at > from);
                let left = if reset.is_some() {
                    self.remaining
                } else {
                    limit
                };
                // A whole window, where none is known yet, lasts as long as the longest that was.
                let next = reset.unwrap_or(from + self.length);
                View {
                    room: left.saturating_sub(self.in_flight),
                    from,
                    then: Some((next, limit, self.length)),
                }
            }
        }
    }
}

enum Age {
    Newer,
    Same,
    Older,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(5);

    fn told(limit: u32, remaining: u32, reset_after: Duration) -> Observed {
        Observed {
            status: 200,
            limit: Some(limit),
            remaining: Some(remaining),
            reset_after: Some(reset_after),
            ..Observed::default()
        }
    }

    #[test]
    fn an_unknown_bucket_sends_one_ahead_and_then_as_many_as_remain() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Size::Unknown);
        assert_eq!(bucket.ready(now), Ready::Now);
        bucket.start(now);
        assert_eq!(bucket.ready(now), Ready::At(now + PROBE_PATIENCE));
        bucket.answer(now, &told(3, 2, WINDOW));
        bucket.start(now);
        assert_eq!(bucket.ready(now), Ready::Now);
        bucket.start(now);
        assert_eq!(bucket.ready(now), Ready::At(now + WINDOW));
    }

    #[test]
    fn answers_that_overtake_one_another_count_once() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Size::Limit(5));
        for _ in 0..3 {
            bucket.start(now);
        }
        for remaining in [2, 4, 3] {
            bucket.answer(now, &told(5, remaining, WINDOW));
        }
        assert_eq!((bucket.remaining, bucket.in_flight), (2, 0));
    }

    #[test]
    fn an_answer_from_the_next_window_opens_it() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Size::Limit(2));
        bucket.start(now);
        bucket.answer(now, &told(2, 1, WINDOW));
        bucket.start(now);
        // It was under way while the window ended, so it is the next one's first.
        bucket.answer(now + Duration::from_millis(100), &told(2, 1, WINDOW));
        let later = now + Duration::from_millis(4_999);
        bucket.start(later);
        bucket.answer(later, &told(2, 1, WINDOW));
        assert_eq!(bucket.ready(later), Ready::Now);
    }

    #[test]
    fn a_slow_answer_near_the_end_of_a_window_does_not_refill_it() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Size::Limit(6));
        for _ in 0..6 {
            bucket.start(now);
        }
        bucket.answer(now, &told(6, 0, WINDOW));
        let late = now + WINDOW - Duration::from_millis(1);
        bucket.answer(late, &told(6, 4, Duration::from_millis(100)));
        assert_eq!(bucket.ready(late), Ready::At(now + WINDOW));
    }

    #[test]
    fn a_window_is_full_again_when_it_ends_less_what_is_on_its_way() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Size::Limit(1));
        bucket.start(now);
        bucket.answer(now, &told(1, 0, WINDOW));
        assert_eq!(bucket.ready(now), Ready::At(now + WINDOW));
        assert_eq!(bucket.ready(now + WINDOW), Ready::Now);
        bucket.start(now + WINDOW);
        assert_eq!(bucket.ready(now + WINDOW), Ready::WhenAnswered);
    }

    #[test]
    fn a_lost_answer_counts_but_never_locks_the_bucket() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Size::Limit(1));
        bucket.start(now);
        bucket.lose();
        assert_eq!(bucket.ready(now), Ready::Now);
    }
}
