//! SQL text in calls to data accesses.
//!
//! By model where one says which argument is the text; otherwise by shape: any call with an argument that reads like SQL.
//! Text that is a parameter is looked for at the callers.

use std::sync::Arc;

use betwixt_base::{FileId, Place, Span, Symbol};
use betwixt_facts::ir::{CallForm, CallMode, ExprId, ExprKind, Ir, LocalKind};
use betwixt_facts::sql::{Dialect, SqlText, Statement, Verb, looks_like_sql, parse_statements};

use super::access::{Access, AccessKind, Client};
use super::chain::{Chains, peel};
use super::matching::last_name;
use super::select::field;
use super::{Context, Event};
use crate::calls::{CallGraph, Callee};
use crate::flow::text::{Piece, Text, bound_template, elements, statement_texts};
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::names::Def;
use crate::resolve::Resolver;

/// A named query of an SQL file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryPlace {
    /// The file.
    pub file: FileId,
    /// The statement in it.
    pub span: Span,
    /// Its text.
    pub text: SqlText,
    /// The statement.
    pub statement: Option<Statement>,
}

/// Functions that pass text on and run nothing.
const PASS_ON: &[&str] = &[
    "TrimSpace",
    "Replace",
    "ReplaceAll",
    "replace",
    "replaceAll",
    "Sprintf",
    "format!",
    "Rebind",
    "append",
    "push",
    "push_str",
    "WriteString",
    "raw",
    "unsafe",
    "join",
    "In",
    "Errorf",
    "Println",
    "println!",
    "info",
    "debug",
    "warn",
    "error",
    "log",
    "trace",
    "Contains",
    "HasPrefix",
    "includes",
    "startsWith",
    "test",
    "match",
    "trim",
    "sql",
    "concat",
    "Fprintf",
    "Printf",
    "String",
    "from",
    "Some",
    "Ok",
    "new Error",
    "Error",
    "debug!",
    "info!",
    "warn!",
    "error!",
];

/// The accesses by SQL text in one file.
pub(super) fn accesses(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    context: &Context<'_>,
    chains: &Chains,
    events: &[Event],
    file: FileId,
) -> Vec<Access> {
    let finder = Finder {
        resolver,
        graph,
        context,
        chains,
    };
    let ir = resolver.code.ir(file);
    let mut statements = events
        .iter()
        .filter(|event| event.kind == "sql.statement")
        .peekable();
    let mut found = Vec::new();
    for call in 0..ir.calls.len() as u32 {
        let site = CallSite {
            file,
            call: betwixt_facts::ir::CallId(call),
        };
        while statements.peek().is_some_and(|event| event.site < site) {
            statements.next();
        }
        let event = statements
            .peek()
            .filter(|event| event.site == site)
            .copied();
        finder.at(site, event, &mut found);
    }
    found
}

/// Accesses at the callers of functions whose statement text is a parameter.
pub(super) fn lifted(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    context: &Context<'_>,
    accesses: &[Access],
) -> Vec<Access> {
    let mut found = Vec::new();
    let known: rustc_hash::FxHashSet<CallSite> = accesses
        .iter()
        .filter(|access| !access.is_forwarded)
        .map(|access| access.site)
        .collect();
    let mut pending: Vec<(FunctionId, u16, Option<u16>, u32)> = Vec::new();
    for access in accesses.iter().filter(|access| access.is_forwarded) {
        let Some(&text) = access.holes.first() else {
            continue;
        };
        if let Some((function, n)) = parameter(resolver, text) {
            let rest = access
                .params
                .first()
                .copied()
                .flatten()
                .and_then(|at| parameter(resolver, at));
            pending.push((function, n, rest.map(|(_, n)| n), 0));
        }
    }
    pending.sort_unstable();
    pending.dedup();
    let mut seen = pending.clone();
    while let Some((function, n, rest, depth)) = pending.pop() {
        for &site in graph.callers(function).iter().take(400) {
            if known.contains(&site) {
                continue;
            }
            let ir = resolver.code.ir(site.file);
            let args = ir.expr_list(ir.call(site.call).args);
            let Some(&text) = args.get(n as usize) else {
                continue;
            };
            let text = ExprRef {
                file: site.file,
                expr: text,
            };
            if let Some((outer, m)) = parameter(resolver, text) {
                let key = (outer, m, None, depth + 1);
                if depth < 3 && !seen.contains(&key) {
                    seen.push(key);
                    pending.push(key);
                }
                continue;
            }
            let chains = Chains::default();
            let finder = Finder {
                resolver,
                graph,
                context,
                chains: &chains,
            };
            let params: Vec<ExprId> = match rest {
                Some(rest) => args
                    .get(rest as usize..)
                    .map(<[ExprId]>::to_vec)
                    .unwrap_or_default(),
                None => args
                    .get(n as usize + 1..)
                    .map(<[ExprId]>::to_vec)
                    .unwrap_or_default(),
            };
            finder.parse(site, site, text, &params, &mut found);
        }
    }
    found
}

