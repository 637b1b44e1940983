//! Images that are built from the tree: compose files and Dockerfiles.

use std::collections::BTreeMap;

use betwixt_base::Problem;
use serde::Deserialize;

use super::malformed;
use crate::path;

/// An image that is built from a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Build {
    /// The folder whose code goes into it, as far as the file says: of the Dockerfile where the context is wider.
    pub(crate) dir: String,
    /// What it is called: the compose service, `x` of `Dockerfile.x`.
    pub(crate) name: Option<String>,
    /// `compose` or `Dockerfile`.
    pub(crate) evidence: &'static str,
}

pub(crate) fn is_compose(name: &str) -> bool {
    (name.starts_with("docker-compose") || name.starts_with("compose."))
        && (name.ends_with(".yml") || name.ends_with(".yaml"))
}

pub(crate) fn is_dockerfile(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "dockerfile"
        || lower == "containerfile"
        || lower.starts_with("dockerfile.")
        || lower.ends_with(".dockerfile")
}

/// The build a Dockerfile stands for.
pub(crate) fn dockerfile(file: &str) -> Build {
    let name = path::file_name(file);
    let qualifier = name
        .strip_prefix("Dockerfile.")
        .or_else(|| name.rsplit_once('.').map(|(before, _)| before));
    Build {
        dir: path::parent(file).to_owned(),
        name: qualifier.map(str::to_owned),
        evidence: "Dockerfile",
    }
}

/// The builds of a compose file.
///
/// # Errors
///
/// It is not YAML, or not of the form of a compose file.
pub(crate) fn read(file: &str, text: &str) -> Result<Vec<Build>, Problem> {
    let compose: Compose = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map(|location| location.line() as u32);
        malformed(line, "not a compose file that can be read")
    })?;
    let dir = path::parent(file);
    let builds = compose.services.into_iter().filter_map(|(name, service)| {
        let dir = service?.build?.dir(dir)?;
        Some(Build {
            dir,
            name: Some(name),
            evidence: "compose",
        })
    });
    Ok(builds.collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Compose {
    services: BTreeMap<String, Option<ComposeService>>,
}

#[derive(Debug, Deserialize)]
struct ComposeService {
    #[serde(default)]
    build: Option<ComposeBuild>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ComposeBuild {
    Context(String),
    Full {
        #[serde(default)]
        context: Option<String>,
        #[serde(default)]
        dockerfile: Option<String>,
    },
}

impl ComposeBuild {
    /// The folder that is built, seen from the root.
    fn dir(&self, around: &str) -> Option<String> {
        let (context, dockerfile) = match self {
            Self::Context(context) => (context.as_str(), None),
            Self::Full {
                context,
                dockerfile,
            } => (context.as_deref().unwrap_or("."), dockerfile.as_deref()),
        };
        let context = path::join(around, &with_defaults(context))?;
        let Some(dockerfile) = dockerfile else {
            return Some(context);
        };
        // A wide context with the Dockerfile of one service in it.
        let file = path::join(&context, &with_defaults(dockerfile))?;
        let dir = path::parent(&file);
        Some(if path::is_within(dir, &context) {
            dir.to_owned()
        } else {
            context
        })
    }
}

/// `${NAME:-default}` and `${NAME-default}` become their default; without one they stay and name no folder.
fn with_defaults(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((variable, behind)) = after.split_once('}') else {
            break;
        };
        out.push_str(before);
        out.push_str(variable.split_once('-').map_or("$", |(_, default)| default));
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirs(file: &str, text: &str) -> Vec<(String, String)> {
        read(file, text)
            .unwrap()
            .into_iter()
            .map(|build| (build.name.unwrap(), build.dir))
            .collect()
    }

    #[test]
    fn builds_name_the_folder_of_their_code() {
        let text = "x-base: &base\n  restart: always\nservices:\n  api:\n    <<: *base\n    build: ./api\n  worker:\n    build:\n      context: .\n      dockerfile: services/worker/Dockerfile\n  web:\n    build: { context: \"${WEB_DIR:-./web}\" }\n  db:\n    image: postgres:18\n  empty:\n";
        let expected = [
            ("api", "api"),
            ("web", "web"),
            ("worker", "services/worker"),
        ];
        assert_eq!(
            dirs("docker-compose.yml", text),
            expected.map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(
            dirs(
                "deploy/compose.yaml",
                "services:\n  api:\n    build: ../api\n"
            )[0]
            .1,
            "api"
        );
    }

    #[test]
    fn contexts_outside_the_tree_are_no_builds() {
        assert!(
            dirs(
                "docker-compose.yml",
                "services: { a: { build: ../other }, b: { build: 'https://x/y.git' } }"
            )
            .len()
                <= 1
        );
    }

    #[test]
    fn broken_yaml_is_a_problem_with_its_line() {
        let problem = read("docker-compose.yml", "services:\n  a: [\n").unwrap_err();
        assert!(problem.line.is_some());
    }

    #[test]
    fn a_dockerfile_may_name_what_it_builds() {
        assert_eq!(
            dockerfile("build/Dockerfile.api").name.as_deref(),
            Some("api")
        );
        assert_eq!(
            dockerfile("build/api.dockerfile").name.as_deref(),
            Some("api")
        );
        assert_eq!(dockerfile("api/Dockerfile").name, None);
        assert_eq!(dockerfile("api/Dockerfile").dir, "api");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(services:|build:|context:|\\$\\{|\\}|&a|\\*a|<<:|[ \n:\\[\\]{}a-z.-]){0,60}") {
            let _ = read("docker-compose.yml", &text);
        }
    }
}
