//! `.betwixt/baseline.json`: hits that were accepted at some point, by fingerprint. Made to be committed.
//!
//! One line for each hit, in an order that does not depend on where files lie, so that two branches that accept
//! different hits merge. A file that cannot be understood is refused, never replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use betwixt_findings::{Candidate, Fingerprint, Status};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Where the baseline of a tree is.
pub const FILE_NAME: &str = ".betwixt/baseline.json";

const SCHEMA: &str = "betwixt.baseline/1";

/// A hit that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Accepted {
    /// The rule.
    pub rule: String,
    /// Which of its hits.
    pub fingerprint: Fingerprint,
    /// Where it was when it was accepted.
    pub file: String,
    /// In which function.
    pub function: String,
    /// What it said.
    pub message: String,
    /// The day it was accepted, `2027-01-31`.
    pub since: String,
    /// Why, when somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The accepted hits of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline {
    /// By fingerprint.
    accepted: BTreeMap<Fingerprint, Accepted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: String,
    accepted: Vec<Accepted>,
}

impl Baseline {
    /// Reads the baseline of the tree at `root`; `None` when it has none.
    ///
    /// # Errors
    ///
    /// The file is there but cannot be read or understood: line and reason.
    pub fn read(root: &Path) -> Result<Option<Self>, Failure> {
        let refused = |why: String| Failure::Config(vec![format!("{FILE_NAME}{why}")]);
        let text = match fs::read_to_string(path(root)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(format!(": cannot be read: {error}"))),
        };
        if let Some(idx) = text.lines().position(|line| line.starts_with("<<<<<<< ")) {
            return Err(refused(format!(
                ":{}: holds the marks of a merge; keep the lines of both sides",
                idx + 1
            )));
        }
        let stored: Stored = serde_json::from_str(&text)
            .map_err(|error| refused(format!(":{}: {error}", error.line())))?;
        if stored.schema != SCHEMA {
            let schema = stored.schema;
            return Err(refused(format!(
                ":2: `schema` is `{schema}`; this version reads `{SCHEMA}`"
            )));
        }
        Ok(Some(Self {
            accepted: stored
                .accepted
                .into_iter()
                .map(|one| (one.fingerprint.clone(), one))
                .collect(),
        }))
    }

    /// Writes the baseline of the tree at `root`, at once or not at all.
    ///
    /// # Errors
    ///
    /// The folder cannot be written to; what was there is as it was.
    pub fn write(&self, root: &Path) -> Result<(), Failure> {
        let target = path(root);
        let written = || -> std::io::Result<()> {
            let folder = target.parent().unwrap_or(root);
            fs::create_dir_all(folder)?;
            let file = tempfile::Builder::new()
                .prefix(".baseline-")
                .tempfile_in(folder)?;
            fs::write(file.path(), self.text())?;
            readable_by_all(file.path());
            file.persist(&target)?;
            Ok(())
        };
        written().map_err(|error| Failure::Output(target.clone(), error))
    }

    /// The file's text.
    fn text(&self) -> String {
        let lines: Vec<String> = self
            .sorted()
            .into_iter()
            .filter_map(|one| serde_json::to_string(one).ok())
            .map(|line| format!("    {line}"))
            .collect();
        format!(
            "{{\n  \"schema\": \"{SCHEMA}\",\n  \"accepted\": [\n{}\n  ]\n}}\n",
            lines.join(",\n")
        )
    }

    /// The accepted hits by rule and fingerprint.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Accepted> {
        let mut all: Vec<&Accepted> = self.accepted.values().collect();
        all.sort();
        all
    }

    /// Whether nothing is accepted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }

    /// Marks the hits that were accepted; those that are suppressed stay so.
    pub fn apply(&self, hits: &mut [Candidate]) {
        for hit in hits {
            if hit.status == Status::New && self.accepted.contains_key(&hit.fingerprint) {
                hit.status = Status::Baseline;
            }
        }
    }

    /// Accepts a hit; one that is accepted already stays as it is.
    pub fn accept(&mut self, hit: &Candidate, today: &str, reason: Option<&str>) {
        let accepted = || Accepted {
            rule: hit.rule.clone(),
            fingerprint: hit.fingerprint.clone(),
            file: hit.location.file.clone(),
            function: hit.function.clone(),
            message: hit.message.clone(),
            since: today.to_owned(),
            reason: reason.map(str::to_owned),
        };
        self.accepted
            .entry(hit.fingerprint.clone())
            .or_insert_with(accepted);
    }

    /// Drops the accepted hits of rules that ran and did not raise them; gives what was dropped. What stays is told
    /// where it is now.
    pub fn refresh(&mut self, hits: &[Candidate], ran: &BTreeSet<&str>) -> Vec<Accepted> {
        let raised: BTreeMap<&Fingerprint, &Candidate> =
            hits.iter().map(|hit| (&hit.fingerprint, hit)).collect();
        for one in self.accepted.values_mut() {
            if let Some(hit) = raised.get(&one.fingerprint) {
                one.file.clone_from(&hit.location.file);
                one.function.clone_from(&hit.function);
            }
        }
        let is_gone = |one: &Accepted| {
            ran.contains(one.rule.as_str()) && !raised.contains_key(&one.fingerprint)
        };
        self.accepted
            .extract_if(.., |_, one| is_gone(one))
            .map(|(_, one)| one)
            .collect()
    }
}

