//! `up`, as a library: wishes -> settings -> stack -> machine -> what exists -> plan -> done.
//!
//! [`prepare`] touches nothing; [`execute`] does what the plan says.

use serde_json::{Value, json};
use std::path::PathBuf;

use crate::checkpoint::Portable;
use crate::docker::observe::{self, ObservedPlatform};
use crate::docker::{ClusterError, Engine, kubeconfig, locks, mode, registry};
use crate::doctor::{self, Check};
use crate::error::Failure;
use crate::execute::Context;
use crate::execute::context::{Own, Place, StepOutputs};
use crate::folders;
use crate::images::{ImageError, Reference};
use crate::origin::{OriginError, Told};
use crate::plan::{self, ClusterImages, Plan, PlannedComponent};
use crate::report::units;
use crate::settings::Record;
use crate::settings::{self, ImageSource, UpSettings, UpWishes};
use crate::stack::{ClusterSpec, Stack};

mod checkpoint;
pub mod everything;
mod existing;
mod images;
mod observation;
mod parameters;
mod reach;
mod restore;
mod run;
mod stack;
pub(crate) mod wanting;

pub use images::{DecidedImages, Images, Machine, limits as image_limits};
pub use run::{Outcome, Ready, RouteUrl, execute, routes};
pub use stack::{AddWish, Adding};

/// What was asked for.
#[derive(Debug, Clone)]
pub struct UpRequest {
    /// The platform that is made or changed, as `--name` has it.
    pub name: String,
    /// What flags and environment say; the settings file is asked for the rest.
    pub wishes: UpWishes,
    /// Settings file that was asked for by name.
    pub config: Option<PathBuf>,
    /// Go on although checks failed.
    pub skip_checks: bool,
    /// Nothing may be touched: a platform that is stopped stays so.
    pub only_look: bool,
    /// kubeconfig context of a cluster that somebody else made.
    pub context: Option<String>,
    /// Add this to a platform that exists, and leave the rest of it alone.
    pub add: Option<AddWish>,
    /// The settings file, which says how a platform is made, is not asked.
    pub as_it_is: bool,
}

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

/// What was asked for, as far as it can be judged without an engine.
struct Requested {
    name: String,
    wishes: UpWishes,
    cluster: ClusterSpec,
    add: Option<AddWish>,
    checkpoint: Option<Portable>,
}

/// Everything up to the engine's own facts.
struct Situation {
    engine: Engine,
    settings: UpSettings,
    stack: Stack,
    cluster: ClusterSpec,
    existing: Option<ObservedPlatform>,
    /// A client of the platform that exists, if its API answers.
    live: Option<kube::Client>,
    /// How the nodes of the platform that exists run.
    mode: Option<mode::NodeMode>,
    /// What the last `up` recorded.
    record: Option<Record>,
    adding: Option<Adding>,
    /// What a new cluster begins with.
    checkpoint: Option<Portable>,
}

/// Finds out what has to be done. Nothing is touched but a probe of the engine's privileges.
///
/// # Errors
/// Wrong settings or stack, no engine, unmet prerequisites, all explained.
pub async fn prepare(request: UpRequest) -> Result<Prepared, Failure> {
    if let Some(context) = request.context.clone() {
        return existing::prepare(request, &context).await;
    }
    let (skip, touch) = (request.skip_checks, if request.only_look { Touch::Nothing } else { Touch::Start });
    let (asked, engine) = (Requested::read(request)?, Engine::connect().await?);
    let sharing = if touch == Touch::Start { locks::using().await } else { None };
    let mut situation = situation(asked, engine, touch).await?;
    let (images, decided, mode) = situation.images().await?;
    let checks = checks(&situation, &images, &decided, &mode).await?;
    if doctor::has_failed(&checks) && !skip {
        return Err(doctor::Unmet(checks).into());
    }
    if !decided.nowhere.is_empty() {
        let flags = wanting::flags(&situation.settings.name, None);
        let failure = OriginError::Nowhere(decided.nowhere).into();
        return Err(wanting::told(failure, &situation.stack, &situation.settings.changes, &flags));
    }
    let mut warnings: Vec<_> =
        checks.iter().filter(|check| check.verdict != doctor::Verdict::Ok).map(Check::line).collect();
    let existing = situation.existing.clone();
    let observed =
        observation::observe(&situation.engine, &images, &decided, &situation.stack, existing, situation.live.as_ref())
            .await?;
    warnings.extend(images.upstream.take_warnings());
    if let Some(adding) = &situation.adding {
        stack::check_needs(&situation.stack, adding, &observed.installed)?;
    }
    let plan = plan::build(&inputs(&situation, &images), &observed);
    let info = situation.engine.info().await?;
    let cgroup_v1 = info.cgroup_version == Some(bollard::models::SystemInfoCgroupVersionEnum::_1);
    let notes = if situation.adding.is_none() { situation.settings.told() } else { Vec::new() };
    let adding = situation.adding.clone();
    let record = situation.record.filter(|_| adding.is_some());
    let context = Context {
        place: Place::Own(Box::new(Own {
            engine: situation.engine,
            cluster: situation.cluster,
            node: images.node,
            registry_image: images.registry,
            mode,
            cgroup_v1,
            existing: situation.existing,
            kubeconfig: kubeconfig::path()?,
            _sharing: sharing,
        })),
        settings: situation.settings,
        stack: situation.stack,
        images: images.components,
        builder: images.builder,
        upstream: images.upstream,
        store: images.store,
        http: images.http,
        left_out: decided.left_out,
        checkpoint: situation.checkpoint,
        kept_record: record,
        upgrading: None,
        found: StepOutputs::default(),
    };
    Ok(Prepared { plan, context, images: decided.told, warnings, notes, adding })
}

