//! What can be typed: commands, options and their help texts.
//!
//! Only words; what they do is in `command`. A wrong use ends in clap with exit status 2.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod accepted;
mod confirm;

pub use accepted::{
    BaselineCommand, BaselineCreateArgs, BaselineShowArgs, BaselineUpdateArgs, SuppressionsArgs,
};
pub use confirm::{ConfirmArgs, ConfirmFormat};

/// Finds the bugs that sit between the parts of a multi-tenant platform.
///
/// Betwixt reads Go, TypeScript and Rust with their SQL, builds one call graph across all services and
/// reports what no single part can see: the query that forgot its tenant, the consumer that charges twice,
/// the cache key two tenants share. No key, no network, no server.
#[derive(Debug, Parser)]
#[command(name = "betwixt", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours; `auto` asks the terminal and `NO_COLOR`.
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub color: ColorChoice,
}

const EXIT_STATUS: &str = "\
Exit status:
  0  nothing at or above --fail-on
  1  something at or above --fail-on
  2  wrong usage or configuration, unknown rule
  3  no input
  4  incomplete: a limit or failure cut the run short, the output says what is missing";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan a tree and report what was found.
    Scan(ScanArgs),
    /// Let agents confirm candidates; the engine checks what they cite.
    Confirm(Box<ConfirmArgs>),
    /// Accept the hits there are, so that only new ones count.
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// List the comments that silence hits: what each does, who wrote it, how long ago.
    Suppressions(SuppressionsArgs),
    /// Explain a rule, or a hit of the last scan by its fingerprint.
    Explain(ExplainArgs),
    /// List, show and test rules.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Write a `betwixt.toml` with what was inferred, ready to be adjusted.
    Init(InitArgs),
    /// Say what the engine saw at a line for a rule, and why it fired or kept silent.
    Why(WhyArgs),
    /// Print what the engine knows of one file.
    Inspect(InspectArgs),
    /// Ask who talks to whom: services, paths, callers, topics, tables; print or draw it.
    Graph(GraphArgs),
    /// Show hits while code is written: a language server on standard input and output.
    Lsp(LspArgs),
    /// Ask the ledger what was found where, since when, and who decided what.
    Query(Box<QueryArgs>),
    /// Accept, close or reopen a finding, as a person, with a reason.
    Decide(DecideArgs),
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How an answer of the ledger is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TableFormat {
    /// For people.
    #[default]
    Table,
    /// For scripts: `betwixt.query/1`.
    Json,
    /// For spreadsheets.
    Csv,
}

/// `betwixt query`.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// Words that must all stand in fingerprint, rule, service, file, function or message.
    #[arg(value_name = "EXPR")]
    pub words: Vec<String>,
    /// The tree whose history is asked for.
    #[arg(long, default_value = ".", value_name = "PATH")]
    pub path: PathBuf,
    /// The ledger: a file or `postgres://user@host/database` [default: that of the tree].
    #[arg(long, value_name = "URL|PATH")]
    pub ledger: Option<String>,
    /// Only these rules: full ids or bare names. All lists take commas and may be repeated.
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub rule: Vec<String>,
    /// Only these categories.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub category: Vec<String>,
    /// Only these severities.
    #[arg(
        long,
        value_name = "LEVEL",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub severity: Vec<String>,
    /// Only these: open, confirmed, refuted, undecided, accepted, closed, suppressed, baseline, gone.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub status: Vec<String>,
    /// Only these services.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub service: Vec<String>,
    /// Only in these files or folders; `*` stands for anything.
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub file: Vec<String>,
    /// Only what these traced, reviewed or decided: part of a model's or a person's name.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub actor: Vec<String>,
    /// Only what was first seen on this day or later: `2026-11-20`, or `30d` for days ago.
    #[arg(long, value_name = "DAY", help_heading = "Selection")]
    pub since: Option<String>,
    /// Only what was first seen before the end of this day.
    #[arg(long, value_name = "DAY", help_heading = "Selection")]
    pub until: Option<String>,
    /// All projects of a ledger that several share.
    #[arg(long, help_heading = "Selection")]
    pub all_projects: bool,
    /// Sort by these columns; `-` in front of one for descending.
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        allow_hyphen_values = true,
        help_heading = "Output"
    )]
    pub sort: Vec<String>,
    /// Count the findings by this column instead of listing them.
    #[arg(long, value_name = "COLUMN", help_heading = "Output")]
    pub count_by: Option<String>,
    /// Show these columns.
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub columns: Vec<String>,
    /// At most so many rows; what was left out is said.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1000,
        help_heading = "Output"
    )]
    pub limit: u32,
    /// How to write the answer.
    #[arg(long, short, value_enum, default_value_t, help_heading = "Output")]
    pub format: TableFormat,
    /// Write the answer to a file instead of standard output.
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Run one statement that reads.
    #[arg(long, value_name = "SELECT", conflicts_with_all = ["words", "count_by", "columns", "sort"], help_heading = "SQL")]
    pub sql: Option<String>,
    /// Stop a statement after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "SQL")]
    pub timeout: u64,
    /// Print what tables, views and columns mean.
    #[arg(long, help_heading = "SQL")]
    pub schema: bool,
}

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DecisionWord {
    /// It is intended, or lived with.
    Accept,
    /// It is fixed, or wrong.
    Close,
    /// It is open again.
    Reopen,
}

