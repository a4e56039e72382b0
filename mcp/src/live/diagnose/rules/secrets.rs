//! Secrets are never read here. Whoever reads them says what they lack: which keys those of Kubernetes' own types have,
//! everybody knows.

use serde_json::Value;

use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, namespace};

/// Kubernetes' own types, and the keys that a Secret of each has to have.
const TYPES: [(&str, &[&str]); 4] = [
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/basic-auth", &["username", "password"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
];
/// How programs say that there is no such Secret, or no such key.
const GONE: [&str; 5] = ["not found", "does not exist", "doesn't exist", "no such secret", "could not find"];
/// How they say that something is not in it.
const LACKS: [&str; 7] = ["missing", "lacks", "lacking", "does not contain", "doesn't contain", "empty", "no key"];
/// How they say that what is in it is no certificate with its key.
const NO_PAIR: [&str; 4] = ["does not match", "doesn't match", "find any pem", "failed to parse"];

/// Why a Secret is of no use.
pub(super) enum Unusable<'a> {
    Gone,
    /// Keys that it does not have.
    Lacks(Vec<&'a str>),
    NoPair,
}

/// What a line about a Secret says of it, as far as that can be told.
pub(super) fn unusable(line: &str) -> Option<Unusable<'_>> {
    let lower = line.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    let keys = keys(line);
    match () {
        () if !keys.is_empty() && (says(&LACKS) || says(&GONE)) => Some(Unusable::Lacks(keys)),
        () if says(&GONE) => Some(Unusable::Gone),
        () if says(&NO_PAIR) => Some(Unusable::NoPair),
        () => None,
    }
}

/// Keys of Kubernetes' own types that stand in a line by themselves.
fn keys(line: &str) -> Vec<&str> {
    let ends = |letter: char| {
        letter.is_whitespace() || matches!(letter, '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '[' | ']' | '\\')
    };
    let words = line.split(ends).map(|word| word.trim_end_matches([':', '.']));
    // A word like `password` says much else; a name with a dot or a dash nothing else.
    let is_key = |word: &&str| word.contains(['.', '-']) && TYPES.iter().any(|(_, keys)| keys.contains(word));
    let mut found: Vec<_> = words.filter(is_key).collect();
    found.dedup();
    found
}

/// A Secret without the keys that whoever uses it looks for.
pub(super) fn lacking(secret: Ref, keys: &[&str], user: &Ref, line: &str) -> Finding {
    let told = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
    let kind =
        TYPES.iter().find(|(_, all)| keys.iter().any(|key| all.contains(key))).map_or("Opaque", |(kind, _)| kind);
    let all = TYPES.iter().find(|(one, _)| *one == kind).map_or(keys, |(_, all)| *all).join("` and `");
    let (word, at) = (if keys.len() == 1 { "key" } else { "keys" }, secret.to_string());
    let fault = if kind.ends_with("/tls") { Fault::Certificate } else { Fault::MissingReference };
    let field = format!("data[{}]", keys.first().copied().unwrap_or_default());
    let mut finding = Finding::new(fault, secret, format!("lacks the {word} {told}, and {user} cannot use it so"));
    finding.affects.push(user.to_string());
    finding.at(field).with("log", line).next(format!(
        "Make {at} again with the keys `{all}` (type {kind}): what it has under other names is not looked at. A type cannot be changed, so delete it first."
    ))
}

/// What the controller of an object says of a Secret that this names, where it lacks a key.
pub(super) fn told(object: &Value, said: &str, line: &str) -> Option<Finding> {
    let Some(Unusable::Lacks(keys)) = unusable(said) else { return None };
    let lower = said.to_lowercase();
    let rest = said.get(lower.find("secret")? + "secret".len()..)?;
    let word = rest.split_whitespace().next()?.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let (place, name) = word.split_once('/').unwrap_or((namespace(object), word));
    // It is named in the object, or the word is another.
    let is_named = object.get("spec").is_some_and(|spec| spec.to_string().contains(&format!("\"{name}\"")));
    is_named.then(|| lacking(Ref::new("", "Secret", place, name), &keys, &Ref::of(object), line))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_of_a_secret_tells_why_it_is_of_no_use() {
        for (line, expected) in [
            (
                r#"error="secret shop/web is missing the following TLS data entries: tls.crt, tls.key" ingress=web"#,
                Some("tls.crt tls.key"),
            ),
            (r#"key "tls.key" not found in secret shop/web"#, Some("tls.key")),
            ("secret shop/web contains an empty tls.crt", Some("tls.crt")),
            ("secret shop/web does not exist", Some("gone")),
            ("tls: private key does not match public key", Some("no pair")),
            ("password of secret shop/web is wrong", None),
        ] {
            let told = unusable(line).map(|why| match why {
                Unusable::Gone => "gone".into(),
                Unusable::Lacks(keys) => keys.join(" "),
                Unusable::NoPair => "no pair".into(),
            });
            assert_eq!(told.as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn a_secret_that_lacks_keys_is_the_cause_where_its_user_names_it() {
        let route = json!({"apiVersion": "x.dev/v1", "kind": "Route", "metadata": {"namespace": "shop", "name": "r"}, "spec": {"tls": {"secretName": "web"}}});
        let said = "secret shop/web is missing the following TLS data entries: tls.key";
        let finding = told(&route, said, said).expect("it is named");
        assert_eq!((finding.object.to_string(), finding.field.as_str()), ("Secret shop/web".into(), "data[tls.key]"));
        assert!(finding.next.contains("`tls.crt` and `tls.key` (type kubernetes.io/tls)"), "{}", finding.next);
        assert!(told(&route, "secret shop/other is missing tls.key", said).is_none());
    }
}
