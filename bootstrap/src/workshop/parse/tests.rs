//! A small track, and what is wrong with others.

use backstack_mcp::docs::Corpus;
use serde_json::json;

use super::*;

pub(in crate::workshop) const SMALL: &str = r#"# A small day
<!-- track
name: small
as: developer
minutes: 10
-->

What this is about.

## Order an app
<!-- step
minutes: 5
within: 120s
check:
  - object: App lab/shop
    apiVersion: platform.backstack.dev/v1alpha1
    condition: Ready
    where: { /spec/replicas: 2 }
  - healthy: App lab/shop
  - report: { policy: no-nginx, of: App demo/my-app, result: fail }
  - git: { repository: demo-cluster, file: lab/app/shop.yaml, has: "replicas: 2" }
  - pull_request: { repository: demo-cluster, file: lab/app/shop.yaml, state: merged }
  - url: { at: "/gitea" }
  - entity: component:lab/shop
solve:
  - propose:
      repository: demo-cluster
      file: lab/app/shop.yaml
      content: |
        kind: App
  - merge: { repository: demo-cluster, file: lab/app/shop.yaml }
-->
Why: you order an app,
so that you see one made.

1. Open [Create](/create).
2. Click **Choose** in **App**.
3. Type `shop` into **Name**.
   ![A form](../pictures/small-order.jpg)
4. You see **Healthy**.

```bash
kubectl get apps -n lab
```

```text
NAME …
```

```sh
not run
```

**If not:** look at `backstack diagnose
lab/shop`.

### Solution

```bash
kubectl delete app shop -n lab
```

## Look
<!-- step
minutes: 1
check:
  - answer: { question: "Which policy?", is: no-nginx }
-->
You look, because it is there.

## Summary

1. Not a click.
"#;

/// The small track.
pub(in crate::workshop) fn small() -> Track {
    parsed(SMALL).expect("no faults").expect("a track")
}

fn parsed(source: &str) -> Result<Option<Track>, Vec<Fault>> {
    let corpus = Corpus::of([("workshop/small.md", source)]);
    track(&corpus.pages[0])
}

/// The faults of a page that is none, as lines.
fn faults(source: &str) -> Vec<String> {
    parsed(source).expect_err("faults").iter().map(ToString::to_string).collect()
}

/// A track of one step with this comment and this text.
fn one(comment: &str, text: &str) -> String {
    format!("# T\n<!-- track\nname: t\nas: developer\nminutes: 1\n-->\n\n## S\n<!-- step\n{comment}\n-->\n{text}\n")
}

const WHOLE: &str = "minutes: 1\ncheck:\n  - url: { at: /x }\nsolve:\n  - run: \"true\"";

#[test]
fn a_page_becomes_a_track() {
    let track = small();
    assert_eq!((track.name.as_str(), track.user.as_str(), track.minutes), ("small", "developer", 10));
    assert_eq!(track.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["order-an-app", "look"]);
    let step = &track.steps[0];
    assert_eq!((step.minutes, step.within, step.line), (5, 120, 10));
    assert_eq!(step.why, "you order an app, so that you see one made.");
    assert_eq!(step.if_not, ["look at `backstack diagnose lab/shop`."]);
    assert!(step.text.starts_with("Why: you") && !step.text.contains("<!--") && !step.text.contains("## Look"));
    assert_eq!(step.checks.len(), 7);
    assert_eq!(step.solve.len(), 2);
    let (number, last) = track.step("look").expect("a step");
    assert_eq!((number, last.within, last.actions.len()), (2, 60, 0));
}

#[test]
fn actions_are_in_the_order_of_the_text_and_say_their_line() {
    let track = small();
    let actions = serde_json::to_value(&track.steps[0].actions).expect("plain data");
    let lines = |at: &str| SMALL.lines().position(|line| line.contains(at)).expect("a line") + 1;
    assert_eq!(
        actions,
        json!([
            {"line": lines("Open ["), "action": "open", "path": "/create", "title": "Create"},
            {"line": lines("Choose"), "action": "click", "target": "Choose", "within": "App"},
            {"line": lines("Type `"), "action": "type", "text": "shop", "into": "Name"},
            {"line": lines("A form"), "action": "picture", "name": "small-order", "path": "../pictures/small-order.jpg", "title": "A form"},
            {"line": lines("You see **"), "action": "see", "text": "Healthy", "visible": true},
            {"line": lines("```bash"), "action": "command", "script": "kubectl get apps -n lab", "expect": "NAME …"},
            {"line": lines("kubectl delete") - 1, "action": "command", "script": "kubectl delete app shop -n lab", "expect": null},
        ])
    );
}

