//! The text of a policy that is kept in the database, where there is no file beside it.

use catalogue::{Toolset, catalogue};
use policy::{Fault, Judges, Policy};

/// Read a text as the policy of a workspace: one that speaks of tools and toolsets that exist, with
/// Cedar text that these judges can read.
///
/// # Errors
/// The first thing that is wrong, with its line and column.
pub fn read_stored(text: &str, judges: &dyn Judges) -> Result<Policy, Fault> {
    let tools: Vec<&str> = catalogue().tools().iter().map(|tool| tool.name).collect();
    let toolsets: Vec<&str> = Toolset::ALL.iter().map(|set| set.as_str()).collect();
    let policy = Policy::read(text, &tools, &toolsets)?;
    // Files are the operator's.
    if policy.cedar_file.is_some() {
        let named = text.find("cedar_file").unwrap_or_default();
        let what = "a stored policy names no files; put the text into `cedar`";
        return Err(Fault::at(text, named, what.to_owned()));
    }
    judges.check(&policy, &tools).map_err(|fault| {
        let cedar = policy.cedar.as_deref().unwrap_or_default();
        Fault::in_cedar(text, cedar, fault.offset, fault.what)
    })?;
    Ok(policy)
}
