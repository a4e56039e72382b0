//! The way back for one of several learners: a checkpoint would take everybody back, so the learner's own files are brought to
//! what the steps before have made of them.

use backstack_mcp::live::changes::forge::{Forge, OWNER};
use serde_json::json;

use super::WorkshopError;
use super::platform::Platform;
use super::solve::{Told, merge, propose, sent};
use super::track::{FileAt, Proposal, Solution, Step, Track};

/// A file as it has to be at the beginning of a step.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    at: FileAt,
    /// What the main branch has; nothing: there is no such file.
    content: Option<String>,
    /// What is proposed and not merged yet.
    open: Option<Proposal>,
}

/// All files that a track makes.
pub(super) fn files(track: &Track) -> Vec<FileAt> {
    let mut files: Vec<FileAt> = Vec::new();
    for proposal in track.steps.iter().flat_map(|step| &step.solve).filter_map(proposed) {
        if !files.contains(&at(proposal)) {
            files.push(at(proposal));
        }
    }
    files
}

fn proposed(solution: &Solution) -> Option<&Proposal> {
    match solution {
        Solution::Propose(proposal) => Some(proposal),
        _ => None,
    }
}

fn at(proposal: &Proposal) -> FileAt {
    FileAt { repository: proposal.repository.clone(), file: proposal.file.clone() }
}

/// How a track's files are when a step begins, by its number from 1.
fn wanted(track: &Track, number: usize) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = files(track).into_iter().map(|at| Wanted { at, content: None, open: None }).collect();
    let before = track.steps.iter().take(number.saturating_sub(1)).flat_map(|step| &step.solve);
    for solution in before {
        match solution {
            Solution::Propose(proposal) => {
                if let Some(file) = all.iter_mut().find(|file| file.at == at(proposal)) {
                    file.open = Some(proposal.clone());
                }
            }
            Solution::Merge(merged) => {
                if let Some(file) = all.iter_mut().find(|file| file.at == *merged)
                    && let Some(proposal) = file.open.take()
                {
                    file.content = proposal.content;
                }
            }
            _ => {}
        }
    }
    all
}

/// Brings a learner's files to what they are at the beginning of a step.
///
/// # Errors
/// The Git server refuses something of it.
pub(super) async fn to_the_beginning(
    platform: &Platform,
    track: &Track,
    number: usize,
    step: &Step,
    told: Told<'_>,
) -> Result<(), WorkshopError> {
    for file in wanted(track, number) {
        close(platform, track, &file.at, told).await?;
        let FileAt { repository, file: path } = &file.at;
        let absent = file.content.is_none();
        let proposal =
            Proposal { repository: repository.clone(), file: path.clone(), content: file.content.clone(), absent };
        if propose(platform, track, step, &proposal, told).await? {
            merge(platform, track, &file.at, told).await?;
        }
        if let Some(open) = &file.open {
            propose(platform, track, step, open, told).await?;
        }
    }
    Ok(())
}

/// Closes what is proposed for a file.
async fn close(platform: &Platform, track: &Track, at: &FileAt, told: Told<'_>) -> Result<(), WorkshopError> {
    let server = platform.git_as(&track.user)?;
    let place = format!("{OWNER}/{}", at.repository);
    for pull in Forge::new(server.clone()).open_about(&place, &at.file).await? {
        let what = format!("close pull request #{}", pull.number);
        let address = format!("/repos/{place}/pulls/{}", pull.number);
        sent(&server, "PATCH", &address, &json!({"state": "closed"}), &what).await?;
        (told.tell)(&format!("pull request {} is closed", pull.url));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn content(track: &Track, number: usize) -> Vec<(Option<String>, bool)> {
        wanted(track, number).into_iter().map(|file| (file.content, file.open.is_some())).collect()
    }

    #[test]
    fn a_step_begins_with_what_those_before_it_have_merged() {
        let track = find("developer").expect("the track");
        let number = |id: &str| track.step(id).map(|(number, _)| number).expect("a step");
        assert_eq!(content(&track, 1), [(None, false)], "nothing is there");
        assert_eq!(content(&track, number("read-the-pull-request-and-merge-it")), [(None, true)], "it is proposed");
        let [(Some(arrived), false)] = &content(&track, number("see-it-arrive"))[..] else { panic!("it is merged") };
        assert!(arrived.contains("nginx:1.29.3"), "{arrived}");
        let [(Some(broken), false)] = &content(&track, number("roll-it-back"))[..] else { panic!("it is merged") };
        assert!(broken.contains("http-echo:9.9.9"), "{broken}");
        assert_eq!(content(&track, track.steps.len() + 1), [(None, false)], "the last step deletes it");
    }
}
