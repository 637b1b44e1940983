//! GraphQL servers that run whatever is asked: nothing limits how deep a query nests or how much it may cost.
//!
//! A limit counts wherever the service has one. What a gateway before it refuses is not known.

use std::collections::BTreeMap;

use betwixt_base::Language;
use betwixt_facts::ir::{ExprKind, Ir};
use betwixt_program::CallSite;
use betwixt_program::events::EntryKind;

use crate::body::chain_names;
use crate::detectors::Context;
use crate::detectors::units::is_tooling;
use crate::observation::{Observation, function_name, service};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let makes = |name: &str| {
        matches!(
            name,
            "ApolloServer"
                | "createYoga"
                | "graphqlHTTP"
                | "NewDefaultServer"
                | "New"
                | "NewExecutableSchema"
                | "build"
                | "createHandler"
        )
    };
    let mut servers: BTreeMap<Option<String>, CallSite> = BTreeMap::new();
    for site in context.named_calls().of(makes) {
        let facts = program.code.facts(site.file);
        let path = &program.workspace.file(site.file).path;
        if makes_server(&facts.ir, facts.language, site)
            && !is_test(context, site)
            && !is_tooling(path)
            && !path.split('/').any(|part| part == "demo")
        {
            servers.entry(service(program, site.file)).or_insert(site);
        }
    }
    if servers.is_empty() {
        return Vec::new();
    }
    let limited = limited_services(context);
    servers
        .into_iter()
        .filter(|(service, _)| !limited.contains(service))
        .map(|(_, site)| observation(context, site))
        .collect()
}

/// Rust keeps its unit tests in a module of the file.
fn is_test(context: &Context<'_>, site: CallSite) -> bool {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    let facts = program.code.function(function);
    facts.flags.is_test
        || facts
            .module
            .as_str()
            .split("::")
            .any(|part| part == "tests")
}

/// `new ApolloServer({…})`, `handler.New(generated.NewExecutableSchema(…))`, `Schema::build(Query, …)`.
fn makes_server(ir: &Ir, language: Language, site: CallSite) -> bool {
    let call = ir.call(site.call);
    let chain = chain_names(ir, call.callee);
    let last = chain.last().copied().unwrap_or_default();
    match language {
        Language::Go => {
            let runs_schema = ir
                .expr_list(call.args)
                .iter()
                .any(|&arg| chain_names(ir, arg).last() == Some(&"NewExecutableSchema"));
            matches!(last, "NewDefaultServer" | "New") && chain.len() > 1 && runs_schema
        }
        Language::Rust => {
            chain.ends_with(&["Schema", "build"]) && ir.expr_list(call.args).len() == 3
        }
        _ => match last {
            "ApolloServer" => call.form == betwixt_facts::ir::CallForm::New,
            "createYoga" | "graphqlHTTP" => true,
            "createHandler" => ir.expr_list(call.args).iter().any(|&arg| {
                matches!(ir.kind(arg), ExprKind::Struct(_, entries)
                    if ir.entry_list(entries).iter().any(|entry| entry.name == "schema"))
            }),
            _ => false,
        },
    }
}

/// The services in which something is called or imported that limits queries.
fn limited_services(context: &Context<'_>) -> Vec<Option<String>> {
    let program = context.program;
    let called = context.named_calls().of(says_limit);
    let mut found: Vec<Option<String>> = called
        .into_iter()
        .map(|site| service(program, site.file))
        .collect();
    for (file, facts) in program.code.code_files() {
        let imports = facts.imports.iter().any(|import| {
            let path = import.path.as_str();
            ["depth", "complexity", "armor", "query-cost", "persisted"]
                .iter()
                .any(|word| path.contains(word))
        });
        if imports {
            found.push(service(program, file));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn says_limit(name: &str) -> bool {
    let plain = plain(name);
    [
        "limitdepth",
        "depthlimit",
        "maxdepth",
        "limitcomplexity",
        "complexitylimit",
        "costlimit",
        "querycomplexity",
        "costanalysis",
        "envelarmor",
        "apolloarmor",
        "persistedoperations",
        "limitrecursivedepth",
        "usedepth",
    ]
    .iter()
    .any(|word| plain.contains(word))
}

fn observation(context: &Context<'_>, site: CallSite) -> Observation {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    let mut observation = Observation {
        holes: vec![("function", function_name(program, function))],
        missing: vec!["a limit of depth or complexity"],
        identity: vec!["query-limits".to_owned()],
        ..Observation::new(context.call_place(site), function)
    };
    let resolvers = program.entries.entries.iter().filter(|entry| {
        entry.kind == EntryKind::GraphQl
            && service(program, program.code.file_of(entry.function)) == service(program, site.file)
    });
    if resolvers.count() > 2 {
        observation.facts.insert("many-resolvers");
    }
    observation
}
