//! What the policy is asked, and what it answers.

use model::{ChannelId, GuildId, Millis, Principal, Risk, RoleId, Verdict};

/// Who wants to use what, where, and under which circumstances.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub principal: &'a Principal,
    pub tool: &'a str,
    pub toolset: &'a str,
    pub risk: Risk,
    /// Every place the call concerns. Each is judged, and the strictest answer counts. A call that
    /// concerns none is judged once, without a place.
    pub spots: &'a [Spot],
    pub circumstances: &'a Circumstances,
}

/// One place that a call concerns.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Spot {
    /// `None` for a direct message.
    pub guild: Option<GuildId>,
    /// The channel or thread and everything it is in, nearest first. Empty: a guild as a whole.
    pub channels: Vec<ChannelId>,
}

impl Spot {
    /// A guild as a whole.
    pub fn guild(guild: GuildId) -> Self {
        Self {
            guild: Some(guild),
            channels: Vec::new(),
        }
    }
}

/// What a call that concerns no place is judged by.
static NOWHERE: Spot = Spot {
    guild: None,
    channels: Vec::new(),
};

impl<'a> Question<'a> {
    /// The places that are judged; never none.
    pub fn each_spot(&self) -> impl Iterator<Item = &'a Spot> + use<'a> {
        let nowhere = self.spots.is_empty().then_some(&NOWHERE);
        nowhere.into_iter().chain(self.spots)
    }
}

/// What is so while a call is judged, whatever it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    pub at: Millis,
    /// The Discord user it came from. `None`: it came from none.
    pub asker: Option<Asker>,
    /// Whether its conversation has read words of people whom nobody vouches for. `None`: nobody
    /// knows, so rules about it count where they forbid or slow down, and not where they allow.
    pub after_untrusted: Option<bool>,
}

impl Circumstances {
    /// A call that came from no Discord user, in a conversation that has read nothing.
    pub fn plain(at: Millis) -> Self {
        Self {
            at,
            asker: None,
            after_untrusted: Some(false),
        }
    }
}

/// The Discord user a call came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asker {
    /// The roles this user has, guild by guild, that of everybody included. In a guild that is not
    /// here they are unknown, so rules about roles count where they forbid or slow down, and not
    /// where they allow.
    pub roles: Vec<(GuildId, Vec<RoleId>)>,
}

/// A verdict and the names of the rules that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    pub verdict: Verdict,
    pub rules: Vec<String>,
}
