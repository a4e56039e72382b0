//! Path patterns of recipes: `?` and `*` inside one name, `**` over any number of names, everything else as it is written.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns, read once for all paths. A leading `/` counts for neither.
#[derive(Debug)]
pub(super) struct Patterns(GlobSet);

impl Patterns {
    pub(super) fn new<S: AsRef<str>>(texts: &[S]) -> Self {
        let mut all = GlobSetBuilder::new();
        for text in texts {
            let text = text.as_ref().trim_matches('/');
            all.add(glob(text));
            // All that is below a folder, and the folder.
            if let Some(folder) = text.strip_suffix("/**") {
                all.add(glob(folder));
            }
        }
        Self(all.build().expect("each of them is a pattern"))
    }

    /// Whether one of them matches this path itself.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.0.is_match(path.trim_matches('/'))
    }

    /// Whether one of them matches the path or a folder above it.
    pub(super) fn covers(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        let mut ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.any(|end| self.matches(&path[..end]))
    }
}

/// Whether the text is a pattern rather than a plain path.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

fn glob(text: &str) -> Glob {
    let escaped: String = text.chars().map(literally).collect();
    let glob = GlobBuilder::new(&escaped).literal_separator(true).backslash_escape(false).build();
    glob.expect("what else means something in a pattern is escaped")
}

/// Sets and alternatives are not among the patterns of recipes.
fn literally(letter: char) -> String {
    if "[]{}".contains(letter) { format!("[{letter}]") } else { letter.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Patterns::new(&[pattern]).matches(path)
    }

    fn covers(pattern: &str, path: &str) -> bool {
        Patterns::new(&["/other", pattern]).covers(path)
    }

    #[test]
    fn a_star_stays_inside_one_name() {
        assert!(matches("/usr/share/doc/*", "usr/share/doc/git"));
        assert!(!matches("/usr/share/doc/*", "usr/share/doc"));
        assert!(!matches("/usr/*/git", "usr/share/doc/git"));
        assert!(matches("/usr/**/git", "usr/share/doc/git") && matches("/usr/**/git", "usr/git"));
        assert!(matches("**/*.test.ts", "src/a.test.ts") && matches("**/*.test.ts", "a.test.ts"));
        assert!(matches("/usr/**", "usr") && matches("/usr/**", "usr/a/b") && !matches("/usr/**", "usrs"));
        assert!(matches("lib/libfoo.so.?", "/lib/libfoo.so.1"));
        assert!(!matches("lib/libfoo.so.?", "lib/libfoo.so.12"));
        assert!(matches("a*b*c", "a-b-b-c"));
    }

    #[test]
    fn what_is_no_pattern_stands_for_itself() {
        for text in ["opt/[a]", "opt/{a,b}", "opt/a\\*", "opt/]", "opt/!a"] {
            assert!(matches(text, &text.replace('*', "x")), "{text}");
        }
        assert!(!matches("opt/[a]", "opt/a") && !matches("opt/{a,b}", "opt/a"));
    }

    #[test]
    fn a_pattern_covers_what_lies_below_its_match() {
        assert!(covers("/usr/share/doc/*", "usr/share/doc/git/RelNotes/1.txt"));
        assert!(covers("/usr/share/man", "usr/share/man/man1/git.1.gz"));
        assert!(!covers("/usr/share/man", "usr/share/manual"));
        assert!(!covers("/usr/share/doc/*", "usr/share/doc"));
        assert!(!Patterns::new::<&str>(&[]).covers("usr"));
    }
}
