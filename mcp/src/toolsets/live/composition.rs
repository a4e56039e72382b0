//! The part of a change's preview that runs the composition ahead: asks the platform's preview service, and tries what
//! would be composed.

use serde::Serialize;
use serde_json::Value;

use super::{Seen, policy};
use crate::error::ToolError;
use crate::live::apis;
use crate::live::changes::compose::{self, Composed, Effect, Rendered};
use crate::live::changes::newcomer::Bringer;
use crate::live::object::{Ref, text};
use crate::live::scrub::scrub_text;

/// Path of the preview service.
const PATH: &str = "preview";
/// What it answers when a composition refuses its input.
const UNPROCESSABLE: u16 = 422;

/// What a composition would make of the change.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub(super) struct Ahead {
    /// Composition that was run.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub composition: String,
    /// Every resource that it would make, change, keep or delete.
    pub resources: Vec<Composed>,
    /// What its functions said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
    /// Why the composition refuses the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// What API and policies say to composed resources, of those that are refused or warned of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dry_run: Vec<policy::TriedOne>,
    /// What could not be looked at, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
}

impl Ahead {
    fn unknown(why: impl Into<String>) -> Self {
        Self { limits: vec![format!("What would be composed is not known: {}.", why.into())], ..Self::default() }
    }
}

/// Runs the composition of an object as the API server would keep it.
///
/// # Errors
/// The cluster does not answer. A preview that is not there or fails is no error: the answer says it.
pub(super) async fn ahead(seen: &Seen, object: &Value) -> Result<Ahead, ToolError> {
    let Some(service) = compose::service(&seen.snapshot) else {
        return Ok(Ahead::unknown("this platform has no composition preview"));
    };
    let at = Ref::of(object);
    let Some(kind) = apis::find(&seen.snapshot, &at.kind) else {
        return Ok(Ahead::unknown(format!("{} is no composite API", at.kind)));
    };
    let live = seen.snapshot.get(&at);
    let composition = match compose::choose(&seen.snapshot, &kind, object) {
        Ok(composition) => composition,
        Err(why) => return Ok(Ahead::unknown(why)),
    };
    let observed = match live.map(compose::composed_of) {
        Some(refs) => seen.cluster.read(&refs).await?,
        None => Vec::new(),
    };
    let question = compose::question(&composition, object, &observed);
    let (status, answer) = match seen.cluster.ask(&service, PATH, &question).await {
        Ok(answer) => answer,
        Err(error) => return Ok(Ahead::unknown(error.message)),
    };
    let message = || scrub_text(text(&answer, "/message"));
    match status {
        200 => rendered(seen, composition, serde_json::from_value(answer).unwrap_or_default(), &observed).await,
        UNPROCESSABLE => Ok(Ahead { composition, refused: Some(message()), ..Ahead::default() }),
        _ => Ok(Ahead { composition, ..Ahead::unknown(message()) }),
    }
}

async fn rendered(
    seen: &Seen,
    composition: String,
    rendered: Rendered,
    observed: &[Value],
) -> Result<Ahead, ToolError> {
    let resources = compose::effects(&rendered.resources, observed);
    // Only what is new or other can be refused now. The order is that of what was rendered.
    let tried = rendered
        .resources
        .iter()
        .zip(&resources)
        .filter(|(_, one)| matches!(one.effect, Effect::Create | Effect::Change));
    let tried: Vec<Value> = tried.map(|(object, _)| object.clone()).collect();
    let mut limits = rendered.limits;
    let mut dry_run = Vec::new();
    for run in policy::try_all(seen, &tried, Bringer::Composition).await? {
        match run.refused.contains("is forbidden: User \"system:serviceaccount:") {
            // The assistant may try only some kinds; Crossplane has rights of its own.
            true => limits.push(format!("{} was not tried: the assistant may not.", run.object)),
            false if !run.accepted || !run.warnings.is_empty() => dry_run.push(run),
            false => {}
        }
    }
    let says = rendered.says.iter().map(|one| scrub_text(one)).collect();
    Ok(Ahead { composition, resources, says, refused: None, dry_run, limits })
}
