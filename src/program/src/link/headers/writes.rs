//! What clients put under names of headers of their requests.
//!
//! `req.Header.Set(name, v)` also inside a `RoundTrip`, `headers: { name: v }` in any call of a client or of what makes one,
//! `config.headers[name] = v` in an interceptor, `axios.defaults.headers.common[name] = v`, `new Headers({ name: v })`,
//! `headers.insert(name, v)` before `default_headers(headers)`.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::FileFacts;
use betwixt_facts::ir::{CallForm, CallId, ExprId, ExprKind, Ir, StmtKind, TypeRef};

use super::super::{LinkContext, last_of};
use super::{is_answer, is_headers, name_at, name_of, names_in_chain, own_name};
use crate::events::chain::peel;
use crate::events::select::field as part_of;
use crate::ids::ExprRef;

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
/// A name, where it is written, and the value.
type Write = (Symbol, ExprRef, ExprRef);

/// All that a file writes, in order.
pub(super) fn of_file(context: &LinkContext<'_>, file: FileId) -> Vec<Write> {
    let facts = context.resolver.code.facts(file);
    let mut found = Vec::new();
    for call in (0..facts.ir.calls.len() as u32).map(CallId) {
        let expr = facts.ir.call(call).expr;
        let at = ExprRef { file, expr };
        let written = of_call(context, file, facts, call);
        found.extend(written.into_iter().map(|(name, value)| (name, at, value)));
    }
    for stmt in &facts.ir.stmts {
        if let StmtKind::Assign { target, value, .. } = stmt.kind {
            found.extend(of_assignment(context, file, target, value));
        }
    }
    if facts.language.name() == "go" {
        found.extend(of_header_literals(context, file));
    }
    found
}

/// `headers["X-Tenant-ID"] = tenant`, `config.headers = { "X-Tenant-ID": tenant }`.
fn of_assignment(
    context: &LinkContext<'_>,
    file: FileId,
    target: ExprId,
    value: ExprId,
) -> Vec<Write> {
    let ir = context.resolver.code.ir(file);
    let at = |expr| ExprRef { file, expr };
    match ir.kind(target) {
        ExprKind::Index(base, key) if is_headers(ir, base) => name_of(context, at(key))
            .map(|name| (name, at(target), at(value)))
            .into_iter()
            .collect(),
        // `headers['x-tenant-id']` is `headers.x-tenant-id` where the key is a literal.
        ExprKind::Field(base, name) if is_headers(ir, base) => own_name(name.as_str())
            .map(|name| (name, at(target), at(value)))
            .into_iter()
            .collect(),
        ExprKind::Field(_, name) if name == "headers" && is_headers(ir, target) => {
            let written = literal_headers(context, at(value)).into_iter();
            written
                .map(|(name, given)| (name, at(target), given))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Go: `http.Header{"X-Tenant-ID": {tenant}}`.
fn of_header_literals(context: &LinkContext<'_>, file: FileId) -> Vec<Write> {
    let ir = context.resolver.code.ir(file);
    let mut found = Vec::new();
    for (index, expr) in ir.exprs.iter().enumerate() {
        let ExprKind::Struct(written, _) = expr.kind else {
            continue;
        };
        let is_header =
            matches!(ir.type_ref(written), TypeRef::Named { name, .. } if name == "Header");
        if is_header {
            let expr = ExprId(index as u32);
            let at = ExprRef { file, expr };
            let written = literal_headers(context, at).into_iter();
            found.extend(written.map(|(name, value)| (name, at, value)));
        }
    }
    found
}

/// What a call puts under names of headers of a request.
fn of_call(
    context: &LinkContext<'_>,
    file: FileId,
    facts: &FileFacts,
    id: CallId,
) -> Vec<(Symbol, ExprRef)> {
    let ir = &facts.ir;
    let call = ir.call(id);
    let args = ir.expr_list(call.args);
    let at = |expr| ExprRef { file, expr };
    let last = last_of(ir, call.callee);
    if let [key, value] = *args
        && SETS.contains(&last)
        && sets_request(ir, call.callee)
    {
        return name_of(context, at(key))
            .map(|name| (name, at(value)))
            .into_iter()
            .collect();
    }
    // `new Headers({ … })`, `request.SetHeaders(map[string]string{…})`
    if let [only] = *args
        && ((call.form == CallForm::New && last == "Headers") || last == "SetHeaders")
    {
        return literal_headers(context, at(only));
    }
    if facts.language.name() != "typescript" {
        return Vec::new();
    }
    // `fetch(url, { headers: { "X-Tenant-ID": tenant } })`, `axios.create({ headers: { common: { … } } })`
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
            for common in part_of(context.resolver, headers, Symbol::new("common"), 0) {
                found.extend(literal_headers(context, common));
            }
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
        // `request.headers_mut().insert(name, value)`
        ("insert" | "append", ExprKind::Call(_)) => is_headers(ir, base),
        ("SetHeader" | "header", _) => !names_in_chain(ir, base).any(is_answer),
        _ => false,
    }
}
