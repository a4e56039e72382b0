//! `up --context`: the same stack on a cluster that somebody else made. What makes a cluster drops out, the rest is
//! the same.

use std::collections::BTreeMap;

use super::images::{DecidedImages, Images, Machine};
use super::observation;
use super::stack::{self, Adding};
use super::{Prepared, Requested, UpRequest, component_inputs, wanting};
use crate::checkpoint::CheckpointError;
use crate::docker::Engine;
use crate::doctor::building::Building;
use crate::doctor::{self, Check};
use crate::error::{ExitKind, Failure};
use crate::execute::context::{Context, Place, StepOutputs};
use crate::existing::{self, Cluster, ExistingError, checks, rights};
use crate::images::Platform;
use crate::images::registry::Registry;
use crate::images::upstream::{Upstream, UpstreamOptions};
use crate::kubernetes::object::ObjectRef;
use crate::kubernetes::{Installer, SYSTEM_NAMESPACE, Unit};
use crate::origin::{ImagePlan, OriginError, Told};
use crate::plan::{self, ClusterImages};
use crate::settings::Record;
use crate::settings::{Existing, ImageSource, Push, UpSettings};
use crate::stack::{PlatformFacts, Stack, StackSource, render};

/// Everything up to what the cluster itself tells.
struct Situation {
    cluster: Cluster,
    settings: UpSettings,
    stack: Stack,
    record: Option<Record>,
    adding: Option<Adding>,
    images: Images,
    decided: DecidedImages,
}

/// Finds out what has to be done on the cluster of a context. Touches nothing.
///
/// # Errors
/// As [`super::prepare`]; and a context that cannot be used, missing rights, a Kubernetes that is too old, another
/// platform, objects of others in the way.
pub(super) async fn prepare(request: UpRequest, context: &str) -> Result<Prepared, Failure> {
    let skip = request.skip_checks;
    let situation = situation(Requested::read(request)?, context).await?;
    situation.cluster.check_version()?;
    let missing = rights::missing(&situation.cluster.client).await?;
    if !missing.is_empty() {
        return Err(ExistingError::Rights { context: context.into(), missing }.into());
    }
    let checks = situation.checks().await?;
    if doctor::has_failed(&checks) && !skip {
        return Err(doctor::Unmet(checks).into());
    }
    situation.nothing_in_the_way().await?;
    if !situation.decided.nowhere.is_empty() {
        let flags = wanting::flags(&situation.settings.name, Some(context));
        let failure = OriginError::Nowhere(situation.decided.nowhere).into();
        return Err(wanting::told(failure, &situation.stack, &situation.settings.changes, &flags));
    }
    let (images, decided, stack) = (&situation.images, &situation.decided, &situation.stack);
    let observed =
        observation::observe_existing(images, decided, stack, &situation.settings.name, &situation.cluster.client)
            .await?;
    if let Some(adding) = &situation.adding {
        stack::check_needs(&situation.stack, adding, &observed.installed)?;
    }
    let plan = plan::build(&situation.inputs(), &observed);
    Ok(situation.prepared(plan, &checks))
}

/// All checks.
///
/// # Errors
/// As [`prepare`], but for the checks themselves.
pub(super) async fn check(request: UpRequest, context: &str) -> Result<Vec<Check>, Failure> {
    situation(Requested::read(request)?, context).await?.checks().await
}

