//! Who calls the function a statement is in, and whether each of them makes sure whose row the key is of.

use std::collections::BTreeMap;

use betwixt_facts::ir::{ExprId, ExprKind};
use betwixt_program::entries::Exposure;
use betwixt_program::flow::ingredients::{OriginKind, Path, Reach};
use betwixt_program::link::{Source, Target};
use betwixt_program::{CallSite, ExprRef, FunctionId};

use super::statement_guards::layer_compares;
use crate::body::{peel, written_out};
use crate::detectors::Context;
use crate::guards::before::{Before, guards, is_read_row, row_of};
use crate::guards::comparison::{after, returns_result};
use crate::guards::keys::is_outside;
use crate::guards::membership::holds_only_owned;
use crate::path::{Hop, from_entry};
use crate::tenant::plain;

/// A function with more callers is a tool of the whole program; what all of them do is not asked.
const MAX_CALLERS: usize = 96;

/// How many calls up a key is followed.
const MAX_DEPTH: u32 = 2;

/// What the callers of a statement's function do about the key they hand in.
#[derive(Debug)]
pub(super) enum Survey {
    /// Nobody hands the key in, or too many do to be asked.
    NotAsked,
    /// Every caller a request reaches makes sure of it, the first of them in this call.
    Guarded(CallSite),
    /// One does not: the way from an entry to the statement through it.
    Unguarded(Vec<Hop>),
}

/// What is asked of the callers.
#[derive(Clone, Copy)]
struct Question {
    /// The row comes back to the caller, who may compare its tenant.
    may_compare: bool,
    /// Reading the row with its tenant before counts.
    may_read: bool,
}

/// Asks every caller, up to two calls up; `may_compare` for statements that give the row back, `may_read` where a scoped read
/// before is enough.
pub(super) fn survey(
    context: &Context<'_>,
    function: FunctionId,
    keys: &[ExprRef],
    may_compare: bool,
    may_read: bool,
) -> Survey {
    let question = Question {
        may_compare,
        may_read,
    };
    match walk(context, function, keys, 0, question) {
        Some(Found::Guarded(site)) => Survey::Guarded(site),
        Some(Found::Open(chain)) => match path_through(context, &chain, function) {
            Some(path) => Survey::Unguarded(path),
            None => Survey::NotAsked,
        },
        None => Survey::NotAsked,
    }
}

enum Found {
    Guarded(CallSite),
    /// The calls that lead to the statement without a guard, outermost first.
    Open(Vec<CallSite>),
}

fn walk(
    context: &Context<'_>,
    function: FunctionId,
    keys: &[ExprRef],
    depth: u32,
    question: Question,
) -> Option<Found> {
    let mut guarded = None;
    let mut is_unclear = false;
    for Asked {
        site,
        caller,
        keys: outer,
    } in asked(context, function, keys)?
    {
        if is_guarded(context, site, &outer, question) {
            guarded.get_or_insert(site);
            continue;
        }
        let further = Question {
            may_compare: question.may_compare && returns_result(context, site),
            ..question
        };
        let above = (depth < MAX_DEPTH)
            .then(|| walk(context, caller, &outer, depth + 1, further))
            .flatten();
        match above {
            Some(Found::Guarded(_)) => {
                guarded.get_or_insert(site);
            }
            Some(Found::Open(mut chain)) => {
                chain.push(site);
                return Some(Found::Open(chain));
            }
            None => match from_entry(context.program, caller, is_outside) {
                // Nothing that is known leads here.
                None => is_unclear = true,
                Some(path) if layer_compares(context, &path).is_none() => {
                    return Some(Found::Open(vec![site]));
                }
                Some(_) => {
                    guarded.get_or_insert(site);
                }
            },
        }
    }
    guarded.filter(|_| !is_unclear).map(Found::Guarded)
}

