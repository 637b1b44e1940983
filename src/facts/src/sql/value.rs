//! Expressions to values, and names to columns.

use betwixt_base::Symbol;
use sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArguments, Ident, Query, Subscript, Value as Literal,
};

use super::fill::{hole_of, without_holes};
use super::from::arg_expr;
use super::lower::{Lowerer, ident, object_name};
use super::normal::lower_symbol;
use super::statement::{ColumnRef, ScopeId, ScopeRole, TableUseId, Value};

/// A column with what stands around it.
pub(super) struct Column {
    pub(super) column: ColumnRef,
    pub(super) wrapped_by: Option<Symbol>,
}

impl Lowerer<'_> {
    /// The value of an expression; sub-selects in it become blocks.
    pub(super) fn value(&mut self, expr: &Expr, scope: ScopeId) -> Value {
        self.deeper(|this| this.shallow_value(expr, scope))
            .unwrap_or(Value::Other)
    }

    fn shallow_value(&mut self, expr: &Expr, scope: ScopeId) -> Value {
        match expr {
            Expr::Identifier(name) => self.name_value(name, scope),
            Expr::CompoundIdentifier(parts) => self
                .compound(parts, scope)
                .map_or(Value::Other, Value::Column),
            Expr::Value(value) => literal(&value.value),
            Expr::TypedString(typed) => literal(&typed.value.value),
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.value(inner, scope),
            Expr::Cast { expr: inner, .. } | Expr::Convert { expr: inner, .. } => {
                uncast(self.value(inner, scope))
            }
            Expr::Tuple(items) => Value::List(self.values(items, scope)),
            Expr::Array(array) => Value::List(self.values(&array.elem, scope)),
            Expr::Function(function) => self.function(function, scope),
            Expr::Subquery(query) => Value::Subquery(self.subquery(query, scope, false)),
            Expr::Exists { subquery, negated } => {
                let block = self.subquery(subquery, scope, *negated);
                self.call("exists", vec![Value::Subquery(block)])
            }
            Expr::InSubquery {
                expr,
                subquery,
                negated,
            } => {
                let left = self.value(expr, scope);
                let block = self.subquery(subquery, scope, *negated);
                self.call("in", vec![left, Value::Subquery(block)])
            }
            Expr::InList { expr, list, .. } => {
                let left = self.value(expr, scope);
                let list = Value::List(self.values(list, scope));
                self.call("in", vec![left, list])
            }
            Expr::BinaryOp { left, op, right } => {
                let sides = vec![self.value(left, scope), self.value(right, scope)];
                self.call(&op.to_string().to_lowercase(), sides)
            }
            Expr::UnaryOp { op, expr } => {
                let value = self.value(expr, scope);
                match (op.to_string().as_str(), value) {
                    ("-", Value::Literal(number)) => {
                        Value::Literal(Symbol::new(&format!("-{number}")))
                    }
                    ("+", value) => value,
                    (op, value) => self.call(&op.to_lowercase(), vec![value]),
                }
            }
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                let mut parts = Vec::new();
                parts.extend(operand.iter().map(|operand| self.value(operand, scope)));
                for branch in conditions {
                    parts.push(self.value(&branch.condition, scope));
                    parts.push(self.value(&branch.result, scope));
                }
                parts.extend(else_result.iter().map(|result| self.value(result, scope)));
                self.call("case", parts)
            }
            Expr::Interval(interval) => {
                let value = self.value(&interval.value, scope);
                self.call("interval", vec![value])
            }
            Expr::Lambda(lambda) => {
                self.value(&lambda.body, scope);
                Value::Other
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                let mut parts = vec![self.value(root, scope)];
                for access in access_chain {
                    if let AccessExpr::Subscript(Subscript::Index { index }) = access {
                        parts.push(self.value(index, scope));
                    }
                }
                self.call("[]", parts)
            }
            Expr::Between {
                expr, low, high, ..
            } => {
                let parts = vec![
                    self.value(expr, scope),
                    self.value(low, scope),
                    self.value(high, scope),
                ];
                self.call("between", parts)
            }
            _ => self.rare_value(expr, scope),
        }
    }

    /// Forms of one or two operands with a keyword of their own.
    fn rare_value(&mut self, expr: &Expr, scope: ScopeId) -> Value {
        let (name, operands): (&str, Vec<&Expr>) = match expr {
            Expr::IsNull(inner) => ("is null", vec![inner]),
            Expr::IsNotNull(inner) => ("is not null", vec![inner]),
            Expr::IsTrue(inner) | Expr::IsNotFalse(inner) => ("is true", vec![inner]),
            Expr::IsFalse(inner) | Expr::IsNotTrue(inner) => ("is false", vec![inner]),
            Expr::IsDistinctFrom(left, right) => ("is distinct from", vec![left, right]),
            Expr::IsNotDistinctFrom(left, right) => ("is not distinct from", vec![left, right]),
            Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => {
                ("like", vec![expr, pattern])
            }
            Expr::AnyOp { left, right, .. } => ("any", vec![left, right]),
            Expr::AllOp { left, right, .. } => ("all", vec![left, right]),
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => ("at time zone", vec![timestamp, time_zone]),
            Expr::Extract { expr, .. } => ("extract", vec![expr]),
            Expr::Ceil { expr, .. } => ("ceil", vec![expr]),
            Expr::Floor { expr, .. } => ("floor", vec![expr]),
            Expr::Substring { expr, .. } => ("substring", vec![expr]),
            Expr::Trim { expr, .. } => ("trim", vec![expr]),
            Expr::Position { expr, r#in } => ("position", vec![expr, r#in]),
            Expr::JsonAccess { value, .. } => ("[]", vec![value]),
            Expr::Prefixed { value, .. } => return self.value(value, scope),
            Expr::Named { expr, .. } => return self.value(expr, scope),
            _ => return Value::Other,
        };
        let values = operands
            .into_iter()
            .map(|operand| self.value(operand, scope))
            .collect();
        self.call(name, values)
    }

    fn call(&self, name: &str, args: Vec<Value>) -> Value {
        Value::Call(Symbol::new(name), args)
    }

    pub(super) fn values(&mut self, exprs: &[Expr], scope: ScopeId) -> Vec<Value> {
        exprs.iter().map(|expr| self.value(expr, scope)).collect()
    }

    fn name_value(&self, name: &Ident, scope: ScopeId) -> Value {
        match hole_of(&name.value) {
            Some(Ok(hole)) => Value::Hole(hole),
            _ if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("default") => {
                Value::Default
            }
            _ => Value::Column(self.column_ref(None, ident(name), scope)),
        }
    }

    fn compound(&self, parts: &[Ident], scope: ScopeId) -> Option<ColumnRef> {
        let (last, before) = parts.split_last()?;
        Some(self.column_ref(before.last().map(ident), ident(last), scope))
    }

    /// A function call, `FILTER` and `OVER` left out.
    fn function(&mut self, function: &Function, scope: ScopeId) -> Value {
        let (_, name) = object_name(&function.name);
        let name = lower_symbol(name.as_str());
        self.out.advisory_lock |= is_advisory_lock(name.as_str());
        let mut args = Vec::new();
        match &function.args {
            FunctionArguments::List(list) => {
                args.extend(
                    list.args
                        .iter()
                        .filter_map(arg_expr)
                        .map(|arg| self.value(arg, scope)),
                );
            }
            FunctionArguments::Subquery(query) => {
                args.push(Value::Subquery(self.subquery(query, scope, false)))
            }
            FunctionArguments::None => {}
        }
        if let Some(filter) = &function.filter {
            self.value(filter, scope);
        }
        Value::Call(name, args)
    }

    /// A sub-select in a condition or value.
    pub(super) fn subquery(&mut self, query: &Query, scope: ScopeId, negated: bool) -> ScopeId {
        let block = self.new_scope(scope, ScopeRole::Subquery { negated }, None);
        self.query(query, block);
        block
    }

    /// The column an expression is about, and the function around it. Holes are columns only when `holes_too`.
    pub(super) fn column_of(&self, expr: &Expr, scope: ScopeId, holes_too: bool) -> Option<Column> {
        let mut wrapped_by = None;
        let mut expr = expr;
        // Each round goes one level down.
        for _ in 0..64 {
            let (inner, wrapper): (&Expr, Option<Symbol>) = match expr {
                Expr::Identifier(name)
                    if !holes_too && matches!(hole_of(&name.value), Some(Ok(_))) =>
                {
                    return None;
                }
                Expr::Identifier(name)
                    if name.quote_style.is_none() && is_no_column(&name.value) =>
                {
                    return None;
                }
                Expr::Identifier(name) => {
                    return Some(Column {
                        column: self.column_ref(None, ident(name), scope),
                        wrapped_by,
                    });
                }
                Expr::CompoundIdentifier(parts) => {
                    return Some(Column {
                        column: self.compound(parts, scope)?,
                        wrapped_by,
                    });
                }
                Expr::Nested(inner)
                | Expr::Collate { expr: inner, .. }
                | Expr::Prefixed { value: inner, .. } => (inner, None),
                Expr::Cast { expr: inner, .. } | Expr::Convert { expr: inner, .. } => {
                    (inner, Some(Symbol::new("cast")))
                }
                Expr::AtTimeZone { timestamp, .. } => {
                    (timestamp, Some(Symbol::new("at time zone")))
                }
                Expr::Extract { expr, .. } => (expr, Some(Symbol::new("extract"))),
                Expr::Substring { expr, .. } => (expr, Some(Symbol::new("substring"))),
                Expr::Trim { expr, .. } => (expr, Some(Symbol::new("trim"))),
                Expr::Ceil { expr, .. } | Expr::Floor { expr, .. } => {
                    (expr, Some(Symbol::new("floor")))
                }
                Expr::UnaryOp { expr, op } => {
                    (expr, Some(Symbol::new(&op.to_string().to_lowercase())))
                }
                Expr::CompoundFieldAccess { root, .. } => (root, Some(Symbol::new("[]"))),
                Expr::JsonAccess { value, .. } => (value, Some(Symbol::new("[]"))),
                Expr::BinaryOp { left, op, right } => {
                    let side = if self.column_of_shallow(left, scope) {
                        left
                    } else {
                        right
                    };
                    (side, Some(Symbol::new(&op.to_string().to_lowercase())))
                }
                Expr::Function(function) => {
                    let FunctionArguments::List(list) = &function.args else {
                        return None;
                    };
                    let arg = list
                        .args
                        .iter()
                        .filter_map(arg_expr)
                        .find(|arg| self.column_of_shallow(arg, scope))?;
                    let (_, name) = object_name(&function.name);
                    (arg, Some(lower_symbol(name.as_str())))
                }
                _ => return None,
            };
            wrapped_by = wrapped_by.or(wrapper);
            expr = inner;
        }
        None
    }

    /// Whether a column is found in `expr` within a few levels.
    fn column_of_shallow(&self, expr: &Expr, scope: ScopeId) -> bool {
        mentions_column(expr, 8) && !matches!(expr, Expr::Subquery(_)) && scope.0 < u16::MAX
    }

    /// The column `name`, with the table it belongs to where the text alone tells.
    pub(super) fn column_ref(
        &self,
        qualifier: Option<Symbol>,
        column: Symbol,
        scope: ScopeId,
    ) -> ColumnRef {
        let table = match qualifier {
            Some(qualifier) => self.qualified_table(qualifier, scope),
            None => match self.blocks[scope.0 as usize].sources.as_slice() {
                [only] => Some(*only),
                _ => None,
            },
        };
        ColumnRef {
            table,
            qualifier,
            column,
        }
    }

    fn qualified_table(&self, qualifier: Symbol, scope: ScopeId) -> Option<TableUseId> {
        let mut block = Some(scope);
        let mut steps = 0;
        while let Some(id) = block
            && steps < 64
        {
            let here = &self.blocks[id.0 as usize];
            let found = here
                .sources
                .iter()
                .rev()
                .find(|table| self.is_called(**table, qualifier));
            if let Some(found) = found {
                return Some(*found);
            }
            block = here.outer;
            steps += 1;
        }
        None
    }

    fn is_called(&self, table: TableUseId, qualifier: Symbol) -> bool {
        let alias = self.out.tables[table.0 as usize].alias;
        alias == qualifier || alias.as_str().eq_ignore_ascii_case(qualifier.as_str())
    }
}

