//! In-process caches by shape: a type around a map that is called a cache or knows when entries expire.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallForm, CallId, ExprKind, TypeRef, TypeRefId};
use betwixt_facts::{Field, TypeKind};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Event;
use crate::calls::{CallGraph, Callee};
use crate::flow::ingredients::is_context_name;
use crate::ids::{CallSite, ExprRef, FunctionId, TypeId};
use crate::resolve::Resolver;
use crate::types::Type;

/// What a method of a cache does, and which parameters are key, value and loader.
#[derive(Debug, Clone, Copy)]
struct Operation {
    kind: &'static str,
    key: usize,
    value: Option<usize>,
    loader: Option<usize>,
}

/// Adds an event at every call of a method of such a type; the result is those methods.
pub(super) fn caches(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    events: &mut Vec<Event>,
) -> FxHashSet<FunctionId> {
    let operations = operations(resolver);
    let mut methods: Vec<FunctionId> = operations.keys().copied().collect();
    methods.sort_unstable();
    for &method in &methods {
        let operation = operations[&method];
        for &site in graph.callers(method) {
            let ir = resolver.code.ir(site.file);
            let call = ir.call(site.call);
            let args = ir.expr_list(call.args);
            let at = |index: usize| {
                args.get(index).map(|&expr| {
                    vec![ExprRef {
                        file: site.file,
                        expr,
                    }]
                })
            };
            let caller = resolver.code.function_id(site.file, call.function);
            let Some(key) = at(operation.key).filter(|_| !operations.contains_key(&caller)) else {
                continue;
            };
            let mut slots = vec![("key", key)];
            slots.extend(operation.value.and_then(at).map(|value| ("value", value)));
            slots.extend(
                operation
                    .loader
                    .and_then(at)
                    .map(|loader| ("loader", loader)),
            );
            events.push(Event {
                kind: operation.kind,
                site,
                function: resolver.code.function_id(site.file, call.function),
                slots,
                traits: vec!["per-process"],
                library: Symbol::new("in-process cache"),
                via: Vec::new(),
                inner: Vec::new(),
            });
        }
    }
    by_type_name(resolver, graph, events);
    methods.into_iter().collect()
}

fn operations(resolver: &Resolver<'_>) -> FxHashMap<FunctionId, Operation> {
    let code = resolver.code;
    let caches: Vec<Option<CacheShape>> = (0..code.n_types() as u32)
        .map(|id| cache_shape(resolver, TypeId(id)))
        .collect();
    let mut found = FxHashMap::default();
    for function in code.function_ids() {
        let Some(owner) = resolver.methods.owner(function) else {
            continue;
        };
        let is_operation = match caches[owner.index()] {
            Some(CacheShape::Map) => true,
            Some(CacheShape::Wrapper) => is_plain_operation(code.function(function).name.as_str()),
            None => false,
        };
        if is_operation && let Some(operation) = operation(resolver, function) {
            found.insert(function, operation);
        }
    }
    found
}

/// What makes a type a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CacheShape {
    /// It holds the entries.
    Map,
    /// It is called a cache and holds one other: only its plain methods take the key itself.
    Wrapper,
}

/// Methods whose first argument is the key and nothing but the key.
fn is_plain_operation(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "get"
            | "set"
            | "put"
            | "delete"
            | "del"
            | "remove"
            | "evict"
            | "invalidate"
            | "peek"
            | "add"
    )
}

/// Calls of `get`, `set`, `delete` on a value whose type is called a cache but is no one struct: an enum of backends, a
/// trait, an interface whose implementation is not known.
fn by_type_name(resolver: &Resolver<'_>, graph: &CallGraph, events: &mut Vec<Event>) {
    let known: FxHashSet<CallSite> = events
        .iter()
        .filter(|event| event.kind.starts_with("cache."))
        .map(|event| event.site)
        .collect();
    for (file, facts) in resolver.code.code_files() {
        for (index, call) in facts.ir.calls.iter().enumerate() {
            let ExprKind::Field(base, name) = facts.ir.kind(call.callee) else {
                continue;
            };
            let Some(kind) = plain_kind(name.as_str()) else {
                continue;
            };
            let site = CallSite {
                file,
                call: CallId(index as u32),
            };
            let args = facts.ir.expr_list(call.args);
            if *graph.callee(site) != Callee::Unknown
                || args.is_empty()
                || known.contains(&site)
                || !is_called_cache(resolver, ExprRef { file, expr: base })
            {
                continue;
            }
            let slot = |at: usize| args.get(at).map(|&expr| vec![ExprRef { file, expr }]);
            let mut slots: Vec<(&'static str, Vec<ExprRef>)> = Vec::new();
            slots.extend(slot(0).map(|key| ("key", key)));
            if kind == "cache.set" {
                slots.extend(slot(1).map(|value| ("value", value)));
                slots.extend(slot(2).map(|ttl| ("ttl", ttl)));
            }
            events.push(Event {
                kind,
                site,
                function: resolver.code.function_id(file, call.function),
                slots,
                traits: Vec::new(),
                library: Symbol::new("cache of the project"),
                via: Vec::new(),
                inner: Vec::new(),
            });
        }
    }
}

fn plain_kind(name: &str) -> Option<&'static str> {
    match name {
        "get" => Some("cache.get"),
        "set" | "put" | "insert" => Some("cache.set"),
        "delete" | "del" | "remove" | "evict" | "invalidate" => Some("cache.delete"),
        _ => None,
    }
}

fn is_called_cache(resolver: &Resolver<'_>, at: ExprRef) -> bool {
    let Type::Def(id) = resolver.type_of(at) else {
        return false;
    };
    let def = resolver.code.type_def(id);
    matches!(def.kind, TypeKind::Enum | TypeKind::Interface)
        && def.name.as_str().to_ascii_lowercase().ends_with("cache")
}

