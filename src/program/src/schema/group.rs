//! Which sources describe the same database.
//!
//! Folders are joined when they define the same tables, when one changes tables only the other defines, and when one
//! refers to tables only the other defines. ClickHouse and relational sources are never joined.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::Symbol;
use betwixt_facts::schema::SchemaOp;

use super::names::plain;
use super::source::{Rank, SchemaSource, rank, unit};

/// A folder's tables as its files mention them.
#[derive(Default)]
struct Unit {
    dir: String,
    sources: Vec<usize>,
    is_clickhouse: bool,
    is_code: bool,
    /// Tables that are created, with the columns they ever had.
    created: BTreeMap<Key, BTreeSet<String>>,
    /// Tables that are changed or referred to.
    mentioned: BTreeSet<Key>,
}

/// Schema and name of a table, in one spelling.
type Key = (Option<Symbol>, String);

/// The sources of each database; indices into `sources`, databases in the order of their first source.
pub(super) fn databases(sources: &[SchemaSource]) -> Vec<Vec<usize>> {
    let units = units(sources);
    let mut joined = Joined {
        parents: (0..units.len()).collect(),
    };
    // Units that mention a table name, so that only those are compared.
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, unit) in units.iter().enumerate() {
        for (_, name) in unit.created.keys() {
            let sharing = by_name.entry(name).or_default();
            if sharing.last() != Some(&index) {
                sharing.push(index);
            }
        }
    }
    join_alike(&units, &by_name, &mut joined);
    join_histories(&units, &mut joined);
    join_code(&units, &mut joined);
    join_changes(&units, &by_name, &mut joined);
    let mut databases: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, unit) in units.iter().enumerate() {
        databases
            .entry(joined.root(index))
            .or_default()
            .extend(&unit.sources);
    }
    let mut databases: Vec<Vec<usize>> = databases.into_values().collect();
    databases
        .iter_mut()
        .for_each(|database| database.sort_unstable());
    databases.sort_unstable();
    databases
}

/// Union-find; the root is the lowest index.
struct Joined {
    parents: Vec<usize>,
}

