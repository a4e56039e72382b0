//! Two who write the same field in turn: Argo CD, which sets what Git says, and an autoscaler or anybody else.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, group_of, list, number, text};
use crate::live::scrub::{declared, scaler};

/// So often Argo CD must have set something back before somebody else is said to write it in turn.
const IN_TURN: i64 = 3;
/// What a quarrel weighs by which pods come and go.
const HARMS: u32 = 70;

/// What an Application sets back again and again.
pub(super) fn of_application(seen: &Seen<'_>, application: &Value) -> Vec<Finding> {
    let parts = touched(application);
    let mut found: Vec<_> = parts.iter().filter_map(|at| of_replicas(seen, application, at)).collect();
    if found.is_empty() {
        found.extend(parts.iter().filter_map(|at| in_turn(seen, application, at)).take(1));
    }
    found
}

/// Whether that an Application is out of sync is told by who keeps it so.
pub(in crate::live::diagnose) fn is_told(seen: &Seen<'_>, finding: &Finding) -> bool {
    let is_plain = finding.fault == Fault::OutOfSync && finding.field.is_empty();
    let application = seen.snapshot.get(&finding.object).filter(|one| text(one, "/kind") == "Application" && is_plain);
    application.is_some_and(|application| {
        let differing = list(application, "/status/resources").iter();
        let mut differing = differing.filter(|one| text(one, "/status") == "OutOfSync").map(part);
        let told: Vec<_> = of_application(seen, application).into_iter().map(|one| one.affects).collect();
        differing.all(|at| told.iter().any(|affects| affects.contains(&at.to_string())))
    })
}

fn heals(application: &Value) -> bool {
    let automated = |field: &str| application.pointer(&format!("/spec/syncPolicy/automated/{field}"));
    automated("selfHeal") == Some(&Value::Bool(true)) && automated("enabled") != Some(&Value::Bool(false))
}

fn part(one: &Value) -> Ref {
    let part = |field: &str| text(one, &format!("/{field}"));
    Ref::new(part("group"), part("kind"), part("namespace"), part("name"))
}

/// All that an Application brings: what two write in turn is in order every other moment.
fn touched(application: &Value) -> Vec<Ref> {
    let all = list(application, "/status/resources").iter();
    all.filter(|one| one.get("hook").is_none() && one.get("requiresPruning").is_none()).map(part).collect()
}

/// A number of replicas that Git says, and that an autoscaler sets otherwise.
fn of_replicas(seen: &Seen<'_>, application: &Value, at: &Ref) -> Option<Finding> {
    let workload = seen.snapshot.get(at)?;
    let in_git = declared(workload)?.get("replicas")?.as_i64()?;
    let scales = |one: &&Value| {
        let aim = |field: &str| text(one, &format!("/spec/scaleTargetRef/{field}"));
        aim("kind") == at.kind && aim("name") == at.name && group_of(aim("apiVersion")) == at.group
    };
    let scaler = seen.snapshot.inside("autoscaling", "HorizontalPodAutoscaler", &at.namespace).find(scales)?;
    let least = scaler.pointer("/spec/minReplicas").and_then(Value::as_i64).unwrap_or(1);
    let (most, wanted) = (number(scaler, "/spec/maxReplicas"), number(scaler, "/status/desiredReplicas"));
    let is_at_odds = in_git < least || in_git > most || (wanted > 0 && wanted != in_git);
    if !is_at_odds || is_ignored(application, at, "replicas") {
        return None;
    }
    let (app, by) = (Ref::of(application), Ref::of(scaler));
    let both = match heals(application) {
        true => "each undoes what the other does, and pods come and go",
        false => "they differ, and each sync sets it back",
    };
    let summary = format!(
        "sets `spec.replicas` of {at} to {in_git}, as Git says, and {by} sets it too (from {least} to {most}): {both}"
    );
    let next = format!(
        "Leave `spec.replicas` of {at} out in Git, for {by} decides about it; or add to `spec.ignoreDifferences` of {app}: `{{group: {}, kind: {}, jsonPointers: [/spec/replicas]}}`, with `RespectIgnoreDifferences=true` in `spec.syncPolicy.syncOptions`.",
        at.group, at.kind
    );
    let mut finding = Finding::new(Fault::OutOfSync, app, summary).at("spec.ignoreDifferences");
    if heals(application) {
        finding.weight = HARMS;
    }
    finding.affects.push(at.to_string());
    finding = finding
        .with(format!("{at}: spec.replicas as it was applied"), &in_git.to_string())
        .with(format!("{at}: spec.replicas now"), &number(workload, "/spec/replicas").to_string())
        .with(by.to_string(), &format!("minReplicas {least}, maxReplicas {most}, wants {wanted} now"));
    Some(with_healing(seen, application, workload, finding).next(next))
}

