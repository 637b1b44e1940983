//! Who invalidates which cache: calls and events by which entries are dropped, carried up to the units that reach them.
//!
//! An invalidation is known by the function that does it (`surveyCache.revalidate`) and by the text its key begins with.
//! Knows nothing of tables; linking the two is the detector's.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_program::events::Event;
use betwixt_program::flow::text::{Piece, texts};
use betwixt_program::{CallSite, FunctionId, Program};
use rustc_hash::FxHashMap;

use crate::detectors::Context;
use crate::detectors::units::{call_name, receiver_name, singular, words};

/// Something by which entries of one cache are dropped or written anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// A function of the program.
    Function(FunctionId),
    /// A call that leads nowhere known, as it is written.
    Written(String),
    /// Entries whose key begins with this text.
    Key(String),
}

/// A mark by its place in [`Invalidations::marks`].
pub(super) type MarkId = usize;

/// Units this many others call are machinery; what they do says little about their callers.
const MAX_CALLERS: usize = 60;
const MAX_LEVELS: usize = 3;

/// All invalidations of a program.
#[derive(Debug, Default)]
pub(super) struct Invalidations {
    /// Each kind of invalidation once.
    pub(super) marks: Vec<Mark>,
    reached: FxHashMap<FunctionId, BTreeMap<MarkId, CallSite>>,
}

impl Invalidations {
    /// Finds them; linear in calls and events.
    pub(super) fn new(context: &Context<'_>) -> Self {
        let mut found = Self::default();
        let mut known: BTreeMap<Mark, MarkId> = BTreeMap::new();
        for (unit, mark, site) in direct(context) {
            let next = known.len();
            let id = *known.entry(mark.clone()).or_insert(next);
            if id == next {
                found.marks.push(mark);
            }
            found
                .reached
                .entry(unit)
                .or_default()
                .entry(id)
                .or_insert(site);
        }
        found.carry_up(context);
        found
    }

    /// The invalidations a unit reaches, each with the call in the unit that leads there.
    pub(super) fn of(&self, unit: FunctionId) -> Option<&BTreeMap<MarkId, CallSite>> {
        self.reached.get(&unit)
    }

    /// Whether a unit reaches one of the marks.
    pub(super) fn reaches(&self, unit: FunctionId, marks: &BTreeSet<MarkId>) -> Option<CallSite> {
        let own = self.reached.get(&unit)?;
        marks.iter().find_map(|mark| own.get(mark).copied())
    }

    fn carry_up(&mut self, context: &Context<'_>) {
        let mut fresh: Vec<(FunctionId, Vec<MarkId>)> = self
            .reached
            .iter()
            .map(|(&unit, marks)| (unit, marks.keys().copied().collect()))
            .collect();
        fresh.sort_unstable();
        for _ in 0..MAX_LEVELS {
            let mut next: BTreeMap<FunctionId, Vec<MarkId>> = BTreeMap::new();
            for (unit, marks) in fresh {
                let callers = context.units().callers(context.program, unit);
                if callers.len() > MAX_CALLERS {
                    continue;
                }
                for (caller, site) in callers {
                    let known = self.reached.entry(caller).or_default();
                    for &mark in &marks {
                        if !known.contains_key(&mark) && known.len() < 64 {
                            known.insert(mark, site);
                            next.entry(caller).or_default().push(mark);
                        }
                    }
                }
            }
            fresh = next.into_iter().collect();
        }
    }
}

/// Invalidations in a unit itself.
fn direct(context: &Context<'_>) -> Vec<(FunctionId, Mark, CallSite)> {
    let program = context.program;
    let units = context.units();
    let mut found = Vec::new();
    for event in &program.events.events {
        if matches!(event.kind, "cache.delete" | "cache.set")
            && !event.has("per-request")
            && !program.workspace.file(event.site.file).marks.test
            && let Some(prefix) = key_prefix(context, event)
        {
            found.push((units.of(event.function), Mark::Key(prefix), event.site));
        }
    }
    // The same names are called again and again.
    let mut verbs: FxHashMap<&str, bool> = FxHashMap::default();
    for (file, facts) in program.code.code_files() {
        if program.workspace.file(file).marks.test {
            continue;
        }
        for (index, call) in facts.ir.calls.iter().enumerate() {
            let site = CallSite {
                file,
                call: betwixt_facts::ir::CallId(index as u32),
            };
            let name = call_name(program, site);
            let has_verb = *verbs.entry(name).or_insert_with(|| has_verb(name));
            if !has_verb || !says_invalidation(name, receiver_name(program, site)) {
                continue;
            }
            let unit = units.of(program.code.function_id(file, call.function));
            let callees = program.calls.callee(site).functions();
            if callees.is_empty() {
                let receiver = receiver_name(program, site);
                let written = format!("{receiver}.{name}");
                found.push((unit, Mark::Written(written), site));
            }
            for &callee in callees.iter().take(4) {
                if !changes_rows(context, callee) {
                    found.push((unit, Mark::Function(callee), site));
                }
            }
        }
    }
    found.sort();
    found
}

