//! How a statement names its tenant, table use by table use.

use betwixt_base::Symbol;
use betwixt_facts::schema::TypeFamily;
use betwixt_facts::sql::{ColumnRef, Comparison, Predicate, ScopeRole, TableUseId, Value, Verb};
use betwixt_program::events::Access;
use betwixt_program::flow::ingredients::Reach;
use betwixt_program::schema::{TableId, Tenancy};

use super::Context;
use crate::guards::names::is_identity;
use crate::tenant::plain;

/// What is known of one table use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UseScope {
    /// Not a tenant's table, or not in the schema.
    Free,
    /// The statement names the tenant for it, itself or over a key that belongs to a scoped table.
    Scoped,
    /// It is tied to other tables only by a key that is not unique across tenants.
    LooselyJoined,
    /// Nothing ties it to a tenant.
    Unscoped,
}

/// How an access names its tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Scoping {
    /// By table use.
    pub(crate) uses: Vec<Option<UseScope>>,
    /// Part of the filter could not be read and may hold the tenant.
    pub(crate) is_opaque: bool,
    /// A value of the statement is the tenant's, whatever it is compared with.
    pub(crate) mentions_tenant: bool,
}

impl Scoping {
    /// Whether every tenant's table in it is scoped, and there is one.
    pub(crate) fn is_scoped(&self) -> bool {
        let mut known = self
            .uses
            .iter()
            .flatten()
            .filter(|scope| **scope != UseScope::Free)
            .peekable();
        known.peek().is_some() && known.all(|scope| *scope == UseScope::Scoped)
    }
}

/// The scoping of every access.
pub(super) fn all(context: &Context<'_>) -> Vec<Scoping> {
    use rayon::prelude::*;
    context
        .program
        .events
        .accesses
        .par_iter()
        .map(|access| scoping(context, access))
        .collect()
}

fn scoping(context: &Context<'_>, access: &Access) -> Scoping {
    let schema = &context.program.schema;
    let statement = &access.statement;
    let mut uses: Vec<Option<UseScope>> = access
        .tables
        .iter()
        .map(|table| {
            table.map(|id| match schema.tenancy(id) {
                Tenancy::Scoped { .. } | Tenancy::Inherited { .. } => UseScope::Unscoped,
                _ => UseScope::Free,
            })
        })
        .collect();
    for (index, scope) in uses.iter_mut().enumerate() {
        if *scope == Some(UseScope::Unscoped) && names_tenant(context, access, index) {
            *scope = Some(UseScope::Scoped);
        }
    }
    spread(context, access, &mut uses);
    let opaque_values = statement
        .predicates
        .iter()
        .filter(|predicate| predicate.column.column == "?");
    let clause_values = statement
        .clause_holes
        .iter()
        .filter_map(|hole| access.holes.get(hole.hole as usize).copied());
    let mut is_opaque = access.is_opaque && opaque_values.clone().next().is_none();
    let mut mentions_tenant = false;
    for at in opaque_values
        .flat_map(|predicate| access.exprs_of(&predicate.value))
        .chain(clause_values)
    {
        if context.is_tenant(at, Reach::LOCAL) {
            mentions_tenant = true;
        } else {
            is_opaque = true;
        }
    }
    if mentions_tenant {
        for scope in uses
            .iter_mut()
            .flatten()
            .filter(|scope| **scope == UseScope::Unscoped)
        {
            *scope = UseScope::Scoped;
        }
    }
    Scoping {
        uses,
        is_opaque,
        mentions_tenant,
    }
}

/// Whether a predicate compares a tenant column of this use, or its key with a value that is the tenant.
fn names_tenant(context: &Context<'_>, access: &Access, index: usize) -> bool {
    let Some(id) = access.tables[index] else {
        return false;
    };
    let schema = &context.program.schema;
    access.statement.predicates.iter().any(|predicate| {
        if !is_equality(predicate.op)
            || !(predicate.is_conjunct || in_tenant_choice(context, access, id, predicate))
            || !belongs(&predicate.column, index)
        {
            return false;
        }
        if schema.is_tenant_column(id, predicate.column.column) {
            return true;
        }
        // The relation to the tenant under a filter that is made elsewhere: `organisation: ofUser(user.id)`.
        if is_tenant_relation(context, id, predicate) {
            return true;
        }
        // A relation's own column (`{ project: { orgId } }`) or a value that is the tenant under another name.
        let by_name =
            predicate.column.table.is_none() && context.tenants.matches(predicate.column.column);
        by_name
            || access
                .exprs_of(&predicate.value)
                .iter()
                .any(|&at| is_tenant_value(context, at))
    })
}

