//! Who answers a field of a root type: entries of GraphQL libraries by operation and field.
//!
//! gqlgen's `queryResolver.User`, field maps of graphql-go, maps `{ Query: { user } }` of graphql-js, Apollo and Yoga, decorated methods, fields of
//! Pothos and Nexus builders, methods of async-graphql's objects. Names are folded: each library spells fields its own way.

use betwixt_base::Symbol;
use betwixt_facts::Function;
use betwixt_facts::graphql::OperationKind;
use betwixt_facts::ir::{ExprKind, Ir};
use rustc_hash::FxHashMap;

use super::{folded, objects};
use crate::entries::{Entry, EntryKind, handlers};
use crate::events::chain::peel;
use crate::ids::{ExprRef, FunctionId};
use crate::link::LinkContext;

/// Resolvers of root fields.
pub(super) struct Resolvers {
    by_field: FxHashMap<(OperationKind, String), Vec<FunctionId>>,
    /// Methods of a root object that serves all kinds of operations.
    of_any: FxHashMap<String, Vec<FunctionId>>,
}

impl Resolvers {
    /// Indexes the entries, and maps whose resolvers stand elsewhere.
    pub(super) fn new(context: &LinkContext<'_>) -> Self {
        let mut all = Self {
            by_field: FxHashMap::default(),
            of_any: FxHashMap::default(),
        };
        for entry in &context.entries.entries {
            if entry.kind == EntryKind::GraphQl && !context.is_test_function(entry.function) {
                all.entry(context, entry);
            }
        }
        all.maps(context);
        for (kind, name, function) in objects::field_maps(context) {
            all.add(kind, name.as_str(), function);
        }
        for functions in all.by_field.values_mut().chain(all.of_any.values_mut()) {
            functions.sort_unstable();
            functions.dedup();
        }
        all
    }

    /// The functions that may answer a field, in order.
    pub(super) fn of(&self, kind: OperationKind, field: Symbol) -> Vec<FunctionId> {
        let name = folded(field.as_str());
        let any = self.of_any.get(&name);
        let found = self.by_field.get(&(kind, name)).or(any);
        found.cloned().unwrap_or_default()
    }

    fn add(&mut self, kind: OperationKind, name: &str, function: FunctionId) {
        let known = self.by_field.entry((kind, folded(name))).or_default();
        known.push(function);
    }

    fn entry(&mut self, context: &LinkContext<'_>, entry: &Entry) {
        let code = context.resolver.code;
        let (file, _) = code.function_place(entry.function);
        let function = code.function(entry.function);
        if code.facts(file).language.name() == "typescript" {
            let said = decorated(code.ir(file), function, entry)
                .or_else(|| objects::defined(context, entry))
                .or_else(|| placed(function.display.as_str()))
                .or_else(|| built(context, function, entry));
            if let Some((kind, name)) = said {
                self.add(kind, &name, entry.function);
            }
            return;
        }
        let Some(receiver) = function.receiver_type else {
            return;
        };
        let receiver = receiver.as_str().to_ascii_lowercase();
        let said = OperationKind::ALL
            .into_iter()
            .find(|kind| receiver.contains(kind.word()));
        match said {
            Some(kind) => self.add(kind, function.name.as_str(), entry.function),
            None if matches!(receiver.as_str(), "resolver" | "rootresolver" | "root") => {
                let name = folded(function.name.as_str());
                self.of_any.entry(name).or_default().push(entry.function);
            }
            None => {}
        }
    }

    /// `{ Query: { user: getUser } }`, where `getUser` is a function of another place.
    fn maps(&mut self, context: &LinkContext<'_>) {
        for (file, facts) in context.resolver.code.code_files() {
            if facts.language.name() != "typescript" || context.workspace.file(file).marks.test {
                continue;
            }
            let ir = &facts.ir;
            for outer in &ir.entries {
                let root = OperationKind::ALL
                    .into_iter()
                    .find(|kind| outer.name == kind.root());
                let (Some(kind), ExprKind::Struct(_, fields)) =
                    (root, ir.kind(peel(ir, outer.value)))
                else {
                    continue;
                };
                for field in ir.entry_list(fields) {
                    if matches!(
                        ir.kind(field.value),
                        ExprKind::Name(_) | ExprKind::Field(..)
                    ) {
                        let expr = field.value;
                        for function in handlers(context.resolver, ExprRef { file, expr }, 0) {
                            self.add(kind, field.name.as_str(), function);
                        }
                    }
                }
            }
        }
    }
}

/// `@Query(() => User, { name: 'user' })` on a method.
fn decorated(ir: &Ir, function: &Function, entry: &Entry) -> Option<(OperationKind, String)> {
    function.attributes.iter().find_map(|attribute| {
        let kind = OperationKind::ALL
            .into_iter()
            .find(|kind| attribute.name == kind.root())?;
        let named = ir.expr_list(attribute.args).iter().find_map(|&arg| {
            let ExprKind::Struct(_, entries) = ir.kind(arg) else {
                return None;
            };
            let name = ir
                .entry_list(entries)
                .iter()
                .find(|one| one.name == "name")?;
            match ir.kind(name.value) {
                ExprKind::Str(text) => Some(text.to_string()),
                _ => None,
            }
        });
        let own = || {
            entry
                .name
                .clone()
                .unwrap_or_else(|| function.name.to_string())
        };
        Some((kind, named.unwrap_or_else(own)))
    })
}

/// `resolvers.Query.user`, `resolvers.Subscription.tick.subscribe`, `builder.queryField user.resolve`.
fn placed(display: &str) -> Option<(OperationKind, String)> {
    let mut parts = display.split('.');
    while let Some(part) = parts.next() {
        for kind in OperationKind::ALL {
            if part == kind.root() {
                return Some((kind, parts.next()?.to_owned()));
            }
            let field = part
                .strip_prefix(kind.word())
                .and_then(|rest| rest.strip_prefix("Field "));
            if let Some(name) = field {
                return Some((kind, name.to_owned()));
            }
        }
    }
    None
}

/// `builder.queryType({ fields: (t) => ({ user: t.field({ resolve }) }) })`: the name is the entry's that holds the call.
fn built(
    context: &LinkContext<'_>,
    function: &Function,
    entry: &Entry,
) -> Option<(OperationKind, String)> {
    let display = function.display.as_str();
    let kind = OperationKind::ALL.into_iter().find(|kind| {
        let is_builder = |part: &str| {
            matches!(
                part.strip_prefix(kind.word()),
                Some("Type" | "Fields" | "Field")
            )
        };
        display.split('.').any(is_builder)
    })?;
    let site = entry.registered?;
    let ir = context.resolver.code.ir(site.file);
    let call = ir.call(site.call).expr;
    let holder = ir.entries.iter().find(|one| one.value == call)?;
    Some((kind, holder.name.to_string()))
}