fn is_guarded(context: &Context<'_>, site: CallSite, keys: &[ExprRef], question: Question) -> bool {
    let before = guards(context, site, keys);
    before
        .iter()
        .any(|guard| question.may_read || !matches!(guard, Before::ScopedRead(_)))
        || (question.may_compare && after(context, site).is_some())
        || (!keys.is_empty()
            && keys
                .iter()
                .all(|&key| is_known(context, key, 0) || holds_only_owned(context, key)))
}

/// Whether a key is a part of a row that was read before, or of what a layer put beside the request, also over a variable:
/// nothing of it is the caller's choice in this function.
fn is_known(context: &Context<'_>, key: ExprRef, depth: u32) -> bool {
    let ir = context.program.code.ir(key.file);
    let of = |expr| ExprRef {
        file: key.file,
        expr,
    };
    let expr = peel(ir, key.expr);
    match ir.kind(expr) {
        ExprKind::Field(..) => is_read_row(context, row_of(context, of(expr))),
        ExprKind::Local(local) if depth < 3 => {
            let flow = &context.program.flows[key.file.0 as usize];
            let values = flow.definitions(local).iter().map(|known| known.value);
            let mut values = values
                .filter(|&value| !matches!(ir.kind(value), ExprKind::Str(_) | ExprKind::Nil))
                .peekable();
            values.peek().is_some() && values.all(|value| is_known(context, of(value), depth + 1))
        }
        _ => false,
    }
}

/// The way from an entry through a chain of calls into the function.
fn path_through(
    context: &Context<'_>,
    chain: &[CallSite],
    function: FunctionId,
) -> Option<Vec<Hop>> {
    let program = context.program;
    let first = context.function_of(*chain.first()?);
    let mut path = from_entry(program, first, is_outside)?;
    path.pop();
    for (at, &site) in chain.iter().enumerate() {
        let next = chain
            .get(at + 1)
            .map_or(function, |&next| context.function_of(next));
        let mut links = program.links().from_site(site);
        let link = links.find(|link| link.to == next).map(|link| link.kind);
        path.push(Hop {
            call: Some(site),
            link,
            ..Hop::end(context.function_of(site))
        });
    }
    path.push(Hop::end(function));
    Some(path)
}

/// A call that hands keys in, and comes from where a request gets.
struct Asked {
    site: CallSite,
    caller: FunctionId,
    /// The keys, as the caller has them.
    keys: Vec<ExprRef>,
}

/// The calls that hand the keys in, those of other services included; `None` when they are not the callers', or too many call.
fn asked<'c>(
    context: &'c Context<'_>,
    function: FunctionId,
    keys: &[ExprRef],
) -> Option<impl Iterator<Item = Asked> + 'c> {
    let (function, parts) = handed_in(context, function, keys)?;
    let mut callers: Vec<(CallSite, Vec<ExprRef>)> = context
        .callers(function)
        .map(|site| (site, given(context, site, &parts)))
        .collect();
    let sent = sent(context, function, &parts);
    if !sent.is_empty() {
        // The generated code that stands between both sides decides nothing.
        let is_generated =
            |site: &CallSite| context.program.workspace.file(site.file).marks.generated;
        callers.retain(|(site, _)| !is_generated(site));
        callers.extend(sent);
    }
    if callers.is_empty() || callers.len() > MAX_CALLERS {
        return None;
    }
    Some(callers.into_iter().filter_map(move |(site, keys)| {
        let caller = context.function_of(site);
        let reached = context.program.entries.reached(caller);
        (reached.is_empty() || reached.by_request()).then_some(Asked { site, caller, keys })
    }))
}

/// The calls of other services that send the keys, each with what it sends, for a handler that only services can call.
fn sent(
    context: &Context<'_>,
    handler: FunctionId,
    parts: &[Part],
) -> Vec<(CallSite, Vec<ExprRef>)> {
    let program = context.program;
    let mut entries = program.entries.of(handler).peekable();
    let is_internal =
        entries.peek().is_some() && entries.all(|entry| entry.exposure == Exposure::Internal);
    if !is_internal {
        return Vec::new();
    }
    let mut callers: BTreeMap<CallSite, Vec<ExprRef>> = BTreeMap::new();
    for (n, path) in parts {
        let arriving = program.links().arriving(Target::Param(handler, *n), path);
        for (link, from, rest) in arriving {
            let is_test = program.workspace.file(link.site.file).marks.test;
            if let (Source::Value(value), true, false) = (from, link.to == handler, is_test) {
                let expr = projected(context, link.site, value.expr, &rest);
                let value = ExprRef { expr, ..value };
                callers.entry(link.site).or_default().push(value);
            }
        }
    }
    callers.into_iter().collect()
}

