//! Custom emojis in messages: those of other guilds need a permission, and whoever has none writes
//! their names instead.

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::World;

impl World {
    /// Whether a user may use a custom emoji in a channel. Direct messages take every emoji.
    pub(super) fn may_use_emoji(&self, user: Snowflake, channel: Snowflake, id: Snowflake) -> bool {
        let Some(here) = self.guild_of(channel) else {
            return true;
        };
        let own = |guild| {
            let guild = self.guilds.get(&guild);
            guild.is_some_and(|guild| guild.emojis.contains_key(&id))
        };
        own(here) || self.permissions_in(user, channel) & bits::USE_EXTERNAL_EMOJIS != 0
    }

    /// A text with `:name:` in place of each custom emoji that its author may not use there.
    pub(crate) fn without_foreign_emojis(
        &self,
        user: Snowflake,
        channel: Snowflake,
        text: &str,
    ) -> String {
        let mut kept = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            let (before, from) = rest.split_at(at);
            kept.push_str(before);
            let Some((name, id, length)) = emoji_at(from) else {
                kept.push('<');
                rest = &from[1..];
                continue;
            };
            let foreign = self.find_emoji(id).is_some() && !self.may_use_emoji(user, channel, id);
            if foreign {
                kept.extend([":", name, ":"]);
            } else {
                kept.push_str(&from[..length]);
            }
            rest = &from[length..];
        }
        kept.push_str(rest);
        kept
    }
}

/// Reads `<:name:id>` or `<a:name:id>` at the start: name, id and its length.
fn emoji_at(text: &str) -> Option<(&str, Snowflake, usize)> {
    let inside = text
        .strip_prefix("<a:")
        .or_else(|| text.strip_prefix("<:"))?;
    let (inside, _) = inside.split_once('>')?;
    let (name, id) = inside.split_once(':')?;
    let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let length = text.find('>')? + 1;
    let id = id.parse().ok().filter(|_| named)?;
    Some((name, id, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_read_only_where_it_is_whole() {
        assert_eq!(emoji_at("<:a_1:5> b"), Some(("a_1", Snowflake(5), 8)));
        assert_eq!(emoji_at("<a:x:7>"), Some(("x", Snowflake(7), 7)));
        for text in ["<:x:>", "<:x", "<x:5>", "<::5>", "<:a b:5>", "<"] {
            assert_eq!(emoji_at(text), None, "{text}");
        }
    }
}
