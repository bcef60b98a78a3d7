//! What a tool's pure function gives back: the requests to make, and what to show of the answers.
//! Plans hold no permission and do nothing; only the gate carries them out.

use std::{fmt, sync::Arc};

use model::{Millis, Permissions, Place, Request, place::Aim};
use serde_json::{Map, Value};

use crate::{
    ArgumentError, Change, View,
    trace::{Found, Sought, Trace},
    undo::{Inverse, Kept, Step, Undo},
};

/// How many reads one plan may make in all, its follow-ups included. A plan never asks for more.
pub const MAX_READS: usize = 12;

/// Arguments that were parsed and found good, turned into what to do.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once per call and taken apart at once"
)]
pub enum Prepared {
    Read(ReadPlan),
    Write(WritePlan),
    Flow(FlowCall),
}

type Follow = Arc<dyn Fn(&[Value]) -> Vec<Request> + Send + Sync>;
type ShowRead = Arc<dyn Fn(&[Value], Option<&Place>) -> View + Send + Sync>;
type ShowWrite = Arc<dyn Fn(&Value) -> View + Send + Sync>;
type Compare = Arc<dyn Fn(&[Value]) -> Change + Send + Sync>;
type Splice = Arc<dyn Fn(Request, &[Value]) -> Result<Request, ArgumentError> + Send + Sync>;

/// Permissions that an owner does not need, and how to tell the owner from live state.
type Waiver = (Permissions, Arc<dyn Fn(&Value) -> Value + Send + Sync>);

/// Reads, and one pure view of their answers.
///
/// Most plans name all their requests at once. A plan whose next request depends on an answer
/// (the guild of a channel, the next page of messages) gives it from [`more`](Self::more). To
/// carry a plan out:
///
/// ```text
/// answers = send(plan.requests)
/// while (next = plan.more(answers)) is not empty { judge(next); answers += send(next) }
/// view = plan.view(answers, where)
/// ```
///
/// Follow-ups are judged like any other request: an answer may name another place.
#[derive(Clone)]
pub struct ReadPlan {
    /// `GET`s to make, in order.
    pub requests: Vec<Request>,
    /// Permissions these arguments need beyond those of the tool.
    pub needs: Permissions,
    follow: Option<Follow>,
    view: ShowRead,
}

impl ReadPlan {
    /// One request.
    pub(crate) fn new(
        request: Request,
        view: impl Fn(&Value) -> View + Send + Sync + 'static,
    ) -> Self {
        Self::several(vec![request], move |answers| {
            view(answers.first().unwrap_or(&Value::Null))
        })
    }

    /// Several requests, shown together. The view must bear with missing answers.
    pub(crate) fn several(
        requests: Vec<Request>,
        view: impl Fn(&[Value]) -> View + Send + Sync + 'static,
    ) -> Self {
        Self {
            requests,
            needs: Permissions::NONE,
            follow: None,
            view: Arc::new(move |answers, _| view(answers)),
        }
    }

    /// One request whose view also tells where it was: the gate knows that already, so asking
    /// Discord for it would double the cost of the call.
    pub(crate) fn placed(
        request: Request,
        view: impl Fn(&Value, Option<&Place>) -> View + Send + Sync + 'static,
    ) -> Self {
        Self {
            requests: vec![request],
            needs: Permissions::NONE,
            follow: None,
            view: Arc::new(move |answers, place| {
                view(answers.first().unwrap_or(&Value::Null), place)
            }),
        }
    }

    /// Requests that depend on the answers so far. `follow` is asked after each round with all
    /// the answers, and ends with an empty list.
    #[must_use]
    pub(crate) fn then(
        mut self,
        follow: impl Fn(&[Value]) -> Vec<Request> + Send + Sync + 'static,
    ) -> Self {
        self.follow = Some(Arc::new(follow));
        self
    }

    /// Permissions beyond those of the tool's row.
    #[must_use]
    pub(crate) fn needing(mut self, needs: Permissions) -> Self {
        self.needs = self.needs | needs;
        self
    }

    /// What must be asked next, given all the answers so far in the order of their requests.
    /// Empty when there are enough. Never brings the total above [`MAX_READS`].
    pub fn more(&self, answers: &[Value]) -> Vec<Request> {
        let Some(follow) = &self.follow else {
            return Vec::new();
        };
        let mut next = follow(answers);
        next.truncate(MAX_READS.saturating_sub(answers.len()));
        next
    }

    /// What the caller sees. `answers` are in the order of the requests, follow-ups last; `place`
    /// is where the call acts, as far as it was found out.
    pub fn view(&self, answers: &[Value], place: Option<&Place>) -> View {
        (self.view)(answers, place)
    }
}

