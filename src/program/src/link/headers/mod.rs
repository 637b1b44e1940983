//! Headers of requests: what a client of one service puts under a name, and a handler or layer of another reads.
//!
//! As with metadata of RPC ([`super::rpc`]) layers need no place of their own: what a client sets goes out with its
//! requests, and what a layer reads came in with one. Only names that the platform made itself (`X-Tenant-ID`) meet:
//! every client sets a content type, and it means nothing.
//! What is set and read is told by the names of what it is done to (`req`, `headers`, `config.headers`), not by their types.

mod reads;
mod writes;

use betwixt_base::Symbol;
use betwixt_base::workspace::ServiceId;
use betwixt_facts::ir::{ExprId, ExprKind, Ir};
use rustc_hash::FxHashMap;

use super::{Carrier, Found, LinkContext, LinkKind, last_of};
use crate::events::chain::peel;
use crate::flow::text::text;
use crate::ids::ExprRef;

/// Most writers one reader is told of.
const MAX_WRITERS: usize = 24;

/// Names that are agreed on by everybody.
const COMMON: &[&str] = &[
    "content-type",
    "content-length",
    "content-encoding",
    "content-disposition",
    "cache-control",
    "accept-encoding",
    "accept-language",
    "user-agent",
    "set-cookie",
    "if-none-match",
    "if-modified-since",
    "last-modified",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-real-ip",
    "retry-after",
    "www-authenticate",
];

/// A value under a name.
struct Written {
    service: Option<ServiceId>,
    at: ExprRef,
    value: ExprRef,
}

/// Finds what is carried by headers; linear in the expressions of the program.
pub(super) fn find(context: &LinkContext<'_>) -> Found {
    let mut found = Found::default();
    let mut written: FxHashMap<Symbol, Vec<Written>> = FxHashMap::default();
    let files = || {
        let files = context.resolver.code.code_files();
        files
            .map(|(file, _)| file)
            .filter(|&file| !context.workspace.file(file).marks.test)
    };
    for file in files() {
        let service = context.workspace.file(file).service;
        for (name, at, value) in writes::of_file(context, file) {
            let one = Written { service, at, value };
            written.entry(name).or_default().push(one);
        }
    }
    if written.is_empty() {
        return found;
    }
    for file in files() {
        let own = context.workspace.file(file).service;
        for (key, read) in reads::of_file(context, file) {
            let writers = written.get(&key).map_or(&[][..], Vec::as_slice);
            let of_others = writers.iter().filter(|writer| writer.service != own);
            for writer in of_others.take(MAX_WRITERS) {
                found.carriers.push(Carrier {
                    kind: LinkKind::Http,
                    key,
                    written: writer.at,
                    read,
                    value: writer.value,
                });
            }
        }
    }
    found
}

/// Whether a name says that a value is an answer, or what writes one.
fn is_answer(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("res") || name == "w" || name == "rw" || name.contains("writer")
}

/// Whether a value is headers, of a request as far as names tell: `req.headers`, `r.Header`, `headers`, `headers()`.
fn is_headers(ir: &Ir, expr: ExprId) -> bool {
    let expr = peel(ir, expr);
    let last = match ir.kind(expr) {
        ExprKind::Call(call) => last_of(ir, ir.call(call).callee),
        _ => name_at(ir, expr).unwrap_or(""),
    };
    let ends_with = |word: &str| {
        let end = last.len().checked_sub(word.len());
        let end = end.and_then(|start| last.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    let is_named = last == "common"
        || ["header", "headers", "headers_mut"]
            .iter()
            .any(|word| ends_with(word));
    is_named && !names_in_chain(ir, expr).any(is_answer)
}

fn name_at(ir: &Ir, expr: ExprId) -> Option<&'static str> {
    match ir.kind(peel(ir, expr)) {
        ExprKind::Local(local) => Some(ir.local(local).name.as_str()),
        ExprKind::Name(name) | ExprKind::Field(_, name) => Some(name.as_str()),
        _ => None,
    }
}

/// The names a chain of calls is made of, from its end.
fn names_in_chain(ir: &Ir, from: ExprId) -> impl Iterator<Item = &'static str> {
    let mut next = Some(from);
    let mut n = 0;
    std::iter::from_fn(move || {
        let current = peel(ir, next.take()?);
        n += 1;
        if n > 24 {
            return None;
        }
        match ir.kind(current) {
            ExprKind::Field(base, name) => {
                next = Some(base);
                Some(name.as_str())
            }
            ExprKind::Call(call) => {
                next = Some(ir.call(call).callee);
                Some("")
            }
            ExprKind::Local(local) => Some(ir.local(local).name.as_str()),
            ExprKind::Name(name) => Some(name.as_str()),
            _ => None,
        }
    })
}

/// The constant a name is, where it is one of the platform's own.
fn name_of(context: &LinkContext<'_>, at: ExprRef) -> Option<Symbol> {
    let ir = context.resolver.code.ir(at.file);
    match ir.kind(at.expr) {
        ExprKind::Str(text) => own_name(text.as_str()),
        // `HeaderName::from_static("x-tenant-id")`
        ExprKind::Call(call) => match *ir.expr_list(ir.call(call).args) {
            [only] if last_of(ir, ir.call(call).callee) == "from_static" => {
                let expr = only;
                name_of(context, ExprRef { expr, ..at })
            }
            _ => None,
        },
        ExprKind::Name(_) | ExprKind::Field(..) => {
            let constant = text(context.resolver, None, at).constant()?;
            own_name(&constant)
        }
        _ => None,
    }
}

/// In lower case, as headers are compared. Names without a hyphen may be anything.
fn own_name(name: &str) -> Option<Symbol> {
    let is_header = name.contains('-')
        && name.len() < 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_header {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    (!COMMON.contains(&lower.as_str())).then(|| Symbol::new(&lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_its_own_carry_something() {
        assert_eq!(own_name("X-Tenant-ID"), Some(Symbol::new("x-tenant-id")));
        for name in ["Content-Type", "tenant", "x tenant-id", "user:a-b"] {
            assert_eq!(own_name(name), None, "{name}");
        }
    }
}
