//! What names mean in a query block: tables in sight, their columns, the blocks around.

use betwixt_base::Symbol;

use super::types::Ty;

/// A table, sub-select or function in `FROM`.
#[derive(Debug, Clone, Default)]
pub(super) struct Relation {
    /// The name it goes by; empty when it has none.
    pub(super) alias: Symbol,
    /// Columns in order.
    pub(super) columns: Vec<(Symbol, Ty)>,
    /// It may have other columns.
    pub(super) is_open: bool,
    /// Columns that are only meant with the table's name: `USING` made one of them and another.
    pub(super) merged: Vec<Symbol>,
    /// The catalog's number of the table.
    pub(super) table: Option<u32>,
    /// It has no name of its own: what `USING` made.
    pub(super) is_merge: bool,
}

/// The tables of one block.
#[derive(Debug, Clone, Default)]
pub(super) struct Level {
    /// In the order they were named.
    pub(super) relations: Vec<Relation>,
    /// The first one in sight.
    pub(super) first: usize,
    /// Nothing here is in sight (a sub-select in `FROM` without `LATERAL`).
    pub(super) is_hidden: bool,
}

/// What a column name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lookup {
    /// A column of this type.
    Found(Ty),
    /// None has it; the tables that were looked at.
    Missing(Vec<u32>),
    /// Several have it.
    Ambiguous(Vec<u32>, Vec<Symbol>),
    /// No table goes by the qualifier.
    NoTable,
    /// A table with columns that are not known may have it.
    Unsure,
}

/// Columns every table has.
const SYSTEM: &[&str] = &["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

fn is_system(name: Symbol) -> bool {
    SYSTEM.contains(&name.as_str())
}

impl Relation {
    fn column(&self, name: Symbol) -> Option<Ty> {
        let found = self.columns.iter().find(|(known, _)| *known == name);
        found.map(|(_, ty)| *ty)
    }
}

impl Level {
    fn visible(&self) -> &[Relation] {
        if self.is_hidden {
            return &[];
        }
        self.relations.get(self.first..).unwrap_or(&[])
    }
}

/// The column of that name, innermost block first.
pub(super) fn column(levels: &[Level], name: Symbol) -> Lookup {
    let mut seen = Vec::new();
    for level in levels.iter().rev() {
        let mut found: Vec<(&Relation, Ty)> = Vec::new();
        let mut is_unsure = false;
        for relation in level.visible() {
            seen.extend(relation.table);
            if relation.merged.contains(&name) {
                continue;
            }
            match relation.column(name) {
                Some(ty) => found.push((relation, ty)),
                None => is_unsure |= relation.is_open,
            }
        }
        match found.as_slice() {
            [] if is_unsure => return Lookup::Unsure,
            [] => {}
            [(_, ty)] if is_unsure => {
                // Were it in the other table too, the database would say so.
                return Lookup::Found(*ty);
            }
            [(_, ty)] => return Lookup::Found(*ty),
            several => {
                let tables = several.iter().filter_map(|(from, _)| from.table).collect();
                let names = several.iter().map(|(from, _)| from.alias).collect();
                return Lookup::Ambiguous(tables, names);
            }
        }
        if is_system(name) && !level.visible().is_empty() {
            return Lookup::Found(Ty::Any);
        }
        // The whole row of a table.
        if level
            .visible()
            .iter()
            .any(|relation| relation.alias == name)
        {
            return Lookup::Found(Ty::Any);
        }
    }
    seen.sort_unstable();
    seen.dedup();
    Lookup::Missing(seen)
}

/// The column of the table that goes by `qualifier`.
pub(super) fn qualified(levels: &[Level], qualifier: Symbol, name: Symbol) -> Lookup {
    for level in levels.iter().rev() {
        let Some(relation) = named(level, qualifier) else {
            continue;
        };
        return match relation.column(name) {
            Some(ty) => Lookup::Found(ty),
            None if relation.is_open => Lookup::Unsure,
            None if is_system(name) => Lookup::Found(Ty::Any),
            None => Lookup::Missing(relation.table.into_iter().collect()),
        };
    }
    // `composite.field` of a column is not written so; an unknown block may still hide a table.
    let is_unsure = levels.iter().any(|level| {
        level
            .visible()
            .iter()
            .any(|relation| relation.is_open && relation.alias.is_empty())
    });
    if is_unsure {
        Lookup::Unsure
    } else {
        Lookup::NoTable
    }
}

/// The table that goes by a name in a block.
pub(super) fn named(level: &Level, qualifier: Symbol) -> Option<&Relation> {
    level
        .visible()
        .iter()
        .find(|relation| !relation.is_merge && relation.alias == qualifier)
}
