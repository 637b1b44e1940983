//! Checks of a read model: every word known, every selector readable, nothing that can never match.

use std::collections::BTreeMap;

use crate::RuleError;
use crate::error::nearest;

use super::{
    APPLIES, ARGUMENT_ROLES, ENTRIES, EVENTS, EntryModel, EventModel, FILTER_STYLES, Model,
    MountModel, STYLES, Selector, StatementModel, TABLE_PLACES, TRAITS, VERBS, package_matches,
};

/// A finding about a model: what to look for in the text, and what is wrong.
struct Fault {
    needle: String,
    message: String,
}

type Checked = Result<(), Fault>;

/// The first thing that is wrong with a model, with its place in the text.
pub(super) fn check(model: &Model, text: &str) -> Result<(), RuleError> {
    let place = |key: &str, index: usize, fault: Fault| RuleError {
        file: model.source.clone(),
        line: line_of(text, key, index, &fault.needle),
        message: fault.message,
    };
    check_model(model).map_err(|fault| place("", 0, fault))?;
    for (index, event) in model.events.iter().enumerate() {
        check_event(model, event).map_err(|fault| place("event:", index, fault))?;
    }
    for (index, entry) in model.entries.iter().enumerate() {
        check_entry(model, entry).map_err(|fault| place("entry:", index, fault))?;
    }
    for mount in &model.mounts {
        check_mount(mount).map_err(|fault| place("mounts:", 0, fault))?;
    }
    for (index, statement) in model.statements.iter().enumerate() {
        check_statement(statement).map_err(|fault| place("style:", index, fault))?;
    }
    Ok(())
}

fn check_model(model: &Model) -> Checked {
    if !["go", "typescript", "rust"].contains(&model.language.as_str()) {
        return fault(
            "language:",
            format!(
                "unknown language `{}`; one of go, typescript, rust",
                model.language
            ),
        );
    }
    if model.library.is_empty() {
        return fault("library:", "the library has no name".to_owned());
    }
    if model.packages.is_empty() && !model.builtin {
        return fault(
            "library:",
            "no `packages`, so nothing can match; say `builtin: true` for what needs no import"
                .to_owned(),
        );
    }
    let n_parts = model.events.len()
        + model.entries.len()
        + model.statements.len()
        + model.mounts.len()
        + model.returns.len();
    if n_parts == 0 {
        return fault(
            "library:",
            "the model says nothing: no events, entries, statements, mounts or returns".to_owned(),
        );
    }
    known_all("trait", &model.traits, TRAITS)?;
    for package in model.events.iter().flat_map(|event| &event.packages) {
        if !model
            .packages
            .iter()
            .any(|outer| package_matches(outer, package))
        {
            return fault(
                package,
                format!("`{package}` is in none of the model's `packages`"),
            );
        }
    }
    Ok(())
}

/// Without an import to go by, a typed call of an unknown receiver would match in every file.
fn check_receivers(types: &[String], known_receiver: bool) -> Checked {
    match types.iter().find(|name| *name != "*") {
        Some(name) if !known_receiver => fault(
            name,
            format!(
                "without an import to go by, a receiver `{name}` must be known: say `known-receiver: true`"
            ),
        ),
        _ => Ok(()),
    }
}

fn check_event(model: &Model, event: &EventModel) -> Checked {
    if model.builtin && event.packages.is_empty() {
        check_receivers(&event.types, event.known_receiver)?;
    }
    let Some((_, slots)) = EVENTS.iter().find(|(name, _)| *name == event.event) else {
        return unknown("event", &event.event, EVENTS.iter().map(|(name, _)| *name));
    };
    if event.calls.is_empty() && event.reads.is_empty() && event.attributes.is_empty() {
        return fault(
            &event.event,
            format!(
                "event `{}` has no `calls`, `reads` or `attributes`",
                event.event
            ),
        );
    }
    for (slot, selector) in &event.slots {
        if !slots.contains(&slot.as_str()) {
            let known = if slots.is_empty() {
                "it has none".to_owned()
            } else {
                format!("known: {}", slots.join(", "))
            };
            return fault(
                &format!("{slot}:"),
                format!("event `{}` has no slot `{slot}`; {known}", event.event),
            );
        }
        readable(&format!("slot `{slot}`"), selector)?;
    }
    for (value, prefixes) in &event.starts_with {
        if !event.slots.contains_key(value) {
            readable("`starts-with`", value)?;
        }
        if prefixes.is_empty() {
            return fault(
                "starts-with",
                format!("`starts-with` names no beginning for `{value}`"),
            );
        }
    }
    known_all("trait", &event.traits, TRAITS)?;
    event
        .traits_if
        .keys()
        .try_for_each(|name| known("trait", name, TRAITS))
}

