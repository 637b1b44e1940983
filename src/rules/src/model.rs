//! Models: what the calls of a library mean, as data.
//!
//! `grammars/<language>/models/<library>.yml`. A call is matched by the function or method it resolves to; where the
//! receiver's type is not known, by method name in code that imports the library. An event has named slots, each a
//! selector of one of the call's values. This file is the form; the words it may use, the selectors and the checks are beside it.
//! How to write one is told in `grammars/README.md`.
//!
//! Names of types are names in the library, without package: Go `DB` of `database/sql`, TypeScript an exported class, interface
//! or object (`Prisma` in `Prisma.sql`), Rust the type a function is associated with (`Uuid` in `Uuid::new_v4`) or the trait.
//! Names of calls are functions (in Rust after the modules they are in: `env.var`), methods or constructors (`new Worker` is
//! `Worker`), Rust macros with `!`; a path from the
//! receiver is written with dots (`paymentIntents.create`; of a global `Math.random`), and `()` is a call of the value itself
//! (``sql`…` ``, `knex('users')`), without types of the default export.

mod check;
mod pattern;
mod selector;
mod vocabulary;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Deserialize;

use crate::{RuleError, SourceText};

pub use check::Clash;
pub use pattern::{package_matches, type_matches};
pub use selector::{Selector, SelectorBase};
pub use vocabulary::{
    APPLIES, ARGUMENT_ROLES, ENTRIES, EVENTS, FILTER_STYLES, STYLES, TABLE_PLACES, TRAITS, VERBS,
};

/// A model file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Model {
    /// What people call the library.
    pub library: String,
    /// `go`, `typescript` or `rust`.
    pub language: String,
    /// Import paths, package names or crate names; a prefix up to a `/` or `::` boundary matches, Go major versions (`/v5`) are ignored,
    /// and so is `node:`. See [`package_matches`]. When several models match one import, only those with the longest package count.
    #[serde(default)]
    pub packages: Vec<String>,
    /// What is modelled needs no import: globals (`fetch`), the prelude, methods of built-in types.
    #[serde(default)]
    pub builtin: bool,
    /// What the default export is called here (`Redis` of `import Redis from 'ioredis'`). Without it a default import is the package itself.
    #[serde(default)]
    pub default_export: Option<String>,
    /// The same where the packages differ: `node-cache: NodeCache`.
    #[serde(default)]
    pub default_exports: BTreeMap<String, String>,
    /// What values the library's functions return: `createClient: Client`, `Open: DB`, `DB.Begin: Tx`. Types are names in the library,
    /// or of another one after its package: `net/http#Request`. With several results the first one; promises, futures, `Result` and `Option` are looked through. A constructor need not be named.
    #[serde(default)]
    pub returns: BTreeMap<String, String>,
    /// Types of the parameters of a function that is passed in: `PrismaClient.$transaction: [PrismaClient]`, `_` where of no interest;
    /// `*.$transaction` is that method of any receiver.
    #[serde(default)]
    pub callbacks: BTreeMap<String, Vec<String>>,
    /// Functions whose result holds their arguments as fields, by position: with `NewRequest: [Method, URL, Body]` the selector
    /// `0.URL` sees through `Do(NewRequest("GET", url, nil))`. `_` where of no interest; `...Name` takes all the rest.
    #[serde(default)]
    pub constructs: BTreeMap<String, Vec<String>>,
    /// Types of fields: `Request.Header: Header`, `Context.Request: net/http#Request`.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Traits that all events and entries of this file have.
    #[serde(default)]
    pub traits: Vec<String>,
    /// Calls that mean an event.
    #[serde(default)]
    pub events: Vec<EventModel>,
    /// Functions that are called from outside.
    #[serde(default)]
    pub entries: Vec<EntryModel>,
    /// Routers hung below others.
    #[serde(default)]
    pub mounts: Vec<MountModel>,
    /// Object-relational mappers and query builders.
    #[serde(default)]
    pub statements: Vec<StatementModel>,
    /// Packages of other models of the language that lie inside one of its own; filled in by the loader.
    #[serde(skip)]
    pub inner: Vec<String>,
    /// Where the file was read from; filled in by the loader.
    #[serde(skip)]
    pub source: String,
}

