//! Putting a mapper's statement together.

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprId, ExprKind, FunctionIdx, StmtKind, UnaryOp};
use betwixt_facts::sql::{
    Assignment, ColumnRef, Comparison, Conflict, ConflictAction, Insert, Join, JoinKind, Predicate,
    Scope, ScopeId, ScopeRole, Statement, TableUse, TableUseId, Value, Verb,
};
use betwixt_rules::model::StatementModel;

use super::tables::TableName;
use super::{Reader, sql_verb};
use crate::flow::defs::DefinitionKind;
use crate::ids::ExprRef;

/// A statement under construction.
pub(super) struct Builder<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) statement: Statement,
    pub(super) params: Vec<Option<ExprRef>>,
    pub(super) is_opaque: bool,
    pub(super) is_conditional: bool,
    table: TableName,
}

impl<'a> Builder<'a> {
    pub(super) fn new(reader: &'a Reader<'a>, verb: &str, table: &TableName) -> Self {
        let root = ScopeId(0);
        let sql = sql_verb(verb);
        let insert = (sql == Verb::Insert).then(|| Insert {
            scope: root,
            columns: Vec::new(),
            rows: vec![Vec::new()],
            from_select: false,
        });
        let conflict = match verb {
            "upsert" => Some(ConflictAction::Update),
            "find-or-insert" => None,
            _ => None,
        };
        let statement = Statement {
            verb: sql,
            scopes: vec![Scope {
                parent: None,
                role: ScopeRole::Root,
                name: None,
                columns: Vec::new(),
                values: Vec::new(),
                verb: sql,
            }],
            clause_holes: Vec::new(),
            tables: vec![table_use(table.name, Join::From, sql != Verb::Select)],
            predicates: Vec::new(),
            assignments: Vec::new(),
            insert,
            conflict: conflict.map(|action| Conflict {
                target: Vec::new(),
                constraint: None,
                target_predicate: None,
                action,
            }),
            projection: Vec::new(),
            row_lock: false,
            skip_locked: false,
            advisory_lock: false,
            limit: None,
            n_params: 0,
            param_names: Vec::new(),
            is_clickhouse: false,
        };
        Self {
            reader,
            statement,
            params: Vec::new(),
            is_opaque: false,
            is_conditional: false,
            table: *table,
        }
    }

