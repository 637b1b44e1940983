//! Scenarios: Markdown pages beside rules, with code and marks that say what must be found in it.
//!
//! `rules/<category>/<rule>.md` holds scenarios for `<rule>.yml`. Each `## heading` is one; `` `path`: `` before a
//! fenced block makes the block a file of it, files before the first heading belong to every scenario of the page.
//! Marks stand in comments, behind the code or alone on the line above:
//!
//! - `finding: rule` must be found, `finding(high): rule` with that confidence; `clean: rule` must not be;
//! - `missed: rule` should be found and is not today, `noisy: rule` is found and should not be. When one of these
//!   no longer holds the scenario fails, so that the mark gets corrected.
//!
//! Every hit of the page's rule must be marked. Pages of users run the same way as ours.

mod check;
mod complete;
mod links;
mod mark;
mod page;
mod run;

pub use check::Expectation;
pub use links::run_links;
pub use mark::{Mark, Word, marks};
pub use page::{Page, PageError, Scenario, ScenarioFile};
pub use run::{Failed, Summary, run};
