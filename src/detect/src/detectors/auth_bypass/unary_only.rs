//! gRPC servers that authenticate unary calls only while they serve streams.
//!
//! Reads the function that makes the server: which interceptors it installs and which services it registers.

use betwixt_facts::ir::{CallId, ExprId, ExprKind, TypeRef, TypeRefId};
use betwixt_findings::Role;
use betwixt_program::control::each_expr;
use betwixt_program::{FunctionId, Program};
use rustc_hash::FxHashSet;

use crate::body::{Body, call_name, chain_names, observe_bodies};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, function_place, step};
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    observe_bodies(context, of_body)
}

fn of_body(body: &Body<'_>) -> Vec<Observation> {
    let ir = body.ir;
    let calls = body.calls();
    let Some(&server) = calls
        .iter()
        .find(|&&call| chain_names(ir, ir.call(call).callee) == ["grpc", "NewServer"])
    else {
        return Vec::new();
    };
    let installs = |names: &[&str]| {
        calls
            .iter()
            .copied()
            .find(|&call| call_name(ir, call).is_some_and(|name| names.contains(&name)))
    };
    let Some(unary) = installs(&["UnaryInterceptor", "ChainUnaryInterceptor"]) else {
        return Vec::new();
    };
    if installs(&["StreamInterceptor", "ChainStreamInterceptor", "InTapHandle"]).is_some()
        || !is_auth(body, unary)
    {
        return Vec::new();
    }
    let streams = streaming_methods(body, &calls);
    let Some(&first) = streams.first() else {
        return Vec::new();
    };
    let program = body.context.program;
    let shown = program.display(first).to_owned();
    let mut observation = Observation {
        conditions: vec![("server", "grpc")],
        holes: vec![
            ("method", shown.clone()),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![shown],
        ..body.observation(ir.call(server).expr)
    };
    let note = "authenticates unary calls only";
    let place = body.place(ir.call(unary).expr);
    observation
        .trace
        .push(step(program, place, Some(body.id), Role::Guard, note));
    for &method in streams.iter().take(3) {
        let place = function_place(program, method);
        let note = "a streaming method of the server, not covered";
        observation
            .trace
            .push(step(program, place, Some(method), Role::Entry, note));
    }
    vec![observation]
}

/// Whether what is installed authenticates: by the names of the values handed in and of what made them.
fn is_auth(body: &Body<'_>, install: CallId) -> bool {
    let ir = body.ir;
    let mut pending: Vec<ExprId> = ir.expr_list(ir.call(install).args).to_vec();
    let mut seen = 0;
    while let Some(arg) = pending.pop() {
        seen += 1;
        if seen > 60 {
            return false;
        }
        let mut inside = Vec::new();
        each_expr(ir, arg, &mut |expr| inside.push(expr));
        for expr in inside {
            let name = match ir.kind(expr) {
                ExprKind::Local(local) => {
                    if seen < 20 {
                        pending.extend(
                            body.definitions(local)
                                .iter()
                                .take(8)
                                .map(|known| known.value),
                        );
                    }
                    ir.local(local).name
                }
                ExprKind::Field(_, name) | ExprKind::Name(name) => name,
                _ => continue,
            };
            if plain(name.as_str()).contains("auth") {
                return true;
            }
        }
    }
    false
}

/// Streaming methods of what the function registers; of the whole package where the registered value's type is not known.
fn streaming_methods(body: &Body<'_>, calls: &[CallId]) -> Vec<FunctionId> {
    let ir = body.ir;
    let program = body.context.program;
    let registered: Vec<CallId> = calls
        .iter()
        .copied()
        .filter(|&call| {
            call_name(ir, call)
                .is_some_and(|name| name.starts_with("Register") && name.ends_with("Server"))
        })
        .collect();
    let mut wanted: FxHashSet<String> = FxHashSet::default();
    for call in registered {
        let Some(service) = call_name(ir, call)
            .and_then(|name| name.strip_prefix("Register"))
            .and_then(|name| name.strip_suffix("Server"))
        else {
            continue;
        };
        wanted.insert(service.to_owned());
    }
    // Health and reflection stream, too, and need nobody's name.
    wanted.retain(|service| !matches!(service.as_str(), "Health" | "ServerReflection"));
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (file, facts) in program.code.code_files() {
        if !program.workspace.file(file).marks.is_reported() {
            continue;
        }
        for (index, function) in facts.functions.iter().enumerate().skip(1) {
            if function.receiver_type.is_none() || !function.flags.has_body {
                continue;
            }
            let streams = function.params.iter().any(|&param| {
                stream_service(&facts.ir, facts.ir.local(param).type_ref).is_some_and(|service| {
                    match service {
                        Some(service) => wanted.contains(service),
                        None => same_service(program, body, file),
                    }
                })
            });
            if streams {
                let idx = betwixt_facts::ir::FunctionIdx(index as u32);
                found.push(program.code.function_id(file, idx));
            }
        }
    }
    found
}

fn same_service(program: &Program, body: &Body<'_>, file: betwixt_base::FileId) -> bool {
    let of = |file| {
        program
            .workspace
            .service_of(file)
            .map(|service| &service.name)
    };
    of(file).is_some() && of(file) == of(body.file)
}

/// `pb.ChatService_SubscribeServer`: the service; `grpc.BidiStreamingServer[…]`: some service.
fn stream_service(ir: &betwixt_facts::ir::Ir, written: TypeRefId) -> Option<Option<&'static str>> {
    let TypeRef::Named { name, .. } = ir.type_ref(written) else {
        return None;
    };
    let name = name.as_str();
    if matches!(
        name,
        "ServerStreamingServer" | "BidiStreamingServer" | "ClientStreamingServer"
    ) {
        return Some(None);
    }
    let (service, rest) = name.split_once('_')?;
    (rest.ends_with("Server") && rest.len() > "Server".len()).then_some(Some(service))
}
