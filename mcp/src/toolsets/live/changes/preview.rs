//! What a change would do, asked of everybody who has a word in it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::composition::{self, Ahead, NOT_ALLOWED};
use super::input::Planned;
use super::policy;
use crate::error::ToolError;
use crate::live::changes::images::{self, Found, Told};
use crate::live::changes::newcomer::{Bringer, StandIn};
use crate::live::changes::plan::{self, Action};
use crate::live::changes::{drafts, project, source};
use crate::live::graph;
use crate::live::object::Ref;
use crate::live::schema::Misfit;

const COMPOSITION: &str = "Composition";
/// How a composition is looked at that was run.
const RUN_APART: &str = "Its fields, its kind and its functions were checked, and it was run: see `composed`.";

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Preview {
    pub summary: String,
    /// Whether schema, API, policies and Argo CD would let it through.
    pub acceptable: bool,
    /// The same in words: also what is acceptable and still not as it should be.
    pub verdict: String,
    pub repository: String,
    pub file: String,
    pub diff: String,
    /// Fields that do not fit the API.
    pub misfits: Vec<Misfit>,
    /// Why Argo CD would not apply it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub argo_cd: Vec<String>,
    /// Whether the images that it names exist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Told>,
    /// Open pull requests for the same file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_open: Vec<Other>,
    /// What the API and the policies say to it.
    pub dry_run: Vec<policy::TriedOne>,
    /// What its composition would make of it; nothing for a deletion, and while the schema does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub composed: Option<Ahead>,
    /// What goes with a deletion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub goes_too: Vec<String>,
    /// What cannot be previewed.
    pub limits: Vec<String>,
}

/// A pull request for the same file.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Other {
    pub pull_request: i64,
    pub title: String,
    pub author: String,
    pub url: String,
}

impl Preview {
    /// What was tried: the resource itself, and what would be composed of it.
    pub(super) fn tried(&self) -> impl Iterator<Item = &policy::TriedOne> {
        self.dry_run.iter().chain(self.composed.iter().flat_map(|ahead| &ahead.dry_run))
    }

    /// What is worth a word although it does not stop the change.
    pub(super) fn warnings(&self) -> Vec<String> {
        let warned = self.tried().flat_map(|run| run.warnings.clone());
        let others = self.also_open.iter().map(|other| {
            format!(
                "pull request #{} of {} is open for the same file ({}): {}",
                other.pull_request, other.author, other.title, other.url
            )
        });
        let unchecked = self.images.iter().filter(|told| told.state != "found");
        let images = unchecked.map(|told| format!("image {} was {}: {}", told.image, told.state, told.detail));
        warned.chain(others).chain(images).collect()
    }

    /// Why it would be refused.
    pub(super) fn reasons(&self) -> Vec<String> {
        let misfits = self.misfits.iter().map(|misfit| format!("{} {}", misfit.path, misfit.problem));
        let refused = self.tried().filter(|run| !run.accepted).map(|run| format!("{}: {}", run.object, run.refused));
        let composition = self
            .composed
            .iter()
            .filter_map(|ahead| Some(format!("composition {}: {}", ahead.composition, ahead.refused.as_ref()?)));
        let argo_cd = self.argo_cd.iter().map(|why| format!("Argo CD: {why}"));
        let missing = self.images.iter().filter(|told| told.is_missing());
        let missing = missing.map(|told| format!("image {}: {}", told.image, told.detail));
        misfits.chain(refused).chain(composition).chain(argo_cd).chain(missing).collect()
    }

    fn judged(mut self) -> Self {
        let reasons = self.reasons();
        self.acceptable = reasons.is_empty();
        let failing = self.tried().any(|run| !run.warnings.is_empty());
        let unchecked = self.images.iter().any(|told| told.state == "not checked");
        self.verdict = match () {
            () if !self.acceptable => format!("not acceptable: {}", reasons.join("; ")),
            () if failing => "acceptable, with failing audit policies: they report it, and do not refuse it".into(),
            () if unchecked => "acceptable, as far as could be checked: see `images`".into(),
            () => "acceptable".into(),
        };
        self
    }
}

impl Planned {
    pub(super) fn title(&self) -> String {
        let place = self.wish.namespace.as_str();
        let name = if place.is_empty() { self.wish.name.clone() } else { format!("{place}/{}", self.wish.name) };
        format!("{} {} {name}", self.wish.action.verb(), self.wish.kind)
    }

    pub(super) async fn preview(&self) -> Result<Preview, ToolError> {
        let written = &self.written;
        let mut limits = Vec::new();
        let (mut dry_run, mut composed) = (Vec::new(), None);
        let mut misfits = written.misfits.clone();
        // What does not fit the schema is told by its misfits, in better words than the server's.
        if written.misfits.is_empty() {
            (dry_run, composed) = self.tried(&mut misfits, &mut limits).await?;
        }
        match self.wish.action {
            Action::Delete => limits.push("What is composed of it goes with it; data in volumes may be lost.".into()),
            _ => limits.push(policy::LIMITS.into()),
        }
        if written.rewritten {
            limits.push(
                "The file has a form that cannot be changed in place: it is written anew, and its comments go.".into(),
            );
        }
        let (images, also_open) = futures::join!(self.images(), self.also_open(&mut limits));
        let preview = Preview {
            summary: self.title(),
            acceptable: false,
            verdict: String::new(),
            repository: written.repository.clone(),
            file: written.path.clone(),
            diff: written.diff.clone(),
            misfits,
            argo_cd: self.argo_cd(),
            images,
            also_open,
            dry_run,
            composed,
            goes_too: self.goes_too(),
            limits,
        };
        Ok(preview.judged())
    }

