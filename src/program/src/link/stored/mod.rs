//! Rows that one service writes and another reads: from the statement that writes to the functions that read.
//!
//! By table of the schema and, where both statements name their columns, by a column that is written there and read
//! here. Such a link is no call: nothing runs because of it, and reach does not cross it.
//! What is read in a column is what others write into it ([`columns`] says which, [`rows`] where it arrives); a column with
//! more than [`MAX_WRITERS`] writing statements carries nothing, since a row had one of them and nobody knows which.

mod columns;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::Symbol;
use betwixt_base::workspace::ServiceId;
use rustc_hash::FxHashMap;

use super::{
    Found, Link, LinkContext, LinkKind, MAX_TARGETS, Source, Sureness, Unlinked, ValueMap,
};
use crate::events::Access;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::schema::TableId;
use columns::{Read, read, written};

/// Most statements of other services whose values a column is taken to hold.
const MAX_WRITERS: usize = 6;
/// Most values one link carries.
const MAX_VALUES: usize = 64;

/// One use of a table by a statement.
struct Use<'a> {
    service: ServiceId,
    access: &'a Access,
    /// The table's index in the statement.
    at: usize,
    /// Columns it writes or reads; `None` for all of them, or where they are not known.
    columns: Option<BTreeSet<Symbol>>,
}

/// Who writes and who reads one table.
#[derive(Default)]
struct Users<'a> {
    writers: Vec<Use<'a>>,
    readers: Vec<Use<'a>>,
}

/// Finds the links of tables that several services use.
pub(super) fn find(context: &LinkContext<'_>) -> Found {
    let mut found = Found::default();
    for (table, users) in users(context) {
        let name = context.schema.table(table).name;
        let mut carried = Carried::new(context, &users);
        for writer in &users.writers {
            let readers = users.readers.iter().filter(|reader| meet(writer, reader));
            let mut functions: BTreeMap<FunctionId, Vec<&Use<'_>>> = BTreeMap::new();
            for reader in readers {
                functions
                    .entry(reader.access.function)
                    .or_default()
                    .push(reader);
            }
            if functions.len() > MAX_TARGETS {
                found.unlinked.push(Unlinked {
                    kind: LinkKind::Table,
                    site: writer.access.site,
                    name,
                    reason: "more functions of other services read it than are followed",
                });
                continue;
            }
            for (to, readers) in functions {
                let ends = (writer.access.site, writer.access.function, to);
                let mut link = link(LinkKind::Table, ends, name, "shared table");
                link.values = carried.values(writer, &readers);
                found.links.push(link);
            }
        }
    }
    found
}

/// A likely link of something that is kept between two services.
pub(super) fn link(
    kind: LinkKind,
    (site, from, to): (CallSite, FunctionId, FunctionId),
    name: Symbol,
    found_by: &'static str,
) -> Link {
    let mut link = Link::new(kind, site, from, to, name.as_str());
    link.found_by = found_by;
    link.sureness = Sureness::Likely;
    link
}

/// Whether one service reads what another may have written.
fn meet(writer: &Use<'_>, reader: &Use<'_>) -> bool {
    let shares = match (&writer.columns, &reader.columns) {
        (Some(written), Some(read)) => !written.is_disjoint(read),
        _ => true,
    };
    writer.service != reader.service && shares
}

/// What the rows of one table carry.
struct Carried<'a> {
    context: &'a LinkContext<'a>,
    /// How many statements write a column, by service.
    writers: FxHashMap<(Symbol, ServiceId), usize>,
    /// Where a reader's columns arrive, by the statement's call.
    arrivals: FxHashMap<CallSite, Vec<rows::Arrival>>,
}

impl<'a> Carried<'a> {
    fn new(context: &'a LinkContext<'a>, users: &Users<'_>) -> Self {
        let mut writers: FxHashMap<(Symbol, ServiceId), usize> = FxHashMap::default();
        for writer in &users.writers {
            for &column in writer.columns.iter().flatten() {
                *writers.entry((column, writer.service)).or_default() += 1;
            }
        }
        Self {
            context,
            writers,
            arrivals: FxHashMap::default(),
        }
    }

    /// The columns that one statement fills and others read.
    fn values(&mut self, writer: &Use<'_>, readers: &[&Use<'_>]) -> Vec<ValueMap> {
        let mut found = Vec::new();
        let values = columns::values(writer.access, writer.at);
        for reader in readers {
            let mut reads = columns::reads(reader.access, reader.at, &values);
            reads.retain(|one| self.writers_besides(one.column, reader.service) <= MAX_WRITERS);
            let context = self.context;
            let arrivals = self.arrivals.entry(reader.access.site);
            let arrivals = arrivals.or_insert_with(|| rows::arrivals(context, reader.access));
            for Read { column, name, idx } in reads {
                let given = values.iter().filter(|(written, _)| *written == column);
                for &(_, value) in given {
                    found.extend(
                        arrivals
                            .iter()
                            .filter_map(|arrival| arrival.map(name, idx, value)),
                    );
                }
            }
        }
        found.truncate(MAX_VALUES);
        found
    }

    fn writers_besides(&self, column: Symbol, service: ServiceId) -> usize {
        let all = self.writers.iter();
        all.filter(|((written, of), _)| *written == column && *of != service)
            .map(|(_, n)| n)
            .sum()
    }
}

fn users<'a>(context: &LinkContext<'a>) -> BTreeMap<TableId, Users<'a>> {
    let mut found: BTreeMap<TableId, Users<'a>> = BTreeMap::new();
    for access in &context.events.accesses {
        let service = context.workspace.file(access.site.file).service;
        let Some(service) = service.filter(|_| !context.is_test(access.site)) else {
            continue;
        };
        for (at, used) in access.statement.tables.iter().enumerate() {
            let Some(table) = access.tables.get(at).copied().flatten() else {
                continue;
            };
            if used.cte.is_some() || access.is_forwarded {
                continue;
            }
            let columns = match used.is_target {
                true => written(&access.statement, used.scope),
                false => read(access, at),
            };
            let is_write = used.is_target && columns::writes(&access.statement, used.scope);
            let users = found.entry(table).or_default();
            let list = match is_write {
                true => &mut users.writers,
                false => &mut users.readers,
            };
            list.push(Use {
                service,
                access,
                at,
                columns,
            });
        }
    }
    found
}

/// A value map from a written value to where it is read.
fn map(value: ExprRef, to: super::Target, path: &[Symbol]) -> ValueMap {
    ValueMap {
        from: Source::Value(value),
        to,
        path: path.iter().copied().collect(),
    }
}
