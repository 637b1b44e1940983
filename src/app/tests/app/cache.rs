//! The cache changes how long a scan takes and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{betwixt, cached_report, copied_platform, report};

const SITES: &str = "services/accounts/internal/store/sites.go";

fn packs(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join(".betwixt/cache")).expect("the cache is there");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "pack"));
    paths.sort();
    paths
}

#[test]
fn a_scan_says_the_same_with_and_without_the_cache() {
    let tree = copied_platform();
    let root = tree.path();
    let cold = report(root, &[]);
    assert!(packs(root).is_empty(), "nothing is written");
    assert_eq!(cached_report(root, &[]), cold, "that fills the cache");
    assert_eq!(packs(root).len(), 1);
    assert_eq!(cached_report(root, &[]), cold, "that only reads it");
    assert_eq!(packs(root).len(), 1);
    let sites = fs::read_to_string(root.join(SITES)).expect("a readable file");
    fs::write(root.join(SITES), format!("// A line more.\n{sites}")).expect("a file");
    let changed = cached_report(root, &[]);
    assert_eq!(changed, report(root, &[]), "with one changed file");
    assert_ne!(changed, cold);
    fs::remove_file(root.join(SITES)).expect("a file");
    assert_eq!(cached_report(root, &[]), report(root, &[]), "with one less");
    fs::write(root.join(SITES), sites).expect("a file");
    assert_eq!(cached_report(root, &["--jobs", "1"]), cold, "as it was");
}

#[test]
fn what_is_asked_is_part_of_what_is_known() {
    let tree = copied_platform();
    let root = tree.path();
    cached_report(root, &[]);
    for arguments in [
        &["--rule", "missing-tenant-filter"][..],
        &["--include-tests"],
        &["--no-config"],
    ] {
        assert_eq!(
            cached_report(root, arguments),
            report(root, arguments),
            "{arguments:?}"
        );
    }
    fs::write(
        root.join("betwixt.toml"),
        "[tenancy]\ncolumns = ['site_id']\n",
    )
    .expect("a file");
    assert_eq!(cached_report(root, &[]), report(root, &[]));
}

#[test]
fn a_damaged_cache_mends_itself() {
    let tree = copied_platform();
    let root = tree.path();
    let cold = cached_report(root, &[]);
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.iter_mut().step_by(997).for_each(|byte| *byte ^= 1),
        |bytes| bytes.clear(),
        |bytes| bytes.extend_from_slice(b"more"),
    ];
    for damage in damages {
        for path in packs(root) {
            let mut bytes = fs::read(&path).expect("a pack");
            damage(&mut bytes);
            fs::write(&path, bytes).expect("a pack");
        }
        assert_eq!(cached_report(root, &[]), cold);
    }
    assert_eq!(packs(root).len(), 1, "what cannot be read is dropped");
}

#[test]
fn two_scans_at_once_do_not_disturb_each_other() {
    let tree = copied_platform();
    let root = tree.path();
    let cold = report(root, &[]);
    std::thread::scope(|scope| {
        let scans: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| cached_report(root, &["--jobs", "1"])))
            .collect();
        for scan in scans {
            assert_eq!(scan.join().expect("a report"), cold);
        }
    });
    assert_eq!(cached_report(root, &[]), cold);
}

#[test]
fn a_comment_more_moves_hits_and_costs_no_program() {
    let tree = copied_platform();
    let root = tree.path();
    let cold = cached_report(root, &[]);
    let paths: BTreeSet<&str> = cold["hits"]
        .as_array()
        .expect("a list of hits")
        .iter()
        .filter_map(|hit| hit["file"].as_str())
        .collect();
    assert!(paths.len() > 10);
    for path in &paths {
        let marker = if path.ends_with(".sql") { "--" } else { "//" };
        let text = fs::read_to_string(root.join(path)).expect("a readable file");
        fs::write(root.join(path), format!("{marker} On top.\n\n{text}")).expect("a file");
    }
    let run = betwixt(&["scan", root.to_str().expect("UTF-8"), "--format", "json"]);
    let raw: serde_json::Value = serde_json::from_str(&run.out).expect("a JSON document");
    assert!(raw["stats"]["seconds"]["facts"].is_number());
    assert!(raw["stats"]["seconds"]["program"].is_null());
    let moved = cached_report(root, &[]);
    assert_eq!(moved, report(root, &[]));
    assert_ne!(moved["hits"], cold["hits"]);
}
