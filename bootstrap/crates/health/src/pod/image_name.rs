//! Names of images that no runtime takes: what is wrong with them, and how they were probably meant.

/// Letters of a digest behind `sha256:`.
const DIGEST: usize = 64;

/// What is wrong with the name of an image, and the name that was probably meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub why: String,
    pub right: Option<String>,
}

/// What is wrong with a name; nothing where that cannot be told.
pub(super) fn wrong(image: &str) -> Option<Wrong> {
    let found =
        |why: &str, right: Option<String>| Some(Wrong { why: why.into(), right: right.filter(|it| it != image) });
    if let Some((scheme, rest)) = image.split_once("://") {
        return found(&format!("`{scheme}://` does not belong to it"), Some(rest.into()));
    }
    if image.contains(char::is_whitespace) {
        let right = image.split_whitespace().collect::<String>();
        return found("there is a space in it", Some(right));
    }
    let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
    // A colon before a slash is that of the registry's port.
    let tag_at = rest.rfind(':').filter(|at| !rest[*at..].contains('/'));
    let (repository, tag) = tag_at.map_or((rest, None), |at| (&rest[..at], Some(&rest[at + 1..])));
    if let Some(digest) = digest {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() != DIGEST || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return found("what stands behind `@` must be `sha256:` and 64 hexadecimal digits", None);
        }
    }
    if tag == Some("") {
        return found("its tag is empty", Some(repository.trim_end_matches(':').into()));
    }
    if repository.contains(char::is_uppercase) {
        let right = format!("{}{}", repository.to_lowercase(), &image[repository.len()..]);
        return found("all before the tag must be in small letters", Some(right));
    }
    if repository.contains("//") || repository.ends_with('/') || repository.starts_with('/') {
        let parts: Vec<_> = repository.split('/').filter(|part| !part.is_empty()).collect();
        let right = format!("{}{}", parts.join("/"), &image[repository.len()..]);
        return found("there is a slash too many in it", Some(right));
    }
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    match tag.and_then(|tag| tag.chars().find(|letter| !is_letter(*letter))) {
        Some(letter) => found(&format!("a tag may not have `{letter}`"), None),
        None => repository
            .rsplit('/')
            .next()?
            .contains(':')
            .then(|| Wrong { why: "there is a colon too many in it".into(), right: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_name_is_told_with_what_was_meant() {
        for (image, why, right) in [
            ("docker.io/hashicorp/HTTP-echo:1.0.0", "small letters", Some("docker.io/hashicorp/http-echo:1.0.0")),
            ("Registry:5000/Web", "small letters", Some("registry:5000/web")),
            ("https://docker.io/nginx:1", "`https://` does not", Some("docker.io/nginx:1")),
            ("nginx :1", "a space", Some("nginx:1")),
            ("nginx:", "tag is empty", Some("nginx")),
            ("docker.io//nginx:1", "a slash too many", Some("docker.io/nginx:1")),
            ("nginx:1.0+build", "may not have `+`", None),
            ("nginx@sha256:abc", "64 hexadecimal", None),
            ("nginx:1:2", "a colon too many", None),
        ] {
            let found = wrong(image).unwrap_or_else(|| panic!("{image}"));
            assert!(found.why.contains(why), "{image}: {found:?}");
            assert_eq!(found.right.as_deref(), right, "{image}");
        }
        let digest = format!("nginx:1@sha256:{}", "a".repeat(DIGEST));
        for image in ["nginx", "localhost:5000/web", "docker.io/library/nginx:1.29.3-Alpine", digest.as_str()] {
            assert_eq!(wrong(image), None, "{image}");
        }
    }
}
