//! Objects that an annotation names in one word: `shop-strip@kubernetescrd`.

use serde_json::Value;

use crate::live::object::{name, namespace};
use crate::live::served::ServedKind;

/// End of a name that means an object of the cluster: `NAMESPACE-NAME@kubernetescrd`.
pub const OF_CLUSTER: &str = "@kubernetescrd";

/// An object that an annotation names.
pub struct Named<'a> {
    /// The kind that the annotation's key means.
    pub kind: &'a ServedKind,
    /// Its namespace and name in one word.
    pub word: &'a str,
    /// Key of the annotation.
    pub key: &'a str,
}

impl Named<'_> {
    /// Whether it is this object that is named, by its namespace and name; its kind is not compared.
    pub(crate) fn is(&self, object: &Value) -> bool {
        self.word == word_of(object)
    }
}

/// The word by which annotations name an object: `NAMESPACE-NAME`.
pub(crate) fn word_of(object: &Value) -> String {
    format!("{}-{}", namespace(object), name(object))
}

/// An object's annotations that are texts: key and value.
pub(crate) fn annotations(object: &Value) -> impl Iterator<Item = (&str, &str)> {
    let all = object.pointer("/metadata/annotations").and_then(Value::as_object);
    all.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// All objects that annotations name in such a way.
pub fn named<'a>(kinds: &'a [ServedKind], object: &'a Value) -> Vec<Named<'a>> {
    let all = annotations(object).filter(|(_, value)| value.contains(OF_CLUSTER));
    let found = all.flat_map(|(key, value)| {
        let kind = kind_of(kinds, key);
        let words = value.split(',').filter_map(|word| word.trim().strip_suffix(OF_CLUSTER));
        words.filter_map(move |word| Some(Named { kind: kind?, word, key }))
    });
    found.collect()
}

/// `router.tls.options` means a `TLSOption`, `router.middlewares` a `Middleware`.
fn kind_of<'a>(kinds: &'a [ServedKind], key: &str) -> Option<&'a ServedKind> {
    let word = key.rsplit('/').next()?.replace('.', "").to_lowercase();
    let fits = |kind: &&ServedKind| {
        let kind_word = kind.kind.to_lowercase();
        kind.group.contains('.') && (word.ends_with(&kind_word) || word.ends_with(&kind.plural))
    };
    kinds.iter().filter(fits).max_by_key(|kind| kind.kind.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_an_annotation_says_which_kind_it_names() {
        let served = |kind: &str, plural: &str| ServedKind {
            group: "traefik.io".into(),
            kind: kind.into(),
            plural: plural.into(),
            namespaced: true,
        };
        let kinds = [
            served("Middleware", "middlewares"),
            served("TLSOption", "tlsoptions"),
            served("ServersTransport", "serverstransports"),
        ];
        let kind = |key: &str| kind_of(&kinds, key).map(|kind| kind.kind.as_str());
        assert_eq!(kind("traefik.ingress.kubernetes.io/router.middlewares"), Some("Middleware"));
        assert_eq!(kind("traefik.ingress.kubernetes.io/router.tls.options"), Some("TLSOption"));
        assert_eq!(kind("traefik.ingress.kubernetes.io/service.serverstransport"), Some("ServersTransport"));
        assert_eq!(kind("traefik.ingress.kubernetes.io/router.priority"), None);
    }
}