/// A quick look before words are cut.
fn has_verb(name: &str) -> bool {
    const VERBS: &[&str] = &[
        "nvalidate",
        "evict",
        "Evict",
        "bust",
        "Bust",
        "clear",
        "Clear",
        "delete",
        "Delete",
        "remove",
        "Remove",
        "purge",
        "Purge",
        "flush",
        "Flush",
        "reset",
        "Reset",
        "del",
        "Del",
        "forget",
        "Forget",
        "refresh",
        "Refresh",
        "expire",
        "Expire",
    ];
    VERBS.iter().any(|verb| name.contains(verb))
}

/// Whether a call's name, with the name of what it is called on, says that cached entries are dropped.
fn says_invalidation(name: &str, receiver: &str) -> bool {
    const STRONG: &[&str] = &["invalidate", "revalidate", "evict", "bust"];
    const WEAK: &[&str] = &[
        "clear", "delete", "remove", "purge", "flush", "reset", "del", "forget", "refresh",
        "expire", "drop",
    ];
    const CACHES: &[&str] = &["cache", "caches", "cached", "memo", "lru"];
    let name = words(name);
    let has = |all: &[String], of: &[&str]| all.iter().any(|word| of.contains(&word.as_str()));
    if name.iter().any(|word| {
        matches!(
            word.as_str(),
            "session" | "sessions" | "otp" | "queries" | "query" | "if" | "expired"
        )
    }) {
        return false;
    }
    has(&name, STRONG)
        || (has(&name, WEAK) && (has(&name, CACHES) || has(&words(receiver), CACHES)))
}

/// Whether a function changes rows itself: then it invalidates something in the database.
fn changes_rows(context: &Context<'_>, function: FunctionId) -> bool {
    use betwixt_facts::sql::Verb;
    let unit = context.units().of(function);
    context.units().members(unit).iter().any(|&member| {
        context.accesses_of(member).any(|(access, _)| {
            matches!(
                access.statement.verb,
                Verb::Insert | Verb::Update | Verb::Delete
            )
        })
    })
}

/// The text a key begins with; `None` when it says nothing.
pub(super) fn key_prefix(context: &Context<'_>, event: &Event) -> Option<String> {
    let inner = event
        .inner
        .iter()
        .filter(|(slot, _)| *slot == "key")
        .map(|(_, value)| *value);
    let values = event.slot("key").iter().copied().chain(inner);
    values
        .flat_map(|value| {
            texts(
                &context.program.resolver(),
                Some(&context.program.calls),
                value,
            )
        })
        .find_map(|text| {
            let first = text.pieces.iter().find_map(|piece| match piece {
                Piece::Literal(literal) => Some(literal.as_str()),
                Piece::Hole(_) => None,
            })?;
            let n_letters = first.chars().filter(char::is_ascii_alphanumeric).count();
            (n_letters >= 3 && !first.starts_with('/')).then(|| first.to_owned())
        })
}

/// What a mark drops, in words, singular: `model` of `clearModelCacheForProject`, `prompt` of `PromptService.invalidateCache`.
pub(super) fn subjects(program: &Program, mark: &Mark) -> Vec<Vec<String>> {
    match mark {
        Mark::Function(function) => {
            let facts = program.code.function(*function);
            let mut all = vec![facts.name.as_str()];
            all.extend(facts.receiver_type.map(|owner| owner.as_str()));
            let display = program.display(*function);
            all.extend(display.rsplit(['.', ':']).nth(1));
            subjects_of(&all)
        }
        Mark::Written(text) | Mark::Key(text) => {
            let parts: Vec<&str> = text.split(['.', ':', '/', '-']).collect();
            subjects_of(&parts)
        }
    }
}

fn subjects_of(names: &[&str]) -> Vec<Vec<String>> {
    let said = names.iter().map(|name| subject(name));
    said.filter(|words| !words.is_empty()).collect()
}

/// The words of a name that say what it is about: up to `for` or `by`, without verbs and words of caching.
pub(super) fn subject(name: &str) -> Vec<String> {
    const PLAIN: &[&str] = &[
        "invalidate",
        "revalidate",
        "evict",
        "bust",
        "clear",
        "delete",
        "remove",
        "purge",
        "flush",
        "reset",
        "del",
        "forget",
        "refresh",
        "expire",
        "drop",
        "cache",
        "cached",
        "memo",
        "lru",
        "service",
        "manager",
        "repository",
        "repo",
        "store",
        "entry",
        "key",
        "all",
        "tag",
        "path",
    ];
    words(name)
        .iter()
        .take_while(|word| {
            !matches!(
                word.as_str(),
                "for" | "by" | "of" | "from" | "in" | "after" | "on"
            )
        })
        .map(|word| singular(word).to_owned())
        .filter(|word| !PLAIN.contains(&word.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{says_invalidation, subject};

    #[test]
    fn the_subject_of_an_invalidation_is_what_it_drops() {
        assert_eq!(subject("clearModelCacheForProject"), ["model"]);
        assert_eq!(
            subject("invalidateCachedProjectApiUsers"),
            ["project", "api", "user"]
        );
        assert!(subject("invalidateCache").is_empty());
    }

    #[test]
    fn a_weak_verb_needs_a_cache() {
        assert!(says_invalidation("delete", "planCache"));
        assert!(says_invalidation("invalidatePlan", ""));
        assert!(!says_invalidation("delete", "plans"));
        assert!(!says_invalidation("invalidateSession", ""));
    }
}
