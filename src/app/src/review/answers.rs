//! Answers to agents and to the gate, from the program and the indexed files.
//!
//! Read-only: no path outside the index is opened, nothing is run, nothing is written.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use betwixt_files::FileHistory;
use betwixt_findings::Category;
use betwixt_program::question::tables::verb_name;
use betwixt_program::question::{Hop, Named, Scoping, Subject, Wanted};
use betwixt_program::{FunctionId, Questions};
use betwixt_review::{GuardSight, Place};
use rayon::prelude::*;

use super::calls;
use super::guard;
use super::places::{functions, indexed};
use super::tables::definition;

/// A program that answers agents.
pub struct Answers<'a> {
    /// The program.
    pub questions: &'a Questions<'a>,
    root: &'a Path,
    texts: Mutex<BTreeMap<String, Option<Arc<str>>>>,
    histories: Mutex<BTreeMap<String, Vec<String>>>,
    versions: Mutex<BTreeMap<String, Arc<FileHistory>>>,
}

/// Most lines of one answer.
const MAX_ROWS: usize = 40;

impl<'a> Answers<'a> {
    /// Costs nothing until something is asked.
    #[must_use]
    pub fn new(questions: &'a Questions<'a>, root: &'a Path) -> Self {
        Self {
            questions,
            root,
            texts: Mutex::default(),
            histories: Mutex::default(),
            versions: Mutex::default(),
        }
    }

    fn read(&self, file: &str) -> Option<Arc<str>> {
        let program = self.questions.program;
        let id = indexed(program, file)?;
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let read = texts.entry(file.to_owned()).or_insert_with(|| {
            let text = betwixt_files::read(self.root, program.workspace.file(id)).ok()?;
            Some(text.into())
        });
        read.clone()
    }

    /// The last commits that changed these lines of a file.
    pub(super) fn history_of_lines(
        &self,
        file: &str,
        lines: &Range<u32>,
        limit: usize,
    ) -> Vec<String> {
        let Some(text) = self.read(file) else {
            return Vec::new();
        };
        let mut known = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let versions = known
            .entry(file.to_owned())
            .or_insert_with(|| Arc::new(FileHistory::read(self.root, file)));
        let versions = Arc::clone(versions);
        drop(known);
        versions.of_lines(&text, lines, limit)
    }

    fn function_line(&self, function: FunctionId) -> String {
        let spot = self.questions.spot_of_function(function);
        let services = self.questions.services_of(function).iter();
        let services: Vec<String> = services
            .map(|&service| self.questions.service_name(service))
            .collect();
        let services = if services.is_empty() {
            String::new()
        } else {
            format!(" [{}]", services.join(", "))
        };
        format!(
            "`{}` {}:{}{services}",
            self.questions.program.display(function),
            self.questions.path_of(spot.file),
            spot.line
        )
    }

    fn hop_line(&self, hop: &Hop, other: FunctionId) -> String {
        let spot = match hop.site {
            Some(site) => self.questions.spot_of_call(site),
            None => self.questions.spot_of_function(hop.from),
        };
        format!(
            "{} at {}:{} ({})",
            self.function_line(other),
            self.questions.path_of(spot.file),
            spot.line,
            hop.how.name()
        )
    }

    fn named_functions(&self, name: &str) -> Vec<FunctionId> {
        let found = self.questions.find(name, &Wanted::FUNCTIONS).into_iter();
        let functions = found.filter_map(|named| match named.subject {
            Subject::Function(function) => Some(function),
            _ => None,
        });
        functions.take(6).collect()
    }

    fn near(&self, name: &str, hops: impl Fn(FunctionId) -> Vec<(Hop, FunctionId)>) -> Vec<String> {
        let mut out = Vec::new();
        for function in self.named_functions(name) {
            out.push(format!("{}:", self.function_line(function)));
            let found = hops(function);
            out.extend(
                found
                    .iter()
                    .map(|(hop, other)| format!("  {}", self.hop_line(hop, *other))),
            );
            if found.is_empty() {
                out.push("  none known".to_owned());
            }
        }
        out.truncate(MAX_ROWS);
        out
    }

    fn named_line(&self, named: &Named) -> String {
        let place = named.spot.map_or_else(String::new, |spot| {
            format!(" {}:{}", self.questions.path_of(spot.file), spot.line)
        });
        format!("{} `{}`{place}", named.kind, named.label)
    }

    /// Types and constants, which are nobody's subject.
    fn other_definitions(&self, name: &str) -> Vec<String> {
        let code = &self.questions.program.code;
        let mut out = Vec::new();
        for (id, facts) in code.code_files() {
            let path = self.questions.path_of(id);
            for definition in facts.types.iter().filter(|known| known.name == name) {
                let line = facts.lines.line(definition.span.start);
                out.push(format!("type `{name}` {path}:{line}"));
            }
            for global in facts.globals.iter().filter(|known| known.name == name) {
                let line = facts.lines.line(global.span.start);
                out.push(format!("variable or constant `{name}` {path}:{line}"));
            }
        }
        out.truncate(MAX_ROWS);
        out
    }
}

