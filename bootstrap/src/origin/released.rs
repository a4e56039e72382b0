//! Digests of the images that the release of this program built.
//!
//! `scripts/release` writes `released.json`: the key of a recipe (which covers the recipe's files and the
//! architecture) -> the image that was built from it and pushed. A build that is no release knows none, and builds
//! them itself. A recipe that was changed has another key, so it never gets an old image.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::build::Program;
use crate::images::Digest;
use crate::images::reference::Wanted;

const FILE: &str = include_str!("../../released.json");

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Released {
    /// Key of the recipe -> `HOST/REPOSITORY@sha256:...`.
    images: BTreeMap<String, String>,
}

/// The image that the release built from a recipe with this key.
pub fn of_recipe(key: &Digest) -> Option<Wanted> {
    known().image(key)
}

/// This program, as images have it. The one that the release put into them was compiled before their digests were known, so
/// it has other bytes than this one, and the same version.
pub fn program() -> Program {
    match known().images.is_empty() {
        true => Program::this(),
        false => Program::this_released(env!("CARGO_PKG_VERSION")),
    }
}

/// The same program in a file: for another machine.
pub fn program_in(file: &Path) -> Program {
    match known().images.is_empty() {
        true => Program::file(file),
        false => Program::released(file, env!("CARGO_PKG_VERSION")),
    }
}

fn known() -> &'static Released {
    static KNOWN: OnceLock<Released> = OnceLock::new();
    KNOWN.get_or_init(|| serde_json::from_str(FILE).expect("a test reads the file"))
}

impl Released {
    fn image(&self, key: &Digest) -> Option<Wanted> {
        let wanted = Wanted::new(self.images.get(key.as_str())?.parse().ok()?);
        wanted.pin.is_some().then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_can_be_read_and_each_image_has_a_digest() {
        let file: Released = serde_json::from_str(FILE).expect("released.json");
        for (key, image) in &file.images {
            let key: Digest = key.parse().expect("a key");
            assert!(file.image(&key).is_some(), "{image}");
        }
    }

    #[test]
    fn a_name_without_a_digest_is_never_taken() {
        let (known, other) = (Digest::of(b"known"), Digest::of(b"other"));
        let file = |image: String| Released { images: BTreeMap::from([(known.to_string(), image)]) };
        let good = file(format!("ghcr.io/me/portal@{}", Digest::of(b"image")));
        assert_eq!(good.image(&known).expect("an image").pin, Some(Digest::of(b"image")));
        assert_eq!(good.image(&other), None);
        assert_eq!(file("ghcr.io/me/portal:1".into()).image(&known), None);
    }
}
