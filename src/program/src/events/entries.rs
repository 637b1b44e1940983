//! Functions that are called from outside, and from where every function can be reached.

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprKind, FunctionIdx, StmtKind, TypeRef, TypeRefId};
use betwixt_facts::{Attribute, Function};
use betwixt_rules::model::{EntryModel, Model, type_matches};
use petgraph::visit::EdgeRef;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Events;
use super::chain::Chains;
use super::matching::{
    Target, begins, dotted_name, imported_models, last_name, matches_call, path_owner,
};
use super::select::select;
use crate::calls::CallGraph;
use crate::flow::text::text;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::resolve::Resolver;

/// From where a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// A route of an HTTP server.
    Http,
    /// A method of an RPC service.
    Rpc,
    /// A GraphQL resolver.
    GraphQl,
    /// Messages of a queue or stream.
    Consumer,
    /// Events another company's system sends.
    Webhook,
    /// A scheduler.
    Job,
    /// A command line.
    Cli,
    /// A schema migration.
    Migration,
    /// A page rendered on the server.
    Page,
    /// Around other entries.
    Middleware,
    /// The start of the process.
    Startup,
}

impl EntryKind {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Http, "http"),
        (Self::Rpc, "rpc"),
        (Self::GraphQl, "graphql"),
        (Self::Consumer, "consumer"),
        (Self::Webhook, "webhook"),
        (Self::Job, "job"),
        (Self::Cli, "cli"),
        (Self::Migration, "migration"),
        (Self::Page, "page"),
        (Self::Middleware, "middleware"),
        (Self::Startup, "startup"),
    ];

    /// Its word in models and rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }
}

/// A set of [`EntryKind`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Reached(u16);

impl Reached {
    /// Whether one of the kinds is in the set.
    #[must_use]
    pub fn from(self, kind: EntryKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }
    /// Whether somebody outside can get here with a request: HTTP, RPC, GraphQL, pages.
    #[must_use]
    pub fn by_request(self) -> bool {
        [
            EntryKind::Http,
            EntryKind::Rpc,
            EntryKind::GraphQl,
            EntryKind::Page,
        ]
        .into_iter()
        .any(|kind| self.from(kind))
    }
    /// Whether a redelivered message, event or job gets here.
    #[must_use]
    pub fn by_message(self) -> bool {
        [EntryKind::Consumer, EntryKind::Webhook, EntryKind::Job]
            .into_iter()
            .any(|kind| self.from(kind))
    }
    /// Nothing is known to get here.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// The kinds, for people.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        EntryKind::ALL
            .iter()
            .filter(|(kind, _)| self.from(*kind))
            .map(|(_, name)| *name)
            .collect()
    }
    fn add(&mut self, kind: EntryKind) {
        self.0 |= 1 << kind as u16;
    }
}

/// A function that is called from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The function.
    pub function: FunctionId,
    /// How it is called.
    pub kind: EntryKind,
    /// Route, topic, queue or method, where known.
    pub name: Option<String>,
    /// The call that registers it.
    pub registered: Option<CallSite>,
    /// The library, for people.
    pub library: Symbol,
    /// Parameters the caller controls, each with the field of it (`input`), empty for all of it.
    pub inputs: Vec<(u16, Symbol)>,
    /// Words of the model vocabulary.
    pub traits: Vec<String>,
}

/// All entries, and what they reach.
#[derive(Debug, Default)]
pub struct Entries {
    /// Entries by function and kind.
    pub entries: Vec<Entry>,
    by_function: FxHashMap<FunctionId, Vec<usize>>,
    reached: Vec<Reached>,
}

