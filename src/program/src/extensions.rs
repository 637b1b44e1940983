//! Rust methods that do not belong to a type of the program: those that traits bring.
//!
//! `result.trace()` calls the `trace` of `impl Traced for Result<T>`; `UserId::start()` the default method of a trait
//! that a macro implements; `CacheKey::new()` one of an `impl` whose type a macro defines. Found by name, among traits
//! of the program only: what the standard library and other crates bring is theirs.

use betwixt_base::{FileId, Symbol};

use crate::callees::COMMON_METHODS;
use crate::calls::Callee;
use crate::ids::FunctionId;
use crate::names::Def;
use crate::resolve::Resolver;

/// Methods of the standard library and of what every program uses with it; never found by being unique.
pub(crate) const STD_METHODS: &[&str] = &[
    "into_iter",
    "is_none",
    "is_some",
    "is_ok",
    "is_err",
    "is_empty",
    "contains",
    "contains_key",
    "to_string",
    "to_owned",
    "to_vec",
    "as_str",
    "as_ref",
    "as_mut",
    "as_bytes",
    "as_slice",
    "unwrap",
    "unwrap_or",
    "unwrap_or_else",
    "unwrap_or_default",
    "expect",
    "and_then",
    "or_else",
    "map_err",
    "ok_or",
    "ok_or_else",
    "collect",
    "extend",
    "entry",
    "or_insert",
    "or_insert_with",
    "or_default",
    "get_mut",
    "iter_mut",
    "retain",
    "drain",
    "clear",
    "truncate",
    "resize",
    "reserve",
    "insert_str",
    "push_str",
    "split",
    "split_once",
    "splitn",
    "replace",
    "starts_with",
    "ends_with",
    "strip_prefix",
    "strip_suffix",
    "to_lowercase",
    "to_uppercase",
    "trim_end",
    "trim_start",
    "filter",
    "filter_map",
    "flat_map",
    "for_each",
    "enumerate",
    "flatten",
    "position",
    "partition",
    "reverse",
    "sort_by",
    "sort_unstable",
    "dedup_by",
    "windows",
    "chunks",
    "cloned",
    "copied",
    "borrow",
    "borrow_mut",
    "deref",
    "downcast",
    "try_into",
    "try_from",
    "elapsed",
    "duration_since",
    "timestamp",
    "as_secs",
    "as_millis",
    "status",
    "headers",
    "header",
    "method",
    "extensions",
    "into_inner",
    "into_response",
    "body",
    "record",
    "instrument",
    "in_current_span",
    "subscribe",
    "try_send",
    "try_recv",
    "try_lock",
    "abort",
    "cancel",
    "spawn",
    "commit",
    "rollback",
    "execute",
    "fetch_one",
    "fetch_all",
    "fetch_optional",
    "serialize",
    "deserialize",
    "finish",
    "finalize",
    "digest",
    "verify",
    "shutdown",
    "notify_one",
    "acquire",
    "release",
];

/// Traits of the standard library that code implements without importing them.
const STD_TRAITS: &[&str] = &[
    "Add",
    "AddAssign",
    "AsMut",
    "AsRef",
    "Borrow",
    "Clone",
    "Debug",
    "Default",
    "Deref",
    "DerefMut",
    "Display",
    "Drop",
    "DoubleEndedIterator",
    "Eq",
    "Error",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "FromStr",
    "Future",
    "Hash",
    "Hasher",
    "Index",
    "IndexMut",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "Mul",
    "Neg",
    "Not",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Read",
    "Serialize",
    "Deserialize",
    "Stream",
    "Sub",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Write",
];

/// Most methods of that name that traits may bring.
const MAX_METHODS: usize = 4;

impl Resolver<'_> {
    /// The methods of that name that traits of the program bring to any type.
    pub(crate) fn trait_method(&self, file: FileId, name: Symbol) -> Callee {
        let is_common = [COMMON_METHODS, STD_METHODS]
            .iter()
            .any(|known| known.contains(&name.as_str()));
        if is_common || !self.names.is_rust(file) {
            return Callee::Unknown;
        }
        let brought = self.methods.named(name).iter().copied();
        let found: Vec<FunctionId> = brought
            .filter(|&function| self.is_brought(function))
            .take(MAX_METHODS + 1)
            .collect();
        match found[..] {
            [] => Callee::Unknown,
            [only] => Callee::One(only),
            _ if found.len() > MAX_METHODS => Callee::Unknown,
            _ => Callee::Many(found.into_boxed_slice()),
        }
    }

    /// A default method of a trait, or an implementation for a type that is not the program's.
    fn is_brought(&self, function: FunctionId) -> bool {
        let facts = self.code.function(function);
        if !facts.flags.has_body || !self.names.is_rust(self.code.file_of(function)) {
            return false;
        }
        match self.methods.owner(function) {
            Some(owner) if self.code.is_interface(owner) => true,
            // `impl Traced for Result<T>`, where `Result` is an alias of the program.
            Some(owner) => {
                self.code.type_def(owner).aliased.is_some() && !self.is_of_library_trait(function)
            }
            None => facts.implements.is_some() && !self.is_of_library_trait(function),
        }
    }

    /// Whether a method is in an `impl Trait for …` of a trait that is not the program's.
    pub(crate) fn is_of_library_trait(&self, function: FunctionId) -> bool {
        let facts = self.code.function(function);
        let file = self.code.file_of(function);
        let Some(implemented) = facts.implements else {
            return false;
        };
        if !self.names.is_rust(file) {
            return false;
        }
        match self.names.resolve_in(file, facts.module, implemented) {
            Some(Def::Type(known)) => !self.code.is_interface(known),
            Some(Def::External { .. }) => true,
            // In the prelude, or written with its path: only the last name is kept.
            _ => STD_TRAITS.contains(&implemented.as_str()),
        }
    }

    /// `Key::new()` of an `impl Key` whose type is not known: a macro defines it.
    pub(crate) fn named_owner_method(&self, file: FileId, prefix: &str, name: Symbol) -> Callee {
        let owner = prefix.rsplit("::").next().unwrap_or(prefix);
        if !self.names.is_rust(file) || !owner.starts_with(char::is_uppercase) {
            return Callee::Unknown;
        }
        let mut found = self
            .methods
            .named(name)
            .iter()
            .copied()
            .filter(|&function| {
                let facts = self.code.function(function);
                facts.flags.has_body
                    && self.methods.owner(function).is_none()
                    && facts.receiver_type.is_some_and(|known| known == owner)
            });
        match (found.next(), found.next()) {
            (Some(only), None) => Callee::One(only),
            _ => Callee::Unknown,
        }
    }
}
