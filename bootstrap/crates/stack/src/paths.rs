//! Paths that a recipe names: files beside it, and paths in the image.

/// The path below `images/` that `path` means to the recipe in `folder`; none if it leads out of `images/`.
pub(super) fn inside(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').collect();
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether a path in an image is absolute and plain.
pub(super) fn is_image_path(path: &str) -> bool {
    path.starts_with('/') && !path.contains("//") && !path.split('/').any(|part| part == "." || part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_images() {
        assert_eq!(inside("node", "files/a"), Some("node/files/a".into()));
        assert_eq!(inside("node", "."), Some("node".into()));
        assert_eq!(inside("node", "../kubernetes"), Some("kubernetes".into()));
        assert_eq!(inside("node", ".."), Some(String::new()));
        assert_eq!(inside("node", "../../secrets"), None);
        assert_eq!(inside("node", "/etc/passwd"), None);
    }

    #[test]
    fn image_paths_are_absolute() {
        assert!(is_image_path("/usr/bin/a"));
        assert!(is_image_path("/"));
        for bad in ["", "usr", "/a/../b", "/a//b"] {
            assert!(!is_image_path(bad), "{bad}");
        }
    }
}
