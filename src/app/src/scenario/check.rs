//! Marks against hits: what was expected and did not come, what came and was not expected.

use betwixt_findings::{Candidate, Confidence};

use super::mark::{Mark, Word};

/// One thing that is not as marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The file of the scenario.
    pub file: String,
    /// Line of that file.
    pub line: u32,
    /// The rule, full id.
    pub rule: String,
    /// What was expected and what is.
    pub message: String,
}

/// A mark whose rule is resolved.
#[derive(Debug, Clone)]
pub(super) struct RuleMark {
    pub(super) file: String,
    pub(super) mark: Mark,
    pub(super) rule: String,
}

impl RuleMark {
    fn at(&self, message: String) -> Expectation {
        Expectation {
            file: self.file.clone(),
            line: self.mark.line,
            rule: self.rule.clone(),
            message,
        }
    }

    fn holds(&self, hit: &Candidate) -> bool {
        hit.rule == self.rule
            && hit.location.file == self.file
            && hit.location.line == self.mark.line
    }
}

/// Everything that is not as marked, by file and line. Hits of `page_rule` must all be marked.
pub(super) fn check(page_rule: &str, marks: &[RuleMark], hits: &[Candidate]) -> Vec<Expectation> {
    let mut failures: Vec<Expectation> = marks
        .iter()
        .filter_map(|mark| check_mark(mark, hits))
        .collect();
    for hit in hits.iter().filter(|hit| hit.rule == page_rule) {
        if !marks.iter().any(|mark| mark.holds(hit)) {
            failures.push(Expectation {
                file: hit.location.file.clone(),
                line: hit.location.line,
                rule: hit.rule.clone(),
                message: format!(
                    "found, but not marked ({} confidence): {}",
                    hit.confidence, hit.message
                ),
            });
        }
    }
    failures.sort_by(|a, b| {
        (&a.file, a.line, &a.rule, &a.message).cmp(&(&b.file, b.line, &b.rule, &b.message))
    });
    failures.dedup();
    failures
}

fn check_mark(mark: &RuleMark, hits: &[Candidate]) -> Option<Expectation> {
    let found: Vec<&Candidate> = hits.iter().filter(|hit| mark.holds(hit)).collect();
    let rule = &mark.rule;
    match (mark.mark.word, found.as_slice()) {
        (Word::Finding, []) => {
            Some(mark.at(format!("marked `finding`, but `{rule}` is silent here")))
        }
        (Word::Finding, found) => check_confidence(mark, found),
        (Word::Noisy, []) => Some(mark.at(format!(
            "marked `noisy`, but `{rule}` is silent now; change the mark to `clean`"
        ))),
        (Word::Clean, [hit, ..]) => {
            Some(mark.at(format!("marked `clean`, but found: {}", hit.message)))
        }
        (Word::Missed, [_, ..]) => Some(mark.at(format!(
            "marked `missed`, but `{rule}` finds it now; change the mark to `finding`"
        ))),
        (Word::Noisy, _) | (Word::Clean | Word::Missed, []) | (Word::Role, _) => None,
    }
}

fn check_confidence(mark: &RuleMark, found: &[&Candidate]) -> Option<Expectation> {
    let text = mark.mark.qualifier.as_deref()?;
    let wanted: Confidence = match text.parse() {
        Ok(confidence) => confidence,
        Err(message) => {
            let message: String = message;
            return Some(mark.at(message));
        }
    };
    let is_met = found.iter().any(|hit| hit.confidence == wanted);
    (!is_met).then(|| {
        mark.at(format!(
            "marked with {wanted} confidence, found with {}",
            found[0].confidence
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn hit(line: u32) -> Candidate {
        sample::hit("a.go", line)
    }

    fn messages(text: &str, hits: &[Candidate]) -> Vec<String> {
        let (marks, _) = super::super::mark::marks(text, &|_| true);
        let marks: Vec<RuleMark> = marks
            .into_iter()
            .map(|mark| RuleMark {
                file: "a.go".into(),
                mark,
                rule: "race/x".into(),
            })
            .collect();
        check("race/x", &marks, hits)
            .into_iter()
            .map(|failure| failure.message)
            .collect()
    }

    #[test]
    fn what_is_as_marked_passes() {
        assert_eq!(
            messages("f() // finding: x\ng() // clean: x\n", &[hit(1)]),
            [""; 0]
        );
        assert_eq!(
            messages("f() // noisy: x\ng() // missed: x\n", &[hit(1)]),
            [""; 0]
        );
        assert_eq!(messages("f() // finding(medium): x\n", &[hit(1)]), [""; 0]);
    }

    #[test]
    fn what_is_not_as_marked_fails() {
        assert_eq!(
            messages("f() // finding: x\n", &[]),
            ["marked `finding`, but `race/x` is silent here"]
        );
        assert_eq!(
            messages("f() // clean: x\n", &[hit(1)]),
            ["marked `clean`, but found: it races"]
        );
        assert_eq!(
            messages("f()\n", &[hit(1)]),
            ["found, but not marked (medium confidence): it races"]
        );
        assert_eq!(
            messages("f() // missed: x\n", &[hit(1)]),
            ["marked `missed`, but `race/x` finds it now; change the mark to `finding`"]
        );
        assert_eq!(
            messages("f() // noisy: x\n", &[]),
            ["marked `noisy`, but `race/x` is silent now; change the mark to `clean`"]
        );
        assert_eq!(
            messages("f() // finding(high): x\n", &[hit(1)]),
            ["marked with high confidence, found with medium"]
        );
    }
}
