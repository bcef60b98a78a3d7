//! Whatever is done to a history, the verifier sees it.

use model::ledger::{Decision, Outcome};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use super::{
    AuditKey, Checkpoint, DEFAULT_WORKSPACE, GENESIS, Problem, Report, Trust, erase,
    head::{Head, SealedHead},
    verify::Verifier,
};
use crate::audit::Entry;

const ROWS: i64 = 40;
const TAMPERINGS: u32 = 10_000;

/// All that is stored of an audit.
#[derive(Clone)]
struct History {
    heads: Vec<SealedHead>,
    checkpoints: Vec<Checkpoint>,
    rows: Vec<Entry>,
}

fn decision(number: i64) -> Decision {
    Decision {
        call_id: format!("call-{number}"),
        workspace: model::WorkspaceId::default(),
        at: 1_790_000_000_000 + number,
        principal: format!("key:{}", if number % 3 == 0 { "ada" } else { "helper" }),
        agent: (number % 2 == 0).then(|| "scout".to_owned()),
        origin: "stdio".to_owned(),
        tool: "discord_send_message".to_owned(),
        risk: (number % 5 != 0).then_some(model::risk::Risk::Write),
        guild_id: model::Id::new(10),
        channel_id: (number % 4 != 0).then(|| model::Id::new(20)).flatten(),
        digest: "ab".repeat(32),
        outcome: Outcome::Done,
        stage: model::Stage::ExecuteAndAudit,
        code: "ok".to_owned(),
        reason: format!("row {number}"),
        rules: vec!["a rule".to_owned()],
        policy_version: "p1".to_owned(),
        duration_us: number,
    }
}

impl History {
    /// Rows with a checkpoint after every tenth, and one more for an interval without rows.
    fn written(key: &AuditKey, rows: i64) -> Self {
        let mut head = Head::empty(DEFAULT_WORKSPACE);
        let mut this = Self {
            heads: Vec::new(),
            checkpoints: Vec::new(),
            rows: Vec::new(),
        };
        for number in 1..=rows {
            let salt = format!("{number:032x}");
            let entry = Entry::new(&decision(number), number, &head, salt).unwrap();
            head.link = entry.link;
            head.seq = entry.seq;
            head.hash.clone_from(&entry.hash);
            this.rows.push(entry);
            let marks = match number % 10 {
                0 if number == ROWS / 2 => 2,
                0 => 1,
                _ => 0,
            };
            for _ in 0..marks {
                let previous = this.checkpoints.last();
                let previous = previous.map_or_else(|| GENESIS.to_owned(), Checkpoint::digest);
                let mark = Checkpoint::of(&head, number, previous, key);
                head.checkpoints = mark.number;
                this.checkpoints.push(mark);
            }
        }
        this.heads.push(head.sealed(Some(key)));
        this
    }

    fn verify(&self, trust: &Trust) -> Result<Report, Problem> {
        let mut verifier = Verifier::new(self.heads.clone(), &self.checkpoints, trust)?;
        for row in &self.rows {
            verifier.row(row)?;
        }
        verifier.end()
    }

    fn is_like(&self, other: &Self) -> bool {
        let heads = |it: &Self| -> Vec<_> {
            let heads = it.heads.iter();
            heads
                .map(|sealed| (sealed.head.clone(), sealed.seal.clone()))
                .collect()
        };
        self.rows == other.rows
            && self.checkpoints == other.checkpoints
            && heads(self) == heads(other)
    }
}

fn key(seed: u8) -> AuditKey {
    AuditKey::from_seed([seed; 32])
}

fn trust() -> Trust {
    Trust {
        key: Some(key(1)),
        ..Trust::default()
    }
}

/// Change one letter or digit of one value.
fn flip(value: &mut Value, rng: &mut StdRng) {
    match value {
        Value::String(text) if !text.is_empty() => {
            let mut letters: Vec<char> = text.chars().collect();
            let at = rng.random_range(0..letters.len());
            letters[at] = char::from(rng.random_range(b' '..=b'~'));
            *text = letters.into_iter().collect();
        }
        Value::Number(number) => *value = (number.as_i64().unwrap() ^ 1).into(),
        Value::Null => *value = Value::from("x"),
        _ => *value = Value::Null,
    }
}

