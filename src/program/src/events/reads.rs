//! What a read of a field means: `req.body`, `process.env.URL`, `locals.user`.
//!
//! Asked where a question ends at a parameter or a name, never collected: most fields mean nothing.

use betwixt_base::{FileId, Symbol};
use betwixt_rules::model::EventModel;

use crate::resolve::Resolver;
use crate::types::Type;

/// A read that a model knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read<'a> {
    /// `request.read`, `tenant.source`, `value.config`.
    pub event: &'a EventModel,
    /// What is read of it, where the path goes on: `X` of `process.env.X`.
    pub name: Option<Symbol>,
}

impl Read<'_> {
    /// Whether the model gives it a trait.
    #[must_use]
    pub fn has(&self, property: &str) -> bool {
        self.event.traits.iter().any(|known| known == property)
    }
}

/// What reading `path` of a value of a library's type means.
#[must_use]
pub fn read_of_type<'a>(
    resolver: &Resolver<'a>,
    file: FileId,
    of: Type,
    path: &[Symbol],
) -> Option<Read<'a>> {
    let Type::External { package, name } = of else {
        return None;
    };
    let first = path.first()?;
    let name = name.as_str();
    let name = name.rsplit(['.', ':']).next().unwrap_or(name);
    let models = resolver.models;
    let language = resolver.code.facts(file).language;
    let of_package = models.models_of(language, package);
    of_package
        .iter()
        .flat_map(|&at| &models.models()[at].events)
        .find(|event| {
            event.types.iter().any(|known| known == name)
                && event.reads.iter().any(|read| *first == *read.as_str())
        })
        .map(|event| Read {
            event,
            name: path.get(1).copied(),
        })
}

/// What reading a path of a global means: `process.env.URL`, `import.meta.env.URL`.
#[must_use]
pub fn read_of_global<'a>(
    resolver: &Resolver<'a>,
    file: FileId,
    global: Symbol,
    path: &[Symbol],
) -> Option<Read<'a>> {
    let language = resolver.code.facts(file).language.name();
    let models = resolver.models.models().iter();
    models
        .filter(|model| model.builtin && model.language == language)
        .flat_map(|model| &model.events)
        .find_map(|event| {
            let read = event
                .reads
                .iter()
                .find(|read| continues(read, global, path))?;
            let n = read.split('.').count() - 1;
            Some(Read {
                event,
                name: path.get(n).copied(),
            })
        })
}

fn continues(read: &str, global: Symbol, path: &[Symbol]) -> bool {
    let mut parts = read.split('.');
    if parts.next() != Some(global.as_str()) {
        return false;
    }
    let mut path = path.iter();
    let rest_agrees = parts.all(|part| path.next().is_some_and(|own| own.as_str() == part));
    rest_agrees && read.contains('.')
}
