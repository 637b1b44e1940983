//! Reading declarations out of the IR: texts, objects, lists, chains of calls.
//!
//! Schema libraries are embedded languages: what matters is which names are called in which order with which
//! literals. Nothing is evaluated beyond constants of the same file, and every walk is bounded, since code may be
//! hostile.

use std::cell::{Cell, OnceCell};

use betwixt_base::{Span, Symbol};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::file::{Attribute, FileFacts, Function};
use crate::ir::{
    Block, Call, CallForm, CallId, ExprId, ExprKind, FunctionIdx, Ir, StmtKind, StructEntry,
    TypeRef, TypeRefId,
};

/// Longest chain of calls, aliases or enclosing functions that is followed.
const MAX_STEPS: usize = 256;
/// Most fields, attributes and columns that are read in one file.
const MAX_MEMBERS: u32 = 300_000;
/// Deepest nesting of blocks that is searched.
const MAX_DEPTH: u32 = 64;

/// The facts of a file with what is needed to read declarations.
pub(super) struct View<'f> {
    pub(super) facts: &'f FileFacts,
    pub(super) ir: &'f Ir,
    /// First values of the constants and variables at the top of the file.
    globals: FxHashMap<Symbol, ExprId>,
    calls: OnceCell<Calls>,
    /// Members that may still be read, those of spread and embedded ones counted each time.
    n_members_left: Cell<u32>,
}

/// The calls of a file that no other call of a chain is made on.
struct Calls {
    outermost: Vec<CallId>,
    by_function: FxHashMap<FunctionIdx, Vec<CallId>>,
    /// Functions that are written in a function.
    inside: FxHashMap<FunctionIdx, Vec<FunctionIdx>>,
}

/// One call of a chain: `.notNull()` of `text("name").notNull()`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'f> {
    /// The bare name that is called.
    pub(super) name: &'f str,
    /// The name with the path before it, for functions: `Table::create`.
    pub(super) path: &'f str,
    pub(super) args: &'f [ExprId],
    pub(super) span: Span,
}

/// `base.first(…).second(…)`, from left to right.
#[derive(Debug, Clone)]
pub(super) struct Chain<'f> {
    /// What the first call is made on; `None` for a plain function.
    pub(super) base: Option<ExprId>,
    /// At least one.
    pub(super) links: Vec<Link<'f>>,
}

impl<'f> Chain<'f> {
    /// The first call.
    pub(super) fn first(&self) -> Link<'f> {
        self.links[0]
    }

    /// The call of that name.
    pub(super) fn link(&self, name: &str) -> Option<Link<'f>> {
        self.links.iter().copied().find(|link| link.name == name)
    }

    /// Whether there is a call of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.link(name).is_some()
    }

    /// Whether there is a call of one of these names.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }
}

impl<'f> View<'f> {
    pub(super) fn new(facts: &'f FileFacts) -> Self {
        let globals = facts
            .globals
            .iter()
            .filter_map(|global| Some((global.name, global.init?)))
            .collect();
        Self {
            facts,
            ir: &facts.ir,
            globals,
            calls: OnceCell::new(),
            n_members_left: Cell::new(MAX_MEMBERS),
        }
    }

    /// Whether one more member may be read. Objects that spread each other would otherwise multiply.
    pub(super) fn takes_member(&self) -> bool {
        let left = self.n_members_left.get();
        self.n_members_left.set(left.saturating_sub(1));
        left > 0
    }

    /// The first value of a constant or variable at the top of the file.
    pub(super) fn global(&self, name: &str) -> Option<ExprId> {
        self.globals.get(&Symbol::new(name)).copied()
    }

    /// The value behind casts, awaits, spreads and names of this file's constants.
    pub(super) fn value(&self, expr: ExprId) -> ExprId {
        let mut expr = expr;
        for _ in 0..MAX_STEPS {
            expr = match self.ir.kind(expr) {
                ExprKind::Cast(_, inner) | ExprKind::Unary(_, inner) => inner,
                ExprKind::Name(name) => match self.globals.get(&name) {
                    Some(&init) => init,
                    None => return expr,
                },
                _ => return expr,
            };
        }
        expr
    }

