//! `INSERT`, `UPDATE`, `DELETE`, `MERGE`: targets, rows, assignments, conflicts.

use betwixt_base::Symbol;
use sqlparser::ast::{
    Assignment as AssignmentTree, AssignmentTarget, ConflictTarget, Delete, Expr,
    Insert as InsertTree, Merge, MergeAction, MergeInsertKind, MergeUpdateKind, ObjectName,
    OnConflict, OnConflictAction, OnInsert, Query, SelectItem, SetExpr, SqliteOnConflict,
    TableFactor, TableObject, Update, UpdateTableFromKind,
};

use super::lower::{Lowerer, ident, object_name};
use super::statement::{
    Assignment, Conflict, ConflictAction, Insert, Join, ScopeId, ScopeRole, TableUse, TableUseId,
    Value, Verb,
};

/// Rows of `VALUES` that are kept.
const MAX_ROWS: usize = 50;

impl Lowerer<'_> {
    fn set_verb(&mut self, scope: ScopeId, verb: Verb) {
        self.out.scopes[scope.0 as usize].verb = verb;
    }

    pub(super) fn insert(&mut self, insert: &InsertTree, scope: ScopeId) {
        self.set_verb(scope, Verb::Insert);
        let alias = insert.table_alias.as_ref().map(|alias| ident(&alias.alias));
        match &insert.table {
            TableObject::TableName(name) => self.insert_target(name, alias, scope),
            TableObject::TableFunction(function) => {
                self.insert_target(&function.name, alias, scope)
            }
            TableObject::TableQuery(query) => {
                self.subquery(query, scope, false);
            }
        }
        let mut columns: Vec<Symbol> = insert
            .columns
            .iter()
            .map(|name| object_name(name).1)
            .collect();
        let mut rows = Vec::new();
        let mut from_select = false;
        if !insert.assignments.is_empty() {
            rows.push(self.insert_set(&insert.assignments, &mut columns, scope));
        } else if let Some(source) = &insert.source {
            (rows, from_select) = self.insert_source(source, scope);
        }
        let is_first = self.out.insert.is_none();
        if is_first || scope == ScopeId(0) {
            self.out.insert = Some(Insert {
                scope,
                columns,
                rows,
                from_select,
            });
        }
        let conflict = self.conflict(insert, scope);
        if conflict.is_some() && (self.out.conflict.is_none() || scope == ScopeId(0)) {
            self.out.conflict = conflict;
        }
        self.returning(insert.returning.as_deref(), scope);
    }

    fn insert_target(&mut self, name: &ObjectName, alias: Option<Symbol>, scope: ScopeId) {
        let (schema, table) = object_name(name);
        let alias = alias.unwrap_or(table);
        self.push_table(TableUse {
            schema,
            name: table,
            alias,
            scope,
            cte: None,
            join: Join::From,
            is_target: true,
        });
    }

    /// MySQL's `INSERT INTO t SET a = 1`.
    fn insert_set(
        &mut self,
        assignments: &[AssignmentTree],
        columns: &mut Vec<Symbol>,
        scope: ScopeId,
    ) -> Vec<Value> {
        let mut row = Vec::new();
        for assignment in assignments {
            if let AssignmentTarget::ColumnName(name) = &assignment.target {
                columns.push(object_name(name).1);
                row.push(self.value(&assignment.value, scope));
            }
        }
        row
    }

    fn insert_source(&mut self, source: &Query, scope: ScopeId) -> (Vec<Vec<Value>>, bool) {
        match &*source.body {
            SetExpr::Values(_) if self.prepared.has_added_rows && scope == ScopeId(0) => {
                (Vec::new(), false)
            }
            SetExpr::Values(values) => {
                let rows = values
                    .rows
                    .iter()
                    .take(MAX_ROWS)
                    .map(|row| self.values(&row.content, scope))
                    .collect();
                (rows, false)
            }
            _ => {
                let block = self.new_scope(scope, ScopeRole::InsertSource, None);
                // The select does not see the table it fills.
                self.blocks[block.0 as usize].outer = None;
                self.query(source, block);
                (Vec::new(), true)
            }
        }
    }

    fn conflict(&mut self, insert: &InsertTree, scope: ScopeId) -> Option<Conflict> {
        let plain = |action| Conflict {
            target: Vec::new(),
            constraint: None,
            target_predicate: None,
            action,
        };
        match (&insert.on, &insert.or) {
            (Some(OnInsert::OnConflict(on)), _) => Some(self.on_conflict(on, scope)),
            (Some(OnInsert::DuplicateKeyUpdate(assignments)), _) => {
                assignments
                    .iter()
                    .for_each(|assignment| self.assignment(assignment, scope, true));
                Some(plain(ConflictAction::Update))
            }
            (_, Some(SqliteOnConflict::Ignore)) => Some(plain(ConflictAction::Nothing)),
            (_, Some(SqliteOnConflict::Replace)) => Some(plain(ConflictAction::Update)),
            _ if insert.ignore => Some(plain(ConflictAction::Nothing)),
            _ if insert.replace_into => Some(plain(ConflictAction::Update)),
            _ => None,
        }
    }

    fn on_conflict(&mut self, on: &OnConflict, scope: ScopeId) -> Conflict {
        let mut conflict = Conflict {
            target: Vec::new(),
            constraint: None,
            target_predicate: None,
            action: ConflictAction::Nothing,
        };
        match &on.conflict_target {
            Some(ConflictTarget::Columns(columns)) => {
                // Targets were put aside before parsing; a name says which one this is.
                let number = columns
                    .first()
                    .and_then(|name| name.value.strip_prefix("bwtarget_")?.parse::<usize>().ok());
                if let Some(target) = number.and_then(|number| self.prepared.targets.get(number)) {
                    conflict.target = target.columns.clone();
                    conflict.target_predicate = target.predicate;
                }
            }
            Some(ConflictTarget::OnConstraint(name)) => {
                conflict.constraint = Some(object_name(name).1)
            }
            None => {}
        }
        if let OnConflictAction::DoUpdate(update) = &on.action {
            conflict.action = ConflictAction::Update;
            update
                .assignments
                .iter()
                .for_each(|assignment| self.assignment(assignment, scope, true));
            if let Some(condition) = &update.selection {
                self.filter(condition, scope);
            }
        }
        conflict
    }

    pub(super) fn update(&mut self, update: &Update, scope: ScopeId) {
        self.set_verb(scope, Verb::Update);
        self.table_with_joins(&update.table, scope, true);
        if let Some(
            UpdateTableFromKind::BeforeSet(tables) | UpdateTableFromKind::AfterSet(tables),
        ) = &update.from
        {
            tables
                .iter()
                .for_each(|table| self.table_with_joins(table, scope, false));
        }
        update
            .assignments
            .iter()
            .for_each(|assignment| self.assignment(assignment, scope, false));
        if let Some(condition) = &update.selection {
            self.filter(condition, scope);
        }
        self.write_limit(update.limit.as_ref(), scope);
        self.returning(update.returning.as_deref(), scope);
    }

    pub(super) fn delete(&mut self, delete: &Delete, scope: ScopeId) {
        self.set_verb(scope, Verb::Delete);
        let tables = Self::from_tables(&delete.from);
        for (index, table) in tables.iter().enumerate() {
            self.table_with_joins(table, scope, index == 0 && delete.tables.is_empty());
        }
        for name in &delete.tables {
            // `DELETE a FROM t AS a JOIN …`
            let (_, name) = object_name(name);
            let named = self
                .out
                .tables
                .iter_mut()
                .find(|table| table.scope == scope && table.alias == name);
            named.into_iter().for_each(|table| table.is_target = true);
        }
        for table in delete.using.iter().flatten() {
            self.table_with_joins(table, scope, false);
        }
        if let Some(condition) = &delete.selection {
            self.filter(condition, scope);
        }
        self.write_limit(delete.limit.as_ref(), scope);
        self.returning(delete.returning.as_deref(), scope);
    }

    fn write_limit(&mut self, limit: Option<&Expr>, scope: ScopeId) {
        if let Some(limit) = limit {
            let value = self.value(limit, scope);
            if scope == ScopeId(0) {
                self.out.limit = Some(value);
            }
        }
    }

    fn returning(&mut self, items: Option<&[SelectItem]>, scope: ScopeId) {
        if let Some(items) = items {
            self.projection(items, scope);
        }
    }

    /// `MERGE` counts as an update of its target; what it inserts is kept too.
    pub(super) fn merge(&mut self, merge: &Merge, scope: ScopeId) {
        self.set_verb(scope, Verb::Update);
        if let TableFactor::Table { name, alias, .. } = &merge.table {
            self.named_table(name, alias.as_ref(), scope, Join::From, true);
        }
        let source = sqlparser::ast::TableWithJoins {
            relation: merge.source.clone(),
            joins: Vec::new(),
        };
        self.table_with_joins(&source, scope, false);
        self.join_condition(&merge.on, scope);
        for clause in &merge.clauses {
            match &clause.action {
                MergeAction::Update(update) => {
                    if let MergeUpdateKind::Set(assignments) = &update.kind {
                        assignments
                            .iter()
                            .for_each(|assignment| self.assignment(assignment, scope, false));
                    }
                }
                MergeAction::Insert(insert) => {
                    let columns = insert
                        .columns
                        .iter()
                        .map(|name| object_name(name).1)
                        .collect();
                    let rows = match &insert.kind {
                        MergeInsertKind::Values(values) => values
                            .rows
                            .iter()
                            .map(|row| self.values(&row.content, scope))
                            .collect(),
                        _ => Vec::new(),
                    };
                    self.out.insert = Some(Insert {
                        scope,
                        columns,
                        rows,
                        from_select: false,
                    });
                }
                MergeAction::Delete { .. } | MergeAction::DoNothing { .. } => {}
            }
        }
    }

    fn assignment(&mut self, assignment: &AssignmentTree, scope: ScopeId, in_conflict: bool) {
        let value = self.value(&assignment.value, scope);
        let (names, values): (Vec<Symbol>, Vec<Value>) = match &assignment.target {
            AssignmentTarget::ColumnName(name) => (vec![object_name(name).1], vec![value]),
            AssignmentTarget::Tuple(names) => {
                let values = match value {
                    Value::List(items) if items.len() == names.len() => items,
                    whole => vec![whole; names.len()],
                };
                (
                    names.iter().map(|name| object_name(name).1).collect(),
                    values,
                )
            }
        };
        let target = self.target_of(scope);
        for (column, value) in names.into_iter().zip(values) {
            if let (Value::Hole(hole), "?") = (&value, column.as_str()) {
                self.clause_hole(*hole, scope);
            }
            let is_relative = self.is_relative(&value, column, target);
            self.out.assignments.push(Assignment {
                scope,
                column,
                value,
                in_conflict,
                is_relative,
            });
        }
    }

    fn target_of(&self, scope: ScopeId) -> Option<TableUseId> {
        let sources = &self.blocks[scope.0 as usize].sources;
        sources
            .iter()
            .copied()
            .find(|table| self.out.tables[table.0 as usize].is_target)
    }

    /// Whether the new value is computed from the old one, by arithmetic or appending; `GREATEST(n, $1)` is not.
    fn is_relative(&self, value: &Value, column: Symbol, target: Option<TableUseId>) -> bool {
        let Value::Call(name, args) = value else {
            return false;
        };
        let computes = matches!(
            name.as_str(),
            "+" | "-" | "*" | "/" | "%" | "||" | "&" | "|" | "#" | "<<" | ">>"
        ) || matches!(
            name.as_str(),
            "array_append" | "array_prepend" | "array_cat" | "concat" | "plus" | "minus"
        );
        computes && args.iter().any(|arg| self.uses_old(arg, column, target))
            || args.iter().any(|arg| self.is_relative(arg, column, target))
    }

    fn uses_old(&self, value: &Value, column: Symbol, target: Option<TableUseId>) -> bool {
        match value {
            Value::Column(found) => {
                found.column == column
                    && (found.qualifier.is_none() || found.table.is_some() && found.table == target)
            }
            Value::Call(_, args) | Value::List(args) => {
                args.iter().any(|arg| self.uses_old(arg, column, target))
            }
            _ => false,
        }
    }
}
