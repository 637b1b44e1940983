//! Secrets in code windows, masked before they leave the machine.
//!
//! Found by their form (keys of known services, private keys, passwords in addresses), by the name they are given to
//! (`apiKey = "…"`), and by looking random. Masking keeps lines. It may take a harmless text for a secret; it never
//! needs to be exact, because quotes are compared after masking on both sides.

/// What stands in for a secret.
pub(crate) const MASK: &str = "[masked]";

/// How known services start their keys, and how many characters at least follow.
const PREFIXES: [(&str, usize); 24] = [
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("ghu_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("sk-", 20),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("whsec_", 10),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xapp-", 10),
    ("npm_", 30),
    ("pypi-", 30),
    ("hf_", 20),
    ("SG.", 30),
    ("dop_v1_", 30),
    ("eyJ", 40),
    ("AGE-SECRET-KEY-", 20),
];

/// Last words of names that hold secrets.
const NAMES: [&str; 15] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "secretkey",
    "privatekey",
    "apikey",
    "accesskey",
    "authtoken",
    "accesstoken",
    "signingkey",
    "encryptionkey",
    "clientsecret",
    "token",
];

/// A text given to a name of a secret is one from this length on.
const MIN_NAMED: usize = 6;
/// A text that looks random is a secret from this length on.
const MIN_RANDOM: usize = 32;
/// Bits a character from which a text looks random.
const MIN_ENTROPY: f64 = 4.2;

/// The text with its secrets masked. Linear in it.
pub(crate) fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_in_key = false;
    for line in text.split_inclusive('\n') {
        let (content, end) = match line.strip_suffix('\n') {
            Some(content) => (content, "\n"),
            None => (line, ""),
        };
        is_in_key = is_in_key && is_key_line(content);
        if is_in_key {
            out.push_str(MASK);
        } else if let Some((begin, end)) = key_within(content) {
            out.push_str(&format!("{}{MASK}{}", &content[..begin], &content[end..]));
        } else {
            is_in_key = content.contains("-----BEGIN") && content.contains("PRIVATE KEY");
            out.push_str(&mask_line(content));
        }
        out.push_str(end);
    }
    out
}

/// A line of the inside of a private key; anything else ends it, so that a forged beginning hides nothing.
fn is_key_line(line: &str) -> bool {
    let line = line.trim();
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    line == MASK || (!line.is_empty() && line.len() <= 80 && line.chars().all(is_base64))
}

/// Where the inside of a private key on one line starts and ends.
fn key_within(line: &str) -> Option<(usize, usize)> {
    const HEAD: &str = "PRIVATE KEY-----";
    let begin = line.find("-----BEGIN")?;
    let begin = begin + line[begin..].find(HEAD)? + HEAD.len();
    let end = begin + line[begin..].find("-----END")?;
    (end > begin).then_some((begin, end))
}

fn mask_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        let is_secret = has_prefix(word)
            || is_password_of_address(&out, word, &rest[end..])
            || (is_quoted(&out, &rest[end..])
                && (looks_random(word) || (word.len() >= MIN_NAMED && is_named_secret(&out))));
        out.push_str(if is_secret { MASK } else { word });
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// What keys are made of.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/' | '=' | '!' | '#' | '~')
}

fn has_prefix(word: &str) -> bool {
    // `KEY=sk-…` and `/v1/sk-…` are one word.
    word.split(['=', '/']).any(|part| {
        PREFIXES.iter().any(|(prefix, min)| {
            part.strip_prefix(prefix)
                .is_some_and(|rest| rest.len() >= *min && rest.chars().any(|c| c.is_ascii_digit()))
        })
    })
}

/// `postgres://user:HERE@host`.
fn is_password_of_address(before: &str, word: &str, after: &str) -> bool {
    let Some(user) = before.strip_suffix(':') else {
        return false;
    };
    let name = user.rsplit(['/', ' ', '"', '\'', '`']).next().unwrap_or("");
    let is_address = user[..user.len() - name.len()].ends_with("://")
        || (name.is_empty() && user.ends_with("://"));
    is_address && !word.is_empty() && after.starts_with('@')
}