fn flip_column(row: &mut Entry, rng: &mut StdRng) {
    let texts: [&mut String; 14] = [
        &mut row.workspace,
        &mut row.call_id,
        &mut row.principal,
        &mut row.origin,
        &mut row.tool,
        &mut row.digest,
        &mut row.outcome,
        &mut row.stage,
        &mut row.code,
        &mut row.reason,
        &mut row.rules,
        &mut row.policy_version,
        &mut row.previous_hash,
        &mut row.hash,
    ];
    let optional: [&mut Option<String>; 4] = [
        &mut row.agent,
        &mut row.risk,
        &mut row.salt,
        &mut row.erased,
    ];
    let numbers: [&mut i64; 4] = [
        &mut row.seq,
        &mut row.link,
        &mut row.at,
        &mut row.duration_us,
    ];
    let ids: [&mut Option<i64>; 2] = [&mut row.guild_id, &mut row.channel_id];
    let changed = |value: Value, rng: &mut StdRng| {
        let mut value = value;
        flip(&mut value, rng);
        value
    };
    match rng.random_range(0..24) {
        at @ 0..14 => {
            let text: &mut String = texts.into_iter().nth(at).unwrap();
            if let Value::String(other) = changed(text.as_str().into(), rng) {
                *text = other;
            }
        }
        at @ 14..18 => {
            let text = optional.into_iter().nth(at - 14).unwrap();
            let other = changed(text.clone().into(), rng);
            *text = other
                .as_str()
                .filter(|_| rng.random_bool(0.9))
                .map(str::to_owned);
        }
        at @ 18..22 => *numbers.into_iter().nth(at - 18).unwrap() ^= 1 << rng.random_range(0..40),
        at => {
            let id = ids.into_iter().nth(at - 22).unwrap();
            *id = match id {
                Some(_) if rng.random_bool(0.5) => None,
                Some(id) => Some(*id ^ 1),
                None => Some(1),
            };
        }
    }
}

/// Write rows anew from one on, as somebody would who knows how but has no key.
fn rewrite(history: &mut History, from: usize, with: &AuditKey) {
    let mut head = Head::empty(DEFAULT_WORKSPACE);
    head.checkpoints = history.heads[0].head.checkpoints;
    for (at, row) in history.rows.iter_mut().enumerate() {
        if at >= from {
            let salt = row.salt.clone().unwrap_or_default();
            row.seq = i64::try_from(at).unwrap() + 1;
            *row = row.clone().after(&head, salt).unwrap();
        }
        head.link = row.link;
        head.seq = row.seq;
        head.hash.clone_from(&row.hash);
    }
    let seal = history.heads[0].seal.clone();
    history.heads = vec![head.sealed(Some(with))];
    if with.signer() == key(1).signer() {
        history.heads[0].seal = seal;
    }
}

