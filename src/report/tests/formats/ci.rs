//! What CI servers and review tools read, with paths and texts that try to get out of their place.

use betwixt_findings::{Candidate, Severity, Status};
use betwixt_report::{Report, comment, github, gitlab, junit, rdjson};

use crate::sample::{hit, report, rule, written};

const HOSTILE: &str = "`a` is\r\n::error file=x::owned %0A::set-output <b>x</b> ]]> \u{1b}[31m @everyone ![p](https://e.example/p.png) -->";

fn hostile() -> Candidate {
    let mut hit = hit(4, Severity::High, Status::New);
    hit.location.file = "a b/100%/é,x:y\"<z>.go".into();
    hit.message = HOSTILE.into();
    hit.impact = HOSTILE.into();
    hit.trace[0].note = HOSTILE.into();
    hit.trace[0].function = "f`x".into();
    hit
}

fn hostile_report(rules: &[betwixt_rules::Rule]) -> Report<'_> {
    Report {
        hits: vec![hostile()],
        problems: Vec::new(),
        ..report(rules)
    }
}

fn clean_report(rules: &[betwixt_rules::Rule]) -> Report<'_> {
    Report {
        hits: vec![hit(31, Severity::High, Status::Suppressed)],
        problems: Vec::new(),
        ..report(rules)
    }
}

#[test]
fn each_format_shows_the_report() {
    let rules = [rule()];
    let report = report(&rules);
    insta::assert_snapshot!("github", written(|out| github::write(&report, out)));
    insta::assert_snapshot!("gitlab", written(|out| gitlab::write(&report, out)));
    insta::assert_snapshot!("junit", written(|out| junit::write(&report, out)));
    insta::assert_snapshot!("rdjson", written(|out| rdjson::write(&report, out)));
    insta::assert_snapshot!("comment", written(|out| comment::write(&report, out)));
}

#[test]
fn nothing_open_is_silence() {
    let rules = [rule()];
    let report = clean_report(&rules);
    assert_eq!(written(|out| github::write(&report, out)), "");
    assert_eq!(written(|out| gitlab::write(&report, out)), "[]\n");
    assert_eq!(written(|out| rdjson::write_lines(&report, out)), "");
    assert_eq!(written(|out| comment::write(&report, out)), "");
    let junit = written(|out| junit::write(&report, out));
    assert!(
        junit.contains("tests=\"1\" failures=\"0\" errors=\"0\""),
        "{junit}"
    );
}

#[test]
fn a_hostile_text_gives_one_command_and_no_other() {
    let rules = [rule()];
    let out = written(|out| github::write(&hostile_report(&rules), out));
    assert_eq!(out.lines().count(), 1, "{out}");
    let start = "::error file=shop/a b/100%25/é%2Cx%3Ay\"<z>.go,line=4,endLine=5,title=high%3A tenant-isolation/missing-tenant-filter::`a` is ::error file=x::owned %250A::set-output";
    assert!(out.starts_with(start), "{out}");
    assert!(!out.contains('\u{1b}'));
}

#[test]
fn ten_of_a_kind_are_annotated_and_the_rest_is_counted() {
    let rules = [rule()];
    let mut many = report(&rules);
    many.hits = Vec::new();
    for severity in [Severity::Low, Severity::Medium, Severity::High] {
        many.hits
            .extend((1..=12).map(|line| hit(line, severity, Status::New)));
    }
    many.hits.push(hit(99, Severity::Critical, Status::New));
    let out = written(|out| github::write(&many, out));
    let count = |kind: &str| out.lines().filter(|line| line.starts_with(kind)).count();
    assert_eq!(
        (count("::error "), count("::warning "), count("::notice ")),
        (10, 10, 10)
    );
    assert!(
        out.starts_with("::error file=shop/orders/get [1].go,line=99,"),
        "{out}"
    );
    assert!(out.ends_with("::notice title=betwixt::9 more hits are not shown here: a step shows 10 annotations of a kind\n"), "{out}");
}

#[test]
fn an_unfinished_run_is_not_clean() {
    let rules = [rule()];
    let report = Report {
        hits: Vec::new(),
        ..report(&rules)
    };
    let github = written(|out| github::write(&report, out));
    assert_eq!(
        github,
        "::warning file=shop/b c.go,title=betwixt::incomplete: parsing stopped after 5000 ms; the file was left out\n"
    );
    let comment = written(|out| comment::write(&report, out));
    assert!(
        comment.contains("**Incomplete**: parsing stopped"),
        "{comment}"
    );
    let junit = written(|out| junit::write(&report, out));
    assert!(junit.contains("<error type=\"incomplete\""), "{junit}");
}

#[test]
fn markup_of_scanned_code_stays_text() {
    let rules = [rule()];
    let junit = written(|out| junit::write(&hostile_report(&rules), out));
    assert!(
        !junit.contains("<b>") && !junit.contains("]]>") && !junit.contains('\u{1b}'),
        "{junit}"
    );
    assert!(
        junit.contains("file=\"shop/a b/100%/é,x:y&quot;&lt;z&gt;.go\""),
        "{junit}"
    );
    let comment = written(|out| comment::write(&hostile_report(&rules), out));
    assert!(comment.starts_with(comment::MARKER), "{comment}");
    for bad in ["<b>", "@everyone", "![p](", "https://e.example"] {
        assert!(!comment.contains(bad), "{bad}: {comment}");
    }
}

#[test]
fn a_comment_is_never_longer_than_one_may_be() {
    let rules = [rule()];
    let mut many = report(&rules);
    many.hits = (1..=3_000)
        .map(|line| hit(line, Severity::High, Status::New))
        .collect();
    let out = written(|out| comment::write(&many, out));
    assert!(out.len() < 65_536, "{}", out.len());
    assert!(out.contains("more; `betwixt scan` shows all."), "{out}");
    many.hits.truncate(5);
    many.hits.iter_mut().for_each(|hit| {
        let step = hit.trace[0].clone();
        hit.trace = vec![step; 5_000];
        hit.impact = "&".repeat(60_000);
    });
    let out = written(|out| comment::write(&many, out));
    assert!(out.len() < 65_536, "{}", out.len());
    assert_eq!(out.matches("<details>").count(), 5);
}

#[test]
fn a_line_of_rdjsonl_is_a_document() {
    let rules = [rule()];
    let out = written(|out| rdjson::write_lines(&hostile_report(&rules), out));
    let line: serde_json::Value = serde_json::from_str(out.trim_end()).unwrap();
    assert_eq!(line["location"]["path"], "shop/a b/100%/é,x:y\"<z>.go");
    assert_eq!(line["location"]["range"]["start"]["line"], 4);
    assert_eq!(line["severity"], "ERROR");
    assert_eq!(line["code"]["url"], "https://example.com/idor");
}
