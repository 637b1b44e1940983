//! Removals that choose what to remove by the beginning of a name, with nothing that ends the name: `tenant1*` is also `tenant12`.
//!
//! In statements (`LIKE name || '%'`), in patterns of stores (`KEYS user:1*`), in prefixes of object stores. Whether one name
//! can be the beginning of another is a question of how names are made; a name that people choose can.

use betwixt_base::Place;
use betwixt_facts::ir::ExprKind;
use betwixt_facts::sql::{Comparison, Value, Verb};
use betwixt_program::events::{Access, Event};
use betwixt_program::flow::text::{Piece, Text, texts};
use betwixt_program::{ExprRef, FunctionId};

use crate::body::{chain_names, peel};
use crate::detectors::Context;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name};
use crate::path::from_entry;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let accesses = program.events.accesses.iter();
    let mut found: Vec<Observation> = accesses
        .filter(|access| access.statement.verb == Verb::Delete)
        .filter_map(|access| of_statement(context, access))
        .collect();
    let events = program.events.events.iter();
    found.extend(
        events
            .filter(|event| is_listing(event) && removes_after(context, event))
            .filter_map(|event| of_pattern(context, event)),
    );
    found.extend(of_prefixes(context));
    found
}

/// `DELETE FROM records WHERE name LIKE $1 || '%'`.
fn of_statement(context: &Context<'_>, access: &Access) -> Option<Observation> {
    let mut predicates = access.statement.predicates.iter();
    let name = predicates.find_map(|predicate| {
        if predicate.op != Comparison::Like || !predicate.is_conjunct {
            return None;
        }
        open_end(context, access, &predicate.value)
    })?;
    let table = crate::behaviour::main_table(access)?.1;
    Some(observation(
        context,
        access.place,
        access.function,
        name,
        table.as_str(),
    ))
}

