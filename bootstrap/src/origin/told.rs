//! The decisions of a run in a few lines, for people.

use std::collections::{BTreeMap, BTreeSet};

use super::{DecidedImage, ImageState, Origin};
use crate::settings::ImageSource;

/// Why an own image is built here, as the reason of one image.
pub const OWN: &str = "the stack's own: no registry is asked for it by name alone";
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
        (count(|image| matches!(image.state, ImageState::Bundled { .. })), "from the bundle"),
        (count(|image| matches!(image.state, ImageState::ToFetch { .. })), "from registries"),
        (count(|image| matches!(image.state, ImageState::Built { .. })), "built here earlier"),
        (count(|image| matches!(image.state, ImageState::ToBuild)), "to be built here from packages"),
    ];
    let told: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if told.is_empty() { "none is needed".into() } else { told.join(", ") }
}

/// One line for each reason; what several registries have in common is told once.
fn taken_over(images: &BTreeMap<String, DecidedImage>) -> Vec<String> {
    let mut reasons: BTreeMap<&str, (BTreeSet<&str>, Vec<&str>)> = BTreeMap::new();
    for (name, image) in images {
        let open = matches!(image.state, ImageState::ToBuild | ImageState::Built { .. });
        let Some(why) = image.why.as_deref().filter(|_| image.origin == Origin::Packages && open) else { continue };
        let host = name.split('/').next().unwrap_or_default();
        let said = why.strip_prefix(host).and_then(|rest| rest.strip_prefix(' '));
        let (hosts, names) = reasons.entry(said.unwrap_or(why)).or_default();
        hosts.extend(said.map(|_| host));
        names.push(name);
    }
    let hosts = |hosts: BTreeSet<&str>| hosts.into_iter().map(|host| format!("{host}, ")).collect::<String>();
    let lines = reasons.into_iter().map(|(why, (of, names))| {
        let subject = hosts(of);
        line(&format!("{} {why}", subject.trim_end_matches(", ")), &names)
    });
    lines.collect()
}

/// `WHY: built from packages instead: a, b`.
fn line(why: &str, names: &[&str]) -> String {
    let named = match names.len() {
        0..=NAMES => names.join(", "),
        count => format!("{} and {} more", names[..NAMES - 1].join(", "), count - (NAMES - 1)),
    };
    match why.trim_start() {
        OWN => format!("The stack's own images are built here, as no release of them is known: {named}."),
        why => format!("{why}; built from packages instead: {named}."),
    }
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
        let silent = |host: &str| format!("{host} cannot be reached: it did not answer within 4 s");
        let to_build = |why: &str| image(ImageState::ToBuild, Origin::Packages, Some(why));
        let built = |why: &str| image(ImageState::Built { bytes: 1 }, Origin::Packages, Some(why));
        let here = ImageState::Present { bytes: None };
        let images = BTreeMap::from([
            ("a/1".into(), image(ImageState::ToFetch { bytes: None, missing: None }, Origin::Upstream, None)),
            ("b/1".into(), to_build(OWN)),
            ("c.org/1".into(), to_build(&silent("c.org"))),
            ("d.org/1".into(), built(&silent("d.org"))),
            ("d.org/2".into(), built("d.org has no such image")),
            ("e.org/1".into(), image(here, Origin::Packages, Some("e.org has no such image"))),
        ]);
        let told = Told::of(ImageSource::Auto, &images);
        let counts = "1 here already, 1 from registries, 2 built here earlier, 2 to be built here from packages";
        assert_eq!(told.headline, format!("Images: {counts}."));
        assert_eq!(
            told.taken_over,
            [
                "c.org, d.org cannot be reached: it did not answer within 4 s; built from packages instead: c.org/1, d.org/1.",
                "d.org has no such image; built from packages instead: d.org/2.",
                "The stack's own images are built here, as no release of them is known: b/1.",
            ]
        );
    }

    #[test]
    fn of_many_images_some_are_named() {
        let names: Vec<_> = (0..9).map(|number| format!("i{number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert_eq!(line("x", &names), "x; built from packages instead: i0, i1, i2 and 6 more.");
    }
}
