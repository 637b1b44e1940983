//! Which topic a message is published to or taken from: constants, fields, parameters, environment, prefixes with holes.
//!
//! A field is what the program stores in it, a parameter what callers hand in; of several the ones from the service that
//! publishes or consumes count. Not known: topics that come from a table or a message.

use std::cell::RefCell;
use std::collections::BTreeSet;

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{
    CallId, ExprId, ExprKind, FunctionIdx, Ir, LocalKind, StmtKind, TypeRef, TypeRefId,
};
use rustc_hash::FxHashMap;

use super::super::LinkContext;
use super::tables::{self, Key};
use crate::calls::Callee;
use crate::events::chain::peel;
use crate::events::matching::last_name;
use crate::events::select::field;
use crate::flow::text::{Piece, elements, texts};
use crate::ids::{CallSite, ExprRef, FunctionId, TypeId};
use crate::types::Type;

/// Stands for something inserted.
pub(super) const HOLE: char = '\u{0}';
/// Begins the name of an environment variable: the same on both sides whatever it holds.
const ENVIRONMENT: char = '\u{1}';
/// Begins the number of a type: jobs that are told by what they carry.
const TYPE: char = '\u{2}';

const MAX_DEPTH: u32 = 12;
const MAX_CALLERS: usize = 24;
const MAX_TOPICS: usize = 16;
const MAX_STORED: usize = 32;

/// Fields that may hold a topic.
const FIELD_WORDS: &[&str] = &[
    "topic",
    "queue",
    "subject",
    "channel",
    "stream",
    "exchange",
    "routing",
    "subscription",
    "destination",
    "event",
    "name",
    "key",
    "url",
    "arn",
    "bus",
    "instance",
];

/// Parts of names of types whose fields are topics, whatever they are called: `Topics { paid, sent }`.
const HOLDERS: &[&str] = &["Topic", "Queue", "Subject", "Channels", "Streams"];

/// One topic a value may name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Topic {
    /// Its text, with [`HOLE`]s.
    pub(super) text: String,
    /// The file of the caller or the store it came by, where it came by one.
    from: Option<FileId>,
}

impl Topic {
    fn hole() -> Self {
        Self {
            text: HOLE.to_string(),
            from: None,
        }
    }

    /// For people: holes as `{}`.
    pub(super) fn shown(text: &str) -> String {
        let name = text.trim_start_matches(ENVIRONMENT);
        if text.starts_with(TYPE) {
            return "?".to_owned();
        }
        name.replace(HOLE, "{}")
    }

    /// Whether a text names a variable of the environment.
    pub(super) fn is_environment(text: &str) -> bool {
        text.starts_with(ENVIRONMENT)
    }

    /// The topic of a job that is told by its type.
    pub(super) fn of_type(id: TypeId) -> String {
        format!("{TYPE}{}", id.0)
    }
}

/// Whether a text says enough to be compared.
pub(super) fn is_readable(text: &str) -> bool {
    let known = text.chars().filter(|c| c.is_alphanumeric()).count();
    let n_least = if text.contains(HOLE) { 4 } else { 1 };
    known >= n_least || text.starts_with(TYPE)
}

/// Full names of clouds end in what programs call the topic.
fn plain(text: &str) -> String {
    let is_long = text.contains("://") || text.starts_with("projects/") || text.starts_with("arn:");
    if is_long {
        let last = text.rsplit(['/', ':']).next().unwrap_or(text);
        return last.to_owned();
    }
    text.to_owned()
}

/// A value stored in a field.
#[derive(Debug, Clone, Copy)]
struct Stored {
    owner: Owner,
    value: ExprRef,
}

#[derive(Debug, Clone, Copy)]
enum Owner {
    Written(TypeRefId),
    Base(ExprId),
}

/// Reads topics.
pub(super) struct Topics<'a> {
    context: &'a LinkContext<'a>,
    fields: FxHashMap<Symbol, Vec<Stored>>,
    /// Functions being looked into, with the calls that led there: their parameters are those calls' arguments.
    frames: RefCell<Vec<(FunctionId, CallSite)>>,
}

