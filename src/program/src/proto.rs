//! What services promise each other: the `.proto` files of the tree as one model.
//!
//! Services, messages and enums by their full name (`billing.v1.Invoice.Line`), their last name, and, for methods, by how
//! each language's generated code spells them. Files that are copied into several folders count once per full name,
//! the first by path. Knows nothing of who serves or calls.

use betwixt_base::{FileId, Place, Symbol};
use betwixt_facts::proto::{ProtoEnum, ProtoFile, ProtoMessage, ProtoMethod, ProtoService};
use rustc_hash::FxHashMap;

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `billing.v1.Invoices`.
    pub full: Symbol,
    /// `billing.v1`, empty when the file names none.
    pub package: Symbol,
    /// Go's import path, empty when the file names none.
    pub go_package: Symbol,
    /// The file.
    pub file: FileId,
    /// What it offers.
    pub facts: ProtoService,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `billing.v1.Invoice.Line`.
    pub full: Symbol,
    /// `billing.v1`.
    pub package: Symbol,
    /// The file.
    pub file: FileId,
    /// Its fields.
    pub facts: ProtoMessage,
}

/// An enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enum {
    /// `billing.v1.Invoice.Status`.
    pub full: Symbol,
    /// `billing.v1`.
    pub package: Symbol,
    /// The file.
    pub file: FileId,
    /// Its values.
    pub facts: ProtoEnum,
}

/// A method: its service in [`Proto::services`] and its place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodRef {
    /// Index of the service.
    pub service: u32,
    /// Index of the method in it.
    pub method: u32,
}

/// All `.proto` files of the tree.
#[derive(Debug, Default)]
pub struct Proto {
    /// Services in order of file and position.
    pub services: Vec<Service>,
    /// Messages in order of file and position.
    pub messages: Vec<Message>,
    /// Enums in order of file and position.
    pub enums: Vec<Enum>,
    services_by_name: FxHashMap<Symbol, Vec<u32>>,
    messages_by_name: FxHashMap<Symbol, Vec<u32>>,
    enums_by_name: FxHashMap<Symbol, Vec<u32>>,
    methods: FxHashMap<Symbol, Vec<MethodRef>>,
}

impl Proto {
    /// Joins the files; linear.
    #[must_use]
    pub fn new(files: Vec<(FileId, ProtoFile)>) -> Self {
        let mut proto = Self::default();
        for (file, facts) in files {
            proto.add(file, facts);
        }
        proto
    }

    fn add(&mut self, file: FileId, facts: ProtoFile) {
        let package = facts.package;
        let full = |name: Symbol| match package.is_empty() {
            true => name,
            false => Symbol::new(&format!("{package}.{name}")),
        };
        for service in facts.services {
            let full = full(service.name);
            if self.services_by_name.contains_key(&full) {
                continue;
            }
            let idx = self.services.len() as u32;
            for name in [full, service.name] {
                push_new(self.services_by_name.entry(name).or_default(), idx);
            }
            for (method, at) in service.methods.iter().zip(0..) {
                for spelling in spellings(method.name) {
                    let known = self.methods.entry(spelling).or_default();
                    let method = MethodRef {
                        service: idx,
                        method: at,
                    };
                    push_new(known, method);
                }
            }
            self.services.push(Service {
                full,
                package,
                go_package: facts.go_package,
                file,
                facts: service,
            });
        }
        for message in facts.messages {
            let full = full(message.name);
            if self.messages_by_name.contains_key(&full) {
                continue;
            }
            let idx = self.messages.len() as u32;
            for name in [full, last(message.name)] {
                push_new(self.messages_by_name.entry(name).or_default(), idx);
            }
            self.messages.push(Message {
                full,
                package,
                file,
                facts: message,
            });
        }
        for one in facts.enums {
            let full = full(one.name);
            if self.enums_by_name.contains_key(&full) {
                continue;
            }
            let idx = self.enums.len() as u32;
            for name in [full, last(one.name)] {
                push_new(self.enums_by_name.entry(name).or_default(), idx);
            }
            self.enums.push(Enum {
                full,
                package,
                file,
                facts: one,
            });
        }
    }

    /// Services of a full or a last name; several packages may have one of the same last name.
    pub fn services_named(&self, name: Symbol) -> impl Iterator<Item = (u32, &Service)> {
        let found = self.services_by_name.get(&name).into_iter().flatten();
        found.map(|&idx| (idx, &self.services[idx as usize]))
    }

    /// Messages of a full or a last name.
    pub fn messages_named(&self, name: Symbol) -> impl Iterator<Item = &Message> {
        let found = self.messages_by_name.get(&name).into_iter().flatten();
        found.map(|&idx| &self.messages[idx as usize])
    }

    /// Enums of a full or a last name.
    pub fn enums_named(&self, name: Symbol) -> impl Iterator<Item = &Enum> {
        let found = self.enums_by_name.get(&name).into_iter().flatten();
        found.map(|&idx| &self.enums[idx as usize])
    }

    /// The message a type written in `package` means, looked for as protobuf does: from the innermost package outwards.
    #[must_use]
    pub fn message_in(&self, package: Symbol, written: Symbol) -> Option<&Message> {
        let named = |full| {
            self.messages_named(full)
                .find(|message| message.full == full)
        };
        in_scope(package, written, named)
    }

