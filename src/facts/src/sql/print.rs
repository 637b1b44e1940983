//! Statements as short text, for tests, traces and people.

use std::fmt;

use betwixt_base::Symbol;

use super::statement::{
    ColumnRef, Comparison, Conflict, ConflictAction, Join, Predicate, Scope, ScopeRole, Statement,
    TableUse, Value,
};

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, scope) in self.scopes.iter().enumerate() {
            print_scope(f, number, scope)?;
        }
        for (number, table) in self.tables.iter().enumerate() {
            print_table(f, number, table)?;
        }
        if let Some(insert) = &self.insert {
            let from = if insert.from_select {
                " from select"
            } else {
                ""
            };
            writeln!(
                f,
                "insert @{} ({}){from}",
                insert.scope.0,
                names(&insert.columns)
            )?;
            insert
                .rows
                .iter()
                .try_for_each(|row| writeln!(f, "  row ({})", list(row)))?;
        }
        for assignment in &self.assignments {
            write!(
                f,
                "set @{} {} = {}",
                assignment.scope.0, assignment.column, assignment.value
            )?;
            flags(
                f,
                &[
                    (assignment.in_conflict, "conflict"),
                    (assignment.is_relative, "relative"),
                ],
            )?;
        }
        self.conflict
            .iter()
            .try_for_each(|conflict| print_conflict(f, conflict))?;
        self.predicates
            .iter()
            .try_for_each(|predicate| print_predicate(f, predicate))?;
        for hole in &self.clause_holes {
            writeln!(f, "hole {} @{}", hole.hole, hole.scope.0)?;
        }
        if let Some(limit) = &self.limit {
            writeln!(f, "limit {limit}")?;
        }
        let marks = [
            (self.row_lock, "row lock"),
            (self.skip_locked, "skip locked"),
            (self.advisory_lock, "advisory lock"),
            (self.is_clickhouse, "clickhouse"),
        ];
        marks
            .iter()
            .filter(|(is_set, _)| *is_set)
            .try_for_each(|(_, mark)| writeln!(f, "{mark}"))?;
        match (self.n_params, self.param_names.as_slice()) {
            (0, _) => Ok(()),
            (n_params, []) => writeln!(f, "params {n_params}"),
            (n_params, known) => writeln!(f, "params {n_params}: {}", names(known)),
        }
    }
}

fn print_scope(f: &mut fmt::Formatter<'_>, number: usize, scope: &Scope) -> fmt::Result {
    write!(f, "@{number} ")?;
    match scope.role {
        ScopeRole::Root => {}
        ScopeRole::Cte => f.write_str("cte ")?,
        ScopeRole::Derived => f.write_str("derived ")?,
        ScopeRole::Subquery { negated: false } => f.write_str("sub ")?,
        ScopeRole::Subquery { negated: true } => f.write_str("not sub ")?,
        ScopeRole::SetOperand => f.write_str("operand ")?,
        ScopeRole::InsertSource => f.write_str("source ")?,
    }
    if let Some(parent) = scope.parent {
        write!(f, "in @{} ", parent.0)?;
    }
    if let Some(name) = scope.name {
        write!(f, "{name} ")?;
    }
    write!(f, "{:?}", scope.verb)?;
    for (index, name) in scope.columns.iter().enumerate() {
        f.write_str(if index == 0 { ": " } else { ", " })?;
        match scope.values.get(index) {
            Some(Value::Column(column)) if column.column == *name => write!(f, "{column}")?,
            Some(Value::Other) | None => write!(f, "{name}")?,
            Some(value) => write!(f, "{name} = {value}")?,
        }
    }
    writeln!(f)
}

fn print_table(f: &mut fmt::Formatter<'_>, number: usize, table: &TableUse) -> fmt::Result {
    write!(f, "t{number} @{} ", table.scope.0)?;
    if let Some(schema) = table.schema {
        write!(f, "{schema}.")?;
    }
    write!(f, "{}", table.name)?;
    if table.alias != table.name {
        write!(f, " as {}", table.alias)?;
    }
    if let Some(cte) = table.cte {
        write!(f, " is @{}", cte.0)?;
    }
    if let Join::Joined(kind) = table.join {
        write!(f, " {kind:?}")?;
    }
    flags(f, &[(table.is_target, "target")])
}

fn print_conflict(f: &mut fmt::Formatter<'_>, conflict: &Conflict) -> fmt::Result {
    write!(f, "conflict ({})", names(&conflict.target))?;
    if let Some(constraint) = conflict.constraint {
        write!(f, " constraint {constraint}")?;
    }
    if let Some(predicate) = conflict.target_predicate {
        write!(f, " where {predicate}")?;
    }
    writeln!(
        f,
        " {}",
        if conflict.action == ConflictAction::Nothing {
            "nothing"
        } else {
            "update"
        }
    )
}

fn print_predicate(f: &mut fmt::Formatter<'_>, predicate: &Predicate) -> fmt::Result {
    write!(
        f,
        "{} @{} ",
        if predicate.is_conjunct { "and" } else { "or" },
        predicate.scope.0
    )?;
    match predicate.wrapped_by {
        Some(function) => write!(f, "{function}({})", predicate.column)?,
        None => write!(f, "{}", predicate.column)?,
    }
    match predicate.op {
        Comparison::IsNull => f.write_str(" is null")?,
        Comparison::IsNotNull => f.write_str(" is not null")?,
        op => write!(f, " {} {}", sign(op), predicate.value)?,
    }
    flags(
        f,
        &[
            (predicate.is_optional, "optional"),
            (predicate.in_join, "join"),
        ],
    )
}

fn sign(op: Comparison) -> &'static str {
    match op {
        Comparison::Eq => "=",
        Comparison::NotEq => "<>",
        Comparison::Less => "<",
        Comparison::Greater => ">",
        Comparison::In => "in",
        Comparison::NotIn => "not in",
        Comparison::Like => "like",
        Comparison::IsNull => "is null",
        Comparison::IsNotNull => "is not null",
        Comparison::NotDistinct => "is",
        Comparison::Other => "~",
    }
}

fn flags(f: &mut fmt::Formatter<'_>, flags: &[(bool, &str)]) -> fmt::Result {
    flags
        .iter()
        .filter(|(is_set, _)| *is_set)
        .try_for_each(|(_, flag)| write!(f, " [{flag}]"))?;
    writeln!(f)
}

fn names(names: &[Symbol]) -> String {
    names
        .iter()
        .map(|name| name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn list(values: &[Value]) -> String {
    values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.table, self.qualifier) {
            (Some(table), _) => write!(f, "t{}.{}", table.0, self.column),
            (None, Some(qualifier)) => write!(f, "{qualifier}.{}", self.column),
            (None, None) => write!(f, "{}", self.column),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Param(Self::UNKNOWN_PARAM) => f.write_str("$?"),
            Self::Param(number) => write!(f, "${}", number + 1),
            Self::Hole(number) => write!(f, "{{{number}}}"),
            Self::Literal(text) => write!(f, "{text}"),
            Self::Column(column) => write!(f, "{column}"),
            Self::Call(name, args) => write!(f, "{name}({})", list(args)),
            Self::Subquery(scope) => write!(f, "@{}", scope.0),
            Self::List(values) => write!(f, "({})", list(values)),
            Self::Default => f.write_str("DEFAULT"),
            Self::Other => f.write_str("…"),
        }
    }
}
