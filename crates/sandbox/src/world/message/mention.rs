//! Who a message pings: mentions in its text, within `allowed_mentions` and permissions.

use super::{AllowedMentions, Message};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::World;

/// The mentions found in a text, in order, each once.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    users: Vec<Snowflake>,
    roles: Vec<Snowflake>,
    everyone: bool,
}

impl Found {
    /// How many users and roles, each once.
    pub(crate) fn count(&self) -> usize {
        self.users.len() + self.roles.len()
    }
}

/// Reads `<@id>`, `<@!id>`, `<@&id>`, `@everyone` and `@here`, except inside code.
pub(crate) fn find(text: &str) -> Found {
    let text = without_code(text);
    let mut found = Found {
        everyone: text.contains("@everyone") || text.contains("@here"),
        ..Found::default()
    };
    for piece in text.split("<@").skip(1) {
        let Some((inside, _)) = piece.split_once('>') else {
            continue;
        };
        let (list, id) = match inside.strip_prefix('&') {
            Some(id) => (&mut found.roles, id),
            None => (&mut found.users, inside.trim_start_matches('!')),
        };
        if let Ok(id) = id.parse()
            && !list.contains(&id)
        {
            list.push(id);
        }
    }
    found
}

/// Drops code blocks and inline code: every second piece between fences.
fn without_code(text: &str) -> String {
    let outside = |text: &str, fence: &str| {
        let pieces: Vec<_> = text.split(fence).collect();
        let last = pieces.len() - 1;
        let keep = |(index, piece)| {
            // An opening fence that is never closed is plain text.
            let inside = index % 2 == 1 && index != last;
            if inside { "" } else { piece }
        };
        pieces
            .into_iter()
            .enumerate()
            .map(keep)
            .collect::<Vec<_>>()
            .join(" ")
    };
    outside(&outside(text, "```"), "`")
}

impl World {
    /// Fills a message's mentions from its content.
    pub(crate) fn fill_mentions(&self, message: &mut Message, allowed: Option<&AllowedMentions>) {
        let mut found = find(&message.content);
        if !message.components.is_empty() {
            let shown = find(&displayed_text(&message.components));
            found.users.extend(shown.users);
            found.roles.extend(shown.roles);
            found.everyone |= shown.everyone;
        }
        let guild = self
            .channels
            .get(&message.channel_id)
            .and_then(|c| c.guild_id);
        let by_webhook = message.webhook.is_some();
        let may_ping_all = by_webhook
            || self.permissions_in(message.author_id, message.channel_id) & bits::MENTION_EVERYONE
                != 0;
        let role_pings = |role: &Snowflake| {
            let guild = guild.and_then(|guild| self.guilds.get(&guild));
            guild
                .and_then(|guild| guild.roles.get(role))
                .is_some_and(|role| role.mentionable || may_ping_all)
        };
        message.mention_everyone = found.everyone
            && may_ping_all
            && guild.is_some()
            && allowed.is_none_or(|allowed| allowed.everyone);
        message.mentions = found
            .users
            .into_iter()
            .filter(|user| self.users.contains_key(user))
            .filter(|user| allowed.is_none_or(|a| a.all_users || a.users.contains(user)))
            .collect();
        message.mention_roles = found
            .roles
            .into_iter()
            .filter(role_pings)
            .filter(|role| allowed.is_none_or(|a| a.all_roles || a.roles.contains(role)))
            .collect();
        let pings_author = allowed.is_none_or(|allowed| allowed.replied_user);
        let pings_author = pings_author && message.interaction.is_none();
        if let Some(author) = self.replied_author(message).filter(|_| pings_author)
            && !message.mentions.contains(&author)
        {
            message.mentions.push(author);
        }
    }

    fn replied_author(&self, message: &Message) -> Option<Snowflake> {
        let reference = message
            .reference
            .as_ref()
            .filter(|reference| !reference.forward)?;
        let replied = self.message(reference.channel_id, reference.message_id?)?;
        replied.webhook.is_none().then_some(replied.author_id)
    }
}

/// All text displays of a components v2 message.
fn displayed_text(components: &[serde_json::Value]) -> String {
    let mut text = String::new();
    for component in components {
        if let Some(content) = component["content"].as_str() {
            text.push_str(content);
            text.push('\n');
        }
        if let Some(children) = component["components"].as_array() {
            text.push_str(&displayed_text(children));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_read_outside_code_only() {
        let found = find("<@1> <@!2> <@&3> `<@4>` ```<@5> @everyone``` <@1>");
        assert_eq!(found.users, [Snowflake(1), Snowflake(2)]);
        assert_eq!(found.roles, [Snowflake(3)]);
        assert!(!found.everyone);
    }

    #[test]
    fn an_unclosed_fence_hides_nothing() {
        assert_eq!(find("` <@7>").users, [Snowflake(7)]);
    }
}