    pub(super) fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.reader.file,
            expr,
        }
    }

    /// A value of the program in the statement.
    pub(super) fn value(&mut self, at: ExprRef) -> Value {
        let ir = self.reader.resolver.code.ir(at.file);
        if matches!(ir.kind(at.expr), ExprKind::Nil) {
            return Value::Literal(Symbol::new("NULL"));
        }
        self.params.push(Some(at));
        self.statement.n_params = self.params.len() as u32;
        Value::Param(self.params.len() as u32 - 1)
    }

    /// The database's name of a column as code writes it.
    pub(super) fn column(&self, name: &str) -> Symbol {
        let bare = name.rsplit(['.', ':']).next().unwrap_or(name);
        let schema = self.reader.context.schema;
        match schema.table(self.table.id).column(Symbol::new(bare)) {
            Some(column) => column.name,
            None => Symbol::new(&super::snake(bare)),
        }
    }

    /// Adds `column op value`.
    pub(super) fn predicate(
        &mut self,
        column: Symbol,
        qualifier: Option<Symbol>,
        op: Comparison,
        value: Value,
        is_conjunct: bool,
    ) {
        let table = qualifier.is_none().then_some(TableUseId(0));
        self.statement.predicates.push(Predicate {
            scope: ScopeId(0),
            column: ColumnRef {
                table,
                qualifier,
                column,
            },
            op,
            value,
            is_conjunct,
            is_optional: false,
            in_join: false,
            wrapped_by: None,
        });
    }

    pub(super) fn by_key(&mut self, key: Option<ExprId>) {
        let Some(key) = key else { return };
        let schema = self.reader.context.schema;
        let table = schema.table(self.table.id);
        let primary = table.indexes.iter().find(|index| index.is_primary);
        let column = primary
            .and_then(|index| index.columns.last().copied())
            .unwrap_or_else(|| Symbol::new("id"));
        let value = self.value(self.at(key));
        self.predicate(column, None, Comparison::Eq, value, true);
    }

    pub(super) fn by_roles(&mut self, args: &[ExprId], roles: &[String], model: &StatementModel) {
        for (index, &arg) in args.iter().enumerate() {
            let Some(role) = roles.get(index).or(roles.last()) else {
                break;
            };
            match role.as_str() {
                "key" => self.by_key(Some(arg)),
                "filter" => self.filter(&[arg], model),
                "values" => self.values(None, &[arg]),
                "options" => self.options(Some(arg), model),
                _ => {}
            }
        }
    }

    /// `{ where: …, data: …, lock: … }`.
    pub(super) fn options(&mut self, options: Option<ExprId>, model: &StatementModel) {
        let Some(options) = options else { return };
        for entry in self.entries(self.at(options), 0) {
            let name = entry.0.as_str();
            if model.filters.iter().any(|known| known == name) {
                self.filter(&[entry.1.expr], model);
            } else if model.values.iter().any(|known| known == name) {
                self.values(None, &[entry.1.expr]);
            } else if model.conflicts.iter().any(|known| known == name) {
                self.conflict(name);
            } else if model.locks.iter().any(|known| known == name) {
                self.statement.row_lock = true;
            }
        }
    }

    /// Named parts of a literal, through locals and spreads; opaque where it cannot be read.
    pub(super) fn entries(&mut self, at: ExprRef, depth: u32) -> Vec<(Symbol, ExprRef)> {
        let resolver = self.reader.resolver;
        let ir = resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        if depth > 6 {
            self.is_opaque = true;
            return Vec::new();
        }
        match ir.kind(super::super::chain::peel(ir, at.expr)) {
            ExprKind::Struct(_, entries) => {
                let mut found = Vec::new();
                for entry in ir.entry_list(entries) {
                    if entry.name == "..." {
                        found.extend(self.entries(to(entry.value), depth + 1));
                    } else {
                        found.push((entry.name, to(entry.value)));
                    }
                }
                found
            }
            ExprKind::Conditional(_, a, b) => {
                self.is_conditional = true;
                let mut found = self.entries(to(a), depth + 1);
                found.extend(self.entries(to(b), depth + 1));
                found
            }
            ExprKind::Binary(_, _, b) => {
                self.is_conditional = true;
                self.entries(to(b), depth + 1)
            }
            ExprKind::Cast(_, inner) | ExprKind::Unary(UnaryOp::Spread, inner) => {
                self.entries(to(inner), depth + 1)
            }
            ExprKind::Local(local) => {
                let definitions = resolver.flows[at.file.0 as usize]
                    .definitions(local)
                    .to_vec();
                let mut found = Vec::new();
                for definition in &definitions {
                    if definition.how == DefinitionKind::Assign {
                        found.extend(self.entries(to(definition.value), depth + 1));
                    }
                }
                for store in &resolver.flows[at.file.0 as usize].field_stores {
                    if store.base.is_some_and(
                        |base| matches!(ir.kind(base), ExprKind::Local(l) if l == local),
                    ) {
                        found.push((store.name, to(store.value)));
                    }
                }
                if definitions.is_empty() {
                    self.opaque(at);
                }
                found
            }
            ExprKind::Nil | ExprKind::Bool(_) => Vec::new(),
            _ => {
                self.opaque(at);
                Vec::new()
            }
        }
    }

    /// A filter that cannot be read: kept as a value without a column, so that its ingredients can be asked for.
    pub(super) fn opaque(&mut self, at: ExprRef) {
        self.is_opaque = true;
        let value = self.value(at);
        self.predicate(Symbol::new("?"), None, Comparison::Other, value, true);
    }

    /// Written values: an object, a list of objects, or one value for a column.
    pub(super) fn values(&mut self, column: Option<Symbol>, args: &[ExprId]) {
        let Some(&arg) = args.first() else { return };
        match column {
            Some(column) => {
                let value = self.value(self.at(arg));
                self.assign(column, value, false);
            }
            None => self.value_object(self.at(arg), 0),
        }
    }

    fn value_object(&mut self, at: ExprRef, depth: u32) {
        let ir = self.reader.resolver.code.ir(at.file);
        if let ExprKind::List(items) = ir.kind(at.expr) {
            if let Some(&first) = ir.expr_list(items).first()
                && depth < 3
            {
                self.value_object(
                    ExprRef {
                        file: at.file,
                        expr: first,
                    },
                    depth + 1,
                );
            }
            return;
        }
        if depth < 3
            && let Some(row) = self.row_of(at, 0)
        {
            self.value_object(row, depth + 1);
            return;
        }
        let was_opaque = self.is_opaque;
        let n_predicates = self.statement.predicates.len();
        let entries = self.entries(at, 0);
        // Unreadable values say nothing about the filter.
        self.is_opaque = was_opaque;
        self.statement.predicates.truncate(n_predicates);
        for (name, value) in entries {
            let ir = self.reader.resolver.code.ir(value.file);
            let is_relative = match ir.kind(value.expr) {
                ExprKind::Struct(_, parts) => ir.entry_list(parts).iter().any(|part| {
                    matches!(
                        part.name.as_str(),
                        "increment" | "decrement" | "multiply" | "$inc"
                    )
                }),
                _ => false,
            };
            let column = self.column(name.as_str());
            let value = self.value(value);
            self.assign(column, value, is_relative);
        }
    }

    /// One row of a list that is made in code: what `ids.map((id) => ({ … }))` returns, what is appended.
    fn row_of(&self, at: ExprRef, depth: u32) -> Option<ExprRef> {
        const SAME_ROWS: &[&str] = &[
            "collect",
            "filter",
            "slice",
            "to_vec",
            "into_iter",
            "iter",
            "cloned",
            "clone",
            "flat",
            "unique_by",
            "unique",
            "as_slice",
            "values",
        ];
        const MADE_ROWS: &[&str] = &["map", "flatMap", "filter_map", "flat_map", "Map", "FlatMap"];
        if depth > 5 {
            return None;
        }
        let ir = self.reader.resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(super::super::chain::peel(ir, at.expr)) {
            ExprKind::List(items) => ir.expr_list(items).first().map(|&item| to(item)),
            ExprKind::Unary(UnaryOp::Ref | UnaryOp::Spread, inner) => {
                self.row_of(to(inner), depth + 1)
            }
            ExprKind::Call(call) => {
                let call = ir.call(call);
                let args = ir.expr_list(call.args);
                match ir.kind(call.callee) {
                    ExprKind::Field(_, method) if MADE_ROWS.contains(&method.as_str()) => {
                        let closure = args.iter().find_map(|&arg| match ir.kind(arg) {
                            ExprKind::Closure(idx) => Some(idx),
                            _ => None,
                        })?;
                        self.returned_by(at, closure)
                    }
                    ExprKind::Field(list, method) if SAME_ROWS.contains(&method.as_str()) => {
                        self.row_of(to(list), depth + 1)
                    }
                    ExprKind::Name(name) if name == "append" => args.get(1).map(|&row| to(row)),
                    _ => None,
                }
            }
            ExprKind::Local(local) => self.reader.resolver.flows[at.file.0 as usize]
                .definitions(local)
                .iter()
                .find_map(|known| match known.how {
                    DefinitionKind::Assign => self.row_of(to(known.value), depth + 1),
                    _ => None,
                }),
            _ => None,
        }
    }

    /// The first value a closure of the file returns, out of `Some(…)` and `Ok(…)`.
    fn returned_by(&self, at: ExprRef, idx: FunctionIdx) -> Option<ExprRef> {
        let ir = self.reader.resolver.code.ir(at.file);
        let returns = &self.reader.resolver.flows[at.file.0 as usize].returns[idx.index()];
        let value = returns.iter().find_map(|&stmt| match ir.stmt(stmt).kind {
            StmtKind::Return(values) => ir.expr_list(values).first().copied(),
            _ => None,
        })?;
        let value = match ir.kind(value) {
            ExprKind::Call(call) if matches!(ir.kind(ir.call(call).callee), ExprKind::Name(name) if name == "Some" || name == "Ok") => {
                *ir.expr_list(ir.call(call).args).first()?
            }
            _ => value,
        };
        Some(ExprRef {
            file: at.file,
            expr: value,
        })
    }

    fn assign(&mut self, column: Symbol, value: Value, is_relative: bool) {
        match &mut self.statement.insert {
            Some(insert) => {
                insert.columns.push(column);
                if let Some(row) = insert.rows.first_mut() {
                    row.push(value);
                }
            }
            None => self.statement.assignments.push(Assignment {
                scope: ScopeId(0),
                column,
                value,
                in_conflict: false,
                is_relative,
            }),
        }
    }

    pub(super) fn conflict(&mut self, name: &str) {
        let lower = name.to_ascii_lowercase();
        let action =
            if lower.contains("nothing") || lower.contains("skip") || lower.contains("ignore") {
                ConflictAction::Nothing
            } else {
                ConflictAction::Update
            };
        self.statement.conflict = Some(Conflict {
            target: Vec::new(),
            constraint: None,
            target_predicate: None,
            action,
        });
    }

    /// `innerJoin('t', 't.a', 'u.b')`, `innerJoin(t, eq(t.a, u.b))`.
    pub(super) fn join(&mut self, args: &[ExprId]) {
        let ir = self.reader.resolver.code.ir(self.reader.file);
        let Some(&first) = args.first() else { return };
        let name = match ir.kind(first) {
            ExprKind::Str(name) => name,
            ExprKind::Name(name) | ExprKind::Field(_, name) => name,
            _ => return,
        };
        let mut words = name.as_str().split_whitespace();
        let table = words.next().unwrap_or_default();
        let alias = words.last().unwrap_or(table);
        let mut joined = table_use(Symbol::new(table), Join::Joined(JoinKind::Inner), false);
        joined.alias = Symbol::new(alias);
        self.statement.tables.push(joined);
        if let (Some(&left), Some(&right)) = (args.get(1), args.get(2))
            && let (ExprKind::Str(left), ExprKind::Str(right)) = (ir.kind(left), ir.kind(right))
        {
            let (left, right) = (self.qualified(left), self.qualified(right));
            self.statement.predicates.push(Predicate {
                scope: ScopeId(0),
                column: left,
                op: Comparison::Eq,
                value: Value::Column(right),
                is_conjunct: true,
                is_optional: false,
                in_join: true,
                wrapped_by: None,
            });
        }
    }

    /// `t.c` as a column of the table use with that name.
    pub(super) fn qualified(&self, name: Symbol) -> ColumnRef {
        match name.as_str().rsplit_once('.') {
            Some((qualifier, column)) => {
                let qualifier = qualifier.rsplit('.').next().unwrap_or(qualifier);
                let table = self
                    .statement
                    .tables
                    .iter()
                    .position(|table| table.alias.as_str() == qualifier);
                ColumnRef {
                    table: table.map(|index| TableUseId(index as u16)),
                    qualifier: Some(Symbol::new(qualifier)),
                    column: Symbol::new(column),
                }
            }
            None => ColumnRef {
                table: None,
                qualifier: None,
                column: name,
            },
        }
    }
}

fn table_use(name: Symbol, join: Join, is_target: bool) -> TableUse {
    TableUse {
        schema: None,
        name,
        alias: name,
        scope: ScopeId(0),
        cte: None,
        join,
        is_target,
    }
}
