//! Commands of workshop-docs/ that need no platform, no network and nothing of the user's are run as they stand there.

use std::path::Path;
use std::process::Command;

/// Commands that only look at what is in the program itself.
const SAFE: &[&str] = &[
    "backstack stack list",
    "backstack stack check minimal",
    "backstack stack schema",
    "backstack completions",
    "backstack man --dir man1",
    "backstack docs search port",
    "backstack docs read",
    "backstack catalog list",
    "backstack catalog get",
    "backstack mcp tools",
];

#[test]
fn safe_commands_of_the_pages_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Path::new(env!("CARGO_BIN_EXE_backstack"));
    let path = format!(
        "{}:{}",
        program.parent().expect("it lies in a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut ran = 0;
    let mut wrong = Vec::new();
    for line in lines() {
        if !SAFE.iter().any(|safe| line.starts_with(safe)) || line.contains(['~', '$']) {
            continue;
        }
        let mut command = Command::new("sh");
        command.args(["-c", &line]).current_dir(folder.path()).env("PATH", &path).env("HOME", folder.path());
        let output = command.output().expect("sh runs");
        ran += 1;
        if !output.status.success() {
            wrong.push(format!("{line}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(ran >= 5, "only {ran} commands were run");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The lines of all code blocks.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for entry in walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../workshop-docs")) {
        let file = entry.expect("workshop-docs can be read").into_path();
        if file.extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        let mut inside = false;
        for line in std::fs::read_to_string(&file).expect("a page").lines() {
            if line.starts_with("```") {
                inside = !inside;
            } else if inside {
                lines.push(line.trim().to_string());
            }
        }
    }
    lines.sort();
    lines.dedup();
    lines
}
