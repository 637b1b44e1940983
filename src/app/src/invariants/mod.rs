//! What was found to be safe, with the guard it rests on: read by every scan, added to by confirmations.
//!
//! `.betwixt/invariants.toml` belongs to the people of the tree: they review it with the code and may edit it. A hit is
//! silent while the guard of its invariant stands, and comes back when the guard changes or goes. Nothing is judged
//! here: the guard's text is found again or it is not, and in doubt it is not.

mod file;
mod guard;
mod keep;

use std::path::Path;

use betwixt_base::{Problem, ProblemSeverity};
use betwixt_files::Source;
use betwixt_findings::{Candidate, Status};

use crate::failure::Failure;

pub use guard::Guard;
pub use keep::{keep, of_conclusion};

/// The file, from the root of the tree.
pub const FILE_NAME: &str = ".betwixt/invariants.toml";

/// What is safe, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invariant {
    /// The hit that is silent because of it.
    pub fingerprint: String,
    /// Its rule.
    pub rule: String,
    /// Where the hit is, for readers: file and function.
    pub scope: String,
    /// What always holds, in one sentence.
    pub statement: String,
    /// What it rests on.
    pub guard: Guard,
    /// Who found it out.
    pub by: String,
    /// On which day: `2026-11-20`.
    pub at: String,
    /// What people want to say about it.
    pub note: Option<String>,
    /// The line of its table in the file, from 1; 0 when it is in none.
    pub line: u32,
}

/// All invariants of a tree, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invariants {
    all: Vec<Invariant>,
}

/// What invariants made of hits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Hits that are silent because a guard stands.
    pub n_held: usize,
    /// Hits that are raised again because a guard does not.
    pub n_broken: usize,
    /// One for each that is raised again.
    pub problems: Vec<Problem>,
}

impl Invariants {
    /// Reads those of a tree; a tree without the file has none.
    ///
    /// # Errors
    /// With file and line of every mistake.
    pub fn of_tree(root: &Path) -> Result<Self, Failure> {
        match std::fs::read_to_string(root.join(FILE_NAME)) {
            Ok(text) => Self::parse(&text).map_err(Failure::Config),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::Config(vec![format!(
                "{FILE_NAME}: cannot be read: {error}"
            )])),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Silences the hits whose guard stands in the files of `source`, and says of which it does not.
    pub fn hold(&self, hits: &mut [Candidate], source: &Source) -> Held {
        let mut held = Held::default();
        for hit in hits.iter_mut().filter(|hit| hit.status == Status::New) {
            let of_hit = |invariant: &&Invariant| {
                invariant.fingerprint == hit.fingerprint.as_str() && invariant.rule == hit.rule
            };
            let Some(invariant) = self.all.iter().find(of_hit) else {
                continue;
            };
            let guard = &invariant.guard;
            let text = source.text(&guard.file);
            match text.and_then(|text| guard.find(&text)) {
                Some(line) => {
                    held.n_held += 1;
                    hit.status = Status::Suppressed;
                    hit.suppression = Some(format!(
                        "safe: {} (guard at {}:{line})",
                        invariant.statement, guard.file
                    ));
                }
                None => {
                    held.n_broken += 1;
                    hit.reasons.push(format!(
                        "was safe until the guard at {}:{} changed or went: {}",
                        guard.file, guard.line, invariant.statement
                    ));
                    held.problems.push(broken(invariant));
                }
            }
        }
        held
    }
}

fn broken(invariant: &Invariant) -> Problem {
    let (guard, fingerprint) = (&invariant.guard, &invariant.fingerprint);
    Problem {
        file: FILE_NAME.to_owned(),
        line: Some(invariant.line),
        severity: ProblemSeverity::Info,
        message: format!(
            "the guard at `{}:{}` changed or went, so `{fingerprint}` is raised again; confirm it anew, or remove the invariant",
            guard.file, guard.line
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::hit;

    const GUARDED: &str =
        "func f() {\n\tif row.Tenant != tenant {\n\t\treturn\n\t}\n\twrite(row)\n}\n";

    fn tree(code: &str) -> (tempfile::TempDir, Source) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.go"), code).expect("a file");
        let source = Source::Disk(folder.path().to_path_buf());
        (folder, source)
    }

    fn invariants() -> Invariants {
        let hit = hit("a.go", 5);
        let invariant = Invariant {
            fingerprint: hit.fingerprint.to_string(),
            rule: hit.rule,
            scope: "a.go: f".into(),
            statement: "rows of others are never written".into(),
            guard: Guard::at("a.go", GUARDED, 2, 4).expect("it is there"),
            by: "local/small".into(),
            at: "2026-11-20".into(),
            note: None,
            line: 7,
        };
        Invariants {
            all: vec![invariant],
        }
    }

    #[test]
    fn a_hit_is_silent_while_its_guard_stands_wherever_it_moved() {
        let moved = format!("package a\n\n{}", GUARDED.replace('\t', "    "));
        for code in [GUARDED, &moved] {
            let (_folder, source) = tree(code);
            let mut hits = [hit("a.go", 5), hit("a.go", 9)];
            let held = invariants().hold(&mut hits, &source);
            assert_eq!((held.n_held, held.n_broken), (1, 0));
            assert_eq!(hits[0].status, Status::Suppressed);
            assert!(
                hits[0]
                    .suppression
                    .as_ref()
                    .is_some_and(|why| why.starts_with("safe: rows"))
            );
            assert_eq!(hits[1].status, Status::New);
        }
    }

    #[test]
    fn a_hit_is_raised_again_when_its_guard_changed_or_went() {
        let changed = GUARDED.replace("!=", "==");
        let commented = GUARDED.replace("\tif", "\t// if");
        let blocked = format!("/*\n{GUARDED}*/\n");
        for code in [changed.as_str(), commented.as_str(), blocked.as_str(), ""] {
            let (_folder, source) = tree(code);
            let mut hits = [hit("a.go", 5)];
            let held = invariants().hold(&mut hits, &source);
            assert_eq!((held.n_held, held.n_broken), (0, 1), "{code}");
            assert_eq!(hits[0].status, Status::New);
            assert!(hits[0].reasons[0].contains("was safe until the guard at a.go:2"));
            assert_eq!(held.problems[0].line, Some(7));
        }
    }

    #[test]
    fn an_invariant_of_another_rule_silences_nothing() {
        let (_folder, source) = tree(GUARDED);
        let mut other = hit("a.go", 5);
        other.rule = "race/other".into();
        let held = invariants().hold(std::slice::from_mut(&mut other), &source);
        assert_eq!(held, Held::default());
    }
}
