//! Steps that make nodes.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::time::Instant;

use super::context::Context;
use super::ended::Ended;
use crate::docker::inotify::{self, FileWatches, Limits};
use crate::docker::kubeadm::NodeFacts;
use crate::docker::node::{self, NodeSpec, PortMapping, Role};
use crate::docker::pace::{self, Pace};
use crate::docker::{
    ClusterError, authorities, certs_folder, locks, mirrors, names, network, node_certificates, observe, provision,
    services,
};
use crate::error::Failure;
use crate::kubernetes::{certificates, nodes as live_nodes};
use crate::plan::NodeState;
use crate::report::{Outcome, Progress};
use crate::restore;
use crate::target::local::Site;

// The tests on a whole platform know it by this name.
pub use crate::target::local::kubeconfig_entry;

const NODES_DEADLINE: Duration = Duration::from_secs(180);
/// Ports of a node that its ingress listens on.
const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// Starts a stopped node, or makes one; what is half made is recreated.
pub async fn provision(
    context: &Context,
    site: &Site,
    node: &str,
    role: Role,
    state: NodeState,
    progress: &Progress,
) -> Result<Ended, Failure> {
    let begun = Instant::now();
    if state == NodeState::Stopped {
        progress.detail(format!("starting node {node}"));
        site.engine.write_files(node, &files(context)).await?;
        site.engine.start(node).await?;
    } else {
        progress.detail(format!("making node {node}"));
        make(context, site, node, role).await?;
    }
    node::await_runtime(&site.engine, node).await?;
    learn_pace(context, pace::remember(&site.engine, node, begun.elapsed()).await?, progress);
    certs_folder::enable(&site.engine, node, &context.node_image.to_string()).await?;
    raise_file_watches(site, node, progress).await?;
    if let Some(checkpoint) = &context.checkpoint {
        restore::volumes(&site.engine, node, checkpoint).await?;
    }
    Ok(Ended::new(Outcome::Created))
}

fn learn_pace(context: &Context, pace: Pace, progress: &Progress) {
    if context.found.keep_pace(pace)
        && let Some(told) = pace.told()
    {
        progress.warn(told);
    }
}

/// What a node that runs already needs to know anew at each `up`, and the machine that it runs on.
pub async fn refresh(context: &Context, site: &Site, node: &str, progress: &Progress) -> Result<Ended, Failure> {
    learn_pace(context, pace::recall(&site.engine, node).await?, progress);
    // Another stack may name other upstreams; containerd reads these files at every pull.
    site.engine.write_files(node, &mirrors(context)).await?;
    // Other programs may have come to watch files since it started.
    let watches = FileWatches::of(&site.engine.info().await?);
    if watches.is_some_and(|watches| !watches.limits.reach(&watches.wanted())) {
        raise_file_watches(site, node, progress).await?;
    }
    Ok(Ended::new(Outcome::Unchanged))
}

/// The node has raised the limits itself as it started, if it may: whether that is enough is seen from inside.
async fn raise_file_watches(site: &Site, node: &str, progress: &Progress) -> Result<(), Failure> {
    let engine = &site.engine;
    let wanted = inotify::wanted_on(engine).await?;
    if let Some(has) = inotify::raise(engine, node, &wanted).await?
        && !has.reach(&wanted)
    {
        progress.warn(format!(
            "the kernel allows too few file watches, and the node may not raise that: if pods fail with \"too many open \
             files\", run `{}` where the engine runs",
            has.commands(&wanted)
        ));
    }
    Ok(())
}

async fn make(context: &Context, site: &Site, node: &str, role: Role) -> Result<(), Failure> {
    let engine = &site.engine;
    observe::none_foreign(engine, &[node.into()]).await?;
    // The address is taken as soon as a container has it in its configuration.
    let turn = locks::turn().await;
    engine.remove_container(node).await?;
    let address = choose_address(context, site, node).await?;
    let file_watches = inotify::wanted_on(engine).await?;
    node::create(engine, &spec(context, site, node, role, address, file_watches)).await?;
    drop(turn);
    Ok(node::start(engine, node, &files(context)).await?)
}

/// The address that the node has had, or the lowest that nobody has.
async fn choose_address(context: &Context, site: &Site, node: &str) -> Result<Ipv4Addr, Failure> {
    let taken = observe::taken_addresses(&site.engine).await?;
    let network = context.found.network();
    Ok(context.found.address_or(node, |others| network.free(&taken.union(others).copied().collect()))?)
}

fn files(context: &Context) -> Vec<(String, String)> {
    [mirrors(context), services::files(), authorities::files()].concat()
}

