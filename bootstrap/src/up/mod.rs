//! `up`, as a library: request -> situation -> plan -> done.
//!
//! ```text
//! request      what was asked for, judged before anything answers
//! situation    what there is, and what was decided: settings, stack, images
//! stack        the stack with what was added to it and left out of it
//! images       where each image comes from
//! observation  what exists already
//! run          the plan carried out, and what came of it
//! ```
//!
//! [`prepare`] touches nothing; [`execute`] does what the plan says. What differs from one kind of cluster to the other is in
//! [`crate::target`].

use serde_json::{Value, json};

use self::request::Requested;
use self::situation::Situation;
use self::stack::Loaded;
use crate::docker::ClusterError;
use crate::doctor::{self, Check};
use crate::error::Failure;
use crate::execute::Context;
use crate::origin::Told;
use crate::plan::{self, ClusterImages, Plan};
use crate::report::units;
use crate::settings::ImageSource;
use crate::target::{ConnectError, Destination, Target, Touch};

mod checkpoint;
pub mod everything;
mod images;
mod observation;
mod parameters;
mod request;
mod restore;
mod run;
mod situation;
mod stack;
mod wanting;

pub use images::{DecidedImages, Images, Machine, Resolved, limits as image_limits};
pub use request::UpRequest;
pub use run::{Outcome, Ready, RouteUrl, execute, routes};
pub use stack::{AddWish, Adding};

/// A plan, and everything that carrying it out needs.
pub struct Prepared {
    /// The steps, each after those that it needs.
    pub plan: Plan,
    /// What the steps share.
    pub context: Context,
    /// Where images come from, and why.
    pub images: Told,
    /// Checks of `doctor` that are not well, and what registries warned of: one line each.
    pub warnings: Vec<String>,
    /// What is different from the stack itself, one sentence each.
    pub notes: Vec<String>,
    /// What is added, if that is all that is done.
    pub adding: Option<Adding>,
}

/// Finds out what has to be done. Nothing is touched but a probe of the engine's privileges.
///
/// # Errors
/// Wrong settings or stack, no engine or cluster, unmet prerequisites, all explained.
pub async fn prepare(request: UpRequest) -> Result<Prepared, Failure> {
    let (skip, touch) = (request.skip_checks, if request.only_look { Touch::Nothing } else { Touch::Start });
    let asked = Requested::read(request)?;
    let target = asked.target.connect().await?;
    let situation = Situation::look(asked, &target, touch).await?;
    let warnings = situation.judge(skip).await?;
    let observed = situation.observe().await?;
    let plan = plan::build(&situation.inputs(), &observed);
    situation.prepared(plan, warnings)
}

/// Checks what [`prepare`] checks, and gives all checks.
///
/// # Errors
/// As [`prepare`], but for the checks themselves.
pub async fn check(request: UpRequest) -> Result<Vec<Check>, Failure> {
    let asked = Requested::read(request)?;
    let target = match asked.target.connect().await {
        Err(ConnectError::Engine(error)) => return check_without_engine(asked, &error).await,
        other => other?,
    };
    let situation = Situation::look(asked, &target, Touch::NothingGuess).await?;
    let mut checks = situation.check().await?;
    checks.extend(situation.check_images());
    Ok(checks)
}

/// What still can be said of a machine where no engine answers.
async fn check_without_engine(asked: Requested, error: &ClusterError) -> Result<Vec<Check>, Failure> {
    let settings = asked.wishes.decide(&asked.name, None, &asked.cluster.file.kubernetes)?;
    let files = asked.files.map_or_else(|| stack::read(&settings), Ok)?;
    let Loaded { settings, stack, .. } = stack::load(settings, &files, None, &Target::Local)?;
    let images = Images::of(&settings, &stack, &asked.cluster, None, ClusterImages::ALL, &Machine::here())?;
    // Without an engine no image goes anywhere: no registry is asked, and only what is asked for is known to be built.
    let (stack, building) = match settings.images {
        ImageSource::Source => {
            let Resolved { images, stack, decided } = images.decide(stack, Destination::Unknown).await?;
            let building = images.building(&decided, None).await?;
            (stack, building)
        }
        _ => (stack, None),
    };
    let facts = doctor::facts::without_engine(error, &settings, building).await;
    Ok(doctor::judge(&facts, &doctor::Wants::here(&stack, settings.workers)))
}

impl Prepared {
    /// The head line, for people.
    pub fn headline(&self) -> String {
        let (count, all, missing) = self.plan.images();
        let size = match (all, missing) {
            (Some(all), Some(missing)) => {
                format!("{count} images ({}, {} to move)", units::bytes(all), units::bytes(missing))
            }
            _ => format!("{count} images"),
        };
        let stack = &self.context.stack;
        let (components, told) = (units::count(stack.components.len(), "component"), &self.images);
        let lines: Vec<_> = std::iter::once(&told.headline).chain(&told.taken_over).cloned().collect();
        format!("{} {}  ·  {components}  ·  {size}\n{}\n", stack.name, stack.version, lines.join("\n"))
    }

    /// Numbers of images and bytes, where they come from and why, for programs.
    pub fn image_facts(&self) -> Value {
        let (count, all, missing) = self.plan.images();
        json!({"count": count, "bytes": all, "bytes_to_move": missing, "source": self.images.headline, "taken_over": self.images.taken_over})
    }
}