/// Calls that mean an event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EventModel {
    /// Which event: a word of [`EVENTS`].
    pub event: String,
    /// Only in these packages, each inside one of the model's; `builtin` then does not hold.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Receiver types of the library that have the methods, or types of the program that extend, implement or embed one; empty for
    /// plain functions. `*` is any receiver, known or not
    /// (but never a method the program itself defines): only for method names that nothing else has.
    #[serde(default)]
    pub types: Vec<String>,
    /// The receiver's type must be known: the method names are too common to go by the import alone.
    #[serde(default)]
    pub known_receiver: bool,
    /// Methods, functions or constructors (`new Worker` is `Worker`), Rust macros with `!`.
    #[serde(default)]
    pub calls: Vec<String>,
    /// The call means the event only with at least so many arguments, because a slot that it is nothing without is one of them;
    /// filled in by the loader.
    #[serde(skip)]
    pub needs_args: usize,
    /// Instead of calls: reads of these fields (of the `types`, or paths of globals: `process.env`). A path's next field is the event's `name`.
    /// `*` is anything the packages export.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Instead of calls: an attribute or decorator on a function that makes each call of it the event. Slots then select
    /// the function's own arguments.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// Values of the event: slot name to [`Selector`].
    #[serde(default)]
    pub slots: BTreeMap<String, String>,
    /// The call means the event only when this value (a slot's name or a selector) is a string that starts with one of these
    /// (upper case compared).
    #[serde(default, alias = "starts_with")]
    pub starts_with: BTreeMap<String, Vec<String>>,
    /// The call means the event only when the method chain goes on with one of these calls (`client.get(url).send()`).
    #[serde(default)]
    pub then: Vec<String>,
    /// The call means the event only with at least this many arguments.
    #[serde(default)]
    pub min_args: Option<usize>,
    /// The call means the event only with at most this many arguments (`new Date()` is the time, `new Date(x)` is not).
    #[serde(default)]
    pub max_args: Option<usize>,
    /// Yes-or-no properties: words of [`TRAITS`].
    #[serde(default)]
    pub traits: Vec<String>,
    /// Properties it has when one of these words stands among the arguments of this call or of one later in the same method chain
    /// (as a string, a constant's last name, a type's or function's name, an option's key or value), or is called there.
    /// `absent-only: [NX]`.
    #[serde(default)]
    pub traits_if: BTreeMap<String, Vec<String>>,
}

/// Functions that are called from outside. The keys given together must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EntryModel {
    /// What it is: a word of [`ENTRIES`].
    pub entry: String,
    /// Registration: receiver types, as in events.
    #[serde(default)]
    pub types: Vec<String>,
    /// Registration: the receiver's type must be known, as in events.
    #[serde(default)]
    pub known_receiver: bool,
    /// Registration: the calls that register a handler. The call counts only when the handler is a function, a method value, a type
    /// that has the `methods`, or the result of another registering call (`get(list)` in `.route("/x", get(list))`), to which the name is passed on.
    #[serde(default)]
    pub calls: Vec<String>,
    /// Registration: which argument is the handler (`last`, `1`, `0.process`, `1..`). An object stands for the functions in its fields,
    /// whose names are then put after the entry's name.
    #[serde(default)]
    pub handler: Option<String>,
    /// Which argument (with `attributes`: of the attribute) names the route, topic or queue.
    #[serde(default)]
    pub name: Option<String>,
    /// Which argument is the HTTP method, where neither the call's name nor the path (`GET /x`) says it.
    #[serde(default)]
    pub method: Option<String>,
    /// Registration: arguments that run before the handler (`1..`, `1.preHandler`); the handler itself and text among them are not meant.
    #[serde(default)]
    pub guards: Vec<String>,
    /// Attributes or decorators, on the function or its type, whose arguments run before it (`UseGuards`).
    #[serde(default)]
    pub guard_attributes: Vec<String>,
    /// Registration of a middleware on a router: which of its routes it runs before, a word of [`APPLIES`]. Default `later`.
    #[serde(default)]
    pub applies: Option<String>,
    /// The file's place is the route: the folders that routes start below (`app`, `pages`), the last one in a path counts.
    #[serde(default)]
    pub file_route: Vec<String>,
    /// Registration: as in events, the call counts only when this value is a string that starts with one of these (`on("message", …)`).
    #[serde(default)]
    pub starts_with: BTreeMap<String, Vec<String>>,
    /// Registration: the handler counts only when it reads one of these fields of its first parameter (`input`, `ctx`).
    #[serde(default)]
    pub takes: Vec<String>,
    /// Signature: types of the leading parameters, `_` for any, as written after the import (`http.ResponseWriter`), matched by
    /// [`type_matches`]: pointers and type arguments ignored, `*` at an end a wildcard (`*Request`).
    #[serde(default)]
    pub params: Vec<String>,
    /// Signature: types of the leading results, likewise.
    #[serde(default)]
    pub results: Vec<String>,
    /// The file needs no import of the library for this to count.
    #[serde(default, alias = "by_shape")]
    pub by_shape: bool,
    /// Attribute or decorator on the function (`get`, `actix_web::post`, `Query`).
    #[serde(default)]
    pub attributes: Vec<String>,
    /// Attribute or decorator on the type or `impl` the method is in (`Controller`, `Object`); its first argument is put before the name.
    #[serde(default)]
    pub type_attributes: Vec<String>,
    /// Trait, base class, interface or embedded type of the type the method is in (`WorkerHost`, `Unimplemented*`), matched by [`type_matches`].
    #[serde(default)]
    pub implements: Vec<String>,
    /// Names of the type the method is in (`*Resolver`), matched by [`type_matches`].
    #[serde(default)]
    pub receivers: Vec<String>,
    /// Names of the methods; any when empty.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Methods the type has beside it, each of which answers with one text and nothing else: a route that says its own path and method.
    /// The texts are its name.
    #[serde(default)]
    pub beside: Vec<String>,
    /// The function itself makes one of these calls (of the `types`), as a webhook handler verifies the sender's signature.
    #[serde(default)]
    pub calling: Vec<String>,
    /// The function stands in an object literal under one of these keys (`Query: { users() {} }`), at any depth below.
    #[serde(default)]
    pub within: Vec<String>,
    /// The function's or file's first statement is this string (`use server`).
    #[serde(default)]
    pub directives: Vec<String>,
    /// File name patterns (`**/route.ts`), usually together with `exports`.
    #[serde(default)]
    pub files: Vec<String>,
    /// Exported names that are entries (`GET`, `loader`, `default`).
    #[serde(default)]
    pub exports: Vec<String>,
    /// Which parameters the caller controls: `0`, `1..`, `0.input`, `all`, `none`, or `attribute` for those that the attribute's text names
    /// (`/items/<id>`). Default `all`, or what `input-types` says.
    #[serde(default)]
    pub input: Vec<String>,
    /// The caller controls the parameters of these types (`Path`, `Json`), and no others.
    #[serde(default)]
    pub input_types: Vec<String>,
    /// Yes-or-no properties: words of [`TRAITS`].
    #[serde(default)]
    pub traits: Vec<String>,
}

