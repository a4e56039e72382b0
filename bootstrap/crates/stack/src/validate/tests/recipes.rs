//! Recipes, and the files beside them.

use super::{Files, RECIPE};

#[test]
fn rules_for_recipes() {
    let file = |lines: &str| format!("  - files:\n      - path: /a\n{lines}");
    Files::recipe("  - go: {programs: {/a: .}}").expect(&[]);
    for (lines, line, message) in [
        ("  []", 3, "a recipe needs at least one layer"),
        ("  - debian: {suite: trixie, packages: []}", 4, "`packages` must name at least one package"),
        (
            "  - debian:\n      suite: trixie\n      packages: [git, 'A b']",
            6,
            "`A b` cannot be the name of a Debian package",
        ),
        ("  - debian: {suite: trixie, packages: [git], exclude: [usr]}", 4, "`usr` must start with `/`"),
        ("  - go:\n      module: other\n      programs: {/a: .}", 5, "there is no go.mod in `other`"),
        ("  - go:\n      module: ../../../x\n      programs: {/a: .}", 5, "`../../../x` leads out of images/"),
        ("  - go:\n      programs: {}", 5, "`programs` must name at least one program"),
        ("  - go:\n      programs:\n        a: .", 6, "`a` must be an absolute path in the image"),
        (
            "  - go_module_files:\n      module: example.org/m\n      copy: {a: /a}",
            5,
            "go.mod in `.` does not require `example.org/m`",
        ),
        ("  - pypi:\n      requirements: r.txt\n      python: '3.13'\n      target: /t", 5, "there is no file `r.txt`"),
        (
            "  - pypi:\n      requirements: go.mod\n      python: '3'\n      target: t",
            5,
            "`go.mod` has no hashes; every requirement needs `--hash=sha256:...`",
        ),
        (&file("        from: b"), 6, "there is no file `b` beside the recipe"),
        (&file("        mode: '0644'"), 5, "one of `from`, `text`, `link` and `directory` must be set"),
        (&file("        text: a\n        link: b"), 5, "only one of `from`, `text`, `link` and `directory` may be set"),
        (&file("        text: a\n        mode: '0799'"), 7, "mode `0799` must be octal digits, as \"0755\""),
        (&file("        text: a\n        owner: root"), 7, "owner `root` must be `uid` or `uid:gid` in numbers"),
        ("  - npm: {project: ., copy: {a: /a}}", 4, "there is no package-lock.json in `.`"),
        (
            "  - containerd_store:\n      writer: .\n      images:\n        a: ../nothing",
            7,
            "there is no recipe images/nothing/image.yaml (it has: app)",
        ),
        (
            "  - go: {programs: {/a: .}}\nconfig:\n  user: nobody",
            6,
            "user `nobody` must be `uid` or `uid:gid` in numbers",
        ),
        ("  - go: {programs: {/a: .}}\nconfig:\n  workdir: a", 6, "`a` must be an absolute path in the image"),
    ] {
        let problem = format!("components/shop/images/app/image.yaml:{line}  {message}");
        let problems = Files::recipe(lines).problems();
        assert!(problems.contains(&problem), "expected {problem}\ngot {problems:#?}");
    }
}

#[test]
fn a_module_with_requirements_needs_its_sums() {
    Files::recipe("  - go: {programs: {/a: .}}")
        .with("components/shop/images/app/go.mod", "module app\n\nrequire example.org/m v1.0.0\n")
        .expect(&["components/shop/images/app/image.yaml:4  there is no go.sum in `.`; make it with `go mod tidy`"]);
    let ours = "module app\n\nrequire example.org/m v0.0.0\n\nreplace example.org/m => ../lib\n";
    Files::recipe("  - go: {programs: {/a: .}}").with("components/shop/images/app/go.mod", ours).expect(&[]);
}

#[test]
fn recipes_inside_recipes_are_read() {
    let store = "  - containerd_store:\n      writer: .\n      images: {'example.org/b:1': ../b}";
    let files = Files::recipe(store);
    let recipe = format!("{RECIPE}  - files: [{{path: /b, text: b}}]\n");
    let stack = files.with("components/shop/images/b/image.yaml", &recipe).load().expect("good");
    assert_eq!(stack.components[0].recipes.keys().collect::<Vec<_>>(), ["app", "b"]);
}