/// Whether a predicate is about the row's tenant, or what it belongs to on the way there, and says what of it in one value:
/// `team: ofUser(user.id)`.
fn is_tenant_relation(context: &Context<'_>, id: TableId, predicate: &Predicate) -> bool {
    let name = predicate.column.column.as_str();
    let schema = &context.program.schema;
    let is_column = |end: &str| {
        let column = Symbol::new(&format!("{name}{end}"));
        schema.is_tenant_column(id, column)
            || matches!(schema.tenancy(id), Tenancy::Inherited { path } if path.first() == Some(&column))
    };
    !matches!(predicate.value, Value::Literal(_) | Value::Column(_))
        && (is_column("Id") || is_column("_id"))
}

/// `project_id = $1 OR project_id IS NULL`: a choice in which every branch is about the tenant.
fn in_tenant_choice(
    context: &Context<'_>,
    access: &Access,
    id: TableId,
    predicate: &Predicate,
) -> bool {
    let schema = &context.program.schema;
    let choices = access
        .statement
        .predicates
        .iter()
        .filter(|other| !other.is_conjunct && other.scope == predicate.scope);
    choices
        .into_iter()
        .all(|other| schema.is_tenant_column(id, other.column.column))
}

/// A value whose own name is the tenant's (`req.TenantID` compared with `owner`).
fn is_tenant_value(context: &Context<'_>, at: betwixt_program::ExprRef) -> bool {
    use betwixt_facts::ir::ExprKind;
    let ir = context.program.code.ir(at.file);
    match ir.kind(at.expr) {
        ExprKind::Local(local) => context.tenants.matches(ir.local(local).name),
        ExprKind::Field(_, name) => context.tenants.matches(name),
        ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => is_tenant_value(
            context,
            betwixt_program::ExprRef {
                file: at.file,
                expr: inner,
            },
        ),
        _ => false,
    }
}

fn belongs(column: &ColumnRef, index: usize) -> bool {
    match column.table {
        Some(TableUseId(at)) => at as usize == index,
        None => column.qualifier.is_none(),
    }
}

pub(crate) fn is_equality(op: Comparison) -> bool {
    matches!(
        op,
        Comparison::Eq | Comparison::In | Comparison::NotDistinct
    )
}

/// Carries scope along joins until nothing changes.
fn spread(context: &Context<'_>, access: &Access, uses: &mut [Option<UseScope>]) {
    for _ in 0..uses.len().max(1) {
        let mut changed = false;
        for predicate in &access.statement.predicates {
            let Value::Column(other) = &predicate.value else {
                continue;
            };
            if !is_equality(predicate.op) {
                continue;
            }
            let (Some(left), Some(right)) =
                (table_of(access, &predicate.column), table_of(access, other))
            else {
                continue;
            };
            changed |= join(
                context,
                access,
                uses,
                (left, predicate.column.column),
                (right, other.column),
            );
            changed |= join(
                context,
                access,
                uses,
                (right, other.column),
                (left, predicate.column.column),
            );
        }
        if !changed {
            break;
        }
    }
}

fn table_of(access: &Access, column: &ColumnRef) -> Option<usize> {
    column
        .table
        .map(|TableUseId(at)| at as usize)
        .filter(|&at| at < access.tables.len())
}

/// `to` gets its scope from `from` when the key they are joined by belongs to one row of one tenant.
fn join(
    context: &Context<'_>,
    access: &Access,
    uses: &mut [Option<UseScope>],
    to: (usize, Symbol),
    from: (usize, Symbol),
) -> bool {
    if !matches!(
        uses[to.0],
        Some(UseScope::Unscoped | UseScope::LooselyJoined)
    ) {
        return false;
    }
    let from_block = access.statement.tables[from.0].cte.is_some();
    let from_scoped = match uses[from.0] {
        Some(UseScope::Scoped) => true,
        // Rows of a block that is scoped inside.
        None => from_block && block_scope(access, uses, from.0) == Some(UseScope::Scoped),
        _ => false,
    };
    if !from_scoped {
        return false;
    }
    let Some(id) = access.tables[to.0] else {
        return false;
    };
    let safe = context.program.schema.is_tenant_column(id, to.1)
        || is_unique(context, id, to.1)
        || is_foreign_key(context, id, to.1)
        || access.tables[from.0].is_some_and(|from_id| {
            is_foreign_key(context, from_id, from.1) && is_key_column(context, id, to.1)
        });
    let next = if safe {
        UseScope::Scoped
    } else {
        UseScope::LooselyJoined
    };
    if uses[to.0] == Some(next) {
        return false;
    }
    uses[to.0] = Some(next);
    true
}

