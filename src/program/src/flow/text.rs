//! Which text a value holds: literal pieces and holes.
//!
//! One domain for SQL, cache keys, topics, routes and URLs. Several possible texts are several [`Text`]s.

use betwixt_base::Symbol;
use betwixt_facts::ir::{BinaryOp, CallForm, ExprId, ExprKind, List, LocalKind, StmtKind, UnaryOp};

use crate::calls::{CallGraph, Callee};
use crate::flow::count::counted;
use crate::flow::defs::DefinitionKind;
use crate::ids::ExprRef;
use crate::names::Def;
use crate::resolve::Resolver;

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Known text.
    Literal(Symbol),
    /// Something inserted.
    Hole(ExprRef),
}

/// Literal pieces and holes in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// The pieces.
    pub pieces: Vec<Piece>,
    /// From this piece on, pieces are appended under conditions.
    pub optional_from: Option<usize>,
}

impl Text {
    /// The whole text when there are no holes.
    #[must_use]
    pub fn constant(&self) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal.as_str()),
                Piece::Hole(_) => return None,
            }
        }
        Some(text)
    }

    /// The known text before the first hole.
    #[must_use]
    pub fn prefix(&self) -> String {
        let literals = self.pieces.iter().map_while(|piece| match piece {
            Piece::Literal(literal) => Some(literal.as_str()),
            Piece::Hole(_) => None,
        });
        literals.collect()
    }

    /// The holes in order.
    pub fn holes(&self) -> impl Iterator<Item = ExprRef> + '_ {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(at) => Some(*at),
            Piece::Literal(_) => None,
        })
    }

    fn hole(at: ExprRef) -> Self {
        Self {
            pieces: vec![Piece::Hole(at)],
            optional_from: None,
        }
    }

    fn literal(text: Symbol) -> Self {
        Self {
            pieces: vec![Piece::Literal(text)],
            optional_from: None,
        }
    }

    fn append(&mut self, other: Self) {
        if let Some(from) = other.optional_from {
            let at = self.pieces.len() + from;
            self.optional_from.get_or_insert(at);
        }
        self.pieces.extend(other.pieces);
    }
}

const MAX_DEPTH: u32 = 10;
const MAX_PIECES: usize = 400;

/// The texts `at` may hold; never empty: what is not known is a hole.
#[must_use]
pub fn texts(resolver: &Resolver<'_>, graph: Option<&CallGraph>, at: ExprRef) -> Vec<Text> {
    Reader::new(resolver, graph, false).read(at, 0)
}

/// The texts a statement may have: as [`texts`], and placeholders that are counted (`$%d`) have the number they get when every
/// part before is taken.
#[must_use]
pub fn statement_texts(
    resolver: &Resolver<'_>,
    graph: Option<&CallGraph>,
    at: ExprRef,
) -> Vec<Text> {
    Reader::new(resolver, graph, true).read(at, 0)
}

/// The first text `at` may hold.
#[must_use]
pub fn text(resolver: &Resolver<'_>, graph: Option<&CallGraph>, at: ExprRef) -> Text {
    texts(resolver, graph, at).swap_remove(0)
}

/// The text of a template that binds what is inserted, `` $queryRaw`… ${id}` ``: a hole stays one even where its value is known.
/// Templates in templates (`Prisma.sql`) and what is declared raw are text.
#[must_use]
pub fn bound_template(
    resolver: &Resolver<'_>,
    graph: Option<&CallGraph>,
    at: ExprRef,
) -> Vec<Text> {
    let ir = resolver.code.ir(at.file);
    let ExprKind::Concat(list) = ir.kind(at.expr) else {
        return statement_texts(resolver, graph, at);
    };
    vec![Reader::new(resolver, graph, true).bound(at, list, 0)]
}

/// Whether a statement's text ends where a table's name follows: nobody binds one.
fn names_a_table_next(text: &Text) -> bool {
    let Some(Piece::Literal(last)) = text.pieces.last() else {
        return false;
    };
    let last = last.as_str().trim_end();
    let word = last.rsplit(|c: char| !c.is_ascii_alphabetic()).next();
    word.is_some_and(|word| {
        ["from", "into", "update", "join", "table"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
    })
}

struct Reader<'a> {
    resolver: &'a Resolver<'a>,
    graph: Option<&'a CallGraph>,
    /// Numbers are counted.
    is_sql: bool,
}

