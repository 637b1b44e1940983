//! What comments and messages beside a sink say was decided.
//!
//! A remark proves nothing: it becomes a fact, and rules are less sure where it holds.

use betwixt_base::FileId;
use betwixt_facts::remark::{Claim, Remark};
use betwixt_findings::Role;
use betwixt_program::Program;
use rustc_hash::FxHashMap;

use crate::observation::{Observation, location};

/// The files that have remarks, by path.
pub(crate) type Files = FxHashMap<String, FileId>;

/// The files of a program that have remarks; linear in them.
pub(crate) fn files(program: &Program) -> Files {
    let files = program.remarks.keys();
    files
        .map(|&file| (program.workspace.file(file).path.clone(), file))
        .collect()
}

/// Adds what remarks say of each observation's sink to its facts and reasons; of the functions on the way to it, what they say
/// of who checks and whose rows are meant.
pub(crate) fn heed(files: &Files, program: &Program, observations: &mut [Observation]) {
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
            let remarks = files
                .get(place.file.as_str())
                .and_then(|file| program.remarks.get(file));
            let speaking = remarks.into_iter().flatten().filter(|remark| {
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
