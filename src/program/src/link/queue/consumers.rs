//! Who takes the messages of which topic.
//!
//! A consuming call with its handler, a handler registered by the project's own call, the function that polls, and functions
//! that are consumers by attribute, by their name in a table, or by the type of their job.

use betwixt_base::FileId;
use betwixt_facts::ir::{ExprId, ExprKind, Ir, LocalKind, TypeRef, TypeRefId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::LinkContext;
use super::topic::{Topic, Topics, is_readable, pattern};
use super::{inner, tables, values};
use crate::entries::{Entry, EntryKind, handlers, message_handlers};
use crate::events::Event;
use crate::events::chain::peel;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::types::Type;

/// Methods by which an object takes messages.
const METHODS: &[&str] = &[
    "ConsumeClaim",
    "HandleMessage",
    "handleMessage",
    "handle_message",
    "ProcessTask",
    "Handle",
    "handle",
    "Process",
    "process",
    "Consume",
    "consume",
    "OnMessage",
    "onMessage",
    "Execute",
];

/// Ends of the names of subscriptions to a topic.
const SUBSCRIPTION: &[&str] = &[
    "-subscription",
    "_subscription",
    ".subscription",
    "-sub",
    "_sub",
    ".sub",
    "-consumer",
    "-worker",
];

/// One consumer of one or several topics.
#[derive(Debug)]
pub(super) struct Consumer {
    /// The call that says so.
    pub(super) site: Option<CallSite>,
    /// Its topics.
    pub(super) topics: Vec<String>,
    /// Who takes the messages.
    pub(super) functions: Vec<FunctionId>,
    /// They are handed the message; otherwise they fetch it.
    pub(super) is_handed: bool,
}

/// All consumers by topic.
pub(super) struct Consumers<'a> {
    context: &'a LinkContext<'a>,
    pub(super) all: Vec<Consumer>,
    by_topic: FxHashMap<String, Vec<usize>>,
    by_subscription: FxHashMap<String, Vec<usize>>,
    /// Patterns with the consumer, in order.
    pub(super) patterns: Vec<(String, usize)>,
}

impl<'a> Consumers<'a> {
    pub(super) fn new(
        context: &'a LinkContext<'a>,
        topics: &Topics<'_>,
        events: &[&Event],
    ) -> Self {
        let mut consumers = Self {
            context,
            all: Vec::new(),
            by_topic: FxHashMap::default(),
            by_subscription: FxHashMap::default(),
            patterns: Vec::new(),
        };
        consumers.called(topics, events);
        let known: FxHashSet<FunctionId> = (consumers.all.iter())
            .filter(|consumer| consumer.topics.iter().any(|topic| is_readable(topic)))
            .flat_map(|consumer| consumer.functions.iter().copied())
            .collect();
        let sites: FxHashSet<CallSite> = events.iter().map(|event| event.site).collect();
        for entry in &context.entries.entries {
            let is_called = entry.registered.is_some_and(|site| sites.contains(&site));
            let is_consumer = entry.kind == EntryKind::Consumer;
            if is_consumer && !is_called && !known.contains(&entry.function) {
                consumers.declared(entry);
            }
        }
        consumers.index();
        consumers
    }

    /// Consumers of exactly this topic.
    pub(super) fn of(&self, topic: &str) -> &[usize] {
        self.by_topic.get(topic).map_or(&[], Vec::as_slice)
    }

    /// Consumers of a subscription that is named after the topic.
    pub(super) fn subscribed(&self, topic: &str) -> &[usize] {
        self.by_subscription.get(topic).map_or(&[], Vec::as_slice)
    }

