//! Routes: method, full path, and what runs before the handler.
//!
//! A path is the same whatever the framework writes (`/users/:id`, `{id}`, `<id>`, `[id]`); [`RoutePath`] knows literals,
//! parameters and rests. It does not know regular expressions: a segment that is only partly a parameter matches any text.

use std::fmt;

use betwixt_base::{Place, Symbol};

use crate::flow::text::{Piece, Text};
use crate::ids::{CallSite, FunctionId};

/// One part of a path, between slashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Text.
    Literal(Symbol),
    /// One segment the caller chooses; its name, empty where none is known.
    Param(Symbol),
    /// All the rest, also nothing.
    Rest(Symbol),
}

/// The path of a route, parameters made equal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct RoutePath {
    /// Its parts in order.
    pub segments: Vec<Segment>,
    /// Something unknown stands before the first segment.
    pub is_open: bool,
}

impl RoutePath {
    /// Reads a pattern as any of the frameworks writes it.
    #[must_use]
    pub fn parse(pattern: &str) -> Self {
        let path = pattern.split(['#']).next().unwrap_or_default();
        let mut segments = Vec::new();
        for part in path.split('/') {
            let (part, has_query) = match part.split_once('?') {
                Some((before, rest)) if !(part.starts_with(':') && rest.is_empty()) => {
                    (before, true)
                }
                _ => (part, false),
            };
            if !part.is_empty() && part != "{$}" {
                segments.push(segment(part));
            }
            if has_query {
                break;
            }
        }
        Self {
            segments,
            is_open: false,
        }
    }

    /// Reads a text with holes; what is inserted is a parameter, and unknown where it comes first.
    #[must_use]
    pub fn of_text(text: &Text) -> Self {
        let mut pattern = String::new();
        let mut is_open = false;
        for (index, piece) in text.pieces.iter().enumerate() {
            match piece {
                Piece::Literal(literal) => pattern.push_str(literal.as_str()),
                Piece::Hole(_) if index == 0 => is_open = true,
                Piece::Hole(_) => pattern.push_str("{}"),
            }
        }
        Self {
            is_open,
            ..Self::parse(&pattern)
        }
    }

    /// This path with another one below it.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        // An unknown beginning of what hangs below something is most often empty.
        let mut segments = self.segments.clone();
        segments.extend(below.segments.iter().copied());
        Self {
            segments,
            is_open: self.is_open || below.is_open,
        }
    }

    /// Whether the beginning of `other` is this path.
    #[must_use]
    pub fn is_prefix_of(&self, other: &Self) -> bool {
        let own = match self.segments.last() {
            Some(Segment::Rest(_)) => &self.segments[..self.segments.len() - 1],
            _ => &self.segments[..],
        };
        own.len() <= other.segments.len()
            && own.iter().zip(&other.segments).all(|(a, b)| match (a, b) {
                (Segment::Literal(a), Segment::Literal(b)) => a == b,
                _ => true,
            })
    }

    /// Names of the parameters.
    pub fn params(&self) -> impl Iterator<Item = Symbol> + '_ {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Param(name) | Segment::Rest(name) if !name.is_empty() => Some(*name),
            _ => None,
        })
    }
}

impl fmt::Display for RoutePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_open {
            f.write_str("…")?;
        }
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => write!(f, "/{text}")?,
                Segment::Param(name) => write!(f, "/{{{name}}}")?,
                Segment::Rest(name) => write!(f, "/{{{name}...}}")?,
            }
        }
        if self.segments.is_empty() && !self.is_open {
            f.write_str("/")?;
        }
        Ok(())
    }
}

fn segment(part: &str) -> Segment {
    let plain = |name: &str| Symbol::new(name.split(':').next().unwrap_or(name));
    if let Some(name) = part.strip_prefix(':') {
        let name = name.split('(').next().unwrap_or(name);
        let is_rest = name.ends_with(['*', '+']);
        let name = name.trim_end_matches(['?', '*', '+']);
        if !name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        {
            return Segment::Param(Symbol::empty());
        }
        let name = Symbol::new(name);
        return if is_rest {
            Segment::Rest(name)
        } else {
            Segment::Param(name)
        };
    }
    if let Some(name) = part.strip_prefix('*') {
        return Segment::Rest(Symbol::new(name));
    }
    for (open, close) in [('{', '}'), ('[', ']'), ('<', '>')] {
        let Some(at) = part.find(open) else { continue };
        let Some(inner) = part
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
        else {
            // `v{version}`, `{name}.json`: any text. A Nuxt or Remix word in brackets is rare enough.
            return if at > 0 || part.contains(close) {
                Segment::Param(Symbol::empty())
            } else {
                Segment::Literal(Symbol::new(part))
            };
        };
        let inner = inner.trim_start_matches('[').trim_end_matches(']');
        let is_rest = inner.starts_with("...")
            || inner.starts_with('*')
            || inner.ends_with("...")
            || inner.ends_with("..")
            || inner.ends_with(":.*");
        let name = plain(inner.trim_matches(['.', '*']));
        return if is_rest {
            Segment::Rest(name)
        } else {
            Segment::Param(name)
        };
    }
    Segment::Literal(Symbol::new(part))
}