fn cache_shape(resolver: &Resolver<'_>, id: TypeId) -> Option<CacheShape> {
    if is_cache(resolver, id) {
        return Some(CacheShape::Map);
    }
    wraps_cache(resolver, id).then_some(CacheShape::Wrapper)
}

/// `type Cache struct { inner *TTLCache[string, any]; expiration time.Duration }`.
fn wraps_cache(resolver: &Resolver<'_>, id: TypeId) -> bool {
    let def = resolver.code.type_def(id);
    let (file, _) = resolver.code.type_place(id);
    let is_struct = matches!(def.kind, TypeKind::Struct | TypeKind::Class);
    let is_named = def.name.as_str().to_ascii_lowercase().ends_with("cache");
    let held = def
        .fields
        .iter()
        .filter(|field| is_cache_type(resolver, file, field.type_ref, 0));
    is_struct && is_named && def.fields.len() <= 4 && held.count() == 1
}

fn is_cache_type(resolver: &Resolver<'_>, file: FileId, written: TypeRefId, depth: u32) -> bool {
    if depth > 5 {
        return false;
    }
    match resolver.code.ir(file).type_ref(written) {
        TypeRef::Pointer(inner) => is_cache_type(resolver, file, *inner, depth + 1),
        TypeRef::Named { name, args, .. } => {
            let name = name.as_str().to_ascii_lowercase();
            name.contains("cache")
                || name.contains("lru")
                || args
                    .iter()
                    .any(|&arg| is_cache_type(resolver, file, arg, depth + 1))
        }
        _ => false,
    }
}

fn is_cache(resolver: &Resolver<'_>, id: TypeId) -> bool {
    let def = resolver.code.type_def(id);
    if !matches!(def.kind, TypeKind::Struct | TypeKind::Class) {
        return false;
    }
    let (file, _) = resolver.code.type_place(id);
    let has_map = def.fields.iter().any(|field| is_map(resolver, file, field));
    let name = def.name.as_str().to_ascii_lowercase();
    let is_named = ["cache", "memo", "lru"]
        .iter()
        .any(|word| name.contains(word));
    let expires = def.fields.iter().any(|field| {
        let name = field.name.as_str().to_ascii_lowercase();
        ["ttl", "expir", "maxage"]
            .iter()
            .any(|word| name.contains(word))
    });
    has_map && (is_named || expires)
}

fn is_map(resolver: &Resolver<'_>, file: FileId, field: &Field) -> bool {
    let ir = resolver.code.ir(file);
    let by_init = field.init.is_some_and(|init| match ir.kind(init) {
        ExprKind::Call(call) => {
            let call = ir.call(call);
            call.form == CallForm::New
                && matches!(ir.kind(call.callee), ExprKind::Name(name) if name == "Map")
        }
        _ => false,
    });
    by_init || is_map_type(resolver, file, field.type_ref, 0)
}

fn is_map_type(resolver: &Resolver<'_>, file: FileId, written: TypeRefId, depth: u32) -> bool {
    if depth > 5 {
        return false;
    }
    match resolver.code.ir(file).type_ref(written) {
        TypeRef::Map(..) => true,
        TypeRef::Pointer(inner) => is_map_type(resolver, file, *inner, depth + 1),
        TypeRef::Named { name, args, .. } => {
            matches!(
                name.as_str(),
                "Map" | "HashMap" | "BTreeMap" | "IndexMap" | "DashMap" | "Record"
            ) || args
                .iter()
                .any(|&arg| is_map_type(resolver, file, arg, depth + 1))
        }
        _ => false,
    }
}

fn operation(resolver: &Resolver<'_>, function: FunctionId) -> Option<Operation> {
    let facts = resolver.code.function(function);
    let file = resolver.code.file_of(function);
    let ir = resolver.code.ir(file);
    let name = facts.name.as_str().to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    let params: Vec<usize> = facts
        .params
        .iter()
        .enumerate()
        .filter(|&(_, &local)| {
            let local = ir.local(local);
            !is_context_name(local.name.as_str()) && !is_context_type(ir.type_ref(local.type_ref))
        })
        .map(|(index, _)| index)
        .collect();
    let &key = params.first()?;
    let is_function = |index: usize| {
        matches!(
            ir.type_ref(ir.local(facts.params[index]).type_ref),
            TypeRef::Function { .. }
        )
    };
    let loader =
        params.iter().copied().skip(1).find(|&index| {
            is_function(index) || loads(ir.local(facts.params[index]).name.as_str())
        });
    let value = params.get(1).copied().filter(|_| loader.is_none());
    let kind = if loader.is_some()
        && starts(&[
            "get", "load", "fetch", "resolve", "remember", "wrap", "compute", "do", "swr", "stale",
            "through", "cached",
        ]) {
        "cache.load"
    } else if starts(&["get", "peek", "lookup", "load", "fetch", "find"]) {
        "cache.get"
    } else if starts(&["set", "put", "store", "add", "insert", "save"]) && value.is_some() {
        "cache.set"
    } else if starts(&[
        "delete",
        "remove",
        "invalidate",
        "evict",
        "del",
        "clear",
        "forget",
        "purge",
    ]) {
        "cache.delete"
    } else {
        return None;
    };
    Some(Operation {
        kind,
        key,
        value: if kind == "cache.set" { value } else { None },
        loader,
    })
}

/// `_ context.Context`.
fn is_context_type(written: &TypeRef) -> bool {
    matches!(written, TypeRef::Named { name, .. } if name.as_str().rsplit('.').next() == Some("Context"))
}

fn loads(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["loader", "load", "fetch", "compute", "factory", "producer"]
        .iter()
        .any(|word| name.starts_with(word) || name.ends_with(word))
}
