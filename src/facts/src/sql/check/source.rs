//! The tables of a block: names, joins, sub-selects, functions.

use betwixt_base::Symbol;
use sqlparser::ast::{
    Expr, FunctionArg, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor,
    TableWithJoins,
};

use super::query::{Checker, rename};
use super::scope::{Level, Relation};
use super::types::{Ty, Type};
use super::{CatalogTable, ComplaintKind, Found};
use crate::schema::{Column, TypeFamily};
use crate::sql::fill::hole_of;
use crate::sql::from::arg_expr;
use crate::sql::lower::{ident, object_name};

/// The type of a column of a table.
pub(super) fn column_type(table: &CatalogTable<'_>, column: &Column) -> Ty {
    if !table.has_types {
        return Ty::Any;
    }
    match Type::written(column.sql_type.as_str()) {
        Some(ty) => Ty::Is(ty),
        None if column.family == TypeFamily::Enum && !column.sql_type.as_str().contains('(') => {
            let scalar = super::types::Scalar::Enum(column.sql_type);
            Ty::Is(Type {
                scalar,
                is_array: false,
            })
        }
        None => Ty::Any,
    }
}

fn relation_of_table(table: CatalogTable<'_>) -> Relation {
    Relation {
        columns: table
            .columns
            .iter()
            .map(|column| (column.name, column_type(&table, column)))
            .collect(),
        is_open: table.is_open || table.columns.is_empty(),
        table: Some(table.id),
        ..Relation::default()
    }
}

fn open() -> Relation {
    Relation {
        is_open: true,
        ..Relation::default()
    }
}

