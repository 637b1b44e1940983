//! The same tree gives the same bytes: whatever the number of threads, and whatever the order files were written in.

use crate::support::{assert_valid_sarif, betwixt, files, platform, report, write};

#[test]
fn one_thread_and_many_say_the_same() {
    let one = report(&platform(), &["--jobs", "1"]);
    for jobs in ["2", "7"] {
        let many = report(&platform(), &["--jobs", jobs]);
        assert_eq!(one, many, "with {jobs} jobs");
    }
}

#[test]
fn the_order_on_disk_does_not_show() {
    let paths = files(&platform());
    let copy = |order: &mut dyn Iterator<Item = &std::path::PathBuf>| {
        let tree = tempfile::tempdir().expect("a temporary folder");
        for path in order {
            write(
                tree.path(),
                path,
                std::fs::read(platform().join(path)).expect("a readable file"),
            );
        }
        tree
    };
    let forth = copy(&mut paths.iter());
    let back = copy(&mut paths.iter().rev());
    assert_eq!(report(forth.path(), &[]), report(back.path(), &[]));
}

#[test]
fn sarif_is_the_same_too_and_valid() {
    let root = platform();
    let root = root.to_str().expect("test paths are UTF-8");
    let log = |jobs| {
        betwixt(&[
            "scan",
            root,
            "--no-cache",
            "--format",
            "sarif",
            "--jobs",
            jobs,
        ])
        .out
    };
    let one = log("1");
    assert_eq!(one, log("4"));
    assert_valid_sarif(&one);
}
