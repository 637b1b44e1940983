//! Models: what the calls of a library mean, as data.
//!
//! `grammars/<language>/models/<library>.yml`. A call is matched by the function or method it resolves to; where the
//! receiver's type is not known, by method name in code that imports the library. An event has named slots, each a
//! selector of one of the call's values.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::nearest;
use crate::{RuleError, SourceText};

/// A model file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What people call the library.
    pub library: String,
    /// `go`, `typescript` or `rust`.
    pub language: String,
    /// Import paths, package names or crate names; a prefix up to a `/` or `::` boundary matches, Go major versions (`/v5`) are ignored.
    pub packages: Vec<String>,
    /// What values the library's functions return: `createClient: Client`, `sql.Open: DB`, `DB.Begin: Tx`. Types are names in the library.
    #[serde(default)]
    pub returns: BTreeMap<String, String>,
    /// Calls that mean an event.
    #[serde(default)]
    pub events: Vec<EventModel>,
    /// Functions that are called from outside.
    #[serde(default)]
    pub entries: Vec<EntryModel>,
    /// Object-relational mappers and query builders.
    #[serde(default)]
    pub statements: Vec<StatementModel>,
    /// Where the file was read from; filled in by the loader.
    #[serde(skip)]
    pub source: String,
}

/// Calls that mean an event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventModel {
    /// Which event: a word of [`EVENTS`].
    pub event: String,
    /// Receiver types of the library that have the methods; empty for plain functions. `*` is any receiver, known or not:
    /// only for method names that nothing else has.
    #[serde(default)]
    pub types: Vec<String>,
    /// Methods, functions or constructors (`new Worker` is `Worker`), Rust macros with `!`.
    pub calls: Vec<String>,
    /// Values of the event. A selector is `0`, `1..` (all from there), `last`, `receiver`, `result`, with an optional path: `0.key`, `1.jobId`.
    #[serde(default)]
    pub slots: BTreeMap<String, String>,
    /// The call means the event only when its first slot named here is a string that starts with one of these (upper case compared).
    #[serde(default)]
    pub starts_with: BTreeMap<String, Vec<String>>,
    /// Yes-or-no properties: `absent-only` (SET NX), `expires`, `atomic`, `repeatable`, `idempotent`.
    #[serde(default)]
    pub traits: Vec<String>,
}

/// Functions that are called from outside.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryModel {
    /// What it is: `http`, `rpc`, `graphql`, `consumer`, `webhook`, `job`, `cli`, `migration`, `page`.
    pub entry: String,
    /// Registration: receiver types, as in events.
    #[serde(default)]
    pub types: Vec<String>,
    /// Registration: the calls that register a handler.
    #[serde(default)]
    pub calls: Vec<String>,
    /// Registration: which argument is the handler (`last`, `1`, `0.process`, `1..`).
    #[serde(default)]
    pub handler: Option<String>,
    /// Registration: which argument names the route, topic or queue.
    #[serde(default)]
    pub name: Option<String>,
    /// Signature: types of parameters, `_` for any, as written after the import (`http.ResponseWriter`), a leading `*` or `&` ignored, trailing `*` a wildcard (`*Request`).
    #[serde(default)]
    pub params: Vec<String>,
    /// Signature: the file needs no import of the library for the signature to count.
    #[serde(default)]
    pub by_shape: bool,
    /// Attribute or decorator on the function (`get`, `actix_web::post`, `Query`).
    #[serde(default)]
    pub attributes: Vec<String>,
    /// File name pattern (`**/route.ts`) together with `exports`.
    #[serde(default)]
    pub files: Vec<String>,
    /// Exported names that are entries (`GET`, `loader`, `default`).
    #[serde(default)]
    pub exports: Vec<String>,
    /// Which parameters the caller controls: `0`, `1..`, `0.input`, `all`. Default `all`.
    #[serde(default)]
    pub input: Vec<String>,
}

/// How an object-relational mapper or query builder says statements.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementModel {
    /// `object` (`prisma.user.findMany({where})`), `chain` (`db.select().from(t).where(…)`).
    pub style: String,
    /// Where the table is: `accessor` (`x.user.findMany`), `argument` (of a `table-calls` call), `receiver` (`User.findOne`, `users::table.filter`),
    /// `type` (type argument or the type of the first argument), `root-type` (`user::Entity::find`).
    pub table: String,
    /// Calls whose first argument names the table (`from`, `insert_into`, `table`), for `argument`.
    #[serde(default, rename = "table-calls")]
    pub table_calls: Vec<String>,
    /// Calls that decide what is done: `findMany: select`, `deleteMany: delete`, `upsert: upsert`.
    pub verbs: BTreeMap<String, String>,
    /// Calls that filter (`where`, `filter`, `andWhere`) or, for `object`, argument keys that do (`where`).
    #[serde(default)]
    pub filters: Vec<String>,
    /// How filters are written, tried in order: `object` (`{tenantId}`), `comparison-call` (`eq(t.c, v)`), `method-comparison` (`c.eq(v)`),
    /// `field-function` (`user.TenantID(v)`), `pair` (`'c', v` or `'c', '=', v`), `text` (`"c = ?", v`).
    #[serde(default, rename = "filter-styles")]
    pub filter_styles: Vec<String>,
    /// Calls or keys that give written values (`values`, `set`, `data`, `create`).
    #[serde(default)]
    pub values: Vec<String>,
    /// Verbs whose first argument is the primary key (`findByPk`, `find_by_id`, `UpdateOneID`).
    #[serde(default, rename = "by-key")]
    pub by_key: Vec<String>,
    /// Calls that make an insert tolerate or update an existing row (`onConflictDoNothing`, `skipDuplicates`).
    #[serde(default)]
    pub conflicts: Vec<String>,
    /// Calls or options that lock the row.
    #[serde(default)]
    pub locks: Vec<String>,
    /// Calls that run the statement (`exec`, `Only`, `first`); empty when the verb itself runs it.
    #[serde(default)]
    pub terminals: Vec<String>,
    /// Joins: calls or keys (`include`, `innerJoin`).
    #[serde(default)]
    pub joins: Vec<String>,
    /// The library need not be imported in the file: the shape and the schema are enough.
    #[serde(default)]
    pub by_shape: bool,
}

