//! Channels into which the audit is mirrored are closed to every caller: who could write there could
//! imitate or delete what is told, and who could read there would learn what others do. People with
//! Discord's own permissions are Discord's matter.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use model::{
    ChannelId, Millis, Reason, WorkspaceId,
    ledger::StoreError,
    mirror::{MirrorScope, MirrorWish},
};
use policy::Spot;

use crate::Gate;

/// How long a change of a setting may take until it counts, in milliseconds.
const FRESH_MS: Millis = 2_000;

/// The channels of mirrors, at one moment.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    to_everybody: Option<ChannelId>,
    /// A workspace closes a channel to itself alone: else it could close those of others.
    own: HashMap<WorkspaceId, ChannelId>,
}

/// What was read last, and when.
#[derive(Default)]
pub(super) struct Known(RwLock<Option<(Millis, Arc<Closed>)>>);

impl Closed {
    pub(super) fn of(wishes: &[MirrorWish]) -> Self {
        let mut closed = Self::default();
        for wish in wishes {
            match &wish.scope {
                MirrorScope::Everything => closed.to_everybody = Some(wish.channel),
                MirrorScope::Workspace(workspace) => {
                    closed.own.insert(workspace.clone(), wish.channel);
                }
            }
        }
        closed
    }

    /// The channel of a mirror among these places, threads in it included.
    pub(crate) fn among(&self, workspace: &WorkspaceId, spots: &[Spot]) -> Option<ChannelId> {
        let own = self.own.get(workspace).copied();
        let mut channels = spots.iter().flat_map(|spot| &spot.channels).copied();
        channels.find(|channel| Some(*channel) == self.to_everybody || Some(*channel) == own)
    }
}

/// Why nobody may.
pub(crate) fn reason(channel: ChannelId) -> Reason {
    Reason::new(
        "audit_channel",
        format!("channel {channel} is where the audit is mirrored to, and closed to every caller"),
    )
    .with_hint(
        "use another channel; discord_list_decisions shows decisions to whoever may see them",
    )
}

impl Gate {
    /// The channels that are closed, as of a moment ago.
    pub(crate) async fn closed_channels(&self) -> Result<Arc<Closed>, StoreError> {
        let mirroring = &self.0.mirroring;
        if mirroring.port.get().is_none() {
            return Ok(Arc::default());
        }
        let now = self.0.clock.now_ms();
        let known = mirroring.known.0.read();
        let known = known.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, closed)) = known
            && (0..FRESH_MS).contains(&now.saturating_sub(at))
        {
            return Ok(closed);
        }
        let closed = Arc::new(Closed::of(&self.mirror_wishes().await?));
        let mut known = mirroring.known.0.write();
        let known = known.as_deref_mut();
        match known {
            Ok(known) => *known = Some((now, Arc::clone(&closed))),
            Err(broken) => **broken.get_mut() = Some((now, Arc::clone(&closed))),
        }
        Ok(closed)
    }

    /// The operator's wish, and those of workspaces.
    pub(super) async fn mirror_wishes(&self) -> Result<Vec<MirrorWish>, StoreError> {
        let Some(port) = self.0.mirroring.port.get() else {
            return Ok(Vec::new());
        };
        let mut wishes: Vec<MirrorWish> = port.own.iter().cloned().collect();
        wishes.extend(port.mirrors.mirror_wishes().await?);
        Ok(wishes)
    }
}

#[cfg(test)]
mod tests {
    use model::{GuildId, mirror::MirrorRows};

    use super::*;

    #[test]
    fn a_workspace_closes_a_channel_to_itself_alone() {
        let channel = |n| ChannelId::new(n).unwrap();
        let wish = |scope, n| MirrorWish {
            scope,
            channel: channel(n),
            rows: MirrorRows::Writes,
        };
        let bakers: WorkspaceId = "bakers".parse().unwrap();
        let brewers: WorkspaceId = "brewers".parse().unwrap();
        let closed = Closed::of(&[
            wish(MirrorScope::Everything, 1),
            wish(MirrorScope::Workspace(bakers.clone()), 2),
        ]);
        let spots = |n| {
            [Spot {
                guild: GuildId::new(9),
                channels: vec![channel(7), channel(n)],
            }]
        };
        for workspace in [&bakers, &brewers, &WorkspaceId::default()] {
            assert_eq!(closed.among(workspace, &spots(1)), Some(channel(1)));
        }
        assert_eq!(closed.among(&bakers, &spots(2)), Some(channel(2)));
        assert_eq!(closed.among(&brewers, &spots(2)), None);
        assert_eq!(closed.among(&bakers, &spots(3)), None);
    }
}