/// `betwixt decide`.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// The finding: the first digits of its fingerprint.
    pub fingerprint: String,
    /// What is decided.
    #[arg(value_enum)]
    pub decision: DecisionWord,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who decides [default: `user.name` of git].
    #[arg(long = "as", value_name = "NAME")]
    pub person: Option<String>,
    /// The tree.
    #[arg(long, default_value = ".", value_name = "PATH")]
    pub path: PathBuf,
    /// The ledger: a file or `postgres://user@host/database` [default: that of the tree].
    #[arg(long, value_name = "URL|PATH")]
    pub ledger: Option<String>,
}

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For scripts: `betwixt.scan/1`.
    Json,
    /// For code hosts and editors: SARIF 2.1.0.
    Sarif,
    /// For a workflow's log: annotations, the worst of each kind.
    Github,
    /// For GitLab: a Code Quality report.
    Gitlab,
    /// For CI servers: JUnit XML, a test for each rule and hit.
    Junit,
    /// For reviewdog: one document.
    Rdjson,
    /// For reviewdog: a diagnostic a line.
    Rdjsonl,
    /// For a pull request: Markdown of one comment, empty when there is nothing.
    Comment,
}

/// `betwixt scan`.
#[derive(Debug, Clone, Args)]
pub struct ScanArgs {
    /// The tree to scan.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How to write the report.
    #[arg(long, short, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
    /// Write the report to a file instead of standard output.
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Print counts and times to standard error.
    #[arg(long, help_heading = "Output")]
    pub stats: bool,
    /// Report only what the change since this branch or commit brings: compared with the common ancestor.
    #[arg(
        long,
        value_name = "BASE",
        help_heading = "Selection",
        conflicts_with = "staged"
    )]
    pub diff: Option<String>,
    /// Report only what is staged for the next commit brings.
    #[arg(long, help_heading = "Selection")]
    pub staged: bool,
    /// Run only these rules: full ids or bare names. May be repeated.
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub rule: Vec<String>,
    /// Run only the rules of these categories. May be repeated.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub category: Vec<String>,
    /// Report only hits at least this sure: low, medium, high.
    #[arg(long, value_name = "LEVEL", help_heading = "Selection")]
    pub min_confidence: Option<String>,
    /// Report only hits at least this bad: info, low, medium, high, critical.
    #[arg(long, value_name = "LEVEL", help_heading = "Selection")]
    pub min_severity: Option<String>,
    /// Exit with 1 from this severity on; `none` never does [default: high].
    #[arg(long, value_name = "LEVEL", help_heading = "Selection")]
    pub fail_on: Option<String>,
    /// Read test files too and report on them.
    #[arg(long, help_heading = "Selection")]
    pub include_tests: bool,
    /// Ignore `betwixt.toml`, and rules and models under `.betwixt/`.
    #[arg(long, help_heading = "Selection")]
    pub no_config: bool,
    /// How many threads to use; 0 means one for each core.
    #[arg(
        long,
        short,
        default_value_t = 0,
        value_name = "N",
        value_parser = jobs(),
        help_heading = "Running"
    )]
    pub jobs: u16,
    /// Read nothing from the cache and write nothing to it.
    #[arg(long, help_heading = "Running")]
    pub no_cache: bool,
    /// Write what was seen into the ledger; makes it on first use.
    #[arg(long, conflicts_with_all = ["diff", "staged"], help_heading = "Running")]
    pub record: bool,
    /// The ledger: a file or `postgres://user@host/database` [default: that of the tree].
    #[arg(
        long,
        value_name = "URL|PATH",
        requires = "record",
        help_heading = "Running"
    )]
    pub ledger: Option<String>,
    /// End after about this time with what was found until then: 30s, 5m. Marked, exit status 4.
    #[arg(long, value_name = "TIME", value_parser = crate::budget::parse_time, help_heading = "Running")]
    pub timeout: Option<std::time::Duration>,
    /// End before much more memory than this is taken, with what was found until then: 512M, 2G.
    #[arg(long, value_name = "SIZE", value_parser = crate::budget::parse_size, help_heading = "Running")]
    pub max_memory: Option<u64>,
    /// Parse the same files once more, do nothing else, and report that time as `seconds.floor`.
    #[arg(long, help_heading = "Running")]
    pub measure_floor: bool,
}

