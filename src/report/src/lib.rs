//! Text, JSON and SARIF; pure functions to a writer.
