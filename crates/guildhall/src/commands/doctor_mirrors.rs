//! What `guildhall doctor` finds about the audit's mirrors in Discord: where each stands, as the
//! database knows it, and what stood in its way last.

use model::{
    ledger::StoreError,
    mirror::{Mirror, MirrorFilter, MirrorScope, MirrorWish, Mirrors},
};
use store::Store;

/// One mirror, in words; with advice where it is in trouble.
pub(super) struct Said {
    pub(super) detail: String,
    pub(super) advice: Option<&'static str>,
}

/// What of those that are told may help, whatever it is.
const ADVICE: &str = "let the bot see the channel and send there, or set another one (audit.channel, or the workspace's audit_channel)";

/// The operator's, then those of workspaces.
pub(super) async fn look(store: &Store, own: Option<MirrorWish>) -> Result<Vec<Said>, StoreError> {
    let mut wishes: Vec<MirrorWish> = own.into_iter().collect();
    wishes.extend(store.mirror_wishes().await?);
    let latest = store.last_decision().await?;
    let mut all = Vec::new();
    for wish in wishes {
        let mirror = store.mirror(&wish.scope).await?;
        let waiting = match &mirror {
            Some(mirror) => {
                let filter = MirrorFilter {
                    scope: wish.scope.clone(),
                    rows: wish.rows,
                    after: mirror.through,
                    to: latest,
                };
                store.count_mirror_rows(&filter).await?
            }
            None => 0,
        };
        all.push(said(&wish, mirror.as_ref(), waiting));
    }
    Ok(all)
}

fn said(wish: &MirrorWish, mirror: Option<&Mirror>, waiting: i64) -> Said {
    let whose = match &wish.scope {
        MirrorScope::Everything => "every workspace".to_owned(),
        MirrorScope::Workspace(workspace) => format!("workspace {workspace}"),
    };
    let channel = wish.channel;
    let rows = wish.rows.as_str();
    let Some(mirror) = mirror.filter(|mirror| mirror.channel == channel) else {
        return Said {
            detail: format!("{whose} → channel {channel} ({rows}): not begun yet"),
            advice: None,
        };
    };
    let detail = format!(
        "{whose} → channel {channel} ({rows}): told up to decision {}, {waiting} waiting",
        mirror.through
    );
    match &mirror.trouble {
        None => Said {
            detail,
            advice: None,
        },
        Some(trouble) => Said {
            detail: format!("{detail}; it does not get on: {}", trouble.why),
            advice: Some(ADVICE),
        },
    }
}

#[cfg(test)]
mod tests {
    use model::{
        ChannelId,
        mirror::{MirrorRows, MirrorTrouble},
    };

    use super::*;

    #[test]
    fn a_mirror_says_how_far_it_is_and_what_is_wrong() {
        let wish = MirrorWish {
            scope: MirrorScope::Workspace("bakers".parse().unwrap()),
            channel: ChannelId::new(7).unwrap(),
            rows: MirrorRows::Writes,
        };
        let told = |mirror: Option<&Mirror>| said(&wish, mirror, 3).detail;
        assert_eq!(
            told(None),
            "workspace bakers → channel 7 (writes): not begun yet"
        );
        let mut mirror = Mirror {
            channel: wish.channel,
            through: 41,
            message: None,
            trouble: None,
            revision: 2,
        };
        assert_eq!(
            told(Some(&mirror)),
            "workspace bakers → channel 7 (writes): told up to decision 41, 3 waiting"
        );
        mirror.trouble = Some(MirrorTrouble {
            why: "channel 7 is not there".to_owned(),
            since: 1,
        });
        let broken = said(&wish, Some(&mirror), 3);
        assert!(
            broken
                .detail
                .ends_with("it does not get on: channel 7 is not there")
        );
        assert!(broken.advice.is_some());
    }
}
