//! Metadata: what one side puts under a key beside the message, and the other side reads.
//!
//! Interceptors need no place of their own: what they write goes out with every call and what they read came in with one, so
//! a key written in one service meets the same key read in another.

use betwixt_base::Symbol;
use rustc_hash::FxHashMap;

use super::super::{Carrier, LinkContext, LinkKind, Target};
use crate::events::Event;
use crate::flow::text::text;
use crate::ids::ExprRef;

/// Most writers one reader is told of.
const MAX_WRITERS: usize = 24;

/// Values under keys, from writers to readers in other services (or anywhere, where there are none).
pub(super) fn carriers(context: &LinkContext<'_>) -> Vec<Carrier> {
    let mut written: FxHashMap<Symbol, Vec<(&Event, ExprRef)>> = FxHashMap::default();
    for event in of_kind(context, "context.set") {
        if let (Some(key), Some(&value)) = (key(context, event), event.slot("value").first()) {
            written.entry(key).or_default().push((event, value));
        }
    }
    let mut found = Vec::new();
    for event in of_kind(context, "tenant.source") {
        let Some(key) = key(context, event) else {
            continue;
        };
        let writers = written.get(&key).map_or(&[][..], Vec::as_slice);
        for (writer, value) in writers.iter().take(MAX_WRITERS) {
            if writer.site != event.site {
                found.push(Carrier {
                    kind: LinkKind::Rpc,
                    key,
                    written: context.value_of(writer.site),
                    read: Target::Result(event.site),
                    value: *value,
                });
            }
        }
    }
    found
}

fn of_kind<'a>(
    context: &'a LinkContext<'_>,
    kind: &'static str,
) -> impl Iterator<Item = &'a Event> {
    context.events.events.iter().filter(move |event| {
        event.kind == kind && event.via.is_empty() && !context.is_test(event.site)
    })
}

/// The constant key, in lower case as it travels.
fn key(context: &LinkContext<'_>, event: &Event) -> Option<Symbol> {
    let &name = event.slot("name").first()?;
    let key = text(context.resolver, Some(context.graph), name).constant()?;
    (!key.is_empty()).then(|| Symbol::new(&key.to_ascii_lowercase()))
}
