//! Library models by what code resolves to.

use std::sync::{Arc, PoisonError, RwLock};

use betwixt_base::{Language, Symbol};
use betwixt_rules::ModelSet;
use betwixt_rules::model::{EntryModel, EventModel, Model, StatementModel};
use rustc_hash::FxHashMap;

use crate::types::Type;

/// Indexes of models by language and package.
type PackageMemo = FxHashMap<(&'static str, Symbol), Arc<[usize]>>;

/// Models, found by package and call name.
#[derive(Debug, Default)]
pub struct ModelIndex {
    models: Vec<Model>,
    by_language: FxHashMap<&'static str, Vec<usize>>,
    /// Last name of a call to events: (model, event).
    by_call: FxHashMap<(&'static str, Symbol), Vec<(usize, usize)>>,
    /// What [`Self::models_of`] found before; packages repeat in every file.
    of_package: RwLock<PackageMemo>,
}

impl ModelIndex {
    /// Indexes models.
    #[must_use]
    pub fn new(set: ModelSet) -> Self {
        let mut index = Self {
            models: set.models,
            ..Self::default()
        };
        for (at, model) in index.models.iter().enumerate() {
            let language = language_name(&model.language);
            index.by_language.entry(language).or_default().push(at);
            for (event_at, event) in model.events.iter().enumerate() {
                for call in &event.calls {
                    let last = call
                        .trim_end_matches("()")
                        .rsplit(['.', ':'])
                        .next()
                        .unwrap_or(call);
                    index
                        .by_call
                        .entry((language, Symbol::new(last)))
                        .or_default()
                        .push((at, event_at));
                }
            }
        }
        index
    }

    /// All models.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// Whether a package is one of a model's.
    #[must_use]
    pub fn is_package(&self, model: &Model, package: Symbol) -> bool {
        !package.is_empty() && model.covers(package.as_str())
    }

    /// Events that a call of that last name could mean, with their model.
    pub fn events_named(
        &self,
        language: Language,
        last: Symbol,
    ) -> impl Iterator<Item = (usize, &Model, &EventModel)> {
        let found = self
            .by_call
            .get(&(language.name(), last))
            .map_or(&[][..], Vec::as_slice);
        found.iter().map(|&(model, event)| {
            (
                model,
                &self.models[model],
                &self.models[model].events[event],
            )
        })
    }

    /// Statement models of a language.
    pub fn statements(
        &self,
        language: Language,
    ) -> impl Iterator<Item = (&Model, &StatementModel)> {
        let of_language = self
            .models
            .iter()
            .filter(move |model| model.language == language.name());
        of_language.flat_map(|model| {
            model
                .statements
                .iter()
                .map(move |statement| (model, statement))
        })
    }

    /// Entry models of a language.
    pub fn entries(&self, language: Language) -> impl Iterator<Item = (&Model, &EntryModel)> {
        let of_language = self
            .models
            .iter()
            .filter(move |model| model.language == language.name());
        of_language.flat_map(|model| model.entries.iter().map(move |entry| (model, entry)))
    }

    /// The type of a library call's first result.
    #[must_use]
    pub fn result(&self, language: Language, package: Symbol, name: Symbol) -> Type {
        if package.is_empty() {
            return Type::Unknown;
        }
        let written = name.as_str().replace("::", ".");
        let text = written.as_str();
        for &at in self.models_of(language, package).iter() {
            let model = &self.models[at];
            let own = crate::events::matching::exported_name(model, package.as_str(), text);
            if let Some(result) = model.returns.get(&own) {
                let (package, result) = match result.split_once('#') {
                    Some((other, result)) => (Symbol::new(other), result),
                    None => (package, result.as_str()),
                };
                return Type::External {
                    package,
                    name: Symbol::new(result),
                };
            }
        }
        // `Client::new()` and `redis.NewClient()` give what they are named after.
        let (owner, last) = text.rsplit_once('.').unwrap_or(("", text));
        let constructs = matches!(
            last,
            "new" | "default" | "open" | "connect" | "builder" | "from_url"
        );
        if constructs && owner.bytes().next().is_some_and(|b| b.is_ascii_uppercase()) {
            return Type::External {
                package,
                name: Symbol::new(owner),
            };
        }
        match last.strip_prefix("New") {
            Some(made) if owner.is_empty() && !made.is_empty() => Type::External {
                package,
                name: Symbol::new(made),
            },
            _ => Type::Unknown,
        }
    }

    /// The models of a package, in file order.
    #[must_use]
    pub fn models_of(&self, language: Language, package: Symbol) -> Arc<[usize]> {
        let key = (language.name(), package);
        let known = self
            .of_package
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(known) = known {
            return known;
        }
        let of_language = self
            .by_language
            .get(language.name())
            .map_or(&[][..], Vec::as_slice);
        let found: Arc<[usize]> = of_language
            .iter()
            .copied()
            .filter(|&at| self.is_package(&self.models[at], package))
            .collect();
        self.of_package
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, Arc::clone(&found));
        found
    }
}

fn language_name(name: &str) -> &'static str {
    match name {
        "go" => "go",
        "typescript" => "typescript",
        _ => "rust",
    }
}
