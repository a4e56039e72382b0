//! What a field, variable or flag is called that holds a secret.

/// Ends of such names, without regard to case and to what is between words.
const ENDS: [&str; 19] = [
    "password",
    "passwd",
    "passwort",
    "pwd",
    "passphrase",
    "pgpass",
    "token",
    "secret",
    "credential",
    "credentials",
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
    "authkey",
    "encryptionkey",
    "signingkey",
    "authorization",
    "cookie",
];
/// Parts of such names.
const PARTS: [&str; 9] =
    ["password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "privatekey", "accesskey"];
/// What ends so tells of where a secret is, what it is called, or how long it lasts.
const PLACES: [&str; 28] = [
    "ref",
    "refs",
    "name",
    "names",
    "namespace",
    "key",
    "keys",
    "path",
    "file",
    "files",
    "dir",
    "type",
    "url",
    "uri",
    "ttl",
    "seconds",
    "expiry",
    "expires",
    "length",
    "policy",
    "tokens",
    "secrets",
    "id",
    "count",
    "limit",
    "tokenizer",
    "version",
    "provider",
];
/// Names of Secrets that charts ask for.
const NAMED: [&str; 5] = ["existingsecret", "pullsecret", "tlssecret", "certsecret", "authsecret"];

/// Whether what is called so holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    // Nearly no name is one, and each of every answer comes here.
    if !name.bytes().any(|byte| matches!(byte, b's' | b'S' | b'k' | b'K' | b'w' | b'W' | b'c' | b'C' | b'z' | b'Z'))
        || name.len() > 128
    {
        return false;
    }
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    if NAMED.iter().any(|named| plain.ends_with(named)) || plain.starts_with("no") && name.starts_with("--no-") {
        return false;
    }
    ENDS.iter().any(|end| plain.ends_with(end))
        || PARTS.iter().any(|part| plain.contains(part)) && !PLACES.iter().any(|place| plain.ends_with(place))
}

/// Whether a value only tells where the secret comes from, or that there is none.
pub(super) fn is_reference(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'', '\\']).trim_end_matches([',', ';', '.', ')']);
    value.is_empty()
        || matches!(
            value.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "none" | "nil" | "~" | "yes" | "no"
        )
        || ["$(", "${", "{{", "<", "[", "{"].iter().any(|start| value.starts_with(start))
        || value.strip_prefix('$').is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        || value.chars().all(|c| matches!(c, '*' | '.' | '…' | 'x' | 'X'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_of_places() {
        for name in [
            "password",
            "DB_PASSWORD",
            "auth.adminPassword",
            "--token",
            "clientSecret",
            "apiKey",
            "PGPASS",
            "tokenValue",
            "PASSWORD_1",
            "Authorization",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "secretName",
            "secretKeyRef",
            "max_tokens",
            "token-file",
            "passwordSecretRef",
            "imagePullSecrets",
            "key",
            "image",
            "--no-token",
            "tokenExpirationSeconds",
            "secretKeySelectorPath",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