async fn situation(asked: Requested, context: &str) -> Result<Situation, Failure> {
    let Requested { name, mut wishes, cluster: spec, add, checkpoint: _ } = asked;
    if wishes.checkpoint.is_some() {
        return Err(CheckpointError::Elsewhere { context: context.into() }.into());
    }
    let cluster = existing::connect(context).await?;
    let record = known(&cluster, &name, wishes.stack.as_deref()).await?;
    if add.is_some() {
        let record = record.as_ref().ok_or_else(|| ExistingError::NoPlatform { context: context.into() })?;
        wishes.images = wishes.images.or(record.from_packages.then_some(ImageSource::Source));
    }
    let existing = record.clone().map(|record| Existing { settings: None, workers: 0, record: Some(record) });
    let mut settings = wishes.decide(&name, existing.as_ref(), &spec.file.kubernetes)?;
    let (mut stack, adding) = stack::load(&mut settings, add.as_ref(), true)?;
    let mut images = Images::of(&settings, &stack, &spec, adding.as_ref(), ClusterImages::NONE, &Machine::here())?;
    let decided = match registry(&settings).await? {
        Some(registry) => images.decide_for(&mut stack, registry).await?,
        None => pulled_by_the_cluster(&images, context)?,
    };
    Ok(Situation { cluster, settings, stack, record, adding, images, decided })
}

/// The registry that images are pushed to.
async fn registry(settings: &UpSettings) -> Result<Option<Registry>, Failure> {
    let Some(Push { to, plain_http, .. }) = &settings.push else { return Ok(None) };
    let sign_in = Upstream::new(UpstreamOptions::new(Platform::here()))?;
    Ok(Some(Registry::at_host(&to.host, &to.prefix, *plain_http, sign_in).await?))
}

