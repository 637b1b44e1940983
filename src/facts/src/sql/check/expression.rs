//! Expressions: their types, and what they ask of parameters and literals.

use betwixt_base::Symbol;
use sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, Expr, Ident, SetExpr, Subscript, UnaryOperator,
    Value as Literal,
};

use super::builtin::{Context, catalogue};
use super::choose::{Choice, operator};
use super::coerce::{can_coerce, refuses_literal};
use super::query::Checker;
use super::scope::{Lookup, column, qualified};
use super::types::{Ty, Type};
use super::{Complaint, ComplaintKind};
use crate::sql::fill::hole_of;
use crate::sql::lower::ident;

/// An expression as its surroundings see it.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its type.
    pub(super) ty: Ty,
    /// A parameter (from 1) whose type was not decided where it stands.
    param: Option<u32>,
    /// A quoted literal.
    literal: Option<String>,
    /// `(a, b)`.
    row: Option<Vec<Node>>,
}

impl Node {
    /// An expression of a type.
    pub(super) fn of(ty: Ty) -> Self {
        Self {
            ty,
            param: None,
            literal: None,
            row: None,
        }
    }

    /// An expression of a built-in type.
    pub(super) fn named(name: &str) -> Self {
        Self::of(Type::named(name).map_or(Ty::Any, Ty::Is))
    }

    fn any() -> Self {
        Self::of(Ty::Any)
    }
}

/// Words that are values without brackets.
const VALUE_WORDS: &[&str] = &[
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "current_role",
    "current_catalog",
    "current_schema",
    "session_user",
    "localtime",
    "localtimestamp",
    "user",
    "default",
];

