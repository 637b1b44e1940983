//! How filters are written, one reader per style.

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallForm, ExprId, ExprKind, UnaryOp};
use betwixt_facts::sql::{Comparison, Dialect, SqlText, Value, parse_statements};
use betwixt_rules::model::StatementModel;

use super::build::Builder;
use super::snake;
use crate::flow::text::{Piece, text};
use crate::ids::ExprRef;

const MAX_DEPTH: u32 = 8;

impl Builder<'_> {
    /// Reads the arguments of a filter in the first style that fits.
    pub(super) fn filter(&mut self, args: &[ExprId], model: &StatementModel) {
        let styles: Vec<&str> = model.filter_styles.iter().map(String::as_str).collect();
        if styles.contains(&"pair") && self.pair(args) {
            return;
        }
        if styles.contains(&"text") && self.text_filter(args) {
            return;
        }
        for &arg in args {
            self.condition(self.at(arg), &styles, true, 0);
        }
    }

    fn condition(&mut self, at: ExprRef, styles: &[&str], is_conjunct: bool, depth: u32) {
        if depth > MAX_DEPTH {
            self.is_opaque = true;
            return;
        }
        let ir = self.reader.resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(super::super::chain::peel(ir, at.expr)) {
            ExprKind::Struct(..) => self.object(at, None, is_conjunct, depth),
            ExprKind::Call(_) if self.call_condition(at, styles, is_conjunct, depth) => {}
            ExprKind::Local(local) => {
                let flow = &self.reader.resolver.flows[at.file.0 as usize];
                let values: Vec<ExprRef> = flow
                    .definitions(local)
                    .iter()
                    .map(|known| to(known.value))
                    .collect();
                if values.is_empty() || values.len() > 12 {
                    self.opaque(at);
                }
                for value in values.into_iter().take(12) {
                    self.condition(value, styles, is_conjunct, depth + 1);
                }
                let stores: Vec<(Symbol, ExprRef)> = flow
                    .field_stores
                    .iter()
                    .filter(|store| {
                        store.base.is_some_and(
                            |base| matches!(ir.kind(base), ExprKind::Local(l) if l == local),
                        )
                    })
                    .map(|store| (store.name, to(store.value)))
                    .collect();
                for (name, value) in stores {
                    self.entry(name, value, None, is_conjunct, depth + 1);
                }
            }
            ExprKind::List(items) => {
                for item in ir.expr_list(items).to_vec() {
                    self.condition(to(item), styles, is_conjunct, depth + 1);
                }
            }
            ExprKind::Unary(UnaryOp::Spread, inner) | ExprKind::Cast(_, inner) => {
                self.condition(to(inner), styles, is_conjunct, depth + 1);
            }
            ExprKind::Conditional(_, a, b) => {
                self.is_conditional = true;
                self.condition(to(a), styles, is_conjunct, depth + 1);
                self.condition(to(b), styles, is_conjunct, depth + 1);
            }
            ExprKind::Binary(_, _, b) => {
                self.is_conditional = true;
                self.condition(to(b), styles, is_conjunct, depth + 1);
            }
            ExprKind::Nil | ExprKind::Bool(_) => {}
            ExprKind::Closure(idx) => self.closure(at, idx, styles, is_conjunct, depth),
            _ => self.opaque(at),
        }
    }

    /// `where((eb) => eb.and([...]))`, `(t, { eq }) => eq(t.id, id)`: what the closure returns.
    fn closure(
        &mut self,
        at: ExprRef,
        idx: betwixt_facts::ir::FunctionIdx,
        styles: &[&str],
        is_conjunct: bool,
        depth: u32,
    ) {
        let ir = self.reader.resolver.code.ir(at.file);
        let returns = self.reader.resolver.flows[at.file.0 as usize].returns[idx.index()].clone();
        for stmt in returns.into_iter().take(3) {
            if let betwixt_facts::ir::StmtKind::Return(values) = ir.stmt(stmt).kind
                && let Some(&value) = ir.expr_list(values).first()
            {
                self.condition(
                    ExprRef {
                        file: at.file,
                        expr: value,
                    },
                    styles,
                    is_conjunct,
                    depth + 1,
                );
            }
        }
    }

    fn object(&mut self, at: ExprRef, parent: Option<Symbol>, is_conjunct: bool, depth: u32) {
        for (name, value) in self.entries(at, 0) {
            self.entry(name, value, parent, is_conjunct, depth);
        }
    }

    fn entry(
        &mut self,
        name: Symbol,
        value: ExprRef,
        parent: Option<Symbol>,
        is_conjunct: bool,
        depth: u32,
    ) {
        let ir = self.reader.resolver.code.ir(value.file);
        let to = |expr: ExprId| ExprRef {
            file: value.file,
            expr,
        };
        match name.as_str() {
            "AND" | "$and" | "and" => self.all(value, parent, is_conjunct, depth),
            "OR" | "$or" | "or" | "NOT" | "$not" | "not"
                if parent.is_none() || is_object(self, value) =>
            {
                self.all(value, parent, false, depth);
            }
            "some" | "every" | "is" | "none" | "isNot" if is_object(self, value) => {
                self.object(value, parent, is_conjunct, depth + 1);
            }
            "" => {
                // `[Op.and]: […]` and other computed keys.
                self.all(value, parent, is_conjunct, depth);
            }
            operator if is_operator(operator) => {
                if let Some(column) = parent {
                    let op = comparison(operator);
                    let value = self.value(value);
                    self.predicate(column, None, op, value, is_conjunct);
                }
            }
            _ => {
                let inner = self.written_out(value);
                if let ExprKind::Struct(_, parts) = ir.kind(inner)
                    && depth < MAX_DEPTH
                {
                    let parts = ir.entry_list(parts);
                    let only_operators = !parts.is_empty()
                        && parts.iter().all(|part| is_operator(part.name.as_str()));
                    let column = self.column(name.as_str());
                    if only_operators {
                        self.object(to(inner), Some(column), is_conjunct, depth + 1);
                    } else {
                        // A relation or a compound key: its own columns.
                        self.object(to(inner), None, is_conjunct, depth + 1);
                    }
                    return;
                }
                let op = match ir.kind(inner) {
                    ExprKind::List(_) => Comparison::In,
                    _ => Comparison::Eq,
                };
                let column = self.column(name.as_str());
                let value = self.value(value);
                self.predicate(column, None, op, value, is_conjunct);
            }
        }
    }

    /// The object a value is, also over a variable that is nothing else: `{ a_b: where }` after `const where = { a, b }`.
    fn written_out(&self, value: ExprRef) -> ExprId {
        let ir = self.reader.resolver.code.ir(value.file);
        let inner = super::super::chain::peel(ir, value.expr);
        let ExprKind::Local(local) = ir.kind(inner) else {
            return inner;
        };
        match self.reader.resolver.flows[value.file.0 as usize].definitions(local) {
            [only] if matches!(ir.kind(only.value), ExprKind::Struct(..)) => only.value,
            _ => inner,
        }
    }

    fn all(&mut self, value: ExprRef, parent: Option<Symbol>, is_conjunct: bool, depth: u32) {
        let ir = self.reader.resolver.code.ir(value.file);
        if depth > MAX_DEPTH {
            self.is_opaque = true;
            return;
        }
        match ir.kind(value.expr) {
            ExprKind::List(items) => {
                for item in ir.expr_list(items).to_vec() {
                    self.object(
                        ExprRef {
                            file: value.file,
                            expr: item,
                        },
                        parent,
                        is_conjunct,
                        depth + 1,
                    );
                }
            }
            _ => self.object(value, parent, is_conjunct, depth + 1),
        }
    }

    /// Conditions that are calls. `false` when it is none that is known.
    fn call_condition(
        &mut self,
        at: ExprRef,
        styles: &[&str],
        is_conjunct: bool,
        depth: u32,
    ) -> bool {
        let ir = self.reader.resolver.code.ir(at.file);
        let ExprKind::Call(id) = ir.kind(super::super::chain::peel(ir, at.expr)) else {
            return false;
        };
        let call = *ir.call(id);
        let args = ir.expr_list(call.args).to_vec();
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        if call.form == CallForm::Tagged {
            return self.raw_condition(at, &args, is_conjunct);
        }
        let (base, name) = match ir.kind(call.callee) {
            ExprKind::Field(base, name) => (Some(base), name.as_str()),
            ExprKind::Name(name) => (None, name.as_str().rsplit("::").next().unwrap_or_default()),
            // `where: (table, { and, eq }) => and(eq(table.id, id))`.
            ExprKind::Local(local) => (None, ir.local(local).name.as_str()),
            _ => return false,
        };
        match name {
            "and" | "And" | "all" | "add" | "add_option" | "$and" => {
                if let Some(base) = base
                    && matches!(ir.kind(base), ExprKind::Call(_))
                {
                    self.condition(to(base), styles, is_conjunct, depth + 1);
                }
                for arg in args {
                    self.condition(to(arg), styles, is_conjunct, depth + 1);
                }
                return true;
            }
            "or" | "Or" | "any" | "not" | "Not" | "Condition" => {
                if let Some(base) = base
                    && matches!(ir.kind(base), ExprKind::Call(_))
                {
                    self.condition(to(base), styles, false, depth + 1);
                }
                for arg in args {
                    self.condition(to(arg), styles, false, depth + 1);
                }
                return true;
            }
            _ => {}
        }
        if styles.contains(&"method-comparison")
            && let Some(base) = base
            && let Some(op) = method_operator(name)
            && let Some(column) = column_name(ir, base)
        {
            let column = self.column(&snake(&column));
            let value = args
                .first()
                .map_or(Value::Other, |&arg| self.value(to(arg)));
            self.predicate(column, None, op, value, is_conjunct);
            return true;
        }
        if styles.contains(&"comparison-call")
            && let Some(op) = method_operator(name)
            && let Some(&first) = args.first()
            && let Some(column) = column_name(ir, first)
        {
            let column = self.column(&column);
            let value = match args.get(1).map(|&arg| (arg, column_name(ir, arg))) {
                Some((arg, Some(other))) if is_column_expr(ir, arg) => {
                    Value::Column(self.qualified(Symbol::new(&other)))
                }
                Some((arg, _)) => self.value(to(arg)),
                None => Value::Other,
            };
            self.predicate(column, None, op, value, is_conjunct);
            return true;
        }
        if styles.contains(&"field-function") && base.is_some() {
            return self.field_function(at, name, &args, styles, is_conjunct, depth);
        }
        false
    }

    /// ent: `user.TenantID(v)`, `user.IDIn(a, b)`, `user.HasOwnerWith(…)`.
    fn field_function(
        &mut self,
        at: ExprRef,
        name: &str,
        args: &[ExprId],
        styles: &[&str],
        is_conjunct: bool,
        depth: u32,
    ) -> bool {
        if name.starts_with("Has") && name.ends_with("With") {
            for &arg in args {
                self.condition(
                    ExprRef {
                        file: at.file,
                        expr: arg,
                    },
                    styles,
                    is_conjunct,
                    depth + 1,
                );
            }
            return true;
        }
        const SUFFIXES: &[(&str, Comparison)] = &[
            ("NotNil", Comparison::IsNotNull),
            ("IsNil", Comparison::IsNull),
            ("NotIn", Comparison::NotIn),
            ("NEQ", Comparison::NotEq),
            ("GTE", Comparison::Greater),
            ("LTE", Comparison::Less),
            ("EQ", Comparison::Eq),
            ("GT", Comparison::Greater),
            ("LT", Comparison::Less),
            ("In", Comparison::In),
            ("EqualFold", Comparison::Like),
            ("Contains", Comparison::Like),
        ];
        let found = SUFFIXES
            .iter()
            .find_map(|(suffix, op)| Some((name.strip_suffix(suffix)?, *op)));
        let (column, op) = found
            .filter(|(column, _)| !column.is_empty())
            .unwrap_or((name, Comparison::Eq));
        if !column
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_uppercase())
        {
            return false;
        }
        let column = self.column(&snake(column));
        let value = args.first().map_or(Value::Other, |&arg| {
            self.value(ExprRef {
                file: at.file,
                expr: arg,
            })
        });
        self.predicate(column, None, op, value, is_conjunct);
        true
    }

    /// `where('c', v)`, `where('c', '=', v)`, `whereIn('c', list)`.
    fn pair(&mut self, args: &[ExprId]) -> bool {
        let ir = self.reader.resolver.code.ir(self.reader.file);
        let Some(&first) = args.first() else {
            return true;
        };
        let ExprKind::Str(name) = ir.kind(first) else {
            return false;
        };
        if args.len() < 2 || name.as_str().contains([' ', '?', '=']) {
            return false;
        }
        let (op, value) = match args.get(2) {
            Some(&value) => {
                let op = match ir.kind(args[1]) {
                    ExprKind::Str(op) => symbol_operator(op.as_str()),
                    _ => Comparison::Other,
                };
                (op, value)
            }
            None => (Comparison::Eq, args[1]),
        };
        let qualified = self.qualified(name);
        let column = self.column(qualified.column.as_str());
        let value = self.value(self.at(value));
        let before = self.statement.predicates.len();
        self.predicate(column, qualified.qualifier, op, value, true);
        if let Some(predicate) = self.statement.predicates.get_mut(before) {
            predicate.column.table = qualified.table.or(predicate.column.table);
        }
        true
    }

    /// gorm: `Where("tenant_id = ? AND id = ?", a, b)`; knex `whereRaw`.
    fn text_filter(&mut self, args: &[ExprId]) -> bool {
        let Some(&first) = args.first() else {
            return true;
        };
        let ir = self.reader.resolver.code.ir(self.reader.file);
        if !matches!(
            ir.kind(first),
            ExprKind::Str(_)
                | ExprKind::Concat(_)
                | ExprKind::Local(_)
                | ExprKind::Name(_)
                | ExprKind::Binary(..)
        ) {
            return false;
        }
        let known = text(
            self.reader.resolver,
            Some(self.reader.graph),
            self.at(first),
        );
        if known
            .pieces
            .iter()
            .all(|piece| matches!(piece, Piece::Hole(_)))
        {
            return false;
        }
        let values: Vec<ExprRef> = args[1..].iter().map(|&arg| self.at(arg)).collect();
        self.parsed(&known.pieces, &values, true);
        true
    }

    /// ``sql`a = ${b}` `` among conditions.
    fn raw_condition(&mut self, at: ExprRef, args: &[ExprId], is_conjunct: bool) -> bool {
        let Some(&first) = args.first() else {
            return false;
        };
        let known = text(
            self.reader.resolver,
            Some(self.reader.graph),
            ExprRef {
                file: at.file,
                expr: first,
            },
        );
        self.parsed(&known.pieces, &[], is_conjunct);
        true
    }

    /// Reads a condition in SQL by completing it to a statement.
    fn parsed(&mut self, pieces: &[Piece], values: &[ExprRef], is_conjunct: bool) {
        let mut sql = SqlText {
            pieces: vec!["SELECT 1 FROM t WHERE ".to_owned()],
        };
        let mut holes = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => {
                    if let Some(last) = sql.pieces.last_mut() {
                        last.push_str(literal.as_str());
                    }
                }
                Piece::Hole(at) => {
                    holes.push(*at);
                    sql.pieces.push(String::new());
                }
            }
        }
        let Some(parsed) = parse_statements(&sql, Dialect::Unknown)
            .ok()
            .and_then(|mut all| (!all.is_empty()).then(|| all.swap_remove(0)))
        else {
            for &at in holes.iter().chain(values) {
                self.opaque(at);
            }
            self.is_opaque = true;
            return;
        };
        for predicate in parsed.predicates {
            let value = match &predicate.value {
                Value::Param(n) => values.get(*n as usize).map(|&at| self.value(at)),
                Value::Hole(n) => holes.get(*n as usize).map(|&at| self.value(at)),
                Value::Column(column) => Some(Value::Column(column.clone())),
                Value::Literal(text) => Some(Value::Literal(*text)),
                _ => None,
            };
            let column = self.column(predicate.column.column.as_str());
            self.predicate(
                column,
                predicate
                    .column
                    .qualifier
                    .filter(|qualifier| *qualifier != "t"),
                predicate.op,
                value.unwrap_or(Value::Other),
                is_conjunct && predicate.is_conjunct,
            );
        }
    }
}

