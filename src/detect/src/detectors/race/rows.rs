//! Reads and writes of rows in one function, and what keeps others from coming between them.

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprKind, LocalKind};
use betwixt_facts::sql::{Comparison, ConflictAction, Value, Verb};
use betwixt_findings::Role;
use betwixt_program::events::{Access, EntryKind};
use betwixt_program::{CallSite, ExprRef, FunctionId};

use crate::behaviour::derive::{Hit, reads_behind};
use crate::behaviour::effects::{Acts, Use, is_serializable};
use crate::behaviour::order::Order;
use crate::behaviour::{TableKey, main_table};
use crate::detectors::Context;
use crate::observation::{Observation, step};

/// A statement that changes rows, at the call of the function under consideration that leads to it.
#[derive(Debug)]
pub(super) struct Write<'a> {
    pub(super) access: &'a Access,
    /// The call in the function: the statement's own, or of the helper that runs it.
    pub(super) site: CallSite,
    /// The statement runs in a helper.
    pub(super) in_helper: bool,
    pub(super) table: TableKey,
    pub(super) table_name: Symbol,
}

/// What a column is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// The same value each time.
    Fixed,
    /// The time of the database or of the program.
    Now,
    /// A value of the function under consideration.
    Value(ExprRef),
    /// Something else.
    Other,
}

/// The statements that change rows in a named function, its closures and the helpers it calls directly.
pub(super) fn writes<'a>(
    context: &'a Context<'_>,
    root: FunctionId,
    calls: &[CallSite],
) -> Vec<Write<'a>> {
    let program = context.program;
    let behaviour = context.behaviour();
    let mut found = Vec::new();
    let mut push = |access: &'a Access, site: CallSite, in_helper: bool| {
        if let Some((table, table_name)) = main_table(access)
            && crate::behaviour::writes(&access.statement)
        {
            found.push(Write {
                access,
                site,
                in_helper,
                table,
                table_name,
            });
        }
    };
    for &index in behaviour.accesses_in(root) {
        let access = &program.events.accesses[index];
        push(access, access.site, false);
    }
    for &site in calls {
        if !behaviour.accesses_at(site).is_empty() {
            continue;
        }
        for &callee in program.calls.callee(site).functions().iter().take(3) {
            for &index in behaviour.accesses_in(callee).iter().take(8) {
                let access = &program.events.accesses[index];
                if access.function == callee {
                    push(access, site, true);
                }
            }
        }
    }
    found
}

impl Write<'_> {
    /// The columns the statement sets, with what to; for an upsert those of the conflict.
    pub(super) fn given(&self, context: &Context<'_>) -> Vec<(Symbol, Given)> {
        self.access
            .statement
            .assignments
            .iter()
            .filter(|assignment| !assignment.is_relative)
            .map(|assignment| {
                let value = self
                    .inserted(&assignment.value)
                    .unwrap_or(&assignment.value);
                (assignment.column, self.given_value(context, value))
            })
            .collect()
    }

    /// `SET n = EXCLUDED.n`: what the insert has there.
    fn inserted(&self, value: &Value) -> Option<&Value> {
        let Value::Column(column) = value else {
            return None;
        };
        let qualifier = column.qualifier?;
        if !qualifier.as_str().eq_ignore_ascii_case("excluded") {
            return None;
        }
        let insert = self.access.statement.insert.as_ref()?;
        let at = insert
            .columns
            .iter()
            .position(|&known| known == column.column)?;
        insert.rows.first()?.get(at)
    }

    fn given_value(&self, context: &Context<'_>, value: &Value) -> Given {
        match value {
            Value::Literal(_) => return Given::Fixed,
            Value::Call(name, _)
                if ["now", "current_timestamp"]
                    .contains(&name.as_str().to_ascii_lowercase().as_str()) =>
            {
                return Given::Now;
            }
            _ => {}
        }
        let Some(at) = self.access.expr_of(value) else {
            return Given::Other;
        };
        let at = if self.in_helper {
            match argument(context, self.access.function, at, self.site) {
                Some(at) => at,
                None if is_fixed(context, at) => return Given::Fixed,
                None => return Given::Other,
            }
        } else {
            at
        };
        if is_fixed(context, at) {
            Given::Fixed
        } else if is_now(context, at) {
            Given::Now
        } else {
            Given::Value(at)
        }
    }

    /// Whether the change happens only where a column is as expected: one of its predicates is about the column, about a
    /// version, or about an absence.
    pub(super) fn expects(&self, column: Symbol) -> bool {
        self.access.is_opaque
            || self.access.statement.predicates.iter().any(|predicate| {
                let name = predicate.column.column;
                crate::behaviour::same_name(name, column)
                    || is_version(name.as_str())
                    || predicate.op == Comparison::IsNull
            })
    }

    /// Whether the statement is an insert that changes the row that is there.
    pub(super) fn is_upsert(&self) -> bool {
        self.access.statement.verb == Verb::Insert
            && self
                .access
                .statement
                .conflict
                .as_ref()
                .is_some_and(|conflict| conflict.action == ConflictAction::Update)
    }
}

