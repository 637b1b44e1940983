//! Imports and exports, those of CommonJS included.

use betwixt_base::Symbol;
use rustc_hash::FxHashSet;

use super::kinds::{Field, Kind};
use super::lowering::{Bound, Lowering};
use super::nodes::NodeId;
use crate::file::{Export, Import};
use crate::ir::{ExprId, ExprKind};

/// A name in a list of imports or exports.
struct Listed {
    name: Symbol,
    /// What it is called on this side; the name itself without `as`.
    alias: Symbol,
    type_only: bool,
}

impl Lowering<'_> {
    /// `import …`.
    pub(super) fn import(&mut self, at: NodeId) {
        let nodes = self.nodes;
        let type_only = nodes.has(at, Kind::Type);
        for clause in nodes.children(at) {
            match self.kind(clause) {
                Kind::ImportClause => return self.import_clause(at, clause, type_only),
                Kind::ImportRequireClause => {
                    // `import x = require("y")`
                    let source = self.field(clause, Field::Source);
                    let name = nodes.first(clause);
                    if let (Some(source), Some(name)) = (source, name) {
                        self.add_import(source, Some(Symbol::new("*")), name, name, type_only);
                    }
                    return;
                }
                _ => {}
            }
        }
        if let Some(source) = self.field(at, Field::Source) {
            self.imports.push(Import {
                path: self.string_text(source),
                imported: None,
                local: self.names.empty,
                type_only,
                module: self.names.empty,
                span: self.span(at),
            });
        }
    }

    fn import_clause(&mut self, at: NodeId, clause: NodeId, type_only: bool) {
        let nodes = self.nodes;
        let Some(source) = self.field(at, Field::Source) else {
            return;
        };
        for part in nodes.children(clause) {
            match self.kind(part) {
                Kind::Identifier => {
                    self.add_import(source, Some(Symbol::new("default")), part, part, type_only);
                }
                Kind::NamespaceImport => {
                    if let Some(name) = nodes.first(part) {
                        self.add_import(source, Some(Symbol::new("*")), name, part, type_only);
                    }
                }
                Kind::NamedImports => {
                    for specifier in nodes.children(part) {
                        self.import_specifier(source, specifier, type_only);
                    }
                }
                _ => {}
            }
        }
    }

    fn import_specifier(&mut self, source: NodeId, specifier: NodeId, type_only: bool) {
        let Some(listed) = self.listed(specifier) else {
            return;
        };
        self.imports.push(Import {
            path: self.string_text(source),
            imported: Some(listed.name),
            local: listed.alias,
            type_only: type_only || listed.type_only,
            module: self.names.empty,
            span: self.span(specifier),
        });
    }

    /// One part of a list: `a`, `a as b`, `type a`, `type a as b`.
    fn listed(&self, specifier: NodeId) -> Option<Listed> {
        if let Some(name) = self.field(specifier, Field::Name) {
            let alias = self.field(specifier, Field::Alias).unwrap_or(name);
            return Some(Listed {
                name: self.specifier_name(name),
                alias: self.specifier_name(alias),
                type_only: self.nodes.has(specifier, Kind::Type),
            });
        }
        let mut words = self.text_of(specifier).split_ascii_whitespace();
        let (first, second) = (words.next()?, words.next());
        let (third, fourth) = (words.next(), words.next());
        let (name, alias, type_only) = match (second, third, fourth) {
            (None, ..) => (first, first, false),
            (Some(name), None, _) => (name, name, true),
            (_, Some(alias), None) => (first, alias, false),
            (Some(name), _, Some(alias)) => (name, alias, true),
        };
        Some(Listed {
            name: Symbol::new(name),
            alias: Symbol::new(alias),
            type_only,
        })
    }

    /// A name in an import or export list; it may be text.
    fn specifier_name(&self, name: NodeId) -> Symbol {
        match self.kind(name) {
            Kind::String => self.string_text(name),
            _ => self.symbol(name),
        }
    }

    fn add_import(
        &mut self,
        source: NodeId,
        imported: Option<Symbol>,
        local: NodeId,
        at: NodeId,
        type_only: bool,
    ) {
        self.imports.push(Import {
            path: self.string_text(source),
            imported,
            local: self.symbol(local),
            type_only,
            module: self.names.empty,
            span: self.span(at),
        });
    }

    /// `import A = B.C`: another name for a definition.
    pub(super) fn import_alias(&mut self, at: NodeId) {
        let nodes = self.nodes;
        let mut names = nodes.children(at);
        let (Some(name), Some(target)) = (names.next(), names.next()) else {
            return;
        };
        let span = self.span(target);
        let mut parts = self.text_of(target).split('.').map(str::trim);
        let first = Symbol::new(parts.next().unwrap_or_default());
        let mut value = self.resolve(first, span);
        for part in parts {
            value = self.new_expr(ExprKind::Field(value, Symbol::new(part)), span);
        }
        let no_type = self.no_type();
        let (name, span) = (self.symbol(name), self.span(name));
        self.global(name, no_type, Some(value), true, span);
    }

    /// Whether `name = value` is `require` of a module; then its names are imports.
    pub(super) fn required(&mut self, name: NodeId, value: NodeId) -> bool {
        let whole = Symbol::new("*");
        let mut imported = whole;
        let mut call = value;
        if self.kind(value) == Kind::MemberExpression {
            // `require("x").name`
            let Some(object) = self.field(value, Field::Object) else {
                return false;
            };
            imported = self.names.symbol(self.property(value));
            call = object;
        }
        let Some(source) = self.require_source(call) else {
            return false;
        };
        match self.kind(name) {
            Kind::Identifier => self.add_import(source, Some(imported), name, name, false),
            Kind::ObjectPattern if imported == whole => {
                return self.required_parts(source, name);
            }
            _ => return false,
        }
        true
    }

    /// `{a, b: c}` of `require`; patterns with more to them are read as any other.
    fn required_parts(&mut self, source: NodeId, pattern: NodeId) -> bool {
        let nodes = self.nodes;
        let mut parts = Vec::new();
        for part in nodes.children(pattern) {
            match self.kind(part) {
                Kind::ShorthandPattern => parts.push((self.symbol(part), part)),
                Kind::PairPattern => {
                    let key = self
                        .field(part, Field::Key)
                        .and_then(|key| self.key_name(key));
                    let local = self.field(part, Field::Value);
                    match key.zip(local.filter(|&local| self.kind(local) == Kind::Identifier)) {
                        Some(renamed) => parts.push(renamed),
                        None => return false,
                    }
                }
                _ => return false,
            }
        }
        for (imported, local) in parts {
            self.add_import(source, Some(imported), local, local, false);
        }
        true
    }

    fn require_source(&self, call: NodeId) -> Option<NodeId> {
        let function = self.field(call, Field::Function)?;
        if self.kind(call) != Kind::CallExpression || self.text_of(function) != "require" {
            return None;
        }
        let source = self.nodes.first(self.field(call, Field::Arguments)?)?;
        (self.kind(source) == Kind::String).then_some(source)
    }

    /// `export …`.
    pub(super) fn export(&mut self, at: NodeId) {
        let nodes = self.nodes;
        let source = self
            .field(at, Field::Source)
            .map(|source| self.string_text(source));
        let is_default = nodes.has(at, Kind::Default);
        let mut decorators = Vec::new();
        for child in nodes.children(at) {
            match (self.kind(child), nodes.field_of(child)) {
                (Kind::Decorator, _) => decorators.push(child),
                (Kind::ExportClause, _) => self.export_clause(child, source),
                (Kind::NamespaceExport, _) => {
                    let name = nodes.first(child).map(|name| self.specifier_name(name));
                    self.add_export(name.unwrap_or_default(), Symbol::new("*"), source, None);
                }
                (_, Field::Declaration) if is_default => self.export_default(child, &decorators),
                (_, Field::Declaration) => self.export_declaration(child, &decorators),
                (_, Field::Value) => self.export_value(child),
                (_, Field::Source) => {}
                // `export = x`
                _ if nodes.has(at, Kind::Equals) => self.export_value(child),
                // `export as namespace X`
                (Kind::Identifier, _) => {}
                _ => self.statement(child),
            }
        }
        if nodes.has(at, Kind::Star) && source.is_some() {
            let star = Symbol::new("*");
            self.add_export(star, star, source, None);
        }
    }

    fn add_export(
        &mut self,
        exported: Symbol,
        local: Symbol,
        from: Option<Symbol>,
        value: Option<ExprId>,
    ) {
        if self.is_file_scope() {
            self.exports.push(Export {
                exported,
                local,
                from,
                value,
            });
        }
    }

    fn export_clause(&mut self, clause: NodeId, source: Option<Symbol>) {
        let nodes = self.nodes;
        for specifier in nodes.children(clause) {
            if let Some(Listed { name, alias, .. }) = self.listed(specifier) {
                self.add_export(alias, name, source, None);
            }
        }
    }

    /// `export const a = …`, `export function f() {}`, …: every name it defines.
    fn export_declaration(&mut self, declaration: NodeId, decorators: &[NodeId]) {
        let names = self.declared_names(declaration);
        match self.kind(declaration) {
            Kind::ClassDeclaration => self.class_declaration(declaration, decorators),
            _ => self.statement(declaration),
        }
        for name in names {
            self.add_export(name, name, None, None);
        }
    }

    fn declared_names(&self, declaration: NodeId) -> Vec<Symbol> {
        let nodes = self.nodes;
        let is_ambient = self.is_ambient || self.kind(declaration) == Kind::AmbientDeclaration;
        let declaration = self.declaration_in(declaration);
        match self.kind(declaration) {
            Kind::LexicalDeclaration | Kind::VariableDeclaration => nodes
                .children(declaration)
                .filter_map(|declarator| self.field(declarator, Field::Name))
                .flat_map(|pattern| self.pattern_names(pattern))
                .map(|name| self.symbol(name))
                .collect(),
            // Overloads come before the function they belong to.
            Kind::FunctionSignature if !is_ambient => Vec::new(),
            Kind::ImportAlias => nodes
                .first(declaration)
                .map(|name| self.symbol(name))
                .into_iter()
                .collect(),
            _ => self
                .field(declaration, Field::Name)
                .map(|name| self.symbol(name))
                .into_iter()
                .collect(),
        }
    }

    /// `export default function f() {}`, `export default class {}`.
    fn export_default(&mut self, declaration: NodeId, decorators: &[NodeId]) {
        let default = Symbol::new("default");
        let local = match self.kind(declaration) {
            Kind::ClassDeclaration => {
                self.class_declaration(declaration, decorators);
                self.field(declaration, Field::Name)
                    .map_or(default, |name| self.symbol(name))
            }
            Kind::FunctionDeclaration => self.function_definition(declaration),
            _ => {
                self.statement(declaration);
                self.field(declaration, Field::Name)
                    .map_or(default, |name| self.symbol(name))
            }
        };
        self.add_export(default, local, None, None);
    }

    /// `export default <expression>`, `export = <expression>`.
    fn export_value(&mut self, value: NodeId) {
        let default = Symbol::new("default");
        if self.kind(value) == Kind::Identifier {
            let name = self.symbol(value);
            return self.add_export(default, name, None, None);
        }
        let bound = Bound::new(default, self.span(value));
        let value = self.bound_expr(value, bound);
        self.emit_value(value);
        self.add_export(default, default, None, Some(value));
    }

    /// `module.exports = x`, `module.exports.a = x`, `exports.a = x` where the module is set up.
    pub(super) fn common_js_export(&mut self, assignment: NodeId, value: ExprId) {
        let left = self
            .field(assignment, Field::Left)
            .filter(|_| self.is_file_scope());
        let Some(exported) = left.and_then(|left| self.common_js_name(left)) else {
            return;
        };
        let ir = self.b.ir();
        let parts = match ir.kind(value) {
            ExprKind::Struct(_, parts) if exported.is_none() => ir.entry_list(parts).to_vec(),
            _ => Vec::new(),
        };
        self.export_named(exported.unwrap_or_else(|| Symbol::new("default")), value);
        // `module.exports = {a, b: c}` also exports the names `a` and `b`.
        let spread = Symbol::new("...");
        for part in parts {
            if part.name != spread && part.name != self.names.empty {
                self.export_named(part.name, part.value);
            }
        }
    }

    /// What is exported by assigning to `left`: `None` for nothing, `Some(None)` for the whole module.
    fn common_js_name(&self, left: NodeId) -> Option<Option<Symbol>> {
        if self.kind(left) != Kind::MemberExpression {
            return None;
        }
        let target = self.dotted(left)?;
        let rest = target
            .strip_prefix("module.exports")
            .or(target.strip_prefix("exports"))?;
        if rest.is_empty() {
            return Some(None);
        }
        let name = rest.strip_prefix('.').filter(|name| !name.contains('.'))?;
        Some(Some(Symbol::new(name)))
    }

    fn export_named(&mut self, exported: Symbol, value: ExprId) {
        match self.b.ir().kind(value) {
            ExprKind::Name(local) => self.add_export(exported, local, None, None),
            _ => self.add_export(exported, exported, None, Some(value)),
        }
    }

    /// Marks functions, and methods of classes, that others can import.
    pub(super) fn mark_exported(&mut self) {
        let exported: FxHashSet<Symbol> = self
            .exports
            .iter()
            .filter(|export| export.from.is_none())
            .map(|export| export.local)
            .collect();
        for function in &mut self.functions {
            if function.parent.is_none() {
                let owner = function.receiver_type.unwrap_or(function.display);
                function.flags.is_exported = exported.contains(&owner);
            }
        }
    }
}
