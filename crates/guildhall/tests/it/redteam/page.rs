//! The table of the red team, for people.

use std::{fmt::Write as _, fs, path::PathBuf};

use super::attack::Attack;

const HEAD: &str = "\
# The red team

Every row is an attack that is played against the running binary, beside a simulated Discord, with a model that obeys the attacker in everything, in both generations of MCP (2025-11-25 with sessions, 2026-07-28 without). A row
fails where something else stopped it, where nothing did, or where the attacker's words never reached the model. After each attack the simulated Discord must be as it was: nothing changed but what the row allows, nobody mentioned, no
word of a hidden channel in any answer; and at the end no token, key or canary in the log, the database, the audit or an answer.

Generated from `crates/guildhall/tests/it/redteam/attacks`; `UPDATE_DOCS=1 cargo test -p guildhall --test it redteam` writes it anew. \"check 6: `bot_lacks_permission`\" names the check and its code as they stand in the answer;
a code without a check was said before any; \"planned\" means that nothing was done and a plan came back; `confirmation_declined` that the person at the client was asked and said no; \"person\" that the question waits for a person.

A model that obeys the attacker also sends back the token of its own plan. So a plan that waits for its token counts as no stop here: destructive orders are played with a client whose person can be asked, or under a policy that asks people. A client that cannot ask, under
a policy that asks nobody, carries out what its model confirms; [security.md](security.md) says what to do about that.
";

/// Compare the committed page with the attacks, or write it.
pub(super) fn check(attacks: &[Attack]) {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/red-team.md"
    ));
    let page = page(attacks);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/red-team.md is stale; UPDATE_DOCS=1 cargo test -p guildhall --test it redteam"
    );
}

fn page(attacks: &[Attack]) -> String {
    let mut page = HEAD.to_owned();
    let mut family = "";
    writeln!(page, "\n{} attacks.", attacks.len()).unwrap();
    for attack in attacks {
        if attack.family != family {
            family = &attack.family;
            writeln!(
                page,
                "\n## {family}\n\n| attack | tried | stopped by |\n|---|---|---|"
            )
            .unwrap();
        }
        let stops: Vec<String> = attack.stops().iter().map(|stop| words(stop)).collect();
        writeln!(
            page,
            "| {} | {} | {} |",
            attack.name,
            attack.tried,
            stops.join("; ")
        )
        .unwrap();
    }
    page
}

/// `check 6 bot_lacks_permission: why` as people read it.
fn words(stop: &str) -> String {
    let (outcome, because) = stop.split_once(": ").unwrap_or((stop, ""));
    let outcome = match outcome.rsplit_once(' ') {
        Some((before, code)) => format!("{before}: `{code}`"),
        None if outcome.contains('_') => format!("`{outcome}`"),
        None => outcome.to_owned(),
    };
    match because {
        "" => outcome,
        because => format!("{outcome}: {because}"),
    }
}
