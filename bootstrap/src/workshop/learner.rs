//! A track as it is for one of several learners: what everybody makes for themselves has a name of its own.
//!
//! The words for that are named by the track. They are changed in the page's text, before it is read: so what a learner reads,
//! types, sees and is asked for changes together.

use super::WorkshopError;
use super::track::Track;

/// What a learner is called who has a platform alone.
pub const LEARNER: &str = "learner";
/// A learner's name becomes part of names of namespaces and Applications.
const LONGEST: usize = 20;

/// Whether somebody may learn under this name beside others.
///
/// # Errors
/// [`WorkshopError::Learner`] with why not.
pub fn check_name(name: &str) -> Result<(), WorkshopError> {
    let why = match crate::docker::names::name_problem(name) {
        None if name.len() > LONGEST => Some("it is longer than 20 characters"),
        None if !name.starts_with(|first: char| first.is_ascii_lowercase()) => Some("it begins with no letter"),
        problem => problem,
    };
    why.map_or(Ok(()), |why| Err(WorkshopError::Learner { name: name.into(), why }))
}

/// The page of a track with a learner's own names.
pub(super) fn renamed(source: &str, track: &Track, learner: &str) -> String {
    let mut text = source.replace(&format!("`{}`", track.user), &format!("`{learner}`"));
    for word in &track.own {
        text = with_word(&text, word, &format!("{word}-{learner}"));
    }
    text
}

/// A text with another word in place of one that stands alone, or before a dash, a dot, a slash or the like.
fn with_word(text: &str, word: &str, other: &str) -> String {
    let joins = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut changed = String::with_capacity(text.len());
    let mut last = 0;
    for (at, _) in text.match_indices(word) {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        // A word after a dash is the end of another name.
        if before.is_none_or(|letter| !joins(letter) && letter != '-') && after.is_none_or(|letter| !joins(letter)) {
            changed.push_str(&text[last..at]);
            changed.push_str(other);
            last = at + word.len();
        }
    }
    changed.push_str(&text[last..]);
    changed
}

#[cfg(test)]
mod tests {
    use super::super::{find, find_for, tracks};
    use super::*;

    #[test]
    fn a_word_is_changed_where_it_is_a_name_or_begins_one() {
        let text = "lab/app/shop.yaml, lab-app-shop, -n lab, namespace: lab\n**lab**; collab, labour, my-lab, lab_x";
        assert_eq!(
            with_word(text, "lab", "lab-ada"),
            "lab-ada/app/shop.yaml, lab-ada-app-shop, -n lab-ada, namespace: lab-ada\n**lab-ada**; collab, labour, my-lab, lab_x"
        );
    }

    #[test]
    fn a_learners_name_can_be_part_of_others() {
        for good in ["ada", "team-7", "a"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "Ada", "7", "ada.l", "-a", "ada-of-the-many-letters"] {
            assert!(matches!(check_name(bad), Err(WorkshopError::Learner { .. })), "{bad}");
        }
    }

    #[test]
    fn every_track_for_several_keeps_its_steps_and_shares_nothing_that_it_makes() {
        let several: Vec<_> = tracks().expect("tracks").into_iter().filter(|track| !track.own.is_empty()).collect();
        assert!(!several.is_empty(), "no track is for several learners");
        for track in several {
            let ada = find_for(&track.name, "ada").expect("hers");
            let ids = |track: &Track| track.steps.iter().map(|step| step.id.clone()).collect::<Vec<_>>();
            assert_eq!(ids(&track), ids(&ada));
            assert_eq!((ada.user.as_str(), ada.page.as_str()), ("ada", track.page.as_str()));
            let made = super::super::back::files(&ada);
            assert!(!made.is_empty());
            let others = super::super::back::files(&find_for(&track.name, "bob").expect("his"));
            assert!(made.iter().all(|file| !others.contains(file)), "{made:?}");
        }
    }

    #[test]
    fn a_track_that_changes_what_all_share_is_for_one_alone() {
        let alone = tracks().expect("tracks").into_iter().find(|track| track.own.is_empty()).expect("one");
        assert!(matches!(find_for(&alone.name, "ada"), Err(WorkshopError::Alone { .. })));
        assert_eq!(find_for(&alone.name, LEARNER).expect("the track"), find(&alone.name).expect("the track"));
    }
}
