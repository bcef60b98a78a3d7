//! `completion/complete`: ids of guilds and channels by the start of their id or name.
//!
//! Suggestions are a courtesy: whatever cannot be read, or is none of the caller's business, is
//! simply not suggested.

use model::GuildId;
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference};
use serde_json::{Map, Value};

use crate::{
    prompts::{self, Kind},
    reader::Reader,
    resources,
};

/// Guilds whose channels are looked through when the caller has not said which guild it means:
/// each costs a request to Discord.
const GUILDS_SEARCHED: usize = 5;

/// Characters of the text to complete; the longest name in Discord has 100.
const LONGEST_START: usize = 100;

/// Answer one request. A reference or argument that is not ours has no suggestions.
pub(crate) async fn complete(
    reader: &Reader<'_>,
    request: &CompleteRequestParams,
) -> CompleteResult {
    let name = request.argument.name.as_str();
    let kind = match &request.r#ref {
        Reference::Prompt(prompt) => prompts::parameter(&prompt.name, name),
        Reference::Resource(template) => resources::parameter(&template.uri, name),
        _ => None,
    };
    let start = request.argument.value.trim().trim_start_matches('#');
    if start.chars().count() > LONGEST_START {
        return result(Vec::new(), false);
    }
    match kind {
        Some(Kind::Guild) => {
            let guilds = reader.guilds().await.unwrap_or_default();
            result(matching(&guilds, start), false)
        }
        Some(Kind::Channel) => channels(reader, chosen_guild(request), start).await,
        Some(Kind::Message) | None => result(Vec::new(), false),
    }
}

async fn channels(reader: &Reader<'_>, guild: Option<GuildId>, start: &str) -> CompleteResult {
    if let Some(guild) = guild {
        let channels = reader.channels(&guild.to_string()).await;
        return result(matching(&channels.unwrap_or_default(), start), false);
    }
    let guilds = reader.guilds().await.unwrap_or_default();
    let mut found = Vec::new();
    for guild in guilds.iter().take(GUILDS_SEARCHED) {
        let Some(id) = guild.get("id").and_then(Value::as_str) else {
            continue;
        };
        let channels = reader.channels(id).await.unwrap_or_default();
        found.extend(matching(&channels, start));
    }
    result(found, guilds.len() > GUILDS_SEARCHED)
}

/// The guild that an earlier argument of the same prompt names.
fn chosen_guild(request: &CompleteRequestParams) -> Option<GuildId> {
    let context = request.context.as_ref()?;
    context.get_argument("guild_id")?.parse().ok()
}

/// Ids of those whose id or name begins so, in any case; an empty start is the start of all.
fn matching(items: &[Map<String, Value>], start: &str) -> Vec<String> {
    let text = |item: &Map<String, Value>, member: &str| {
        let value = item.get(member).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let start = start.to_lowercase();
    items
        .iter()
        .map(|item| (text(item, "id"), text(item, "name").to_lowercase()))
        .filter(|(id, name)| !id.is_empty() && (id.starts_with(&start) || name.starts_with(&start)))
        .map(|(id, _)| id)
        .collect()
}

fn result(mut values: Vec<String>, more_elsewhere: bool) -> CompleteResult {
    let all = values.len();
    values.truncate(CompletionInfo::MAX_VALUES);
    let total = u32::try_from(all).ok().filter(|_| !more_elsewhere);
    let has_more = more_elsewhere || all > CompletionInfo::MAX_VALUES;
    let info = CompletionInfo::with_pagination(values, total, has_more)
        .expect("there are no more values than the protocol allows");
    CompleteResult::new(info)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items(of: &Value) -> Vec<Map<String, Value>> {
        serde_json::from_value(of.clone()).unwrap()
    }

    #[test]
    fn the_start_of_an_id_or_of_a_name_is_enough() {
        let items = items(&json!([
            {"id": "10", "name": "General"}, {"id": "11", "name": "garden"}, {"id": "20"},
        ]));
        for (start, found) in [
            ("", vec!["10", "11", "20"]),
            ("1", vec!["10", "11"]),
            ("GEN", vec!["10"]),
            ("eneral", vec![]),
        ] {
            assert_eq!(matching(&items, start), found, "{start}");
        }
    }

    #[test]
    fn no_more_than_a_hundred_are_suggested() {
        let values = (0..250).map(|n| n.to_string()).collect();
        let info = result(values, false).completion;
        assert_eq!(info.values.len(), 100);
        assert_eq!((info.total, info.has_more), (Some(250), Some(true)));
        let info = result(vec!["1".into()], true).completion;
        assert_eq!((info.total, info.has_more), (None, Some(true)));
    }
}
