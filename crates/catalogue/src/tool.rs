//! A tool: one row of the catalogue, made by a constructor whose name is its risk.

use std::sync::{Arc, OnceLock};

use model::{Millis, Permissions, Risk};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    ArgumentError, Prepared, ReadPlan, WritePlan, argument, control, plan::FlowCall, schema,
    toolset::Toolset, undo::Undoing,
};

/// Where permissions are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// In the whole guild.
    Guild,
    /// In the channel of the request, overwrites included. A webhook or an invite in the path
    /// stands for its channel; a request that names only a guild counts guild-wide.
    Channel,
    /// Nothing is looked up.
    Nothing,
}

/// Whose rank counts, read from the request's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AimAt {
    /// The member `user_id`.
    User,
    /// The role `role_id`.
    Role,
}

/// What Discord demands of the bot for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    pub permissions: Permissions,
    /// Instead of `permissions`, where the channel turns out to be a thread.
    pub in_threads: Option<Permissions>,
    pub scope: On,
    /// The role hierarchy counts against this part of the path.
    pub aim: Option<AimAt>,
}

impl Needs {
    /// Nothing.
    pub const NOTHING: Self = Self {
        permissions: Permissions::NONE,
        in_threads: None,
        scope: On::Nothing,
        aim: None,
    };

    /// Permissions in the whole guild. May be none: being there is enough.
    pub const fn guild(permissions: Permissions) -> Self {
        Self {
            permissions,
            in_threads: None,
            scope: On::Guild,
            aim: None,
        }
    }

    /// Permissions in the channel; `VIEW_CHANNEL` is always among them.
    pub const fn channel(permissions: Permissions) -> Self {
        Self {
            permissions: permissions.union(Permissions::VIEW_CHANNEL),
            in_threads: None,
            scope: On::Channel,
            aim: None,
        }
    }

    /// Other permissions where the channel is a thread.
    #[must_use]
    pub const fn in_threads(mut self, permissions: Permissions) -> Self {
        self.in_threads = Some(permissions.union(Permissions::VIEW_CHANNEL));
        self
    }

    /// The actor must rank above this.
    #[must_use]
    pub const fn above(mut self, aim: AimAt) -> Self {
        self.aim = Some(aim);
        self
    }
}

/// What MCP's tool annotations say; each follows from risk and requests. MCP's defaults are not
/// read-only, destructive, not idempotent, open world: a list is shorter when what equals them is
/// left out. Source: MCP, *Tools › ToolAnnotations*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Annotations {
    pub read_only: bool,
    pub destructive: bool,
    pub idempotent: bool,
    /// It deals with Discord, where other people are.
    pub open_world: bool,
}

/// A struct of arguments.
pub(crate) trait Arguments: DeserializeOwned + JsonSchema + 'static {}
impl<A: DeserializeOwned + JsonSchema + 'static> Arguments for A {}

/// What a pure function may return: a plan, or why the arguments do not go together.
pub(crate) trait Made<P>: 'static {
    fn made(self) -> Result<P, ArgumentError>;
}
impl<P: 'static> Made<P> for P {
    fn made(self) -> Result<P, ArgumentError> {
        Ok(self)
    }
}
impl<P: 'static> Made<P> for Result<P, ArgumentError> {
    fn made(self) -> Result<P, ArgumentError> {
        self
    }
}

type Prepare =
    dyn Fn(&Tool, Map<String, Value>, Millis) -> Result<Prepared, ArgumentError> + Send + Sync;

/// One row of the catalogue.
pub struct Tool {
    /// `discord_<verb>_<noun>`.
    pub name: &'static str,
    pub title: &'static str,
    pub toolset: Toolset,
    pub risk: Risk,
    /// Operation ids of Discord's OpenAPI document, all that its requests may use.
    pub operations: &'static [&'static str],
    pub needs: Needs,
    idempotent: bool,
    speaks: bool,
    is_flow: bool,
    undoing: Option<Undoing>,
    carries: bool,
    guild_list: Option<&'static str>,
    channel_lists: &'static [&'static str],
    channel_names: Option<(&'static str, &'static str)>,
    draft: fn() -> Map<String, Value>,
    forms: OnceLock<schema::Forms>,
    prepare: Box<Prepare>,
}

