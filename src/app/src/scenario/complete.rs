//! Whether a rule's page shows enough of it: in each of its languages one bad and one good example.

use betwixt_base::Language;
use betwixt_rules::Rule;

use super::mark::{Word, marks};
use super::page::Page;

/// What is missing from the page of a rule, one line each.
pub(super) fn gaps(rule: &Rule, page: &Page) -> Vec<String> {
    let names_rule = |id: &str| id == rule.id || id == rule.name();
    let mut shown: Vec<(&'static str, Word)> = Vec::new();
    for file in page.scenarios.iter().flat_map(|scenario| &scenario.files) {
        let Some(language) = language_of(&file.path) else {
            continue;
        };
        let (found, _) = marks(&file.text, &|_| false);
        shown.extend(
            found
                .iter()
                .filter(|mark| names_rule(&mark.argument))
                .map(|mark| (language.name(), mark.word)),
        );
    }
    let mut gaps = Vec::new();
    for language in &rule.languages {
        for word in [Word::Finding, Word::Clean] {
            if !shown
                .iter()
                .any(|(name, found)| name == language && *found == word)
            {
                gaps.push(format!(
                    "no `{}: {}` in {language}",
                    word.name(),
                    rule.name()
                ));
            }
        }
    }
    gaps
}

fn language_of(path: &str) -> Option<Language> {
    let extension = path.rsplit('.').next()?;
    Some(match extension {
        "go" => Language::Go,
        "rs" => Language::Rust,
        "sql" => Language::Sql,
        "prisma" => Language::Prisma,
        "ts" | "tsx" | "mts" | "cts" | "js" | "jsx" | "mjs" | "cjs" | "svelte" | "vue" => {
            Language::TypeScript
        }
        _ => return None,
    })
}
