//! Every image and definition of a stack, wherever they come from -> one file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use futures::future::try_join_all;
use serde::Serialize;

use crate::build::BuiltImage;
use crate::definitions;
use crate::error::Failure;
use crate::images::bundle::signature;
use crate::images::bundle::{About, Base, BundleError, BundledImage};
use crate::images::bundle_writer::{self, Beside, Packed, Written};
use crate::images::{BlobStore, Bundle, Descriptor, Digest, ImageError, Registry, Upstream, UpstreamOptions, Wanted};
use crate::origin::{DecidedImage, ImagePlan, ImageState, Origin};
use crate::report::{Event, Outcome, Phase, Planned, Progress, Reporter, json, units};
use crate::up::everything::Everything;

/// Whose line it is that tells of the progress.
const SUBJECT: &str = "bundle";

/// The file that is to be made.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Where the bundle goes; no file may be there yet.
    pub path: PathBuf,
    /// A bundle to stand on: only what it has not is written.
    pub since: Option<PathBuf>,
    /// Private key to sign with.
    pub key: Option<PathBuf>,
}

/// A bundle that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Created {
    /// The file that was written.
    pub path: PathBuf,
    /// Name and version of the stack, as `back 0.1.0`.
    pub stack: String,
    /// Images of the stack and its cluster, also those that a bundle below this one has.
    pub images: usize,
    /// Blobs that were written into the file, each once.
    pub blobs: usize,
    /// Of the file.
    pub bytes: u64,
    /// Of all images, each for itself.
    pub apart: u64,
    /// Images that cannot be had here, with the reason: one line each.
    pub left_out: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Makes a bundle of all that was decided about, for each of these machines.
///
/// # Errors
/// Something cannot be fetched or built, or the file is there already or cannot be written: then there is none.
pub async fn create(all: &[Everything], target: &Target, reporter: Arc<dyn Reporter>) -> Result<Created, Failure> {
    let (start, path) = (Instant::now(), &target.path);
    if path.exists() {
        return Err(BundleError::Exists { path: path.clone() }.into());
    }
    let base = target.since.as_deref().map(Bundle::open).transpose()?;
    let images = all.iter().map(|all| all.decided.images.len()).sum();
    let first = all.first().ok_or_else(|| Failure::internal("a bundle for no machine".into()))?;
    reporter.report(Event::Planned(Planned {
        platform: first.settings.name.clone(),
        stack: first.stack.name.clone(),
        version: first.stack.version.clone(),
        subjects: vec![SUBJECT.into()],
        images,
        image_bytes: None,
        fetch_bytes: None,
    }));
    for one in all {
        let machine = if all.len() > 1 { format!("{}: ", one.machine.architecture) } else { String::new() };
        for message in std::iter::once(&one.decided.told.headline).chain(&one.decided.told.taken_over) {
            reporter.report(Event::Note { message: format!("{machine}{message}") });
        }
        one.images.upstream.report_to(reporter.clone());
    }
    let progress = Progress::new(reporter, SUBJECT);
    let written = run(first, all, target, base.as_ref(), &progress).await;
    let seconds = start.elapsed().as_secs_f64();
    match &written {
        Ok(written) => progress.finished(Outcome::Created, units::bytes(written.bytes), seconds),
        Err(failure) => progress.finished(Outcome::Failed, failure.to_string(), seconds),
    }
    let Written { bytes, apart, blobs } = written?;
    let stack = format!("{} {}", first.stack.name, first.stack.version);
    Ok(Created { path: path.clone(), stack, images, blobs, bytes, apart, left_out: left_out(all), seconds })
}

async fn run(
    first: &Everything,
    all: &[Everything],
    target: &Target,
    base: Option<&Bundle>,
    progress: &Progress,
) -> Result<Written, Failure> {
    progress.phase(Phase::Images);
    // Definitions are the same on every machine.
    let images = try_join_all(all.iter().map(|one| images(one, progress)));
    let (images, files) = tokio::try_join!(images, kept_definitions(first, progress))?;
    let mut packed: Vec<Packed> = images.into_iter().flatten().collect();
    let (checkpoint, store) = with_checkpoint(first)?;
    packed.extend(checkpoint.iter().map(|image| Packed { image: image.clone(), from: None }));
    let about = About {
        created: json::now().unwrap_or_default(),
        made_by: env!("CARGO_PKG_VERSION").into(),
        stack: first.stack.name.clone(),
        stack_version: first.stack.version.clone(),
        architectures: all.iter().map(|one| one.machine.architecture.to_string()).collect(),
        left_out: left_out(all),
        files,
        checkpoint: checkpoint.map(|image| image.manifest.digest),
        base: base.map(named),
        ..About::blank()
    };
    progress.detail("writing");
    let key = target.key.as_deref();
    let sign = |statement: &[u8]| signature::sign(key.unwrap_or(Path::new("")), statement);
    let beside = Beside { base, sign: key.is_some().then_some(&sign) };
    Ok(bundle_writer::write(&target.path, about, packed, &store, beside, progress).await?)
}