/// `betwixt lsp`.
#[derive(Debug, Args)]
pub struct LspArgs {
    /// How many threads to use; 0 means one for each core.
    #[arg(long, short, default_value_t = 0, value_name = "N", value_parser = jobs())]
    pub jobs: u16,
    /// Changes nothing; many clients pass it.
    #[arg(long)]
    pub stdio: bool,
}

/// `betwixt explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A rule id, a rule's bare name, or the first digits of a fingerprint.
    pub id: String,
    /// The tree that was scanned.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The ledger that knows the history: a file or `postgres://user@host/database` [default: that of the tree].
    #[arg(long, value_name = "URL|PATH")]
    pub ledger: Option<String>,
}

/// `betwixt rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List all rules.
    List(RulesListArgs),
    /// Show one rule in full.
    Show(RulesShowArgs),
    /// Run the scenarios beside the rules.
    Test(RulesTestArgs),
    /// List the words rules may use: detectors with their conditions, guards, facts.
    Words(RulesWordsArgs),
    /// Hold what schema-contract says of statements against a PostgreSQL server.
    Verify(RulesVerifyArgs),
}

/// `betwixt rules show`.
#[derive(Debug, Args)]
pub struct RulesShowArgs {
    /// A rule id or a rule's bare name.
    pub id: String,
    /// The tree whose own rules are known too.
    #[arg(default_value = ".")]
    pub path: PathBuf,
}

/// `betwixt rules words`.
#[derive(Debug, Args)]
pub struct RulesWordsArgs {
    /// Show only words whose name or meaning contains this.
    pub text: Option<String>,
}

/// `betwixt rules verify`.
#[derive(Debug, Args)]
pub struct RulesVerifyArgs {
    /// The tree whose statements are asked about.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// A server on which scratch databases may be made and dropped: `postgres://user@host:port/postgres`.
    #[arg(long, value_name = "URL")]
    pub postgres: String,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `betwixt rules list`.
#[derive(Debug, Args)]
pub struct RulesListArgs {
    /// The tree whose own rules are listed too.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Print a JSON array instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Print the catalogue as Markdown, by category.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// `betwixt rules test`.
#[derive(Debug, Args)]
pub struct RulesTestArgs {
    /// A folder of rules with their pages, or a tree with `.betwixt/rules`; without it, the one here, else the built-in rules.
    pub path: Option<PathBuf>,
    /// Run only the scenarios whose rule or heading contains this.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// How many threads to use; 0 means one for each core.
    #[arg(long, short, default_value_t = 0, value_name = "N", value_parser = jobs())]
    pub jobs: u16,
}

/// `betwixt init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The tree to write it for.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Replace a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// `betwixt why`.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// Rule id or bare name.
    pub rule: String,
    /// `FILE:LINE`, the file from the root or from here.
    pub place: String,
    /// The tree; without it, the repository around the file.
    pub path: Option<PathBuf>,
}

/// `betwixt inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The file.
    pub file: PathBuf,
    /// The tree it belongs to; without it, the repository around it.
    #[arg(long, value_name = "PATH")]
    pub root: Option<PathBuf>,
}

