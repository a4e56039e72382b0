//! Servers' messages, cut down to what they say.

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
    fn the_innermost_error_is_what_happened() {
        let pull = "failed to pull \"reg/x:1\": rpc error: code = NotFound desc = reg/x:1: not found";
        assert_eq!(innermost(pull), "reg/x:1: not found");
        assert_eq!(innermost("Head \"https://reg/v2/\": dial tcp: no such host."), "dial tcp: no such host");
    }
}