/// Whether `expr` has a column within `depth` levels. Sub-selects do not count.
pub(super) fn mentions_column(expr: &Expr, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let any = |exprs: &[&Expr]| exprs.iter().any(|expr| mentions_column(expr, depth));
    match expr {
        Expr::Identifier(name) => {
            let is_value = name.quote_style.is_none() && is_no_column(&name.value);
            !is_value && !matches!(hole_of(&name.value), Some(Ok(_)))
        }
        Expr::CompoundIdentifier(_) => true,
        Expr::Nested(inner)
        | Expr::Cast { expr: inner, .. }
        | Expr::Convert { expr: inner, .. }
        | Expr::Collate { expr: inner, .. }
        | Expr::UnaryOp { expr: inner, .. }
        | Expr::Extract { expr: inner, .. }
        | Expr::Trim { expr: inner, .. }
        | Expr::Substring { expr: inner, .. }
        | Expr::AtTimeZone {
            timestamp: inner, ..
        }
        | Expr::CompoundFieldAccess { root: inner, .. }
        | Expr::JsonAccess { value: inner, .. }
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsTrue(inner)
        | Expr::IsFalse(inner) => mentions_column(inner, depth),
        Expr::BinaryOp { left, right, .. }
        | Expr::AnyOp { left, right, .. }
        | Expr::AllOp { left, right, .. }
        | Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right) => any(&[left, right]),
        Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => {
            any(&[expr, pattern])
        }
        Expr::Between {
            expr, low, high, ..
        } => any(&[expr, low, high]),
        Expr::InList { expr, list, .. } => {
            mentions_column(expr, depth) || list.iter().any(|item| mentions_column(item, depth))
        }
        Expr::InSubquery { .. } | Expr::Exists { .. } | Expr::Subquery(_) => true,
        Expr::Tuple(items) => items.iter().any(|item| mentions_column(item, depth)),
        Expr::Array(array) => array.elem.iter().any(|item| mentions_column(item, depth)),
        Expr::Function(function) => match &function.args {
            FunctionArguments::List(list) => list
                .args
                .iter()
                .filter_map(arg_expr)
                .any(|arg| mentions_column(arg, depth)),
            _ => false,
        },
        Expr::Case { conditions, .. } => conditions.iter().any(|branch| {
            mentions_column(&branch.condition, depth) || mentions_column(&branch.result, depth)
        }),
        _ => false,
    }
}

