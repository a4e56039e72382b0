//! What a controller writes about a route, as one of what is to be changed.

use serde_json::{Value, json};

use super::super::{Fault, diagnose};
use super::between::{running, snapshot};
use super::chains::{first, is};
use crate::live::served::ServedKind;
use crate::live::snapshot::Snapshot;

/// A route with a controller that writes this line about it again and again.
fn complained(route: Value, more: Vec<Value>, line: &str) -> Snapshot {
    let mut front = running("front", json!({}));
    for part in &mut front {
        part["metadata"]["labels"]["backstack.dev/component"] = "front".into();
    }
    let class = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "front",
        "labels": {"backstack.dev/component": "front"}}, "spec": {"controller": "traefik.io/ingress-controller"}});
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r",
        "labels": {"backstack.dev/component": "front", "backstack.dev/aggregate-to-assistant": "true"}}, "rules": [{"apiGroups": ["traefik.io"]}]});
    let mut shop = snapshot(vec![front, vec![class, role, route], more]);
    shop.served = [ServedKind {
        group: "traefik.io".into(),
        kind: "Middleware".into(),
        plural: "middlewares".into(),
        namespaced: true,
    }]
    .into();
    shop.put_recent_log(("shop".into(), "front-1-x".into(), "app".into()), &format!("{line}\n").repeat(4));
    shop
}

#[test]
fn users_that_nobody_can_read_lead_to_the_secret_that_has_them() {
    let value = "YW5uOiRhcHIxJHE4ZVpGSGpG";
    let line = format!(
        r#"ERR error="error parsing BasicUser: {value}" entryPointName=web routerName=shop-web-shop-localhost@kubernetes"#
    );
    let route = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": "shop", "name": "web",
        "annotations": {"traefik.ingress.kubernetes.io/router.middlewares": "shop-login@kubernetescrd"}}, "spec": {"ingressClassName": "front"}});
    let guard = |spec: Value| json!({"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": {"namespace": "shop", "name": "login"}, "spec": spec});
    let shop = complained(route.clone(), vec![guard(json!({"basicAuth": {"secret": "people"}}))], &line);
    let cause = first(&shop, "Ingress:shop/web");
    is(&cause, Fault::WrongValue, "Secret shop/people", "data.users");
    assert!(cause.next.contains("stringData") && cause.next.contains("NAME:HASH"), "{}", cause.next);
    // Whatever is said of it, what is in it is not.
    let other = complained(route, vec![guard(json!({"stripPrefix": {"prefixes": ["/x"]}}))], &line);
    for shop in [shop, other] {
        let told = format!("{:?}", diagnose(&shop, "Ingress:shop/web").expect("found"));
        assert!(!told.contains(value), "{told}");
    }
}

#[test]
fn a_rule_without_its_quotes_is_told_as_it_should_be() {
    let route = |rule: &str| {
        json!({"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute", "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"routes": [{"match": rule}]}})
    };
    let line = |rule: &str| {
        format!(
            r#"ERR error="error while parsing rule {rule}: shop.localhost is not defined" routerName=shop-web-1@kubernetescrd"#
        )
    };
    let told = |rule: &str| first(&complained(route(rule), vec![], &line(rule)), "IngressRoute:shop/web");
    let cause = told("Host(shop.localhost)");
    assert_eq!(cause.field, "spec.routes[0].match");
    assert!(cause.next.contains("``Host(`shop.localhost`)``"), "{}", cause.next);
    assert_eq!(cause.change.and_then(|change| change.value), Some(json!("Host(`shop.localhost`)")));
    assert!(told("Hosts(`shop.localhost`)").next.starts_with("Correct `spec.routes[0].match`"));
}

#[test]
fn what_was_applied_with_the_route_that_misses_it_is_no_longer_missed() {
    let judged = |written: &str| {
        let route = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": "shop", "name": "web",
            "annotations": {"traefik.ingress.kubernetes.io/router.middlewares": "shop-office@kubernetescrd"}}, "spec": {"ingressClassName": "front"}});
        let office = json!({"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": {"namespace": "shop", "name": "office",
            "creationTimestamp": "2026-01-01T11:00:00Z"}, "spec": {"headers": {}}});
        let line = format!(
            r#"{written} ERR error="middleware \"shop-office@kubernetescrd\" does not exist" routerName=shop-web@kubernetes"#
        );
        let told = diagnose(&complained(route, vec![office], &line), "Ingress:shop/web").expect("found");
        let complaints: Vec<_> = told.causes.into_iter().filter(|cause| cause.object.kind == "Ingress").collect();
        assert!(complaints.len() < 2, "{complaints:#?}");
        complaints.into_iter().map(|cause| cause.summary).next().unwrap_or_default()
    };
    assert_eq!(judged("2026-01-01T11:00:02Z"), "");
    assert!(judged("2026-01-01T11:09:00Z").contains("complains"), "it is there, and still it is not taken");
}
