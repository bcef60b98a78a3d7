//! Who stands above whom. Source: Discord documentation, *Permissions › Permission Hierarchy*.

use std::cmp::{Ordering, Reverse};

use model::place::Lack;

use super::naming::{role_label, those_who};
use super::{Guild, Member, Role};

/// The name of this lack; it is no permission bit.
const ROLE_HIERARCHY: &str = "ROLE_HIERARCHY";

/// Why `actor`, called `who`, may not act on `target`: the owner may act on everyone, nobody on
/// the owner, everyone on themselves, and others only on members whose highest role is lower.
pub fn outranked_by_member(
    guild: &Guild,
    who: &str,
    actor: &Member,
    target: &Member,
) -> Option<Lack> {
    if actor.user == target.user || actor.user == guild.owner {
        return None;
    }
    if target.user == guild.owner {
        return Some(Lack {
            permission: ROLE_HIERARCHY.to_owned(),
            because: format!("user {} owns the guild", target.user),
            remedy: "nobody can act on the owner of a guild".to_owned(),
        });
    }
    let (own, theirs) = (highest(guild, actor)?, highest(guild, target)?);
    if compare(own, theirs) == Ordering::Greater {
        return None;
    }
    let because = format!(
        "the highest role of user {}, {}, is not below {}, the highest of {who}",
        target.user,
        role_label(guild, theirs),
        role_label(guild, own),
    );
    Some(lack(guild, who, theirs, because))
}

/// Why `actor`, called `who`, may not change, give or take `role`: it must be lower than the
/// actor's highest role.
pub fn outranked_by_role(guild: &Guild, who: &str, actor: &Member, role: &Role) -> Option<Lack> {
    if actor.user == guild.owner {
        return None;
    }
    let own = highest(guild, actor)?;
    if compare(own, role) == Ordering::Greater {
        return None;
    }
    let because = format!(
        "{} is not below {}, the highest role of {who}",
        role_label(guild, role),
        role_label(guild, own)
    );
    Some(lack(guild, who, role, because))
}

/// Rank order: higher positions first; at the same position the lower (older) id is higher.
pub(super) fn compare(one: &Role, other: &Role) -> Ordering {
    (one.position, Reverse(one.id)).cmp(&(other.position, Reverse(other.id)))
}

/// The highest role of a member; `@everyone` where there is no other.
pub(super) fn highest<'a>(guild: &'a Guild, member: &'a Member) -> Option<&'a Role> {
    // `@everyone` is below every other role, whatever its position says.
    let everyone = guild.id.cast();
    guild.roles_of(member).max_by(|one, other| {
        (one.id != everyone)
            .cmp(&(other.id != everyone))
            .then_with(|| compare(one, other))
    })
}

fn lack(guild: &Guild, who: &str, above: &Role, because: String) -> Lack {
    Lack {
        permission: ROLE_HIERARCHY.to_owned(),
        because,
        remedy: format!(
            "{} can move a role of {who} above {}",
            those_who(guild, model::Permissions::MANAGE_ROLES, Some(above)),
            role_label(guild, above)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{BOT, OWNER, guild, member, role};
    use super::*;
    use model::Permissions;

    fn ladder() -> Guild {
        guild(
            Permissions::NONE,
            vec![
                role(20, "elder", 2, Permissions::NONE),
                role(21, "twin", 2, Permissions::NONE),
                role(30, "low", 1, Permissions::NONE),
                role(40, "top", 9, Permissions::MANAGE_ROLES),
            ],
        )
    }

    #[test]
    fn position_decides_and_then_the_older_role() {
        let guild = ladder();
        let of = |roles: &[u64]| member(BOT, roles);
        let on = |roles: &[u64]| member(9, roles);
        let free =
            |a: &[u64], b: &[u64]| outranked_by_member(&guild, "the bot", &of(a), &on(b)).is_none();
        assert!(free(&[20], &[30]));
        assert!(free(&[20], &[21]));
        assert!(!free(&[21], &[20]));
        assert!(!free(&[20], &[20]));
        assert!(!free(&[20], &[30, 40]));
        assert!(free(&[30], &[]));
        assert!(!free(&[], &[]));
    }

    #[test]
    fn the_owner_may_all_and_nobody_may_the_owner() {
        let guild = ladder();
        let (owner, top) = (member(OWNER, &[]), member(BOT, &[40]));
        assert_eq!(outranked_by_member(&guild, "user 1", &owner, &top), None);
        let lack = outranked_by_member(&guild, "the bot", &top, &owner).unwrap();
        assert_eq!(lack.because, "user 1 owns the guild");
        assert_eq!(outranked_by_member(&guild, "the bot", &top, &top), None);
    }

    #[test]
    fn a_role_out_of_reach_is_named_with_those_who_can_help() {
        let guild = ladder();
        let role = guild.role(super::super::fixtures::id(20)).unwrap();
        let lack = outranked_by_role(&guild, "the bot", &member(BOT, &[30]), role).unwrap();
        assert_eq!(lack.permission, "ROLE_HIERARCHY");
        assert_eq!(
            lack.because,
            "the role \"elder\" is not below the role \"low\", the highest role of the bot"
        );
        assert_eq!(
            lack.remedy,
            "the owner (user 1) or a member with the role \"top\" can move a role of the bot \
             above the role \"elder\""
        );
        let low = guild.role(super::super::fixtures::id(30)).unwrap();
        assert_eq!(
            outranked_by_role(&guild, "the bot", &member(BOT, &[20]), low),
            None
        );
    }
}
