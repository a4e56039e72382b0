//! One case per rule: what is written, where the problem is, and what it says.

use std::fs;
use std::path::Path;
use std::sync::Arc;

mod features;
mod manifests;
mod recipes;

use crate::load::StackSource;
use crate::problem::StackErrors;
use crate::types::{Component, Stack};
use backstack_common::error::Explain;

pub(crate) const HEAD: &str =
    "apiVersion: backstack.dev/v1\nkind: Component\nname: shop\nversion: '1'\ndescription: d\nnamespace: n\n";
const RECIPE: &str = "apiVersion: backstack.dev/v1\nkind: ImageRecipe\nlayers:\n";

/// A stack's files, by path.
struct Files(Vec<(String, String)>);

impl Files {
    /// A stack of these components, without any content.
    fn stack(names: &[&str]) -> Self {
        let list: String = names.iter().map(|name| format!("  - name: {name}\n")).collect();
        let stack = format!("apiVersion: backstack.dev/v1\nkind: Stack\nname: mine\nversion: '1'\ncomponents:\n{list}");
        names.iter().fold(Self(Vec::new()).with("stack.yaml", &stack), |files, name| files.component(name, ""))
    }

    /// A stack of the component `shop` with these further lines, the first of them line 7.
    fn shop(lines: &str) -> Self {
        Self::stack(&["shop"]).component("shop", lines)
    }

    fn with(mut self, path: &str, text: &str) -> Self {
        self.0.retain(|(known, _)| known != path);
        self.0.push((path.into(), text.into()));
        self
    }

    fn component(self, name: &str, lines: &str) -> Self {
        let head = HEAD.replace("name: shop", &format!("name: {name}"));
        self.with(&format!("components/{name}/component.yaml"), &format!("{head}{lines}\n"))
    }

    fn manifest(self, text: &str) -> Self {
        self.with("components/shop/manifests/a.yaml", text)
    }

    /// `shop` with one image, whose recipe has these lines, the first of them line 4.
    fn recipe(lines: &str) -> Self {
        let image = "images:\n  app: {reference: 'example.org/app:1', recipe: app}\n";
        Self::shop(image)
            .with("components/shop/images/app/image.yaml", &format!("{RECIPE}{lines}\n"))
            .with("components/shop/images/app/go.mod", "module app\n")
    }

    fn write(&self, root: &Path) {
        for (path, text) in &self.0 {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folder");
            fs::write(path, text).expect("file");
        }
    }

    fn load(&self) -> Result<Stack, StackErrors> {
        let root = tempfile::tempdir().expect("folder");
        self.write(root.path());
        Stack::load(StackSource::Dir(root.path().into()))
    }

    /// Problems as `file:line  message`.
    fn problems(&self) -> Vec<String> {
        match self.load() {
            Ok(_) => Vec::new(),
            Err(error) => error.problems().iter().map(ToString::to_string).collect(),
        }
    }

    #[track_caller]
    fn expect(&self, problems: &[&str]) {
        assert_eq!(self.problems(), problems, "{:#?}", self.0);
    }
}

/// A loaded stack of the component `shop` for tests elsewhere; it must be right.
pub(crate) fn one_stack(lines: &str, manifest: &str) -> Stack {
    Files::shop(lines).manifest(manifest).load().expect("a good stack")
}

/// The same as [`one_stack`], the component alone.
pub(crate) fn one_component(lines: &str, manifest: &str) -> Component {
    Arc::unwrap_or_clone(one_stack(lines, manifest).components.remove(0))
}

const CLASS: &str = "ingress_class: web\n";

#[test]
fn a_good_stack_loads() {
    let stack = Files::stack(&["c", "a", "b"])
        .component("c", "depends_on: [b]\nreadiness: {timeout_seconds: 60}")
        .component("b", "depends_on: [a]\ntitle: The B")
        .load()
        .expect("a good stack");
    let names: Vec<_> = stack.components.iter().map(|component| component.name()).collect();
    assert_eq!((stack.name.as_str(), names), ("mine", vec!["a", "b", "c"]));
    assert_eq!(stack.component("b").map(Component::title), Some("The B"));
    assert_eq!(stack.component("a").map(Component::title), Some("a"));
    assert_eq!(stack.warnings, []);
}

