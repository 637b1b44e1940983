//! Selectors: which value of a call a slot is.
//!
//! ```text
//! 0              the first argument            1..            all arguments from the second
//! 0.key          a field of it                 1..Key         that field of each of them
//! last           the last argument             last.jobId     a field of it
//! receiver       what the method is called on  receiver.name  a field of it
//! result         what the call returns
//! .key           the first argument of the first `.key(…)` later in the same method chain
//! .arg#1         the same of the second `.arg(…)`; `.body#0.name` with a path
//! 0.text | 0     the first of them that is there
//! ```
//!
//! Paths go through lists: `0.messages.key` is the `key` of every element of `messages`.

use betwixt_base::Symbol;

/// Which value of a call a slot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The value.
    pub base: SelectorBase,
    /// Field names from there. Lists on the way stand for all their elements.
    pub path: Vec<String>,
    /// What to take when the call has no such value.
    pub otherwise: Option<Box<Selector>>,
}

/// The values of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectorBase {
    /// One argument.
    Argument(usize),
    /// All arguments from this one.
    From(usize),
    /// The last argument.
    Last,
    /// What the method is called on.
    Receiver,
    /// What it returns.
    Result,
    /// The first argument of the n-th call of this name further out in the same method chain:
    /// `client.put_object().bucket(b).key(k)` has `.key`, `cmd("SET").arg(k).arg(v)` has `.arg` and `.arg#1`.
    Chained(Symbol, usize),
}

impl Selector {
    /// Reads a selector; `None` when the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplit('|');
        let mut selector = Self::parse_one(parts.next()?.trim())?;
        for part in parts {
            let mut first = Self::parse_one(part.trim())?;
            first.otherwise = Some(Box::new(selector));
            selector = first;
        }
        Some(selector)
    }

    fn parse_one(text: &str) -> Option<Self> {
        let (base, path) = if let Some(chained) = text.strip_prefix('.') {
            let (head, path) = chained.split_once('.').unwrap_or((chained, ""));
            let (name, index) = head.split_once('#').unwrap_or((head, "0"));
            if !is_name(name) {
                return None;
            }
            (
                SelectorBase::Chained(Symbol::new(name), index.parse().ok()?),
                path,
            )
        } else if let Some((number, path)) = text.split_once("..") {
            (SelectorBase::From(number.parse().ok()?), path)
        } else {
            let (head, path) = text.split_once('.').unwrap_or((text, ""));
            let base = match head {
                "last" => SelectorBase::Last,
                "receiver" => SelectorBase::Receiver,
                "result" => SelectorBase::Result,
                number => SelectorBase::Argument(number.parse().ok()?),
            };
            (base, path)
        };
        let path: Vec<String> = if path.is_empty() {
            Vec::new()
        } else {
            path.split('.').map(str::to_owned).collect()
        };
        if !path.iter().all(|part| is_name(part)) {
            return None;
        }
        Some(Self {
            base,
            path,
            otherwise: None,
        })
    }

    /// The selector and what stands in for it, in the order in which they are tried.
    pub fn alternatives(&self) -> impl Iterator<Item = &Selector> {
        std::iter::successors(Some(self), |selector| selector.otherwise.as_deref())
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(base: SelectorBase, path: &[&str]) -> Option<Selector> {
        Some(Selector {
            base,
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            otherwise: None,
        })
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(Selector::parse("0"), one(SelectorBase::Argument(0), &[]));
        assert_eq!(
            Selector::parse("0.messages.key"),
            one(SelectorBase::Argument(0), &["messages", "key"])
        );
        assert_eq!(Selector::parse("1.."), one(SelectorBase::From(1), &[]));
        assert_eq!(
            Selector::parse("1..Key"),
            one(SelectorBase::From(1), &["Key"])
        );
        assert_eq!(
            Selector::parse("last.jobId"),
            one(SelectorBase::Last, &["jobId"])
        );
        assert_eq!(
            Selector::parse("receiver"),
            one(SelectorBase::Receiver, &[])
        );
        assert_eq!(
            Selector::parse(".key"),
            one(SelectorBase::Chained(Symbol::new("key"), 0), &[])
        );
        assert_eq!(
            Selector::parse(".arg#1.id"),
            one(SelectorBase::Chained(Symbol::new("arg"), 1), &["id"])
        );
    }

    #[test]
    fn alternatives_are_tried_from_left_to_right() {
        let selector = Selector::parse("0.text | 0.sql | 0").expect("three selectors");
        let paths: Vec<_> = selector
            .alternatives()
            .map(|one| one.path.join("."))
            .collect();
        assert_eq!(paths, ["text", "sql", ""]);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "", "x", "0..1..", "first", ".", ".a b", "0.a..b", "|0", "-1", "0.#",
        ] {
            assert_eq!(Selector::parse(text), None, "{text}");
        }
    }
}