/// What Argo CD has set back several times in a row, whoever it is that writes it otherwise.
fn in_turn(seen: &Seen<'_>, application: &Value, at: &Ref) -> Option<Finding> {
    let healed = healed(application);
    let operation = "/status/operationState/operation/sync/resources";
    let is_healed = list(application, operation).iter().any(|one| {
        let same = |field: &str, own: &str| text(one, &format!("/{field}")) == own;
        same("kind", &at.kind) && same("name", &at.name) && same("group", &at.group)
    });
    if healed < IN_TURN || !is_healed || !heals(application) {
        return None;
    }
    let (app, object) = (Ref::of(application), seen.snapshot.get(at)?);
    let summary = format!(
        "has set {at} back to what Git says {healed} times in a row: somebody else writes it, and each undoes what the other does"
    );
    let mut finding = Finding::new(Fault::OutOfSync, app.clone(), summary).at("spec.ignoreDifferences");
    finding.weight = Fault::NoEndpoints.weight();
    finding.affects.push(at.to_string());
    let next = format!(
        "See in the difference of {app} which field it is: leave that out in Git, add it to `spec.ignoreDifferences` of {app}, or stop whoever else writes it."
    );
    Some(with_healing(seen, application, object, finding).next(next))
}

/// How often it was set back, and who has written the object.
fn with_healing(seen: &Seen<'_>, application: &Value, object: &Value, finding: Finding) -> Finding {
    let told = format!("{} times in a row", healed(application));
    let finding = if healed(application) > 0 { finding.with("set back", &told) } else { finding };
    let writers = list(object, "/metadata/managedFields").iter();
    let writers = writers.filter(|one| !text(one, "/manager").is_empty());
    let writers: Vec<_> = writers
        .map(|one| match seen.seconds_since(text(one, "/time")) {
            Some(ago) => format!("{} {ago} s ago", text(one, "/manager")),
            None => text(one, "/manager").into(),
        })
        .collect();
    let replicas = scaler(object).map(|by| format!("; its replicas by {by}")).unwrap_or_default();
    finding.with("written by", &format!("{}{replicas}", writers.join(", ")))
}

fn healed(application: &Value) -> i64 {
    number(application, "/status/operationState/operation/sync/autoHealAttemptsCount")
}