#[test]
fn what_is_no_stack_is_said() {
    let root = tempfile::tempdir().expect("folder");
    let error = |path: &Path| Stack::load(StackSource::Dir(path.into())).expect_err("no stack");
    assert!(error(root.path()).to_string().ends_with("is not a stack: it has no stack.yaml"));
    assert!(error(&root.path().join("x")).to_string().ends_with("is not a stack: there is no such folder"));
    for name in ["nothing-of-this-name", "../stacks", "", "cluster"] {
        let error = Stack::load(StackSource::Builtin(name.into())).expect_err("no stack");
        assert!(matches!(&error, StackErrors::UnknownBuiltin { .. }), "{name}: {error}");
        assert!(!error.hints().is_empty());
    }
}

#[test]
fn problems_of_all_files_come_together() {
    let files = Files::stack(&["shop", "db", "web"])
        .component("shop", "dependsOn: [db]")
        .component("db", "depends_on: [postgres]")
        .with("components/web/component.yaml", "a: [\n");
    files.expect(&[
        "components/db/component.yaml:7  depends on `postgres`, which this stack does not have (it has: db, shop, web)",
        "components/shop/component.yaml:7  unknown key `dependsOn`; did you mean `depends_on`?",
        "components/web/component.yaml:2  not valid YAML: while parsing a node, did not find expected node content",
    ]);
}

#[test]
fn rules_for_the_stack_file() {
    let stack = |lines: &str| {
        let text = format!("apiVersion: backstack.dev/v1\nkind: Stack\nname: mine\nversion: '1'\n{lines}\n");
        Files::stack(&["shop"]).with("stack.yaml", &text)
    };
    stack("components: [{name: shop}, {name: shop}]").expect(&["stack.yaml:5  component `shop` is listed twice"]);
    stack("components:\n  - name: Shop\n  - name: shop")
        .expect(&["stack.yaml:6  component name `Shop` must be lower-case letters, digits and dashes"]);
    stack("components:\n  - name: shpo\n  - name: shop").expect(&[
        "stack.yaml:6  there is no file components/shpo/component.yaml for component `shpo`; did you mean `shop`?",
    ]);
    stack("components:\n  - name: shop\n    from: nowhere")
        .expect(&["stack.yaml:6  component `shop` is from `nowhere`, which is no built-in stack"]);
    stack("components: []").expect(&["stack.yaml:5  a stack needs at least one component"]);
    stack("components: [{name: shop}]\n---\na: 1")
        .expect(&["stack.yaml:7  only one document (no `---`) is allowed here"]);
    Files::stack(&["shop"]).with("stack.yaml", "# nothing\n").expect(&["stack.yaml  the file is empty"]);
}

#[test]
fn a_folder_that_is_not_listed_is_a_warning() {
    let stack = Files::stack(&["shop"]).component("other", "").load().expect("a good stack");
    assert_eq!(
        stack.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["components/other/component.yaml  `other` is not listed in stack.yaml and so not installed"]
    );
}