/// The function and number of the parameter an expression is.
fn parameter(resolver: &Resolver<'_>, at: ExprRef) -> Option<(FunctionId, u16)> {
    let ir = resolver.code.ir(at.file);
    let ExprKind::Local(local) = ir.kind(peel(ir, at.expr)) else {
        return None;
    };
    let facts = ir.local(local);
    let LocalKind::Param(n) = facts.kind else {
        return None;
    };
    Some((resolver.code.function_id(at.file, facts.function), n))
}

struct Finder<'a> {
    resolver: &'a Resolver<'a>,
    graph: &'a CallGraph,
    context: &'a Context<'a>,
    chains: &'a Chains,
}

impl Finder<'_> {
    fn at(&self, site: CallSite, event: Option<&Event>, found: &mut Vec<Access>) {
        let ir = self.resolver.code.ir(site.file);
        let call = ir.call(site.call);
        if let Some(event) = event
            && let Some(&text) = event.slot("text").first()
        {
            let mut params: Vec<ExprId> = event
                .slot("params")
                .iter()
                .map(|value| value.expr)
                .collect();
            if params.is_empty() {
                params.extend(event.slot("param-list").iter().map(|value| value.expr));
            }
            let client = Client {
                is_clickhouse: event.has("clickhouse"),
                sends_types: event.has("typed-parameters"),
            };
            let before = found.len();
            self.parse(
                site,
                CallSite {
                    call: self.chains.last(site.call),
                    ..site
                },
                text,
                &params,
                found,
            );
            if client != Client::default() {
                for access in &mut found[before..] {
                    access.client = client;
                    access.tables =
                        resolve_tables(self.context, site.file, &access.statement, client);
                }
            }
            if found.len() == before && parameter(self.resolver, text).is_some() {
                found.push(self.forwarded(site, text, &params));
            }
            return;
        }
        let Some(name) = last_name(ir, call.callee) else {
            return;
        };
        if self.named_query(site, name, found) {
            return;
        }
        if PASS_ON.contains(&name.as_str())
            && !(call.form == CallForm::Tagged && call.mode == CallMode::Awaited)
        {
            return;
        }
        if !matches!(
            self.graph.callee(site),
            Callee::Unknown | Callee::External { .. }
        ) {
            // A project function: its own statement is found inside, or through its callers.
            if !self.takes_text(site) {
                return;
            }
        }
        let args = ir.expr_list(call.args);
        for (index, &arg) in args.iter().enumerate() {
            if !self.is_sql(site.file, arg, 0) {
                continue;
            }
            let params: Vec<ExprId> = args[index + 1..].to_vec();
            let last = CallSite {
                call: self.chains.last(site.call),
                ..site
            };
            self.parse(
                site,
                last,
                ExprRef {
                    file: site.file,
                    expr: arg,
                },
                &params,
                found,
            );
            break;
        }
    }

    /// A project function without a body here: an interface method of the database handle.
    fn takes_text(&self, site: CallSite) -> bool {
        self.graph
            .callee(site)
            .functions()
            .iter()
            .all(|&function| !self.resolver.code.function(function).flags.has_body)
    }

    /// Cheap: whether an argument reads like SQL.
    fn is_sql(&self, file: FileId, expr: ExprId, depth: u32) -> bool {
        let ir = self.resolver.code.ir(file);
        match ir.kind(expr) {
            ExprKind::Str(text) => looks_like_sql(text.as_str()),
            ExprKind::Concat(list) => {
                let parts = ir.expr_list(list);
                let mut start = String::new();
                for &part in parts.iter().take(12) {
                    match ir.kind(part) {
                        ExprKind::Str(text) => start.push_str(text.as_str()),
                        _ => start.push_str(" x "),
                    }
                    if start.len() > 4000 {
                        break;
                    }
                }
                looks_like_sql(&start)
            }
            ExprKind::Binary(_, a, _) | ExprKind::Unary(_, a) | ExprKind::Cast(_, a)
                if depth < 3 =>
            {
                self.is_sql(file, a, depth + 1)
            }
            ExprKind::Conditional(_, a, b) if depth < 3 => {
                self.is_sql(file, a, depth + 1) || self.is_sql(file, b, depth + 1)
            }
            ExprKind::Local(local) if depth < 3 => self.resolver.flows[file.0 as usize]
                .definitions(local)
                .iter()
                .take(4)
                .any(|definition| self.is_sql(file, definition.value, depth + 1)),
            ExprKind::Name(_) | ExprKind::Field(..) if depth < 3 => {
                match self.resolver.resolve_value(file, expr) {
                    Some(Def::Global(global)) => {
                        let (place, _) = self.resolver.code.global_place(global);
                        let init = self.resolver.code.global(global).init;
                        init.is_some_and(|init| self.is_sql(place, init, depth + 1))
                    }
                    _ => false,
                }
            }
            ExprKind::Call(call) if depth < 2 => {
                let call = ir.call(call);
                let passes =
                    last_name(ir, call.callee).is_some_and(|name| PASS_ON.contains(&name.as_str()));
                let receiver = match ir.kind(call.callee) {
                    ExprKind::Field(receiver, _) => Some(receiver),
                    _ => None,
                };
                passes
                    && (ir
                        .expr_list(call.args)
                        .first()
                        .is_some_and(|&arg| self.is_sql(file, arg, depth + 1))
                        || receiver.is_some_and(|receiver| self.is_sql(file, receiver, depth + 1)))
            }
            _ => false,
        }
    }

    fn parse(
        &self,
        site: CallSite,
        last: CallSite,
        text: ExprRef,
        params: &[ExprId],
        found: &mut Vec<Access>,
    ) {
        let bound = self.bound(site, params);
        let mut seen: Vec<SqlText> = Vec::new();
        let call = self.resolver.code.ir(site.file).call(site.call);
        let versions = if call.form == CallForm::Tagged {
            bound_template(self.resolver, Some(self.graph), text)
        } else {
            statement_texts(self.resolver, Some(self.graph), text)
        };
        for version in versions {
            let is_conditional = version.optional_from.is_some();
            let (sql, holes) = sql_text(&version);
            if seen.contains(&sql) || !looks_like_sql(&sql.pieces.join(" x ")) {
                continue;
            }
            let Ok(statements) = parse_statements(&sql, Dialect::Unknown) else {
                seen.push(sql);
                continue;
            };
            let named = header_name(&sql);
            let shared = Arc::new(sql.clone());
            for statement in statements {
                if matches!(statement.verb, Verb::Ddl) {
                    continue;
                }
                let mut access = self.access(site, last, statement, bound.clone(), holes.clone());
                access.is_conditional = is_conditional;
                access.text = Some(Arc::clone(&shared));
                if let Some(name) = named {
                    self.name_query(&mut access, name);
                }
                found.push(access);
            }
            seen.push(sql);
        }
    }

    fn access(
        &self,
        site: CallSite,
        last: CallSite,
        statement: Statement,
        params: Vec<Option<ExprRef>>,
        holes: Vec<ExprRef>,
    ) -> Access {
        let code = self.resolver.code;
        let ir = code.ir(site.file);
        let call = ir.call(site.call);
        let tables = resolve_tables(self.context, site.file, &statement, Client::default());
        Access {
            text: None,
            client: Client::default(),
            site,
            last,
            function: code.function_id(site.file, call.function),
            place: Place {
                file: site.file,
                span: ir.expr(call.expr).span,
            },
            kind: AccessKind::Sql,
            statement,
            params,
            holes,
            tables,
            is_conditional: false,
            is_forwarded: false,
            is_opaque: false,
        }
    }

    fn forwarded(&self, site: CallSite, text: ExprRef, params: &[ExprId]) -> Access {
        let params = params.first().map(|&expr| ExprRef {
            file: site.file,
            expr,
        });
        let mut access = self.access(site, site, empty_statement(), vec![params], vec![text]);
        access.is_forwarded = true;
        access
    }

    /// Bound parameters: arguments, the elements of one list, or `.bind(x)` later in the chain.
    fn bound(&self, site: CallSite, params: &[ExprId]) -> Vec<Option<ExprRef>> {
        let ir = self.resolver.code.ir(site.file);
        let to = |expr: ExprId| {
            Some(ExprRef {
                file: site.file,
                expr,
            })
        };
        let mut found: Vec<Option<ExprRef>> = Vec::new();
        for &param in params {
            let inner = peel(ir, param);
            match ir.kind(inner) {
                ExprKind::List(items) => {
                    found.extend(ir.expr_list(items).iter().map(|&item| to(item)))
                }
                ExprKind::Unary(betwixt_facts::ir::UnaryOp::Spread, list) => {
                    let list = ExprRef {
                        file: site.file,
                        expr: list,
                    };
                    found.extend(elements(self.resolver, list).into_iter().map(Some));
                }
                ExprKind::Local(_) if params.len() == 1 => {
                    let list = elements(
                        self.resolver,
                        ExprRef {
                            file: site.file,
                            expr: inner,
                        },
                    );
                    if list.is_empty() {
                        found.push(to(param));
                    } else {
                        found.extend(list.into_iter().map(Some));
                    }
                }
                _ => found.push(to(param)),
            }
        }
        let mut current = self.chains.next_checked(site.call);
        while let Some(call) = current {
            let facts = ir.call(call);
            if matches!(ir.kind(facts.callee), ExprKind::Field(_, name) if name == "bind" || name == "push_bind")
            {
                found.extend(ir.expr_list(facts.args).iter().map(|&arg| to(arg)));
            }
            current = self.chains.next_checked(call);
        }
        found
    }

    /// A call of an sqlc method whose generated code is not in the tree.
    fn named_query(&self, site: CallSite, name: Symbol, found: &mut Vec<Access>) -> bool {
        let Some(places) = self.context.queries.get(&name) else {
            return false;
        };
        if *self.graph.callee(site) != Callee::Unknown
            && !matches!(self.graph.callee(site), Callee::External { .. })
            && !self.takes_text(site)
        {
            return false;
        }
        let ir = self.resolver.code.ir(site.file);
        let call = ir.call(site.call);
        if !matches!(ir.kind(call.callee), ExprKind::Field(..)) {
            return false;
        }
        let Some(place) = self.nearest(site.file, places) else {
            return false;
        };
        let Some(statement) = place.statement.clone() else {
            return false;
        };
        let args: Vec<ExprId> = ir.expr_list(call.args).to_vec();
        let is_context = |&arg: &ExprId| match ir.kind(arg) {
            ExprKind::Local(local) => {
                crate::flow::ingredients::is_context_name(ir.local(local).name.as_str())
            }
            _ => false,
        };
        let values: Vec<ExprId> = args
            .into_iter()
            .skip_while(|arg| is_context(arg) || is_context_call(ir, *arg))
            .collect();
        let params = named_params(self.resolver, site, &statement, &values);
        let mut access = self.access(site, site, statement, params, Vec::new());
        access.kind = AccessKind::Named(name);
        access.place = Place {
            file: place.file,
            span: place.span,
        };
        access.text = Some(Arc::new(place.text.clone()));
        access.tables = resolve_tables(self.context, place.file, &access.statement, access.client);
        found.push(access);
        true
    }

    /// The query of that name nearest to a file in the tree.
    fn nearest<'q>(&self, file: FileId, places: &'q [QueryPlace]) -> Option<&'q QueryPlace> {
        let path = self.context.paths[file.0 as usize].as_str();
        let common = |other: FileId| {
            let other = self.context.paths[other.0 as usize].as_str();
            path.split('/')
                .zip(other.split('/'))
                .take_while(|(a, b)| a == b)
                .count()
        };
        places
            .iter()
            .max_by_key(|place| (common(place.file), std::cmp::Reverse(place.file)))
    }

    /// Generated sqlc code: the statement is shown where it was written.
    fn name_query(&self, access: &mut Access, name: Symbol) {
        access.kind = AccessKind::Named(name);
        if let Some(places) = self.context.queries.get(&name)
            && let Some(place) = self.nearest(access.site.file, places)
        {
            access.place = Place {
                file: place.file,
                span: place.span,
            };
        }
    }
}

