//! TypeScript, TSX and JavaScript to facts, and the script of Svelte and Vue components.
//!
//! Any text gives facts: what does not fit the grammar is local damage and one problem for the file, nesting deeper
//! than the limit is cut and said. One walk reads the tree into a list ([`nodes`]); everything after that is
//! lookups, so the cost is linear in the text. Does not know other files: imports stay names.

mod assignments;
mod calls;
mod classes;
mod definitions;
mod expressions;
mod jsx;
mod kinds;
mod literals;
mod lowering;
mod modules;
mod names;
mod nodes;
mod patterns;
mod repair;
mod scopes;
mod statements;
#[cfg(test)]
mod tests;
mod types;

use betwixt_base::{Language, LineIndex, Problem, ProblemSeverity};
use betwixt_syntax::{Limits, TreeLanguage, script_of};

use crate::file::FileFacts;
use lowering::Lowering;
use nodes::Nodes;
use repair::Parsed;

/// The facts of one file; never fails, whatever the text.
#[must_use]
pub fn lower(language: Language, text: &str, limits: &Limits) -> FileFacts {
    match language {
        Language::Svelte | Language::Vue => match script_of(text) {
            Some(script) => lower_script(language, script.language, &script.text, limits),
            None => nothing(language, text),
        },
        Language::TypeScript => lower_script(language, TreeLanguage::TypeScript, text, limits),
        _ => lower_script(language, TreeLanguage::Tsx, text, limits),
    }
}

/// The facts of a file without code.
fn nothing(language: Language, text: &str) -> FileFacts {
    let parsed = Parsed {
        nodes: Nodes::default(),
        type_arguments: Vec::new(),
    };
    Lowering::new("", &parsed, &Limits::default()).finish(language, LineIndex::new(text))
}

fn lower_script(
    language: Language,
    grammar: TreeLanguage,
    text: &str,
    limits: &Limits,
) -> FileFacts {
    let parsed = match repair::parse(grammar, text, limits) {
        Ok(parsed) => parsed,
        Err(reason) => {
            let mut facts = nothing(language, text);
            facts
                .problems
                .push(problem(None, ProblemSeverity::Error, reason));
            return facts;
        }
    };
    let mut lowering = Lowering::new(text, &parsed, limits);
    lowering.program();
    let too_deep = lowering.too_deep;
    let mut facts = lowering.finish(language, LineIndex::new(text));
    if let Some(error) = parsed.nodes.errors.first() {
        let line = facts.lines.line(error.start);
        let message = format!("syntax error near line {line}; the rest was read");
        facts
            .problems
            .push(problem(Some(line), ProblemSeverity::Warning, message));
    }
    if let Some(offset) = too_deep {
        let line = facts.lines.line(offset);
        let message = format!(
            "code nested deeper than {} levels near line {line} was left out",
            limits.depth
        );
        facts
            .problems
            .push(problem(Some(line), ProblemSeverity::Warning, message));
    }
    facts
}

fn problem(line: Option<u32>, severity: ProblemSeverity, message: String) -> Problem {
    Problem {
        file: String::new(),
        line,
        severity,
        message,
    }
}
