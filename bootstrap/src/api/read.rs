//! An API as the cluster has it.

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use serde_json::Value;

use super::{ApiError, DEFINITIONS};
use crate::kubernetes;

const COMPOSITIONS: (&str, &str, &str) = ("apiextensions.crossplane.io", "v1", "Composition");
const FUNCTIONS: (&str, &str, &str) = ("pkg.crossplane.io", "v1", "Function");

/// What a package is made of.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The CompositeResourceDefinition as the API server has it.
    pub definition: Value,
    /// Those for its kind, by their names.
    pub compositions: Vec<Value>,
    /// All functions of the platform.
    pub functions: Vec<Function>,
}

/// A function that compositions may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Of the Function object, as pipelines name it.
    pub name: String,
    /// Where its package is from, with a tag or a digest.
    pub package: String,
}

/// Reads an API by its kind, its plural, or the whole name of its definition.
///
/// # Errors
/// There is none of that name, or several; or the API server refuses.
pub async fn read(client: &Client, wanted: &str) -> Result<Parts, ApiError> {
    let (definitions, compositions, functions) =
        tokio::try_join!(list(client, DEFINITIONS), list(client, COMPOSITIONS), list(client, FUNCTIONS))?;
    let definition = choose(definitions, wanted)?;
    let mut compositions: Vec<Value> = compositions.into_iter().filter(|one| is_for(one, &definition)).collect();
    compositions.sort_by_key(name);
    let functions =
        functions.iter().map(|one| Function { name: name(one), package: text(one, "/spec/package").into() });
    Ok(Parts { functions: functions.collect(), definition, compositions })
}

pub(super) fn api(client: &Client, (group, version, kind): (&str, &str, &str)) -> Api<DynamicObject> {
    Api::all_with(client.clone(), &ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind)))
}

async fn list(client: &Client, kind: (&str, &str, &str)) -> Result<Vec<Value>, ApiError> {
    let found = match api(client, kind).list(&ListParams::default()).await {
        Ok(found) => found.items,
        // The cluster does not know the kind.
        Err(kube::Error::Api(status)) if status.is_not_found() => Vec::new(),
        Err(error) => return Err(kubernetes::Error::request(format!("list objects of kind {}", kind.2))(error).into()),
    };
    let (group, version, kind) = kind;
    let whole = found.into_iter().map(|object| {
        let mut object = serde_json::to_value(object).expect("an object of the API is JSON");
        // A list does not repeat them.
        object["apiVersion"] = format!("{group}/{version}").into();
        object["kind"] = kind.into();
        object
    });
    Ok(whole.collect())
}

fn choose(definitions: Vec<Value>, wanted: &str) -> Result<Value, ApiError> {
    let known = |all: &[Value]| all.iter().map(name).collect::<Vec<_>>();
    let all = known(&definitions);
    let is_wanted = |one: &Value| {
        let names = ["/metadata/name", "/spec/names/plural", "/spec/names/singular", "/spec/names/kind"];
        names.iter().any(|place| text(one, place).eq_ignore_ascii_case(wanted))
    };
    let mut found: Vec<Value> = definitions.into_iter().filter(is_wanted).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(one), false) => {
            found.push(one);
            Err(ApiError::Ambiguous { wanted: wanted.into(), known: known(&found) })
        }
        (None, _) => Err(ApiError::Unknown { wanted: wanted.into(), known: all }),
    }
}

/// Whether a composition is for the kind of a definition, in whichever version.
fn is_for(composition: &Value, definition: &Value) -> bool {
    let group = text(composition, "/spec/compositeTypeRef/apiVersion").split('/').next().unwrap_or_default();
    group == text(definition, "/spec/group")
        && text(composition, "/spec/compositeTypeRef/kind") == text(definition, "/spec/names/kind")
}

pub(super) fn name(object: &Value) -> String {
    text(object, "/metadata/name").into()
}

pub(super) fn text<'a>(object: &'a Value, place: &str) -> &'a str {
    object.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn definition(plural: &str, kind: &str, group: &str) -> Value {
        json!({"metadata": {"name": format!("{plural}.{group}")},
            "spec": {"group": group, "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind}}})
    }

    fn all() -> Vec<Value> {
        vec![
            definition("apps", "App", "platform.example"),
            definition("apps", "App", "team.example"),
            definition("webapps", "WebApp", "platform.example"),
        ]
    }

    #[test]
    fn an_api_goes_by_its_kind_its_plural_and_its_whole_name() {
        for wanted in ["WebApp", "webapp", "webapps", "webapps.platform.example"] {
            assert_eq!(name(&choose(all(), wanted).expect("one")), "webapps.platform.example", "{wanted}");
        }
        assert_eq!(name(&choose(all(), "apps.team.example").expect("one")), "apps.team.example");
        let Err(ApiError::Ambiguous { known, .. }) = choose(all(), "App") else { panic!("two have that kind") };
        assert_eq!(known.len(), 2);
        let Err(ApiError::Unknown { known, .. }) = choose(all(), "database") else { panic!("there is none") };
        assert_eq!(known.len(), 3);
    }

    #[test]
    fn compositions_of_all_versions_of_a_kind_belong_to_it_and_no_others() {
        let composition =
            |version: &str, kind: &str| json!({"spec": {"compositeTypeRef": {"apiVersion": version, "kind": kind}}});
        let definition = definition("apps", "App", "team.example");
        assert!(is_for(&composition("team.example/v1alpha1", "App"), &definition));
        assert!(is_for(&composition("team.example/v1", "App"), &definition));
        assert!(!is_for(&composition("team.example/v1", "WebApp"), &definition));
        assert!(!is_for(&composition("platform.example/v1", "App"), &definition));
    }
}
