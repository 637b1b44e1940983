//! What can be typed about the graph: `betwixt graph`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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