/// Checks the machine as [`prepare`] does, and gives all checks.
///
/// # Errors
/// As [`prepare`], but for the checks themselves.
pub async fn check(request: UpRequest) -> Result<Vec<Check>, Failure> {
    if let Some(context) = request.context.clone() {
        return existing::check(request, &context).await;
    }
    let asked = Requested::read(request)?;
    let engine = match Engine::connect().await {
        Ok(engine) => engine,
        Err(error) => return check_without_engine(asked, &error).await,
    };
    let mut situation = situation(asked, engine, Touch::NothingGuess).await?;
    let (images, decided, mode) = situation.images().await?;
    let mut checks = checks(&situation, &images, &decided, &mode).await?;
    checks.push(doctor::images(&decided.told, &decided.nowhere));
    Ok(checks)
}

/// What still can be said of a machine where no engine answers.
async fn check_without_engine(asked: Requested, error: &ClusterError) -> Result<Vec<Check>, Failure> {
    let mut settings = asked.wishes.decide(&asked.name, None, &asked.cluster.file.kubernetes)?;
    let (mut stack, _) = stack::load(&mut settings, None, false)?;
    let mut images = Images::of(&settings, &stack, &asked.cluster, None, ClusterImages::ALL, &Machine::here())?;
    // Without an engine no image goes anywhere: no registry is asked, and only what is asked for is known to be built.
    let building = match settings.images {
        ImageSource::Source => {
            let decided = images.decide(&mut stack, None).await?;
            images.building(&decided, None).await?
        }
        _ => None,
    };
    let facts = doctor::facts::without_engine(error, &settings, building).await;
    Ok(doctor::judge(&facts, &doctor::Wants::here(&stack, settings.workers)))
}

impl Requested {
    /// What is wrong with the command itself is told before the engine is asked anything.
    fn read(request: UpRequest) -> Result<Self, Failure> {
        let file = request.config.clone().or_else(folders::config_file);
        // The settings file says how a platform is made; what is added to one changes nothing of that.
        let wishes = match file.filter(|_| request.add.is_none() && !request.as_it_is) {
            Some(file) => request.wishes.or(settings::file::read(&file, request.config.is_some())?),
            None => request.wishes,
        };
        let wishes = if request.context.is_some() { wishes } else { wishes.for_own_cluster() };
        let (wishes, checkpoint) = restore::of_files(wishes)?;
        let cluster = ClusterSpec::load()?;
        let mut settings = wishes.clone().decide(&request.name, None, &cluster.file.kubernetes)?;
        if let Some(image) = &settings.node_image {
            image.parse::<Reference>().map_err(ImageError::from)?;
        }
        // A platform that exists may have another stack than the default one.
        if wishes.stack.is_some() {
            stack::load(&mut settings, None, request.context.is_some())?;
        }
        if let Some(wish) = &request.add {
            wish.check()?;
        }
        Ok(Self { name: request.name, wishes, cluster, add: request.add, checkpoint })
    }
}

/// What may be done to a platform that is stopped, whose record can be read only when it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    /// Start it: it would be started anyway.
    Start,
    /// Leave it, and refuse to guess.
    Nothing,
    /// Leave it, and take the defaults for what cannot be read.
    NothingGuess,
}