fn check_entry(model: &Model, entry: &EntryModel) -> Checked {
    if model.builtin {
        check_receivers(&entry.types, entry.known_receiver)?;
    }
    known("entry kind", &entry.entry, ENTRIES)?;
    known_all("trait", &entry.traits, TRAITS)?;
    let is_registration = !entry.calls.is_empty();
    let is_found_by_itself = [
        &entry.params,
        &entry.results,
        &entry.attributes,
        &entry.type_attributes,
        &entry.implements,
        &entry.receivers,
        &entry.calling,
        &entry.beside,
        &entry.within,
        &entry.directives,
        &entry.files,
    ]
    .iter()
    .any(|list| !list.is_empty());
    if !is_registration && !is_found_by_itself {
        return fault(
            &entry.entry,
            format!(
                "entry `{}` has no `calls` that register it, and no signature, attribute, type or file to know it by",
                entry.entry
            ),
        );
    }
    match &entry.handler {
        Some(handler) => readable("`handler`", handler)?,
        None if is_registration => {
            return fault(
                &entry.calls[0],
                "`calls` without `handler`: which argument is the function?".to_owned(),
            );
        }
        None => {}
    }
    for value in entry.starts_with.keys() {
        readable("`starts-with`", value)?;
    }
    if let Some(name) = &entry.name {
        readable("`name`", name)?;
    }
    for guards in &entry.guards {
        readable("`guards`", guards)?;
    }
    if let Some(method) = &entry.method {
        readable("`method`", method)?;
    }
    if let Some(applies) = &entry.applies {
        known("`applies`", applies, APPLIES)?;
    }
    for input in &entry.input {
        if !["all", "none", "attribute"].contains(&input.as_str()) {
            readable("`input`", input)?;
        }
    }
    Ok(())
}

fn check_mount(mount: &MountModel) -> Checked {
    if let Some(prefix) = &mount.prefix {
        readable("`prefix`", prefix)?;
    }
    readable("`router`", &mount.router)
}

fn check_statement(statement: &StatementModel) -> Checked {
    known("style", &statement.style, STYLES)?;
    known("place of the table", &statement.table, TABLE_PLACES)?;
    known_all("place of the table", &statement.or_table, TABLE_PLACES)?;
    known_all("filter style", &statement.filter_styles, FILTER_STYLES)?;
    for verb in statement.verbs.values().chain(statement.rows.values()) {
        known("verb", verb, VERBS)?;
    }
    for (call, roles) in &statement.arguments {
        if !statement.verbs.contains_key(call)
            && !statement.table_calls.contains(call)
            && !statement.filters.contains(call)
        {
            return fault(
                &format!("{call}:"),
                format!("`arguments` of `{call}`, which is no verb, filter or table call"),
            );
        }
        known_all("argument role", roles, ARGUMENT_ROLES)?;
    }
    for call in &statement.by_key {
        if !statement.verbs.contains_key(call) {
            return fault(
                "by-key",
                format!("`by-key` names `{call}`, which is no verb"),
            );
        }
    }
    let takes_table_role = statement
        .arguments
        .values()
        .flatten()
        .any(|role| role == "table");
    let places = || std::iter::once(&statement.table).chain(&statement.or_table);
    if places().any(|place| place == "argument" || place == "key")
        && statement.table_calls.is_empty()
        && !takes_table_role
    {
        return fault(
            "table:",
            "the table is an argument or option, but `table-calls` says of which".to_owned()
                + " call: it is empty",
        );
    }
    if statement.verbs.is_empty() && statement.rows.is_empty() {
        return fault("style:", "a statement without `verbs`".to_owned());
    }
    Ok(())
}

