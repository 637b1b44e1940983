//! Patterns of names, with `*` for any text: enough for language data, and cheap.

/// A pattern of one name.
#[derive(Debug, Clone)]
pub(crate) struct NamePattern {
    /// The literal text between the stars; the first and last are anchored.
    parts: Vec<String>,
}

impl NamePattern {
    pub(crate) fn new(pattern: &str) -> Self {
        Self {
            parts: pattern.split('*').map(str::to_owned).collect(),
        }
    }

    /// Whether the pattern is a plain name.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.as_literal() == Some(name);
        };
        let Some(rest) = name.strip_prefix(first.as_str()) else {
            return false;
        };
        let Some(mut rest) = rest.strip_suffix(last.as_str()) else {
            return false;
        };
        for part in middle {
            let Some(at) = rest.find(part.as_str()) else {
                return false;
            };
            rest = &rest[at + part.len()..];
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        let yes = [
            ("*.pb.go", "user.pb.go"),
            ("*.test.*", "user.test.tsx"),
            ("Dockerfile", "Dockerfile"),
            ("Dockerfile.*", "Dockerfile.api"),
            ("docker-compose*.yml", "docker-compose.dev.yml"),
            ("*.pb.*.go", "user.pb.gw.go"),
        ];
        for (pattern, name) in yes {
            assert!(NamePattern::new(pattern).matches(name), "{pattern} {name}");
        }
        let no = [
            ("*.pb.go", "pb.go"),
            ("*.test.*", "test.ts"),
            ("Dockerfile", "Dockerfile.api"),
            ("a*a", "a"),
            ("*.pb.*.go", "user.pb.go"),
        ];
        for (pattern, name) in no {
            assert!(!NamePattern::new(pattern).matches(name), "{pattern} {name}");
        }
    }
}
