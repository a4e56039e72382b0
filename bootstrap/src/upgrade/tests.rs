use super::show::{nothing, question, show};
use super::*;
use crate::docker::mode::NodeMode;
use crate::kubernetes::Preview;
use crate::kubernetes::object::VersionedRef;
use crate::stack::{Changes as StackChanges, Stack};

fn component(name: &str, version: Option<&str>, objects: Preview) -> Previewed {
    Previewed { component: name.into(), version: version.map(Into::into), objects, definitions_to_fetch: false }
}

fn had(version: &str) -> Preview {
    Preview { had: Some(version.into()), ..Preview::default() }
}

fn map(name: &str) -> VersionedRef {
    VersionedRef::new("v1", "ConfigMap", Some("shop"), name)
}

fn versions(program: &str, stack: &str) -> Versions {
    Versions { program: program.into(), stack: stack.into() }
}

fn changes(components: Vec<Previewed>) -> Changes {
    Changes {
        platform: "p".into(),
        stack: "own".into(),
        from: versions(OWN, "1.0.0"),
        to: versions(OWN, "1.0.0"),
        components,
        nodes: 0,
        stays: Vec::new(),
        checkpoint: Some("before-upgrade-1-0-0".into()),
        goes_on: false,
        initial_is_old: false,
        flags: " --name p".into(),
    }
}

fn record(by: &str, stack_version: &str) -> Record {
    Record {
        by: by.into(),
        name: "p".into(),
        stack: "/own".into(),
        stack_version: stack_version.into(),
        url: "https://localhost".into(),
        from_packages: true,
        parameters: Vec::new(),
        changes: StackChanges::default(),
        elsewhere: false,
        push: None,
        upgrading: None,
    }
}

#[test]
fn nothing_is_to_do_only_where_all_is_as_it_would_be() {
    let same = || component("shop", Some("1"), had("1"));
    let all = || changes(vec![same()]);
    assert!(all().is_nothing());
    let told = nothing(&all());
    assert!(told.contains("1 component as own 1.0.0"), "{told}");
    let other_objects = Preview { changed: vec![map("a")], ..had("1") };
    let unknown = Preview { unknown: [("Job shop/seed".to_string(), "no".to_string())].into(), ..had("1") };
    for (what, one) in [
        ("a version", component("shop", Some("2"), had("1"))),
        ("an object", component("shop", Some("1"), other_objects)),
        ("what is not known", component("shop", Some("1"), unknown)),
        ("a new one", component("shop", Some("1"), Preview::default())),
        ("one that goes", component("shop", None, had("1"))),
        ("definitions", Previewed { definitions_to_fetch: true, ..same() }),
    ] {
        assert!(!changes(vec![same(), one]).is_nothing(), "{what}");
    }
    for other in [
        Changes { from: versions("0.0.1", "1.0.0"), ..all() },
        Changes { from: versions(OWN, "0.9.0"), ..all() },
        Changes { goes_on: true, ..all() },
        Changes { initial_is_old: true, ..all() },
        Changes { nodes: 1, ..all() },
    ] {
        assert!(!other.is_nothing(), "{other:?}");
    }
    assert!(Changes { from: versions(OWN, ""), ..all() }.is_nothing(), "an older program did not write it down");
}

#[test]
fn the_plan_says_what_changes_what_stays_and_what_leads_back() {
    let objects = Preview {
        added: vec![map("a")],
        changed: (0..12).map(|number| map(&format!("c{number}"))).collect(),
        removed: vec![map("r")],
        ..had("1.0.0")
    };
    let components = vec![
        component("shop", Some("2.0.0"), objects),
        component("traefik", Some("3"), had("3")),
        component("old", None, Preview { removed: vec![map("o")], ..had("1") }),
        component("new", Some("1"), Preview::default()),
    ];
    let stays = vec!["Kubernetes: the node image stays a.".to_string()];
    let changes = Changes { to: versions(OWN, "2.0.0"), stays, ..changes(components) };
    let text = show(&changes, &["  fetch   10 MB  x".into()]);
    for wanted in [
        &format!("p  own 1.0.0 (backstack {OWN}) -> own 2.0.0 (backstack {OWN})\n"),
        "  shop             1.0.0 -> 2.0.0           1 object added, 12 objects changed, 1 object removed\n    + ConfigMap shop/a\n    ~ ConfigMap shop/c0\n",
        "    and 2 more, which `-o json` has\n",
        "  old              taken away               1 object removed\n    - ConfigMap shop/o\n",
        "  new              new, 1\n",
        "  unchanged: traefik\n",
        "\nimages\n  fetch   10 MB  x\n",
        "\nstays as it is\n  Kubernetes: the node image stays a.\n",
        "`before-upgrade-1-0-0` is made first: `backstack reset --to before-upgrade-1-0-0 --name p` goes back to it.\n",
    ] {
        assert!(text.contains(wanted), "`{wanted}` is not in\n{text}");
    }
    let cut_off = Changes { goes_on: true, ..changes.clone() };
    assert!(question(&cut_off).contains("which an upgrade made that was cut off"));
    let elsewhere = Changes { checkpoint: None, ..changes };
    assert!(question(&elsewhere).contains("Way back: None"), "{}", question(&elsewhere));
}