/// A tool that changes nothing.
pub(crate) fn read<A: Arguments, M: Made<ReadPlan>>(
    name: &'static str,
    title: &'static str,
    operations: &'static [&'static str],
    needs: Needs,
    make: fn(&A) -> M,
) -> Tool {
    let prepare = move |tool: &Tool, arguments, _| {
        make(&argument::parse::<A>(tool, arguments)?)
            .made()
            .map(Prepared::Read)
    };
    Tool::row::<A>(name, title, Risk::Read, operations, needs, prepare).repeatable()
}

/// A tool that changes what can be changed back.
pub(crate) fn write<A: Arguments, M: Made<WritePlan>>(
    name: &'static str,
    title: &'static str,
    operations: &'static [&'static str],
    needs: Needs,
    make: fn(&A) -> M,
) -> Tool {
    let prepare = move |tool: &Tool, arguments, _| {
        make(&argument::parse::<A>(tool, arguments)?)
            .made()
            .map(Prepared::Write)
    };
    Tool::row::<A>(name, title, Risk::Write, operations, needs, prepare)
}

/// A tool that cannot be undone, or gives or takes rights.
pub(crate) fn destructive<A: Arguments, M: Made<WritePlan>>(
    name: &'static str,
    title: &'static str,
    operations: &'static [&'static str],
    needs: Needs,
    make: fn(&A) -> M,
) -> Tool {
    Tool {
        risk: Risk::Destructive,
        ..write(name, title, operations, needs, make)
    }
}

/// Like [`destructive`], for arguments that count from now.
pub(crate) fn destructive_from_now<A: Arguments, M: Made<WritePlan>>(
    name: &'static str,
    title: &'static str,
    operations: &'static [&'static str],
    needs: Needs,
    make: fn(&A, Millis) -> M,
) -> Tool {
    let prepare = move |tool: &Tool, arguments, now| {
        make(&argument::parse::<A>(tool, arguments)?, now)
            .made()
            .map(Prepared::Write)
    };
    Tool::row::<A>(name, title, Risk::Destructive, operations, needs, prepare)
}

/// A tool that a flow behind the gate runs. `target` tells which guild or channel it concerns.
pub(crate) fn flow<A: Arguments>(
    name: &'static str,
    title: &'static str,
    risk: Risk,
    operations: &'static [&'static str],
    needs: Needs,
    target: fn(&A) -> Vec<model::Request>,
) -> Tool {
    let prepare = move |tool: &Tool, arguments, _| {
        let (parsed, arguments) = argument::parse_filled::<A>(tool, arguments)?;
        Ok(Prepared::Flow(FlowCall {
            target: target(&parsed),
            arguments,
        }))
    };
    Tool {
        is_flow: true,
        ..Tool::row::<A>(name, title, risk, operations, needs, prepare)
    }
}