impl<'a> Reader<'a> {
    fn new(resolver: &'a Resolver<'a>, graph: Option<&'a CallGraph>, is_sql: bool) -> Self {
        Self {
            resolver,
            graph,
            is_sql,
        }
    }

    /// The text of a template that binds: see [`bound_template`].
    fn bound(&self, at: ExprRef, parts: List<ExprId>, depth: u32) -> Text {
        let ir = self.resolver.code.ir(at.file);
        let mut whole = Text::default();
        for &part in ir.expr_list(parts) {
            let part = ExprRef {
                file: at.file,
                expr: part,
            };
            let is_value = matches!(
                ir.kind(part.expr),
                ExprKind::Local(_) | ExprKind::Name(_) | ExprKind::Field(..)
            );
            let mut text = self.read(part, depth).swap_remove(0);
            let is_bound = is_value
                && text.constant().is_some_and(|text| !text.contains(' '))
                && !names_a_table_next(&whole);
            if is_bound {
                text = Text::hole(part);
            }
            whole.append(text);
        }
        whole
    }

    fn read(&self, at: ExprRef, depth: u32) -> Vec<Text> {
        if depth > MAX_DEPTH {
            return vec![Text::hole(at)];
        }
        let ir = self.resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        if self.is_sql
            && let Some(count) = counted(self.resolver, at)
        {
            let mut text = Text::literal(Symbol::new(&count.to_string()));
            text.optional_from = Some(0);
            return vec![text];
        }
        match ir.kind(at.expr) {
            ExprKind::Str(text) | ExprKind::Number(text) => vec![Text::literal(text)],
            ExprKind::Concat(list) => self.joined(at, ir.expr_list(list), depth),
            ExprKind::Binary(BinaryOp::Add, a, b) => self.joined(at, &[a, b], depth),
            ExprKind::Binary(BinaryOp::Coalesce | BinaryOp::Or, a, b)
            | ExprKind::Conditional(_, a, b) => {
                let mut found = self.read(to(a), depth + 1);
                found.extend(self.read(to(b), depth + 1));
                found.truncate(4);
                found
            }
            ExprKind::Local(_) => self.local(at, depth),
            ExprKind::Name(_) | ExprKind::Field(..) => self.named(at, depth),
            ExprKind::Cast(_, inner)
            | ExprKind::Unary(
                UnaryOp::Ref | UnaryOp::Deref | UnaryOp::Unwrap | UnaryOp::Spread,
                inner,
            ) => self.read(to(inner), depth + 1),
            ExprKind::Call(_) => self.call(at, depth),
            _ => vec![Text::hole(at)],
        }
    }

    fn joined(&self, at: ExprRef, parts: &[ExprId], depth: u32) -> Vec<Text> {
        let mut whole = Text::default();
        for &part in parts {
            let mut piece = self.read(
                ExprRef {
                    file: at.file,
                    expr: part,
                },
                depth + 1,
            );
            whole.append(piece.swap_remove(0));
            if whole.pieces.len() > MAX_PIECES {
                break;
            }
        }
        vec![whole]
    }

    fn local(&self, at: ExprRef, depth: u32) -> Vec<Text> {
        let ir = self.resolver.code.ir(at.file);
        let ExprKind::Local(local) = ir.kind(at.expr) else {
            return vec![Text::hole(at)];
        };
        let definitions = self.resolver.flows[at.file.0 as usize].definitions(local);
        let is_param = matches!(ir.local(local).kind, LocalKind::Param(_));
        let mut found: Vec<Text> = Vec::new();
        if is_param {
            found.push(Text::hole(at));
        }
        for definition in definitions {
            let value = ExprRef {
                file: at.file,
                expr: definition.value,
            };
            match definition.how {
                DefinitionKind::Assign => {
                    if refers_to(ir, definition.value, at.expr, local) {
                        // `q = q + "…"` appends.
                        let mut piece = self.self_append(at, definition.value, local, depth);
                        for text in &mut found {
                            text.optional_from.get_or_insert(text.pieces.len());
                            text.append(piece.clone());
                        }
                        piece.pieces.clear();
                    } else if found.len() < 4 {
                        found.extend(self.read(value, depth + 1));
                    }
                }
                DefinitionKind::Append => {
                    let piece = self.read(value, depth + 1).swap_remove(0);
                    for text in &mut found {
                        text.optional_from.get_or_insert(text.pieces.len());
                        text.append(piece.clone());
                    }
                }
                DefinitionKind::Part | DefinitionKind::Decoded | DefinitionKind::Element => {}
            }
        }
        found.truncate(4);
        if found.is_empty() {
            found.push(Text::hole(at));
        }
        found
    }

