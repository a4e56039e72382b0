//! A package -> an API of the platform.

use std::time::Duration;

use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};

use super::read::{api, text};
use super::{ApiError, DEFINITIONS, Package};
use crate::kubernetes;

const CONFIGURATIONS: (&str, &str, &str) = ("pkg.crossplane.io", "v1", "Configuration");
const MANAGER: &str = "backstack-api";
/// A package is some kilobytes from a registry nearby; a definition becomes a kind within seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// The object that installs a package from there.
pub fn configuration(package: &Package, from: &str) -> Value {
    let mut spec = json!({"package": from});
    if !package.resolvable {
        // The functions are here; but one that is named by a digest has no version to compare.
        spec["skipDependencyResolution"] = true.into();
    }
    json!({"apiVersion": "pkg.crossplane.io/v1", "kind": "Configuration", "metadata": {"name": package.name}, "spec": spec})
}

/// Installs a package, or another version of it, and waits until its API can be ordered.
///
/// # Errors
/// Somebody else has put that API there, or Crossplane does not come to an end with it.
pub async fn install(client: &Client, package: &Package, configuration: &Value) -> Result<(), ApiError> {
    let definitions = api(client, DEFINITIONS);
    let configurations = api(client, CONFIGURATIONS);
    let found = definitions.get_opt(&package.definition).await;
    let found = found.map_err(kubernetes::Error::request(format!("read {}", package.definition)))?;
    if found.is_some_and(|definition| !is_from_a_package(&definition)) {
        return Err(ApiError::Occupied { definition: package.definition.clone() });
    }
    let params = PatchParams::apply(MANAGER).force();
    let applied = configurations.patch(&package.name, &params, &Patch::Apply(configuration)).await;
    applied.map_err(kubernetes::Error::request(format!("apply Configuration {}", package.name)))?;
    let wanted = text(configuration, "/spec/package");
    let ready = async {
        reached(&configurations, &package.name, |one| is_installed(one, wanted)).await;
        reached(&definitions, &package.definition, |one| holds(one, "Established")).await;
    };
    if tokio::time::timeout(PATIENCE, ready).await.is_ok() {
        return Ok(());
    }
    let why = match configurations.get_opt(&package.name).await {
        Ok(Some(one)) => reasons(&one.data),
        _ => Vec::new(),
    };
    Err(ApiError::NotReady { name: package.name.clone(), waited: PATIENCE, why })
}

/// Returns when an object is as wanted. A watch that breaks is begun again.
async fn reached(objects: &Api<DynamicObject>, name: &str, is_so: impl Fn(&Value) -> bool + Clone) {
    loop {
        let is_so = is_so.clone();
        let condition = move |object: Option<&DynamicObject>| object.is_some_and(|object| is_so(&object.data));
        if await_condition(objects.clone(), name, condition).await.is_ok() {
            return;
        }
        // What broke the watch may last for a moment.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn is_from_a_package(definition: &DynamicObject) -> bool {
    definition.metadata.owner_references.iter().flatten().any(|owner| owner.kind == "ConfigurationRevision")
}

/// Whether Crossplane has done what it is told by now, and not what it was told before.
fn is_installed(configuration: &Value, wanted: &str) -> bool {
    text(configuration, "/status/currentIdentifier") == wanted
        && holds(configuration, "Installed")
        && holds(configuration, "Healthy")
}

fn holds(object: &Value, condition: &str) -> bool {
    conditions(object).any(|one| one["type"] == condition && one["status"] == "True")
}

fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten()
}

/// What Crossplane says of what does not hold.
fn reasons(object: &Value) -> Vec<String> {
    let lacking = conditions(object).filter(|one| one["status"] != "True");
    lacking
        .map(|one| {
            format!(
                "{} is {}: {} {}",
                text(one, "/type"),
                text(one, "/status"),
                text(one, "/reason"),
                text(one, "/message")
            )
        })
        .map(|line| line.trim_end().to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_resolved_where_versions_are_known() {
        let from = "10.0.0.5:5000/configurations/apps.example.org:v0.1.0";
        let spec = |resolvable| configuration(&Package::sample(Vec::new(), resolvable), from)["spec"].clone();
        assert_eq!(spec(true), json!({"package": from}));
        assert_eq!(spec(false), json!({"package": from, "skipDependencyResolution": true}));
    }

    #[test]
    fn the_version_before_is_not_taken_for_this_one() {
        let status = |identifier: &str, healthy: &str| {
            json!({"status": {"currentIdentifier": identifier, "conditions": [
                {"type": "Installed", "status": "True"},
                {"type": "Healthy", "status": healthy, "reason": "UnhealthyPackageRevision", "message": "cannot pull"}]}})
        };
        assert!(is_installed(&status("a:v2", "True"), "a:v2"));
        assert!(!is_installed(&status("a:v1", "True"), "a:v2"));
        assert!(!is_installed(&status("a:v2", "False"), "a:v2"));
        assert_eq!(reasons(&status("a:v2", "False")), ["Healthy is False: UnhealthyPackageRevision cannot pull"]);
    }
}
