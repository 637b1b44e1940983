//! Scripted agents over the example platform: honest ones confirm what is planted, lies are rejected, and who says yes
//! to everything is asked about nothing that is right.

use std::path::Path;
use std::sync::OnceLock;

use betwixt_app::measure::Stopwatch;
use betwixt_app::pipeline::{self, Built};
use betwixt_app::project::Project;
use betwixt_app::review::{Answers, case};
use betwixt_app::settle;
use betwixt_files::Source;
use betwixt_findings::{Candidate, Category, Conclusion, Judgement};
use betwixt_program::Questions;
use betwixt_review::provider::Trouble;
use betwixt_review::{
    Agent, Agents, Answer, Ask, Case, Chat, Counted, Event, GuardSight, Message, NoJournal, Place,
    Questions as _, Recorder, Settings, Stop,
};
use serde_json::{Value, json};

use crate::support::{assert_valid_sarif, betwixt, platform, report};

/// An agent that is a closure over what it is told first.
struct Scripted<'a>(&'a (dyn Fn(&str) -> Value + Send + Sync));

impl Agent for Scripted<'_> {
    fn name(&self) -> &str {
        "openai/gpt-4.1-mini"
    }
    fn model(&self) -> &str {
        "gpt-4.1-mini"
    }
    fn complete(&self, chat: &Chat, _: Ask) -> Result<Answer, Trouble> {
        let Some(Message::User { text }) = chat.messages.first() else {
            return Err(Trouble::Failed("nothing was said".into()));
        };
        Ok(Answer {
            text: (self.0)(text).to_string(),
            calls: Vec::new(),
            stop: Stop::Complete,
            counted: Some(Counted {
                input: 2_400,
                output: 180,
                ..Counted::default()
            }),
            request: Value::Null,
            response: Value::Null,
        })
    }
    fn reread(&self, _: Value, _: Value) -> Option<Answer> {
        None
    }
}

/// A tree with its program and what is raised of it.
type Raised = (Project, Built, Vec<Candidate>);

/// The platform, built once.
fn raised() -> &'static Raised {
    static RAISED: OnceLock<Raised> = OnceLock::new();
    RAISED.get_or_init(|| built(&platform()))
}

fn built(root: &Path) -> Raised {
    let Ok(project) = Project::open(root, true) else {
        panic!("no project");
    };
    let mut request = project.request();
    request.cache = pipeline::Caching::Off;
    let Ok(built) = pipeline::build(&request, &mut Stopwatch::default()) else {
        panic!("no program");
    };
    let catalogue = &project.rulebook.catalogue;
    let mut hits = pipeline::detect(&built.program, catalogue).candidates;
    settle::settle(
        &mut hits,
        settle::Context {
            project: &project,
            ran: catalogue,
            workspace: &built.program.workspace,
            comments: &built.comments,
            source: &Source::Disk(built.root.clone()),
            severity: None,
            confidence: None,
        },
    );
    (project, built, hits)
}

/// What an agent says to a case file.
type Say<'a> = &'a (dyn Fn(&str) -> Value + Send + Sync);

/// What becomes of every candidate of the platform with these agents.
fn concluded(tracer: Say<'_>, reviewer: Say<'_>) -> Vec<(Candidate, Conclusion)> {
    conclude(raised(), tracer, reviewer, &Settings::default())
}

fn conclude(
    (project, built, hits): &Raised,
    tracer: Say<'_>,
    reviewer: Say<'_>,
    settings: &Settings,
) -> Vec<(Candidate, Conclusion)> {
    let questions = Questions::new(&built.program);
    let answers = Answers::new(&questions, &built.root);
    let find = |hit: &Candidate| project.rulebook.catalogue.find(&hit.rule);
    let cases: Vec<Case> = hits
        .iter()
        .map(|hit| case(&answers, hit, find(hit)))
        .collect();
    let (tracer, reviewer) = (Scripted(tracer), Scripted(reviewer));
    let agents = Agents {
        tracer: &tracer,
        reviewer: &reviewer,
    };
    let told = |_: &Event<'_>| {};
    let outcome = betwixt_review::run(&cases, &answers, agents, settings, &NoJournal, &told);
    let conclusions = outcome.expect("a run").conclusions;
    hits.iter().cloned().zip(conclusions).collect()
}

