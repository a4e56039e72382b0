//! A stack of one component: stack.yaml, component.yaml, a manifest, a recipe and a file for a ConfigMap, with lines of `%%`
//! between them. One that passes all checks can be rendered.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use backstack::stack::{self, PlatformFacts, Stack, StackSource};
use backstack_fuzz::{Scratch, parts};
use libfuzzer_sys::fuzz_target;

const FILES: [&str; 5] = [
    "stack.yaml",
    "components/app/component.yaml",
    "components/app/manifests/a.yaml",
    "components/app/images/app/image.yaml",
    "components/app/files/a.txt",
];
static SCRATCH: LazyLock<Scratch> = LazyLock::new(Scratch::new);
static FACTS: LazyLock<PlatformFacts> = LazyLock::new(|| PlatformFacts {
    name: "dev".into(),
    url: "https://localhost:8443".into(),
    host: "localhost".into(),
    port: 8443,
    namespace: "backstack-system".into(),
    ca_bundle: "Q0E=".into(),
    registry: "172.31.250.5:5000".into(),
    images: BTreeMap::new(),
    ingress_class: Some("web".into()),
});

fuzz_target!(|bytes: &[u8]| {
    let mut parts = parts(bytes).into_iter();
    for file in FILES {
        SCRATCH.write(file, parts.next().unwrap_or_default());
    }
    match Stack::load(StackSource::Dir(SCRATCH.path().into())) {
        Ok(mut loaded) => {
            loaded.suit_other_clusters();
            for component in &loaded.components {
                stack::render(component, &FACTS);
            }
        }
        Err(error) => assert!(!error.problems().is_empty() || !error.to_string().is_empty()),
    }
});