impl<'a> Topics<'a> {
    /// Indexes the stores to fields that may hold topics; linear.
    pub(super) fn new(context: &'a LinkContext<'a>) -> Self {
        let mut fields: FxHashMap<Symbol, Vec<Stored>> = FxHashMap::default();
        let mut wanted: FxHashMap<Symbol, bool> = FxHashMap::default();
        let mut is_wanted = |name: Symbol| {
            *wanted.entry(name).or_insert_with(|| {
                let lower = name.as_str().to_ascii_lowercase();
                FIELD_WORDS.iter().any(|word| lower.contains(word))
            })
        };
        let holds_topics = |ir: &Ir, written: TypeRefId| {
            matches!(ir.type_ref(written), TypeRef::Named { name, .. }
                if HOLDERS.iter().any(|word| name.as_str().contains(word)))
        };
        for (file, facts) in context.resolver.code.code_files() {
            if context.workspace.file(file).marks.test {
                continue;
            }
            let to = |expr| ExprRef { file, expr };
            for expr in &facts.ir.exprs {
                let ExprKind::Struct(written, entries) = expr.kind else {
                    continue;
                };
                let is_holder = holds_topics(&facts.ir, written);
                for entry in facts.ir.entry_list(entries) {
                    if is_holder || is_wanted(entry.name) {
                        let owner = Owner::Written(written);
                        let value = to(entry.value);
                        fields
                            .entry(entry.name)
                            .or_default()
                            .push(Stored { owner, value });
                    }
                }
            }
            for store in &context.resolver.flows[file.0 as usize].field_stores {
                if let (true, Some(base)) = (is_wanted(store.name), store.base) {
                    let owner = Owner::Base(base);
                    let value = to(store.value);
                    fields
                        .entry(store.name)
                        .or_default()
                        .push(Stored { owner, value });
                }
            }
        }
        Self {
            context,
            fields,
            frames: RefCell::default(),
        }
    }

    /// The topics of the values of a slot, as the service around `site` means them.
    pub(super) fn of(&self, values: &[ExprRef], site: CallSite) -> Vec<String> {
        let texts: BTreeSet<String> = (self.meant(values, site).iter())
            .map(|topic| plain(&topic.text))
            .collect();
        texts.into_iter().collect()
    }

    /// Whether the service around `site` has one topic for these values, whoever calls.
    pub(super) fn is_settled(&self, values: &[ExprRef], site: CallSite) -> bool {
        let found = self.meant(values, site);
        let is_own = |topic: &Topic| topic.from.is_none() || self.is_own(topic, site);
        let is_one = found.windows(2).all(|two| two[0].text == two[1].text);
        let is_known = |topic: &Topic| is_readable(&topic.text) && !topic.text.contains(HOLE);
        !found.is_empty() && is_one && found.iter().all(|topic| is_own(topic) && is_known(topic))
    }

    fn meant(&self, values: &[ExprRef], site: CallSite) -> Vec<Topic> {
        let mut found: Vec<Topic> = values
            .iter()
            .take(MAX_TOPICS)
            .flat_map(|&value| self.listed(value))
            .collect();
        if found.iter().any(|topic| self.is_own(topic, site)) {
            found.retain(|topic| topic.from.is_none() || self.is_own(topic, site));
        }
        found
    }

    fn is_own(&self, topic: &Topic, site: CallSite) -> bool {
        let service = |file: FileId| self.context.workspace.file(file).service;
        (topic.from).is_some_and(|file| service(file) == service(site.file))
    }

    /// The topics a key of a table means.
    pub(super) fn of_key(&self, key: Key, site: CallSite) -> Vec<String> {
        match key {
            Key::Text(text) => vec![plain(text.as_str())],
            Key::Value(at) => self.of(&[at], site),
        }
    }

    fn keyed(&self, key: Key, depth: u32) -> Vec<Topic> {
        match key {
            Key::Text(text) => vec![Topic {
                text: text.to_string(),
                from: None,
            }],
            Key::Value(at) => self.read(at, depth),
        }
    }

    /// A list of topics, or one.
    fn listed(&self, at: ExprRef) -> Vec<Topic> {
        let keys = tables::keys_of(self.context, at).into_iter();
        let keys: Vec<Topic> = keys.flat_map(|key| self.keyed(key, 0)).collect();
        if !keys.is_empty() {
            return keys;
        }
        let items = elements(self.context.resolver, at);
        if items.is_empty() {
            return self.read(at, 0);
        }
        let items = items.iter().take(MAX_TOPICS);
        items.flat_map(|&item| self.read(item, 0)).collect()
    }

