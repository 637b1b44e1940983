//! Cache entries that one service sets and another reads: from the call that sets to the functions that read.
//!
//! By the shape of the key: the same text with something inserted at the same places. Caches of one process or request
//! are nobody else's. Such a link is no call, like one of a table ([`super::stored`]). What is read is what was set, unless
//! more than [`MAX_SETTERS`] calls of other services set it.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::Symbol;
use betwixt_base::workspace::ServiceId;

use super::stored::link;
use super::{Found, LinkContext, LinkKind, MAX_TARGETS, Source, Target, Unlinked, ValueMap};
use crate::events::Event;
use crate::flow::ingredients::Path;
use crate::flow::text::{Piece, Text, texts};
use crate::ids::FunctionId;

/// Most calls of other services whose values an entry is taken to hold.
const MAX_SETTERS: usize = 6;

/// Fewer known letters and digits than this name no cache.
const MIN_KNOWN: usize = 3;
/// Most shapes of one key.
const MAX_SHAPES: usize = 4;

/// Who sets and who reads entries of one shape.
#[derive(Default)]
struct Users<'a> {
    setters: Vec<(ServiceId, &'a Event)>,
    readers: Vec<(ServiceId, &'a Event)>,
}

/// Finds the links of keys that several services use.
pub(super) fn find(context: &LinkContext<'_>) -> Found {
    let mut found = Found::default();
    for (shape, users) in users(context) {
        let name = Symbol::new(&shape);
        for (service, setter) in &users.setters {
            let others = users.readers.iter().filter(|(reader, _)| reader != service);
            let others: Vec<&Event> = others.map(|(_, reader)| *reader).collect();
            let functions: BTreeSet<FunctionId> =
                others.iter().map(|reader| reader.function).collect();
            if functions.len() > MAX_TARGETS {
                found.unlinked.push(Unlinked {
                    kind: LinkKind::Cache,
                    site: setter.site,
                    name,
                    reason: "more functions of other services read it than are followed",
                });
                continue;
            }
            for to in functions {
                let ends = (setter.site, setter.function, to);
                let mut link = link(LinkKind::Cache, ends, name, "shape of the key");
                if users.setters.len() <= MAX_SETTERS {
                    let readers = others.iter().filter(|reader| reader.function == to);
                    link.values = readers.flat_map(|reader| values(setter, reader)).collect();
                }
                found.links.push(link);
            }
        }
    }
    found
}

/// What one call sets is what another gets; nothing where fields of an entry are meant.
fn values(setter: &Event, reader: &Event) -> Vec<ValueMap> {
    let is_field = |event: &Event| !event.slot("field").is_empty();
    if is_field(setter) != is_field(reader) {
        return Vec::new();
    }
    let set = setter.slot("value").iter().take(MAX_SHAPES);
    set.map(|&value| ValueMap {
        from: Source::Value(value),
        to: Target::Result(reader.site),
        path: Path::new(),
    })
    .collect()
}

fn users<'a>(context: &LinkContext<'a>) -> BTreeMap<String, Users<'a>> {
    let mut found: BTreeMap<String, Users<'a>> = BTreeMap::new();
    for event in &context.events.events {
        let is_read = matches!(event.kind, "cache.get" | "cache.load");
        let is_set = event.kind == "cache.set";
        let is_shared = !event.has("per-process") && !event.has("per-request");
        if !(is_read || is_set) || !is_shared || context.is_test(event.site) {
            continue;
        }
        let Some(service) = context.workspace.file(event.site.file).service else {
            continue;
        };
        let mut shapes: BTreeSet<String> = BTreeSet::new();
        for &key in event.slot("key") {
            let texts = texts(context.resolver, Some(context.graph), key);
            shapes.extend(texts.iter().take(MAX_SHAPES).filter_map(shape));
        }
        for shape in shapes {
            let users = found.entry(shape).or_default();
            if is_set {
                users.setters.push((service, event));
            } else {
                users.readers.push((service, event));
            }
        }
    }
    found
}

/// `session:*` of a key; `None` where too little of it is known.
fn shape(text: &Text) -> Option<String> {
    let mut shape = String::new();
    for piece in &text.pieces {
        match piece {
            Piece::Literal(literal) => shape.push_str(literal.as_str()),
            Piece::Hole(_) if !shape.ends_with('*') => shape.push('*'),
            Piece::Hole(_) => {}
        }
    }
    let n_known = shape.chars().filter(|c| c.is_alphanumeric()).count();
    (n_known >= MIN_KNOWN).then_some(shape)
}