/// The value right before the `%` of a pattern.
fn open_end(context: &Context<'_>, access: &Access, value: &Value) -> Option<&'static str> {
    if let Value::Call(operator, parts) = value
        && matches!(operator.as_str(), "||" | "concat" | "CONCAT")
        && let [.., before, Value::Literal(end)] = parts.as_slice()
        && end.as_str().trim_matches('\'') == "%"
    {
        let before = match before {
            Value::Call(..) => open_value(access, before),
            _ => access.expr_of(before),
        };
        return written_before(context, before?, 0);
    }
    let given = access.expr_of(value)?;
    let program = context.program;
    let texts = texts(&program.resolver(), None, given);
    let is_open = texts.iter().any(|text| has_open_wildcard(text, '%'));
    is_open.then(|| written_before(context, given, 0)).flatten()
}

/// The last value of `'a' || $1`.
fn open_value(access: &Access, value: &Value) -> Option<ExprRef> {
    match value {
        Value::Call(_, parts) => parts.last().and_then(|last| open_value(access, last)),
        _ => access.expr_of(value),
    }
}

/// Whether a value stands right before the wildcard that ends the text.
fn has_open_wildcard(text: &Text, wildcard: char) -> bool {
    matches!(text.pieces.as_slice(), [.., Piece::Hole(_), Piece::Literal(next)]
        if next.as_str().trim_end_matches(wildcard).is_empty())
}

/// The name that stands in a text right before its wildcard or its end, as it is written there.
fn written_before(context: &Context<'_>, at: ExprRef, depth: u32) -> Option<&'static str> {
    let ir = context.program.code.ir(at.file);
    let inner = peel(ir, at.expr);
    match ir.kind(inner) {
        ExprKind::Concat(pieces) => {
            let mut pieces = ir.expr_list(pieces).iter().rev();
            let before = pieces.find(|&&piece| !matches!(ir.kind(piece), ExprKind::Str(_)))?;
            chain_names(ir, peel(ir, *before)).last().copied()
        }
        ExprKind::Local(local) if depth < 4 => {
            let flow = &context.program.flows[at.file.0 as usize];
            let [only] = flow.definitions(local) else {
                return Some(ir.local(local).name.as_str());
            };
            let deeper = ExprRef {
                expr: only.value,
                ..at
            };
            match ir.kind(peel(ir, only.value)) {
                ExprKind::Concat(_) => written_before(context, deeper, depth + 1),
                _ => Some(ir.local(local).name.as_str()),
            }
        }
        _ => chain_names(ir, inner).last().copied(),
    }
}

/// Keys of a store by a pattern, or their removal by one.
fn is_listing(event: &Event) -> bool {
    matches!(event.kind, "cache.get" | "cache.delete")
        && event.has("by-tag")
        && !event.has("per-process")
}

/// What is found by the pattern is removed in the same unit.
fn removes_after(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let unit = context.units().of(event.function);
    let mut members = context.units().members(unit).iter();
    event.kind == "cache.delete"
        || members.any(|&member| {
            let mut events = program.events.of_function(member);
            events.any(|other| other.kind == "cache.delete")
        })
}

fn of_pattern(context: &Context<'_>, event: &Event) -> Option<Observation> {
    let program = context.program;
    let name = event.slot("key").iter().find_map(|&key| {
        let texts = texts(&program.resolver(), None, key);
        let is_open = texts.iter().any(|text| has_open_wildcard(text, '*'));
        is_open.then(|| written_before(context, key, 0)).flatten()
    })?;
    let place = context.call_place(event.site);
    Some(observation(context, place, event.function, name, "keys"))
}

/// `deletePrefix(bucket, "exports/" + tenant)`.
fn of_prefixes(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let removes = |name: &str| {
        let words = words(name);
        let is_removal = words
            .first()
            .is_some_and(|word| matches!(word.as_str(), "delete" | "remove" | "purge" | "drop"));
        is_removal
            && words
                .iter()
                .any(|word| matches!(word.as_str(), "prefix" | "prefixed"))
    };
    let mut found = Vec::new();
    for site in context.named_calls().of(removes) {
        let ir = program.code.ir(site.file);
        let call = ir.call(site.call);
        let name = ir.expr_list(call.args).iter().find_map(|&arg| {
            let at = ExprRef {
                file: site.file,
                expr: arg,
            };
            let texts = texts(&program.resolver(), None, at);
            let is_open = texts.iter().any(|text| {
                matches!(
                    text.pieces.as_slice(),
                    [Piece::Literal(_), .., Piece::Hole(_)]
                )
            });
            is_open.then(|| written_before(context, at, 0)).flatten()
        });
        if let Some(name) = name {
            let function = program.code.function_id(site.file, call.function);
            let place = context.call_place(site);
            found.push(observation(context, place, function, name, "objects"));
        }
    }
    found
}

fn observation(
    context: &Context<'_>,
    place: Place,
    function: FunctionId,
    shown: &'static str,
    what: &str,
) -> Observation {
    let program = context.program;
    let words = words(shown);
    let says = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let mut observation = Observation {
        holes: vec![
            ("name", shown.to_owned()),
            ("what", what.to_owned()),
            ("function", function_name(program, function)),
        ],
        missing: vec!["something that ends the name"],
        identity: vec![what.to_owned()],
        ..Observation::new(place, function)
    };
    if says(&[
        "uuid", "hash", "digest", "guid", "ulid", "prefix", "pattern",
    ]) {
        let note = "no such value is the beginning of another, or it ends as it should";
        let seen = crate::observation::step(
            program,
            place,
            Some(function),
            betwixt_findings::Role::Guard,
            note,
        );
        observation.guards.push(("fixed-length", seen));
    }
    if says(&[
        "name", "slug", "key", "email", "domain", "host", "hostname", "label", "username", "path",
        "service", "title", "code", "number", "no",
    ]) {
        observation.facts.insert("chosen-name");
    }
    if program.entries.reached(function).by_request() {
        observation.facts.insert("public");
    }
    if let Some(path) = from_entry(program, function, |_| true) {
        observation.lead_in(context, &path);
    }
    observation
}
