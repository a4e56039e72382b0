//! The checkpoint that `up` leaves: what `backstack reset` goes back to.

use std::sync::Arc;

use crate::checkpoint::{self, About, INITIAL};
use crate::docker::observe;
use crate::error::Failure;
use crate::execute::Context;
use crate::kubernetes::record;
use crate::report::{Event, Reporter};
use crate::settings::Record;
use crate::target::local::{Running, Site};

/// Writes down that an upgrade is through, before that checkpoint is made: it is not of a platform that is on its way.
pub(super) async fn end_upgrade(context: &Context) -> Result<(), Failure> {
    if context.upgrading.is_some() {
        let record = Record { upgrading: None, ..context.record() };
        record::write(context.found.live().installer.client(), &record).await?;
    }
    Ok(())
}

/// Makes it where there is none, and anew after a component has changed or where it is of another version of the stack. An `up` that only started what was stopped leaves
/// it: people have worked on that platform since.
///
/// A platform without it is a platform all the same, so that is told and no more.
pub(super) async fn keep(site: &Site, context: &Context, changed: bool, reporter: &Arc<dyn Reporter>) {
    if let Err(failure) = make(site, context, changed).await {
        let why = failure.messages.join(": ");
        let message = format!("no checkpoint could be made, so `backstack reset` has nothing to go back to: {why}");
        reporter.report(Event::Warning { subject: None, message });
    }
}

async fn make(site: &Site, context: &Context, changed: bool) -> Result<(), Failure> {
    let name = &context.settings.name;
    let Some(platform) = observe::platforms(&site.engine).await?.remove(name) else { return Ok(()) };
    let place = Running {
        engine: site.engine.clone(),
        platform,
        control_plane: context.control_plane(),
        client: context.found.live().installer.client().clone(),
    };
    let version = &context.stack.version;
    let fits = |one: &About| one.nodes == place.nodes() && one.stack_version == *version;
    let has = checkpoint::list(&place).await?.iter().any(|one| one.name == INITIAL && fits(one));
    if changed || !has {
        checkpoint::create(&place, INITIAL, true).await?;
    }
    Ok(())
}
