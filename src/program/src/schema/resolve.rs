//! Names as code and statements write them, to tables.

use betwixt_base::Symbol;

use super::names::singular;
use super::replay::schema_key;
use super::{Schema, TableId, folder, group};

impl Schema {
    /// Makes the table of names.
    pub(super) fn index(&mut self) {
        for (index, table) in self.tables.iter().enumerate() {
            let id = TableId(index as u32);
            let mut names = vec![table.name.as_str().to_lowercase()];
            let in_code = table.names_in_code();
            names.extend(in_code.map(|model| model.as_str().to_lowercase()));
            names.sort_unstable();
            names.dedup();
            if !table.is_view {
                self.by_singular
                    .entry(singular(table.name.as_str()))
                    .or_default()
                    .push(id);
            }
            for name in names {
                self.by_name.entry(name).or_default().push(id);
            }
        }
    }

    /// All tables of that name, in the database or in code, in all databases.
    #[must_use]
    pub fn named(&self, name: Symbol) -> &[TableId] {
        let text = name.as_str();
        let found = if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            self.by_name.get(&text.to_lowercase())
        } else {
            self.by_name.get(text)
        };
        found.map_or(&[], Vec::as_slice)
    }

    /// The table a name means in the file at `near`. `None` when there is none, or several and nothing says which.
    #[must_use]
    pub fn resolve(
        &self,
        schema: Option<Symbol>,
        name: Symbol,
        near: Option<&str>,
    ) -> Option<TableId> {
        self.resolve_in(schema, name, near, None)
    }

    /// The same for a statement that is known to be for ClickHouse, or not.
    #[must_use]
    pub fn resolve_in(
        &self,
        schema: Option<Symbol>,
        name: Symbol,
        near: Option<&str>,
        is_clickhouse: Option<bool>,
    ) -> Option<TableId> {
        let mut found = self.in_schema(schema, self.named(name));
        // A table of that name comes before a model of that name.
        self.narrow(&mut found, |id| {
            self.table(id)
                .name
                .as_str()
                .eq_ignore_ascii_case(name.as_str())
        });
        if let Some(wanted) = is_clickhouse {
            self.narrow(&mut found, |id| {
                self.databases[self.table(id).database as usize].is_clickhouse == wanted
            });
        }
        if let Some(near) = near {
            let dir = folder(near);
            let closeness = |id: TableId| {
                self.dirs[id.0 as usize]
                    .iter()
                    .map(|other| group::shared_folders(dir, other))
                    .max()
                    .unwrap_or(0)
            };
            let best = found.iter().map(|id| closeness(*id)).max().unwrap_or(0);
            self.narrow(&mut found, |id| closeness(id) == best);
        }
        // Rows of a relational database are what most statements are about.
        self.narrow(&mut found, |id| {
            !self.databases[self.table(id).database as usize].is_clickhouse
        });
        match found.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// Keeps what fits, when anything does.
    fn narrow(&self, found: &mut Vec<TableId>, fits: impl Fn(TableId) -> bool) {
        if found.len() > 1 && found.iter().any(|id| fits(*id)) {
            found.retain(|id| fits(*id));
        }
    }

    fn in_schema(&self, schema: Option<Symbol>, named: &[TableId]) -> Vec<TableId> {
        let wanted = schema_key(schema);
        let of = |id: &TableId| schema_key(self.table(*id).schema);
        let with = |schema: Option<Symbol>| {
            named
                .iter()
                .copied()
                .filter(|id| of(id) == schema)
                .collect::<Vec<_>>()
        };
        let exact = with(wanted);
        match wanted {
            _ if !exact.is_empty() => exact,
            // `db.table` of a table whose database is written nowhere.
            Some(_) => with(None),
            // The search path decides; the name has to.
            None => named.to_vec(),
        }
    }
}
