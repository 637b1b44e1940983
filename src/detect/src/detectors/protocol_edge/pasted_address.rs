//! Addresses made by pasting a host and a port together: `host + ":" + port`. An IPv6 host needs brackets.
//!
//! Only where the text is dialled or listened on right there; what becomes of an address elsewhere is not followed.

use betwixt_base::Language;
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir};
use betwixt_program::CallSite;

use crate::body::{Body, chain_names, peel};
use crate::detectors::Context;
use crate::detectors::units::{call_name, words};
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let dials = context.named_calls().of(|name| {
        matches!(
            name,
            "Dial"
                | "DialTimeout"
                | "DialContext"
                | "DialTLS"
                | "Listen"
                | "ListenPacket"
                | "ListenAndServe"
                | "ListenAndServeTLS"
                | "ResolveTCPAddr"
                | "ResolveUDPAddr"
                | "ParseAddrPort"
                | "connect"
                | "bind"
        )
    });
    let mut found = Vec::new();
    for site in dials {
        let facts = program.code.facts(site.file);
        if !matches!(facts.language, Language::Go | Language::Rust) {
            continue;
        }
        let ir = &facts.ir;
        let id = program
            .code
            .function_id(site.file, ir.call(site.call).function);
        let body = Body::new(context, id);
        let args = ir.expr_list(ir.call(site.call).args).iter();
        if let Some((at, host)) = args.filter_map(|&arg| pasted(&body, arg)).next() {
            found.push(observation(context, &body, site, at, host));
        }
    }
    found
}

/// The text made of a host, a colon and a port, and its host; also through a variable of the function.
fn pasted(body: &Body<'_>, arg: ExprId) -> Option<(ExprId, ExprId)> {
    let ir = body.ir;
    let at = peel(ir, arg);
    let at = match ir.kind(at) {
        ExprKind::Local(local) => match body.definitions(local) {
            [only] => peel(ir, only.value),
            _ => return None,
        },
        _ => at,
    };
    let ExprKind::Concat(parts) = ir.kind(at) else {
        return None;
    };
    let [host, colon, port] = ir.expr_list(parts) else {
        return None;
    };
    let is_colon = matches!(ir.kind(*colon), ExprKind::Str(text) if text == ":");
    let is_literal = |expr: ExprId| {
        matches!(
            ir.kind(peel(ir, expr)),
            ExprKind::Str(_) | ExprKind::Number(_)
        )
    };
    (is_colon && !is_literal(*host) && says_port(ir, *port)).then_some((at, *host))
}

fn says_port(ir: &Ir, expr: ExprId) -> bool {
    last_word(ir, expr).is_some_and(|words| words.iter().any(|word| word == "port"))
        || matches!(ir.kind(expr), ExprKind::Number(_) | ExprKind::Str(_))
}

fn last_word(ir: &Ir, expr: ExprId) -> Option<Vec<String>> {
    chain_names(ir, peel(ir, expr))
        .last()
        .map(|name| words(name))
}

fn observation(
    context: &Context<'_>,
    body: &Body<'_>,
    site: CallSite,
    at: ExprId,
    host: ExprId,
) -> Observation {
    let mut observation = Observation {
        holes: vec![
            ("host", body.text(host)),
            ("call", call_name(context.program, site).to_owned()),
            ("function", function_name(context.program, body.id)),
        ],
        missing: vec!["brackets around an IPv6 host"],
        identity: vec![body.shape(host)],
        ..body.observation(at)
    };
    let is_listened = is_listener(call_name(context.program, site));
    observation
        .conditions
        .push(("side", if is_listened { "listen" } else { "dial" }));
    let says_address = last_word(body.ir, host).is_some_and(|words| {
        words
            .iter()
            .any(|word| matches!(word.as_str(), "ip" | "ips" | "ipv6" | "addr" | "address"))
    });
    if says_address {
        observation.facts.insert("host-is-address");
    }
    if joins(body.ir) {
        observation.facts.insert("siblings-bracket");
    }
    observation
}

fn is_listener(name: &str) -> bool {
    name.starts_with("Listen") || name == "bind"
}

/// Whether the same file makes addresses the right way elsewhere.
fn joins(ir: &Ir) -> bool {
    (0..ir.calls.len() as u32).any(|call| {
        matches!(
            crate::body::call_name(ir, CallId(call)),
            Some("JoinHostPort" | "AddrPortFrom")
        )
    })
}
