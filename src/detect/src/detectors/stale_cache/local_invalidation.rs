//! Caches of one process that are invalidated there, in a service of which several run: the others keep the old entry.
//!
//! That several run is taken from what the service uses beside: a shared store, a queue, a lock that others see. Entries that
//! end by themselves are left alone, and so is a cache that a message drops, too.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_findings::Role;
use betwixt_program::events::Event;
use betwixt_program::flow::ingredients::Reach;

use crate::detectors::Context;
use crate::detectors::units::{is_tooling, receiver_name, words};
use crate::observation::{Observation, function_name, service, step};
use crate::path::from_entry;

/// A cache: the service it is in, and the name it is called by there.
type Cache = (Option<String>, &'static str);

#[derive(Default)]
struct Uses<'a> {
    fills: Vec<&'a Event>,
    drops: Vec<&'a Event>,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut caches: BTreeMap<Cache, Uses<'_>> = BTreeMap::new();
    let mut shared: BTreeMap<Option<String>, &Event> = BTreeMap::new();
    for event in &program.events.events {
        let file = event.site.file;
        let is_local = event.has("per-process");
        let says_replicas = !is_local
            && !event.has("per-request")
            && (event.kind.starts_with("cache.")
                || matches!(
                    event.kind,
                    "lock.acquire" | "queue.consume" | "queue.publish"
                ));
        if says_replicas && !program.workspace.file(file).marks.test {
            shared.entry(service(program, file)).or_insert(event);
        }
        let is_use = matches!(event.kind, "cache.set" | "cache.load" | "cache.delete");
        if !is_local || !is_use || program.workspace.file(file).marks.test {
            continue;
        }
        let name = receiver_name(program, event.site);
        if name.is_empty() {
            continue;
        }
        let uses = caches.entry((service(program, file), name)).or_default();
        if event.kind == "cache.delete" {
            uses.drops.push(event);
        } else {
            uses.fills.push(event);
        }
    }
    let mut found = Vec::new();
    for ((home, name), uses) in &caches {
        if let Some(sign) = shared.get(home) {
            found.extend(of_cache(context, name, uses, sign));
        }
    }
    found
}

/// A wrapper whose name says that what it keeps is shared; a map in it is its own affair: `const cache = new RedisCache(…)`.
fn leads_to_shared(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        [
            "redis",
            "valkey",
            "memcache",
            "shared",
            "remote",
            "distributed",
        ]
        .iter()
        .any(|word| text.contains(word))
    };
    event.via.iter().chain([&event.site]).any(|site| {
        let ir = program.code.ir(site.file);
        let call = ir.call(site.call);
        let function = program.code.function_id(site.file, call.function);
        let by_receiver = match ir.kind(call.callee) {
            betwixt_facts::ir::ExprKind::Field(receiver, _) => {
                let at = betwixt_program::ExprRef {
                    file: site.file,
                    expr: receiver,
                };
                let made = context.ingredients(at, Reach::LOCAL);
                made.names.iter().any(|name| says(name.as_str()))
            }
            _ => false,
        };
        by_receiver || (site != &event.site && says(program.display(function)))
    })
}

fn of_cache(
    context: &Context<'_>,
    name: &'static str,
    uses: &Uses<'_>,
    sign: &Event,
) -> Option<Observation> {
    let program = context.program;
    let ends = |event: &&Event| {
        event.has("expires")
            || !event.slot("ttl").is_empty()
            || event.inner.iter().any(|(slot, _)| *slot == "ttl")
    };
    if uses.fills.is_empty() || uses.fills.iter().any(ends) || is_own_of_process(name) {
        return None;
    }
    // What a message or a timer drops, every process drops.
    let told = uses.drops.iter().any(|event| {
        let reached = program.entries.reached(event.function);
        reached.by_message() || hears(context, event)
    });
    let drop = uses.drops.iter().find(|event| {
        program.entries.reached(event.function).by_request()
            && program.workspace.file(event.site.file).marks.is_reported()
            && !is_tooling(&program.workspace.file(event.site.file).path)
    })?;
    let kept: Vec<&&Event> = uses
        .fills
        .iter()
        .filter(|fill| is_kept(context, fill))
        .collect();
    let fill = kept.first().filter(|_| !told)?;
    let mut all = uses.fills.iter().chain(&uses.drops);
    if all.any(|event| program.is_forwarded(event) || leads_to_shared(context, event))
        || has_end(context, name, uses)
    {
        return None;
    }
    let mut observation = Observation {
        holes: vec![
            ("cache", name.to_owned()),
            ("function", function_name(program, drop.function)),
        ],
        missing: vec!["an end of the entries, or a message to the other processes"],
        identity: vec![name.to_owned()],
        ..Observation::new(context.call_place(drop.site), drop.function)
    };
    if let Some(path) = from_entry(program, drop.function, |_| true) {
        observation.lead_in(context, &path);
    }
    let place = context.call_place(fill.site);
    let note = "filled in each process, without an end";
    let seen = step(program, place, Some(fill.function), Role::Step, note);
    observation.trace.push(seen);
    let place = context.call_place(sign.site);
    let note = "the service shares state with others: several of it run";
    let seen = step(program, place, Some(sign.function), Role::Peer, note);
    observation.trace.push(seen);
    Some(observation)
}