    /// All topics without holes, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &[usize])> {
        let mut names: Vec<(&str, &[usize])> = (self.by_topic.iter())
            .filter(|(topic, _)| pattern(topic).is_none())
            .map(|(topic, all)| (topic.as_str(), all.as_slice()))
            .collect();
        names.sort_unstable();
        names.into_iter()
    }

    /// Consumers by the calls that consume. Where one call names the topics and another hands the handler over
    /// (`consumer.subscribe(…)`, `consumer.run(…)`), they belong together: in one function, or else in one file.
    fn called(&mut self, topics: &Topics<'_>, events: &[&Event]) {
        let handled: Vec<Vec<FunctionId>> =
            events.iter().map(|event| self.handlers(event)).collect();
        let has_topic = |event: &Event| !event.slot("topic").is_empty();
        let mut with_topic: FxHashMap<FunctionId, Vec<ExprRef>> = FxHashMap::default();
        let mut with_topic_in: FxHashMap<FileId, Vec<ExprRef>> = FxHashMap::default();
        let mut handled_in: FxHashSet<FileId> = FxHashSet::default();
        for (event, handlers) in events.iter().zip(&handled) {
            match (has_topic(event), handlers.is_empty()) {
                (true, true) => {
                    let given = event.slot("topic");
                    with_topic.entry(event.function).or_default().extend(given);
                    with_topic_in
                        .entry(event.site.file)
                        .or_default()
                        .extend(given);
                }
                (false, false) => {
                    handled_in.insert(event.site.file);
                }
                _ => {}
            }
        }
        for (event, functions) in events.iter().zip(handled) {
            if functions.is_empty()
                && (self.registered(topics, event) || self.tabled(topics, event))
            {
                continue;
            }
            let is_handed = !functions.is_empty();
            let file = event.site.file;
            let values: Vec<ExprRef> = match (has_topic(event), is_handed) {
                // Its topics go with the handler beside it.
                (true, false) if handled_in.contains(&file) => continue,
                (true, _) => event.slot("topic").to_vec(),
                (false, _) => {
                    let near = with_topic.get(&event.function);
                    near.or_else(|| with_topic_in.get(&file))
                        .cloned()
                        .unwrap_or_default()
                }
            };
            let values = if values.is_empty() {
                inner(event, "topic").into_iter().collect()
            } else {
                values
            };
            let functions = if is_handed {
                functions
            } else {
                let polling = self.polled_by(event);
                match polling.is_empty() {
                    true => vec![event.function],
                    false => polling,
                }
            };
            self.all.push(Consumer {
                site: Some(event.site),
                topics: topics.of(&values, event.site),
                functions,
                is_handed,
            });
        }
    }

    /// `register(name, handler)` of the project: the consumers are its callers'. Says whether there are any.
    fn registered(&mut self, topics: &Topics<'_>, event: &Event) -> bool {
        let resolver = self.context.resolver;
        let param = |at: &ExprRef| handed_in(resolver.code.ir(at.file), at.expr, 0);
        let Some(handler) = event.slot("handler").iter().find_map(param) else {
            return false;
        };
        let topic = event.slot("topic").iter().find_map(param);
        let before = self.all.len();
        for &site in self.context.graph.callers(event.function).iter().take(200) {
            let ir = resolver.code.ir(site.file);
            let args = ir.expr_list(ir.call(site.call).args);
            let arg = |n: u16| {
                let expr = args.get(usize::from(n)).copied();
                expr.map(|expr| ExprRef {
                    file: site.file,
                    expr,
                })
            };
            let functions: Vec<FunctionId> = arg(handler)
                .map(|at| handlers(resolver, at, 0))
                .unwrap_or_default();
            if functions.is_empty() || self.context.is_test(site) {
                continue;
            }
            let named: Vec<ExprRef> = match topic {
                Some(topic) => arg(topic).into_iter().collect(),
                None => event.slot("topic").to_vec(),
            };
            self.all.push(Consumer {
                site: Some(site),
                topics: topics.of(&named, site),
                functions,
                is_handed: true,
            });
        }
        self.all.len() > before
    }

    /// A call in a loop over a table of handlers takes each topic with its handler. Says whether it is one.
    fn tabled(&mut self, topics: &Topics<'_>, event: &Event) -> bool {
        let resolver = self.context.resolver;
        let mut is_any = false;
        for &topic in event.slot("topic") {
            for (key, value) in tables::of_loop_key(self.context, topic) {
                let functions = handlers(resolver, value, 0);
                if functions.is_empty() {
                    continue;
                }
                is_any = true;
                self.all.push(Consumer {
                    site: Some(event.site),
                    topics: topics.of_key(key, event.site),
                    functions,
                    is_handed: true,
                });
            }
        }
        is_any
    }

    /// The functions that are handed what takes the messages and fetch them: `run(consumer, store)`. Their maker takes none.
    fn polled_by(&self, event: &Event) -> Vec<FunctionId> {
        let ir = self.context.resolver.code.ir(event.site.file);
        let function = ir.call(event.site.call).function;
        let is_made = |expr: ExprId| is_of(self.context, event.site, expr, 0);
        let mut found = Vec::new();
        for (index, call) in ir.calls.iter().enumerate() {
            let site = CallSite {
                file: event.site.file,
                call: betwixt_facts::ir::CallId(index as u32),
            };
            let is_given = || ir.expr_list(call.args).iter().any(|&arg| is_made(arg));
            if call.function != function || site == event.site || !is_given() {
                continue;
            }
            let called = self.context.graph.callee(site).functions().iter();
            let fetching = called.filter(|&&to| !values::fetches(self.context, to).is_empty());
            found.extend(fetching.copied());
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The functions a consuming call hands messages to; a method of the object it is given.
    fn handlers(&self, event: &Event) -> Vec<FunctionId> {
        let mut found = message_handlers(self.context.resolver, event);
        if found.is_empty() {
            let resolver = self.context.resolver;
            for &at in event.slot("handler") {
                if let Type::Def(id) = resolver.type_of(at) {
                    let method = METHODS.iter().find_map(|method| {
                        resolver.methods.own(id, betwixt_base::Symbol::new(method))
                    });
                    found.extend(method);
                }
            }
        }
        found.retain(|&function| !self.context.is_test_function(function));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Consumers by attribute or registration, with a name; jobs by the type of what they carry.
    fn declared(&mut self, entry: &Entry) {
        let mut topics: Vec<String> = entry.name.iter().cloned().collect();
        let code = self.context.resolver.code;
        let file = code.file_of(entry.function);
        for &param in &code.function(entry.function).params {
            let written = code.ir(file).local(param).type_ref;
            topics.extend(self.job_type(file, written));
        }
        if !topics.is_empty() {
            self.all.push(Consumer {
                site: None,
                topics,
                functions: vec![entry.function],
                is_handed: true,
            });
        }
    }

    /// `*Job[Args]`: the type of the arguments.
    fn job_type(&self, file: FileId, written: TypeRefId) -> Option<String> {
        let ir = self.context.resolver.code.ir(file);
        match ir.type_ref(written) {
            TypeRef::Pointer(inner) => self.job_type(file, *inner),
            TypeRef::Named { args, .. } => {
                let [only] = args.as_slice() else {
                    return None;
                };
                match self.context.resolver.written(file, *only) {
                    Type::Def(id) => Some(Topic::of_type(id)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn index(&mut self) {
        for (index, consumer) in self.all.iter().enumerate() {
            for topic in consumer.topics.iter().filter(|topic| is_readable(topic)) {
                self.by_topic.entry(topic.clone()).or_default().push(index);
                if let Some(pattern) = pattern(topic) {
                    if pattern != *topic {
                        let same = self.by_topic.entry(pattern.clone());
                        same.or_default().push(index);
                    }
                    self.patterns.push((pattern, index));
                }
                for end in SUBSCRIPTION {
                    if let Some(name) = topic.strip_suffix(end) {
                        let named = self.by_subscription.entry(name.to_owned());
                        named.or_default().push(index);
                    }
                }
            }
        }
    }
}

/// Whether a value is what a call gives.
fn is_of(context: &LinkContext<'_>, site: CallSite, expr: ExprId, depth: u32) -> bool {
    let ir = context.resolver.code.ir(site.file);
    match ir.kind(peel(ir, expr)) {
        ExprKind::Call(call) => call == site.call,
        ExprKind::Project(inner, _) | ExprKind::Unary(_, inner) if depth < 4 => {
            is_of(context, site, inner, depth + 1)
        }
        ExprKind::Local(local) if depth < 4 => {
            let known = context.resolver.flows[site.file.0 as usize].definitions(local);
            (known.iter().take(4)).any(|known| is_of(context, site, known.value, depth + 1))
        }
        _ => false,
    }
}

/// The parameter a value is, perhaps inside a decorator.
fn handed_in(ir: &Ir, expr: ExprId, depth: u32) -> Option<u16> {
    match ir.kind(peel(ir, expr)) {
        ExprKind::Local(local) => match ir.local(local).kind {
            LocalKind::Param(n) => Some(n),
            _ => None,
        },
        ExprKind::Cast(_, inner) if depth < 4 => handed_in(ir, inner, depth + 1),
        ExprKind::Call(call) if depth < 4 => {
            let mut args = ir.expr_list(ir.call(call).args).iter();
            args.find_map(|&arg| handed_in(ir, arg, depth + 1))
        }
        _ => None,
    }
}
