//! Programs and controllers that are turned down: by a setting, by a name that is none, in a namespace where a right does not
//! count; each with a cousin that is another matter.

use serde_json::{Value, json};

use super::unseen::{deployment, event, service, snapshot, told};
use super::{Diagnosis, Fault, Verdict};

/// What a program that runs writes again and again.
fn running(spec: Value, more: Vec<Value>, line: &str) -> (Diagnosis, [String; 3]) {
    let mut snapshot = snapshot([deployment("report", spec), more].concat());
    snapshot.put_recent_log(("shop".into(), "report-1-x".into(), "report".into()), &[line; 9].join("\n"));
    told(&snapshot, "Deployment:shop/report")
}

#[test]
fn a_server_that_turns_a_program_down_leads_to_the_setting_by_which_it_does() {
    let judged = |parameters: Value, env: Value| {
        let cluster = json!({"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"namespace": "shop", "name": "pg", "uid": "pg"},
            "spec": {"instances": 1, "postgresql": parameters}, "status": {"phase": "Cluster in healthy state"}});
        let mut server = service("pg-rw", json!(5432));
        server["metadata"]["ownerReferences"] = json!([{"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "name": "pg", "uid": "pg", "controller": true}]);
        let database =
            json!({"containers": [{"name": "postgres", "image": "r/pg:17", "ports": [{"containerPort": 5432}]}]});
        let spec = json!({"containers": [{"name": "report", "image": "r/report:1", "env": env}]});
        let said = "ERROR: psql: error: connection to server at \"pg-rw\" (10.96.0.9), port 5432 failed: FATAL: pg_hba.conf rejects connection for host \"10.244.0.6\", user \"app\", database \"app\", no encryption";
        running(spec, [deployment("pg-rw", database), vec![cluster, server]].concat(), said)
    };
    let rules = json!({"pg_hba": ["hostnossl all all all reject"]});
    let (found, [object, field, next]) = judged(rules.clone(), json!([{"name": "PGSSLMODE", "value": "disable"}]));
    assert_eq!((found.verdict, object.as_str()), (Verdict::Broken, "Cluster:shop/pg"), "{found:#?}");
    assert_eq!(field, "spec.postgresql.pg_hba");
    assert!(
        next.contains("`PGSSLMODE` = `disable` in `spec.template.spec.containers[0].env[0].value`")
            && next.contains("hostnossl"),
        "{next}"
    );
    assert!(
        judged(rules, json!([])).1[2].contains("`spec.postgresql.pg_hba` of Cluster shop/pg"),
        "without a variable, too"
    );
    // What the object does not say, it does not turn anybody down by.
    let (found, [object, ..]) = judged(json!({"parameters": {"shared_buffers": "32MB"}}), json!([]));
    assert!(!object.starts_with("Cluster:"), "{found:#?}");
}

#[test]
fn what_a_program_may_go_without_and_does_not_is_named_where_it_comes_from() {
    let judged = |kind: &str, optional: bool, line: &str| {
        let reference = json!({"name": "feed-tokens", "key": "token", "optional": optional});
        let env = json!([{"name": "FEED_TOKEN", "valueFrom": {kind: reference}}]);
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "feed-token"}, "data": {"token": "x"}});
        running(json!({"containers": [{"name": "report", "image": "r/report:1", "env": env}]}), vec![map], line)
    };
    let lacks = "ERROR: 401 from feed.example.org: no token given, nothing imported";
    let (found, [object, field, next]) = judged("secretKeyRef", true, lacks);
    assert_eq!((found.verdict, object.as_str()), (Verdict::Broken, "Deployment:shop/report"), "{found:#?}");
    assert_eq!(field, "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name");
    assert!(next.contains("not read here") && next.contains("get secrets"), "{next}");
    let (found, [_, field, next]) = judged("configMapKeyRef", true, lacks);
    assert_eq!(field, "spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.name", "{found:#?}");
    assert!(next.contains("to `feed-token`"), "{next}");
    // What must be there is there, or the pod would not run; and not every error is about it.
    assert_eq!(judged("secretKeyRef", false, lacks).1[1], "");
    assert_eq!(judged("secretKeyRef", true, "ERROR: the file has no column `price`").1[1], "");
}