    /// The value behind casts, awaits and spreads; names stay.
    pub(super) fn plain(&self, expr: ExprId) -> ExprId {
        let mut expr = expr;
        for _ in 0..MAX_STEPS {
            match self.ir.kind(expr) {
                ExprKind::Cast(_, inner) | ExprKind::Unary(_, inner) => expr = inner,
                _ => break,
            }
        }
        expr
    }

    /// A string; also the value of an enum member of this file.
    pub(super) fn text(&self, expr: ExprId) -> Option<Symbol> {
        match self.ir.kind(self.value(expr)) {
            ExprKind::Str(text) => Some(text),
            ExprKind::Field(base, member) => self.enum_text(base, member),
            _ => None,
        }
    }

    fn enum_text(&self, base: ExprId, member: Symbol) -> Option<Symbol> {
        let ExprKind::Name(name) = self.ir.kind(self.plain(base)) else {
            return None;
        };
        let def = self.facts.types.iter().find(|def| def.name == name)?;
        let value = def
            .variants
            .iter()
            .find(|variant| variant.name == member)?
            .value?;
        match self.ir.kind(value) {
            ExprKind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a template or string whose other parts `part` names; `None` when it cannot name one.
    pub(super) fn template(
        &self,
        expr: ExprId,
        part: impl Fn(ExprId) -> Option<Symbol>,
    ) -> Option<String> {
        let expr = self.value(expr);
        match self.ir.kind(expr) {
            ExprKind::Str(text) => Some(text.to_string()),
            ExprKind::Concat(pieces) => {
                let mut text = String::new();
                for &piece in self.ir.expr_list(pieces) {
                    match self.ir.kind(piece) {
                        ExprKind::Str(literal) => text.push_str(literal.as_str()),
                        _ => text.push_str(part(piece)?.as_str()),
                    }
                }
                Some(text)
            }
            ExprKind::Call(call) => {
                let call = self.ir.call(call);
                let [template] = self.ir.expr_list(call.args) else {
                    return None;
                };
                (call.form == CallForm::Tagged).then(|| self.template(*template, part))?
            }
            _ => None,
        }
    }

    /// A string, or the path of a name whose value is in another file (`TableName.Users`).
    pub(super) fn name(&self, expr: ExprId) -> Option<Symbol> {
        self.text(expr)
            .or_else(|| self.path(expr).map(|path| Symbol::new(&path)))
    }

    /// A name with the fields taken of it: `User.tableName`, `schema::users`.
    pub(super) fn path(&self, expr: ExprId) -> Option<String> {
        let mut parts = Vec::new();
        let mut expr = self.plain(expr);
        for _ in 0..MAX_STEPS {
            match self.ir.kind(expr) {
                ExprKind::Name(name) => {
                    parts.push(name.as_str());
                    parts.reverse();
                    return Some(parts.join("."));
                }
                ExprKind::Local(local) => {
                    parts.push(self.ir.local(local).name.as_str());
                    parts.reverse();
                    return Some(parts.join("."));
                }
                ExprKind::Field(base, field) => {
                    parts.push(field.as_str());
                    expr = self.plain(base);
                }
                _ => return None,
            }
        }
        None
    }

    /// The last part of a name: `users` of `schema.users`, `Entity` of `super::user::Entity`.
    pub(super) fn last_name(&self, expr: ExprId) -> Option<&'f str> {
        match self.ir.kind(self.plain(expr)) {
            ExprKind::Name(name) => Some(last_part(name.as_str())),
            ExprKind::Field(_, field) => Some(field.as_str()),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub(super) fn bool(&self, expr: ExprId) -> Option<bool> {
        match self.ir.kind(self.value(expr)) {
            ExprKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The parts of an object or composite literal.
    pub(super) fn entries(&self, expr: ExprId) -> Option<&'f [StructEntry]> {
        match self.ir.kind(self.value(expr)) {
            ExprKind::Struct(_, entries) => Some(self.ir.entry_list(entries)),
            _ => None,
        }
    }

    /// The value of a part of an object literal.
    pub(super) fn entry(&self, expr: ExprId, name: &str) -> Option<ExprId> {
        let entries = self.entries(expr)?;
        entries
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.value)
    }

    /// A text in a part of an object literal.
    pub(super) fn text_entry(&self, expr: ExprId, name: &str) -> Option<Symbol> {
        self.text(self.entry(expr, name)?)
    }

    /// A truth value in a part of an object literal.
    pub(super) fn bool_entry(&self, expr: ExprId, name: &str) -> Option<bool> {
        self.bool(self.entry(expr, name)?)
    }

    /// The elements of a list.
    pub(super) fn items(&self, expr: ExprId) -> Option<&'f [ExprId]> {
        match self.ir.kind(self.value(expr)) {
            ExprKind::List(items) => Some(self.ir.expr_list(items)),
            _ => None,
        }
    }

    /// The texts of a list, or the one text.
    pub(super) fn texts(&self, expr: ExprId) -> Vec<Symbol> {
        match self.items(expr) {
            Some(items) => items.iter().filter_map(|&item| self.text(item)).collect(),
            None => self.text(expr).into_iter().collect(),
        }
    }

    /// A function literal.
    pub(super) fn closure(&self, expr: ExprId) -> Option<FunctionIdx> {
        match self.ir.kind(self.value(expr)) {
            ExprKind::Closure(function) => Some(function),
            _ => None,
        }
    }

    /// What a function returns, in order; of a function literal in place of its value (`() => users.id`).
    pub(super) fn returned(&self, function: &Function) -> Vec<ExprId> {
        let mut found = Vec::new();
        self.collect_returned(function.body, MAX_DEPTH, &mut found);
        found
    }

    /// The first value that a function literal returns.
    pub(super) fn closure_value(&self, expr: ExprId) -> Option<ExprId> {
        let function = self.closure(expr)?;
        self.returned(&self.facts.functions[function.index()])
            .into_iter()
            .next()
    }

    /// The calls that make a value, from the first to the last.
    pub(super) fn chain(&self, expr: ExprId) -> Option<Chain<'f>> {
        let mut links = Vec::new();
        let mut base = None;
        let mut expr = self.plain(expr);
        while let ExprKind::Call(call) = self.ir.kind(expr) {
            if links.len() == MAX_STEPS {
                return None;
            }
            let call = self.ir.call(call);
            let (path, receiver) = self.callee(call)?;
            links.push(Link {
                name: last_part(path),
                path,
                args: self.ir.expr_list(call.args),
                span: self.ir.expr(call.expr).span,
            });
            base = receiver;
            match receiver {
                Some(receiver) => expr = self.plain(receiver),
                None => break,
            }
        }
        links.reverse();
        (!links.is_empty()).then_some(Chain { base, links })
    }

    /// The outermost calls of a function's own code, in order.
    pub(super) fn chains_in(&self, function: FunctionIdx) -> Vec<Chain<'f>> {
        let calls = self.calls().by_function.get(&function);
        self.chains(calls.into_iter().flatten().copied())
    }

