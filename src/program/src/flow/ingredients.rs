//! What a value is made of: names it passed through and where it comes from.
//!
//! A backward walk over definitions, fields, calls and, where asked, callers. It over-approximates: a name that is
//! listed may not matter, a name that is missing cannot have taken part (within the bounds).

use std::collections::BTreeSet;

use betwixt_base::Symbol;
use betwixt_facts::ir::{
    ExprId, ExprKind, Ir, LocalId, LocalKind, StmtId, StmtKind, StructEntry, UnaryOp,
};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::calls::{CallGraph, Callee};
use crate::flow::defs::DefinitionKind;
use crate::flow::passed::passed_on;
use crate::ids::{CallSite, ExprRef, FunctionId, GlobalId};
use crate::link::{Source, Target, same_field};
use crate::names::Def;
use crate::resolve::Resolver;

/// Field names from an origin to the value, outermost first.
pub type Path = SmallVec<[Symbol; 2]>;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OriginKind {
    /// A parameter of a function.
    Param(FunctionId, u16),
    /// The receiver of a method, `this`.
    Receiver(FunctionId),
    /// The result of a call that leads out of the program or was not followed.
    Call(CallSite),
    /// A package-level or module-level variable.
    Global(GlobalId),
    /// A literal.
    Literal(Symbol),
    /// An element of a collection walked over.
    Unknown,
}

/// One source of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// Where from.
    pub kind: OriginKind,
    /// Which part of it.
    pub path: Path,
    /// It is the value itself (perhaps converted), not an argument of a call whose result is the value.
    pub is_direct: bool,
    /// The expression where the walk ended.
    pub at: ExprRef,
}

/// What a value is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ingredients {
    /// Names of variables, fields, functions and keys on the way.
    pub names: BTreeSet<Symbol>,
    /// Sources.
    pub origins: BTreeSet<Origin>,
    /// A bound was hit; more may be there.
    pub is_cut: bool,
}

impl Ingredients {
    /// Everything both are made of.
    pub fn merge(&mut self, other: Self) {
        self.names.extend(other.names);
        self.origins.extend(other.origins);
        self.is_cut |= other.is_cut;
    }

    /// Only literals.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.origins
            .iter()
            .all(|origin| matches!(origin.kind, OriginKind::Literal(_)))
    }
}

/// How far the walk goes.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// How many callers up a parameter is followed.
    pub callers: u32,
    /// How many callees down a result is followed.
    pub returns: u32,
}

impl Reach {
    /// Inside the function and the values its callees return.
    pub const LOCAL: Self = Self {
        callers: 0,
        returns: 2,
    };
    /// Also into callers.
    pub const WIDE: Self = Self {
        callers: 4,
        returns: 2,
    };
}

const MAX_STEPS: u32 = 600;
const MAX_CALLERS: usize = 12;
/// Most values that others kept, of one row or entry.
const MAX_KEPT: usize = 8;
/// Through how many rows and entries in a row.
const MAX_KEPT_DEPTH: u32 = 2;
/// How far is looked around what was kept.
const BEFORE: Reach = Reach {
    callers: 2,
    returns: 1,
};

/// What `at` is made of.
#[must_use]
pub fn ingredients(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    at: ExprRef,
    reach: Reach,
) -> Ingredients {
    let mut walk = Walk {
        resolver,
        graph,
        found: Ingredients::default(),
        seen: FxHashSet::default(),
        steps: 0,
        frames: Vec::new(),
        n_kept: if reach.callers > 0 { MAX_KEPT_DEPTH } else { 0 },
    };
    walk.expr(at, &Path::new(), true, reach);
    walk.found
}

struct Walk<'a> {
    resolver: &'a Resolver<'a>,
    graph: &'a CallGraph,
    found: Ingredients,
    seen: FxHashSet<(ExprRef, Path, bool)>,
    steps: u32,
    /// Callees being looked into, with the calls they were entered by: their parameters are those calls' arguments.
    frames: Vec<(FunctionId, CallSite)>,
    /// Through how many more rows and entries what others kept is followed.
    n_kept: u32,
}

