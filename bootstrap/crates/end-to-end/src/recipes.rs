//! A recipe with a layer of each kind that needs tools.

use std::path::Path;

/// Writes files with their folders.
pub fn write(root: &Path, files: &[(&str, &str)]) {
    for (file, text) in files {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, text).expect("write");
    }
}

/// Writes the recipe into a folder. What its layers put in place: `/bin/busybox`, `/bin/hello`, `/docs/LICENSE`,
/// `/opt/site/six.py`, `/web/out.txt`.
pub fn every_kind(root: &Path) {
    let layers = "apiVersion: backstack.dev/v1
kind: ImageRecipe
layers:
  - debian: {suite: trixie, packages: [busybox-static]}
  - go: {programs: {/bin/hello: .}}
  - go_module_files: {module: github.com/google/uuid, copy: {LICENSE: /docs}}
  - pypi: {requirements: requirements.txt, python: '3.13', target: /opt/site}
  - npm: {project: web, run: [build], copy: {out.txt: /web/out.txt, node_modules: /web/node_modules}}
";
    let sums = "github.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=\n\
                github.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=\n";
    let main = "package main\n\nimport \"github.com/google/uuid\"\n\nfunc main() { println(uuid.NewString()) }\n";
    let six = "six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274\n";
    let package = r#"{"name": "tiny", "version": "1.0.0", "scripts": {"build": "node -p 'require(\"is-number\")(5)' > out.txt"}, "dependencies": {"is-number": "7.0.0"}}"#;
    let lock = r#"{"name": "tiny", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {
        "": {"name": "tiny", "version": "1.0.0", "dependencies": {"is-number": "7.0.0"}},
        "node_modules/is-number": {"version": "7.0.0", "integrity": "sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng=="}}}"#;
    let files = [
        ("image.yaml", layers),
        ("go.mod", "module hello\n\ngo 1.26\n\nrequire github.com/google/uuid v1.6.0\n"),
        ("go.sum", sums),
        ("main.go", main),
        ("requirements.txt", six),
        ("web/package.json", package),
        ("web/package-lock.json", lock),
    ];
    write(root, &files);
}
