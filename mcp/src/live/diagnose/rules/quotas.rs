//! What a quota has no room for: which amount of which quota, and whether a pod or a claim of a set wants it.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, text};
use crate::live::quantity::{memory, milli, processors};
use crate::live::references::template::Template;

/// How the API begins to refuse a claim.
const OF_CLAIM: &str = "persistentvolumeclaims \"";

/// An amount that a refusal names.
pub(super) struct Exceeded<'a> {
    pub quota: &'a str,
    pub resource: &'a str,
    /// What the quota would have to give.
    pub needed: i128,
}

impl<'a> Exceeded<'a> {
    /// `exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2`
    pub(super) fn of(message: &'a str) -> Option<Self> {
        let (quota, said) = message.split_once("exceeded quota: ")?.1.split_once(',')?;
        let part =
            |word: &str| said.split_once(&format!("{word}: ")).map(|(_, rest)| amounts(rest)).unwrap_or_default();
        let (asked, used, most) = (part("requested"), part("used"), part("limited"));
        let (resource, needed) = most.iter().find_map(|(resource, most)| {
            let of = |all: &[(&str, &str)]| milli(all.iter().find(|(one, _)| one == resource)?.1);
            let needed = of(&asked)? + of(&used)?;
            (needed > milli(most)?).then_some((*resource, needed))
        })?;
        Some(Self { quota, resource, needed })
    }

    /// The field of the quota, and how much would have to stand there.
    pub(super) fn wanted(&self) -> (String, String) {
        (self.field(), in_units(self.resource, self.needed))
    }

    /// The field of the quota.
    fn field(&self) -> String {
        match self.resource.contains(['.', '/']) {
            true => format!("spec.hard[{}]", self.resource),
            false => format!("spec.hard.{}", self.resource),
        }
    }
}

/// A refusal with what would have to be raised, and how far: of a claim the quota is at fault, for what a set asks for
/// cannot be changed in place.
pub(super) fn told(seen: &Seen<'_>, workload: &Value, finding: Finding) -> Finding {
    let Some(exceeded) = Exceeded::of(&finding.summary) else { return finding };
    let at = Ref::of(workload);
    let mut quotas = seen.snapshot.inside("", "ResourceQuota", &at.namespace);
    let quota = quotas.find(|one| name(one) == exceeded.quota).map(Ref::of);
    let Some(quota) = quota else { return finding };
    let (field, amount) = exceeded.wanted();
    let raise = format!("Raise `{field}` of {quota} to {amount} or more");
    let Some((claim, template)) = claim(workload, &finding.summary) else {
        let path = Template::of(workload).map_or("spec", |template| template.path);
        let less = match exceeded.resource {
            "pods" => "let there be fewer pods".to_string(),
            resource => format!("lower {resource} in `{path}.containers[0].resources` of {at}"),
        };
        return finding.next(format!("{raise}, free some of it, or {less}."));
    };
    let of_set = format!("spec.volumeClaimTemplates[{template}].spec.resources.requests.storage");
    let text =
        format!("has no room for claim {claim} of {at}: it would have to give {amount} of {}", exceeded.resource);
    let mut found = Finding::new(Fault::Quota, quota, text).at(field);
    found.evidence.clone_from(&finding.evidence);
    found.affects.push(at.to_string());
    let asked = list(workload, "/spec/volumeClaimTemplates").get(template);
    let asked = asked.map_or("", |template| crate::live::object::text(template, "/spec/resources/requests/storage"));
    found.with(of_set.clone(), asked).next(format!(
        "{raise}, or let there be fewer replicas of {at}. What each claim asks for (`{of_set}`) cannot be changed in place: for less, delete {at} with `--cascade=orphan` and make it again."
    ))
}

/// The claim that a refusal is about, and of which template of a set it is.
fn claim<'a>(set: &Value, message: &'a str) -> Option<(&'a str, usize)> {
    let claim = message.split_once(OF_CLAIM)?.1.split('"').next()?;
    let templates = list(set, "/spec/volumeClaimTemplates").iter();
    let mut of = templates.map(|template| format!("{}-{}-", name(template), name(set)));
    let index = of.position(|start| claim.starts_with(&start)).filter(|_| text(set, "/kind") == "StatefulSet")?;
    Some((claim, index))
}

/// `pods=1,requests.cpu=10m`, up to what comes next.
fn amounts(text: &str) -> Vec<(&str, &str)> {
    let end = text.find(", ").unwrap_or(text.len());
    text[..end].split(',').filter_map(|pair| pair.trim().split_once('=')).collect()
}

/// An amount in the unit of its resource.
pub(super) fn in_units(resource: &str, amount: i128) -> String {
    match resource {
        _ if resource.ends_with("cpu") => processors(amount),
        _ if resource.ends_with("memory") || resource.ends_with("storage") => memory(amount),
        _ => (amount / 1000).to_string(),
    }
}
