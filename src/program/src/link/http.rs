//! Calls of HTTP clients to the routes they ask for.
//!
//! By method and path; what the base address is called (`BILLING_URL`, host `billing`) decides where several services have
//! the route. A wrapper that is handed the path (`api.get("/users")`) is looked through: the link stands where the path is known.
//! What leaves for a host outside, has no route here, or several, is counted with the reason.

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprKind, Ir};
use rustc_hash::{FxHashMap, FxHashSet};

use super::answers;
use super::url::{Bit, Bits, Host, Reader, Url};
use super::{Found, Link, LinkContext, LinkKind, MAX_TARGETS, Sureness, Unlinked};
use crate::entries::{Route, RoutePath, Segment};
use crate::events::matching::last_name;
use crate::flow::text::texts;
use crate::ids::{CallSite, ExprRef, FunctionId};

/// How the method of a request is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Known(Symbol),
    At(ExprRef),
    Any,
}

/// A request, as far as it is known at one call.
#[derive(Debug, Clone)]
struct Request {
    site: CallSite,
    url: Bits,
    method: Method,
    body: Option<ExprRef>,
}

/// What a path of one word counts.
const ONE_LITERAL: u32 = 2;
const MAX_UP: u32 = 4;
const MAX_CALLERS: usize = 150;

/// Finds links of HTTP calls.
pub(super) fn find(context: &LinkContext<'_>) -> Found {
    let index = RouteIndex::new(context);
    let finder = Finder {
        context,
        reader: Reader {
            resolver: context.resolver,
            graph: context.graph,
        },
    };
    let mut found = Found::default();
    let mut seen: FxHashSet<CallSite> = FxHashSet::default();
    let requests = finder.requests();
    // The texts that one call's URL may have are alternatives of one request.
    for alternatives in requests.chunk_by(|a, b| a.site == b.site) {
        let mut by_site: Vec<(CallSite, Vec<Request>)> = Vec::new();
        let carried = alternatives.iter().cloned();
        for one in carried.flat_map(|request| finder.carried_out(request, 0)) {
            match by_site.iter_mut().find(|(site, _)| *site == one.site) {
                Some((_, alternatives)) => alternatives.push(one),
                None => by_site.push((one.site, vec![one])),
            }
        }
        for (site, alternatives) in by_site {
            if context.is_test(site) || !seen.insert(site) {
                continue;
            }
            finder.link(&index, &alternatives, &mut found);
        }
    }
    found
}

struct Finder<'a> {
    context: &'a LinkContext<'a>,
    reader: Reader<'a>,
}

