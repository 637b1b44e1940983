//! A row is looked at, the program decides, and a later statement writes as if nothing had changed since.

use betwixt_base::Symbol;
use betwixt_facts::ir::ExprKind;
use betwixt_facts::sql::{Comparison, Value, Verb};
use betwixt_program::control::Dominator;
use betwixt_program::{CallSite, ExprRef, FunctionId};

use super::found_or_created;
use super::rows::{Given, Write, deciding_reads, describe, guards, is_fixed, writes};
use crate::behaviour::derive::{Hit, Made, reads_behind};
use crate::behaviour::effects::{Acts, Use, counts};
use crate::behaviour::order::Order;
use crate::behaviour::{TableKey, same_name};
use crate::detectors::Context;
use crate::guards::names::is_money;
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let behaviour = context.behaviour();
    let mut found = Vec::new();
    for root in crate::behaviour::roots(program) {
        let Some(effects) = behaviour.effects(root) else {
            continue;
        };
        if !effects.changes_rows() {
            continue;
        }
        let order = Order::new(context, root);
        let calls = order.calls();
        let all = writes(context, root, &calls);
        let mut looker = Looker {
            context,
            root,
            order: &order,
            calls: &calls,
            seen: Vec::new(),
            found: &mut found,
        };
        for write in &all {
            looker.transition(write, &all);
        }
        if effects
            .tables
            .iter()
            .any(|(_, how)| how.has(Use::INSERT) && how.has(Use::READ))
        {
            looker.inserts(&all);
        }
    }
    found
}

struct Looker<'a, 'p> {
    context: &'a Context<'p>,
    root: FunctionId,
    order: &'a Order<'a>,
    calls: &'a [CallSite],
    /// Columns that were reported: the first write is the claim, later ones follow from it.
    seen: Vec<(TableKey, Symbol)>,
    found: &'a mut Vec<Observation>,
}

