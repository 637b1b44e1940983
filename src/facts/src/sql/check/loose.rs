//! Other databases than PostgreSQL: names that no table of the statement has, and the number of values.
//!
//! Aliases, lambda parameters and names of nested columns count wherever they stand: their scopes differ by database.

use std::ops::ControlFlow;

use betwixt_base::Symbol;
use rustc_hash::FxHashSet;
use sqlparser::ast::{
    Expr, Insert, ObjectName, Query, SelectItem, SetExpr, Statement as Tree, TableFactor,
    TableObject, Visit, Visitor,
};

use super::{Catalog, CatalogTable, Complaint, ComplaintKind, Found};
use crate::sql::fill::Prepared;
use crate::sql::lower::{ident, object_name};

/// What may be wrong with a statement for a database whose rules are not known in full.
pub(super) fn check(tree: &Tree, prepared: &Prepared, catalog: &dyn Catalog) -> Vec<Complaint> {
    if prepared.n_holes() > 0 {
        return Vec::new();
    }
    let mut names = Names {
        catalog,
        known: FxHashSet::default(),
        blocks: FxHashSet::default(),
        tables: Vec::new(),
        used: Vec::new(),
        is_open: false,
    };
    if let Tree::Insert(insert) = tree {
        return insert_columns(insert, prepared, catalog);
    }
    if !matches!(tree, Tree::Query(_)) {
        return Vec::new();
    }
    let _ = Visit::visit(tree, &mut names);
    if names.is_open || names.tables.is_empty() {
        return Vec::new();
    }
    let missing = names
        .used
        .iter()
        .find(|name| !names.known.contains(&name.as_str().to_lowercase()));
    let complaint = missing.map(|name| Complaint {
        kind: ComplaintKind::UnknownColumn,
        says: format!("no table of the statement has a column \"{name}\""),
        about: name.to_string(),
        tables: names.tables.clone(),
    });
    complaint.into_iter().collect()
}

struct Names<'a> {
    catalog: &'a dyn Catalog,
    /// Columns of the tables, aliases, lambda parameters; lower case.
    known: FxHashSet<String>,
    /// Names of CTEs; lower case.
    blocks: FxHashSet<String>,
    tables: Vec<u32>,
    used: Vec<Symbol>,
    is_open: bool,
}

impl Names<'_> {
    fn know(&mut self, name: Symbol) {
        self.known.insert(name.as_str().to_lowercase());
    }

    fn aliases(&mut self, body: &SetExpr, depth: u32) {
        match body {
            SetExpr::Select(select) => {
                for item in &select.projection {
                    match item {
                        SelectItem::ExprWithAlias { alias, .. } => self.know(ident(alias)),
                        SelectItem::ExprWithAliases { aliases, .. } => {
                            aliases.iter().for_each(|alias| self.know(ident(alias)));
                        }
                        _ => {}
                    }
                }
            }
            SetExpr::SetOperation { left, right, .. } if depth < 100 => {
                self.aliases(left, depth + 1);
                self.aliases(right, depth + 1);
            }
            SetExpr::Query(_) => {}
            _ => self.is_open = true,
        }
    }

    fn table(&mut self, name: &ObjectName) {
        let (schema, table) = object_name(name);
        if schema.is_none() && self.blocks.contains(&table.as_str().to_lowercase()) {
            return;
        }
        match self.catalog.table(schema, table) {
            Found::Table(found) if !found.is_open && !found.columns.is_empty() => {
                self.tables.push(found.id);
                found
                    .columns
                    .iter()
                    .for_each(|column| self.know(column.name));
            }
            _ => self.is_open = true,
        }
    }
}

impl Visitor for Names<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.know(ident(&cte.alias.name));
            let name = ident(&cte.alias.name).as_str().to_lowercase();
            self.blocks.insert(name);
            for column in &cte.alias.columns {
                self.know(ident(&column.name));
            }
        }
        self.aliases(&query.body, 0);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => {
                if let Some(alias) = alias {
                    self.known
                        .insert(ident(&alias.name).as_str().to_lowercase());
                }
                // A CTE comes before the queries that use it; its columns are those of its select.
                self.table(name);
            }
            TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => {}
            _ => self.is_open = true,
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            // MySQL takes text in double quotes for a string.
            Expr::Identifier(name) if name.quote_style == Some('"') => {}
            Expr::Identifier(name) => self.used.push(ident(name)),
            Expr::CompoundIdentifier(parts) => {
                if let [_, name] = parts.as_slice() {
                    self.used.push(ident(name));
                } else {
                    self.is_open = true;
                }
            }
            // Their names, fields and parameters have scopes of their own.
            Expr::Lambda(_)
            | Expr::Named { .. }
            | Expr::CompoundFieldAccess { .. }
            | Expr::Dictionary(_)
            | Expr::Map(_)
            | Expr::JsonAccess { .. } => self.is_open = true,
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Columns of an insert, and whether each row has a value for each.
fn insert_columns(insert: &Insert, prepared: &Prepared, catalog: &dyn Catalog) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let TableObject::TableName(name) = &insert.table else {
        return complaints;
    };
    let (schema, table_name) = object_name(name);
    let written: Vec<Symbol> = insert
        .columns
        .iter()
        .map(|name| object_name(name).1)
        .collect();
    let table: Option<CatalogTable<'_>> = match catalog.table(schema, table_name) {
        Found::Table(found) => Some(found),
        _ => None,
    };
    if written.iter().any(|name| name.as_str().contains('?')) {
        return complaints;
    }
    if let Some(table) = table.filter(|table| !table.is_open && !table.columns.is_empty()) {
        let has = |name: &Symbol| {
            let same = |known: Symbol| known.as_str().eq_ignore_ascii_case(name.as_str());
            table.columns.iter().any(|column| same(column.name))
        };
        if let Some(missing) = written.iter().find(|name| !has(name)) {
            complaints.push(Complaint {
                kind: ComplaintKind::UnknownColumn,
                says: format!("no column \"{missing}\" in table \"{table_name}\""),
                about: missing.to_string(),
                tables: vec![table.id],
            });
        }
    }
    if let Some(source) = &insert.source
        && let SetExpr::Values(values) = &*source.body
        && !prepared.has_added_rows
        && !written.is_empty()
        && let Some(row) = values
            .rows
            .iter()
            .find(|row| row.content.len() != written.len())
    {
        complaints.push(Complaint {
            kind: ComplaintKind::InsertArity,
            says: format!("{} columns, {} values", written.len(), row.content.len()),
            about: table_name.to_string(),
            tables: table.iter().map(|table| table.id).collect(),
        });
    }
    complaints
}
