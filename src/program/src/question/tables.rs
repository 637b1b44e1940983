//! Who reads and writes a table.

use betwixt_base::Symbol;
use betwixt_facts::sql::{Comparison, TableUse, Verb};
use rustc_hash::FxHashMap;

use super::{Questions, Spot};
use crate::events::{Access, AccessKind};
use crate::ids::{CallSite, FunctionId};
use crate::schema::{TableId, Tenancy};

/// Whether a statement says whose rows it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scoping {
    /// A tenant column is compared or written.
    Named,
    /// None is.
    Missing,
    /// A filter could not be read; there may be one.
    Unclear,
    /// The table belongs to nobody in particular, or is not known.
    NotNeeded,
}

/// One use of a table by one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableUser {
    /// The function whose body has the statement.
    pub function: FunctionId,
    /// The call.
    pub site: CallSite,
    /// Where it stands: the call, or the named query.
    pub spot: Spot,
    /// What it does to this table.
    pub verb: Verb,
    /// Whether it names the tenant.
    pub scoping: Scoping,
    /// Library of a mapper, or name of a named query; `None` for SQL in code.
    pub by: Option<Symbol>,
}

impl TableUser {
    /// Whether it changes the table.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self.verb, Verb::Insert | Verb::Update | Verb::Delete)
    }
}

/// The word of a verb.
#[must_use]
pub fn verb_name(verb: Verb) -> &'static str {
    match verb {
        Verb::Select => "select",
        Verb::Insert => "insert",
        Verb::Update => "update",
        Verb::Delete => "delete",
        Verb::Ddl => "ddl",
        Verb::Begin | Verb::Commit | Verb::Rollback | Verb::Other => "other",
    }
}

impl Questions<'_> {
    /// Uses of a table by statements of the program, in order of their places; tests left out.
    #[must_use]
    pub fn table_users(&self, table: TableId) -> Vec<TableUser> {
        self.users_where(|access, index, _| access.tables[index] == Some(table))
    }

    /// Uses of a table that the schema does not know, by its name.
    #[must_use]
    pub fn unknown_table_users(&self, name: &str) -> Vec<TableUser> {
        self.users_where(|access, index, table| {
            access.tables[index].is_none() && table.name.as_str().eq_ignore_ascii_case(name)
        })
    }

    /// Uses of every table the schema knows.
    #[must_use]
    pub(super) fn users_by_table(&self) -> FxHashMap<TableId, Vec<TableUser>> {
        let mut found: FxHashMap<TableId, Vec<TableUser>> = FxHashMap::default();
        for access in &self.program.events.accesses {
            for (index, table) in access.statement.tables.iter().enumerate() {
                let id = access.tables.get(index).copied().flatten();
                if let Some(id) = id.filter(|_| table.cte.is_none())
                    && !self.is_test(access.function)
                {
                    let user = self.user(access, index, table);
                    found.entry(id).or_default().push(user);
                }
            }
        }
        found
    }

    /// Names of tables in statements that the schema does not know; sorted.
    #[must_use]
    pub fn unknown_tables(&self) -> Vec<Symbol> {
        let mut found: Vec<Symbol> = Vec::new();
        for access in &self.program.events.accesses {
            for (index, table) in access.statement.tables.iter().enumerate() {
                let is_known = access.tables.get(index).copied().flatten().is_some();
                if !is_known && table.cte.is_none() && table.name != "?" {
                    found.push(table.name);
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }

    fn users_where(&self, is_meant: impl Fn(&Access, usize, &TableUse) -> bool) -> Vec<TableUser> {
        let mut found = Vec::new();
        for access in &self.program.events.accesses {
            for (index, table) in access.statement.tables.iter().enumerate() {
                let is_there = index < access.tables.len() && table.cte.is_none();
                if is_there && is_meant(access, index, table) && !self.is_test(access.function) {
                    found.push(self.user(access, index, table));
                }
            }
        }
        found.dedup_by(|a, b| (a.site, a.verb, a.scoping) == (b.site, b.verb, b.scoping));
        found
    }

    fn user(&self, access: &Access, index: usize, table: &TableUse) -> TableUser {
        let scope = access.statement.scopes.get(table.scope.0 as usize);
        let verb = match scope {
            Some(scope) if table.is_target => scope.verb,
            None if table.is_target => access.statement.verb,
            _ => Verb::Select,
        };
        TableUser {
            function: access.function,
            site: access.site,
            spot: self.spot_of_place(access.place),
            verb,
            scoping: self.scoping(access, index, verb),
            by: match access.kind {
                AccessKind::Sql => None,
                AccessKind::Named(name) | AccessKind::Mapper(name) => Some(name),
            },
        }
    }

    fn scoping(&self, access: &Access, index: usize, verb: Verb) -> Scoping {
        let schema = &self.program.schema;
        let Some(id) = access.tables[index] else {
            return Scoping::NotNeeded;
        };
        let tenancy = schema.tenancy(id);
        if tenancy == Tenancy::Global {
            return Scoping::NotNeeded;
        }
        let statement = &access.statement;
        // Rows of an inherited table are found through the one they belong to, so any table's tenant counts.
        let names_tenant = |column: Symbol, of: Option<usize>| {
            let tables = access.tables.iter().enumerate();
            tables
                .filter(|(at, _)| of.is_none_or(|of| of == *at))
                .any(|(_, table)| table.is_some_and(|table| is_tenant(self, table, column)))
        };
        let is_compared = statement.predicates.iter().any(|predicate| {
            let column = &predicate.column;
            predicate.is_conjunct
                && matches!(
                    predicate.op,
                    Comparison::Eq | Comparison::In | Comparison::NotDistinct
                )
                && names_tenant(column.column, column.table.map(|table| table.0 as usize))
        });
        let is_written = verb == Verb::Insert
            && statement.insert.as_ref().is_some_and(|insert| {
                insert
                    .columns
                    .iter()
                    .any(|&column| is_tenant(self, id, column))
            });
        if is_compared || is_written {
            Scoping::Named
        } else if access.is_opaque || !statement.clause_holes.is_empty() {
            Scoping::Unclear
        } else if verb == Verb::Insert && !matches!(tenancy, Tenancy::Scoped { .. }) {
            Scoping::NotNeeded
        } else {
            Scoping::Missing
        }
    }
}

/// A tenant column, or the key of the tenants themselves.
fn is_tenant(questions: &Questions<'_>, table: TableId, column: Symbol) -> bool {
    let schema = &questions.program.schema;
    schema.is_tenant_column(table, column)
        || (schema.tenancy(table) == Tenancy::TenantRoot
            && schema.table(table).primary_key() == [column])
}
