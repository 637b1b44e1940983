//! Names by which people call guards.

use crate::tenant::plain;

/// Whether a function's name says that it checks who may do what.
pub(crate) fn is_check(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "authoriz",
        "authoris",
        "authz",
        "permission",
        "permit",
        "access",
        "owner",
        "belongs",
        "ismember",
        "membership",
        "allowed",
        "canview",
        "canedit",
        "canread",
        "canwrite",
        "canmanage",
        "candelete",
        "canupdate",
        "ensure",
        "require",
        "verify",
        "assert",
        "enforce",
        "forbid",
        "guard",
        "validate",
        "check",
        "hasrole",
        "isadmin",
        "entitle",
    ];
    let plain = plain(name);
    WORDS.iter().any(|word| plain.contains(word))
}

/// Whether a name says that something was handled before.
pub(crate) fn is_dedupe(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "processed",
        "duplicate",
        "dedup",
        "dedupe",
        "idempot",
        "already",
        "seen",
        "exists",
        "onceonly",
        "replay",
        "isnew",
        "firsttime",
        "claim",
        "alreadyhandled",
        "inserted",
        "applied",
        "handledbefore",
        "trylock",
        "acquire",
    ];
    let plain = plain(name);
    WORDS.iter().any(|word| plain.contains(word))
}

/// Whether a name is about money or what is billed.
pub(crate) fn is_money(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "balance", "amount", "credit", "debit", "cents", "price", "payment", "charge", "invoice",
        "usage", "quota", "billing", "refund", "wallet", "minutes", "cost", "spend",
    ];
    let plain = plain(name);
    WORDS.iter().any(|word| plain.contains(word))
}

/// Whether a column holds a secret or public name that itself says whose the row is.
pub(crate) fn is_identity(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "token",
        "secret",
        "hash",
        "apikey",
        "slug",
        "domain",
        "hostname",
        "email",
        "code",
        "stripe",
        "externalid",
        "customerid",
        "subscriptionid",
        "session",
        "signature",
        "streamkey",
        "subdomain",
        "username",
        "invite",
        "jti",
        "fingerprint",
        "publickey",
        "clientid",
        "thumbprint",
        "handle",
    ];
    let plain = plain(name);
    WORDS.iter().any(|word| plain.contains(word))
}