impl Entries {
    /// Finds the entries and walks the call graph from them; linear in its size.
    #[must_use]
    pub fn new(
        resolver: &Resolver<'_>,
        graph: &CallGraph,
        workspace: &Workspace,
        events: &Events,
    ) -> Self {
        let finder = || Finder {
            resolver,
            graph,
            workspace,
            found: Vec::new(),
        };
        let files: Vec<FileId> = resolver.code.code_files().map(|(file, _)| file).collect();
        let per_file: Vec<Vec<Entry>> = files
            .par_iter()
            .filter(|&&file| !workspace.file(file).marks.test)
            .map(|&file| {
                let mut finder = finder();
                finder.file(file);
                finder.found
            })
            .collect();
        let mut finder = finder();
        finder.found = per_file.into_iter().flatten().collect();
        finder.consumers(events);
        finder.timers(events);
        let mut entries = finder.found;
        entries.sort_by(|a, b| (a.function, a.kind, &a.name).cmp(&(b.function, b.kind, &b.name)));
        entries.dedup_by(|a, b| a.function == b.function && a.kind == b.kind);
        let mut by_function: FxHashMap<FunctionId, Vec<usize>> = FxHashMap::default();
        for (index, entry) in entries.iter().enumerate() {
            by_function.entry(entry.function).or_default().push(index);
        }
        let reached = reach(resolver, graph, &entries, &by_function);
        Self {
            entries,
            by_function,
            reached,
        }
    }

    /// The entries a function is.
    pub fn of(&self, function: FunctionId) -> impl Iterator<Item = &Entry> {
        self.by_function
            .get(&function)
            .into_iter()
            .flatten()
            .map(|&index| &self.entries[index])
    }

    /// From where a function can be reached.
    #[must_use]
    pub fn reached(&self, function: FunctionId) -> Reached {
        self.reached[function.index()]
    }
}

fn reach(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    entries: &[Entry],
    by_function: &FxHashMap<FunctionId, Vec<usize>>,
) -> Vec<Reached> {
    let code = resolver.code;
    let mut reached = vec![Reached::default(); code.n_functions()];
    let mut pending: Vec<FunctionId> = Vec::new();
    for entry in entries {
        reached[entry.function.index()].add(entry.kind);
        pending.push(entry.function);
    }
    for id in code.function_ids() {
        let (_, idx) = code.function_place(id);
        let function = code.function(id);
        let is_main =
            idx == FunctionIdx(0) || (function.name == "main" && function.receiver_type.is_none());
        if is_main && !function.flags.is_test {
            reached[id.index()].add(EntryKind::Startup);
            pending.push(id);
        }
    }
    while let Some(function) = pending.pop() {
        let from = reached[function.index()];
        for edge in graph
            .graph
            .edges(petgraph::graph::NodeIndex::new(function.index()))
        {
            let to = edge.target().index();
            // A handler's own entry says how it is called; that its registration stands in `main` does not.
            let is_entry = by_function.contains_key(&FunctionId(to as u32));
            let passed = if is_entry && from.0 == 1 << EntryKind::Startup as u16 {
                Reached(0)
            } else {
                from
            };
            if reached[to].0 | passed.0 != reached[to].0 {
                reached[to].0 |= passed.0;
                pending.push(FunctionId(to as u32));
            }
        }
    }
    reached
}

struct Finder<'a> {
    resolver: &'a Resolver<'a>,
    graph: &'a CallGraph,
    workspace: &'a Workspace,
    found: Vec<Entry>,
}