fn is_context_call(ir: &Ir, arg: ExprId) -> bool {
    match ir.kind(arg) {
        ExprKind::Call(call) => match ir.kind(ir.call(call).callee) {
            ExprKind::Field(_, name) => matches!(name.as_str(), "Context" | "Background" | "TODO"),
            _ => false,
        },
        _ => false,
    }
}

/// The arguments of an sqlc call by parameter: one argument is the parameter, several or a struct go by name.
fn named_params(
    resolver: &Resolver<'_>,
    site: CallSite,
    statement: &Statement,
    values: &[ExprId],
) -> Vec<Option<ExprRef>> {
    let to = |expr: ExprId| ExprRef {
        file: site.file,
        expr,
    };
    let n = statement.n_params as usize;
    if n <= 1 || values.len() > 1 {
        return values.iter().map(|&value| Some(to(value))).collect();
    }
    let Some(&value) = values.first() else {
        return vec![None; n];
    };
    (0..n)
        .map(|index| {
            let name = param_name(statement, index as u32)?;
            let wanted = camel(name.as_str());
            let found = field(resolver, to(value), Symbol::new(&wanted), 0);
            found
                .first()
                .copied()
                .or_else(|| Some(to(value)).filter(|_| false))
        })
        .collect()
}

/// The name of a parameter: written, or that of the column it is compared with or assigned to.
fn param_name(statement: &Statement, n: u32) -> Option<Symbol> {
    if let Some(name) = statement.param_names.get(n as usize)
        && !name.is_empty()
    {
        return Some(*name);
    }
    let value = betwixt_facts::sql::Value::Param(n);
    let in_predicate = statement
        .predicates
        .iter()
        .find(|predicate| predicate.value == value);
    if let Some(predicate) = in_predicate {
        return Some(predicate.column.column);
    }
    if let Some(assignment) = statement
        .assignments
        .iter()
        .find(|assignment| assignment.value == value)
    {
        return Some(assignment.column);
    }
    let insert = statement.insert.as_ref()?;
    let row = insert.rows.first()?;
    let index = row.iter().position(|cell| *cell == value)?;
    insert.columns.get(index).copied()
}

