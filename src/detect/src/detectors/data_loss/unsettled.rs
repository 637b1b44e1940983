//! Promises that are taken for answers, where no right is asked; those are the business of auth bypass.

use crate::body::{Body, call_name, observe_bodies};
use crate::detectors::Context;
use crate::detectors::promises::{Promised, Taken, promised};
use crate::observation::{Observation, function_name};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    observe_bodies(context, |body| {
        let others = promised(body).into_iter().filter(|one| !one.is_right);
        others.map(|one| observation(body, one)).collect()
    })
}

fn observation(body: &Body<'_>, one: Promised) -> Observation {
    let program = body.context.program;
    let (taken, what) = match one.taken {
        Taken::Tested => ("tested", "is asked whether it is true, which it always is"),
        Taken::Predicate => ("predicate", "gets a predicate that is true of everything"),
        Taken::Returned => ("returned", "fails outside of the `try` it stands in"),
    };
    let call = call_name(body.ir, one.call).unwrap_or("call").to_owned();
    let at = body.ir.call(one.call).expr;
    let mut observation = Observation {
        conditions: vec![("taken", taken)],
        holes: vec![
            ("call", call.clone()),
            ("what", what.to_owned()),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![taken.to_owned(), call],
        ..body.observation(at)
    };
    observation.note_reach(program);
    if one.taken == Taken::Returned {
        observation.facts.insert("failure-unhandled");
    }
    observation
}
