//! Why an image cannot be had.

use crate::words::innermost;

/// Reasons of a container that waits because of its image, as the kubelet gives them.
const REASONS: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
];

/// Whether a container waits for its image in vain.
pub(super) fn is_bad(reason: &str) -> bool {
    REASONS.contains(&reason)
}

/// What went wrong, from the words of kubelet and registry.
pub(super) fn why(said: &str) -> String {
    let message = said.to_ascii_lowercase();
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    if has(&["not found", "manifest unknown", "manifest_unknown"]) {
        return "there is no such image or tag".into();
    }
    if has(&["couldn't parse", "invalidimagename", "invalid reference"]) {
        return "its name is not valid".into();
    }
    let detail = innermost(said);
    if has(&["unauthorized", "denied", "forbidden"]) {
        return format!("the registry refuses access: {detail}");
    }
    if has(&["no such host", "timeout", "refused", "dial tcp"]) {
        return format!("the registry does not answer: {detail}");
    }
    detail.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_registries_say_is_told_apart() {
        let head = "failed to pull and unpack image \"r/a:1\": failed to resolve reference \"r/a:1\"";
        assert_eq!(why(&format!("{head}: r/a:1: not found")), "there is no such image or tag");
        assert_eq!(
            why(&format!("{head}: failed to do request: Head \"https://r/v2/\": dial tcp: lookup r: no such host")),
            "the registry does not answer: dial tcp: lookup r: no such host"
        );
        assert_eq!(
            why("rpc error: code = Unknown desc = pull access denied"),
            "the registry refuses access: pull access denied"
        );
        assert_eq!(why("couldn't parse image name \"A\""), "its name is not valid");
        assert_eq!(why("no space left on device"), "no space left on device");
    }
}
