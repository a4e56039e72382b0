//! What a stack's image is wanted as: its reference, and the digest that it must have.

use super::model::ImageRef;
use backstack_images::Wanted;
use backstack_images::digest::{Digest, InvalidDigest};
use backstack_images::reference::InvalidReference;

impl TryFrom<&ImageRef> for Wanted {
    type Error = InvalidReference;

    fn try_from(image: &ImageRef) -> Result<Self, InvalidReference> {
        let invalid = |reason: String| InvalidReference { text: image.reference.clone(), reason };
        let mut wanted = Self::new(image.reference.parse()?);
        if let Some(text) = &image.digest {
            let pin: Digest = text.parse().map_err(|error: InvalidDigest| invalid(error.to_string()))?;
            if wanted.pin.as_ref().is_some_and(|own| *own != pin) {
                return Err(invalid(format!("its own digest and `digest: {pin}` differ")));
            }
            wanted.pin = Some(pin);
        }
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_different_digests_are_a_contradiction() {
        let image = |reference: String, digest: &Digest| ImageRef {
            own: false,
            reference,
            digest: Some(digest.to_string()),
            recipe: None,
            missing: None,
        };
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let wanted = Wanted::try_from(&image(format!("quay.io/a/b:1@{one}"), &one)).expect("the same digest");
        assert_eq!(wanted.pin, Some(one.clone()));
        assert!(Wanted::try_from(&image(format!("quay.io/a/b:1@{one}"), &two)).is_err());
    }
}