#[test]
fn checks_are_given_as_they_are_written() {
    let track = small();
    let checks = serde_json::to_value(&track.steps[0].checks).expect("plain data");
    assert_eq!(
        checks[0],
        json!({"check": "object", "object": "App lab/shop", "apiVersion": "platform.backstack.dev/v1alpha1", "condition": "Ready",
            "where": {"/spec/replicas": 2}})
    );
    assert_eq!(
        checks[4],
        json!({"check": "pull_request", "repository": "demo-cluster", "file": "lab/app/shop.yaml", "state": "merged"})
    );
}

#[test]
fn a_page_without_a_track_is_only_read() {
    assert_eq!(parsed("# Teaching\n\n1. Anything.\n"), Ok(None));
    assert_eq!(parsed("# Format\n\n```text\n<!-- track\nname: x\n-->\n```\n"), Ok(None));
}

#[test]
fn what_is_wrong_is_told_by_line_and_all_at_once() {
    let wrong = "minutes: 1\nwithin: soon\ncheck:\n  - objekt: App lab/shop\n  - object: App\n  - git: { repository: r }\nsolve:\n  - run: x";
    let found = faults(&one(wrong, "Why.\n\n1. Click **A**.\n2. Look\n   around."));
    let told = [
        (":11: ", "`soon` is no time to wait: write it as `90s` or `5m`, at most 30m"),
        (
            ":13: ",
            "`objekt` is none of: object, healthy, report, git, pull_request, url, entity, answer; did you mean `object`?",
        ),
        (":14: ", "`App` is no object: write `Kind namespace/name`, or `Kind name` for one without a namespace"),
        (":15: ", "missing field `file`"),
        (":22: ", "`Look around.` is nothing that a reader can do: "),
    ];
    assert_eq!(found.len(), told.len(), "{found:?}");
    for (found, (line, text)) in found.iter().zip(told) {
        assert!(found.starts_with(&format!("workshop/small.md{line}{text}")), "{found}");
    }
}

#[test]
fn what_a_step_lacks_is_told() {
    for (source, told) in [
        (one("minutes: 1\ncheck: []\nsolve:\n  - run: x", "Why.\n\n1. Click **A**."), "9: a step needs a `check`"),
        (
            one("minutes: 1\ncheck:\n  - url: { at: /x }", "Why.\n\n1. Click **A**."),
            "9: a step without a command or a question needs `solve`",
        ),
        (one("minutes: 1\ncheck:\n  - url: { at: /x }", "Why."), "needs `solve`"),
        (one(WHOLE, "1. Click **A**."), "9: a step begins with a paragraph"),
        (one("check: [", "Why."), "not valid YAML"),
        (one("minutes: 1\nchecks: []", "Why."), "unknown field `checks`"),
        (
            one(WHOLE, "Why.\n\n1. Click **A**.").replace("## S\n", "## S\n\nText.\n\n"),
            "stands right below its heading",
        ),
        (one(WHOLE, "Why.\n\n1. Click **A**.").replace("## S\n", "### S\n"), "its heading begins with `##`"),
        (one(WHOLE, "Why.\n\n1. Click **A**.").replace("<!-- track\n", "<!-- trail\n"), "needs `<!-- track`"),
        ("# T\n<!-- track\nname: t\nas: developer\nminutes: 1\n-->\n".into(), "a track needs a step"),
        (one(&WHOLE.replace("{ at: /x }", "{ at: x }"), "Why.\n\n1. Click **A**."), "neither a path of the platform"),
        (
            one(
                &WHOLE.replace("url: { at: /x }", "object: Secret a/b\n    where: { /data/x: y }"),
                "Why.\n\n1. Click **A**.",
            ),
            "never compared",
        ),
        (
            one(&WHOLE.replace("run: \"true\"", "propose: { repository: r, file: f }"), "Why.\n\n1. Click **A**."),
            "either `content` or",
        ),
        (
            one(&WHOLE.replace("run: \"true\"", "run: x\n    answer: y"), "Why.\n\n1. Click **A**."),
            "both `run` and `answer`",
        ),
    ] {
        let found = faults(&source);
        assert!(found.iter().any(|fault| fault.contains(told)), "{told}: {found:?}\n{source}");
    }
}
