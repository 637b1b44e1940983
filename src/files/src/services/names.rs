//! What services are called: as the teams do, who name the folder.
//!
//! The folder's name, unless it is the root or says nothing by itself (`app`, `src`): then the name the manifest
//! gives, then the folder around. Where two services would share a name, the manifests' names are taken if they tell
//! them apart, else the whole paths.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Candidate, Candidates};
use crate::language::Languages;
use crate::path;

/// The names, in the order of the candidates.
pub(super) fn of(root: &Path, candidates: &Candidates) -> Vec<String> {
    let mut names: Vec<String> = candidates
        .iter()
        .map(|(dir, candidate)| name_of(root, dir, candidate))
        .collect();
    tell_apart(&mut names, |at| {
        candidates
            .values()
            .nth(at)
            .and_then(|candidate| candidate.own_names.first().cloned())
    });
    tell_apart(&mut names, |at| {
        candidates
            .keys()
            .nth(at)
            .filter(|dir| !dir.is_empty())
            .cloned()
    });
    names
}

/// Whether an image's or compose service's name means a service: `acme-web` is `web`, `api_billing` is `api-billing`.
pub(super) fn are_alike(a: &str, b: &str) -> bool {
    let (a, b) = (normalized(a), normalized(b));
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
    };
    ends(&a, &b) || ends(&b, &a)
}

fn normalized(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn name_of(root: &Path, dir: &str, candidate: &Candidate) -> String {
    let folder = path::file_name(dir);
    if !dir.is_empty() && !is_generic(folder) {
        return folder.to_owned();
    }
    if let Some(own) = candidate.own_names.iter().find(|name| !is_generic(name)) {
        return own.clone();
    }
    if dir.is_empty() {
        return root.file_name().map_or_else(
            || "root".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
    }
    let around = path::file_name(path::parent(dir));
    if around.is_empty() {
        folder.to_owned()
    } else {
        around.to_owned()
    }
}

fn is_generic(name: &str) -> bool {
    Languages::get()
        .services
        .generic_folders
        .iter()
        .any(|generic| generic == name)
}

/// Gives services that share a name their other one, if those differ from all names.
fn tell_apart(names: &mut [String], other: impl Fn(usize) -> Option<String>) {
    let mut same: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        same.entry(name).or_default().push(at);
    }
    let taken: Vec<&str> = same.keys().copied().collect();
    let mut renamed: Vec<(usize, String)> = Vec::new();
    for group in same.values().filter(|group| group.len() > 1) {
        let others: Option<Vec<String>> = group.iter().map(|&at| other(at)).collect();
        let Some(others) = others else { continue };
        let is_free = |(at, name): (usize, &String)| {
            !others[..at].contains(name) && !taken.contains(&name.as_str())
        };
        if others.iter().enumerate().all(is_free) {
            renamed.extend(group.iter().copied().zip(others.iter().cloned()));
        }
    }
    for (at, name) in renamed {
        names[at] = name;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(candidates: &[(&str, &str)]) -> Vec<String> {
        let candidates = candidates
            .iter()
            .map(|(dir, own)| {
                let own_names = if own.is_empty() {
                    Vec::new()
                } else {
                    vec![(*own).to_owned()]
                };
                (
                    (*dir).to_owned(),
                    Candidate {
                        own_names,
                        ..Candidate::default()
                    },
                )
            })
            .collect();
        of(Path::new("/x/platform"), &candidates)
    }

    #[test]
    fn folders_name_services() {
        assert_eq!(
            named(&[("", "acme"), ("api_billing", "billing"), ("apps/web", "@x")]),
            ["acme", "api_billing", "web"]
        );
        assert_eq!(named(&[("", "")]), ["platform"]);
    }

    #[test]
    fn folders_that_say_nothing_are_named_otherwise() {
        assert_eq!(named(&[("frontend/app", "dashboard")]), ["dashboard"]);
        assert_eq!(named(&[("frontend/app", "")]), ["frontend"]);
        assert_eq!(named(&[("app", "")]), ["app"]);
    }

    #[test]
    fn equal_names_are_told_apart() {
        assert_eq!(
            named(&[("player/ui", "player-ui"), ("studio/ui", "studio-ui")]),
            ["player-ui", "studio-ui"]
        );
        assert_eq!(
            named(&[("player/ui", ""), ("studio/ui", "")]),
            ["player/ui", "studio/ui"]
        );
    }

    #[test]
    fn images_are_matched_by_name() {
        assert!(are_alike("acme-web", "web"));
        assert!(are_alike("api-billing", "api_billing"));
        assert!(!are_alike("webhook", "web"));
        assert!(!are_alike("cobweb", "web"));
    }
}
