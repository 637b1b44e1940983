//! The program: all facts, resolved against each other, built once and then read only.

use std::time::Instant;

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, LineColumn, Place, Problem, Span, Symbol};
use betwixt_facts::ir::LocalId;
use betwixt_facts::remark::Remark;
use betwixt_facts::schema::NamedQuery;
use betwixt_facts::sql::{Dialect, parse_statements};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::calls::CallGraph;
use crate::events::{Context, Entries, Events, QueryPlace};
use crate::flow::defs::FileFlow;
use crate::graphql::Graphql;
use crate::index::{Code, Methods};
use crate::link::{LinkContext, Links};
use crate::models::ModelIndex;
use crate::names::Names;
use crate::proto::Proto;
use crate::resolve::Resolver;
use crate::schema::{Schema, SchemaSource};
use crate::types::Type;
use crate::{FunctionId, Input};

/// Counts for `--stats` and the JSON output.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stats {
    /// Functions, closures included.
    pub functions: usize,
    /// Call edges between functions of the program.
    pub call_edges: usize,
    /// Data-access statements, SQL and ORM.
    pub statements: usize,
    /// Tables known from the schema.
    pub tables: usize,
    /// Events of all kinds.
    pub events: usize,
    /// Other counts worth showing, by name.
    pub other: Vec<(&'static str, usize)>,
    /// Seconds per step of the build.
    pub seconds: Vec<(&'static str, f64)>,
}

/// All facts, resolved against each other.
#[derive(Debug)]
pub struct Program {
    /// The tree.
    pub workspace: Workspace,
    /// Facts with program-wide ids.
    pub code: Code,
    /// Names.
    pub names: Names,
    /// Methods by type.
    pub methods: Methods,
    /// Library models.
    pub models: ModelIndex,
    /// Definitions and uses per file.
    pub flows: Vec<FileFlow>,
    /// Types of locals per file.
    pub local_types: Vec<Vec<Type>>,
    /// Who may call whom.
    pub calls: CallGraph,
    /// What services promise each other.
    pub proto: Proto,
    /// What clients ask for and schemas offer over GraphQL.
    pub graphql: Graphql,
    /// Tables, keys, tenancy.
    pub schema: Schema,
    /// What the program does.
    pub events: Events,
    /// Functions called from outside, and what they reach.
    pub entries: Entries,
    /// Line starts of files without code that places may be in (SQL).
    pub schema_lines: std::collections::BTreeMap<FileId, betwixt_base::LineIndex>,
    /// What comments say was decided, by file; by line in each.
    pub remarks: FxHashMap<FileId, Vec<Remark>>,
    /// What was cut short.
    pub problems: Vec<Problem>,
    /// Counts.
    pub stats: Stats,
}

impl Program {
    /// Builds the program; linear in the size of the facts.
    #[must_use]
    pub fn build(input: Input) -> Self {
        let mut clock = Clock::default();
        let workspace = input.workspace;
        let paths: Vec<String> = workspace
            .files
            .iter()
            .map(|file| file.path.clone())
            .collect();
        let mut facts: Vec<Option<betwixt_facts::FileFacts>> = Vec::new();
        facts.resize_with(workspace.files.len(), || None);
        let mut sources = Vec::new();
        let mut protos = Vec::new();
        let mut graphqls = Vec::new();
        let mut schema_lines = std::collections::BTreeMap::new();
        let mut remarks = FxHashMap::default();
        let mut named = Vec::new();
        for file in input.files {
            named.extend(file.queries.into_iter().map(|query| (file.file, query)));
            if !file.ops.is_empty() {
                sources.push(SchemaSource {
                    file: file.file,
                    path: paths[file.file.0 as usize].clone(),
                    ops: file.ops,
                });
            }
            protos.extend(file.proto.map(|proto| (file.file, proto)));
            graphqls.extend(file.graphql.map(|found| (file.file, found)));
            if !file.remarks.is_empty() {
                remarks.insert(file.file, file.remarks);
            }
            if let Some(lines) = file.lines {
                schema_lines.insert(file.file, lines);
            }
            facts[file.file.0 as usize] = file.facts;
        }
        let queries = named_queries(named);
        let schema = Schema::build(sources, &input.tenancy);
        let proto = Proto::new(protos);
        let graphql = Graphql::new(graphqls);
        clock.lap("schema");
        let code = Code::new(facts);
        let models = ModelIndex::new(input.models);
        let names = Names::new(&workspace, &code);
        let mut methods = names.methods(&code);
        let embeddings = Resolver {
            code: &code,
            names: &names,
            methods: &methods,
            models: &models,
            flows: &[],
            local_types: &[],
        }
        .embeddings();
        for (embedded, by) in embeddings {
            methods.add_embedder(embedded, by);
        }
        clock.lap("names");
        let flows: Vec<FileFlow> = code
            .files
            .par_iter()
            .map(|facts| facts.as_ref().map(FileFlow::new).unwrap_or_default())
            .collect();
        clock.lap("flow");
        let bare = Resolver {
            code: &code,
            names: &names,
            methods: &methods,
            models: &models,
            flows: &flows,
            local_types: &[],
        };
        let local_types = infer_locals(&bare);
        clock.lap("types");
        let resolver = Resolver {
            local_types: &local_types,
            ..bare
        };
        let mut calls = CallGraph::new(&resolver);
        clock.lap("calls");
        let context = Context {
            schema: &schema,
            queries: &queries,
            paths: &paths,
        };
        let events = Events::new(&resolver, &calls, &context);
        clock.lap("events");
        let mut entries = Entries::new(&resolver, &calls, &workspace, &events);
        clock.lap("entries");
        let links = crate::link::find(&LinkContext {
            resolver: &resolver,
            graph: &calls,
            workspace: &workspace,
            events: &events,
            entries: &entries,
            proto: &proto,
            graphql: &graphql,
            schema: &schema,
        });
        calls.add_links(links);
        calls.add_wrapped(crate::wrapped::find(&resolver, &calls, &entries));
        entries.walk(&resolver, &calls);
        clock.lap("links");
        let mut other = vec![("entries", entries.entries.len())];
        other.extend(calls.links.counts());
        let stats = Stats {
            functions: code.n_functions(),
            call_edges: calls.n_edges(),
            statements: events.accesses.len(),
            tables: schema.tables().len(),
            events: events.events.len(),
            other,
            seconds: clock.laps,
        };
        Self {
            workspace,
            code,
            names,
            methods,
            models,
            flows,
            local_types,
            calls,
            proto,
            graphql,
            schema,
            events,
            entries,
            schema_lines,
            remarks,
            problems: Vec::new(),
            stats,
        }
    }

    /// The tables for questions about names, types and callees.
    #[must_use]
    pub fn resolver(&self) -> Resolver<'_> {
        Resolver {
            code: &self.code,
            names: &self.names,
            methods: &self.methods,
            models: &self.models,
            flows: &self.flows,
            local_types: &self.local_types,
        }
    }

    /// Calls that other parts of the program answer.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.calls.links
    }

    /// Whether an event's key (topic, …) is handed in by callers, who have the event themselves.
    #[must_use]
    pub fn is_forwarded(&self, event: &crate::events::Event) -> bool {
        !self.calls.callers(event.function).is_empty()
            && crate::events::is_parametric(&self.resolver(), &self.calls, event)
    }

    /// Start and end of a place as lines and columns.
    #[must_use]
    pub fn positions(&self, place: Place) -> (LineColumn, LineColumn) {
        let lines = &self.code.facts(place.file).lines;
        (
            lines.position(place.span.start),
            lines.position(place.span.end),
        )
    }

    /// The name a programmer would use for a function.
    #[must_use]
    pub fn display(&self, function: FunctionId) -> &'static str {
        self.code.function(function).display.as_str()
    }

    /// The innermost function around a span.
    #[must_use]
    pub fn function_at(&self, file: FileId, span: Span) -> Option<FunctionId> {
        // A named query stands in a file without functions.
        let functions = &self.code.files.get(file.0 as usize)?.as_ref()?.functions;
        let around = functions
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, function)| function.span.contains(span));
        let (index, _) =
            around.min_by_key(|(_, function)| function.span.end - function.span.start)?;
        Some(
            self.code
                .function_id(file, betwixt_facts::ir::FunctionIdx(index as u32)),
        )
    }

    /// Tenant columns with the evidence for them, for people.
    #[must_use]
    pub fn describe_tenancy(&self) -> String {
        self.schema.describe_tenancy()
    }

    /// Functions with their roles, calls, events and ingredients in one file, for `betwixt inspect`.
    #[must_use]
    pub fn describe_file(&self, file: FileId) -> String {
        crate::describe::describe_file(self, file)
    }

    /// Routes, links and calls without one in a folder (empty: all), for `betwixt inspect`.
    #[must_use]
    pub fn describe_folder(&self, folder: &str) -> String {
        crate::describe::describe_folder(self, folder)
    }
}