fn is_object(builder: &Builder<'_>, value: ExprRef) -> bool {
    let ir = builder.reader.resolver.code.ir(value.file);
    matches!(
        ir.kind(super::super::chain::peel(ir, value.expr)),
        ExprKind::Struct(..) | ExprKind::List(_)
    )
}

/// The column an expression names: `t.c`, `Column::Id`, `users::id`, `'c'`.
fn column_name(ir: &betwixt_facts::ir::Ir, expr: ExprId) -> Option<String> {
    match ir.kind(super::super::chain::peel(ir, expr)) {
        ExprKind::Field(_, name) => Some(name.to_string()),
        ExprKind::Name(name) => Some(
            name.as_str()
                .rsplit("::")
                .next()
                .unwrap_or_default()
                .to_owned(),
        ),
        ExprKind::Str(name) if !name.as_str().contains(' ') => Some(name.to_string()),
        ExprKind::Call(call) => {
            // `col('t.c')`, `eb.ref('t.c')`, `lower(t.c)`.
            let args = ir.expr_list(ir.call(call).args);
            (args.len() == 1)
                .then(|| column_name(ir, args[0]))
                .flatten()
        }
        _ => None,
    }
}

/// Whether an operand looks like another table's column (`orders.userId`), not a value.
fn is_column_expr(ir: &betwixt_facts::ir::Ir, expr: ExprId) -> bool {
    match ir.kind(expr) {
        ExprKind::Field(base, _) => matches!(ir.kind(base), ExprKind::Name(_)),
        _ => false,
    }
}

