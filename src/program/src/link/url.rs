//! URLs as text with holes: what a client asks for, through URL builders, base addresses and the project's own wrappers.
//!
//! `url.JoinPath(base, "users", id)`, `new URL("/users", base)`, `base.join("x")`, `fmt.Sprintf("%s/users/%s", c.base, id)`.
//! Queries are cut off. Not known: URLs that come from a table or a response.

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprId, ExprKind, LocalKind};

use crate::calls::CallGraph;
use crate::entries::{RoutePath, Segment};
use crate::events::chain::peel;
use crate::events::matching::last_name;
use crate::events::select::field;
use crate::flow::defs::DefinitionKind;
use crate::flow::text::{Piece, texts};
use crate::ids::{ExprRef, FunctionId};
use crate::resolve::Resolver;

/// A piece of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bit {
    /// Known text.
    Text(String),
    /// Something inserted.
    Hole(ExprRef),
}

/// One text a URL may have.
pub(super) type Bits = Vec<Bit>;

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// Nowhere else: `/api/x`.
    Own,
    /// A host name.
    Known(String),
    /// Something that is configured.
    Configured,
}

/// A URL that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) host: Host,
    /// Its path; open where the base address may have a path of its own.
    pub(super) path: RoutePath,
    /// The values of the path's parameters, in order.
    pub(super) params: Vec<ExprRef>,
    /// Words that name the service: of variables, fields, environment.
    pub(super) hints: Vec<String>,
}

const MAX_DEPTH: u32 = 8;

/// What the pieces of a URL are read with.
pub(super) struct Reader<'a> {
    pub(super) resolver: &'a Resolver<'a>,
    pub(super) graph: &'a CallGraph,
}