impl Looker<'_, '_> {
    /// A column whose value was looked at is set without asking for that value again.
    fn transition(&mut self, write: &Write<'_>, all: &[Write<'_>]) {
        if write.access.statement.verb != Verb::Update {
            return;
        }
        let given = write.given(self.context);
        let open: Vec<(Symbol, Given)> = given
            .into_iter()
            .filter(|(column, _)| !write.expects(*column))
            .collect();
        if open.is_empty() || !has_key(write) {
            return;
        }
        if let Some((shape, column, read)) = self
            .checked_in_code(write, &open)
            .or_else(|| self.checked_in_statement(write, &open))
        {
            if self.seen.contains(&(write.table, column)) {
                return;
            }
            self.seen.push((write.table, column));
            self.report(shape, write, column, Some(&read));
            return;
        }
        let sibling = open.iter().find(|(column, given)| {
            *given == Given::Fixed
                && all.iter().any(|other| {
                    other.site != write.site
                        && !other.in_helper
                        && !write.in_helper
                        && other.table == write.table
                        && other.access.statement.verb == Verb::Update
                        && sets(other, *column)
                        && expects_exactly(other, *column)
                })
        });
        if let Some(&(column, _)) = sibling {
            self.report("sibling", write, column, None);
        }
    }

    fn checked_in_code(
        &self,
        write: &Write<'_>,
        open: &[(Symbol, Given)],
    ) -> Option<(&'static str, Symbol, Hit)> {
        let reads = deciding_reads(self.context, self.order, write.site, write.table);
        for (cond, hit) in reads {
            for &(column, given) in open {
                if !hit.is_column(column) {
                    continue;
                }
                let shape = match given {
                    _ if is_use_mark(column.as_str()) => "consume",
                    Given::Fixed => "transition",
                    Given::Value(_) if tests_absence(self.context, cond, column) => "fill",
                    _ => continue,
                };
                return Some((shape, column, hit));
            }
        }
        None
    }

    /// `SELECT … WHERE token = $1 AND used_at IS NULL`, then `UPDATE … SET used_at = now() WHERE token = $1`.
    fn checked_in_statement(
        &self,
        write: &Write<'_>,
        open: &[(Symbol, Given)],
    ) -> Option<(&'static str, Symbol, Hit)> {
        let program = self.context.program;
        for &index in self.context.behaviour().accesses_in(self.root) {
            let access = &program.events.accesses[index];
            if access.statement.verb != Verb::Select
                || !crate::behaviour::read_tables(access).any(|table| table == write.table)
                || !self.order.precedes(access.site, write.site)
            {
                continue;
            }
            let by_key = shares_key(access, write);
            if !by_key && !goes_by_row_of(self.context, index, write) {
                continue;
            }
            let expected = access.statement.predicates.iter().find(|predicate| {
                predicate.is_conjunct
                    && is_state_test(predicate.op, &predicate.value)
                    // A job that walks over what is pending is another matter.
                    && (by_key || is_use_mark(predicate.column.column.as_str()))
                    && open
                        .iter()
                        .any(|(column, _)| same_name(*column, predicate.column.column))
            });
            if let Some(predicate) = expected {
                let column = predicate.column.column;
                let shape = if is_use_mark(column.as_str()) {
                    "consume"
                } else {
                    "transition"
                };
                let hit = Hit {
                    site: access.site,
                    access: Some(index),
                    column: Some(column),
                    made: Made::Same,
                };
                return Some((shape, column, hit));
            }
        }
        None
    }

    /// A number or the absence of rows decides about an insert into the same table.
    fn inserts(&mut self, all: &[Write<'_>]) {
        let mut seen: Vec<TableKey> = Vec::new();
        for write in all {
            if write.access.statement.verb != Verb::Insert || seen.contains(&write.table) {
                continue;
            }
            if let Some(hit) = self.limit(write.site, write.table) {
                seen.push(write.table);
                self.report("limit", write, Symbol::empty(), Some(&hit));
            } else if !write.in_helper
                && let Some((shape, hit)) = self.absence(write)
            {
                seen.push(write.table);
                self.report(shape, write, Symbol::empty(), Some(&hit));
            }
        }
    }

    /// A count of the table's rows that decides whether the call runs.
    fn limit(&self, site: CallSite, table: TableKey) -> Option<Hit> {
        let is_count = |hit: &Hit| match hit.access {
            Some(index) => {
                counts(&self.context.program.events.accesses[index])
                    || self.is_count_call(hit.site)
                    || hit.column.is_some_and(|name| name == "length")
            }
            None => self
                .context
                .behaviour()
                .effects_of_call(self.context.program, hit.site)
                .any(|effects| effects.of(table).has(Use::COUNT)),
        };
        let by_condition = deciding_reads(self.context, self.order, site, table)
            .into_iter()
            .filter(|(cond, _)| compares_size(self.context, *cond))
            .map(|(_, hit)| hit)
            .find(is_count);
        by_condition.or_else(|| self.limit_by_call(site, table, is_count))
    }

    fn is_count_call(&self, site: CallSite) -> bool {
        let ir = self.context.program.code.ir(site.file);
        matches!(ir.kind(ir.call(site.call).callee), ExprKind::Field(_, name)
            if name.as_str().to_ascii_lowercase().contains("count"))
    }

    /// `throwIfExceedsLimit({ current: count })`: a check that ends the path by itself.
    fn limit_by_call(
        &self,
        site: CallSite,
        table: TableKey,
        is_count: impl Fn(&Hit) -> bool,
    ) -> Option<Hit> {
        let ir = self.context.program.code.ir(site.file);
        let mut found = None;
        for dominator in self.order.dominators(site.call) {
            let Dominator::Ran(stmt) = dominator else {
                continue;
            };
            betwixt_program::control::each_call(ir, stmt, &mut |call| {
                if found.is_some() || !is_limit_check(ir, call) {
                    return;
                }
                for &arg in ir.expr_list(ir.call(call).args) {
                    let at = ExprRef {
                        file: site.file,
                        expr: arg,
                    };
                    found = found.or_else(|| {
                        reads_behind(self.context, at)
                            .into_iter()
                            .find(|hit| hit.reads(self.context, table) && is_count(hit))
                    });
                }
            });
        }
        found
    }

    /// A row that is not there decides: no unique key refuses the second one (`absence`), or one does and nobody is ready
    /// for it (`create`).
    fn absence(&self, write: &Write<'_>) -> Option<(&'static str, Hit)> {
        let statement = &write.access.statement;
        if statement.conflict.is_some() || write.access.is_opaque {
            return None;
        }
        let TableKey::Known(id) = write.table else {
            return None;
        };
        let reads = deciding_reads(self.context, self.order, write.site, write.table);
        let (cond, hit) = reads.into_iter().find(|(cond, hit)| {
            hit.access.is_some() && hit.column.is_none() && tests_whole(self.context, *cond)
        })?;
        let read = &self.context.program.events.accesses[hit.access?];
        let keys: Vec<Symbol> = read
            .statement
            .predicates
            .iter()
            .filter(|predicate| predicate.op == Comparison::Eq)
            .map(|predicate| predicate.column.column)
            .collect();
        let schema = &self.context.program.schema;
        let table = schema.table(id);
        let is_tenant = |column: Symbol| schema.is_tenant_column(id, column);
        let guarded = table
            .indexes
            .iter()
            .filter(|index| index.is_unique)
            .any(|index| {
                index
                    .columns
                    .iter()
                    .any(|column| keys.contains(column) && !is_tenant(*column))
            });
        let unknown = table.is_open || table.columns.is_empty() || table.engine.is_some();
        if unknown || keys.iter().all(|&key| is_tenant(key)) {
            return None;
        }
        if !guarded {
            return Some(("absence", hit));
        }
        // Only a key of the very columns that were looked for is met by two who look for the same.
        let is_met = table.indexes.iter().any(|index| {
            index.is_unique
                && !index.is_primary
                && index.predicate.is_none()
                && index.columns.iter().all(|column| keys.contains(column))
        });
        let is_met = is_met
            && found_or_created::goes_on_with_found(self.context, self.root, cond)
            && !found_or_created::expects_twin(self.context, self.root);
        is_met.then_some(("create", hit))
    }

    fn report(
        &mut self,
        shape: &'static str,
        write: &Write<'_>,
        column: Symbol,
        read: Option<&Hit>,
    ) {
        let context = self.context;
        let name = write.table_name;
        let mut observation = Observation {
            conditions: vec![("shape", shape)],
            holes: vec![
                ("table", name.to_string()),
                ("column", column.to_string()),
                ("function", function_name(context.program, self.root)),
            ],
            identity: vec![shape.to_owned(), name.to_string(), column.to_string()],
            missing: vec![
                "row-lock",
                "lock-held",
                "serializable",
                "conditional-update",
            ],
            ..Observation::new(context.call_place(write.site), self.root)
        };
        let own = Hit {
            site: write.site,
            access: None,
            column: None,
            made: Made::Same,
        };
        let read = read.unwrap_or(&own);
        let guards = guards(context, self.order, self.root, read, write);
        describe(context, &mut observation, self.root, read, write, guards);
        if is_money(name.as_str()) {
            observation.facts.insert("money");
        }
        if self.acts_after(write.site) {
            observation.facts.insert("acts-after");
        }
        if !write.in_helper && read.access.is_some() {
            observation.facts.insert("direct");
        }
        self.found.push(observation);
    }

    /// Whether something outside is told or started after the write, for which the write was the claim.
    fn acts_after(&self, site: CallSite) -> bool {
        let program = self.context.program;
        let behaviour = self.context.behaviour();
        let outward =
            |acts: Acts| acts.has(Acts::PUBLISH) || acts.has(Acts::REMOTE) || acts.has(Acts::STORE);
        self.calls
            .iter()
            .filter(|&&call| self.order.precedes(site, call))
            .any(|&call| {
                behaviour
                    .effects_of_call(program, call)
                    .any(|effects| outward(effects.acts))
                    || program.events.of_function(self.root).any(|event| {
                        event.site == call
                            && matches!(
                                event.kind,
                                "queue.publish"
                                    | "rpc.call"
                                    | "effect.payment"
                                    | "effect.mail"
                                    | "object.put"
                            )
                    })
            })
    }
}

