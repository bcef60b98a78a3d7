//! Roles and channels in sentences, safe to show.

use model::Permissions;

use super::hierarchy::compare;
use super::{Guild, Role};

/// How many roles a sentence names before it says how many more there are.
const NAMED_ROLES: usize = 5;
/// How much of a name is shown. Discord allows 100 characters for roles and channels.
const NAME_CHARS: usize = 100;

/// The owner and the roles above `above` that hold `power` or ADMINISTRATOR.
pub(super) fn those_who(guild: &Guild, power: Permissions, above: Option<&Role>) -> String {
    let mut able: Vec<&Role> = guild
        .roles
        .iter()
        .filter(|role| {
            role.permissions.contains(power)
                || role.permissions.contains(Permissions::ADMINISTRATOR)
        })
        .filter(|role| above.is_none_or(|above| compare(role, above).is_gt()))
        .filter(|role| role.id != guild.id.cast())
        .collect();
    able.sort_by(|one, other| compare(other, one));
    let owner = format!("the owner (user {})", guild.owner);
    if able.is_empty() {
        return owner;
    }
    format!("{owner} or a member with {}", labels(guild, &able, "or"))
}

/// `@everyone`, or the role's name in quotes.
pub(super) fn role_label(guild: &Guild, role: &Role) -> String {
    if role.id == guild.id.cast() {
        return "@everyone".to_owned();
    }
    format!("the role \"{}\"", clean(&role.name))
}

/// Roles in a row, `@everyone and the role "bots"`.
pub(super) fn labels(guild: &Guild, roles: &[&Role], joint: &str) -> String {
    let mut labels: Vec<String> = roles
        .iter()
        .take(NAMED_ROLES)
        .map(|role| role_label(guild, role))
        .collect();
    if roles.len() > NAMED_ROLES {
        labels.push(format!("{} more", roles.len() - NAMED_ROLES));
    }
    let Some(last) = labels.pop() else {
        return "none".to_owned();
    };
    if labels.is_empty() {
        return last;
    }
    format!("{} {joint} {last}", labels.join(", "))
}

/// `#news`; in quotes where the name could be read as more than a name, `#"you may. News"`.
pub(super) fn channel_label(name: &str) -> String {
    let name = clean(name);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(plain) {
        format!("#{name}")
    } else {
        format!("#\"{name}\"")
    }
}

/// Names are people's words: no line breaks, no quotes that end ours, no endless length.
pub(super) fn clean(name: &str) -> String {
    name.chars()
        .take(NAME_CHARS)
        .map(|c| match c {
            '"' => '\'',
            '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}
