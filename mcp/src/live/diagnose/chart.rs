//! A chart that cannot be rendered with the values that it gets: which value it asks for, and where an Application would
//! set that.

use serde_json::Value;

use super::{Fault, Finding, source};
use crate::live::object::{Ref, gist, list, text};

/// How Helm says that a chart refuses what it is given.
const REFUSED: &str = "execution error at (";
const SCHEMA: &str = "values don't meet the specifications of the schema";
/// How a template says which value it reads, where that cannot be read.
const READS: &str = "at <";
const VALUES: &str = ".Values.";
/// Ends of words that are files, and no way to a value.
const FILES: [&str; 5] = [".yaml", ".yml", ".tpl", ".json", ".txt"];

/// A sync that fails because of a value, as one of the field that would set it.
pub(super) fn told(application: &Value, message: &str) -> Option<Finding> {
    let value = wanted(message)?;
    let (at, source) = (Ref::of(application), of_chart(application, message));
    let helm = application.pointer(&format!("/{}/helm", source.replace(['.', '['], "/").replace(']', "")));
    let field = field(&source, helm, &value);
    let (from, said) = (source::in_words(application), gist(message, 200));
    let text = format!("{from} cannot be rendered with the values that it gets: {said}");
    let finding = Finding::new(Fault::InvalidManifest, at.clone(), text).at(field.clone()).with("sync", message);
    let place = message.split_once(REFUSED).and_then(|(_, rest)| rest.split_once(')')).map(|(place, _)| place);
    let place = place.map_or_else(String::new, |place| format!(" ({place})"));
    Some(finding.next(match (value.as_str(), field.ends_with(&value)) {
        ("", _) => format!("Give {at} the values that {from} asks for{place}, in `{field}`: {said}."),
        (_, true) => format!("Set `{field}` of {at}: {from} asks for it{place}."),
        (value, false) => format!("Set `{value}` in `{field}` of {at}: {from} asks for it{place}."),
    }))
}

/// The way to the value that a message is about, as `site.title`; empty where it does not name it, nothing where it is
/// about no value.
fn wanted(message: &str) -> Option<String> {
    let read = message.split(READS).skip(1).find_map(|rest| {
        let (inside, _) = rest.split_once('>')?;
        Some(way(inside.split_once(VALUES)?.1))
    });
    let said = || {
        let (_, rest) = message.split_once(REFUSED)?.1.split_once("): ")?;
        Some(named(rest).unwrap_or_default())
    };
    let by_schema = || Some(of_schema(message.split_once(SCHEMA)?.1).unwrap_or_default());
    read.or_else(said).or_else(by_schema)
}

/// The letters of a way at the begin of a text.
fn way(text: &str) -> String {
    let end = text.find(|letter: char| !is_of_way(letter)).unwrap_or(text.len());
    text[..end].trim_matches('.').into()
}

fn is_of_way(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-')
}

/// The first word of a sentence that is a way of several parts, or that stands in quotes.
fn named(said: &str) -> Option<String> {
    let said = said.split("Use --debug").next().unwrap_or(said);
    let words = said.split(|letter: char| !is_of_way(letter)).map(|word| word.trim_matches(['.', '-']));
    let plain = |word: &str| word.strip_prefix("Values.").unwrap_or(word).to_string();
    let is_way = |word: &&str| {
        let is_name = |part: &str| part.starts_with(|letter: char| letter.is_ascii_alphabetic());
        word.contains('.') && word.split('.').all(is_name) && !FILES.iter().any(|end| word.ends_with(end))
    };
    let quoted = || {
        let inside = ['`', '"', '\''].into_iter().flat_map(|quote| said.split(quote).skip(1).step_by(2));
        inside.into_iter().find(|word| !word.is_empty() && word.chars().all(is_of_way)).map(str::to_string)
    };
    words.into_iter().find(is_way).map(plain).or_else(quoted)
}

/// `- at '/site': missing property 'title'`, `- site: title is required`.
fn of_schema(said: &str) -> Option<String> {
    let line = said.lines().map(str::trim).find(|line| line.starts_with("- "))?.trim_start_matches("- ");
    if let Some(rest) = line.strip_prefix("at '") {
        let (place, why) = rest.split_once('\'')?;
        let missing = why.split_once("missing proper").and_then(|(_, rest)| rest.split('\'').nth(1));
        let parts = place.split('/').chain(missing).filter(|part| !part.is_empty());
        return Some(parts.collect::<Vec<_>>().join("."));
    }
    let (place, why) = line.split_once(": ")?;
    let missing = why.strip_suffix(" is required");
    let parts = [place.trim_start_matches("(root)")].into_iter().chain(missing).filter(|part| !part.is_empty());
    Some(parts.collect::<Vec<_>>().join("."))
}

