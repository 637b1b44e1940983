//! Routes for the platform's own people that hang on the router everybody uses: debugging, administration, internals.
//!
//! Known by a word of the path. A route that lacks a layer most of its siblings have is left to another detector; here no
//! layer and no check in the handler asks who it is, while another such route of the service, or another router, is guarded.

use std::collections::BTreeSet;

use betwixt_base::Language;
use betwixt_facts::ir::ExprKind;
use betwixt_findings::Role;
use betwixt_program::CallSite;
use betwixt_program::entries::{Route, Segment};

use super::missing_check::{Seen, checks, is_auth_layer};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, function_place, service, step};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let routes = &program.entries.routes;
    let guarded: BTreeSet<Option<String>> = routes
        .iter()
        .filter(|route| is_guarded(route))
        .map(|route| service(program, program.code.file_of(route.function)))
        .collect();
    let mut seen = Seen::default();
    let mut found = Vec::new();
    for route in routes {
        let file = program.code.file_of(route.function);
        let Some(word) = own_word(route) else {
            continue;
        };
        let is_lone = !program.workspace.file(file).marks.is_reported()
            || route.is_procedure
            || is_guarded(route)
            || !guarded.contains(&service(program, file))
            || program
                .entries
                .lacking(route)
                .iter()
                .any(|lacking| is_auth_layer(lacking.layer.name.as_str()));
        // On a router of its own it may well listen on another port.
        let peers: Vec<&Route> = program
            .entries
            .siblings(route)
            .filter(|sibling| own_word(sibling).is_none())
            .collect();
        if is_lone || peers.is_empty() || says_health(route) {
            continue;
        }
        found.push(observation(context, &mut seen, route, word, peers[0]));
    }
    found.extend(default_mux(context));
    found
}

fn is_guarded(route: &Route) -> bool {
    let mut layers = route.layers.iter();
    layers.any(|layer| is_auth_layer(layer.name.as_str()))
}

/// The word of a path that says that it is not for everybody.
fn own_word(route: &Route) -> Option<&'static str> {
    const WORDS: &[&str] = &[
        "internal",
        "debug",
        "pprof",
        "admin",
        "actuator",
        "ops",
        "private",
        "maintenance",
        "superuser",
        "backoffice",
    ];
    route
        .path
        .segments
        .iter()
        .find_map(|segment| match segment {
            Segment::Literal(text) => {
                let plain = plain(text.as_str());
                WORDS.iter().find(|word| **word == plain).copied()
            }
            _ => None,
        })
}

/// Health, readiness and metrics are asked for by machines of the platform all the time.
fn says_health(route: &Route) -> bool {
    route.path.segments.iter().any(|segment| match segment {
        Segment::Literal(text) => {
            let plain = plain(text.as_str());
            [
                "health", "ready", "live", "ping", "version", "login", "auth", "metrics", "signin",
            ]
            .iter()
            .any(|word| plain.contains(word))
        }
        _ => false,
    })
}

fn observation(
    context: &Context<'_>,
    seen: &mut Seen,
    route: &Route,
    word: &'static str,
    peer: &Route,
) -> Observation {
    let program = context.program;
    let title = route.title();
    let mut observation = Observation {
        conditions: vec![("by", "path")],
        holes: vec![
            ("route", title.clone()),
            ("function", function_name(program, route.function)),
        ],
        missing: vec!["a layer or a check that asks who it is"],
        identity: vec![title],
        ..Observation::new(function_place(program, route.function), route.function)
    };
    if let Some(site) = checks(context, seen, route.function, 0) {
        let at = context.call_place(site);
        let caller = program.function_at(at.file, at.span);
        let note = "checked here";
        observation.guards.push((
            "checks-itself",
            step(program, at, caller, Role::Guard, note),
        ));
    }
    if matches!(word, "debug" | "pprof" | "actuator") {
        observation.facts.insert("shows-insides");
    }
    let place = function_place(program, peer.function);
    let note = format!("`{}` hangs on the same router", peer.title());
    observation
        .trace
        .push(step(program, place, Some(peer.function), Role::Peer, note));
    observation
}

/// `import _ "net/http/pprof"` in a program that serves the default mux: `http.ListenAndServe(":8080", nil)`.
fn default_mux(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut profiled: BTreeSet<Option<String>> = BTreeSet::new();
    for (file, facts) in program.code.code_files() {
        let imports = facts.language == Language::Go
            && facts
                .imports
                .iter()
                .any(|import| import.path == "net/http/pprof");
        if imports {
            profiled.insert(service(program, file));
        }
    }
    if profiled.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for site in context.named_calls().of(|name| name == "ListenAndServe") {
        let ir = program.code.ir(site.file);
        let call = ir.call(site.call);
        let [address, handler] = ir.expr_list(call.args) else {
            continue;
        };
        let is_local = matches!(ir.kind(*address), ExprKind::Str(text)
            if text.as_str().starts_with("localhost") || text.as_str().starts_with("127."));
        let is_default = matches!(ir.kind(*handler), ExprKind::Nil);
        // On a port of its own, started beside the server, it is for the platform's people.
        let around = program
            .code
            .function(program.code.function_id(site.file, call.function));
        let name = plain(around.name.as_str());
        let is_beside = around.flags.is_closure
            || ["pprof", "debug", "profil", "metric"]
                .iter()
                .any(|word| name.contains(word));
        if !is_default
            || is_local
            || is_beside
            || !serves_more(context, site)
            || call.mode == betwixt_facts::ir::CallMode::Spawned
            || !profiled.contains(&service(program, site.file))
        {
            continue;
        }
        let function = program.code.function_id(site.file, call.function);
        let mut observation = Observation {
            conditions: vec![("by", "default-mux")],
            holes: vec![
                ("route", "/debug/pprof/".to_owned()),
                ("function", function_name(program, function)),
            ],
            missing: vec!["a mux of its own"],
            identity: vec!["default-mux".to_owned()],
            ..Observation::new(context.call_place(site), function)
        };
        observation.facts.insert("shows-insides");
        found.push(observation);
    }
    found
}

/// Whether other routes of the service hang on the default mux, too: `http.HandleFunc("/orders", …)`.
fn serves_more(context: &Context<'_>, site: CallSite) -> bool {
    let program = context.program;
    let home = service(program, site.file);
    let registered = context
        .named_calls()
        .of(|name| matches!(name, "HandleFunc" | "Handle"));
    registered.into_iter().any(|other| {
        let ir = program.code.ir(other.file);
        service(program, other.file) == home
            && matches!(ir.kind(ir.call(other.call).callee), ExprKind::Field(base, _)
                if matches!(ir.kind(base), ExprKind::Name(name) if name == "http"))
    })
}
