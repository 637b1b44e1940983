//! Where documents are sent: followed from the text, forwards, through constants, variables, options and encoders to
//! the call that is handed them.
//!
//! `useQuery(GET_USER, { variables })`, `client.query({ query, variables })`, `c.Do(ctx, query, jwt, vars, &out)`,
//! `store.fetch({ variables })`, `const [save] = useMutation(SAVE); save({ variables })`. A wrapper that is handed the
//! document is the project's client: the link stands where the document is known.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::FileFacts;
use betwixt_facts::ir::{Call, CallId, ExprId, ExprKind, Ir, LocalId, StmtKind};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::documents::{DocumentIdx, Documents, of_document_name};
use super::named::{Named, named};
use crate::events::chain::peel;
use crate::events::select::field as part_of;
use crate::ids::{CallSite, ExprRef, FunctionId, GlobalId};
use crate::link::{LinkContext, last_of};
use crate::names::Def;

/// A document on its way out.
#[derive(Debug, Clone)]
pub(super) struct Send {
    /// The call that is handed it.
    pub(super) site: CallSite,
    pub(super) document: DocumentIdx,
    /// All variables.
    pub(super) variables: Option<ExprRef>,
    /// Variables that are set one by one.
    pub(super) named: Vec<(Symbol, ExprRef)>,
    /// It is known by the operation's name alone.
    pub(super) is_named: bool,
}

/// A value that is a document, holds one, or sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Handle {
    document: DocumentIdx,
    variables: Option<ExprRef>,
    is_named: bool,
    /// The hook that gave it; nothing is sent before what it gave is called.
    hook: Option<CallId>,
}

/// Calls whose result still is the document.
const MAKERS: &[&str] = &[
    "gql",
    "graphql",
    "parse",
    "TypedDocumentString",
    "NewRequest",
    "NewRequestWithContext",
    "Marshal",
    "stringify",
    "NewReader",
    "NewBuffer",
    "NewBufferString",
    "TrimSpace",
    "trim",
    "to_string",
    "to_vec",
    "json",
    "$state",
    "useState",
    "ref",
    "signal",
];
/// Calls that look at a document or what is kept of its answer, and send nothing.
const LOOKS: &[&str] = &[
    "readQuery",
    "writeQuery",
    "updateQuery",
    "readFragment",
    "writeFragment",
    "useFragment",
    "print",
    "visit",
    "validate",
    "getOperationName",
    "getOperationAST",
    "getMainDefinition",
    "log",
    "debug",
    "info",
    "warn",
    "error",
    "println",
    "Println",
    "Printf",
    "Errorf",
    "Contains",
    "HasPrefix",
    "includes",
    "startsWith",
    "len",
    "push",
    "set",
];
/// Methods of something that holds a document by which it is sent.
const VERBS: &[&str] = &[
    "fetch",
    "mutate",
    "mutateAsync",
    "commit",
    "listen",
    "load",
    "refetch",
    "execute",
];
/// Entries of options that are the document.
const DOCUMENT_KEYS: &[&str] = &["query", "mutation", "subscription", "document", "body"];
const VARIABLES: &str = "variables";
/// Variables' own names, where nothing else says what they are.
const VARIABLE_NAMES: &[&str] = &["variables", "vars", "input", "params", "args"];
/// Rounds in which a document gets one assignment or maker further.
const MAX_ROUNDS: usize = 5;

/// All sends of the program, by file and call.
pub(super) fn sends(context: &LinkContext<'_>, documents: &Documents) -> Vec<Send> {
    let mut globals: FxHashMap<GlobalId, Handle> = FxHashMap::default();
    let mut names: FxHashSet<Symbol> = FxHashSet::default();
    let files: Vec<(FileId, &FileFacts)> = (context.resolver.code.code_files())
        .filter(|(file, _)| !context.workspace.file(*file).marks.test)
        .collect();
    let held: Vec<Vec<(GlobalId, Symbol, Handle)>> = files
        .par_iter()
        .map(|&(file, facts)| {
            let mut scan = Scan::new(context, documents, (&globals, &names), file, facts);
            scan.settle();
            scan.globals()
        })
        .collect();
    for (global, name, handle) in held.into_iter().flatten() {
        globals.insert(global, handle);
        names.insert(name);
    }
    for (_, facts) in &files {
        let imports = facts.imports.iter();
        let meant = imports.filter(|one| one.imported.is_some_and(|name| names.contains(&name)));
        let renamed: Vec<Symbol> = meant.map(|one| one.local).collect();
        names.extend(renamed);
    }
    let found: Vec<Vec<Send>> = files
        .par_iter()
        .map(|&(file, facts)| {
            let mut scan = Scan::new(context, documents, (&globals, &names), file, facts);
            scan.settle();
            scan.sends()
        })
        .collect();
    without_generated(context, found.into_iter().flatten().collect())
}

