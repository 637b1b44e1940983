//! Calls whose result is one of their operands, part for part: `NewResponse(answer)`, `request.into_inner()`, `req.GetName()`.
//!
//! Known by name and shape alone, whatever the library: envelopes that wrap a message, accessors that unwrap it, and getters that
//! give a field. Everything else keeps no parts.

use betwixt_base::Symbol;
use betwixt_facts::ir::{Call, CallForm, ExprId, ExprKind, Ir, StmtKind};

use super::ingredients::Path;
use crate::calls::Callee;
use crate::ids::FunctionId;
use crate::link::same_field;
use crate::resolve::Resolver;

/// Methods that give what they are called on.
const UNWRAPS: &[&str] = &[
    "into_inner",
    "get_ref",
    "into_request",
    "toObject",
    "clone",
    "to_owned",
    "as_ref",
    "as_mut",
];

/// What a call's result is, and under which path of it the wanted part is found.
pub(crate) fn passed_on(
    resolver: &Resolver<'_>,
    ir: &Ir,
    call: &Call,
    callee: &Callee,
    path: &Path,
) -> Option<(ExprId, Path)> {
    let args = ir.expr_list(call.args);
    if !path.is_empty()
        && callee.functions().is_empty()
        && let Some(inner) = recoded(ir, call.callee, args)
    {
        return Some((inner, path.clone()));
    }
    match (ir.kind(call.callee), args) {
        (ExprKind::Field(receiver, name), []) => {
            let text = name.as_str();
            if UNWRAPS.contains(&text) && callee.functions().is_empty() {
                return Some((receiver, path.clone()));
            }
            let field = getter(text)?;
            let is_known = match callee.functions() {
                [] => true,
                [function] => gives(resolver, *function, field),
                _ => false,
            };
            is_known.then(|| (receiver, below(field, path)))
        }
        (ExprKind::Field(_, name), &[only]) if envelopes(name.as_str()) => {
            Some((only, path.clone()))
        }
        (ExprKind::Name(name), &[only]) => {
            let text = name.as_str();
            let is_made = matches!(text, "Ok" | "Some")
                || ["Request::new", "Response::new", "Arc::new", "Box::new"]
                    .iter()
                    .any(|made| text.ends_with(made))
                || envelopes(text)
                || call.form == CallForm::New && is_plain(ir, only, callee);
            is_made.then(|| (only, path.clone()))
        }
        // `create(InvoiceSchema, { … })`.
        (ExprKind::Name(name), &[_, given]) if name == "create" => {
            is_plain(ir, given, callee).then(|| (given, path.clone()))
        }
        _ => None,
    }
}

/// `JSON.parse(x)`, `json.Marshal(x)`, `serde_json::from_slice(x)`, `x.toString()`: the same in another form, part for part.
fn recoded(ir: &Ir, callee: ExprId, args: &[ExprId]) -> Option<ExprId> {
    const RECODES: &[&str] = &[
        "JSON.parse",
        "JSON.stringify",
        "Buffer.from",
        "json.Marshal",
        "proto.Marshal",
    ];
    const PATHS: &[&str] = &[
        "from_slice",
        "from_str",
        "from_value",
        "to_vec",
        "to_string",
        "to_value",
    ];
    match (ir.kind(callee), args) {
        (ExprKind::Field(base, name), [only, ..]) => {
            let owner = match ir.kind(base) {
                ExprKind::Name(owner) => owner,
                _ => return None,
            };
            let is_known = RECODES.iter().any(|known| {
                let (of, method) = known.split_once('.').unwrap_or_default();
                of == owner.as_str() && method == name.as_str()
            });
            is_known.then_some(*only)
        }
        (ExprKind::Field(receiver, name), []) => matches!(
            name.as_str(),
            "toString" | "to_string" | "as_bytes" | "to_vec"
        )
        .then_some(receiver),
        (ExprKind::Name(name), [only]) => {
            let (owner, last) = name.as_str().rsplit_once("::")?;
            let is_known = PATHS.contains(&last) && owner.contains("serde");
            is_known.then_some(*only)
        }
        _ => None,
    }
}

fn envelopes(name: &str) -> bool {
    matches!(
        name,
        "NewRequest" | "NewResponse" | "fromPartial" | "fromObject"
    )
}

/// A literal handed to something whose code is elsewhere.
fn is_plain(ir: &Ir, given: ExprId, callee: &Callee) -> bool {
    matches!(ir.kind(given), ExprKind::Struct(..)) && callee.functions().is_empty()
}

/// `GetName` gives `Name`.
fn getter(method: &str) -> Option<Symbol> {
    let field = method
        .strip_prefix("Get")
        .or_else(|| method.strip_prefix("get"))?;
    let is_named = field
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_uppercase());
    is_named.then(|| Symbol::new(field))
}

/// Whether a function without parameters returns that field of its receiver.
fn gives(resolver: &Resolver<'_>, function: FunctionId, field: Symbol) -> bool {
    let facts = resolver.code.function(function);
    let (file, idx) = resolver.code.function_place(function);
    let ir = resolver.code.ir(file);
    let returns = &resolver.flows[file.0 as usize].returns[idx.index()];
    facts.params.is_empty()
        && returns.len() <= 2
        && returns.iter().any(|&stmt| match ir.stmt(stmt).kind {
            StmtKind::Return(values) => match ir.expr_list(values) {
                &[only] => {
                    matches!(ir.kind(only), ExprKind::Field(_, name) if same_field(name, field))
                }
                _ => false,
            },
            _ => false,
        })
}

fn below(field: Symbol, path: &Path) -> Path {
    let mut longer = Path::new();
    longer.push(field);
    longer.extend(path.iter().copied().take(3));
    longer
}
