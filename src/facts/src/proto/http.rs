//! `option (google.api.http) = { … }`: the routes a method is also served under.
//!
//! The option's text is read piece by piece (`key: "value"`); anything else in it is stepped over.

use betwixt_base::Symbol;

use super::ProtoRoute;

const VERBS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The routes in the text of the option, `additional_bindings` included.
pub(super) fn routes(text: &str) -> Vec<ProtoRoute> {
    let mut found: Vec<ProtoRoute> = Vec::new();
    for (key, value) in pairs(text) {
        if let Some(verb) = VERBS.iter().find(|verb| **verb == key) {
            found.push(ProtoRoute {
                verb: Symbol::new(&verb.to_ascii_uppercase()),
                path: Symbol::new(value),
                body: Symbol::empty(),
            });
        } else if key == "body"
            && let Some(last) = found.last_mut()
        {
            last.body = Symbol::new(value);
        }
    }
    found
}

/// `key: "value"` in order.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let open = rest.find(['"', '\''])?;
        let quote = rest[open..].chars().next()?;
        let close = open + 1 + rest[open + 1..].find(quote)?;
        let before = rest[..open].trim_end().trim_end_matches(':').trim_end();
        let key = before
            .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next();
        let pair = (key.unwrap_or_default(), &rest[open + 1..close]);
        rest = &rest[close + 1..];
        Some(pair)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binding_is_a_route() {
        let text = r#"{ post: "/v1/x" body: "*" additional_bindings { get : '/v2/{y}' } }"#;
        let shown: Vec<(&str, &str, &str)> = routes(text)
            .iter()
            .map(|route| {
                (
                    route.verb.as_str(),
                    route.path.as_str(),
                    route.body.as_str(),
                )
            })
            .collect();
        assert_eq!(shown, [("POST", "/v1/x", "*"), ("GET", "/v2/{y}", "")]);
        assert_eq!(routes("{ get: \""), []);
    }
}
