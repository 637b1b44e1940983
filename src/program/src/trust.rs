//! Whose word a value is: the caller's, that of a checked credential, the configuration's, our own.
//!
//! [`Program::trust`] walks from a value to where it comes from ([`crate::flow::ingredients`]) and says of each end who
//! decided it. A value may be several things: `tenant ?? body.tenant` is authenticated *and* the caller's.
//!
//! What a rule usually wants:
//!
//! ```ignore
//! let trust = program.trust(value, Reach::WIDE);
//! if trust.is(Whose::Caller) && !trust.is(Whose::Credential) {
//!     // the request decides which tenant is meant; `trust.why(Whose::Caller)` is the place to show
//! }
//! let checks = program.entries.layers_of(handler);       // what ran before the handler
//! let lacks = program.entries.lacking(route);            // what its siblings have and it has not
//! let open = program.entries.reached(function).by_public(); // can the public get here at all
//! ```
//!
//! Not known here: whether a check compares the value with anything (that is a guard), and what a function outside the
//! program returns ([`Whose::Unknown`]).

use betwixt_base::{Place, Symbol};
use betwixt_facts::ir::ExprKind;

use crate::Program;
use crate::entries::EntryKind;
use crate::events::reads::{Read, read_of_global, read_of_type};
use crate::flow::ingredients::{Origin, OriginKind, Path, Reach, ingredients};
use crate::ids::{CallSite, ExprRef, FunctionId};

/// Who decided a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whose {
    /// The sender of the request: body, query, path, header, argument.
    Caller,
    /// A checked credential: claims, session, what authentication put into the context.
    Credential,
    /// The sender of a message or event.
    Message,
    /// A row or cache entry that was read.
    Stored,
    /// The configuration.
    Config,
    /// A literal.
    Constant,
    /// Made here: time, random, ids.
    Minted,
    /// The object the function belongs to.
    Held,
    /// Nobody knows.
    Unknown,
}

/// Whose word a value is, with a place for each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// Who decided it, in order, each once, with where the value comes in.
    pub parts: Vec<(Whose, Place)>,
    /// A bound was hit; there may be more.
    pub is_cut: bool,
}

impl Trust {
    /// Whether one of the parts is this.
    #[must_use]
    pub fn is(&self, whose: Whose) -> bool {
        self.parts.iter().any(|(known, _)| *known == whose)
    }

    /// Whether the caller of the entry decides the value alone: no credential takes part.
    #[must_use]
    pub fn is_only_callers(&self) -> bool {
        self.is(Whose::Caller) && !self.is(Whose::Credential) && !self.is(Whose::Stored)
    }

    /// Where the value of this kind comes in.
    #[must_use]
    pub fn why(&self, whose: Whose) -> Option<Place> {
        let part = self.parts.iter().find(|(known, _)| *known == whose)?;
        Some(part.1)
    }
}

/// Names of parts of a request or context that authentication fills.
const CREDENTIALS: &[&str] = &[
    "session",
    "user",
    "auth",
    "claims",
    "principal",
    "identity",
    "account",
    "currentUser",
    "current_user",
    "actor",
    "viewer",
    "token",
];

impl Program {
    /// Whose word a value is; `reach` says how far callers and callees are followed.
    #[must_use]
    pub fn trust(&self, value: ExprRef, reach: Reach) -> Trust {
        let made = ingredients(&self.resolver(), &self.calls, value, reach);
        let mut trust = Trust {
            parts: Vec::new(),
            is_cut: made.is_cut,
        };
        for origin in &made.origins {
            let Some(whose) = self.decided(origin, reach) else {
                continue;
            };
            if !trust.is(whose) {
                trust.parts.push((whose, self.place_of(origin.at)));
            }
        }
        trust.parts.sort();
        trust
    }

    fn place_of(&self, at: ExprRef) -> Place {
        Place {
            file: at.file,
            span: self.code.ir(at.file).expr(at.expr).span,
        }
    }

