//! Where the tools of a build run: on this machine where it has them, else in a builder container.
//!
//! That is decided for each set of tools: a machine that lacks npm alone still compiles Go with its own Go and its own
//! caches. The container is started when the first layer needs it, once for all builds of a process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::Architecture;
use super::apt_sources::Sources;
use super::container::{self, Container, ContainerPlan, Unusable};
use super::error::BuildError;
use super::process::Tool;
use super::tools::{self, HostTools, Toolset};
use backstack_common::report::Progress;
use backstack_stack::recipe::{ImageRecipe, Layer};

/// The tools of a builder.
pub(crate) struct Toolbox {
    pub host: HostTools,
    cache: PathBuf,
    /// None: what is missing is an error.
    pub container: Option<ContainerPlan>,
    /// Whoever cannot have it once is not asked again.
    started: OnceCell<Result<Arc<Container>, Unusable>>,
}

impl Toolbox {
    pub(crate) fn new(cache: &Path) -> Self {
        Self { host: HostTools::default(), cache: cache.into(), container: None, started: OnceCell::new() }
    }

    /// Sees to it that the tools of a layer of an image for such a machine can be run, and tells what that takes.
    ///
    /// # Errors
    /// A tool is missing, and no container can take over.
    pub(crate) async fn prepare(
        &self,
        layer: &Layer,
        target: Architecture,
        progress: &Progress,
    ) -> Result<(), BuildError> {
        for set in Toolset::of(layer, target) {
            self.prepare_set(set, progress).await?;
        }
        Ok(())
    }

    /// The same for one set of tools.
    ///
    /// # Errors
    /// As [`Toolbox::prepare`].
    pub(crate) async fn prepare_set(&self, set: Toolset, progress: &Progress) -> Result<(), BuildError> {
        self.place(set, progress).await.map(drop)
    }

    /// A tool of a set.
    ///
    /// # Errors
    /// As [`Toolbox::prepare`].
    pub(crate) async fn tool(&self, set: Toolset, program: &str, what: impl Into<String>) -> Result<Tool, BuildError> {
        self.at_priority(set, program, what.into(), false).await
    }

    /// A tool that should leave the machine to others (through `nice`, where there is one).
    ///
    /// # Errors
    /// As [`Toolbox::prepare`].
    pub(crate) async fn gentle(
        &self,
        set: Toolset,
        program: &str,
        what: impl Into<String>,
    ) -> Result<Tool, BuildError> {
        self.at_priority(set, program, what.into(), true).await
    }

    async fn at_priority(&self, set: Toolset, program: &str, what: String, gentle: bool) -> Result<Tool, BuildError> {
        if let Some(container) = self.place(set, &Progress::silent()).await? {
            return Ok(Tool::contained(container, program, gentle, what));
        }
        let Some(path) = self.host.find(program) else {
            return Err(BuildError::ToolMissing { tool: program.into(), needed_for: what });
        };
        let nice = self.host.find("nice").filter(|_| gentle);
        Ok(Tool::here(&path, nice.as_deref(), what))
    }

    /// Where Debian packages come from, and the keys that they are signed with.
    ///
    /// # Errors
    /// As [`Toolbox::prepare`].
    pub(crate) async fn debian_sources(&self, suite: &str) -> Result<Sources, BuildError> {
        Ok(match self.place(Toolset::Debian, &Progress::silent()).await? {
            Some(container) => container.debian_sources(suite),
            None => Sources::of_host(suite),
        })
    }

    /// The container, if a tool of the set is missing here.
    async fn place(&self, set: Toolset, progress: &Progress) -> Result<Option<Arc<Container>>, BuildError> {
        let missing = self.host.missing_of(set);
        let Some(tool) = missing.first() else { return Ok(None) };
        // It has no compilers for other machines: they would be many megabytes that hardly anybody needs.
        let Some(plan) = self.container.as_ref().filter(|_| set.compiles_for_this_machine()) else {
            return Err(BuildError::ToolMissing { tool: (*tool).into(), needed_for: set.purpose().into() });
        };
        let start = || async { container::start(plan, &self.host, &self.cache, progress).await.map(Arc::new) };
        match self.started.get_or_init(start).await {
            Ok(container) => Ok(Some(container.clone())),
            Err(unusable) => Err(BuildError::NoBuilder {
                tool: (*tool).into(),
                needed_for: set.purpose().into(),
                why: unusable.why.clone(),
                hint: unusable.hint.clone(),
            }),
        }
    }

    /// The tools that recipes need, for people.
    pub(crate) fn named(recipes: &[ImageRecipe], target: Architecture) -> String {
        tools::names(recipes, target).join(", ")
    }
}