impl Finder<'_> {
    fn ir(&self, site: CallSite) -> &Ir {
        self.context.resolver.code.ir(site.file)
    }

    /// All requests where a library makes them, each text of the URL on its own.
    fn requests(&self) -> Vec<Request> {
        let mut found = Vec::new();
        let mut used: FxHashSet<ExprRef> = FxHashSet::default();
        for event in &self.context.events.events {
            if event.kind != "http.call" || self.context.is_test(event.site) {
                continue;
            }
            let Some(&url) = event.slot("url").first() else {
                continue;
            };
            used.insert(url);
            let mut urls = self.reader.read(url, 0);
            if let Some(&base) = event.slot("base").first() {
                urls = self.below(base, &urls);
            }
            let method = match event.slot("method").first() {
                Some(&at) => Method::At(at),
                None => self.method_of_call(event.site),
            };
            let body = event.slot("body").first().copied();
            found.extend(urls.into_iter().map(|url| Request {
                site: event.site,
                url,
                method,
                body,
            }));
        }
        found.extend(self.made_requests(&used));
        found
    }

    fn below(&self, base: ExprRef, urls: &[Bits]) -> Vec<Bits> {
        let mut found = Vec::new();
        for url in urls {
            let is_whole = matches!(url.first(), Some(Bit::Text(text)) if text.contains("://"));
            if is_whole {
                found.push(url.clone());
                continue;
            }
            for base in self.reader.read(base, 0) {
                let mut whole = base;
                whole.push(Bit::Text("/".to_owned()));
                whole.extend(url.iter().cloned());
                found.push(whole);
            }
        }
        found.truncate(4);
        found
    }

    /// Requests that are made and sent by something the models do not know: `doer.Do(NewUserRequest(…))`.
    fn made_requests(&self, used: &FxHashSet<ExprRef>) -> Vec<Request> {
        let resolver = self.context.resolver;
        let mut found = Vec::new();
        for (file, facts) in resolver.code.code_files() {
            if facts.language.name() != "go" || self.context.workspace.file(file).marks.test {
                continue;
            }
            let ir = &facts.ir;
            for call in 0..ir.calls.len() as u32 {
                let call = betwixt_facts::ir::CallId(call);
                let args = ir.expr_list(ir.call(call).args);
                let name = last_name(ir, ir.call(call).callee).map_or("", |name| name.as_str());
                let (method, url, body) = match (name, args) {
                    ("NewRequest", [method, url, body]) => (method, url, body),
                    ("NewRequestWithContext", [_, method, url, body]) => (method, url, body),
                    _ => continue,
                };
                let at = |expr| ExprRef { file, expr };
                if used.contains(&at(*url)) {
                    continue;
                }
                for bits in self.reader.read(at(*url), 0) {
                    found.push(Request {
                        site: CallSite { file, call },
                        url: bits,
                        method: Method::At(at(*method)),
                        body: Some(at(*body)),
                    });
                }
            }
        }
        found
    }

    /// `client.post(…)`, `fetch(url)`, `fetch(url, { … })` without a method.
    fn method_of_call(&self, site: CallSite) -> Method {
        let ir = self.ir(site);
        let call = ir.call(site.call);
        let last = last_name(ir, call.callee).map_or("", |name| name.as_str());
        if let Some(method) = crate::entries::verb(last) {
            return Method::Known(method);
        }
        let is_plain = match ir.expr_list(call.args) {
            [_] => true,
            [_, options] => match ir.kind(*options) {
                ExprKind::Struct(_, entries) => {
                    let names = ir.entry_list(entries);
                    !names
                        .iter()
                        .any(|entry| entry.name == "method" || entry.name == "...")
                }
                _ => false,
            },
            _ => false,
        };
        let is_fetch =
            last.to_ascii_lowercase().contains("fetch") || matches!(last, "ky" | "got" | "axios");
        if is_fetch && is_plain {
            Method::Known(Symbol::new("GET"))
        } else {
            Method::Any
        }
    }

    /// The same request at the callers, while its path is handed in.
    fn carried_out(&self, request: Request, depth: u32) -> Vec<Request> {
        let Some(function) = self.handed_in(&request) else {
            return vec![request];
        };
        if depth >= MAX_UP {
            return vec![request];
        }
        let callers = self.context.graph.callers(function);
        if callers.is_empty() {
            return vec![request];
        }
        let mut found = Vec::new();
        for &site in callers.iter().take(MAX_CALLERS) {
            for outer in self.at_caller(&request, function, site) {
                found.extend(self.carried_out(outer, depth + 1));
            }
        }
        found
    }

    /// The function whose parameter decides the path (not a part of it).
    fn handed_in(&self, request: &Request) -> Option<FunctionId> {
        let mut before = String::new();
        for bit in &request.url {
            match bit {
                Bit::Text(text) => before.push_str(text),
                Bit::Hole(hole) => {
                    let path = before
                        .split_once("://")
                        .map_or(before.as_str(), |(_, rest)| rest);
                    let is_segment = before.ends_with('/')
                        && path.trim_matches('/').contains(char::is_alphanumeric);
                    let param = self.reader.param(*hole, 0);
                    if !is_segment
                        && !before.contains('?')
                        && let Some((function, ..)) = param
                    {
                        return Some(function);
                    }
                    before.push_str("{}");
                }
            }
        }
        None
    }

    fn at_caller(&self, request: &Request, function: FunctionId, site: CallSite) -> Vec<Request> {
        let ir = self.ir(site);
        let args = ir.expr_list(ir.call(site.call).args);
        let arg = |at: ExprRef| -> Option<Option<ExprRef>> {
            let (of, n, path) = self.reader.param(at, 0)?;
            if of != function {
                return None;
            }
            let Some(&expr) = args.get(n as usize) else {
                return Some(None);
            };
            let arg = ExprRef {
                file: site.file,
                expr,
            };
            Some(self.reader.part(arg, &path))
        };
        let mut urls: Vec<Bits> = vec![Vec::new()];
        for bit in &request.url {
            let more = match bit {
                Bit::Hole(hole) => match arg(*hole) {
                    Some(Some(value)) => self.reader.read(value, 0),
                    Some(None) => vec![Vec::new()],
                    None => vec![vec![bit.clone()]],
                },
                Bit::Text(_) => vec![vec![bit.clone()]],
            };
            let mut joined = Vec::new();
            for url in &urls {
                for more in more.iter().take(4) {
                    joined.push(url.iter().chain(more).cloned().collect());
                }
            }
            joined.truncate(4);
            urls = joined;
        }
        let method = match request.method {
            Method::At(at) => match arg(at) {
                Some(Some(value)) => Method::At(value),
                Some(None) => self.method_text(at).map_or(Method::Any, Method::Known),
                None => request.method,
            },
            known => known,
        };
        // `request({ path, method, body })`: what stands beside the path.
        let beside = |names: &[&str]| -> Option<ExprRef> {
            let (_, n, path) = request.url.iter().find_map(|bit| match bit {
                Bit::Hole(hole) => self
                    .reader
                    .param(*hole, 0)
                    .filter(|(of, _, path)| *of == function && !path.is_empty()),
                Bit::Text(_) => None,
            })?;
            let options = ExprRef {
                file: site.file,
                expr: *args.get(n as usize)?,
            };
            let options = self.reader.part(options, &path[..path.len() - 1])?;
            let mut found = names
                .iter()
                .filter_map(|name| self.reader.part(options, &[Symbol::new(name)]));
            found.next()
        };
        let method = match method {
            Method::Any => beside(&["method"]).map_or(Method::Any, Method::At),
            known => known,
        };
        let body = request.body.or_else(|| beside(&["body", "data", "json"]));
        let body = body.and_then(|body| match arg(body) {
            Some(value) => value,
            None => Some(body),
        });
        urls.into_iter()
            .map(|url| Request {
                site,
                url,
                method,
                body,
            })
            .collect()
    }

    fn method_text(&self, at: ExprRef) -> Option<Symbol> {
        let found = texts(self.context.resolver, Some(self.context.graph), at);
        let mut known = found
            .iter()
            .filter_map(|text| crate::entries::verb(&text.constant()?));
        match (known.next(), known.next()) {
            (Some(method), None) if found.len() == 1 => Some(method),
            // `method = 'GET'` unless the caller says otherwise, or one of several: any.
            (Some(_), _) => None,
            (None, _) => {
                let ir = self.context.resolver.code.ir(at.file);
                crate::entries::named_method(ir, at.expr)
            }
        }
    }

    /// Links one call, whose URL may have several texts.
    fn link(&self, index: &RouteIndex<'_>, alternatives: &[Request], found: &mut Found) {
        let site = alternatives[0].site;
        let urls: Vec<(Url, &Request)> = alternatives
            .iter()
            .map(|request| (self.reader.url(&request.url), request))
            .collect();
        let hints: Vec<String> = urls.iter().flat_map(|(url, _)| hints_of(url)).collect();
        let mut reason = "url not readable";
        let mut name = Symbol::empty();
        let mut best: Vec<(u32, Sureness, &Route)> = Vec::new();
        let mut chosen = None;
        for (url, request) in &urls {
            let method = match request.method {
                Method::Known(method) => Some(method),
                Method::At(at) => self.method_text(at),
                Method::Any => None,
            };
            let title = match method {
                Some(method) => format!("{method} {}", url.path),
                None => url.path.to_string(),
            };
            if let Host::Known(host) = &url.host
                && self.is_outside(host)
            {
                (reason, name) = ("external host", Symbol::new(&format!("{title} ({host})")));
                continue;
            }
            if !url
                .path
                .segments
                .iter()
                .any(|segment| matches!(segment, Segment::Literal(_)))
            {
                continue;
            }
            (reason, name) = ("no route", Symbol::new(&title));
            let routes = index.matching(&url.path, method);
            let routes = self.chosen(routes, url, &hints, site);
            if !routes.is_empty() {
                best = routes;
                chosen = Some((url, *request));
                break;
            }
        }
        best.sort_by_key(|(_, _, route)| route.function);
        best.dedup_by_key(|(_, _, route)| route.function);
        match chosen {
            Some((url, request)) if best.len() <= MAX_TARGETS => {
                let is_only = best.len() == 1;
                for (_, sureness, route) in best {
                    let sureness = if is_only { sureness } else { Sureness::Guess };
                    found
                        .links
                        .push(self.made(site, url, request, route, sureness));
                }
            }
            Some(_) => found.unlinked.push(unlinked(site, name, "several routes")),
            None => found.unlinked.push(unlinked(site, name, reason)),
        }
    }

    /// Of the routes that match those of the service that is meant, and of these the most exact.
    fn chosen<'r>(
        &self,
        routes: Vec<(u32, Sureness, &'r Route)>,
        url: &Url,
        hints: &[String],
        site: CallSite,
    ) -> Vec<(u32, Sureness, &'r Route)> {
        let service = |file| self.context.workspace.file(file).service;
        let own = service(site.file);
        let of_route = |route: &Route| service(self.context.resolver.code.file_of(route.function));
        let meant: Vec<_> = routes
            .iter()
            .copied()
            .filter(|(_, _, route)| {
                of_route(route).is_some_and(|id| {
                    let found = &self.context.workspace.services[id.0 as usize];
                    is_named(&found.name, hints)
                })
            })
            .collect();
        let is_own = url.host == Host::Own && !url.path.is_open;
        let of_own: Vec<_> = routes
            .iter()
            .copied()
            .filter(|(_, _, route)| of_route(route) == own)
            .collect();
        let is_told = is_own || !meant.is_empty() || matches!(url.host, Host::Known(_));
        let mut kept = if is_own && !of_own.is_empty() {
            of_own
        } else if !meant.is_empty() {
            meant
        } else {
            routes
        };
        let most = kept.iter().map(|(score, ..)| *score).max().unwrap_or(0);
        kept.retain(|(score, ..)| *score == most);
        if !is_told {
            // `http://$addr/status`: nothing says that it is one of the platform's.
            for (score, sureness, _) in &mut kept {
                let most = if *score > ONE_LITERAL {
                    Sureness::Likely
                } else {
                    Sureness::Guess
                };
                *sureness = most.min(*sureness);
            }
        }
        kept
    }

    /// A host that is none of the platform's.
    fn is_outside(&self, host: &str) -> bool {
        let name = host.split(':').next().unwrap_or(host);
        let is_local = name == "localhost"
            || name.starts_with("127.")
            || name == "0.0.0.0"
            || name == "host.docker.internal"
            || [
                ".local",
                ".internal",
                ".svc",
                ".cluster.local",
                ".test",
                ".localhost",
            ]
            .iter()
            .any(|end| name.ends_with(end));
        name.contains('.') && !is_local
    }

    fn made(
        &self,
        site: CallSite,
        url: &Url,
        request: &Request,
        route: &Route,
        sureness: Sureness,
    ) -> Link {
        let context = self.context;
        let from = context.function_of(site);
        let mut link = Link::new(LinkKind::Http, site, from, route.function, &route.title());
        link.found_by = "route";
        link.sureness = sureness;
        let mut params = url.params.iter().copied();
        let mut given: Vec<(Symbol, ExprRef)> = Vec::new();
        let offset = route
            .path
            .segments
            .len()
            .saturating_sub(url.path.segments.len());
        for (index, segment) in url.path.segments.iter().enumerate() {
            if let Segment::Param(_) = segment
                && let Some(value) = params.next()
                && let Some(Segment::Param(name)) = route.path.segments.get(index + offset)
            {
                given.push((*name, value));
            }
        }
        answers::request_values(
            context,
            route.function,
            request.body,
            &given,
            &mut link.values,
        );
        answers::answer_values(context, site, route.function, &mut link.values);
        link
    }
}