impl betwixt_review::Questions for Answers<'_> {
    fn text(&self, file: &str) -> Option<String> {
        self.read(file).map(|text| text.to_string())
    }

    fn search(&self, text: &str, within: Option<&str>, limit: usize) -> Vec<String> {
        let within = within.map(|within| within.trim_start_matches("./").trim_end_matches('/'));
        let is_within = |path: &str| {
            within.is_none_or(|within| {
                let rest = path.strip_prefix(within);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let files: Vec<&str> = self
            .questions
            .program
            .workspace
            .files
            .iter()
            .map(|file| file.path.as_str())
            .filter(|path| is_within(path))
            .collect();
        let hits: Vec<Vec<String>> = files
            .par_iter()
            .map(|path| {
                let program = self.questions.program;
                let read = indexed(program, path)
                    .and_then(|id| betwixt_files::read(self.root, program.workspace.file(id)).ok());
                let Some(content) = read else {
                    return Vec::new();
                };
                if memchr::memmem::find(content.as_bytes(), text.as_bytes()).is_none() {
                    return Vec::new();
                }
                let lines = content.lines().enumerate();
                let hits = lines.filter(|(_, line)| line.contains(text));
                hits.take(limit)
                    .map(|(at, line)| {
                        let line: String = line.trim().chars().take(200).collect();
                        format!("{path}:{}: {line}", at + 1)
                    })
                    .collect()
            })
            .collect();
        let mut hits: Vec<String> = hits.into_iter().flatten().collect();
        if hits.len() > limit {
            hits.truncate(limit);
            hits.push("… more; search within a folder".to_owned());
        }
        hits
    }

    fn definition(&self, name: &str) -> Vec<String> {
        let found = self.questions.find(name, &Wanted::ANY);
        let mut out: Vec<String> = found.iter().map(|named| self.named_line(named)).collect();
        out.extend(self.other_definitions(name));
        if out.is_empty()
            && let Some(near) = self.questions.nearest(name, &Wanted::ANY)
        {
            out.push(format!("nothing is called so; there is `{near}`"));
        }
        out.truncate(MAX_ROWS);
        out
    }

    fn callers(&self, name: &str) -> Vec<String> {
        self.near(name, |function| {
            let hops = self.questions.hops_to(function).into_iter();
            hops.map(|hop| (hop, hop.from)).collect()
        })
    }

    fn callees(&self, name: &str) -> Vec<String> {
        self.near(name, |function| {
            let hops = self.questions.hops_from(function).into_iter();
            hops.map(|hop| (hop, hop.to)).collect()
        })
    }

    fn table(&self, name: &str) -> Vec<String> {
        let mut out = Vec::new();
        for named in self.questions.find(name, &Wanted::TABLES) {
            let Subject::Table(id) = named.subject else {
                continue;
            };
            out.push(format!("{}:", named.label));
            out.extend(
                definition(self.questions, id)
                    .lines()
                    .map(|line| format!("  {line}")),
            );
            for user in self.questions.table_users(id).iter().take(MAX_ROWS) {
                let tenant = match user.scoping {
                    Scoping::Named => ", names the tenant",
                    Scoping::Missing => ", names no tenant",
                    Scoping::Unclear | Scoping::NotNeeded => "",
                };
                out.push(format!(
                    "  {} in `{}` at {}:{}{tenant}",
                    verb_name(user.verb),
                    self.questions.program.display(user.function),
                    self.questions.path_of(user.spot.file),
                    user.spot.line
                ));
            }
        }
        out
    }

    fn topic(&self, name: &str) -> Vec<String> {
        use betwixt_program::link::LinkKind;
        let mut out = Vec::new();
        for channel in self.questions.channels().named(LinkKind::Queue, name) {
            out.push(format!("topic `{}`:", channel.name));
            for publisher in &channel.publishers {
                let spot = self.questions.spot_of_call(publisher.site);
                out.push(format!(
                    "  published by {} at {}:{}, key {}",
                    self.function_line(publisher.function),
                    self.questions.path_of(spot.file),
                    spot.line,
                    if publisher.keys.is_empty() {
                        "none".to_owned()
                    } else {
                        publisher.keys.join(", ")
                    }
                ));
            }
            let consumers = channel.consumers.iter();
            out.extend(consumers.map(|consumer| {
                format!("  consumed by {}", self.function_line(consumer.function))
            }));
        }
        out.truncate(MAX_ROWS);
        out
    }

    fn history(&self, file: &str, limit: usize) -> Vec<String> {
        if indexed(self.questions.program, file).is_none() {
            return Vec::new();
        }
        let mut known = self
            .histories
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let commits = known
            .entry(file.to_owned())
            .or_insert_with(|| betwixt_files::history(self.root, file, MAX_COMMITS));
        commits.iter().take(limit).cloned().collect()
    }

    fn functions_at(&self, file: &str, line: u32) -> Vec<String> {
        let program = self.questions.program;
        let Some(id) = indexed(program, file) else {
            return Vec::new();
        };
        let around = functions(program, id, line, line).into_iter();
        around
            .map(|function| program.display(function).to_owned())
            .collect()
    }

    fn has_call(&self, place: &Place, callee: &str) -> bool {
        let program = self.questions.program;
        let Some(id) = indexed(program, &place.file) else {
            return false;
        };
        let around = functions(program, id, place.line, place.end_line);
        calls::calls(program, self.questions, &around, callee)
    }

    fn is_known(&self, name: &str) -> bool {
        !self.questions.find(name, &Wanted::ANY).is_empty()
            || !self.other_definitions(name).is_empty()
            || calls::is_named_query(self.questions.program, name)
    }

    fn guard(&self, place: &Place, path: &[Place], category: Category) -> GuardSight {
        guard::sight(self, place, path, category)
    }
}

/// Commits kept for a file.
const MAX_COMMITS: usize = 8;
