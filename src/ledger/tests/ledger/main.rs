//! The ledger holds the same on both databases: every case is a function over an empty place, run on each.

#![expect(
    clippy::unwrap_used,
    reason = "tests, in functions that are run on both databases"
)]

mod history;
mod place;
mod queue;
mod roles;
mod sample;
mod server;
mod sightings;
mod users;

use betwixt_ledger::Place;

/// Each case as a test on SQLite, and all of them in one on PostgreSQL, which is started once.
macro_rules! cases {
    ($($module:ident: $($name:ident),+;)+) => {
        mod sqlite {
            $(mod $module {
                $(#[test]
                fn $name() {
                    let folder = tempfile::tempdir().expect("a folder");
                    let place = betwixt_ledger::Place::File(folder.path().join("deep/ledger.db"));
                    crate::$module::$name(&place);
                })+
            })+
        }

        const CASES: &[(&str, fn(&Place))] = &[$($((concat!(stringify!($module), "::", stringify!($name)), $module::$name),)+)+];
    };
}

cases! {
    history: what_is_stored_is_found_again, what_is_open_can_be_gone_on_with, storing_again_changes_nothing, one_finding_has_its_whole_history,
        a_killed_writer_leaves_what_it_committed;
    roles: who_traced_does_not_review, nothing_is_confirmed_without_a_reviewer, a_review_needs_a_trace,
        only_people_decide, history_cannot_be_changed, the_same_conversation_may_trace_another_finding;
    sightings: a_finding_is_new_then_seen_then_gone_then_back, what_was_not_looked_at_is_not_gone,
        projects_do_not_see_each_other, many_scans_at_once_lose_nothing, a_status_is_the_most_final_one;
    queue: work_is_leased_once_and_done_once, a_late_holder_is_refused, a_conclusion_and_its_work_are_stored_together,
        a_thousand_tasks_and_ten_workers_that_are_killed;
    users: filters_narrow_and_counts_add_up, a_statement_of_a_user_reads_only, what_a_user_writes_is_no_sql;
    place: many_open_a_new_ledger_at_once, a_newer_schema_is_left_alone, a_reader_needs_a_ledger;
}

#[test]
fn everything_holds_on_postgresql_too() {
    let Some(server) = server::Server::start("the ledger on a server") else {
        return;
    };
    let mut admin = postgres::Client::connect(&server.url("postgres"), postgres::NoTls).unwrap();
    for (idx, (name, case)) in CASES.iter().enumerate() {
        let database = format!("test_{idx}");
        admin
            .batch_execute(&format!("CREATE DATABASE {database}"))
            .unwrap();
        let place = Place::Server(server.url(&database));
        let result = std::panic::catch_unwind(|| case(&place));
        assert!(result.is_ok(), "{name} does not hold on PostgreSQL");
    }
}
