//! Lists the Markdown of workshop-docs/, so that it becomes part of the program, and the questions that its sections answer
//! (workshop-docs/questions/). Pictures stay out.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Of workshop-docs/: for each page a file of the same path, with its sections' questions by anchor.
const QUESTIONS: &str = "questions/";

fn main() {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let folder = manifest.join("../workshop-docs");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    walk(&folder, &folder, &mut files);
    files.sort();
    let mut code = String::from("static EMBEDDED: &[(&str, &str)] = &[\n");
    for (path, file) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        println!("cargo:rerun-if-changed={}", file.display());
        let _ = writeln!(code, "    ({path:?}, include_str!({:?})),", file.display().to_string());
    }
    code.push_str("];\n/// Page, anchor, questions.\nstatic ASKED: &[(&str, &str, &[&str])] = &[\n");
    for (path, file) in &files {
        if let Some(page) = path.strip_prefix(QUESTIONS).and_then(|path| path.strip_suffix(".yaml")) {
            println!("cargo:rerun-if-changed={}", file.display());
            asked(page, file, &mut code);
        }
    }
    code.push_str("];\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    std::fs::write(out.join("embedded_docs.rs"), code).expect("the build folder can be written to");
}

/// The questions of one page, read here so that the program need not.
fn asked(page: &str, file: &Path, code: &mut String) {
    let text = std::fs::read_to_string(file).expect("a file that is there");
    let sections: serde_yaml::Mapping =
        serde_yaml::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    for (anchor, questions) in sections {
        let anchor: String = serde_yaml::from_value(anchor).expect("an anchor is text");
        let questions: Vec<String> =
            serde_yaml::from_value(questions).unwrap_or_else(|why| panic!("{}: {anchor}: {why}", file.display()));
        let _ = writeln!(code, "    ({:?}, {anchor:?}, &{questions:?}),", format!("{page}.md"));
    }
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) {
    for entry in std::fs::read_dir(folder).expect("workshop-docs is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            walk(root, &path, files);
        } else {
            let below = path.strip_prefix(root).expect("below the folder");
            let name = below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            files.push((name, path));
        }
    }
}