/// Calls that hang one router below another, or open a group of routes with a common beginning.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MountModel {
    /// Receiver types, as in events.
    #[serde(default)]
    pub types: Vec<String>,
    /// The calls.
    pub calls: Vec<String>,
    /// Which argument is the common beginning; a call without it opens a group with none.
    #[serde(default)]
    pub prefix: Option<String>,
    /// The router below: `result` of the call, an argument, or the first parameter of a function that is this argument.
    pub router: String,
}

/// How an object-relational mapper or query builder says statements.
///
/// A chain that holds a call with the event `sql.statement` (`db.Raw(text).Scan(&x)`) is that statement and none of these.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StatementModel {
    /// A word of [`STYLES`]: `object` (`prisma.user.findMany({where})`), `chain` (`db.select().from(t).where(…)`).
    pub style: String,
    /// Receiver types at the beginning, as in events; empty: any.
    #[serde(default)]
    pub types: Vec<String>,
    /// Where the table is: a word of [`TABLE_PLACES`].
    pub table: String,
    /// Where else to look for the table when it is not there, in this order.
    #[serde(default)]
    pub or_table: Vec<String>,
    /// Calls whose first argument names the table (`from`, `insert_into`, `table`), for `argument`; options that do, for `key`.
    #[serde(default)]
    pub table_calls: Vec<String>,
    /// Calls that decide what is done, each with a word of [`VERBS`]: `findMany: select`, `deleteMany: delete`, `upsert: upsert`.
    /// When a chain has several, one that writes goes before `select`.
    pub verbs: BTreeMap<String, String>,
    /// What the arguments of a verb are, by position: words of [`ARGUMENT_ROLES`]; the last one goes for the rest.
    /// `updateOne: [filter, values]`. Without it arguments are read by style.
    #[serde(default)]
    pub arguments: BTreeMap<String, Vec<String>>,
    /// Calls that filter (`where`, `filter`, `andWhere`) or, for `object`, argument keys that do (`where`).
    #[serde(default)]
    pub filters: Vec<String>,
    /// How filters are written, tried in order: words of [`FILTER_STYLES`].
    #[serde(default)]
    pub filter_styles: Vec<String>,
    /// Calls or keys that give written values (`values`, `set`, `data`, `create`). With a trailing `*` the rest of the call's
    /// name is the column: `Set*` for `SetTenantID(v)`.
    #[serde(default)]
    pub values: Vec<String>,
    /// Verbs whose first argument (or that with the role `key`) is the primary key (`findByPk`, `find_by_id`, `UpdateOneID`).
    #[serde(default)]
    pub by_key: Vec<String>,
    /// Calls, options or types of arguments (`clause.OnConflict{…}`) that make an insert tolerate or update an existing row
    /// (`onConflictDoNothing`, `skipDuplicates`).
    #[serde(default)]
    pub conflicts: Vec<String>,
    /// Calls, options or types of arguments (`clause.Locking{…}`) that lock the row.
    #[serde(default)]
    pub locks: Vec<String>,
    /// Calls that run the statement (`exec`, `Only`, `first`); empty when the verb itself runs it.
    #[serde(default)]
    pub terminals: Vec<String>,
    /// Joins: calls or keys (`include`, `innerJoin`).
    #[serde(default)]
    pub joins: Vec<String>,
    /// Methods of a row that was read or made before, acting on that row by its primary key: `save: update`, `destroy: delete`.
    #[serde(default)]
    pub rows: BTreeMap<String, String>,
    /// The library need not be imported in the file: the shape and the schema are enough.
    #[serde(default, alias = "by_shape")]
    pub by_shape: bool,
}