fn is_operator(name: &str) -> bool {
    matches!(
        name,
        "equals"
            | "in"
            | "notIn"
            | "lt"
            | "lte"
            | "gt"
            | "gte"
            | "contains"
            | "startsWith"
            | "endsWith"
            | "not"
            | "mode"
            | "has"
            | "hasSome"
            | "hasEvery"
            | "isEmpty"
            | "search"
            | "$eq"
            | "$in"
            | "$ne"
            | "$gt"
            | "$gte"
            | "$lt"
            | "$lte"
            | "$nin"
            | "eq"
            | "ne"
            | "path"
            | "string_contains"
            | "isNull"
            | "isNotNull"
            | "$exists"
    )
}

fn comparison(operator: &str) -> Comparison {
    match operator {
        "equals" | "$eq" | "eq" => Comparison::Eq,
        "in" | "$in" => Comparison::In,
        "notIn" | "$nin" => Comparison::NotIn,
        "not" | "$ne" | "ne" => Comparison::NotEq,
        "lt" | "lte" | "$lt" | "$lte" => Comparison::Less,
        "gt" | "gte" | "$gt" | "$gte" => Comparison::Greater,
        "isNull" => Comparison::IsNull,
        "isNotNull" => Comparison::IsNotNull,
        _ => Comparison::Like,
    }
}

