//! `INSERT`, `UPDATE`, `DELETE`: values against columns.

use betwixt_base::Symbol;
use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Insert, ObjectName, OnInsert, Query,
    SelectItem, SetExpr, TableFactor, TableObject, Update, UpdateTableFromKind,
};

use super::expression::Node;
use super::query::{Checker, Outputs};
use super::scope::{Level, Relation};
use super::types::Ty;
use super::{CatalogTable, ComplaintKind, Found};
use crate::sql::fill::hole_of;
use crate::sql::lower::{ident, object_name};

/// The columns a statement writes to, as far as they are known.
struct Target<'c> {
    table: Option<CatalogTable<'c>>,
    relation: Relation,
}

impl Target<'_> {
    fn column(&self, name: Symbol) -> Option<Ty> {
        let known = self.relation.columns.iter().find(|known| known.0 == name);
        known.map(|known| known.1)
    }
}

impl<'a> Checker<'a> {
    /// The table a statement writes to; a CTE is never meant.
    fn target(&mut self, name: &ObjectName, alias: Option<Symbol>) -> Target<'a> {
        let (schema, table) = object_name(name);
        let catalog: &'a dyn super::Catalog = self.catalog;
        let found = match catalog.table(schema, table) {
            Found::Table(found) => Some(found),
            _ => None,
        };
        let ctes = std::mem::take(&mut self.ctes);
        let mut relation = self.named(name, None);
        self.ctes = ctes;
        relation.alias = alias.unwrap_or(table);
        Target {
            table: found,
            relation,
        }
    }

    /// `INSERT`; gives what it returns.
    pub(super) fn insert(&mut self, insert: &Insert) -> Outputs {
        let TableObject::TableName(name) = &insert.table else {
            self.is_partial = true;
            return open();
        };
        let alias = insert.table_alias.as_ref().map(|alias| ident(&alias.alias));
        let target = self.target(name, alias);
        let written: Vec<Symbol> = insert
            .columns
            .iter()
            .map(|name| object_name(name).1)
            .collect();
        for (n, column) in written.iter().enumerate() {
            self.written_column(&target, *column);
            self.repeated(&written[..n], *column, "column specified more than once");
        }
        let has_hole = written.iter().any(|name| name.as_str().contains('?'));
        if !has_hole && let Some(source) = &insert.source {
            self.rows(source, &written, &target);
        } else if insert.source.is_some() {
            self.is_partial = true;
        }
        if !has_hole {
            self.required(&written, &target, insert.source.is_some());
        }
        self.levels.push(Level {
            relations: vec![target.relation.clone()],
            ..Level::default()
        });
        if let Some(OnInsert::OnConflict(on)) = &insert.on {
            self.on_conflict(on, &target.table, &target.relation);
        }
        let outputs = self.returning(insert.returning.as_deref());
        self.levels.pop();
        outputs
    }

    fn written_column(&mut self, target: &Target<'_>, column: Symbol) {
        let is_known = target.column(column).is_some() || target.relation.is_open;
        if !is_known && !column.as_str().contains('?') {
            let says = format!(
                "column \"{column}\" of relation \"{}\" does not exist",
                target.relation.alias
            );
            let tables = target.relation.table.into_iter().collect();
            self.complain(
                ComplaintKind::UnknownColumn,
                says,
                column.to_string(),
                tables,
            );
        }
    }

    fn repeated(&mut self, before: &[Symbol], column: Symbol, how: &str) {
        if before.contains(&column) && !column.as_str().contains('?') {
            self.complain(
                ComplaintKind::RepeatedColumn,
                format!("\"{column}\": {how}"),
                column.to_string(),
                Vec::new(),
            );
        }
    }

    /// The columns values go to, in order: the written ones, or all.
    fn columns_for(written: &[Symbol], target: &Target<'_>) -> Vec<(Symbol, Ty)> {
        if written.is_empty() {
            return target.relation.columns.clone();
        }
        let with_type = |name: &Symbol| (*name, target.column(*name).unwrap_or(Ty::Any));
        written.iter().map(with_type).collect()
    }

    fn rows(&mut self, source: &Query, written: &[Symbol], target: &Target<'_>) {
        let columns = Self::columns_for(written, target);
        let is_known = !written.is_empty() || !target.relation.is_open;
        match &*source.body {
            SetExpr::Values(values) if source.with.is_none() => {
                if self.prepared.has_added_rows {
                    self.is_partial = true;
                    return;
                }
                for row in &values.rows {
                    self.count(row.content.len(), written, &columns, is_known, target);
                    self.row(&row.content, &columns, target);
                }
            }
            _ => {
                let outputs = self.query(source);
                if outputs.is_open {
                    self.resolve(outputs);
                    return;
                }
                self.count(outputs.columns.len(), written, &columns, is_known, target);
                for (n, output) in outputs.columns.iter().enumerate() {
                    match columns.get(n) {
                        Some((name, ty)) => {
                            self.store(&output.node, *name, *ty, target.relation.table);
                        }
                        None => self.give_up(&output.node),
                    }
                }
            }
        }
    }

    fn count(
        &mut self,
        n_values: usize,
        written: &[Symbol],
        columns: &[(Symbol, Ty)],
        is_known: bool,
        target: &Target<'_>,
    ) {
        let n_columns = columns.len();
        let is_wrong = n_values > n_columns || !written.is_empty() && n_values < n_columns;
        if !is_known || !is_wrong {
            return;
        }
        let says = if n_values > n_columns {
            "INSERT has more expressions than target columns"
        } else {
            "INSERT has more target columns than expressions"
        };
        self.complain(
            ComplaintKind::InsertArity,
            format!("{says}: {n_columns} columns, {n_values} values"),
            target.relation.alias.to_string(),
            target.relation.table.into_iter().collect(),
        );
    }

    /// All values are read before the first is stored.
    fn row(&mut self, row: &[Expr], columns: &[(Symbol, Ty)], target: &Target<'_>) {
        let nodes: Vec<Option<Node>> = row
            .iter()
            .map(|value| (!is_default(value)).then(|| self.expr(value)))
            .collect();
        for (n, node) in nodes.iter().enumerate() {
            let Some(node) = node else { continue };
            match columns.get(n) {
                Some((name, ty)) => self.store(node, *name, *ty, target.relation.table),
                None => self.give_up(node),
            }
        }
    }

    /// Columns that must have a value and get none.
    fn required(&mut self, written: &[Symbol], target: &Target<'_>, has_rows: bool) {
        let Some(table) = target
            .table
            .filter(|table| !table.is_open && table.has_types)
        else {
            return;
        };
        if written.is_empty() || !has_rows {
            return;
        }
        let missing: Vec<String> = table
            .columns
            .iter()
            .filter(|column| column.not_null && !column.has_default)
            .filter(|column| !written.contains(&column.name))
            .map(|column| column.name.to_string())
            .collect();
        if !missing.is_empty() {
            self.complain(
                ComplaintKind::MissingRequired,
                format!(
                    "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                    missing.join("\", \""),
                    target.relation.alias
                ),
                missing.join(", "),
                vec![table.id],
            );
        }
    }

    /// `UPDATE`; gives what it returns.
    pub(super) fn update(&mut self, update: &Update) -> Outputs {
        let TableFactor::Table { name, alias, .. } = &update.table.relation else {
            self.is_partial = true;
            return open();
        };
        if !update.table.joins.is_empty() {
            self.is_partial = true;
            return open();
        }
        let alias = alias.as_ref().map(|alias| ident(&alias.name));
        let relation = self.target(name, alias).relation;
        self.levels.push(Level {
            relations: vec![relation.clone()],
            ..Level::default()
        });
        if let Some(
            UpdateTableFromKind::BeforeSet(tables) | UpdateTableFromKind::AfterSet(tables),
        ) = &update.from
        {
            self.from(tables);
        }
        if let Some(condition) = &update.selection {
            self.expect(condition, "bool");
        }
        let outputs = self.returning(update.returning.as_deref());
        self.assignments(&update.assignments, &relation);
        self.levels.pop();
        outputs
    }

    /// `SET`: all values are read before the first is stored.
    pub(super) fn assignments(&mut self, assignments: &[Assignment], target: &Relation) {
        let nodes: Vec<Node> = assignments
            .iter()
            .map(|assignment| match is_default(&assignment.value) {
                true => Node::of(Ty::Any),
                false => self.expr(&assignment.value),
            })
            .collect();
        let mut before: Vec<Symbol> = Vec::with_capacity(assignments.len());
        for (assignment, node) in assignments.iter().zip(&nodes) {
            let AssignmentTarget::ColumnName(name) = &assignment.target else {
                self.is_partial = true;
                continue;
            };
            // `SET t.a = …` and `SET a.field = …` are left alone.
            if name.0.len() > 1 {
                self.give_up(node);
                continue;
            }
            let (_, column) = object_name(name);
            self.repeated(&before, column, "multiple assignments to same column");
            before.push(column);
            let target = Target {
                table: None,
                relation: target.clone(),
            };
            self.written_column(&target, column);
            let ty = target.column(column).unwrap_or(Ty::Any);
            self.store(node, column, ty, target.relation.table);
        }
    }

    /// `DELETE`; gives what it returns.
    pub(super) fn delete(&mut self, delete: &Delete) -> Outputs {
        let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
        self.levels.push(Level::default());
        self.from(tables);
        if let Some(using) = &delete.using {
            self.from(using);
        }
        if let Some(condition) = &delete.selection {
            self.expect(condition, "bool");
        }
        let outputs = self.returning(delete.returning.as_deref());
        self.levels.pop();
        outputs
    }

    fn returning(&mut self, items: Option<&[SelectItem]>) -> Outputs {
        match items {
            Some(items) => {
                let outputs = self.projection(items);
                let columns = self.resolve(outputs.clone());
                Outputs {
                    is_open: outputs.is_open,
                    columns: columns
                        .into_iter()
                        .map(|(name, ty)| super::query::Output {
                            name,
                            node: Node::of(ty),
                        })
                        .collect(),
                }
            }
            None => Outputs::default(),
        }
    }
}

fn open() -> Outputs {
    Outputs {
        columns: Vec::new(),
        is_open: true,
    }
}

fn is_default(value: &Expr) -> bool {
    matches!(value, Expr::Identifier(name)
        if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("default"))
        || matches!(value, Expr::Identifier(name) if hole_of(&name.value).is_some())
}
