use super::*;
use crate::docker::mode::NodeMode;
use crate::error::Explain;

fn had() -> PlatformSettings {
    PlatformSettings {
        made_by: "0".into(),
        http_port: 9080,
        https_port: 9443,
        ports: Vec::new(),
        node_image: "docker.io/me/node:1".into(),
        node_mode: NodeMode::Privileged,
    }
}

fn existing(workers: u16) -> Existing {
    let record = Record {
        by: "0".into(),
        name: "p".into(),
        stack: "minimal".into(),
        stack_version: String::new(),
        url: "https://localhost:9443".into(),
        from_packages: false,
        parameters: vec![("a".into(), "b".into(), true.into())],
        changes: Changes::default(),
        elsewhere: false,
        push: None,
        upgrading: None,
    };
    Existing { settings: Some(had()), workers, record: Some(record) }
}

fn decide(wishes: UpWishes) -> Result<UpSettings, SettingsError> {
    wishes.decide("p", None, "1.36.3")
}

#[test]
fn nothing_said_means_the_defaults() {
    let settings = decide(UpWishes::default()).expect("defaults");
    assert_eq!((settings.stack.as_str(), settings.url.as_str()), ("back", "https://localhost:8443"));
    assert_eq!((settings.host(), settings.public_port()), ("localhost", 8443));
}

#[test]
fn the_first_layer_wins() {
    let flags = UpWishes { http_port: Some(1), ..Default::default() };
    let file = UpWishes { http_port: Some(2), workers: Some(2), ports: vec!["5:6".into()], ..Default::default() };
    let settings = decide(flags.or(file)).expect("settings");
    assert_eq!((settings.http_port, settings.workers), (1, 2));
    assert_eq!(settings.ports, vec![PortMapping { host: 5, node: 6 }]);
}

#[test]
fn an_existing_platform_keeps_what_cannot_change() {
    let settings = UpWishes::default().decide("p", Some(&existing(2)), "1.36.3").expect("as it was");
    assert_eq!((settings.https_port, settings.workers, settings.stack.as_str()), (9443, 2, "minimal"));
    assert_eq!(settings.url, "https://localhost:9443");
    assert_eq!(settings.parameters.len(), 1);
    let wishes = UpWishes { https_port: Some(1), ..Default::default() };
    assert!(matches!(
        wishes.decide("p", Some(&existing(0)), "1"),
        Err(SettingsError::Fixed { what: "--https-port", .. })
    ));
    let node = |image: &str| UpWishes { node_image: Some(image.into()), ..Default::default() };
    node("me/node:1").decide("p", Some(&existing(0)), "1").expect("the same image by its short name");
    assert!(node("me/node:2").decide("p", Some(&existing(0)), "1").is_err());
    let wishes = UpWishes { workers: Some(1), ..Default::default() };
    assert!(matches!(wishes.decide("p", Some(&existing(2)), "1"), Err(SettingsError::FewerWorkers { .. })));
    let wishes = UpWishes { workers: Some(3), ..Default::default() };
    assert_eq!(wishes.decide("p", Some(&existing(2)), "1").expect("more").workers, 3);
}

#[test]
fn nonsense_is_refused_by_name() {
    let bad = [
        UpWishes { ports: vec!["x:1".into()], ..Default::default() },
        UpWishes { ports: vec!["0:1".into()], ..Default::default() },
        UpWishes { ports: vec!["99999:1".into()], ..Default::default() },
        UpWishes { set: vec!["a=b".into()], ..Default::default() },
        UpWishes { set: vec![".a=b".into()], ..Default::default() },
        UpWishes { url: Some("localhost".into()), ..Default::default() },
        UpWishes { url: Some("https://a/b".into()), ..Default::default() },
        UpWishes { url: Some("https://a:b".into()), ..Default::default() },
        UpWishes { url: Some("http://box.example".into()), ..Default::default() },
        UpWishes { url: Some("https://a_b".into()), ..Default::default() },
        UpWishes { url: Some("https://user@box.example".into()), ..Default::default() },
        UpWishes { http_port: Some(8443), ..Default::default() },
        UpWishes { kubernetes_version: Some("1.30.0".into()), ..Default::default() },
    ];
    for wishes in bad {
        let error = decide(wishes.clone()).expect_err(&format!("{wishes:?}"));
        assert!(!error.hints().is_empty(), "{error}");
    }
    assert!(matches!(UpWishes::default().decide("No", None, "1"), Err(SettingsError::Name { .. })));
}

#[test]
fn parameters_are_typed() {
    let set = vec!["a.n=2".to_string(), "a.b=true".into(), "a.s=x=y".into()];
    let settings = decide(UpWishes { set, ..Default::default() }).expect("settings");
    let values: Vec<_> = settings.parameters.iter().map(|(_, _, value)| value.clone()).collect();
    assert_eq!(values, vec![serde_json::json!(2), serde_json::json!(true), serde_json::json!("x=y")]);
}

#[test]
fn what_was_set_is_kept_with_its_stack() {
    let with = |stack: Option<&str>, set: &[&str]| {
        let set = set.iter().map(ToString::to_string).collect();
        let wishes = UpWishes { stack: stack.map(Into::into), set, ..Default::default() };
        wishes.decide("p", Some(&existing(0)), "1.36.3").expect("settings").parameters
    };
    let set =
        |component: &str, parameter: &str, value: bool| (component.to_string(), parameter.to_string(), value.into());
    assert_eq!(with(None, &[]), [set("a", "b", true)]);
    assert_eq!(with(Some("minimal"), &["c.d=false"]), [set("a", "b", true), set("c", "d", false)]);
    assert_eq!(with(None, &["a.b=false"]), [set("a", "b", false)]);
    assert_eq!(with(Some("back"), &["c.d=false"]), [set("c", "d", false)]);
}

#[test]
fn an_own_cluster_has_no_use_for_a_registry_to_push_to() {
    let file = UpWishes { push_to: Some("registry.example/x".into()), workers: Some(2), ..Default::default() };
    assert!(decide(file.clone()).expect("settings").push.is_some());
    let settings = decide(file.for_own_cluster()).expect("settings");
    assert_eq!((settings.push, settings.workers), (None, 2));
}

#[test]
fn the_address_that_people_use_is_kept_until_another_is_given() {
    let with = |url: Option<&str>, existing: Option<&Existing>| {
        UpWishes { url: url.map(Into::into), ..Default::default() }.decide("p", existing, "1.36.3").expect("settings")
    };
    let first = with(Some("https://Box.Example:443/"), None);
    assert_eq!((first.url.as_str(), first.host(), first.public_port()), ("https://box.example", "box.example", 443));
    assert_eq!(first.local_url(), "https://localhost:8443");
    let mut had = existing(0);
    had.record = had.record.map(|record| Record { url: first.url.clone(), ..record });
    assert_eq!(with(None, Some(&had)).url, "https://box.example");
    let other = with(Some("https://other.example:8443"), Some(&had));
    assert_eq!((other.url.as_str(), other.public_port()), ("https://other.example:8443", 8443));
    assert_eq!(with(Some("https://localhost:9443"), Some(&had)).url, "https://localhost:9443");
}