    fn self_append(
        &self,
        at: ExprRef,
        value: ExprId,
        local: betwixt_facts::ir::LocalId,
        depth: u32,
    ) -> Text {
        let ir = self.resolver.code.ir(at.file);
        let parts: Vec<ExprId> = match ir.kind(value) {
            ExprKind::Concat(list) => ir.expr_list(list).to_vec(),
            ExprKind::Binary(_, a, b) => vec![a, b],
            _ => Vec::new(),
        };
        let rest: Vec<ExprId> = parts
            .into_iter()
            .filter(|&part| !matches!(ir.kind(part), ExprKind::Local(found) if found == local))
            .collect();
        self.joined(at, &rest, depth).swap_remove(0)
    }

    fn named(&self, at: ExprRef, depth: u32) -> Vec<Text> {
        match self.resolver.resolve_value(at.file, at.expr) {
            Some(Def::Global(global)) => {
                let (file, _) = self.resolver.code.global_place(global);
                if let Some(init) = self.resolver.code.global(global).init {
                    return self.read(ExprRef { file, expr: init }, depth + 1);
                }
            }
            Some(Def::Value(value)) => return self.read(value, depth + 1),
            _ => {}
        }
        if let ExprKind::Field(base, name) = self.resolver.code.ir(at.file).kind(at.expr)
            && let Some(found) = self.member(at, base, name, depth)
        {
            return found;
        }
        vec![Text::hole(at)]
    }

    /// `TOPICS.orders`, enum members, fields of a local that is a literal.
    fn member(&self, at: ExprRef, base: ExprId, name: Symbol, depth: u32) -> Option<Vec<Text>> {
        let resolver = self.resolver;
        let ir = resolver.code.ir(at.file);
        let literal = match resolver.resolve_value(at.file, base) {
            Some(Def::Global(global)) => {
                let (file, _) = resolver.code.global_place(global);
                resolver
                    .code
                    .global(global)
                    .init
                    .map(|expr| ExprRef { file, expr })
            }
            Some(Def::Value(value)) => Some(value),
            Some(Def::Type(id)) => {
                let def = resolver.code.type_def(id);
                let (file, _) = resolver.code.type_place(id);
                let value = def
                    .variants
                    .iter()
                    .find(|variant| variant.name == name)?
                    .value?;
                return Some(self.read(ExprRef { file, expr: value }, depth + 1));
            }
            _ => match ir.kind(base) {
                ExprKind::Local(local) => {
                    let definitions = resolver.flows[at.file.0 as usize].definitions(local);
                    let value = definitions
                        .iter()
                        .find(|known| known.how == DefinitionKind::Assign)?
                        .value;
                    Some(ExprRef {
                        file: at.file,
                        expr: value,
                    })
                }
                _ => None,
            },
        }?;
        let ir = resolver.code.ir(literal.file);
        let mut value = literal.expr;
        while let ExprKind::Cast(_, inner) | ExprKind::Unary(_, inner) = ir.kind(value) {
            value = inner;
        }
        let ExprKind::Struct(_, entries) = ir.kind(value) else {
            return None;
        };
        let entry = ir
            .entry_list(entries)
            .iter()
            .find(|entry| entry.name == name)?;
        Some(self.read(
            ExprRef {
                file: literal.file,
                expr: entry.value,
            },
            depth + 1,
        ))
    }