/// Named queries by name, read.
fn named_queries(named: Vec<(FileId, NamedQuery)>) -> FxHashMap<Symbol, Vec<QueryPlace>> {
    let read: Vec<(Symbol, QueryPlace)> = named
        .into_par_iter()
        .map(|(file, query)| {
            let statement = parse_statements(&query.text, Dialect::Unknown);
            let place = QueryPlace {
                file,
                span: query.span,
                text: query.text,
                statement: statement.ok().and_then(|all| all.into_iter().next()),
            };
            (query.name, place)
        })
        .collect();
    let mut queries: FxHashMap<Symbol, Vec<QueryPlace>> = FxHashMap::default();
    for (name, place) in read {
        queries.entry(name).or_default().push(place);
    }
    queries
}

fn infer_locals(resolver: &Resolver<'_>) -> Vec<Vec<Type>> {
    let code = resolver.code;
    let files: Vec<usize> = (0..code.files.len()).collect();
    files
        .par_iter()
        .map(|&index| {
            let Some(facts) = &code.files[index] else {
                return Vec::new();
            };
            let file = FileId(index as u32);
            (0..facts.ir.locals.len() as u32)
                .map(|local| resolver.infer_local(file, LocalId(local), 0))
                .collect()
        })
        .collect()
}

/// Time per step.
struct Clock {
    last: Instant,
    laps: Vec<(&'static str, f64)>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            last: Instant::now(),
            laps: Vec::new(),
        }
    }
}

impl Clock {
    fn lap(&mut self, step: &'static str) {
        self.laps.push((step, self.last.elapsed().as_secs_f64()));
        self.last = Instant::now();
    }
}
