//! The languages whose files are read.

use serde::{Deserialize, Serialize};

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Go source.
    Go,
    /// TypeScript without JSX.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// JavaScript, with or without JSX.
    JavaScript,
    /// A Svelte component; its script is analysed.
    Svelte,
    /// A Vue component; its script is analysed.
    Vue,
    /// Rust source.
    Rust,
    /// SQL: DDL, migrations, named queries.
    Sql,
    /// A Prisma schema.
    Prisma,
    /// Protocol buffers.
    Proto,
    /// GraphQL schema or documents.
    GraphQl,
    /// YAML, TOML, JSON and other configuration that says what is deployed.
    Config,
}

impl Language {
    /// The lower-case name used in rules, output and configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::TypeScript | Self::Tsx | Self::JavaScript | Self::Svelte | Self::Vue => {
                "typescript"
            }
            Self::Rust => "rust",
            Self::Sql => "sql",
            Self::Prisma => "prisma",
            Self::Proto => "proto",
            Self::GraphQl => "graphql",
            Self::Config => "config",
        }
    }

    /// Whether the file holds functions that are lowered to IR.
    #[must_use]
    pub fn is_code(self) -> bool {
        matches!(self.name(), "go" | "typescript" | "rust")
    }
}
