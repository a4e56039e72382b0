//! `backstack up`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::printer::Printer;
use super::summary::{self, left_out};
use crate::bundle::fetch;
use crate::checkpoint::portable::registry;
use crate::error::Failure;
use crate::plan;
use crate::report::Progress;
use crate::settings::{ImageSource, MAX_WORKERS, UpWishes};
use crate::target::Target;
use crate::up::{self, Outcome, UpRequest};

/// Make the platform: a cluster, and the stack on it
///
/// What exists already is left alone: a second run changes nothing, and a run after a failure goes on from
/// there.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack up                              cluster and stack, with all defaults
  backstack up --plan                       the plan, with images and bytes; nothing is touched
  backstack up --stack minimal --workers 2  ingress alone, on three nodes
  backstack up --stack ./mine               a stack of your own
  backstack up --bundle back.bundle         from one file, without any network
  backstack up --checkpoint lab.checkpoint  as it was on another machine; nothing is installed
  backstack up --url https://box.example    people come through a tunnel to localhost:8443
  backstack up --name two --http-port 9080 --https-port 9443
                                            a second platform beside the first
  backstack up --context prod --url https://platform.example
                                            on a cluster that you have
  backstack up --context lab --images source --push-to registry.example/backstack
                                            the same, with images built here")]
pub(super) struct UpArgs {
    #[command(flatten)]
    target: ClusterArgs,
    #[command(flatten)]
    pub wishes: WishArgs,
    /// Show the plan and stop
    #[arg(long)]
    plan: bool,
    /// Go on although `backstack doctor` found problems
    #[arg(long)]
    skip_checks: bool,
}

/// The cluster that is meant, where it is not one to be made.
#[derive(Debug, Args)]
pub(super) struct ClusterArgs {
    /// Install on the cluster of this kubeconfig context, instead of making one
    #[arg(long, env = "BACKSTACK_CONTEXT", value_name = "CONTEXT", conflicts_with_all = ["workers", "node_image", "kubernetes_version", "http_port", "https_port", "api_port", "registry_port", "subnet", "ports"])]
    pub context: Option<String>,
    /// With --context: push images to this registry, from which the cluster pulls them
    #[arg(long, value_name = "HOST[:PORT]/PREFIX", requires = "context")]
    push_to: Option<String>,
    /// The same registry as the cluster names it [default: as --push-to]
    #[arg(long, value_name = "HOST[:PORT]/PREFIX", requires = "push_to")]
    pull_from: Option<String>,
    /// That registry speaks plain HTTP (on loopback it always does)
    #[arg(long, requires = "push_to")]
    plain_http: bool,
}

impl ClusterArgs {
    /// Adds what was wished to the rest.
    pub(super) fn over(&self, wishes: UpWishes) -> UpWishes {
        UpWishes {
            push_to: self.push_to.clone(),
            pull_from: self.pull_from.clone(),
            plain_http: self.plain_http.then_some(true),
            ..wishes
        }
    }
}

