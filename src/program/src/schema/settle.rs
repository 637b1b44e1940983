//! The last steps once history is replayed: mixins, relations between files, names of code, doubled indexes.

use betwixt_base::Symbol;
use betwixt_facts::schema::{Column, ForeignKey, Index, Table, TypeFamily};
use rustc_hash::{FxHashMap, FxHashSet};

use super::TableModel;
use super::names::plain;
use super::replay::Replay;

/// Deepest chain of mixins.
const MAX_DEPTH: u32 = 8;

/// The finished tables of one database, in the order they were first defined.
pub(super) fn settle(mut replay: Replay) -> Vec<TableModel> {
    include_mixins(&mut replay);
    let mut tables: Vec<TableModel> = replay.tables.into_iter().flatten().collect();
    drop_relation_columns(&mut tables);
    resolve_foreign_keys(&mut tables);
    tables
        .iter_mut()
        .for_each(|table| merge_indexes(&mut table.indexes));
    tables.iter_mut().for_each(merge_keys);
    tables
}

fn include_mixins(replay: &mut Replay) {
    let includes = std::mem::take(&mut replay.includes);
    for (name, model) in &includes {
        let Some(index) = find_model(&replay.tables, *name) else {
            continue;
        };
        let found = included(replay, &includes, *model, 0);
        let Some(table) = replay.tables[index].as_mut() else {
            continue;
        };
        match found {
            Some((columns, indexes, keys)) => {
                for column in columns {
                    if table.column_mut(column.name).is_none() {
                        table.columns.push(column);
                    }
                }
                indexes.into_iter().for_each(|index| table.add_index(index));
                keys.into_iter().for_each(|key| table.add_foreign_key(key));
            }
            None => table.is_open = true,
        }
    }
}

fn find_model(tables: &[Option<TableModel>], name: Symbol) -> Option<usize> {
    let matches = |table: &Option<TableModel>, by_model: bool| {
        table.as_ref().is_some_and(|table| {
            if by_model {
                table.names_in_code().any(|model| model == name)
            } else {
                table.name == name
            }
        })
    };
    tables
        .iter()
        .position(|table| matches(table, false))
        .or_else(|| tables.iter().position(|table| matches(table, true)))
}

type Parts = (Vec<Column>, Vec<Index>, Vec<ForeignKey>);

/// Everything a model or mixin has, with what it includes itself.
fn included(
    replay: &Replay,
    includes: &[(Symbol, Symbol)],
    model: Symbol,
    depth: u32,
) -> Option<Parts> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut parts = match replay.mixins.get(&model) {
        Some(Table {
            columns,
            indexes,
            foreign_keys,
            ..
        }) => (columns.clone(), indexes.clone(), foreign_keys.clone()),
        None => {
            let table = replay.tables[find_model(&replay.tables, model)?].as_ref()?;
            (
                table.columns.clone(),
                table.indexes.clone(),
                table.foreign_keys.clone(),
            )
        }
    };
    for (_, inner) in includes
        .iter()
        .filter(|(name, inner)| *name == model && *inner != model)
    {
        let (columns, indexes, keys) = included(replay, includes, *inner, depth + 1)?;
        parts.0.extend(columns);
        parts.1.extend(indexes);
        parts.2.extend(keys);
    }
    Some(parts)
}

/// A field whose type is a model of another file is no column.
fn drop_relation_columns(tables: &mut [TableModel]) {
    let models: FxHashSet<String> = tables
        .iter()
        .flat_map(TableModel::names_in_code)
        .map(|model| model.as_str().to_lowercase())
        .collect();
    for table in tables.iter_mut().filter(|table| table.model.is_some()) {
        table.columns.retain(|column| {
            let may_be_relation = matches!(column.family, TypeFamily::Array | TypeFamily::Other);
            !(may_be_relation && models.contains(column.sql_type.as_str()))
        });
    }
}

/// Columns with their names in code.
type Names = Vec<(Symbol, Option<Symbol>)>;

/// Foreign keys name tables and columns as the database does.
fn resolve_foreign_keys(tables: &mut [TableModel]) {
    let mut by_name: FxHashMap<String, usize> = FxHashMap::default();
    for (index, table) in tables.iter().enumerate() {
        for model in table.names_in_code() {
            by_name.entry(plain(model.as_str())).or_insert(index);
        }
    }
    for (index, table) in tables.iter().enumerate() {
        by_name.insert(plain(table.name.as_str()), index);
    }
    let known: Vec<(Option<Symbol>, Symbol, Names)> = tables
        .iter()
        .map(|table| {
            let columns = table
                .columns
                .iter()
                .map(|column| (column.name, column.field))
                .collect();
            (table.schema, table.name, columns)
        })
        .collect();
    for table in tables.iter_mut() {
        let own: Names = table
            .columns
            .iter()
            .map(|column| (column.name, column.field))
            .collect();
        for key in &mut table.foreign_keys {
            key.columns
                .iter_mut()
                .for_each(|name| *name = column_named(&own, *name));
            let Some(target) = by_name.get(&plain(key.foreign_table.as_str())) else {
                continue;
            };
            let (schema, name, columns) = &known[*target];
            if key.foreign_table != *name {
                key.foreign_table = *name;
                key.foreign_schema = *schema;
            }
            key.foreign_columns
                .iter_mut()
                .for_each(|name| *name = column_named(columns, *name));
        }
    }
}

fn column_named(columns: &[(Symbol, Option<Symbol>)], name: Symbol) -> Symbol {
    if columns.iter().any(|(column, _)| *column == name) {
        return name;
    }
    columns
        .iter()
        .find(|(_, field)| *field == Some(name))
        .map_or(name, |(column, _)| *column)
}

/// The same index without a name is the one that has a name; two names for one index are both kept.
fn merge_indexes(indexes: &mut Vec<Index>) {
    let mut merged: Vec<Index> = Vec::with_capacity(indexes.len());
    for index in indexes.drain(..) {
        let twin = merged.iter_mut().find(|known| {
            known.columns == index.columns
                && known.is_unique == index.is_unique
                && known.predicate == index.predicate
                && (known.name.is_none() || index.name.is_none() || known.name == index.name)
        });
        match twin {
            Some(twin) => {
                twin.name = twin.name.or(index.name);
                twin.is_primary |= index.is_primary;
                twin.nulls_not_distinct |= index.nulls_not_distinct;
            }
            None => merged.push(index),
        }
    }
    *indexes = merged;
}

fn merge_keys(table: &mut TableModel) {
    let mut merged: Vec<ForeignKey> = Vec::with_capacity(table.foreign_keys.len());
    for key in table.foreign_keys.drain(..) {
        let twin = merged.iter_mut().find(|known| {
            known.columns == key.columns
                && plain(known.foreign_table.as_str()) == plain(key.foreign_table.as_str())
        });
        match twin {
            Some(twin) => {
                twin.name = twin.name.or(key.name);
                twin.relation = twin.relation.or(key.relation);
                twin.inverse = twin.inverse.or(key.inverse);
                if twin.foreign_columns.is_empty() {
                    twin.foreign_columns = key.foreign_columns;
                }
            }
            None => merged.push(key),
        }
    }
    table.foreign_keys = merged;
}