impl Tool {
    fn row<A: Arguments>(
        name: &'static str,
        title: &'static str,
        risk: Risk,
        operations: &'static [&'static str],
        needs: Needs,
        prepare: impl Fn(&Self, Map<String, Value>, Millis) -> Result<Prepared, ArgumentError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            name,
            title,
            toolset: Toolset::Discovery,
            risk,
            operations,
            needs,
            idempotent: false,
            speaks: false,
            is_flow: false,
            undoing: None,
            carries: false,
            guild_list: None,
            channel_lists: &[],
            channel_names: None,
            draft: schema::draft::<A>,
            forms: OnceLock::new(),
            prepare: Box::new(prepare),
        }
    }

    /// The family it belongs to.
    pub(crate) fn of(self, toolset: Toolset) -> Self {
        Self { toolset, ..self }
    }

    /// Doing it twice has the effect of doing it once.
    #[must_use]
    pub(crate) fn repeatable(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Whether and how it can be undone. Every tool that changes something says so.
    #[must_use]
    pub(crate) fn undoing(mut self, undoing: Undoing) -> Self {
        self.undoing = Some(undoing);
        self
    }

    /// It carries out several calls as one, of any risk.
    #[must_use]
    pub(crate) fn carrying(mut self) -> Self {
        self.carries = true;
        self
    }

    /// Whether it carries out several calls as one. Their risks are theirs, and one confirmation
    /// may be for all of them.
    pub fn carries(&self) -> bool {
        self.carries
    }

    /// It puts words into a channel, so it takes `agent_name`.
    #[must_use]
    pub(crate) fn speaking(mut self) -> Self {
        self.speaks = true;
        self
    }

    /// Its view lists guilds: each item of the array `field` is one, known by its `id`.
    #[must_use]
    pub(crate) fn listing_guilds(mut self, field: &'static str) -> Self {
        self.guild_list = Some(field);
        self
    }

    /// The array of its view whose items are guilds, known by their `id`. The call concerns no
    /// guild, so only here can it be seen which ones it would show.
    pub fn guild_list(&self) -> Option<&'static str> {
        self.guild_list
    }

    /// Its view lists channels or threads: each item of these arrays is one, known by its `id`, and
    /// in `parent_id`, or else in the channel that was asked about.
    #[must_use]
    pub(crate) fn listing_channels(mut self, fields: &'static [&'static str]) -> Self {
        self.channel_lists = fields;
        self
    }

    /// Its view lists things of a whole guild that are in channels: where each item of the array
    /// `field` names its channel, as a JSON pointer. Items without one concern no channel.
    #[must_use]
    pub(crate) fn naming_channels(mut self, field: &'static str, pointer: &'static str) -> Self {
        self.channel_names = Some((field, pointer));
        self
    }

    /// The array of its view whose items are in channels, and where each names its own.
    pub fn channel_names(&self) -> Option<(&'static str, &'static str)> {
        self.channel_names
    }

    /// The arrays of its view whose items are channels or threads. The call concerns the guild or
    /// the channel around them, so only here can it be seen which ones it would show.
    pub fn channel_lists(&self) -> &'static [&'static str] {
        self.channel_lists
    }

    /// Whether and how what it does can be undone; `None` where it changes nothing.
    pub fn undone(&self) -> Option<Undoing> {
        self.undoing
    }

    /// Whether its steps are calls of their own.
    pub fn is_flow(&self) -> bool {
        self.is_flow
    }

    /// Whether `agent_name` is one of its control arguments.
    pub fn speaks(&self) -> bool {
        self.speaks
    }

    /// What the model reads: the first paragraph of the argument struct's doc comment.
    pub fn description(&self) -> &str {
        &self.forms().brief
    }

    /// The whole doc comment.
    pub fn full_description(&self) -> &str {
        &self.forms().text
    }

    /// The compact JSON Schema for lists, control arguments included. Nested objects are named,
    /// not spelled out.
    pub fn input_schema(&self) -> Arc<Map<String, Value>> {
        Arc::clone(&self.forms().lean)
    }

    /// The JSON Schema with every nested object and limit.
    pub fn full_schema(&self) -> Arc<Map<String, Value>> {
        Arc::clone(&self.forms().full)
    }

    /// Names of the tool's own arguments, control arguments left out.
    pub fn argument_names(&self) -> impl Iterator<Item = &str> {
        schema::names(&self.forms().draft)
    }

    /// For MCP's `ToolAnnotations`.
    pub fn annotations(&self) -> Annotations {
        Annotations {
            read_only: self.risk == Risk::Read,
            destructive: self.risk == Risk::Destructive || self.carries,
            idempotent: self.idempotent,
            open_world: true,
        }
    }

    /// Parse strictly, check every limit, and build the plan. `arguments` come without control
    /// arguments; `now` serves tools whose arguments count from now (a timeout's length).
    ///
    /// # Errors
    /// The first argument that is unknown, missing, of the wrong type or beyond a limit.
    pub fn prepare(
        &self,
        arguments: Map<String, Value>,
        now: Millis,
    ) -> Result<Prepared, ArgumentError> {
        (self.prepare)(self, arguments, now)
    }

    /// Its control arguments, so that a misspelt one is recognised.
    pub(crate) fn control_names(&self) -> &[String] {
        &self.forms().controls
    }

    pub(crate) fn draft(&self) -> &Map<String, Value> {
        &self.forms().draft
    }

    fn forms(&self) -> &schema::Forms {
        self.forms.get_or_init(|| {
            let risk = if self.carries {
                Risk::Destructive
            } else {
                self.risk
            };
            let controls = control::properties(risk, self.speaks);
            schema::forms((self.draft)(), &controls, self.idempotent)
        })
    }
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tool")
            .field("name", &self.name)
            .field("risk", &self.risk)
            .finish_non_exhaustive()
    }
}