#[test]
fn a_right_that_counts_in_another_namespace_only_says_in_which_it_is_wanted() {
    let said = r#"ERROR: {"message":"configmaps is forbidden: User \"system:serviceaccount:shop:reader\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"other\"","code":403}"#;
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"namespace": "shop", "name": "reader"}});
    let right = |place: &str| {
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"namespace": place, "name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]});
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"namespace": place, "name": "reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": "shop"}]});
        vec![role, binding]
    };
    let judged = |rights: Vec<Value>| {
        let spec = json!({"serviceAccountName": "reader", "containers": [{"name": "report", "image": "r/report:1"}]});
        running(spec, [rights, vec![account.clone()]].concat(), said)
    };
    let (found, [object, field, next]) = judged(right("shop"));
    assert_eq!((object.as_str(), field.as_str()), ("RoleBinding:shop/reader", "metadata.namespace"), "{found:#?}");
    assert!(next.contains("in namespace other"), "{next}");
    let (_, [object, _, next]) = judged(Vec::new());
    assert_eq!(object, "ServiceAccount:shop/reader");
    assert!(next.contains("both in namespace other"), "{next}");
}

#[test]
fn an_issuer_of_the_whole_cluster_looks_in_one_namespace_only() {
    let judged = |place: &str| {
        let issuer = json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "house"}, "spec": {"ca": {"secretName": "house-ca"}},
            "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "ErrGetKeyPair", "message": "Error getting keypair for CA issuer: secrets \"house-ca\" not found"}]}});
        let made = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"namespace": place, "name": "house-ca"}, "spec": {"secretName": "house-ca"}});
        let controller = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "certs", "name": "controller"},
            "spec": {"template": {"spec": {"containers": [{"name": "a", "args": ["--cluster-resource-namespace=$(POD_NAMESPACE)"]}]}}}});
        told(&snapshot(vec![issuer, made, controller]), "ClusterIssuer:house")
    };
    let (found, [object, field, next]) = judged("shop");
    assert_eq!((object.as_str(), field.as_str()), ("ClusterIssuer:house", "spec.ca.secretName"), "{found:#?}");
    assert!(next.contains("in namespace certs") && next.contains("Issuer (not a ClusterIssuer) in shop"), "{next}");
    assert!(judged("certs").1[2].contains("make what it names"), "there it looks");
}

#[test]
fn a_metric_of_a_container_that_no_pod_has_names_the_right_one() {
    let judged = |container: &str| {
        let spec =
            json!({"containers": [{"name": "api", "image": "r/api:1", "resources": {"requests": {"cpu": "5m"}}}]});
        let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "shop", "name": "api"},
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}, "maxReplicas": 2,
                "metrics": [{"type": "ContainerResource", "containerResource": {"name": "cpu", "container": container, "target": {"type": "Utilization", "averageUtilization": 60}}}]}});
        told(&snapshot([deployment("api", spec), vec![scaler]].concat()), "HorizontalPodAutoscaler:shop/api")
    };
    let (found, [object, field, next]) = judged("app");
    assert_eq!((found.verdict, object.as_str()), (Verdict::Broken, "HorizontalPodAutoscaler:shop/api"), "{found:#?}");
    assert_eq!(field, "spec.metrics[0].containerResource.container");
    assert!(next.ends_with("to `api`."), "{next}");
    assert!(judged("api").0.causes.is_empty());
}

#[test]
fn a_part_of_a_claim_that_its_class_does_not_know_is_named() {
    let judged = |said: &str| {
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "shop", "name": "data-search-0"},
            "spec": {"accessModes": ["ReadWriteOnce"], "selector": {"matchLabels": {"tier": "gold"}}}, "status": {"phase": "Pending"}});
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"namespace": "shop", "name": "search"},
            "spec": {"replicas": 1, "volumeClaimTemplates": [{"metadata": {"name": "data"}}], "template": {"metadata": {}, "spec": {"containers": [{"name": "app"}]}}}, "status": {}});
        let failed = event("PersistentVolumeClaim", "data-search-0", "ProvisioningFailed", said);
        told(&snapshot(vec![claim, set, failed]), "PersistentVolumeClaim:shop/data-search-0")
    };
    let (found, [object, field, next]) =
        judged("failed to provision volume with StorageClass \"standard\": claim.Spec.Selector is not supported");
    assert_eq!((found.causes[0].fault, object.as_str()), (Fault::Volume, "StatefulSet:shop/search"), "{found:#?}");
    assert_eq!(field, "spec.volumeClaimTemplates[0].spec.selector");
    assert!(
        next.starts_with("Take out `spec.volumeClaimTemplates[0].spec.selector`")
            && next.contains("delete StatefulSet"),
        "{next}"
    );
    assert_eq!(
        judged("failed to provision volume: the disk is gone").1[1],
        "spec.volumeClaimTemplates[0].spec.storageClassName"
    );
}
