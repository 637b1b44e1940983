//! Which rows a value was made of: a backward walk inside one function that ends at the reads.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{BinaryOp, CallId, ExprId, ExprKind, Ir, StmtKind, UnaryOp};
use betwixt_program::flow::defs::DefinitionKind;
use betwixt_program::{CallSite, ExprRef};
use rustc_hash::FxHashSet;

use super::effects::Use;
use super::fate::last_name;
use super::{TableKey, read_tables};
use crate::detectors::Context;

/// A read whose result a value was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The call that reads: a statement, or a function that runs one.
    pub(crate) site: CallSite,
    /// The statement, where the call runs it itself.
    pub(crate) access: Option<usize>,
    /// The column or field of the row, where it is known.
    pub(crate) column: Option<Symbol>,
    /// What was made of it.
    pub(crate) made: Made,
}

/// What was made of a value on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Made {
    /// Nothing: it was passed on.
    Same,
    /// The result of some function of it.
    Derived,
    /// A sum, or a list or object with more in it.
    Changed,
}

impl Hit {
    /// Whether the read gives rows of a table.
    pub(crate) fn reads(&self, context: &Context<'_>, table: TableKey) -> bool {
        match self.access {
            Some(index) => {
                read_tables(&context.program.events.accesses[index]).any(|read| read == table)
            }
            None => context
                .behaviour()
                .effects_of_call(context.program, self.site)
                .any(|effects| effects.of(table).has(Use::READ)),
        }
    }

    /// Whether the value is that column; a whole row or an unknown column is not.
    pub(crate) fn is_column(&self, column: Symbol) -> bool {
        self.column
            .is_some_and(|known| super::same_name(known, column))
    }
}

const MAX_STEPS: u32 = 300;

/// The reads behind a value, inside the function it stands in.
pub(crate) fn reads_behind(context: &Context<'_>, at: ExprRef) -> Vec<Hit> {
    let ir = context.program.code.ir(at.file);
    let mut walk = Walk {
        context,
        ir,
        file: at.file,
        seen: FxHashSet::default(),
        pending: vec![(at.expr, None, Made::Same)],
        found: Vec::new(),
    };
    for _ in 0..MAX_STEPS {
        let Some(next) = walk.pending.pop() else {
            break;
        };
        if walk.seen.insert(next) {
            walk.step(next);
        }
    }
    walk.found
}

type Item = (ExprId, Option<Symbol>, Made);

struct Walk<'a> {
    context: &'a Context<'a>,
    ir: &'a Ir,
    file: FileId,
    seen: FxHashSet<Item>,
    pending: Vec<Item>,
    found: Vec<Hit>,
}

