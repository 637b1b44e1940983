//! Questions about a program: the one read-only API that people, editors and agents ask through.
//!
//! [`Questions`] finds what a name means ([`subject`]), who calls whom over calls, links and messages ([`hops`],
//! [`paths`]), who uses a topic ([`channels`]) or table ([`tables`]), and which services talk to each other
//! ([`services`]). Answers are plain values in a fixed order; every bound that was hit is said in the answer.
//! Knows nothing of rules, formats or the disk.
//!
//! ```ignore
//! let questions = Questions::new(&program);
//! let from = questions.find("GET /parcels/{id}", &Wanted::ANY);
//! let found = questions.paths(&from[0].subject, &to[0].subject, &Bounds::default());
//! ```

pub mod channels;
pub mod edges;
pub mod hops;
mod owners;
pub mod paths;
pub mod services;
pub mod subject;
pub mod tables;
mod words;

use std::sync::OnceLock;

use betwixt_base::workspace::{Service, ServiceId};
use betwixt_base::{FileId, Place};

use crate::Program;
use crate::ids::{CallSite, FunctionId};
use channels::Channels;
use owners::Owners;

pub use channels::{Channel, Consumer, Publisher};
pub use edges::CallEdge;
pub use hops::{Hop, How};
pub use paths::{Bounds, PathStep, Paths};
pub use services::{ServiceLink, UnlinkedCall};
pub use subject::{Named, Subject, Wanted};
pub use tables::{Scoping, TableUser};

/// A line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The file.
    pub file: FileId,
    /// The line, from 1.
    pub line: u32,
}

/// A program that answers questions; what several questions need is worked out once, when it is first asked for.
pub struct Questions<'a> {
    /// The program.
    pub program: &'a Program,
    owners: OnceLock<Owners>,
    channels: OnceLock<Channels>,
}

impl<'a> Questions<'a> {
    /// Costs nothing until something is asked.
    #[must_use]
    pub fn new(program: &'a Program) -> Self {
        Self {
            program,
            owners: OnceLock::new(),
            channels: OnceLock::new(),
        }
    }

    /// The services a function runs in: its own, or, for shared code, every deployable one that can call it. In order;
    /// empty when no service is known.
    #[must_use]
    pub fn services_of(&self, function: FunctionId) -> &[ServiceId] {
        self.owners().of(function)
    }

    /// The service a function's file lies in.
    #[must_use]
    pub fn home_of(&self, function: FunctionId) -> Option<ServiceId> {
        let file = self.program.code.file_of(function);
        self.program.workspace.file(file).service
    }

    /// The service.
    #[must_use]
    pub fn service(&self, id: ServiceId) -> &'a Service {
        &self.program.workspace.services[id.0 as usize]
    }

    /// What a service is called; one of several with the same name says its folder, too.
    #[must_use]
    pub fn service_name(&self, id: ServiceId) -> String {
        let service = self.service(id);
        let services = &self.program.workspace.services;
        let n_same = services.iter().filter(|other| other.name == service.name);
        if n_same.count() > 1 && !service.dir.is_empty() {
            format!("{} ({})", service.name, service.dir)
        } else {
            service.name.clone()
        }
    }

    /// The path of a file, from the root.
    #[must_use]
    pub fn path_of(&self, file: FileId) -> &'a str {
        &self.program.workspace.file(file).path
    }

    /// Where a call stands.
    #[must_use]
    pub fn spot_of_call(&self, site: CallSite) -> Spot {
        let facts = self.program.code.facts(site.file);
        let span = facts.ir.expr(facts.ir.call(site.call).expr).span;
        Spot {
            file: site.file,
            line: facts.lines.line(span.start),
        }
    }

    /// Where a function is defined.
    #[must_use]
    pub fn spot_of_function(&self, function: FunctionId) -> Spot {
        let file = self.program.code.file_of(function);
        let name = self.program.code.function(function).name_span;
        Spot {
            file,
            line: self.program.code.facts(file).lines.line(name.start),
        }
    }

    /// Where a place starts, in code or in a schema file; line 1 where lines are not known.
    #[must_use]
    pub fn spot_of_place(&self, place: Place) -> Spot {
        let code = self.program.code.files[place.file.0 as usize].as_ref();
        let lines = code
            .map(|facts| &facts.lines)
            .or_else(|| self.program.schema_lines.get(&place.file));
        Spot {
            file: place.file,
            line: lines.map_or(1, |lines| lines.line(place.span.start)),
        }
    }

    /// The function whose body holds a call.
    #[must_use]
    pub fn function_of(&self, site: CallSite) -> FunctionId {
        let code = &self.program.code;
        code.function_id(site.file, code.ir(site.file).call(site.call).function)
    }

    /// Whether a function is test code.
    #[must_use]
    pub fn is_test(&self, function: FunctionId) -> bool {
        let code = &self.program.code;
        self.program
            .workspace
            .file(code.file_of(function))
            .marks
            .test
            || code.function(function).flags.is_test
    }

    fn owners(&self) -> &Owners {
        self.owners.get_or_init(|| Owners::new(self.program))
    }

    /// Topics with who publishes to them and who consumes them, caches with who fills and reads them.
    #[must_use]
    pub fn channels(&self) -> &Channels {
        self.channels.get_or_init(|| Channels::new(self))
    }
}
