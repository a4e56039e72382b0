//! The last words of containers that ended.

use backstack_health::LogSource;
use futures::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, LogParams};

use super::Blocker;

/// Lines that are shown.
const LINES: usize = 5;
/// With this a kubelet answers, in place of a log, while it clears a container away.
const CLEARED_AWAY: &str = "unable to retrieve container logs for ";
/// Longer lines are cut: stack traces in one line exist.
const WIDTH: usize = 300;

/// Adds the last lines of those containers that have ended. A log that cannot be read is left out.
pub async fn fetch(client: &Client, blockers: &mut [Blocker]) {
    let wanted = blockers.iter_mut().filter_map(|blocker| {
        let source = blocker.log_source.clone()?;
        Some(async move { blocker.log = last_words(client, &source).await })
    });
    join_all(wanted).await;
}

async fn last_words(client: &Client, source: &LogSource) -> Vec<String> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), &source.namespace);
    // The run that ended is the previous one once the container was started again.
    for previous in [true, false] {
        let params = LogParams {
            container: Some(source.container.clone()),
            previous,
            tail_lines: Some(50),
            ..Default::default()
        };
        let Ok(text) = pods.logs(&source.pod, &params).await else { continue };
        if text.starts_with(CLEARED_AWAY) {
            continue;
        }
        let lines = tail(&text);
        if !lines.is_empty() {
            return lines;
        }
    }
    Vec::new()
}

/// The last lines that are not empty, without colours and other control characters.
fn tail(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().map(clean).filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}

fn clean(line: &str) -> String {
    let mut clean = String::new();
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // A colour: everything up to the letter that ends it.
            '\u{1b}' => while letters.next().is_some_and(|letter| !letter.is_ascii_alphabetic()) {},
            '\t' => clean.push(' '),
            letter if letter.is_control() => {}
            letter => clean.push(letter),
        }
    }
    match clean.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", &clean[..end]),
        None => clean.trim_end().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_that_say_something_are_kept_without_colours() {
        let text = "1\n2\n3\n4\n\n5\n\u{1b}[31mError:\u{1b}[0m no\tdatabase\r\n\n";
        assert_eq!(tail(text), ["2", "3", "4", "5", "Error: no database"]);
        assert!(tail("\n\n").is_empty());
    }

    #[test]
    fn very_long_lines_are_cut_between_letters() {
        let lines = tail(&"ü".repeat(1000));
        assert_eq!(lines[0].chars().count(), WIDTH + 3);
    }
}
