//! Path patterns of recipes: `?` and `*` inside one name, `**` over any number of names.

/// Whether the pattern matches this path itself. A leading `/` counts for neither.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    names(&pattern, &path)
}

/// Whether the pattern matches the path or a folder above it.
pub(super) fn covers(pattern: &str, path: &str) -> bool {
    let path = path.trim_matches('/');
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    ends.into_iter().any(|end| matches(pattern, &path[..end]))
}

/// Whether the text is a pattern rather than a plain path.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

fn names(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => (0..=path.len()).any(|skip| names(rest, &path[skip..])),
        (Some((first, rest)), Some((name, others))) => {
            one_name(first.as_bytes(), name.as_bytes()) && names(rest, others)
        }
        _ => false,
    }
}

fn one_name(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|skip| one_name(rest, &name[skip..])),
        (Some((b'?', rest)), Some((_, others))) => one_name(rest, others),
        (Some((wanted, rest)), Some((byte, others))) => wanted == byte && one_name(rest, others),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_inside_one_name() {
        assert!(matches("/usr/share/doc/*", "usr/share/doc/git"));
        assert!(!matches("/usr/share/doc/*", "usr/share/doc"));
        assert!(!matches("/usr/*/git", "usr/share/doc/git"));
        assert!(matches("/usr/**/git", "usr/share/doc/git"));
        assert!(matches("/usr/**", "usr"));
        assert!(matches("lib/libfoo.so.?", "/lib/libfoo.so.1"));
        assert!(!matches("lib/libfoo.so.?", "lib/libfoo.so.12"));
        assert!(matches("a*b*c", "a-b-b-c"));
    }

    #[test]
    fn a_pattern_covers_what_lies_below_its_match() {
        assert!(covers("/usr/share/doc/*", "usr/share/doc/git/RelNotes/1.txt"));
        assert!(covers("/usr/share/man", "usr/share/man/man1/git.1.gz"));
        assert!(!covers("/usr/share/man", "usr/share/manual"));
        assert!(!covers("/usr/share/doc/*", "usr/share/doc"));
    }
}