fn method_operator(name: &str) -> Option<Comparison> {
    Some(match name {
        "eq" | "Eq" | "equals" => Comparison::Eq,
        "ne" | "Ne" | "neq" => Comparison::NotEq,
        "lt" | "lte" | "le" | "Lt" => Comparison::Less,
        "gt" | "gte" | "ge" | "Gt" => Comparison::Greater,
        "inArray" | "eq_any" | "is_in" | "in_" | "In" => Comparison::In,
        "notInArray" | "ne_all" | "is_not_in" => Comparison::NotIn,
        "isNull" | "is_null" => Comparison::IsNull,
        "isNotNull" | "is_not_null" => Comparison::IsNotNull,
        "like" | "ilike" | "contains" | "starts_with" => Comparison::Like,
        "is_not_distinct_from" => Comparison::NotDistinct,
        "between" => Comparison::Other,
        _ => return None,
    })
}

fn symbol_operator(op: &str) -> Comparison {
    match op.to_ascii_lowercase().as_str() {
        "=" | "==" => Comparison::Eq,
        "!=" | "<>" => Comparison::NotEq,
        "<" | "<=" => Comparison::Less,
        ">" | ">=" => Comparison::Greater,
        "in" => Comparison::In,
        "not in" => Comparison::NotIn,
        "like" | "ilike" => Comparison::Like,
        "is" => Comparison::IsNull,
        "is not" => Comparison::IsNotNull,
        _ => Comparison::Other,
    }
}