#[test]
fn rules_for_a_component() {
    let digest = format!("sha256:{}", "a".repeat(64));
    for (lines, line, message) in [
        ("depends_on: [shpo]", 7, "depends on `shpo`, which this stack does not have; did you mean `shop`?"),
        ("depends_on: [shop]", 7, "components wait for each other: shop -> shop"),
        (
            "images: {'a b': {reference: 'example.org/app:1'}}",
            7,
            "image name `a b` must be letters, digits, dashes and underscores",
        ),
        (
            "images:\n  a:\n    reference: app:1",
            9,
            "image `app:1` must name its registry's host, as in `docker.io/library/registry:3.1.2`",
        ),
        (
            "images:\n  a: {reference: library/app:1}",
            8,
            "image `library/app:1` must name its registry's host, as in `docker.io/library/registry:3.1.2`",
        ),
        (
            "images:\n  a: {reference: example.org/app}",
            8,
            "image `example.org/app` must have a tag, as in `docker.io/library/registry:3.1.2`",
        ),
        (
            "images:\n  a: {reference: 'example.org/App:1'}",
            8,
            "image `example.org/App:1` has a malformed repository, as in `docker.io/library/registry:3.1.2`",
        ),
        (
            "images:\n  a: {reference: 'example.org/app@sha256:1'}",
            8,
            "image `example.org/app@sha256:1` holds a digest; write it as `digest: sha256:...` beside `reference`",
        ),
        (
            "images:\n  a:\n    reference: example.org/app:1\n    digest: sha256:12",
            10,
            "`sha256:12` is not a digest: expected `sha256:` and 64 hexadecimal digits",
        ),
        (
            "images:\n  a:\n    reference: example.org/app:1\n    recipe: nothing",
            10,
            "there is no recipe images/nothing/image.yaml (it has none)",
        ),
        (
            "images:\n  a:\n    reference: example.org/app:1\n    recipe: ../x",
            10,
            "recipe `../x` must be the name of a folder below images/",
        ),
        ("secrets:\n  A: {random: {p: 16}}", 8, "`A` cannot be the name of a Secret"),
        ("secrets:\n  a: {random: {}}", 8, "`random` needs at least one key with a length"),
        ("secrets:\n  a:\n    random:\n      p: 4", 10, "a password of 4 characters: must be 8 to 1024"),
        ("readiness:\n  timeout_seconds: 0", 8, "`timeout_seconds` must be at least 1"),
        ("ingress_class: Web", 7, "`Web` cannot be the name of an IngressClass"),
        (
            "credentials:\n  - title: t\n    username: u\n    secret: s\n    key: k\n    path: /a",
            12,
            "`/a` is no route of this component (it has none)",
        ),
        (
            "title: ok ${x}\nreadiness:\n  conditions:\n    - {apiVersion: v1, kind: K, name: '${platform.name}', condition: Ready}",
            10,
            "`${platform.name}` is filled in in manifests only, not here",
        ),
    ] {
        Files::shop(lines).expect(&[&format!("components/shop/component.yaml:{line}  {message}")]);
    }
    let crds = |module: &str, url: &str, path: &str, digest: &str| {
        format!("crds:\n  - module: {module}\n    url: {url}\n    files:\n      {path}: {digest}")
    };
    let (module, url) = ("example.org/a/v3@v3.1.0", "https://example.org/v3.1.0");
    Files::shop(&crds(module, url, "crds/a.yaml", &digest)).expect(&[]);
    for (lines, line, message) in [
        (
            crds("example.org/a", url, "a.yaml", &digest),
            8,
            "`example.org/a` must be a Go module and its version, as `example.org/module@v1.2.3`",
        ),
        (crds(module, "http://example.org", "a.yaml", &digest), 9, "`url` must start with `https://`"),
        (
            crds(module, url, "/a.yaml", &digest),
            11,
            "`/a.yaml` must be a path inside the module, without a leading `/`",
        ),
        (
            crds(module, url, "a.yaml", "sha256:AA"),
            11,
            "`sha256:AA` is not a digest: expected `sha256:` and 64 hexadecimal digits",
        ),
    ] {
        Files::shop(&lines).expect(&[&format!("components/shop/component.yaml:{line}  {message}")]);
    }
}

#[test]
fn names_and_versions_of_a_component() {
    let text =
        "apiVersion: backstack.dev/v1\nkind: Component\nname: shopp\nversion: v1\ndescription: d\nnamespace: N\n";
    Files::stack(&["shop"]).with("components/shop/component.yaml", text).expect(&[
        "components/shop/component.yaml:3  `name` is `shopp`, but its folder is `shop`; both must be the same",
        "components/shop/component.yaml:4  `version` is upstream's version without a leading `v`",
        "components/shop/component.yaml:6  namespace `N` must be lower-case letters, digits and dashes",
    ]);
}

#[test]
fn cycles_are_named() {
    let files = Files::stack(&["a", "b", "c"])
        .component("a", "depends_on: [b]")
        .component("b", "depends_on: [c]")
        .component("c", "depends_on: [b]");
    files.expect(&["components/b/component.yaml:7  components wait for each other: b -> c -> b"]);
}

#[test]
fn rules_for_routes() {
    let route = |path: &str| format!("routes:\n  - path: {path}\n    service: s\n    port: 80\n");
    Files::shop(&route("/a")).expect(&[
        "components/shop/component.yaml:7  nothing serves routes: no component of this stack has an `ingress_class`",
    ]);
    for (path, message) in [
        ("a", "path `a` must start with `/`"),
        ("/a//b", "path `/a//b` must not have empty parts or dots"),
        ("/a/../b", "path `/a/../b` must not have empty parts or dots"),
        ("/a?b", "path `/a?b` may have letters, digits and `-._~` only"),
    ] {
        Files::shop(&format!("{CLASS}{}", route(path)))
            .expect(&[&format!("components/shop/component.yaml:9  {message}")]);
    }
    let two =
        Files::stack(&["a", "b"]).component("a", &format!("{CLASS}{}", route("/x"))).component("b", &route("/x/"));
    two.expect(&["components/b/component.yaml:8  path `/x/` is taken by component `a`"]);
    let twice = "  - path: /x\n    service: s\n    port: 81\n";
    Files::shop(&format!("{CLASS}{}{twice}", route("/x")))
        .expect(&["components/shop/component.yaml:12  path `/x` is given twice"]);
    Files::shop(&format!("{CLASS}routes:\n  - path: /\n    service: S_\n    port: 0")).expect(&[
        "components/shop/component.yaml:10  `S_` cannot be the name of a Service",
        "components/shop/component.yaml:11  `port` must be 1 to 65535",
    ]);
    let classes = Files::stack(&["a", "b"]).component("a", CLASS).component("b", CLASS);
    classes.expect(&["components/b/component.yaml:7  only one component can serve the routes, and `a` has an `ingress_class` already"]);
}