/// Without a registry of ours the cluster pulls from upstream what it can; what would be built has no way to it.
fn pulled_by_the_cluster(images: &Images, context: &str) -> Result<DecidedImages, Failure> {
    let names = |is: fn(&ImagePlan) -> bool| {
        let images = images.components.iter().filter(|(_, image)| is(image));
        images.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let built = match images.mode {
        ImageSource::Source => names(|_| true),
        _ => names(|image| image.wanted.is_none()),
    };
    if !built.is_empty() {
        let why = format!("These images would be built here: {built}.");
        return Err(ExistingError::NoRegistry { context: context.into(), why }.into());
    }
    let headline = "The cluster pulls images from their upstream registries.".into();
    Ok(DecidedImages { told: Told { headline, taken_over: Vec::new() }, ..DecidedImages::default() })
}

/// The platform that is there already, if it is the one that is meant.
async fn known(cluster: &Cluster, name: &str, stack: Option<&str>) -> Result<Option<Record>, Failure> {
    let found = match existing::down::platform(cluster, name).await {
        Err(failure) if failure.kind == ExitKind::Cluster => {
            // Who may not even read it may do nothing else either: that says more.
            let missing = rights::missing(&cluster.client).await?;
            if missing.is_empty() {
                return Err(failure);
            }
            return Err(ExistingError::Rights { context: cluster.context.clone(), missing }.into());
        }
        other => other?,
    };
    if let (Some(record), Some(wanted)) = (&found, stack) {
        let folder = match StackSource::named(wanted) {
            StackSource::Dir(folder) => std::fs::canonicalize(folder).ok().map(|folder| folder.display().to_string()),
            StackSource::Builtin(_) => None,
        };
        if record.stack != wanted && folder.as_deref() != Some(record.stack.as_str()) {
            let (context, name) = (cluster.context.clone(), record.name.clone());
            let (had, wanted) = (record.stack.clone(), wanted.into());
            return Err(ExistingError::OtherStack { context, name, had, wanted }.into());
        }
    }
    Ok(found)
}

impl Situation {
    async fn checks(&self) -> Result<Vec<Check>, Failure> {
        let mut checks = checks::judge(&checks::gather(&self.cluster).await?, &self.stack);
        if let (Some(push), Some(registry)) = (&self.settings.push, registry(&self.settings).await?) {
            let fix = "check --push-to; --plain-http if it has no TLS";
            checks.push(match registry.ping().await {
                Ok(()) => Check::ok("registry", format!("{} answers", push.to.address())),
                Err(error) => Check::failed("registry", error.to_string(), fix),
            });
        }
        let mut building = self.images.building(&self.decided, None).await?;
        // An engine is needed only where the builder container has to take over.
        if building.as_ref().is_some_and(|building| !building.missing.is_empty())
            && let Ok(engine) = Engine::connect().await
        {
            building = self.images.building(&self.decided, Some(&engine)).await?;
        }
        checks.extend(building.iter().flat_map(Building::checks));
        Ok(checks)
    }

    /// Makes sure that no object of somebody else has a name that a manifest has. Definitions are looked at when they
    /// are here.
    async fn nothing_in_the_way(&self) -> Result<(), Failure> {
        let installer = Installer::new(self.cluster.client.clone(), &self.settings.name, self.settings.host());
        let only = self.adding.as_ref().map(|adding| &adding.names);
        let mut objects: Vec<(String, ObjectRef)> = Vec::new();
        for component in self.stack.components.iter().filter(|one| only.is_none_or(|only| only.contains(one.name()))) {
            let file = &component.file;
            let rendered = render(component, &self.facts());
            let named = (file.name.as_str(), file.version.as_str(), file.namespace.as_str());
            let unit = Unit::new(named, Vec::new(), rendered, file.secrets.clone(), file.readiness.clone());
            let found = installer.conflicts(&unit).await?;
            objects.extend(found.into_iter().map(|object| (file.name.clone(), object)));
        }
        if objects.is_empty() {
            return Ok(());
        }
        Err(ExistingError::Conflicts { context: self.cluster.context.clone(), objects }.into())
    }

    /// Enough to know what objects will be called.
    fn facts(&self) -> PlatformFacts {
        PlatformFacts {
            name: self.settings.name.clone(),
            url: self.settings.url.clone(),
            host: self.settings.host().into(),
            port: self.settings.public_port(),
            namespace: SYSTEM_NAMESPACE.into(),
            ca_bundle: String::new(),
            registry: String::new(),
            images: BTreeMap::new(),
            ingress_class: self.stack.ingress_class().map(str::to_string),
        }
    }

    fn inputs(&self) -> plan::Inputs {
        let push = self.settings.push.as_ref().map(|push| push.to.address());
        plan::Inputs {
            existing: Some(plan::ExistingCluster { context: self.cluster.context.clone(), push }),
            ..component_inputs(&self.settings, &self.stack, self.adding.as_ref())
        }
    }

    fn prepared(self, plan: plan::Plan, checks: &[Check]) -> Prepared {
        let notes = if self.adding.is_none() { self.settings.told() } else { Vec::new() };
        let warnings = checks.iter().filter(|check| check.verdict != doctor::Verdict::Ok).map(Check::line).collect();
        let context = Context {
            place: Place::Existing(self.cluster),
            settings: self.settings,
            stack: self.stack,
            images: self.images.components,
            builder: self.images.builder,
            upstream: self.images.upstream,
            store: self.images.store,
            http: self.images.http,
            left_out: self.decided.left_out,
            checkpoint: None,
            kept_record: self.record.filter(|_| self.adding.is_some()),
            upgrading: None,
            found: StepOutputs::default(),
        };
        Prepared { plan, context, images: self.decided.told, warnings, notes, adding: self.adding }
    }
}

/// How people on this machine reach a platform that no name leads to: through the API.
pub(super) fn port_forward(context: &Context, cluster: &Cluster) -> Option<String> {
    let settings = &context.settings;
    if settings.host() != "localhost" {
        return None;
    }
    let door = context.stack.components.iter().find(|component| component.file.ingress_class.is_some())?;
    let https =
        |spec: &serde_json::Value| spec["ports"].as_array().into_iter().flatten().any(|port| port["port"] == 443);
    let objects = door.manifests.iter().map(|manifest| &manifest.object);
    let service = objects.filter(|object| object["kind"] == "Service").find(|object| https(&object["spec"]))?;
    let (namespace, name, port) = (&door.file.namespace, service["metadata"]["name"].as_str()?, settings.public_port());
    Some(format!(
        "kubectl --context {} --namespace {namespace} port-forward service/{name} {port}:443",
        cluster.context
    ))
}
