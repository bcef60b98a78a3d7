//! Whether somebody is among those whom an operator trusts to write what a model reads.

use std::{cmp::Ordering, collections::BTreeSet};

use model::{RoleId, place::Standing};

use super::{
    Guild, Member, Role,
    hierarchy::{compare, highest},
};

/// How a member stands to the trusted roles. Those that the guild does not have count for nothing;
/// where it has none of them, only its owner is trusted.
pub fn stands(guild: &Guild, member: &Member, trusted: &BTreeSet<RoleId>) -> Standing {
    if member.is_bot {
        return Standing::Bot;
    }
    if member.user == guild.owner {
        return Standing::Trusted;
    }
    let everyone: RoleId = guild.id.cast();
    let here: Vec<&Role> = trusted.iter().filter_map(|id| guild.role(*id)).collect();
    let has_one = here
        .iter()
        .any(|role| role.id == everyone || member.roles.contains(&role.id));
    let lowest = here.into_iter().min_by(|one, other| compare(one, other));
    let above = match (highest(guild, member), lowest) {
        (Some(own), Some(lowest)) => {
            own.id != everyone && compare(own, lowest) == Ordering::Greater
        }
        _ => false,
    };
    if has_one || above {
        Standing::Trusted
    } else {
        Standing::Below
    }
}

#[cfg(test)]
mod tests {
    use model::Permissions;

    use super::super::fixtures::{OWNER, guild, id, member, role};
    use super::*;

    fn stands_with(user: u64, roles: &[u64], trusted: &[u64]) -> Standing {
        let guild = guild(
            Permissions::NONE,
            vec![
                role(20, "helpers", 2, Permissions::NONE),
                role(30, "staff", 5, Permissions::NONE),
                role(40, "colour", 1, Permissions::NONE),
            ],
        );
        let trusted = trusted.iter().map(|role| id(*role)).collect();
        stands(&guild, &member(user, roles), &trusted)
    }

    #[test]
    fn a_trusted_role_or_a_higher_one_is_needed() {
        assert_eq!(stands_with(9, &[20], &[20]), Standing::Trusted);
        assert_eq!(stands_with(9, &[30], &[20]), Standing::Trusted);
        assert_eq!(stands_with(9, &[20], &[30, 20]), Standing::Trusted);
        assert_eq!(stands_with(9, &[40], &[20]), Standing::Below);
        assert_eq!(stands_with(9, &[], &[20]), Standing::Below);
        assert_eq!(stands_with(9, &[20], &[30]), Standing::Below);
    }

    #[test]
    fn without_a_trusted_role_in_the_guild_only_its_owner_is_trusted() {
        assert_eq!(stands_with(OWNER, &[], &[77]), Standing::Trusted);
        assert_eq!(stands_with(9, &[30], &[77]), Standing::Below);
        assert_eq!(stands_with(9, &[77], &[77]), Standing::Below);
        assert_eq!(stands_with(9, &[30], &[]), Standing::Below);
    }

    #[test]
    fn a_bot_is_no_trusted_member_however_high_it_stands() {
        let bot = Member {
            is_bot: true,
            ..member(9, &[30])
        };
        let guild = guild(
            Permissions::NONE,
            vec![role(30, "staff", 5, Permissions::NONE)],
        );
        assert_eq!(
            stands(&guild, &bot, &BTreeSet::from([id(30)])),
            Standing::Bot
        );
    }
}
