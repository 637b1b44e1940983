//! Routes that an object describes, whatever it is handed to: `this.route({ method: "get", path: "/pets", handler: this.pets })`,
//! a table of such objects that a loop registers.
//!
//! Such an object has a method, a path and a function to answer with; what else it is called with is the project's own affair.
//! Below what the route is mounted is not known: its path is as written.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{ExprId, ExprKind, StructEntry};
use rustc_hash::FxHashSet;

use super::find::Finder;
use super::route::{LayerScope, Route, RoutePath};
use super::targets::verb;
use super::{Entry, EntryKind, Exposure};
use crate::flow::text::text;
use crate::ids::{ExprRef, FunctionId};

/// Keys of the path.
const PATH_KEYS: &[&str] = &["path", "url", "route"];
/// Keys of the function.
const HANDLER_KEYS: &[&str] = &["handler", "handle", "action", "controller"];
/// Keys of what runs before it.
const LAYER_KEYS: &[&str] = &[
    "middleware",
    "middlewares",
    "preHandler",
    "preValidation",
    "onRequest",
    "beforeHandler",
    "guards",
    "pre",
];
/// A file with more objects than this is data.
const MAX_OBJECTS: usize = 20_000;

impl Finder<'_> {
    /// The routes described by objects, and their entries; functions that are entries already are left out.
    pub(super) fn described(&mut self) -> Vec<Route> {
        let known: FxHashSet<FunctionId> = self
            .found
            .iter()
            .filter(|entry| entry.kind == EntryKind::Http)
            .map(|entry| entry.function)
            .collect();
        let mut found = Vec::new();
        for (file, facts) in self.resolver.code.code_files() {
            let is_code = facts.language.name() == "typescript"
                && self.workspace.file(file).marks.is_reported();
            if !is_code || facts.ir.exprs.len() > MAX_OBJECTS * 64 {
                continue;
            }
            for expr in &facts.ir.exprs {
                if let ExprKind::Struct(_, entries) = expr.kind {
                    self.of_object(file, facts.ir.entry_list(entries), &mut found);
                }
            }
        }
        found.retain(|route: &Route| !known.contains(&route.function));
        self.found.extend(found.iter().map(entry));
        found
    }

    fn of_object(&self, file: FileId, entries: &[StructEntry], found: &mut Vec<Route>) {
        let value = |keys: &[&str]| {
            let entry = entries
                .iter()
                .find(|entry| keys.contains(&entry.name.as_str()))?;
            Some(ExprRef {
                file,
                expr: entry.value,
            })
        };
        let (Some(method), Some(path), Some(handler)) =
            (value(&["method"]), value(PATH_KEYS), value(HANDLER_KEYS))
        else {
            return;
        };
        let methods = self.methods(method);
        let known = text(self.resolver, Some(self.graph), path).constant();
        let Some(path) = known.filter(|path| path.is_empty() || path.starts_with('/')) else {
            return;
        };
        let mut layers = Vec::new();
        for entry in entries
            .iter()
            .filter(|entry| LAYER_KEYS.contains(&entry.name.as_str()))
        {
            for at in self.items(file, entry.value) {
                self.layers(at, LayerScope::Route, 0, &mut layers);
            }
        }
        for answer in self.answers(handler, 0) {
            found.extend(methods.iter().map(|&method| Route {
                function: answer.function,
                method: Some(method),
                path: RoutePath::parse(&path),
                layers: layers.iter().chain(&answer.layers).cloned().collect(),
                registered: None,
                library: Symbol::new("route table"),
                group: u32::MAX / 8 * 7 + file.0,
                is_procedure: false,
            }));
        }
    }

    /// The methods a value says, one or several.
    fn methods(&self, at: ExprRef) -> Vec<Symbol> {
        self.items(at.file, at.expr)
            .into_iter()
            .filter_map(|item| {
                let known = text(self.resolver, Some(self.graph), item).constant()?;
                verb(&known.to_ascii_uppercase())
            })
            .collect()
    }

    /// The elements of a list, or the one thing.
    fn items(&self, file: FileId, expr: ExprId) -> Vec<ExprRef> {
        let ir = self.resolver.code.ir(file);
        let to = |expr| ExprRef { file, expr };
        match ir.kind(expr) {
            ExprKind::List(items) => ir.expr_list(items).iter().map(|&item| to(item)).collect(),
            ExprKind::Cast(_, inner) => self.items(file, inner),
            _ => vec![to(expr)],
        }
    }
}

fn entry(route: &Route) -> Entry {
    Entry {
        function: route.function,
        kind: EntryKind::Http,
        name: None,
        registered: None,
        library: route.library,
        inputs: vec![(0, Symbol::empty())],
        traits: Vec::new(),
        layers: Vec::new(),
        exposure: Exposure::Public,
    }
}
