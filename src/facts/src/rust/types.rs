//! Written types.

use betwixt_base::Symbol;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, GenericParam, Generics, Path, PathArguments,
    QSelf, ReturnType, Type, TypeParamBound, WherePredicate,
};

use super::Lowering;
use crate::ir::{TypeRef, TypeRefId};

const UNKNOWN: TypeRefId = TypeRefId(0);

/// Bounds that say nothing of what a value can do.
const MARKERS: [&str; 8] = [
    "Send",
    "Sync",
    "Unpin",
    "Sized",
    "Copy",
    "Clone",
    "UnwindSafe",
    "Debug",
];

impl Lowering<'_> {
    pub(super) fn type_ref(&mut self, ty: &Type) -> TypeRefId {
        self.deeper(|lowering| lowering.type_inner(ty))
            .unwrap_or(UNKNOWN)
    }

    fn type_inner(&mut self, ty: &Type) -> TypeRefId {
        match ty {
            Type::Path(ty) => self.path_type(ty.qself.as_ref(), &ty.path),
            Type::Reference(ty) => match &*ty.elem {
                Type::Slice(slice) => self.slice_type(&slice.elem),
                elem => self.pointer_type(elem),
            },
            Type::Ptr(ty) => self.pointer_type(&ty.elem),
            Type::Slice(ty) => self.slice_type(&ty.elem),
            Type::Array(ty) => self.slice_type(&ty.elem),
            Type::Tuple(ty) => {
                let members = ty
                    .elems
                    .iter()
                    .map(|member| self.type_ref(member))
                    .collect();
                self.ir.type_ref(TypeRef::Tuple(members))
            }
            Type::ImplTrait(ty) => self.bounds_type(ty.bounds.iter()).unwrap_or(UNKNOWN),
            Type::TraitObject(ty) => self.bounds_type(ty.bounds.iter()).unwrap_or(UNKNOWN),
            Type::FnPtr(ty) => {
                let params = ty
                    .inputs
                    .iter()
                    .map(|input| self.type_ref(&input.ty))
                    .collect();
                let results = self.result_types(&ty.output);
                self.ir.type_ref(TypeRef::Function { params, results })
            }
            Type::Paren(ty) => self.type_ref(&ty.elem),
            Type::Group(ty) => self.type_ref(&ty.elem),
            Type::Never(_) => self.ir.named_type(Symbol::new("!")),
            _ => UNKNOWN,
        }
    }

    fn pointer_type(&mut self, to: &Type) -> TypeRefId {
        let to = self.type_ref(to);
        self.ir.type_ref(TypeRef::Pointer(to))
    }

    fn slice_type(&mut self, of: &Type) -> TypeRefId {
        let of = self.type_ref(of);
        self.ir.type_ref(TypeRef::Slice(of))
    }

    /// Absent when none is written.
    pub(super) fn result_types(&mut self, output: &ReturnType) -> Vec<TypeRefId> {
        match output {
            ReturnType::Default => Vec::new(),
            ReturnType::Type(_, ty) => vec![self.type_ref(ty)],
        }
    }

    /// `a::B<C>`, also as the type of a struct literal.
    pub(super) fn path_type(&mut self, qself: Option<&QSelf>, path: &Path) -> TypeRefId {
        let Some(last) = path.segments.last() else {
            return UNKNOWN;
        };
        let name = self.source.name(&last.ident);
        if path.segments.len() == 1 && qself.is_none() && last.arguments.is_none() {
            return self.plain_type(name);
        }
        let qualifier = match qself {
            Some(qself) => Some(self.type_name(&qself.ty)),
            None => self.qualifier(path),
        };
        let args = match &last.arguments {
            PathArguments::None => Vec::new(),
            PathArguments::AngleBracketed(args) => self.type_args(args),
            PathArguments::Parenthesized(args) => {
                let params = args
                    .inputs
                    .iter()
                    .map(|input| self.type_ref(&input.ty))
                    .collect();
                let results = self.result_types(&args.output);
                return self.ir.type_ref(TypeRef::Function { params, results });
            }
        };
        self.ir.type_ref(TypeRef::Named {
            qualifier,
            name,
            args,
        })
    }

    /// One word: `Self`, a type parameter with a bound, or a type.
    fn plain_type(&mut self, name: Symbol) -> TypeRefId {
        if let Some(own) = self.self_type
            && name == self.source.words.self_type
        {
            return own.type_ref;
        }
        let bound = self.bounds.iter().rev().find(|(param, _)| *param == name);
        bound.map_or_else(|| self.ir.named_type(name), |&(_, bound)| bound)
    }

    fn qualifier(&self, path: &Path) -> Option<Symbol> {
        let (qualifier, _) = self.source.path_without_last(path, 1);
        match self.self_type {
            _ if qualifier.is_empty() => None,
            Some(own) if qualifier == self.source.words.self_type => Some(own.name),
            _ => Some(qualifier),
        }
    }

    pub(super) fn type_args(&mut self, args: &AngleBracketedGenericArguments) -> Vec<TypeRefId> {
        let mut types = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            match arg {
                GenericArgument::Type(ty) => types.push(self.type_ref(ty)),
                GenericArgument::AssocType(assoc) => types.push(self.type_ref(&assoc.ty)),
                _ => {}
            }
        }
        types
    }

    /// What the bounds ask for; `None` when they only mark.
    fn bounds_type<'b>(
        &mut self,
        bounds: impl Iterator<Item = &'b TypeParamBound>,
    ) -> Option<TypeRefId> {
        let mut members = Vec::new();
        for bound in bounds {
            let TypeParamBound::Trait(bound) = bound else {
                continue;
            };
            let name = self.source.last_name(&bound.path);
            if bound.maybe.is_none() && !MARKERS.contains(&name.as_str()) {
                members.push(self.path_type(None, &bound.path));
            }
        }
        match members.as_slice() {
            [] => None,
            &[one] => Some(one),
            _ => Some(self.ir.type_ref(TypeRef::Union(members))),
        }
    }

    /// Supertraits.
    pub(super) fn base_types<'b>(
        &mut self,
        bounds: impl Iterator<Item = &'b TypeParamBound>,
    ) -> Vec<TypeRefId> {
        let traits = bounds.filter_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Some(&bound.path),
            _ => None,
        });
        traits.map(|path| self.path_type(None, path)).collect()
    }

    /// Runs `lower` with the type parameters known by their bounds.
    pub(super) fn with_generics<R>(
        &mut self,
        generics: &Generics,
        lower: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let n_outer = self.bounds.len();
        for param in &generics.params {
            if let GenericParam::Type(param) = param {
                let name = self.source.name(&param.ident);
                self.bound(name, param.bounds.iter());
            }
        }
        for predicate in generics
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates)
        {
            if let WherePredicate::Type(predicate) = predicate
                && let Type::Path(ty) = &predicate.bounded_ty
                && let Some(ident) = ty.path.get_ident()
            {
                let name = self.source.name(ident);
                self.bound(name, predicate.bounds.iter());
            }
        }
        let result = lower(self);
        self.bounds.truncate(n_outer);
        result
    }

    fn bound<'b>(&mut self, name: Symbol, bounds: impl Iterator<Item = &'b TypeParamBound>) {
        if name != self.source.words.self_type
            && let Some(type_ref) = self.bounds_type(bounds)
        {
            self.bounds.push((name, type_ref));
        }
    }

    pub(super) fn type_params(&self, generics: &Generics) -> Vec<Symbol> {
        let params = generics.params.iter().filter_map(|param| match param {
            GenericParam::Type(param) => Some(self.source.name(&param.ident)),
            _ => None,
        });
        params.collect()
    }

    /// The one word a type is called by: its last path segment, without references and generics.
    pub(super) fn type_name(&mut self, ty: &Type) -> Symbol {
        let id = self.type_ref(ty);
        self.name_of_type(id)
    }

    fn name_of_type(&self, id: TypeRefId) -> Symbol {
        match self.ir.ir().type_ref(id) {
            TypeRef::Named { name, .. } => *name,
            TypeRef::Pointer(to) | TypeRef::Slice(to) => self.name_of_type(*to),
            TypeRef::Union(members) => members
                .first()
                .map_or_else(Symbol::empty, |&member| self.name_of_type(member)),
            TypeRef::Function { .. } => Symbol::new("fn"),
            _ => Symbol::new("_"),
        }
    }
}