/// One request that changes something in Discord.
#[derive(Clone)]
pub struct WritePlan {
    /// What would be sent. Where [`fetch`](field@Self::fetch) is not empty it is a preview: send what
    /// [`with_fetched`](Self::with_fetched) gives instead.
    pub request: Request,
    /// `GET`s that fetch the state this would change, for [`change`](Self::change). May be empty.
    pub live: Vec<Request>,
    /// `GET`s without whose answers the request is not complete (a webhook's token, the other
    /// half of a read-modify-write). Their answers may hold secrets: they are given to
    /// [`with_fetched`](Self::with_fetched) and shown, logged or stored nowhere else.
    pub fetch: Vec<Request>,
    /// Permissions these arguments need beyond those of the tool, e.g. `ATTACH_FILES`.
    pub needs: Permissions,
    /// Members and roles that must rank below the actor, beyond the tool's own aim.
    pub aims: Vec<Aim>,
    /// Channels the act reaches into besides the one in its path, e.g. a new parent category.
    pub also: Vec<model::ChannelId>,
    undo: Inverse,
    trace: Option<Trace>,
    takes_nonce: bool,
    change: Compare,
    view: ShowWrite,
    splice: Option<Splice>,
    waiver: Option<Waiver>,
}

impl WritePlan {
    /// A request, its change (from the answers of `live`), and the view of its answer.
    pub(crate) fn new(
        request: Request,
        change: impl Fn(&[Value]) -> Change + Send + Sync + 'static,
        view: impl Fn(&Value) -> View + Send + Sync + 'static,
    ) -> Self {
        Self {
            request,
            live: Vec::new(),
            fetch: Vec::new(),
            needs: Permissions::NONE,
            aims: Vec::new(),
            also: Vec::new(),
            undo: Inverse::None(String::new()),
            trace: None,
            takes_nonce: false,
            change: Arc::new(change),
            view: Arc::new(view),
            splice: None,
            waiver: None,
        }
    }

    /// State to compare with.
    #[must_use]
    pub(crate) fn live(mut self, requests: Vec<Request>) -> Self {
        self.live = requests;
        self
    }

    /// Answers that are needed before the request is complete, and how they complete it.
    #[must_use]
    pub(crate) fn fetch(
        mut self,
        requests: Vec<Request>,
        splice: impl Fn(Request, &[Value]) -> Result<Request, ArgumentError> + Send + Sync + 'static,
    ) -> Self {
        self.fetch = requests;
        self.splice = Some(Arc::new(splice));
        self
    }

    /// Permissions beyond those of the tool's row.
    #[must_use]
    pub(crate) fn needing(mut self, needs: Permissions) -> Self {
        self.needs = self.needs | needs;
        self
    }

    /// Members and roles that must rank below the actor.
    #[must_use]
    pub(crate) fn aiming(mut self, aims: Vec<Aim>) -> Self {
        self.aims = aims;
        self
    }

    /// Another channel that must be allowed too.
    #[must_use]
    pub(crate) fn also(mut self, channel: Option<model::ChannelId>) -> Self {
        self.also.extend(channel);
        self
    }

