//! Dispatchers run tools that a list does not show. They are unwrapped before anything is judged,
//! so that the checks see the tool that really runs.

use catalogue::{Tool, catalogue, control};
use model::{Call, Reason, Risk};
use serde_json::Value;

use crate::controls;

/// The dispatchers, each for the tools of one risk.
const DISPATCHERS: [(&str, Risk); 3] = [
    ("discord_run_read", Risk::Read),
    ("discord_run_write", Risk::Write),
    ("discord_run_destructive", Risk::Destructive),
];

/// Whether this tool only passes calls on.
pub(crate) fn is_dispatcher(name: &str) -> bool {
    DISPATCHERS
        .iter()
        .any(|(dispatcher, _)| *dispatcher == name)
}

/// Put the tool that is meant, its arguments and its control arguments into the call, and give its
/// row. Control arguments may stand beside `tool` or inside `arguments`.
pub(crate) fn unwrap(call: &mut Call) -> Result<&'static Tool, Reason> {
    let outer = find(&call.tool)?;
    let Some((_, risk)) = DISPATCHERS.iter().find(|(name, _)| *name == call.tool) else {
        controls::take(outer, &mut call.arguments)?.apply(call);
        return Ok(outer);
    };
    let said_outside = controls::take(outer, &mut call.arguments)?;
    let (name, mut arguments) = wrapped(call)?;
    // Found again where a model puts it beside `tool`: who speaks is a matter of the inner tool.
    let agent = call.arguments.remove(control::AGENT_NAME);
    if let Some(unknown) = call.arguments.keys().next() {
        return Err(Reason::new(
            "invalid_arguments",
            format!(
                "`{unknown}` is not an argument of {}; the tool's own go into `arguments`",
                call.tool
            ),
        ));
    }
    if let Some(agent) = agent {
        arguments.entry(control::AGENT_NAME).or_insert(agent);
    }
    let inner = find(&name)?;
    if is_dispatcher(inner.name) {
        return Err(Reason::new(
            "invalid_arguments",
            format!("{name} cannot be run through {}", call.tool),
        )
        .with_hint("name the tool itself in `tool`"));
    }
    if inner.risk != *risk {
        return Err(Reason::new(
            "wrong_dispatcher",
            format!(
                "{name} has the risk \"{}\", and {} runs only \"{}\"",
                inner.risk.as_str(),
                call.tool,
                risk.as_str()
            ),
        )
        .with_hint(format!("use discord_run_{}", inner.risk.as_str())));
    }
    said_outside.apply(call);
    controls::take(inner, &mut arguments)?.apply(call);
    name.clone_into(&mut call.tool);
    call.arguments = arguments;
    Ok(inner)
}

fn wrapped(call: &mut Call) -> Result<(String, serde_json::Map<String, Value>), Reason> {
    let wrong = |message: &str| {
        Reason::new("invalid_arguments", format!("{}: {message}", call.tool))
            .with_hint("discord_find_tools names the tools and shows their arguments")
    };
    let name = match call.arguments.get("tool") {
        Some(Value::String(name)) => name.clone(),
        Some(_) => return Err(wrong("`tool` must be the name of a tool")),
        None => return Err(wrong("`tool` is missing: the name of the tool to run")),
    };
    let arguments = match call.arguments.get("arguments") {
        None | Some(Value::Null) => serde_json::Map::new(),
        Some(Value::Object(arguments)) => arguments.clone(),
        Some(_) => return Err(wrong("`arguments` must be an object")),
    };
    call.arguments.remove("tool");
    call.arguments.remove("arguments");
    Ok((name, arguments))
}

fn find(name: &str) -> Result<&'static Tool, Reason> {
    catalogue().get(name).ok_or_else(|| {
        let clipped: String = name.chars().take(64).collect();
        let reason = Reason::new("unknown_tool", format!("there is no tool \"{clipped}\""));
        match catalogue().nearest(name) {
            Some(near) => reason.with_hint(format!("did you mean {near}?")),
            None => reason.with_hint("discord_find_tools lists what there is"),
        }
    })
}
