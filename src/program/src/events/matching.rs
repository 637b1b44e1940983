//! Library calls to events, by models.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::FileFacts;
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir};
use betwixt_rules::model::{EVENTS, EventModel, Model, TRAITS};

use super::Event;
use super::chain::{Chains, peel};
use super::select::select;
use crate::calls::{CallGraph, Callee};
use crate::flow::text::text;
use crate::ids::CallSite;
use crate::resolve::Resolver;

/// Models whose library a file imports, by index; sorted.
pub(crate) fn imported_models(resolver: &Resolver<'_>, file: FileId) -> Vec<usize> {
    let facts = resolver.code.facts(file);
    let mut found: Vec<usize> = Vec::new();
    for import in &facts.imports {
        let path = if facts.language == betwixt_base::Language::Rust {
            let first = import.path.as_str().split("::").next().unwrap_or_default();
            if first.is_empty() {
                import.imported.unwrap_or(import.local)
            } else {
                Symbol::new(first)
            }
        } else {
            import.path
        };
        found.extend_from_slice(&resolver.models.models_of(facts.language, path));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Adds the events a call means.
pub(crate) fn events_at(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    chains: &Chains,
    imported: &[usize],
    site: CallSite,
    events: &mut Vec<Event>,
) {
    let facts = resolver.code.facts(site.file);
    let ir = &facts.ir;
    let call = ir.call(site.call);
    let Some(last) = last_name(ir, call.callee) else {
        return;
    };
    let mut candidates = resolver
        .models
        .events_named(facts.language, last)
        .peekable();
    if candidates.peek().is_none() {
        return;
    }
    let callee = graph.callee(site);
    let dotted = dotted_name(ir, call.callee);
    let mut kinds: Vec<&str> = Vec::new();
    for (index, model, event) in candidates {
        if kinds.contains(&event.event.as_str()) || !event.takes_args(call.args.len as usize) {
            continue;
        }
        if !is_in_packages(facts, callee, event) || !goes_on(ir, chains, site.call, &event.then) {
            continue;
        }
        let target = Target {
            callee,
            dotted: &dotted,
            path_owner: path_owner(ir, call.callee),
            is_imported: imported.binary_search(&index).is_ok(),
        };
        if !matches_call(
            resolver,
            model,
            &event.types,
            event.known_receiver,
            &event.calls,
            &target,
        ) {
            continue;
        }
        if !starts_right(resolver, graph, chains, site, event) {
            continue;
        }
        if let Some(found) = build(resolver, chains, site, model, event) {
            kinds.push(found.kind);
            events.push(found);
        }
    }
}

/// Whether the callee, or where it is not known the file's imports, are of the packages an event is limited to.
fn is_in_packages(facts: &FileFacts, callee: &Callee, event: &EventModel) -> bool {
    match callee {
        _ if event.packages.is_empty() => true,
        Callee::External { package, .. } if !package.is_empty() => event.is_of(package.as_str()),
        _ => facts
            .imports
            .iter()
            .any(|import| event.is_of(import.path.as_str())),
    }
}

/// Whether the method chain goes on with one of these calls, or none is asked for.
fn goes_on(ir: &Ir, chains: &Chains, call: CallId, wanted: &[String]) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let mut current = chains.next(call);
    while let Some(next) = current {
        if last_name(ir, ir.call(next).callee)
            .is_some_and(|name| wanted.iter().any(|known| *known == name))
        {
            return true;
        }
        current = chains.next(next);
    }
    false
}

/// The type in a path: `Uuid` of `Uuid::new_v4`.
pub(crate) fn path_owner(ir: &Ir, callee: ExprId) -> Option<&'static str> {
    let ExprKind::Name(name) = ir.kind(peel(ir, callee)) else {
        return None;
    };
    let (owner, _) = name.as_str().rsplit_once("::")?;
    let owner = owner.rsplit("::").next().unwrap_or(owner);
    owner.starts_with(char::is_uppercase).then_some(owner)
}

/// What a call is known to call.
pub(crate) struct Target<'a> {
    /// Resolved callee.
    pub(crate) callee: &'a Callee,
    /// The callee as written, last names only: `stripe.paymentIntents.create`.
    pub(crate) dotted: &'a str,
    /// The type whose function it is written as; an unknown one is no receiver.
    pub(crate) path_owner: Option<&'static str>,
    /// The file imports the model's library.
    pub(crate) is_imported: bool,
}