/// The place in question as the case file gives it: `place: FILE:LINE in …`.
fn place_of(case: &str) -> (String, u32) {
    let line = case.lines().find_map(|line| line.strip_prefix("place: "));
    let place = line
        .and_then(|line| line.split(" in ").next())
        .expect("a place");
    let (file, line) = place.rsplit_once(':').expect("a line");
    (file.to_owned(), line.parse().expect("a number"))
}

/// Lines of code of the case file, as shown: file, number, text.
fn shown(case: &str) -> Vec<(String, u32, String)> {
    let mut file = String::new();
    let mut found = Vec::new();
    for line in case.lines() {
        if let Some((number, code)) = line.split_once("| ")
            && let Ok(number) = number.trim().parse()
        {
            found.push((file.clone(), number, code.to_owned()));
        } else if let Some(name) = line.strip_suffix(':') {
            file = name.to_owned();
        }
    }
    found
}

/// The lines at the place in question, enough of them to be found again.
fn sink(case: &str) -> Value {
    let (file, line) = place_of(case);
    let lines = shown(case).into_iter();
    let quoted: Vec<String> = lines
        .filter(|(of, number, _)| *of == file && (line..line + 3).contains(number))
        .map(|(_, _, code)| code)
        .collect();
    json!({"file": file, "line": line, "end_line": line + 2, "quote": quoted.join("\n"), "function": null, "calls": null})
}

fn real(place: &Value) -> Value {
    json!({"verdict": "real", "reasons": ["followed"], "claim": "It is real.", "places": [place], "failure": "Twice.",
        "impact": "Another tenant.", "fix": "Check.", "test": "Try.", "guard": null, "missing": null})
}

fn safe(place: &Value) -> Value {
    json!({"verdict": "safe", "reasons": ["checked"], "claim": null, "places": [], "failure": null, "impact": null,
        "fix": null, "test": null, "guard": {"statement": "it is always checked", "place": place}, "missing": null})
}

fn stands(case: &str) -> Value {
    json!({"restated": "It is so.", "verdict": "stands", "reasons": ["tried"], "severity": null,
        "citations": [sink(case)], "guard": null, "missing": null})
}

#[test]
fn honest_agents_confirm_everything_that_is_raised() {
    let concluded = concluded(&|case| real(&sink(case)), &stands);
    assert!(concluded.len() > 20);
    for (hit, conclusion) in &concluded {
        let place = format!("{}:{}", hit.location.file, hit.location.line);
        assert_eq!(
            conclusion.judgement,
            Judgement::Confirmed,
            "{place}: {}",
            conclusion.reason
        );
    }
}

#[test]
fn every_planted_bug_that_is_raised_is_confirmed() {
    let concluded = concluded(&|case| real(&sink(case)), &stands);
    let page = std::fs::read_to_string(platform().join("EXPECTED.md")).expect("the page");
    let planted = page
        .split("## Must stay silent")
        .next()
        .expect("a first part");
    let mut n_confirmed = 0;
    for (hit, conclusion) in &concluded {
        let place = format!("{}:{} ", hit.location.file, hit.location.line);
        if planted.contains(&place) {
            assert_eq!(conclusion.judgement, Judgement::Confirmed, "{place}");
            n_confirmed += 1;
        }
    }
    assert!(n_confirmed >= 15, "{n_confirmed}");
}