#[test]
fn a_newer_platform_is_refused_unless_that_is_wanted() {
    let refused = not_newer("p", "backstack", "0.10.0", "0.9.1", false).expect_err("newer");
    assert_eq!(refused.to_string(), "platform `p` was set up with backstack 0.10.0, which is newer than 0.9.1");
    for (had, own, downgrade) in
        [("0.10.0", "0.9.1", true), ("0.9.1", "0.9.1", false), ("0.9.1-rc.1", "0.9.1", false), ("", "1.0.0", false)]
    {
        assert_eq!(not_newer("p", "backstack", had, own, downgrade), Ok(()), "{had} {own}");
    }
}

#[test]
fn checkpoints_are_called_by_what_was_before() {
    for (record, wanted) in [
        (record("0.1.0", ""), "before-upgrade-0-1-0"),
        (record("0.2.0", "1.0.0-RC.1"), "before-upgrade-1-0-0-rc-1"),
        (record("0.2.0", &"1.".repeat(40)), "before-upgrade-1-1-1-1-1-1-1-1-1-1"),
    ] {
        let name = checkpoint_name(&record);
        assert_eq!((name.as_str(), checkpoint::check_name(&name).is_ok()), (wanted, true));
    }
}

#[test]
fn status_tells_of_an_upgrade_that_could_be_made_or_is_not_through() {
    let stack = Stack { version: "2.0.0".into(), ..Stack::empty("own") };
    assert_eq!(pending(&record(OWN, "2.0.0"), &stack), None);
    assert_eq!(pending(&record(OWN, ""), &stack), None);
    assert_eq!(pending(&record(OWN, "3.0.0"), &stack), None);
    assert_eq!(pending(&record("1000.0.0", "2.0.0"), &stack), None);
    for other in [record(OWN, "1.0.0"), record("0.0.1", "2.0.0")] {
        let told = pending(&other, &stack).expect("an upgrade").told(" --name p");
        assert!(told.contains("own 2.0.0") && told.contains("`backstack upgrade --plan --name p`"), "{told}");
    }
    let cut_off = Record { upgrading: Some("before".into()), ..record(OWN, "2.0.0") };
    let told = pending(&cut_off, &stack).expect("one that is not through").told("");
    assert!(told.contains("`backstack upgrade` goes on, `backstack reset --to before` goes back"), "{told}");
}

#[test]
fn the_platform_s_own_settings_are_kept() {
    let asked =
        up_request(Request { name: "p".into(), ..Request::default() }, &record("0.1.0", "1.0.0"), Target::Local);
    assert!(asked.as_it_is && asked.config.is_none());
    assert_eq!((asked.wishes.stack.as_deref(), asked.wishes.images), (Some("/own"), Some(ImageSource::Source)));
}

#[test]
fn what_lives_in_containers_stays_and_is_told() {
    let image = ClusterSpec::load().expect("the cluster's files").file.node.reference;
    let settings = |by: &str, node_image: &str| PlatformSettings {
        made_by: by.into(),
        http_port: 1,
        https_port: 2,
        ports: Vec::new(),
        node_image: node_image.into(),
        node_mode: NodeMode::Privileged,
    };
    assert_eq!(stays(&settings(OWN, &image), "").expect("told"), Vec::<String>::new());
    let told = stays(&settings("0.0.1", "kindest/node:v1.0.0"), " --name p").expect("told");
    let down = "`backstack down --name p`, then `backstack up --name p`";
    assert_eq!(told.len(), 2);
    assert!(
        told[0].contains("docker.io/kindest/node:v1.0.0") && told.iter().all(|line| line.contains(down)),
        "{told:?}"
    );
}
