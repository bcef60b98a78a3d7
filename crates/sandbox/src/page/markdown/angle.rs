//! What stands between `<` and `>`: mentions, custom emojis, commands, moments and addresses.

use std::fmt::Write as _;

use super::{Names, address, escape, moment};
use crate::snowflake::Snowflake;

/// Characters between the brackets.
const MAX_INSIDE: usize = 2_100;
/// Characters of an emoji's or command's name.
const MAX_NAME: usize = 100;

/// Renders what the text starts with; answers how many bytes it took.
pub(super) fn render(out: &mut String, text: &str, names: &Names) -> Option<usize> {
    let inside = text.strip_prefix('<')?;
    let end = inside
        .char_indices()
        .take(MAX_INSIDE)
        .find(|(_, c)| matches!(c, '>' | '<' | '\n'))
        .filter(|(_, c)| *c == '>')?
        .0;
    let (inside, whole) = (&inside[..end], end + 2);
    if let Some(id) = inside.strip_prefix("@&") {
        role(out, id.parse().ok()?, names);
    } else if let Some(id) = inside.strip_prefix('@') {
        user(out, id.trim_start_matches('!').parse().ok()?, names);
    } else if let Some(id) = inside.strip_prefix('#') {
        channel(out, id.parse().ok()?, names);
    } else if let Some(rest) = inside.strip_prefix("t:") {
        let (seconds, style) = rest.split_once(':').unwrap_or((rest, "f"));
        moment::render(out, seconds.parse().ok()?, style, names.now_ms)?;
    } else if let Some(rest) = inside.strip_prefix('/') {
        let (name, id) = rest.rsplit_once(':')?;
        id.parse::<Snowflake>().ok()?;
        command(out, name)?;
    } else if let Some(place) = inside.strip_prefix("id:") {
        guild_place(out, place)?;
    } else if let Some(address) = address::web(inside) {
        address::bare(out, address, names);
    } else {
        let rest = inside
            .strip_prefix("a:")
            .or_else(|| inside.strip_prefix(':'))?;
        let (name, id) = rest.split_once(':')?;
        id.parse::<Snowflake>().ok()?;
        emoji(out, name)?;
    }
    Some(whole)
}

fn user(out: &mut String, id: Snowflake, names: &Names) {
    let Some(name) = names.users.get(&id) else {
        out.push_str("<span class=\"mention\">@unknown-user</span>");
        return;
    };
    let class = if id == names.viewer {
        "mention me"
    } else {
        "mention"
    };
    let element = if names.link { "a" } else { "span" };
    // Writing into a string cannot fail.
    let _ = write!(out, "<{element} class=\"{class}\"");
    if names.link {
        let _ = write!(out, " href=\"#u{id}\"");
    }
    out.push_str(">@");
    escape(out, name);
    let _ = write!(out, "</{element}>");
}

fn role(out: &mut String, id: Snowflake, names: &Names) {
    let name = names.roles.get(&id).map_or("unknown-role", String::as_str);
    mention(out, '@', name);
}

fn channel(out: &mut String, id: Snowflake, names: &Names) {
    let Some(name) = names.channels.get(&id) else {
        mention(out, '#', "no-access");
        return;
    };
    if !names.link {
        mention(out, '#', name);
        return;
    }
    out.push_str("<a class=\"mention\" href=\"");
    escape(out, &names.base);
    let _ = write!(out, "/channels/{id}\">#");
    escape(out, name);
    out.push_str("</a>");
}

fn command(out: &mut String, name: &str) -> Option<()> {
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return None;
    }
    mention(out, '/', name);
    Some(())
}

fn guild_place(out: &mut String, place: &str) -> Option<()> {
    let name = match place {
        "customize" => "channels & roles",
        "browse" => "browse channels",
        "guide" => "server guide",
        "linked-roles" => "linked roles",
        _ => return None,
    };
    mention(out, '#', name);
    Some(())
}

fn mention(out: &mut String, sign: char, name: &str) {
    out.push_str("<span class=\"mention\">");
    out.push(sign);
    escape(out, name);
    out.push_str("</span>");
}

/// The sandbox keeps no pictures of emojis, so the name stands for it.
fn emoji(out: &mut String, name: &str) -> Option<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
        return None;
    }
    let _ = write!(
        out,
        "<span class=\"emoji\" title=\":{name}:\">:{name}:</span>"
    );
    Some(())
}