/// Words that read like a column but are values.
fn is_no_column(word: &str) -> bool {
    [
        "current_date",
        "current_timestamp",
        "current_time",
        "localtimestamp",
        "current_user",
        "session_user",
        "default",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(word))
}

fn is_advisory_lock(function: &str) -> bool {
    function == "get_lock"
        || function.contains("advisory")
            && function.contains("lock")
            && !function.contains("unlock")
}

/// The value without its cast, unless it is a column's or a computed one.
fn uncast(value: Value) -> Value {
    match value {
        Value::Column(_) | Value::Call(..) => Value::Call(Symbol::new("cast"), vec![value]),
        value => value,
    }
}

/// A literal as written; a parameter; a hole in quotes.
fn literal(literal: &Literal) -> Value {
    match literal {
        Literal::Placeholder(text) => match text.trim_start_matches(['$', '?', ':']).parse::<u32>()
        {
            Ok(0) | Err(_) => Value::Param(Value::UNKNOWN_PARAM),
            Ok(number) => Value::Param(number - 1),
        },
        Literal::Null => Value::Literal(Symbol::new("NULL")),
        Literal::Boolean(true) => Value::Literal(Symbol::new("TRUE")),
        Literal::Boolean(false) => Value::Literal(Symbol::new("FALSE")),
        Literal::SingleQuotedString(text) => quoted(text),
        other => {
            let text = other.to_string();
            match hole_of(&text) {
                Some(Ok(hole) | Err(hole)) => with_hole(&text, hole),
                None => Value::Literal(Symbol::new(&text)),
            }
        }
    }
}

fn quoted(text: &str) -> Value {
    match hole_of(text) {
        Some(Ok(hole)) => Value::Hole(hole),
        Some(Err(hole)) => with_hole(&format!("'{text}'"), hole),
        None => Value::Literal(Symbol::new(&format!("'{text}'"))),
    }
}

/// A literal with a hole in it: its text with `?` for the hole, joined to the hole.
fn with_hole(text: &str, hole: u32) -> Value {
    let text = Value::Literal(Symbol::new(&without_holes(text)));
    Value::Call(Symbol::new("||"), vec![text, Value::Hole(hole)])
}