    /// The outermost calls of a function and those written in it, in order.
    pub(super) fn chains_inside(&self, function: FunctionIdx) -> Vec<Chain<'f>> {
        let index = self.calls();
        let mut found = Vec::new();
        let mut open = vec![function];
        while let Some(function) = open.pop() {
            found.extend(
                index
                    .by_function
                    .get(&function)
                    .into_iter()
                    .flatten()
                    .copied(),
            );
            open.extend(index.inside.get(&function).into_iter().flatten());
        }
        found.sort_unstable();
        self.chains(found.into_iter())
    }

    /// The outermost calls of the functions that `holds` accepts, in order.
    pub(super) fn outermost_calls(&self, holds: impl Fn(FunctionIdx) -> bool) -> Vec<Chain<'f>> {
        let calls = self.calls().outermost.iter().copied();
        self.chains(calls.filter(|&call| holds(self.ir.call(call).function)))
    }

    fn chains(&self, calls: impl Iterator<Item = CallId>) -> Vec<Chain<'f>> {
        calls
            .filter_map(|call| self.chain(self.ir.call(call).expr))
            .collect()
    }

    fn calls(&self) -> &Calls {
        self.calls.get_or_init(|| {
            let mut receivers: FxHashSet<CallId> = FxHashSet::default();
            for call in &self.ir.calls {
                if let ExprKind::Field(base, _) = self.ir.kind(call.callee)
                    && let ExprKind::Call(inner) = self.ir.kind(self.plain(base))
                {
                    receivers.insert(inner);
                }
            }
            let all = (0..self.ir.calls.len()).map(|at| CallId(at as u32));
            let outermost: Vec<CallId> = all.filter(|call| !receivers.contains(call)).collect();
            let mut by_function: FxHashMap<FunctionIdx, Vec<CallId>> = FxHashMap::default();
            for &call in &outermost {
                by_function
                    .entry(self.ir.call(call).function)
                    .or_default()
                    .push(call);
            }
            let mut inside: FxHashMap<FunctionIdx, Vec<FunctionIdx>> = FxHashMap::default();
            for (at, function) in self.facts.functions.iter().enumerate() {
                let Some(parent) = function.parent else {
                    continue;
                };
                inside
                    .entry(parent)
                    .or_default()
                    .push(FunctionIdx(at as u32));
            }
            Calls {
                outermost,
                by_function,
                inside,
            }
        })
    }

    /// Whether a function, or one around it, has a name that `is_named` accepts.
    pub(super) fn is_inside(&self, function: FunctionIdx, is_named: impl Fn(&str) -> bool) -> bool {
        let mut next = Some(function);
        for _ in 0..MAX_STEPS {
            let Some(function) = next.and_then(|idx| self.facts.functions.get(idx.index())) else {
                break;
            };
            if is_named(function.name.as_str()) {
                return true;
            }
            next = function.parent;
        }
        false
    }

    /// Whether a function is part of undoing a migration.
    pub(super) fn is_undo(&self, function: FunctionIdx) -> bool {
        self.is_inside(function, |name| name == "down")
    }

    /// The first value that the function of that name at the top of the file returns.
    pub(super) fn returned_by(&self, name: &str) -> Option<ExprId> {
        let function = self.facts.functions.iter().find(|function| {
            function.name == name && function.parent.is_some_and(|idx| idx.0 == 0)
        })?;
        self.returned(function).into_iter().next()
    }

    /// The name that is called, and what it is called on.
    fn callee(&self, call: &Call) -> Option<(&'f str, Option<ExprId>)> {
        match self.ir.kind(self.plain(call.callee)) {
            ExprKind::Name(name) => Some((name.as_str(), None)),
            ExprKind::Field(base, name) => Some((name.as_str(), Some(base))),
            ExprKind::Local(local) => Some((self.ir.local(local).name.as_str(), None)),
            _ => None,
        }
    }

    fn collect_returned(&self, block: Block, depth: u32, found: &mut Vec<ExprId>) {
        if depth == 0 {
            return;
        }
        for &stmt in self.ir.block(block) {
            match self.ir.stmt(stmt).kind {
                StmtKind::Return(values) => found.extend(self.ir.expr_list(values).first()),
                StmtKind::If {
                    then, otherwise, ..
                } => {
                    self.collect_returned(then, depth - 1, found);
                    self.collect_returned(otherwise, depth - 1, found);
                }
                StmtKind::Block(block) => self.collect_returned(block, depth - 1, found),
                _ => {}
            }
        }
    }
}

