//! Which functions a method of a type is: its own, promoted, inherited; of an interface those of the types that implement it.
//!
//! Structural where the language is: a Go type implements an interface when it, or a struct that embeds it, has all methods.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::TypeKind;

use crate::calls::Callee;
use crate::ids::{FunctionId, TypeId};
use crate::resolve::Resolver;
use crate::types::Type;

/// Most structs looked at that embed one type.
const MAX_EMBEDDERS: usize = 64;

/// Most implementers an interface call is resolved to.
pub(crate) const MAX_TARGETS: usize = 24;

impl Resolver<'_> {
    /// A method of a type: its own, promoted, inherited; of an interface: those of its implementers.
    #[must_use]
    pub fn type_method(&self, owner: TypeId, name: Symbol) -> Callee {
        if let Some(found) = self.find_method(owner, name, 0) {
            let is_abstract =
                self.code.is_interface(owner) && !self.code.function(found).flags.has_body;
            if !is_abstract && !self.code.is_interface(owner) {
                return Callee::One(found);
            }
        }
        let implementers = self.implementations(owner, name);
        match implementers.len() {
            0 => self.embedded_external(owner, name, 0),
            1 => Callee::One(implementers[0]),
            _ => Callee::Many(implementers.into_boxed_slice()),
        }
    }

    pub(crate) fn find_method(
        &self,
        owner: TypeId,
        name: Symbol,
        depth: u32,
    ) -> Option<FunctionId> {
        if let Some(found) = self.methods.own(owner, name) {
            return Some(found);
        }
        if depth > 6 {
            return None;
        }
        let def = self.code.type_def(owner);
        let (file, _) = self.code.type_place(owner);
        let embedded = def
            .fields
            .iter()
            .filter(|field| field.embedded)
            .map(|field| field.type_ref);
        embedded
            .chain(def.bases.iter().copied())
            .chain(def.aliased)
            .find_map(|base| match self.written(file, base) {
                Type::Def(base) if base != owner => self.find_method(base, name, depth + 1),
                _ => None,
            })
    }

    /// A method promoted from an embedded library type or interface.
    fn embedded_external(&self, owner: TypeId, name: Symbol, depth: u32) -> Callee {
        let def = self.code.type_def(owner);
        let (file, _) = self.code.type_place(owner);
        let embedded = def
            .fields
            .iter()
            .filter(|field| field.embedded)
            .map(|field| field.type_ref);
        for base in embedded.chain(def.bases.iter().copied()).chain(def.aliased) {
            match self.written(file, base) {
                Type::External {
                    package,
                    name: outer,
                } if !package.is_empty() => {
                    return Callee::External {
                        package,
                        name: Symbol::new(&format!("{outer}.{name}")),
                    };
                }
                Type::Def(base) if base != owner && depth < 4 => {
                    let found = if self.code.is_interface(base) {
                        self.type_method(base, name)
                    } else {
                        self.embedded_external(base, name, depth + 1)
                    };
                    if found != Callee::Unknown {
                        return found;
                    }
                }
                _ => {}
            }
        }
        // A field that holds a function: `s.now()`.
        if let Some(field) = def.fields.iter().find(|field| field.name == name)
            && let Some(init) = field.init
        {
            return self.value_callee(file, init, 0);
        }
        Callee::Unknown
    }

    /// Methods of that name on the types that implement an interface, or extend a class, in id order.
    fn implementations(&self, interface: TypeId, name: Symbol) -> Vec<FunctionId> {
        let def = self.code.type_def(interface);
        if def.kind != TypeKind::Interface && def.kind != TypeKind::Class {
            return Vec::new();
        }
        let language = self
            .code
            .facts(self.code.type_place(interface).0)
            .language
            .name();
        let wanted: Vec<Symbol> = def.methods.iter().map(|method| method.name).collect();
        let mut found: Vec<FunctionId> = self
            .methods
            .named(name)
            .iter()
            .copied()
            .filter(|&function| {
                let Some(owner) = self.methods.owner(function) else {
                    return false;
                };
                owner != interface
                    && self.code.function(function).flags.has_body
                    && self.code.facts(self.code.file_of(function)).language.name() == language
                    && self.implements(owner, interface, def.name, &wanted, function, language)
            })
            .take(MAX_TARGETS + 1)
            .collect();
        if let Some(default) = self.methods.own(interface, name)
            && self.code.function(default).flags.has_body
        {
            found.push(default);
        }
        if found.len() > MAX_TARGETS {
            found.clear();
        }
        found
    }

    fn implements(
        &self,
        owner: TypeId,
        interface: TypeId,
        interface_name: Symbol,
        wanted: &[Symbol],
        method: FunctionId,
        language: &str,
    ) -> bool {
        match language {
            "rust" => self.code.function(method).implements == Some(interface_name),
            "go" => {
                !self.code.is_interface(owner)
                    && self.signature_fits(interface, method)
                    && self.has_methods(owner, wanted, 0)
            }
            _ => {
                let (file, _) = self.code.type_place(owner);
                let bases = &self.code.type_def(owner).bases;
                bases
                    .iter()
                    .any(|&base| self.written(file, base) == Type::Def(interface))
                    || (!wanted.is_empty()
                        && !self.code.is_interface(owner)
                        && wanted.len() > 1
                        && wanted
                            .iter()
                            .all(|&name| self.methods.own(owner, name).is_some()))
            }
        }
    }

    /// Whether a type, or a struct that embeds it and so has its methods, has all of these.
    fn has_methods(&self, owner: TypeId, wanted: &[Symbol], depth: u32) -> bool {
        let has = |&name: &Symbol| self.find_method(owner, name, 0).is_some();
        wanted.iter().all(has)
            || (depth < 3
                && self
                    .methods
                    .embedders(owner)
                    .iter()
                    .take(MAX_EMBEDDERS)
                    .any(|&outer| self.has_methods(outer, wanted, depth + 1)))
    }

    /// Notes which structs embed which types; Go methods are promoted that way.
    pub(crate) fn embeddings(&self) -> Vec<(TypeId, TypeId)> {
        let mut found = Vec::new();
        for (file, facts) in self.code.code_files() {
            if facts.language.name() != "go" {
                continue;
            }
            for (index, def) in facts.types.iter().enumerate() {
                let outer = self.code.type_id(file, index);
                for field in def.fields.iter().filter(|field| field.embedded) {
                    if let Type::Def(inner) = self.written(file, field.type_ref)
                        && inner != outer
                    {
                        found.push((inner, outer));
                    }
                }
            }
        }
        found
    }

    /// Whether a method has as many parameters and results as the interface asks for, with types of the same names.
    fn signature_fits(&self, interface: TypeId, method: FunctionId) -> bool {
        let facts = self.code.function(method);
        let def = self.code.type_def(interface);
        let Some(wanted) = def.methods.iter().find(|wanted| wanted.name == facts.name) else {
            return true;
        };
        if wanted.params.len() != facts.params.len() || wanted.results.len() != facts.results.len()
        {
            return false;
        }
        let (there, here) = (self.code.type_place(interface).0, self.code.file_of(method));
        let params = facts
            .params
            .iter()
            .map(|&param| self.code.ir(here).local(param).type_ref);
        let given: Vec<_> = params.chain(facts.results.iter().copied()).collect();
        let asked = wanted.params.iter().chain(&wanted.results).copied();
        asked.zip(given).all(|(asked, given)| {
            match (self.type_name(there, asked), self.type_name(here, given)) {
                (Some(asked), Some(given)) => asked == given || asked == "any" || given == "any",
                _ => true,
            }
        })
    }

    fn type_name(&self, file: FileId, written: betwixt_facts::ir::TypeRefId) -> Option<Symbol> {
        match self.code.ir(file).type_ref(written) {
            betwixt_facts::ir::TypeRef::Named { name, .. } => Some(*name),
            betwixt_facts::ir::TypeRef::Pointer(inner) => self.type_name(file, *inner),
            _ => None,
        }
    }
}
