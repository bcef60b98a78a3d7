//! What must be known before a call is judged: where its targets are, and what the bot and the
//! asker lack there. Gathered once for each round of requests; the checks only look.

use catalogue::{AimAt, Needs, On, Prepared};
use model::{
    ChannelId, GuildId, HandsError, Origin, Permissions, Place, Request, Surroundings, UserId,
    place::{Aim, Lack, Subject},
};
use policy::{Lineage, Policy, Whereabouts};

use crate::targets::{self, Target};

/// What one round of requests is aimed at, and what it takes.
#[derive(Debug, Default)]
pub(crate) struct Aims {
    /// From the paths of the requests that do the work.
    acts: Vec<Target>,
    /// Reached into besides: bodies, queries, other channels, state that is looked at.
    touches: Vec<Target>,
    /// Channels whose words would be shown elsewhere.
    quotes: Vec<ChannelId>,
    /// Beyond the tool's own needs.
    needs: Permissions,
    /// Who must rank lower.
    below: Vec<Aim>,
    /// The tool aims at somebody, and the request does not say at whom.
    aimless: bool,
}

/// Where all of that is.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pub whereabouts: Vec<Whereabouts>,
    /// Allowed guilds that the bot is not in.
    pub not_installed: Vec<GuildId>,
    /// Every guild, once.
    pub guilds: Vec<GuildId>,
    pub lineages: Vec<Lineage>,
    /// Where the act itself happens.
    acts: Vec<Place>,
    touches: Vec<Place>,
}

/// What is missing for it.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    pub missing: Vec<Missing>,
    /// Names of what was asked for.
    pub needed: Vec<String>,
    /// Whether a Discord user's rights counted too.
    pub for_asker: bool,
}

/// One thing that is missing.
#[derive(Debug)]
pub(crate) struct Missing {
    pub whose: Whose,
    /// `channel 42`, `guild 7`.
    pub place: String,
    pub lack: Lack,
}

/// Whose right it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Bot,
    Asker,
}

impl Aims {
    /// Everything a prepared call names.
    pub(crate) fn of(prepared: &Prepared, needs: &Needs) -> Self {
        let mut aims = Self::default();
        match prepared {
            Prepared::Read(plan) => {
                aims.needs = plan.needs;
                aims.act(&plan.requests, needs);
            }
            Prepared::Write(plan) => {
                aims.needs = plan.needs;
                aims.act(std::slice::from_ref(&plan.request), needs);
                aims.below.extend(&plan.aims);
                aims.aimless &= plan.aims.is_empty();
                let also = plan.also.iter().copied().map(Target::Channel);
                extend_new(&mut aims.touches, also);
                for request in plan.live.iter().chain(&plan.fetch) {
                    extend_new(&mut aims.touches, targets::of_path(request));
                }
            }
            Prepared::Flow(flow) => aims.act(&flow.target, needs),
        }
        aims
    }

    /// What follow-up reads name.
    pub(crate) fn of_requests(requests: &[Request], needs: &Needs) -> Self {
        let mut aims = Self::default();
        aims.act(requests, needs);
        aims
    }

    fn act(&mut self, requests: &[Request], needs: &Needs) {
        let mut aimed = false;
        for request in requests {
            extend_new(&mut self.acts, targets::of_path(request));
            extend_new(&mut self.touches, targets::besides_path(request));
            self.quotes.extend(targets::quoted_channel(request));
            let aim = match needs.aim {
                None => None,
                Some(AimAt::User) => {
                    aimed |= request.path.parameter("user_id") == Some("@me");
                    request.path.id("user_id").map(Aim::Member)
                }
                Some(AimAt::Role) => request.path.id("role_id").map(Aim::Role),
            };
            aimed |= aim.is_some();
            self.below.extend(aim);
        }
        self.aimless = needs.aim.is_some() && !aimed && !requests.is_empty();
    }

    /// The guild and channel that audit rows name, as far as the call says them itself.
    pub(crate) fn named(&self) -> (Option<GuildId>, Option<ChannelId>) {
        let all = || self.acts.iter().chain(&self.touches);
        let guild = all().find_map(|target| match target {
            Target::Guild(guild) => Some(*guild),
            _ => None,
        });
        let channel = self.acts.iter().find_map(|target| match target {
            Target::Channel(channel) => Some(*channel),
            _ => None,
        });
        (guild, channel)
    }
}

