//! Statements the database refuses: what the checker of statements says of each, and the values the call passes.
//!
//! Each text is checked once for each place it stands at. Says nothing of values behind a spread or bound elsewhere.

use betwixt_base::Place;
use betwixt_facts::ir::{CallForm, ExprId, ExprKind, Ir, UnaryOp};
use betwixt_facts::sql::{Complaint, ComplaintKind, Verb};
use betwixt_findings::Role;
use betwixt_program::contract::{complaints, is_of_its_time};
use betwixt_program::events::{Access, AccessKind, Event};
use betwixt_program::schema::TableId;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::super::Context;
use crate::guards::names::is_money;
use crate::observation::{Observation, step};
use crate::path::from_entry;

/// What the database would refuse, in the order of the accesses.
pub(crate) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let accesses = &context.program.events.accesses;
    let mut seen = FxHashSet::default();
    let texts: Vec<&Access> = accesses
        .iter()
        .filter(|access| is_whole(access) && !is_of_its_time(context.program, access))
        .filter(|access| match &access.text {
            Some(text) => seen.insert((access.place, text.as_ref())),
            None => false,
        })
        .collect();
    let found: Vec<Vec<Observation>> = texts
        .par_iter()
        .map(|access| {
            let complaints = complaints(context.program, access);
            let mut found: Vec<Observation> = complaints
                .iter()
                .map(|complaint| observation(context, access, complaint))
                .collect();
            found.extend(miscounted(context, access));
            found
        })
        .collect();
    found.into_iter().flatten().collect()
}

/// Whether the text is known to its last letter: what is put together at run time may read differently.
fn is_whole(access: &Access) -> bool {
    !access.is_conditional
        && access.holes.is_empty()
        && access.text.as_ref().is_some_and(|text| text.closes())
}

fn word_of(kind: ComplaintKind) -> &'static str {
    match kind {
        ComplaintKind::UnknownTable => "unknown-table",
        ComplaintKind::UnknownColumn => "unknown-column",
        ComplaintKind::AmbiguousColumn => "ambiguous-column",
        ComplaintKind::RepeatedColumn => "repeated-column",
        ComplaintKind::InsertArity => "insert-arity",
        ComplaintKind::MissingRequired => "missing-required",
        ComplaintKind::PlaceholderGap => "placeholder-gap",
        ComplaintKind::UndecidedParameter => "undecided-parameter",
        ComplaintKind::InconsistentParameter => "inconsistent-parameter",
        ComplaintKind::NoOperator => "no-operator",
        ComplaintKind::TypeMismatch => "type",
        ComplaintKind::InvalidLiteral => "literal",
        ComplaintKind::ConflictTarget => "conflict-target",
    }
}

fn observation(context: &Context<'_>, access: &Access, complaint: &Complaint) -> Observation {
    let mut seen = base(
        context,
        access,
        word_of(complaint.kind),
        &complaint.says,
        &complaint.about,
    );
    let program = context.program;
    for table in complaint.tables.iter().take(3) {
        let id = TableId(*table);
        let model = program.schema.table(id);
        let Some(place) = model.place else { continue };
        let note = match complaint.kind {
            ComplaintKind::ConflictTarget => unique_indexes(context, id),
            _ => {
                let columns: Vec<&str> = model
                    .columns
                    .iter()
                    .take(40)
                    .map(|column| column.name.as_str())
                    .collect();
                format!("`{}` has {}", model.name, columns.join(", "))
            }
        };
        seen.trace
            .push(step(program, place, None, Role::Schema, note));
    }
    if complaint.tables.is_empty() && access.tables.iter().all(Option::is_none) {
        seen.facts.insert("few-tables");
    }
    seen
}

fn unique_indexes(context: &Context<'_>, id: TableId) -> String {
    let table = context.program.schema.table(id);
    let shown: Vec<String> = table
        .indexes
        .iter()
        .filter(|index| index.is_unique)
        .take(12)
        .map(|index| {
            let columns: Vec<&str> = index.columns.iter().map(|name| name.as_str()).collect();
            match index.predicate {
                Some(predicate) => format!("({}) WHERE {predicate}", columns.join(", ")),
                None => format!("({})", columns.join(", ")),
            }
        })
        .collect();
    if shown.is_empty() {
        format!("`{}` has no unique index", table.name)
    } else {
        format!("`{}` is unique by {}", table.name, shown.join("; "))
    }
}

