//! What a bundle has is known before anything is asked: then no registry is asked for it, and nothing of it is built.

use super::ImagePlan;
use crate::build::{Architecture, BuiltImage};
use crate::error::Failure;
use crate::images::bundle::BundledImage;
use crate::images::manifest::Raw;
use crate::images::reference::Wanted;
use crate::images::upstream::Upstream;
use crate::images::{Bundle, BundleError, Digest};

/// The images of a bundle that were built from recipes.
///
/// # Errors
/// What was kept of one is damaged.
pub fn built(bundle: &Bundle, architecture: Architecture) -> Result<Vec<BuiltImage>, BundleError> {
    let kept = bundle.images_for(architecture.as_str()).filter_map(|image| image.built.as_ref());
    let read = |digest: &Digest| Ok(serde_json::from_slice(&bundle.read(digest)?)?);
    kept.map(|digest| read(digest).map_err(|error: std::io::Error| broken(bundle, &error))).collect()
}

/// Makes known those of these images that the bundle has from registries.
///
/// # Errors
/// A manifest in it is damaged.
pub fn announce<'a>(
    bundle: &Bundle,
    architecture: Architecture,
    images: impl Iterator<Item = &'a ImagePlan>,
    upstream: &Upstream,
) -> Result<(), Failure> {
    for image in images {
        let Some(wanted) = &image.wanted else { continue };
        let mut of_machine = bundle.images_for(architecture.as_str());
        let Some(found) = of_machine.find(|bundled| is_wanted(bundled, wanted)) else { continue };
        let bytes = bundle.read(&found.manifest.digest).map_err(|error| broken(bundle, &error))?;
        let manifest = Raw { media_type: found.manifest.media_type.clone(), bytes };
        upstream.know(wanted, found.chosen_from.clone(), manifest)?;
    }
    Ok(())
}

/// Whether it is the image of that name, fetched, with the digest that it must have.
fn is_wanted(bundled: &BundledImage, wanted: &Wanted) -> bool {
    let has = |pin: &Digest| bundled.chosen_from.as_ref() == Some(pin) || bundled.manifest.digest == *pin;
    bundled.built.is_none() && bundled.reference == wanted.here().to_string() && wanted.pin.as_ref().is_none_or(has)
}

fn broken(bundle: &Bundle, error: &std::io::Error) -> BundleError {
    BundleError::Broken { path: bundle.path.clone(), what: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::Descriptor;

    #[test]
    fn an_image_is_wanted_by_its_name_and_its_digest() {
        let manifest = Descriptor { media_type: "m".into(), digest: Digest::of(b"m"), size: 1 };
        let image = BundledImage {
            reference: "quay.io/a/b:1".into(),
            architecture: "amd64".into(),
            manifest,
            chosen_from: Some(Digest::of(b"i")),
            built: None,
        };
        let wanted = |text: &str| Wanted::new(text.parse().expect("a reference"));
        let pinned = |bytes: &[u8]| {
            let mut wanted = wanted("quay.io/a/b:1");
            wanted.pin = Some(Digest::of(bytes));
            wanted
        };
        assert!(is_wanted(&image, &wanted("quay.io/a/b:1")) && !is_wanted(&image, &wanted("quay.io/a/b:2")));
        assert!(
            is_wanted(&image, &pinned(b"i")) && is_wanted(&image, &pinned(b"m")) && !is_wanted(&image, &pinned(b"x"))
        );
        // What was built from packages is not what the registry has under this name.
        assert!(!is_wanted(&BundledImage { built: Some(Digest::of(b"b")), ..image }, &wanted("quay.io/a/b:1")));
    }
}