    fn call(&self, at: ExprRef, depth: u32) -> Vec<Text> {
        let ir = self.resolver.code.ir(at.file);
        let ExprKind::Call(id) = ir.kind(at.expr) else {
            return vec![Text::hole(at)];
        };
        let call = ir.call(id);
        let args = ir.expr_list(call.args);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        let (receiver, name) = match ir.kind(call.callee) {
            ExprKind::Field(receiver, name) => (Some(receiver), name.as_str()),
            ExprKind::Name(name) => (None, name.as_str().rsplit("::").next().unwrap_or_default()),
            _ => return vec![Text::hole(at)],
        };
        if call.form == CallForm::Tagged
            && name == "sql"
            && self.is_sql
            && let Some(&arg) = args.first()
            && let ExprKind::Concat(list) = ir.kind(arg)
        {
            return vec![self.bound(to(arg), list, depth + 1)];
        }
        if call.form == CallForm::Tagged && matches!(name, "sql" | "raw" | "join") {
            return args.first().map_or_else(
                || vec![Text::hole(at)],
                |&arg| self.read(to(arg), depth + 1),
            );
        }
        match name {
            "Sprintf" | "format" | "Errorf" if !args.is_empty() => {
                return self.formatted(at, args, depth);
            }
            "TrimSpace" | "ToLower" | "ToUpper" | "String" | "Rebind" | "raw" | "unsafe"
                if args.len() == 1 =>
            {
                return self.read(to(args[0]), depth + 1);
            }
            "String" | "toString" | "to_string" | "as_str" | "trim" | "to_owned" | "into"
            | "clone" | "build" | "as_ref" | "sql" | "stripIndent"
                if args.is_empty() =>
            {
                if let Some(receiver) = receiver {
                    let built = self.built(to(receiver), depth);
                    return built
                        .map_or_else(|| self.read(to(receiver), depth + 1), |text| vec![text]);
                }
            }
            "Join" if args.len() == 2 => return self.list_joined(to(args[0]), to(args[1]), depth),
            "join" if args.len() == 1 => {
                if let Some(receiver) = receiver {
                    return self.list_joined(to(receiver), to(args[0]), depth);
                }
            }
            "from" | "new" if args.len() == 1 => return self.read(to(args[0]), depth + 1),
            _ => {}
        }
        self.returned(at, id, depth)
    }

    /// A project function that only returns text.
    fn returned(&self, at: ExprRef, call: betwixt_facts::ir::CallId, depth: u32) -> Vec<Text> {
        let site = crate::ids::CallSite {
            file: at.file,
            call,
        };
        let callee = match self.graph {
            Some(graph) => graph.callee(site).clone(),
            None => self.resolver.callee_at(at.file, call, 6),
        };
        let Callee::One(function) = callee else {
            return vec![Text::hole(at)];
        };
        let (file, idx) = self.resolver.code.function_place(function);
        let returns = &self.resolver.flows[file.0 as usize].returns[idx.index()];
        if returns.len() > 2 || depth > 4 {
            return vec![Text::hole(at)];
        }
        let ir = self.resolver.code.ir(file);
        let mut found = Vec::new();
        for &stmt in returns {
            if let StmtKind::Return(values) = ir.stmt(stmt).kind
                && let Some(&value) = ir.expr_list(values).first()
            {
                for mut text in self.read(ExprRef { file, expr: value }, depth + 2) {
                    self.substitute(&mut text, at, call, function);
                    found.push(text);
                }
            }
        }
        found.retain(|text| {
            text.pieces
                .iter()
                .any(|piece| matches!(piece, Piece::Literal(_)))
        });
        found.truncate(4);
        if found.is_empty() {
            vec![Text::hole(at)]
        } else {
            found
        }
    }

    /// Replaces holes that are parameters by the arguments of the call.
    fn substitute(
        &self,
        text: &mut Text,
        at: ExprRef,
        call: betwixt_facts::ir::CallId,
        function: crate::ids::FunctionId,
    ) {
        let (file, idx) = self.resolver.code.function_place(function);
        let args = self
            .resolver
            .code
            .ir(at.file)
            .expr_list(self.resolver.code.ir(at.file).call(call).args);
        let callee_ir = self.resolver.code.ir(file);
        for piece in &mut text.pieces {
            let Piece::Hole(hole) = piece else { continue };
            if hole.file == file
                && let ExprKind::Local(local) = callee_ir.kind(hole.expr)
                && callee_ir.local(local).function == idx
                && let LocalKind::Param(n) = callee_ir.local(local).kind
                && let Some(&arg) = args.get(n as usize)
            {
                *piece = match self
                    .read(
                        ExprRef {
                            file: at.file,
                            expr: arg,
                        },
                        MAX_DEPTH - 1,
                    )
                    .swap_remove(0)
                    .pieces
                    .first()
                {
                    Some(Piece::Literal(literal)) => Piece::Literal(*literal),
                    _ => Piece::Hole(ExprRef {
                        file: at.file,
                        expr: arg,
                    }),
                };
            }
        }
    }