    /// Permissions that are not needed by whoever owns the first live object; `owner` finds the
    /// owner's id in it.
    #[must_use]
    pub(crate) fn waived_for_owner(
        mut self,
        permissions: Permissions,
        owner: impl Fn(&Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        self.waiver = Some((permissions, Arc::new(owner)));
        self
    }

    /// How it shows in the world.
    #[must_use]
    pub(crate) fn traced(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// How it is taken back. Every plan says this or [`cannot_be_undone`](Self::cannot_be_undone);
    /// an inverse takes a [trace](Self::traced).
    #[must_use]
    pub(crate) fn undone(mut self, inverse: Inverse) -> Self {
        self.undo = inverse;
        self
    }

    /// Nothing takes it back, because of this: the rest of a sentence.
    #[must_use]
    pub(crate) fn cannot_be_undone(mut self, reason: impl Into<String>) -> Self {
        self.undo = Inverse::None(reason.into());
        self
    }

    /// The request creates a message, so Discord can recognise its repetition.
    #[must_use]
    pub(crate) fn takes_nonce(mut self) -> Self {
        self.takes_nonce = true;
        self
    }

    /// What would be different, given the answers of [`live`](field@Self::live) in order. Bears with
    /// missing and strange answers.
    pub fn change(&self, live: &[Value]) -> Change {
        (self.change)(live)
    }

    /// What the caller sees of Discord's answer.
    pub fn view(&self, answer: &Value) -> View {
        (self.view)(answer)
    }

    /// Which permissions of tool and plan `who` does not need, given live state: the author of a
    /// message deletes it without `MANAGE_MESSAGES`. Empty without live state.
    pub fn waived(&self, live: &[Value], who: model::UserId) -> Permissions {
        match (&self.waiver, live.first()) {
            (Some((permissions, owner)), Some(live)) if owner(live) == who.to_string() => {
                *permissions
            }
            _ => Permissions::NONE,
        }
    }

    /// What [`waived`](Self::waived) may give at most: without any there is no need to look.
    pub fn waivable(&self) -> Permissions {
        self.waiver
            .as_ref()
            .map_or(Permissions::NONE, |(permissions, _)| *permissions)
    }

    /// How far other calls can bring back what was.
    pub fn undo(&self) -> Undo {
        self.undo.tell()
    }

    /// `GET`s that show what the write touches before it is sent; for [`before`](Self::before).
    /// They are those of [`live`](field@Self::live), or none.
    pub fn look_before(&self) -> &[Request] {
        match &self.trace {
            Some(trace) if trace.looks_before() => &self.live,
            _ => &[],
        }
    }

    /// The image of what the write touches, from the answers of [`look_before`](Self::look_before).
    pub fn before(&self, live: &[Value]) -> Value {
        match &self.trace {
            Some(trace) if trace.looks_before() => trace.image(live),
            _ => Value::Null,
        }
    }

    /// What to keep of a write that Discord answered with `answer`.
    pub fn keep(&self, at: Millis, before: Value, answer: &Value) -> Kept {
        let (after, made) = match &self.trace {
            Some(trace) => (trace.after(answer), trace.names(answer)),
            None => (Value::Null, Value::Null),
        };
        Kept {
            at,
            before,
            after,
            made,
        }
    }

    /// `GET`s that show whether the world is still as the write left it; for [`now`](Self::now).
    pub fn look_after(&self, kept: &Kept) -> Vec<Request> {
        match &self.trace {
            Some(trace) => trace.look(&kept.made, &self.live),
            None => Vec::new(),
        }
    }

    /// The image of today, from the answers of [`look_after`](Self::look_after).
    pub fn now(&self, answers: &[Value]) -> Value {
        match &self.trace {
            Some(trace) => trace.image(answers),
            None => Value::Null,
        }
    }

    /// The calls that take it back at `now`, in order; none if it changed nothing.
    ///
    /// # Errors
    /// Why there are none: the rest of a sentence.
    pub fn inverse(&self, kept: &Kept, now: Millis) -> Result<Vec<Step>, String> {
        match &self.undo {
            Inverse::Steps { make, .. } => make(kept, now),
            Inverse::None(reason) => Err(reason.clone()),
        }
    }

    /// `GET`s that tell whether the write happened, where Discord's answer was lost; for
    /// [`read_back`](Self::read_back). Empty where nothing can tell.
    pub fn look_back(&self, sought: &Sought) -> Vec<Request> {
        match &self.trace {
            Some(trace) => trace.seek(sought, &self.live),
            None => Vec::new(),
        }
    }

    /// Whether it happened. `answers` are those of [`look_back`](Self::look_back), null for what is
    /// not there.
    pub fn read_back(&self, sought: &Sought, before: &Value, answers: &[Value]) -> Found {
        match &self.trace {
            Some(trace) => trace.judge(sought, before, answers),
            None => Found::CannotTell,
        }
    }

    /// Make a message recognisable, so that sending it twice creates it once (`nonce` and
    /// `enforce_nonce`; at most 25 characters). Does nothing to other requests.
    /// Source: Discord documentation, *Create Message*.
    pub fn set_nonce(&mut self, nonce: &str) {
        if !self.takes_nonce {
            return;
        }
        if let model::Body::Json(Value::Object(body))
        | model::Body::Multipart {
            payload: Value::Object(body),
            ..
        } = &mut self.request.body
        {
            body.insert("nonce".to_owned(), Value::from(nonce));
            body.insert("enforce_nonce".to_owned(), Value::from(true));
        }
    }

    /// The request to send, completed with the answers of [`fetch`](field@Self::fetch) in order. It may
    /// hold a secret in its path (then its `auth` is `InPath`). Without a fetch it is
    /// [`request`](Self::request).
    pub fn with_fetched(&self, answers: &[Value]) -> Result<Request, ArgumentError> {
        match &self.splice {
            Some(splice) => splice(self.request.clone(), answers),
            None => Ok(self.request.clone()),
        }
    }
}

/// A tool of several steps, or one that is not Discord's: a flow behind the gate runs it.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowCall {
    /// Validated, defaults filled in, absent ones left out.
    pub arguments: Map<String, Value>,
    /// Only to tell which guild or channel it concerns; never sent.
    pub target: Vec<Request>,
}

/// Closures are not shown; requests hide what is secret.
impl fmt::Debug for ReadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadPlan")
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WritePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WritePlan")
            .field("request", &self.request)
            .field("live", &self.live)
            .field("fetch", &self.fetch)
            .finish_non_exhaustive()
    }
}