fn readable(what: &str, selector: &str) -> Checked {
    match Selector::parse(selector) {
        Some(_) => Ok(()),
        None => fault(
            selector,
            format!("{what} has an unreadable selector `{selector}`"),
        ),
    }
}

fn known_all(what: &str, words: &[String], table: &[(&str, &str)]) -> Checked {
    words.iter().try_for_each(|word| known(what, word, table))
}

fn known(what: &str, word: &str, table: &[(&str, &str)]) -> Checked {
    if table.iter().any(|(name, _)| *name == word) {
        return Ok(());
    }
    unknown(what, word, table.iter().map(|(name, _)| *name))
}

fn unknown<'a>(what: &str, word: &str, table: impl Iterator<Item = &'a str> + Clone) -> Checked {
    let hint = match nearest(word, table.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}", table.collect::<Vec<_>>().join(", ")),
    };
    fault(word, format!("unknown {what} `{word}`; {hint}"))
}

fn fault(needle: &str, message: String) -> Checked {
    Err(Fault {
        needle: needle.to_owned(),
        message,
    })
}

/// The line of the first `needle` at or after the item that begins with the `index`-th `key`, from 1.
fn line_of(text: &str, key: &str, index: usize, needle: &str) -> u32 {
    let is_key =
        |at: usize| !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '-');
    let item = if key.is_empty() {
        0
    } else {
        text.match_indices(key)
            .map(|(at, _)| at)
            .filter(|at| is_key(*at))
            .nth(index)
            .unwrap_or(0)
    };
    let at = item + text[item..].find(needle).unwrap_or(0);
    text[..at].matches('\n').count() as u32 + 1
}

/// One call with two meanings in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// `package Type.call`.
    pub call: String,
    /// The events with the files that say so.
    pub meanings: Vec<(String, String)>,
}

/// Calls (and reads) that several event models of one language give different meanings to, with no condition on the arguments to tell them apart.
pub(super) fn clashes(models: &[Model]) -> Vec<Clash> {
    let mut meanings: BTreeMap<(&str, String), Vec<(String, String)>> = BTreeMap::new();
    for model in models {
        for event in model.events.iter().filter(|event| !is_conditional(event)) {
            for name in names_of(model, event) {
                let known = meanings.entry((model.language.as_str(), name)).or_default();
                if !known.iter().any(|(meaning, _)| *meaning == event.event) {
                    known.push((event.event.clone(), model.source.clone()));
                }
            }
        }
    }
    meanings
        .into_iter()
        .filter(|(_, events)| events.len() > 1)
        .map(|((language, call), meanings)| Clash {
            call: format!("{language}: {call}"),
            meanings,
        })
        .collect()
}

/// Whether the arguments or the rest of the chain decide that the call means the event.
fn is_conditional(event: &EventModel) -> bool {
    !event.starts_with.is_empty()
        || !event.then.is_empty()
        || event.min_args.is_some()
        || event.max_args.is_some()
}

/// The full names of what an event model matches. A call of any receiver has the same name in all packages.
fn names_of(model: &Model, event: &EventModel) -> Vec<String> {
    let mut names = Vec::new();
    let calls = event
        .calls
        .iter()
        .cloned()
        .chain(event.reads.iter().map(|read| format!("{read} (read)")));
    for call in calls {
        if event.types.iter().any(|name| name == "*") {
            names.push(format!("*.{call}"));
            continue;
        }
        let is_builtin = model.builtin && event.packages.is_empty();
        let packages = if event.packages.is_empty() {
            &model.packages
        } else {
            &event.packages
        };
        let packages = packages
            .iter()
            .map(String::as_str)
            .chain(is_builtin.then_some("builtin"));
        for package in packages {
            if event.types.is_empty() {
                names.push(format!("{package} {call}"));
            }
            names.extend(
                event
                    .types
                    .iter()
                    .map(|name| format!("{package} {name}.{call}")),
            );
        }
    }
    names
}
