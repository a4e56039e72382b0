//! Every stack in the binary, and its cluster, must pass every check without even a warning.

use backstack::error::Explain;
use backstack::stack::{ClusterSpec, PlatformFacts, Stack, StackErrors, StackSource, render};

fn explained(error: StackErrors) -> String {
    format!("{error}\n{}", error.details().join("\n"))
}

fn all() -> Vec<Stack> {
    let names = Stack::builtin_names();
    assert!(names.contains(&"back".to_string()), "built in: {names:?}");
    names
        .into_iter()
        .map(|name| Stack::load(StackSource::Builtin(name)).unwrap_or_else(|error| panic!("{}", explained(error))))
        .collect()
}

#[test]
fn the_cluster_loads() {
    let cluster = ClusterSpec::load().unwrap_or_else(|error| panic!("{}", explained(error)));
    for (_, image) in cluster.file.images() {
        let recipe = image.recipe.as_ref().expect("the cluster's images can be built from packages");
        assert!(cluster.recipes.contains_key(recipe), "{recipe}");
    }
}

#[test]
fn every_stack_loads_without_a_warning() {
    for stack in all() {
        let warnings: Vec<_> = stack.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, Vec::<String>::new(), "{}", stack.name);
    }
}

#[test]
fn every_image_can_be_built_from_packages_or_says_why_not() {
    for stack in all() {
        for component in &stack.components {
            for (name, image) in &component.file.images {
                if image.missing.is_some() {
                    continue;
                }
                let recipe =
                    image.recipe.as_ref().unwrap_or_else(|| panic!("{}: image {name} has no recipe", component.name()));
                assert!(component.recipes.contains_key(recipe), "{}: {recipe}", component.name());
            }
        }
    }
}

#[test]
fn images_that_no_registry_has_are_the_stacks_own() {
    for component in all().iter().flat_map(|stack| &stack.components) {
        for image in component.file.images.values() {
            let ours = image.reference.contains("/backstack/");
            assert_eq!(image.own, ours, "{}: {}", component.name(), image.reference);
        }
    }
}

fn facts() -> PlatformFacts {
    PlatformFacts {
        name: "test".into(),
        url: "https://localhost:8443".into(),
        host: "localhost".into(),
        port: 8443,
        namespace: "backstack-system".into(),
        ca_bundle: "Q0E=".into(),
        registry: "172.31.250.5:5000".into(),
        images: Default::default(),
        ingress_class: None,
    }
}

/// A start that is ended for being slow begins anew, and no faster: on a slow machine it would never end.
#[test]
fn whatever_takes_long_to_start_has_half_an_hour() {
    let mut seen = 0;
    for stack in all() {
        for component in &stack.components {
            for object in render(component, &facts()) {
                let containers = object["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten();
                for probe in containers.map(|container| &container["startupProbe"]).filter(|probe| !probe.is_null()) {
                    let number = |name: &str, default| probe[name].as_u64().unwrap_or(default);
                    let seconds = number("periodSeconds", 10) * number("failureThreshold", 3);
                    assert!(seconds >= 1800, "{}: {} {seconds} s", component.name(), object["metadata"]["name"]);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 5, "{seen} startup probes");
}

#[test]
fn nothing_is_left_to_fill_in() {
    let mut facts = facts();
    for stack in all() {
        for component in &stack.components {
            let references = component.file.images.values().map(|image| image.reference.clone());
            facts.images = references.map(|reference| (reference.clone(), format!("{reference}@sha256:00"))).collect();
            for object in render(component, &facts) {
                // Files are taken word for word.
                if object["kind"] == "ConfigMap"
                    && object["metadata"]["name"].as_str().is_some_and(|name| component.config_maps.contains_key(name))
                {
                    continue;
                }
                let text = object.to_string();
                for group in ["${images.", "${parameters.", "${platform.", "${namespace}"] {
                    assert!(!text.contains(group), "{}: {group} in {text}", component.name());
                }
            }
        }
    }
}