impl Walk<'_> {
    fn origin(&mut self, kind: OriginKind, path: &Path, is_direct: bool, at: ExprRef) {
        self.found.origins.insert(Origin {
            kind,
            path: path.clone(),
            is_direct,
            at,
        });
    }

    fn name(&mut self, name: Symbol) {
        if name != "_" && !name.is_empty() {
            self.found.names.insert(name);
        }
    }

    fn expr(&mut self, at: ExprRef, path: &Path, direct: bool, reach: Reach) {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            self.found.is_cut = true;
            return;
        }
        if !self.seen.insert((at, path.clone(), direct)) {
            return;
        }
        let ir = self.resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(at.expr) {
            ExprKind::Unknown => self.origin(OriginKind::Unknown, path, direct, at),
            ExprKind::Nil | ExprKind::Bool(_) => {}
            ExprKind::Number(text) | ExprKind::Str(text) => {
                self.origin(OriginKind::Literal(text), path, direct, at);
            }
            ExprKind::Concat(list) | ExprKind::List(list) => {
                for &part in ir.expr_list(list) {
                    self.expr(to(part), &Path::new(), direct, reach);
                }
            }
            ExprKind::Local(local) => self.local(at, local, path, direct, reach),
            ExprKind::Name(name) => self.global_name(at, name, path, direct),
            ExprKind::This => {
                if let Some(function) = self.enclosing(at) {
                    self.origin(OriginKind::Receiver(function), path, direct, at);
                }
            }
            ExprKind::Field(base, name) => {
                self.name(name);
                self.carried(Target::Value(at), direct, reach);
                if let Some(def) = self.resolver.resolve_value(at.file, at.expr) {
                    self.def(at, def, path, direct);
                    return;
                }
                let mut longer = Path::new();
                longer.push(name);
                longer.extend(path.iter().copied().take(3));
                self.expr(to(base), &longer, direct, reach);
            }
            ExprKind::Index(base, key) => {
                self.carried(Target::Value(at), direct, reach);
                self.expr(to(base), path, direct, reach);
                if !matches!(ir.kind(key), ExprKind::Unknown) {
                    self.expr(to(key), &Path::new(), false, reach);
                }
            }
            ExprKind::Project(base, _) | ExprKind::Cast(_, base) => {
                self.expr(to(base), path, direct, reach)
            }
            ExprKind::Call(call) => self.call(
                CallSite {
                    file: at.file,
                    call,
                },
                at,
                path,
                direct,
                reach,
            ),
            ExprKind::Closure(_) => {}
            ExprKind::Struct(_, entries) => {
                let entries = ir.entry_list(entries);
                let wanted = path.first().map(|&wanted| spelled(entries, wanted));
                let rest: Path = path.iter().skip(1).copied().collect();
                let matching =
                    wanted.is_some_and(|wanted| entries.iter().any(|entry| entry.name == wanted));
                for entry in entries {
                    let is_spread = entry.name == "...";
                    if matching && wanted != Some(entry.name) {
                        continue;
                    }
                    if !matching && wanted.is_some() && !is_spread {
                        continue;
                    }
                    self.name(entry.name);
                    let path = if matching { &rest } else { path };
                    self.expr(to(entry.value), path, direct, reach);
                }
            }
            ExprKind::Binary(_, a, b) => {
                self.expr(to(a), path, direct, reach);
                self.expr(to(b), path, direct, reach);
            }
            ExprKind::Unary(op, inner) => {
                let still = direct && !matches!(op, UnaryOp::Not);
                self.expr(to(inner), path, still, reach);
            }
            ExprKind::Conditional(_, a, b) => {
                self.expr(to(a), path, direct, reach);
                self.expr(to(b), path, direct, reach);
            }
        }
    }

    fn enclosing(&self, at: ExprRef) -> Option<FunctionId> {
        let code = self.resolver.code;
        let span = code.ir(at.file).expr(at.expr).span;
        let functions = &code.facts(at.file).functions;
        let (index, _) = functions
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, function)| function.span.contains(span) && !function.flags.is_closure)
            .min_by_key(|(_, function)| function.span.end - function.span.start)?;
        Some(code.function_id(at.file, betwixt_facts::ir::FunctionIdx(index as u32)))
    }

    fn local(&mut self, at: ExprRef, local: LocalId, path: &Path, direct: bool, reach: Reach) {
        let ir = self.resolver.code.ir(at.file);
        let facts = *ir.local(local);
        self.name(facts.name);
        let definitions = self.resolver.flows[at.file.0 as usize].definitions(local);
        for definition in definitions {
            if definition.how == DefinitionKind::Part && !part_matters(ir, definition.stmt, path) {
                continue;
            }
            let value = ExprRef {
                file: at.file,
                expr: definition.value,
            };
            if definition.how != DefinitionKind::Part {
                self.expr(value, path, direct, reach);
                continue;
            }
            self.expr(value, &Path::new(), direct, reach);
            // `all.push(row)`: a part of an element is that part of what was pushed.
            if !path.is_empty() && adds_element(ir, definition.stmt) {
                self.expr(value, path, direct, reach);
            }
        }
        self.kept(Target::Local(at.file, local), path);
        let function = self.resolver.code.function_id(at.file, facts.function);
        match facts.kind {
            LocalKind::Param(n) => self.param(at, function, n, path, direct, reach),
            LocalKind::Receiver => self.origin(OriginKind::Receiver(function), path, direct, at),
            _ if definitions.is_empty() => self.origin(OriginKind::Unknown, path, direct, at),
            _ => {}
        }
    }

    fn param(
        &mut self,
        at: ExprRef,
        function: FunctionId,
        n: u16,
        path: &Path,
        direct: bool,
        reach: Reach,
    ) {
        if let Some(&(entered, site)) = self.frames.last()
            && entered == function
        {
            let frame = self.frames.pop();
            self.argument(site, function, n, path, reach);
            self.frames.extend(frame);
            return;
        }
        self.origin(OriginKind::Param(function, n), path, direct, at);
        if reach.callers == 0 {
            return;
        }
        let up = Reach {
            callers: reach.callers - 1,
            ..reach
        };
        for site in self.graph.callers(function).iter().take(MAX_CALLERS) {
            let ir = self.resolver.code.ir(site.file);
            let args = ir.expr_list(ir.call(site.call).args);
            if let Some(&arg) = args.get(n as usize) {
                self.expr(
                    ExprRef {
                        file: site.file,
                        expr: arg,
                    },
                    path,
                    direct,
                    up,
                );
            }
        }
        if self.graph.callers(function).len() > MAX_CALLERS {
            self.found.is_cut = true;
        }
        self.arriving(Target::Param(function, n), path, direct, up);
        self.carried(Target::Param(function, n), direct, up);
    }

    /// What a parameter is at the call the walk came in by.
    fn argument(
        &mut self,
        site: CallSite,
        function: FunctionId,
        n: u16,
        path: &Path,
        reach: Reach,
    ) {
        let to = |expr| ExprRef {
            file: site.file,
            expr,
        };
        let graph = self.graph;
        if graph.callee(site).functions().contains(&function) {
            let ir = self.resolver.code.ir(site.file);
            if let Some(&arg) = ir.expr_list(ir.call(site.call).args).get(n as usize) {
                self.expr(to(arg), path, false, reach);
            }
            return;
        }
        let given = graph.links.arriving(Target::Param(function, n), path);
        for (link, from, rest) in given.filter(|(link, ..)| link.site == site) {
            if let (true, Source::Value(value)) = (link.to == function, from) {
                self.expr(value, &rest, false, reach);
            }
        }
    }

    /// What the other side of a link puts there: callers into a request, the callee into an answer.
    fn arriving(&mut self, target: Target, path: &Path, direct: bool, reach: Reach) {
        let graph = self.graph;
        for (at, (link, from, rest)) in graph.links.arriving(target, path).enumerate() {
            if at >= MAX_CALLERS {
                self.found.is_cut = true;
                break;
            }
            let is_request = matches!(target, Target::Param(function, _) if function == link.to);
            let frames = if is_request {
                // The frames are this side's; the other side's parameters are no arguments of theirs.
                std::mem::take(&mut self.frames)
            } else {
                let around = self.frames.clone();
                self.frames.push((link.to, link.site));
                around
            };
            match from {
                Source::Value(value) => self.expr(value, &rest, direct, reach),
                Source::Returned(function) => self.returned(function, &rest, reach),
            }
            self.frames = frames;
        }
    }

    /// What other services put into the row or cache entry that is read there. Asked where callers are: what is nearby
    /// stays apart from what others did before. It is never the value itself but what that was made of: the row decides.
    fn kept(&mut self, target: Target, path: &Path) {
        if self.n_kept == 0 {
            return;
        }
        let graph = self.graph;
        self.n_kept -= 1;
        for (at, (_, from, rest)) in graph.links.kept(target, path).enumerate() {
            if at >= MAX_KEPT {
                self.found.is_cut = true;
                break;
            }
            // The frames are this side's.
            let frames = std::mem::take(&mut self.frames);
            if let Source::Value(value) = from {
                self.expr(value, &rest, false, BEFORE);
            }
            self.frames = frames;
        }
        self.n_kept += 1;
    }

    fn global_name(&mut self, at: ExprRef, name: Symbol, path: &Path, direct: bool) {
        self.name(name);
        match self.resolver.names.resolve(at.file, name) {
            Some(def) => self.def(at, def, path, direct),
            None => self.origin(OriginKind::Unknown, path, direct, at),
        }
    }

    fn def(&mut self, at: ExprRef, def: Def, path: &Path, direct: bool) {
        // Made once, when the program starts: what the calls in it return says nothing about a request.
        let once = Reach {
            callers: 0,
            returns: 0,
        };
        match def {
            Def::Global(global) => {
                let (file, _) = self.resolver.code.global_place(global);
                match self.resolver.code.global(global).init {
                    Some(init) => self.expr(ExprRef { file, expr: init }, path, direct, once),
                    None => self.origin(OriginKind::Global(global), path, direct, at),
                }
            }
            Def::Value(value) => self.expr(value, path, direct, once),
            _ => self.origin(OriginKind::Unknown, path, direct, at),
        }
    }

    fn call(&mut self, site: CallSite, at: ExprRef, path: &Path, direct: bool, reach: Reach) {
        let ir = self.resolver.code.ir(site.file);
        let call = *ir.call(site.call);
        let callee = self.graph.callee(site).clone();
        let last = match ir.kind(call.callee) {
            ExprKind::Field(_, name) | ExprKind::Name(name) => Some(name),
            _ => None,
        };
        if let Some(last) = last {
            self.name(last);
        }
        let converts = last.is_some_and(|name| is_conversion(name.as_str()));
        let appends = matches!(ir.kind(call.callee), ExprKind::Name(name) if name == "append");
        self.origin(OriginKind::Call(site), path, direct, at);
        if let Some((inner, path)) = passed_on(self.resolver, ir, &call, &callee, path) {
            let inner = ExprRef {
                file: site.file,
                expr: inner,
            };
            self.expr(inner, &path, direct, reach);
            return;
        }
        let args = ir.expr_list(call.args).to_vec();
        for arg in args {
            let is_context = matches!(ir.kind(arg), ExprKind::Local(local) if is_context_name(ir.local(local).name.as_str()));
            if is_context {
                continue;
            }
            let arg = ExprRef {
                file: site.file,
                expr: arg,
            };
            self.expr(arg, &Path::new(), direct && converts, reach);
            // `append(all, row)`: a part of an element is that part of what was appended.
            if appends && !path.is_empty() {
                self.expr(arg, path, direct, reach);
            }
        }
        if let ExprKind::Field(receiver, _) = ir.kind(call.callee) {
            let is_service = !callee.functions().is_empty();
            if !is_service {
                self.expr(
                    ExprRef {
                        file: site.file,
                        expr: receiver,
                    },
                    &Path::new(),
                    direct && converts,
                    reach,
                );
            }
        }
        if reach.returns > 0 {
            let down = Reach {
                returns: reach.returns - 1,
                callers: 0,
            };
            for &function in callee.functions().iter().take(3) {
                self.frames.push((function, site));
                self.returned(function, path, down);
                self.frames.pop();
            }
        }
        if let Callee::Constructs(_) = callee {
            self.origin(OriginKind::Unknown, path, direct, at);
        }
        if reach.returns > 0 {
            let down = Reach {
                returns: reach.returns - 1,
                callers: 0,
            };
            self.arriving(Target::Result(site), path, direct, down);
        }
        self.kept(Target::Result(site), path);
        self.carried(Target::Result(site), direct, reach);
    }

    /// What others put under the key that is read there.
    fn carried(&mut self, read: Target, direct: bool, reach: Reach) {
        let graph = self.graph;
        for &value in graph.links.carried(read).iter().take(MAX_CALLERS) {
            self.expr(value, &Path::new(), direct, reach);
        }
    }

    fn returned(&mut self, function: FunctionId, path: &Path, reach: Reach) {
        let (file, idx) = self.resolver.code.function_place(function);
        let ir = self.resolver.code.ir(file);
        let returns = self.resolver.flows[file.0 as usize].returns[idx.index()].clone();
        for stmt in returns.into_iter().take(6) {
            if let StmtKind::Return(values) = ir.stmt(stmt).kind
                && let Some(&value) = ir.expr_list(values).first()
            {
                self.expr(ExprRef { file, expr: value }, path, false, reach);
            }
        }
    }
}

