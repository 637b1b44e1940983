//! Names by which people call guards.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

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

/// Whether a name says that somebody may do something: `authorized`, `isOwner`, `hasAccess`, `signatureValid`.
pub(crate) fn is_denied_name(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "authoriz",
        "authoris",
        "permitted",
        "haspermission",
        "hasaccess",
        "isowner",
        "ismember",
        "belongsto",
        "signaturevalid",
        "validsignature",
        "verifysignature",
        "isadmin",
        "canaccess",
    ];
    let plain = plain(name);
    WORDS.iter().any(|word| plain.contains(word))
}

thread_local! {
    /// What [`is_authorization`] said: the same names are asked about again and again.
    static AUTHORIZATIONS: RefCell<FxHashMap<Box<str>, bool>> = RefCell::default();
}

/// Whether a name is a check of rights strictly speaking: what a handler calls before it acts.
pub(crate) fn is_authorization(name: &str) -> bool {
    AUTHORIZATIONS.with_borrow_mut(|known| match known.get(name) {
        Some(&known) => known,
        None => {
            let says = says_authorization(name);
            known.insert(name.into(), says);
            says
        }
    })
}

fn says_authorization(name: &str) -> bool {
    const PARTS: &[&str] = &[
        "authoriz",
        "authoris",
        "authz",
        "permission",
        "hasaccess",
        "checkaccess",
        "ensureaccess",
        "requireaccess",
        "projectaccess",
        "organizationaccess",
        "tenantaccess",
        "workspaceaccess",
        "ismember",
        "ensuremember",
        "requiremember",
        "checkmember",
        "belongsto",
        "ensureowner",
        "requireowner",
        "checkowner",
        "verifyowner",
        "isowner",
        "ownsthe",
        "requirerole",
        "hasrole",
        "checkrole",
        "requireadmin",
        "ensureadmin",
        "requireauth",
        "requiretenant",
        "requirescope",
        "checkscope",
        "hasscope",
        "canaccess",
        "verifyaccess",
        "validateaccess",
        "assertaccess",
    ];
    let plain = plain(name);
    // Names of things that are authorizations and no questions: `LockAuthorizationCode`, `newAuthorizer`.
    const THINGS: &[&str] = &[
        "authorizationcode",
        "authorizer",
        "authorizationurl",
        "authorizationheader",
        "deviceauthorization",
        "permissionmap",
        "authorizationstate",
        "authorizationnonce",
        "transferwithauthorization",
    ];
    if THINGS.iter().any(|thing| plain.contains(thing)) {
        return false;
    }
    // `verifyFolderAccess`, `ensure_document_ownership`.
    let asks = ["verify", "check", "ensure", "require", "assert", "validate"]
        .iter()
        .any(|start| plain.starts_with(start))
        && ["access", "ownership", "owner", "membership"]
            .iter()
            .any(|end| plain.ends_with(end));
    if asks {
        return true;
    }
    let enforces = plain.strip_prefix("enforce").is_some_and(|what| {
        what.is_empty()
            || [
                "action", "role", "access", "policy", "tenant", "owner", "auth", "scope", "member",
                "ex",
            ]
            .iter()
            .any(|known| what.starts_with(known))
    });
    enforces || PARTS.iter().any(|word| plain.contains(word))
}

/// Whether a function's name says that it lets in only those who run the platform: `requireAdminApiRequest`, `ensureSuperuser`.
pub(crate) fn is_privileged_check(name: &str) -> bool {
    let plain = plain(name);
    let asks = [
        "require",
        "assert",
        "ensure",
        "check",
        "verify",
        "is",
        "has",
        "must",
        "only",
        "enforce",
        "authoriz",
        "authenticate",
        "with",
    ]
    .iter()
    .any(|word| plain.starts_with(word));
    let who = [
        "admin",
        "superuser",
        "sysop",
        "platformoperator",
        "staff",
        "servicetoken",
        "servicecredential",
        "internalservice",
    ];
    asks && who.iter().any(|word| plain.contains(word))
}

/// Whether a name holds who the caller is.
pub(crate) fn is_principal(name: &str) -> bool {
    let plain = plain(name.trim_start_matches('_'));
    matches!(
        plain.as_str(),
        "user"
            | "userid"
            | "uid"
            | "useruuid"
            | "useruid"
            | "currentuser"
            | "principal"
            | "account"
            | "accountid"
            | "member"
            | "memberid"
            | "claims"
            | "session"
            | "auth"
            | "identity"
            | "actor"
            | "actorid"
            | "caller"
            | "authenticateduser"
    )
}

/// Whether a name holds something that must not be known or guessed: credentials and what proves them.
pub(crate) fn is_secret(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "secret",
        "password",
        "passwd",
        "apikey",
        "accesstoken",
        "servicetoken",
        "admintoken",
        "authtoken",
        "bearertoken",
        "refreshtoken",
        "sharedtoken",
        "expectedtoken",
        "internaltoken",
        "signature",
        "hmac",
        "privatekey",
        "passphrase",
        "clientsecret",
    ];
    let plain = plain(name);
    // `isPasswordless`, `envWithoutSecrets`, `hasApiKey`.
    let words = crate::detectors::units::words(name);
    let first = words.first().map_or("", String::as_str);
    if matches!(
        first,
        "is" | "has" | "can" | "should" | "use" | "uses" | "needs" | "no"
    ) || words
        .iter()
        .any(|word| matches!(word.as_str(), "without" | "passwordless"))
    {
        return false;
    }
    let is_about = [
        "id",
        "name",
        "type",
        "length",
        "len",
        "header",
        "count",
        "version",
        "hint",
        "prefix",
        "path",
        "file",
        "url",
        "ttl",
        "expiry",
        "algorithm",
        "algo",
        "field",
        "enabled",
        "status",
        "label",
        "method",
        "error",
        "err",
        "ref",
        "env",
        "present",
        "valid",
        "exists",
        "verified",
        "required",
    ]
    .iter()
    .any(|end| plain.ends_with(end));
    !is_about && WORDS.iter().any(|word| plain.contains(word))
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
        "namespace",
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