/// All images for one machine.
async fn images(all: &Everything, progress: &Progress) -> Result<Vec<Packed>, Failure> {
    let local = all.registry.as_ref().map(|registry| local(all, registry)).transpose()?;
    let packed = all.decided.images.iter().map(|(reference, decided)| async {
        let plan = all.images.plan_of(reference).expect("only what has a plan is decided about");
        packed(all, plan, decided, local.as_ref(), progress).await
    });
    try_join_all(packed).await
}

/// A bundle that another one stands on. Of one in pieces, the name of the whole.
fn named(base: &Bundle) -> Base {
    let name = base.path.file_name().unwrap_or_default().to_string_lossy();
    Base { name: name.trim_end_matches(".001").into(), index: base.about.index.clone() }
}

/// The checkpoint that goes into the bundle, and a store that has it.
fn with_checkpoint(all: &Everything) -> Result<(Option<BundledImage>, BlobStore), Failure> {
    let store = all.images.store.clone();
    let Some(checkpoint) = &all.checkpoint else { return Ok((None, store)) };
    let bundle = Bundle::open(&checkpoint.path)?;
    let listed = bundle.checkpoint().cloned();
    Ok((listed, store.with_bundle(Some(Arc::new(bundle)))))
}

fn left_out(all: &[Everything]) -> Vec<String> {
    let told = all.iter().flat_map(|one| &one.decided.left_out).map(|one| one.text());
    told.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The local registry as a mirror of all others.
fn local(all: &Everything, registry: &Registry) -> Result<Upstream, ImageError> {
    let hosts = all.decided.images.keys().filter_map(|reference| all.images.plan_of(reference));
    let mirror = |plan: &ImagePlan| {
        let host = plan.reference.host().to_string();
        (host.clone(), registry.as_mirror_of(&host))
    };
    let mirrors: BTreeMap<_, _> = hosts.map(mirror).collect();
    Upstream::new(UpstreamOptions { mirrors, ..UpstreamOptions::new(all.machine.platform()) })
}

/// What goes into the bundle of an image: it is built, or it is found where it is fetched from.
async fn packed(
    all: &Everything,
    plan: &ImagePlan,
    decided: &DecidedImage,
    local: Option<&Upstream>,
    progress: &Progress,
) -> Result<Packed, Failure> {
    if let (Origin::Packages, Some(recipe)) = (decided.origin, &plan.recipe) {
        let built = all.images.builder.build(recipe, progress).await?;
        return built_here(all, plan, &built);
    }
    let wanted = plan.wanted.as_ref().expect("only what a registry is asked for is decided to be fetched");
    let is_here = matches!(decided.state, ImageState::Present { .. });
    let (upstream, found) = match local.filter(|_| is_here) {
        Some(local) => {
            // The registry here has the one machine's manifest alone, by its tag.
            let reference = plan.reference.tagged().unwrap_or_else(|| plan.reference.clone());
            (local, local.resolve(&Wanted::new(reference)).await?)
        }
        None => (&all.images.upstream, all.images.upstream.resolve(wanted).await?),
    };
    let (digest, size) = (found.manifest.digest(), found.manifest.bytes.len() as u64);
    let index = found.index.clone().or_else(|| plan.pin().cloned()).filter(|index| *index != digest);
    let manifest = Descriptor { media_type: found.manifest.media_type.clone(), digest, size };
    Ok(Packed { image: image(all, plan, manifest, index, None), from: Some((upstream.clone(), found)) })
}

fn built_here(all: &Everything, plan: &ImagePlan, built: &BuiltImage) -> Result<Packed, Failure> {
    let kept = serde_json::to_vec(built).expect("plain data is JSON");
    let kept = all.images.store.put("application/json", &kept);
    let kept = kept.map_err(|error| Failure::internal(format!("cannot write to the image cache: {error}")))?;
    Ok(Packed { image: image(all, plan, built.manifest.clone(), None, Some(kept.digest)), from: None })
}

fn image(
    all: &Everything,
    plan: &ImagePlan,
    manifest: Descriptor,
    chosen_from: Option<Digest>,
    built: Option<Digest>,
) -> BundledImage {
    let (reference, architecture) = (plan.reference.to_string(), all.machine.architecture.to_string());
    BundledImage { reference, architecture, manifest, chosen_from, built }
}

/// Definitions of all components, in the cache.
async fn kept_definitions(all: &Everything, progress: &Progress) -> Result<Vec<Digest>, Failure> {
    let images = &all.images;
    let fetched = all.stack.components.iter().map(|component| {
        let places = definitions::places(images.mode, images.of_component(component).iter().map(Deref::deref));
        let sources = &component.file.crds;
        definitions::fetch(sources, places, &images.store, &images.builder, &images.http, progress)
    });
    try_join_all(fetched).await?;
    let sources = all.stack.components.iter().flat_map(|component| &component.file.crds);
    let digests = sources.flat_map(|source| source.files.values()).filter_map(|digest| digest.parse().ok());
    let unique: BTreeSet<Digest> = digests.collect();
    Ok(unique.into_iter().collect())
}
