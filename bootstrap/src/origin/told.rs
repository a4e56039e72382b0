//! The decisions of a run in a few lines, for people.

use std::collections::BTreeMap;

use super::{DecidedImage, ImageState, Origin};
use crate::report::units;
use crate::settings::ImageSource;

/// Why an own image is built here, as the reason of one image.
pub const OWN: &str = "no registry is asked for it by name alone: it is the stack's own";
/// So many names are told; of more, the number.
const NAMES: usize = 4;

/// Where images come from, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// One line about all of them.
    pub headline: String,
    /// One line for each reason why recipes took over.
    pub taken_over: Vec<String>,
}

impl Told {
    /// Puts the decisions into words; images are named by their references.
    pub fn of(mode: ImageSource, images: &BTreeMap<String, DecidedImage>) -> Self {
        let asked = match mode {
            ImageSource::Auto => "",
            ImageSource::Registry => ", none built, as asked for",
            ImageSource::Source => ", none fetched, as asked for",
        };
        Self { headline: format!("Images: {}{asked}.", counts(images)), taken_over: taken_over(images) }
    }
}

fn counts(images: &BTreeMap<String, DecidedImage>) -> String {
    let count = |is: fn(&DecidedImage) -> bool| images.values().filter(|image| is(image)).count();
    let is_here = |image: &DecidedImage| matches!(image.state, ImageState::Present { .. });
    let parts = [
        (count(is_here), "here already"),
        (count(|image| matches!(image.state, ImageState::ToFetch { .. })), "from registries"),
        (count(|image| matches!(image.state, ImageState::Built { .. })), "built here earlier"),
        (count(|image| matches!(image.state, ImageState::ToBuild)), "to be built here from packages"),
    ];
    let told: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if told.is_empty() { "none is needed".into() } else { told.join(", ") }
}

fn taken_over(images: &BTreeMap<String, DecidedImage>) -> Vec<String> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, image) in images {
        let open = matches!(image.state, ImageState::ToBuild | ImageState::Built { .. });
        if let Some(why) = image.why.as_deref().filter(|_| image.origin == Origin::Packages && open) {
            reasons.entry(why).or_default().push(name);
        }
    }
    reasons.iter().map(|(why, names)| line(why, names)).collect()
}

/// `WHY: built from packages instead: a, b`.
fn line(why: &str, names: &[&str]) -> String {
    let named = match names.len() {
        0..=NAMES => names.join(", "),
        count => format!("{} and {} more", names[..NAMES - 1].join(", "), count - (NAMES - 1)),
    };
    match why {
        OWN => {
            format!("The stack's own {} built here, since no digest of a release is known: {named}.", are(names.len()))
        }
        _ => format!("{why}: {} from packages instead: {named}.", built(names.len())),
    }
}

fn are(count: usize) -> String {
    format!("{} {}", units::count(count, "image"), if count == 1 { "is" } else { "are" })
}

fn built(count: usize) -> &'static str {
    if count == 1 { "built" } else { "all built" }
}

/// The line for an image whose recipe takes over in the middle of a run.
pub fn late(image: &str, why: &str) -> String {
    line(why, &[image])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(state: ImageState, origin: Origin, why: Option<&str>) -> DecidedImage {
        DecidedImage { state, origin, why: why.map(Into::into) }
    }

    #[test]
    fn each_reason_is_one_line_with_the_images() {
        let silent = "quay.io cannot be reached: it did not answer within 4 s";
        let images = BTreeMap::from([
            ("a".into(), image(ImageState::ToFetch { bytes: None, missing: None }, Origin::Upstream, None)),
            ("b".into(), image(ImageState::ToBuild, Origin::Packages, Some(OWN))),
            ("c".into(), image(ImageState::ToBuild, Origin::Packages, Some(silent))),
            ("d".into(), image(ImageState::Built { bytes: 1 }, Origin::Packages, Some(silent))),
            ("e".into(), image(ImageState::Present { bytes: None }, Origin::Packages, Some(silent))),
        ]);
        let told = Told::of(ImageSource::Auto, &images);
        assert_eq!(
            told.headline,
            "Images: 1 here already, 1 from registries, 1 built here earlier, 2 to be built here from packages."
        );
        assert_eq!(
            told.taken_over,
            [
                "The stack's own 1 image is built here, since no digest of a release is known: b.".to_string(),
                format!("{silent}: all built from packages instead: c, d."),
            ]
        );
    }

    #[test]
    fn of_many_images_some_are_named() {
        let names: Vec<_> = (0..9).map(|number| format!("i{number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert_eq!(line("x", &names), "x: all built from packages instead: i0, i1, i2 and 6 more.");
    }
}
