//! Patterns as Argo CD reads them: `*`, `?`, `[a-z]`, `{a,b}`, and `**` where folders count.

use globset::GlobBuilder;

/// Whether a path fits: `*` stops at a `/`, `**` does not.
pub fn path(pattern: &str, path: &str) -> bool {
    fits(pattern, path, true)
}

/// Whether a name or an address fits: `*` stops nowhere.
pub fn name(pattern: &str, name: &str) -> bool {
    fits(pattern, name, false)
}

fn fits(pattern: &str, text: &str, separated: bool) -> bool {
    let glob = GlobBuilder::new(pattern).literal_separator(separated).build();
    glob.map_or(pattern == text, |glob| glob.compile_matcher().is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_argo_cd() {
        let exclude = "{examples/**,**/examples/**}";
        assert!(path(exclude, "apis/app/examples/hello.yaml") && path(exclude, "examples/a.yaml"));
        assert!(!path(exclude, "apis/app/definition.yaml"));
        assert!(path("*/*/*.yaml", "demo/app/a.yaml") && !path("*/*/*.yaml", "demo/app/more/a.yaml"));
        assert!(name("https://*", "https://a/b.git") && name("team-?", "team-a") && !name("demo", "demos"));
    }
}