    fn read(&self, at: ExprRef, depth: u32) -> Vec<Topic> {
        if depth > MAX_DEPTH {
            return vec![Topic::hole()];
        }
        let mut found = Vec::new();
        for text in texts(self.context.resolver, Some(self.context.graph), at) {
            let mut whole = vec![Topic {
                text: String::new(),
                from: None,
            }];
            for piece in text.pieces.into_iter().take(24) {
                let more = match piece {
                    Piece::Literal(literal) => vec![Topic {
                        text: literal.to_string(),
                        from: None,
                    }],
                    Piece::Hole(hole) => self.hole(hole, depth + 1),
                };
                whole = joined(&whole, &more);
            }
            found.extend(whole);
        }
        found.truncate(MAX_TOPICS);
        found
    }

    /// What is inserted, where it is handed in, stored or configured.
    fn hole(&self, at: ExprRef, depth: u32) -> Vec<Topic> {
        if depth > MAX_DEPTH {
            return vec![Topic::hole()];
        }
        let ir = self.context.resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        let mut found = match ir.kind(peel(ir, at.expr)) {
            ExprKind::Local(local) => match ir.local(local).kind {
                LocalKind::Param(n) => self.handed_in(at, ir.local(local).function, n, depth),
                _ => {
                    let pairs = tables::of_loop_key(self.context, at).into_iter();
                    pairs
                        .flat_map(|(key, _)| self.keyed(key, depth + 1))
                        .collect()
                }
            },
            // `unwrap_or_else(|_| default)`.
            ExprKind::Closure(idx) => self.returned(at.file, idx, depth),
            ExprKind::Field(base, name) => match ir.kind(base) {
                ExprKind::Field(_, env) if env == "env" => vec![environment(name.as_str())],
                _ => self.stored(at, base, name, depth),
            },
            ExprKind::Index(base, _) => elements(self.context.resolver, to(base))
                .into_iter()
                .take(MAX_TOPICS)
                .flat_map(|item| self.read(item, depth + 1))
                .collect(),
            ExprKind::Project(inner, 0) | ExprKind::Cast(_, inner) => {
                self.read(to(inner), depth + 1)
            }
            ExprKind::Call(call) => self.called(at.file, call, depth),
            _ => Vec::new(),
        };
        if found.is_empty() {
            found.push(Topic::hole());
        }
        found
    }

    fn handed_in(&self, at: ExprRef, function: FunctionIdx, n: u16, depth: u32) -> Vec<Topic> {
        let function = self.context.resolver.code.function_id(at.file, function);
        let mut found = Vec::new();
        // What a function is handed at the call that was followed into it; outside, whatever its callers hand in.
        let frames = self.frames.take();
        let entered = frames.iter().rposition(|(of, _)| *of == function);
        let (rest, only) = match entered {
            Some(at) => (frames[..at].to_vec(), Some([frames[at].1])),
            None => (Vec::new(), None),
        };
        self.frames.replace(rest);
        let callers = match &only {
            Some(only) => only.iter(),
            None => self.context.graph.callers(function).iter(),
        };
        for &site in callers
            .filter(|site| !self.context.is_test(**site))
            .take(MAX_CALLERS)
        {
            let ir = self.context.resolver.code.ir(site.file);
            if let Some(&expr) = ir.expr_list(ir.call(site.call).args).get(n as usize) {
                let file = site.file;
                found.extend(came_by(self.read(ExprRef { file, expr }, depth + 1), file));
            }
        }
        self.frames.replace(frames);
        found
    }

    /// What is in a field: of a literal nearby, or of all values of its type.
    fn stored(&self, at: ExprRef, base: ExprId, name: Symbol, depth: u32) -> Vec<Topic> {
        let near = self.members(
            ExprRef {
                file: at.file,
                expr: base,
            },
            name,
            0,
        );
        if !near.is_empty() {
            let near = near
                .into_iter()
                .take(MAX_TOPICS)
                .filter(|&value| value != at);
            return near.flat_map(|value| self.read(value, depth + 1)).collect();
        }
        let stores = self.stores(at, base, name).into_iter();
        stores
            .flat_map(|value| came_by(self.read(value, depth + 1), value.file))
            .collect()
    }

