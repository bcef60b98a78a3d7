//! What the bot lacks where a call acts, and the Discord user who asked for it, if one did.

use catalogue::{Needs, On};
use model::{
    ChannelId, GuildId, HandsError, Origin, Permissions, Surroundings, UserId,
    place::{Lack, Subject},
};

use super::{Aims, Places};

/// What is missing for it.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    pub missing: Vec<Missing>,
    /// Names of what was asked for.
    pub needed: Vec<String>,
    /// Whether a Discord user's rights counted too.
    pub for_asker: bool,
    /// Permissions that one of them lacks and does not need, because it is about their own.
    pub waived: Vec<(Whose, String)>,
}

/// What an asker lacks where nobody can be judged as a member.
pub(crate) const MEMBERSHIP: &str = "MEMBERSHIP";

/// One thing that is missing.
#[derive(Debug)]
pub(crate) struct Missing {
    pub whose: Whose,
    /// `channel 42`, `guild 7`.
    pub place: String,
    pub lack: Lack,
}

impl Missing {
    fn is_among(&self, names: &[String]) -> bool {
        names.contains(&self.lack.permission)
    }
}

/// Whose right it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Bot,
    Asker,
}

/// Find out what is missing there.
pub(crate) async fn rights(
    surroundings: &dyn Surroundings,
    origin: Origin,
    needs: &Needs,
    aims: &Aims,
    places: &Places,
) -> Result<Rights, HandsError> {
    let mut rights = Rights::default();
    let mut asking = vec![(Whose::Bot, Subject::Bot)];
    if let Origin::Discord { user, .. } = origin {
        rights.for_asker = true;
        asking.push((Whose::Asker, Subject::Member(user)));
        if !aims.idle {
            rights.refuse_where_no_member_can_be_judged(places, user);
        }
    }
    let questions = questions(needs, aims, places, rights.for_asker);
    for (guild, channel, permissions) in &questions {
        for name in permissions.names() {
            if !rights.needed.contains(&name) {
                rights.needed.push(name);
            }
        }
        for (whose, subject) in &asking {
            let lacks = surroundings
                .lacks(*subject, *guild, *channel, *permissions)
                .await?;
            rights.missing.extend(lacks.into_iter().map(|lack| Missing {
                whose: *whose,
                place: named(*guild, *channel),
                lack,
            }));
        }
    }
    if let Origin::Discord { user, .. } = origin {
        for (guild, channel, permissions) in questions_to_the_asker(needs, aims, places) {
            let lacks = surroundings
                .lacks(Subject::Member(user), guild, channel, permissions)
                .await?;
            rights.missing.extend(lacks.into_iter().map(|lack| Missing {
                whose: Whose::Asker,
                place: named(guild, channel),
                lack,
            }));
        }
    }
    let Some(guild) = places.acts.iter().find_map(|place| place.guild_id) else {
        return Ok(rights);
    };
    if aims.aimless {
        rights.missing.push(unknown_aim(guild));
    }
    for aim in &aims.below {
        for (whose, subject) in &asking {
            if let Some(lack) = surroundings.outranked(*subject, guild, *aim).await? {
                rights.missing.push(Missing {
                    whose: *whose,
                    place: named(guild, None),
                    lack,
                });
            }
        }
    }
    Ok(rights)
}

type Asked = (GuildId, Option<ChannelId>, Permissions);

fn questions(needs: &Needs, aims: &Aims, places: &Places, for_asker: bool) -> Vec<Asked> {
    let mut questions: Vec<Asked> = Vec::new();
    let mut ask = |guild, channel, permissions: Permissions| {
        let question = (guild, channel, permissions);
        if !permissions.is_empty() && !questions.contains(&question) {
            questions.push(question);
        }
    };
    // Being able to see a place is the least that an asker must be able to.
    let least = if for_asker {
        Permissions::VIEW_CHANNEL
    } else {
        Permissions::NONE
    };
    for place in &places.acts {
        let Some(guild) = place.guild_id else {
            continue;
        };
        match (needs.scope, place.channel_id) {
            (On::Channel, Some(channel)) => {
                let own = match needs.in_threads {
                    Some(in_threads) if place.is_thread => in_threads,
                    _ => needs.permissions,
                };
                ask(guild, Some(channel), own | aims.needs | least);
            }
            (On::Channel, None) => ask(guild, None, least),
            (On::Guild, _) => {
                ask(guild, None, needs.permissions | aims.needs);
                ask(guild, place.channel_id, least);
            }
            (On::Nothing, channel) => ask(guild, channel, aims.needs | least),
        }
    }
    for place in &places.touches {
        if let (Some(guild), Some(channel)) = (place.guild_id, place.channel_id) {
            let quoted = aims.quotes.contains(&channel);
            let history = if quoted {
                Permissions::READ_MESSAGE_HISTORY
            } else {
                Permissions::NONE
            };
            ask(guild, Some(channel), Permissions::VIEW_CHANNEL | history);
        }
    }
    questions
}

