//! How frameworks turn names of code into names of tables and columns.

/// Words that Go writes in capitals and naming strategies treat as one word each.
const INITIALISMS: [&str; 37] = [
    "API", "ASCII", "CPU", "CSS", "DNS", "EOF", "GUID", "HTML", "HTTP", "HTTPS", "ID", "IP",
    "JSON", "LHS", "QPS", "RAM", "RHS", "RPC", "SLA", "SMTP", "SSH", "TLS", "TTL", "UID", "UI",
    "UUID", "URI", "URL", "UTF8", "VM", "XML", "XSRF", "XSS", "SQL", "TCP", "UDP", "ACL",
];

const UNCOUNTABLE: [&str; 10] = [
    "equipment",
    "information",
    "rice",
    "money",
    "species",
    "series",
    "fish",
    "sheep",
    "jeans",
    "police",
];

const IRREGULAR: [(&str, &str); 12] = [
    ("person", "people"),
    ("man", "men"),
    ("child", "children"),
    ("sex", "sexes"),
    ("move", "moves"),
    ("mouse", "mice"),
    ("ox", "oxen"),
    ("quiz", "quizzes"),
    ("virus", "viri"),
    ("octopus", "octopi"),
    ("matrix", "matrices"),
    ("vertex", "vertices"),
];

/// Endings and what they become in the plural; the first that fits counts.
const PLURALS: [(&str, &str); 21] = [
    ("ss", "sses"),
    ("sh", "shes"),
    ("ch", "ches"),
    ("x", "xes"),
    ("zz", "zzes"),
    ("alias", "aliases"),
    ("status", "statuses"),
    ("bus", "buses"),
    ("sis", "ses"),
    ("s", "s"),
    ("buffalo", "buffaloes"),
    ("tomato", "tomatoes"),
    ("tum", "ta"),
    ("ium", "ia"),
    ("lf", "lves"),
    ("rf", "rves"),
    ("ay", "ays"),
    ("ey", "eys"),
    ("oy", "oys"),
    ("uy", "uys"),
    ("y", "ies"),
];

/// `UserID` → `user_id`, `HTTPServer` → `http_server`, `createdAt` → `created_at`.
pub(super) fn snake_case(name: &str) -> String {
    let chars: Vec<char> = lower_initialisms(name).chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, &c) in chars.iter().enumerate() {
        if c == '-' || c == ' ' || c == '.' {
            out.push('_');
            continue;
        }
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1);
        let starts_word = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if starts_word {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// `projectIds` of `projectIDs`: an initialism with a plural `s` is still one word.
fn lower_initialisms(name: &str) -> String {
    let mut out = name.to_owned();
    for word in INITIALISMS {
        let plural = format!("{word}s");
        let mut from = 0;
        while let Some(at) = out[from..].find(&plural).map(|at| at + from) {
            let end = at + plural.len();
            let ends_word = out[end..].chars().next().is_none_or(|c| !c.is_lowercase());
            let starts_word = out[..at]
                .chars()
                .next_back()
                .is_none_or(|c| !c.is_uppercase());
            if ends_word && starts_word {
                out.replace_range(at + 1..at + word.len(), &word[1..].to_ascii_lowercase());
            }
            from = end;
        }
    }
    out
}

/// `category` → `categories`; the last word of a name in snake case counts.
pub(super) fn plural(name: &str) -> String {
    let (before, word) = match name.rfind('_') {
        Some(at) => name.split_at(at + 1),
        None => ("", name),
    };
    let lower = word.to_ascii_lowercase();
    if UNCOUNTABLE.contains(&lower.as_str()) || word.is_empty() {
        return name.to_owned();
    }
    if let Some((_, plural)) = IRREGULAR.iter().find(|(singular, _)| *singular == lower) {
        // The capital of `Person` stays.
        return format!("{before}{}{}", &word[..1], &plural[1..]);
    }
    for (ending, plural) in PLURALS {
        if let Some(stem) = word.strip_suffix(ending) {
            return format!("{before}{stem}{plural}");
        }
    }
    match word.strip_suffix("fe") {
        Some(stem) if !stem.ends_with('f') => format!("{before}{stem}ves"),
        _ => format!("{before}{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_snake_case() {
        let cases = [
            ("UserID", "user_id"),
            ("ID", "id"),
            ("HTTPServer", "http_server"),
            ("createdAt", "created_at"),
            ("ProjectIDs", "project_ids"),
            ("URL", "url"),
            ("APIKeyID", "api_key_id"),
            ("OAuth2Token", "o_auth2_token"),
            ("already_snake", "already_snake"),
            ("A", "a"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(snake_case(name), expected, "{name}");
        }
    }

    #[test]
    fn words_become_plural() {
        let cases = [
            ("user", "users"),
            ("category", "categories"),
            ("api_key", "api_keys"),
            ("user_address", "user_addresses"),
            ("status", "statuses"),
            ("Person", "People"),
            ("analysis", "analyses"),
            ("news_series", "news_series"),
            ("box", "boxes"),
            ("knife", "knives"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(plural(name), expected, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_makes_it_panic(name in "\\PC{0,20}") {
            plural(&snake_case(&name));
        }
    }
}