impl Reader<'_> {
    /// The texts a URL may have; never empty.
    pub(super) fn read(&self, at: ExprRef, depth: u32) -> Vec<Bits> {
        if depth > MAX_DEPTH {
            return vec![vec![Bit::Hole(at)]];
        }
        if let Some(built) = self.built(at, depth) {
            return built;
        }
        if let Some(below) = self.below_alternatives(at, depth) {
            return below;
        }
        let mut found = Vec::new();
        for text in texts(self.resolver, Some(self.graph), at) {
            let mut alternatives: Vec<Bits> = vec![Vec::new()];
            for piece in text.pieces {
                let more = match piece {
                    Piece::Literal(literal) => vec![vec![Bit::Text(literal.to_string())]],
                    Piece::Hole(hole) if hole == at => vec![vec![Bit::Hole(hole)]],
                    Piece::Hole(hole) => match self.built(hole, depth + 1) {
                        Some(built) => built,
                        None => vec![vec![Bit::Hole(hole)]],
                    },
                };
                alternatives = join(&alternatives, &more, "");
            }
            found.extend(alternatives);
        }
        found.truncate(4);
        found
    }

    /// `${BASE || "/api"}/users`: each base with what stands below it; `None` where there is only one.
    fn below_alternatives(&self, at: ExprRef, depth: u32) -> Option<Vec<Bits>> {
        let ir = self.resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        let parts: &[ExprId] = match ir.kind(at.expr) {
            ExprKind::Concat(list) => ir.expr_list(list),
            _ => return None,
        };
        let (&base, rest) = parts.split_first()?;
        if matches!(ir.kind(base), ExprKind::Str(_)) {
            return None;
        }
        let mut found = self.read(to(base), depth + 1);
        if found.len() < 2 {
            return None;
        }
        for &part in rest {
            let mut more = self.read(to(part), depth + 1);
            more.truncate(1);
            found = join(&found, &more, "");
        }
        Some(found)
    }

    /// What URL builders make; `None` for anything else.
    fn built(&self, at: ExprRef, depth: u32) -> Option<Vec<Bits>> {
        let ir = self.resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        let expr = peel(ir, at.expr);
        let call = match ir.kind(expr) {
            ExprKind::Call(call) => ir.call(call),
            ExprKind::Project(inner, 0) | ExprKind::Cast(_, inner) => {
                return self.built(to(inner), depth + 1);
            }
            ExprKind::Field(base, name) if matches!(name.as_str(), "href" | "String") => {
                return Some(self.read(to(base), depth + 1));
            }
            ExprKind::Local(_) => return self.local(to(expr), depth),
            _ => return None,
        };
        if depth > MAX_DEPTH {
            return None;
        }
        let args = ir.expr_list(call.args);
        let receiver = match ir.kind(peel(ir, call.callee)) {
            ExprKind::Field(base, _) if !self.is_package(to(base)) => Some(base),
            _ => None,
        };
        let read = |expr: ExprId| self.read(to(expr), depth + 1);
        let last = last_name(ir, call.callee)?;
        match (last.as_str(), receiver, args) {
            ("URL", None, [path]) => Some(read(*path)),
            ("URL", None, [path, base]) => Some(under(&read(*base), &read(*path))),
            ("Parse" | "ParseRequestURI" | "parse", None, [url]) => Some(read(*url)),
            ("Parse" | "ResolveReference" | "join", Some(base), [path]) => {
                Some(under(&read(base), &read(*path)))
            }
            ("JoinPath", Some(base), parts) => Some(self.joined(&read(base), parts, at, depth)),
            ("JoinPath", None, [base, parts @ ..]) => {
                Some(self.joined(&read(*base), parts, at, depth))
            }
            ("join" | "Join", None, [base, parts @ ..]) => {
                Some(self.joined(&read(*base), parts, at, depth))
            }
            (
                "String" | "toString" | "as_str" | "to_string" | "clone" | "expect" | "unwrap"
                | "unwrap_or_default" | "into",
                Some(base),
                _,
            ) if args.len() <= 1
                && matches!(
                    ir.kind(peel(ir, base)),
                    ExprKind::Call(_) | ExprKind::Local(_)
                ) =>
            {
                self.built(to(base), depth + 1)
            }
            (
                "TrimRight"
                | "TrimSuffix"
                | "TrimSpace"
                | "withTrailingSlash"
                | "removeTrailingSlash",
                None,
                [url, ..],
            ) => Some(read(*url)),
            ("trim_end_matches" | "replace" | "trimEnd" | "trim", Some(base), _) => {
                Some(read(base))
            }
            _ => None,
        }
    }

    fn is_package(&self, at: ExprRef) -> bool {
        matches!(
            self.resolver.resolve_value(at.file, at.expr),
            Some(crate::Def::Module(_) | crate::Def::External { .. })
        )
    }

    fn joined(&self, base: &[Bits], parts: &[ExprId], at: ExprRef, depth: u32) -> Vec<Bits> {
        let mut whole = base.to_vec();
        for &part in parts {
            let more = self.read(
                ExprRef {
                    file: at.file,
                    expr: part,
                },
                depth + 1,
            );
            whole = join(&whole, &more, "/");
        }
        whole
    }

    /// A variable that holds a URL object, and what is put into its path later.
    fn local(&self, at: ExprRef, depth: u32) -> Option<Vec<Bits>> {
        let ir = self.resolver.code.ir(at.file);
        let ExprKind::Local(local) = ir.kind(at.expr) else {
            return None;
        };
        if depth > MAX_DEPTH
            || !matches!(
                ir.local(local).kind,
                LocalKind::Variable | LocalKind::Temporary
            )
        {
            return None;
        }
        let flow = &self.resolver.flows[at.file.0 as usize];
        let mut found = None;
        for known in flow.definitions(local) {
            if known.how == DefinitionKind::Assign {
                let value = ExprRef {
                    file: at.file,
                    expr: known.value,
                };
                found = self.built(value, depth + 2).or(found);
            }
        }
        let mut found = found?;
        for store in &flow.field_stores {
            let is_path = matches!(store.name.as_str(), "Path" | "pathname" | "path");
            let on_it = store.base.is_some_and(
                |base| matches!(ir.kind(peel(ir, base)), ExprKind::Local(known) if known == local),
            );
            if is_path && on_it {
                let more = self.read(
                    ExprRef {
                        file: at.file,
                        expr: store.value,
                    },
                    depth + 2,
                );
                found = join(&found, &more, "/");
            }
        }
        Some(found)
    }

    /// Where the pieces lead.
    pub(super) fn url(&self, bits: &[Bit]) -> Url {
        let mut pattern = String::new();
        let mut params = Vec::new();
        let mut hints = Vec::new();
        let mut host = Host::Own;
        let mut is_open = false;
        let mut in_query = false;
        for (index, bit) in bits.iter().enumerate() {
            match bit {
                Bit::Text(text) if !in_query => {
                    let text = match text.find(['?', '#']) {
                        Some(at) => {
                            in_query = true;
                            &text[..at]
                        }
                        None => text.as_str(),
                    };
                    pattern.push_str(text);
                }
                Bit::Hole(hole) if !in_query => {
                    let in_host = pattern
                        .split_once("://")
                        .is_some_and(|(_, rest)| !rest.contains('/'));
                    if index == 0 || pattern.is_empty() || in_host {
                        is_open = !in_host;
                        host = Host::Configured;
                        hints.push(self.name(*hole));
                        if in_host {
                            pattern.push('$');
                        }
                    } else if pattern.ends_with('/') {
                        pattern.push_str("{}");
                        params.push(*hole);
                    } else if bits[index + 1..].is_empty() {
                        // `…/users${query}`: most often the query.
                        in_query = true;
                    } else {
                        pattern.push_str("{}");
                        params.push(*hole);
                    }
                }
                _ => {}
            }
        }
        let mut path = pattern.as_str();
        if let Some((_, rest)) = pattern.split_once("://") {
            let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
            if !name.contains('$') {
                host = Host::Known(name.to_ascii_lowercase());
            } else {
                hints.push(name.replace('$', " "));
            }
            path = rest;
        }
        // Generated clients put a dot before a path that begins with a slash.
        let mut path = RoutePath::parse(path.trim_end_matches('.').trim_start_matches('.'));
        path.is_open = is_open;
        for segment in &mut path.segments {
            if let Segment::Rest(name) = segment {
                *segment = Segment::Param(*name);
            }
        }
        Url {
            host,
            path,
            params,
            hints,
        }
    }

    /// The name of an inserted value: `process.env.BILLING_URL`, `c.billingURL`, `env("BILLING_URL")`.
    pub(super) fn name(&self, at: ExprRef) -> String {
        let mut words = Vec::new();
        let made = crate::flow::ingredients::ingredients(
            self.resolver,
            self.graph,
            at,
            crate::flow::ingredients::Reach::LOCAL,
        );
        words.extend(made.names.iter().map(|name| name.as_str()));
        for origin in &made.origins {
            if let crate::flow::ingredients::OriginKind::Literal(text) = origin.kind
                && text.as_str().len() < 60
            {
                words.push(text.as_str());
            }
        }
        words.join(" ")
    }

    /// The parameter a value is (a part of): function, index, path.
    pub(super) fn param(&self, at: ExprRef, depth: u32) -> Option<(FunctionId, u16, Vec<Symbol>)> {
        if depth > 6 {
            return None;
        }
        let ir = self.resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(peel(ir, at.expr)) {
            ExprKind::Local(local) => {
                let facts = ir.local(local);
                if let LocalKind::Param(n) = facts.kind {
                    let function = self.resolver.code.function_id(at.file, facts.function);
                    return Some((function, n, Vec::new()));
                }
                let definitions = self.resolver.flows[at.file.0 as usize].definitions(local);
                let known = definitions
                    .iter()
                    .find(|known| known.how == DefinitionKind::Assign)?;
                self.param(to(known.value), depth + 1)
            }
            ExprKind::Field(base, name) => {
                let (function, n, mut path) = self.param(to(base), depth + 1)?;
                path.push(name);
                Some((function, n, path))
            }
            ExprKind::Cast(_, inner) => self.param(to(inner), depth + 1),
            ExprKind::Binary(
                betwixt_facts::ir::BinaryOp::Coalesce | betwixt_facts::ir::BinaryOp::Or,
                a,
                _,
            ) => self.param(to(a), depth + 1),
            _ => None,
        }
    }

    /// The part of an argument.
    pub(super) fn part(&self, arg: ExprRef, path: &[Symbol]) -> Option<ExprRef> {
        let mut current = arg;
        for &name in path {
            current = *field(self.resolver, current, name, 0).first()?;
        }
        Some(current)
    }
}

fn join(left: &[Bits], right: &[Bits], between: &str) -> Vec<Bits> {
    let mut found = Vec::new();
    for a in left {
        for b in right {
            if found.len() >= 4 {
                return found;
            }
            let mut whole = a.clone();
            if !between.is_empty() {
                whole.push(Bit::Text(between.to_owned()));
            }
            whole.extend(b.iter().cloned());
            found.push(whole);
        }
    }
    found
}

/// A path below a base address; a whole URL replaces it.
fn under(base: &[Bits], path: &[Bits]) -> Vec<Bits> {
    let is_whole = path
        .iter()
        .any(|bits| matches!(bits.first(), Some(Bit::Text(text)) if text.contains("://")));
    if is_whole {
        return path.to_vec();
    }
    join(base, path, "/")
}
