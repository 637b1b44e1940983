//! Work is done once, whoever is killed.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use betwixt_ledger::{Ledger, LedgerError, Place, QueueCounts, Task};

use crate::sample::{PROJECT, confirmed, fingerprint, open, run};

const HOUR: Duration = Duration::from_secs(3600);

fn task(subject: &str, priority: i64) -> Task {
    Task {
        subject: subject.into(),
        payload: "{}".into(),
        priority,
    }
}

pub(crate) fn work_is_leased_once_and_done_once(place: &Place) {
    let mut ledger = open(place);
    let tasks = [task("a", 1), task("b", 5), task("c", 1)];
    assert_eq!(ledger.enqueue("confirm", &tasks).unwrap(), 3);
    assert_eq!(ledger.enqueue("confirm", &tasks[..1]).unwrap(), 0);
    let first = ledger.lease("confirm", "w1", 2, HOUR).unwrap();
    let subjects: Vec<&str> = first
        .iter()
        .map(|lease| lease.task.subject.as_str())
        .collect();
    assert_eq!(subjects, ["b", "a"]);
    let second = ledger.lease("confirm", "w2", 9, HOUR).unwrap();
    assert_eq!(second.len(), 1);
    assert!(ledger.lease("other", "w2", 9, HOUR).unwrap().is_empty());
    ledger.complete(&first[0], "confirmed").unwrap();
    assert!(matches!(
        ledger.complete(&first[0], "again"),
        Err(LedgerError::LeaseLost { .. })
    ));
    ledger.give_back(&first[1]).unwrap();
    let again = ledger.lease("confirm", "w3", 9, HOUR).unwrap();
    assert_eq!(again[0].task.subject, "a");
    assert_eq!(again[0].n_leases(), 2);
    let counts = QueueCounts {
        waiting: 0,
        leased: 2,
        done: 1,
    };
    assert_eq!(ledger.queue("confirm").unwrap(), counts);
}

pub(crate) fn a_late_holder_is_refused(place: &Place) {
    let mut ledger = open(place);
    ledger.enqueue("confirm", &[task("a", 1)]).unwrap();
    let late = ledger.lease("confirm", "w1", 1, Duration::ZERO).unwrap();
    std::thread::sleep(Duration::from_millis(2));
    let taken = ledger.lease("confirm", "w2", 1, HOUR).unwrap();
    assert_eq!(taken.len(), 1);
    let lost = |result| matches!(result, Err(LedgerError::LeaseLost { .. }));
    assert!(lost(ledger.renew(&late[0], HOUR)));
    assert!(lost(ledger.give_back(&late[0])));
    assert!(lost(ledger.complete(&late[0], "late")));
    ledger.renew(&taken[0], HOUR).unwrap();
    ledger.complete(&taken[0], "in time").unwrap();
}

pub(crate) fn a_conclusion_and_its_work_are_stored_together(place: &Place) {
    let mut ledger = open(place);
    let confirm = run(&mut ledger, "confirm");
    ledger.enqueue("confirm", &[task("a", 1)]).unwrap();
    let late = ledger.lease("confirm", "w1", 1, Duration::ZERO).unwrap();
    std::thread::sleep(Duration::from_millis(2));
    let taken = ledger.lease("confirm", "w2", 1, HOUR).unwrap();
    let refused = ledger.conclude_leased(confirm, &confirmed("a"), &late[0]);
    assert!(matches!(refused, Err(LedgerError::LeaseLost { .. })));
    assert_eq!(ledger.settled(&fingerprint("a"), "case1").unwrap(), None);
    ledger
        .conclude_leased(confirm, &confirmed("a"), &taken[0])
        .unwrap();
    assert!(
        ledger
            .settled(&fingerprint("a"), "case1")
            .unwrap()
            .is_some()
    );
    assert_eq!(ledger.queue("confirm").unwrap().done, 1);
}

const WORKER: &str = "BETWIXT_TEST_WORKER";
/// On a server; on a file, where every write waits for the disk, a few will do.
const N_TASKS: usize = 1000;
const N_TASKS_OF_A_FILE: usize = 200;
const N_WORKERS: usize = 10;
/// Short, so that what killed workers held comes back soon; long against what one task takes.
const LEASE: Duration = Duration::from_secs(2);

/// Not a test of its own: a worker of the next case, in a process that may be killed. Each task it does ends in a
/// conclusion, which is stored with the end of its lease.
#[test]
fn worker_process() {
    let Ok(place) = std::env::var(WORKER) else {
        return;
    };
    let holder = format!("worker {}", std::process::id());
    let mut ledger = Ledger::open(&Place::parse(&place), PROJECT).unwrap();
    let confirm = run(&mut ledger, "confirm");
    loop {
        let leases = ledger.lease("confirm", &holder, 3, LEASE).unwrap();
        if leases.is_empty() {
            let counts = ledger.queue("confirm").unwrap();
            if counts.waiting + counts.leased == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        for lease in leases {
            let name = &lease.task.subject;
            match ledger.conclude_leased(confirm, &confirmed(name), &lease) {
                Ok(()) => {}
                // Too slow, and somebody else did it.
                Err(LedgerError::LeaseLost { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
}

fn worker(place: &Place) -> Child {
    let text = match place {
        Place::File(path) => path.display().to_string(),
        Place::Server(url) => url.clone(),
    };
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "queue::worker_process"])
        .env(WORKER, text)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

pub(crate) fn a_thousand_tasks_and_ten_workers_that_are_killed(place: &Place) {
    let n_tasks = match place {
        Place::File(_) => N_TASKS_OF_A_FILE,
        Place::Server(_) => N_TASKS,
    };
    let mut ledger = open(place);
    let names: Vec<String> = (0..n_tasks).map(|n| format!("task{n:04}")).collect();
    let tasks: Vec<Task> = names.iter().map(|name| task(name, 1)).collect();
    ledger.enqueue("confirm", &tasks).unwrap();
    let started = Instant::now();
    let mut workers: Vec<Child> = (0..N_WORKERS).map(|_| worker(place)).collect();
    let mut n_killed = 0;
    loop {
        let counts = ledger.queue("confirm").unwrap();
        if counts.done == n_tasks as u64 {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "stuck: {counts:?}"
        );
        // Every tenth of the work somebody dies in the middle of it, and somebody else is hired.
        if counts.done as usize >= (n_killed + 1) * n_tasks / 10 {
            let victim = n_killed % N_WORKERS;
            workers[victim].kill().unwrap();
            workers[victim].wait().unwrap();
            workers[victim] = worker(place);
            n_killed += 1;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let seconds = started.elapsed().as_secs_f64();
    for mut worker in workers {
        assert!(worker.wait().unwrap().success());
    }
    assert!(n_killed > 0, "nobody was killed");
    let table = ledger
        .select(
            "SELECT fingerprint, COUNT(*) FROM conclusions GROUP BY fingerprint",
            n_tasks + 1,
            30,
        )
        .unwrap();
    let done: BTreeMap<String, i64> = table
        .rows
        .iter()
        .map(|row| (row[0].to_string(), row[1].as_integer().unwrap()))
        .collect();
    let expected: BTreeMap<String, i64> = names
        .iter()
        .map(|name| (fingerprint(name).as_str().to_owned(), 1))
        .collect();
    assert_eq!(done, expected);
    let each = 1000.0 * seconds / n_tasks as f64;
    let line = format!(
        "{n_tasks} tasks, {N_WORKERS} workers, {n_killed} killed: {seconds:.1} s, {each:.1} ms each\n"
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
