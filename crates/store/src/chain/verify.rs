//! Reads the whole audit and names the first thing in it that is not as it was written.

use std::collections::BTreeMap;

use model::ledger::StoreError;
use serde::Serialize;

use super::{AuditKey, Checkpoint, GENESIS, Signer, head::SealedHead};
use crate::{Store, audit, audit::Entry};

/// Rows read at once.
const PAGE: i64 = 1_000;

/// Which seals and signatures count, and what was seen of the chain elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Without it, nobody can tell whether rows were cut off after the last checkpoint.
    pub key: Option<AuditKey>,
    /// Whose checkpoints count; with a key, its own do as well.
    pub signers: Vec<Signer>,
    /// Checkpoints kept outside of the database. Without them an old copy of the whole database
    /// looks whole.
    pub witness: Vec<Checkpoint>,
}

/// What the reading found.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Report {
    /// Rows read.
    pub rows: u64,
    /// Checkpoints read.
    pub checkpoints: u64,
    /// Rows that were erased, their hashes kept.
    pub erased: u64,
    /// Checkpoints of the witness that were compared.
    pub witnessed: u64,
    /// Whether the seals of the chains' ends could be checked.
    pub sealed: bool,
    /// The first thing that is wrong.
    pub problem: Option<Problem>,
}

/// Something that is not as it was written.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// The number of the row, where it is one.
    pub seq: Option<i64>,
    /// In words.
    pub what: String,
}

impl Problem {
    fn at(seq: i64, what: impl Into<String>) -> Self {
        Self {
            seq: Some(seq),
            what: what.into(),
        }
    }

    fn of(what: impl Into<String>) -> Self {
        Self {
            seq: None,
            what: what.into(),
        }
    }
}

/// A chain as far as it was read.
struct End {
    link: i64,
    seq: i64,
    hash: String,
}

/// What is said of a row elsewhere.
struct Promise {
    seq: i64,
    hash: String,
    /// Who says so.
    says: String,
}

/// Takes what is stored piece by piece, in order: heads, checkpoints, rows.
pub(crate) struct Verifier {
    heads: BTreeMap<String, SealedHead>,
    /// What rows must be, by workspace and link.
    promised: BTreeMap<(String, i64), Vec<Promise>>,
    ends: BTreeMap<String, End>,
    next_seq: i64,
    report: Report,
}

impl Verifier {
    /// `checkpoints` are in the order of workspace and number.
    pub(crate) fn new(
        heads: Vec<SealedHead>,
        checkpoints: &[Checkpoint],
        trust: &Trust,
    ) -> Result<Self, Problem> {
        let mut this = Self {
            heads: BTreeMap::new(),
            promised: BTreeMap::new(),
            ends: BTreeMap::new(),
            next_seq: 1,
            report: Report::default(),
        };
        this.report.sealed = trust.key.is_some();
        for sealed in heads {
            let workspace = sealed.head.workspace.clone();
            if trust.key.as_ref().is_some_and(|key| !sealed.is_whole(key)) {
                let what = format!("the seal at the end of the chain of {workspace} is broken");
                return Err(Problem::of(what));
            }
            this.heads.insert(workspace, sealed);
        }
        let mut signers = trust.signers.clone();
        signers.extend(trust.key.as_ref().map(AuditKey::signer));
        this.take_checkpoints(checkpoints, &signers)?;
        for seen in &trust.witness {
            this.take_witness(seen, checkpoints, &signers)?;
        }
        for sealed in this.heads.values() {
            let head = &sealed.head;
            let place = (head.workspace.clone(), head.link);
            this.promised.entry(place).or_default().push(Promise {
                seq: head.seq,
                hash: head.hash.clone(),
                says: "the sealed end of the chain".to_owned(),
            });
        }
        Ok(this)
    }

    fn take_checkpoints(&mut self, all: &[Checkpoint], signers: &[Signer]) -> Result<(), Problem> {
        let mut last: BTreeMap<&str, &Checkpoint> = BTreeMap::new();
        for one in all {
            let name = format!("checkpoint {} of {}", one.number, one.workspace);
            if !one.is_signed_by(signers) {
                return Err(Problem::of(format!("{name} is not signed by a known key")));
            }
            let before = last.insert(&one.workspace, one);
            let number = before.map_or(0, |before| before.number) + 1;
            let previous = before.map_or_else(|| GENESIS.to_owned(), Checkpoint::digest);
            if one.number != number || one.previous != previous {
                return Err(Problem::of(format!(
                    "{name} does not follow the one before it"
                )));
            }
            self.promise(one, &name);
            self.report.checkpoints += 1;
        }
        for (workspace, sealed) in &self.heads {
            let found = last
                .remove(workspace.as_str())
                .map_or(0, |last| last.number);
            if found != sealed.head.checkpoints {
                let known = sealed.head.checkpoints;
                let what = format!("{workspace} has {found} checkpoints and should have {known}");
                return Err(Problem::of(what));
            }
        }
        match last.keys().next() {
            Some(workspace) => Err(Problem::of(format!(
                "{workspace} has checkpoints and no sealed end"
            ))),
            None => Ok(()),
        }
    }