#[test]
fn every_lie_is_rejected() {
    let lies: [&(dyn Fn(&str) -> Value + Send + Sync); 4] = [
        // Something that does not stand there.
        &|case| {
            let mut place = sink(case);
            place["quote"] = json!(format!(
                "if owner != tenant {{ return nil }} // {}",
                place["quote"]
            ));
            real(&place)
        },
        // A function that is another one.
        &|case| {
            let mut place = sink(case);
            place["function"] = json!("VerifyOwnership");
            real(&place)
        },
        // A call nobody makes.
        &|case| {
            let mut place = sink(case);
            place["calls"] = json!("requireOwnershipOfEverything");
            real(&place)
        },
        // A file beside the indexed ones.
        &|case| {
            let mut place = sink(case);
            place["file"] = json!("README.md");
            real(&place)
        },
    ];
    for (at, lie) in lies.into_iter().enumerate() {
        for (hit, conclusion) in concluded(lie, &stands) {
            assert_eq!(
                conclusion.judgement,
                Judgement::Undecided,
                "lie {at} about {}",
                hit.fingerprint
            );
            assert!(
                conclusion.reason.contains("does not hold"),
                "{}",
                conclusion.reason
            );
        }
    }
}

#[test]
fn the_place_in_question_and_comments_are_no_guards() {
    for (hit, conclusion) in concluded(&|case| safe(&sink(case)), &stands) {
        let place = format!("{}:{}", hit.location.file, hit.location.line);
        assert_ne!(conclusion.judgement, Judgement::Refuted, "{place}");
    }
}

/// How a line is seen as the guard of a path of lines; each is the first line of the file that holds the text.
fn sight(guard: (&str, &str), path: &[(&str, &str)]) -> GuardSight {
    let (_, built, _) = raised();
    let questions = Questions::new(&built.program);
    let answers = Answers::new(&questions, &built.root);
    let place = |(file, text): (&str, &str)| {
        let content = answers.text(file).expect("an indexed file");
        let at = content.lines().position(|line| line.contains(text));
        let line = at.expect("a line with the text") as u32 + 1;
        Place {
            file: file.to_owned(),
            line,
            end_line: line,
        }
    };
    let path: Vec<Place> = path.iter().copied().map(place).collect();
    answers.guard(&place(guard), &path, Category::TenantIsolation)
}

const INVOICES: &str = "services/billing/internal/invoice/service.go";
const REPOSITORY: &str = "services/billing/internal/invoice/repository.go";
const WEBHOOKS: &str = "services/web-api/src/trpc/routers/webhooks.ts";
const LOCKERS: &str = "services/accounts/internal/rpc/lockers.go";
const ROUTES: &str = "services/ingest/src/routes/parcels.rs";

#[test]
fn checks_that_always_run_are_guards() {
    let read = (INVOICES, "s.repo.ByID(ctx, id)");
    let sink = (REPOSITORY, "func (r *Repository) ByID");
    let compared = (INVOICES, "if inv.TenantID != tenantID {");
    assert_eq!(
        sight(compared, &[read, sink]),
        GuardSight::Guards,
        "after the read"
    );
    let lines = (INVOICES, "s.repo.Lines(ctx, inv.ID)");
    assert_eq!(
        sight(compared, &[lines]),
        GuardSight::Guards,
        "before the next one"
    );
    let owner = (WEBHOOKS, "endpoint.tenantId !== ctx.viewer.tenantId");
    let update = (WEBHOOKS, "where: { id: endpoint.id }, data: { secret }");
    assert_eq!(sight(owner, &[update]), GuardSight::Guards);
    let thrown = (WEBHOOKS, "await requireEndpoint(ctx.viewer.tenantId");
    let deliveries = (WEBHOOKS, "prisma.webhookDelivery.findMany");
    assert_eq!(
        sight(thrown, &[deliveries]),
        GuardSight::Guards,
        "a helper that throws"
    );
    let site = (LOCKERS, "s.requireSite(ctx, req.GetSiteId())");
    let lockers = (LOCKERS, "s.store.LockersAtSite");
    assert_eq!(
        sight(site, &[lockers]),
        GuardSight::Guards,
        "a helper whose error is returned"
    );
    let parcel = (ROUTES, "app.store.require_parcel");
    let history = (ROUTES, "app.store.history");
    assert_eq!(
        sight(parcel, &[history]),
        GuardSight::Guards,
        "`?` on a helper"
    );
}

