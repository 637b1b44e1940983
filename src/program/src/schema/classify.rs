//! Whose the rows of each table are, once the tenant columns are known.

use betwixt_base::Symbol;
use betwixt_facts::schema::ForeignKey;

use super::names::{plain, pointed_at};
use super::tenancy::Chain;
use super::{Schema, TableId, TableModel, Tenancy};
use crate::TenancyConfig;

/// Most foreign keys on the way to a scoped table.
const MAX_HOPS: usize = 3;

impl Schema {
    /// Classifies every table; `chains` by database.
    pub(super) fn classify(&mut self, chains: &[Chain], config: &TenancyConfig) {
        let global: Vec<String> = config
            .global_tables
            .iter()
            .map(|name| name.to_lowercase())
            .collect();
        let is_global = |table: &TableModel| {
            let name = table.name.as_str().to_lowercase();
            let qualified = table
                .schema
                .map(|schema| format!("{}.{name}", schema.as_str().to_lowercase()));
            global.contains(&name) || qualified.is_some_and(|name| global.contains(&name))
        };
        for id in self.ids() {
            let chain = &chains[self.table(id).database as usize];
            let names = self.tenant_names_of(id, chain);
            self.tenancies[id.0 as usize] = if is_global(self.table(id)) {
                Tenancy::Global
            } else if is_root(chain, id) {
                Tenancy::TenantRoot
            } else {
                names
                    .first()
                    .map_or(Tenancy::Global, |column| Tenancy::Scoped {
                        column: *column,
                    })
            };
            self.tenant_names[id.0 as usize] = names;
        }
        for id in self.ids() {
            let table = self.table(id);
            let may_inherit = self.tenancies[id.0 as usize] == Tenancy::Global
                && !table.is_view
                && !is_global(table);
            if may_inherit && let Some(path) = self.way_to_tenant(id) {
                self.tenancies[id.0 as usize] = Tenancy::Inherited { path };
            }
        }
    }

    /// The columns of a table that hold the tenant, the most telling first.
    fn tenant_names_of(&self, id: TableId, chain: &Chain) -> Vec<Symbol> {
        let table = self.table(id);
        let mut names: Vec<Symbol> = Vec::new();
        for link in &chain.links {
            let found = table
                .columns
                .iter()
                .filter(|column| plain(column.name.as_str()) == link.plain);
            names.extend(found.map(|column| column.name));
        }
        // A key to the tenants under another name.
        for key in table
            .foreign_keys
            .iter()
            .filter(|key| key.columns.len() == 1)
        {
            let leads_to_root = self
                .foreign_table(id, key)
                .is_some_and(|target| target != id && is_root(chain, target));
            let is_required = table
                .column(key.columns[0])
                .is_some_and(|column| column.not_null);
            if leads_to_root && is_required && !names.contains(&key.columns[0]) {
                names.push(key.columns[0]);
            }
        }
        // `owner_tenant_id`, when it has to be there.
        for column in table
            .columns
            .iter()
            .filter(|column| column.not_null && !table.is_view)
        {
            let plain = plain(column.name.as_str());
            let ends_so = chain
                .links
                .iter()
                .any(|link| link.plain.len() > 4 && plain.ends_with(&link.plain));
            if ends_so && !names.contains(&column.name) {
                names.push(column.name);
            }
        }
        if chain.links.iter().any(|link| link.root == Some(id)) {
            // The tenants' own table is told apart by its key.
            names.extend(
                table
                    .primary_key()
                    .iter()
                    .take(1)
                    .copied()
                    .filter(|_| table.primary_key().len() == 1),
            );
        }
        names
    }

    /// Foreign keys that must be set, from a table to a scoped one: the shortest way.
    fn way_to_tenant(&self, start: TableId) -> Option<Vec<Symbol>> {
        let mut front: Vec<(TableId, Vec<Symbol>)> = vec![(start, Vec::new())];
        let mut seen = vec![start];
        for _ in 0..MAX_HOPS {
            let mut next = Vec::new();
            for (id, path) in &front {
                for (column, target) in self.required_keys(*id) {
                    let mut path = path.clone();
                    path.push(column);
                    if matches!(self.tenancies[target.0 as usize], Tenancy::Scoped { .. }) {
                        return Some(path);
                    }
                    if !seen.contains(&target) {
                        seen.push(target);
                        next.push((target, path));
                    }
                }
            }
            front = next;
        }
        None
    }

    /// Foreign keys of a table whose columns are not null, and columns named like one (`order_id`).
    fn required_keys(&self, id: TableId) -> Vec<(Symbol, TableId)> {
        let table = self.table(id);
        let is_set = |key: &&ForeignKey| {
            !key.columns.is_empty()
                && key
                    .columns
                    .iter()
                    .all(|name| table.column(*name).is_some_and(|column| column.not_null))
        };
        let mut keys: Vec<(Symbol, TableId)> = table
            .foreign_keys
            .iter()
            .filter(is_set)
            .filter_map(|key| Some((key.columns[0], self.foreign_table(id, key)?)))
            .filter(|(_, target)| *target != id)
            .collect();
        for column in table.columns.iter().filter(|column| column.not_null) {
            let has_key = table
                .foreign_keys
                .iter()
                .any(|key| key.columns.contains(&column.name));
            if !has_key && let Some(target) = self.implied_target(id, column.name) {
                keys.push((column.name, target));
            }
        }
        keys
    }

    /// The table a column points at: by its foreign key, or by its name where it has none.
    #[must_use]
    pub fn pointed_at(&self, id: TableId, column: Symbol) -> Option<TableId> {
        let keys = &self.table(id).foreign_keys;
        match keys.iter().find(|key| key.columns == [column]) {
            Some(key) => self.foreign_table(id, key),
            None => self.implied_target(id, column),
        }
    }

    /// The table a column without foreign key is named after, when there is exactly one and its key is a single column.
    fn implied_target(&self, id: TableId, column: Symbol) -> Option<TableId> {
        let stem = pointed_at(column.as_str())?;
        let own = self.table(id);
        let is_meant = |other: &&TableId| {
            let table = self.table(**other);
            // A partitioned table has more in its key than what tells its rows apart.
            let is_key = |name: &Symbol| plain(name.as_str()) == "id" || *name == column;
            let has_id =
                table.primary_key().first().is_some_and(is_key) || table.primary_key().len() == 1;
            table.database == own.database && table.schema == own.schema && **other != id && has_id
        };
        let prefix = own
            .name
            .as_str()
            .find('_')
            .map(|at| plain(&own.name.as_str()[..at]));
        let with_prefix = prefix.map(|prefix| format!("{prefix}{stem}"));
        [Some(stem), with_prefix]
            .into_iter()
            .flatten()
            .find_map(|name| {
                let mut found = self
                    .by_singular
                    .get(&name)
                    .into_iter()
                    .flatten()
                    .filter(is_meant);
                match (found.next(), found.next()) {
                    (Some(only), None) => Some(*only),
                    _ => None,
                }
            })
    }
}

/// Whether the table holds the tenants themselves, and not parts of them.
fn is_root(chain: &Chain, id: TableId) -> bool {
    chain
        .links
        .iter()
        .any(|link| link.root == Some(id) && !link.is_part)
}