fn unlinked(site: CallSite, name: Symbol, reason: &'static str) -> Unlinked {
    Unlinked {
        kind: LinkKind::Http,
        site,
        name,
        reason,
    }
}

/// Words that say which service is meant.
fn hints_of(url: &Url) -> Vec<String> {
    let mut hints: Vec<String> = url
        .hints
        .iter()
        .map(|hint| hint.to_ascii_lowercase())
        .collect();
    if let Host::Known(host) = &url.host {
        hints.push(host.split([':', '.']).next().unwrap_or(host).to_owned());
    }
    hints
}

/// Whether a service's own name is among the hints: `billing` in `BILLING_URL`.
fn is_named(service: &str, hints: &[String]) -> bool {
    const PLAIN: &[&str] = &[
        "api", "service", "server", "svc", "app", "web", "backend", "core", "apps", "packages",
        "client", "url", "http",
    ];
    let lower = service.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 2 && !PLAIN.contains(word))
        .collect();
    let has = |word: &str| {
        hints
            .iter()
            .any(|hint| hint.replace(['_', '-'], "").contains(word))
    };
    !words.is_empty() && words.iter().all(|word| has(word))
}

/// Routes by number of segments.
struct RouteIndex<'a> {
    by_len: FxHashMap<usize, Vec<&'a Route>>,
    /// Routes whose last literal is this, for base addresses with a path of their own.
    by_literal: FxHashMap<Symbol, Vec<&'a Route>>,
}

