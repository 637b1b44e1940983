//! Rust text to a syn tree, without ever overflowing the stack.
//!
//! The parser descends recursively and cannot be interrupted. So the size and the nesting of the text are measured
//! first: what is too large for the time or too deep for the limit is refused, what is deeper than a worker's stack
//! may hold is parsed on a thread with a stack to fit. A file that does not parse as a whole is parsed item by item.
//! Knows nothing of what the code means.

mod nesting;
mod recover;

use betwixt_base::{Problem, ProblemSeverity};

use crate::Limits;
pub use nesting::{Nesting, nesting};

/// A parsed file.
#[derive(Debug)]
pub struct RustFile {
    /// The items that could be parsed.
    pub file: syn::File,
    /// Where the code starts: after a byte order mark and a `#!` line. Positions of spans count from here.
    pub code_start: u32,
    /// What was left out.
    pub problems: Vec<Problem>,
}

/// Stack that work on a tree of depth 0 may use.
const BASE_STACK: usize = 192 << 10;
/// Stack for one level of the tree: of the parser, of the lowering, and of freeing the tree. Measured: below 4 KiB.
const STACK_PER_LEVEL: usize = 6 << 10;
/// The largest stack worth asking for; only pages that are touched cost memory.
const MOST_STACK: usize = 1 << 30;
/// Bytes that are surely parsed in a millisecond.
const BYTES_PER_MS: usize = 2000;

/// Parses `text` and hands the tree to `work`, on a stack that is large enough for both.
///
/// The spans of the tree are valid inside `work` only. `work` may recurse over the tree, also over what it parses
/// from the tokens of its macros. An error given to `work` means that there is no tree at all.
pub fn with_rust_file<R: Send>(
    text: &str,
    limits: &Limits,
    work: impl FnOnce(Result<RustFile, Problem>) -> R + Send,
) -> R {
    let nesting = nesting(text);
    if let Err(refusal) = check(text, nesting, limits) {
        return work(Err(refusal));
    }
    let stack = stack_for(nesting);
    if stack <= limits.stack {
        return parse_and(text, work);
    }
    let mut work = Some(work);
    let outcome = std::thread::scope(|scope| {
        let builder = std::thread::Builder::new()
            .name("deep-file".to_owned())
            .stack_size(stack);
        let run = || work.take().map(|work| parse_and(text, work));
        builder
            .spawn_scoped(scope, run)
            .ok()
            .map(std::thread::ScopedJoinHandle::join)
    });
    match (outcome, work) {
        (Some(Ok(Some(result))), _) => result,
        (Some(Err(panic)), _) => std::panic::resume_unwind(panic),
        (_, Some(work)) => work(Err(problem(
            None,
            "no thread could be had for a deeply nested file",
        ))),
        // The thread ran and took the work, so it returned a result or panicked.
        (_, None) => std::panic::resume_unwind(Box::new("a thread lost its result")),
    }
}

/// Parses `text` on the stack of the caller; its spans are valid until the next file of this thread.
///
/// # Errors
///
/// When there is no tree at all: the text is too large, too deep, or not made of tokens.
pub fn parse_rust(text: &str, limits: &Limits) -> Result<RustFile, Problem> {
    check(text, nesting(text), limits)?;
    parse(text)
}

fn stack_for(nesting: Nesting) -> usize {
    BASE_STACK + nesting.tree as usize * STACK_PER_LEVEL
}

fn check(text: &str, nesting: Nesting, limits: &Limits) -> Result<(), Problem> {
    let most = usize::try_from(limits.parse_time.as_millis())
        .unwrap_or(usize::MAX)
        .saturating_mul(BYTES_PER_MS);
    if text.len() > most {
        let message = format!(
            "{} bytes of Rust are more than {most}; the file was left out",
            text.len()
        );
        return Err(problem(None, message));
    }
    if nesting.brackets > limits.depth {
        let message = format!(
            "brackets nest {} deep, more than {}; the file was left out",
            nesting.brackets, limits.depth
        );
        return Err(problem(None, message));
    }
    if stack_for(nesting) > MOST_STACK {
        let message = format!(
            "expressions nest {} deep; the file was left out",
            nesting.tree
        );
        return Err(problem(None, message));
    }
    Ok(())
}

fn parse_and<R>(text: &str, work: impl FnOnce(Result<RustFile, Problem>) -> R) -> R {
    let result = work(parse(text));
    proc_macro2::extra::invalidate_current_thread_spans();
    result
}