/// `betwixt graph`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = GRAPH_NAMES)]
pub struct GraphArgs {
    /// What to ask; `services` without it.
    #[command(subcommand)]
    pub question: Option<GraphQuestion>,
    /// The tree.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How to write the answer.
    #[arg(
        long,
        short,
        value_enum,
        default_value_t,
        global = true,
        help_heading = "Output"
    )]
    pub format: GraphFormat,
    /// Write the answer to a file instead of standard output.
    #[arg(
        long,
        short,
        value_name = "FILE",
        global = true,
        help_heading = "Output"
    )]
    pub output: Option<PathBuf>,
}

const GRAPH_NAMES: &str = "\
Names are written as in code: `(*Server).Charge`, `Charge`, `billing/charge.go:42`, `GET /users/:id`,
`shop.Billing/Charge`, a topic, a table, a service; `billing/Charge` is the one of that service, and
`table:`, `topic:`, `service:`, `route:` or `function:` before a name say what is meant.";

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum GraphFormat {
    /// For people.
    #[default]
    Text,
    /// For scripts: `betwixt.graph/1`.
    Json,
    /// For Graphviz.
    Dot,
    /// For Markdown pages.
    Mermaid,
    /// For Gephi, yEd and libraries.
    Graphml,
    /// One page with an interactive picture; needs no network.
    Html,
}

/// The questions of `betwixt graph`.
#[derive(Debug, Subcommand)]
pub enum GraphQuestion {
    /// Who talks to whom, by what, with how many links.
    Services(GraphTree),
    /// How one thing leads to another: functions, routes, topics, tables, services.
    Path(GraphPath),
    /// Who calls a function, over calls and links.
    Callers(GraphNear),
    /// What a function calls, over calls and links.
    Callees(GraphNear),
    /// Who publishes to a topic and who consumes it.
    Topic(GraphName),
    /// Who reads and writes a table, and what it looks like.
    Table(GraphName),
    /// What is called from outside, by service and kind.
    EntryPoints(GraphTree),
    /// Calls that leave a service and arrive nowhere that is known, with the reason.
    Unlinked(GraphTree),
    /// Every call between functions, one a line: places of caller and callee, how, names; for other tools.
    Edges(GraphTree),
}

/// A question about the whole tree.
#[derive(Debug, Args)]
pub struct GraphTree {
    /// The tree.
    #[arg(default_value = ".")]
    pub path: PathBuf,
}

/// A question about one name.
#[derive(Debug, Args)]
pub struct GraphName {
    /// Its name.
    pub name: String,
    /// The tree.
    #[arg(default_value = ".")]
    pub path: PathBuf,
}

/// `betwixt graph callers` and `callees`.
#[derive(Debug, Args)]
pub struct GraphNear {
    /// The function, route or method.
    pub name: String,
    /// The tree.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// How many steps away.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50))]
    pub depth: u32,
}

/// `betwixt graph path`.
#[derive(Debug, Args)]
pub struct GraphPath {
    /// Where it starts.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// The tree.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Show all paths, the shortest first, not only the shortest one.
    #[arg(long)]
    pub all: bool,
    /// Most paths with `--all`.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// How many steps longer than the shortest a path may be with `--all`.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=12))]
    pub detour: u8,
}

/// More threads than this help nobody.
fn jobs() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(0..=512)
}