/// Columns that count the changes of a row.
fn is_version(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "version",
        "revision",
        "etag",
        "updatedat",
        "generation",
        "lockedby",
        "fence",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// A constant of the program: a literal, an enum's member, a named constant.
pub(super) fn is_fixed(context: &Context<'_>, at: ExprRef) -> bool {
    let ir = context.program.code.ir(at.file);
    match ir.kind(at.expr) {
        ExprKind::Str(_) | ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Nil => true,
        ExprKind::Name(name) => name != "undefined",
        ExprKind::Field(base, _) | ExprKind::Cast(_, base) | ExprKind::Unary(_, base) => is_fixed(
            context,
            ExprRef {
                file: at.file,
                expr: base,
            },
        ),
        _ => false,
    }
}

fn is_now(context: &Context<'_>, at: ExprRef) -> bool {
    let ir = context.program.code.ir(at.file);
    match ir.kind(at.expr) {
        ExprKind::Call(call) => match ir.kind(ir.call(call).callee) {
            ExprKind::Name(name) | ExprKind::Field(_, name) => {
                matches!(
                    name.as_str().rsplit("::").next().unwrap_or_default(),
                    "Now" | "now" | "Date"
                )
            }
            _ => false,
        },
        _ => false,
    }
}

/// The argument behind a value of a helper that is one of its parameters, or a field of one.
fn argument(
    context: &Context<'_>,
    helper: FunctionId,
    at: ExprRef,
    call: CallSite,
) -> Option<ExprRef> {
    let ir = context.program.code.ir(at.file);
    let (base, field) = match ir.kind(at.expr) {
        ExprKind::Field(base, name) => (base, Some(name)),
        _ => (at.expr, None),
    };
    let ExprKind::Local(local) = ir.kind(base) else {
        return None;
    };
    let facts = ir.local(local);
    let LocalKind::Param(n) = facts.kind else {
        return None;
    };
    if context.program.code.function_id(at.file, facts.function) != helper {
        return None;
    }
    let there = context.program.code.ir(call.file);
    let &arg = there
        .expr_list(there.call(call.call).args)
        .get(n as usize)?;
    let expr = match (field, there.kind(arg)) {
        (None, _) => arg,
        (Some(name), ExprKind::Struct(_, entries)) => {
            there
                .entry_list(entries)
                .iter()
                .find(|entry| crate::behaviour::same_name(entry.name, name))?
                .value
        }
        _ => return None,
    };
    Some(ExprRef {
        file: call.file,
        expr,
    })
}

/// The reads of a table that decide, by a condition, whether a call runs.
pub(super) fn deciding_reads(
    context: &Context<'_>,
    order: &Order<'_>,
    call: CallSite,
    table: TableKey,
) -> Vec<(ExprRef, Hit)> {
    let ir = context.program.code.ir(call.file);
    let mut found = Vec::new();
    for cond in crate::behaviour::order::conditions(order, call.call) {
        let mut leaves = Vec::new();
        collect_values(ir, cond, &mut leaves);
        for expr in leaves {
            let at = ExprRef {
                file: call.file,
                expr,
            };
            for hit in reads_behind(context, at) {
                if hit.site != call && hit.reads(context, table) && order.precedes(hit.site, call) {
                    found.push((cond_of(call, cond), hit));
                }
            }
        }
    }
    found
}

fn cond_of(call: CallSite, cond: betwixt_facts::ir::ExprId) -> ExprRef {
    ExprRef {
        file: call.file,
        expr: cond,
    }
}

/// The values a condition compares, without the comparisons.
fn collect_values(
    ir: &betwixt_facts::ir::Ir,
    cond: betwixt_facts::ir::ExprId,
    found: &mut Vec<betwixt_facts::ir::ExprId>,
) {
    match ir.kind(cond) {
        ExprKind::Binary(_, a, b) => {
            collect_values(ir, a, found);
            collect_values(ir, b, found);
        }
        ExprKind::Unary(_, a) | ExprKind::Cast(_, a) => collect_values(ir, a, found),
        ExprKind::Local(local) if is_error_name(ir.local(local).name.as_str()) => {}
        ExprKind::Str(_) | ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Nil => {}
        _ if found.len() < 12 => found.push(cond),
        _ => {}
    }
}

pub(super) fn is_error_name(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    plain == "e" || plain.starts_with("err") || plain.ends_with("err") || plain.ends_with("error")
}

/// What keeps others from changing a table's rows between a read and a write, by word, with the call that is it.
pub(super) fn guards(
    context: &Context<'_>,
    order: &Order<'_>,
    root: FunctionId,
    hit: &Hit,
    write: &Write<'_>,
) -> Vec<(&'static str, CallSite)> {
    let mut found = Vec::new();
    if is_locked_read(context, hit, write.table) {
        found.push(("row-lock", hit.site));
    }
    for call in order.calls() {
        if call != hit.site && order.precedes(call, hit.site) {
            found.extend(lock_at(context, call, write.table).map(|word| (word, call)));
        }
    }
    found.extend(around(context, order, hit.site));
    if found.is_empty() {
        found.extend(held_by_callers(context, root, write.table));
    }
    if is_unreachable(context, root) {
        found.push(("unreachable", hit.site));
    }
    found
}

fn is_locked_read(context: &Context<'_>, hit: &Hit, table: TableKey) -> bool {
    match hit.access {
        Some(index) => context.program.events.accesses[index].statement.row_lock,
        None => context
            .behaviour()
            .effects_of_call(context.program, hit.site)
            .any(|effects| effects.of(table).has(Use::LOCKED)),
    }
}

/// The lock a call takes that keeps others from a table's rows.
pub(super) fn lock_at(
    context: &Context<'_>,
    call: CallSite,
    table: TableKey,
) -> Option<&'static str> {
    let program = context.program;
    let behaviour = context.behaviour();
    for &index in behaviour.accesses_at(call) {
        let statement = &program.events.accesses[index].statement;
        if statement.row_lock {
            return Some("row-lock");
        }
        if statement.advisory_lock {
            return Some("lock-held");
        }
    }
    let ir = program.code.ir(call.file);
    let function = program
        .code
        .function_id(call.file, ir.call(call.call).function);
    for event in program.events.of_function(function) {
        if event.site != call {
            continue;
        }
        match event.kind {
            "lock.acquire" if !event.has("shared") => return Some("lock-held"),
            "sql.begin" if is_serializable(program, call) => return Some("serializable"),
            "cache.set" if event.has("absent-only") => return Some("lock-held"),
            _ => {}
        }
    }
    let mut word = None;
    for effects in behaviour.effects_of_call(program, call) {
        let acts = effects.acts;
        if acts.has(Acts::SERIALIZABLE) {
            word = Some("serializable");
        }
        if effects.of(table).has(Use::LOCKED)
            || (acts.has(Acts::ROW_LOCK) && !effects.changes_rows())
        {
            word = Some("row-lock");
        }
        let takes = acts.has(Acts::SHARED_LOCK) || acts.has(Acts::MUTEX);
        if takes && !acts.has(Acts::RELEASE) {
            word = Some("lock-held");
        }
    }
    word.or_else(|| lock_name(context, call).then_some("lock-held"))
}