/// The files by which containerd asks the local registry first.
pub fn mirrors(context: &Context) -> Vec<(String, String)> {
    let registry = context.found.running_registry();
    mirrors::files(&context.upstream_hosts(), context.found.network().registry(), registry.host_port)
}

fn spec(context: &Context, site: &Site, name: &str, role: Role, address: Ipv4Addr, file_watches: Limits) -> NodeSpec {
    let settings = &context.settings;
    let control_plane = role == Role::ControlPlane;
    let mut labels = vec![(names::IMAGE.into(), context.node_image.to_string())];
    let mut ports = Vec::new();
    if control_plane {
        let kept = serde_json::to_string(&context.platform_settings(site)).expect("plain data is JSON");
        labels.push((names::SETTINGS.into(), kept));
        ports.push(PortMapping { host: settings.http_port, node: HTTP });
        ports.push(PortMapping { host: settings.https_port, node: HTTPS });
        ports.extend(&settings.ports);
    }
    let mut inside = context.nodes();
    inside.push(context.found.network().cidr());
    NodeSpec {
        platform: settings.name.clone(),
        name: name.into(),
        role,
        image: context.found.node_image().to_string(),
        address,
        mode: site.mode.clone(),
        ports,
        api_port: if settings.api_port == 0 { network::free_port().unwrap_or(0) } else { settings.api_port },
        env: crate::proxy::environment(&inside, |name| std::env::var(name).ok()),
        labels,
        file_watches,
    }
}

/// Makes the control plane in a node that runs.
pub async fn init(context: &Context, site: &Site, node: &str, progress: &Progress) -> Result<(), Failure> {
    let (engine, facts) = (&site.engine, facts(context, site, node, Role::ControlPlane).await?);
    if let Some(checkpoint) = &context.checkpoint {
        return Ok(restore::control_plane(engine, &facts, checkpoint, progress).await?);
    }
    progress.detail("kubeadm makes the control plane");
    Ok(provision::init(engine, &facts, progress).await?)
}

/// Renews the certificates of a node that is a member of the cluster, where they end soon.
pub async fn renew(context: &Context, site: &Site, node: &str, progress: &Progress) -> Result<Outcome, Failure> {
    let Some(before) = node_certificates::renew_in_time(&site.engine, &context.control_plane(), node).await? else {
        return Ok(Outcome::Unchanged);
    };
    progress.warn(node_certificates::told(node, &before));
    Ok(Outcome::Changed)
}

/// Starts the pods of a checkpoint in a control plane that was made from it.
pub async fn start_pods(context: &Context, site: &Site, node: &str) -> Result<(), Failure> {
    let Some(checkpoint) = &context.checkpoint else { return Ok(()) };
    let facts = facts(context, site, node, Role::ControlPlane).await?;
    Ok(restore::pods(&site.engine, &facts, checkpoint).await?)
}

/// Lets a worker join.
pub async fn join(context: &Context, site: &Site, node: &str, progress: &Progress) -> Result<(), Failure> {
    progress.detail(format!("{node} joins"));
    Ok(provision::join(&site.engine, &facts(context, site, node, Role::Worker).await?, progress).await?)
}

async fn facts(context: &Context, site: &Site, node: &str, role: Role) -> Result<NodeFacts, ClusterError> {
    let image = context.node_image.to_string();
    let host = context.settings.host().to_string();
    Ok(NodeFacts {
        platform: context.settings.name.clone(),
        name: node.into(),
        role,
        address: context.found.address(node).to_string(),
        control_plane: context.control_plane(),
        version: provision::kubernetes_version(&site.engine, node, &image).await?,
        cgroup_v1: site.cgroup_v1,
        restricted: site.mode.is_restricted(),
        single: context.settings.workers == 0,
        pace: context.pace(),
        api_names: if host == "localhost" { Vec::new() } else { vec![host] },
    })
}

/// Waits until every node is ready.
pub async fn await_ready(context: &Context, progress: &Progress) -> Result<Ended, Failure> {
    let live = context.found.live();
    let deadline = Instant::now() + context.patience(NODES_DEADLINE);
    let names = context.nodes();
    let (version, ()) = tokio::try_join!(
        live_nodes::await_ready(&live.watch, &names, deadline, progress),
        certificates::approve(live.installer.client(), &names, deadline),
    )?;
    let count = context.nodes().len();
    let nodes = if count == 1 { "1 node".to_string() } else { format!("{count} nodes") };
    Ok(Ended { outcome: Outcome::Unchanged, detail: format!("Kubernetes {version}, {nodes}") })
}