/// Whether an Application leaves a field of a kind to others.
fn is_ignored(application: &Value, at: &Ref, field: &str) -> bool {
    list(application, "/spec/ignoreDifferences").iter().any(|one| {
        let fits = |key: &str, own: &str| {
            matches!(text(one, &format!("/{key}")), "" | "*") || text(one, &format!("/{key}")) == own
        };
        let names_field = ["jsonPointers", "jqPathExpressions", "managedFieldsManagers"].iter().any(|way| {
            let said = list(one, &format!("/{way}")).iter().filter_map(Value::as_str);
            // Whose fields are left alone is not known from here.
            said.into_iter().any(|said| *way == "managedFieldsManagers" || said.contains(field))
        });
        fits("group", &at.group)
            && fits("kind", &at.kind)
            && fits("name", &at.name)
            && fits("namespace", &at.namespace)
            && names_field
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::{Verdict, diagnose};
    use crate::live::snapshot::Snapshot;

    /// An Application that brings a Deployment of so many replicas, beside an autoscaler.
    fn quarrel(in_git: Option<i64>, least: i64, spec: Value, healed: i64) -> Snapshot {
        let mut applied = json!({"kind": "Deployment", "spec": {}});
        if let Some(replicas) = in_git {
            applied["spec"]["replicas"] = replicas.into();
        }
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": "web", "generation": 1,
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied.to_string()},
            "managedFields": [{"manager": "robot", "time": "2026-01-01T11:59:50Z"}, {"manager": "scaler", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]},
            "spec": {"replicas": 2, "template": {"spec": {"containers": []}}},
            "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}});
        let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"minReplicas": least, "maxReplicas": 4, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}, "status": {"desiredReplicas": 2}});
        let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "shop"}, "spec": spec,
            "status": {"sync": {"status": "OutOfSync"}, "health": {"status": "Healthy"}, "resources": [
                {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "OutOfSync"}],
                "operationState": {"phase": "Succeeded", "operation": {"sync": {"autoHealAttemptsCount": healed, "resources": [{"group": "apps", "kind": "Deployment", "name": "web"}]}}}}});
        let mut snapshot = Snapshot::of("lab", [deployment, scaler, application]);
        snapshot.now = "2026-01-01T12:00:00Z".into();
        snapshot
    }

    fn told(snapshot: &Snapshot) -> Vec<(Verdict, Finding)> {
        let told = diagnose(snapshot, "Deployment:shop/web").expect("a workload");
        told.causes.into_iter().map(|cause| (told.verdict, cause)).collect()
    }

    fn healing() -> Value {
        json!({"syncPolicy": {"automated": {"selfHeal": true}}})
    }

    #[test]
    fn an_autoscaler_and_git_that_both_set_replicas_are_named_as_the_two_who_quarrel() {
        let causes = told(&quarrel(Some(1), 2, healing(), 4));
        let (verdict, cause) = &causes[0];
        assert_eq!((*verdict, cause.field.as_str()), (Verdict::Broken, "spec.ignoreDifferences"));
        for part in
            ["`spec.replicas` of Deployment shop/web to 1", "HorizontalPodAutoscaler shop/web", "pods come and go"]
        {
            assert!(cause.summary.contains(part), "{}", cause.summary);
        }
        let evidence: Vec<_> = cause.evidence.iter().map(|one| one.text.as_str()).collect();
        assert!(evidence.contains(&"robot 10 s ago; its replicas by scaler"), "{evidence:?}");
        assert_eq!(causes.len(), 1, "that they differ is told once: {causes:?}");
        let by_hand = told(&quarrel(Some(1), 2, json!({}), 0));
        assert_eq!((by_hand[0].0, by_hand[0].1.field.as_str()), (Verdict::Imperfect, "spec.ignoreDifferences"));
    }

    #[test]
    fn replicas_that_git_leaves_out_or_argo_cd_ignores_are_no_quarrel() {
        let ignores = json!({"syncPolicy": {"automated": {"selfHeal": true}}, "ignoreDifferences": [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]});
        for snapshot in
            [quarrel(None, 2, healing(), 0), quarrel(Some(1), 2, ignores, 0), quarrel(Some(2), 2, healing(), 0)]
        {
            let causes = told(&snapshot);
            assert!(causes.iter().all(|(_, cause)| cause.field.is_empty()), "{causes:?}");
        }
    }

    #[test]
    fn whatever_is_set_back_again_and_again_is_written_by_somebody_else() {
        let causes = told(&quarrel(None, 2, healing(), 5));
        assert!(causes[0].1.summary.contains("5 times in a row"), "{causes:?}");
        assert_eq!(causes[0].0, Verdict::Broken);
    }
}