impl<'a> RouteIndex<'a> {
    fn new(context: &'a LinkContext<'a>) -> Self {
        let mut index = Self {
            by_len: FxHashMap::default(),
            by_literal: FxHashMap::default(),
        };
        for route in &context.entries.routes {
            if route.is_procedure || context.is_test_function(route.function) {
                continue;
            }
            let path = &route.path;
            index
                .by_len
                .entry(path.segments.len())
                .or_default()
                .push(route);
            if let Some(literal) = last_literal(path) {
                index.by_literal.entry(literal).or_default().push(route);
            }
        }
        index
    }

    /// Routes that a path may mean, with how many literals agree.
    fn matching(
        &self,
        path: &RoutePath,
        method: Option<Symbol>,
    ) -> Vec<(u32, Sureness, &'a Route)> {
        let fits =
            |route: &&&Route| route.method.is_none() || method.is_none() || route.method == method;
        let exact = self.by_len.get(&path.segments.len()).into_iter().flatten();
        let found: Vec<_> = exact
            .filter(fits)
            .filter_map(|route| {
                let score = agree(&path.segments, &route.path.segments)?;
                let sureness = if route.method.is_some() && method.is_some() && !path.is_open {
                    Sureness::Sure
                } else {
                    Sureness::Likely
                };
                Some((score, sureness, *route))
            })
            .collect();
        if !found.is_empty() {
            return found;
        }
        let literal = last_literal(path);
        let longer = literal.and_then(|literal| self.by_literal.get(&literal));
        longer
            .into_iter()
            .flatten()
            .filter(fits)
            .filter_map(|route| {
                let (short, long, is_allowed) = if route.path.segments.len() > path.segments.len() {
                    (
                        &path.segments,
                        &route.path.segments,
                        path.is_open || !route.path.is_open,
                    )
                } else {
                    (&route.path.segments, &path.segments, route.path.is_open)
                };
                let n_literal = short
                    .iter()
                    .filter(|segment| matches!(segment, Segment::Literal(_)))
                    .count();
                if !is_allowed || n_literal < 2 || (!path.is_open && !route.path.is_open) {
                    return None;
                }
                let score = agree(&long[long.len() - short.len()..], short)?;
                Some((score, Sureness::Likely, *route))
            })
            .collect()
    }
}

fn last_literal(path: &RoutePath) -> Option<Symbol> {
    path.segments
        .iter()
        .rev()
        .find_map(|segment| match segment {
            Segment::Literal(text) => Some(*text),
            _ => None,
        })
}

/// How many literals agree; `None` when one does not, or nothing does.
fn agree(asked: &[Segment], route: &[Segment]) -> Option<u32> {
    let mut n = 0;
    for (asked, route) in asked.iter().zip(route) {
        match (asked, route) {
            (Segment::Literal(a), Segment::Literal(b)) if a == b => n += 2,
            (Segment::Literal(_), Segment::Literal(_)) => return None,
            (Segment::Param(_), Segment::Literal(_)) => return None,
            (Segment::Param(_), _) => n += 1,
            _ => {}
        }
    }
    (n > 0 && asked.len() == route.len()).then_some(n)
}
