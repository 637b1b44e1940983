//! SARIF is valid, and stays within what code hosts accept.

use betwixt_findings::{Role, Severity, Status};
use betwixt_report::{NoSources, Report, sarif};

use crate::sample::{Sources, hit, report, rule, written};

#[test]
fn sarif_is_valid_with_and_without_content() {
    let schema = std::fs::read_to_string("../../testdata/schemas/sarif-schema-2.1.0.json").unwrap();
    let mut schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    // The published schema holds a pattern, twice, that is no regular expression.
    for owner in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{owner}/properties/language"));
        language.unwrap().as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::draft7::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let rules = [rule()];
    let bare = Report {
        commit: None,
        repository: None,
        ..report(&rules)
    };
    for report in [
        report(&rules),
        bare,
        Report {
            root: "/srv".into(),
            ..Report::default()
        },
    ] {
        let out = written(|out| sarif::write(&report, &Sources, out));
        let log: serde_json::Value = serde_json::from_str(&out).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0]);
    }
}

fn log(report: &Report<'_>) -> serde_json::Value {
    let out = written(|out| sarif::write(report, &NoSources, out));
    serde_json::from_str(&out).expect("a log is JSON")
}

#[test]
fn paths_are_those_of_the_repository() {
    let rules = [rule()];
    let log = log(&report(&rules));
    let run = &log["runs"][0];
    assert_eq!(
        run["originalUriBaseIds"]["%SRCROOT%"]["uri"],
        "file:///srv/a%20b/"
    );
    let place = &run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(place["uri"], "shop/orders/get%20%5B1%5D.go");
    assert_eq!(place["uriBaseId"], "%SRCROOT%");
}

#[test]
fn of_too_many_results_the_worst_stay_and_the_cut_is_said() {
    let rules = [rule()];
    let mut all = report(&rules);
    all.problems.clear();
    all.hits = vec![hit(1, Severity::Low, Status::New); 25_000];
    all.hits.iter_mut().for_each(|hit| hit.trace.clear());
    all.hits.push(hit(9, Severity::Critical, Status::New));
    let log = log(&all);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    assert_eq!(results[0]["properties"]["severity"], "critical");
    let said = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(
        said["message"]["text"],
        "1 of 25001 results are left out, the least severe ones, to stay within what code hosts accept"
    );
}

#[test]
fn results_with_long_texts_are_cut_by_size() {
    let rules = [rule()];
    let mut all = report(&rules);
    let mut long = hit(1, Severity::Low, Status::New);
    long.message = "x".repeat(1 << 20);
    all.hits = vec![long; 100];
    let out = written(|out| sarif::write(&all, &NoSources, out));
    assert!(out.len() < 90 << 20, "{}", out.len());
    assert!(out.contains("of 100 results are left out"));
}

#[test]
fn a_long_flow_keeps_its_ends() {
    let rules = [rule()];
    let mut one = report(&rules);
    one.hits.truncate(1);
    let mut step = one.hits[0].trace[0].clone();
    step.role = Role::Step;
    one.hits[0].trace.splice(1..1, vec![step; 2_000]);
    let log = log(&one);
    let flow = &log["runs"][0]["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"];
    let flow = flow.as_array().unwrap();
    assert_eq!(flow.len(), 1_000);
    assert_eq!(flow[0]["kinds"][0], "entry");
    assert_eq!(flow[998]["kinds"][0], "sink");
}
