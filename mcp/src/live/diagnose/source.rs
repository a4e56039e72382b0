//! Where an Application takes its manifests from, in words: a folder of a repository, or a chart.

use serde_json::Value;

use crate::live::object::text;

/// `http://git/o/r.git below `apps/web``, `chart `web` 1.2.0 of https://charts.example.org`.
pub(super) fn in_words(application: &Value) -> String {
    let first = application.pointer("/spec/sources/0");
    let source = application.pointer("/spec/source").or(first).unwrap_or(application);
    let (repository, path, chart) = (text(source, "/repoURL"), text(source, "/path"), text(source, "/chart"));
    match (path, chart) {
        ("", "") => repository.into(),
        ("", chart) => format!("chart `{chart}` {} of {repository}", text(source, "/targetRevision")),
        (path, _) => format!("{repository} below `{path}`"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_chart_has_no_folder() {
        for (source, expected) in [
            (json!({"repoURL": "http://git/r.git", "path": "web"}), "http://git/r.git below `web`"),
            (
                json!({"repoURL": "http://charts", "chart": "web", "targetRevision": "1.2.0"}),
                "chart `web` 1.2.0 of http://charts",
            ),
            (json!({"repoURL": "http://git/r.git"}), "http://git/r.git"),
        ] {
            assert_eq!(in_words(&json!({"spec": {"source": source}})), expected);
            assert_eq!(in_words(&json!({"spec": {"sources": [source]}})), expected);
        }
    }
}
