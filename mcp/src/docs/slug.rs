//! Anchors of headings, as the usual renderers make them.

use std::collections::HashMap;

/// Gives every heading of one page its own anchor.
///
/// Lower case, spaces become dashes, everything but letters, digits, dashes and underscores goes; what has been there
/// gets `-1`, `-2` and so on. A heading that is called `a-1` by itself is counted too.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    seen: HashMap<String, usize>,
}

impl Anchors {
    /// The anchor of the next heading.
    pub(super) fn next(&mut self, heading: &str) -> String {
        let plain = slug(heading);
        let mut anchor = plain.clone();
        while self.seen.contains_key(&anchor) {
            let count = self.seen.entry(plain.clone()).or_default();
            *count += 1;
            anchor = format!("{plain}-{count}");
        }
        self.seen.insert(anchor.clone(), 0);
        anchor
    }
}

fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        letter if letter.is_alphanumeric() || letter == '-' || letter == '_' => Some(letter),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_of_the_renderers() {
        let mut anchors = Anchors::default();
        let made: Vec<_> =
            ["What it is", "`up --plan`", "Über uns", "no `…` here", "What it is", "What it is-1", "What it is"]
                .iter()
                .map(|heading| anchors.next(heading))
                .collect();
        assert_eq!(
            made,
            ["what-it-is", "up---plan", "über-uns", "no--here", "what-it-is-1", "what-it-is-1-1", "what-it-is-2"]
        );
    }

    #[test]
    fn a_heading_of_signs_alone_has_a_place_too() {
        let mut anchors = Anchors::default();
        assert_eq!(anchors.next("!!!"), "");
        assert_eq!(anchors.next("???"), "-1");
    }
}
