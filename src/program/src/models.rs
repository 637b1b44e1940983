//! Library models by what code resolves to.

use betwixt_base::{Language, Symbol};
use betwixt_rules::model::{EntryModel, EventModel, Model, StatementModel};
use betwixt_rules::ModelSet;
use rustc_hash::FxHashMap;

use crate::types::Type;

/// Models, found by package and call name.
#[derive(Debug, Default)]
pub struct ModelIndex {
    models: Vec<Model>,
    /// Package (without major version) and language to models.
    by_package: FxHashMap<(&'static str, String), Vec<usize>>,
    /// Last name of a call to events: (model, event).
    by_call: FxHashMap<(&'static str, Symbol), Vec<(usize, usize)>>,
}

impl ModelIndex {
    /// Indexes models.
    #[must_use]
    pub fn new(set: ModelSet) -> Self {
        let mut index = Self { models: set.models, ..Self::default() };
        for (at, model) in index.models.iter().enumerate() {
            let language = language_name(&model.language);
            for package in &model.packages {
                index.by_package.entry((language, without_version(package))).or_default().push(at);
            }
            for (event_at, event) in model.events.iter().enumerate() {
                for call in &event.calls {
                    let last = call.rsplit(['.', ':']).next().unwrap_or(call);
                    index.by_call.entry((language, Symbol::new(last))).or_default().push((at, event_at));
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
        !package.is_empty() && model.packages.iter().any(|known| package_matches(known, package.as_str()))
    }

    /// Events that a call of that last name could mean, with their model.
    pub fn events_named(&self, language: Language, last: Symbol) -> impl Iterator<Item = (&Model, &EventModel)> {
        let found = self.by_call.get(&(language.name(), last)).map_or(&[][..], Vec::as_slice);
        found.iter().map(|&(model, event)| (&self.models[model], &self.models[model].events[event]))
    }

    /// Statement models of a language.
    pub fn statements(&self, language: Language) -> impl Iterator<Item = (&Model, &StatementModel)> {
        let of_language = self.models.iter().filter(move |model| model.language == language.name());
        of_language.flat_map(|model| model.statements.iter().map(move |statement| (model, statement)))
    }

    /// Entry models of a language.
    pub fn entries(&self, language: Language) -> impl Iterator<Item = (&Model, &EntryModel)> {
        let of_language = self.models.iter().filter(move |model| model.language == language.name());
        of_language.flat_map(|model| model.entries.iter().map(move |entry| (model, entry)))
    }

    /// The type of a library call's first result.
    #[must_use]
    pub fn result(&self, language: Language, package: Symbol, name: Symbol) -> Type {
        if package.is_empty() {
            return Type::Unknown;
        }
        let text = name.as_str();
        for at in self.models_of(language, package) {
            if let Some(result) = self.models[at].returns.get(text) {
                return Type::External { package, name: Symbol::new(result) };
            }
        }
        // `Client::new()` and `redis.NewClient()` give what they are named after.
        let (owner, last) = text.rsplit_once('.').unwrap_or(("", text));
        let constructs = matches!(last, "new" | "default" | "open" | "connect" | "builder" | "from_url");
        if constructs && owner.bytes().next().is_some_and(|b| b.is_ascii_uppercase()) {
            return Type::External { package, name: Symbol::new(owner) };
        }
        match last.strip_prefix("New") {
            Some(made) if owner.is_empty() && !made.is_empty() => {
                Type::External { package, name: Symbol::new(made) }
            }
            _ => Type::Unknown,
        }
    }

    fn models_of(&self, language: Language, package: Symbol) -> impl Iterator<Item = usize> {
        let plain = without_version(package.as_str());
        let separator = if language == Language::Rust { "::" } else { "/" };
        let mut found = Vec::new();
        let mut rest = plain.as_str();
        loop {
            if let Some(models) = self.by_package.get(&(language.name(), rest.to_owned())) {
                found.extend_from_slice(models);
            }
            match rest.rsplit_once(separator) {
                Some((outer, _)) => rest = outer,
                None => break,
            }
        }
        found.into_iter()
    }
}

fn language_name(name: &str) -> &'static str {
    match name {
        "go" => "go",
        "typescript" => "typescript",
        _ => "rust",
    }
}

/// `github.com/x/y/v5/z` without the major version.
fn without_version(package: &str) -> String {
    let is_version = |part: &str| {
        part.len() > 1 && part.starts_with('v') && part[1..].bytes().all(|b| b.is_ascii_digit())
    };
    if !package.contains("/v") {
        return package.to_owned();
    }
    package.split('/').filter(|part| !is_version(part)).collect::<Vec<_>>().join("/")
}

fn package_matches(known: &str, package: &str) -> bool {
    let known = without_version(known);
    let package = without_version(package);
    package == known
        || package.strip_prefix(&known).is_some_and(|rest| rest.starts_with('/') || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_versions_do_not_matter() {
        assert!(package_matches("github.com/jackc/pgx/v5", "github.com/jackc/pgx/v4"));
        assert!(package_matches("github.com/jackc/pgx", "github.com/jackc/pgx/v5/pgxpool"));
        assert!(!package_matches("github.com/jackc/pgx", "github.com/jackc/pgxutil"));
    }
}