fn tamper(history: &mut History, rng: &mut StdRng) -> &'static str {
    let rows = history.rows.len();
    let at = rng.random_range(0..rows);
    match rng.random_range(0..10) {
        0..=2 => {
            flip_column(&mut history.rows[at], rng);
            "flip a value of a row"
        }
        3 => {
            history.rows.remove(at);
            "delete a row"
        }
        4 => {
            let mut forged = history.rows[at].clone();
            forged.reason = "forged".to_owned();
            history.rows.insert(rng.random_range(0..=rows), forged);
            "insert a row"
        }
        5 => {
            let other = rng.random_range(0..rows);
            history.rows.swap(at, other);
            if rng.random_bool(0.5) {
                let (one, two) = (history.rows[at].seq, history.rows[other].seq);
                history.rows[at].seq = two;
                history.rows[other].seq = one;
            }
            "swap rows"
        }
        6 => {
            // All of it would be an old copy: for that there is the witness.
            let at = at.max(1);
            history.rows.truncate(at);
            if rng.random_bool(0.5) {
                let seq = i64::try_from(at).unwrap();
                history.checkpoints.retain(|mark| mark.seq <= seq);
            }
            if rng.random_bool(0.5) {
                history.heads.clear();
            }
            "cut the tail"
        }
        7 => {
            if rng.random_bool(0.5) {
                history.rows[at].reason = "another history".to_owned();
            } else {
                history.rows.remove(at);
            }
            let with = key(if rng.random_bool(0.5) { 1 } else { 2 });
            rewrite(history, at, &with);
            "write the rest anew"
        }
        8 => {
            let at = rng.random_range(0..history.checkpoints.len());
            let mark = &mut history.checkpoints[at];
            let texts = [
                &mut mark.workspace,
                &mut mark.hash,
                &mut mark.previous,
                &mut mark.signer,
                &mut mark.signature,
            ];
            match rng.random_range(0..7) {
                5 => mark.at += 1,
                6 => drop(history.checkpoints.remove(at)),
                field => {
                    let text = texts.into_iter().nth(field).unwrap();
                    let mut value = Value::from(text.as_str());
                    flip(&mut value, rng);
                    value.as_str().unwrap().clone_into(text);
                }
            }
            "change a checkpoint"
        }
        _ => {
            let head = &mut history.heads[0];
            match rng.random_range(0..5) {
                0 => head.head.link -= 1,
                1 => head.head.seq += 1,
                2 => head.head.checkpoints -= 1,
                3 => head.seal = None,
                _ => head.head.hash = GENESIS.to_owned(),
            }
            "change the end"
        }
    }
}

#[test]
fn ten_thousand_tamperings_are_all_seen() {
    let written = History::written(&key(1), ROWS);
    let report = written.verify(&trust()).unwrap();
    assert_eq!((report.rows, report.checkpoints), (40, 5));
    let mut rng = StdRng::seed_from_u64(7);
    let mut seen = 0;
    while seen < TAMPERINGS {
        let mut history = written.clone();
        let what = tamper(&mut history, &mut rng);
        if history.is_like(&written) {
            continue;
        }
        assert!(history.verify(&trust()).is_err(), "{what} was not seen");
        seen += 1;
    }
}

#[test]
fn an_old_copy_is_seen_by_whoever_kept_a_later_checkpoint() {
    let now = History::written(&key(1), ROWS);
    for rows in 0..ROWS {
        let old = History::written(&key(1), rows);
        assert!(
            old.verify(&trust()).is_ok(),
            "an old copy is whole in itself"
        );
        let watched = Trust {
            witness: now.checkpoints.clone(),
            ..trust()
        };
        let problem = old.verify(&watched).unwrap_err();
        assert!(
            problem.what.contains("the database is older"),
            "{problem:?}"
        );
    }
}

#[test]
fn checkpoints_can_be_checked_without_the_key() {
    let written = History::written(&key(1), ROWS);
    let public = Trust {
        signers: vec![key(1).signer()],
        ..Trust::default()
    };
    let report = written.verify(&public).unwrap();
    assert!(!report.sealed);
    let other = Trust {
        signers: vec![key(2).signer()],
        ..Trust::default()
    };
    assert!(written.verify(&other).is_err());
}

#[test]
fn erasing_what_is_personal_leaves_the_chain_whole_and_cannot_hide_another_change() {
    let mut history = History::written(&key(1), ROWS);
    let row = &mut history.rows[4];
    let erased = erase(row).unwrap().unwrap();
    row.principal = super::ERASED.to_owned();
    row.reason = super::ERASED.to_owned();
    row.agent = None;
    row.salt = None;
    row.erased = Some(erased.clone());
    assert_eq!(history.verify(&trust()).unwrap().erased, 1);

    for change in [
        |row: &mut Entry| row.reason = "something else".to_owned(),
        |row: &mut Entry| row.tool = "discord_ban_member".to_owned(),
        |row: &mut Entry| row.salt = Some("0".repeat(32)),
        |row: &mut Entry| {
            let spaced = row.erased.as_deref().unwrap().replace(':', ": ");
            row.erased = Some(spaced);
        },
    ] {
        let mut changed = history.clone();
        change(&mut changed.rows[4]);
        assert!(changed.verify(&trust()).is_err());
    }
}