#[test]
fn what_only_logs_passes_errors_on_or_stands_elsewhere_is_no_guard() {
    let lock = (INVOICES, "s.repo.Lock(ctx, tx, id)");
    let why = |guard, path: &[(&str, &str)]| match sight(guard, path) {
        GuardSight::NotAlwaysRun(why) => why,
        other => format!("{other:?}"),
    };
    let statement = (INVOICES, "UPDATE invoices SET status = 'void'");
    let logged = (INVOICES, "s.log.Warn(\"invoice voided");
    assert_eq!(why(logged, &[statement]), "does not always run before it");
    let compared = (INVOICES, "if inv.TenantID != tenantID {");
    assert_eq!(
        why(compared, &[lock]),
        "NotOnPath",
        "it is in another function"
    );
    let branch = (INVOICES, "if aboveAverage {");
    let list = (INVOICES, "return s.repo.List(ctx, tenantID)");
    assert_eq!(why(branch, &[list]), "has no value in common with it");
    let comment = (INVOICES, "// Void cancels an invoice");
    assert_eq!(why(comment, &[statement]), "NotCode");
    assert_eq!(
        why(statement, &[statement]),
        "is the statement in question itself"
    );
}

#[test]
fn few_lines_of_code_can_be_called_a_guard_of_what_is_raised() {
    let (project, built, hits) = raised();
    let questions = Questions::new(&built.program);
    let answers = Answers::new(&questions, &built.root);
    let (mut n_lines, mut n_guards) = (0, 0);
    for hit in hits {
        let case = case(&answers, hit, project.rulebook.catalogue.find(&hit.rule));
        let steps = case.windows.iter().rev();
        let path: Vec<Place> = steps
            .map(|window| Place {
                file: window.file.clone(),
                line: window.line,
                end_line: window.end_line,
            })
            .collect();
        for window in &case.windows {
            for line in window.first..=window.last.min(window.first + 60) {
                let place = Place {
                    file: window.file.clone(),
                    line,
                    end_line: line,
                };
                n_lines += 1;
                n_guards +=
                    usize::from(answers.guard(&place, &path, hit.category) == GuardSight::Guards);
            }
        }
    }
    assert!(n_lines > 500, "{n_lines}");
    assert!(n_guards * 50 < n_lines, "{n_guards} of {n_lines}");
}

