//! sqlparser's tree to a [`Statement`]: blocks, their tables, and what is written to them.
//!
//! Conditions are lowered in `condition`, values in `value`. Depth is bounded; what lies deeper is `Other`.

use betwixt_base::Symbol;
use sqlparser::ast::{
    Cte, Expr, FromTable, Ident, LimitClause, LockClause, NonBlock, ObjectName, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement as Tree,
};

use super::fill::{Fill, Prepared, hole_of, without_holes};
use super::normal::lower_symbol;
use super::statement::{
    ClauseHole, Projection, Scope, ScopeId, ScopeRole, Statement, TableUseId, Value, Verb,
};

/// Deepest nesting that is lowered.
const MAX_DEPTH: u32 = 200;
/// Most blocks and table uses of one statement; the rest is dropped.
pub(super) const MAX_PARTS: usize = 10_000;

/// What is known while one statement is lowered.
pub(super) struct Lowerer<'a> {
    pub(super) out: Statement,
    pub(super) prepared: &'a Prepared,
    /// Per block: tables and functions it reads, and the block whose columns it sees besides its own.
    pub(super) blocks: Vec<Block>,
    /// CTE names in sight, innermost last.
    pub(super) ctes: Vec<(Symbol, ScopeId)>,
    pub(super) depth: u32,
}

/// What name resolution needs of a block.
#[derive(Default)]
pub(super) struct Block {
    pub(super) sources: Vec<TableUseId>,
    pub(super) outer: Option<ScopeId>,
}

/// Lowers one parsed statement.
pub(super) fn lower(tree: &Tree, prepared: &Prepared, choices: &[usize]) -> Statement {
    let mut lowerer = Lowerer {
        out: empty_statement(Verb::Select),
        prepared,
        blocks: vec![Block::default()],
        ctes: Vec::new(),
        depth: 0,
    };
    let root = ScopeId(0);
    lowerer.statement(tree, root);
    for (hole, fill) in prepared.fills(choices) {
        if matches!(fill, Fill::Nothing | Fill::Join | Fill::Cte) {
            lowerer
                .out
                .clause_holes
                .push(ClauseHole { hole, scope: root });
        }
    }
    let mut out = lowerer.out;
    out.clause_holes.sort_by_key(|hole| hole.hole);
    out.clause_holes.dedup_by_key(|hole| hole.hole);
    out.verb = out.scopes[0].verb;
    out.n_params = prepared.n_params;
    out.param_names = prepared.param_names.clone();
    out.is_clickhouse |= prepared.is_clickhouse;
    out
}

/// A statement that names nothing.
pub(super) fn empty_statement(verb: Verb) -> Statement {
    let root = Scope {
        parent: None,
        role: ScopeRole::Root,
        name: None,
        columns: Vec::new(),
        values: Vec::new(),
        verb,
    };
    Statement {
        verb,
        scopes: vec![root],
        tables: Vec::new(),
        predicates: Vec::new(),
        assignments: Vec::new(),
        insert: None,
        conflict: None,
        projection: Vec::new(),
        row_lock: false,
        skip_locked: false,
        advisory_lock: false,
        limit: None,
        n_params: 0,
        param_names: Vec::new(),
        clause_holes: Vec::new(),
        is_clickhouse: false,
    }
}

/// The name of an identifier: lower case unless quoted, `?` for holes.
pub(super) fn ident(ident: &Ident) -> Symbol {
    let text: &str = &ident.value;
    let symbol = if ident.quote_style.is_some() {
        Symbol::new(text)
    } else {
        lower_symbol(text)
    };
    if hole_of(text).is_some() {
        Symbol::new(&without_holes(symbol.as_str()))
    } else {
        symbol
    }
}

/// The last part of a dotted name, and the one before it.
pub(super) fn object_name(name: &ObjectName) -> (Option<Symbol>, Symbol) {
    let mut parts = name
        .0
        .iter()
        .rev()
        .filter_map(|part| part.as_ident())
        .map(ident);
    let last = parts.next().unwrap_or_default();
    (parts.next(), last)
}

