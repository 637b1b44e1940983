//! Links: from a call in one part of the program to the function that answers it in another.
//!
//! A link says that a call arrives at a function, by which protocol, under which name (method, route, topic), how it
//! was found and how sure that is. It carries values: [`ValueMap`]s say which part of a parameter of the called
//! function is which value of the caller, and which part of the call's result is what the function answers.
//! What travels beside the message (metadata, headers) is a [`Carrier`]: a key written here and read there.
//! A call that surely leaves by a protocol and whose other end is not known is [`Unlinked`], with the reason.
//!
//! Links count wherever calls count: each is an [`crate::calls::EdgeKind::Link`] edge of the call graph, so reach and
//! traces cross it, and `flow::ingredients` walks from a parameter to the callers' values and from a result to what
//! is answered. They are kept apart from plain callers ([`crate::calls::CallGraph::callers`]): a linked call is made
//! by somebody else's process and shares no lock, transaction or context with the callee.
//!
//! # Adding a kind
//!
//! One file here with one function, and one line in [`FINDERS`]:
//!
//! ```ignore
//! /// Calls of HTTP clients to the routes they ask for.
//! pub(super) fn find(context: &LinkContext<'_>) -> Found {
//!     let mut found = Found::default();
//!     // context.events: `http.request` events; context.entries: routes with their names.
//!     let mut link = Link::new(LinkKind::Http, site, from, to, "POST /users/:id");
//!     link.found_by = "route";
//!     link.values.push(ValueMap::request(body, to, 0, &["body"]));          // handler's `req.body` is `body`
//!     link.values.push(ValueMap::answer(site, &["data"], Source::Value(sent))); // `resp.data` is what `res.json` got
//!     found.links.push(link);
//!     found
//! }
//! ```
//!
//! Field names may be spelled as each side spells them: `user_id`, `userId` and `UserID` meet ([`same_field`]).
//! A finder is pure and bounded, looks things up by name rather than comparing all with all, and gives up on a call
//! with more than [`MAX_TARGETS`] possible ends (an [`Unlinked`] with the reason).
//! Order does not matter: links are sorted, and equal ones are merged.

mod answers;
mod cached;
mod graphql;
mod headers;
mod http;
mod queue;
mod rpc;
mod stored;
mod table;
mod trpc;
mod url;

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::LocalId;
use rayon::prelude::*;

use crate::calls::CallGraph;
use crate::entries::Entries;
use crate::events::Events;
use crate::flow::ingredients::Path;
use crate::graphql::Graphql;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::proto::Proto;
use crate::resolve::Resolver;
use crate::schema::Schema;

pub use table::{LinkId, Links};

/// By what a link travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// gRPC, Connect, Twirp.
    Rpc,
    /// A request to a route.
    Http,
    /// A GraphQL operation's field to its resolver.
    Graphql,
    /// A typed procedure call (tRPC).
    Trpc,
    /// A published message to its consumer.
    Queue,
    /// A row written here and read there.
    Table,
    /// A cache entry set here and read there.
    Cache,
}

impl LinkKind {
    /// All kinds, in order.
    pub const ALL: [Self; 7] = [
        Self::Rpc,
        Self::Http,
        Self::Graphql,
        Self::Trpc,
        Self::Queue,
        Self::Table,
        Self::Cache,
    ];

    /// Its word in statistics and marks.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rpc => "rpc",
            Self::Http => "http",
            Self::Graphql => "graphql",
            Self::Trpc => "trpc",
            Self::Queue => "queue",
            Self::Table => "table",
            Self::Cache => "cache",
        }
    }

    /// How a sentence says it: `calls X over gRPC`.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Rpc => "over RPC",
            Self::Http => "over HTTP",
            Self::Graphql => "over GraphQL",
            Self::Trpc => "over tRPC",
            Self::Queue => "through a queue",
            Self::Table => "through a table",
            Self::Cache => "through a cache",
        }
    }

    /// Whether the callee runs because the call was made, and answers it.
    #[must_use]
    pub fn is_call(self) -> bool {
        matches!(self, Self::Rpc | Self::Http | Self::Graphql | Self::Trpc)
    }

    /// Whether the callee runs because of this (calls and messages; not tables and caches).
    #[must_use]
    pub fn is_control(self) -> bool {
        self.is_call() || self == Self::Queue
    }
}

/// How sure a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sureness {
    /// A name that only one thing has, and nothing else says so.
    Guess,
    /// The name and the shape agree.
    Likely,
    /// Service and method, method and route, or topic are known on both sides.
    Sure,
}

impl Sureness {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Guess => "a guess",
            Self::Likely => "likely",
            Self::Sure => "sure",
        }
    }
}

