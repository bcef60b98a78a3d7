//! How much ceremony a call takes: planned first unless it says otherwise, confirmed or not.

use model::Risk;

use crate::{Policy, Question, Rule, Spot};

/// What a call must go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceremony {
    /// A call that does not say `dry_run` is only planned.
    pub dry_run_by_default: bool,
    /// It runs only with the token of its own plan.
    pub needs_confirmation: bool,
    /// Rules that changed what the risk asks for.
    pub rules: Vec<String>,
}

/// The ceremony of this question. With several places the strictest counts.
pub fn ceremony(policy: &Policy, question: &Question<'_>) -> Ceremony {
    graded(policy, question, true)
}

/// The same for a tool whose steps are calls of their own: of risk `write` it runs without a dry
/// run, unless a rule says otherwise. Its steps have their own ceremony.
pub fn flow_ceremony(policy: &Policy, question: &Question<'_>) -> Ceremony {
    graded(policy, question, question.risk == Risk::Destructive)
}

fn graded(policy: &Policy, question: &Question<'_>, planned_first: bool) -> Ceremony {
    let mut all = Ceremony {
        dry_run_by_default: false,
        needs_confirmation: false,
        rules: Vec::new(),
    };
    if question.risk == Risk::Read {
        return all;
    }
    let destructive = question.risk == Risk::Destructive;
    for spot in question.each_spot() {
        let dry_run = |rule: &Rule| rule.dry_run_by_default;
        let confirmation = |rule: &Rule| {
            let says = rule.needs_confirmation?;
            let reaches = says || !destructive || rule.names_destructive(question.tool);
            reaches.then_some(says)
        };
        let (planned, is_planned) = policy.demands(question, spot, planned_first, dry_run);
        let (confirmed, is_confirmed) = policy.demands(question, spot, destructive, confirmation);
        all.dry_run_by_default |= is_planned;
        all.needs_confirmation |= is_confirmed;
        for rule in planned.into_iter().chain(confirmed) {
            if !all.rules.contains(&rule.name) {
                all.rules.push(rule.name.clone());
            }
        }
    }
    all
}

impl Policy {
    /// What is demanded in one place, and the rules that say so. Under a ceiling that is what the
    /// ceiling demands, and what is demanded here besides; silence changes nothing.
    fn demands(
        &self,
        question: &Question<'_>,
        spot: &Spot,
        unsaid: bool,
        says: impl Fn(&Rule) -> Option<bool> + Copy,
    ) -> (Vec<&Rule>, bool) {
        let Some(ceiling) = &self.ceiling else {
            let (rule, demanded) = self.decide(question, spot, unsaid, says);
            return (rule.into_iter().collect(), demanded);
        };
        let (mut rules, above) = ceiling.demands(question, spot, unsaid, says);
        let (rule, own) = self.decide(question, spot, false, says);
        rules.extend(rule);
        (rules, above || own)
    }
}

#[cfg(test)]
mod tests {
    use model::Principal;

    use super::*;
    use crate::Circumstances;

    fn asked(policy: &str, tool: &str, risk: Risk) -> (bool, bool) {
        let policy: Policy = toml::from_str(policy).unwrap();
        let question = Question {
            principal: &Principal::local_operator(),
            tool,
            toolset: "messages",
            risk,
            spots: &[],
            circumstances: &Circumstances::plain(0),
        };
        let ceremony = ceremony(&policy, &question);
        (ceremony.dry_run_by_default, ceremony.needs_confirmation)
    }

    #[test]
    fn ceremony_is_graded_by_risk() {
        assert_eq!(asked("", "discord_get_user", Risk::Read), (false, false));
        assert_eq!(asked("", "discord_send", Risk::Write), (true, false));
        assert_eq!(asked("", "discord_ban", Risk::Destructive), (true, true));
    }

    #[test]
    fn a_flow_runs_at_once_unless_a_rule_says_otherwise() {
        let asked = |policy: &str, risk| {
            let policy: Policy = toml::from_str(policy).unwrap();
            let question = Question {
                principal: &Principal::local_operator(),
                tool: "discord_acquire_thread",
                toolset: "locks",
                risk,
                spots: &[],
                circumstances: &Circumstances::plain(0),
            };
            let ceremony = flow_ceremony(&policy, &question);
            (ceremony.dry_run_by_default, ceremony.needs_confirmation)
        };
        assert_eq!(asked("", Risk::Read), (false, false));
        assert_eq!(asked("", Risk::Write), (false, false));
        assert_eq!(asked("", Risk::Destructive), (true, true));
        let rule = "[[rules]]\nname = \"slow\"\nrisks = [\"write\"]\n";
        let planned = format!("{rule}dry_run_by_default = true");
        assert_eq!(asked(&planned, Risk::Write), (true, false));
        let confirmed = format!("{rule}needs_confirmation = true");
        assert_eq!(asked(&confirmed, Risk::Write), (false, true));
    }

    #[test]
    fn a_general_relaxation_does_not_reach_destructive_tools() {
        let general = "[[rules]]\nname = \"easy\"\ntools = [\"discord_*\"]\nneeds_confirmation = false\ndry_run_by_default = false";
        assert_eq!(
            asked(general, "discord_ban", Risk::Destructive),
            (false, true)
        );
        assert_eq!(asked(general, "discord_send", Risk::Write), (false, false));
        for explicit in ["risks = [\"destructive\"]", "tools = [\"discord_ban\"]"] {
            let rule = format!("[[rules]]\nname = \"x\"\nneeds_confirmation = false\n{explicit}");
            assert!(!asked(&rule, "discord_ban", Risk::Destructive).1);
        }
    }
}
