//! What a name means, typed as a programmer would: `(*Server).Get`, `Get`, `api/user.go:42`, `GET /users/:id`, a topic,
//! a table, a service, `billing/Get`.
//!
//! Readings are tried from the most to the least exact, and the first that means anything counts: `orders` is the table
//! or service of that name before it is a method. `table:`, `service:`, `topic:`, `route:` and `function:` before a name say
//! which is meant; `SERVICE/` before it says in which service.

use betwixt_base::workspace::ServiceId;
use betwixt_base::{FileId, Span, Symbol};
use betwixt_facts::ir::FunctionIdx;
use betwixt_rules::nearest;

use super::{Questions, Spot};
use crate::entries::RoutePath;
use crate::ids::FunctionId;
use crate::link::LinkKind;
use crate::schema::TableId;

/// Something one can ask about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A function.
    Function(FunctionId),
    /// A table of the schema.
    Table(TableId),
    /// A topic, as written.
    Topic(String),
    /// A service.
    Service(ServiceId),
}

/// A subject with how it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What it is.
    pub subject: Subject,
    /// What is shown: `GET /users/{id}`, `(*Server).Get`.
    pub label: String,
    /// `function`, `route`, `table`, `topic`, `service`.
    pub kind: &'static str,
    /// Where it is defined.
    pub spot: Option<Spot>,
}

/// What a name may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Functions and routes.
    pub functions: bool,
    /// Tables.
    pub tables: bool,
    /// Topics.
    pub topics: bool,
    /// Services.
    pub services: bool,
}

impl Wanted {
    /// Anything.
    pub const ANY: Self = Self {
        functions: true,
        tables: true,
        topics: true,
        services: true,
    };
    const NONE: Self = Self {
        functions: false,
        tables: false,
        topics: false,
        services: false,
    };
    /// Functions alone.
    pub const FUNCTIONS: Self = Self {
        functions: true,
        ..Self::NONE
    };
    /// Tables alone.
    pub const TABLES: Self = Self {
        tables: true,
        ..Self::NONE
    };
    /// Topics alone.
    pub const TOPICS: Self = Self {
        topics: true,
        ..Self::NONE
    };

    fn and(self, other: Self) -> Self {
        Self {
            functions: self.functions && other.functions,
            tables: self.tables && other.tables,
            topics: self.topics && other.topics,
            services: self.services && other.services,
        }
    }

    /// What a prefix says is meant.
    fn prefixed(name: &str) -> Option<(Self, &str)> {
        let (prefix, rest) = name.split_once(':')?;
        let wanted = match prefix {
            "table" => Self::TABLES,
            "topic" => Self::TOPICS,
            "function" | "route" => Self::FUNCTIONS,
            "service" => Self {
                services: true,
                ..Self::NONE
            },
            _ => return None,
        };
        Some((wanted, rest.trim()))
    }
}

