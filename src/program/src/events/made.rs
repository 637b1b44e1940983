//! Fields of values that library functions make.
//!
//! With `constructs: { NewRequest: [Method, URL, Body] }` in a model the value of `http.NewRequest("GET", url, nil)` has the field
//! `URL`. Knows only what the model says; what the program's own functions make is value flow.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprKind};

use super::chain::peel;
use super::matching::exported_name;
use crate::ids::ExprRef;
use crate::names::Def;
use crate::resolve::Resolver;
use crate::types::Type;

/// The arguments that are the field `name` of what a call makes; empty when no model says so.
pub(crate) fn made(
    resolver: &Resolver<'_>,
    file: FileId,
    call: CallId,
    name: Symbol,
) -> Vec<ExprRef> {
    let facts = resolver.code.facts(file);
    let Some((package, function)) = callee(resolver, file, call) else {
        return Vec::new();
    };
    let args = facts.ir.expr_list(facts.ir.call(call).args);
    for &at in resolver.models.models_of(facts.language, package).iter() {
        let model = &resolver.models.models()[at];
        let full = exported_name(model, package.as_str(), function.as_str());
        let Some(fields) = model.constructs.get(&full) else {
            continue;
        };
        for (index, field) in fields.iter().enumerate() {
            let (field, last) = match field.strip_prefix("...") {
                Some(rest) => (rest, args.len()),
                None => (field.as_str(), index + 1),
            };
            if field == name.as_str() {
                let chosen = args.get(index..last.min(args.len())).unwrap_or_default();
                return chosen.iter().map(|&expr| ExprRef { file, expr }).collect();
            }
        }
    }
    Vec::new()
}

/// The library function a call names: package and name in it, a method after its type.
fn callee(resolver: &Resolver<'_>, file: FileId, call: CallId) -> Option<(Symbol, Symbol)> {
    let ir = resolver.code.ir(file);
    let callee = peel(ir, ir.call(call).callee);
    if let Some(Def::External { package, name }) = resolver.resolve_value(file, callee) {
        return Some((package, name));
    }
    let ExprKind::Field(base, method) = ir.kind(callee) else {
        return None;
    };
    match resolver.type_at(file, base, 0) {
        Type::External { package, name } if !package.is_empty() => {
            Some((package, Symbol::new(&format!("{name}.{method}"))))
        }
        _ => None,
    }
}
