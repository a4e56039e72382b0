//! What the command line answers, kept word for word: one file a case in `tests/cli/cases`, each with the command,
//! its exit code, and what it prints.
//!
//! No engine, no network and nothing of the user's is touched: `DOCKER_HOST` points nowhere, `PATH` is empty, and
//! every folder that the program knows of is a temporary one. Commands run in `tests/cli/files`.
//!
//! `BACKSTACK_UPDATE_CASES=1 cargo test --test cli` writes what is printed into the files; `git diff` then shows
//! what changed. A new case is a file with its first line.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::CommandFactory;
use tempfile::TempDir;

/// A command as a case's first line has it: `$ [NAME=VALUE...] backstack [ARGUMENT...] [| head -N]`.
#[derive(Debug, Default, PartialEq)]
struct Line {
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    /// Only so many lines of the answer are kept.
    head: Option<usize>,
}

impl Line {
    fn read(text: &str) -> Option<Self> {
        let (command, head) = match text.strip_prefix("$ ")?.split_once(" | head -") {
            Some((command, count)) => (command, Some(count.parse().ok()?)),
            None => (text.strip_prefix("$ ")?, None),
        };
        let mut words = command.split_whitespace();
        let mut line = Self { head, ..Self::default() };
        loop {
            match words.next()? {
                "backstack" => break,
                word => {
                    let (name, value) = word.split_once('=')?;
                    line.environment.push((name.into(), value.into()));
                }
            }
        }
        line.arguments = words.map(str::to_string).collect();
        Some(line)
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(name)
}

fn case_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder("cases")).expect("the folder of cases");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    files
}

fn command_of(file: &Path) -> String {
    let text = std::fs::read_to_string(file).expect("a case is text");
    text.lines().next().unwrap_or_default().to_string()
}

/// Runs the command and gives the whole text of its case.
fn answer(command: &str) -> String {
    let home = tempfile::tempdir().expect("temporary folder");
    let line = Line::read(command).unwrap_or_else(|| panic!("not a command of a case: {command}"));
    let output = program(&line, &home).output().expect("the program under test");
    let shown = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).replace(&home.path().display().to_string(), "TEMPORARY");
        // Releases change nothing here, and each system numbers its errors as it likes.
        let text = text.replace(&format!("backstack {}", env!("CARGO_PKG_VERSION")), "backstack VERSION");
        let kept = text
            .lines()
            .take(line.head.unwrap_or(usize::MAX))
            .map(without_error_number)
            .map(|line| without_time(&line));
        kept.fold(String::new(), |all, line| all + line.trim_end() + "\n")
    };
    let mut text = format!("{command}\n");
    let _ = writeln!(text, "exit code {}", output.status.code().unwrap_or(-1));
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            let _ = write!(text, "--- {name}\n{}", shown(bytes));
        }
    }
    text
}

fn without_error_number(line: &str) -> String {
    match line.split_once(" (os error ") {
        Some((before, after)) => format!("{before}{}", after.split_once(')').map_or("", |(_, rest)| rest)),
        None => line.into(),
    }
}

fn without_time(line: &str) -> String {
    const KEY: &str = "\"time\":\"";
    match line.split_once(KEY) {
        Some((before, after)) => format!("{before}{KEY}NOW{}", after.find('"').map_or("", |end| &after[end..])),
        None => line.into(),
    }
}

fn program(line: &Line, home: &TempDir) -> Command {
    let home = home.path();
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstack"));
    command.args(&line.arguments).current_dir(folder("files")).stdin(Stdio::null()).env_clear();
    command.env("HOME", home).env("XDG_CACHE_HOME", home.join("cache")).env("XDG_CONFIG_HOME", home.join("config"));
    command.env("PATH", "").env("NO_COLOR", "1").env("COLUMNS", "100").env("TMPDIR", home);
    command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").env("KUBECONFIG", home.join("kubeconfig"));
    command.envs(line.environment.iter().map(|(name, value)| (name, value)));
    command
}

#[test]
fn every_case_answers_as_it_is_written() {
    let update = std::env::var_os("BACKSTACK_UPDATE_CASES").is_some();
    let mut differences = String::new();
    for file in case_files() {
        let written = std::fs::read_to_string(&file).expect("a case is text");
        let found = answer(&command_of(&file));
        if update {
            std::fs::write(&file, &found).expect("write the case");
        } else if written != found {
            let _ = writeln!(differences, "{}\n--- written\n{written}\n--- found\n{found}\n", file.display());
        }
    }
    assert!(differences.is_empty(), "BACKSTACK_UPDATE_CASES=1 writes what is found:\n\n{differences}");
}

/// Which tools are missing depends on the host, as far as they are files; those on `PATH` are missing for sure.
#[test]
fn doctor_names_missing_tools_although_no_engine_answers() {
    let found = answer("$ backstack doctor --images source --stack minimal");
    for part in [
        "no Docker Engine answers",
        "go is missing (Go layers), and no builder container helps",
        "→ install Go",
        "exit code 3",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
}

#[test]
fn every_file_is_a_case_of_its_own() {
    let mut commands = BTreeSet::new();
    for file in case_files() {
        let command = command_of(&file);
        assert!(file.extension().is_some_and(|extension| extension == "txt"), "{} is no case", file.display());
        assert!(Line::read(&command).is_some(), "{}: {command}", file.display());
        assert!(commands.insert(command.clone()), "{}: {command} is there already", file.display());
    }
}

#[test]
fn every_command_has_a_case_for_its_help() {
    let commands: BTreeSet<String> = case_files().iter().map(|file| command_of(file)).collect();
    let mut wanted = Vec::new();
    collect(&backstack::cli::Args::command(), "backstack", &mut wanted);
    let missing: Vec<_> = wanted.iter().filter(|help| !commands.contains(*help)).collect();
    assert!(missing.is_empty(), "no file in tests/cli/cases begins with: {missing:#?}");
}

fn collect(command: &clap::Command, path: &str, wanted: &mut Vec<String>) {
    wanted.push(format!("$ {path} -h"));
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        collect(command, &format!("{path} {}", command.get_name()), wanted);
    }
}

#[test]
fn every_broken_file_is_used() {
    let commands: String = case_files().iter().map(|file| command_of(file) + "\n").collect();
    for entry in std::fs::read_dir(folder("files")).expect("the folder of files") {
        let name = entry.expect("entry").file_name().display().to_string();
        assert!(commands.contains(&name), "no case uses tests/cli/files/{name}");
    }
}

#[test]
fn a_line_is_read_as_it_is_meant() {
    let line = Line::read("$ A=b backstack man x | head -2").expect("a command");
    let environment = vec![("A".to_string(), "b".to_string())];
    assert_eq!(line, Line { environment, arguments: vec!["man".into(), "x".into()], head: Some(2) });
    assert_eq!(Line::read("backstack up"), None);
    assert_eq!(Line::read("$ other up"), None);
}
