//! A kubeconfig: our context goes in and comes out letter for letter, and other readers of YAML see everything else as it
//! was.
#![no_main]

use std::sync::LazyLock;

use backstack::docker::kubeconfig::Entry;
use backstack::foreign::{kubeconfig_with, kubeconfig_without};
use libfuzzer_sys::fuzz_target;
use serde_yaml::{Mapping, Value};

const ADMIN: &str = "clusters: [{name: k, cluster: {certificate-authority-data: Q0E=, server: https://x:6443}}]\n\
                     users: [{name: a, user: {client-key-data: S0VZ}}]\n";
static ENTRIES: LazyLock<[Entry; 2]> = LazyLock::new(|| {
    ["kind-p", "kind-q"].map(|context| Entry {
        context: context.into(),
        server: "https://127.0.0.1:1".into(),
        admin: ADMIN.into(),
    })
});

fuzz_target!(|text: &str| {
    let [first, second] = &*ENTRIES;
    let was_there = !matches!(kubeconfig_without(text, &first.context), Ok(None));
    let Ok(with) = kubeconfig_with(text, first) else { return };
    // A file that the other reader refuses as it is, it may go on refusing.
    if let Some(before) = rest(text) {
        assert_eq!(rest(&with), Some(before), "{with}");
    }
    assert_eq!(kubeconfig_with(&with, first).as_ref(), Ok(&with), "once more");
    let left = kubeconfig_without(&with, &first.context).expect("removed").expect("was there");
    assert!(was_there || left == text, "{text:?}\n{with:?}\n{left:?}");
    if text.contains("kind-q") {
        return;
    }
    // The last of two that goes leaves what the first one found.
    let Ok(both) = kubeconfig_with(&with, second) else { return };
    let one = kubeconfig_without(&both, &first.context).expect("removed").expect("was there");
    let none = kubeconfig_without(&one, &second.context).expect("removed").expect("was there");
    assert!(was_there || none == text, "{text:?}\n{both:?}\n{one:?}\n{none:?}");
});

/// What is not ours, if the text can be read; an empty list and a missing one are the same.
fn rest(text: &str) -> Option<Mapping> {
    let Some(document) = serde_yaml::Deserializer::from_str(text).next() else { return Some(Mapping::new()) };
    let value: Value = serde::Deserialize::deserialize(document).ok()?;
    let Value::Mapping(mut all) = value else { return Some(Mapping::new()) };
    for key in ["apiVersion", "kind", "current-context"] {
        all.shift_remove(key);
    }
    for list in ["clusters", "contexts", "users"] {
        if let Some(Value::Sequence(items)) = all.get_mut(list) {
            items.retain(|item| item.get("name").and_then(Value::as_str) != Some("kind-p"));
        }
        if all.get(list).is_some_and(|list| list.is_null() || list.as_sequence().is_some_and(Vec::is_empty)) {
            all.shift_remove(list);
        }
    }
    Some(all)
}