impl Walk<'_> {
    fn step(&mut self, (expr, column, made): Item) {
        let ir = self.ir;
        match ir.kind(expr) {
            ExprKind::Local(local) => self.local(local, column, made),
            ExprKind::Field(base, name) => self.pending.push((base, Some(name), made)),
            ExprKind::Call(call) => self.call(call, column, made),
            ExprKind::Index(base, _) | ExprKind::Project(base, _) | ExprKind::Cast(_, base) => {
                self.pending.push((base, column, made));
            }
            ExprKind::Unary(op, base) => {
                let made = if op == UnaryOp::Spread {
                    Made::Changed
                } else {
                    made
                };
                self.pending.push((base, column, made));
            }
            ExprKind::Binary(op, a, b) => {
                let sums = matches!(
                    op,
                    BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem
                );
                let made = if sums { Made::Changed } else { made };
                self.pending.push((a, column, made));
                self.pending.push((b, column, made));
            }
            ExprKind::Conditional(_, a, b) => {
                self.pending.push((a, column, made));
                self.pending.push((b, column, made));
            }
            ExprKind::List(list) | ExprKind::Concat(list) => {
                for &part in ir.expr_list(list) {
                    self.pending.push((part, None, made.max(Made::Derived)));
                }
            }
            ExprKind::Struct(_, entries) => {
                let entries = ir.entry_list(entries);
                let wanted = column.filter(|&name| {
                    entries
                        .iter()
                        .any(|entry| super::same_name(entry.name, name))
                });
                for entry in entries {
                    match wanted {
                        Some(name) if !super::same_name(entry.name, name) => {}
                        Some(_) => self.pending.push((entry.value, None, made)),
                        None if entry.name == "..." => {
                            self.pending.push((entry.value, column, Made::Changed));
                        }
                        None => self
                            .pending
                            .push((entry.value, None, made.max(Made::Derived))),
                    }
                }
            }
            _ => {}
        }
    }

    fn local(&mut self, local: betwixt_facts::ir::LocalId, column: Option<Symbol>, made: Made) {
        let flow = &self.context.program.flows[self.file.0 as usize];
        let grows = flow
            .definitions(local)
            .iter()
            .any(|definition| definition.how == DefinitionKind::Append);
        let made = if grows { Made::Changed } else { made };
        for scan in self.context.behaviour().scans(self.file, local) {
            self.scanned(scan.rows.expr, scan.column, column, made);
        }
        for definition in flow.definitions(local) {
            let is_part = definition.how == DefinitionKind::Part;
            if is_part && !self.is_wanted_part(definition.stmt, column) {
                continue;
            }
            let made = match definition.how {
                DefinitionKind::Assign => made,
                DefinitionKind::Append => Made::Changed,
                DefinitionKind::Part | DefinitionKind::Decoded | DefinitionKind::Element => {
                    made.max(Made::Derived)
                }
            };
            let column = if is_part { None } else { column };
            self.pending.push((definition.value, column, made));
        }
    }

    /// `x.f = v` says nothing about `x.g`.
    fn is_wanted_part(&self, stmt: betwixt_facts::ir::StmtId, column: Option<Symbol>) -> bool {
        let Some(wanted) = column else { return true };
        match self.ir.stmt(stmt).kind {
            StmtKind::Assign { target, .. } => match self.ir.kind(target) {
                ExprKind::Field(_, name) => super::same_name(name, wanted),
                _ => true,
            },
            _ => true,
        }
    }

    /// A variable filled by `Scan`: the column at its position.
    fn scanned(&mut self, rows: ExprId, position: usize, field: Option<Symbol>, made: Made) {
        let Some(site) = self.statement_call(rows, 0) else {
            return;
        };
        for &index in self.context.behaviour().accesses_at(site) {
            let access = &self.context.program.events.accesses[index];
            let projected = access.statement.projection.get(position);
            self.found.push(Hit {
                site,
                access: Some(index),
                column: projected.map(source_column).or(field),
                made,
            });
        }
    }

    /// The statement's call behind rows: the call itself, or what the variable was given.
    fn statement_call(&self, expr: ExprId, depth: u32) -> Option<CallSite> {
        if depth > 6 {
            return None;
        }
        match self.ir.kind(expr) {
            ExprKind::Call(call) => {
                let site = CallSite {
                    file: self.file,
                    call,
                };
                if !self.context.behaviour().accesses_at(site).is_empty() {
                    return Some(site);
                }
                match self.ir.kind(self.ir.call(call).callee) {
                    ExprKind::Field(receiver, _) => self.statement_call(receiver, depth + 1),
                    _ => None,
                }
            }
            ExprKind::Local(local) => {
                let flow = &self.context.program.flows[self.file.0 as usize];
                flow.definitions(local)
                    .iter()
                    .find_map(|definition| self.statement_call(definition.value, depth + 1))
            }
            ExprKind::Project(base, _) | ExprKind::Unary(_, base) | ExprKind::Cast(_, base) => {
                self.statement_call(base, depth + 1)
            }
            _ => None,
        }
    }

    fn call(&mut self, call: CallId, column: Option<Symbol>, made: Made) {
        let site = CallSite {
            file: self.file,
            call,
        };
        let program = self.context.program;
        let mut is_read = false;
        for &index in self.context.behaviour().accesses_at(site) {
            let access = &program.events.accesses[index];
            if !super::gives_rows(access) {
                continue;
            }
            is_read = true;
            let only = match access.statement.projection.as_slice() {
                [only] if only.name != "*" => Some(source_column(only)),
                _ => None,
            };
            self.found.push(Hit {
                site,
                access: Some(index),
                column: column.or(only),
                made,
            });
        }
        if is_read {
            return;
        }
        let reads = self
            .context
            .behaviour()
            .effects_of_call(program, site)
            .any(|effects| effects.tables.iter().any(|(_, how)| how.has(Use::READ)));
        if reads {
            self.found.push(Hit {
                site,
                access: None,
                column,
                made,
            });
        }
        let facts = self.ir.call(call);
        let passes_on = passes_on(self.ir, call);
        let made = match passes_on {
            true => made,
            false if adds(self.ir, call) => Made::Changed,
            false => made.max(Made::Derived),
        };
        for &arg in self.ir.expr_list(facts.args) {
            let inner = if passes_on { column } else { None };
            self.pending.push((arg, inner, made));
        }
        if let ExprKind::Field(receiver, _) = self.ir.kind(facts.callee) {
            self.pending.push((receiver, column, made));
        }
    }
}

/// The column behind an output column: `COALESCE(x, '') AS y` is `x`.
fn source_column(column: &betwixt_facts::sql::Projection) -> Symbol {
    fn inside(value: &betwixt_facts::sql::Value) -> Option<Symbol> {
        match value {
            betwixt_facts::sql::Value::Column(column) => Some(column.column),
            betwixt_facts::sql::Value::Call(_, args) => args.iter().find_map(inside),
            _ => None,
        }
    }
    inside(&column.value).unwrap_or(column.name)
}

/// Functions whose result is a sum, or a list with more or less in it.
fn adds(ir: &Ir, call: CallId) -> bool {
    let Some(last) = last_name(ir, call) else {
        return false;
    };
    matches!(
        last,
        "append"
            | "Add"
            | "Sub"
            | "Mul"
            | "Div"
            | "add"
            | "sub"
            | "plus"
            | "minus"
            | "concat"
            | "filter"
            | "map"
            | "merge"
            | "union"
            | "saturating_sub"
            | "saturating_add"
            | "checked_add"
            | "checked_sub"
            | "wrapping_add"
    )
}

/// Functions whose result is what they are given, in another form.
fn passes_on(ir: &Ir, call: CallId) -> bool {
    let Some(last) = last_name(ir, call) else {
        return false;
    };
    matches!(
        last,
        "String"
            | "string"
            | "toString"
            | "Number"
            | "int64"
            | "int"
            | "Some"
            | "Ok"
            | "clone"
            | "cloned"
            | "unwrap"
            | "unwrap_or"
            | "unwrap_or_default"
            | "ok_or"
            | "ok_or_else"
            | "map_err"
            | "expect"
            | "TrimSpace"
            | "ToLower"
            | "ToUpper"
            | "toLowerCase"
            | "trim"
            | "into"
            | "from"
            | "to_owned"
            | "to_string"
            | "await"
            | "context"
            | "as_str"
            | "as_ref"
            | "fetch_one"
            | "fetch_optional"
            | "fetch_all"
            | "one"
            | "all"
            | "all_or"
            | "first"
            | "get_result"
            | "parse"
            | "parseInt"
            | "at"
            | "pop"
            | "find"
            | "unwrap_or_else"
            | "then"
            | "catch"
    ) || (last.starts_with("to_") || last.starts_with("as_"))
}
