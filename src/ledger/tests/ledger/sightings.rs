//! First seen, last seen, gone and back.

use betwixt_findings::{Severity, Status};
use betwixt_ledger::{Coverage, Decision, DecisionKind, Filter, Findings, Ledger, Place, Recorded};

use crate::sample::{PROJECT, confirmed, fingerprint, hit, open, run, scan};

/// The statuses of all findings, by file.
fn statuses(ledger: &mut Ledger) -> Vec<(String, String)> {
    let question = Findings {
        columns: &["file".to_owned(), "status".to_owned()],
        sort: &["file".to_owned()],
        ..Findings::default()
    };
    let table = ledger.findings(&question).unwrap();
    let rows = table.rows.iter();
    rows.map(|row| (row[0].to_string(), row[1].to_string()))
        .collect()
}

pub(crate) fn a_finding_is_new_then_seen_then_gone_then_back(place: &Place) {
    let mut ledger = open(place);
    let mut moved = hit("a");
    moved.location.line = 30;
    let first = scan(&mut ledger, &[hit("a"), hit("b")]);
    assert_eq!((first.new, first.seen), (2, 0));
    let second = scan(&mut ledger, &[moved]);
    assert_eq!((second.seen, second.gone), (1, 1));
    let status = |ledger: &mut Ledger, file: &str| {
        let all = statuses(ledger);
        all.into_iter().find(|(name, _)| name == file).unwrap().1
    };
    assert_eq!(status(&mut ledger, "b.go"), "gone");
    assert_eq!(status(&mut ledger, "a.go"), "open");
    assert_eq!(
        scan(&mut ledger, &[hit("a")]),
        Recorded {
            seen: 1,
            ..Recorded::default()
        }
    );
    let back = scan(&mut ledger, &[hit("a"), hit("b")]);
    assert_eq!((back.seen, back.back, back.new), (1, 1, 0));
    assert_eq!(status(&mut ledger, "b.go"), "open");
    let table = ledger
        .select(
            "SELECT line, n_runs, first_seen < last_seen FROM findings ORDER BY file",
            9,
            5,
        )
        .unwrap();
    assert_eq!(table.rows[0][0].as_integer(), Some(3));
    assert_eq!(table.rows[0][1].as_integer(), Some(4));
    assert_eq!(table.rows[1][1].as_integer(), Some(2));
}

pub(crate) fn what_was_not_looked_at_is_not_gone(place: &Place) {
    let mut ledger = open(place);
    scan(&mut ledger, &[hit("a"), hit("b")]);
    let mut record = |rules: &[&str], covered: &str| {
        let run = run(&mut ledger, "scan");
        let is_covered = |file: &str| file == covered;
        let coverage = Coverage {
            rules,
            is_covered: &is_covered,
        };
        ledger.record(run, &[], &coverage).unwrap().gone
    };
    assert_eq!(record(&["race/other"], "a.go"), 0);
    assert_eq!(record(&["race/lost-update"], "c.go"), 0);
    assert_eq!(record(&["race/lost-update"], "a.go"), 1);
    // It is gone already.
    assert_eq!(record(&["race/lost-update"], "a.go"), 0);
    let run = run(&mut ledger, "confirm");
    let recorded = ledger.record(run, &[], &Coverage::NOTHING).unwrap();
    assert_eq!(recorded, Recorded::default());
}

pub(crate) fn projects_do_not_see_each_other(place: &Place) {
    let mut ours = open(place);
    scan(&mut ours, &[hit("a")]);
    let mut theirs = Ledger::open(place, "https://example.com/other").unwrap();
    assert_eq!(scan(&mut theirs, &[]), Recorded::default());
    assert_eq!(scan(&mut theirs, &[hit("a")]).new, 1);
    assert_eq!(statuses(&mut ours).len(), 1);
    let question = Findings {
        filter: Filter {
            all_projects: true,
            ..Filter::default()
        },
        ..Findings::default()
    };
    assert_eq!(ours.findings(&question).unwrap().rows.len(), 2);
    assert_eq!(ours.projects().unwrap().len(), 2);
}

pub(crate) fn many_scans_at_once_lose_nothing(place: &Place) {
    open(place);
    let names: Vec<String> = (0..20).map(|n| format!("f{n}")).collect();
    let hits: Vec<_> = names.iter().map(|name| hit(name)).collect();
    let totals: Vec<Recorded> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut ledger = Ledger::open(place, PROJECT).unwrap();
                    scan(&mut ledger, &hits)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let sum = |count: fn(&Recorded) -> usize| totals.iter().map(count).sum::<usize>();
    assert_eq!(sum(|recorded| recorded.new), 20);
    assert_eq!(sum(|recorded| recorded.seen), 7 * 20);
}

pub(crate) fn a_status_is_the_most_final_one(place: &Place) {
    let mut ledger = open(place);
    let mut silenced = hit("b");
    silenced.status = Status::Suppressed;
    silenced.suppression = Some("one worker".into());
    scan(&mut ledger, &[hit("a"), silenced, hit("c")]);
    let confirm = run(&mut ledger, "confirm");
    ledger.conclude(confirm, &confirmed("a")).unwrap();
    let status = |ledger: &mut Ledger| -> Vec<String> {
        statuses(ledger)
            .into_iter()
            .map(|(_, status)| status)
            .collect()
    };
    assert_eq!(status(&mut ledger), ["confirmed", "suppressed", "open"]);
    let table = ledger
        .select("SELECT severity, claimed_severity, tracer, reviewer FROM findings WHERE status = 'confirmed'", 9, 5)
        .unwrap();
    let cells: Vec<String> = table.rows[0].iter().map(ToString::to_string).collect();
    let severity = [Severity::Medium.name(), Severity::High.name()];
    assert_eq!(
        cells,
        [severity[0], severity[1], "local/tracer", "local/reviewer"]
    );
    let mut decide = |kind| {
        let decision = Decision {
            kind,
            person: "Ada",
            reason: "seen",
        };
        ledger.decide(&fingerprint("a"), &decision).unwrap();
        status(&mut ledger)[0].clone()
    };
    assert_eq!(decide(DecisionKind::Accept), "accepted");
    assert_eq!(decide(DecisionKind::Close), "closed");
    assert_eq!(decide(DecisionKind::Reopen), "confirmed");
}