/// Whether a call is one of those a model lists.
pub(crate) fn matches_call(
    resolver: &Resolver<'_>,
    model: &Model,
    types: &[String],
    known_receiver: bool,
    calls: &[String],
    target: &Target<'_>,
) -> bool {
    match target.callee {
        Callee::External { package, name } if !package.is_empty() => {
            if !resolver.models.is_package(model, *package) {
                return any_receiver(types, known_receiver)
                    && calls.iter().any(|call| ends_with(target.dotted, call));
            }
            let name = exported_name(model, package.as_str(), name.as_str());
            calls.iter().any(|call| {
                let Some(owner) = owner_of(&name, call) else {
                    return false;
                };
                if types.is_empty() {
                    return owner.is_empty()
                        || owner
                            == model
                                .default_export_of(package.as_str())
                                .unwrap_or("default");
                }
                let owner = owner.rsplit(['.', ':']).next().unwrap_or(owner);
                types.iter().any(|known| known == "*" || known == owner)
                    || (owner.is_empty() && !known_receiver && name.contains('.'))
            })
        }
        Callee::External { name, .. } => {
            (model.builtin
                && calls
                    .iter()
                    .any(|call| name.as_str() == call || ends_with(target.dotted, call)))
                || (any_receiver(types, known_receiver)
                    && calls.iter().any(|call| ends_with(target.dotted, call)))
        }
        Callee::Unknown => {
            let has_receiver = target.dotted.contains('.');
            let is_of_type = target
                .path_owner
                .is_none_or(|owner| types.iter().any(|known| known == owner));
            let by_method = has_receiver && !types.is_empty() && !known_receiver && is_of_type;
            by_method
                && sounds_right(target.dotted)
                && (target.is_imported || model.builtin || types.iter().any(|known| known == "*"))
                && calls.iter().any(|call| ends_with(target.dotted, call))
        }
        Callee::One(_) | Callee::Many(_) | Callee::Constructs(_) => false,
    }
}

/// Method names that everything has say nothing about an unknown receiver, unless its own name does.
fn sounds_right(dotted: &str) -> bool {
    const COMMON: &[&str] = &[
        "get", "set", "insert", "remove", "delete", "del", "add", "send", "push", "pop", "load",
        "store", "take", "close", "next", "commit", "update", "put", "exists", "keys", "len",
        "clear", "entry", "contains", "Get", "Set", "Del", "Add", "Put", "Send", "Delete", "Close",
        "Load", "Store", "Remove", "has", "emit", "on", "write", "run", "start",
    ];
    const CLIENTS: &[&str] = &[
        "redis",
        "cache",
        "conn",
        "client",
        "rdb",
        "kv",
        "pool",
        "lru",
        "memo",
        "queue",
        "producer",
        "publisher",
        "bus",
        "broker",
        "kafka",
        "nats",
        "pubsub",
        "channel",
        "storage",
        "bucket",
        "s3",
        "db",
        "tx",
        "store",
    ];
    let mut parts = dotted.rsplit('.');
    let last = parts.next().unwrap_or_default();
    if !COMMON.contains(&last) {
        return true;
    }
    let receiver = parts.next().unwrap_or_default().to_ascii_lowercase();
    CLIENTS.iter().any(|word| receiver.contains(word))
}

fn any_receiver(types: &[String], known_receiver: bool) -> bool {
    !known_receiver && types.iter().any(|known| known == "*")
}

/// The name in the library of what code imports as `name`: default exports get the model's name for them.
pub(crate) fn exported_name(model: &Model, package: &str, name: &str) -> String {
    let name = name.replace("::", ".");
    match (
        model.default_export_of(package),
        name.strip_prefix("default"),
    ) {
        (Some(export), Some(rest)) if rest.is_empty() || rest.starts_with('.') => {
            format!("{export}{rest}")
        }
        (None, Some(rest)) if rest.starts_with('.') => rest[1..].to_owned(),
        _ => name,
    }
}

/// What stands before `call` in a dotted name that ends with it.
fn owner_of<'n>(name: &'n str, call: &str) -> Option<&'n str> {
    let call = call.trim_end_matches("()");
    let rest = name.strip_suffix(call)?;
    if rest.is_empty() {
        return Some("");
    }
    rest.strip_suffix('.')
}

fn ends_with(dotted: &str, call: &str) -> bool {
    owner_of(dotted, call).is_some_and(|_| !call.ends_with("()"))
}

/// The last name of a callee.
pub(crate) fn last_name(ir: &Ir, callee: ExprId) -> Option<Symbol> {
    match ir.kind(peel(ir, callee)) {
        ExprKind::Field(_, name) => Some(name),
        // Looking for one byte is much quicker than for two, and most names have no path.
        ExprKind::Name(name) if !name.as_str().as_bytes().contains(&b':') => Some(name),
        ExprKind::Name(name) => match name.as_str().rsplit_once("::") {
            Some((_, last)) => Some(Symbol::new(last)),
            None => Some(name),
        },
        _ => None,
    }
}

