//! One file's text to its facts: the language decides who reads it.

use betwixt_base::workspace::SourceFile;
use betwixt_base::{FileId, Language, Problem, ProblemSeverity};
use betwixt_program::CodeFile;
use betwixt_syntax::Limits;

use crate::guard;

/// The facts of a file, and what could not be read in it. A bug of ours costs the file, not the run.
#[must_use]
pub fn lower(
    id: FileId,
    file: &SourceFile,
    text: &str,
    limits: &Limits,
) -> (Option<CodeFile>, Vec<Problem>) {
    match guard::catch(|| read(id, file, text, limits)) {
        Ok((mut code, mut problems)) => {
            if let Some(facts) = &mut code.facts {
                problems.append(&mut facts.problems);
            }
            for problem in &mut problems {
                problem.file.clone_from(&file.path);
            }
            (Some(code), problems)
        }
        Err(panic) => {
            let message = format!("a bug in betwixt: {panic}; the file was left out");
            let problem = Problem {
                severity: ProblemSeverity::Error,
                ..Problem::warning(file.path.clone(), message)
            };
            (None, vec![problem])
        }
    }
}

fn read(id: FileId, file: &SourceFile, text: &str, limits: &Limits) -> (CodeFile, Vec<Problem>) {
    let facts = match file.language {
        Language::Go => Some(betwixt_facts::go::lower(text, limits)),
        _ => None,
    };
    let code = CodeFile {
        file: id,
        facts,
        ops: Vec::new(),
        queries: Vec::new(),
    };
    (code, Vec::new())
}
