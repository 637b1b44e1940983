//! Names of images in Kubernetes manifests and Helm charts.
//!
//! Charts are templates, not YAML, so lines are read, not documents.

/// The last part of every image's name, without tag and digest.
pub(crate) fn read(text: &str) -> Vec<String> {
    text.lines().filter_map(image_of_line).collect()
}

/// `image: registry/team/api:1.2`, `- image: "api"`, `repository: registry/team/api`.
fn image_of_line(line: &str) -> Option<String> {
    let line = line.trim_start().trim_start_matches("- ").trim_start();
    let value = line
        .strip_prefix("image:")
        .or_else(|| line.strip_prefix("repository:"))?;
    name_of_image(value)
}

/// The last part of an image's name; `None` when it is computed.
pub(crate) fn name_of_image(value: &str) -> Option<String> {
    let value = value.split(" #").next()?.trim().trim_matches(['"', '\'']);
    let name = value.rsplit('/').next()?.split(['@', ':']).next()?;
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_named_by_their_last_part() {
        let text = "spec:\n  containers:\n  - image: \"ghcr.io/acme/billing-api:1.2\" # pinned\n  - name: x\n    image: worker@sha256:abc\n    image: {{ .Values.image }}\nimage:\n  repository: acme/web\n";
        assert_eq!(read(text), ["billing-api", "worker", "web"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(image:|repository:|- |[\"' /@:{}\na-zé]){0,60}") {
            let _ = read(&text);
        }
    }
}