/// The last part of a path written with `::` or `.`.
pub(super) fn last_part(path: &str) -> &str {
    let path = path.rsplit("::").next().unwrap_or(path);
    path.rsplit('.').next().unwrap_or(path)
}

/// A written type.
pub(super) struct NamedType<'f> {
    pub(super) qualifier: Option<&'f str>,
    pub(super) name: &'f str,
    pub(super) args: &'f [TypeRefId],
}

/// The name of a written type, through pointers: `Model` of `*gorm.Model`.
pub(super) fn type_name(ir: &Ir, type_ref: TypeRefId) -> Option<NamedType<'_>> {
    let mut type_ref = type_ref;
    for _ in 0..MAX_STEPS {
        match ir.type_ref(type_ref) {
            TypeRef::Pointer(inner) => type_ref = *inner,
            TypeRef::Named {
                qualifier,
                name,
                args,
            } => {
                let qualifier = qualifier.map(|qualifier| qualifier.as_str());
                return Some(NamedType {
                    qualifier,
                    name: name.as_str(),
                    args,
                });
            }
            _ => return None,
        }
    }
    None
}

/// The attribute of that name.
pub(super) fn attribute<'f>(attributes: &'f [Attribute], name: &str) -> Option<&'f Attribute> {
    attributes
        .iter()
        .find(|attribute| last_part(attribute.name.as_str()) == name)
}
