//! Opening: at once, too new, not there; and what only a file can be: damaged, read-only, full.

use betwixt_ledger::{Ledger, LedgerError, Place};

use crate::sample::{PROJECT, hit, open, scan};

pub(crate) fn many_open_a_new_ledger_at_once(place: &Place) {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Ledger::open(place, PROJECT).map(drop)))
            .collect();
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    });
    scan(&mut open(place), &[hit("a")]);
}

pub(crate) fn a_newer_schema_is_left_alone(place: &Place) {
    open(place);
    let sql = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
        VALUES (99, 'later', '2027-01-01T00:00:00Z', '1')";
    match place {
        Place::File(path) => rusqlite::Connection::open(path)
            .unwrap()
            .execute_batch(sql)
            .unwrap(),
        Place::Server(url) => postgres::Client::connect(url, postgres::NoTls)
            .unwrap()
            .batch_execute(sql)
            .unwrap(),
    }
    let opened = [
        Ledger::open(place, PROJECT),
        Ledger::open_to_read(place, PROJECT),
    ];
    for result in opened {
        assert!(
            matches!(
                result,
                Err(LedgerError::Newer {
                    found: 99,
                    known: 1,
                    ..
                })
            ),
            "{result:?}"
        );
    }
}

pub(crate) fn a_reader_needs_a_ledger(place: &Place) {
    let missing = Ledger::open_to_read(place, PROJECT);
    assert!(
        matches!(missing, Err(LedgerError::Missing(_))),
        "{missing:?}"
    );
    scan(&mut open(place), &[hit("a")]);
    let mut reader = Ledger::open_to_read(place, PROJECT).unwrap();
    assert_eq!(
        reader
            .count_by(&betwixt_ledger::Filter::default(), "file")
            .unwrap()
            .rows
            .len(),
        1
    );
    let run = betwixt_ledger::NewRun {
        command: "scan",
        version: "0",
        commit: None,
    };
    assert!(matches!(
        reader.start_run(&run),
        Err(LedgerError::ReadOnly(_))
    ));
}

#[test]
fn a_damaged_file_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    for content in [
        "this is no database, but somebody's text\n".repeat(50),
        "x".into(),
    ] {
        std::fs::write(&path, &content).unwrap();
        let place = Place::File(path.clone());
        for result in [Ledger::open(&place, "."), Ledger::open_to_read(&place, ".")] {
            assert!(
                matches!(result, Err(LedgerError::Corrupt { .. })),
                "{result:?}"
            );
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let place = Place::File(folder.path().join("file/ledger.db"));
    let result = Ledger::open(&place, ".");
    assert!(
        matches!(result, Err(LedgerError::Open { .. })),
        "{result:?}"
    );
}

#[test]
fn a_full_disk_loses_nothing_that_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let place = Place::File(path.clone());
    let mut ledger = open(&place);
    scan(&mut ledger, &[hit("a")]);
    drop(ledger);
    // The database may not grow: the same to the store as a disk without space.
    let small = rusqlite::Connection::open(&path).unwrap();
    let n_pages: i64 = small
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    small
        .query_row(
            &format!("PRAGMA max_page_count = {n_pages}"),
            [],
            |_| Ok(()),
        )
        .unwrap();
    let long = "x".repeat(1 << 20);
    let result = small.execute("INSERT INTO work (project, task, subject, payload, priority, added_at) VALUES ('', '', '', ?1, 1, '')", [long]);
    assert!(result.unwrap_err().to_string().contains("full"));
    drop(small);
    let mut ledger = open(&place);
    assert_eq!(scan(&mut ledger, &[hit("a")]).seen, 1);
}

#[test]
fn a_server_that_is_not_there_is_told_without_its_password() {
    let place = Place::parse("postgres://me:s3cret@127.0.0.1:1/x");
    let error = Ledger::open(&place, ".").unwrap_err();
    assert!(
        matches!(error, LedgerError::Unreachable { .. }),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}
