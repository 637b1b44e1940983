//! From a conclusion that something is safe to an invariant in the file.

use std::fs;
use std::path::{Path, PathBuf};

use betwixt_findings::{ActorRole, Candidate, CitationOutcome, Conclusion, Judgement};

use super::{FILE_NAME, Guard, Invariant, file};
use crate::failure::Failure;

/// The invariant of a settled conclusion that a candidate is safe; `None` for every other conclusion, and where the guard is
/// not found. `text` is the text of a file of the tree.
#[must_use]
pub fn of_conclusion(
    conclusion: &Conclusion,
    candidate: &Candidate,
    day: &str,
    text: &dyn Fn(&str) -> Option<String>,
) -> Option<Invariant> {
    if conclusion.judgement != Judgement::Refuted || !conclusion.is_settled {
        return None;
    }
    let guard = conclusion.guard.as_ref()?;
    let checks = conclusion
        .verdicts
        .iter()
        .flat_map(|verdict| &verdict.citations);
    let (line, end_line) = checks
        .filter(|check| check.citation == guard.citation)
        .find_map(|check| match check.outcome {
            CitationOutcome::Held { line, end_line } => Some((line, end_line)),
            CitationOutcome::Failed { .. } => None,
        })?;
    let file = &guard.citation.file;
    let place = Guard::at(file, &text(file)?, line, end_line)?;
    let agents = conclusion.verdicts.iter().map(|verdict| &verdict.actor);
    let agents = agents.filter(|actor| actor.role != ActorRole::Engine);
    let by: Vec<String> = agents
        .map(|actor| format!("{} ({})", actor.name, actor.role))
        .collect();
    Some(Invariant {
        fingerprint: candidate.fingerprint.to_string(),
        rule: candidate.rule.clone(),
        scope: format!("{}: {}", candidate.location.file, candidate.function),
        statement: guard.statement.trim().to_owned(),
        guard: place,
        by: by.join(", "),
        at: day.to_owned(),
        note: None,
        line: 0,
    })
}

/// Writes invariants into the file of a tree, each in its place; how many are new or changed. Several processes may do so at
/// once; one that is killed leaves the file as it was before or after.
///
/// # Errors
/// When the file holds mistakes, or cannot be written.
pub fn keep(root: &Path, invariants: &[Invariant]) -> Result<usize, Failure> {
    if invariants.is_empty() {
        return Ok(0);
    }
    let path = root.join(FILE_NAME);
    let cannot = |error| Failure::Output(path.clone(), error);
    let cache = root.join(".betwixt/cache");
    fs::create_dir_all(&cache).map_err(cannot)?;
    // Held until this returns, also when it fails.
    let lock = fs::File::create(cache.join("invariants.lock")).map_err(cannot)?;
    lock.lock().map_err(cannot)?;
    let mut text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(cannot(error)),
    };
    let mut n_written = 0;
    for invariant in invariants {
        if !is_known(&text, invariant) {
            text = file::with(&text, invariant).map_err(Failure::Config)?;
            n_written += 1;
        }
    }
    if n_written > 0 {
        replace(&path, &cache, &text)?;
    }
    Ok(n_written)
}

/// Whether the same is said already; the day and who said it do not count.
fn is_known(text: &str, invariant: &Invariant) -> bool {
    let known = super::Invariants::parse(text).unwrap_or_default();
    known.all.iter().any(|other| {
        other.fingerprint == invariant.fingerprint
            && other.guard == invariant.guard
            && other.statement == invariant.statement
    })
}

fn replace(path: &PathBuf, folder: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut new, text.as_bytes())?;
        new.as_file().sync_all()?;
        readable(new.as_file())?;
        new.persist(path).map_err(|error| error.error)
    };
    write()
        .map(drop)
        .map_err(|error| Failure::Output(path.clone(), error))
}

/// A temporary file is its owner's alone; this one is for everybody who may read the tree.
#[cfg(unix)]
fn readable(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &fs::File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use betwixt_findings::{Actor, Citation, CitationCheck, SafetyGuard, Severity, Usage, Verdict};

    use super::*;
    use crate::invariants::Invariants;
    use crate::sample::hit;

    const CODE: &str =
        "func f() {\n\tif row.Tenant != tenant {\n\t\treturn\n\t}\n\twrite(row)\n}\n";

    /// Safe because of line 2, which the agent took for line 1.
    fn safe() -> Conclusion {
        let guard = SafetyGuard {
            statement: "rows of others are never written ".into(),
            citation: Citation {
                file: "a.go".into(),
                line: 1,
                end_line: 1,
                quote: "if row.Tenant != tenant {".into(),
                symbol: None,
                calls: None,
                is_load_bearing: true,
            },
        };
        let verdict = Verdict {
            fingerprint: hit("a.go", 5).fingerprint,
            case: "c".into(),
            actor: Actor {
                role: ActorRole::Tracer,
                name: "local/small".into(),
                conversation: "t".into(),
            },
            said: Judgement::Refuted,
            judgement: Judgement::Refuted,
            severity: None,
            reasons: Vec::new(),
            finding: None,
            guard: Some(guard.clone()),
            missing: None,
            citations: vec![CitationCheck {
                citation: guard.citation.clone(),
                outcome: CitationOutcome::Held {
                    line: 2,
                    end_line: 2,
                },
            }],
            usage: Usage::NONE,
        };
        Conclusion {
            fingerprint: verdict.fingerprint.clone(),
            case: "c".into(),
            judgement: Judgement::Refuted,
            severity: Severity::High,
            is_settled: true,
            reason: "the guard stands".into(),
            finding: None,
            guard: Some(guard),
            verdicts: vec![verdict],
            usage: Usage::NONE,
        }
    }

    fn of(conclusion: &Conclusion) -> Option<Invariant> {
        let text = |file: &str| (file == "a.go").then(|| CODE.to_owned());
        of_conclusion(conclusion, &hit("a.go", 5), "2026-11-20", &text)
    }

    #[test]
    fn an_invariant_rests_on_what_the_gate_found() {
        let invariant = of(&safe()).expect("it is safe");
        assert_eq!(invariant.guard.line, 2);
        assert_eq!(invariant.statement, "rows of others are never written");
        assert_eq!(invariant.scope, "a.go: f");
        assert_eq!(invariant.by, "local/small (tracer)");
    }

    #[test]
    fn nothing_else_becomes_one() {
        let change: [fn(&mut Conclusion); 5] = [
            |c| c.judgement = Judgement::Confirmed,
            |c| c.is_settled = false,
            |c| c.guard = None,
            |c| c.verdicts.clear(),
            |c| {
                if let Some(guard) = &mut c.guard {
                    guard.citation.file = "b.go".into();
                }
            },
        ];
        for change in change {
            let mut conclusion = safe();
            change(&mut conclusion);
            assert_eq!(of(&conclusion), None);
        }
    }

    #[test]
    fn what_is_kept_is_read_by_the_next_scan_and_not_written_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        let invariant = of(&safe()).expect("it is safe");
        let keep = |all: &[Invariant]| keep(folder.path(), all).expect("it is written");
        assert_eq!(keep(&[]), 0);
        assert!(!folder.path().join(".betwixt").exists());
        assert_eq!(keep(std::slice::from_ref(&invariant)), 1);
        let mut later = invariant;
        later.at = "2027-01-01".into();
        assert_eq!(keep(std::slice::from_ref(&later)), 0);
        later.statement = "another reason".into();
        assert_eq!(keep(&[later]), 1);
        assert_eq!(
            Invariants::of_tree(folder.path())
                .expect("well formed")
                .len(),
            1
        );
    }
}