impl Finder<'_> {
    fn file(&mut self, file: FileId) {
        let resolver = self.resolver;
        let facts = resolver.code.facts(file);
        let imported = imported_models(resolver, file);
        let models: Vec<(usize, &Model)> = resolver
            .models
            .models()
            .iter()
            .enumerate()
            .filter(|(_, model)| {
                model.language == facts.language.name() && !model.entries.is_empty()
            })
            .collect();
        let chains = Chains::new(&facts.ir);
        let mut named: FxHashMap<Symbol, Vec<CallId>> = FxHashMap::default();
        for call in (0..facts.ir.calls.len() as u32).map(CallId) {
            if let Some(last) = last_name(&facts.ir, facts.ir.call(call).callee) {
                named.entry(last).or_default().push(call);
            }
        }
        for (index, model) in models {
            let is_imported = imported.binary_search(&index).is_ok() || model.builtin;
            for entry in &model.entries {
                if !entry.calls.is_empty() {
                    self.registrations(file, &chains, &named, model, entry, is_imported);
                } else if is_imported || entry.by_shape {
                    self.declarations(file, model, entry);
                }
            }
        }
    }

    /// Handlers handed to a registering call.
    fn registrations(
        &mut self,
        file: FileId,
        chains: &Chains,
        named: &FxHashMap<Symbol, Vec<CallId>>,
        model: &Model,
        entry: &EntryModel,
        is_imported: bool,
    ) {
        let resolver = self.resolver;
        let ir = resolver.code.ir(file);
        let mut calls: Vec<CallId> = entry
            .calls
            .iter()
            .map(|call| {
                call.trim_end_matches("()")
                    .rsplit(['.', ':'])
                    .next()
                    .unwrap_or(call)
            })
            .filter_map(|last| named.get(&Symbol::new(last)))
            .flatten()
            .copied()
            .collect();
        calls.sort_unstable();
        calls.dedup();
        for call in calls {
            let site = CallSite { file, call };
            let dotted = dotted_name(ir, ir.call(call).callee);
            let target = Target {
                callee: self.graph.callee(site),
                dotted: &dotted,
                path_owner: path_owner(ir, ir.call(call).callee),
                is_imported: is_imported || entry.by_shape,
            };
            if !matches_call(
                resolver,
                model,
                &entry.types,
                entry.known_receiver,
                &entry.calls,
                &target,
            ) {
                continue;
            }
            let is_meant = entry.starts_with.iter().all(|(selector, beginnings)| {
                begins(resolver, self.graph, chains, site, selector, beginnings)
            });
            if !is_meant {
                continue;
            }
            let selector = entry.handler.as_deref().unwrap_or("last");
            let name = entry.name.as_deref().and_then(|selector| {
                let value = select(resolver, chains, site, selector).first().copied()?;
                text(resolver, Some(self.graph), value).constant()
            });
            for handler in select(resolver, chains, site, selector) {
                for function in self.handlers(handler, 0) {
                    if takes(resolver, function, &entry.takes) {
                        self.add(function, entry, model, name.clone(), Some(site));
                    }
                }
            }
        }
    }

    /// Functions that run again and again by a ticker or scheduler.
    fn timers(&mut self, events: &Events) {
        for event in events.events.iter().filter(|event| event.kind == "timer") {
            if self.workspace.file(event.site.file).marks.test {
                continue;
            }
            let bodies: Vec<FunctionId> = event
                .slot("body")
                .iter()
                .flat_map(|&body| self.handlers(body, 0))
                .collect();
            let functions = if bodies.is_empty() {
                vec![event.function]
            } else {
                bodies
            };
            for function in functions {
                self.found.push(Entry {
                    function,
                    kind: EntryKind::Job,
                    name: None,
                    registered: Some(event.site),
                    library: event.library,
                    inputs: Vec::new(),
                    traits: Vec::new(),
                });
            }
        }
    }

    /// Functions that take messages: handlers handed to a consuming call, or whoever polls.
    fn consumers(&mut self, events: &Events) {
        for event in events
            .events
            .iter()
            .filter(|event| event.kind == "queue.consume")
        {
            if self.workspace.file(event.site.file).marks.test {
                continue;
            }
            let handlers: Vec<FunctionId> = event
                .slot("handler")
                .iter()
                .flat_map(|&handler| self.handlers(handler, 0))
                .collect();
            let name = event
                .slot("topic")
                .first()
                .and_then(|&topic| text(self.resolver, Some(self.graph), topic).constant());
            let functions = if handlers.is_empty() {
                vec![event.function]
            } else {
                handlers
            };
            for function in functions {
                let n = self.resolver.code.function(function).params.len() as u16;
                self.found.push(Entry {
                    function,
                    kind: EntryKind::Consumer,
                    name: name.clone(),
                    registered: Some(event.site),
                    library: event.library,
                    inputs: (0..n).map(|index| (index, Symbol::empty())).collect(),
                    traits: event.traits.iter().map(|name| (*name).to_owned()).collect(),
                });
            }
        }
    }

    /// The functions a handler argument stands for: itself, in a list, inside `wrap(handler)`, in a table.
    fn handlers(&self, at: ExprRef, depth: u32) -> Vec<FunctionId> {
        if depth > 4 {
            return Vec::new();
        }
        let resolver = self.resolver;
        if let Some(function) = resolver.function_value(at) {
            // `wrap(name, fn)` that returns a closure: the closure calls what it was given.
            return vec![function];
        }
        let ir = resolver.code.ir(at.file);
        let to = |expr| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(at.expr) {
            ExprKind::Call(call) => {
                let args = ir.expr_list(ir.call(call).args);
                let mut inner: Vec<FunctionId> = args
                    .iter()
                    .flat_map(|&arg| self.handlers(to(arg), depth + 1))
                    .collect();
                if inner.is_empty()
                    && let ExprKind::Field(receiver, _) = ir.kind(ir.call(call).callee)
                    && matches!(ir.kind(receiver), ExprKind::Call(_))
                {
                    inner = self.handlers(to(receiver), depth + 1);
                }
                inner
            }
            ExprKind::List(items) => ir
                .expr_list(items)
                .iter()
                .flat_map(|&item| self.handlers(to(item), depth + 1))
                .collect(),
            ExprKind::Struct(_, entries) => ir
                .entry_list(entries)
                .iter()
                .flat_map(|entry| self.handlers(to(entry.value), depth + 1))
                .collect(),
            ExprKind::Local(local) => {
                let values = resolver.flows[at.file.0 as usize].definitions(local);
                values
                    .iter()
                    .take(6)
                    .flat_map(|known| self.handlers(to(known.value), depth + 1))
                    .collect()
            }
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => {
                self.handlers(to(inner), depth + 1)
            }
            _ => Vec::new(),
        }
    }

    /// Functions that are entries by what they are: signature, attribute, file and name, type.
    fn declarations(&mut self, file: FileId, model: &Model, entry: &EntryModel) {
        let facts = self.resolver.code.facts(file);
        let path = &self.workspace.file(file).path;
        if !entry.files.is_empty() && !entry.files.iter().any(|pattern| glob(pattern, path)) {
            return;
        }
        let file_says = self.has_directive(file, FunctionIdx(0), &entry.directives);
        let callers = self.callers_of(file, model, entry);
        for (index, function) in facts.functions.iter().enumerate().skip(1) {
            if !function.flags.has_body || function.flags.is_test {
                continue;
            }
            let idx = FunctionIdx(index as u32);
            // A file's `use server` speaks of what the file exports.
            let is_meant = entry.directives.is_empty()
                || self.has_directive(file, idx, &entry.directives)
                || (file_says && self.is_exported(file, function));
            let calls = entry.calling.is_empty() || callers.contains(&idx);
            if is_meant && calls && self.fits(file, function, entry) {
                let id = self.resolver.code.function_id(file, idx);
                let name = self.attribute_name(file, function, entry);
                self.add(id, entry, model, name, None);
            }
        }
    }

    /// Functions whose own body makes one of the calls an entry is known by.
    fn callers_of(&self, file: FileId, model: &Model, entry: &EntryModel) -> Vec<FunctionIdx> {
        let ir = self.resolver.code.ir(file);
        let makes = |call: CallId| {
            let callee = ir.call(call).callee;
            let last = last_name(ir, callee)?;
            let is_named = |known: &String| known.rsplit('.').next() == Some(last.as_str());
            if !entry.calling.iter().any(is_named) {
                return None;
            }
            let target = Target {
                callee: self.graph.callee(CallSite { file, call }),
                dotted: &dotted_name(ir, callee),
                path_owner: path_owner(ir, callee),
                is_imported: true,
            };
            let (types, known) = (&entry.types, entry.known_receiver);
            matches_call(self.resolver, model, types, known, &entry.calling, &target)
                .then_some(ir.call(call).function)
        };
        if entry.calling.is_empty() {
            return Vec::new();
        }
        (0..ir.calls.len() as u32)
            .map(CallId)
            .filter_map(makes)
            .collect()
    }

    fn is_exported(&self, file: FileId, function: &Function) -> bool {
        let exports = &self.resolver.code.facts(file).exports;
        function.flags.is_exported
            || exports
                .iter()
                .any(|export| self.is_exported_value(file, function, export))
    }

    fn fits(&self, file: FileId, function: &Function, entry: &EntryModel) -> bool {
        let mut says_something =
            !entry.files.is_empty() || !entry.directives.is_empty() || !entry.calling.is_empty();
        if !entry.attributes.is_empty() {
            says_something = true;
            if !has_attribute(&function.attributes, &entry.attributes) {
                return false;
            }
        }
        if !entry.params.is_empty() || !entry.results.is_empty() {
            says_something = true;
            if !self.signature_fits(file, function, entry) {
                return false;
            }
        }
        if !entry.exports.is_empty() {
            says_something = true;
            let exports = &self.resolver.code.facts(file).exports;
            let is_exported = exports.iter().any(|export| {
                entry.exports.iter().any(|name| *name == export.exported)
                    && self.is_exported_value(file, function, export)
            });
            if !is_exported {
                return false;
            }
        }
        if !entry.implements.is_empty() || !entry.type_attributes.is_empty() {
            says_something = true;
            if !self.type_fits(file, function, entry) {
                return false;
            }
        }
        if !entry.receivers.is_empty() {
            says_something = true;
            let is_one = |receiver: Symbol| {
                let receiver = receiver.as_str();
                entry
                    .receivers
                    .iter()
                    .any(|known| type_matches(known, receiver))
            };
            if !function.receiver_type.is_some_and(is_one) {
                return false;
            }
        }
        if !entry.methods.is_empty() {
            says_something = true;
            if !entry.methods.iter().any(|name| *name == function.name) {
                return false;
            }
        }
        if !entry.within.is_empty() {
            says_something = true;
            let display = function.display.as_str();
            if !function.flags.is_closure && function.receiver_type.is_some() {
                return false;
            }
            if !display
                .split('.')
                .rev()
                .skip(1)
                .any(|part| entry.within.iter().any(|key| key == part))
            {
                return false;
            }
        }
        says_something
    }

    fn is_exported_value(
        &self,
        file: FileId,
        function: &Function,
        export: &betwixt_facts::Export,
    ) -> bool {
        if export.local == function.name && function.parent.is_none_or(|parent| parent.0 == 0) {
            return true;
        }
        let code = self.resolver.code;
        let ir = code.ir(file);
        let from_value = |mut expr| {
            for _ in 0..4 {
                match ir.kind(expr) {
                    ExprKind::Closure(idx) => {
                        return std::ptr::eq(
                            &raw const code.facts(file).functions[idx.index()],
                            function,
                        );
                    }
                    ExprKind::Call(call) => match ir.expr_list(ir.call(call).args).last() {
                        Some(&last) => expr = last,
                        None => return false,
                    },
                    ExprKind::Name(name) => {
                        return name == function.name && !function.flags.is_closure;
                    }
                    _ => return false,
                }
            }
            false
        };
        let global = code
            .facts(file)
            .globals
            .iter()
            .find(|global| global.name == export.local);
        export.value.is_some_and(from_value)
            || global
                .and_then(|global| global.init)
                .is_some_and(from_value)
    }

    fn signature_fits(&self, file: FileId, function: &Function, entry: &EntryModel) -> bool {
        let ir = self.resolver.code.ir(file);
        if function.params.len() < entry.params.len()
            || function.results.len() < entry.results.len()
        {
            return false;
        }
        let params = entry.params.iter().zip(&function.params);
        let results = entry.results.iter().zip(&function.results);
        params.into_iter().all(|(pattern, &local)| {
            pattern == "_" || self.type_text_matches(file, pattern, ir.local(local).type_ref)
        }) && results.into_iter().all(|(pattern, &written)| {
            pattern == "_" || self.type_text_matches(file, pattern, written)
        })
    }

    fn type_text_matches(&self, file: FileId, pattern: &str, written: TypeRefId) -> bool {
        let Some(text) = type_text(self.resolver, file, written, 0) else {
            return false;
        };
        type_matches(pattern, &text)
    }

    fn type_fits(&self, file: FileId, function: &Function, entry: &EntryModel) -> bool {
        let Some(receiver) = function.receiver_type else {
            return false;
        };
        let facts = self.resolver.code.facts(file);
        let def = facts.types.iter().find(|def| def.name == receiver);
        if !entry.implements.is_empty() {
            let by_trait = function
                .implements
                .is_some_and(|name| entry.implements.iter().any(|known| *known == name));
            let by_base = def.is_some_and(|def| {
                def.bases.iter().any(|&base| {
                    entry
                        .implements
                        .iter()
                        .any(|known| self.type_text_matches(file, known, base))
                })
            });
            if !by_trait && !by_base {
                return false;
            }
        }
        entry.type_attributes.is_empty()
            || def.is_some_and(|def| has_attribute(&def.attributes, &entry.type_attributes))
            || has_attribute(&function.attributes, &entry.type_attributes)
    }

    fn has_directive(&self, file: FileId, idx: FunctionIdx, directives: &[String]) -> bool {
        if directives.is_empty() {
            return true;
        }
        let facts = self.resolver.code.facts(file);
        let ir = &facts.ir;
        let first = ir.block(facts.functions[idx.index()].body).first();
        first.is_some_and(|&stmt| match ir.stmt(stmt).kind {
            StmtKind::Expr(expr) => matches!(ir.kind(expr), ExprKind::Str(text) if directives.iter().any(|d| *d == text)),
            _ => false,
        })
    }

    fn attribute_name(
        &self,
        file: FileId,
        function: &Function,
        entry: &EntryModel,
    ) -> Option<String> {
        entry.name.as_ref()?;
        let attribute = function.attributes.iter().find(|attribute| {
            entry
                .attributes
                .iter()
                .any(|known| attribute_is(attribute, known))
        })?;
        let ir = self.resolver.code.ir(file);
        let first = *ir.expr_list(attribute.args).first()?;
        match ir.kind(first) {
            ExprKind::Str(text) => Some(text.to_string()),
            _ => None,
        }
    }

    fn add(
        &mut self,
        function: FunctionId,
        entry: &EntryModel,
        model: &Model,
        name: Option<String>,
        site: Option<CallSite>,
    ) {
        let Some(mut kind) = EntryKind::parse(&entry.entry) else {
            return;
        };
        let facts = self.resolver.code.function(function);
        let file = self.resolver.code.file_of(function);
        if self.workspace.file(file).marks.test {
            return;
        }
        let says_webhook = |text: &str| text.to_ascii_lowercase().contains("webhook");
        if kind == EntryKind::Http
            && (name.as_deref().is_some_and(says_webhook)
                || says_webhook(facts.display.as_str())
                || says_webhook(&self.workspace.file(file).path))
        {
            kind = EntryKind::Webhook;
        }
        let inputs = self.inputs(function, entry);
        self.found.push(Entry {
            function,
            kind,
            name,
            registered: site,
            library: Symbol::new(&model.library),
            inputs,
            traits: model.traits.iter().chain(&entry.traits).cloned().collect(),
        });
    }

    fn inputs(&self, function: FunctionId, entry: &EntryModel) -> Vec<(u16, Symbol)> {
        let facts = self.resolver.code.function(function);
        let file = self.resolver.code.file_of(function);
        let ir = self.resolver.code.ir(file);
        let n = facts.params.len() as u16;
        let all = (0..n).map(|index| (index, Symbol::empty()));
        if !entry.input_types.is_empty() {
            return all
                .filter(|&(index, _)| {
                    let written = ir.local(facts.params[index as usize]).type_ref;
                    entry
                        .input_types
                        .iter()
                        .any(|known| self.type_text_matches(file, known, written))
                })
                .collect();
        }
        if entry.input.is_empty() {
            return all.collect();
        }
        let mut found = Vec::new();
        for input in &entry.input {
            match input.as_str() {
                "none" => {}
                "all" | "attribute" => found.extend(all.clone()),
                text => {
                    let (index, path) = text.split_once('.').unwrap_or((text, ""));
                    let (index, from) =
                        match index.strip_suffix("..").or_else(|| text.strip_suffix("..")) {
                            Some(index) => (index, true),
                            None => (index, false),
                        };
                    let Ok(index) = index.parse::<u16>() else {
                        continue;
                    };
                    let path = if from { "" } else { path };
                    let last = if from { n } else { (index + 1).min(n) };
                    found.extend((index..last).map(|index| (index, Symbol::new(path))));
                }
            }
        }
        found
    }
}

