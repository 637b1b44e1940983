//! Who can call an entry: the public, other services, or nobody with a request.
//!
//! By the words people use for it: a route below `/internal`, a layer that asks for a service's token.
//! What it cannot know: a gateway or network policy in front of the service.

use super::route::{Layer, Route, Segment};
use super::{Entry, EntryKind, Exposure};

/// First parts of paths that no gateway passes on.
const INTERNAL_PATHS: &[&str] = &[
    "internal",
    "_internal",
    "__internal",
    "internal-api",
    "internal_api",
    "debug",
    "metrics",
];

/// Words of layers that let only other services through, besides one of [`CREDENTIALS`].
const SERVICES: &[&str] = &["internal", "service", "s2s", "m2m", "machine", "cluster"];
const CREDENTIALS: &[&str] = &[
    "auth", "token", "secret", "key", "only", "caller", "request",
];

/// Who can call an entry with these routes.
pub(super) fn of(entry: &Entry, routes: &[Route]) -> Exposure {
    match entry.kind {
        EntryKind::Http | EntryKind::GraphQl | EntryKind::Page | EntryKind::Webhook => {
            let is_internal = if routes.is_empty() {
                entry.layers.iter().any(asks_for_service)
            } else {
                routes.iter().all(is_internal)
            };
            if is_internal {
                Exposure::Internal
            } else {
                Exposure::Public
            }
        }
        EntryKind::Rpc if entry.traits.iter().any(|word| word == "internal") => Exposure::Internal,
        EntryKind::Rpc => Exposure::Public,
        _ => Exposure::Own,
    }
}

fn is_internal(route: &Route) -> bool {
    let is_word = |segment: &Segment| match segment {
        Segment::Literal(text) => INTERNAL_PATHS.contains(&text.as_str()),
        _ => false,
    };
    route.path.segments.iter().take(4).any(is_word) || route.layers.iter().any(asks_for_service)
}

fn asks_for_service(layer: &Layer) -> bool {
    let name = layer.name.as_str().to_ascii_lowercase();
    let name = name.rsplit(['.', ':']).next().unwrap_or(&name);
    SERVICES.iter().any(|word| name.contains(word))
        && CREDENTIALS.iter().any(|word| name.contains(word))
}