fn sets(write: &Write<'_>, column: Symbol) -> bool {
    write
        .access
        .statement
        .assignments
        .iter()
        .any(|assignment| assignment.column == column)
}

/// Whether the change asks for a fixed value of the very column.
fn expects_exactly(write: &Write<'_>, column: Symbol) -> bool {
    write.access.statement.predicates.iter().any(|predicate| {
        predicate.is_conjunct
            && predicate.column.column == column
            && is_state_test(predicate.op, &predicate.value)
    })
}

fn is_state_test(op: Comparison, value: &Value) -> bool {
    match op {
        Comparison::IsNull => true,
        Comparison::Eq | Comparison::NotEq => matches!(value, Value::Literal(_)),
        Comparison::In | Comparison::NotIn => {
            matches!(value, Value::List(items) if items.iter().all(|item| matches!(item, Value::Literal(_))))
        }
        Comparison::Less => matches!(value, Value::Column(_)),
        _ => false,
    }
}

/// Whether the statement names the row it changes.
fn has_key(write: &Write<'_>) -> bool {
    write.access.statement.predicates.iter().any(|predicate| {
        predicate.op == Comparison::Eq && !matches!(predicate.value, Value::Literal(_))
    })
}

/// Whether a read and a write go by a common column.
fn shares_key(read: &betwixt_program::events::Access, write: &Write<'_>) -> bool {
    let keys = |statement: &betwixt_facts::sql::Statement| -> Vec<Symbol> {
        statement
            .predicates
            .iter()
            .filter(|predicate| {
                predicate.op == Comparison::Eq
                    && matches!(predicate.value, Value::Param(_) | Value::Hole(_))
            })
            .map(|predicate| predicate.column.column)
            .collect()
    };
    let ours = keys(&write.access.statement);
    keys(&read.statement).iter().any(|key| ours.contains(key))
}