fn base(
    context: &Context<'_>,
    access: &Access,
    refusal: &'static str,
    says: &str,
    about: &str,
) -> Observation {
    let program = context.program;
    let mut seen = Observation::new(access.place, access.function);
    seen.conditions.push(("refusal", refusal));
    let table = access
        .statement
        .tables
        .iter()
        .find(|table| table.is_target)
        .or(access.statement.tables.first())
        .map_or_else(String::new, |table| table.name.to_string());
    let is_about_money = access
        .statement
        .tables
        .iter()
        .any(|table| is_money(table.name.as_str()));
    seen.holes.push(("says", says.to_owned()));
    seen.holes.push(("about", about.to_owned()));
    seen.holes.push(("table", table.clone()));
    seen.holes
        .push(("function", program.display(access.function).to_owned()));
    seen.identity = vec![refusal.to_owned(), about.to_owned(), table];
    let facts = &mut seen.facts;
    if is_about_money {
        facts.insert("money");
    }
    if access.statement.verb != Verb::Select {
        facts.insert("writes");
    }
    let reached = program.entries.reached(access.function);
    if reached.by_request() {
        facts.insert("public");
    } else if reached.is_empty() {
        facts.insert("unknown-reach");
    }
    let path = from_entry(program, access.function, |_| true).unwrap_or_default();
    seen.lead_in(context, &path);
    seen
}

/// The call passes another number of values than the statement has parameters.
fn miscounted(context: &Context<'_>, access: &Access) -> Option<Observation> {
    let statement = &access.statement;
    let is_counted = matches!(access.kind, AccessKind::Sql) && statement.param_names.is_empty();
    if !is_counted || access.text.as_ref()?.pieces.first()?.contains(';') {
        return None;
    }
    let n_passed = passed(context, access)?;
    let n_params = statement.n_params as usize;
    if n_passed == n_params {
        return None;
    }
    let says =
        format!("the statement has {n_params} parameters and the call passes {n_passed} values");
    let mut seen = base(context, access, "placeholder-count", &says, &says);
    seen.place = Place { ..access.place };
    Some(seen)
}

/// `run(sql, &[&id])`, `db.execute(sql, params!(id))` of a wrapper that is in no model: a list written out behind the text is
/// what the text's parameters get.
fn passed_as_list(ir: &Ir, args: &[ExprId]) -> Option<usize> {
    let &[_, list] = args else {
        return None;
    };
    match ir.kind(crate::body::peel(ir, list)) {
        ExprKind::List(items) => {
            let items = ir.expr_list(items);
            let is_spread =
                |item: &ExprId| matches!(ir.kind(*item), ExprKind::Unary(UnaryOp::Spread, _));
            (!items.iter().any(is_spread)).then_some(items.len())
        }
        ExprKind::Call(inner) if ir.call(inner).form == CallForm::Macro => {
            let is_params = crate::body::call_name(ir, inner) == Some("params");
            is_params.then(|| ir.expr_list(ir.call(inner).args).len())
        }
        _ => None,
    }
}

/// How many values a call passes one by one behind the text; `None` when that cannot be counted.
fn passed(context: &Context<'_>, access: &Access) -> Option<usize> {
    let program = context.program;
    let ir = program.code.ir(access.site.file);
    let call = ir.call(access.site.call);
    if call.form != CallForm::Function {
        return None;
    }
    let event: Option<&Event> = program
        .events
        .of_function(access.function)
        .find(|event| event.site == access.site && event.kind == "sql.statement");
    let Some(event) = event else {
        return passed_as_list(ir, ir.expr_list(call.args));
    };
    let params = event.slot("params");
    if event.slot("param-list").is_empty() && params.is_empty() {
        return None;
    }
    let is_single = |expr: ExprId| {
        matches!(
            ir.kind(expr),
            ExprKind::Str(_)
                | ExprKind::Number(_)
                | ExprKind::Bool(_)
                | ExprKind::Local(_)
                | ExprKind::Field(..)
                | ExprKind::Call(_)
                | ExprKind::Binary(..)
                | ExprKind::Cast(..)
                | ExprKind::Unary(
                    UnaryOp::Deref | UnaryOp::Ref | UnaryOp::Neg | UnaryOp::Not,
                    _
                )
        )
    };
    // A list that is one argument is as long as it is written.
    if let [list] = event.slot("param-list") {
        let ExprKind::List(items) = ir.kind(list.expr) else {
            return None;
        };
        let items = ir.expr_list(items);
        return items
            .iter()
            .all(|item| is_single(*item))
            .then_some(items.len());
    }
    let is_counted = params
        .iter()
        .all(|param| param.file == access.site.file && is_single(param.expr));
    (is_counted && params.len() > 1).then_some(params.len())
}
