//! What must be satisfied before a call is carried out: one entry of the policy, or for a whole each
//! that asks about one of its steps. A yes to the whole is a yes to each of them.

use model::approval::{Approval, Choice, Panel};

use super::machine::Voter;

/// An entry of the policy that asks, and who may decide for it by now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demanded<'a> {
    pub name: &'a str,
    pub quorum: u32,
    panel: &'a Panel,
    /// Only after an escalation.
    later: Option<&'a Panel>,
}

impl<'a> Demanded<'a> {
    pub(crate) fn panels(&self) -> impl Iterator<Item = &'a Panel> + use<'a> {
        std::iter::once(self.panel).chain(self.later)
    }

    /// How many different people said yes for it.
    pub(crate) fn agreed(&self, approval: &Approval) -> u32 {
        let votes = approval.votes.iter();
        let yes = votes
            .filter(|vote| vote.choice == Choice::Approve && vote.counts_for.contains(self.name))
            .count();
        u32::try_from(yes).unwrap_or(u32::MAX)
    }

    /// How many are still to say yes.
    pub(crate) fn missing(&self, approval: &Approval) -> u32 {
        self.quorum.max(1).saturating_sub(self.agreed(approval))
    }
}

/// All that must be satisfied; never none.
pub(crate) fn demands(approval: &Approval) -> impl Iterator<Item = Demanded<'_>> {
    let terms = &approval.terms;
    let escalated = approval.escalated_at.is_some();
    let later = terms.escalation.as_ref().map(|it| &it.panel);
    let first = Demanded {
        name: &terms.name,
        quorum: terms.quorum,
        panel: &terms.panel,
        later: later.filter(|_| escalated),
    };
    let also = terms.also.iter().map(move |demand| Demanded {
        name: &demand.name,
        quorum: demand.quorum,
        panel: &demand.panel,
        later: demand.later.as_ref().filter(|_| escalated),
    });
    std::iter::once(first).chain(also)
}

/// How many different people must say yes at least.
pub(crate) fn quorum(approval: &Approval) -> u32 {
    demands(approval).map(|it| it.quorum).max().unwrap_or(1)
}

/// Everybody who may decide by now.
pub(crate) fn panels(approval: &Approval) -> impl Iterator<Item = &Panel> {
    demands(approval).flat_map(|demand| demand.panels())
}

/// Whether this panel lets the voter decide.
pub(crate) fn entitled(panel: &Panel, voter: &Voter) -> bool {
    panel.users.contains(&voter.user) || voter.roles.iter().any(|role| panel.roles.contains(role))
}
