//! The evidence gate: what an agent points at is looked up, and what does not hold rejects it.
//!
//! Deterministic, and without judgement: whether a quote stands there, whether a function has that name, whether one
//! calls the other, whether a guard is code that always runs on the path. It does not know whether a claim is true.

use betwixt_findings::{
    Candidate, Category, Citation, CitationCheck, CitationFailure, CitationOutcome, Role,
    SafetyGuard,
};

use crate::present::one_line;
use crate::questions::{GuardSight, Place, Questions};
use crate::relocate::{Found, relocate};
use crate::sources::Sources;

/// The gate of one candidate.
pub(crate) struct Gate<'a> {
    questions: &'a dyn Questions,
    sources: &'a Sources<'a>,
    /// The trace, its sink last.
    path: Vec<Place>,
    category: Category,
}

type Failed = (CitationFailure, String);

impl<'a> Gate<'a> {
    pub(crate) fn new(
        questions: &'a dyn Questions,
        sources: &'a Sources<'a>,
        candidate: &Candidate,
    ) -> Self {
        Self {
            questions,
            sources,
            path: path_of(candidate),
            category: candidate.category,
        }
    }

    /// Looks up one citation.
    pub(crate) fn check(&self, citation: &Citation) -> CitationCheck {
        outcome(citation, self.look_up(citation))
    }

    /// Looks up all places of a finding. One of them has to be the sink; when none is, the first load-bearing one fails.
    pub(crate) fn check_places(&self, places: &[Citation]) -> Vec<CitationCheck> {
        let mut checks: Vec<CitationCheck> = places.iter().map(|place| self.check(place)).collect();
        if !checks.iter().any(|check| self.is_at_sink(check)) {
            let first = checks
                .iter_mut()
                .find(|check| check.citation.is_load_bearing && check.holds());
            if let (Some(check), Some(sink)) = (first, self.path.last()) {
                let detail = format!(
                    "none of the places is the one in question, {}:{}",
                    sink.file, sink.line
                );
                check.outcome = CitationOutcome::Failed {
                    failure: CitationFailure::NotOnPath,
                    detail,
                };
            }
        }
        checks
    }

    /// Looks up the guard of "safe": it must be where it is said, be code, be on the path and always run.
    pub(crate) fn check_guard(&self, guard: &SafetyGuard) -> CitationCheck {
        let citation = &guard.citation;
        let found = self.look_up(citation).and_then(|found| {
            let place = Place {
                file: citation.file.clone(),
                line: found.line,
                end_line: found.end_line,
            };
            let where_ = format!("{}:{}", place.file, place.line);
            match self.questions.guard(&place, &self.path, self.category) {
                GuardSight::Guards => Ok(found),
                GuardSight::NotCode => Err((
                    CitationFailure::NotCode,
                    format!("{where_} is no code that could refuse anything"),
                )),
                GuardSight::NotOnPath => Err((
                    CitationFailure::NotOnPath,
                    format!("{where_} has nothing to do with the path"),
                )),
                GuardSight::NotAlwaysRun(why) => {
                    Err((CitationFailure::NotAlwaysRun, format!("{where_} {why}")))
                }
            }
        });
        outcome(citation, found)
    }

    fn is_at_sink(&self, check: &CitationCheck) -> bool {
        let (Some(sink), CitationOutcome::Held { line, end_line }) =
            (self.path.last(), &check.outcome)
        else {
            return false;
        };
        let overlaps = *line <= sink.end_line && sink.line <= *end_line;
        check.citation.file == sink.file
            && (overlaps || {
                // A statement and the text it runs are often lines apart, in one function.
                let of = |line| self.questions.functions_at(&sink.file, line);
                let near = line.abs_diff(sink.line) <= NEAR_SINK;
                near && of(*line)
                    .first()
                    .is_some_and(|name| of(sink.line).contains(name))
            })
    }

    fn look_up(&self, citation: &Citation) -> Result<Found, Failed> {
        let file = one_line(&citation.file, 200);
        let text = self.sources.text(&citation.file).ok_or_else(|| {
            let detail = format!("`{file}` is not among the indexed files");
            (CitationFailure::UnknownFile, detail)
        })?;
        let found = relocate(&text, &citation.quote, citation.line, citation.end_line).map_err(
            |failure| {
                let quote = one_line(&citation.quote, 80);
                (failure, format!("{}: `{quote}`", wording(failure, &file)))
            },
        )?;
        self.check_symbol(citation, found)?;
        self.check_call(citation, found)?;
        Ok(found)
    }

