//! Checks that stand at the handler itself: guard decorators, extractor parameters.

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, Place, Symbol};
use betwixt_facts::Attribute;
use betwixt_facts::ir::ExprKind;

use super::declared::attribute_is;
use super::find::Finder;
use super::route::{Layer, LayerScope, RoutePath};
use crate::flow::text::texts;
use crate::ids::{ExprRef, FunctionId};
use crate::types::Type;

/// A layer that runs before all entries of one library in a service.
#[derive(Debug, Clone)]
pub(super) struct ServiceLayer {
    /// The layer.
    pub(super) layer: Layer,
    /// Name of the model.
    pub(super) library: Symbol,
    /// Only for these paths; empty for all.
    pub(super) paths: Vec<RoutePath>,
}

impl ServiceLayer {
    /// Whether it runs before an entry.
    pub(super) fn runs_before(
        &self,
        workspace: &Workspace,
        file: FileId,
        library: Symbol,
        path: Option<&RoutePath>,
    ) -> bool {
        let own = workspace.file(self.layer.at.file).service;
        let is_meant = |path: &RoutePath| {
            self.paths.is_empty() || self.paths.iter().any(|prefix| prefix.is_prefix_of(path))
        };
        self.library == library
            && own == workspace.file(file).service
            && path.map_or(self.paths.is_empty(), is_meant)
    }
}

/// Methods that make a parameter from a request; they may refuse it.
const EXTRACTS: &[&str] = &["from_request_parts", "from_request"];

impl Finder<'_> {
    /// Adds the checks that make a handler's parameters (Rust extractors and request guards).
    pub(super) fn extractors(&self, function: FunctionId, layers: &mut Vec<Layer>) {
        let code = self.resolver.code;
        let file = code.file_of(function);
        if !self.resolver.names.is_rust(file) {
            return;
        }
        for &param in &code.function(function).params {
            let local = code.ir(file).local(param);
            let Type::Def(owner) = self.resolver.written(file, local.type_ref) else {
                continue;
            };
            let made_by = EXTRACTS
                .iter()
                .find_map(|name| self.resolver.methods.own(owner, Symbol::new(name)));
            if let Some(made_by) = made_by {
                layers.push(Layer {
                    name: code.type_def(owner).name,
                    function: Some(made_by),
                    at: Place {
                        file,
                        span: local.span,
                    },
                    scope: LayerScope::Route,
                });
            }
        }
    }

    /// Adds what guard decorators name, first those of the type.
    pub(super) fn guard_attributes(
        &self,
        function: FunctionId,
        wanted: &[String],
        layers: &mut Vec<Layer>,
    ) {
        if wanted.is_empty() {
            return;
        }
        let code = self.resolver.code;
        let file = code.file_of(function);
        let facts = code.facts(file);
        let own = &code.function(function).attributes;
        let of_type = code
            .function(function)
            .receiver_type
            .and_then(|name| facts.types.iter().find(|def| def.name == name));
        for (attributes, scope) in [
            (of_type.map(|def| &def.attributes), LayerScope::Router),
            (Some(own), LayerScope::Route),
        ] {
            for attribute in attributes.into_iter().flatten() {
                self.guard_attribute(file, attribute, wanted, scope, layers);
            }
        }
    }

    fn guard_attribute(
        &self,
        file: FileId,
        attribute: &Attribute,
        wanted: &[String],
        scope: LayerScope,
        layers: &mut Vec<Layer>,
    ) {
        if wanted.iter().any(|known| attribute_is(attribute, known)) {
            for &expr in self.resolver.code.ir(file).expr_list(attribute.args) {
                self.layers(ExprRef { file, expr }, scope, 0, layers);
            }
            return;
        }
        // A decorator of the program's own: `@RequireRole('admin')`.
        let Some(crate::Def::Function(function)) =
            self.resolver.names.resolve(file, attribute.name)
        else {
            return;
        };
        layers.push(Layer {
            name: attribute.name,
            function: Some(function),
            at: Place {
                file,
                span: attribute.span,
            },
            scope,
        });
    }

    /// A middleware file (`middleware.ts`) with the paths its `config.matcher` names.
    pub(super) fn service_file(&mut self, function: FunctionId, library: Symbol) {
        let code = self.resolver.code;
        let file = code.file_of(function);
        let facts = code.function(function);
        self.service_layers.push(ServiceLayer {
            layer: Layer {
                name: facts.display,
                function: Some(function),
                at: Place {
                    file,
                    span: facts.name_span,
                },
                scope: LayerScope::Service,
            },
            library,
            paths: self.matcher(file),
        });
    }

    fn matcher(&self, file: FileId) -> Vec<RoutePath> {
        let facts = self.resolver.code.facts(file);
        let config = facts.globals.iter().find(|global| global.name == "config");
        let Some(ExprKind::Struct(_, entries)) = config
            .and_then(|global| global.init)
            .map(|init| facts.ir.kind(init))
        else {
            return Vec::new();
        };
        let entries = facts.ir.entry_list(entries);
        let Some(entry) = entries.iter().find(|entry| entry.name == "matcher") else {
            return Vec::new();
        };
        let values = match facts.ir.kind(entry.value) {
            ExprKind::List(items) => facts.ir.expr_list(items).to_vec(),
            _ => vec![entry.value],
        };
        values
            .into_iter()
            .map(|expr| {
                let known = texts(self.resolver, Some(self.graph), ExprRef { file, expr });
                RoutePath::of_text(&known[0])
            })
            .collect()
    }
}