    /// A builder filled by `WriteString`, `push_str`, `append`.
    fn built(&self, receiver: ExprRef, depth: u32) -> Option<Text> {
        let ir = self.resolver.code.ir(receiver.file);
        let ExprKind::Local(local) = ir.kind(receiver.expr) else {
            return None;
        };
        let definitions = self.resolver.flows[receiver.file.0 as usize].definitions(local);
        let parts: Vec<ExprId> = definitions
            .iter()
            .filter(|known| known.how == DefinitionKind::Part)
            .map(|known| known.value)
            .collect();
        if parts.is_empty() {
            return None;
        }
        Some(self.joined(receiver, &parts, depth + 1).swap_remove(0))
    }

    fn list_joined(&self, list: ExprRef, separator: ExprRef, depth: u32) -> Vec<Text> {
        let separator = self.read(separator, depth + 1).swap_remove(0);
        let parts = elements(self.resolver, list);
        if parts.is_empty() {
            return vec![Text::hole(list)];
        }
        let mut whole = Text::default();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                whole.append(separator.clone());
            }
            whole.append(self.read(part, depth + 1).swap_remove(0));
            if whole.pieces.len() > MAX_PIECES {
                break;
            }
        }
        vec![whole]
    }

    /// A format call whose format is a constant elsewhere.
    fn formatted(&self, at: ExprRef, args: &[ExprId], depth: u32) -> Vec<Text> {
        let format = self
            .read(
                ExprRef {
                    file: at.file,
                    expr: args[0],
                },
                depth + 1,
            )
            .swap_remove(0);
        let mut rest = args[1..].iter();
        let mut whole = Text::default();
        for piece in format.pieces {
            let Piece::Literal(literal) = piece else {
                whole.pieces.push(piece);
                continue;
            };
            let mut text = literal.as_str();
            while let Some(percent) = text.find('%') {
                let (before, after) = text.split_at(percent);
                whole.pieces.push(Piece::Literal(Symbol::new(before)));
                let verb = after[1..]
                    .find(|c: char| c.is_ascii_alphabetic() || c == '%')
                    .map_or(after.len(), |n| n + 2);
                if after[..verb.min(after.len())].ends_with('%') && verb == 2 {
                    whole.pieces.push(Piece::Literal(Symbol::new("%")));
                } else if let Some(&arg) = rest.next() {
                    whole.append(
                        self.read(
                            ExprRef {
                                file: at.file,
                                expr: arg,
                            },
                            depth + 1,
                        )
                        .swap_remove(0),
                    );
                }
                text = &after[verb.min(after.len())..];
            }
            whole.pieces.push(Piece::Literal(Symbol::new(text)));
        }
        vec![whole]
    }
}

/// The elements of a list literal and what was appended to it.
#[must_use]
pub fn elements(resolver: &Resolver<'_>, list: ExprRef) -> Vec<ExprRef> {
    let ir = resolver.code.ir(list.file);
    let to = |expr: ExprId| ExprRef {
        file: list.file,
        expr,
    };
    match ir.kind(list.expr) {
        ExprKind::List(items) => ir.expr_list(items).iter().map(|&item| to(item)).collect(),
        // Rust's `&["a", "b"]`.
        ExprKind::Unary(UnaryOp::Ref, inner) => elements(resolver, to(inner)),
        ExprKind::Local(local) => {
            let mut found = Vec::new();
            for definition in resolver.flows[list.file.0 as usize].definitions(local) {
                match (definition.how, ir.kind(definition.value)) {
                    (DefinitionKind::Part, _) => found.push(to(definition.value)),
                    (_, ExprKind::List(items)) => {
                        found.extend(ir.expr_list(items).iter().map(|&item| to(item)));
                    }
                    (_, ExprKind::Call(call)) => {
                        let call = ir.call(call);
                        if matches!(ir.kind(call.callee), ExprKind::Name(name) if name == "append")
                        {
                            found.extend(
                                ir.expr_list(call.args).iter().skip(1).map(|&item| to(item)),
                            );
                        }
                    }
                    _ => {}
                }
            }
            found
        }
        _ => Vec::new(),
    }
}

/// Whether an expression is made directly from the local itself (`q + "…"`).
fn refers_to(
    ir: &betwixt_facts::ir::Ir,
    value: ExprId,
    _: ExprId,
    local: betwixt_facts::ir::LocalId,
) -> bool {
    let is_local = |expr: ExprId| matches!(ir.kind(expr), ExprKind::Local(found) if found == local);
    match ir.kind(value) {
        ExprKind::Concat(list) => ir.expr_list(list).iter().any(|&part| is_local(part)),
        ExprKind::Binary(BinaryOp::Add, a, b) => is_local(a) || is_local(b),
        _ => false,
    }
}