/// A call and the function that answers it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// By what.
    pub kind: LinkKind,
    /// The call.
    pub site: CallSite,
    /// The function whose body holds the call.
    pub from: FunctionId,
    /// The function that answers.
    pub to: FunctionId,
    /// Method (`billing.v1.Invoices/Get`), route (`POST /users/:id`), topic.
    pub name: Symbol,
    /// Which values cross.
    pub values: Vec<ValueMap>,
    /// How it was found, for people: `registered service`, `unique method name`, `route`.
    pub found_by: &'static str,
    /// How sure it is.
    pub sureness: Sureness,
}

impl Link {
    /// A sure link that carries nothing yet.
    #[must_use]
    pub fn new(
        kind: LinkKind,
        site: CallSite,
        from: FunctionId,
        to: FunctionId,
        name: &str,
    ) -> Self {
        Self {
            kind,
            site,
            from,
            to,
            name: Symbol::new(name),
            values: Vec::new(),
            found_by: "name",
            sureness: Sureness::Sure,
        }
    }
}

/// Where a value leaves its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// This expression.
    Value(ExprRef),
    /// What the function returns.
    Returned(FunctionId),
}

/// Where a value arrives on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The n-th parameter of a function: a handler's request, a callback's answer.
    Param(FunctionId, u16),
    /// What a call gives back (its first result).
    Result(CallSite),
    /// A part of something that is read as a property: `req.headers['x-tenant-id']`.
    Value(ExprRef),
    /// A variable whose address a call is given to fill it: `Scan(&name)`.
    Local(FileId, LocalId),
}

/// One value that crosses a link: the part `path` of `to` is `from`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueMap {
    /// Where it leaves.
    pub from: Source,
    /// Where it arrives.
    pub to: Target,
    /// Which part of the target; empty for all of it.
    pub path: Path,
}

impl ValueMap {
    /// The part `path` of the handler's `param` is what the caller gives as `value`.
    #[must_use]
    pub fn request(value: ExprRef, handler: FunctionId, param: u16, path: &[&str]) -> Self {
        Self {
            from: Source::Value(value),
            to: Target::Param(handler, param),
            path: path.iter().map(|part| Symbol::new(part)).collect(),
        }
    }

    /// The part `path` of what the call gives back is `answer`.
    #[must_use]
    pub fn answer(site: CallSite, path: &[&str], answer: Source) -> Self {
        Self {
            from: answer,
            to: Target::Result(site),
            path: path.iter().map(|part| Symbol::new(part)).collect(),
        }
    }

    /// The rest of a path into the target below this part: `["body", "id"]` below `["body"]` is `["id"]`, and all of
    /// the source when the whole target is asked for. `None` when another part is meant.
    #[must_use]
    pub fn rest(&self, wanted: &[Symbol]) -> Option<Path> {
        let is_same = wanted
            .iter()
            .zip(&self.path)
            .all(|(&a, &b)| same_field(a, b));
        is_same.then(|| wanted.iter().skip(self.path.len()).copied().collect())
    }
}

/// A value that travels beside the message under a key: gRPC metadata, an HTTP header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Carrier {
    /// By what.
    pub kind: LinkKind,
    /// The key, in lower case.
    pub key: Symbol,
    /// The call or assignment that writes it.
    pub written: ExprRef,
    /// Where it is read.
    pub read: Target,
    /// What is written.
    pub value: ExprRef,
}

/// A call that leaves by a protocol and whose other end is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlinked {
    /// By what.
    pub kind: LinkKind,
    /// The call.
    pub site: CallSite,
    /// Method, route, topic.
    pub name: Symbol,
    /// Why, for people.
    pub reason: &'static str,
}

/// A function that publishes to or takes from a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicUse {
    /// The topic; holes as `{}`.
    pub topic: Symbol,
    /// Whether it publishes.
    pub is_published: bool,
    /// The function.
    pub function: FunctionId,
    /// The call that publishes, registers or fetches.
    pub site: Option<CallSite>,
}

/// What one finder found.
#[derive(Debug, Default)]
pub struct Found {
    /// Calls with their other ends.
    pub links: Vec<Link>,
    /// Values under keys beside the message.
    pub carriers: Vec<Carrier>,
    /// Calls without.
    pub unlinked: Vec<Unlinked>,
    /// Who publishes and takes what, linked or not.
    pub topics: Vec<TopicUse>,
}

/// What finding links needs.
#[derive(Clone, Copy)]
pub struct LinkContext<'a> {
    /// Names, types, callees.
    pub resolver: &'a Resolver<'a>,
    /// Calls and their callees.
    pub graph: &'a CallGraph,
    /// The tree.
    pub workspace: &'a Workspace,
    /// What the program does.
    pub events: &'a Events,
    /// What is called from outside.
    pub entries: &'a Entries,
    /// What services promise each other.
    pub proto: &'a Proto,
    /// Tables.
    pub schema: &'a Schema,
    /// What clients ask for over GraphQL.
    pub graphql: &'a Graphql,
}

