//! Calls of typed RPC clients to their procedures.
//!
//! `trpc.users.byId.useQuery({ id })`, `client.users.byId.query({ id })`, `utils.users.byId.fetch()`, `caller.users.byId({ id })`,
//! and `mutate(input)` of what `useMutation()` gave. The names between the client and the verb are the procedure's path.

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir};
use rustc_hash::FxHashMap;

use super::{
    Found, Link, LinkContext, LinkKind, MAX_TARGETS, Source, Sureness, Unlinked, ValueMap,
};
use crate::entries::Route;
use crate::events::chain::peel;
use crate::flow::defs::DefinitionKind;
use crate::ids::{CallSite, ExprRef};

/// Verbs of hooks: nothing else is called so on a path of names.
const HOOKS: &[&str] = &[
    "useQuery",
    "useMutation",
    "useInfiniteQuery",
    "useSuspenseQuery",
    "useSuspenseInfiniteQuery",
    "useSubscription",
    "usePrefetchQuery",
];
/// Verbs of plain clients and query utilities.
const VERBS: &[&str] = &[
    "query",
    "mutate",
    "subscribe",
    "fetch",
    "prefetch",
    "ensureData",
    "fetchInfinite",
    "prefetchInfinite",
    "queryOptions",
    "mutationOptions",
    "infiniteQueryOptions",
    "call",
];
/// What server-side callers are named like; they call the procedure itself.
const CALLERS: &[&str] = &["caller", "api", "trpc", "client"];
const SENDS: &[&str] = &["mutate", "mutateAsync"];

/// Finds links of procedure calls.
pub(super) fn find(context: &LinkContext<'_>) -> Found {
    let mut found = Found::default();
    let mut by_path: FxHashMap<String, Vec<&Route>> = FxHashMap::default();
    for route in &context.entries.routes {
        if route.is_procedure {
            by_path.entry(route.title()).or_default().push(route);
        }
    }
    if by_path.is_empty() {
        return found;
    }
    for (file, facts) in context.resolver.code.code_files() {
        if facts.language.name() != "typescript" || context.workspace.file(file).marks.test {
            continue;
        }
        for call in (0..facts.ir.calls.len() as u32).map(CallId) {
            let site = CallSite { file, call };
            let finder = Finder {
                context,
                by_path: &by_path,
                site,
                ir: &facts.ir,
            };
            finder.call(&mut found);
        }
    }
    found
}

struct Finder<'a> {
    context: &'a LinkContext<'a>,
    by_path: &'a FxHashMap<String, Vec<&'a Route>>,
    site: CallSite,
    ir: &'a Ir,
}