#[test]
fn what_the_engine_does_not_raise_is_refused_and_nobody_is_asked() {
    let mut forged = report(&platform(), &[]);
    let hits = forged["hits"].as_array_mut().expect("hits");
    hits.truncate(3);
    // A correct twin, a fingerprint nobody has, and one of another rule.
    hits[0]["file"] = json!("services/billing/internal/invoice/service.go");
    hits[0]["fingerprint"] = json!("1aaaaaaaaaaaaaaaa");
    hits[1]["rule"] = json!("race/check-then-act");
    hits[2]["fingerprint"] = json!("1bbbbbbbbbbbbbbbb");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scan.json");
    std::fs::write(&path, forged.to_string()).expect("a file");
    let (path, answers) = (path.to_string_lossy(), folder.path().to_string_lossy());
    let tree = platform();
    let tree = tree.to_string_lossy();
    let run = betwixt(&["confirm", &tree, "--from", &path, "--replay", &answers]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert_eq!(
        run.out.matches("is not raised by the engine").count(),
        3,
        "{}",
        run.out
    );
    assert!(
        run.out.contains("0 confirmed, 0 refuted, 0 undecided"),
        "{}",
        run.out
    );
}

/// Writes the answers of `testdata/cli/confirm.in` anew when `BETWIXT_RECORD` is set; else checks that they are of this
/// version, so that it is said what to do when they are not.
#[test]
fn recorded_answers_are_of_this_version() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cli/confirm.in");
    let raised = built(&folder.join("tree"));
    assert_eq!(raised.2.len(), 2);
    let answers = folder.join("answers");
    let is_recording = std::env::var_os("BETWIXT_RECORD").is_some();
    let recorder = is_recording.then(|| {
        let _ = std::fs::remove_dir_all(&answers);
        Recorder::new(&answers).expect("a folder")
    });
    if recorder.is_some() {
        let settings = Settings {
            recorder,
            ..Settings::default()
        };
        // The second of the two is a lie.
        let tracer = |case: &str| {
            let mut place = sink(case);
            if place["file"] == "orders.go" {
                place["quote"] = json!("WHERE id = $1 AND tenant_id = $2");
                return safe(&place);
            }
            let quote = place["quote"]
                .as_str()
                .and_then(|quote| quote.lines().next());
            place["quote"] = json!(quote.expect("a line"));
            place["end_line"] = place["line"].clone();
            let mut finding = real(&place);
            let parts = [
                (
                    "claim",
                    "`GET /parcels/{id}` reads a door code by the id of the request alone. Nothing compares the parcel's tenant with the caller's.",
                ),
                (
                    "failure",
                    "A user of tenant B sends the id of a parcel of tenant A and gets its door code.",
                ),
                (
                    "impact",
                    "Anybody who is signed in can open another tenant's lockers.",
                ),
                (
                    "fix",
                    "Add `AND tenant_id = $2` with the tenant of the session.",
                ),
                ("test", "Ask for a parcel of another tenant and expect 404."),
            ];
            for (part, text) in parts {
                finding[part] = json!(text);
            }
            finding
        };
        conclude(&raised, &tracer, &stands, &settings);
        return;
    }
    let replay = |role| betwixt_review::Replay::new(&answers, role).expect("recorded answers");
    let (tracer, reviewer) = (
        replay(betwixt_findings::ActorRole::Tracer),
        replay(betwixt_findings::ActorRole::Reviewer),
    );
    let (project, built, hits) = &raised;
    let questions = Questions::new(&built.program);
    let asked = Answers::new(&questions, &built.root);
    let find = |hit: &Candidate| project.rulebook.catalogue.find(&hit.rule);
    let cases: Vec<Case> = hits
        .iter()
        .map(|hit| case(&asked, hit, find(hit)))
        .collect();
    let agents = Agents {
        tracer: &tracer,
        reviewer: &reviewer,
    };
    let told = |_: &Event<'_>| {};
    let outcome = betwixt_review::run(
        &cases,
        &asked,
        agents,
        &Settings::default(),
        &NoJournal,
        &told,
    );
    for conclusion in outcome.expect("a run").conclusions {
        let hint = "prompts, rules or case files have changed; write the answers anew with \
            `BETWIXT_RECORD=1 cargo test -p betwixt-app recorded_answers`, then read the difference";
        assert!(conclusion.is_settled, "{}: {hint}", conclusion.reason);
    }
}

#[test]
fn sarif_of_a_confirmation_is_valid_and_says_verdict_model_and_cost() {
    let sessions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cli/confirm.in");
    let (tree, answers) = (sessions.join("tree"), sessions.join("answers"));
    let run = betwixt(&[
        "confirm",
        &tree.to_string_lossy(),
        "--replay",
        &answers.to_string_lossy(),
        "--format",
        "sarif",
    ]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert_valid_sarif(&run.out);
    let log: Value = serde_json::from_str(&run.out).expect("a JSON document");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let of = |verdict: &str| {
        let mut results = results.iter();
        let found = results.find(|result| result["properties"]["verdict"] == verdict);
        found.unwrap_or_else(|| panic!("a result that is {verdict}"))
    };
    let confirmed = of("confirmed");
    assert_eq!(
        confirmed["properties"]["agents"],
        json!(["tracer openai/gpt-4.1-mini", "reviewer openai/gpt-4.1-mini"])
    );
    assert!(confirmed["properties"]["costMicroUsd"].as_u64() > Some(2_000));
    let claim = confirmed["message"]["text"].as_str().expect("a message");
    assert!(claim.contains("door code"), "{claim}");
    let undecided = of("undecided");
    let why = undecided["properties"]["verdictReason"].as_str();
    assert!(
        why.is_some_and(|why| why.contains("does not hold")),
        "{why:?}"
    );
    // What agents left open is not silenced.
    assert_eq!(undecided["suppressions"], json!([]));
    assert_eq!(results.len(), 2);
}
