//! In which services a function runs.
//!
//! Code of a deployable service runs there. Shared code runs in every deployable service that can call it, found by one
//! walk per service over plain calls and function values (a link is answered in another process and is not followed).

use std::collections::BTreeSet;

use betwixt_base::workspace::ServiceId;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use crate::Program;
use crate::calls::EdgeKind;
use crate::ids::FunctionId;

/// Services by function.
pub(super) struct Owners {
    /// Index into `sets`, by function.
    of: Vec<u32>,
    sets: Vec<Vec<ServiceId>>,
}

impl Owners {
    /// Linear in the size of the shared code times the services that use it.
    pub(super) fn new(program: &Program) -> Self {
        let code = &program.code;
        let home = |function: FunctionId| program.workspace.file(code.file_of(function)).service;
        let is_deployable =
            |service: ServiceId| program.workspace.services[service.0 as usize].is_deployable;
        let mut runs: Vec<BTreeSet<ServiceId>> = vec![BTreeSet::new(); code.n_functions()];
        let mut pending: Vec<(FunctionId, ServiceId)> = Vec::new();
        for function in code.function_ids() {
            if let Some(service) = home(function).filter(|service| is_deployable(*service)) {
                pending.push((function, service));
            }
        }
        while let Some((function, service)) = pending.pop() {
            if !runs[function.index()].insert(service) {
                continue;
            }
            let node = NodeIndex::<u32>::new(function.index());
            for edge in program.calls.graph.edges(node) {
                let to = *program
                    .calls
                    .graph
                    .node_weight(edge.target())
                    .unwrap_or(&function);
                let is_shared = home(to).is_none_or(|service| !is_deployable(service));
                let is_here = matches!(edge.weight(), EdgeKind::Call(_) | EdgeKind::Reference);
                if is_shared && is_here {
                    pending.push((to, service));
                }
            }
        }
        let mut sets: Vec<Vec<ServiceId>> = vec![Vec::new()];
        let mut known = std::collections::BTreeMap::new();
        let of = code.function_ids().map(|function| {
            let mut set: Vec<ServiceId> = runs[function.index()].iter().copied().collect();
            if set.is_empty() {
                set.extend(home(function));
            }
            *known.entry(set).or_insert_with_key(|set| {
                sets.push(set.clone());
                sets.len() as u32 - 1
            })
        });
        let of = of.collect();
        Self { of, sets }
    }

    /// In order.
    pub(super) fn of(&self, function: FunctionId) -> &[ServiceId] {
        &self.sets[self.of[function.index()] as usize]
    }
}