impl Questions<'_> {
    /// Everything a name means in its most exact reading, in order; empty when nothing is called so.
    #[must_use]
    pub fn find(&self, name: &str, wanted: &Wanted) -> Vec<Named> {
        let (wanted, name) = match Wanted::prefixed(name) {
            Some((said, rest)) => (wanted.and(said), rest),
            None => (*wanted, name.trim()),
        };
        let found = self.read(name, wanted, None);
        if !found.is_empty() {
            return found;
        }
        let Some((service, rest)) = self.split_service(name) else {
            return Vec::new();
        };
        self.read(rest, wanted, Some(service))
    }

    /// The known name most like this one.
    #[must_use]
    pub fn nearest(&self, name: &str, wanted: &Wanted) -> Option<String> {
        let name = Wanted::prefixed(name).map_or(name, |(_, rest)| rest);
        let name = self.split_service(name).map_or(name, |(_, rest)| rest);
        let mut known: Vec<String> = Vec::new();
        if wanted.services {
            let services = &self.program.workspace.services;
            known.extend(services.iter().map(|service| service.name.clone()));
        }
        if wanted.tables {
            let tables = self.program.schema.tables();
            known.extend(tables.iter().map(|table| table.name.to_string()));
        }
        if wanted.topics {
            let channels = self.channels().channels.iter();
            let topics = channels.filter(|channel| channel.kind == LinkKind::Queue);
            known.extend(topics.map(|channel| channel.name.clone()));
        }
        if wanted.functions {
            known.extend(
                self.program
                    .entries
                    .routes
                    .iter()
                    .map(|route| route.title()),
            );
            for id in self.program.code.function_ids() {
                let function = self.program.code.function(id);
                if !function.flags.is_closure && !self.is_test(id) {
                    known.push(function.display.to_string());
                    known.push(function.name.to_string());
                }
            }
        }
        known.sort();
        known.dedup();
        nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
    }

    /// `billing/Get`: the service and what follows.
    fn split_service<'n>(&self, name: &'n str) -> Option<(ServiceId, &'n str)> {
        let services = self.program.workspace.services.iter().enumerate();
        let mut found: Option<(ServiceId, &str)> = None;
        for (index, service) in services {
            for prefix in [service.dir.as_str(), service.name.as_str()] {
                let rest = name
                    .strip_prefix(prefix)
                    .and_then(|rest| rest.strip_prefix('/'));
                let is_better = |rest: &str| found.is_none_or(|(_, best)| rest.len() < best.len());
                if let Some(rest) = rest.filter(|rest| !prefix.is_empty() && is_better(rest)) {
                    found = Some((ServiceId(index as u32), rest));
                }
            }
        }
        found
    }

    fn read(&self, name: &str, wanted: Wanted, within: Option<ServiceId>) -> Vec<Named> {
        if name.is_empty() {
            return Vec::new();
        }
        if wanted.functions {
            let found = self.at_place(name).into_iter();
            let found: Vec<Named> = found.map(|id| self.named_function(id, None)).collect();
            if !found.is_empty() {
                return found;
            }
        }
        let mut exact = self.things(name, wanted, within);
        if wanted.functions {
            exact.extend(self.routes(name, within));
        }
        if !exact.is_empty() {
            return exact;
        }
        if !wanted.functions {
            return Vec::new();
        }
        let readings: [&dyn Fn(FunctionId) -> bool; 3] = [
            &|id| self.program.display(id) == name,
            &|id| is_tail(self.program.display(id), name),
            &|id| self.program.code.function(id).name == name,
        ];
        for is_meant in readings {
            let functions = self.program.code.function_ids();
            let all: Vec<FunctionId> = functions
                .filter(|&id| within.is_none() || self.home_of(id) == within)
                .filter(|&id| is_meant(id))
                .collect();
            // Tests are meant only where nothing else is called so; a declaration only where no body is.
            let mut kept: Vec<FunctionId> = all.clone();
            kept.retain(|&id| !self.is_test(id) && self.program.code.function(id).flags.has_body);
            let found = if kept.is_empty() { all } else { kept };
            if !found.is_empty() {
                let named = found.into_iter().map(|id| self.named_function(id, None));
                return named.collect();
            }
        }
        Vec::new()
    }

    /// `FILE:LINE`, the file by its path or its end: the function that begins on the line, else the innermost around it.
    fn at_place(&self, name: &str) -> Vec<FunctionId> {
        let Some((file, line)) = name.rsplit_once(':') else {
            return Vec::new();
        };
        let Ok(line) = line.parse::<u32>() else {
            return Vec::new();
        };
        let file = file.strip_prefix("./").unwrap_or(file);
        let code = &self.program.code;
        let is_end = |path: &str| {
            path.strip_suffix(file)
                .is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let mut files: Vec<FileId> = code.code_files().map(|(id, _)| id).collect();
        files.retain(|&id| is_end(self.path_of(id)));
        if let Some(&whole) = files.iter().find(|&&id| self.path_of(id) == file) {
            files = vec![whole];
        }
        let found = files.into_iter();
        found.filter_map(|id| self.function_on(id, line)).collect()
    }

    fn function_on(&self, file: FileId, line: u32) -> Option<FunctionId> {
        let code = &self.program.code;
        let facts = code.facts(file);
        let start = facts.lines.line_start(line)?;
        let end = facts.lines.line_start(line + 1).unwrap_or(u32::MAX);
        let functions = facts.functions.iter().enumerate().skip(1);
        let begins = functions.into_iter().find(|(_, function)| {
            let at = function.name_span.start;
            start <= at && at < end
        });
        if let Some((index, _)) = begins {
            return Some(code.function_id(file, FunctionIdx(index as u32)));
        }
        let around = self.program.function_at(file, Span::new(start, start));
        Some(around.unwrap_or_else(|| code.function_id(file, FunctionIdx(0))))
    }

    fn things(&self, name: &str, wanted: Wanted, within: Option<ServiceId>) -> Vec<Named> {
        let mut found = Vec::new();
        if wanted.services && within.is_none() {
            for (index, service) in self.program.workspace.services.iter().enumerate() {
                let id = ServiceId(index as u32);
                let is_meant = service.name == name
                    || (service.dir == name && !name.is_empty())
                    || self.service_name(id) == name;
                if is_meant {
                    found.push(Named {
                        subject: Subject::Service(id),
                        label: self.service_name(id),
                        kind: "service",
                        spot: None,
                    });
                }
            }
        }
        if wanted.tables {
            let tables = self.program.schema.ids().filter(|&id| {
                let table = self.program.schema.table(id);
                let says = |known: Symbol| known.as_str().eq_ignore_ascii_case(name);
                says(table.name) || table.names_in_code().any(says) || self.table_label(id) == name
            });
            let tables: Vec<TableId> = tables
                .filter(|id| within.is_none_or(|service| self.is_table_of(*id, service)))
                .collect();
            found.extend(tables.into_iter().map(|id| self.named_table(id)));
        }
        if wanted.topics {
            for channel in self.channels().named(LinkKind::Queue, name) {
                found.push(Named {
                    subject: Subject::Topic(channel.name.clone()),
                    label: channel.name.clone(),
                    kind: "topic",
                    spot: channel
                        .publishers
                        .first()
                        .map(|publisher| self.spot_of_call(publisher.site)),
                });
            }
        }
        found
    }

    fn named_table(&self, id: TableId) -> Named {
        let place = self.program.schema.table(id).place;
        Named {
            subject: Subject::Table(id),
            label: self.table_label(id),
            kind: "table",
            spot: place.map(|place| self.spot_of_place(place)),
        }
    }

    /// A table's name; with its database where several have one of that name.
    #[must_use]
    pub fn table_label(&self, id: TableId) -> String {
        let schema = &self.program.schema;
        let table = schema.table(id);
        let n_same = schema
            .tables()
            .iter()
            .filter(|other| other.name == table.name);
        if n_same.count() > 1 {
            let database = &schema.databases()[table.database as usize].label;
            format!("{database}:{}", table.name)
        } else {
            table.name.to_string()
        }
    }

    /// Whether a table is defined in a service's folder.
    fn is_table_of(&self, id: TableId, service: ServiceId) -> bool {
        let sources = &self.program.schema.table(id).sources;
        sources
            .iter()
            .any(|place| self.program.workspace.file(place.file).service == Some(service))
    }

    /// `GET /users/:id`, however parameters are written; `/users/:id` for any method; procedures and methods by name.
    fn routes(&self, name: &str, within: Option<ServiceId>) -> Vec<Named> {
        let (method, path) = match name.split_once(' ') {
            Some((method, path)) => (Some(method.to_ascii_uppercase()), path.trim()),
            None => (None, name),
        };
        let form = path
            .starts_with('/')
            .then(|| form_of(&RoutePath::parse(path)));
        let mut found: Vec<Named> = Vec::new();
        let mut add = |function: FunctionId, title: String| {
            let is_known = found
                .iter()
                .any(|known| known.subject == Subject::Function(function));
            if !is_known && (within.is_none() || self.home_of(function) == within) {
                found.push(self.named_function(function, Some(title)));
            }
        };
        for route in &self.program.entries.routes {
            let title = route.title();
            let is_method = method
                .as_deref()
                .is_none_or(|wanted| route.method.is_none_or(|own| own.as_str() == wanted));
            let is_path = form.as_deref() == Some(form_of(&route.path).as_str());
            if title == name || (!route.is_procedure && is_method && is_path) {
                add(route.function, title);
            }
        }
        for entry in &self.program.entries.entries {
            if let Some(own) = entry.name.as_deref().filter(|own| *own == name) {
                add(entry.function, own.to_owned());
            }
        }
        for link in self.program.links().links() {
            if link.kind.is_call() && link.name == name {
                add(link.to, name.to_owned());
            }
        }
        found
    }

    fn named_function(&self, function: FunctionId, route: Option<String>) -> Named {
        let display = self.program.display(function);
        let kind = if route.is_some() { "route" } else { "function" };
        Named {
            subject: Subject::Function(function),
            label: match route {
                Some(route) => format!("{route} ({display})"),
                None => display.to_owned(),
            },
            kind,
            spot: Some(self.spot_of_function(function)),
        }
    }
}

