//! Questions of users: filters, counts, read-only SQL.

use betwixt_ledger::{Filter, Findings, LedgerError, Place, Table, Value};

use crate::sample::{hit, open, scan};

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

pub(crate) fn filters_narrow_and_counts_add_up(place: &Place) {
    let mut ledger = open(place);
    let mut far = hit("src/api/far");
    far.severity = betwixt_findings::Severity::Critical;
    far.service = None;
    let mut other = hit("src/api_other");
    other.function = "100%".into();
    scan(&mut ledger, &[hit("a"), far, other]);
    let mut files = |filter: Filter| {
        let question = Findings {
            filter,
            columns: &strings(&["file"]),
            ..Findings::default()
        };
        let table = ledger.findings(&question).unwrap();
        let rows = table.rows.iter();
        rows.map(|row| row[0].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        files(Filter::default()),
        ["src/api/far.go", "a.go", "src/api_other.go"]
    );
    let with = |change: fn(&mut Filter, Vec<String>), values: &[&str]| {
        let mut filter = Filter::default();
        change(&mut filter, strings(values));
        filter
    };
    assert_eq!(
        files(with(|f, v| f.files = v, &["src/api"])),
        ["src/api/far.go"]
    );
    assert_eq!(
        files(with(|f, v| f.files = v, &["*_other.go", "./a.go"])),
        ["a.go", "src/api_other.go"]
    );
    assert_eq!(
        files(with(|f, v| f.words = v, &["RACE", "100%"])),
        ["src/api_other.go"]
    );
    assert_eq!(files(with(|f, v| f.rules = v, &["lost-update"])).len(), 3);
    assert_eq!(files(with(|f, v| f.rules = v, &["update"])).len(), 0);
    assert_eq!(
        files(with(|f, v| f.severities = v, &["critical", "low"])),
        ["src/api/far.go"]
    );
    assert_eq!(files(with(|f, v| f.services = v, &["billing"])).len(), 2);
    assert_eq!(files(with(|f, v| f.actors = v, &["tracer"])).len(), 0);
    assert_eq!(
        files(with(|f, mut v| f.since = v.pop(), &["2000-01-01"])).len(),
        3
    );
    assert_eq!(
        files(with(|f, mut v| f.until = v.pop(), &["2000-01-01"])).len(),
        0
    );
    let counts = ledger.count_by(&Filter::default(), "service").unwrap();
    let counts: Vec<String> = counts
        .rows
        .iter()
        .map(|row| format!("{}={}", row[0], row[1]))
        .collect();
    assert_eq!(counts, ["billing=2", "=1"]);
    let question = Findings {
        sort: &strings(&["-file"]),
        limit: 2,
        columns: &strings(&["file"]),
        ..Findings::default()
    };
    let table = ledger.findings(&question).unwrap();
    assert_eq!((table.rows.len(), table.is_cut), (2, true));
    assert_eq!(table.rows[0], [Value::from("src/api_other.go")]);
}

pub(crate) fn a_statement_of_a_user_reads_only(place: &Place) {
    let mut ledger = open(place);
    scan(&mut ledger, &[hit("a"), hit("b")]);
    let table = ledger.select(
        "SELECT file, line, NULL, 1.5 AS x FROM findings ORDER BY file",
        1,
        5,
    );
    let expected = Table {
        columns: table.as_ref().unwrap().columns.clone(),
        rows: vec![vec![
            Value::from("a.go"),
            Value::Integer(3),
            Value::Null,
            Value::Real(1.5),
        ]],
        is_cut: true,
    };
    assert_eq!(table.unwrap(), expected);
    assert_eq!(expected.columns[3], "x");
    let mistakes = [
        "DELETE FROM work",
        "UPDATE work SET token = 1",
        "WITH x AS (SELECT 1) INSERT INTO work (project, task, subject, payload, priority, added_at) VALUES ('', '', '', '', 1, '')",
        "SELECT 1; DELETE FROM work",
        "SELECT 1; COMMIT; DELETE FROM work",
        "COMMIT",
        "ATTACH 'x.db' AS x",
        "PRAGMA query_only = OFF",
        "SELECT nonsense FROM findings",
        "SELEC 1",
        "",
    ];
    for sql in mistakes {
        let result = ledger.select(sql, 5, 5);
        assert!(
            matches!(result, Err(LedgerError::Query(_))),
            "{sql}: {result:?}"
        );
    }
    // Still good after all of that.
    assert_eq!(ledger.select("VALUES (1)", 5, 5).unwrap().rows.len(), 1);
    assert_eq!(scan(&mut ledger, &[hit("a")]).gone, 1);
    let endless =
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 0 FROM n) SELECT COUNT(*) FROM n";
    assert!(matches!(
        ledger.select(endless, 5, 1),
        Err(LedgerError::TooSlow(1))
    ));
}

pub(crate) fn what_a_user_writes_is_no_sql(place: &Place) {
    let mut ledger = open(place);
    scan(&mut ledger, &[hit("a")]);
    let bad = "x' OR '1'='1";
    let filter = Filter {
        words: strings(&[bad]),
        files: strings(&[bad]),
        rules: strings(&[bad]),
        ..Filter::default()
    };
    let question = Findings {
        filter,
        ..Findings::default()
    };
    assert_eq!(ledger.findings(&question).unwrap().rows.len(), 0);
    let question = Findings {
        sort: &strings(&["file; DROP TABLE work"]),
        ..Findings::default()
    };
    assert!(matches!(
        ledger.findings(&question),
        Err(LedgerError::Query(_))
    ));
    assert!(matches!(
        ledger.count_by(&Filter::default(), "1"),
        Err(LedgerError::Query(_))
    ));
    assert_eq!(
        ledger.fingerprints("' OR 1=1", 5).unwrap(),
        Vec::<String>::new()
    );
}
