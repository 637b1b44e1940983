//! How names in models are compared with names in code.

/// Whether an imported path belongs to a package of a model: equal, or continued at a `/` or `::`.
/// Major versions of Go modules are ignored (`github.com/x/y` is `github.com/x/y/v5` and `gopkg.in/y.v2` is `gopkg.in/y.v3`),
/// and so is the `node:` of node's own modules. A package that ends with `*` matches any continuation, and one whose scope is
/// `@*` (`@*/slonik`) is published under any: forks keep the name.
#[must_use]
pub fn package_matches(package: &str, path: &str) -> bool {
    match_length(package, path).is_some()
}

/// How many segments of an imported path a package of a model covers; `None` when it is another one.
pub(super) fn match_length(package: &str, path: &str) -> Option<usize> {
    let path = path.strip_prefix("node:").unwrap_or(path);
    if let Some(prefix) = package.strip_suffix('*') {
        return path.starts_with(prefix).then_some(1);
    }
    // Most packages are told apart by how they begin.
    if !package.is_empty() && package.as_bytes().first() != path.as_bytes().first() {
        return None;
    }
    let mut wanted = segments(package);
    let mut given = segments(path);
    let mut length = 0;
    loop {
        match (wanted.next(), given.next()) {
            (None, _) => return Some(length),
            (Some(a), Some(b)) if a == b || a == "@*" && b.starts_with('@') => length += 1,
            _ => return None,
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    // Looking for one byte is much quicker than for two, and most paths have no colon.
    let separator = match path.as_bytes().contains(&b':') && path.contains("::") {
        true => "::",
        false => "/",
    };
    let is_versioned = path.starts_with("gopkg.in/");
    let mut rest = Some(path);
    let parts = std::iter::from_fn(move || {
        let text = rest?;
        let end = match separator {
            "/" => text.bytes().position(|byte| byte == b'/'),
            _ => text.find(separator),
        };
        rest = end.map(|end| &text[end + separator.len()..]);
        Some(end.map_or(text, |end| &text[..end]))
    });
    parts
        .enumerate()
        .filter(|(index, segment)| *index == 0 || !is_version(segment))
        .map(move |(_, segment)| {
            let parts = is_versioned.then(|| segment.rsplit_once('.')).flatten();
            parts
                .filter(|(_, version)| is_version(version))
                .map_or(segment, |(name, _)| name)
        })
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a type as written (`*pb.CreateRequest`, `Request<T>`) is what a pattern asks for.
///
/// Pointers, references, lifetimes and type arguments of the written type are ignored, and so are those of the pattern, except
/// that `*` at either end of the pattern's name stands for any text: `_` is any type, `kgo.Record`, `*Request`, `Job*`.
/// A pattern without qualifier matches with any.
#[must_use]
pub fn type_matches(pattern: &str, written: &str) -> bool {
    let written = bare(written);
    let pattern = pattern.strip_prefix('&').unwrap_or(pattern);
    let pattern = pattern.split('<').next().unwrap_or(pattern);
    if pattern == "_" {
        return true;
    }
    let name = if pattern.contains(['.', ':']) {
        written
    } else {
        last_name(written)
    };
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(rest), Some(_)) if rest.len() > 1 => name.contains(&rest[..rest.len() - 1]),
        (Some(rest), _) => name.ends_with(rest),
        (None, Some(rest)) => name.starts_with(rest),
        (None, None) => name == pattern,
    }
}

fn bare(written: &str) -> &str {
    let mut text = written.trim();
    loop {
        let next = text.trim_start_matches(['*', '&', ' ']);
        let next = next
            .strip_prefix("mut ")
            .or_else(|| next.strip_prefix("dyn "))
            .unwrap_or(next);
        let next = match next.strip_prefix('\'') {
            Some(lifetime) => lifetime.split_once(' ').map_or(next, |(_, rest)| rest),
            None => next,
        };
        if next.len() == text.len() {
            break;
        }
        text = next;
    }
    text.split(['<', '[']).next().unwrap_or(text).trim()
}

fn last_name(written: &str) -> &str {
    written.rsplit(['.', ':']).next().unwrap_or(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_match_at_boundaries() {
        assert!(package_matches(
            "github.com/jackc/pgx",
            "github.com/jackc/pgx/v5"
        ));
        assert!(package_matches(
            "github.com/jackc/pgx/v4",
            "github.com/jackc/pgx/v5/pgxpool"
        ));
        assert!(package_matches("gopkg.in/yaml.v2", "gopkg.in/yaml.v3"));
        assert!(package_matches("sqlx", "sqlx::postgres"));
        assert!(package_matches("crypto", "node:crypto"));
        assert!(package_matches(
            "@trpc/server",
            "@trpc/server/adapters/next"
        ));
        assert!(package_matches("dns-*", "dns-packet"));
        assert!(!package_matches("redis", "redis-mock"));
        assert!(package_matches("@*/slonik", "@acme/slonik"));
        assert!(!package_matches("@*/slonik", "acme/slonik"));
        assert!(!package_matches("sync", "syncx/sync"));
        assert!(!package_matches(
            "github.com/jackc/pgx/pgxpool",
            "github.com/jackc/pgx/v5"
        ));
    }

    #[test]
    fn types_match_whatever_points_at_them() {
        assert!(type_matches("*kgo.Record", "*kgo.Record"));
        assert!(type_matches("kgo.Record", "*kgo.Record"));
        assert!(type_matches("*Request", "*pb.CreateUserRequest"));
        assert!(type_matches("Job", "Job<EmailPayload>"));
        assert!(type_matches("Job", "bullmq.Job"));
        assert!(type_matches("BorrowedMessage", "&'a BorrowedMessage<'a>"));
        assert!(type_matches("_", "anything"));
        assert!(!type_matches("Job", "CronJob"));
        assert!(!type_matches("kafka.Message", "amqp.Message"));
    }
}
