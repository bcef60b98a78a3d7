//! `guildhall tools`: the catalogue from the shell, and one call through the gate.

use std::{io::Read as _, process::ExitCode};

use anyhow::{Context as _, bail};
use catalogue::{Tool, ToolsetSelection, catalogue};
use gate::{Answer, Declined};
use model::{Call, Mode, Origin, Principal};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{cli::ToolsListArgs, config::Config, output, wiring::House};

/// Largest argument document that is read from standard input.
const MAX_ARGUMENTS: u64 = 64 * 1024 * 1024;

/// The list, or with `--all` the whole catalogue.
pub(crate) fn list(args: &ToolsListArgs, config: &Config) -> anyhow::Result<()> {
    let selection = if args.all {
        ToolsetSelection::All
    } else {
        config.toolsets.join(",").parse()?
    };
    let tools = catalogue().select(&selection, config.read_only);
    if args.json {
        let names: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
        let rows: Vec<_> = catalogue()
            .as_listing()
            .into_iter()
            .filter(|row| names.contains(&row.name))
            .collect();
        return output::json(&rows);
    }
    let row = |tool: &&Tool| {
        let brief = tool
            .description()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        vec![
            tool.name.to_owned(),
            tool.toolset.as_str().into(),
            tool.risk.as_str().into(),
            brief,
        ]
    };
    output::table(
        &["TOOL", "TOOLSET", "RISK", "WHAT"],
        &tools.iter().map(row).collect::<Vec<_>>(),
    );
    Ok(())
}

/// One tool's documentation and full schema.
pub(crate) fn show(name: &str, as_json: bool) -> anyhow::Result<()> {
    let tool = find(name)?;
    let schema = Value::Object((*tool.full_schema()).clone());
    let needs = tool.needs.permissions.names();
    if as_json {
        return output::json(&json!({
            "name": tool.name, "title": tool.title, "toolset": tool.toolset, "risk": tool.risk,
            "operations": tool.operations, "needs": needs,
            "description": tool.full_description(), "input_schema": schema,
        }));
    }
    output::line(&format!("{} — {}\n", tool.name, tool.title));
    output::line(&format!("{}\n", tool.full_description()));
    output::line(&format!("toolset     {}", tool.toolset.as_str()));
    output::line(&format!("risk        {}", tool.risk.as_str()));
    output::line(&format!("operations  {}", tool.operations.join(", ")));
    output::line(&format!("needs       {}\n", needs.join(", ")));
    output::json(&schema)
}

/// A tool by its name; the error names the nearest one.
pub(crate) fn find(name: &str) -> anyhow::Result<&'static Tool> {
    catalogue()
        .get(name)
        .with_context(|| match catalogue().nearest(name) {
            Some(near) => format!("there is no tool {name}; did you mean {near}?"),
            None => format!("there is no tool {name}; `guildhall tools list --all` shows them"),
        })
}

/// Call a tool as the local operator. Exit code 2 means that it was refused, 1 that it failed.
pub(crate) async fn call(
    name: &str,
    arguments: &str,
    as_json: bool,
    config: Config,
) -> anyhow::Result<ExitCode> {
    let tool = find(name)?.name.to_owned();
    let arguments = read_arguments(arguments)?;
    let house = House::build(config, CancellationToken::new()).await?;
    let call = Call {
        principal: Principal::local_operator(),
        tool,
        arguments,
        mode: Mode::Default,
        idempotency_key: None,
        agent: None,
        session: None,
        origin: Origin::CommandLine,
    };
    let answer = house.gate.call(call).await;
    house.close().await;
    tell(answer, as_json)
}

/// Say how a call went.
pub(crate) fn tell(answer: Result<Answer, Declined>, as_json: bool) -> anyhow::Result<ExitCode> {
    let (mut shown, paths, code) = match answer {
        Ok(Answer::Done(done)) => {
            let paths = done.view.untrusted.iter().map(|it| (*it).to_owned());
            (done.view.value, paths.collect(), ExitCode::SUCCESS)
        }
        Ok(Answer::Planned(plan)) => {
            let paths = plan.untrusted();
            let paths = paths.iter().map(|path| format!("plan.{path}"));
            let paths: Vec<String> = paths.collect();
            let shown = json!({ "outcome": "planned", "plan": plan });
            (shown, paths, ExitCode::SUCCESS)
        }
        Ok(Answer::Waiting(waiting)) => (
            json!({ "outcome": "waiting_for_people", "approval": waiting }),
            Vec::new(),
            ExitCode::SUCCESS,
        ),
        Err(declined) => {
            let quoted = declined.quotes_others().then(|| "error".to_owned());
            let (shown, code) = match declined {
                Declined::Refused(refusal) => (
                    json!({ "outcome": "refused", "error": refusal }),
                    ExitCode::from(2),
                ),
                Declined::Failed(failure) => (
                    json!({ "outcome": "failed", "error": failure }),
                    ExitCode::FAILURE,
                ),
            };
            (shown, quoted.into_iter().collect(), code)
        }
    };
    // Agents read the command line too.
    if let Value::Object(fields) = &mut shown {
        gate::marks::mark(fields, &paths);
    }
    if as_json {
        output::json_line(&shown)?;
    } else {
        output::json(&shown)?;
    }
    Ok(code)
}

fn read_arguments(text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut from_input = String::new();
    let text = if text == "-" {
        std::io::stdin()
            .take(MAX_ARGUMENTS)
            .read_to_string(&mut from_input)?;
        &from_input
    } else {
        text
    };
    match serde_json::from_str(text).context("the arguments are not JSON")? {
        Value::Object(arguments) => Ok(arguments),
        _ => bail!("the arguments must be a JSON object, such as '{{\"channel_id\":\"1\"}}'"),
    }
}
