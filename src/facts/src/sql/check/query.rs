//! A statement and its query blocks, in the order PostgreSQL visits their parts.

use betwixt_base::Symbol;
use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, LimitClause, ObjectName, OrderBy, OrderByExpr, OrderByKind,
    Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement as Tree,
};

use super::coerce::common_type;
use super::expression::Node;
use super::params::Params;
use super::scope::{Level, Relation, named};
use super::types::{Ty, Type};
use super::{Catalog, CheckOptions, Complaint, ComplaintKind};
use crate::sql::fill::{Prepared, hole_of};
use crate::sql::lower::{ident, object_name};

/// Deepest nesting that is checked.
const MAX_DEPTH: u32 = 120;

/// One output column of a query.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) name: Symbol,
    pub(super) node: Node,
}

/// What a query gives.
#[derive(Debug, Clone, Default)]
pub(super) struct Outputs {
    pub(super) columns: Vec<Output>,
    /// There are others.
    pub(super) is_open: bool,
}

/// What is known while one statement is checked.
pub(super) struct Checker<'a> {
    pub(super) catalog: &'a dyn Catalog,
    pub(super) prepared: &'a Prepared,
    pub(super) params: Params,
    pub(super) out: Vec<Complaint>,
    pub(super) levels: Vec<Level>,
    /// CTEs in sight, innermost last.
    pub(super) ctes: Vec<(Symbol, Relation)>,
    pub(super) depth: u32,
    /// Something was too deep or is not understood: parameters may be used where nobody looked.
    pub(super) is_partial: bool,
}

/// What PostgreSQL would refuse of a statement.
pub(super) fn check(
    tree: &Tree,
    prepared: &Prepared,
    options: CheckOptions,
    catalog: &dyn Catalog,
) -> Vec<Complaint> {
    let mut checker = Checker {
        catalog,
        prepared,
        params: Params::default(),
        out: Vec::new(),
        levels: Vec::new(),
        ctes: Vec::new(),
        depth: 0,
        is_partial: prepared.n_holes() > 0,
    };
    if !checker.statement(tree) {
        return Vec::new();
    }
    checker.finish();
    let mut complaints = checker.out;
    if prepared.has_dropped_any {
        complaints.retain(|complaint| !is_about_types(complaint.kind));
    }
    if options.params_have_types {
        complaints.retain(|complaint| !is_about_types(complaint.kind));
    }
    complaints
}

/// What would be otherwise if a parameter had a type of its own.
fn is_about_types(kind: ComplaintKind) -> bool {
    matches!(
        kind,
        ComplaintKind::PlaceholderGap
            | ComplaintKind::UndecidedParameter
            | ComplaintKind::InconsistentParameter
            | ComplaintKind::NoOperator
            | ComplaintKind::TypeMismatch
    )
}

