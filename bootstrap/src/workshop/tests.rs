//! The tracks that are part of the program.

use super::parse::tests::SMALL;
use super::track::Deed;
use super::*;
use crate::stack::{Stack, StackSource};

#[test]
fn every_embedded_track_is_well_formed() {
    if let Err(WorkshopError::Malformed { faults }) = tracks() {
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    }
}

#[test]
fn tracks_come_in_the_order_of_the_first_page() {
    let other = SMALL.replace("name: small", "name: other");
    let index = "# Course\n\nFirst [this](small.md), then [that](other.md).\n";
    let corpus =
        Corpus::of([("workshop/index.md", index), ("workshop/other.md", &other), ("workshop/small.md", SMALL)]);
    let names: Vec<_> = tracks_of(&corpus).expect("tracks").into_iter().map(|track| track.name).collect();
    assert_eq!(names, ["small", "other"]);
}

#[test]
fn an_unknown_track_is_told_with_those_that_there_are() {
    let error = find("nowhere").expect_err("none");
    assert!(matches!(error, WorkshopError::NoTrack { .. }), "{error}");
}

/// The file that says what the Git server has.
const GIT: &str = include_str!("../../../stacks/back/components/gitea/images/gitea-setup/wanted.go");

/// Repositories of checks and solutions.
fn repositories(step: &Step) -> Vec<&str> {
    let checks = step.checks.iter().filter_map(|check| match check {
        Check::Git(check) => Some(&check.repository),
        Check::PullRequest(check) => Some(&check.repository),
        _ => None,
    });
    let solutions = step.solve.iter().filter_map(|solution| match solution {
        Solution::Propose(proposal) => Some(&proposal.repository),
        Solution::Merge(file) => Some(&file.repository),
        Solution::Run(_) | Solution::Block(_) | Solution::Answer(_) => None,
    });
    checks.chain(solutions).map(String::as_str).collect()
}

#[test]
fn people_and_repositories_of_the_tracks_are_those_of_the_stack() {
    let stack = Stack::load(StackSource::Builtin("back".into())).expect("a stack");
    let credentials = stack.components.iter().flat_map(|component| &component.file.credentials);
    let people: Vec<_> = credentials.map(|credential| credential.username.as_str()).collect();
    for track in tracks().expect("well-formed tracks") {
        assert!(people.contains(&track.user.as_str()), "{}: nobody is called `{}`", track.page, track.user);
        for step in &track.steps {
            for action in &step.actions {
                let Deed::SignIn { user } = &action.deed else { continue };
                assert!(people.contains(&user.as_str()), "{}:{}: nobody is called `{user}`", track.page, action.line);
            }
            for repository in repositories(step) {
                let declared = format!("= \"{repository}\"");
                assert!(GIT.contains(&declared), "{}:{}: no repository `{repository}`", track.page, step.line);
            }
        }
    }
}

#[test]
fn a_solution_gives_the_answer_that_the_check_wants() {
    for track in tracks().expect("well-formed tracks") {
        for step in &track.steps {
            let wrong = step.checks.iter().find_map(|check| match check {
                Check::Answer(check) => solve::answer(step).filter(|answer| !check.is_right(answer)),
                _ => None,
            });
            assert_eq!(wrong, None, "{}:{}: the solution gives another answer", track.page, step.line);
        }
    }
}

/// What the portal shows, and what of it is switched off.
const PORTAL: &str = include_str!("../../../stacks/back/components/backstage/config/app-config.yaml");

#[test]
fn no_step_leads_to_a_tab_that_the_portal_does_not_show() {
    // A tab of a plugin is called after the plugin and its own last word: crossplane-resources/crossplane.table.
    let off = PORTAL.lines().filter_map(|line| line.trim().strip_prefix("- entity-content:")?.strip_suffix(": false"));
    let off: Vec<String> = off
        .filter_map(|content| {
            let (plugin, name) = content.split_once('/')?;
            Some(format!("{plugin}-{}", name.rsplit('.').next().unwrap_or(name)))
        })
        .collect();
    assert!(!off.is_empty(), "nothing is switched off any more: this test looks at nothing");
    for track in tracks().expect("well-formed tracks") {
        for action in track.steps.iter().flat_map(|step| &step.actions) {
            let Deed::Open { path, .. } = &action.deed else { continue };
            let tab = path.rsplit('/').next().unwrap_or_default();
            assert!(!off.contains(&tab.to_string()), "{}:{}: the portal has no tab {tab}", track.page, action.line);
        }
    }
}
