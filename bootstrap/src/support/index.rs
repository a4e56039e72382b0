//! The page inside of the archive that says what is where.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::gathered::LeftOut;

/// What each part is, by its folder or file.
const PARTS: [(&str, &str); 9] = [
    ("about.json", "versions: this program, its system, the engine, Kubernetes, the stack"),
    ("doctor.json", "what `backstack doctor` says of the machine"),
    ("status.json", "what `backstack status` says of the platform"),
    ("platform", "its containers, with what it was made with, and the record of the last `up`"),
    ("runs", "the log of the last `up`, `down`, `reset` and `stack` on it"),
    ("engine", "what the engine says of itself and of each container, and what those wrote"),
    ("nodes", "of each node: the logs of kubelet and containerd, kubeadm's and their configuration, disks, processes"),
    ("objects", "all objects of the cluster, a file for each kind; of Secrets the keys and the lengths of values"),
    ("logs", "the last lines of each container that is not well, and of all that the platform is made of"),
];

/// What a part is.
pub fn what(part: &str) -> &'static str {
    PARTS.iter().find(|(name, _)| *name == part).map_or("", |(_, what)| what)
}

/// The page.
pub(super) fn page(name: &str, parts: &BTreeMap<String, usize>, missing: &[LeftOut], removed: usize) -> String {
    let mut text =
        format!("# Support bundle of platform `{name}`\n\n| Part | Files | What it is |\n| --- | --- | --- |\n");
    for (part, _) in PARTS.iter().filter(|(part, _)| parts.contains_key(*part)) {
        let _ = writeln!(text, "| {part} | {} | {} |", parts[*part], what(part));
    }
    let _ = write!(
        text,
        "\nSecrets were taken out in {removed} places. `[removed]` stands where there was: a value of any Secret of the \
         cluster, a password or token of the platform, a variable or field that sounds like one, or what looks like a key \
         or a token. Each was looked for as it is, and in base64. Values of fewer than four characters were not, \
         nor a user's name that is also that of a namespace, Service or Secret. Names, \
         addresses and everything that people wrote elsewhere are as they are: **read this before you give it away**.\n\
         \nOf definitions (CustomResourceDefinition) the schemas were left out, of all objects `managedFields`.\n"
    );
    if !missing.is_empty() {
        text.push_str("\n## What could not be read\n\n");
        for LeftOut { what, why } in missing {
            let _ = writeln!(text, "- {what}: {why}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_the_parts_that_are_there_and_what_is_missing() {
        let parts = BTreeMap::from([("logs".to_string(), 3)]);
        let missing = [LeftOut { what: "objects".into(), why: "no answer".into() }];
        let page = page("p", &parts, &missing, 2);
        assert!(page.contains("| logs | 3 | the last lines") && !page.contains("| objects |"), "{page}");
        assert!(page.ends_with("- objects: no answer\n") && page.contains("in 2 places"), "{page}");
    }
}