/// What `up` and `doctor` share.
#[derive(Debug, Args)]
pub(super) struct WishArgs {
    /// A built-in stack (`back`, `minimal`) or the folder of your own [default: back]
    #[arg(long, env = "BACKSTACK_STACK", value_name = "NAME|DIR")]
    stack: Option<String>,
    /// Where images come from [default: auto]
    #[arg(long, env = "BACKSTACK_IMAGES", value_enum)]
    images: Option<ImageSource>,
    /// File that all images come from, made by `backstack bundle create`; nothing is fetched from anywhere
    #[arg(long, env = "BACKSTACK_BUNDLE", value_name = "FILE|URL", conflicts_with = "images")]
    bundle: Option<PathBuf>,
    /// Use the bundle only if it is signed by one of these: a public SSH key, or a file of `NAME KEY` lines
    #[arg(long, env = "BACKSTACK_BUNDLE_SIGNERS", value_name = "FILE")]
    bundle_signers: Option<PathBuf>,
    /// What a new platform begins with, instead of being installed: a file of `backstack checkpoint export`, or a registry's
    /// address. A bundle may have one too
    #[arg(long, env = "BACKSTACK_CHECKPOINT", value_name = "FILE|URL|oci://...")]
    checkpoint: Option<PathBuf>,
    /// Number of worker nodes besides the control plane [default: 0]
    #[arg(long, env = "BACKSTACK_WORKERS", value_name = "N", value_parser = clap::value_parser!(u16).range(0..=i64::from(MAX_WORKERS)))]
    workers: Option<u16>,
    /// Another node image, made for kind
    #[arg(long, env = "BACKSTACK_NODE_IMAGE", value_name = "IMAGE")]
    node_image: Option<String>,
    /// Version of Kubernetes; others than the built-in one need --node-image
    #[arg(long, env = "BACKSTACK_KUBERNETES_VERSION", value_name = "VERSION")]
    kubernetes_version: Option<String>,
    /// Port on this machine for HTTP [default: 8080]
    #[arg(long, env = "BACKSTACK_HTTP_PORT", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    http_port: Option<u16>,
    /// Port on this machine for HTTPS [default: 8443]
    #[arg(long, env = "BACKSTACK_HTTPS_PORT", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    https_port: Option<u16>,
    /// Port on this machine for the Kubernetes API [default: a free one]
    #[arg(long, env = "BACKSTACK_API_PORT", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    api_port: Option<u16>,
    /// Port on this machine for the local registry; 0 takes a free one [default: 5001]
    #[arg(long, env = "BACKSTACK_REGISTRY_PORT", value_name = "PORT")]
    registry_port: Option<u16>,
    /// Addresses of the Docker network that all platforms share [default: the first of five ranges that is free]
    #[arg(long, env = "BACKSTACK_SUBNET", value_name = "CIDR")]
    subnet: Option<String>,
    /// A further port of this machine that leads to a port of the control plane's node; may be repeated
    #[arg(long = "port", value_name = "HOST:NODE")]
    ports: Vec<String>,
    /// Address under which people reach the platform, for a tunnel or a remote machine; it is kept until another one
    /// is given. `auto` finds that of a Codespace or a Gitpod workspace [default: https://localhost:HTTPS_PORT]
    #[arg(long, env = "BACKSTACK_URL", value_name = "URL|auto")]
    url: Option<String>,
    /// Set a parameter of a component; may be repeated
    #[arg(long, value_name = "COMPONENT.PARAMETER=VALUE")]
    set: Vec<String>,
    /// Leave a component of the stack out, or one that was added; may be repeated
    #[arg(long, value_name = "COMPONENT")]
    without: Vec<String>,
    /// Settings file [default: ~/.config/backstack/config.yaml, if it exists]
    #[arg(long, env = "BACKSTACK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl WishArgs {
    /// Splits what was wished from where the settings file is.
    pub(super) fn split(self) -> (UpWishes, Option<PathBuf>) {
        let wishes = UpWishes {
            stack: self.stack,
            images: self.images,
            bundle: self.bundle,
            bundle_signers: self.bundle_signers,
            checkpoint: self.checkpoint,
            workers: self.workers,
            node_image: self.node_image,
            kubernetes_version: self.kubernetes_version,
            http_port: self.http_port,
            https_port: self.https_port,
            api_port: self.api_port,
            registry_port: self.registry_port,
            subnet: self.subnet,
            ports: self.ports,
            url: self.url,
            set: self.set,
            without: self.without,
            ..UpWishes::default()
        };
        (wishes, self.config)
    }
}

impl UpArgs {
    /// Whether nothing is to be changed.
    pub(super) fn only_looks(&self) -> bool {
        self.plan
    }
}

pub(super) async fn run(args: UpArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let (wishes, config) = args.wishes.split();
    let wishes = args.target.over(with_files_here(wishes, printer).await?);
    let request = UpRequest {
        name: name.into(),
        wishes,
        config,
        skip_checks: args.skip_checks,
        only_look: args.plan,
        target: Target::of(args.target.context),
        add: None,
        as_it_is: false,
    };
    let prepared = up::prepare(request).await?;
    if args.plan {
        let facts =
            json!({"plan": prepared.plan, "images": prepared.image_facts(), "left_out": prepared.context.left_out});
        let text = || {
            format!("{}\n{}{}", prepared.headline(), plan::show(&prepared.plan), left_out(&prepared.context.left_out))
        };
        printer.facts(&facts, text);
        return Ok(0);
    }
    let reporter = printer.reporter();
    let outcome = up::execute(&prepared, reporter.clone()).await;
    drop(reporter);
    match outcome {
        Outcome::Ready(ready) => {
            printer.event(json!({"event": "ready", "summary": ready}));
            printer.people(|| summary::ready(&ready));
            Ok(0)
        }
        Outcome::Failed(failures) => failed(failures, printer),
    }
}

/// A bundle or a checkpoint on another machine is fetched before anything else.
pub(super) async fn with_files_here(mut wishes: UpWishes, printer: &Printer) -> Result<UpWishes, Failure> {
    if let Some(url) = wishes.bundle.clone().filter(|bundle| fetch::is_address(bundle)) {
        let reporter = printer.reporter();
        wishes.bundle = Some(fetch::fetch(&url.to_string_lossy(), &Progress::new(reporter, "bundle")).await?);
    }
    if let Some(from) = &wishes.checkpoint {
        wishes.checkpoint = Some(checkpoint_here(from, printer).await?);
    }
    Ok(wishes)
}

/// The file of a checkpoint, wherever it comes from.
pub(super) async fn checkpoint_here(from: &Path, printer: &Printer) -> Result<PathBuf, Failure> {
    let text = from.to_string_lossy();
    if registry::is_address(from) {
        let from = registry::parse(&text)?;
        return Ok(registry::pull(&from, &Progress::new(printer.reporter(), "checkpoint")).await?);
    }
    if fetch::is_address(from) {
        return fetch::fetch(&text, &Progress::new(printer.reporter(), "checkpoint")).await;
    }
    Ok(from.into())
}

/// Shows all failures but the last, which ends the program.
pub(super) fn failed(mut failures: Vec<Failure>, printer: &Printer) -> Result<u8, Failure> {
    let last = failures.pop().unwrap_or_else(|| Failure::internal("a step failed without saying why".into()));
    for failure in &failures {
        printer.failure(failure);
    }
    Err(last)
}