impl Lowerer<'_> {
    /// Runs `lower` one level deeper; `None` when that is too deep.
    pub(super) fn deeper<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let result = lower(self);
        self.depth -= 1;
        Some(result)
    }

    /// Adds a block inside `parent`.
    pub(super) fn new_scope(
        &mut self,
        parent: ScopeId,
        role: ScopeRole,
        name: Option<Symbol>,
    ) -> ScopeId {
        if self.out.scopes.len() >= MAX_PARTS {
            return parent;
        }
        let id = ScopeId(self.out.scopes.len() as u16);
        let outer = match role {
            // A branch of a union does not see the tables of the first branch.
            ScopeRole::SetOperand => self.blocks[parent.0 as usize].outer,
            _ => Some(parent),
        };
        self.out.scopes.push(Scope {
            parent: Some(parent),
            role,
            name,
            columns: Vec::new(),
            values: Vec::new(),
            verb: Verb::Select,
        });
        self.blocks.push(Block {
            sources: Vec::new(),
            outer,
        });
        id
    }

    /// Records a hole that stands for a clause or condition of `scope`.
    pub(super) fn clause_hole(&mut self, hole: u32, scope: ScopeId) {
        self.out.clause_holes.push(ClauseHole { hole, scope });
    }

    pub(super) fn statement(&mut self, tree: &Tree, scope: ScopeId) {
        match tree {
            Tree::Query(query) => self.query(query, scope),
            Tree::Insert(insert) => self.insert(insert, scope),
            Tree::Update(update) => self.update(update, scope),
            Tree::Delete(delete) => self.delete(delete, scope),
            Tree::Merge(merge) => self.merge(merge, scope),
            _ => self.out.scopes[scope.0 as usize].verb = Verb::Other,
        }
    }

    /// A query into the block `scope`.
    pub(super) fn query(&mut self, query: &Query, scope: ScopeId) {
        let n_ctes = self.ctes.len();
        self.deeper(|this| {
            if let Some(with) = &query.with {
                with.cte_tables
                    .iter()
                    .for_each(|cte| this.cte(cte, scope, with.recursive));
            }
            this.set_expr(&query.body, scope);
            this.locks(&query.locks);
            this.limit(query, scope);
        });
        self.ctes.truncate(n_ctes);
    }

    fn cte(&mut self, cte: &Cte, parent: ScopeId, recursive: bool) {
        let name = ident(&cte.alias.name);
        let scope = self.new_scope(parent, ScopeRole::Cte, Some(name));
        // A CTE sees nothing of the block it is written in.
        self.blocks[scope.0 as usize].outer = self.blocks[parent.0 as usize].outer;
        if recursive {
            self.ctes.push((name, scope));
        }
        self.query(&cte.query, scope);
        if !recursive {
            self.ctes.push((name, scope));
        }
        self.rename_columns(scope, cte.alias.columns.iter().map(|column| &column.name));
    }

    /// `AS name(a, b)`.
    pub(super) fn rename_columns<'a>(
        &mut self,
        scope: ScopeId,
        names: impl Iterator<Item = &'a Ident>,
    ) {
        let names: Vec<Symbol> = names.map(ident).collect();
        if !names.is_empty() {
            let scope = &mut self.out.scopes[scope.0 as usize];
            scope.values.resize(names.len(), Value::Other);
            scope.columns = names;
        }
    }

    fn locks(&mut self, locks: &[LockClause]) {
        self.out.row_lock |= !locks.is_empty();
        self.out.skip_locked |= locks
            .iter()
            .any(|lock| lock.nonblock == Some(NonBlock::SkipLocked));
    }

    fn limit(&mut self, query: &Query, scope: ScopeId) {
        let limit = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, .. }) => limit.as_ref(),
            Some(LimitClause::OffsetCommaLimit { limit, .. }) => Some(limit),
            None => None,
        };
        let fetch = query
            .fetch
            .as_ref()
            .and_then(|fetch| fetch.quantity.as_ref());
        if let Some(limit) = limit.or(fetch) {
            let value = self.value(limit, scope);
            if scope == ScopeId(0) {
                self.out.limit = Some(value);
            }
        }
    }

    fn set_expr(&mut self, body: &SetExpr, scope: ScopeId) {
        // Chains of unions lean to the left and can be long.
        let mut first = body;
        let mut others = Vec::new();
        while let SetExpr::SetOperation { left, right, .. } = first {
            others.push(right);
            first = left;
        }
        self.set_branch(first, scope);
        for branch in others.into_iter().rev() {
            let operand = self.new_scope(scope, ScopeRole::SetOperand, None);
            self.deeper(|this| this.set_expr(branch, operand));
        }
    }

    fn set_branch(&mut self, body: &SetExpr, scope: ScopeId) {
        match body {
            SetExpr::Select(select) => self.select(select, scope),
            SetExpr::Query(query) => self.query(query, scope),
            SetExpr::Values(values) => self.values_block(
                &values
                    .rows
                    .iter()
                    .map(|row| &row.content)
                    .collect::<Vec<_>>(),
                scope,
            ),
            SetExpr::Insert(tree)
            | SetExpr::Update(tree)
            | SetExpr::Delete(tree)
            | SetExpr::Merge(tree) => {
                self.statement(tree, scope);
            }
            SetExpr::SetOperation { .. } | SetExpr::Table(_) => {}
        }
    }

    /// `VALUES (…), (…)` as a block: each column is its one value, or the list of them.
    fn values_block(&mut self, rows: &[&Vec<Expr>], scope: ScopeId) {
        let columns: Vec<Value> = match rows {
            [row] => row.iter().map(|value| self.value(value, scope)).collect(),
            rows => {
                let width = rows.first().map_or(0, |row| row.len());
                let mut columns = vec![Vec::new(); width];
                for row in rows.iter().take(50) {
                    for (column, value) in columns.iter_mut().zip(row.iter()) {
                        column.push(self.value(value, scope));
                    }
                }
                columns.into_iter().map(Value::List).collect()
            }
        };
        let scope = &mut self.out.scopes[scope.0 as usize];
        scope.columns = (1..=columns.len())
            .map(|number| Symbol::new(&format!("column{number}")))
            .collect();
        scope.values = columns;
    }

    fn select(&mut self, select: &Select, scope: ScopeId) {
        for table in &select.from {
            self.table_with_joins(table, scope, false);
        }
        for condition in [
            &select.prewhere,
            &select.selection,
            &select.having,
            &select.qualify,
        ]
        .into_iter()
        .flatten()
        {
            self.filter(condition, scope);
        }
        self.out.is_clickhouse |= select.prewhere.is_some();
        self.projection(&select.projection, scope);
    }

    /// A select list or `RETURNING`.
    pub(super) fn projection(&mut self, items: &[SelectItem], scope: ScopeId) {
        let mut projection = Vec::with_capacity(items.len());
        for item in items {
            let (name, value) = match item {
                SelectItem::UnnamedExpr(expr) => (None, self.value(expr, scope)),
                SelectItem::ExprWithAlias { expr, alias } => {
                    (Some(ident(alias)), self.value(expr, scope))
                }
                SelectItem::ExprWithAliases { expr, .. } => (None, self.value(expr, scope)),
                SelectItem::Wildcard(_) => (Some(Symbol::new("*")), Value::Other),
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(table),
                    _,
                ) => (Some(Symbol::new("*")), self.star_of(table, scope)),
                SelectItem::QualifiedWildcard(..) => (Some(Symbol::new("*")), Value::Other),
            };
            if let (Value::Hole(hole), None) = (&value, name) {
                self.clause_hole(*hole, scope);
            }
            let name = name.unwrap_or_else(|| output_name(&value));
            projection.push(Projection { name, value });
        }
        let block = &mut self.out.scopes[scope.0 as usize];
        block.columns = projection.iter().map(|item| item.name).collect();
        block.values = projection.iter().map(|item| item.value.clone()).collect();
        if scope == ScopeId(0) {
            self.out.projection = projection;
        }
    }

    fn star_of(&self, table: &ObjectName, scope: ScopeId) -> Value {
        let (_, qualifier) = object_name(table);
        Value::Column(self.column_ref(Some(qualifier), Symbol::new("*"), scope))
    }

    pub(super) fn from_tables(from: &FromTable) -> &[sqlparser::ast::TableWithJoins] {
        match from {
            FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables) => tables,
        }
    }
}

/// The name a database gives an output column without alias.
fn output_name(value: &Value) -> Symbol {
    match value {
        Value::Column(column) => column.column,
        Value::Hole(_) => Symbol::new("?"),
        Value::Call(name, args) if *name == "cast" => {
            args.first().map_or_else(Symbol::default, output_name)
        }
        Value::Call(name, _) => *name,
        _ => Symbol::default(),
    }
}
