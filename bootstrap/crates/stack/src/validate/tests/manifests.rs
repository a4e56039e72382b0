//! Objects, and what they refer to.

use super::Files;

#[test]
fn rules_for_manifests() {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";
    for (text, line, message) in [
        ("kind: A\nmetadata: {name: x}\n", 1, "the manifest has no `apiVersion`"),
        ("apiVersion: v1\nmetadata: {name: x}\n", 1, "the manifest has no `kind`"),
        ("apiVersion: v1\nkind: []\nmetadata: {name: x}\n", 2, "`kind` must be text"),
        (
            "apiVersion: v1\nkind: 3\nmetadata: {name: x}\n",
            2,
            "`kind` must be text, not the number 3; put it in quotes: \"3\"",
        ),
        (
            "apiVersion: v1\nkind: A\nmetadata:\n  name: 1.10\n",
            4,
            "`metadata.name` must be text, not the number 1.10; put it in quotes: \"1.10\"",
        ),
        (
            "apiVersion: v1\nkind: A\nmetadata:\n  name: x\n  labels:\n    a/b.c: true\n",
            6,
            "`metadata.labels.a/b.c` must be text, not `true`; put it in quotes: \"true\"",
        ),
        (
            &format!("{head}data:\n  port: 80\n"),
            5,
            "`data.port` must be text, not the number 80; put it in quotes: \"80\"",
        ),
        ("apiVersion: v1\nkind: A\n", 1, "the manifest has no `metadata.name`"),
        (
            "apiVersion: v1\nkind: A\nmetadata:\n  generateName: x-\n",
            3,
            "the manifest has no `metadata.name` (`generateName` does not do: every `up` would make another one)",
        ),
        (
            "apiVersion: v1\nkind: List\nitems: []\n",
            1,
            "a `List` is not read; write its items as documents with `---` between them",
        ),
        ("- a\n", 1, "a manifest must be a map with `apiVersion`, `kind` and `metadata`"),
        (&format!("{head}data: {{a: '${{images.x}}'}}\n"), 4, "`${images.x}` is not known (it has none)"),
        (&format!("{head}data:\n  a: ${{parameters.x}}\n"), 5, "`${parameters.x}` is not known (it has none)"),
        (
            &format!("{head}data:\n  a: |\n    one\n    ${{platform.prot}}\n"),
            7,
            "`${platform.prot}` is not known; did you mean `${platform.port}`?",
        ),
        (
            &format!("{head}data:\n  a: ${{HOME}}\n"),
            5,
            "`${HOME}` is not known: `${images.*}`, `${parameters.*}`, `${platform.*}` or `${namespace}` can be filled in; for a literal `${` write `$${`",
        ),
        (&format!("{head}data:\n  a: ${{x\n"), 5, "`${` is not closed; for a literal `${` write `$${`"),
        (
            &format!("{head}data:\n  '${{namespace}}': x\n"),
            5,
            "`${namespace}`: references are filled in in values, not in keys",
        ),
        (&format!("{head}---\n{head}"), 5, "ConfigMap `x` is there already, in components/shop/manifests/a.yaml:1"),
    ] {
        Files::shop("").manifest(text).expect(&[&format!("components/shop/manifests/a.yaml:{line}  {message}")]);
    }
    Files::shop("").manifest(&format!("{head}data: {{a: '$${{HOME}} ${{namespace}}'}}\n---\n# nothing\n")).expect(&[]);
    Files::shop("")
        .manifest("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\na: 1\na: 2\n")
        .expect(&["components/shop/manifests/a.yaml:5  key `a` is given twice (first in line 4)"]);
}

