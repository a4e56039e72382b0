//! What a go.mod says.

use std::collections::BTreeSet;

/// Whether a go.mod requires modules from elsewhere, whose content a go.sum has to tell.
pub fn needs_sums(go_mod: &str) -> bool {
    let ours: BTreeSet<&str> = replaced(go_mod).map(|(module, _)| module).collect();
    let required = lines(go_mod).filter_map(|line| {
        let mut words = line.trim_start_matches("require ").split_whitespace();
        let module = words.next()?;
        let is_version =
            |word: &str| word.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        words.next().is_some_and(is_version).then_some(module)
    });
    required.into_iter().any(|module| !ours.contains(module))
}

/// The modules in whose place a go.mod puts folders, each with its folder.
pub fn replaced(go_mod: &str) -> impl Iterator<Item = (&str, &str)> {
    lines(go_mod).filter_map(|line| {
        let (module, path) = line.split_once("=>")?;
        let module = module.trim_start_matches("replace ").split_whitespace().next()?;
        let path = path.trim().trim_matches('"');
        (path.starts_with("./") || path.starts_with("../")).then_some((module, path))
    })
}

/// Lines without what is a comment.
fn lines(go_mod: &str) -> impl Iterator<Item = &str> {
    go_mod.lines().filter_map(|line| line.split("//").next()).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_modules_from_elsewhere_need_sums() {
        let head = "module m // v1\n\ngo 1.26\n";
        let local = format!("{head}\nrequire x v0.0.0\n\nreplace x => ../../x // ours\n");
        assert!(!needs_sums(head) && !needs_sums(&local));
        for more in ["require y v1.2.3\n", "require (\n\ty v1.2.3 // indirect\n)\n", "replace x => y v1.2.3\n"] {
            let text = format!("{head}require x v0.0.0\n{more}");
            assert!(needs_sums(&text), "{text}");
        }
        assert!(needs_sums(&format!("{local}require (\n\tx v0.0.0\n\ty v1.0.0-rc.1\n)\n")));
    }
}