/// Find out where everything is.
pub(crate) async fn places(
    surroundings: &dyn Surroundings,
    policy: &Policy,
    aims: &Aims,
) -> Result<Places, HandsError> {
    let mut places = Places::default();
    for target in &aims.acts {
        let place = locate(surroundings, target).await?;
        places.note(target, place);
        places.acts.extend(place);
    }
    for target in &aims.touches {
        if aims.acts.contains(target) {
            continue;
        }
        let place = locate(surroundings, target).await?;
        places.note(target, place);
        places.touches.extend(place);
    }
    if policy.channels.allow.is_some() || !policy.channels.deny.is_empty() {
        places.lineages = lineages(surroundings, &places).await?;
    } else {
        places.lineages = places.channels().map(lineage).collect();
    }
    for guild in &places.guilds {
        let considered = policy
            .allowed_guilds
            .as_ref()
            .is_none_or(|allowed| allowed.contains(guild));
        if considered && !surroundings.is_member_of(*guild).await? {
            places.not_installed.push(*guild);
        }
    }
    Ok(places)
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
    if let Origin::Discord { user } = origin {
        rights.for_asker = true;
        asking.push((Whose::Asker, Subject::Member(user)));
        rights.refuse_where_no_member_can_be_judged(places, user);
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

impl Places {
    fn note(&mut self, target: &Target, place: Option<Place>) {
        let whereabouts = match (target, place) {
            (Target::DirectMessage, _) => Whereabouts::DirectMessage,
            (_, None) => Whereabouts::Unknown {
                what: target.describe(),
            },
            (_, Some(Place { guild_id: None, .. })) => Whereabouts::DirectMessage,
            (
                _,
                Some(Place {
                    guild_id: Some(guild),
                    ..
                }),
            ) => {
                if !self.guilds.contains(&guild) {
                    self.guilds.push(guild);
                }
                Whereabouts::Guild(guild)
            }
        };
        self.whereabouts.push(whereabouts);
    }

    fn channels(&self) -> impl Iterator<Item = &Place> {
        self.acts
            .iter()
            .chain(&self.touches)
            .filter(|place| place.channel_id.is_some())
    }

    /// For the audit row, where the call itself does not name its guild.
    pub(crate) fn guild(&self) -> Option<GuildId> {
        self.guilds.first().copied()
    }
}

impl Rights {
    /// A DM, or no place at all: nothing says what a member may do there, and unknown means no.
    fn refuse_where_no_member_can_be_judged(&mut self, places: &Places, user: UserId) {
        if places.acts.is_empty() || places.acts.iter().any(|place| place.guild_id.is_none()) {
            self.missing.push(Missing {
                whose: Whose::Asker,
                place: "no guild".to_owned(),
                lack: Lack {
                    permission: "MEMBERSHIP".to_owned(),
                    because: format!("outside a guild nobody knows what user {user} may do"),
                    remedy: "ask for something in a guild".to_owned(),
                },
            });
        }
    }
}

/// Nothing is looked up twice.
fn extend_new(list: &mut Vec<Target>, more: impl IntoIterator<Item = Target>) {
    for target in more {
        if !list.contains(&target) {
            list.push(target);
        }
    }
}

async fn locate(
    surroundings: &dyn Surroundings,
    target: &Target,
) -> Result<Option<Place>, HandsError> {
    let found = match target {
        Target::Guild(guild) => Ok(Some(Place {
            guild_id: Some(*guild),
            channel_id: None,
            parent_id: None,
            is_thread: false,
        })),
        Target::Channel(channel) => surroundings.channel(*channel).await,
        Target::Webhook(webhook) => surroundings.webhook(*webhook).await,
        Target::Invite(code) => surroundings.invite(code).await,
        Target::DirectMessage | Target::Unreadable(_) => Ok(None),
    };
    match found {
        // Discord hides what the bot may not see in either way.
        Err(HandsError::Api {
            status: 403 | 404, ..
        }) => Ok(None),
        other => other,
    }
}

/// Threads know their parent channel; its category takes one more step.
async fn lineages(
    surroundings: &dyn Surroundings,
    places: &Places,
) -> Result<Vec<Lineage>, HandsError> {
    let mut lineages = Vec::new();
    for place in places.channels() {
        let mut lineage = lineage(place);
        if place.is_thread
            && let Some(parent) = place.parent_id
            && let Some(above) = locate(surroundings, &Target::Channel(parent)).await?
        {
            lineage.parents.extend(above.parent_id);
        }
        lineages.push(lineage);
    }
    Ok(lineages)
}

fn lineage(place: &Place) -> Lineage {
    Lineage {
        channel: place
            .channel_id
            .expect("only places in channels have a lineage"),
        parents: place.parent_id.into_iter().collect(),
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