impl Checker<'_> {
    fn statement(&mut self, tree: &Tree) -> bool {
        match tree {
            Tree::Query(query) => {
                let outputs = self.query(query);
                self.resolve(outputs);
            }
            Tree::Insert(insert) => drop(self.insert(insert)),
            Tree::Update(update) => drop(self.update(update)),
            Tree::Delete(delete) => drop(self.delete(delete)),
            _ => return false,
        }
        true
    }

    /// Parameters that were left out or that nothing decided.
    fn finish(&mut self) {
        if self.is_partial || self.prepared.has_added_rows || !self.prepared.param_names.is_empty()
        {
            return;
        }
        let gaps: Vec<u32> = self
            .params
            .gaps()
            .filter(|number| !self.prepared.mentions(*number))
            .collect();
        for number in gaps {
            self.complain(
                ComplaintKind::PlaceholderGap,
                format!("${number} is used nowhere: could not determine data type of parameter ${number}"),
                format!("${number}"),
                Vec::new(),
            );
        }
        let undecided: Vec<u32> = self.params.undecided().collect();
        for number in undecided {
            self.complain(
                ComplaintKind::UndecidedParameter,
                format!("could not determine data type of parameter ${number}"),
                format!("${number}"),
                Vec::new(),
            );
        }
    }

    pub(super) fn complain(
        &mut self,
        kind: ComplaintKind,
        says: String,
        about: String,
        tables: Vec<u32>,
    ) {
        if self.out.iter().any(|known| known.kind == kind) || says.contains("bwhole") {
            return;
        }
        self.out.push(Complaint {
            kind,
            says,
            about,
            tables,
        });
    }

    /// Runs `check` one level deeper; `None` when that is too deep.
    pub(super) fn deeper<T>(&mut self, check: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            self.is_partial = true;
            return None;
        }
        self.depth += 1;
        let result = check(self);
        self.depth -= 1;
        Some(result)
    }

    /// A query in a block of its own; undecided outputs stay undecided.
    pub(super) fn query(&mut self, query: &Query) -> Outputs {
        let n_ctes = self.ctes.len();
        let outputs = self.deeper(|this| {
            if let Some(with) = &query.with {
                for cte in &with.cte_tables {
                    this.cte(cte, with.recursive);
                }
            }
            this.body(query)
        });
        self.ctes.truncate(n_ctes);
        outputs.unwrap_or(Outputs {
            columns: Vec::new(),
            is_open: true,
        })
    }

    fn body(&mut self, query: &Query) -> Outputs {
        let outputs = match &*query.body {
            SetExpr::Select(select) => self.select(select, query.order_by.as_ref()),
            other => {
                let outputs = self.set_expr(other);
                self.order_of_set(query.order_by.as_ref());
                outputs
            }
        };
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
            // `OFFSET` is read first.
            if let Some(offset) = offset {
                self.in_empty_block(|this| this.expect(&offset.value, "int8"));
            }
            if let Some(limit) = limit {
                self.in_empty_block(|this| this.expect(limit, "int8"));
            }
        }
        if let Some(quantity) = query
            .fetch
            .as_ref()
            .and_then(|fetch| fetch.quantity.as_ref())
        {
            self.in_empty_block(|this| this.expect(quantity, "int8"));
        }
        outputs
    }

    fn in_empty_block(&mut self, check: impl FnOnce(&mut Self)) {
        self.levels.push(Level::default());
        check(self);
        self.levels.pop();
    }

    /// The order of a union sees its output columns only, which are named by the first branch.
    fn order_of_set(&mut self, order: Option<&OrderBy>) {
        for item in order_items(order) {
            if !matches!(item.expr, Expr::Identifier(_) | Expr::Value(_)) {
                self.is_partial = true;
            }
        }
    }

    fn cte(&mut self, cte: &Cte, is_recursive: bool) {
        let name = ident(&cte.alias.name);
        let renamed: Vec<Symbol> = cte
            .alias
            .columns
            .iter()
            .map(|column| ident(&column.name))
            .collect();
        let levels = std::mem::take(&mut self.levels);
        let as_relation = |outputs: Outputs, this: &mut Self| {
            let mut relation = this.relation_of(outputs);
            rename(&mut relation, &renamed);
            relation.alias = name;
            relation
        };
        let relation = match (&*cte.query.body, is_recursive) {
            (SetExpr::SetOperation { left, right, .. }, true) if cte.query.with.is_none() => {
                let outputs = self.set_expr(left);
                let relation = as_relation(outputs, self);
                self.ctes.push((name, relation.clone()));
                let rest = self.set_expr(right);
                self.resolve(rest);
                self.ctes.pop();
                relation
            }
            _ => {
                let outputs = self.query(&cte.query);
                as_relation(outputs, self)
            }
        };
        self.levels = levels;
        self.ctes.push((name, relation));
    }

    /// Outputs as columns of a table: what is undecided becomes text.
    pub(super) fn relation_of(&mut self, outputs: Outputs) -> Relation {
        let is_open = outputs.is_open;
        let columns = self.resolve(outputs);
        Relation {
            columns,
            is_open,
            ..Relation::default()
        }
    }

    /// Undecided outputs become text.
    pub(super) fn resolve(&mut self, outputs: Outputs) -> Vec<(Symbol, Ty)> {
        let text = Type::named("text");
        outputs
            .columns
            .into_iter()
            .map(|output| {
                let ty = match (output.node.ty, text) {
                    (Ty::Unknown, Some(text)) => self.be(&output.node, text),
                    (ty, _) => ty,
                };
                (output.name, ty)
            })
            .collect()
    }

    pub(super) fn set_expr(&mut self, body: &SetExpr) -> Outputs {
        let open = || Outputs {
            columns: Vec::new(),
            is_open: true,
        };
        let outputs = self.deeper(|this| match body {
            SetExpr::Select(select) => this.select(select, None),
            SetExpr::Query(query) => this.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                let left = this.set_expr(left);
                let right = this.set_expr(right);
                this.union(left, right)
            }
            SetExpr::Values(values) => {
                let rows: Vec<&Vec<Expr>> = values.rows.iter().map(|row| &row.content).collect();
                this.values(&rows)
            }
            SetExpr::Insert(Tree::Insert(insert)) => this.insert(insert),
            SetExpr::Update(Tree::Update(update)) => this.update(update),
            SetExpr::Delete(Tree::Delete(delete)) => this.delete(delete),
            _ => {
                this.is_partial = true;
                open()
            }
        });
        outputs.unwrap_or_else(open)
    }

    fn union(&mut self, left: Outputs, right: Outputs) -> Outputs {
        let is_open = left.is_open || right.is_open;
        if !is_open && left.columns.len() != right.columns.len() {
            self.complain(
                ComplaintKind::TypeMismatch,
                format!(
                    "each UNION query must have the same number of columns: {} and {}",
                    left.columns.len(),
                    right.columns.len()
                ),
                "UNION".to_owned(),
                Vec::new(),
            );
        }
        if is_open || left.columns.len() != right.columns.len() {
            self.resolve(left);
            self.resolve(right);
            return Outputs {
                columns: Vec::new(),
                is_open: true,
            };
        }
        let columns = left
            .columns
            .into_iter()
            .zip(right.columns)
            .map(|(left, right)| {
                let node = self.common(&[left.node, right.node], "UNION");
                Output {
                    name: left.name,
                    node,
                }
            })
            .collect();
        Outputs { columns, is_open }
    }

    /// `VALUES (…), (…)` as a table.
    fn values(&mut self, rows: &[&Vec<Expr>]) -> Outputs {
        let width = rows.first().map_or(0, |row| row.len());
        let mut columns: Vec<Vec<Node>> = vec![Vec::new(); width];
        self.levels.push(Level::default());
        for row in rows {
            for (n, value) in row.iter().enumerate() {
                let node = self.expr(value);
                if let Some(column) = columns.get_mut(n) {
                    column.push(node);
                }
            }
        }
        self.levels.pop();
        let columns = columns
            .into_iter()
            .enumerate()
            .map(|(n, nodes)| Output {
                name: Symbol::new(&format!("column{}", n + 1)),
                node: match nodes.as_slice() {
                    [only] => only.clone(),
                    nodes => self.common(nodes, "VALUES"),
                },
            })
            .collect();
        Outputs {
            columns,
            is_open: false,
        }
    }

    fn select(&mut self, select: &Select, order: Option<&OrderBy>) -> Outputs {
        self.levels.push(Level::default());
        self.from(&select.from);
        if !select.lateral_views.is_empty() || select.into.is_some() {
            self.is_partial = true;
        }
        let outputs = self.projection(&select.projection);
        if let Some(condition) = &select.selection {
            self.expect(condition, "bool");
        }
        if let Some(condition) = &select.having {
            self.expect(condition, "bool");
        }
        for item in order_items(order) {
            self.sort_key(&item.expr, &outputs, true);
        }
        if let GroupByExpr::Expressions(items, _) = &select.group_by {
            for item in items {
                self.group_key(item, &outputs);
            }
        }
        if let Some(Distinct::On(items)) = &select.distinct {
            for item in items {
                self.sort_key(item, &outputs, true);
            }
        }
        self.levels.pop();
        outputs
    }

    fn group_key(&mut self, item: &Expr, outputs: &Outputs) {
        match item {
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                for item in sets.iter().flatten() {
                    self.sort_key(item, outputs, false);
                }
            }
            // `GROUP BY (a, b)` is `GROUP BY a, b`.
            Expr::Tuple(items) => {
                for item in items {
                    self.sort_key(item, outputs, false);
                }
            }
            item => self.sort_key(item, outputs, false),
        }
    }

    /// A key of `ORDER BY`, `GROUP BY`: an output column's name or number, or an expression.
    fn sort_key(&mut self, key: &Expr, outputs: &Outputs, outputs_first: bool) {
        match key {
            Expr::Value(value) if !matches!(value.value, sqlparser::ast::Value::Placeholder(_)) => {
                return;
            }
            Expr::Identifier(name) => {
                let name = ident(name);
                let is_output = outputs.columns.iter().any(|output| output.name == name);
                let is_column = !matches!(
                    super::scope::column(&self.levels, name),
                    super::scope::Lookup::Missing(_)
                );
                if is_output && (outputs_first || !is_column) || outputs.is_open && !is_column {
                    return;
                }
            }
            _ => {}
        }
        let node = self.expr(key);
        if node.ty == Ty::Unknown
            && let Some(text) = Type::named("text")
        {
            self.be(&node, text);
        }
    }

    /// A select list or `RETURNING`.
    pub(super) fn projection(&mut self, items: &[SelectItem]) -> Outputs {
        let mut outputs = Outputs::default();
        for item in items {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    if is_hole(expr) {
                        outputs.is_open = true;
                    }
                    let node = self.expr(expr);
                    let name = output_name(expr, 8);
                    outputs.columns.push(Output { name, node });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let node = self.expr(expr);
                    let name = ident(alias);
                    outputs.columns.push(Output { name, node });
                }
                SelectItem::Wildcard(_) => self.star(None, &mut outputs),
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(table),
                    _,
                ) => self.star(Some(table), &mut outputs),
                _ => outputs.is_open = true,
            }
        }
        outputs
    }

    fn star(&mut self, table: Option<&ObjectName>, outputs: &mut Outputs) {
        let mut add = |relation: &Relation| {
            outputs.is_open |= relation.is_open;
            for (name, ty) in &relation.columns {
                if table.is_none() && relation.merged.contains(name) {
                    continue;
                }
                outputs.columns.push(Output {
                    name: *name,
                    node: Node::of(*ty),
                });
            }
        };
        let Some(table) = table else {
            let last = self.levels.last();
            last.iter().flat_map(|level| &level.relations).for_each(add);
            return;
        };
        let (_, alias) = object_name(table);
        let found = self
            .levels
            .iter()
            .rev()
            .find_map(|level| named(level, alias));
        match found {
            Some(relation) => add(relation),
            None => {
                outputs.is_open = true;
                if hole_of(alias.as_str()).is_none() && !alias.as_str().contains('?') {
                    self.complain(
                        ComplaintKind::UnknownTable,
                        format!("missing FROM-clause entry for table \"{alias}\""),
                        alias.to_string(),
                        Vec::new(),
                    );
                }
            }
        }
    }

    /// The type several expressions share, asked of each of them.
    pub(super) fn common(&mut self, nodes: &[Node], construct: &str) -> Node {
        let types: Vec<Ty> = nodes.iter().map(|node| node.ty).collect();
        match common_type(&types) {
            Ok(Ty::Is(ty)) => {
                for node in nodes {
                    self.implicitly(node, ty, construct);
                }
                Node::of(Ty::Is(ty))
            }
            Ok(_) => {
                nodes.iter().for_each(|node| self.give_up(node));
                Node::of(Ty::Any)
            }
            Err((a, b)) => {
                nodes.iter().for_each(|node| self.give_up(node));
                self.complain(
                    ComplaintKind::TypeMismatch,
                    format!(
                        "{construct} types {} and {} cannot be matched",
                        a.shown(),
                        b.shown()
                    ),
                    construct.to_owned(),
                    Vec::new(),
                );
                Node::of(Ty::Any)
            }
        }
    }
}

