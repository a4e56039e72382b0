//! The pages of workshop-docs/ against the command line: every command that they show is one, and every command and
//! flag is in the reference.

use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};

use super::Args;

fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    for entry in walkdir::WalkDir::new(root.join("workshop-docs")) {
        let path = entry.expect("workshop-docs can be read").into_path();
        if path.extension().is_some_and(|ending| ending == "md") {
            files.push(path);
        }
    }
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(&path).expect("a page"))).collect()
}

/// Lines of code blocks that run `backstack`, and what is in backquotes within text; whether it is the latter, which may
/// name a command without its arguments.
fn commands(page: &str) -> Vec<(String, bool)> {
    let mut commands = Vec::new();
    let mut language = None;
    for line in page.lines() {
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            language = if language.is_some() { None } else { Some(fence.to_string()) };
            continue;
        }
        match &language {
            Some(language) if matches!(language.as_str(), "bash" | "sh" | "text") => {
                commands.extend(line.strip_prefix("backstack ").map(|rest| (format!("backstack {rest}"), false)));
            }
            Some(_) => {}
            None => {
                let quoted = line.split('`').skip(1).step_by(2);
                commands
                    .extend(quoted.filter(|text| text.starts_with("backstack ")).map(|text| (text.to_string(), true)));
            }
        }
    }
    commands
}

/// Words as a shell would give them, up to a comment, a pipe or a redirection. `NAME|DIR` and the like stand for
/// something: their first word is taken.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for letter in command.chars().chain([' ']) {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, letter) if letter.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (_, letter) => word.push(letter),
        }
    }
    let end = words
        .iter()
        .position(|word| matches!(word.as_str(), "#" | "|" | ">" | "&&") || word.starts_with("..."))
        .unwrap_or(words.len());
    words.truncate(end);
    words
}

/// Whether a word stands for something that is filled in.
fn is_placeholder(word: &str) -> bool {
    word.len() > 1
        && word.chars().all(|letter| letter.is_ascii_uppercase() || matches!(letter, '|' | '_' | '\\' | '.' | '='))
}

#[test]
fn every_command_of_the_pages_is_one() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (path, page) in pages() {
        for (command, inline) in commands(&page) {
            let words = words(&command);
            // A placeholder takes the place of anything: only what comes before it can be checked.
            let known = words.iter().position(|word| is_placeholder(word)).unwrap_or(words.len());
            let whole = known == words.len();
            checked += 1;
            if let Err(error) = Args::try_parse_from(&words[..known]) {
                use clap::error::ErrorKind::{
                    DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion, InvalidValue,
                    MissingRequiredArgument, MissingSubcommand,
                };
                let incomplete = [
                    MissingRequiredArgument,
                    MissingSubcommand,
                    DisplayHelpOnMissingArgumentOrSubcommand,
                    InvalidValue,
                ];
                let fine = matches!(error.kind(), DisplayHelp | DisplayVersion)
                    || (incomplete.contains(&error.kind()) && (!whole || inline));
                if !fine {
                    wrong.push(format!("{}: {command}: {:?}", path.display(), error.kind()));
                }
            }
        }
    }
    assert!(checked > 50, "only {checked} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_command_and_flag_is_in_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workshop-docs/reference/commands.md");
    let reference = std::fs::read_to_string(path).expect("the reference");
    let mut missing = Vec::new();
    visit(&Args::command(), "backstack", &reference, &mut missing);
    assert!(missing.is_empty(), "not in workshop-docs/reference/commands.md:\n{}", missing.join("\n"));
}

fn visit(command: &clap::Command, name: &str, reference: &str, missing: &mut Vec<String>) {
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let Some(long) = argument.get_long() else { continue };
        if !reference.contains(&format!("`--{long}`")) && !reference.contains(&format!("`--{long} ")) {
            missing.push(format!("{name} --{long}"));
        }
    }
    for below in command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set()) {
        let name = format!("{name} {}", below.get_name());
        if !reference.contains(&name) {
            missing.push(name.clone());
        }
        visit(below, &name, reference, missing);
    }
}