fn is_quoted(before: &str, after: &str) -> bool {
    let quotes = ['"', '\'', '`'];
    before.ends_with(quotes) && after.starts_with(quotes)
}

/// Whether what stands before the quote gives it to a name of a secret: `apiKey: "`, `PASSWORD = '`, `"secret": "`.
fn is_named_secret(before: &str) -> bool {
    let before = before.trim_end_matches(['"', '\'', '`']).trim_end();
    let Some(before) = before
        .strip_suffix('=')
        .or_else(|| before.strip_suffix(':'))
    else {
        return false;
    };
    let name: String = before
        .trim_end_matches([':', '!', '=', '"', '\'', '`', ' '])
        .chars()
        .rev()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let name: String = name.chars().rev().collect::<String>().to_ascii_lowercase();
    NAMES.iter().any(|known| name.ends_with(known))
}

fn looks_random(word: &str) -> bool {
    let has = |is: fn(&char) -> bool| word.chars().any(|c| is(&c));
    word.len() >= MIN_RANDOM
        && has(char::is_ascii_digit)
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
        && entropy(word) >= MIN_ENTROPY
}

fn entropy(word: &str) -> f64 {
    let mut counts = [0_u32; 128];
    for byte in word.bytes() {
        counts[usize::from(byte & 127)] += 1;
    }
    let total = word.len() as f64;
    let share = |count: &u32| {
        let p = f64::from(*count) / total;
        if *count == 0 { 0.0 } else { -p * p.log2() }
    };
    counts.iter().map(share).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_services_are_masked_wherever_they_stand() {
        assert_eq!(mask("use AKIAIOSFODNN7EXAMPLE now"), "use [masked] now");
        assert_eq!(mask("KEY=sk-abcdefghij0123456789"), "[masked]");
        assert_eq!(
            mask("desk-lamp-number-1234567890"),
            "desk-lamp-number-1234567890"
        );
    }

    #[test]
    fn what_a_name_says_is_secret_is_masked_and_its_use_is_not() {
        assert_eq!(
            mask("dbPassword = \"hunter2\""),
            "dbPassword = \"[masked]\""
        );
        assert_eq!(
            mask("{\"client_secret\": \"abcdef\"}"),
            "{\"client_secret\": \"[masked]\"}"
        );
        assert_eq!(
            mask("key := \"orders:\" + tenant"),
            "key := \"orders:\" + tenant"
        );
        assert_eq!(
            mask("password = os.Getenv(\"DB_PASSWORD\")"),
            "password = os.Getenv(\"DB_PASSWORD\")"
        );
    }

    #[test]
    fn passwords_in_addresses_and_private_keys_are_masked() {
        assert_eq!(
            mask("postgres://app:s3cr3t@db/x"),
            "postgres://app:[masked]@db/x"
        );
        assert_eq!(mask("http://localhost:8080/x"), "http://localhost:8080/x");
        let key =
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nAAAA\n-----END RSA PRIVATE KEY-----\nrest";
        assert_eq!(mask(key).lines().filter(|line| *line == MASK).count(), 2);
        assert_eq!(mask(&mask(key)), mask(key));
        let line = r"x = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----'";
        assert_eq!(
            mask(line),
            "x = '-----BEGIN PRIVATE KEY-----[masked]-----END PRIVATE KEY-----'"
        );
        let forged = "// -----BEGIN PRIVATE KEY-----\nfunc main() {\n}";
        assert_eq!(mask(forged), forged);
    }

    #[test]
    fn random_looking_literals_are_masked_and_long_names_are_not() {
        let random = "q9Zk3vXw7LmN2pRt8sYb4cDf6gHj1aQe";
        assert_eq!(mask(&format!("x(\"{random}\")")), "x(\"[masked]\")");
        let name = "tenantIsolationServiceConfigurationProvider2";
        assert_eq!(mask(&format!("x(\"{name}\")")), format!("x(\"{name}\")"));
    }
}
