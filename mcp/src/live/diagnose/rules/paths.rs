//! Paths of files in lines of logs, and what is mounted there.

use serde_json::Value;

use crate::live::object::{list, text};
use crate::live::references::template::Template;

/// A file of a container that comes from a mount.
pub(super) struct Mounted<'a> {
    /// Place of the volume in the pod.
    pub index: usize,
    pub volume: &'a Value,
    /// Way to it within the volume.
    pub file: String,
}

/// What is mounted where a path leads: the innermost mount.
pub(super) fn mounted<'a>(template: Template<'a>, container: &Value, path: &str) -> Option<Mounted<'a>> {
    let below = list(container, "/volumeMounts").iter().filter_map(|mount| {
        let folder = text(mount, "/mountPath").trim_end_matches('/');
        let rest = path.strip_prefix(folder).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some((folder.len(), mount, rest.trim_start_matches('/')))
    });
    let (_, mount, rest) = below.max_by_key(|(length, ..)| *length)?;
    let part = text(mount, "/subPath").trim_matches('/');
    let file = [part, rest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let volumes = list(template.spec, "/volumes").iter().enumerate();
    let (index, volume) = volumes.into_iter().find(|(_, one)| text(one, "/name") == text(mount, "/name"))?;
    Some(Mounted { index, volume, file })
}

/// Paths in a line of a log, without what stands behind them.
pub(super) fn paths(line: &str) -> impl Iterator<Item = &str> {
    let ends = |letter: char| letter.is_whitespace() || "\"'`()[]=,;<>".contains(letter);
    let words = line.split(ends).filter(|word| word.starts_with('/') && word.len() > 2);
    words.map(|word| word.split(':').next().unwrap_or(word).trim_end_matches('.'))
}
