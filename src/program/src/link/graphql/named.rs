//! Calls that name an operation as code generators do, where the generated code is not part of the tree.
//!
//! `new GetUserStore()` and `load_GetUser()` (Houdini), `useGetUserQuery()` (hooks), `sdk.GetUser(variables)`,
//! `GetUser::build_query(variables)`. Only names of operations that the tree holds count.

use betwixt_facts::graphql::OperationKind;
use betwixt_facts::ir::{Call, CallForm, ExprKind, Ir, TypeRef};

use super::documents::{DocumentIdx, Documents};
use crate::events::chain::peel;
use crate::events::matching::{last_name, path_owner};

/// What a call by an operation's name gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Something whose methods send the operation.
    Handle,
    /// Something that holds a function which sends it.
    Hook,
    /// It is sent; the variables are this argument.
    Sent(usize),
}

/// Ends of hooks' names; the second says that calling it sends nothing yet.
const HOOKS: &[(&str, OperationKind, bool)] = &[
    ("LazyQuery", OperationKind::Query, true),
    ("SuspenseQuery", OperationKind::Query, false),
    ("InfiniteQuery", OperationKind::Query, false),
    ("Query", OperationKind::Query, false),
    ("Mutation", OperationKind::Mutation, true),
    ("Subscription", OperationKind::Subscription, false),
];

/// What generated clients are called, in lower case.
const CLIENTS: &[&str] = &["sdk", "gql", "graphql"];

/// The operation a call names.
pub(super) fn named(documents: &Documents, ir: &Ir, call: &Call) -> Option<(DocumentIdx, Named)> {
    let last = last_name(ir, call.callee)?.as_str();
    if call.form == CallForm::New {
        let name = last.strip_suffix("Store")?;
        return Some((documents.named(name, None)?, Named::Handle));
    }
    if let Some(name) = last.strip_prefix("load_") {
        return Some((documents.named(name, None)?, Named::Sent(0)));
    }
    if let Some(rest) = last.strip_prefix("use") {
        return hook(documents, rest);
    }
    match last {
        "build_query" => {
            let owner = path_owner(ir, call.callee)?;
            let name = owner.rsplit("::").next()?;
            return Some((documents.named(name, None)?, Named::Sent(0)));
        }
        "post_graphql" | "post_graphql_blocking" => {
            let first = *ir.type_list(call.type_args).first()?;
            let TypeRef::Named { name, .. } = ir.type_ref(first) else {
                return None;
            };
            return Some((documents.named(name.as_str(), None)?, Named::Sent(2)));
        }
        _ => {}
    }
    let ExprKind::Field(base, _) = ir.kind(call.callee) else {
        return None;
    };
    let client = match ir.kind(peel(ir, base)) {
        ExprKind::Local(local) => ir.local(local).name,
        ExprKind::Name(name) | ExprKind::Field(_, name) => name,
        ExprKind::Call(made) => last_name(ir, ir.call(made).callee)?,
        _ => return None,
    };
    let is_client = CLIENTS.iter().any(|word| holds(client.as_str(), word));
    let at = is_client.then(|| documents.named(last, None))??;
    Some((at, Named::Sent(0)))
}

/// Whether a text has a word in it, in whatever case.
fn holds(text: &str, word: &str) -> bool {
    let mut windows = text.as_bytes().windows(word.len());
    windows.any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

fn hook(documents: &Documents, rest: &str) -> Option<(DocumentIdx, Named)> {
    HOOKS.iter().find_map(|&(end, kind, is_lazy)| {
        let name = rest.strip_suffix(end)?;
        let whole = format!("{name}{}", kind.root());
        let at = documents
            .named(name, Some(kind))
            .or_else(|| documents.named(&whole, Some(kind)))?;
        Some((at, if is_lazy { Named::Hook } else { Named::Sent(0) }))
    })
}
