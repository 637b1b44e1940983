//! The tables of a block: names, joins, derived tables, table functions.

use betwixt_base::Symbol;
use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, Join as JoinTree, JoinConstraint, JoinOperator,
    ObjectName, TableAlias, TableFactor, TableFunctionArgs, TableWithJoins,
};

use super::fill::hole_of;
use super::lower::{Lowerer, MAX_PARTS, ident, object_name};
use super::statement::{
    ColumnRef, Comparison, Join, JoinKind, Predicate, ScopeId, ScopeRole, TableUse, TableUseId,
    Value,
};

impl Lowerer<'_> {
    /// One item of `FROM` with its joins. `is_target` says that the first table is written to.
    pub(super) fn table_with_joins(
        &mut self,
        tables: &TableWithJoins,
        scope: ScopeId,
        is_target: bool,
    ) {
        let first = self.factor(&tables.relation, scope, Join::From, is_target);
        let mut left = first;
        for join in &tables.joins {
            let right = self.joined(join, scope, left);
            left = left.or(right);
        }
    }

    fn joined(
        &mut self,
        join: &JoinTree,
        scope: ScopeId,
        left: Option<TableUseId>,
    ) -> Option<TableUseId> {
        let (kind, constraint) = kind_of(&join.join_operator);
        let is_array = matches!(
            join.join_operator,
            JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin
        );
        let right = if is_array {
            self.out.is_clickhouse = true;
            self.array_join(&join.relation, scope)
        } else {
            self.factor(&join.relation, scope, Join::Joined(kind), false)
        };
        if let JoinOperator::AsOf {
            match_condition, ..
        } = &join.join_operator
        {
            self.join_condition(match_condition, scope);
        }
        match constraint {
            Some(JoinConstraint::On(condition)) => self.join_condition(condition, scope),
            Some(JoinConstraint::Using(columns)) => {
                columns
                    .iter()
                    .for_each(|column| self.using_column(column, scope, left, right));
            }
            _ => {}
        }
        right
    }

    fn using_column(
        &mut self,
        name: &ObjectName,
        scope: ScopeId,
        left: Option<TableUseId>,
        right: Option<TableUseId>,
    ) {
        let (_, column) = object_name(name);
        let side = |table| ColumnRef {
            table,
            qualifier: None,
            column,
        };
        self.out.predicates.push(Predicate {
            scope,
            column: side(left),
            op: Comparison::Eq,
            value: Value::Column(side(right)),
            is_conjunct: true,
            is_optional: false,
            in_join: true,
            wrapped_by: None,
        });
    }

    fn factor(
        &mut self,
        factor: &TableFactor,
        scope: ScopeId,
        join: Join,
        is_target: bool,
    ) -> Option<TableUseId> {
        self.deeper(|this| match factor {
            TableFactor::Table {
                name,
                alias,
                args: Some(args),
                ..
            } => this.function_source(name, args, alias.as_ref(), scope, join),
            TableFactor::Table { name, alias, .. } => {
                this.named_table(name, alias.as_ref(), scope, join, is_target)
            }
            TableFactor::Derived {
                subquery, alias, ..
            } => {
                let name = alias.as_ref().map(|alias| ident(&alias.name));
                let derived = this.new_scope(scope, ScopeRole::Derived, name);
                this.query(subquery, derived);
                Some(this.block_source(derived, alias.as_ref(), scope, join))
            }
            TableFactor::Function {
                name, args, alias, ..
            } => {
                let args = TableFunctionArgs {
                    args: args.clone(),
                    settings: None,
                };
                this.function_source(name, &args, alias.as_ref(), scope, join)
            }
            TableFactor::UNNEST {
                alias, array_exprs, ..
            } => this.unnest(array_exprs, alias.as_ref(), scope, join),
            TableFactor::NestedJoin {
                table_with_joins, ..
            } => {
                let before = this.out.tables.len();
                this.table_with_joins(table_with_joins, scope, is_target);
                (this.out.tables.len() > before).then_some(TableUseId(before as u16))
            }
            TableFactor::TableFunction { expr, alias } => {
                this.unnest(std::slice::from_ref(expr), alias.as_ref(), scope, join)
            }
            TableFactor::JsonTable {
                json_expr, alias, ..
            }
            | TableFactor::OpenJsonTable {
                json_expr, alias, ..
            } => this.unnest(std::slice::from_ref(json_expr), alias.as_ref(), scope, join),
            TableFactor::Pivot { table, .. }
            | TableFactor::Unpivot { table, .. }
            | TableFactor::MatchRecognize { table, .. } => {
                this.factor(table, scope, join, is_target)
            }
            _ => None,
        })
        .flatten()
    }

    pub(super) fn named_table(
        &mut self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        scope: ScopeId,
        join: Join,
        is_target: bool,
    ) -> Option<TableUseId> {
        let (schema, table) = object_name(name);
        let cte = if schema.is_none() && !is_target {
            self.cte_named(table)
        } else {
            None
        };
        let alias = match alias {
            Some(alias) => match hole_of(&alias.name.value) {
                // The hole is no alias but a clause: `FROM t {where}`.
                Some(Ok(hole)) => {
                    self.clause_hole(hole, scope);
                    table
                }
                _ => ident(&alias.name),
            },
            None => table,
        };
        self.push_table(TableUse {
            schema,
            name: table,
            alias,
            scope,
            cte,
            join,
            is_target,
        })
    }

    fn cte_named(&self, name: Symbol) -> Option<ScopeId> {
        self.ctes
            .iter()
            .rev()
            .find(|(cte, _)| *cte == name)
            .map(|(_, scope)| *scope)
    }

    pub(super) fn push_table(&mut self, table: TableUse) -> Option<TableUseId> {
        if self.out.tables.len() >= MAX_PARTS {
            return None;
        }
        let id = TableUseId(self.out.tables.len() as u16);
        self.blocks[table.scope.0 as usize].sources.push(id);
        self.out.tables.push(table);
        Some(id)
    }

    /// The use of a block as a table.
    fn block_source(
        &mut self,
        block: ScopeId,
        alias: Option<&TableAlias>,
        scope: ScopeId,
        join: Join,
    ) -> TableUseId {
        if let Some(alias) = alias {
            self.rename_columns(block, alias.columns.iter().map(|column| &column.name));
        }
        let name = alias.map(|alias| ident(&alias.name)).unwrap_or_default();
        let table = TableUse {
            schema: None,
            name,
            alias: name,
            scope,
            cte: Some(block),
            join,
            is_target: false,
        };
        self.push_table(table).unwrap_or(TableUseId(0))
    }

    fn function_source(
        &mut self,
        name: &ObjectName,
        args: &TableFunctionArgs,
        alias: Option<&TableAlias>,
        scope: ScopeId,
        join: Join,
    ) -> Option<TableUseId> {
        let (_, function) = object_name(name);
        let exprs: Vec<&Expr> = args.args.iter().filter_map(arg_expr).collect();
        let values = exprs.iter().map(|arg| self.value(arg, scope)).collect();
        let value = Value::Call(function, values);
        Some(self.row_source(vec![value], function, alias, scope, join))
    }

    fn unnest(
        &mut self,
        arrays: &[Expr],
        alias: Option<&TableAlias>,
        scope: ScopeId,
        join: Join,
    ) -> Option<TableUseId> {
        let function = Symbol::new("unnest");
        let values = arrays
            .iter()
            .map(|array| self.value(array, scope))
            .map(|value| Value::Call(function, vec![value]))
            .collect();
        Some(self.row_source(values, function, alias, scope, join))
    }

    /// A block for rows made by a function: columns are known where the alias names them.
    fn row_source(
        &mut self,
        mut values: Vec<Value>,
        function: Symbol,
        alias: Option<&TableAlias>,
        scope: ScopeId,
        join: Join,
    ) -> TableUseId {
        let name = alias.map_or(function, |alias| ident(&alias.name));
        let block = self.new_scope(scope, ScopeRole::Derived, Some(name));
        let names: Vec<&Ident> = alias
            .iter()
            .flat_map(|alias| alias.columns.iter().map(|column| &column.name))
            .collect();
        if names.len() > values.len() {
            values.resize(names.len(), Value::Other);
        }
        if block != scope {
            self.out.scopes[block.0 as usize].values = values;
            self.rename_columns(block, names.into_iter());
            if self.out.scopes[block.0 as usize].columns.is_empty() {
                self.out.scopes[block.0 as usize].values.clear();
            }
        }
        let table = TableUse {
            schema: None,
            name,
            alias: name,
            scope,
            cte: Some(block),
            join,
            is_target: false,
        };
        self.push_table(table).unwrap_or(TableUseId(0))
    }

    /// `ARRAY JOIN tags AS tag`: not a table.
    fn array_join(&mut self, relation: &TableFactor, scope: ScopeId) -> Option<TableUseId> {
        let TableFactor::Table { name, alias, .. } = relation else {
            return None;
        };
        let (_, array) = object_name(name);
        let value = Value::Column(self.column_ref(None, array, scope));
        Some(self.row_source(
            vec![value],
            array,
            alias.as_ref(),
            scope,
            Join::Joined(JoinKind::Cross),
        ))
    }
}

