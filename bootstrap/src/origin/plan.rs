//! An image, and the ways in which it can be had.

use std::sync::OnceLock;

use super::Origin;
use super::released;
use crate::build::{BuildError, Builder, BuiltImage};
use crate::error::Failure;
use crate::images::reference::Wanted;
use crate::images::{Digest, ImageError, Reference};
use crate::stack::files::FileTree;
use crate::stack::model::ImageRef;

/// An image of a component or of the cluster.
#[derive(Debug, Clone)]
pub struct ImagePlan {
    /// Its reference, as the stack or the settings write it.
    pub name: String,
    /// The same, read.
    pub reference: Reference,
    /// What a registry is asked for; none where no registry is asked.
    pub wanted: Option<Wanted>,
    /// Folder of the recipe, below that of its component; `None` if it has none.
    pub recipe: Option<FileTree>,
    /// Why no package can build it, where the stack says so.
    pub missing: Option<String>,
    /// Where it comes from. Before that is decided: where it would come from first.
    pub origin: Origin,
    /// The recipe takes over if a registry does not give it after all.
    pub recipe_stands_by: bool,
    /// Computed once: it reads all files of the recipe.
    key: OnceLock<Digest>,
}

impl ImagePlan {
    /// An image that a registry is asked for, and nothing else.
    pub fn fetched(reference: Reference) -> Self {
        let wanted = Some(Wanted::new(reference.clone()));
        Self {
            name: reference.to_string(),
            reference,
            wanted,
            recipe: None,
            missing: None,
            origin: Origin::Upstream,
            recipe_stands_by: false,
            key: OnceLock::new(),
        }
    }

    /// An image of a stack. `tree` is the folder of its component, below which recipes lie.
    ///
    /// A stack's own image is fetched by a digest or not at all: whoever owns its name on a public registry could
    /// put anything there. The digest is the stack's, or the one that this program's release wrote down for the very
    /// recipe.
    ///
    /// # Errors
    /// The reference or the digest is none, or the recipe of an own image cannot be read.
    pub fn of(image: &ImageRef, tree: &FileTree, builder: &Builder) -> Result<Self, Failure> {
        let wanted = Wanted::try_from(image).map_err(ImageError::from)?;
        let recipe = image.recipe.as_ref().map(|recipe| tree.join(&format!("images/{recipe}")));
        let mut plan = Self {
            name: image.reference.clone(),
            recipe,
            missing: image.missing.clone(),
            ..Self::fetched(wanted.reference.clone())
        };
        if image.own && wanted.pin.is_none() {
            let released = match plan.key(builder)? {
                Some(key) => released::of_recipe(key),
                None => None,
            };
            plan.origin = if released.is_some() { Origin::Release } else { Origin::Packages };
            plan.wanted = released.map(|wanted| wanted.kept_as(plan.reference.clone()));
        } else {
            plan.wanted = Some(wanted);
        }
        Ok(plan)
    }

    /// The key of its recipe, if it has one.
    ///
    /// # Errors
    /// The recipe or a file that it uses is missing or malformed.
    pub fn key(&self, builder: &Builder) -> Result<Option<&Digest>, BuildError> {
        let Some(recipe) = &self.recipe else { return Ok(None) };
        if let Some(key) = self.key.get() {
            return Ok(Some(key));
        }
        let key = builder.key(recipe)?;
        Ok(Some(self.key.get_or_init(|| key)))
    }

    /// The image that was built from the recipe earlier, if all of it is still in the cache.
    ///
    /// # Errors
    /// As [`ImagePlan::key`].
    pub fn built(&self, builder: &Builder) -> Result<Option<BuiltImage>, BuildError> {
        Ok(self.key(builder)?.and_then(|key| builder.cached(key)))
    }

    /// The digest that a registry's image must have, where there is one.
    pub fn pin(&self) -> Option<&Digest> {
        self.wanted.as_ref().and_then(|wanted| wanted.pin.as_ref())
    }
}