    fn check_symbol(&self, citation: &Citation, found: Found) -> Result<(), Failed> {
        let Some(symbol) = citation.symbol.as_deref() else {
            return Ok(());
        };
        let names = (found.line..=found.end_line.min(found.line + 20))
            .flat_map(|line| self.questions.functions_at(&citation.file, line));
        let mut names = names.peekable();
        // Outside any function, in a schema or a query file, the name is of something else: it has to be known.
        let holds = match names.peek() {
            Some(_) => names.any(|name| is_same_name(&name, symbol)),
            None => self.questions.is_known(symbol),
        };
        holds.then_some(()).ok_or_else(|| {
            let (file, symbol) = (&citation.file, one_line(symbol, 80));
            let detail = format!("{file}:{} is not in `{symbol}`", found.line);
            (CitationFailure::UnknownSymbol, detail)
        })
    }

    fn check_call(&self, citation: &Citation, found: Found) -> Result<(), Failed> {
        let Some(callee) = citation.calls.as_deref() else {
            return Ok(());
        };
        let place = Place {
            file: citation.file.clone(),
            line: found.line,
            end_line: found.end_line,
        };
        if self.questions.has_call(&place, callee) {
            return Ok(());
        }
        let (file, callee) = (&citation.file, one_line(callee, 80));
        let detail = format!("nothing around {file}:{} calls `{callee}`", found.line);
        Err((CitationFailure::UnknownCall, detail))
    }
}

/// How far from the sink, within its function, a place still means it.
const NEAR_SINK: u32 = 12;

/// The trace as places: entries and steps in their order, the sink last.
fn path_of(candidate: &Candidate) -> Vec<Place> {
    let place = |location: &betwixt_findings::Location| Place {
        file: location.file.clone(),
        line: location.line,
        end_line: location.end_line,
    };
    let steps = candidate
        .trace
        .iter()
        .filter(|step| matches!(step.role, Role::Entry | Role::Step | Role::Sink));
    let mut path: Vec<Place> = steps.map(|step| place(&step.location)).collect();
    let sink = place(&candidate.location);
    path.retain(|step| *step != sink);
    path.push(sink);
    path
}

fn outcome(citation: &Citation, found: Result<Found, Failed>) -> CitationCheck {
    let outcome = match found {
        Ok(Found { line, end_line }) => CitationOutcome::Held { line, end_line },
        Err((failure, detail)) => CitationOutcome::Failed { failure, detail },
    };
    CitationCheck {
        citation: citation.clone(),
        outcome,
    }
}

fn wording(failure: CitationFailure, file: &str) -> String {
    match failure {
        CitationFailure::QuoteTooShort => format!("too short to mean one place of `{file}`"),
        CitationFailure::QuoteAmbiguous => {
            format!("stands in several places of `{file}`, none near the line")
        }
        _ => format!("stands nowhere in `{file}`"),
    }
}

/// Whether two names may mean one function: `(*Server).Get`, `Server.Get`, `Server::Get` and `Get` may all be meant by one another.
#[must_use]
pub fn is_same_name(known: &str, said: &str) -> bool {
    let plain = |name: &str| -> Vec<String> {
        let name = name
            .split('(')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>();
        let name = name.join("");
        name.replace([')', '*', '&'], "")
            .replace("::", ".")
            .split('.')
            .filter(|part| !part.is_empty())
            .map(|part| part.trim().to_owned())
            .collect()
    };
    let (known, said) = (plain(known), plain(said));
    !said.is_empty() && !known.is_empty() && (known.ends_with(&said) || said.ends_with(&known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_equal_by_their_ends() {
        assert!(is_same_name("(*Server).Get", "Get"));
        assert!(is_same_name("(*Server).Get", "Server.Get"));
        assert!(is_same_name("Store::pickup", "store.Store::pickup"));
        assert!(is_same_name("Get", "Get()"));
        assert!(!is_same_name("(*Server).Get", "(*Client).Get"));
        assert!(!is_same_name("(*Server).Get", "et"));
        assert!(!is_same_name("Get", ""));
    }
}