#[test]
fn duplicates_are_told_apart_by_namespace() {
    let object =
        |kind: &str, namespace: &str| format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: x{namespace}}}\n");
    Files::shop("")
        .manifest(&format!("{}---\n{}", object("Secret", ""), object("Secret", ", namespace: other")))
        .expect(&[]);
    Files::shop("").manifest(&format!("{}---\n{}", object("ClusterRole", ""), object("ClusterRole", ", namespace: other")))
        .expect(&["components/shop/manifests/a.yaml:5  ClusterRole `x` is there already, in components/shop/manifests/a.yaml:1"]);
    Files::shop("secrets: {x: {random: {p: 16}}}").manifest(&object("Secret", ", namespace: '${namespace}'")).expect(
        &["components/shop/manifests/a.yaml:1  Secret `x` is there already, in components/shop/component.yaml:7"],
    );
    let two = Files::stack(&["shop", "web"]).manifest(&object("ClusterRole", ""));
    two.with("components/web/manifests/b.yaml", &object("ClusterRole", "")).expect(&[
        "components/web/manifests/b.yaml:1  ClusterRole `x` is there already, in components/shop/manifests/a.yaml:1",
    ]);
}

#[test]
fn images_of_workloads_must_be_declared() {
    let images = "images:\n  app: {reference: 'example.org/app:1'}\n";
    let pod = |image: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: x}}\nspec:\n  template:\n    spec:\n      containers:\n        - name: c\n{image}"
        )
    };
    Files::shop(images).manifest(&pod("          image: ${images.app}\n")).expect(&[]);
    Files::shop(images).manifest(&pod("          image: example.org/app:1\n")).expect(&[]);
    Files::shop(images)
        .manifest(&pod("          image: ${images.ap}\n"))
        .expect(&["components/shop/manifests/a.yaml:9  `${images.ap}` is not known; did you mean `${images.app}`?"]);
    Files::shop(images).manifest(&pod("          image: example.org/app:2\n"))
        .expect(&["components/shop/manifests/a.yaml:9  image `example.org/app:2` is not declared; did you mean `example.org/app:1`?"]);
    Files::shop("").manifest(&pod("          image: example.org/b:2\n"))
        .expect(&["components/shop/manifests/a.yaml:9  image `example.org/b:2` is not declared; declare it under `images` in component.yaml and write `${images.NAME}`"]);
    Files::shop("")
        .manifest(&pod("          args: []\n"))
        .expect(&["components/shop/manifests/a.yaml:8  the container has no `image`"]);
    // A policy about images is no workload.
    Files::shop("").manifest("apiVersion: example.org/v1\nkind: Policy\nmetadata: {name: x}\nspec: {containers: [{image: '*:latest'}]}\n").expect(&[]);
    let warnings = Files::shop(images).load().expect("good").warnings;
    assert_eq!(warnings[0].to_string(), "components/shop/component.yaml:8  image `app` is used by no manifest");
}

#[test]
fn what_is_too_large_for_the_api_is_refused_before() {
    let object = |kind: &str, key: &str, bytes: usize| {
        format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: x\n{key}: {}\n", "a".repeat(bytes))
    };
    let big = 1_200_000;
    for (text, said) in [
        (
            object("ConfigMap", "data:\n  a", big),
            "5  ConfigMap `x` has 1200000 bytes of data; Kubernetes takes 1048576 at most",
        ),
        (
            object("ConfigMap", "binaryData:\n  a", big * 4 / 3),
            "5  ConfigMap `x` has 1200000 bytes of data; Kubernetes takes 1048576 at most",
        ),
        (
            object("Secret", "stringData:\n  a", big),
            "5  Secret `x` has 1200000 bytes of data; Kubernetes takes 1048576 at most",
        ),
        (
            object("A", "  annotations:\n    a", 300_000),
            "5  A `x` has 300001 bytes of annotations; Kubernetes takes 262144 at most",
        ),
        (object("A", "spec:\n  a", 1_600_000), "1  A `x` has 1600070 bytes; a cluster's store takes 1572864 at most"),
    ] {
        assert_eq!(Files::shop("").manifest(&text).problems(), [format!("components/shop/manifests/a.yaml:{said}")]);
    }
    for text in [
        object("ConfigMap", "data:\n  a", 1_048_576),
        object("ConfigMap", "binaryData:\n  a", 1_390_000),
        object("Secret", "data:\n  a", 1_390_000),
        object("A", "spec:\n  a", 1_500_000),
    ] {
        assert_eq!(Files::shop("").manifest(&text).problems(), Vec::<String>::new());
    }
}
