//! SARIF is valid, and stays within what code hosts accept.

use betwixt_findings::Role;
use betwixt_report::{NoSources, Report, sarif};

use crate::sample::{Sources, report, rule, written};

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
