//! What was found out about an image -> the way it takes. Pure.

use super::{DecidedImage, ImageState, Origin};

/// What is known of one image. What is not asked for, because the settings rule it out or because a better way was
/// found, is a `No` that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// It is where it is needed.
    pub here: Option<Here>,
    /// What a registry, or the bundle in its place, said.
    pub registry: Registry,
    /// What building it here would take.
    pub recipe: Recipe,
}

/// An image that is where it is needed, and what it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Here {
    /// Where it came from when it was brought there.
    pub origin: Origin,
    /// Size of the whole image, compressed; `None` if the engine has it and nobody has counted.
    pub bytes: Option<u64>,
}

/// What the registry said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registry {
    /// It answers, and would give the image.
    Has {
        /// Which registry that is.
        origin: Origin,
        /// Size of the whole image, compressed.
        bytes: u64,
        /// Bytes of it that are not here yet.
        missing: u64,
    },
    /// A bundle has it, and nobody else is asked.
    Bundled {
        /// Where it came from when the bundle was made.
        origin: Origin,
        /// Size of the whole image, compressed.
        bytes: u64,
    },
    /// Not at this moment (a rate limit, a fault of its own).
    Later {
        /// Which registry that is.
        origin: Origin,
        /// What it said, without the image's name.
        why: String,
    },
    /// It does not give the image, or is not asked.
    No(Refusal),
}

/// Why an image does not come from a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The settings want it so: nothing to tell of each image.
    Unasked,
    /// It is the stack's own, and no digest of it is known.
    Own,
    /// What the registry said, or why it said nothing.
    Said {
        /// What was said, without the image's name.
        why: String,
    },
}

/// What the recipe can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    /// It was built before, and is in the cache.
    Built {
        /// Size of the whole image, compressed.
        bytes: u64,
    },
    /// It can be built here, and was not yet.
    ToBuild,
    /// There is none, or it may not or cannot be used here.
    No {
        /// Why, without the image's name.
        why: String,
    },
}

/// The way that an image takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A way was found.
    Found {
        /// Where it stands, where it comes from, and why not from elsewhere.
        image: DecidedImage,
        /// The recipe takes over if the registry does not give it after all.
        recipe_stands_by: bool,
    },
    /// No way leads to it: why no registry gives it, and why no recipe does.
    Nowhere {
        /// Why no registry gives it; `None` if none was asked.
        registry: Option<String>,
        /// Why no recipe makes it.
        recipe: String,
    },
}

/// Takes the first way that works.
pub fn decide(facts: &Facts) -> Decision {
    if let Some(here) = facts.here {
        return found(here.origin, ImageState::Present { bytes: here.bytes }, None, false);
    }
    let has_recipe = !matches!(facts.recipe, Recipe::No { .. });
    match &facts.registry {
        Registry::Has { origin, bytes, missing } => {
            let state = ImageState::ToFetch { bytes: Some(*bytes), missing: Some(*missing) };
            found(*origin, state, None, has_recipe)
        }
        Registry::Bundled { origin, bytes } => found(*origin, ImageState::Bundled { bytes: *bytes }, None, false),
        Registry::Later { origin, why } => {
            let state = ImageState::ToFetch { bytes: None, missing: None };
            found(*origin, state, Some(why.clone()), has_recipe)
        }
        Registry::No(refusal) => by_recipe(facts, refusal),
    }
}

fn by_recipe(facts: &Facts, refusal: &Refusal) -> Decision {
    let why = refusal.why();
    match &facts.recipe {
        Recipe::Built { bytes } => found(Origin::Packages, ImageState::Built { bytes: *bytes }, why, false),
        Recipe::ToBuild => found(Origin::Packages, ImageState::ToBuild, why, false),
        Recipe::No { why: recipe } => Decision::Nowhere { registry: why, recipe: recipe.clone() },
    }
}

fn found(origin: Origin, state: ImageState, why: Option<String>, recipe_stands_by: bool) -> Decision {
    Decision::Found { image: DecidedImage { state, origin, why }, recipe_stands_by }
}

impl Refusal {
    fn why(&self) -> Option<String> {
        match self {
            Self::Unasked => None,
            Self::Own => Some(super::told::OWN.into()),
            Self::Said { why } => Some(why.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAS: Registry = Registry::Has { origin: Origin::Upstream, bytes: 10, missing: 4 };

    fn said() -> Registry {
        Registry::No(Refusal::Said { why: "quay.io has no such image".into() })
    }

    fn decided(here: Option<Here>, registry: Registry, recipe: Recipe) -> Decision {
        decide(&Facts { here, registry, recipe })
    }

    #[test]
    fn what_is_here_is_taken_before_anything_is_asked_or_built() {
        let here = Some(Here { origin: Origin::Packages, bytes: Some(7) });
        let Decision::Found { image, .. } = decided(here, HAS, Recipe::ToBuild) else { panic!("nowhere") };
        assert_eq!((image.origin, image.state), (Origin::Packages, ImageState::Present { bytes: Some(7) }));
    }

    #[test]
    fn upstream_comes_before_the_recipe_which_stands_by() {
        let Decision::Found { image, recipe_stands_by } = decided(None, HAS, Recipe::Built { bytes: 9 }) else {
            panic!("nowhere")
        };
        let state = ImageState::ToFetch { bytes: Some(10), missing: Some(4) };
        assert_eq!((image.origin, image.state, image.why, recipe_stands_by), (Origin::Upstream, state, None, true));
    }

    #[test]
    fn the_recipe_takes_over_and_says_why() {
        let Decision::Found { image, recipe_stands_by } = decided(None, said(), Recipe::ToBuild) else {
            panic!("nowhere")
        };
        assert_eq!((image.origin, image.state), (Origin::Packages, ImageState::ToBuild));
        assert_eq!((image.why.as_deref(), recipe_stands_by), (Some("quay.io has no such image"), false));
    }

    #[test]
    fn a_rate_limit_is_waited_for_before_anything_is_built() {
        let later = Registry::Later { origin: Origin::Upstream, why: "docker.io limits".into() };
        let Decision::Found { image, recipe_stands_by } = decided(None, later, Recipe::ToBuild) else {
            panic!("nowhere")
        };
        assert!(matches!(image.state, ImageState::ToFetch { bytes: None, .. }) && recipe_stands_by);
    }

    #[test]
    fn without_any_way_both_reasons_are_kept() {
        let decision = decided(None, said(), Recipe::No { why: "it has no recipe".into() });
        let registry = Some("quay.io has no such image".into());
        assert_eq!(decision, Decision::Nowhere { registry, recipe: "it has no recipe".into() });
    }
}
