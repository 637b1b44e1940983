//! Pages about links between services: every call is linked as its mark says, and values cross.

use betwixt_app::rulebook::RuleTexts;
use betwixt_app::scenario::run_links;
use betwixt_app::threads;
use betwixt_rules::SourceText;

#[test]
fn every_link_is_as_its_page_says() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/links");
    let pages: Vec<SourceText> = crate::support::files(&root)
        .iter()
        .map(|path| SourceText {
            path: format!("testdata/links/{}", path.display()),
            text: std::fs::read_to_string(root.join(path)).expect("a page"),
        })
        .collect();
    assert!(!pages.is_empty());
    let book = RuleTexts::builtin()
        .load()
        .expect("the built-in rules load");
    let pool = threads::pool(2).expect("two threads");
    let summary = pool.install(|| run_links(&book, &pages));
    let told: String = summary.failed.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{told}");
    assert!(summary.n_marks > 30, "{}", summary.n_marks);
}
