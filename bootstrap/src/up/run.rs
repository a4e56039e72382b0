//! Carrying a plan out, and what came of it.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::{Prepared, checkpoint, wanting};
use crate::error::Failure;
use crate::execute;
use crate::report::{Event, Planned, Reporter};
use crate::stack::{LeftOut, Stack};

/// How `up` ended.
pub enum Outcome {
    /// All steps succeeded.
    Ready(Box<Ready>),
    /// In the order in which they happened.
    Failed(Vec<Failure>),
}

/// A platform that is ready.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    /// The platform that is ready, as `--name` has it.
    pub name: String,
    /// Name in the stack's `stack.yaml`, as `back`.
    pub stack: String,
    /// Whether anything had to be done.
    pub changed: bool,
    /// How many components the stack has.
    pub components: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What was built and moved.
    pub images: String,
    /// What was to be fetched or should have been, and was built here instead: a line for each reason.
    pub taken_over: Vec<String>,
    /// Images that cannot be had, and what is not installed for that.
    pub left_out: Vec<LeftOut>,
    /// Where people reach what the components serve.
    pub routes: Vec<RouteUrl>,
    /// Address on this machine, where a tunnel or proxy has to lead; the routes may have another.
    pub local_url: String,
    /// kubeconfig context.
    pub context: String,
    /// Port of the local registry on loopback; 0 on a cluster that somebody else made.
    pub registry_port: u16,
    /// The cluster is one that somebody else made.
    pub elsewhere: bool,
    /// The command that leads to such a platform, if no name does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_forward: Option<String>,
    /// The registry that images were pushed to for such a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_to: Option<String>,
}

/// Where a component answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteUrl {
    /// The component that answers there, by its name in the stack: `traefik`.
    pub component: String,
    /// What people call it, as `Argo CD`.
    pub title: String,
    /// The platform's address, and the path of the route.
    pub url: String,
}

/// Carries the plan out. Dropping the future stops it; a later run goes on from there.
pub async fn execute(prepared: &Prepared, reporter: Arc<dyn Reporter>) -> Outcome {
    let (context, start) = (&prepared.context, Instant::now());
    let (images, image_bytes, fetch_bytes) = prepared.plan.images();
    reporter.report(Event::Planned(Planned {
        platform: context.settings.name.clone(),
        stack: context.stack.name.clone(),
        version: context.stack.version.clone(),
        subjects: prepared.plan.subjects(),
        images,
        image_bytes,
        fetch_bytes,
    }));
    let told = std::iter::once(&prepared.images.headline).chain(&prepared.images.taken_over);
    for message in told.chain(&prepared.notes) {
        reporter.report(Event::Note { message: message.clone() });
    }
    for warning in &prepared.warnings {
        reporter.report(Event::Warning { subject: None, message: warning.clone() });
    }
    context.upstream.report_to(reporter.clone());
    for one in &context.left_out {
        let message = format!("left out: {}", one.text());
        reporter.report(Event::Warning { subject: Some(one.component.clone()), message });
    }
    let executed = execute::run(&prepared.plan, context, reporter.clone()).await;
    if !executed.failures.is_empty() {
        let flags = context.site.target().flags(&context.settings.name);
        let told = |failure| wanting::told(failure, &context.stack, &context.settings.changes, &flags);
        return Outcome::Failed(executed.failures.into_iter().map(|failed| told(failed.failure)).collect());
    }
    if let Err(failure) = checkpoint::end_upgrade(context).await {
        return Outcome::Failed(vec![failure]);
    }
    if let (Some(site), None) = (context.site.local(), &prepared.adding) {
        checkpoint::keep(site, context, executed.changed_components, &reporter).await;
    }
    let registry_port = context.found.registry().map_or(0, |registry| registry.host_port);
    Outcome::Ready(Box::new(Ready {
        name: context.settings.name.clone(),
        stack: context.stack.name.clone(),
        changed: executed.changed,
        components: context.stack.components.len(),
        seconds: start.elapsed().as_secs_f64(),
        images: execute::steps::moved(context),
        taken_over: taken_over(prepared),
        left_out: context.left_out.clone(),
        routes: routes(&context.stack, &context.settings.url),
        local_url: context.settings.local_url(),
        context: context.site.context(&context.settings.name),
        elsewhere: context.site.is_existing(),
        port_forward: context.site.port_forward(&context.settings, &context.stack),
        pushed_to: context.settings.push.as_ref().map(|push| push.to.address()),
        registry_port,
    }))
}

/// What was built here instead of being fetched, as it was planned and as it came about.
fn taken_over(prepared: &Prepared) -> Vec<String> {
    prepared.images.taken_over.iter().cloned().chain(prepared.context.found.taken_over()).collect()
}

/// Where the components of a stack answer.
pub fn routes(stack: &Stack, url: &str) -> Vec<RouteUrl> {
    let mut routes = Vec::new();
    for component in &stack.components {
        for route in &component.file.routes {
            let title = route.title.clone().or(component.file.title.clone()).unwrap_or(component.file.name.clone());
            let url = format!("{url}{}", route.path);
            routes.push(RouteUrl { component: component.file.name.clone(), title, url });
        }
    }
    routes
}