/// Locks, limiters, connections: what one process holds for itself.
fn is_own_of_process(name: &str) -> bool {
    words(name).iter().any(|word| {
        matches!(
            crate::detectors::units::singular(word),
            "lock"
                | "mutex"
                | "limiter"
                | "inflight"
                | "flight"
                | "pending"
                | "conn"
                | "connection"
                | "client"
                | "session"
                | "subscriber"
                | "waiter"
                | "stream"
                | "socket"
                | "timer"
        )
    }) && !words(name).iter().any(|word| word == "cache")
}

fn says_end(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "ttl",
        "expir",
        "maxage",
        "timetolive",
        "lifetime",
        "stale",
        "fresh",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Whether an argument of a fill, or what the cache is made of, says when entries end.
fn has_end(context: &Context<'_>, name: &str, uses: &Uses<'_>) -> bool {
    let program = context.program;
    let says = |file, expr| {
        let made = context.ingredients(betwixt_program::ExprRef { file, expr }, Reach::LOCAL);
        made.names.iter().any(|name| says_end(name.as_str()))
    };
    let by_fill = uses.fills.iter().any(|fill| {
        let ir = program.code.ir(fill.site.file);
        let args = ir.expr_list(ir.call(fill.site.call).args);
        args.iter().skip(2).any(|&arg| says(fill.site.file, arg))
    });
    by_fill || made_with_end(context, name, &says)
}

/// Whether one of the things of that name is made with an end, also by another name: `{ plans: caches.plansOfTenants }`.
fn made_with_end(
    context: &Context<'_>,
    name: &str,
    says: &dyn Fn(betwixt_base::FileId, betwixt_facts::ir::ExprId) -> bool,
) -> bool {
    let program = context.program;
    let mut names: Vec<&str> = vec![name];
    for _ in 0..3 {
        let mut next: Vec<&str> = Vec::new();
        for (file, facts) in program.code.code_files() {
            let entries = facts.ir.entries.iter();
            let entries = entries.map(|entry| (entry.name, entry.value));
            let globals = facts.globals.iter();
            let globals = globals.filter_map(|global| Some((global.name, global.init?)));
            let stores = program.flows[file.0 as usize].field_stores.iter();
            let stores = stores.map(|store| (store.name, store.value));
            for (known, value) in entries.chain(globals).chain(stores) {
                if !names.contains(&known.as_str()) {
                    continue;
                }
                if says(file, value) {
                    return true;
                }
                let other = crate::body::chain_names(&facts.ir, value).last().copied();
                next.extend(other.filter(|other| !names.contains(other)));
            }
        }
        next.sort_unstable();
        next.dedup();
        names = next;
    }
    false
}

/// A function that is called when somebody else changes something: `onInvalidate`, `subscribe`.
fn hears(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let unit = context.units().of(event.function);
    let mut names: BTreeSet<String> = words(program.code.function(unit).name.as_str())
        .into_iter()
        .collect();
    for &site in context.units().calls(unit) {
        names.extend(words(crate::detectors::units::call_name(program, site)));
    }
    names.iter().any(|word| {
        matches!(
            word.as_str(),
            "on" | "subscribe"
                | "subscription"
                | "listen"
                | "receive"
                | "watch"
                | "broadcast"
                | "publish"
                | "notify"
                | "sweep"
                | "evict"
                | "expire"
                | "cleanup"
                | "interval"
        )
    })
}

/// Rows, rights or settings of a tenant: what must not be old. Connections, limiters and locks are the process's own.
fn is_kept(context: &Context<'_>, fill: &Event) -> bool {
    let unit = context.units().of(fill.function);
    let reads = context.behaviour().effects(unit).is_some_and(|effects| {
        effects
            .tables
            .iter()
            .any(|(_, how)| how.has(crate::behaviour::effects::Use::READ))
    });
    let names = |slot: &str| {
        fill.slot(slot).iter().any(|&value| {
            let made = context.ingredients(value, Reach::LOCAL);
            context.tenants.any(&made.names)
                || made.names.iter().any(|name| {
                    words(name.as_str()).iter().any(|word| {
                        matches!(
                            word.as_str(),
                            "permission" | "permissions" | "role" | "roles" | "member" | "settings"
                        )
                    })
                })
        })
    };
    reads && (names("key") || names("value"))
}
