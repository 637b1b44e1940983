//! Routes whose path stands in an attribute or is the place of their file.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::Attribute;
use betwixt_facts::ir::ExprKind;
use betwixt_rules::model::{EntryModel, Model};

use super::declared::attribute_is;
use super::find::Finder;
use super::registered::named_method;
use super::route::{Layer, Route, RoutePath, Segment};
use super::routers::Draft;
use super::targets::{Answer, verb};
use crate::ids::{ExprRef, FunctionId};

impl Finder<'_> {
    /// Adds the route a function is by its attribute or its file.
    pub(super) fn declare(&mut self, function: FunctionId, model: &Model, entry: &EntryModel) {
        let code = self.resolver.code;
        let file = code.file_of(function);
        let facts = code.function(function);
        let (method, path) = if entry.file_route.is_empty() {
            let attribute = facts.attributes.iter().find(|attribute| {
                entry
                    .attributes
                    .iter()
                    .any(|known| attribute_is(attribute, known))
            });
            let Some(attribute) = attribute else { return };
            let own = self.written_path(file, attribute).unwrap_or_default();
            let last = attribute.name.as_str();
            let last = last.rsplit([':', '.']).next().unwrap_or(last);
            let method = verb(last).or_else(|| self.written_method(file, attribute));
            (method, self.type_path(function, entry).join(&own))
        } else {
            let path = &self.workspace.file(file).path;
            let Some(path) = file_path(path, &entry.file_route) else {
                return;
            };
            (verb(facts.name.as_str()), path)
        };
        let mut layers = Vec::new();
        self.guard_attributes(function, &entry.guard_attributes, &mut layers);
        let method = method.or(self.wrappers(file, function, &mut layers));
        self.extractors(function, &mut layers);
        self.declared.push(Draft {
            route: Route {
                function,
                method,
                path,
                layers,
                registered: None,
                library: Symbol::new(&model.library),
                group: self.group(function),
                is_procedure: false,
            },
            is_bare: false,
        });
    }

    /// Adds the route of a handler that a file only passes on.
    pub(super) fn declare_passed(
        &mut self,
        file: FileId,
        name: Symbol,
        answer: Answer,
        model: &Model,
        entry: &EntryModel,
    ) {
        let path = &self.workspace.file(file).path;
        let Some(path) = file_path(path, &entry.file_route) else {
            return;
        };
        self.declared.push(Draft {
            route: Route {
                function: answer.function,
                method: verb(name.as_str()).or(answer.method),
                path,
                layers: answer.layers,
                registered: None,
                library: Symbol::new(&model.library),
                group: self.group(answer.function),
                is_procedure: false,
            },
            is_bare: false,
        });
    }

    /// Declared routes of one class, or of one folder, are siblings.
    fn group(&self, function: FunctionId) -> u32 {
        let code = self.resolver.code;
        let owner = self.resolver.methods.owner(function);
        owner.map_or(u32::MAX / 2 + code.file_of(function).0, |owner| {
            u32::MAX / 4 + owner.0
        })
    }

    /// The path an attribute names: its first text, or its `path`.
    fn written_path(&self, file: FileId, attribute: &Attribute) -> Option<RoutePath> {
        let ir = self.resolver.code.ir(file);
        ir.expr_list(attribute.args).iter().find_map(|&expr| {
            if let ExprKind::Struct(_, entries) = ir.kind(expr) {
                let entries = ir.entry_list(entries);
                let path = entries.iter().find(|entry| entry.name == "path")?;
                return self.constant_path(file, path.value);
            }
            self.constant_path(file, expr)
        })
    }

    /// The method an attribute names: `#[endpoint { method = GET }]`, `#[utoipa::path(get, …)]`.
    fn written_method(&self, file: FileId, attribute: &Attribute) -> Option<Symbol> {
        let ir = self.resolver.code.ir(file);
        ir.expr_list(attribute.args).iter().find_map(|&expr| {
            if let ExprKind::Struct(_, entries) = ir.kind(expr) {
                let entries = ir.entry_list(entries);
                let method = entries.iter().find(|entry| entry.name == "method")?;
                return named_method(ir, method.value);
            }
            named_method(ir, expr)
        })
    }

    /// The route that the attributes of a handler tell, where the call that registers it says none: a path that starts at
    /// the root, and its method.
    pub(super) fn told_route(&self, function: FunctionId) -> Option<(Option<Symbol>, RoutePath)> {
        let code = self.resolver.code;
        let file = code.file_of(function);
        let ir = code.ir(file);
        code.function(function).attributes.iter().find_map(|attribute| {
            let &last = ir.expr_list(attribute.args).last()?;
            let ExprKind::Struct(_, entries) = ir.kind(last) else {
                return None;
            };
            let path = ir.entry_list(entries).iter().find(|entry| entry.name == "path")?;
            let starts_at_root = matches!(ir.kind(path.value), ExprKind::Str(text) if text.as_str().starts_with('/'));
            let path = starts_at_root.then(|| self.constant_path(file, path.value))??;
            Some((self.written_method(file, attribute), path))
        })
    }

    fn constant_path(&self, file: FileId, expr: betwixt_facts::ir::ExprId) -> Option<RoutePath> {
        let at = ExprRef { file, expr };
        let known = crate::flow::text::text(self.resolver, Some(self.graph), at).constant()?;
        Some(RoutePath::parse(&known))
    }

    /// The path of the type: `@Controller("users")`.
    fn type_path(&self, function: FunctionId, entry: &EntryModel) -> RoutePath {
        let code = self.resolver.code;
        let file = code.file_of(function);
        let receiver = code.function(function).receiver_type;
        let of_type =
            receiver.and_then(|name| code.facts(file).types.iter().find(|def| def.name == name));
        let attribute = of_type.and_then(|def| {
            def.attributes.iter().find(|attribute| {
                entry
                    .type_attributes
                    .iter()
                    .any(|known| attribute_is(attribute, known))
            })
        });
        attribute
            .and_then(|attribute| self.written_path(file, attribute))
            .unwrap_or_default()
    }

    /// What stands around an exported handler (`export const GET = withTenant(async () => …)`), and the method it is for.
    fn wrappers(
        &self,
        file: FileId,
        function: FunctionId,
        layers: &mut Vec<Layer>,
    ) -> Option<Symbol> {
        let facts = self.resolver.code.facts(file);
        let globals = facts
            .globals
            .iter()
            .map(|global| (global.name, global.init));
        let exported = facts
            .exports
            .iter()
            .map(|export| (export.exported, export.value));
        for (name, expr) in globals.chain(exported) {
            let Some(expr) = expr else { continue };
            if !matches!(facts.ir.kind(expr), ExprKind::Call(_)) {
                continue;
            }
            let found = self.answers(ExprRef { file, expr }, 0);
            if let Some(answer) = found.into_iter().find(|found| found.function == function) {
                layers.extend(answer.layers);
                return answer.method.or_else(|| verb(name.as_str()));
            }
        }
        None
    }
}

