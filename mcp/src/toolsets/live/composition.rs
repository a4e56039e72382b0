//! The part of a change's preview that runs the composition ahead: asks the platform's preview service, and tries what
//! would be composed.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{Seen, policy};
use crate::error::ToolError;
use crate::live::apis;
use crate::live::changes::compose::{self, Composed, Drafted, Effect, Rendered};
use crate::live::changes::newcomer::Bringer;
use crate::live::diagnose::composed_of;
use crate::live::object::{Ref, name, text};
use crate::live::scrub::scrub_text;

/// The words of a server that does not let the assistant try a kind.
pub(super) const NOT_ALLOWED: &str = "is forbidden: User \"system:serviceaccount:";
/// Path of the preview service.
const PATH: &str = "preview";
/// How long the service may take, and a little: it has a patience of its own.
const PATIENCE: Duration = Duration::from_secs(35);
/// Path for compositions that are no part of the cluster, whose functions have to start.
const DRAFT_PATH: &str = "draft";
const DRAFT_PATIENCE: Duration = Duration::from_secs(65);
/// A draft is run for so many objects at most.
const MOST_USERS: usize = 3;
/// A service that knows no drafts.
const NOT_FOUND: u16 = 404;
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
    /// Takes in what came of one object. What stays as it is would hide what does not.
    fn add(&mut self, user: Ref, refused: String, one: Self) {
        if !refused.is_empty() && self.refused.is_none() {
            self.refused = Some(format!("{user}: {}", scrub_text(&refused)));
        }
        self.resources.extend(one.resources.into_iter().filter(|resource| resource.effect != Effect::Keep));
        let news = |known: &Vec<String>, said: Vec<String>| -> Vec<String> {
            said.into_iter().filter(|line| !known.contains(line)).collect()
        };
        self.says.extend(news(&self.says, one.says));
        self.limits.extend(news(&self.limits, one.limits));
        self.dry_run.extend(one.dry_run);
    }

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
    let observed = match live.map(composed_of) {
        Some(refs) => seen.cluster.read(&refs).await?,
        None => Vec::new(),
    };
    let question = compose::question(&composition, object, &observed);
    let (status, answer) = match seen.cluster.ask(&service, PATH, &question, PATIENCE).await {
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

/// Runs a composition that is changed or new for those that use it, in functions of its own: whoever wrote it, it reaches
/// nothing.
///
/// # Errors
/// The cluster does not answer.
pub(super) async fn drafted(seen: &Seen, composition: &Value, beside: &[Value]) -> Result<Ahead, ToolError> {
    let Some(service) = compose::service(&seen.snapshot) else {
        return Ok(Ahead::unknown("this platform has no composition preview"));
    };
    let (all, are_there) = compose::users(&seen.snapshot, composition, beside);
    if all.is_empty() {
        return Ok(Ahead::unknown("no definition of its kind is known"));
    }
    let mut users = Vec::new();
    for user in all.iter().take(MOST_USERS) {
        users.push((user.clone(), seen.cluster.read(&composed_of(user)).await?));
    }
    let question = compose::draft_question(composition, &users);
    let (status, answer) = match seen.cluster.ask(&service, DRAFT_PATH, &question, DRAFT_PATIENCE).await {
        Ok(answer) => answer,
        Err(error) => return Ok(Ahead::unknown(error.message)),
    };
    let mut whole = match status {
        200 => Ahead { composition: name(composition).into(), ..Ahead::default() },
        NOT_FOUND => return Ok(Ahead::unknown("this platform's composition preview runs no drafts")),
        _ => return Ok(Ahead::unknown(scrub_text(text(&answer, "/message")))),
    };
    let drafted: Drafted = serde_json::from_value(answer).unwrap_or_default();
    for ((user, observed), one) in users.iter().zip(drafted.previews) {
        whole.add(Ref::of(user), one.refused, rendered(seen, String::new(), one.rendered, observed).await?);
    }
    let named = users.iter().map(|(user, _)| Ref::of(user).to_string()).collect::<Vec<_>>().join(", ");
    whole.limits.push(match are_there {
        true if users.len() == all.len() => format!("It was run for all that use it: {named}."),
        true => format!("It was run for {named}: {} of the {} that use it.", users.len(), all.len()),
        false => format!("Nothing uses it yet: it was run for {named}, made up from its API."),
    });
    Ok(whole)
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
        match run.refused.contains(NOT_ALLOWED) {
            // The assistant may try only some kinds; Crossplane has rights of its own.
            true => limits.push(format!("{} was not tried: the assistant may not.", run.object)),
            false if !run.accepted || !run.warnings.is_empty() => dry_run.push(run),
            false => {}
        }
    }
    let says = rendered.says.iter().map(|one| scrub_text(one)).collect();
    Ok(Ahead { composition, resources, says, refused: None, dry_run, limits })
}