/// What a check or another function around handlers belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LayerScope {
    /// All of a server or service: gRPC interceptors, `middleware.ts`.
    Service,
    /// A router, from there on.
    Router,
    /// This route alone.
    Route,
}

/// A function that runs before (and around) a handler: middleware, guard, interceptor, extractor, wrapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What it is called, for people and for comparing siblings: `(*Auth).RequireUser`, `helmet`.
    pub name: Symbol,
    /// The function that runs, or the one that makes it (`RequireRole("admin")`); `None` for a library's.
    pub function: Option<FunctionId>,
    /// Where it is put on.
    pub at: Place,
    /// What it was put on.
    pub scope: LayerScope,
}

/// A way in: one method and path of a server, or one procedure of an RPC router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The function that answers.
    pub function: FunctionId,
    /// `GET`, `POST`, …; `None` when it answers any. Of tRPC: `QUERY`, `MUTATION`, `SUBSCRIPTION`.
    pub method: Option<Symbol>,
    /// The whole path: everything it is mounted below, then its own.
    pub path: RoutePath,
    /// What runs before the handler, in this order.
    pub layers: Vec<Layer>,
    /// The call that registers it; `None` for attributes and files.
    pub registered: Option<CallSite>,
    /// The library, for people.
    pub library: Symbol,
    /// Routes with the same number hang on the same router (or class, or folder).
    pub group: u32,
    /// A procedure of an RPC router; the path's segments are its names.
    pub is_procedure: bool,
}

impl Route {
    /// Whether a layer of that name runs before it.
    #[must_use]
    pub fn has(&self, layer: Symbol) -> bool {
        self.layers.iter().any(|own| own.name == layer)
    }

    /// `GET /users/{id}`; a procedure as `users.byId`.
    #[must_use]
    pub fn title(&self) -> String {
        if self.is_procedure {
            let names: Vec<&str> = self
                .path
                .segments
                .iter()
                .map(|segment| match segment {
                    Segment::Literal(name) => name.as_str(),
                    _ => "*",
                })
                .collect();
            return names.join(".");
        }
        match self.method {
            Some(method) => format!("{method} {}", self.path),
            None => self.path.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RoutePath;

    fn read(pattern: &str) -> String {
        RoutePath::parse(pattern).to_string()
    }

    #[test]
    fn parameters_are_the_same_in_every_framework() {
        for pattern in [
            "/users/:id/posts",
            "/users/{id}/posts",
            "/users/<id>/posts",
            "users/[id]/posts/",
            "/users/{id:[0-9]+}/posts",
            "/users/:id(\\d+)/posts",
            "/users/:id?/posts",
        ] {
            assert_eq!(read(pattern), "/users/{id}/posts", "{pattern}");
        }
    }

    #[test]
    fn rests_match_everything_below() {
        for pattern in [
            "/f/*path",
            "/f/{path...}",
            "/f/<path..>",
            "/f/[...path]",
            "/f/[[...path]]",
            "/f/{*path}",
        ] {
            assert_eq!(read(pattern), "/f/{path...}", "{pattern}");
        }
        assert_eq!(read("/f/*"), "/f/{...}");
    }

    #[test]
    fn queries_and_ends_are_no_segments() {
        assert_eq!(read("/items?<page>"), "/items");
        assert_eq!(read("/items/{$}"), "/items");
        assert_eq!(read(""), "/");
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        let api = RoutePath::parse("/api");
        assert!(api.is_prefix_of(&RoutePath::parse("/api/users")));
        assert!(!api.is_prefix_of(&RoutePath::parse("/apis")));
        assert!(RoutePath::parse("/api/*").is_prefix_of(&RoutePath::parse("/api")));
    }
}
