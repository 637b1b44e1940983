//! Names in one spelling: `tenantId`, `tenant_id` and `TenantID` are the same.

/// Lower case, without separators.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(|ch| ch.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// What an id column points at: `tenant` of `tenant_id`, `tenantId`, `tenant_uuid`. `None` for other columns.
pub(super) fn pointed_at(column: &str) -> Option<String> {
    let plain = plain(column);
    let stem = ["extid", "uuid", "guid", "id", "uid", "pk"]
        .iter()
        .find_map(|end| plain.strip_suffix(end))?;
    (!stem.is_empty()).then(|| stem.to_owned())
}

/// The plain singular of a table's or model's name.
pub(super) fn singular(name: &str) -> String {
    let plain = plain(name);
    if let Some(stem) = plain.strip_suffix("ies")
        && stem.len() > 1
    {
        return format!("{stem}y");
    }
    for end in ["sses", "xes", "ches", "shes", "zes"] {
        if let Some(stem) = plain.strip_suffix("es")
            && plain.ends_with(end)
        {
            return stem.to_owned();
        }
    }
    match plain.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u', 'i']) && stem.len() > 1 => stem.to_owned(),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_one() {
        assert_eq!(plain("tenantId"), plain("Tenant_ID"));
        assert_eq!(
            pointed_at("organizationId").as_deref(),
            Some("organization")
        );
        assert_eq!(pointed_at("nid").as_deref(), Some("n"));
        assert_eq!(pointed_at("id"), None);
        assert_eq!(pointed_at("name"), None);
    }

    #[test]
    fn tables_have_singulars() {
        for (name, expected) in [
            ("companies", "company"),
            ("Users", "user"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("status", "status"),
            ("api_keys", "apikey"),
            ("news", "new"),
            ("address", "address"),
        ] {
            assert_eq!(singular(name), expected, "{name}");
        }
    }
}