impl LinkContext<'_> {
    /// The function whose body holds a call.
    #[must_use]
    pub fn function_of(&self, site: CallSite) -> FunctionId {
        let code = self.resolver.code;
        code.function_id(site.file, code.ir(site.file).call(site.call).function)
    }

    /// The expression that a call is.
    #[must_use]
    pub fn value_of(&self, site: CallSite) -> ExprRef {
        ExprRef {
            file: site.file,
            expr: self.resolver.code.ir(site.file).call(site.call).expr,
        }
    }

    /// Whether a call stands in test code.
    #[must_use]
    pub fn is_test(&self, site: CallSite) -> bool {
        self.workspace.file(site.file).marks.test
            || self
                .resolver
                .code
                .function(self.function_of(site))
                .flags
                .is_test
    }

    /// Whether a function is test code.
    #[must_use]
    pub fn is_test_function(&self, function: FunctionId) -> bool {
        let code = self.resolver.code;
        self.workspace.file(code.file_of(function)).marks.test
            || code.function(function).flags.is_test
    }
}

/// Most functions one call is linked to.
pub const MAX_TARGETS: usize = 4;

/// One function per kind.
const FINDERS: [fn(&LinkContext<'_>) -> Found; 8] = [
    rpc::find,
    http::find,
    headers::find,
    graphql::find,
    trpc::find,
    queue::find,
    stored::find,
    cached::find,
];

/// Finds the links of every kind; each finder is linear in the calls it looks at.
#[must_use]
pub fn find(context: &LinkContext<'_>) -> Links {
    let mut all = Found::default();
    let found: Vec<Found> = FINDERS
        .par_iter()
        .with_max_len(1)
        .map(|finder| finder(context))
        .collect();
    for found in found {
        all.links.extend(found.links);
        all.carriers.extend(found.carriers);
        all.unlinked.extend(found.unlinked);
        all.topics.extend(found.topics);
    }
    Links::new(all)
}

/// Whether two sides mean the same field: `user_id`, `userId`, `UserID`, `user-id`.
#[must_use]
pub fn same_field(a: Symbol, b: Symbol) -> bool {
    if a == b {
        return true;
    }
    let plain = |text: &'static str| {
        text.bytes()
            .filter(|byte| !matches!(byte, b'_' | b'-'))
            .map(|byte| byte.to_ascii_lowercase())
    };
    plain(a.as_str()).eq(plain(b.as_str()))
}

/// The last name of a callee; empty when it has none.
fn last_of(ir: &betwixt_facts::ir::Ir, callee: betwixt_facts::ir::ExprId) -> &'static str {
    crate::events::matching::last_name(ir, callee).map_or("", |name| name.as_str())
}

#[cfg(test)]
mod tests {
    use betwixt_facts::ir::{CallId, ExprId};

    use super::*;

    fn map(path: &[&str]) -> ValueMap {
        let value = ExprRef {
            file: betwixt_base::FileId(0),
            expr: ExprId(0),
        };
        ValueMap::request(value, FunctionId(1), 0, path)
    }

    fn rest(map: &ValueMap, wanted: &[&str]) -> Option<Vec<&'static str>> {
        let wanted: Vec<Symbol> = wanted.iter().map(|part| Symbol::new(part)).collect();
        let rest = map.rest(&wanted)?;
        Some(rest.iter().map(|part| part.as_str()).collect())
    }

    #[test]
    fn fields_meet_in_every_spelling() {
        let same = |a, b| same_field(Symbol::new(a), Symbol::new(b));
        assert!(same("tenant_id", "TenantId"));
        assert!(same("tenant_id", "tenantId"));
        assert!(same("x-tenant-id", "XTenantID"));
        assert!(!same("tenant_id", "tenant_ids"));
    }

    #[test]
    fn a_part_maps_what_is_below_it() {
        assert_eq!(rest(&map(&["body"]), &["body", "id"]), Some(vec!["id"]));
        assert_eq!(rest(&map(&["body"]), &["params", "id"]), None);
        assert_eq!(rest(&map(&["body"]), &[]), Some(vec![]));
        assert_eq!(rest(&map(&[]), &["id"]), Some(vec!["id"]));
    }

    #[test]
    fn equal_links_are_one_and_the_surer_stays() {
        let site = CallSite {
            file: betwixt_base::FileId(0),
            call: CallId(3),
        };
        let sure = Link::new(LinkKind::Rpc, site, FunctionId(1), FunctionId(2), "S/M");
        let guess = Link {
            sureness: Sureness::Guess,
            ..sure.clone()
        };
        let links = Links::new(Found {
            links: vec![guess, sure.clone()],
            ..Found::default()
        });
        assert_eq!(links.links(), [sure]);
        assert_eq!(links.from_site(site).count(), 1);
        assert_eq!(links.to_function(FunctionId(2)).count(), 1);
        assert_eq!(links.to_function(FunctionId(1)).count(), 0);
    }
}