/// What the tables of a CTE or derived table are.
fn block_scope(access: &Access, uses: &[Option<UseScope>], index: usize) -> Option<UseScope> {
    let block = access.statement.tables[index].cte?;
    let mut worst = None;
    for (at, table) in access.statement.tables.iter().enumerate() {
        if table.scope != block {
            continue;
        }
        let scope = match uses[at] {
            Some(scope) => scope,
            None if at != index && table.cte.is_some_and(|inner| inner != block) => {
                block_scope(access, uses, at).unwrap_or(UseScope::Free)
            }
            None => UseScope::Free,
        };
        worst = match (worst, scope) {
            (Some(UseScope::Unscoped), _) | (_, UseScope::Unscoped) => Some(UseScope::Unscoped),
            (Some(UseScope::LooselyJoined), _) | (_, UseScope::LooselyJoined) => {
                Some(UseScope::LooselyJoined)
            }
            (Some(UseScope::Scoped), _) | (_, UseScope::Scoped) => Some(UseScope::Scoped),
            _ => Some(UseScope::Free),
        };
    }
    worst
}

/// The column (or columns) by which one row of the whole table is found and that itself says whose it is.
pub(crate) fn identity_column(
    context: &Context<'_>,
    access: &Access,
    index: usize,
) -> Option<String> {
    let id = access.tables[index]?;
    let is_own = |predicate: &&Predicate| {
        is_equality(predicate.op)
            && predicate.is_conjunct
            && predicate
                .column
                .table
                .is_none_or(|table| table.0 as usize == index)
    };
    let columns: Vec<Symbol> = access
        .statement
        .predicates
        .iter()
        .filter(is_own)
        .map(|predicate| predicate.column.column)
        .collect();
    let schema = &context.program.schema;
    let table = schema.table(id);
    let is_select = access.statement.verb == Verb::Select;
    let projection = &access.statement.projection;
    let names_owner = projection
        .iter()
        .any(|projection| schema.is_tenant_column(id, projection.name));
    let returns_owner =
        names_owner || (is_select && projection.iter().any(|projection| projection.name == "*"));
    let single = columns.iter().find(|&&column| {
        let is_primary = table
            .indexes
            .iter()
            .any(|index| index.is_primary && index.columns.as_slice() == [column]);
        let unique = is_unique(context, id, column) && !is_primary;
        (is_identity(column.as_str()) && (unique || returns_owner))
            || (unique && is_select && names_owner && !plain(column.as_str()).ends_with("uuid"))
    });
    if let Some(column) = single {
        return Some(column.to_string());
    }
    let joint = table.indexes.iter().find(|index| {
        index.is_unique
            && !index.is_primary
            && index.columns.len() > 1
            && index.columns.iter().all(|column| columns.contains(column))
    })?;
    let names: Vec<&str> = joint.columns.iter().map(|name| name.as_str()).collect();
    (is_select && names_owner).then(|| names.join(", "))
}

/// Whether one value of the column belongs to one row of the whole table.
pub(crate) fn is_unique(context: &Context<'_>, id: TableId, column: Symbol) -> bool {
    let table = context.program.schema.table(id);
    let alone = table.indexes.iter().any(|index| {
        index.is_unique && index.columns.len() == 1 && mentions_column(index.columns[0], column)
    });
    let is_uuid = table
        .column(column)
        .is_some_and(|known| known.family == TypeFamily::Uuid);
    alone || is_uuid
}

/// A unique index on the column or on an expression of it (`lower(email)`).
fn mentions_column(indexed: Symbol, column: Symbol) -> bool {
    indexed == column || indexed.as_str().contains(&format!("({column})"))
}

fn is_foreign_key(context: &Context<'_>, id: TableId, column: Symbol) -> bool {
    let table = context.program.schema.table(id);
    table
        .foreign_keys
        .iter()
        .any(|key| key.columns.len() == 1 && key.columns[0] == column)
}

fn is_key_column(context: &Context<'_>, id: TableId, column: Symbol) -> bool {
    let table = context.program.schema.table(id);
    table
        .indexes
        .iter()
        .any(|index| index.is_unique && index.columns.contains(&column))
}

/// Whether a table use stands in a sub-select, and whether that is negated.
pub(crate) fn subquery(access: &Access, index: usize) -> Option<bool> {
    let mut scope = access.statement.tables[index].scope;
    loop {
        let facts = access.statement.scopes.get(scope.0 as usize)?;
        match facts.role {
            ScopeRole::Subquery { negated } => return Some(negated),
            _ => scope = facts.parent?,
        }
    }
}