fn order_items(order: Option<&OrderBy>) -> &[OrderByExpr] {
    match order.map(|order| &order.kind) {
        Some(OrderByKind::Expressions(items)) => items,
        _ => &[],
    }
}

fn is_hole(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(name) if hole_of(&name.value).is_some())
}

/// Columns under the names an alias gives them.
pub(super) fn rename(relation: &mut Relation, names: &[Symbol]) {
    for (n, name) in names.iter().enumerate() {
        match relation.columns.get_mut(n) {
            Some(column) => column.0 = *name,
            None if relation.is_open => relation.columns.push((*name, Ty::Any)),
            None => break,
        }
    }
}

/// The name PostgreSQL gives an output column.
fn output_name(expr: &Expr, depth: u32) -> Symbol {
    if depth == 0 {
        return Symbol::empty();
    }
    match expr {
        Expr::Identifier(name) => ident(name),
        Expr::CompoundIdentifier(parts) => parts.last().map(ident).unwrap_or_default(),
        Expr::Function(function) => object_name(&function.name).1,
        Expr::Cast { expr, .. } => {
            let inner = output_name(expr, depth - 1);
            if inner.is_empty() {
                Symbol::new("?column?")
            } else {
                inner
            }
        }
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => output_name(inner, depth - 1),
        Expr::Case { .. } => Symbol::new("case"),
        Expr::Exists { .. } => Symbol::new("exists"),
        Expr::Array(_) => Symbol::new("array"),
        Expr::Extract { .. } => Symbol::new("extract"),
        Expr::Subquery(query) => match &*query.body {
            SetExpr::Select(select) => match select.projection.first() {
                Some(SelectItem::UnnamedExpr(expr)) => output_name(expr, depth - 1),
                Some(SelectItem::ExprWithAlias { alias, .. }) => ident(alias),
                _ => Symbol::empty(),
            },
            _ => Symbol::empty(),
        },
        _ => Symbol::new("?column?"),
    }
}