#[test]
fn rules_for_parameters() {
    let with = |given: &str, declared: &str| {
        let stack = format!(
            "apiVersion: backstack.dev/v1\nkind: Stack\nname: mine\nversion: '1'\ncomponents:\n  - name: shop\n    parameters:\n{given}"
        );
        Files::shop(&format!("parameters:\n{declared}")).with("stack.yaml", &stack)
    };
    let size = "  size: {type: integer, description: how many, default: 1}";
    with("      size: 3\n", size).expect(&[]);
    let loaded = with("      size: 3\n", &format!("{size}\n  word: {{type: string, description: d, default: w}}"))
        .load()
        .expect("good");
    assert_eq!(
        serde_json::to_value(&loaded.components[0].parameters).expect("JSON"),
        serde_json::json!({"size": 3, "word": "w"})
    );
    with("      siez: 3\n", size)
        .expect(&["stack.yaml:8  component `shop` has no parameter `siez`; did you mean `size`?"]);
    with("      size: many\n", size)
        .expect(&["stack.yaml:8  parameter `size` must be a whole number, not the text `many`"]);
    with("      {}\n", "  word: {type: string, description: the word}")
        .expect(&["stack.yaml:6  component `shop` needs a value for parameter `word` (the word)"]);
    with("      word: 1.0\n", "  word: {type: string, description: d}")
        .expect(&["stack.yaml:8  parameter `word` must be text, not the number 1.0; put it in quotes: \"1.0\""]);
    with("      word: c\n", "  word: {type: string, description: d, enum: [a, b]}")
        .expect(&["stack.yaml:8  parameter `word` must be `a` or `b`, not `c`"]);
    with("      {}\n", "  on:\n    type: boolean\n    description: d\n    default: 1\n    enum: [2]").expect(&[
        "components/shop/component.yaml:11  default of parameter `on` must be `true` or `false`, not the number 1",
        "components/shop/component.yaml:12  `enum` of `on` must be `true` or `false`, not the number 2",
    ]);
    with("      {}\n", "  'a.b': {type: string, description: d, default: x}").expect(&[
        "components/shop/component.yaml:8  parameter name `a.b` must be letters, digits, dashes and underscores",
    ]);
}

/// Whatever is in the files, loading ends with a stack or with problems.
#[test]
fn no_input_makes_it_panic() {
    let component = "depends_on: [web]\nparameters: {a: {type: string, description: d, default: x}}\nimages: {app: {reference: 'example.org/app:1'}}\n";
    let manifest = "apiVersion: v1\nkind: Pod\nmetadata: &m {name: x}\nspec:\n  containers:\n    - image: ${images.app}\n      args: ['${parameters.a}', \"$${b}\", |-\n   x]\n";
    let files = Files::stack(&["shop", "web"]).component("shop", component).manifest(manifest);
    let root = tempfile::tempdir().expect("folder");
    files.write(root.path());
    for (path, text) in &files.0 {
        for garbled in garble(text) {
            fs::write(root.path().join(path), garbled).expect("file");
            drop(Stack::load(StackSource::Dir(root.path().into())));
        }
        fs::write(root.path().join(path), text).expect("file");
    }
}

/// Truncations at every byte, and each byte replaced by some that mean something in YAML.
fn garble(text: &str) -> impl Iterator<Item = Vec<u8>> {
    const MEANINGFUL: &[u8] = b"\0\t\n\"'#&*,-:?[]{}|>!%@`$~<\xff";
    let bytes = text.as_bytes();
    let cut = (0..bytes.len()).map(|end| bytes[..end].to_vec());
    let replaced = (0..bytes.len()).flat_map(move |at| {
        MEANINGFUL.iter().skip(at % 7).step_by(7).map(move |byte| {
            let mut copy = bytes.to_vec();
            copy[at] = *byte;
            copy
        })
    });
    cut.chain(replaced)
}