/// The callee as written with dots, calls on the way left out.
pub(crate) fn dotted_name(ir: &Ir, callee: ExprId) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut current = peel(ir, callee);
    for _ in 0..8 {
        match ir.kind(current) {
            ExprKind::Field(base, name) => {
                parts.push(name.as_str());
                current = peel(ir, base);
            }
            ExprKind::Name(name) => {
                parts.push(name.as_str());
                break;
            }
            ExprKind::Local(local) => {
                parts.push(ir.local(local).name.as_str());
                break;
            }
            ExprKind::This => {
                parts.push("this");
                break;
            }
            _ => {
                parts.push("");
                break;
            }
        }
    }
    parts.reverse();
    parts.join(".").replace("::", ".")
}

fn starts_right(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    chains: &Chains,
    site: CallSite,
    event: &EventModel,
) -> bool {
    event.starts_with.iter().all(|(slot, beginnings)| {
        let selector = event.slots.get(slot).map_or(slot.as_str(), String::as_str);
        begins(resolver, graph, chains, site, selector, beginnings)
    })
}

/// Whether a value of a call is text that begins with one of these.
pub(crate) fn begins(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    chains: &Chains,
    site: CallSite,
    selector: &str,
    beginnings: &[String],
) -> bool {
    let Some(&value) = select(resolver, chains, site, selector).first() else {
        return false;
    };
    let known = text(resolver, Some(graph), value)
        .prefix()
        .trim_start()
        .to_uppercase();
    beginnings
        .iter()
        .any(|beginning| known.starts_with(&beginning.to_uppercase()))
}

fn build(
    resolver: &Resolver<'_>,
    chains: &Chains,
    site: CallSite,
    model: &Model,
    event: &EventModel,
) -> Option<Event> {
    let (kind, slot_names) = EVENTS.iter().find(|(name, _)| *name == event.event)?;
    let call = resolver.code.ir(site.file).call(site.call);
    let mut slots = Vec::new();
    for (slot, selector) in &event.slots {
        let name = slot_names.iter().find(|known| *known == slot)?;
        let values = select(resolver, chains, site, selector);
        if !values.is_empty() {
            slots.push((*name, values));
        }
    }
    let mut traits: Vec<&'static str> = Vec::new();
    for name in model.traits.iter().chain(&event.traits) {
        traits.extend(
            TRAITS
                .iter()
                .find(|(known, _)| known == name)
                .map(|(known, _)| *known),
        );
    }
    for (name, words) in &event.traits_if {
        if has_word(resolver, chains, site, words) {
            traits.extend(
                TRAITS
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(known, _)| *known),
            );
        }
    }
    Some(Event {
        kind,
        site,
        function: resolver.code.function_id(site.file, call.function),
        slots,
        traits,
        library: Symbol::new(&model.library),
        via: Vec::new(),
        inner: Vec::new(),
    })
}

/// Whether one of the words stands among the arguments of the call or of one later in its chain, or is called there.
fn has_word(resolver: &Resolver<'_>, chains: &Chains, site: CallSite, words: &[String]) -> bool {
    let ir = resolver.code.ir(site.file);
    let is_word = |text: &str| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    let mut pending: Vec<(ExprId, u32)> = Vec::new();
    let mut current = Some(site.call);
    while let Some(call) = current {
        let is_later = call != site.call;
        if is_later
            && last_name(ir, ir.call(call).callee).is_some_and(|name| is_word(name.as_str()))
        {
            return true;
        }
        pending.extend(ir.expr_list(ir.call(call).args).iter().map(|&arg| (arg, 0)));
        current = chains.next(call);
    }
    while let Some((expr, depth)) = pending.pop() {
        match ir.kind(expr) {
            ExprKind::Str(text) | ExprKind::Field(_, text) if is_word(text.as_str()) => {
                return true;
            }
            ExprKind::Name(name)
                if is_word(name.as_str().rsplit("::").next().unwrap_or_default()) =>
            {
                return true;
            }
            ExprKind::Struct(_, entries) if depth < 2 => {
                for entry in ir.entry_list(entries) {
                    if is_word(entry.name.as_str())
                        && !matches!(ir.kind(entry.value), ExprKind::Bool(false))
                    {
                        return true;
                    }
                    pending.push((entry.value, depth + 1));
                }
            }
            ExprKind::List(items) if depth < 2 => {
                pending.extend(ir.expr_list(items).iter().map(|&item| (item, depth + 1)));
            }
            ExprKind::Unary(_, inner) => pending.push((inner, depth)),
            ExprKind::Call(call) if depth < 2 => {
                let call = ir.call(call);
                pending.push((call.callee, depth + 1));
                pending.extend(ir.expr_list(call.args).iter().map(|&arg| (arg, depth + 1)));
            }
            _ => {}
        }
    }
    false
}
