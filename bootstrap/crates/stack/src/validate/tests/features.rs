//! Copied Secrets, ConfigMaps from folders, images that no package can build.

use super::Files;

fn copy(namespace: &str, name: &str) -> String {
    format!("secrets:\n  portal:\n    copy:\n      namespace: {namespace}\n      name: {name}")
}

/// `shop` with these lines, `git` in a namespace of its own, and `other` that depends on `git`.
fn with_git(lines: &str) -> Files {
    let git = super::HEAD.replace("name: shop", "name: git").replace("namespace: n", "namespace: git");
    let files =
        Files::stack(&["shop", "git", "other"]).component("shop", lines).component("other", "depends_on: [git]");
    files.with("components/git/component.yaml", &git)
}

#[test]
fn a_copied_secret_is_one_of_what_the_component_depends_on() {
    with_git(&format!("{}\ndepends_on: [git]", copy("git", "portal"))).expect(&[]);
    with_git(&format!("{}\ndepends_on: [other]", copy("git", "portal"))).expect(&[]);
    with_git(&copy("git", "portal")).expect(&[
        "components/shop/component.yaml:10  namespace `git` is component `git`'s; add `git` to `depends_on`",
    ]);
    with_git(&copy("nowhere", "portal")).expect(&[
        "components/shop/component.yaml:10  no component that this one depends on is in namespace `nowhere`",
    ]);
    with_git(&copy("n", "portal")).expect(&[
        "components/shop/component.yaml:10  the component is in this namespace itself: use that Secret as it is",
    ]);
    with_git(&format!("{}\ndepends_on: [git]", copy("git", "A_b")))
        .expect(&["components/shop/component.yaml:11  `A_b` cannot be the name of a Secret"]);
    with_git("secrets: {portal: {copy: {namespce: git, name: portal}}}")
        .expect(&["components/shop/component.yaml:7  unknown key `namespce`; did you mean `namespace`?"]);
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n";
    with_git(&format!("{}\ndepends_on: [git]", copy("apps", "portal")))
        .with("components/git/manifests/a.yaml", namespace)
        .expect(&[]);
}

#[test]
fn an_image_may_be_used_by_a_file_alone() {
    let files = |text: &str| {
        let lines = "images: {app: {reference: 'example.org/app:1'}}\nconfig_maps: {seed: {folder: seed}}";
        Files::shop(lines).with("components/shop/seed/app.yaml", text).load().expect("good").warnings.len()
    };
    assert_eq!((files("image: example.org/app:1"), files("image: example.org/app")), (0, 1));
}

#[test]
fn a_program_is_in_an_image_of_the_component_at_a_path() {
    let shop =
        |tools: &str| Files::shop(&format!("images:\n  app:\n    reference: example.org/app:1\ntools:\n{tools}"));
    let good = shop("  - {name: shopctl, image: app, path: /bin/shopctl, environment: {A: b}}").load().expect("good");
    assert_eq!(good.components[0].file.tools[0].path, "/bin/shopctl");
    // An image that is there for its program alone is used.
    assert_eq!(good.warnings.len(), 0, "{:?}", good.warnings);
    shop("  - {name: shopctl, image: shop, path: bin/shopctl}\n  - {name: shopctl, image: app, path: /bin/a}").expect(
        &[
            "components/shop/component.yaml:11  `bin/shopctl` must be a path in the image that begins with `/`",
            "components/shop/component.yaml:11  `shop` is no image of this component (it has: app)",
            "components/shop/component.yaml:12  program `shopctl` is there twice",
        ],
    );
}

const MAP: &str = "config_maps:\n  files:\n    folder: seed";

#[test]
fn a_folder_becomes_a_config_map() {
    let files = Files::shop(MAP)
        .with("components/shop/seed/a.yaml", "a: ${HOME}\n")
        .with("components/shop/seed/deep/er/.b", "b");
    let stack = files.load().expect("good");
    let texts: Vec<_> = stack.components[0].config_maps["files"].iter().collect();
    let (a, b) = (("a.yaml", "a: ${HOME}\n"), ("deep__er__.b", "b"));
    assert_eq!(
        texts,
        [a, b].map(|(key, text)| (key.to_string(), text.into())).iter().map(|(a, b)| (a, b)).collect::<Vec<_>>()
    );
}

#[test]
fn a_large_folder_is_spread_over_several_config_maps() {
    let large = "x".repeat(600_000);
    let files = Files::shop(&format!("{MAP}\n    parts: 3"))
        .with("components/shop/seed/a", &large)
        .with("components/shop/seed/b", &large)
        .with("components/shop/seed/c", "c");
    let stack = files.load().expect("good");
    let keys: Vec<_> = stack.components[0]
        .config_maps
        .iter()
        .map(|(name, contents)| (name.as_str(), contents.keys().cloned().collect::<Vec<_>>().join(" ")))
        .collect();
    let expected = [("files-1", "a c"), ("files-2", "b"), ("files-3", "")];
    assert_eq!(keys, expected.map(|(name, keys)| (name, keys.to_string())));
    Files::shop(&format!("{MAP}\n    parts: 2"))
        .with("components/shop/seed/a", &large)
        .with("components/shop/seed/b", &large)
        .with("components/shop/seed/c", &large)
        .expect(&["components/shop/component.yaml:9  folder `seed` has 1800003 bytes, which do not fit into 2 ConfigMaps of 1000000; spread it over more with `parts`"]);
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: files-2}\n";
    Files::shop(&format!("{MAP}\n    parts: 2")).with("components/shop/seed/a", "a").manifest(object).expect(&[
        "components/shop/manifests/a.yaml:1  ConfigMap `files-2` is there already, in components/shop/component.yaml:8",
    ]);
}

