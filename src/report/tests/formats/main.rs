//! One report in every format: the bytes that people, scripts and code hosts get.

mod ci;
mod limits;
mod sample;

use betwixt_findings::{Severity, Status};
use betwixt_report::text::Options;
use betwixt_report::{Style, hit_page, json, rule_page, sarif, text};

use crate::sample::{Sources, hit, report, rule, written};

#[test]
fn text_shows_the_worst_first_and_counts_what_is_silenced() {
    let rules = [rule()];
    let out = written(|out| text::write(&report(&rules), &Sources, &Options::default(), out));
    insta::assert_snapshot!("text", out);
}

#[test]
fn colours_add_only_escape_sequences() {
    let rules = [rule()];
    let report = report(&rules);
    let options = Options {
        style: Style::coloured(),
        ..Options::default()
    };
    let coloured = written(|out| text::write(&report, &Sources, &options, out));
    let plain = written(|out| text::write(&report, &Sources, &Options::default(), out));
    assert!(coloured.contains("\x1b[1;31mcritical\x1b[0m"));
    assert!(
        !plain.contains('\x1b'),
        "text of scanned code must not reach the terminal as it is"
    );
    let mut stripped = String::new();
    let mut pieces = coloured.split('\x1b');
    stripped.push_str(pieces.next().unwrap());
    for piece in pieces {
        stripped.push_str(piece.split_once('m').unwrap().1);
    }
    assert_eq!(stripped, plain);
}

#[test]
fn json_is_the_document_of_the_contract() {
    let rules = [rule()];
    let out = written(|out| json::write(&report(&rules), out));
    insta::assert_snapshot!("json", out);
}

#[test]
fn sarif_shows_rules_flows_and_suppressions() {
    let rules = [rule()];
    let out = written(|out| sarif::write(&report(&rules), &Sources, out));
    insta::assert_snapshot!("sarif", out);
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let rules = [rule()];
    let once = written(|out| sarif::write(&report(&rules), &Sources, out));
    let twice = written(|out| sarif::write(&report(&rules), &Sources, out));
    assert_eq!(once, twice);
}

#[test]
fn a_rule_explains_itself() {
    insta::assert_snapshot!("rule_page", rule_page(&rule()));
}

#[test]
fn a_hit_is_shown_in_full_with_its_rule() {
    let page = hit_page(
        &hit(4, Severity::High, Status::Suppressed),
        Some(&rule()),
        &Sources,
        &Options::default(),
    );
    assert!(page.contains("suppressed: public catalogue"), "{page}");
    assert!(page.contains("## Impact"), "{page}");
}
