//! An API of the platform as a package of Crossplane, on the platform that it was made from.

use std::time::SystemTime;

use backstack_end_to_end::{Platform, eventually, step};

const SOURCE: &str = "apps.platform.backstack.dev";
const DEFINITION: &str = "apps.packed.example.org";
const ORDER: &str = "apiVersion: packed.example.org/v1alpha1
kind: App
metadata: {name: packed, namespace: demo}
spec: {image: docker.io/hashicorp/http-echo:1.0.0, port: 5678}";

/// Packed, installed under another group, ordered, and taken away with all that it brought.
pub(crate) fn installed_and_taken_away(platform: &Platform) {
    step("an API is packed and installed under another group, and an order of it runs");
    // The registry outlives platforms, and keeps what earlier runs have pushed.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs();
    let version = format!("v0.0.{now}");
    let pack =
        ["api", "pack", SOURCE, "--group", "packed.example.org", "--version", &version, "--install", "-o", "json"];
    let packed = platform.backstack(&pack).succeeded("api pack").json();
    assert_eq!(packed["definition"], DEFINITION, "{packed}");
    assert!(packed["compositions"].as_array().is_some_and(|all| all.len() > 1), "{packed}");
    let again = platform.backstack(&pack).succeeded("api pack again").json();
    assert!(again["pushed"] == false && again["digest"] == packed["digest"], "{again}");
    platform.apply(ORDER).succeeded("order");
    let order = format!("{DEFINITION}/packed");
    platform.kubectl(&["wait", "-n", "demo", &order, "--for=condition=Ready", "--timeout=60s"]).succeeded("ready");

    step("what somebody else keeps is not taken over, and the package goes with all of it");
    let refused = platform.backstack(&["api", "pack", SOURCE, "--version", &version, "--install"]);
    assert!(refused.code == 2 && refused.stderr.contains("not from a package"), "{}{}", refused.stdout, refused.stderr);
    let name = packed["configuration"]["metadata"]["name"].as_str().expect("a name");
    platform.kubectl(&["delete", "-n", "demo", &order, "--timeout=60s"]).succeeded("delete the order");
    platform.kubectl(&["delete", "configuration", name, "--timeout=60s"]).succeeded("delete the package");
    for object in [format!("crd/{DEFINITION}"), "composition/app-standard.packed.example.org".into()] {
        eventually(&format!("{object} is gone"), 60, || platform.kubectl(&["get", &object]).code != 0);
    }
    platform.kubectl(&["get", "crd", SOURCE]).succeeded("the API that it was made from");
}
