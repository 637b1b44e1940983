//! What a run saw: which findings are new, still there, gone or back.
//!
//! Gone is only what was looked for: its rule ran and its file was looked at. A run over some files or some rules says
//! nothing of the others.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_findings::{Candidate, Fingerprint, Status};

use crate::run::RunId;
use crate::select::{Cells, Value};
use crate::store::{Store, first_row};
use crate::{Ledger, LedgerError};

/// What a run looked at.
#[derive(Clone, Copy)]
pub struct Coverage<'a> {
    /// Ids of the rules that ran.
    pub rules: &'a [&'a str],
    /// Whether a file, by its path from the root, was looked at, or is known to be no longer there.
    pub is_covered: &'a dyn Fn(&str) -> bool,
}

impl Coverage<'static> {
    /// A run that did not look for what others saw: nothing of it is gone.
    pub const NOTHING: Self = Self {
        rules: &[],
        is_covered: &|_| false,
    };
}

/// How many findings a run saw, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recorded {
    /// Never seen before.
    pub new: usize,
    /// Seen in the run before that looked for them.
    pub seen: usize,
    /// Looked for and not there any more.
    pub gone: usize,
    /// Gone earlier and there again.
    pub back: usize,
}

/// A finding as the runs before left it.
struct Known {
    is_gone: bool,
    claim: i64,
    digest: String,
    rule: String,
    file: String,
}

impl Ledger {
    /// Writes down what a run saw, all of it or nothing. Repeating it for the same run changes nothing.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn record(
        &mut self,
        run: RunId,
        hits: &[Candidate],
        coverage: &Coverage<'_>,
    ) -> Result<Recorded, LedgerError> {
        self.write(|store, project| {
            // What is new depends on what was seen before: one run of a project after the other.
            store.take_turns(&format!("betwixt sightings {project}"))?;
            record(store, project, run, hits, coverage)
        })
    }
}

fn record(
    store: &mut dyn Store,
    project: &str,
    run: RunId,
    hits: &[Candidate],
    coverage: &Coverage<'_>,
) -> Result<Recorded, LedgerError> {
    let known = known(store, project)?;
    let mut recorded = Recorded::default();
    let mut seen = BTreeSet::new();
    for hit in hits {
        let fingerprint = hit.fingerprint.as_str();
        if !seen.insert(fingerprint) {
            continue;
        }
        let before = known.get(fingerprint);
        let (event, count) = match before {
            None => ("new", &mut recorded.new),
            Some(known) if known.is_gone => ("back", &mut recorded.back),
            Some(_) => ("seen", &mut recorded.seen),
        };
        *count += 1;
        let detail = detail(hit);
        let digest = Fingerprint::of(&[&detail], 0);
        let claim = match before.filter(|known| known.digest == digest.as_str()) {
            Some(known) => known.claim,
            None => add_claim(store, project, hit, &detail, digest.as_str())?,
        };
        let sighting = Sighting {
            event,
            status: hit.status,
            reason: hit.suppression.as_deref(),
            claim,
        };
        add_sighting(store, project, run, fingerprint, &sighting)?;
    }
    for (fingerprint, known) in known {
        let is_looked_for =
            coverage.rules.contains(&known.rule.as_str()) && (coverage.is_covered)(&known.file);
        if !known.is_gone && is_looked_for && !seen.contains(fingerprint.as_str()) {
            recorded.gone += 1;
            let sighting = Sighting {
                event: "gone",
                status: Status::New,
                reason: None,
                claim: known.claim,
            };
            add_sighting(store, project, run, &fingerprint, &sighting)?;
        }
    }
    Ok(recorded)
}

/// Everything of a claim but how one run reported it.
fn detail(hit: &Candidate) -> String {
    let claim = Candidate {
        status: Status::New,
        suppression: None,
        ..hit.clone()
    };
    serde_json::to_string(&claim).unwrap_or_default()
}

fn known(store: &mut dyn Store, project: &str) -> Result<BTreeMap<String, Known>, LedgerError> {
    let sql = "SELECT s.fingerprint, s.event, s.claim, c.digest, c.rule, c.file
        FROM sightings s JOIN claims c ON c.id = s.claim
        WHERE s.id IN (SELECT MAX(id) FROM sightings WHERE project = $1 GROUP BY fingerprint)";
    let rows = store.rows(sql, &[project.into()])?;
    let known = rows.into_iter().map(|row| {
        let mut cells = Cells::of(row);
        let fingerprint = cells.text();
        let known = Known {
            is_gone: cells.text() == "gone",
            claim: cells.integer(),
            digest: cells.text(),
            rule: cells.text(),
            file: cells.text(),
        };
        (fingerprint, known)
    });
    Ok(known.collect())
}

fn add_claim(
    store: &mut dyn Store,
    project: &str,
    hit: &Candidate,
    detail: &str,
    digest: &str,
) -> Result<i64, LedgerError> {
    let sql = "INSERT INTO claims (project, fingerprint, digest, rule, category, severity, confidence, file, line,
            end_line, function, service, message, detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (project, fingerprint, digest) DO NOTHING";
    let row: [Value; 14] = [
        project.into(),
        hit.fingerprint.as_str().into(),
        digest.into(),
        hit.rule.as_str().into(),
        hit.category.name().into(),
        hit.severity.name().into(),
        hit.confidence.name().into(),
        hit.location.file.as_str().into(),
        hit.location.line.into(),
        hit.location.end_line.into(),
        hit.function.as_str().into(),
        hit.service.as_deref().into(),
        hit.message.as_str().into(),
        detail.into(),
    ];
    store.execute(sql, &row)?;
    let sql = "SELECT id FROM claims WHERE project = $1 AND fingerprint = $2 AND digest = $3";
    let id = first_row(store, sql, &row[..3])?;
    Ok(id.map_or(0, |row| Cells::of(row).integer()))
}

/// One row of `sightings`.
struct Sighting<'a> {
    event: &'a str,
    status: Status,
    reason: Option<&'a str>,
    claim: i64,
}

fn add_sighting(
    store: &mut dyn Store,
    project: &str,
    run: RunId,
    fingerprint: &str,
    sighting: &Sighting<'_>,
) -> Result<(), LedgerError> {
    let sql = "INSERT INTO sightings (run, project, fingerprint, event, status, reason, claim)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (run, fingerprint) DO NOTHING";
    let status = match sighting.status {
        Status::New => "new",
        Status::Baseline => "baseline",
        Status::Suppressed => "suppressed",
    };
    let row: [Value; 7] = [
        run.0.into(),
        project.into(),
        fingerprint.into(),
        sighting.event.into(),
        status.into(),
        sighting.reason.into(),
        sighting.claim.into(),
    ];
    store.execute(sql, &row).map(drop)
}
