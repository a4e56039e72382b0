//! Images that no way leads to.

use crate::error::{ExitKind, Explain};

/// An image that cannot be had, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nowhere {
    /// The component that needs it.
    pub component: String,
    /// Its reference, as the stack names it.
    pub image: String,
    /// Why no registry gives it; nothing where none is asked.
    pub registry: Option<String>,
    /// Why no recipe makes it.
    pub recipe: String,
}

impl Nowhere {
    /// `image: why; why`.
    pub fn text(&self) -> String {
        format!("{}: {}", self.image, self.why())
    }

    /// Both reasons in one sentence.
    pub fn why(&self) -> String {
        let recipe = self.recipe.trim_end_matches('.');
        match &self.registry {
            Some(registry) => format!("{registry}; {recipe}"),
            None => recipe.to_string(),
        }
    }
}

/// Where images come from could not be decided for all of them.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// No way leads to these, and the platform cannot do without them.
    #[error("{} cannot be had", .0.iter().map(|one| one.image.as_str()).collect::<Vec<_>>().join(", "))]
    Nowhere(Vec<Nowhere>),
}

impl Explain for OriginError {
    fn kind(&self) -> ExitKind {
        ExitKind::Image
    }

    fn details(&self) -> Vec<String> {
        let Self::Nowhere(images) = self;
        images.iter().map(|one| format!("{} (component {})", one.text(), one.component)).collect()
    }

    fn hints(&self) -> Vec<String> {
        vec![
            "`--images auto`, the default, takes each image from its registry or builds it, whichever works.".into(),
            "Behind a proxy, set HTTPS_PROXY and NO_PROXY; a registry that wants a sign-in: `docker login HOST`."
                .into(),
        ]
    }
}
