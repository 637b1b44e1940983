//! Attributes of Sequelize, in models and migrations: `{ type: DataTypes.UUID, allowNull: false, references: … }`.

use betwixt_base::{Span, Symbol};

use super::parts::{UNKNOWN, column, foreign_key, index};
use super::view::View;
use crate::ir::{ExprId, StructEntry};
use crate::schema::{Column, Table};

/// Objects spread into each other, at most.
const MAX_SPREADS: u32 = 8;

/// Attributes on their way into a table.
pub(super) struct Attributes<'v, 'f, 't> {
    view: &'v View<'f>,
    table: &'t mut Table,
    /// Columns of the primary key.
    pub(super) primary: Vec<Symbol>,
    /// Objects of other files that are spread into this one.
    pub(super) includes: Vec<Symbol>,
}

impl<'v, 'f, 't> Attributes<'v, 'f, 't> {
    pub(super) fn new(view: &'v View<'f>, table: &'t mut Table) -> Self {
        Self {
            view,
            table,
            primary: Vec::new(),
            includes: Vec::new(),
        }
    }

    /// Adds the attributes of an object; `name` is the column of one that says none.
    pub(super) fn add_all(&mut self, entries: &[StructEntry], name: &dyn Fn(&str) -> Symbol) {
        self.add_spread(entries, name, MAX_SPREADS);
    }

    fn add_spread(&mut self, entries: &[StructEntry], name: &dyn Fn(&str) -> Symbol, n_left: u32) {
        let view = self.view;
        for entry in entries.iter().take_while(|_| view.takes_member()) {
            match entry.name.as_str() {
                "..." => match self.view.entries(entry.value) {
                    Some(entries) if n_left > 0 => self.add_spread(entries, name, n_left - 1),
                    _ => {
                        let named = self.view.last_name(entry.value).unwrap_or(UNKNOWN);
                        self.includes.push(Symbol::new(named));
                    }
                },
                "" => self.includes.push(Symbol::new(UNKNOWN)),
                field => self.add(entry, name(field)),
            }
        }
    }

    /// One attribute: `name: DataTypes.STRING` or `name: { type, allowNull, … }`.
    fn add(&mut self, entry: &StructEntry, default_name: Symbol) {
        let view = self.view;
        let Some(column) = read_attribute(view, entry.name, entry.value, default_name, entry.span)
        else {
            return;
        };
        let name = column.name;
        if view.bool_entry(entry.value, "primaryKey") == Some(true) {
            self.primary.push(name);
        }
        if let Some(unique) = view.entry(entry.value, "unique")
            && view.bool(unique) != Some(false)
        {
            add_unique(self.table, view.text(unique), name);
        }
        let references = view.entry(entry.value, "references");
        if let Some(there) = references.and_then(|references| referenced(view, references)) {
            let key = references.and_then(|references| view.text_entry(references, "key"));
            let key = foreign_key(vec![name], there.as_str(), key.into_iter().collect());
            self.table.foreign_keys.push(key);
        }
        self.table.columns.push(column);
    }
}

/// Unique constraints of one name are one.
pub(super) fn add_unique(table: &mut Table, name: Option<Symbol>, column: Symbol) {
    let same = name.and_then(|name| {
        table
            .indexes
            .iter_mut()
            .find(|index| index.name == Some(name))
    });
    match same {
        Some(known) => known.columns.push(column),
        None => {
            let mut added = index(vec![column], true);
            added.name = name;
            table.indexes.push(added);
        }
    }
}

/// The column of an attribute; `None` when it is not stored.
pub(super) fn read_attribute(
    view: &View<'_>,
    field: Symbol,
    value: ExprId,
    default_name: Symbol,
    span: Span,
) -> Option<Column> {
    let written = view.entry(value, "type").unwrap_or(value);
    let sql_type = data_type(view, written)?;
    let flag = |name: &str| view.bool_entry(value, name);
    let name = view.text_entry(value, "field").unwrap_or(default_name);
    let mut column = column(name.as_str(), &sql_type, span);
    column.field = Some(field).filter(|field| *field != name);
    column.not_null = flag("allowNull") == Some(false) || flag("primaryKey") == Some(true);
    column.has_default =
        view.entry(value, "defaultValue").is_some() || flag("autoIncrement") == Some(true);
    Some(column)
}

/// The table of `references: { model: "projects" | Project | { tableName } }`.
fn referenced(view: &View<'_>, references: ExprId) -> Option<Symbol> {
    let model = view.entry(references, "model").unwrap_or(references);
    view.text_entry(model, "tableName")
        .or_else(|| view.name(model))
}

/// The SQL type of `DataTypes.STRING(64)`; `None` for what is not stored.
fn data_type(view: &View<'_>, written: ExprId) -> Option<String> {
    let name = match view.chain(written) {
        Some(chain) => chain.first().name.to_owned(),
        None => {
            let path = view
                .text(written)
                .map(|text| text.to_string())
                .or_else(|| view.path(written))
                .unwrap_or_default();
            // `DataTypes.INTEGER.UNSIGNED` is an `INTEGER`.
            let mut parts = path.split('.');
            let first = parts.next().unwrap_or("");
            parts.next().unwrap_or(first).to_owned()
        }
    };
    let known = match name.as_str() {
        "VIRTUAL" => return None,
        "STRING" => "varchar",
        "DATE" | "NOW" => "timestamp",
        "DATEONLY" => "date",
        "UUIDV4" | "UUIDV1" => "uuid",
        "HSTORE" => "json",
        other => return Some(other.to_ascii_lowercase()),
    };
    Some(known.to_owned())
}
