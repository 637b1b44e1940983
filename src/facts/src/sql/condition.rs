//! `WHERE`, `ON`, `HAVING` to predicates: what holds for every row, what only sometimes.

use betwixt_base::Symbol;
use sqlparser::ast::{BinaryOperator as Op, Expr, FunctionArguments, UnaryOperator};

use super::compare::{
    chain, comparison_of, falls_back_to, flip, is_hole, negate, others_of, tuple_of,
};
use super::fill::hole_of;
use super::from::arg_expr;
use super::lower::{Lowerer, object_name};
use super::statement::{Comparison, Predicate, ScopeId, Value};
use super::value::mentions_column;

/// How a condition was reached.
#[derive(Debug, Clone, Copy)]
struct Reach {
    scope: ScopeId,
    is_conjunct: bool,
    is_optional: bool,
    in_join: bool,
    /// Under an odd number of `NOT`.
    negated: bool,
}

impl Reach {
    fn alternative(self) -> Self {
        Self {
            is_conjunct: false,
            ..self
        }
    }
    fn optional(self) -> Self {
        Self {
            is_conjunct: false,
            is_optional: true,
            ..self
        }
    }
}

impl Lowerer<'_> {
    /// A condition rows have to pass.
    pub(super) fn filter(&mut self, condition: &Expr, scope: ScopeId) {
        self.condition(
            condition,
            Reach {
                scope,
                is_conjunct: true,
                is_optional: false,
                in_join: false,
                negated: false,
            },
        );
    }

    /// The `ON` of a join.
    pub(super) fn join_condition(&mut self, condition: &Expr, scope: ScopeId) {
        self.condition(
            condition,
            Reach {
                scope,
                is_conjunct: true,
                is_optional: false,
                in_join: true,
                negated: false,
            },
        );
    }

    fn condition(&mut self, expr: &Expr, reach: Reach) {
        self.deeper(|this| this.shallow_condition(expr, reach));
    }

    fn shallow_condition(&mut self, expr: &Expr, reach: Reach) {
        match expr {
            Expr::Nested(inner)
            | Expr::Cast { expr: inner, .. }
            | Expr::Collate { expr: inner, .. } => {
                self.condition(inner, reach);
            }
            Expr::UnaryOp {
                op: UnaryOperator::Not | UnaryOperator::BangNot,
                expr,
            } => {
                self.condition(
                    expr,
                    Reach {
                        negated: !reach.negated,
                        ..reach
                    },
                );
            }
            Expr::BinaryOp {
                op: op @ (Op::And | Op::Or),
                ..
            } => {
                let operands = chain(expr, op);
                // `NOT (a OR b)` is `NOT a AND NOT b`.
                if (*op == Op::And) != reach.negated {
                    operands
                        .into_iter()
                        .for_each(|operand| self.condition(operand, reach));
                } else {
                    self.alternatives(&operands, reach);
                }
            }
            Expr::BinaryOp { left, op, right } => match comparison_of(op) {
                Some(comparison) => self.compare(left, comparison, right, reach),
                None => self.opaque(expr, reach),
            },
            Expr::IsNull(inner) => self.null_test(inner, reach.negated, reach),
            Expr::IsNotNull(inner) => self.null_test(inner, !reach.negated, reach),
            Expr::IsTrue(inner) | Expr::IsNotFalse(inner) => self.condition(inner, reach),
            Expr::IsFalse(inner) | Expr::IsNotTrue(inner) => {
                self.condition(
                    inner,
                    Reach {
                        negated: !reach.negated,
                        ..reach
                    },
                );
            }
            Expr::IsNotDistinctFrom(left, right) => {
                self.compare(left, Comparison::NotDistinct, right, reach)
            }
            Expr::IsDistinctFrom(left, right) => {
                self.compare(left, Comparison::NotEq, right, reach)
            }
            Expr::InList {
                expr,
                list,
                negated,
            } => self.in_list(expr, list, *negated, reach),
            Expr::InSubquery {
                expr,
                subquery,
                negated,
            } => {
                let negated = *negated != reach.negated;
                let block = self.subquery(subquery, reach.scope, negated);
                let op = if negated {
                    Comparison::NotIn
                } else {
                    Comparison::In
                };
                for column in tuple_of(expr) {
                    self.side(
                        column,
                        op,
                        Value::Subquery(block),
                        Reach {
                            negated: false,
                            ..reach
                        },
                    );
                }
            }
            Expr::InUnnest {
                expr,
                array_expr,
                negated,
            } => {
                let value = self.value(array_expr, reach.scope);
                let op = if *negated {
                    Comparison::NotIn
                } else {
                    Comparison::In
                };
                self.side(expr, op, value, reach);
            }
            Expr::AnyOp {
                left,
                compare_op,
                right,
                ..
            } => self.any(left, compare_op, right, reach),
            Expr::AllOp {
                left,
                compare_op,
                right,
            } => {
                let op = if *compare_op == Op::NotEq {
                    Comparison::NotIn
                } else {
                    Comparison::Other
                };
                self.compare(left, op, right, reach);
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => self.between(expr, *negated, low, high, reach),
            Expr::Like {
                expr,
                pattern,
                negated,
                ..
            }
            | Expr::ILike {
                expr,
                pattern,
                negated,
                ..
            }
            | Expr::SimilarTo {
                expr,
                pattern,
                negated,
                ..
            }
            | Expr::RLike {
                expr,
                pattern,
                negated,
                ..
            } => {
                let op = if *negated {
                    Comparison::Other
                } else {
                    Comparison::Like
                };
                self.compare(expr, op, pattern, reach);
            }
            Expr::Exists { subquery, negated } => {
                self.subquery(subquery, reach.scope, *negated != reach.negated);
            }
            Expr::Subquery(query) => {
                self.subquery(query, reach.scope, false);
            }
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                if let Some(operand) = operand {
                    self.value(operand, reach.scope);
                }
                for branch in conditions {
                    self.condition(&branch.condition, reach.optional());
                    self.condition(&branch.result, reach.optional());
                }
                if let Some(result) = else_result {
                    self.condition(result, reach.optional());
                }
            }
            Expr::Function(_) => self.function_condition(expr, reach),
            Expr::Identifier(name) => match hole_of(&name.value) {
                Some(Ok(hole)) => self.clause_hole(hole, reach.scope),
                _ => self.flag(expr, reach),
            },
            Expr::CompoundIdentifier(_) => self.flag(expr, reach),
            Expr::Value(_) => {}
            _ => self.opaque(expr, reach),
        }
    }

    /// `a OR b OR …`: what holds in every branch holds; beside a branch without columns the others are optional.
    fn alternatives(&mut self, branches: &[&Expr], reach: Reach) {
        let is_switch = |branch: &&&Expr| !mentions_column(branch, 12) && !is_hole(branch);
        if branches.iter().any(|branch| is_switch(&branch)) {
            branches
                .iter()
                .for_each(|branch| self.condition(branch, reach.optional()));
            return;
        }
        let mut ranges = Vec::with_capacity(branches.len());
        for branch in branches {
            let start = self.out.predicates.len();
            self.condition(branch, reach);
            ranges.push(start..self.out.predicates.len());
        }
        if !reach.is_conjunct || branches.len() > 64 {
            let start = ranges.first().map_or(0, |range| range.start);
            self.out.predicates[start..]
                .iter_mut()
                .for_each(|predicate| predicate.is_conjunct = false);
            return;
        }
        if self.fold_into_list(&ranges, reach) {
            return;
        }
        self.keep_common(&ranges, reach.scope);
    }

    /// `a = $1 OR a = $2` is `a IN ($1, $2)`.
    fn fold_into_list(&mut self, ranges: &[std::ops::Range<usize>], reach: Reach) -> bool {
        let Some(first) = ranges.first() else {
            return false;
        };
        let predicates = &self.out.predicates[first.start..];
        let is_foldable = ranges.iter().all(|range| range.len() == 1)
            && predicates.iter().all(|predicate| {
                predicate.op == Comparison::Eq
                    && predicate.column == predicates[0].column
                    && predicate.scope == reach.scope
                    && predicate.wrapped_by.is_none()
                    && !matches!(predicate.value, Value::Column(_))
            });
        if !is_foldable || predicates.is_empty() {
            return false;
        }
        let values = self
            .out
            .predicates
            .drain(first.start + 1..)
            .map(|predicate| predicate.value)
            .collect::<Vec<_>>();
        let kept = &mut self.out.predicates[first.start];
        let mut list = vec![std::mem::replace(&mut kept.value, Value::Other)];
        list.extend(values);
        kept.op = Comparison::In;
        kept.value = Value::List(list);
        true
    }

    /// Keeps `is_conjunct` for what every branch asks for.
    fn keep_common(&mut self, ranges: &[std::ops::Range<usize>], scope: ScopeId) {
        let Some((first, others)) = ranges.split_first() else {
            return;
        };
        let same = |a: &Predicate, b: &Predicate| {
            a.column == b.column && a.op == b.op && a.value == b.value
        };
        let predicates = &self.out.predicates;
        let is_common = |predicate: &Predicate| {
            predicate.scope == scope
                && predicate.is_conjunct
                && others.iter().all(|range| {
                    predicates[range.clone()]
                        .iter()
                        .any(|other| other.is_conjunct && same(predicate, other))
                })
        };
        let common: Vec<usize> = first
            .clone()
            .filter(|index| is_common(&predicates[*index]))
            .collect();
        for (index, predicate) in self.out.predicates.iter_mut().enumerate().skip(first.start) {
            // Predicates of blocks inside keep what they are in their own block.
            if predicate.scope == scope && !common.contains(&index) {
                predicate.is_conjunct = false;
            }
        }
    }

    fn compare(&mut self, left: &Expr, op: Comparison, right: &Expr, reach: Reach) {
        let op = if reach.negated { negate(op) } else { op };
        let reach = Reach {
            negated: false,
            ..reach
        };
        let (lefts, rights) = (tuple_of(left), tuple_of(right));
        if lefts.len() > 1 && lefts.len() == rights.len() {
            for (index, (left, right)) in lefts.iter().zip(&rights).enumerate() {
                // `(a, b) > (x, y)` says something of `a` only; `<>` of none alone.
                let holds = matches!(op, Comparison::Eq | Comparison::NotDistinct)
                    || index == 0 && op != Comparison::NotEq;
                self.compare(
                    left,
                    op,
                    right,
                    if holds { reach } else { reach.alternative() },
                );
            }
            return;
        }
        if lefts.len() > 1 {
            let value = self.value(right, reach.scope);
            for left in lefts {
                self.side(left, op, value.clone(), reach);
            }
            return;
        }
        self.compare_one(left, op, right, reach);
    }

    fn compare_one(&mut self, left: &Expr, op: Comparison, right: &Expr, reach: Reach) {
        let scope = reach.scope;
        let left_column = self.column_of(left, scope, false);
        let right_column = self.column_of(right, scope, false);
        let is_pure = |column: &Option<super::value::Column>| {
            column
                .as_ref()
                .is_some_and(|column| column.wrapped_by.is_none())
        };
        // The row that could not be inserted is a value, the one that is there is the column.
        let is_excluded = left_column.as_ref().is_some_and(|found| {
            found
                .column
                .qualifier
                .is_some_and(|qualifier| qualifier == "excluded")
        });
        let use_right = match (&left_column, &right_column) {
            (None, Some(_)) => true,
            (Some(_), Some(_)) => is_excluded || !is_pure(&left_column) && is_pure(&right_column),
            _ => false,
        };
        if use_right {
            let value = self.value(left, scope);
            return self.side(right, flip(op), value, reach);
        }
        let value = self.value(right, scope);
        self.side(left, op, value, reach);
    }

    /// One predicate from a side that should be a column and a value.
    fn side(&mut self, column: &Expr, op: Comparison, value: Value, reach: Reach) {
        let op = if reach.negated { negate(op) } else { op };
        let Some(found) = self.column_of(column, reach.scope, true) else {
            self.value(column, reach.scope);
            return;
        };
        if found.wrapped_by.is_some() {
            // Sub-selects inside the wrapping count too.
            self.value(column, reach.scope);
        }
        let falls_back = found.wrapped_by.is_none()
            && op == Comparison::Eq
            && falls_back_to(&value, &found.column);
        self.out.predicates.push(Predicate {
            scope: reach.scope,
            column: found.column,
            op,
            value,
            is_conjunct: reach.is_conjunct,
            is_optional: reach.is_optional || falls_back,
            in_join: reach.in_join,
            wrapped_by: found.wrapped_by,
        });
    }

    fn null_test(&mut self, inner: &Expr, is_not: bool, reach: Reach) {
        let op = if is_not {
            Comparison::IsNotNull
        } else {
            Comparison::IsNull
        };
        let null = Value::Literal(Symbol::new("NULL"));
        for column in tuple_of(inner) {
            self.side(
                column,
                op,
                null.clone(),
                Reach {
                    negated: false,
                    ..reach
                },
            );
        }
    }

    fn in_list(&mut self, expr: &Expr, list: &[Expr], negated: bool, reach: Reach) {
        let op = if negated != reach.negated {
            Comparison::NotIn
        } else {
            Comparison::In
        };
        let reach = Reach {
            negated: false,
            ..reach
        };
        let columns = tuple_of(expr);
        let values = self.values(list, reach.scope);
        if columns.len() == 1 {
            if self.column_of(expr, reach.scope, false).is_none()
                && let Some(column) = list
                    .iter()
                    .find(|item| self.column_of(item, reach.scope, false).is_some())
            {
                // `$1 IN (a, b)`: one of the columns has the value.
                let value = self.value(expr, reach.scope);
                let reach = if list.len() > 1 {
                    reach.alternative()
                } else {
                    reach
                };
                let op = if op == Comparison::In {
                    Comparison::Eq
                } else {
                    Comparison::NotEq
                };
                return self.side(column, op, value, reach);
            }
            return self.side(expr, op, Value::List(values), reach);
        }
        for (index, column) in columns.iter().enumerate() {
            let part = |value: &Value| match value {
                Value::List(items) => items.get(index).cloned().unwrap_or(Value::Other),
                whole => whole.clone(),
            };
            let list = match values.as_slice() {
                [whole @ (Value::Subquery(_) | Value::Hole(_) | Value::Param(_))] => whole.clone(),
                values => Value::List(values.iter().map(part).collect()),
            };
            self.side(column, op, list, reach);
        }
    }

    /// `col = ANY($1)` is `col IN …`; `$1 = ANY(col)` asks what the column contains.
    fn any(&mut self, left: &Expr, op: &Op, right: &Expr, reach: Reach) {
        let left_is_column = tuple_of(left)
            .iter()
            .any(|side| self.column_of(side, reach.scope, true).is_some());
        let comparison = match comparison_of(op) {
            Some(Comparison::Eq) if left_is_column => Comparison::In,
            Some(Comparison::Like) => Comparison::Like,
            _ => Comparison::Other,
        };
        let value = self.value(right, reach.scope);
        if left_is_column {
            for side in tuple_of(left) {
                self.side(side, comparison, value.clone(), reach);
            }
        } else {
            let value = self.value(left, reach.scope);
            self.side(right, comparison, value, reach);
        }
    }

    fn between(&mut self, expr: &Expr, negated: bool, low: &Expr, high: &Expr, reach: Reach) {
        if negated != reach.negated {
            let reach = Reach {
                negated: false,
                ..reach.alternative()
            };
            self.compare(expr, Comparison::Less, low, reach);
            self.compare(expr, Comparison::Greater, high, reach);
        } else {
            let reach = Reach {
                negated: false,
                ..reach
            };
            self.compare(expr, Comparison::Greater, low, reach);
            self.compare(expr, Comparison::Less, high, reach);
        }
    }

    /// `has(list, col)`, `coalesce(col = $1, true)`, any other function that decides.
    fn function_condition(&mut self, expr: &Expr, reach: Reach) {
        let Expr::Function(function) = expr else {
            return;
        };
        let (_, name) = object_name(&function.name);
        let args: Vec<&Expr> = match &function.args {
            FunctionArguments::List(list) => list.args.iter().filter_map(arg_expr).collect(),
            _ => Vec::new(),
        };
        match (name.as_str().to_ascii_lowercase().as_str(), args.as_slice()) {
            ("has", [list, item]) if !mentions_column(list, 8) => {
                let value = self.value(list, reach.scope);
                self.side(item, Comparison::In, value, reach);
            }
            ("coalesce" | "ifnull", [condition @ Expr::BinaryOp { .. }, ..]) => {
                self.condition(condition, reach.optional())
            }
            ("and", args) if !reach.negated => {
                args.iter().for_each(|arg| self.condition(arg, reach))
            }
            ("equals", [left, right]) => self.compare(left, Comparison::Eq, right, reach),
            _ => self.opaque(expr, reach),
        }
    }

    /// A column that is a condition by itself.
    fn flag(&mut self, expr: &Expr, reach: Reach) {
        let value = Value::Literal(Symbol::new(if reach.negated { "FALSE" } else { "TRUE" }));
        self.side(
            expr,
            Comparison::Eq,
            value,
            Reach {
                negated: false,
                ..reach
            },
        );
    }

    /// Something else that decides: its column is named, how it is compared is not known.
    fn opaque(&mut self, expr: &Expr, reach: Reach) {
        let value = self.value(expr, reach.scope);
        if let Some(found) = self.column_of(expr, reach.scope, false) {
            self.out.predicates.push(Predicate {
                scope: reach.scope,
                column: found.column,
                op: Comparison::Other,
                value: others_of(value),
                is_conjunct: reach.is_conjunct && !reach.negated,
                is_optional: reach.is_optional,
                in_join: reach.in_join,
                wrapped_by: found.wrapped_by,
            });
        }
    }
}
