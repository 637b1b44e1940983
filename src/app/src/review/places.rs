//! Files, lines and functions of a program, by the words agents use.

use betwixt_base::{FileId, Span};
use betwixt_facts::ir::FunctionIdx;
use betwixt_program::{FunctionId, Program};

/// The indexed file of that path: code or schema, not what merely lies beside it.
pub(super) fn indexed(program: &Program, path: &str) -> Option<FileId> {
    let files = &program.workspace.files;
    let at = files
        .binary_search_by(|known| known.path.as_str().cmp(path))
        .ok()?;
    let file = &files[at];
    let is_read = file.language.is_code()
        || matches!(file.language.name(), "sql" | "prisma" | "proto" | "graphql");
    (is_read && !file.marks.vendored && !file.marks.minified).then_some(FileId(at as u32))
}

/// The bytes of lines, both included; `None` outside the file or where there is no code.
pub(super) fn span(program: &Program, file: FileId, line: u32, end_line: u32) -> Option<Span> {
    let lines = &program.code.files[file.0 as usize].as_ref()?.lines;
    let start = lines.line_start(line)?;
    let end = lines.line_start(end_line + 1).unwrap_or(u32::MAX);
    Some(Span::new(start, end))
}

/// Functions that touch the lines, the innermost first.
pub(super) fn functions(
    program: &Program,
    file: FileId,
    line: u32,
    end_line: u32,
) -> Vec<FunctionId> {
    let Some(lines) = span(program, file, line, end_line) else {
        return Vec::new();
    };
    let all = program
        .code
        .facts(file)
        .functions
        .iter()
        .enumerate()
        .skip(1);
    let mut found: Vec<(u32, FunctionId)> = all
        .filter(|(_, function)| function.span.start < lines.end && lines.start < function.span.end)
        .map(|(index, function)| {
            let id = program.code.function_id(file, FunctionIdx(index as u32));
            (function.span.end - function.span.start, id)
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, id)| id).collect()
}

/// First and last line of a function.
pub(super) fn lines_of(program: &Program, function: FunctionId) -> (u32, u32) {
    let lines = &program.code.facts(program.code.file_of(function)).lines;
    let span = program.code.function(function).span;
    (lines.line(span.start), lines.line(span.end.max(1) - 1))
}
