//! Servers' messages, cut down to what they say.

/// What programs write behind an error, and what says nothing of it.
const ADVICE: [&str; 2] = [
    "Use --debug flag to render out invalid YAML",
    // The API server, behind the faults of an object.
    ", <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the \
     existing errors to complete validation",
];
/// Shorter ends of an error, as `exit status 1`, say too little by themselves.
const TELLING: usize = 20;

/// The first line, without a final dot.
pub fn sentence(message: &str) -> &str {
    message.lines().next().unwrap_or_default().trim().trim_end_matches('.')
}

/// Go's errors name every layer they went through; the last one says what happened.
pub fn innermost(message: &str) -> &str {
    let line = sentence(message);
    let tail = line.rsplit("\": ").next().unwrap_or(line);
    tail.rsplit(" desc = ").next().unwrap_or(tail).trim_end_matches(['"', ':', ' '])
}

/// What a refusal to make pods says after naming what was to be made.
pub fn refusal(message: &str) -> &str {
    let message = sentence(message);
    message.split_once("Error creating: ").map_or(message, |(_, tail)| tail)
}

/// A message as one line of at most `limit` characters.
pub fn short(message: &str, limit: usize) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= limit {
        return line;
    }
    let cut: String = line.chars().take(limit.saturating_sub(1)).collect();
    format!("{cut}…")
}

/// A message as one line of at most `limit` characters: of a long one its beginning and, longer, its end, where errors
/// say why.
pub fn both_ends(message: &str, limit: usize) -> String {
    let letters: Vec<char> = message.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    if letters.len() <= limit {
        return letters.into_iter().collect();
    }
    let head = limit / 3;
    let tail = letters.len() - (limit - head).saturating_sub(1);
    letters[..head].iter().chain(&['…']).chain(&letters[tail..]).collect()
}

/// A message as one line of at most `limit` characters. Each layer of an error says first what it was about and then, behind
/// a colon, why: of a long one the last layers are kept, and what only advises is left out.
pub fn gist(message: &str, limit: usize) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = ADVICE.iter().fold(line, |line, words| line.replace(words, ""));
    // Which command it was, and that it failed, says nothing of why.
    let ended = line.rsplit_once("exit status ").and_then(|(_, behind)| behind.split_once(": "));
    let mut rest = ended.map_or(line.trim(), |(_, why)| why.trim());
    while rest.chars().count() > limit {
        // Faults side by side: the first is as good as the last.
        if let Some(list) = rest.strip_prefix('[') {
            return short(list, limit);
        }
        match rest.split_once(": ") {
            Some((_, tail)) if tail.len() >= TELLING => rest = tail,
            _ => return both_ends(rest, limit),
        }
    }
    rest.trim_start_matches("Error: ").into()
}

/// `1 restart`, `3 restarts`.
pub(crate) fn counted(count: i64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_are_cut_at_characters() {
        assert_eq!(short("a  b\n c", 10), "a b c");
        assert_eq!(short("äöüäöü", 4), "äöü…");
    }

    #[test]
    fn of_long_errors_the_end_is_kept() {
        let said = format!(
            "failed to execute helm template command: `helm template {}` failed exit status 1: Error: execution error at (a.yaml:1:2): set title\n\nUse --debug flag to render out invalid YAML",
            "x".repeat(100)
        );
        assert_eq!(gist(&said, 60), "execution error at (a.yaml:1:2): set title");
        assert_eq!(gist("short: enough", 60), "short: enough");
        assert_eq!(gist("`kustomize build x` failed exit status 1: Error: no such file", 90), "no such file");
        let said = format!("{}: exit status 1", "a".repeat(100));
        assert!(gist(&said, 60).ends_with("aaa: exit status 1") && gist(&said, 60).chars().count() == 60);
        let said = "one or more objects failed to apply, reason: App.example.org \"web\" is invalid: [spec.replicas: Invalid value: \"string\": must be of type integer, spec.image: Required value, <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation] (retried 1 times).";
        assert_eq!(
            gist(said, 80),
            "spec.replicas: Invalid value: \"string\": must be of type integer, spec.image: Re…"
        );
        assert_eq!(both_ends("abcdefghij", 7), "ab…ghij");
        assert_eq!(both_ends("abc", 7), "abc");
    }

    #[test]
    fn the_innermost_error_is_what_happened() {
        let pull = "failed to pull \"reg/x:1\": rpc error: code = NotFound desc = reg/x:1: not found";
        assert_eq!(innermost(pull), "reg/x:1: not found");
        assert_eq!(innermost("Head \"https://reg/v2/\": dial tcp: no such host."), "dial tcp: no such host");
    }
}
