//! Entries known by the call that registers them: routes, consumers, timers.

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprKind};
use betwixt_rules::model::{EntryModel, Model};
use rustc_hash::FxHashMap;

use super::guards::ServiceLayer;
use super::handlers::message_handlers;
use super::routers::{Attachment, Draft};
use super::{Entry, EntryKind, Exposure};
use crate::calls::CallGraph;
use crate::events::Events;
use crate::events::chain::Chains;
use crate::events::matching::{
    Target, begins, dotted_name, imported_models, last_name, matches_call, path_owner,
};
use crate::events::select::select;
use crate::flow::text::text;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::resolve::Resolver;

/// A call that registers something, with the model that says so.
pub(super) struct Registration<'a> {
    pub(super) site: CallSite,
    pub(super) chains: &'a Chains,
    pub(super) model: &'a Model,
    pub(super) entry: &'a EntryModel,
}

/// Collects the entries of one file, or of the events of all.
pub(super) struct Finder<'a> {
    pub(super) resolver: &'a Resolver<'a>,
    pub(super) graph: &'a CallGraph,
    pub(super) workspace: &'a Workspace,
    pub(super) found: Vec<Entry>,
    /// What is done to routers.
    pub(super) attachments: Vec<Attachment>,
    /// Routes known by attribute or file.
    pub(super) declared: Vec<Draft>,
    /// What runs before all of a service.
    pub(super) service_layers: Vec<ServiceLayer>,
}

impl Finder<'_> {
    pub(super) fn file(&mut self, file: FileId) {
        let resolver = self.resolver;
        let facts = resolver.code.facts(file);
        let imported = imported_models(resolver, file);
        let models: Vec<(usize, &Model)> = resolver
            .models
            .models()
            .iter()
            .enumerate()
            .filter(|(_, model)| {
                model.language == facts.language.name()
                    && !(model.entries.is_empty() && model.mounts.is_empty())
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
            for mount in &model.mounts {
                self.mounts(file, &chains, &named, model, mount, is_imported);
            }
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
    pub(super) fn registrations(
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
        for call in calls_named(named, &entry.calls) {
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
            let found = Registration {
                site,
                chains,
                model,
                entry,
            };
            match entry.entry.as_str() {
                "http" | "webhook" => self.routes(&found),
                "middleware" => self.middleware(&found),
                _ => self.handled(&found),
            }
        }
    }

    /// Handlers of calls that register no route.
    fn handled(&mut self, found: &Registration<'_>) {
        let (resolver, entry) = (self.resolver, found.entry);
        let name = entry.name.as_deref().and_then(|selector| {
            let value = self.pick(found, selector).first().copied()?;
            text(resolver, Some(self.graph), value).constant()
        });
        for handler in self.pick(found, entry.handler.as_deref().unwrap_or("last")) {
            for function in self.handlers(handler, 0) {
                if takes(resolver, function, &entry.takes) {
                    self.add(function, entry, found.model, name.clone(), Some(found.site));
                }
            }
        }
    }

    pub(super) fn pick(&self, found: &Registration<'_>, selector: &str) -> Vec<ExprRef> {
        select(self.resolver, found.chains, found.site, selector)
    }

    /// Functions that run again and again by a ticker or scheduler.
    pub(super) fn timers(&mut self, events: &Events) {
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
                    layers: Vec::new(),
                    exposure: Exposure::Own,
                });
            }
        }
    }

    /// Functions that take messages: handlers handed to a consuming call, or whoever polls.
    pub(super) fn consumers(&mut self, events: &Events) {
        for event in events
            .events
            .iter()
            .filter(|event| event.kind == "queue.consume")
        {
            if self.workspace.file(event.site.file).marks.test {
                continue;
            }
            let handlers = message_handlers(self.resolver, event);
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
                    layers: Vec::new(),
                    exposure: Exposure::Own,
                });
            }
        }
    }

    pub(super) fn add(
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
            layers: Vec::new(),
            exposure: Exposure::Own,
        });
    }

    pub(super) fn inputs(&self, function: FunctionId, entry: &EntryModel) -> Vec<(u16, Symbol)> {
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

/// Calls of a file whose last name is one of a model's, in order.
pub(super) fn calls_named(named: &FxHashMap<Symbol, Vec<CallId>>, calls: &[String]) -> Vec<CallId> {
    let last = |call: &String| {
        let call = call.trim_end_matches("()");
        Symbol::new(call.rsplit(['.', ':']).next().unwrap_or(call))
    };
    let mut found: Vec<CallId> = calls
        .iter()
        .filter_map(|call| named.get(&last(call)))
        .flatten()
        .copied()
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a handler reads one of these fields of its first parameter, or none is asked for.
pub(super) fn takes(resolver: &Resolver<'_>, function: FunctionId, fields: &[String]) -> bool {
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
