//! What a plan would change of each component, found out without changing anything: components are rendered as they would
//! be applied, and the API server is asked to try them.

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::context::Context;
use super::{mirror, reach, steps};
use crate::definitions;
use crate::error::Failure;
use crate::kubernetes::{Preview, inventory::Inventory};
use crate::plan::{Action, Plan, Step};
use crate::stack::Component;

/// Components that are tried at the same time: each is asked about object by object.
const AT_ONCE: usize = 4;

/// What would become of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Previewed {
    /// The component in question, by its name in the stack: `traefik`.
    pub component: String,
    /// The version that it would have; none if it would be taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Objects that would be added, changed or removed.
    #[serde(flatten)]
    pub objects: Preview,
    /// Its definitions of kinds are not here yet, so nothing is known of them.
    pub definitions_to_fetch: bool,
}

impl Previewed {
    /// Whether it would stay as it is.
    pub fn is_nothing(&self) -> bool {
        self.version == self.objects.had && self.objects.is_nothing() && !self.definitions_to_fetch
    }
}

/// Looks at all components of a plan for a platform that runs, in the plan's order.
///
/// # Errors
/// The engine, the registry or the API does not answer.
pub async fn run(plan: &Plan, context: &Context) -> Result<Vec<Previewed>, Failure> {
    reach::all(context).await?;
    for planned in &plan.steps {
        // Each image has one such step, whoever needs it.
        if let (Step::MirrorImage { image }, Action::Exists) = (&planned.step, planned.action) {
            mirror::name_as_it_is(context, image).await?;
        }
    }
    let looked = stream::iter(&plan.steps).map(|planned| async move {
        Ok::<_, Failure>(match &planned.step {
            Step::InstallComponent { component } => Some(installed(context, component).await?),
            Step::RemoveComponent { component } => Some(removed(context, component).await?),
            _ => None,
        })
    });
    let looked: Vec<_> = looked.buffered(AT_ONCE).try_collect().await?;
    Ok(looked.into_iter().flatten().collect())
}

async fn installed(context: &Context, component: &Component) -> Result<Previewed, Failure> {
    let definitions_to_fetch = !definitions::are_cached(&component.file.crds, &context.store);
    if !definitions_to_fetch {
        steps::read_definitions(context, component)?;
    }
    let unit = steps::unit(context, context.found.live(), component).await?;
    let mut objects = context.found.live().installer.preview(&unit).await?;
    if definitions_to_fetch {
        objects.removed.retain(|object| object.kind != "CustomResourceDefinition");
    }
    Ok(Previewed { component: component.name().into(), version: Some(unit.version), objects, definitions_to_fetch })
}

async fn removed(context: &Context, name: &str) -> Result<Previewed, Failure> {
    let client = context.found.live().installer.client().clone();
    let entry = Inventory::new(client, &context.settings.name).load(name).await?;
    let (had, removed) = entry.map(|entry| (entry.version, entry.objects)).unzip();
    let objects = Preview { had, removed: removed.unwrap_or_default(), ..Preview::default() };
    Ok(Previewed { component: name.into(), version: None, objects, definitions_to_fetch: false })
}