/// A path with its parameters made equal.
fn form_of(path: &RoutePath) -> String {
    super::words::shape(&path.to_string())
}

/// Whether a name is the end of a display name: `Server.Get` of `(*Server).Get`, `db::get` of `crate::db::get`.
fn is_tail(display: &str, name: &str) -> bool {
    let plain = |text: &str| text.replace(['(', ')', '*', '&'], "").replace("::", ".");
    let (display, name) = (plain(display), plain(name));
    display == name
        || (name.contains('.')
            && display
                .strip_suffix(&name)
                .is_some_and(|before| before.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_pointers_and_leading_parts() {
        assert!(is_tail("(*Server).Get", "Server.Get"));
        assert!(is_tail("(*Server).Get", "(Server).Get"));
        assert!(is_tail("store::db::get", "db::get"));
        assert!(!is_tail("(*Server).Get", "erver.Get"));
        assert!(!is_tail("(*Server).GetAll", "Server.Get"));
    }

    #[test]
    fn a_prefix_says_what_is_meant() {
        assert_eq!(
            Wanted::prefixed("table:orders"),
            Some((Wanted::TABLES, "orders"))
        );
        assert_eq!(Wanted::prefixed("api/user.go:42"), None);
        assert_eq!(Wanted::prefixed("crate::db"), None);
    }
}
