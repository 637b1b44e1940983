//! A route for another company's webhooks that changes things and never asks who sent them.
//!
//! By the route's path. Silent where anything on the way speaks of signatures, sessions or secrets.

use betwixt_facts::ir::ExprKind;
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::entries::Route;

use crate::detectors::Context;
use crate::observation::{Observation, function_name, function_place, step};
use crate::tenant::plain;

/// How many calls deep a check is looked for.
const MAX_DEPTH: u32 = 3;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let hooks: Vec<&Route> = program
        .entries
        .routes
        .iter()
        .filter(|route| is_webhook(route))
        .filter(|route| {
            let file = program.code.file_of(route.function);
            program.workspace.file(file).marks.is_reported()
        })
        .collect();
    let signed: Vec<bool> = hooks
        .iter()
        .map(|route| is_checked(context, route))
        .collect();
    let peer = hooks
        .iter()
        .zip(&signed)
        .find_map(|(route, is_signed)| is_signed.then_some(*route));
    let mut found = Vec::new();
    for (route, is_signed) in hooks.iter().zip(&signed) {
        let effects = context.behaviour().effects(route.function);
        if *is_signed || !effects.is_some_and(|effects| effects.changes_anything()) {
            continue;
        }
        let mut observation = Observation {
            holes: vec![
                ("route", route.title()),
                ("function", function_name(program, route.function)),
            ],
            identity: vec![route.title()],
            missing: vec!["signature-checked"],
            ..Observation::new(function_place(program, route.function), route.function)
        };
        observation.facts.insert("public");
        if effects.is_some_and(|effects| effects.changes_rows()) {
            observation.facts.insert("writes");
        }
        if let Some(peer) = peer {
            observation.facts.insert("siblings-guarded");
            let place = function_place(program, peer.function);
            let note = format!("`{}` asks who sent it", peer.title());
            let seen = step(program, place, Some(peer.function), Role::Peer, note);
            observation.trace.push(seen);
        }
        found.push(observation);
    }
    found
}

/// `POST /webhooks/stripe`, `/api/billing/webhook`; no route by which people manage their own webhooks.
fn is_webhook(route: &Route) -> bool {
    let is_post = route
        .method
        .is_none_or(|method| method.as_str().eq_ignore_ascii_case("post"));
    let title = route.title();
    let path = title.rsplit(' ').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let Some(at) = segments.iter().position(|part| {
        matches!(
            plain(part).as_str(),
            "webhook" | "webhooks" | "hooks" | "webhookhandler"
        )
    }) else {
        return false;
    };
    // `/webhooks` alone is a list of them, `/webhooks/{id}` one of them; a secret in the path is a check of its own.
    let rest = &segments[at + 1..];
    let has_parameter = segments
        .iter()
        .any(|part| part.starts_with([':', '{', '[', '<', '$', '*']));
    let is_list = rest.is_empty() && plain(segments[at]).ends_with('s');
    is_post && !route.is_procedure && !has_parameter && !is_list
}

/// Whether a layer, the handler or what it calls speaks of who the sender is.
fn is_checked(context: &Context<'_>, route: &Route) -> bool {
    route
        .layers
        .iter()
        .any(|layer| says_checked(layer.name.as_str()))
        || speaks_of_it(context, route.function, 0)
}

fn speaks_of_it(context: &Context<'_>, function: FunctionId, depth: u32) -> bool {
    let program = context.program;
    let unit = context.units().of(function);
    let mut callees = Vec::new();
    for &site in context.units().calls(unit) {
        let ir = program.code.ir(site.file);
        let mut found = false;
        betwixt_program::control::each_expr(ir, ir.call(site.call).expr, &mut |expr| {
            found |= match ir.kind(expr) {
                ExprKind::Name(name) | ExprKind::Field(_, name) | ExprKind::Str(name) => {
                    says_checked(name.as_str())
                }
                ExprKind::Local(local) => says_checked(ir.local(local).name.as_str()),
                _ => false,
            };
        });
        if found
            || program
                .events
                .at(site)
                .iter()
                .any(|event| event.kind == "auth.check")
        {
            return true;
        }
        callees.extend(
            program
                .calls
                .callee(site)
                .functions()
                .iter()
                .take(3)
                .copied(),
        );
    }
    depth < MAX_DEPTH
        && callees
            .into_iter()
            .any(|callee| speaks_of_it(context, callee, depth + 1))
}

fn says_checked(name: &str) -> bool {
    if name.len() > 80 {
        return false;
    }
    let plain = plain(name);
    [
        "signature",
        "signed",
        "hmac",
        "verif",
        "constructevent",
        "timingsafe",
        "constanttime",
        "secret",
        "token",
        "auth",
        "session",
        "apikey",
        "basicauth",
        "allowlist",
        "whitelist",
        "ipfilter",
        "protect",
        "jwt",
        "credential",
        "permission",
    ]
    .iter()
    .any(|word| plain.contains(word))
}