/// What Discord would judge itself were the asker to act, and cannot while the bot acts for them.
fn questions_to_the_asker(needs: &Needs, aims: &Aims, places: &Places) -> Vec<Asked> {
    let mut questions: Vec<Asked> = Vec::new();
    for place in &places.acts {
        let Some(guild) = place.guild_id else {
            continue;
        };
        // Of a whole guild a tool for channels asks for all channels.
        let all_channels = match (needs.scope, place.channel_id) {
            (On::Channel, None) => needs.permissions | aims.needs,
            _ => Permissions::NONE,
        };
        let permissions = all_channels | aims.asker_needs;
        if !permissions.is_empty() {
            questions.push((guild, place.channel_id, permissions));
        }
    }
    questions
}

impl Rights {
    /// Whether nothing is missing but some of these permissions.
    pub(crate) fn depend_on(&self, waivable: Permissions) -> bool {
        let names = waivable.names();
        !self.missing.is_empty() && self.missing.iter().all(|one| one.is_among(&names))
    }

    /// Whether anything is missing for them.
    pub(crate) fn lacks(&self, whose: Whose) -> bool {
        self.missing.iter().any(|missing| missing.whose == whose)
    }

    /// They do not need these permissions.
    pub(crate) fn waive(&mut self, whose: Whose, permissions: Permissions) {
        let names = permissions.names();
        let waived = |one: &mut Missing| one.whose == whose && one.is_among(&names);
        for missing in self.missing.extract_if(.., waived) {
            let waived = (whose, missing.lack.permission);
            if !self.waived.contains(&waived) {
                self.waived.push(waived);
            }
        }
    }

    /// A DM, or no place at all: nothing says what a member may do there, and unknown means no.
    fn refuse_where_no_member_can_be_judged(&mut self, places: &Places, user: UserId) {
        if places.acts.is_empty() || places.acts.iter().any(|place| place.guild_id.is_none()) {
            self.missing.push(Missing {
                whose: Whose::Asker,
                place: "no guild".to_owned(),
                lack: Lack {
                    permission: MEMBERSHIP.to_owned(),
                    because: format!("outside a guild nobody knows what user {user} may do"),
                    remedy: "ask for something in a guild".to_owned(),
                },
            });
        }
    }
}

fn named(guild: GuildId, channel: Option<ChannelId>) -> String {
    match channel {
        Some(channel) => format!("channel {channel}"),
        None => format!("guild {guild}"),
    }
}

fn unknown_aim(guild: GuildId) -> Missing {
    Missing {
        whose: Whose::Bot,
        place: named(guild, None),
        lack: Lack {
            permission: "ROLE_HIERARCHY".to_owned(),
            because: "the request does not say at whom it is aimed".to_owned(),
            remedy: "name the member or role".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(whose: Whose, permission: &str) -> Missing {
        Missing {
            whose,
            place: "channel 10".to_owned(),
            lack: Lack {
                permission: permission.to_owned(),
                because: String::new(),
                remedy: String::new(),
            },
        }
    }

    #[test]
    fn what_is_waived_for_one_counts_for_the_other_and_so_does_hierarchy() {
        let waivable = Permissions::MANAGE_MESSAGES;
        let mut rights = Rights::default();
        assert!(!rights.depend_on(waivable));
        rights.missing.push(missing(Whose::Bot, "MANAGE_MESSAGES"));
        let asker = missing(Whose::Asker, "MANAGE_MESSAGES");
        rights.missing.push(asker);
        assert!(rights.depend_on(waivable));
        rights.missing.push(missing(Whose::Bot, "ROLE_HIERARCHY"));
        assert!(!rights.depend_on(waivable));

        rights.waive(Whose::Bot, waivable);
        let left: Vec<_> = rights
            .missing
            .iter()
            .map(|one| (one.whose, one.lack.permission.as_str()))
            .collect();
        let hierarchy = (Whose::Bot, "ROLE_HIERARCHY");
        assert_eq!(left, [(Whose::Asker, "MANAGE_MESSAGES"), hierarchy]);
        assert_eq!(rights.waived, [(Whose::Bot, "MANAGE_MESSAGES".to_owned())]);
    }
}