impl Joined {
    fn root(&self, mut index: usize) -> usize {
        while self.parents[index] != index {
            index = self.parents[index];
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.parents[high] = low;
    }
}

fn units(sources: &[SchemaSource]) -> Vec<Unit> {
    let mut units: BTreeMap<(bool, &str), Unit> = BTreeMap::new();
    for (index, source) in sources.iter().enumerate() {
        let is_clickhouse = is_clickhouse(source);
        let unit = units
            .entry((is_clickhouse, unit(&source.path)))
            .or_default();
        unit.is_clickhouse = is_clickhouse;
        unit.is_code |= rank(&source.path) == Rank::Code && !source.path.ends_with(".prisma");
        unit.sources.push(index);
        source.ops.iter().for_each(|op| unit.note(op));
    }
    units
        .into_iter()
        .map(|((_, dir), unit)| Unit {
            dir: dir.to_owned(),
            ..unit
        })
        .collect()
}

fn is_clickhouse(source: &SchemaSource) -> bool {
    source.path.to_ascii_lowercase().contains("clickhouse")
        || source
            .ops
            .iter()
            .any(|op| matches!(op, SchemaOp::CreateTable(table) if table.engine.is_some()))
}

impl Unit {
    fn note(&mut self, op: &SchemaOp) {
        match op {
            SchemaOp::CreateTable(table) => {
                let columns = self
                    .created
                    .entry(key(table.schema, table.name))
                    .or_default();
                columns.extend(
                    table
                        .columns
                        .iter()
                        .map(|column| plain(column.name.as_str())),
                );
                for foreign_key in &table.foreign_keys {
                    self.mentioned
                        .insert(key(foreign_key.foreign_schema, foreign_key.foreign_table));
                }
            }
            SchemaOp::AddColumn {
                schema,
                table,
                column,
            } => {
                let key = key(*schema, *table);
                match self.created.get_mut(&key) {
                    Some(columns) => drop(columns.insert(plain(column.name.as_str()))),
                    None => drop(self.mentioned.insert(key)),
                }
            }
            SchemaOp::RenameTable { schema, table, to } => {
                let from = key(*schema, *table);
                let columns = self.created.get(&from).cloned();
                match columns {
                    Some(columns) => drop(self.created.insert(key(*schema, *to), columns)),
                    None => drop(self.mentioned.insert(from)),
                }
            }
            SchemaOp::AddForeignKey {
                schema,
                table,
                foreign_key,
            } => {
                self.mentioned.insert(key(*schema, *table));
                self.mentioned
                    .insert(key(foreign_key.foreign_schema, foreign_key.foreign_table));
            }
            SchemaOp::DropColumn { schema, table, .. }
            | SchemaOp::RenameColumn { schema, table, .. }
            | SchemaOp::AlterColumn { schema, table, .. }
            | SchemaOp::AddIndex { schema, table, .. }
            | SchemaOp::RowSecurity { schema, table, .. }
            | SchemaOp::CreatePolicy { schema, table, .. }
            | SchemaOp::CopyColumns { schema, table, .. } => {
                self.mentioned.insert(key(*schema, *table));
            }
            SchemaOp::DropTable { .. }
            | SchemaOp::DropIndex { .. }
            | SchemaOp::DropPolicy { .. }
            | SchemaOp::RenameIndex { .. }
            | SchemaOp::Mixin(_)
            | SchemaOp::Include { .. } => {}
        }
    }
}

fn key(schema: Option<Symbol>, name: Symbol) -> Key {
    (
        super::replay::schema_key(schema),
        name.as_str().to_lowercase(),
    )
}

/// Joins units that create the same tables.
fn join_alike(units: &[Unit], by_name: &BTreeMap<&str, Vec<usize>>, joined: &mut Joined) {
    let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
    for sharing in by_name.values().filter(|sharing| sharing.len() <= 50) {
        for (at, a) in sharing.iter().enumerate() {
            pairs.extend(sharing[at + 1..].iter().map(|b| (*a, *b)));
        }
    }
    for (a, b) in pairs {
        if units[a].is_clickhouse == units[b].is_clickhouse && are_alike(&units[a], &units[b]) {
            joined.join(a, b);
        }
    }
}

/// Joins `x/migrations` with what stands in `x`.
fn join_histories(units: &[Unit], joined: &mut Joined) {
    for (index, unit) in units.iter().enumerate() {
        let Some((parent, last)) = unit.dir.rsplit_once('/').or(Some(("", unit.dir.as_str())))
        else {
            continue;
        };
        if !last.contains("migrat") {
            continue;
        }
        let is_parent = |other: &&(usize, &Unit)| {
            other.1.dir == parent && other.1.is_clickhouse == unit.is_clickhouse
        };
        if let Some((other, _)) = units
            .iter()
            .enumerate()
            .find(|other| is_parent(&other) && !std::ptr::eq(other.1, unit))
        {
            joined.join(other, index);
        }
    }
}

/// Half of the smaller one's tables are also the other's, with mostly the same columns.
fn are_alike(a: &Unit, b: &Unit) -> bool {
    let (small, large) = if a.created.len() <= b.created.len() {
        (a, b)
    } else {
        (b, a)
    };
    let mut n_same = 0;
    let mut n_columns = 0;
    for (key, columns) in &small.created {
        let Some(others) = large.created.get(key) else {
            continue;
        };
        let shared = columns.intersection(others).count();
        let smaller = columns.len().min(others.len()).max(1);
        if shared * 2 >= smaller {
            n_same += 1;
            n_columns += shared;
        }
    }
    // One or two small tables alike (`users`, `settings`) are no proof.
    n_same * 2 >= small.created.len() && n_same > 0 && (n_same > 2 || n_columns > 6)
}

/// Joins table objects and entity classes of one service: the nearest common folder decides.
fn join_code(units: &[Unit], joined: &mut Joined) {
    for (index, unit) in units.iter().enumerate().filter(|(_, unit)| unit.is_code) {
        let near = units[..index]
            .iter()
            .rposition(|other| other.is_code && shared_folders(&unit.dir, &other.dir) >= 2);
        if let Some(near) = near {
            joined.join(near, index);
        }
    }
}

/// Joins a unit that mentions tables it does not create to the nearest unit that does.
fn join_changes(units: &[Unit], by_name: &BTreeMap<&str, Vec<usize>>, joined: &mut Joined) {
    for (index, unit) in units.iter().enumerate() {
        for (schema, name) in unit
            .mentioned
            .iter()
            .filter(|key| !unit.created.contains_key(key))
        {
            let creators = by_name.get(name.as_str()).into_iter().flatten().copied();
            let fits = |other: &usize| {
                *other != index
                    && units[*other].is_clickhouse == unit.is_clickhouse
                    && units[*other].created.keys().any(|(found, found_name)| {
                        found_name == name
                            && (found == schema || schema.is_none() || found.is_none())
                    })
            };
            let nearest = creators.filter(fits).max_by_key(|other| {
                (
                    shared_folders(&unit.dir, &units[*other].dir),
                    std::cmp::Reverse(*other),
                )
            });
            if let Some(nearest) = nearest {
                joined.join(nearest, index);
            }
        }
    }
}

/// How many leading folders two paths share.
pub(super) fn shared_folders(a: &str, b: &str) -> usize {
    a.split('/')
        .zip(b.split('/'))
        .take_while(|(a, b)| a == b && !a.is_empty())
        .count()
}
