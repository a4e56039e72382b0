//! Small pieces of wording that every check of a stack uses.

/// The candidate closest to what was written, if it is close enough to be meant.
pub fn closest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = bare(written);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&plain, &bare(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 5 && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Without case, dashes and underscores: `dependsOn` and `depends_on` are the same word.
fn bare(text: &str) -> String {
    text.chars().filter(|char| !matches!(char, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// "`; did you mean `x`?`" or nothing.
pub fn did_you_mean<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    closest(written, candidates).map(|guess| format!("; did you mean `{guess}`?")).unwrap_or_default()
}

/// "(it has: a, b, c)", shortened after eight names; "(it has none)" for none.
pub fn it_has<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    match names.len() {
        0 => "(it has none)".into(),
        1..=8 => format!("(it has: {})", names.join(", ")),
        _ => format!("(it has: {}, ...)", names[..8].join(", ")),
    }
}

/// "`a`, `b` or `c`".
pub fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Whether a text is a DNS label: at most 63 of `a-z`, `0-9` and `-`, a dash neither first nor last.
pub fn is_label(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-')
}

/// Whether a text is a DNS subdomain: labels joined by dots, at most 253 characters.
pub fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// A number in digits alone: `parse` takes a `+` before them too, which no other program does.
pub fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a text can stand in `${parameters.NAME}` and `${images.NAME}`.
pub fn is_short_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_words_are_found_and_far_ones_are_not() {
        let keys = ["depends_on", "description", "images", "name", "crds"];
        assert_eq!(closest("dependsOn", keys), Some("depends_on"));
        assert_eq!(closest("depend-on", keys), Some("depends_on"));
        assert_eq!(closest("imgaes", keys), Some("images"));
        assert_eq!(closest("nmae", keys), Some("name"));
        assert_eq!(closest("spec", keys), None);
        assert_eq!(closest("x", keys), None);
        assert_eq!(closest("", keys), None);
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(it_has(["a", "b"]), "(it has: a, b)");
        assert_eq!(it_has([]), "(it has none)");
        assert_eq!(it_has(["a"; 9]), "(it has: a, a, a, a, a, a, a, a, ...)");
    }

    #[test]
    fn names_follow_dns() {
        for good in ["a", "cert-manager", "9p"] {
            assert!(is_label(good), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", &"a".repeat(64)] {
            assert!(!is_label(bad), "{bad}");
        }
        assert!(is_subdomain("a.b-c.d"));
        assert!(!is_subdomain("a..b"));
    }
}
