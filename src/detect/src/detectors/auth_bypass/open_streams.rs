//! Streaming calls outside the layer that authenticates the others, in servers other than grpc-go.
//!
//! Connect for Go: an interceptor made as a unary one does not see streams. tonic: services are wrapped one by one. graphql-ws:
//! the socket has a context of its own.

use betwixt_base::{Language, Symbol};
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir, TypeRef, TypeRefId};
use betwixt_findings::Role;
use betwixt_program::control::each_expr;
use betwixt_program::flow::ingredients::Reach;
use betwixt_program::{CallSite, FunctionId};

use crate::body::{Body, chain_names, written_out};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, function_place, service, step};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let mut found = connect(context);
    found.extend(tonic(context));
    found.extend(sockets(context));
    found
}

fn body_of<'a>(context: &'a Context<'a>, site: CallSite) -> Body<'a> {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    Body::new(context, function)
}

fn observation(
    context: &Context<'_>,
    site: CallSite,
    server: &'static str,
    method: Option<FunctionId>,
    shown: String,
) -> Observation {
    let program = context.program;
    let body = body_of(context, site);
    let mut observation = Observation {
        conditions: vec![("server", server)],
        holes: vec![
            ("method", shown.clone()),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![shown],
        ..Observation::new(context.call_place(site), body.id)
    };
    if server != "connect" {
        observation.facts.insert("apart");
    }
    if let Some(method) = method {
        let place = function_place(program, method);
        let note = "a streaming method of the server, not covered";
        let seen = step(program, place, Some(method), Role::Entry, note);
        observation.trace.push(seen);
    }
    observation
}

/// `connect.WithInterceptors(NewAuth())` with `func NewAuth() connect.UnaryInterceptorFunc`.
fn connect(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for site in context.named_calls().of(|name| name == "WithInterceptors") {
        let ir = program.code.ir(site.file);
        let call = ir.call(site.call);
        if chain_names(ir, call.callee).first() != Some(&"connect") {
            continue;
        }
        let args = ir.expr_list(call.args);
        let body = body_of(context, site);
        let is_unary = |arg: &ExprId| is_auth(ir, *arg) && makes_unary(&body, *arg);
        let covers = |arg: &ExprId| is_auth(ir, *arg) && !makes_unary(&body, *arg);
        if !args.iter().any(is_unary) || args.iter().any(covers) {
            continue;
        }
        if let Some(method) = streaming(context, site, |ir, written| {
            matches!(ir.type_ref(written), TypeRef::Pointer(inner)
                if matches!(ir.type_ref(*inner), TypeRef::Named { name, .. }
                    if matches!(name.as_str(), "ServerStream" | "BidiStream" | "ClientStream")))
        }) {
            let shown = program.display(method).to_owned();
            found.push(observation(context, site, "connect", Some(method), shown));
        }
    }
    found
}

fn is_auth(ir: &Ir, expr: ExprId) -> bool {
    let mut found = false;
    each_expr(ir, expr, &mut |id| {
        let name = match ir.kind(id) {
            ExprKind::Name(name) | ExprKind::Field(_, name) => name.as_str(),
            ExprKind::Local(local) => ir.local(local).name.as_str(),
            _ => return,
        };
        found |= plain(name).contains("auth");
    });
    found
}

/// Whether an interceptor is made by a function that says that it makes unary ones.
fn makes_unary(body: &Body<'_>, expr: ExprId) -> bool {
    let ir = body.ir;
    let program = body.context.program;
    match ir.kind(expr) {
        ExprKind::Call(call) => {
            let callees = program.calls.callee(body.site(call)).functions();
            callees.iter().any(|&callee| {
                let there = program.code.ir(program.code.file_of(callee));
                let results = &program.code.function(callee).results;
                results.first().is_some_and(|&result| {
                    matches!(there.type_ref(result), TypeRef::Named { name, .. }
                        if name.as_str() == "UnaryInterceptorFunc")
                })
            })
        }
        ExprKind::Cast(written, _) => {
            matches!(ir.type_ref(written), TypeRef::Named { name, .. }
                if name.as_str() == "UnaryInterceptorFunc")
        }
        ExprKind::Local(local) => match body.definitions(local) {
            [only] => makes_unary(body, only.value),
            _ => false,
        },
        _ => false,
    }
}

/// A method in the service of a call that has a parameter of a stream's type.
fn streaming(
    context: &Context<'_>,
    site: CallSite,
    is_stream: impl Fn(&Ir, TypeRefId) -> bool,
) -> Option<FunctionId> {
    let program = context.program;
    let home = service(program, site.file);
    for (file, facts) in program.code.code_files() {
        if !program.workspace.file(file).marks.is_reported() || service(program, file) != home {
            continue;
        }
        for (index, function) in facts.functions.iter().enumerate().skip(1) {
            let ir = &facts.ir;
            let streams = function.receiver_type.is_some()
                && function
                    .params
                    .iter()
                    .any(|&param| is_stream(ir, ir.local(param).type_ref));
            if streams {
                let idx = betwixt_facts::ir::FunctionIdx(index as u32);
                return Some(program.code.function_id(file, idx));
            }
        }
    }
    None
}

/// `.add_service(UsersServer::with_interceptor(users, auth)).add_service(EventsServer::new(events))`.
fn tonic(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    let mut by_function: std::collections::BTreeMap<FunctionId, Vec<CallSite>> =
        std::collections::BTreeMap::new();
    for site in context.named_calls().of(|name| name == "add_service") {
        let body = body_of(context, site);
        if program.code.facts(site.file).language == Language::Rust {
            by_function.entry(body.id).or_default().push(site);
        }
    }
    for (function, sites) in by_function {
        let body = Body::new(context, function);
        let layered = body
            .calls()
            .iter()
            .any(|&call| body.call_name(call) == Some("layer"));
        let made: Vec<(CallSite, Made)> = sites
            .iter()
            .filter_map(|&site| {
                let &arg = body.ir.expr_list(body.ir.call(site.call).args).first()?;
                Some((site, made(&body, arg)?))
            })
            .collect();
        let guarded = made.iter().any(|(_, made)| made.is_guarded);
        if layered || !guarded {
            continue;
        }
        for (site, made) in made.iter().filter(|(_, made)| !made.is_guarded) {
            if let Some(method) = streaming_of(context, made.service) {
                let shown = program.display(method).to_owned();
                let mut seen = observation(context, *site, "tonic", Some(method), shown);
                // The call begins where the builder does.
                seen.place = body.place(body.ir.expr_list(body.ir.call(site.call).args)[0]);
                found.push(seen);
            }
        }
    }
    found
}

/// A service as a server is given it.
struct Made {
    service: Symbol,
    is_guarded: bool,
}

fn made(body: &Body<'_>, expr: ExprId) -> Option<Made> {
    let ir = body.ir;
    match ir.kind(expr) {
        ExprKind::Local(local) => match body.definitions(local) {
            [only] => made(body, only.value),
            _ => None,
        },
        ExprKind::Call(call) => of_call(body, call),
        _ => None,
    }
}

fn of_call(body: &Body<'_>, call: CallId) -> Option<Made> {
    let ir = body.ir;
    let facts = ir.call(call);
    let ExprKind::Name(path) = ir.kind(facts.callee) else {
        return None;
    };
    let mut parts = path.as_str().rsplit("::");
    let (how, server) = (parts.next()?, parts.next()?);
    let name = server.strip_suffix("Server")?;
    let is_guarded = match how {
        "with_interceptor" => ir.expr_list(facts.args).iter().any(|&arg| is_auth(ir, arg)),
        "new" => false,
        _ => return None,
    };
    (!matches!(name, "Health" | "ServerReflection")).then(|| Made {
        service: Symbol::new(name),
        is_guarded,
    })
}

/// A method of the trait that takes or gives a stream.
fn streaming_of(context: &Context<'_>, service: Symbol) -> Option<FunctionId> {
    let program = context.program;
    for (file, facts) in program.code.code_files() {
        if facts.language != Language::Rust || program.workspace.file(file).marks.test {
            continue;
        }
        for (index, function) in facts.functions.iter().enumerate().skip(1) {
            if function.implements != Some(service) {
                continue;
            }
            let ir = &facts.ir;
            let params = function
                .params
                .iter()
                .map(|&param| ir.local(param).type_ref);
            let mut written = params.chain(function.results.iter().copied());
            if written.any(|written| says_stream(ir, written, 0)) {
                let idx = betwixt_facts::ir::FunctionIdx(index as u32);
                return Some(program.code.function_id(file, idx));
            }
        }
    }
    None
}

fn says_stream(ir: &Ir, written: TypeRefId, depth: u32) -> bool {
    depth < 5
        && match ir.type_ref(written) {
            TypeRef::Named { name, args, .. } => {
                name.as_str() == "Streaming"
                    || name.as_str().ends_with("Stream")
                    || args.iter().any(|&arg| says_stream(ir, arg, depth + 1))
            }
            TypeRef::Pointer(inner) => says_stream(ir, *inner, depth + 1),
            _ => false,
        }
}

/// `useServer({ schema }, sockets)` beside an HTTP server whose context asks who it is.
fn sockets(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for site in context
        .named_calls()
        .of(|name| matches!(name, "useServer" | "SubscriptionServer"))
    {
        let ir = program.code.ir(site.file);
        let Some(&options) = ir.expr_list(ir.call(site.call).args).first() else {
            continue;
        };
        let Some(entries) = written_out(context, site.file, options) else {
            continue;
        };
        let entries = ir.entry_list(entries);
        let has = |names: &[&str]| {
            entries
                .iter()
                .any(|entry| names.contains(&entry.name.as_str()))
        };
        if has(&["onConnect", "context", "onSubscribe", "onOperation", "..."])
            || !has(&["schema", "roots"])
        {
            continue;
        }
        if asks_over_http(context, site) {
            let shown = "subscriptions".to_owned();
            found.push(observation(context, site, "graphql-ws", None, shown));
        }
    }
    found
}

/// Whether a server for HTTP in the same service is given a context that looks at credentials.
fn asks_over_http(context: &Context<'_>, socket: CallSite) -> bool {
    let program = context.program;
    let home = service(program, socket.file);
    let servers = context.named_calls().of(|name| {
        matches!(
            name,
            "ApolloServer" | "expressMiddleware" | "startStandaloneServer" | "createYoga"
        )
    });
    servers.into_iter().any(|site| {
        let ir = program.code.ir(site.file);
        service(program, site.file) == home
            && ir.expr_list(ir.call(site.call).args).iter().any(|&arg| {
                let Some(entries) = written_out(context, site.file, arg) else {
                    return false;
                };
                let mut entries = ir.entry_list(entries).iter();
                entries.any(|entry| entry.name == "context" && looks(context, site, entry.value))
            })
    })
}

fn looks(context: &Context<'_>, site: CallSite, value: ExprId) -> bool {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let says = |name: &str| {
        let plain = plain(name);
        ["auth", "token", "session", "user", "cookie"]
            .iter()
            .any(|word| plain.contains(word))
    };
    if let ExprKind::Closure(idx) = ir.kind(value) {
        let span = program.code.facts(site.file).functions[idx.index()].span;
        return ir.exprs.iter().any(|expr| {
            span.contains(expr.span)
                && matches!(expr.kind, ExprKind::Field(_, name) | ExprKind::Name(name)
                    if says(name.as_str()))
        });
    }
    let at = betwixt_program::ExprRef {
        file: site.file,
        expr: value,
    };
    let made = context.ingredients(at, Reach::LOCAL);
    made.names.iter().any(|name| says(name.as_str()))
}
