//! What comments claim and which lines they speak for.

use super::{Claim, remarks};

/// `claim line first-last` of each remark.
fn said(text: &str) -> Vec<String> {
    remarks(text)
        .iter()
        .map(|remark| {
            format!(
                "{:?} {} {}-{}",
                remark.claim, remark.line, remark.first, remark.last
            )
        })
        .collect()
}

#[test]
fn a_comment_speaks_for_the_statement_below_it() {
    let text = "func f() {\n\ta()\n\t// Best-effort: the sweeper\n\t// does it again.\n\tif err := b(); err != nil {\n\t\tlog(err)\n\t}\n\tc()\n}\n";
    assert_eq!(said(text), ["Meant 3 5-7"]);
}

#[test]
fn a_comment_of_a_function_speaks_for_all_of_it() {
    let text = "/**\n * Sweeps across all tenants.\n */\n@Cron('x')\nasync sweep() {\n  await a();\n  await b();\n}\nasync other() {}\n";
    assert_eq!(said(text), ["AllTenants 2 4-8"]);
}

#[test]
fn a_comment_in_a_handler_speaks_for_what_failed() {
    let go = "func f() {\n\tz()\n\tx, err := get(\n\t\tid,\n\t)\n\tif err != nil {\n\t\t// non-fatal\n\t\tlog(err)\n\t}\n\treturn nil\n}\n";
    assert_eq!(said(go), ["Meant 7 3-9"]);
    let typescript = "async function f() {\n  try {\n    await a();\n  } catch (e) {\n    // fire-and-forget\n  }\n  b();\n}\n";
    assert_eq!(said(typescript), ["Meant 5 2-6"]);
    let rust = "fn f() {\n    match a().await {\n        Ok(_) => {}\n        Err(e) => {\n            // best effort\n            warn!(e);\n        }\n    }\n    b();\n}\n";
    assert_eq!(said(rust), ["Meant 5 2-7"]);
}

#[test]
fn a_message_in_a_handler_speaks_for_what_failed_and_elsewhere_for_its_line() {
    let text = "func f() {\n\tif err := a(); err != nil {\n\t\tlog.Warn(\"a failed, continuing (fail-open)\")\n\t}\n\tlog.Info(\"best effort\")\n\tb()\n}\n";
    assert_eq!(said(text), ["Meant 3 2-4", "Meant 5 5-5"]);
}

#[test]
fn a_trailing_comment_speaks_for_its_line() {
    assert_eq!(
        said("function f() {\n  void a(); // fire and forget\n  b();\n}\n"),
        ["Meant 2 2-2"]
    );
}

#[test]
fn what_is_denied_or_still_to_be_done_claims_nothing() {
    let denied = "// This is not best effort.\na()\n// unintentional\nb()\n";
    assert!(said(denied).is_empty());
    let named =
        "// betwixt: ignore[data-loss/fire-and-forget] known\na()\n// fail-open-check\nb()\n";
    assert!(said(named).is_empty());
    let doubt = "// TODO: best effort for now, must be retried\na()\n";
    assert!(said(doubt).is_empty());
}

#[test]
fn somebody_else_checks() {
    let text = "/// Ownership is authorized at the API layer.\npub async fn get(id: Uuid) -> Row {\n    row(id).await\n}\n";
    assert_eq!(said(text), ["CheckedElsewhere 1 2-4"]);
    assert_eq!(Claim::CheckedElsewhere, remarks(text)[0].claim);
}

#[test]
fn statements_in_sql_files_are_spoken_for() {
    let text = "-- name: Peers :many\n-- Cluster-wide on purpose.\nSELECT *\nFROM peers\nWHERE id = $1;\n\n-- name: Next :many\nSELECT 1;\n";
    assert_eq!(said(text), ["AllTenants 2 3-5", "Meant 2 3-5"]);
}