    /// The values stored in a field, by the type it belongs to.
    pub(super) fn stores(&self, at: ExprRef, base: ExprId, name: Symbol) -> Vec<ExprRef> {
        let resolver = self.context.resolver;
        let owner = self.owner(at.file, base);
        let language = resolver.code.facts(at.file).language;
        let stored = self.fields.get(&name).map_or(&[][..], Vec::as_slice);
        let service = |file: FileId| self.context.workspace.file(file).service;
        let called = match resolver.code.ir(at.file).kind(base) {
            ExprKind::Field(_, name) => Some(name.as_str()),
            ExprKind::Local(local) => Some(resolver.code.ir(at.file).local(local).name.as_str()),
            _ => None,
        };
        let fits = |stored: &&Stored| {
            let file = stored.value.file;
            if resolver.code.facts(file).language != language {
                return false;
            }
            let of = match stored.owner {
                Owner::Written(written) => match resolver.written(file, written) {
                    Type::Def(id) => Some(id),
                    _ => None,
                },
                Owner::Base(base) => self.owner(file, base),
            };
            match (owner, of) {
                (Some(wanted), Some(of)) => wanted == of,
                // `app.topics.paid` of a type that is not known: the `Topics` of the same service.
                (None, Some(of)) => {
                    let name = resolver.code.type_def(of).name;
                    service(file) == service(at.file)
                        && called.is_some_and(|own| own.eq_ignore_ascii_case(name.as_str()))
                }
                _ => file == at.file && owner == of,
            }
        };
        let fitting = stored.iter().filter(fits).take(MAX_STORED);
        fitting.map(|stored| stored.value).collect()
    }

    /// `config.queues.orders`: through literals only.
    fn members(&self, base: ExprRef, name: Symbol, depth: u32) -> Vec<ExprRef> {
        let ir = self.context.resolver.code.ir(base.file);
        match ir.kind(base.expr) {
            ExprKind::Field(inner, part) if depth < 4 => {
                let inner = ExprRef {
                    file: base.file,
                    expr: inner,
                };
                let holders = self.members(inner, part, depth + 1);
                let holders = holders.into_iter().take(MAX_TOPICS);
                holders
                    .flat_map(|holder| field(self.context.resolver, holder, name, 0))
                    .collect()
            }
            _ => field(self.context.resolver, base, name, 0),
        }
    }

    fn owner(&self, file: FileId, base: ExprId) -> Option<TypeId> {
        match self.context.resolver.type_of(ExprRef { file, expr: base }) {
            Type::Def(id) => Some(id),
            _ => None,
        }
    }

    /// `getenv("TOPIC", "orders")`, `x.unwrap_or("orders")`, `s.topic()`.
    fn called(&self, file: FileId, call: CallId, depth: u32) -> Vec<Topic> {
        let resolver = self.context.resolver;
        let ir = resolver.code.ir(file);
        let facts = ir.call(call);
        let args = ir.expr_list(facts.args);
        let to = |expr: ExprId| ExprRef { file, expr };
        let last = last_name(ir, facts.callee).map_or("", |name| name.as_str());
        let lower = last.to_ascii_lowercase();
        let whole = match ir.kind(facts.callee) {
            ExprKind::Name(name) => name.as_str(),
            _ => "",
        };
        let reads_environment =
            lower.contains("env") || whole.starts_with("env::") || whole.contains("::env::");
        if let (true, Some(&name)) = (reads_environment, args.first()) {
            let mut found: Vec<Topic> = (self.read(to(name), depth + 1).iter())
                .filter(|name| is_readable(&name.text) && !name.text.contains(HOLE))
                .map(|name| environment(&name.text))
                .collect();
            if let Some(&default) = args.get(1) {
                found.extend(self.read(to(default), depth + 1));
            }
            return found;
        }
        if let ExprKind::Field(receiver, _) = ir.kind(facts.callee)
            && (lower.starts_with("unwrap_or")
                || matches!(last, "expect" | "unwrap" | "ok" | "get" | "toLowerCase"))
            && !matches!(ir.kind(receiver), ExprKind::Name(_))
        {
            let mut found = self.read(to(receiver), depth);
            if let (true, Some(&default)) = (lower.starts_with("unwrap_or"), args.first()) {
                found.extend(self.read(to(default), depth));
            }
            found.retain(|topic| topic.text != HOLE.to_string());
            return found;
        }
        let site = CallSite { file, call };
        let Callee::One(function) = self.context.graph.callee(site) else {
            return Vec::new();
        };
        let (file, idx) = resolver.code.function_place(*function);
        self.frames.borrow_mut().push((*function, site));
        let found = self.returned(file, idx, depth + 1);
        self.frames.borrow_mut().pop();
        found
    }