impl Model {
    /// Whether an imported path belongs to the library: to one of its packages, and not to one further inside that another model has.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let longest = |packages: &[String]| {
            packages
                .iter()
                .filter_map(|known| pattern::match_length(known, path))
                .max()
        };
        longest(&self.packages)
            .is_some_and(|own| longest(&self.inner).is_none_or(|inner| own >= inner))
    }

    /// What a package's default export is called here.
    #[must_use]
    pub fn default_export_of(&self, package: &str) -> Option<&str> {
        let named = self
            .default_exports
            .iter()
            .find(|(known, _)| package_matches(known, package));
        named
            .map(|(_, name)| name.as_str())
            .or(self.default_export.as_deref())
    }
}

impl EventModel {
    /// Whether a package of the model is one the event is limited to.
    #[must_use]
    pub fn is_of(&self, package: &str) -> bool {
        self.packages.is_empty()
            || self
                .packages
                .iter()
                .any(|known| package_matches(known, package))
    }

    /// Whether a call with so many arguments can mean the event.
    #[must_use]
    pub fn takes_args(&self, n_args: usize) -> bool {
        n_args >= self.needs_args
            && self.min_args.is_none_or(|least| n_args >= least)
            && self.max_args.is_none_or(|most| n_args <= most)
    }
}

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
        let parsed: Vec<Result<Model, RuleError>> = files.par_iter().map(parse).collect();
        for result in parsed {
            match result {
                Ok(model) => models.push(model),
                Err(error) => errors.push(error),
            }
        }
        fill_inner(&mut models);
        (Self { models }, errors)
    }

    /// Calls that two event models of one language give different meanings to.
    #[must_use]
    pub fn clashes(&self) -> Vec<Clash> {
        check::clashes(&self.models)
    }
}

/// Tells each model which packages inside its own are another's.
fn fill_inner(models: &mut [Model]) {
    let all: Vec<(String, String)> = models
        .iter()
        .flat_map(|model| {
            let language = &model.language;
            model
                .packages
                .iter()
                .map(move |package| (language.clone(), package.clone()))
        })
        .collect();
    for model in models {
        let mut inner: Vec<String> = all
            .iter()
            .filter(|(language, package)| {
                *language == model.language
                    && !model.packages.contains(package)
                    && model
                        .packages
                        .iter()
                        .any(|own| package_matches(own, package))
            })
            .map(|(_, package)| package.clone())
            .collect();
        inner.sort_unstable();
        inner.dedup();
        model.inner = inner;
    }
}

/// How many arguments a call must have for the slots that say what the event is about.
/// The key of an effect tells repetitions apart and may be left out: that is what rules ask.
fn needs_args(kind: &str, slots: &BTreeMap<String, String>) -> usize {
    let of_selector = |text: &String| {
        let selector = Selector::parse(text)?;
        selector
            .alternatives()
            .map(|one| match one.base {
                SelectorBase::Argument(n) | SelectorBase::From(n) => n + 1,
                SelectorBase::Last => 1,
                SelectorBase::Receiver | SelectorBase::Result | SelectorBase::Chained(..) => 0,
            })
            .min()
    };
    ["key", "topic", "text", "url", "path"]
        .iter()
        .filter(|name| !(**name == "key" && kind.starts_with("effect.")))
        .filter_map(|name| of_selector(slots.get(*name)?))
        .max()
        .unwrap_or(0)
}

fn parse(file: &SourceText) -> Result<Model, RuleError> {
    let mut model: Model = serde_saphyr::from_str(&file.text)
        .map_err(|error| RuleError::from_yaml(&file.path, &error))?;
    model.source.clone_from(&file.path);
    for event in &mut model.events {
        event.needs_args = needs_args(&event.event, &event.slots);
    }
    check::check(&model, &file.text)?;
    Ok(model)
}
