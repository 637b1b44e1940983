//! File name patterns of models.

/// `**/route.ts`, `pages/api/**`, `*.server.ts`.
pub(super) fn glob(pattern: &str, path: &str) -> bool {
    fn matches(pattern: &[u8], path: &[u8], budget: &mut u32) -> bool {
        *budget = budget.saturating_sub(1);
        if *budget == 0 {
            return false;
        }
        match pattern {
            [] => path.is_empty(),
            [b'*', b'*', b'/', rest @ ..] => {
                matches(rest, path, budget)
                    || path
                        .iter()
                        .enumerate()
                        .any(|(at, &byte)| byte == b'/' && matches(rest, &path[at + 1..], budget))
            }
            [b'*', b'*', rest @ ..] => {
                (0..=path.len()).any(|at| matches(rest, &path[at..], budget))
            }
            [b'*', rest @ ..] => {
                let end = path
                    .iter()
                    .position(|&byte| byte == b'/')
                    .unwrap_or(path.len());
                (0..=end).any(|at| matches(rest, &path[at..], budget))
            }
            [b'{', rest @ ..] => {
                let Some(close) = rest.iter().position(|&byte| byte == b'}') else {
                    return false;
                };
                rest[..close].split(|&byte| byte == b',').any(|choice| {
                    path.strip_prefix(choice)
                        .is_some_and(|path| matches(&rest[close + 1..], path, budget))
                })
            }
            [byte, rest @ ..] => path.first() == Some(byte) && matches(rest, &path[1..], budget),
        }
    }
    let mut budget = 20_000;
    matches(pattern.as_bytes(), path.as_bytes(), &mut budget)
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn globs_match_paths() {
        assert!(glob("**/route.ts", "app/api/users/route.ts"));
        assert!(glob("**/route.{ts,js}", "route.js"));
        assert!(!glob("**/route.ts", "app/my-route.ts"));
        assert!(glob("**/pages/api/**", "web/src/pages/api/x/y.ts"));
        assert!(!glob("*.ts", "a/b.ts"));
    }
}