/// A parameter and the part of it that is meant.
type Part = (u16, Path);

/// The parameters the keys are made of, with their function: this one, or the one a closure (transaction body) is written in.
fn handed_in(
    context: &Context<'_>,
    function: FunctionId,
    keys: &[ExprRef],
) -> Option<(FunctionId, Vec<Part>)> {
    let origins: Vec<(FunctionId, Part)> = keys
        .iter()
        .flat_map(|&key| context.ingredients(key, Reach::LOCAL).origins)
        .filter_map(|origin| match origin.kind {
            OriginKind::Param(of, n) => Some((of, (n, origin.path))),
            _ => None,
        })
        .collect();
    let mut current = function;
    for _ in 0..4 {
        let mut params: Vec<Part> = origins
            .iter()
            .filter(|(of, _)| *of == current)
            .map(|(_, part)| part.clone())
            .collect();
        if params.iter().any(|(_, path)| !only_bounds(path)) {
            params.retain(|(_, path)| !only_bounds(path));
        }
        if !params.is_empty() {
            return Some((current, params));
        }
        if !context.program.code.function(current).flags.is_closure {
            return None;
        }
        current = context.program.code.parent(current)?;
    }
    None
}

/// Whether a part of a request says how many or from when, not which rows: `timeRange`, `limit`.
fn only_bounds(path: &Path) -> bool {
    path.iter().any(|name| {
        let plain = plain(name.as_str());
        [
            "time", "range", "limit", "offset", "cursor", "page", "since", "until",
        ]
        .iter()
        .any(|word| plain.starts_with(word) || plain.ends_with(word))
    })
}

/// What a call hands in for the parts of its parameters: the entry of an object where it is written out, else the argument.
fn given(context: &Context<'_>, site: CallSite, parts: &[Part]) -> Vec<ExprRef> {
    let ir = context.program.code.ir(site.file);
    let args = ir.expr_list(ir.call(site.call).args);
    let given = parts
        .iter()
        .filter_map(|(n, path)| Some(projected(context, site, *args.get(*n as usize)?, path)));
    given
        .map(|expr| ExprRef {
            file: site.file,
            expr,
        })
        .collect()
}

/// `id` of `{ ScopeID: id, Limit: 10 }` for the path `ScopeID`.
fn projected(
    context: &Context<'_>,
    site: CallSite,
    arg: ExprId,
    path: &[betwixt_base::Symbol],
) -> ExprId {
    let ir = context.program.code.ir(site.file);
    let Some(&name) = path.first() else {
        return arg;
    };
    let Some(entries) = written_out(context, site.file, arg) else {
        return arg;
    };
    let entry = ir
        .entry_list(entries)
        .iter()
        .find(|entry| entry.name == name);
    entry.map_or(arg, |entry| entry.value)
}

/// The guard every caller has; `None` when one lacks it or the keys are not the callers'.
pub(super) fn in_callers(
    context: &Context<'_>,
    function: FunctionId,
    keys: &[ExprRef],
    depth: u32,
) -> Option<Vec<Before>> {
    let mut first = None;
    for Asked {
        site,
        caller,
        keys: outer,
    } in asked(context, function, keys)?
    {
        let mut found = guards(context, site, &outer);
        if found.is_empty() && depth < MAX_DEPTH {
            found = in_callers(context, caller, &outer, depth + 1).unwrap_or_default();
        }
        if found.is_empty() {
            return None;
        }
        first.get_or_insert(found);
    }
    first
}
