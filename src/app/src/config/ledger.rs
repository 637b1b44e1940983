//! `[ledger]`: where history is kept.
//!
//! The file comes with the scanned tree, which may be anybody's: it can name a file inside the tree and a variable that is
//! meant for us, never a server and never a variable that holds something else.

use std::path::{Component, Path};

use super::{Reader, Value};

/// What the name of a variable starts with that a tree may ask for.
const PREFIX: &str = "BETWIXT_";

/// `[ledger]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerConfig {
    /// A file inside the tree, from its root.
    pub path: Option<String>,
    /// The variable that holds the URL; its name starts with `BETWIXT_`.
    pub url_env: Option<String>,
    /// What the project is called in a ledger that several share.
    pub project: Option<String>,
    /// Whether every scan is recorded.
    pub record: Option<bool>,
}

impl Reader {
    pub(super) fn ledger(&mut self, value: &Value<'_>, ledger: &mut LedgerConfig) {
        const KEYS: [&str; 4] = ["path", "url_env", "project", "record"];
        for (key, value) in self.table("ledger", value).into_iter().flatten() {
            match key.get_ref().as_ref() {
                "path" => ledger.path = self.path_inside("path", value),
                "url_env" => ledger.url_env = self.own_variable("url_env", value),
                "url" => self.error(
                    &value.span(),
                    "`url` is not read from here: a tree does not choose the server; put the URL into the variable \
                     `BETWIXT_LEDGER`",
                ),
                "project" => ledger.project = self.string("project", value),
                "record" => ledger.record = self.boolean("record", value),
                other => self.unknown("key", other, &key.span(), &KEYS),
            }
        }
    }

    /// A path that does not lead out of the tree.
    pub(crate) fn path_inside(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let text = self.string(key, value)?;
        let is_inside = Path::new(&text)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if text.is_empty() || !is_inside || text.contains("://") {
            let message = format!("`{key}` must be a file inside the tree, found `{text}`");
            self.error(&value.span(), &message);
            return None;
        }
        Some(text)
    }

    fn own_variable(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let name = self.string(key, value)?;
        if name.starts_with(PREFIX) {
            return Some(name);
        }
        let message =
            format!("`{key}` must name a variable that starts with `{PREFIX}`, found `{name}`");
        self.error(&value.span(), &message);
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_tree_names_a_file_of_its_own_or_a_variable_of_ours() {
        let text = "[ledger]\npath = 'state/l.db'\nurl_env = 'BETWIXT_DB'\nproject = 'shop'\nrecord = true\n";
        let ledger = Config::parse(text).expect("well formed").ledger;
        assert_eq!(ledger.path.as_deref(), Some("state/l.db"));
        assert_eq!(ledger.url_env.as_deref(), Some("BETWIXT_DB"));
        assert_eq!(
            (ledger.project.as_deref(), ledger.record),
            (Some("shop"), Some(true))
        );
    }

    #[test]
    fn a_tree_does_not_reach_out() {
        let mistakes = [
            ("path = '../l.db'", "must be a file inside the tree"),
            ("path = '/etc/l.db'", "must be a file inside the tree"),
            (
                "path = 'postgres://host/db'",
                "must be a file inside the tree",
            ),
            (
                "url_env = 'DATABASE_URL'",
                "must name a variable that starts with `BETWIXT_`",
            ),
            (
                "url = 'postgres://host/db'",
                "a tree does not choose the server",
            ),
            ("recrod = true", "did you mean `record`?"),
        ];
        for (line, why) in mistakes {
            let errors = Config::parse(&format!("[ledger]\n{line}\n")).expect_err(line);
            assert!(errors[0].starts_with("betwixt.toml:2: "), "{errors:?}");
            assert!(errors[0].contains(why), "{errors:?}");
        }
    }
}