/// The route a file is by its place below one of the folders.
fn file_path(path: &str, roots: &[String]) -> Option<RoutePath> {
    let mut parts: Vec<&str> = path.split('/').collect();
    let root = parts
        .iter()
        .position(|part| roots.iter().any(|root| root == part))?;
    let root_name = parts[root];
    parts.drain(..=root);
    let file = parts.pop()?;
    let stem = file.split_once('.').map_or(file, |(stem, rest)| {
        if rest.contains('.') {
            &file[..file.rfind('.').unwrap_or(stem.len())]
        } else {
            stem
        }
    });
    let mut segments = Vec::new();
    for part in parts {
        push_part(part, &mut segments);
    }
    if root_name == "routes" && stem != "_index" && !stem.starts_with('+') {
        // Remix writes `users.$id.posts`.
        for part in stem.split('.') {
            push_part(part, &mut segments);
        }
    } else if !matches!(stem, "route" | "index" | "page" | "_index" | "layout")
        && !stem.starts_with('+')
    {
        push_part(stem, &mut segments);
    }
    Some(RoutePath {
        segments,
        is_open: false,
    })
}

fn push_part(part: &str, segments: &mut Vec<Segment>) {
    let is_silent = part.is_empty()
        || (part.starts_with('(') && part.ends_with(')'))
        || part.starts_with('@')
        || part.starts_with('_')
        || part == "route";
    if is_silent {
        return;
    }
    let part = part.trim_end_matches('_');
    if part == "$" {
        segments.push(Segment::Rest(Symbol::empty()));
    } else if let Some(name) = part.strip_prefix('$') {
        segments.push(Segment::Param(Symbol::new(name)));
    } else {
        segments.extend(RoutePath::parse(part).segments);
    }
}

#[cfg(test)]
mod tests {
    use super::file_path;

    fn path(file: &str, root: &str) -> String {
        file_path(file, &[root.to_owned()])
            .expect("a route")
            .to_string()
    }

    #[test]
    fn the_place_of_a_file_is_its_route() {
        assert_eq!(
            path("web/app/api/users/[id]/route.ts", "app"),
            "/api/users/{id}"
        );
        assert_eq!(path("app/(team)/[slug]/page.tsx", "app"), "/{slug}");
        assert_eq!(path("src/pages/api/items/index.ts", "pages"), "/api/items");
        assert_eq!(
            path("src/pages/api/items/[...all].ts", "pages"),
            "/api/items/{all...}"
        );
        assert_eq!(path("app/routes/users.$id.tsx", "routes"), "/users/{id}");
        assert_eq!(path("app/routes/_auth.login.tsx", "routes"), "/login");
        assert!(file_path("src/lib/users.ts", &["app".to_owned()]).is_none());
    }
}
