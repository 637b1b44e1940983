//! What a detector saw, before any rule has judged it.

use std::collections::BTreeSet;

use betwixt_base::{FileId, LineColumn, Place};
use betwixt_findings::{Location, Role, TraceStep};
use betwixt_program::{FunctionId, Program};

use crate::detectors::Context;
use crate::path::{Hop, from_outside};

/// What a detector saw at one place.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    /// The sink.
    pub(crate) place: Place,
    /// The function of the sink.
    pub(crate) function: FunctionId,
    /// Values of the condition words it was found under: (`part`, `join`).
    pub(crate) conditions: Vec<(&'static str, &'static str)>,
    /// Texts for the holes of messages.
    pub(crate) holes: Vec<(&'static str, String)>,
    /// Path and surroundings.
    pub(crate) trace: Vec<TraceStep>,
    /// Guards found, each with what was seen.
    pub(crate) guards: Vec<(&'static str, TraceStep)>,
    /// Guards looked for and not found, for people.
    pub(crate) missing: Vec<&'static str>,
    /// Facts that hold.
    pub(crate) facts: BTreeSet<&'static str>,
    /// Why, one line each.
    pub(crate) reasons: Vec<String>,
    /// Identity besides rule and function: table, key, effect; never the name of a local, see [`crate::body::Body::shape`].
    pub(crate) identity: Vec<String>,
}

impl Observation {
    /// An observation at a place, with nothing known about it yet.
    pub(crate) fn new(place: Place, function: FunctionId) -> Self {
        Self {
            place,
            function,
            conditions: Vec::new(),
            holes: Vec::new(),
            trace: Vec::new(),
            guards: Vec::new(),
            missing: Vec::new(),
            facts: BTreeSet::new(),
            reasons: Vec::new(),
            identity: Vec::new(),
        }
    }

    /// Adds what is known of who gets to the function of the sink.
    pub(crate) fn note_reach(&mut self, program: &Program) {
        let reached = program.entries.reached(self.function);
        if reached.by_request() {
            self.facts.insert("public");
        } else if reached.is_empty() {
            self.facts.insert("unknown-reach");
        }
    }

    /// Adds the steps from an entry to the function of the sink; from the entry of another service where that one calls this.
    pub(crate) fn lead_in(&mut self, context: &Context<'_>, path: &[Hop]) {
        let program = context.program;
        let path = from_outside(program, path);
        for (at, hop) in path.iter().enumerate() {
            if at == 0 {
                let entry = program.entries.of(hop.function).next();
                let note = match entry {
                    Some(entry) => match &entry.name {
                        Some(name) => format!("{} entry `{name}`", entry.kind.name()),
                        None => format!("{} entry", entry.kind.name()),
                    },
                    None => "entry".to_owned(),
                };
                let place = function_place(program, hop.function);
                self.trace
                    .push(step(program, place, Some(hop.function), Role::Entry, note));
            }
            if let Some(call) = hop.call
                && let Some(next) = path.get(at + 1)
            {
                let callee = function_name(program, next.function);
                let note = match hop.link {
                    Some(link) => format!("calls `{callee}` {}", link.phrase()),
                    None => format!("calls `{callee}`"),
                };
                self.trace.push(step(
                    program,
                    context.call_place(call),
                    Some(hop.function),
                    Role::Step,
                    note,
                ));
            }
        }
    }
}

/// A place as it is printed.
pub(crate) fn location(program: &Program, place: Place) -> Location {
    let path = &program.workspace.file(place.file).path;
    let (start, end) = match program.code.files[place.file.0 as usize].as_ref() {
        Some(facts) => (
            facts.lines.position(place.span.start),
            facts.lines.position(place.span.end),
        ),
        None => program.schema_lines.get(&place.file).map_or(
            (
                LineColumn { line: 1, column: 1 },
                LineColumn { line: 1, column: 1 },
            ),
            |lines| {
                (
                    lines.position(place.span.start),
                    lines.position(place.span.end),
                )
            },
        ),
    };
    Location::new(path, start, end)
}

/// A step of a trace.
pub(crate) fn step(
    program: &Program,
    place: Place,
    function: Option<FunctionId>,
    role: Role,
    note: impl Into<String>,
) -> TraceStep {
    TraceStep {
        location: location(program, place),
        function: function.map_or(String::new(), |id| function_name(program, id)),
        service: service(program, place.file),
        role,
        note: note.into(),
    }
}

/// The service that owns a file.
pub(crate) fn service(program: &Program, file: FileId) -> Option<String> {
    program
        .workspace
        .service_of(file)
        .map(|service| service.name.clone())
}

/// The name a programmer would use; a closure inside a named function goes by that function.
pub(crate) fn function_name(program: &Program, id: FunctionId) -> String {
    let shown = program.display(id);
    if shown.contains("<closure>") {
        let outer = program.code.outermost(id);
        if outer != id {
            return program.display(outer).to_owned();
        }
    }
    shown.to_owned()
}

/// The name a fingerprint has for a function: that of the function around, for one that is only the value of a local.
pub(crate) fn lasting_name(program: &Program, id: FunctionId) -> String {
    let code = &program.code;
    let (mut lasting, mut current) = (id, id);
    while let Some(parent) = code.parent(current) {
        let (file, idx) = code.function_place(parent);
        let name = code.function(current).name;
        let mut locals = code.ir(file).locals.iter();
        if idx.0 > 0 && locals.any(|local| local.function == idx && local.name == name) {
            lasting = parent;
        }
        current = parent;
    }
    function_name(program, lasting)
}

/// The whole of a function's name, for entry steps.
pub(crate) fn function_place(program: &Program, id: FunctionId) -> Place {
    let facts = program.code.function(id);
    Place {
        file: program.code.file_of(id),
        span: facts.name_span,
    }
}