fn path(root: &Path) -> PathBuf {
    root.join(FILE_NAME)
}

/// Temporary files are their owner's alone; this one is for everybody who may read the tree.
fn readable_by_all(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::hit;

    fn with(hits: &[Candidate]) -> Baseline {
        let mut baseline = Baseline::default();
        for hit in hits {
            baseline.accept(hit, "2027-01-31", None);
        }
        baseline
    }

    #[test]
    fn what_is_written_is_read_one_hit_a_line() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Baseline::read(dir.path()).unwrap(), None);
        let baseline = with(&[hit("a.go", 1), hit("b.go", 2)]);
        baseline.write(dir.path()).unwrap();
        assert_eq!(Baseline::read(dir.path()).unwrap(), Some(baseline.clone()));
        assert_eq!(baseline.text().lines().count(), 5 + 2);
        let empty = Baseline::default();
        empty.write(dir.path()).unwrap();
        assert_eq!(Baseline::read(dir.path()).unwrap(), Some(empty));
    }

    #[test]
    fn accepted_hits_are_marked_and_others_are_not() {
        let mut hits = vec![hit("a.go", 1), hit("a.go", 2)];
        with(&hits[..1]).apply(&mut hits);
        assert_eq!(hits[0].status, Status::Baseline);
        assert_eq!(hits[1].status, Status::New);
    }

    #[test]
    fn what_is_gone_is_dropped_but_not_what_nobody_looked_for() {
        let ran = BTreeSet::from(["race/x"]);
        let mut baseline = with(&[hit("a.go", 1), hit("a.go", 2)]);
        let dropped = baseline.refresh(&[hit("a.go", 2)], &ran);
        assert_eq!(dropped.len(), 1);
        assert_eq!(baseline, with(&[hit("a.go", 2)]));
        assert!(baseline.refresh(&[], &BTreeSet::new()).is_empty());
        assert_eq!(baseline, with(&[hit("a.go", 2)]));
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_refused_with_its_line() {
        let refused = |text: &str| {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join(".betwixt")).unwrap();
            fs::write(path(dir.path()), text).unwrap();
            Baseline::read(dir.path()).unwrap_err().to_string()
        };
        assert!(refused("{\n<<<<<<< HEAD\n").contains(":2: holds the marks of a merge"));
        assert!(refused("{\n  \"schema\": 1\n}").contains(":2: invalid type"));
        let newer = "{\n\"schema\": \"betwixt.baseline/2\",\n\"accepted\": []}";
        assert!(refused(newer).contains("this version reads"));
    }
}
