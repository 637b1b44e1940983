//! Function calls: the forms with rules of their own, and those of the catalogue.

use sqlparser::ast::{
    Function, FunctionArg, FunctionArgumentClause, FunctionArguments, OrderByExpr, WindowSpec,
    WindowType,
};

use super::ComplaintKind;
use super::builtin::{Signature, catalogue};
use super::choose::{Choice, function};
use super::expression::Node;
use super::query::Checker;
use super::types::{Ty, Type};
use crate::sql::from::arg_expr;
use crate::sql::lower::object_name;

/// Output columns of a function in `FROM`.
pub(super) type Columns = &'static [(&'static str, Option<Type>)];

impl Checker<'_> {
    /// A call as an expression.
    pub(super) fn function_call(&mut self, call: &Function) -> Node {
        let (schema, name) = object_name(&call.name);
        let mut nodes = Vec::new();
        let mut is_plain = schema.is_none_or(|schema| schema == "pg_catalog");
        match &call.args {
            FunctionArguments::None => return self.value_word(name.as_str()),
            FunctionArguments::Subquery(query) => {
                let outputs = self.query(query);
                if name == "array" {
                    return match self.resolve(outputs).as_slice() {
                        [(_, Ty::Is(ty))] if !ty.is_array => Node::of(Ty::Is(ty.array())),
                        _ => Node::of(Ty::Any),
                    };
                }
                self.resolve(outputs);
            }
            FunctionArguments::List(list) => {
                for arg in &list.args {
                    is_plain &= matches!(arg, FunctionArg::Unnamed(_));
                    // `count(*)` has no argument that is an expression.
                    if let Some(expr) = arg_expr(arg) {
                        nodes.push(self.expr(expr));
                    }
                }
                for clause in &list.clauses {
                    if let FunctionArgumentClause::OrderBy(items) = clause {
                        self.keys(items);
                    }
                }
            }
        }
        let result = if call.within_group.is_empty() {
            self.special(name.as_str(), &nodes)
                .unwrap_or_else(|| Node::of(self.call(name.as_str(), &nodes, is_plain).0))
        } else {
            self.keys(&call.within_group);
            nodes.iter().for_each(|node| self.give_up(node));
            Node::of(Ty::Any)
        };
        if let Some(filter) = &call.filter {
            self.expect(filter, "bool");
        }
        if let Some(WindowType::WindowSpec(window)) = &call.over {
            self.window(window);
        }
        result
    }

    fn window(&mut self, window: &WindowSpec) {
        for part in &window.partition_by {
            let node = self.expr(part);
            self.give_up(&node);
        }
        self.keys(&window.order_by);
    }

    fn keys(&mut self, items: &[OrderByExpr]) {
        for item in items {
            let node = self.expr(&item.expr);
            self.give_up(&node);
        }
    }

    fn value_word(&self, name: &str) -> Node {
        match name {
            "current_timestamp" => Node::named("timestamptz"),
            "current_date" => Node::named("date"),
            "localtimestamp" => Node::named("timestamp"),
            "current_time" => Node::named("timetz"),
            "localtime" => Node::named("time"),
            _ => Node::of(Ty::Any),
        }
    }

    /// Forms that look like functions.
    fn special(&mut self, name: &str, nodes: &[Node]) -> Option<Node> {
        match name {
            "coalesce" => Some(self.common(nodes, "COALESCE")),
            "greatest" => Some(self.common(nodes, "GREATEST")),
            "least" => Some(self.common(nodes, "LEAST")),
            "nullif" => {
                let [left, right] = nodes else { return None };
                self.equal("=", left, right);
                Some(match (left.ty, right.ty) {
                    (Ty::Unknown, Ty::Unknown) => Node::named("text"),
                    (Ty::Unknown, ty) | (ty, _) => Node::of(ty),
                })
            }
            "row" | "grouping" => {
                nodes.iter().for_each(|node| self.give_up(node));
                Some(Node::of(Ty::Any))
            }
            _ => None,
        }
    }

    /// The result of a function of the catalogue, and its columns in `FROM`.
    pub(super) fn call(&mut self, name: &str, nodes: &[Node], is_plain: bool) -> (Ty, Columns) {
        let all = catalogue().functions(name);
        let fits: Vec<&'static Signature> = all
            .iter()
            .filter(|known| takes_number(known, nodes.len()))
            .collect();
        let give_up = |this: &mut Self| nodes.iter().for_each(|node| this.give_up(node));
        if fits.is_empty() || !is_plain {
            give_up(self);
            let mut results = all.iter().map(|known| known.result);
            let result = results
                .next()
                .filter(|first| results.all(|other| other == *first))
                .filter(|first| first.category() != b'P');
            return (result.map_or(Ty::Any, Ty::Is), columns_of(all));
        }
        let types: Vec<Ty> = nodes.iter().map(|node| node.ty).collect();
        match function(&fits, &types) {
            Choice::One {
                args,
                result,
                index,
            } => {
                self.ask(name, nodes, &args, fits[index]);
                (result.map_or(Ty::Any, Ty::Is), &fits[index].columns)
            }
            Choice::Unsure { result } => {
                give_up(self);
                (result.map_or(Ty::Any, Ty::Is), columns_of(all))
            }
            Choice::Undecided => {
                for node in nodes {
                    self.undecided_polymorphic(name, node);
                }
                (Ty::Any, columns_of(all))
            }
            choice @ (Choice::None | Choice::Several) => {
                give_up(self);
                self.no_function(name, &types, matches!(choice, Choice::None));
                (Ty::Any, columns_of(all))
            }
        }
    }

    fn ask(&mut self, name: &str, nodes: &[Node], args: &[Option<Type>], chosen: &Signature) {
        for (n, (node, wanted)) in nodes.iter().zip(args).enumerate() {
            match wanted {
                Some(wanted) if node.ty == Ty::Unknown => {
                    self.be(node, *wanted);
                }
                Some(_) => {}
                None => {
                    // `VARIADIC "any"` asks for nothing, so that a parameter stays open.
                    let declared = chosen.args.get(n).or(chosen.args.last());
                    let takes_any = declared.is_some_and(|ty| ty.is("any"));
                    if !takes_any || name == "count" {
                        self.give_up(node);
                    }
                }
            }
        }
    }

    fn no_function(&mut self, name: &str, types: &[Ty], is_missing: bool) {
        let shown: Vec<String> = types
            .iter()
            .map(|ty| match ty {
                Ty::Is(ty) => ty.shown(),
                _ => "unknown".to_owned(),
            })
            .collect();
        let form = format!("{name}({})", shown.join(", "));
        let says = if is_missing {
            format!("function {form} does not exist")
        } else {
            format!("function {form} is not unique")
        };
        self.complain(ComplaintKind::NoOperator, says, form, Vec::new());
    }
}

fn takes_number(signature: &Signature, n: usize) -> bool {
    let most = signature.args.len();
    if signature.is_variadic {
        return n >= most;
    }
    n <= most && n >= most.saturating_sub(signature.n_defaults)
}

fn columns_of(all: &'static [Signature]) -> Columns {
    match all.iter().find(|known| !known.columns.is_empty()) {
        Some(known) => &known.columns,
        None => &[],
    }
}