impl Checker<'_> {
    /// Checks an expression and gives its type.
    pub(super) fn expr(&mut self, expr: &Expr) -> Node {
        self.deeper(|this| this.shallow(expr))
            .unwrap_or_else(Node::any)
    }

    /// An expression that has to be of a type.
    pub(super) fn expect(&mut self, expr: &Expr, name: &str) {
        let node = self.expr(expr);
        let Some(ty) = Type::named(name) else { return };
        if matches!(node.ty, Ty::Is(_)) && !can_coerce(node.ty, ty, Context::Implicit) {
            if let Ty::Is(found) = node.ty {
                let says = format!(
                    "argument must be type {}, not type {}",
                    ty.shown(),
                    found.shown()
                );
                self.complain(ComplaintKind::TypeMismatch, says, ty.shown(), Vec::new());
            }
            return;
        }
        self.be(&node, ty);
    }

    /// What is undecided becomes this type.
    pub(super) fn be(&mut self, node: &Node, ty: Type) -> Ty {
        if let Some(number) = node.param {
            if let Some(clash) = self.params.decide(number, ty) {
                self.complain(
                    ComplaintKind::InconsistentParameter,
                    format!(
                        "inconsistent types deduced for parameter ${number}: {} versus {}",
                        clash.before.shown(),
                        clash.now.shown()
                    ),
                    format!("${number}"),
                    Vec::new(),
                );
            }
            return Ty::Is(ty);
        }
        if let Some(text) = &node.literal {
            if refuses_literal(ty, text) {
                let says = format!("invalid input syntax for type {}: \"{text}\"", ty.shown());
                let about = format!("'{text}'");
                self.complain(ComplaintKind::InvalidLiteral, says, about, Vec::new());
            }
            return Ty::Is(ty);
        }
        match node.ty {
            Ty::Any => Ty::Any,
            _ => Ty::Is(ty),
        }
    }

    /// An undecided parameter is used where nothing is known.
    pub(super) fn give_up(&mut self, node: &Node) {
        if let Some(number) = node.param {
            self.params.give_up(number);
        }
        for part in node.row.iter().flatten() {
            if let Some(number) = part.param {
                self.params.give_up(number);
            }
        }
    }

    /// A branch of a construct is turned into the type all of them share.
    pub(super) fn implicitly(&mut self, node: &Node, ty: Type, construct: &str) {
        if let Ty::Is(found) = node.ty {
            if !can_coerce(node.ty, ty, Context::Implicit) {
                let says = format!(
                    "{construct} could not convert type {} to {}",
                    found.shown(),
                    ty.shown()
                );
                self.complain(
                    ComplaintKind::TypeMismatch,
                    says,
                    construct.to_owned(),
                    Vec::new(),
                );
            }
            return;
        }
        self.be(node, ty);
    }

    fn shallow(&mut self, expr: &Expr) -> Node {
        match expr {
            Expr::Identifier(name) => self.name(name),
            Expr::CompoundIdentifier(parts) => self.compound(parts),
            Expr::Value(value) => self.literal(&value.value),
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.expr(inner),
            Expr::TypedString(typed) => written(&typed.data_type.to_string()),
            Expr::Interval(interval) => {
                self.expr(&interval.value);
                Node::named("interval")
            }
            Expr::Cast {
                expr,
                data_type,
                kind: CastKind::Cast | CastKind::DoubleColon,
                ..
            } => self.cast(expr, &data_type.to_string()),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::UnaryOp { op, expr } => self.unary(op, expr),
            Expr::AnyOp {
                left,
                compare_op,
                right,
                ..
            }
            | Expr::AllOp {
                left,
                compare_op,
                right,
            } => self.any_of(left, compare_op, right),
            Expr::InList { expr, list, .. } => self.in_list(expr, list),
            Expr::InSubquery { expr, subquery, .. } => {
                let left = self.expr(expr);
                let right = self.sub_select(subquery);
                self.equal("=", &left, &right)
            }
            Expr::Exists { subquery, .. } => {
                let outputs = self.query(subquery);
                self.resolve(outputs);
                Node::named("bool")
            }
            Expr::Subquery(query) => self.sub_select(query),
            Expr::Tuple(items) => {
                let row = items.iter().map(|item| self.expr(item)).collect();
                Node {
                    row: Some(row),
                    ..Node::any()
                }
            }
            Expr::Array(array) => self.array(&array.elem),
            Expr::Function(function) => self.function_call(function),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            other => self.test(other),
        }
    }

    /// Tests and forms with a syntax of their own.
    fn test(&mut self, expr: &Expr) -> Node {
        match expr {
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                self.expr(inner);
                Node::named("bool")
            }
            Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner) => {
                self.expect(inner, "bool");
                Node::named("bool")
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                let (left, right) = (self.expr(left), self.expr(right));
                self.equal("=", &left, &right)
            }
            Expr::Between {
                expr, low, high, ..
            } => {
                let (value, low) = (self.expr(expr), self.expr(low));
                self.equal(">=", &value, &low);
                let value = self.again(&value);
                let high = self.expr(high);
                self.equal("<=", &value, &high)
            }
            Expr::Like {
                expr,
                pattern,
                any: false,
                ..
            } => self.like("~~", expr, pattern),
            Expr::ILike {
                expr,
                pattern,
                any: false,
                ..
            } => self.like("~~*", expr, pattern),
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                let operand = operand.as_deref();
                self.case(operand, conditions, else_result.as_deref())
            }
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => {
                let (time, zone) = (self.expr(timestamp), self.expr(time_zone));
                let (result, _) = self.call("timezone", &[zone, time], true);
                Node::of(result)
            }
            Expr::Extract { expr, .. } => {
                let (field, value) = (Node::named("text"), self.expr(expr));
                let (result, _) = self.call("extract", &[field, value], true);
                Node::of(result)
            }
            Expr::Ceil { expr, .. } => self.call_of("ceil", &[expr]),
            Expr::Floor { expr, .. } => self.call_of("floor", &[expr]),
            Expr::Substring {
                expr,
                substring_from: Some(from),
                substring_for: None,
                ..
            } => self.call_of("substring", &[expr, from]),
            Expr::Substring {
                expr,
                substring_from: Some(from),
                substring_for: Some(length),
                ..
            } => self.call_of("substring", &[expr, from, length]),
            Expr::Trim { expr, .. } => {
                self.is_partial = true;
                self.call_of("btrim", &[expr])
            }
            _ => {
                self.is_partial = true;
                Node::any()
            }
        }
    }

    fn call_of(&mut self, name: &str, args: &[&Expr]) -> Node {
        let nodes: Vec<Node> = args.iter().map(|arg| self.expr(arg)).collect();
        let (result, _) = self.call(name, &nodes, true);
        Node::of(result)
    }

    fn like(&mut self, name: &str, expr: &Expr, pattern: &Expr) -> Node {
        let (value, pattern) = (self.expr(expr), self.expr(pattern));
        self.equal(name, &value, &pattern)
    }

    fn name(&mut self, name: &Ident) -> Node {
        if hole_of(&name.value).is_some() {
            return Node::any();
        }
        let column_name = ident(name);
        let is_word = name.quote_style.is_none() && VALUE_WORDS.contains(&column_name.as_str());
        if is_word {
            return match column_name.as_str() {
                "current_timestamp" => Node::named("timestamptz"),
                "current_date" => Node::named("date"),
                "localtimestamp" => Node::named("timestamp"),
                _ => Node::any(),
            };
        }
        match column(&self.levels, column_name) {
            Lookup::Found(ty) => Node::of(ty),
            Lookup::Ambiguous(tables, names) => {
                let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
                let says = format!(
                    "column reference \"{column_name}\" is ambiguous: it is in {}",
                    names.join(" and ")
                );
                self.complain(
                    ComplaintKind::AmbiguousColumn,
                    says,
                    column_name.to_string(),
                    tables,
                );
                Node::any()
            }
            Lookup::Missing(tables) => {
                let says = format!("column \"{column_name}\" does not exist");
                self.complain(
                    ComplaintKind::UnknownColumn,
                    says,
                    column_name.to_string(),
                    tables,
                );
                Node::any()
            }
            Lookup::NoTable | Lookup::Unsure => Node::any(),
        }
    }

    fn compound(&mut self, parts: &[Ident]) -> Node {
        let has_hole = parts.iter().any(|part| hole_of(&part.value).is_some());
        let [.., qualifier, name] = parts else {
            return Node::any();
        };
        // `schema.table.column` and `composite.field` are left alone.
        if has_hole || parts.len() > 2 {
            return Node::any();
        }
        let (qualifier, name) = (ident(qualifier), ident(name));
        match qualified(&self.levels, qualifier, name) {
            Lookup::Found(ty) => Node::of(ty),
            Lookup::Missing(tables) => {
                let says = format!("column {qualifier}.{name} does not exist");
                self.complain(
                    ComplaintKind::UnknownColumn,
                    says,
                    format!("{qualifier}.{name}"),
                    tables,
                );
                Node::any()
            }
            Lookup::NoTable => {
                let says = format!("missing FROM-clause entry for table \"{qualifier}\"");
                self.complain(
                    ComplaintKind::UnknownTable,
                    says,
                    qualifier.to_string(),
                    Vec::new(),
                );
                Node::any()
            }
            Lookup::Ambiguous(..) | Lookup::Unsure => Node::any(),
        }
    }

    fn literal(&mut self, value: &Literal) -> Node {
        let text = |text: &str| Node {
            literal: Some(text.to_owned()),
            ..Node::of(Ty::Unknown)
        };
        match value {
            Literal::Number(digits, _) => number(digits),
            Literal::SingleQuotedString(quoted)
            | Literal::EscapedStringLiteral(quoted)
            | Literal::UnicodeStringLiteral(quoted)
                if !quoted.contains("bwhole") =>
            {
                text(quoted)
            }
            Literal::DollarQuotedString(quoted) => text(&quoted.value),
            Literal::Boolean(_) => Node::named("bool"),
            Literal::Null => Node::of(Ty::Unknown),
            Literal::Placeholder(name) => {
                let number = name.strip_prefix('$').and_then(|n| n.parse().ok());
                match number {
                    None | Some(0) => {
                        self.is_partial = true;
                        Node::any()
                    }
                    Some(number) => {
                        let ty = self.params.used(number);
                        Node {
                            param: (ty == Ty::Unknown).then_some(number),
                            ..Node::of(ty)
                        }
                    }
                }
            }
            _ => Node::any(),
        }
    }

    /// A second use of the same expression.
    fn again(&mut self, node: &Node) -> Node {
        match node.param {
            Some(number) => {
                let ty = self.params.used(number);
                Node {
                    param: (ty == Ty::Unknown).then_some(number),
                    ..Node::of(ty)
                }
            }
            None => node.clone(),
        }
    }

    fn cast(&mut self, expr: &Expr, written_type: &str) -> Node {
        if let (Expr::Array(array), Some(target)) = (expr, Type::written(written_type)) {
            // `ARRAY[…]::t[]` asks the elements for the type.
            if let Some(element) = target.element() {
                for item in &array.elem {
                    let node = self.expr(item);
                    if node.ty == Ty::Unknown {
                        self.be(&node, element);
                    }
                }
                return Node::of(Ty::Is(target));
            }
        }
        let node = self.expr(expr);
        let Some(target) = Type::written(written_type) else {
            self.give_up(&node);
            return Node::any();
        };
        if let Ty::Is(found) = node.ty {
            if !can_coerce(node.ty, target, Context::Explicit) {
                let says = format!("cannot cast type {} to {}", found.shown(), target.shown());
                self.complain(
                    ComplaintKind::TypeMismatch,
                    says,
                    target.shown(),
                    Vec::new(),
                );
            }
        } else {
            self.be(&node, target);
        }
        Node::of(Ty::Is(target))
    }

    fn binary(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Node {
        match op {
            BinaryOperator::And | BinaryOperator::Or => {
                // Chains lean to the left and can be long.
                let mut chain = vec![right];
                let mut first = left;
                while let Expr::BinaryOp {
                    left,
                    op: BinaryOperator::And | BinaryOperator::Or,
                    right,
                } = first
                {
                    chain.push(right);
                    first = left;
                }
                chain.push(first);
                for part in chain.into_iter().rev() {
                    self.expect(part, "bool");
                }
                Node::named("bool")
            }
            _ => {
                let (left, right) = (self.expr(left), self.expr(right));
                let name = op.to_string();
                self.equal(&name, &left, &right)
            }
        }
    }

    /// A binary operator on two expressions; rows part by part.
    pub(super) fn equal(&mut self, name: &str, left: &Node, right: &Node) -> Node {
        if let (Some(lefts), Some(rights)) = (&left.row, &right.row) {
            if lefts.len() == rights.len() {
                for (left, right) in lefts.iter().zip(rights) {
                    self.equal(name, left, right);
                }
            } else {
                self.give_up(left);
                self.give_up(right);
            }
            return Node::named("bool");
        }
        let name = if name == "!=" { "<>" } else { name };
        self.apply(name, &[left, right])
    }

    fn unary(&mut self, op: &UnaryOperator, expr: &Expr) -> Node {
        match op {
            UnaryOperator::Not => {
                self.expect(expr, "bool");
                Node::named("bool")
            }
            UnaryOperator::Minus if matches!(expr, Expr::Value(value) if matches!(value.value, Literal::Number(..))) => {
                self.expr(expr)
            }
            _ => {
                let node = self.expr(expr);
                self.apply(&op.to_string(), &[&node])
            }
        }
    }

    /// Chooses an operator and asks its operands for what it declares.
    fn apply(&mut self, name: &str, nodes: &[&Node]) -> Node {
        let candidates = catalogue().operators(name, nodes.len());
        let types: Vec<Ty> = nodes.iter().map(|node| node.ty).collect();
        if candidates.is_empty() {
            nodes.iter().for_each(|node| self.give_up(node));
            return Node::any();
        }
        match operator(&candidates, &types) {
            Choice::One { args, result, .. } => {
                for (node, wanted) in nodes.iter().zip(args) {
                    match wanted {
                        Some(wanted) if node.ty == Ty::Unknown => {
                            self.be(node, wanted);
                        }
                        Some(_) => {}
                        None => self.give_up(node),
                    }
                }
                Node::of(result.map_or(Ty::Any, Ty::Is))
            }
            Choice::Unsure { result } => {
                nodes.iter().for_each(|node| self.give_up(node));
                Node::of(result.map_or(Ty::Any, Ty::Is))
            }
            choice @ (Choice::None | Choice::Several | Choice::Undecided) => {
                nodes.iter().for_each(|node| self.give_up(node));
                self.no_operator(name, &types, matches!(choice, Choice::None));
                Node::any()
            }
        }
    }

    fn no_operator(&mut self, name: &str, types: &[Ty], is_missing: bool) {
        // An enum or an extension's type may have operators of its own.
        let shown: Vec<String> = types
            .iter()
            .map(|ty| match ty {
                Ty::Is(ty) => ty.shown(),
                _ => "unknown".to_owned(),
            })
            .collect();
        let form = match shown.as_slice() {
            [left, right] => format!("{left} {name} {right}"),
            parts => format!("{name} {}", parts.join(", ")),
        };
        let says = if is_missing {
            format!("operator does not exist: {form}")
        } else {
            format!("operator is not unique: {form}")
        };
        self.complain(ComplaintKind::NoOperator, says, form, Vec::new());
    }

    /// `x = ANY(array)`, `x = ANY(SELECT …)`.
    fn any_of(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Node {
        let left = self.expr(left);
        if let Expr::Subquery(query) = right {
            let right = self.sub_select(query);
            return self.equal(&op.to_string(), &left, &right);
        }
        let right = self.expr(right);
        let element = match right.ty {
            Ty::Is(ty) => match ty.element() {
                Some(element) => Ty::Is(element),
                None => {
                    self.give_up(&left);
                    self.complain(
                        ComplaintKind::NoOperator,
                        format!(
                            "op ANY/ALL (array) requires array on right side, not {}",
                            ty.shown()
                        ),
                        ty.shown(),
                        Vec::new(),
                    );
                    return Node::named("bool");
                }
            },
            other => other,
        };
        let name = match op.to_string().as_str() {
            "!=" => "<>".to_owned(),
            other => other.to_owned(),
        };
        let candidates = catalogue().operators(&name, 2);
        match operator(&candidates, &[left.ty, element]) {
            Choice::One { args, .. } => {
                if let [Some(wanted), Some(element)] = args[..] {
                    if left.ty == Ty::Unknown {
                        self.be(&left, wanted);
                    }
                    if right.ty == Ty::Unknown {
                        self.be(&right, element.array());
                    }
                }
            }
            choice => {
                self.give_up(&left);
                self.give_up(&right);
                if matches!(choice, Choice::None | Choice::Several) && !candidates.is_empty() {
                    self.no_operator(&name, &[left.ty, element], matches!(choice, Choice::None));
                }
            }
        }
        Node::named("bool")
    }

    fn in_list(&mut self, expr: &Expr, list: &[Expr]) -> Node {
        let left = self.expr(expr);
        if left.row.is_some() {
            for item in list {
                let item = self.expr(item);
                self.equal("=", &left, &item);
            }
            return Node::named("bool");
        }
        let nodes: Vec<Node> = list.iter().map(|item| self.expr(item)).collect();
        let [first, rest @ ..] = nodes.as_slice() else {
            return Node::named("bool");
        };
        if rest.is_empty() {
            self.equal("=", &left, first);
            return Node::named("bool");
        }
        let mut all = vec![left.ty];
        all.extend(nodes.iter().map(|node| node.ty));
        match super::coerce::common_type(&all) {
            Ok(Ty::Is(ty)) => {
                nodes
                    .iter()
                    .for_each(|node| self.implicitly(node, ty, "IN"));
                self.equal("=", &left, &Node::of(Ty::Is(ty)));
            }
            _ => {
                self.give_up(&left);
                nodes.iter().for_each(|node| self.give_up(node));
            }
        }
        Node::named("bool")
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        branches: &[sqlparser::ast::CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Node {
        let operand = operand.map(|operand| {
            let node = self.expr(operand);
            match (node.ty, Type::named("text")) {
                (Ty::Unknown, Some(text)) => Node::of(self.be(&node, text)),
                _ => node,
            }
        });
        let mut results = Vec::with_capacity(branches.len() + 1);
        for branch in branches {
            match &operand {
                Some(operand) => {
                    let value = self.expr(&branch.condition);
                    self.equal("=", operand, &value);
                }
                None => self.expect(&branch.condition, "bool"),
            }
            results.push(self.expr(&branch.result));
        }
        let otherwise = match otherwise {
            Some(otherwise) => self.expr(otherwise),
            None => Node::of(Ty::Unknown),
        };
        // The last branch counts first.
        results.insert(0, otherwise);
        self.common(&results, "CASE")
    }

    fn array(&mut self, items: &[Expr]) -> Node {
        let nodes: Vec<Node> = items.iter().map(|item| self.expr(item)).collect();
        if nodes.is_empty() {
            return Node::any();
        }
        match self.common(&nodes, "ARRAY").ty {
            Ty::Is(ty) if !ty.is_array => Node::of(Ty::Is(ty.array())),
            Ty::Is(ty) => Node::of(Ty::Is(ty)),
            _ => Node::any(),
        }
    }

    /// A sub-select that is a value: one column, or a row of several.
    fn sub_select(&mut self, query: &sqlparser::ast::Query) -> Node {
        if let SetExpr::Values(_) = &*query.body {
            self.is_partial = true;
        }
        let outputs = self.query(query);
        let is_open = outputs.is_open;
        let columns = self.resolve(outputs);
        match columns.as_slice() {
            _ if is_open => Node::any(),
            [(_, ty)] => Node::of(*ty),
            several => Node {
                row: Some(several.iter().map(|(_, ty)| Node::of(*ty)).collect()),
                ..Node::any()
            },
        }
    }

    fn access(&mut self, root: &Expr, chain: &[AccessExpr]) -> Node {
        let mut node = self.expr(root);
        for step in chain {
            node = match (step, node.ty) {
                (AccessExpr::Subscript(Subscript::Index { index }), Ty::Is(ty)) if ty.is_array => {
                    self.expect(index, "int4");
                    Node::of(ty.element().map_or(Ty::Any, Ty::Is))
                }
                (AccessExpr::Subscript(Subscript::Index { index }), ty) => {
                    let index = self.expr(index);
                    self.give_up(&index);
                    match ty {
                        Ty::Is(ty) if ty.is("jsonb") => Node::of(Ty::Is(ty)),
                        _ => Node::any(),
                    }
                }
                _ => {
                    self.is_partial = true;
                    Node::any()
                }
            };
        }
        node
    }

    /// Nothing says which type a polymorphic argument has.
    pub(super) fn undecided_polymorphic(&mut self, function: &str, node: &Node) {
        let Some(number) = node.param else { return };
        self.params.give_up(number);
        let complaint = Complaint {
            kind: ComplaintKind::UndecidedParameter,
            says: format!(
                "could not determine polymorphic type: ${number} of {function}() has type unknown"
            ),
            about: format!("${number}"),
            tables: Vec::new(),
        };
        if !self.is_partial {
            self.complain(complaint.kind, complaint.says, complaint.about, Vec::new());
        }
    }

    /// A value is stored in a column.
    pub(super) fn store(&mut self, node: &Node, column: Symbol, ty: Ty, table: Option<u32>) {
        let Ty::Is(wanted) = ty else {
            return self.give_up(node);
        };
        if let Ty::Is(found) = node.ty {
            if !can_coerce(node.ty, wanted, Context::Assignment) {
                let says = format!(
                    "column \"{column}\" is of type {} but expression is of type {}",
                    wanted.shown(),
                    found.shown()
                );
                self.complain(
                    ComplaintKind::TypeMismatch,
                    says,
                    column.to_string(),
                    table.into_iter().collect(),
                );
            }
            return;
        }
        self.be(node, wanted);
    }
}

fn written(text: &str) -> Node {
    Node::of(Type::written(text).map_or(Ty::Any, Ty::Is))
}

fn number(digits: &str) -> Node {
    if digits.contains(['.', 'e', 'E']) {
        return Node::named("numeric");
    }
    match digits.parse::<i128>() {
        Ok(value) if i32::try_from(value).is_ok() => Node::named("int4"),
        Ok(value) if i64::try_from(value).is_ok() => Node::named("int8"),
        _ => Node::named("numeric"),
    }
}