/// `tenant_id` as sqlc names it in Go: `TenantID`.
fn camel(name: &str) -> String {
    name.split('_')
        .map(|part| match part {
            "id" => "ID".to_owned(),
            _ => {
                let mut chars = part.chars();
                chars.next().map_or(String::new(), |first| {
                    first.to_uppercase().chain(chars).collect()
                })
            }
        })
        .collect()
}

/// The tables a statement names, by use.
pub(super) fn resolve_tables(
    context: &Context<'_>,
    file: FileId,
    statement: &Statement,
    client: Client,
) -> Vec<Option<crate::schema::TableId>> {
    let is_clickhouse = (statement.is_clickhouse || client.is_clickhouse).then_some(true);
    statement
        .tables
        .iter()
        .map(|table| match table.cte {
            Some(_) => None,
            None => context.schema.resolve_in(
                table.schema,
                table.name,
                Some(context.paths[file.0 as usize].as_str()),
                is_clickhouse,
            ),
        })
        .collect()
}

/// A text as the SQL reader takes it, with its holes.
fn sql_text(text: &Text) -> (SqlText, Vec<ExprRef>) {
    let mut pieces = vec![String::new()];
    let mut holes = Vec::new();
    for piece in &text.pieces {
        match piece {
            Piece::Literal(literal) => {
                if let Some(last) = pieces.last_mut() {
                    last.push_str(literal.as_str());
                }
            }
            Piece::Hole(at) => {
                holes.push(*at);
                pieces.push(String::new());
            }
        }
    }
    (SqlText { pieces }, holes)
}

/// `GetUser` of `-- name: GetUser :one`, which sqlc keeps in the code it writes.
fn header_name(text: &SqlText) -> Option<Symbol> {
    let rest = text.pieces.first()?.trim_start().strip_prefix("-- name:")?;
    rest.split_whitespace().next().map(Symbol::new)
}

fn empty_statement() -> Statement {
    Statement {
        verb: Verb::Other,
        scopes: Vec::new(),
        tables: Vec::new(),
        predicates: Vec::new(),
        assignments: Vec::new(),
        insert: None,
        conflict: None,
        projection: Vec::new(),
        row_lock: false,
        skip_locked: false,
        advisory_lock: false,
        limit: None,
        n_params: 0,
        param_names: Vec::new(),
        is_clickhouse: false,
        clause_holes: Vec::new(),
    }
}