/// The expression of a function argument.
pub(super) fn arg_expr(arg: &FunctionArg) -> Option<&Expr> {
    let (FunctionArg::Named { arg, .. }
    | FunctionArg::ExprNamed { arg, .. }
    | FunctionArg::Unnamed(arg)) = arg;
    match arg {
        FunctionArgExpr::Expr(expr) => Some(expr),
        _ => None,
    }
}

fn kind_of(operator: &JoinOperator) -> (JoinKind, Option<&JoinConstraint>) {
    use JoinOperator as Op;
    match operator {
        Op::Join(on)
        | Op::Inner(on)
        | Op::StraightJoin(on)
        | Op::Semi(on)
        | Op::LeftSemi(on)
        | Op::RightSemi(on) => (JoinKind::Inner, Some(on)),
        Op::Left(on) | Op::LeftOuter(on) | Op::Anti(on) | Op::LeftAnti(on) => {
            (JoinKind::Left, Some(on))
        }
        Op::Right(on) | Op::RightOuter(on) | Op::RightAnti(on) => (JoinKind::Right, Some(on)),
        Op::FullOuter(on) => (JoinKind::Full, Some(on)),
        Op::CrossJoin(on) => (JoinKind::Cross, Some(on)),
        Op::AsOf { constraint, .. } => (JoinKind::Inner, Some(constraint)),
        Op::CrossApply | Op::ArrayJoin | Op::InnerArrayJoin => (JoinKind::Cross, None),
        Op::OuterApply | Op::LeftArrayJoin => (JoinKind::Left, None),
    }
}