async fn situation(asked: Requested, engine: Engine, touch: Touch) -> Result<Situation, Failure> {
    let Requested { name, mut wishes, cluster, add, checkpoint } = asked;
    let mut platforms = observe::platforms(&engine).await?;
    let mut existing = platforms.remove(&name);
    if add.is_some() && existing.is_none() {
        return Err(ClusterError::NoPlatform { name, existing: platforms.into_keys().collect() }.into());
    }
    // A half-made control plane is recreated, so its settings bind nobody.
    let kept = existing.clone().filter(|platform| platform.control_plane().is_some_and(|node| node.complete));
    let mut live = reach::live(&engine, kept.as_ref()).await;
    if let (Some(platform), None) = (&kept, &live) {
        // Without the record, the default stack would take the place of the platform's own.
        match touch {
            Touch::Start => {
                live = Some(reach::start(&engine, platform).await?);
                existing = observe::platforms(&engine).await?.remove(&name);
            }
            Touch::Nothing => return Err(platform.not_running().into()),
            Touch::NothingGuess => {}
        }
    }
    let checkpoint = restore::begins_with(checkpoint, &name, &mut wishes, &cluster, &engine, kept.is_some()).await?;
    let kept = match (kept, &checkpoint) {
        (Some(platform), _) => reach::existing(&platform, live.as_ref()).await?,
        (None, Some(checkpoint)) => Some(restore::existing(checkpoint)),
        (None, None) => None,
    };
    wishes.registry_port = Some(reach::registry_port(&engine, wishes.registry_port).await?);
    let record = kept.as_ref().and_then(|kept| kept.record.clone());
    if add.is_some() {
        // Who wanted all images from packages wants so of what is added.
        let record = record.as_ref().ok_or_else(|| not_set_up(&name))?;
        wishes.images = wishes.images.or(record.from_packages.then_some(ImageSource::Source));
    }
    let mut settings = wishes.decide(&name, kept.as_ref(), &cluster.file.kubernetes)?;
    reach::check_subnet(&engine, settings.subnet).await?;
    let (stack, adding) = stack::load(&mut settings, add.as_ref(), false)?;
    let mode = kept.and_then(|kept| kept.settings).map(|had| had.node_mode);
    Ok(Situation { engine, settings, stack, cluster, existing, live, mode, record, adding, checkpoint })
}

/// Why nothing can be done to a platform that no `up` has come to yet.
pub(crate) fn not_set_up(name: &str) -> Failure {
    Failure::not_yet(format!("platform `{name}` is not set up yet"), "Run `backstack up` to the end.")
}

impl Situation {
    /// Where images come from, and how nodes may run: both take a while, and neither needs the other.
    async fn images(&mut self) -> Result<(Images, DecidedImages, mode::NodeMode), Failure> {
        let registry_runs = registry::find(&self.engine).await?.is_some();
        let (name, workers) = (&self.settings.name, self.settings.workers);
        let needed = ClusterImages::needed(name, workers, self.existing.as_ref(), registry_runs);
        let mut images =
            Images::of(&self.settings, &self.stack, &self.cluster, self.adding.as_ref(), needed, &Machine::here())?;
        let (engine, had) = (&self.engine, self.mode.take());
        let mode = async {
            match had {
                Some(had) => Ok(had),
                None => Ok::<_, Failure>(mode::detect(engine).await?),
            }
        };
        let (decided, mode) = tokio::try_join!(images.decide(&mut self.stack, Some(engine)), mode)?;
        Ok((images, decided, mode))
    }
}

async fn checks(
    situation: &Situation,
    images: &Images,
    decided: &DecidedImages,
    mode: &mode::NodeMode,
) -> Result<Vec<Check>, Failure> {
    let building = images.building(decided, Some(&situation.engine)).await?;
    let facts =
        doctor::facts::gather(&situation.engine, &situation.settings, mode, situation.existing.as_ref(), building)
            .await?;
    Ok(doctor::judge(&facts, &doctor::Wants::here(&situation.stack, situation.settings.workers)))
}

fn inputs(situation: &Situation, images: &Images) -> plan::Inputs {
    plan::Inputs {
        workers: situation.settings.workers,
        node_image: images.node.reference.to_string(),
        registry_image: images.registry.reference.to_string(),
        restores: situation.checkpoint.is_some(),
        ..component_inputs(&situation.settings, &situation.stack, situation.adding.as_ref())
    }
}

/// What a plan is made from, but for the cluster.
fn component_inputs(settings: &UpSettings, stack: &Stack, adding: Option<&Adding>) -> plan::Inputs {
    let components = stack.components.iter().map(|component| PlannedComponent {
        name: component.file.name.clone(),
        depends_on: component.file.depends_on.clone(),
        images: component.file.images.values().map(|image| image.reference.clone()).collect(),
        definitions: !component.file.crds.is_empty(),
    });
    plan::Inputs {
        platform: settings.name.clone(),
        workers: 0,
        stack: stack.name.clone(),
        version: stack.version.clone(),
        node_image: String::new(),
        registry_image: String::new(),
        components: components.collect(),
        kept: stack.kept.clone(),
        existing: None,
        restores: false,
        only: adding.map(|adding| adding.names.clone()),
    }
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
