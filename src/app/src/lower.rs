//! One file's text to its facts: the language decides who reads it.

use betwixt_base::workspace::SourceFile;
use betwixt_base::{FileId, Language, LineIndex, Problem, ProblemSeverity};
use betwixt_facts::{go, graphql, proto, remark, rust, schema, typescript};
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
    let mut code = CodeFile {
        file: id,
        facts: None,
        ops: Vec::new(),
        queries: Vec::new(),
        proto: None,
        graphql: None,
        lines: None,
        remarks: remark::remarks(text),
    };
    let problems = match file.language {
        Language::Go => {
            code.facts = Some(go::lower(text, limits));
            Vec::new()
        }
        Language::Rust => {
            code.facts = Some(rust::lower(text, limits));
            Vec::new()
        }
        language if language.name() == "typescript" => {
            code.facts = Some(typescript::lower(language, text, limits));
            Vec::new()
        }
        Language::Sql => {
            let schema = schema::read_sql_file(&file.path, text);
            code.ops = schema.ops;
            code.queries = schema.queries;
            schema.problems
        }
        Language::Prisma => {
            let (ops, problems) = schema::read_prisma(text);
            code.ops = ops;
            problems
        }
        Language::Proto => {
            let (found, problems) = proto::read_proto(&file.path, text);
            code.proto = found;
            problems
        }
        Language::GraphQl => {
            let (found, problems) = graphql::read_graphql(text);
            code.graphql = (!found.is_empty()).then_some(found);
            problems
        }
        _ => Vec::new(),
    };
    match &code.facts {
        Some(facts) => code.ops = schema::read_code(facts),
        None => code.lines = Some(LineIndex::new(text)),
    }
    (code, problems)
}