    /// The word of the API and the policies, and what a composition would make of it.
    async fn tried(
        &self,
        misfits: &mut Vec<Misfit>,
        limits: &mut Vec<String>,
    ) -> Result<(Vec<policy::TriedOne>, Option<Ahead>), ToolError> {
        let (mut tried, mut composed) = (Vec::new(), None);
        let objects = self.placed();
        let runs = self.seen.dry_run(&objects, Bringer::Order).await?;
        for (object, run) in objects.iter().zip(runs) {
            let at = Ref::of(object);
            // As the server would keep it: with the defaults that compositions count on.
            let kept = run.object.as_ref().filter(|_| plan::composite(&self.seen.snapshot, &at).is_some());
            if let (Some(kept), None) = (kept, &composed) {
                composed = Some(composition::ahead(&self.seen, kept).await?);
            }
            let one = policy::tried(&self.seen, object, run);
            if one.refused.contains(NOT_ALLOWED) {
                let (found, mut how) = self.checked(object, &objects).await?;
                // What cannot be right need not be run.
                if at.kind == COMPOSITION && found.is_empty() && composed.is_none() {
                    composed = Some(composition::drafted(&self.seen, object, &objects).await?);
                    how = RUN_APART;
                }
                misfits.extend(found);
                limits.push(format!(
                    "{} was not tried by the server: the assistant may not create its kind, Argo CD may. {how}",
                    one.object
                ));
            } else {
                tried.push(one);
            }
        }
        let made = objects.iter().find(|object| StandIn::of(&self.seen.snapshot, object, Bringer::Order).is_some());
        if let Some(made) = made {
            limits.push(format!("Namespace {} is not there yet: this order makes it.", Ref::of(made).namespace));
        }
        Ok((tried, composed))
    }

    /// What can be said of an object that may not be tried, and what was looked at for it.
    async fn checked(&self, object: &Value, beside: &[Value]) -> Result<(Vec<Misfit>, &'static str), ToolError> {
        let definition = self.seen.cluster.read(&[drafts::definition_of(&Ref::of(object))]).await?;
        let found = drafts::check(&self.seen.snapshot, object, beside, definition.first());
        let how = match (Ref::of(object).kind.as_str(), definition.first()) {
            (COMPOSITION, Some(_)) => {
                "Its fields, its kind and its functions were checked; what its functions make of their input was not run."
            }
            (_, Some(_)) => "Its fields were checked by the schema of its kind.",
            (_, None) => "Its fields were not checked: no schema of its kind was found.",
        };
        Ok((found, how))
    }

    /// The objects with the namespace that they will have.
    fn placed(&self) -> Vec<Value> {
        let taker = source::taker(&self.seen.snapshot, &self.written.repository, &self.written.path);
        let mut objects = self.written.objects.clone();
        for object in &mut objects {
            let at = Ref::of(object);
            if let Some(taker) =
                taker.as_ref().filter(|_| at.namespace.is_empty() && !project::is_wide(&self.seen.snapshot, &at))
            {
                object["metadata"]["namespace"] = taker.namespace.clone().into();
            }
        }
        objects
    }

    /// Why Argo CD would not apply it.
    fn argo_cd(&self) -> Vec<String> {
        let (snapshot, written) = (&self.seen.snapshot, &self.written);
        if written.objects.is_empty() || !snapshot.has_kind("argoproj.io", "AppProject") {
            return Vec::new();
        }
        match source::taker(snapshot, &written.repository, &written.path) {
            Some(taker) => project::refusals(snapshot, &taker, &written.objects),
            None => vec![format!(
                "no Application takes `{}` of {}: nothing would come of it",
                written.path, written.repository
            )],
        }
    }

    async fn images(&self) -> Vec<Told> {
        let named = images::named(&self.written.objects, self.written.before.as_ref());
        let asked = named.iter().map(|image| async move {
            let nodes = self.seen.snapshot.all("", "Node");
            let found = match images::on_a_node(nodes, image) {
                true => Found::Here,
                false => self.seen.cluster.image(image).await,
            };
            Told::of(image, found)
        });
        futures::future::join_all(asked).await
    }

    async fn also_open(&self, limits: &mut Vec<String>) -> Vec<Other> {
        let own = plan::branch(&self.key, &self.wish);
        match self.forge.open_about(&self.written.repository, &self.written.path).await {
            Ok(pulls) => pulls
                .into_iter()
                .filter(|pull| pull.branch != own)
                .map(|pull| Other { pull_request: pull.number, title: pull.title, author: pull.author, url: pull.url })
                .collect(),
            Err(error) => {
                limits.push(format!("Whether other proposals are open for the file is not known: {}.", error.message));
                Vec::new()
            }
        }
    }

    /// What a deletion takes with it.
    fn goes_too(&self) -> Vec<String> {
        let before = self.written.before.as_ref().filter(|_| self.wish.action == Action::Delete);
        let own = before.and_then(|before| {
            let mut at = Ref::of(before);
            at.namespace.clone_from(&self.wish.namespace);
            self.seen.snapshot.get(&at)
        });
        let nodes = own.map(|own| graph::below(&self.seen.snapshot, &[own])).unwrap_or_default();
        nodes.into_iter().filter(|node| node.depth == 1).map(|node| node.object).collect()
    }
}
