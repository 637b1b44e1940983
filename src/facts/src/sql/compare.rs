//! Small questions about conditions: what an operator compares, what a list holds, what a value falls back to.

use sqlparser::ast::{BinaryOperator as Op, Expr, FunctionArguments};

use super::fill::hole_of;
use super::from::arg_expr;
use super::lower::object_name;
use super::statement::{ColumnRef, Comparison, Value};

/// The operands of a chain of the same connective, left to right.
pub(super) fn chain<'e>(expr: &'e Expr, connective: &Op) -> Vec<&'e Expr> {
    let mut operands = Vec::new();
    let mut rest = expr;
    while let Expr::BinaryOp { left, op, right } = rest
        && op == connective
    {
        operands.push(&**right);
        rest = left;
    }
    operands.push(rest);
    operands.reverse();
    operands
}

pub(super) fn is_hole(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(name) if hole_of(&name.value).is_some())
        || matches!(expr, Expr::Nested(inner) if is_hole(inner))
}

/// The items of `(a, b)` or `ROW(a, b)`; else the expression itself.
pub(super) fn tuple_of(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Nested(inner) => tuple_of(inner),
        Expr::Tuple(items) => items.iter().collect(),
        Expr::Function(function) => {
            let (_, name) = object_name(&function.name);
            match &function.args {
                FunctionArguments::List(list)
                    if matches!(name.as_str(), "row" | "ROW" | "tuple") =>
                {
                    list.args.iter().filter_map(arg_expr).collect()
                }
                _ => vec![expr],
            }
        }
        _ => vec![expr],
    }
}

pub(super) fn comparison_of(op: &Op) -> Option<Comparison> {
    Some(match op {
        Op::Eq => Comparison::Eq,
        Op::NotEq => Comparison::NotEq,
        Op::Lt | Op::LtEq => Comparison::Less,
        Op::Gt | Op::GtEq => Comparison::Greater,
        Op::Spaceship => Comparison::NotDistinct,
        Op::PGRegexMatch
        | Op::PGRegexIMatch
        | Op::PGLikeMatch
        | Op::PGILikeMatch
        | Op::Regexp
        | Op::Match
        | Op::Glob => Comparison::Like,
        Op::AtArrow
        | Op::ArrowAt
        | Op::PGOverlap
        | Op::Question
        | Op::QuestionAnd
        | Op::QuestionPipe
        | Op::AtAt
        | Op::PGRegexNotMatch
        | Op::PGRegexNotIMatch
        | Op::PGNotLikeMatch
        | Op::PGNotILikeMatch
        | Op::AtQuestion
        | Op::PGStartsWith => Comparison::Other,
        _ => return None,
    })
}

pub(super) fn negate(op: Comparison) -> Comparison {
    match op {
        Comparison::Eq => Comparison::NotEq,
        Comparison::NotEq => Comparison::Eq,
        Comparison::Less => Comparison::Greater,
        Comparison::Greater => Comparison::Less,
        Comparison::In => Comparison::NotIn,
        Comparison::NotIn => Comparison::In,
        Comparison::IsNull => Comparison::IsNotNull,
        Comparison::IsNotNull => Comparison::IsNull,
        Comparison::Like | Comparison::NotDistinct | Comparison::Other => Comparison::Other,
    }
}

pub(super) fn flip(op: Comparison) -> Comparison {
    match op {
        Comparison::Less => Comparison::Greater,
        Comparison::Greater => Comparison::Less,
        Comparison::In | Comparison::NotIn | Comparison::Like => Comparison::Other,
        same => same,
    }
}

/// `COALESCE($1, col)` and `CASE WHEN … ELSE col END` leave the row as it is when the parameter is missing.
pub(super) fn falls_back_to(value: &Value, column: &ColumnRef) -> bool {
    match value {
        Value::Call(name, args)
            if matches!(
                name.as_str(),
                "coalesce" | "ifnull" | "case" | "nvl" | "cast"
            ) =>
        {
            args.iter().any(|arg| {
                matches!(arg, Value::Column(other) if other.column == column.column)
                    || falls_back_to(arg, column)
            })
        }
        _ => false,
    }
}

/// The arguments of a call, its first one (the column) left out.
pub(super) fn others_of(value: Value) -> Value {
    match value {
        Value::Call(_, mut args) if args.len() == 2 => args.pop().unwrap_or(Value::Other),
        Value::Call(_, args) if args.len() > 2 => Value::List(args.into_iter().skip(1).collect()),
        _ => Value::Other,
    }
}
