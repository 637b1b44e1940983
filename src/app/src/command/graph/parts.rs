//! Pieces of answers: the program's ids in the words of a picture.

use std::cell::RefCell;
use std::collections::BTreeMap;

use betwixt_base::workspace::ServiceId;
use betwixt_program::question::{Hop, How, Named, Spot as At, Subject};
use betwixt_program::{FunctionId, Questions};
use betwixt_report::SourceLines;
use betwixt_report::graph::{Column, EdgeKind, EdgeLink, Node, NodeKind, Spot};

/// What answers are made with.
pub(super) struct Parts<'a> {
    pub(super) questions: &'a Questions<'a>,
    pub(super) sources: &'a dyn SourceLines,
}

/// Columns from pairs of key and heading.
pub(super) fn columns(pairs: &[(&'static str, &'static str)]) -> Vec<Column> {
    let column = |&(id, title): &(&'static str, &'static str)| Column { id, title };
    pairs.iter().map(column).collect()
}

/// What code of no service is called.
const OUTSIDE: &str = "(no service)";

impl Parts<'_> {
    /// A place with the path of its file.
    pub(super) fn spot(&self, at: At) -> Spot {
        Spot {
            file: self.questions.path_of(at.file).to_owned(),
            line: at.line,
        }
    }

    /// The text of a line.
    pub(super) fn code(&self, at: At, texts: &Texts) -> Option<String> {
        let path = self.questions.path_of(at.file);
        texts.line(self.sources, path, at.line)
    }

    pub(super) fn display(&self, function: FunctionId) -> String {
        self.questions.program.display(function).to_owned()
    }

    /// The service a function is in; shared code says all that run it when they are few.
    pub(super) fn service(&self, function: FunctionId) -> String {
        match self.questions.home_of(function) {
            Some(service) => self.questions.service_name(service),
            None => String::new(),
        }
    }

    pub(super) fn services(&self, function: FunctionId) -> Vec<String> {
        let services = self.questions.services_of(function).iter();
        services
            .map(|&service| self.questions.service_name(service))
            .collect()
    }

    pub(super) fn service_name(&self, service: Option<ServiceId>) -> String {
        service.map_or_else(|| OUTSIDE.to_owned(), |id| self.questions.service_name(id))
    }

    /// A service as a node, with a note.
    pub(super) fn service_node(&self, service: Option<ServiceId>, note: String) -> Node {
        let label = self.service_name(service);
        let kind = match service {
            None => NodeKind::Outside,
            Some(id) if self.questions.service(id).is_deployable => NodeKind::Service,
            Some(_) => NodeKind::Library,
        };
        Node {
            id: format!("service:{label}"),
            kind,
            label,
            note,
            place: None,
        }
    }

    /// A function as a node; its service below its name.
    pub(super) fn function_node(&self, function: FunctionId) -> Node {
        let place = self.spot(self.questions.spot_of_function(function));
        let label = self.display(function);
        Node {
            id: format!("function:{place}:{label}"),
            kind: NodeKind::Function,
            label,
            note: self.service(function),
            place: Some(place),
        }
    }

    /// Where a hop is made: the call, or the function that is handed on.
    pub(super) fn hop_spot(&self, hop: &Hop) -> At {
        match hop.site {
            Some(site) => self.questions.spot_of_call(site),
            None => self.questions.spot_of_function(hop.to),
        }
    }

    /// A hop as a link of a picture.
    pub(super) fn hop_link(&self, hop: &Hop) -> (EdgeKind, EdgeLink) {
        let link = EdgeLink {
            name: hop_name(hop.how),
            from_function: self.display(hop.from),
            from: Some(self.spot(self.hop_spot(hop))),
            to_function: self.display(hop.to),
            to: Some(self.spot(self.questions.spot_of_function(hop.to))),
            found_by: String::new(),
        };
        (kind(hop.how), link)
    }

    /// One reading of an ambiguous name, ready to be typed where that is possible.
    pub(super) fn candidate(&self, named: &Named) -> String {
        let place = named.spot.map(|at| self.spot(at));
        let place = place.map_or(String::new(), |place| format!("  {place}"));
        match &named.subject {
            Subject::Function(function) => {
                let service = self.service(*function);
                let service = if service.is_empty() {
                    service
                } else {
                    format!(" in {service}")
                };
                format!("{} {}{service}{place}", named.kind, named.label)
            }
            _ => format!("{}:{}{place}", named.kind, named.label),
        }
    }
}

/// Method, route or topic of a hop.
pub(super) fn hop_name(how: How) -> String {
    match how {
        How::Link(_, name) => name.to_string(),
        How::Call | How::HandedOn => String::new(),
    }
}

/// The kind of edge a hop is.
pub(super) fn kind(how: How) -> EdgeKind {
    EdgeKind::parse(how.name()).unwrap_or(EdgeKind::Call)
}

/// Files that were read for their lines, each once.
#[derive(Default)]
pub(super) struct Texts(RefCell<BTreeMap<String, Option<String>>>);

/// Longer lines are cut.
const MOST_LETTERS: usize = 140;

impl Texts {
    fn line(&self, sources: &dyn SourceLines, path: &str, line: u32) -> Option<String> {
        let mut known = self.0.borrow_mut();
        let text = known
            .entry(path.to_owned())
            .or_insert_with(|| sources.text(path));
        let line = text
            .as_ref()?
            .lines()
            .nth((line as usize).checked_sub(1)?)?;
        let line = line.trim();
        let mut short: String = line.chars().take(MOST_LETTERS).collect();
        if short.len() < line.len() {
            short.push('…');
        }
        (!short.is_empty()).then_some(short)
    }
}
