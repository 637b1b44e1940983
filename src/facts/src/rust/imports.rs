//! `use`, `extern crate` and `mod x;`: what a file takes from others and passes on.

use betwixt_base::{Span, Symbol};
use syn::{ItemExternCrate, ItemMod, ItemUse, UseTree, Visibility};

use super::{Lowering, attributes};
use crate::file::{ChildModule, Export, Import};

/// The path before a part of a `use` tree.
#[derive(Default)]
struct Prefix {
    text: String,
    /// The text as a symbol, once something needed it.
    symbol: Option<Symbol>,
}

impl Lowering<'_> {
    pub(super) fn use_item(&mut self, item: &ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        self.use_tree(&item.tree, &mut Prefix::default(), is_public);
    }

    /// Flattens one tree; `prefix` is left as it was.
    fn use_tree(&mut self, tree: &UseTree, prefix: &mut Prefix, is_public: bool) {
        match tree {
            UseTree::Path(path) => {
                let (len, symbol) = (prefix.text.len(), prefix.symbol.take());
                if !prefix.text.is_empty() {
                    prefix.text.push_str("::");
                }
                prefix.text.push_str(self.source.word(&path.ident));
                self.deeper(|lowering| lowering.use_tree(&path.tree, prefix, is_public));
                prefix.text.truncate(len);
                prefix.symbol = symbol;
            }
            UseTree::Name(name) => {
                let (name, span) = self.source.ident(&name.ident);
                self.import(prefix, name, name, span, is_public);
            }
            UseTree::Rename(rename) => {
                let (name, span) = self.source.ident(&rename.ident);
                let (local, local_span) = self.source.ident(&rename.rename);
                let span = Span::new(span.start, local_span.end);
                self.import(prefix, name, local, span, is_public);
            }
            UseTree::Glob(glob) => {
                let start = self.source.start(glob.star_token.span);
                let star = self.source.words.star;
                self.import(prefix, star, star, Span::new(start, start + 1), is_public);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.deeper(|lowering| lowering.use_tree(tree, prefix, is_public));
                }
            }
        }
    }

    fn import(
        &mut self,
        prefix: &mut Prefix,
        name: Symbol,
        local: Symbol,
        span: Span,
        is_public: bool,
    ) {
        let self_value = self.source.words.self_value;
        let text = prefix.text.as_str();
        let whole = *prefix.symbol.get_or_insert_with(|| Symbol::new(text));
        // `use a::b::{self}` is `use a::b`.
        let (path, imported) = match text.rsplit_once("::") {
            _ if name != self_value || text.is_empty() => (whole, name),
            Some((before, last)) => (Symbol::new(before), Symbol::new(last)),
            None => (Symbol::empty(), whole),
        };
        let local = if local == self_value { imported } else { local };
        self.facts.imports.push(Import {
            path,
            imported: Some(imported),
            local,
            type_only: false,
            module: self.module,
            span,
        });
        if is_public {
            let exported = self.in_module(local);
            self.facts.exports.push(Export {
                exported,
                local: imported,
                from: Some(path),
                value: None,
            });
        }
    }

    pub(super) fn extern_crate(&mut self, item: &ItemExternCrate) {
        let (name, span) = self.source.ident(&item.ident);
        let local = item
            .rename
            .as_ref()
            .map(|(_, local)| self.source.name(local));
        let is_public = !matches!(item.vis, Visibility::Inherited);
        self.import(
            &mut Prefix::default(),
            name,
            local.unwrap_or(name),
            span,
            is_public,
        );
    }

    pub(super) fn child_module(&mut self, item: &ItemMod) {
        let (name, span) = self.source.ident(&item.ident);
        self.facts.child_modules.push(ChildModule {
            name,
            module: self.module,
            path_attribute: item.attrs.iter().find_map(attributes::path_value),
            is_test: self.is_test || item.attrs.iter().any(attributes::is_test),
            span,
        });
    }

    /// The name with the module inside the file before it.
    pub(super) fn in_module(&self, name: Symbol) -> Symbol {
        if self.module.is_empty() {
            return name;
        }
        Symbol::new(&format!("{}::{name}", self.module))
    }
}