/// `await lockProject(id)`, `acquireLease(…)`: a lock by name.
fn lock_name(context: &Context<'_>, call: CallSite) -> bool {
    let ir = context.program.code.ir(call.file);
    let name = match ir.kind(ir.call(call.call).callee) {
        ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
        _ => return false,
    };
    let plain = crate::tenant::plain(name.rsplit("::").next().unwrap_or(name));
    [
        "acquirelock",
        "withlock",
        "trylock",
        "lockfor",
        "runexclusive",
        "takelock",
        "obtainlock",
        "acquirelease",
        "withadvisory",
        "lockrow",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Locks and serializable transactions whose body, a closure, holds the read.
pub(super) fn around(
    context: &Context<'_>,
    order: &Order<'_>,
    site: CallSite,
) -> Option<(&'static str, CallSite)> {
    let program = context.program;
    let ir = program.code.ir(site.file);
    for (function, _) in order.levels(site.call) {
        if function == order.root() {
            break;
        }
        let taker = order.calls().into_iter().find(|call| {
            ir.expr_list(ir.call(call.call).args)
                .iter()
                .any(|&arg| matches!(ir.kind(arg), ExprKind::Closure(idx) if idx == function))
        });
        let Some(call) = taker else { continue };
        if let Some(word) = lock_at(context, call, TableKey::Named(Symbol::empty())) {
            return Some((word, call));
        }
        let takes = context
            .behaviour()
            .effects_of_call(program, call)
            .any(|effects| {
                effects.acts.has(Acts::SHARED_LOCK)
                    || effects.acts.has(Acts::MUTEX)
                    || effects.acts.has(Acts::ROW_LOCK)
            });
        if takes {
            return Some(("lock-held", call));
        }
    }
    None
}

/// Every caller takes a lock before it calls.
fn held_by_callers(
    context: &Context<'_>,
    root: FunctionId,
    table: TableKey,
) -> Option<(&'static str, CallSite)> {
    let program = context.program;
    let callers = program.calls.callers(root);
    if callers.is_empty() || callers.len() > 8 {
        return None;
    }
    let mut last = None;
    for &caller in callers {
        let ir = program.code.ir(caller.file);
        let function = program
            .code
            .function_id(caller.file, ir.call(caller.call).function);
        let order = Order::new(context, crate::behaviour::root_of(program, function));
        let held = order
            .calls()
            .into_iter()
            .filter(|&call| order.precedes(call, caller))
            .find_map(|call| lock_at(context, call, table).map(|word| (word, call)))
            .or_else(|| around(context, &order, caller));
        last = Some(held?);
    }
    last
}

/// Only start-up, migrations or a command line get here: nobody comes between.
fn is_unreachable(context: &Context<'_>, root: FunctionId) -> bool {
    let program = context.program;
    let reached = program.entries.reached(root);
    let path = &program.workspace.file(program.code.file_of(root)).path;
    if !reached.by_request() && path.split('/').any(is_one_off) {
        return true;
    }
    let alone = [EntryKind::Startup, EntryKind::Migration, EntryKind::Cli]
        .into_iter()
        .any(|kind| reached.from(kind));
    let shared = reached.by_request() || reached.by_message() || reached.from(EntryKind::Webhook);
    alone && !shared && !reached.from(EntryKind::Startup)
}

/// Folders and files whose code is run once, by hand or by one process: migrations, seeds, scripts.
fn is_one_off(part: &str) -> bool {
    let plain = crate::tenant::plain(part);
    [
        "migration",
        "migrate",
        "seed",
        "script",
        "bootstrap",
        "e2e",
        "servertest",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

/// Steps, guards and facts that all races on rows have in common.
pub(super) fn describe(
    context: &Context<'_>,
    observation: &mut Observation,
    root: FunctionId,
    read: &Hit,
    write: &Write<'_>,
    guards: Vec<(&'static str, CallSite)>,
) {
    let program = context.program;
    let at = |site: CallSite, role: Role, note: String| {
        step(program, context.call_place(site), Some(root), role, note)
    };
    if let Some(path) = crate::path::from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    let name = write.table_name;
    observation.trace.push(at(
        read.site,
        Role::Step,
        format!("reads `{name}` without a lock"),
    ));
    observation.trace.push(at(
        write.site,
        Role::Sink,
        format!("writes `{name}` from what was read"),
    ));
    for (word, site) in guards {
        let guard = at(site, Role::Guard, format!("{word} found here"));
        observation.guards.push((word, guard));
    }
    let reached = program.entries.reached(root);
    if reached.by_request() {
        observation.facts.insert("public");
    }
    if reached.is_empty() {
        observation.facts.insert("unknown-reach");
    }
    if reached.by_message() {
        observation.facts.insert("by-message");
    }
    if locks_elsewhere(context, write.table) {
        observation.facts.insert("siblings-guarded");
        observation.reasons.push(format!(
            "other code locks rows of `{name}` before it changes them"
        ));
    }
}

/// Whether some other statement reads rows of the table with a row lock.
fn locks_elsewhere(context: &Context<'_>, table: TableKey) -> bool {
    let TableKey::Known(id) = table else {
        return false;
    };
    context
        .accesses_on(id)
        .iter()
        .any(|&index| context.program.events.accesses[index].statement.row_lock)
}
