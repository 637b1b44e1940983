//! What comments and messages beside a sink say was decided.
//!
//! A remark proves nothing: it becomes a fact, and rules are less sure where it holds.

use betwixt_facts::remark::Claim;
use betwixt_program::Program;

use crate::observation::{Observation, location};

/// Adds what remarks say of each observation's sink to its facts and reasons.
pub(crate) fn heed(program: &Program, observations: &mut [Observation]) {
    for observation in observations {
        let Some(remarks) = program.remarks.get(&observation.place.file) else {
            continue;
        };
        let line = location(program, observation.place).line;
        let speaking = remarks
            .iter()
            .filter(|remark| (remark.first..=remark.last).contains(&line));
        for remark in speaking {
            let (fact, meaning) = match remark.claim {
                Claim::Meant => ("said-meant", "it is meant to be so"),
                Claim::CheckedElsewhere => ("said-checked", "the check is elsewhere"),
                Claim::AllTenants => ("said-global", "all tenants are meant"),
            };
            if observation.facts.insert(fact) {
                let reason = format!("line {} says that {meaning}", remark.line);
                observation.reasons.push(reason);
            }
        }
    }
}
