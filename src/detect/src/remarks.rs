//! What comments and messages beside a sink say was decided.
//!
//! A remark proves nothing: it becomes a fact, and rules are less sure where it holds.

use betwixt_facts::remark::{Claim, Remark};
use betwixt_findings::Role;
use betwixt_program::Program;
use rustc_hash::FxHashMap;

use crate::observation::{Observation, location};

/// Adds what remarks say of each observation's sink to its facts and reasons; of the functions on the way to it, what they say
/// of who checks and whose rows are meant.
pub(crate) fn heed(program: &Program, observations: &mut [Observation]) {
    let by_path: FxHashMap<&str, &[Remark]> = program
        .remarks
        .iter()
        .map(|(&file, remarks)| {
            let path = program.workspace.file(file).path.as_str();
            (path, remarks.as_slice())
        })
        .collect();
    for observation in observations {
        let sink = location(program, observation.place);
        let way = observation
            .trace
            .iter()
            .filter(|step| matches!(step.role, Role::Entry | Role::Step) && step.location != sink);
        let mut said: Vec<(&Remark, String)> = Vec::new();
        for (place, is_sink) in [(&sink, true)]
            .into_iter()
            .chain(way.map(|step| (&step.location, false)))
        {
            let remarks = by_path.get(place.file.as_str()).copied();
            let speaking = remarks.unwrap_or_default().iter().filter(|remark| {
                (remark.first..=remark.last).contains(&place.line)
                    && (is_sink || remark.claim != Claim::Meant)
            });
            said.extend(speaking.map(|remark| (remark, place.file.clone())));
        }
        for (remark, file) in said {
            let (fact, meaning) = match remark.claim {
                Claim::Meant => ("said-meant", "it is meant to be so"),
                Claim::CheckedElsewhere => ("said-checked", "the check is elsewhere"),
                Claim::AllTenants => ("said-global", "all tenants are meant"),
            };
            if observation.facts.insert(fact) {
                // Without its line: a reason stays true when only lines move.
                let reason = format!("a comment in {file} says that {meaning}");
                observation.reasons.push(reason);
            }
        }
    }
}