    /// Who decided an origin; `None` when the walk went on from there.
    fn decided(&self, origin: &Origin, reach: Reach) -> Option<Whose> {
        match &origin.kind {
            OriginKind::Literal(_) => Some(Whose::Constant),
            OriginKind::Param(function, n) => {
                self.of_param(*function, *n, &origin.path, reach, origin)
            }
            OriginKind::Receiver(_) => Some(Whose::Held),
            OriginKind::Call(site) => self.of_call(*site),
            OriginKind::Global(_) => Some(Whose::Unknown),
            OriginKind::Unknown => Some(self.of_unknown(origin)),
        }
    }

    fn of_param(
        &self,
        function: FunctionId,
        n: u16,
        path: &Path,
        reach: Reach,
        origin: &Origin,
    ) -> Option<Whose> {
        let resolver = self.resolver();
        let file = self.code.file_of(function);
        let param = *self.code.function(function).params.get(n as usize)?;
        let of = resolver.local_types[file.0 as usize][param.index()];
        if let Some(read) = read_of_type(&resolver, file, of, path) {
            return Some(of_read(&read));
        }
        let is_credential = |part: &Symbol| CREDENTIALS.contains(&part.as_str());
        let Some(entry) = self
            .entries
            .of(function)
            .find(|entry| !matches!(entry.kind, EntryKind::Startup | EntryKind::Middleware))
        else {
            let goes_on = reach.callers > 0 && !self.calls.callers(function).is_empty();
            return (!goes_on).then_some(Whose::Unknown);
        };
        let is_input = entry.inputs.iter().any(|(index, field)| {
            *index == n && (field.is_empty() || path.is_empty() || path.first() == Some(field))
        });
        let is_context = path
            .first()
            .is_some_and(|first| first == "ctx" || first == "context");
        let _ = origin;
        if path.iter().take(3).any(is_credential) && (is_context || !is_input || path.len() > 1) {
            return Some(Whose::Credential);
        }
        Some(match entry.kind {
            _ if !is_input => Whose::Unknown,
            EntryKind::Consumer | EntryKind::Webhook => Whose::Message,
            EntryKind::Job | EntryKind::Migration | EntryKind::Cli => Whose::Unknown,
            _ => Whose::Caller,
        })
    }

    fn of_call(&self, site: CallSite) -> Option<Whose> {
        for event in self.events.at(site) {
            let whose = match event.kind {
                "tenant.source" if event.has("from-caller") => Whose::Caller,
                "tenant.source" | "auth.check" => Whose::Credential,
                "request.read" => Whose::Caller,
                "value.config" => Whose::Config,
                "value.time" | "value.random" => Whose::Minted,
                "cache.get" | "cache.load" | "sql.statement" => Whose::Stored,
                _ => continue,
            };
            return Some(whose);
        }
        if self.events.accesses_at(site) {
            return Some(Whose::Stored);
        }
        match self.calls.callee(site) {
            crate::calls::Callee::Unknown | crate::calls::Callee::External { .. } => {
                let ir = self.code.ir(site.file);
                // Conversions and builders are made of their arguments, which are origins of their own.
                (ir.call(site.call).args.is_empty()).then_some(Whose::Unknown)
            }
            _ => None,
        }
    }

    fn of_unknown(&self, origin: &Origin) -> Whose {
        let resolver = self.resolver();
        let at = origin.at;
        if let ExprKind::Name(name) = self.code.ir(at.file).kind(at.expr)
            && let Some(read) = read_of_global(&resolver, at.file, name, &origin.path)
        {
            return of_read(&read);
        }
        Whose::Unknown
    }
}

fn of_read(read: &Read<'_>) -> Whose {
    match read.event.event.as_str() {
        "request.read" => Whose::Caller,
        "tenant.source" if read.has("from-caller") => Whose::Caller,
        "tenant.source" => Whose::Credential,
        "value.config" => Whose::Config,
        _ => Whose::Unknown,
    }
}