    fn returned(&self, file: FileId, idx: FunctionIdx, depth: u32) -> Vec<Topic> {
        let ir = self.context.resolver.code.ir(file);
        let returns = &self.context.resolver.flows[file.0 as usize].returns[idx.index()];
        let mut found = Vec::new();
        for &stmt in returns.iter().take(3) {
            if let StmtKind::Return(values) = ir.stmt(stmt).kind
                && let Some(&expr) = ir.expr_list(values).first()
            {
                found.extend(self.read(ExprRef { file, expr }, depth + 1));
            }
        }
        found
    }
}

fn environment(name: &str) -> Topic {
    Topic {
        text: format!("{ENVIRONMENT}{name}"),
        from: None,
    }
}

/// The deepest hop says which service configures it.
fn came_by(topics: Vec<Topic>, file: FileId) -> impl Iterator<Item = Topic> {
    topics.into_iter().map(move |mut topic| {
        topic.from.get_or_insert(file);
        topic
    })
}

fn joined(left: &[Topic], right: &[Topic]) -> Vec<Topic> {
    let mut found = Vec::new();
    for a in left {
        for b in right {
            if found.len() >= MAX_TOPICS {
                return found;
            }
            found.push(Topic {
                text: concat(&a.text, &b.text),
                from: a.from.or(b.from),
            });
        }
    }
    found
}

/// Two texts in a row; inside other text a variable is a hole like any other.
fn concat(a: &str, b: &str) -> String {
    if a.is_empty() || b.is_empty() {
        return format!("{a}{b}");
    }
    let hole = HOLE.to_string();
    let plain = |text: &str| {
        if text.starts_with(ENVIRONMENT) {
            hole.clone()
        } else {
            text.to_owned()
        }
    };
    let (a, b) = (plain(a), plain(b));
    if a.ends_with(HOLE) {
        format!("{a}{}", b.trim_start_matches(HOLE))
    } else {
        a + &b
    }
}

/// A consumer's pattern: holes, and the wildcards of brokers. `None` for plain names.
pub(super) fn pattern(text: &str) -> Option<String> {
    let has_wildcard = text.contains('*') || text.ends_with(['>', '#']);
    if !has_wildcard {
        return text.contains(HOLE).then(|| text.to_owned());
    }
    let mut made: String = text
        .chars()
        .map(|c| {
            if matches!(c, '*' | '>' | '#') {
                HOLE
            } else {
                c
            }
        })
        .collect();
    while made.contains("\u{0}\u{0}") {
        made = made.replace("\u{0}\u{0}", "\u{0}");
    }
    is_readable(&made).then_some(made)
}

/// Whether a name without holes is one that the pattern means.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split(HOLE);
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.len() > last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{fits, pattern, plain};

    #[test]
    fn a_name_fits_a_pattern_whose_literals_it_has_in_order() {
        assert!(fits("orders.\u{0}.paid", "orders.eu.paid"));
        assert!(!fits("orders.\u{0}.paid", "orders.eu.sent"));
        assert!(!fits("orders.\u{0}", "orders."));
        assert!(!fits("\u{0}.orders", "orders"));
    }

    #[test]
    fn wildcards_are_holes_and_plain_names_are_no_patterns() {
        assert_eq!(
            pattern("orders.*.paid").as_deref(),
            Some("orders.\u{0}.paid")
        );
        assert_eq!(pattern("orders.>").as_deref(), Some("orders.\u{0}"));
        assert_eq!(pattern("orders"), None);
        assert_eq!(pattern("*"), None);
    }

    #[test]
    fn a_full_name_of_a_cloud_ends_in_the_topic() {
        assert_eq!(plain("projects/p/topics/orders"), "orders");
        assert_eq!(plain("arn:aws:sns:eu-west-1:1:orders"), "orders");
        assert_eq!(plain("orders:paid"), "orders:paid");
    }
}