fn parse(text: &str) -> Result<RustFile, Problem> {
    proc_macro2::extra::invalidate_current_thread_spans();
    let code_start = code_start(text);
    let code = &text[code_start..];
    // The parser has no known panics; if it has one, it may cost this file only.
    let parsed = std::panic::catch_unwind(|| match syn::parse_str::<syn::File>(code) {
        Ok(file) => Ok((file, Vec::new())),
        Err(_) => recover::parse_items(code),
    });
    let (file, problems) = parsed.unwrap_or_else(|_| {
        Err(problem(
            None,
            "the parser failed on this file; it was left out",
        ))
    })?;
    Ok(RustFile {
        file,
        code_start: code_start as u32,
        problems,
    })
}

/// Offset after a byte order mark and a `#!` line.
fn code_start(text: &str) -> usize {
    let start = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let code = &text[start..];
    if code.starts_with("#!") && !code[2..].trim_start().starts_with('[') {
        return start + code.find('\n').unwrap_or(code.len());
    }
    start
}

fn problem(line: Option<usize>, message: impl Into<String>) -> Problem {
    Problem {
        file: String::new(),
        line: line.map(|line| line as u32),
        severity: ProblemSeverity::Warning,
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(file: &RustFile) -> Vec<String> {
        let item_name = |item: &syn::Item| match item {
            syn::Item::Fn(item) => item.sig.ident.to_string(),
            syn::Item::Struct(item) => item.ident.to_string(),
            syn::Item::Impl(item) => format!("impl of {}", item.items.len()),
            _ => "?".to_owned(),
        };
        file.file.items.iter().map(item_name).collect()
    }

    #[test]
    fn broken_items_cost_themselves() {
        let text = "struct A { x: u8 }\nfn b() { let = 1; c(); }\nstruct D { x }\nimpl A { fn e() {} fn f( {} }\nfn g() {}";
        let file = parse_rust(
            text.replace("f( {}", "f(:) {}").as_str(),
            &Limits::default(),
        )
        .unwrap();
        assert_eq!(names(&file), ["A", "b", "impl of 1", "g"]);
        let problems: Vec<_> = file.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(problems, [Some(2), Some(3), Some(4)]);
    }

    #[test]
    fn unbalanced_text_is_one_problem() {
        let problem = parse_rust("fn a() {}\nfn b() {", &Limits::default()).unwrap_err();
        assert_eq!(problem.line, Some(2));
    }

    #[test]
    fn positions_count_from_the_code() {
        for (text, start) in [
            ("\u{feff}fn a() {}", 3),
            ("#!/bin/x\nfn a() {}", 8),
            ("#![x]\nfn a() {}", 0),
        ] {
            let file = parse_rust(text, &Limits::default()).unwrap();
            assert_eq!(file.code_start, start);
            let syn::Item::Fn(item) = &file.file.items[0] else {
                panic!("a function")
            };
            let at = item.sig.ident.span().byte_range().start + start as usize;
            assert_eq!(&text[at..=at], "a");
        }
    }

    #[test]
    fn no_text_overflows_a_small_stack() {
        let deep = |n: usize| {
            [
                format!("fn f() {{ {}1{} }}", "(".repeat(n), ")".repeat(n)),
                format!("fn f() {{ {} }}", "-".repeat(20 * n) + "1"),
                format!("fn f() {{ a{} }}", ".b()".repeat(20 * n)),
                format!("fn f() {{ a{} }}", " + a".repeat(20 * n)),
                format!("fn f() {{ {} 1 }}", "return ".repeat(20 * n)),
                format!("fn f() {{ {}1 }}", "|a, b| ".repeat(20 * n)),
                format!("type A = {}A{};", "A<".repeat(20 * n), ">".repeat(20 * n)),
                format!("fn f() {{ {}{{}} }}", "if a {} else ".repeat(20 * n)),
                format!("fn f() {{ {}{} }}", "if a { ".repeat(n), "}".repeat(n)),
                format!("use {}a;", "a::".repeat(20 * n)),
                format!("{}{}", "mod a { ".repeat(n), "}".repeat(n)),
                format!("fn f() {{ m!{}{} }}", "{".repeat(n), "}".repeat(n)),
            ]
        };
        let limits = Limits::default();
        let run = move || {
            for text in deep(350).iter().chain(&deep(100_000)) {
                with_rust_file(text, &limits, drop);
            }
        };
        std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(run)
            .unwrap()
            .join()
            .unwrap();
    }
}