impl Checker<'_> {
    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    /// The items of `FROM`.
    pub(super) fn from(&mut self, items: &[TableWithJoins]) {
        for item in items {
            self.item(item);
        }
    }

    /// One item with its joins; their conditions see the tables of this item.
    fn item(&mut self, item: &TableWithJoins) {
        let start = self.level().relations.len();
        self.factor(&item.relation);
        for join in &item.joins {
            self.join(join, start);
        }
    }

    fn join(&mut self, join: &Join, start: usize) {
        let right = self.level().relations.len();
        self.factor(&join.relation);
        let constraint = match &join.join_operator {
            JoinOperator::Join(on)
            | JoinOperator::Inner(on)
            | JoinOperator::Left(on)
            | JoinOperator::LeftOuter(on)
            | JoinOperator::Right(on)
            | JoinOperator::RightOuter(on)
            | JoinOperator::FullOuter(on)
            | JoinOperator::CrossJoin(on) => on,
            _ => {
                self.is_partial = true;
                return;
            }
        };
        match constraint {
            JoinConstraint::On(condition) => {
                let before = std::mem::replace(&mut self.level().first, start);
                self.expect(condition, "bool");
                self.level().first = before;
            }
            JoinConstraint::Using(names) => {
                let names: Vec<Symbol> = names.iter().map(|name| object_name(name).1).collect();
                self.merge(start, right, &names);
            }
            JoinConstraint::Natural => {
                let relations = &self.level().relations;
                let names = relations[right..]
                    .iter()
                    .flat_map(|relation| relation.columns.iter().map(|column| column.0))
                    .filter(|name| {
                        relations[start..right]
                            .iter()
                            .any(|relation| relation.columns.iter().any(|known| known.0 == *name))
                    })
                    .collect::<Vec<_>>();
                self.merge(start, right, &names);
            }
            JoinConstraint::None => {}
        }
    }

    /// `USING`: both sides must have the columns, which become one.
    fn merge(&mut self, start: usize, right: usize, names: &[Symbol]) {
        let mut merged = Relation {
            is_merge: true,
            ..Relation::default()
        };
        for name in names {
            let sides = [start..right, right..self.level().relations.len()];
            for side in sides {
                let relations = &mut self.level().relations[side];
                let mut has = false;
                let mut tables = Vec::new();
                for relation in relations.iter_mut() {
                    tables.extend(relation.table);
                    has |= relation.is_open;
                    let is_merged = relation.merged.contains(name);
                    if relation.columns.iter().any(|known| known.0 == *name) && !is_merged {
                        has = true;
                        relation.merged.push(*name);
                    }
                }
                if !has {
                    self.complain(
                        ComplaintKind::UnknownColumn,
                        format!(
                            "column \"{name}\" specified in USING clause does not exist on one side"
                        ),
                        name.to_string(),
                        tables,
                    );
                }
            }
            merged.columns.push((*name, Ty::Any));
        }
        self.level().relations.push(merged);
    }

    fn factor(&mut self, factor: &TableFactor) {
        let relation = self.deeper(|this| this.source(factor)).flatten();
        if let Some(relation) = relation {
            self.level().relations.push(relation);
        }
    }

    fn source(&mut self, factor: &TableFactor) -> Option<Relation> {
        let relation = match factor {
            TableFactor::Table {
                name,
                alias,
                args: Some(args),
                with_ordinality,
                ..
            } => self.function(name, &args.args, alias.as_ref(), *with_ordinality),
            TableFactor::Table { name, alias, .. } => self.named(name, alias.as_ref()),
            TableFactor::Function {
                name,
                args,
                alias,
                with_ordinality,
                ..
            } => self.function(name, args, alias.as_ref(), *with_ordinality),
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_ordinality,
                ..
            } => self.unnest(array_exprs, alias.as_ref(), *with_ordinality),
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                ..
            } => {
                let was_hidden = std::mem::replace(&mut self.level().is_hidden, !lateral);
                let outputs = self.query(subquery);
                self.level().is_hidden = was_hidden;
                let mut relation = self.relation_of(outputs);
                if let Some(alias) = alias {
                    relation.alias = ident(&alias.name);
                    rename(&mut relation, &alias_columns(alias));
                }
                relation
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                self.item(table_with_joins);
                if alias.is_some() {
                    self.is_partial = true;
                    return Some(open());
                }
                return None;
            }
            _ => {
                self.is_partial = true;
                open()
            }
        };
        Some(relation)
    }

    /// The table of a name: a CTE's, or the catalog's.
    pub(super) fn named(&mut self, name: &ObjectName, alias: Option<&TableAlias>) -> Relation {
        let (schema, table) = object_name(name);
        let cte = self.ctes.iter().rev().find(|(known, _)| *known == table);
        let mut relation = match (schema, cte) {
            (None, Some((_, relation))) => relation.clone(),
            _ => self.catalog_relation(schema, table),
        };
        relation.alias = table;
        if let Some(alias) = alias {
            if hole_of(&alias.name.value).is_some() {
                relation.is_open = true;
            } else {
                relation.alias = ident(&alias.name);
            }
            rename(&mut relation, &alias_columns(alias));
        }
        relation
    }

    fn catalog_relation(&mut self, schema: Option<Symbol>, table: Symbol) -> Relation {
        match self.catalog.table(schema, table) {
            Found::Table(found) => relation_of_table(found),
            Found::Unsure => open(),
            Found::Absent => {
                let full = match schema {
                    Some(schema) => format!("{schema}.{table}"),
                    None => table.to_string(),
                };
                self.complain(
                    ComplaintKind::UnknownTable,
                    format!("relation \"{full}\" does not exist"),
                    full,
                    Vec::new(),
                );
                open()
            }
        }
    }

    fn unnest(
        &mut self,
        arrays: &[Expr],
        alias: Option<&TableAlias>,
        has_number: bool,
    ) -> Relation {
        let name = Symbol::new("unnest");
        let nodes: Vec<_> = arrays.iter().map(|array| self.expr(array)).collect();
        let mut columns = Vec::new();
        for node in nodes {
            let ty = match node.ty {
                Ty::Is(ty) => ty.element().map_or(Ty::Any, Ty::Is),
                Ty::Unknown => {
                    self.undecided_polymorphic("unnest", &node);
                    Ty::Any
                }
                Ty::Any => Ty::Any,
            };
            columns.push((name, ty));
        }
        finish(columns, false, name, alias, has_number)
    }

    fn function(
        &mut self,
        name: &ObjectName,
        args: &[FunctionArg],
        alias: Option<&TableAlias>,
        has_number: bool,
    ) -> Relation {
        let (_, function) = object_name(name);
        if function == "unnest" {
            let arrays: Vec<Expr> = args.iter().filter_map(arg_expr).cloned().collect();
            return self.unnest(&arrays, alias, has_number);
        }
        let nodes: Vec<_> = args
            .iter()
            .filter_map(arg_expr)
            .map(|arg| self.expr(arg))
            .collect();
        let is_plain = args
            .iter()
            .all(|arg| matches!(arg, FunctionArg::Unnamed(_)));
        let (result, columns) = self.call(function.as_str(), &nodes, is_plain);
        let mut columns: Vec<(Symbol, Ty)> = columns
            .iter()
            .map(|(name, ty)| (Symbol::new(name), ty.map_or(Ty::Any, Ty::Is)))
            .collect();
        let is_scalar = match result {
            Ty::Is(ty) => !ty.is("record") && ty.category() != b'P',
            _ => false,
        };
        let is_open = columns.is_empty() && !is_scalar;
        if columns.is_empty() && is_scalar {
            columns.push((function, result));
        }
        finish(columns, is_open, function, alias, has_number)
    }
}

fn alias_columns(alias: &TableAlias) -> Vec<Symbol> {
    alias
        .columns
        .iter()
        .map(|column| ident(&column.name))
        .collect()
}

/// A function's rows under their alias.
fn finish(
    mut columns: Vec<(Symbol, Ty)>,
    is_open: bool,
    function: Symbol,
    alias: Option<&TableAlias>,
    has_number: bool,
) -> Relation {
    // A single column goes by the alias, unless the function names it.
    if let (Some(alias), [(name, _)]) = (alias, columns.as_mut_slice())
        && *name == function
    {
        *name = ident(&alias.name);
    }
    if has_number {
        columns.push((
            Symbol::new("ordinality"),
            Type::named("int8").map_or(Ty::Any, Ty::Is),
        ));
    }
    let mut relation = Relation {
        alias: alias.map_or(function, |alias| ident(&alias.name)),
        columns,
        is_open,
        ..Relation::default()
    };
    let Some(alias) = alias else { return relation };
    let has_types = alias
        .columns
        .iter()
        .any(|column| column.data_type.is_some());
    if has_types {
        relation.is_open = false;
        relation.columns = alias
            .columns
            .iter()
            .map(|column| {
                let ty = column.data_type.as_ref().map(ToString::to_string);
                let ty = ty.and_then(|ty| Type::written(&ty));
                (ident(&column.name), ty.map_or(Ty::Any, Ty::Is))
            })
            .collect();
    } else {
        rename(&mut relation, &alias_columns(alias));
    }
    relation
}