impl Finder<'_> {
    fn call(&self, found: &mut Found) {
        let call = self.ir.call(self.site.call);
        if let Some(hook) = self.sent_by(call.callee) {
            if let Some((path, _)) = self.path(self.ir.call(hook).callee)
                && let Some(routes) = self.by_path.get(&path)
            {
                self.link(routes, found);
            }
            return;
        }
        let Some((path, is_sure)) = self.path(call.callee) else {
            return;
        };
        match self.by_path.get(&path) {
            Some(routes) => self.link(routes, found),
            None if is_sure && path.contains('.') => found.unlinked.push(Unlinked {
                kind: LinkKind::Trpc,
                site: self.site,
                name: Symbol::new(&path),
                reason: "no procedure",
            }),
            None => {}
        }
    }

    /// The hook whose `mutate` is called: `m.mutate(x)`, `const { mutateAsync } = trpc.a.b.useMutation()`.
    fn sent_by(&self, callee: ExprId) -> Option<CallId> {
        let base = match self.ir.kind(callee) {
            ExprKind::Field(base, name) if SENDS.contains(&name.as_str()) => base,
            ExprKind::Local(_) => callee,
            _ => return None,
        };
        let ExprKind::Local(local) = self.ir.kind(base) else {
            return None;
        };
        let flow = &self.context.resolver.flows[self.site.file.0 as usize];
        let known = flow
            .definitions(local)
            .iter()
            .find(|known| known.how == DefinitionKind::Assign)?;
        let value = match self.ir.kind(known.value) {
            ExprKind::Field(inner, name) if SENDS.contains(&name.as_str()) => inner,
            _ if base == callee => return None,
            _ => known.value,
        };
        match self.ir.kind(peel(self.ir, value)) {
            ExprKind::Call(call) => {
                let callee = self.ir.call(call).callee;
                matches!(self.ir.kind(callee), ExprKind::Field(_, name) if name == "useMutation")
                    .then_some(call)
            }
            _ => None,
        }
    }

    /// The path a callee names and whether nothing else is written so.
    fn path(&self, callee: ExprId) -> Option<(String, bool)> {
        let mut names: Vec<&str> = Vec::new();
        let mut current = callee;
        loop {
            match self.ir.kind(peel(self.ir, current)) {
                ExprKind::Field(base, name) if names.len() < 12 => {
                    names.push(name.as_str());
                    current = base;
                }
                ExprKind::Name(name) => {
                    names.push(name.as_str());
                    break;
                }
                ExprKind::Local(local) => {
                    names.push(self.ir.local(local).name.as_str());
                    break;
                }
                // `useTRPC().a.b.useQuery()`, `(await getCaller()).a.b()`.
                ExprKind::Call(call) => {
                    names.push(super::last_of(self.ir, self.ir.call(call).callee));
                    break;
                }
                ExprKind::This => break,
                _ => return None,
            }
        }
        names.reverse();
        let (last, before) = names.split_last()?;
        let is_hook = HOOKS.contains(last);
        if is_hook || VERBS.contains(last) {
            let n_least = if is_hook { 2 } else { 3 };
            if before.len() >= n_least {
                return Some((self.known(&before[1..])?, is_hook));
            }
            return None;
        }
        let root = names.first()?.to_ascii_lowercase();
        let is_caller = CALLERS.iter().any(|word| root.contains(word));
        (is_caller && names.len() >= 3)
            .then(|| names[1..].join("."))
            .filter(|path| self.by_path.contains_key(path))
            .map(|path| (path, false))
    }

    /// The longest end of the names that is a procedure; all of them when none is.
    fn known(&self, names: &[&str]) -> Option<String> {
        let whole = names.join(".");
        let ends = (0..names.len()).map(|skip| names[skip..].join("."));
        // A client may hang below others (`ctx.trpc.users.byId`), never below the procedure.
        let found = ends.take(3).find(|path| self.by_path.contains_key(path));
        Some(found.unwrap_or(whole))
    }

    fn link(&self, routes: &[&Route], found: &mut Found) {
        let context = self.context;
        let service = |file| context.workspace.file(file).service;
        let of_own: Vec<&Route> = routes
            .iter()
            .copied()
            .filter(|route| {
                service(context.resolver.code.file_of(route.function)) == service(self.site.file)
            })
            .collect();
        let meant = if of_own.is_empty() {
            routes.to_vec()
        } else {
            of_own
        };
        if meant.len() > MAX_TARGETS {
            return;
        }
        let sureness = if meant.len() == 1 {
            Sureness::Sure
        } else {
            Sureness::Guess
        };
        let call = self.ir.call(self.site.call);
        let input = self.ir.expr_list(call.args).first().copied();
        for route in meant {
            let from = context.function_of(self.site);
            let mut link = Link::new(
                LinkKind::Trpc,
                self.site,
                from,
                route.function,
                &route.title(),
            );
            link.found_by = "procedure";
            link.sureness = sureness;
            let is_hook_without_input = super::last_of(self.ir, call.callee) == "useMutation";
            if let (Some(expr), false) = (input, is_hook_without_input) {
                let at = ExprRef {
                    file: self.site.file,
                    expr,
                };
                link.values
                    .push(ValueMap::request(at, route.function, 0, &["input"]));
            }
            let answer = Source::Returned(route.function);
            link.values
                .push(ValueMap::answer(self.site, self.part(), answer));
            found.links.push(link);
        }
    }

    /// Where in the result the answer is.
    fn part(&self) -> &'static [&'static str] {
        let last = super::last_of(self.ir, self.ir.call(self.site.call).callee);
        if HOOKS.contains(&last) {
            &["data"]
        } else {
            &[]
        }
    }
}
