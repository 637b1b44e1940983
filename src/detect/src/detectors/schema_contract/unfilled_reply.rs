//! Replies of which the caller reads a field that the handler never fills.
//!
//! Only handlers whose replies are all made in sight; one that takes its reply from elsewhere is left alone.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprId, ExprKind, LocalId, StmtKind};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::link::{Link, LinkKind, Sureness};

use super::messages::{filled, over_link};
use crate::body::{Body, peel};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};
use crate::tenant::plain;

/// What a handler answers with: the fields it fills on some path, and one place where it answers.
#[derive(Debug)]
struct Answers {
    fields: BTreeSet<String>,
    at: ExprId,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut answers: BTreeMap<FunctionId, Option<Answers>> = BTreeMap::new();
    let mut found = Vec::new();
    for link in program.links().links() {
        let is_asked = link.kind == LinkKind::Rpc && link.sureness >= Sureness::Likely;
        if !is_asked || !program.workspace.file(link.site.file).marks.is_reported() {
            continue;
        }
        let known = answers
            .entry(link.to)
            .or_insert_with(|| answered(&Body::new(context, link.to)));
        if let Some(known) = known {
            found.extend(of_link(context, link, known));
        }
    }
    found
}

/// Everything a handler may answer with; `None` when one of its answers is not made in sight.
fn answered(body: &Body<'_>) -> Option<Answers> {
    let ir = body.ir;
    let mut found: Option<Answers> = None;
    for stmt in body.statements() {
        let StmtKind::Return(values) = ir.stmt(stmt).kind else {
            continue;
        };
        let Some(&first) = ir.expr_list(values).first() else {
            continue;
        };
        if is_refusal(body, first) {
            continue;
        }
        let filled = filled(body, first, first)?;
        let known = found.get_or_insert_with(|| Answers {
            fields: BTreeSet::new(),
            at: filled.literal,
        });
        known.fields.extend(filled.fields);
    }
    // An answer without any field says nothing but `done`.
    found.filter(|found| !found.fields.is_empty())
}

fn is_refusal(body: &Body<'_>, value: ExprId) -> bool {
    match body.ir.kind(value) {
        ExprKind::Nil => true,
        ExprKind::Call(call) => body.call_name(call) == Some("Err"),
        _ => false,
    }
}

fn of_link(context: &Context<'_>, link: &Link, answers: &Answers) -> Option<Observation> {
    let program = context.program;
    let body = Body::new(context, link.from);
    let reply = reply(&body, link)?;
    let (field, at) = reads(&body, reply)
        .into_iter()
        .find(|(field, _)| !answers.fields.contains(&plain(field.as_str())))?;
    if !is_field(context, link, field) {
        return None;
    }
    let handler = Body::new(context, link.to);
    let mut observation = Observation {
        holes: vec![
            ("field", field.to_string()),
            ("method", function_name(program, link.to)),
            ("function", function_name(program, link.from)),
        ],
        missing: vec!["the field in a reply of the handler"],
        identity: vec![field.to_string(), link.name.to_string()],
        ..body.observation(at)
    };
    if decides(field) {
        observation.facts.insert("decides");
    }
    if link.sureness == Sureness::Sure {
        observation.facts.insert("sure-link");
    }
    observation.trace.push(over_link(context, link));
    observation.trace.push(step(
        program,
        handler.place(answers.at),
        Some(link.to),
        Role::Peer,
        format!("answers without `{field}`, here and everywhere else"),
    ));
    Some(observation)
}

/// The variable that holds the reply.
fn reply(body: &Body<'_>, link: &Link) -> Option<LocalId> {
    let ir = body.ir;
    let call = ir.call(link.site.call).expr;
    body.statements().into_iter().find_map(|stmt| {
        let StmtKind::Assign { target, value, .. } = ir.stmt(stmt).kind else {
            return None;
        };
        let is_first = match ir.kind(value) {
            ExprKind::Project(base, n) => n == 0 && peel(ir, base) == call,
            _ => peel(ir, value) == call,
        };
        match ir.kind(target) {
            ExprKind::Local(local) if is_first && body.definitions(local).len() == 1 => Some(local),
            _ => None,
        }
    })
}

/// The fields of the reply that are read, in order of text.
fn reads(body: &Body<'_>, reply: LocalId) -> Vec<(Symbol, ExprId)> {
    let ir = body.ir;
    let is_reply =
        |expr: ExprId| matches!(ir.kind(peel(ir, expr)), ExprKind::Local(local) if local == reply);
    let mut found = Vec::new();
    for stmt in body.statements() {
        body.each_expr(stmt, &mut |expr| match ir.kind(expr) {
            ExprKind::Field(base, name) if is_reply(base) => {
                let getter = name.as_str().strip_prefix("Get");
                let name = getter
                    .filter(|rest| !rest.is_empty())
                    .map_or(name, Symbol::new);
                found.push((name, expr));
            }
            _ => {}
        });
    }
    found
}

/// Whether the message of the reply has such a field: methods of wrappers are none.
fn is_field(context: &Context<'_>, link: &Link, field: Symbol) -> bool {
    let program = context.program;
    let wanted = plain(field.as_str());
    let method = link.name.as_str();
    let last = method.rsplit(['/', '.']).next().unwrap_or(method);
    let methods = program.proto.methods_spelled(Symbol::new(last));
    methods.iter().any(|&at| {
        let response = program.proto.method(at).response;
        let written = response.as_str().rsplit('.').next().unwrap_or_default();
        program
            .proto
            .messages_named(Symbol::new(written))
            .any(|message| {
                let mut fields = message.facts.fields.iter();
                fields.any(|known| plain(known.name.as_str()) == wanted && !known.is_repeated)
            })
    })
}

/// Fields by which the caller decides something.
fn decides(field: Symbol) -> bool {
    let plain = plain(field.as_str());
    [
        "valid", "allow", "enabled", "active", "can", "is", "has", "tenant", "limit", "expires",
    ]
    .iter()
    .any(|word| plain.starts_with(word))
}