#[test]
fn rules_for_config_maps() {
    let line = "components/shop/component.yaml:9";
    Files::shop(MAP).expect(&[&format!("{line}  there is no folder `seed` beside component.yaml")]);
    for bad in ["..", "/etc", "a/../b", "."] {
        Files::shop(&MAP.replace("seed", bad))
            .expect(&[&format!("{line}  `{bad}` must be a folder below the component's own, as `files`")]);
    }
    Files::shop("config_maps:\n  A_b: {folder: seed}")
        .with("components/shop/seed/a", "a")
        .expect(&["components/shop/component.yaml:8  `A_b` cannot be the name of a ConfigMap"]);
    Files::shop(MAP).with("components/shop/seed/a b", "a").with("components/shop/seed/a__b", "a").with("components/shop/seed/a/b", "a")
        .expect(&[
            "components/shop/seed/a b  cannot be a key of a ConfigMap: letters, digits and `-_.` only, 253 characters at most",
            "components/shop/seed/a__b  is key `a__b` of the ConfigMap, and so is another file",
        ]);
    Files::shop(MAP).with("components/shop/seed/a", &"x".repeat(1_000_000)).expect(&[&format!(
        "{line}  folder `seed` has 1000001 bytes; a ConfigMap holds 1000000 at most; spread it over more with `parts`"
    )]);
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: files}\n";
    Files::shop(MAP).with("components/shop/seed/a", "a").manifest(object).expect(&[
        "components/shop/manifests/a.yaml:1  ConfigMap `files` is there already, in components/shop/component.yaml:8",
    ]);
}

#[test]
fn rules_for_images_that_no_package_can_build() {
    let image = "images:\n  kcl:\n    reference: example.org/kcl:1\n    missing: its source is no module\n";
    let object = |annotation: &str, package: &str| {
        format!(
            "apiVersion: e.org/v1\nkind: Function\nmetadata:\n  name: kcl\n  annotations: {{x: y{annotation}}}\nspec: {{package: '{package}'}}\n"
        )
    };
    let needs = |name: &str| format!(", backstack.dev/needs-image: '{name}'");
    let package = "${platform.registry}/${images.kcl.repository}@${images.kcl.digest}";
    Files::shop(image).manifest(&object(&needs("kcl"), package)).expect(&[]);
    Files::shop(image).manifest(&object("", package)).expect(&[
        "components/shop/manifests/a.yaml:1  uses image `kcl`, which no package can build (`missing`), without the annotation `backstack.dev/needs-image: kcl`",
    ]);
    Files::shop(image).manifest(&object(&needs("kcll"), "x")).expect(&[
        "components/shop/manifests/a.yaml:5  annotation `backstack.dev/needs-image` names image `kcll`, which is not declared; did you mean `kcl`?",
    ]);
    Files::shop(image).manifest(&object(&needs(" "), "x")).expect(&[
        "components/shop/manifests/a.yaml:5  annotation `backstack.dev/needs-image` must name an image of component.yaml",
    ]);
    Files::shop(&image.replace("its source is no module", "''"))
        .manifest(&object(&needs("kcl"), package))
        .expect(&["components/shop/component.yaml:10  `missing` must say why no package can build it"]);
    let both = "images:\n  app:\n    reference: example.org/app:1\n    recipe: app\n    missing: it is not\n";
    Files::recipe("  - go: {programs: {/a: .}}").component("shop", both).expect(&[
        "components/shop/component.yaml:11  `missing` says that no package can build it, but there is recipe `app`; leave one out",
    ]);
    // Any image may be one that the component can do without.
    let plain = image.replace("    missing: its source is no module\n", "");
    let warnings = Files::shop(&plain).manifest(&object(&needs("kcl"), "x")).load().expect("good").warnings;
    assert_eq!(warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    let own = plain.replace("    reference: example.org/kcl:1\n", "    reference: example.org/kcl:1\n    own: true\n");
    Files::shop(&own).manifest(&object(&needs("kcl"), package)).expect(&[
        "components/shop/component.yaml:10  `own` says that a recipe of this stack makes the image, but there is no `recipe`",
    ]);
}

#[test]
fn rules_for_readiness_conditions() {
    let with = |wanted: &str| {
        let lines = format!("readiness:\n  conditions:\n    - {{apiVersion: v1, kind: Thing, name: x{wanted}}}");
        Files::shop(&lines)
            .problems()
            .iter()
            .map(|problem| problem.replace("components/shop/component.yaml:9  ", ""))
            .collect::<Vec<_>>()
    };
    for good in [
        ", condition: Ready",
        ", field: status.phase, value: Bound",
        ", field: spec.ports.0, value: 80",
        ", exists: true",
    ] {
        assert!(with(good).is_empty(), "{good}: {:?}", with(good));
    }
    for (bad, message) in [
        ("", "one of `condition`, `field` with `value`, and `exists: true` must be set"),
        (", exists: false", "one of `condition`, `field` with `value`, and `exists: true` must be set"),
        (
            ", condition: Ready, exists: true",
            "only one of `condition`, `field` with `value`, and `exists: true` may be set",
        ),
        (", field: a.b", "`field` needs a `value`"),
        (", value: b", "`value` needs a `field`"),
        (", field: a..b, value: c", "`field` must be a path with dots, as `status.phase`"),
        (", field: a, value: [b]", "`value` must be text, a number, `true` or `false`"),
    ] {
        assert_eq!(with(bad), [message], "{bad}");
    }
}