/// A call of generated code that is part of the tree is a plain call: the send stands in there.
fn without_generated(context: &LinkContext<'_>, mut found: Vec<Send>) -> Vec<Send> {
    let senders: FxHashSet<FunctionId> = (found.iter())
        .filter(|send| !send.is_named)
        .map(|send| context.function_of(send.site))
        .collect();
    found.retain(|send| {
        let mut callees = context.graph.callee(send.site).functions().iter();
        !(send.is_named && callees.any(|function| senders.contains(function)))
    });
    found
}

/// One file, while its documents are followed.
struct Scan<'a> {
    context: &'a LinkContext<'a>,
    documents: &'a Documents,
    globals: &'a FxHashMap<GlobalId, Handle>,
    names: &'a FxHashSet<Symbol>,
    file: FileId,
    facts: &'a FileFacts,
    ir: &'a Ir,
    exprs: FxHashMap<ExprId, Handle>,
    locals: FxHashMap<LocalId, Handle>,
    /// What functions of the file store in its variables.
    stores: FxHashMap<Symbol, Handle>,
}

impl<'a> Scan<'a> {
    fn new(
        context: &'a LinkContext<'a>,
        documents: &'a Documents,
        (globals, names): (&'a FxHashMap<GlobalId, Handle>, &'a FxHashSet<Symbol>),
        file: FileId,
        facts: &'a FileFacts,
    ) -> Self {
        Self {
            context,
            documents,
            globals,
            names,
            file,
            facts,
            ir: &facts.ir,
            exprs: FxHashMap::default(),
            locals: FxHashMap::default(),
            stores: FxHashMap::default(),
        }
    }

    /// The variables of the file that hold a document.
    fn globals(&self) -> Vec<(GlobalId, Symbol, Handle)> {
        let globals = self.facts.globals.iter().enumerate();
        let held = globals.filter_map(|(index, global)| {
            let handle = global.init.and_then(|init| self.handle(init, 0));
            let handle = handle.or_else(|| self.stores.get(&global.name).copied())?;
            let id = self.context.resolver.code.global_id(self.file, index);
            Some((id, global.name, handle))
        });
        held.collect()
    }

