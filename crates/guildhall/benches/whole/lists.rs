//! How much of a model's context the lists of tools take.

use std::path::Path;

use anyhow::Context as _;
use sandbox::Limits;
use serde_json::{Value, json};

use crate::{
    figure::{Figure, Limit, Report},
    scene::{Database, Scene},
    stdio::Client,
};

const DEFAULT: Limit = Limit::Under(10_240.0);
const ALL: Limit = Limit::Under(110_000.0);
/// More pages than a list has.
const PAGES: usize = 20;

pub(crate) async fn measure(root: &Path, report: &mut Report) -> anyhow::Result<()> {
    let scene = Scene::new(root, Limits::off()).await?;
    for (name, toolsets, limit) in [
        ("tools_list_default", "default", DEFAULT),
        ("tools_list_all", "all", ALL),
    ] {
        let command = scene.command(Database::Memory, &["mcp", "--toolsets", toolsets]);
        let bytes = bytes(&mut Client::open(command)?)?;
        report.tell(Figure::new(name, "bytes", bytes).limit(limit))?;
    }
    Ok(())
}

/// The results of all pages, as they are sent.
fn bytes(client: &mut Client) -> anyhow::Result<f64> {
    let (mut bytes, mut cursor) = (0, Value::Null);
    for _ in 0..PAGES {
        let params = if cursor.is_null() {
            json!({})
        } else {
            json!({ "cursor": cursor })
        };
        let mut answer = client.ask("tools/list", &params)?;
        let result = answer.get_mut("result").context("there is no list")?;
        bytes += result.to_string().len();
        cursor = result["nextCursor"].take();
        if cursor.is_null() {
            break;
        }
    }
    Ok(f64::from(u32::try_from(bytes)?))
}