/// Which source of an Application a message is about: the only one, or the one whose chart it names.
fn of_chart(application: &Value, message: &str) -> String {
    if application.pointer("/spec/source").is_some() {
        return "spec.source".into();
    }
    let sources = list(application, "/spec/sources");
    let is_named = |source: &Value| {
        let last = text(source, "/path").trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_string();
        [text(source, "/chart"), &last]
            .iter()
            .any(|one| !one.is_empty() && message.contains(&format!("{one}/templates/")))
    };
    let has_chart = |source: &Value| source.get("chart").is_some() || source.get("helm").is_some();
    let index = sources.iter().position(is_named).or_else(|| sources.iter().position(has_chart));
    format!("spec.sources[{}]", index.unwrap_or_default())
}

/// Where the value is set, or would be.
fn field(source: &str, helm: Option<&Value>, value: &str) -> String {
    let parameters = helm.map_or(&[][..], |helm| list(helm, "/parameters"));
    if let Some(index) = parameters.iter().position(|one| !value.is_empty() && text(one, "/name") == value) {
        return format!("{source}.helm.parameters[{index}].value");
    }
    if helm.is_some_and(|helm| !text(helm, "/values").is_empty()) {
        return format!("{source}.helm.values");
    }
    format!("{source}.helm.valuesObject.{value}").trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::git;

    const HELM: &str = "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = failed to execute helm template command: failed running helm: `helm template . --name-template shop --namespace shop --kube-version 1.36.3 <api versions removed> --include-crds` failed exit status 1: Error: ";

    fn application(helm: Value) -> Value {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "shop"},
            "spec": {"source": {"repoURL": "http://charts", "chart": "web", "targetRevision": "1.0.0", "helm": helm}}})
    }

    fn judged(application: &Value, said: &str) -> Finding {
        let mut application = application.clone();
        application["status"]["conditions"] = json!([{"type": "ComparisonError", "message": format!("{HELM}{said}")}]);
        git::of_application(&application).remove(0)
    }

    #[test]
    fn a_value_that_a_chart_asks_for_is_named_with_its_field() {
        for (said, value) in [
            (
                "execution error at (web/templates/d.yaml:13:27): set site.title, the text of the page\n\nUse --debug flag to render out invalid YAML",
                ".site.title",
            ),
            ("execution error at (web/templates/d.yaml:1:2): `image` is required", ".image"),
            ("execution error at (web/templates/d.yaml:1:2): no", ""),
            (
                "template: web/templates/d.yaml:13:27: executing \"web/templates/d.yaml\" at <.Values.site.title>: nil pointer evaluating interface {}.title",
                ".site.title",
            ),
            (
                "values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n- at '/site': missing property 'title'",
                ".site.title",
            ),
            (
                "values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n- (root): title is required",
                ".title",
            ),
            (
                "values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n- replicas: Invalid type. Expected: integer, given: string",
                ".replicas",
            ),
        ] {
            let found = judged(&application(json!({})), said);
            assert_eq!(found.field, format!("spec.source.helm.valuesObject{value}"), "{said}");
            assert!(found.next.contains(&found.field) && found.next.contains("chart `web`"), "{}", found.next);
            assert!(!found.summary.contains("helm template"), "{}", found.summary);
        }
        let said = "execution error at (web/templates/d.yaml:13:27): set site.title";
        let found = judged(&application(json!({"parameters": [{"name": "site.title", "value": ""}]})), said);
        assert_eq!(found.field, "spec.source.helm.parameters[0].value");
        let found = judged(&application(json!({"values": "a: 1"})), said);
        assert_eq!((found.field.as_str(), found.next.contains("`site.title`")), ("spec.source.helm.values", true));
    }

    #[test]
    fn what_is_wrong_with_a_chart_itself_is_no_matter_of_values() {
        for said in [
            "parse error at (web/templates/d.yaml:3): function \"nope\" not defined",
            "chart requires kubeVersion: >=1.99 which is incompatible with Kubernetes v1.36.3",
            "YAML parse error on web/templates/d.yaml: error converting YAML to JSON: yaml: line 3: did not find",
        ] {
            let found = judged(&application(json!({})), said);
            assert!(!found.field.contains("helm"), "{said}: {found:?}");
            // The reason stands at the end, and is kept.
            assert!(found.summary.contains(&said[said.len() - 15..]), "{}", found.summary);
        }
    }
}