fn takes(resolver: &Resolver<'_>, function: FunctionId, fields: &[String]) -> bool {
    if fields.is_empty() {
        return true;
    }
    let facts = resolver.code.function(function);
    let file = resolver.code.file_of(function);
    let ir = resolver.code.ir(file);
    let Some(&first) = facts.params.first() else {
        return false;
    };
    ir.exprs.iter().any(|expr| match expr.kind {
        ExprKind::Field(base, name) => {
            matches!(ir.kind(base), ExprKind::Local(local) if local == first)
                && fields.iter().any(|field| *field == name)
        }
        _ => false,
    })
}

fn has_attribute(attributes: &[Attribute], wanted: &[String]) -> bool {
    attributes
        .iter()
        .any(|attribute| wanted.iter().any(|known| attribute_is(attribute, known)))
}

fn attribute_is(attribute: &Attribute, known: &str) -> bool {
    let name = attribute.name.as_str();
    name == known
        || name.rsplit("::").next() == Some(known)
        || name.rsplit('.').next() == Some(known)
}

/// A written type as text: `pb.CreateRequest`, `http.ResponseWriter`, `Job`.
fn type_text(
    resolver: &Resolver<'_>,
    file: FileId,
    written: TypeRefId,
    depth: u32,
) -> Option<String> {
    if depth > 6 {
        return None;
    }
    match resolver.code.ir(file).type_ref(written) {
        TypeRef::Named {
            qualifier,
            name,
            args,
        } => {
            if matches!(
                name.as_str(),
                "Arc" | "Box" | "Promise" | "Result" | "Option"
            ) && let Some(&first) = args.first()
            {
                return type_text(resolver, file, first, depth + 1);
            }
            Some(match qualifier {
                Some(qualifier) => {
                    let separator = if resolver.names.is_rust(file) {
                        "::"
                    } else {
                        "."
                    };
                    format!("{qualifier}{separator}{name}")
                }
                None => name.to_string(),
            })
        }
        TypeRef::Pointer(inner) | TypeRef::Slice(inner) => {
            type_text(resolver, file, *inner, depth + 1)
        }
        _ => None,
    }
}