/// Events a model may speak of, with their slots.
pub const EVENTS: &[(&str, &[&str])] = &[
    ("sql.statement", &["text", "params", "param-list"]),
    ("sql.bind", &["value", "statement"]),
    ("sql.begin", &["body"]),
    ("sql.commit", &[]),
    ("sql.rollback", &[]),
    ("cache.get", &["key", "loader"]),
    ("cache.set", &["key", "value", "ttl"]),
    ("cache.delete", &["key"]),
    ("cache.load", &["key", "loader", "ttl"]),
    ("queue.publish", &["topic", "key", "message", "id"]),
    ("queue.consume", &["topic", "handler"]),
    ("queue.ack", &["message"]),
    ("queue.nack", &["message"]),
    ("rpc.call", &["message"]),
    ("http.call", &["url", "body"]),
    ("lock.acquire", &["key"]),
    ("lock.release", &["key"]),
    ("object.put", &["key"]),
    ("object.delete", &["key"]),
    ("file.write", &["path"]),
    ("file.remove", &["path"]),
    ("dns.upsert", &["name"]),
    ("dns.remove", &["name"]),
    ("spawn", &["body"]),
    ("timer", &["body"]),
    ("auth.check", &["subject", "object"]),
    ("tenant.source", &[]),
    ("dedupe", &["key"]),
    ("once", &["key", "body"]),
    ("effect.payment", &["key", "message"]),
    ("effect.mail", &["message"]),
    ("effect.webhook", &["url", "message"]),
    ("effect.increment", &["key", "amount"]),
    ("value.time", &[]),
    ("value.random", &[]),
    ("value.config", &["name", "default"]),
    ("value.hash", &["of"]),
    ("value.join", &["list", "separator"]),
    ("value.same", &["of"]),
];

/// The models of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelSet {
    /// Models, in file order.
    pub models: Vec<Model>,
}

impl ModelSet {
    /// Reads model files; every broken one is an error, the others are kept.
    #[must_use]
    pub fn load(files: &[SourceText]) -> (Self, Vec<RuleError>) {
        let mut models = Vec::new();
        let mut errors = Vec::new();
        for file in files {
            match parse(file) {
                Ok(model) => models.push(model),
                Err(error) => errors.push(error),
            }
        }
        (Self { models }, errors)
    }
}

fn parse(file: &SourceText) -> Result<Model, RuleError> {
    let mut model: Model =
        serde_saphyr::from_str(&file.text).map_err(|error| RuleError::from_yaml(&file.path, &error))?;
    model.source.clone_from(&file.path);
    let error = |needle: &str, message: String| Err(RuleError::at(&file.path, &file.text, needle, message));
    if !["go", "typescript", "rust"].contains(&model.language.as_str()) {
        return error("language:", format!("unknown language `{}`; one of go, typescript, rust", model.language));
    }
    for event in &model.events {
        let Some((_, slots)) = EVENTS.iter().find(|(name, _)| *name == event.event) else {
            let hint = nearest(&event.event, EVENTS.iter().map(|(name, _)| *name))
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return error(&event.event, format!("unknown event `{}`{hint}", event.event));
        };
        for (slot, selector) in &event.slots {
            if !slots.contains(&slot.as_str()) {
                return error(
                    slot,
                    format!("event `{}` has no slot `{slot}`; known: {}", event.event, slots.join(", ")),
                );
            }
            if Selector::parse(selector).is_none() {
                return error(selector, format!("slot `{slot}` has an unreadable selector `{selector}`"));
            }
        }
    }
    Ok(model)
}

/// Which value of a call a slot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The value.
    pub base: SelectorBase,
    /// Field names from there.
    pub path: Vec<String>,
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
}

impl Selector {
    /// Reads `0`, `1..`, `last.key`, `receiver`; `None` when it is none of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (head, path) = match text.strip_suffix("..") {
            Some(number) => {
                return Some(Self { base: SelectorBase::From(number.parse().ok()?), path: Vec::new() });
            }
            None => text.split_once('.').unwrap_or((text, "")),
        };
        let base = match head {
            "last" => SelectorBase::Last,
            "receiver" => SelectorBase::Receiver,
            "result" => SelectorBase::Result,
            number => SelectorBase::Argument(number.parse().ok()?),
        };
        let path = path.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Some(Self { base, path })
    }
}
