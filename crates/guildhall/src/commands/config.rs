//! `guildhall config show`: every key, its value, and where the value comes from.

use crate::{
    config::{Sources, shown},
    output,
};

/// Print the table; secrets only as set or unset.
pub(crate) fn show(sources: &Sources, as_json: bool) -> anyhow::Result<()> {
    let keys = shown(sources);
    if as_json {
        return output::json(&keys);
    }
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            vec![
                key.key.to_owned(),
                key.value.clone(),
                key.source.clone(),
                key.variables.join(", "),
            ]
        })
        .collect();
    output::table(&["KEY", "VALUE", "FROM", "ENVIRONMENT"], &rows);
    let policy = match (&sources.policy, &sources.file) {
        (Some(policy), Some(file)) if !policy.is_empty() => {
            format!("\n[policy] is set in {}", file.display())
        }
        _ => "\nNo [policy] in a configuration file: the defaults apply.".to_owned(),
    };
    output::line(&policy);
    Ok(())
}