/// `**/route.ts`, `pages/api/**`, `*.server.ts`.
fn glob(pattern: &str, path: &str) -> bool {
    fn matches(pattern: &[u8], path: &[u8], budget: &mut u32) -> bool {
        *budget = budget.saturating_sub(1);
        if *budget == 0 {
            return false;
        }
        match pattern {
            [] => path.is_empty(),
            [b'*', b'*', b'/', rest @ ..] => {
                matches(rest, path, budget)
                    || path
                        .iter()
                        .enumerate()
                        .any(|(at, &byte)| byte == b'/' && matches(rest, &path[at + 1..], budget))
            }
            [b'*', b'*', rest @ ..] => {
                (0..=path.len()).any(|at| matches(rest, &path[at..], budget))
            }
            [b'*', rest @ ..] => {
                let end = path
                    .iter()
                    .position(|&byte| byte == b'/')
                    .unwrap_or(path.len());
                (0..=end).any(|at| matches(rest, &path[at..], budget))
            }
            [b'{', rest @ ..] => {
                let Some(close) = rest.iter().position(|&byte| byte == b'}') else {
                    return false;
                };
                rest[..close].split(|&byte| byte == b',').any(|choice| {
                    path.strip_prefix(choice)
                        .is_some_and(|path| matches(&rest[close + 1..], path, budget))
                })
            }
            [byte, rest @ ..] => path.first() == Some(byte) && matches(rest, &path[1..], budget),
        }
    }
    let mut budget = 20_000;
    matches(pattern.as_bytes(), path.as_bytes(), &mut budget)
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn globs_match_paths() {
        assert!(glob("**/route.ts", "app/api/users/route.ts"));
        assert!(glob("**/route.{ts,js}", "route.js"));
        assert!(!glob("**/route.ts", "app/my-route.ts"));
        assert!(glob("**/pages/api/**", "web/src/pages/api/x/y.ts"));
        assert!(!glob("*.ts", "a/b.ts"));
    }
}
