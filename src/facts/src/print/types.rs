//! Written types as text.

use betwixt_base::Language;

use super::Printer;
use crate::ir::{TypeRef, TypeRefId};

/// Types nested deeper than this are cut; only hostile code has them.
const MAX_DEPTH: u32 = 200;

impl Printer<'_> {
    pub(super) fn type_refs(&mut self, ids: &[TypeRefId]) {
        self.joined_types(ids, ", ");
    }

    fn joined_types(&mut self, ids: &[TypeRefId], separator: &str) {
        for (nth, &id) in ids.iter().enumerate() {
            if nth > 0 {
                self.out.push_str(separator);
            }
            self.type_ref(id);
        }
    }

    pub(super) fn type_ref(&mut self, id: TypeRefId) {
        if self.depth > MAX_DEPTH {
            self.out.push('…');
            return;
        }
        self.depth += 1;
        self.type_ref_inner(id);
        self.depth -= 1;
    }

    fn type_ref_inner(&mut self, id: TypeRefId) {
        match self.facts.ir.type_ref(id) {
            TypeRef::Unknown => self.out.push('?'),
            TypeRef::Named {
                qualifier,
                name,
                args,
            } => {
                if let Some(qualifier) = qualifier {
                    let dot = if self.facts.language == Language::Rust {
                        "::"
                    } else {
                        "."
                    };
                    self.put(format_args!("{qualifier}{dot}"));
                }
                self.put(format_args!("{name}"));
                if !args.is_empty() {
                    self.out.push('<');
                    self.type_refs(args);
                    self.out.push('>');
                }
            }
            TypeRef::Pointer(to) => self.prefixed("*", *to),
            TypeRef::Slice(of) => self.prefixed("[]", *of),
            TypeRef::Chan(of) => self.prefixed("chan ", *of),
            TypeRef::Map(key, value) => {
                self.out.push_str("map[");
                self.type_ref(*key);
                self.prefixed("]", *value);
            }
            TypeRef::Function { params, results } => {
                self.out.push_str("fn(");
                self.type_refs(params);
                self.out.push(')');
                if !results.is_empty() {
                    self.out.push_str(" -> ");
                    self.parenthesised(results, ", ");
                }
            }
            TypeRef::Tuple(members) => self.parenthesised(members, ", "),
            TypeRef::Union(members) => self.parenthesised(members, " | "),
            TypeRef::Anonymous(fields) => {
                self.out.push('{');
                for (nth, &(name, type_ref)) in fields.iter().enumerate() {
                    self.put(format_args!("{}{name}: ", if nth > 0 { ", " } else { "" }));
                    self.type_ref(type_ref);
                }
                self.out.push('}');
            }
            TypeRef::Literal(text) => self.put(format_args!("{:?}", text.as_str())),
        }
    }

    fn prefixed(&mut self, prefix: &str, id: TypeRefId) {
        self.out.push_str(prefix);
        self.type_ref(id);
    }

    fn parenthesised(&mut self, ids: &[TypeRefId], separator: &str) {
        self.out.push('(');
        self.joined_types(ids, separator);
        self.out.push(')');
    }
}
