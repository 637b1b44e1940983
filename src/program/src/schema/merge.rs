//! One table from several definitions and changes.

use betwixt_base::Symbol;
use betwixt_facts::schema::{Column, ForeignKey, Index, Table, TypeFamily};

use super::TableModel;
use super::replay::{keep_names, rename_in, same};

impl TableModel {
    pub(super) fn empty(schema: Option<Symbol>, name: Symbol) -> Self {
        Self {
            name,
            schema,
            model: None,
            other_models: Vec::new(),
            columns: Vec::new(),
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            row_security: false,
            policies: Vec::new(),
            engine: None,
            is_view: false,
            is_open: false,
            place: None,
            sources: Vec::new(),
            database: 0,
        }
    }

    /// Adds another definition of the table.
    pub(super) fn merge(&mut self, table: &Table) {
        let is_first = self.sources.is_empty();
        self.is_view = table.is_view && (is_first || self.is_view);
        self.name_in_code(table.model);
        self.engine = table.engine.clone().or_else(|| self.engine.take());
        if is_first {
            // What history changed before anything defined it is now known.
            self.is_open = table.columns.is_empty();
        } else {
            self.is_open &= table.columns.is_empty();
        }
        table
            .columns
            .iter()
            .for_each(|column| self.set_column(column.clone()));
        table
            .indexes
            .iter()
            .for_each(|index| self.add_index(index.clone()));
        table
            .foreign_keys
            .iter()
            .for_each(|key| self.add_foreign_key(key.clone()));
    }

    /// A further name that code has for the table: migrations in code keep structs of their own for tables of models.
    fn name_in_code(&mut self, model: Option<Symbol>) {
        match model {
            Some(model) if self.model.is_none() => self.model = Some(model),
            Some(model) if self.names_in_code().all(|known| known != model) => {
                self.other_models.push(model);
            }
            _ => {}
        }
    }

    /// What code calls the table, the first definition's name first.
    pub(crate) fn names_in_code(&self) -> impl Iterator<Item = Symbol> {
        self.model
            .into_iter()
            .chain(self.other_models.iter().copied())
    }

    /// Adds what a later description says of the table.
    pub(super) fn overlay(&mut self, later: Self) {
        let is_defined = !later.sources.is_empty();
        self.is_open = match (self.sources.is_empty(), is_defined) {
            // What only changes a table does not say that there is more to it.
            (false, false) => self.is_open,
            (true, true) => later.is_open,
            _ => self.is_open && later.is_open,
        };
        self.is_view &= later.is_view || !is_defined;
        later
            .names_in_code()
            .for_each(|model| self.name_in_code(Some(model)));
        self.engine = later.engine.or_else(|| self.engine.take());
        later
            .columns
            .into_iter()
            .for_each(|column| self.set_column(column));
        later
            .indexes
            .into_iter()
            .for_each(|index| self.add_index(index));
        later
            .foreign_keys
            .into_iter()
            .for_each(|key| self.add_foreign_key(key));
        self.row_security |= later.row_security;
        for policy in later.policies {
            self.policies.retain(|known| known.name != policy.name);
            self.policies.push(policy);
        }
        self.place = self.place.or(later.place);
        self.sources.extend(later.sources);
    }

    /// Takes over what another table has.
    pub(super) fn absorb(&mut self, other: Self) {
        other
            .names_in_code()
            .for_each(|model| self.name_in_code(Some(model)));
        for column in other.columns {
            if self.column_mut(column.name).is_none() {
                self.columns.push(column);
            }
        }
        other
            .indexes
            .into_iter()
            .for_each(|index| self.add_index(index));
        other
            .foreign_keys
            .into_iter()
            .for_each(|key| self.add_foreign_key(key));
        self.sources.extend(other.sources);
        self.policies.extend(other.policies);
        self.row_security |= other.row_security;
    }

    pub(super) fn column_mut(&mut self, name: Symbol) -> Option<&mut Column> {
        self.columns
            .iter_mut()
            .find(|column| same(column.name, name))
    }

    /// Adds a column, or replaces its definition; the name in code stays.
    pub(super) fn set_column(&mut self, column: Column) {
        match self.column_mut(column.name) {
            Some(known) => {
                let field = column.field.or(known.field);
                let is_untyped = column.sql_type.is_empty();
                let family = if column.family == TypeFamily::Other {
                    known.family
                } else {
                    column.family
                };
                let sql_type = if is_untyped {
                    known.sql_type
                } else {
                    column.sql_type
                };
                *known = Column {
                    field,
                    family,
                    sql_type,
                    ..column
                };
            }
            None => self.columns.push(column),
        }
    }

    pub(super) fn drop_column(&mut self, name: Symbol) {
        self.columns.retain(|column| !same(column.name, name));
        let uses = |columns: &[Symbol]| columns.iter().any(|column| same(*column, name));
        self.indexes.retain(|index| !uses(&index.columns));
        self.foreign_keys.retain(|key| !uses(&key.columns));
    }

    pub(super) fn rename_column(&mut self, from: Symbol, to: Symbol) {
        keep_names(self, |columns| {
            columns.iter().any(|column| same(*column, from))
        });
        if self.column_mut(to).is_some() {
            self.columns.retain(|column| !same(column.name, from));
        } else if let Some(column) = self.column_mut(from) {
            column.name = to;
        }
        self.indexes
            .iter_mut()
            .for_each(|index| rename_in(&mut index.columns, from, to));
        self.foreign_keys
            .iter_mut()
            .for_each(|key| rename_in(&mut key.columns, from, to));
        if let Some(engine) = &mut self.engine {
            rename_in(&mut engine.order_by, from, to);
        }
        self.policies
            .iter_mut()
            .for_each(|policy| rename_in(&mut policy.columns, from, to));
    }

    /// Adds an index; one of the same name is replaced. Equal ones under several names stay until all are known.
    pub(super) fn add_index(&mut self, index: Index) {
        if index.is_primary {
            for column in &index.columns {
                if let Some(column) = self.column_mut(*column) {
                    column.not_null = true;
                }
            }
        }
        if index.name.is_some() {
            self.indexes.retain(|known| known.name != index.name);
        }
        if !self.indexes.contains(&index) {
            self.indexes.push(index);
        }
    }

    pub(super) fn add_foreign_key(&mut self, key: ForeignKey) {
        if key.name.is_some() {
            self.foreign_keys.retain(|known| known.name != key.name);
        }
        if !self.foreign_keys.contains(&key) {
            self.foreign_keys.push(key);
        }
    }
}
