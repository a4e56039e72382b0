//! Everything that is known when nothing has been planned yet.

use std::ops::Deref;
use std::sync::Arc;

use super::images::{Images, Machine, Resolved};
use super::observation;
use super::request::Requested;
use super::stack::{self, Adding, Loaded};
use super::{Prepared, restore, wanting};
use crate::checkpoint::Portable;
use crate::definitions;
use crate::docker::Engine;
use crate::doctor::building::Building;
use crate::doctor::{self, Check, Verdict};
use crate::error::Failure;
use crate::execute::{Context, StepOutputs};
use crate::origin::OriginError;
use crate::plan::{self, Observed, Plan, PlannedComponent};
use crate::settings::{ImageSource, UpSettings};
use crate::stack::Component;
use crate::target::{Reached, Seen, Site, Touch};

/// What was asked for, what there is, and what was decided for both.
pub(super) struct Situation {
    site: Site,
    seen: Seen,
    settings: UpSettings,
    adding: Option<Adding>,
    /// What a new cluster begins with.
    checkpoint: Option<Portable>,
    pub resolved: Resolved,
}

impl Situation {
    /// Looks what there is of the platform and decides: settings, the stack, and where its images come from.
    pub(super) async fn look(asked: Requested, target: &Reached, touch: Touch) -> Result<Self, Failure> {
        let Requested { name, mut wishes, cluster, add, checkpoint, files, .. } = asked;
        let seen = target.observe(&name, wishes.stack.as_deref(), touch).await?;
        if add.is_some() {
            // Who wanted all images from packages wants so of what is added.
            let record = target.recorded(&name, &seen)?;
            wishes.images = wishes.images.or(record.from_packages.then_some(ImageSource::Source));
        }
        let begins = restore::begins_with(checkpoint, &name, wishes, &cluster, target, seen.stands).await?;
        let (wishes, checkpoint) = begins;
        let begun = checkpoint.as_ref().map(restore::existing);
        let had = seen.kept.as_ref().or(begun.as_ref());
        let settings = target.complete(wishes, &seen)?.decide(&name, had, &cluster.file.kubernetes)?;
        target.fits(&settings).await?;
        let files = files.map_or_else(|| stack::read(&settings), Ok)?;
        let Loaded { settings, stack, adding } = stack::load(settings, &files, add.as_ref(), &asked.target)?;
        let needed = target.images(&settings, &seen);
        let images = Images::of(&settings, &stack, &cluster, adding.as_ref(), needed, &Machine::here())?;
        let registry = target.registry(&settings).await?;
        // Both take a while, and neither needs the other.
        let (resolved, site) = tokio::try_join!(images.decide(stack, registry), target.site(&seen))?;
        Ok(Self { site, seen, settings, adding, checkpoint, resolved })
    }

    /// All checks of the place where the platform is made.
    pub(super) async fn check(&self) -> Result<Vec<Check>, Failure> {
        self.site.check(&self.settings, &self.resolved.stack, self.building().await?).await
    }

    /// What `doctor` has to say of images beside.
    pub(super) fn check_images(&self) -> Option<Check> {
        let decided = &self.resolved.decided;
        self.site.check_images(&decided.told, &decided.nowhere)
    }

    async fn building(&self) -> Result<Option<Building>, Failure> {
        let Resolved { images, decided, .. } = &self.resolved;
        let building = images.building(decided, self.site.engine()).await?;
        // Where nothing else needs an engine, one is asked only if the builder container has to take over.
        if self.site.engine().is_none()
            && building.as_ref().is_some_and(|building| !building.missing.is_empty())
            && let Ok(engine) = Engine::connect().await
        {
            return images.building(decided, Some(&engine)).await;
        }
        Ok(building)
    }

    /// Makes sure that the platform can be made, and gives what is not quite well. `skip` goes on after failed checks.
    pub(super) async fn judge(&self, skip: bool) -> Result<Vec<String>, Failure> {
        let Resolved { stack, decided, .. } = &self.resolved;
        self.site.may_install().await?;
        let checks = self.check().await?;
        if doctor::has_failed(&checks) && !skip {
            return Err(doctor::Unmet(checks).into());
        }
        let only = self.adding.as_ref().map(|adding| &adding.names);
        self.site.nothing_in_the_way(&self.settings, stack, only).await?;
        if !decided.nowhere.is_empty() {
            let flags = self.site.target().flags(&self.settings.name);
            let failure = OriginError::Nowhere(decided.nowhere.clone()).into();
            return Err(wanting::told(failure, stack, &self.settings.changes, &flags));
        }
        Ok(checks.iter().filter(|check| check.verdict != Verdict::Ok).map(Check::line).collect())
    }

    /// What exists already of all that a plan could make.
    pub(super) async fn observe(&self) -> Result<Observed, Failure> {
        let network = self.site.has_network().await?;
        let observed = observation::observe(&self.resolved, &self.settings.name, &self.seen, network).await?;
        if let Some(adding) = &self.adding {
            stack::check_needs(&self.resolved.stack, adding, &observed.installed)?;
        }
        Ok(observed)
    }

    /// What a plan is made from, but for what exists.
    pub(super) fn inputs(&self) -> plan::Inputs {
        let Resolved { images, stack, .. } = &self.resolved;
        let components = stack.components.iter().map(|component| self.planned(component));
        plan::Inputs {
            platform: self.settings.name.clone(),
            workers: self.settings.workers,
            stack: stack.name.clone(),
            version: stack.version.clone(),
            node_image: images.node.clone(),
            registry_image: images.registry.clone(),
            components: components.collect(),
            kept: stack.kept.clone(),
            existing: self.site.planned(&self.settings),
            restores: self.checkpoint.is_some(),
            only: self.adding.as_ref().map(|adding| adding.names.clone()),
        }
    }

    fn planned(&self, component: &Arc<Component>) -> PlannedComponent {
        let images = self.resolved.images.of_component(component);
        let mode = self.settings.images;
        PlannedComponent {
            component: component.clone().into(),
            definition_places: match self.settings.bundle {
                // All that is in it is known to be there.
                Some(_) => &[],
                None => definitions::places(mode, images.iter().map(Deref::deref)),
            },
            images,
        }
    }

    /// The plan with all that carrying it out needs. `warnings` came up on the way.
    pub(super) fn prepared(self, plan: Plan, mut warnings: Vec<String>) -> Result<Prepared, Failure> {
        let Self { site, seen, settings, adding, checkpoint, resolved } = self;
        let Resolved { images, stack, decided } = resolved;
        warnings.extend(images.upstream.take_warnings());
        let notes = if adding.is_none() { settings.told() } else { Vec::new() };
        let context = Context {
            kubeconfig: site.kubeconfig()?,
            site,
            settings,
            stack,
            node_image: images.node.reference.clone(),
            registry_image: images.registry.reference.clone(),
            images: images.components.into_values().collect(),
            builder: images.builder,
            upstream: images.upstream,
            store: images.store,
            http: images.http,
            left_out: decided.left_out,
            checkpoint,
            kept_record: seen.record().filter(|_| adding.is_some()).cloned(),
            upgrading: None,
            found: StepOutputs::default(),
            _sharing: seen._sharing,
        };
        Ok(Prepared { plan, context, images: decided.told, warnings, notes, adding })
    }
}