    /// The enum a type written in `package` means.
    #[must_use]
    pub fn enum_in(&self, package: Symbol, written: Symbol) -> Option<&Enum> {
        let named = |full| self.enums_named(full).find(|one| one.full == full);
        in_scope(package, written, named)
    }

    /// Methods that generated code of some language calls `name`: `GetItem`, `getItem`, `get_item`.
    #[must_use]
    pub fn methods_spelled(&self, name: Symbol) -> &[MethodRef] {
        self.methods.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The method.
    #[must_use]
    pub fn method(&self, at: MethodRef) -> &ProtoMethod {
        &self.services[at.service as usize].facts.methods[at.method as usize]
    }

    /// `billing.v1.Invoices/Get`.
    #[must_use]
    pub fn method_name(&self, at: MethodRef) -> String {
        let service = &self.services[at.service as usize];
        format!("{}/{}", service.full, self.method(at).name)
    }

    /// Where a method is declared.
    #[must_use]
    pub fn method_place(&self, at: MethodRef) -> Place {
        Place {
            file: self.services[at.service as usize].file,
            span: self.method(at).span,
        }
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn last(name: Symbol) -> Symbol {
    match name.as_str().rsplit_once('.') {
        Some((_, last)) => Symbol::new(last),
        None => name,
    }
}

/// Looks a written name up in a package and the packages around it; `named` knows full names.
fn in_scope<T>(package: Symbol, written: Symbol, named: impl Fn(Symbol) -> Option<T>) -> Option<T> {
    let written = written.as_str();
    if let Some(absolute) = written.strip_prefix('.') {
        return named(Symbol::new(absolute));
    }
    let mut scope = package.as_str();
    loop {
        let name = match scope {
            "" => Symbol::new(written),
            _ => Symbol::new(&format!("{scope}.{written}")),
        };
        let found = named(name);
        if found.is_some() || scope.is_empty() {
            return found;
        }
        scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
    }
}

/// As written, and as Go, TypeScript and Rust spell it.
pub(crate) fn spellings(name: Symbol) -> [Symbol; 4] {
    let text = name.as_str();
    let mut camel = String::with_capacity(text.len());
    let mut snake = String::with_capacity(text.len() + 4);
    let mut is_start = true;
    let bytes = text.as_bytes();
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'_' {
            is_start = true;
            snake.push('_');
            continue;
        }
        let after_lower =
            at > 0 && (bytes[at - 1].is_ascii_lowercase() || bytes[at - 1].is_ascii_digit());
        let before_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let after_upper = at > 0 && bytes[at - 1].is_ascii_uppercase();
        if byte.is_ascii_uppercase() && (after_lower || after_upper && before_lower) {
            snake.push('_');
        }
        snake.push(byte.to_ascii_lowercase() as char);
        camel.push(if is_start {
            byte.to_ascii_uppercase() as char
        } else {
            byte as char
        });
        is_start = false;
    }
    let mut lower = camel.clone();
    if let Some(first) = lower.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    [
        name,
        Symbol::new(&camel),
        Symbol::new(&lower),
        Symbol::new(&snake),
    ]
}

#[cfg(test)]
mod tests {
    use betwixt_facts::proto::read_proto;

    use super::*;

    fn proto(texts: &[&str]) -> Proto {
        let files = texts.iter().zip(0..).map(|(text, at)| {
            let (file, problems) = read_proto("a.proto", text);
            assert_eq!(problems, []);
            (FileId(at), file.expect("the file is sound"))
        });
        Proto::new(files.collect())
    }

    #[test]
    fn methods_are_found_as_each_language_spells_them() {
        let proto = proto(&[
            "syntax=\"proto3\"; package a; service S { rpc GetDNSRecord (M) returns (M); } message M {}",
        ]);
        for name in ["GetDNSRecord", "getDNSRecord", "get_dns_record"] {
            let found = proto.methods_spelled(Symbol::new(name));
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(proto.method_name(found[0]), "a.S/GetDNSRecord");
        }
        assert!(proto.methods_spelled(Symbol::new("Get")).is_empty());
    }

    #[test]
    fn types_are_looked_for_from_the_inside_out() {
        let proto = proto(&[
            "syntax=\"proto3\"; package a.b; message M {}",
            "syntax=\"proto3\"; package a; message M {} message N {}",
        ]);
        let full = |package: &str, written: &str| {
            let found = proto.message_in(Symbol::new(package), Symbol::new(written));
            found.map(|message| message.full.as_str())
        };
        assert_eq!(full("a.b", "M"), Some("a.b.M"));
        assert_eq!(full("a.b", "N"), Some("a.N"));
        assert_eq!(full("a.b", ".a.M"), Some("a.M"));
        assert_eq!(full("c", "M"), None);
    }

    #[test]
    fn copies_of_a_file_count_once() {
        let text =
            "syntax=\"proto3\"; package a; service S { rpc Get (M) returns (M); } message M {}";
        let proto = proto(&[text, text]);
        assert_eq!((proto.services.len(), proto.messages.len()), (1, 1));
        assert_eq!(proto.services_named(Symbol::new("S")).count(), 1);
    }
}