    /// Follows makers and assignments until nothing more is known.
    fn settle(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let before = self.exprs.len() + self.locals.len() + self.stores.len();
            for idx in 0..self.ir.calls.len() {
                let call = &self.ir.calls[idx];
                if let Some(handle) = self.made(CallId(idx as u32), call) {
                    self.exprs.insert(call.expr, handle);
                }
            }
            for stmt in &self.ir.stmts {
                let StmtKind::Assign { target, value, .. } = stmt.kind else {
                    continue;
                };
                let Some(handle) = self.handle(value, 0).or_else(|| self.given_by_hook(value))
                else {
                    continue;
                };
                match self.ir.kind(target) {
                    ExprKind::Local(local) => {
                        self.locals.entry(local).or_insert(handle);
                    }
                    ExprKind::Name(name) | ExprKind::Field(_, name) => {
                        self.stores.entry(name).or_insert(handle);
                    }
                    _ => {}
                }
            }
            if before == self.exprs.len() + self.locals.len() + self.stores.len() {
                break;
            }
        }
    }

    /// What a call that sends nothing yet gives.
    fn made(&self, id: CallId, call: &Call) -> Option<Handle> {
        if self.exprs.contains_key(&call.expr) {
            return None;
        }
        if let Some((document, what)) = named(self.documents, self.ir, call) {
            let hook = match what {
                Named::Handle => None,
                Named::Hook => Some(id),
                Named::Sent(_) => return None,
            };
            return Some(Handle {
                document,
                variables: None,
                is_named: true,
                hook,
            });
        }
        let last = last_of(self.ir, call.callee);
        let is_maker = MAKERS.contains(&last);
        if !is_maker && !is_lazy_hook(last) {
            return None;
        }
        let (_, handle) = self.handed(call)?;
        Some(Handle {
            hook: (!is_maker).then_some(id),
            ..handle
        })
    }

    /// The first argument that is a document.
    fn handed(&self, call: &Call) -> Option<(usize, Handle)> {
        let args = self.ir.expr_list(call.args).iter().enumerate();
        args.take(6)
            .find_map(|(n, &arg)| Some((n, self.handle(arg, 0)?)))
    }

    fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.file,
            expr,
        }
    }

    fn plain(document: DocumentIdx, is_named: bool) -> Handle {
        Handle {
            document,
            variables: None,
            is_named,
            hook: None,
        }
    }

    /// The document a value is or holds.
    fn handle(&self, expr: ExprId, depth: u32) -> Option<Handle> {
        if depth > 4 {
            return None;
        }
        let expr = peel(self.ir, expr);
        if let Some(handle) = self.exprs.get(&expr) {
            return Some(*handle);
        }
        match self.ir.kind(expr) {
            ExprKind::Str(_) | ExprKind::Concat(_) => {
                let document = self.documents.at(self.at(expr))?;
                Some(Self::plain(document, false))
            }
            ExprKind::Local(local) => self.locals.get(&local).copied(),
            ExprKind::Project(inner, 0) | ExprKind::Cast(_, inner) => self.handle(inner, depth + 1),
            ExprKind::Name(name) => self.by_name(expr, name),
            ExprKind::Field(base, name) => match self.ir.kind(base) {
                ExprKind::This => self.stores.get(&name).copied(),
                ExprKind::Name(_) => self.by_name(expr, name),
                _ => None,
            },
            ExprKind::Struct(_, entries) => {
                let entries = self.ir.entry_list(entries);
                let is_key = |name: Symbol| {
                    let name = name.as_str();
                    DOCUMENT_KEYS
                        .iter()
                        .any(|key| name.eq_ignore_ascii_case(key))
                };
                let mut keyed = entries.iter().filter(|entry| is_key(entry.name));
                let held = keyed.find_map(|entry| self.handle(entry.value, depth + 1))?;
                let beside = entries
                    .iter()
                    .find(|entry| entry.name.as_str().eq_ignore_ascii_case(VARIABLES));
                let variables = beside.map(|entry| self.at(entry.value));
                Some(Handle {
                    variables: variables.or(held.variables),
                    ..held
                })
            }
            _ => None,
        }
    }

    fn by_name(&self, expr: ExprId, name: Symbol) -> Option<Handle> {
        if let Some(handle) = self.stores.get(&name) {
            return Some(*handle);
        }
        if self.names.contains(&name)
            && let Some(Def::Global(global)) = self.context.resolver.resolve_value(self.file, expr)
        {
            return self.globals.get(&global).copied();
        }
        let document = self.documents.named(of_document_name(name)?, None)?;
        Some(Self::plain(document, true))
    }

    /// `const [save] = useMutation(SAVE)`, `const { mutate } = …`.
    fn given_by_hook(&self, value: ExprId) -> Option<Handle> {
        let base = match self.ir.kind(value) {
            ExprKind::Index(base, _) => base,
            ExprKind::Field(base, name) if VERBS.contains(&name.as_str()) => base,
            _ => return None,
        };
        self.handle(base, 0).filter(|handle| handle.hook.is_some())
    }

    fn sends(&self) -> Vec<Send> {
        let mut called: FxHashSet<CallId> = FxHashSet::default();
        let mut of_file = Vec::new();
        for idx in 0..self.ir.calls.len() as u32 {
            if let Some((send, hook)) = self.send(CallId(idx)) {
                called.extend(hook);
                of_file.push(send);
            }
        }
        // A hook whose function is handed on is all that is known of the send.
        let mut hooks: Vec<Handle> = self.exprs.values().copied().collect();
        hooks.retain(|handle| handle.hook.is_some_and(|hook| !called.contains(&hook)));
        hooks.sort_by_key(|handle| handle.hook);
        hooks.dedup_by_key(|handle| handle.hook);
        for handle in hooks {
            let call = handle.hook.unwrap_or(CallId(0));
            of_file.push(self.made_send(call, handle, handle.variables));
        }
        of_file.sort_by_key(|send| send.site);
        of_file
    }

    fn made_send(&self, call: CallId, handle: Handle, variables: Option<ExprRef>) -> Send {
        Send {
            site: CallSite {
                file: self.file,
                call,
            },
            document: handle.document,
            variables,
            named: Vec::new(),
            is_named: handle.is_named,
        }
    }

    /// What a call sends, and the hook its callee came from.
    fn send(&self, id: CallId) -> Option<(Send, Option<CallId>)> {
        let call = self.ir.call(id);
        if self.exprs.contains_key(&call.expr) {
            return None;
        }
        let args = self.ir.expr_list(call.args);
        if let Some((document, Named::Sent(n))) = named(self.documents, self.ir, call) {
            let variables = args.get(n).map(|&arg| self.variables_in(arg));
            return Some((
                self.made_send(id, Self::plain(document, true), variables),
                None,
            ));
        }
        if let Some(handle) = self.receiver(call) {
            let variables = args.first().map(|&arg| self.variables_in(arg));
            let send = self.made_send(id, handle, variables.or(handle.variables));
            return Some((send, handle.hook));
        }
        let last = last_of(self.ir, call.callee);
        if LOOKS.contains(&last) || MAKERS.contains(&last) {
            return None;
        }
        let (n, handle) = self.handed(call)?;
        if handle.hook.is_some() {
            return None;
        }
        let variables = handle.variables.or_else(|| self.beside(args, n));
        let mut send = self.made_send(id, handle, variables);
        if let ExprKind::Local(local) = self.ir.kind(peel(self.ir, args[n])) {
            send.named = self.set_on(local);
        }
        Some((send, None))
    }

    /// The handle a call is made on: `store.fetch()`, `save()`.
    fn receiver(&self, call: &Call) -> Option<Handle> {
        match self.ir.kind(peel(self.ir, call.callee)) {
            ExprKind::Local(local) => {
                let handle = self.locals.get(&local).copied();
                handle.filter(|handle| handle.hook.is_some())
            }
            ExprKind::Field(base, verb) if VERBS.contains(&verb.as_str()) => {
                let is_text = matches!(
                    self.ir.kind(peel(self.ir, base)),
                    ExprKind::Str(_) | ExprKind::Concat(_) | ExprKind::Struct(..)
                );
                self.handle(base, 0).filter(|_| !is_text)
            }
            _ => None,
        }
    }

    /// `{ variables }` or the variables themselves.
    fn variables_in(&self, arg: ExprId) -> ExprRef {
        let at = self.at(arg);
        let inside = part_of(self.context.resolver, at, Symbol::new(VARIABLES), 0);
        inside.first().copied().unwrap_or(at)
    }

    /// The variables among the arguments behind a document.
    fn beside(&self, args: &[ExprId], n: usize) -> Option<ExprRef> {
        let behind = args.get(n + 1..)?;
        let name = Symbol::new(VARIABLES);
        let inside = behind.iter().find_map(|&arg| {
            part_of(self.context.resolver, self.at(arg), name, 0)
                .first()
                .copied()
        });
        inside.or_else(|| {
            let mut plain = behind.iter().filter(|&&arg| self.are_variables(arg));
            plain.next().map(|&arg| self.at(arg))
        })
    }

    fn are_variables(&self, arg: ExprId) -> bool {
        match self.ir.kind(peel(self.ir, arg)) {
            ExprKind::Struct(..) => true,
            ExprKind::Local(local) => {
                let name = self.ir.local(local).name.as_str();
                let flow = &self.context.resolver.flows[self.file.0 as usize];
                VARIABLE_NAMES.contains(&name)
                    || flow
                        .definitions(local)
                        .iter()
                        .any(|known| matches!(self.ir.kind(known.value), ExprKind::Struct(_, entries) if !entries.is_empty()))
            }
            _ => false,
        }
    }

    /// `req.Var("id", id)`.
    fn set_on(&self, local: LocalId) -> Vec<(Symbol, ExprRef)> {
        if self.facts.language.name() != "go" {
            return Vec::new();
        }
        let set = self.ir.calls.iter().filter_map(|call| {
            let ExprKind::Field(base, name) = self.ir.kind(call.callee) else {
                return None;
            };
            let is_meant = name == "Var" && self.ir.kind(base) == ExprKind::Local(local);
            match *self.ir.expr_list(call.args) {
                [key, value] if is_meant => match self.ir.kind(key) {
                    ExprKind::Str(key) => Some((key, self.at(value))),
                    _ => None,
                },
                _ => None,
            }
        });
        set.collect()
    }
}

/// `useMutation`, `useLazyQuery`: what they give sends the document.
fn is_lazy_hook(name: &str) -> bool {
    name.starts_with("use") && (name.contains("Mutation") || name.contains("Lazy"))
}
