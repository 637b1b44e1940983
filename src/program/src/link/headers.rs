//! Headers of requests: what a client of one service puts under a name, and a handler or layer of another reads.
//!
//! As with metadata of RPC ([`super::rpc`]) layers need no place of their own: what a client sets goes out with its
//! requests, and what a layer reads came in with one. Only names that the platform made itself (`X-Tenant-ID`) meet:
//! every client sets a content type, and it means nothing.

use betwixt_base::workspace::ServiceId;
use betwixt_base::{FileId, Symbol};
use betwixt_facts::FileFacts;
use betwixt_facts::ir::{Call, CallId, ExprId, ExprKind, Ir};
use rustc_hash::FxHashMap;

use super::{Carrier, Found, LinkContext, LinkKind, last_of};
use crate::events::chain::peel;
use crate::events::select::field as part_of;
use crate::flow::text::text;
use crate::ids::{CallSite, ExprRef};

/// Most writers one reader is told of.
const MAX_WRITERS: usize = 24;

/// Calls that put a value under a name; the name is the first argument of the two last.
const SETS: &[&str] = &[
    "Set",
    "Add",
    "SetHeader",
    "set",
    "append",
    "header",
    "insert",
];
/// Calls that read what is under a name.
const READS: &[&str] = &["Get", "Values", "GetHeader", "get", "header", "get_all"];

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
    site: CallSite,
    value: ExprRef,
}

/// Finds what is carried by headers; linear in the calls of the program.
pub(super) fn find(context: &LinkContext<'_>) -> Found {
    let mut found = Found::default();
    let mut written: FxHashMap<Symbol, Vec<Written>> = FxHashMap::default();
    let files = || {
        let files = context.resolver.code.code_files();
        files.filter(|(file, _)| !context.workspace.file(*file).marks.test)
    };
    for (file, facts) in files() {
        for call in (0..facts.ir.calls.len() as u32).map(CallId) {
            for (name, value) in writes(context, file, facts, call) {
                written.entry(name).or_default().push(Written {
                    service: context.workspace.file(file).service,
                    site: CallSite { file, call },
                    value,
                });
            }
        }
    }
    if written.is_empty() {
        return found;
    }
    for (file, facts) in files() {
        let own = context.workspace.file(file).service;
        for call in (0..facts.ir.calls.len() as u32).map(CallId) {
            let read = CallSite { file, call };
            let Some(key) = read_name(context, file, &facts.ir, facts.ir.call(call)) else {
                continue;
            };
            let writers = written.get(&key).map_or(&[][..], Vec::as_slice);
            let of_others = writers.iter().filter(|writer| writer.service != own);
            for writer in of_others.take(MAX_WRITERS) {
                found.carriers.push(Carrier {
                    kind: LinkKind::Http,
                    key,
                    written: writer.site,
                    read,
                    value: writer.value,
                });
            }
        }
    }
    found
}

/// What a call puts under names of headers of a request.
fn writes(
    context: &LinkContext<'_>,
    file: FileId,
    facts: &FileFacts,
    id: CallId,
) -> Vec<(Symbol, ExprRef)> {
    let ir = &facts.ir;
    let call = ir.call(id);
    let args = ir.expr_list(call.args);
    let at = |expr| ExprRef { file, expr };
    if let [key, value] = *args
        && SETS.contains(&last_of(ir, call.callee))
        && sets_request(ir, call.callee)
    {
        return name_of(context, at(key))
            .map(|name| (name, at(value)))
            .into_iter()
            .collect();
    }
    if facts.language.name() != "typescript" {
        return Vec::new();
    }
    // `fetch(url, { headers: { "X-Tenant-ID": tenant } })`
    let mut found = Vec::new();
    for &arg in args.iter().take(4) {
        let ExprKind::Struct(_, entries) = ir.kind(peel(ir, arg)) else {
            continue;
        };
        if !ir
            .entry_list(entries)
            .iter()
            .any(|one| one.name == "headers")
        {
            continue;
        }
        for headers in part_of(context.resolver, at(arg), Symbol::new("headers"), 0) {
            found.extend(literal_headers(context, headers));
        }
    }
    found
}

/// The entries of a literal, also of one that a variable holds.
fn literal_headers(context: &LinkContext<'_>, at: ExprRef) -> Vec<(Symbol, ExprRef)> {
    let ir = context.resolver.code.ir(at.file);
    let mut literals: Vec<ExprId> = vec![peel(ir, at.expr)];
    if let ExprKind::Local(local) = ir.kind(literals[0]) {
        let flow = &context.resolver.flows[at.file.0 as usize];
        literals = flow
            .definitions(local)
            .iter()
            .map(|one| one.value)
            .collect();
    }
    let mut found = Vec::new();
    for literal in literals.into_iter().take(4) {
        let ExprKind::Struct(_, entries) = ir.kind(literal) else {
            continue;
        };
        for entry in ir.entry_list(entries) {
            let value = ExprRef {
                file: at.file,
                expr: entry.value,
            };
            found.extend(own_name(entry.name.as_str()).map(|name| (name, value)));
        }
    }
    found
}

/// `req.Header.Set`, `request.SetHeader`, `headers.set`, `.header(…)` of a client; not `w.Header().Set`, `res.set`.
fn sets_request(ir: &Ir, callee: ExprId) -> bool {
    let ExprKind::Field(base, method) = ir.kind(peel(ir, callee)) else {
        return false;
    };
    let base = peel(ir, base);
    let is_answer = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("res") || name == "w" || name == "rw" || name.contains("writer")
    };
    match (method.as_str(), ir.kind(base)) {
        ("Set" | "Add", ExprKind::Field(owner, name)) => {
            name == "Header" && !name_at(ir, owner).is_some_and(is_answer)
        }
        ("set" | "append" | "insert", ExprKind::Local(local)) => ir
            .local(local)
            .name
            .as_str()
            .to_ascii_lowercase()
            .contains("header"),
        ("set" | "append", ExprKind::Field(owner, name)) => {
            name == "headers" && !name_at(ir, owner).is_some_and(is_answer)
        }
        ("SetHeader" | "header", _) => !names_in_chain(ir, base).any(is_answer),
        _ => false,
    }
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

/// The name of the header a call reads of a request.
fn read_name(context: &LinkContext<'_>, file: FileId, ir: &Ir, call: &Call) -> Option<Symbol> {
    let [key] = *ir.expr_list(call.args) else {
        return None;
    };
    if !READS.contains(&last_of(ir, call.callee)) {
        return None;
    }
    let ExprKind::Field(base, _) = ir.kind(peel(ir, call.callee)) else {
        return None;
    };
    // `resp.Header.Get`: what came back.
    let is_answer = names_in_chain(ir, base).any(|name| {
        let name = name.to_ascii_lowercase();
        name.starts_with("res") || name.contains("cache") || name.contains("redis")
    });
    if is_answer {
        return None;
    }
    name_of(context, ExprRef { file, expr: key })
}

/// The constant a name is, where it is one of the platform's own.
fn name_of(context: &LinkContext<'_>, at: ExprRef) -> Option<Symbol> {
    let ir = context.resolver.code.ir(at.file);
    match ir.kind(at.expr) {
        ExprKind::Str(text) => own_name(text.as_str()),
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