/// Whether a write goes by what a read gave: `update({ where: { id: code.id } })` after `findFirst({ where: { hash } })`.
fn goes_by_row_of(context: &Context<'_>, read: usize, write: &Write<'_>) -> bool {
    if write.in_helper {
        return false;
    }
    let predicates = write.access.statement.predicates.iter();
    predicates
        .filter(|predicate| predicate.is_conjunct && predicate.op == Comparison::Eq)
        .flat_map(|predicate| write.access.exprs_of(&predicate.value))
        .any(|at| {
            reads_behind(context, at)
                .iter()
                .any(|hit| hit.access == Some(read))
        })
}

/// `used_at`, `consumed`, `redeemed_at`, `usage_count`: marks that a thing may be used once.
fn is_use_mark(column: &str) -> bool {
    let plain = crate::tenant::plain(column);
    [
        "usedat",
        "isused",
        "consumed",
        "redeemed",
        "usagecount",
        "acceptedat",
        "claimedat",
        "usecount",
    ]
    .iter()
    .any(|word| plain.contains(word) && !plain.starts_with("last"))
        || plain == "used"
}

/// Whether a condition asks whether a column is empty: `x.Valid`, `x != nil`, `!x`, `x == ""`.
fn tests_absence(context: &Context<'_>, cond: ExprRef, column: Symbol) -> bool {
    let ir = context.program.code.ir(cond.file);
    let mut found = false;
    let names_it = |expr| {
        let at = ExprRef {
            file: cond.file,
            expr,
        };
        reads_behind(context, at)
            .iter()
            .any(|hit| hit.is_column(column))
    };
    betwixt_program::control::each_expr(ir, cond.expr, &mut |id| {
        found |= match ir.kind(id) {
            ExprKind::Field(base, name) => name == "Valid" && names_it(base),
            ExprKind::Binary(_, a, b) => {
                let empty = |expr| match ir.kind(expr) {
                    ExprKind::Nil => true,
                    ExprKind::Str(text) => text.is_empty(),
                    _ => false,
                };
                (empty(b) && names_it(a)) || (empty(a) && names_it(b))
            }
            ExprKind::Unary(betwixt_facts::ir::UnaryOp::Not, inner) => names_it(inner),
            _ => false,
        };
    });
    found || matches!(ir.kind(cond.expr), ExprKind::Field(..)) && names_it(cond.expr)
}

/// Whether a condition compares sizes.
fn compares_size(context: &Context<'_>, cond: ExprRef) -> bool {
    use betwixt_facts::ir::BinaryOp;
    let ir = context.program.code.ir(cond.file);
    let mut found = false;
    betwixt_program::control::each_expr(ir, cond.expr, &mut |id| {
        found |= matches!(
            ir.kind(id),
            ExprKind::Binary(
                BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge,
                ..
            )
        );
    });
    found
}

/// Whether a condition asks for the row itself: `if (row)`, `if row != nil`, `exists`.
fn tests_whole(context: &Context<'_>, cond: ExprRef) -> bool {
    let ir = context.program.code.ir(cond.file);
    match ir.kind(cond.expr) {
        ExprKind::Local(_) => true,
        ExprKind::Unary(betwixt_facts::ir::UnaryOp::Not, inner) => {
            matches!(ir.kind(inner), ExprKind::Local(_))
        }
        // `if let Some(row) = row`.
        ExprKind::Binary(betwixt_facts::ir::BinaryOp::Matches, a, _) => {
            matches!(ir.kind(a), ExprKind::Local(_))
        }
        ExprKind::Binary(_, a, b) => {
            let is_nil = |expr| {
                matches!(ir.kind(expr), ExprKind::Nil)
                    || is_fixed(
                        context,
                        ExprRef {
                            file: cond.file,
                            expr,
                        },
                    )
            };
            (matches!(ir.kind(a), ExprKind::Local(_)) && is_nil(b))
                || (matches!(ir.kind(b), ExprKind::Local(_)) && is_nil(a))
        }
        _ => false,
    }
}

/// `throwIfExceedsLimit`, `checkQuota`, `ensureCapacity`.
fn is_limit_check(ir: &betwixt_facts::ir::Ir, call: betwixt_facts::ir::CallId) -> bool {
    let name = match ir.kind(ir.call(call).callee) {
        ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
        _ => return false,
    };
    let plain = crate::tenant::plain(name.rsplit("::").next().unwrap_or(name));
    ["limit", "quota", "exceed", "capacity", "maximum"]
        .iter()
        .any(|word| plain.contains(word))
}