    fn take_witness(
        &mut self,
        seen: &Checkpoint,
        all: &[Checkpoint],
        signers: &[Signer],
    ) -> Result<(), Problem> {
        let name = format!(
            "checkpoint {} of {} in the witness",
            seen.number, seen.workspace
        );
        if !seen.is_signed_by(signers) {
            return Err(Problem::of(format!("{name} is not signed by a known key")));
        }
        if !all.contains(seen) {
            let what =
                format!("{name} is missing here: the database is older, or was written anew");
            return Err(Problem::of(what));
        }
        self.report.witnessed += 1;
        Ok(())
    }

    fn promise(&mut self, checkpoint: &Checkpoint, name: &str) {
        let place = (checkpoint.workspace.clone(), checkpoint.link);
        self.promised.entry(place).or_default().push(Promise {
            seq: checkpoint.seq,
            hash: checkpoint.hash.clone(),
            says: name.to_owned(),
        });
    }

    /// The next row.
    pub(crate) fn row(&mut self, entry: &Entry) -> Result<(), Problem> {
        let seq = entry.seq;
        if seq != self.next_seq {
            let what = format!("row {} is missing", self.next_seq);
            return Err(Problem::at(self.next_seq, what));
        }
        self.next_seq += 1;
        let end = self.ends.get(&entry.workspace);
        let link = end.map_or(0, |end| end.link) + 1;
        if entry.link != link {
            return Err(Problem::at(
                seq,
                format!("it is not link {link} of its chain"),
            ));
        }
        if entry.previous_hash != end.map_or(GENESIS, |end| &end.hash) {
            return Err(Problem::at(seq, "it does not follow the row before it"));
        }
        if super::hash(entry).as_ref() != Some(&entry.hash) {
            return Err(Problem::at(seq, "its content is not what its hash says"));
        }
        let place = (entry.workspace.clone(), entry.link);
        for promise in self.promised.remove(&place).unwrap_or_default() {
            if promise.seq != seq || promise.hash != entry.hash {
                let what = format!("it is not what {} names", promise.says);
                return Err(Problem::at(seq, what));
            }
        }
        let end = End {
            link,
            seq,
            hash: entry.hash.clone(),
        };
        self.ends.insert(entry.workspace.clone(), end);
        self.report.rows += 1;
        self.report.erased += u64::from(entry.erased.is_some());
        Ok(())
    }

    /// After the last row.
    pub(crate) fn end(mut self) -> Result<Report, Problem> {
        // Link 0 is before the first row; nothing stands there but the beginning.
        let beginnings = self.promised.extract_if(.., |(_, link), _| *link == 0);
        for ((workspace, _), promises) in beginnings {
            if promises.iter().any(|it| it.seq != 0 || it.hash != GENESIS) {
                return Err(Problem::of(format!(
                    "the chain of {workspace} has another beginning"
                )));
            }
        }
        if let Some(((workspace, link), promises)) = self.promised.into_iter().next() {
            let says = promises
                .into_iter()
                .next()
                .map_or(String::new(), |it| it.says);
            let what = format!("rows of {workspace} are missing: {says} names link {link}");
            return Err(Problem::of(what));
        }
        for (workspace, end) in &self.ends {
            if !self.heads.contains_key(workspace) {
                let what = format!("the chain of {workspace} has no sealed end");
                return Err(Problem::at(end.seq, what));
            }
        }
        Ok(self.report)
    }
}

impl Store {
    /// Read the whole audit and compare it with its hashes and signatures. What is written
    /// meanwhile is compared with the chain only. An `Err` means that it could not be read.
    pub async fn verify_audit(&self, trust: &Trust) -> Result<Report, StoreError> {
        match self.verify(trust).await? {
            Ok(report) => Ok(report),
            Err((mut report, problem)) => {
                report.problem = Some(problem);
                Ok(report)
            }
        }
    }

    async fn verify(&self, trust: &Trust) -> Result<Result<Report, (Report, Problem)>, StoreError> {
        // Heads first: rows and checkpoints may be added after them, never before.
        let heads = self.audit_heads().await?;
        let upto: BTreeMap<_, _> = heads
            .iter()
            .map(|sealed| (sealed.head.workspace.clone(), sealed.head.checkpoints))
            .collect();
        let mut checkpoints = self.audit_checkpoints().await?;
        checkpoints.retain(|one| {
            upto.get(&one.workspace)
                .is_none_or(|last| one.number <= *last)
        });
        let mut verifier = match Verifier::new(heads, &checkpoints, trust) {
            Ok(verifier) => verifier,
            Err(problem) => return Ok(Err((Report::default(), problem))),
        };
        let mut after = 0;
        loop {
            let values = [after.into(), PAGE.into()];
            let rows = self.inner.readers.rows(audit::ENTRIES, values).await?;
            for row in &rows {
                let seq = row.integer("seq")?;
                // A value of another type than its column's was not written by us.
                let checked = match Entry::read(row) {
                    Ok(entry) => verifier.row(&entry),
                    Err(error) => Err(Problem::at(seq, error.to_string())),
                };
                if let Err(problem) = checked {
                    return Ok(Err((verifier.report, problem)));
                }
                after = seq;
            }
            if rows.is_empty() {
                break;
            }
        }
        let report = verifier.report.clone();
        Ok(verifier.end().map_err(|problem| (report, problem)))
    }
}