/// The name of the field that is meant, as this literal spells it: `userId` for another side's `user_id`.
fn spelled(entries: &[StructEntry], wanted: Symbol) -> Symbol {
    if entries.iter().any(|entry| entry.name == wanted) {
        return wanted;
    }
    let other = entries.iter().find(|entry| same_field(entry.name, wanted));
    other.map_or(wanted, |entry| entry.name)
}

/// Whether a statement puts elements into a list: `all.push(row)`.
fn adds_element(ir: &Ir, stmt: StmtId) -> bool {
    matches!(ir.stmt(stmt).kind, StmtKind::Expr(_))
}

/// Whether `x.f = v` says something about `x` seen along `path`.
fn part_matters(ir: &Ir, stmt: StmtId, path: &Path) -> bool {
    let Some(wanted) = path.first() else {
        return true;
    };
    match ir.stmt(stmt).kind {
        StmtKind::Assign { target, .. } => match ir.kind(target) {
            ExprKind::Field(_, name) => same_field(name, *wanted),
            _ => true,
        },
        _ => true,
    }
}

/// Functions whose result is their argument in another form.
fn is_conversion(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "parse",
        "Parse",
        "MustParse",
        "String",
        "toString",
        "to_string",
        "to_owned",
        "clone",
        "into",
        "as_str",
        "as_ref",
        "unwrap",
        "unwrap_or",
        "unwrap_or_default",
        "trim",
        "Trim",
        "TrimSpace",
        "ToLower",
        "toLowerCase",
        "to_lowercase",
        "ToUpper",
        "toUpperCase",
        "Atoi",
        "ParseInt",
        "ParseUint",
        "Number",
        "parseInt",
        "BigInt",
        "ok_or",
        "ok_or_else",
        "map_err",
        "expect",
        "Some",
        "Ok",
        "decodeURIComponent",
        "encodeURIComponent",
        "deref",
        "Param",
        "param",
        "Query",
        "query",
        "FormValue",
        "PathValue",
        "URLParam",
        "get",
        "Get",
        "safeParse",
        "into_inner",
        "json",
        "append",
        "copied",
        "cloned",
        "as_deref",
        "Parse_str",
        "parse_str",
        "from",
    ];
    // A list with fewer of its elements, or in another order.
    const OF_LISTS: &[&str] = &[
        "filter",
        "slice",
        "sort",
        "reverse",
        "flat",
        "unique",
        "uniq",
        "uniqBy",
        "uniqueBy",
        "Uniq",
        "UniqBy",
        "Compact",
        "compact",
        "Sorted",
        "Set",
        "into_iter",
        "iter",
        "collect",
        "to_vec",
        "unique_by",
    ];
    NAMES.contains(&name)
        || OF_LISTS.contains(&name)
        || name.starts_with("to_")
        || name.starts_with("From")
        || name.starts_with("from_")
        || name.starts_with("To")
        || name.starts_with("Get") && name.len() > 3
}

/// Names contexts go by: they carry everything and say nothing.
#[must_use]
pub fn is_context_name(name: &str) -> bool {
    matches!(name, "ctx" | "context" | "c" | "_ctx" | "cx")
}
