use super::*;
use crate::live::apis::tests::definition;
use crate::live::changes::forge::File;

fn wish(action: Action, spec: Value) -> Wish {
    Wish { action, kind: "App".into(), namespace: "demo".into(), name: "shop".into(), change: Change::Spec(spec) }
}

fn snapshot() -> Snapshot {
    Snapshot::of("lab", [definition()])
}

fn place(content: &str, document: usize, item: Option<usize>) -> Place {
    let file = File { content: content.into(), sha: "1".into() };
    Place { repository: "o/r".into(), branch: "main".into(), path: "demo/app/shop.yaml".into(), document, item, file }
}

fn planned(action: Action, change: Change, now: &str) -> Result<Written, Impossible> {
    in_file(&snapshot(), &Wish { change, ..wish(action, Value::Null) }, &place(now, 0, None))
}

fn fields(path: &str, value: Value) -> Change {
    Change::Fields(Map::from_iter([(path.to_string(), value)]))
}

const NOW: &str = "apiVersion: p.dev/v1alpha1\nkind: App\nmetadata:\n  name: shop\n  namespace: demo\nspec:\n  image: a:1\n  replicas: 2\n";

#[test]
fn creating_writes_a_manifest_at_the_place_by_its_name() {
    let spec = json!({"image": "a:1", "replicas": 2});
    let written = order(&snapshot(), &wish(Action::Create, spec.clone()), &spec).expect("a plan");
    assert_eq!((written.path.as_str(), written.content.as_deref()), ("demo/app/shop.yaml", Some(NOW)));
    assert!(written.misfits.is_empty());
}

#[test]
fn changing_merges_and_says_what_does_not_fit() {
    let patch = json!({"image": "a:2", "replicas": null, "siez": "small"});
    let written = planned(Action::Update, Change::Spec(patch), NOW).expect("a plan");
    assert!(
        written.diff.contains("- ")
            && written.diff.contains("+   image: a:2")
            && !written.content.expect("a file").contains("replicas")
    );
    assert_eq!(written.misfits[0].path, "spec.siez");
    let same = Err(Impossible::Nothing("demo/app/shop.yaml".into()));
    assert_eq!(planned(Action::Update, Change::Spec(json!({"image": "a:1"})), NOW), same);
    assert_eq!(planned(Action::Update, fields("spec.image", "a:1".into()), NOW), same);
}

#[test]
fn comments_and_other_documents_outlive_a_change() {
    let text = format!("# Ours.\n{}---\nkind: Other # too\n", NOW.replace("a:1", "a:1 # pinned"));
    let written = planned(Action::Update, fields("spec.image", "a:2".into()), &text).expect("a plan");
    assert_eq!(written.content.expect("a file"), text.replace("a:1", "a:2"));
    let gone = planned(Action::Delete, Change::Spec(Value::Null), &text).expect("a plan");
    assert_eq!(gone.content.as_deref(), Some("---\nkind: Other # too\n"));
}

#[test]
fn an_item_of_a_list_is_changed_and_taken_out() {
    let text = "kind: List\nitems:\n  - kind: App # one\n    metadata: {name: shop}\n  - kind: App # two\n    metadata: {name: other}\n";
    let in_item =
        |action, change| in_file(&snapshot(), &Wish { change, ..wish(action, Value::Null) }, &place(text, 0, Some(0)));
    let written = in_item(Action::Update, fields("spec.image", "a:2".into())).expect("a plan");
    assert_eq!(
        written.content.expect("a file"),
        text.replacen("{name: shop}\n", "{name: shop}\n    spec:\n      image: a:2\n", 1)
    );
    let gone = in_item(Action::Delete, Change::Spec(Value::Null)).expect("a plan");
    assert_eq!(gone.content.expect("a file"), "kind: List\nitems:\n  - kind: App # two\n    metadata: {name: other}\n");
}

#[test]
fn a_whole_manifest_keeps_its_own_comments_or_those_that_were_there() {
    let text = NOW.replace("a:1", "a:1 # pinned");
    let plain = planned(Action::Update, Change::Manifest(NOW.replace("replicas: 2", "replicas: 3")), &text);
    assert_eq!(plain.expect("a plan").content.expect("a file"), text.replace("replicas: 2", "replicas: 3"));
    let own = format!("# New.\n{NOW}");
    assert_eq!(planned(Action::Update, Change::Manifest(own.clone()), &text).expect("a plan").content, Some(own));
    let other = planned(Action::Update, Change::Manifest(NOW.replace("name: shop", "name: other")), &text);
    assert!(matches!(other, Err(Impossible::BadField(_))), "{other:?}");
}

#[test]
fn deleting_removes_all_lines_and_names_cannot_leave_the_folder() {
    let written = planned(Action::Delete, Change::Spec(Value::Null), NOW).expect("a plan");
    assert!(written.content.is_none() && written.diff.lines().all(|line| line.starts_with('-')));
    let mut evil = wish(Action::Create, json!({}));
    evil.name = "../../platform/x".into();
    assert!(matches!(order_path(&snapshot(), &evil), Err(Impossible::BadName(_))));
    for path in ["../x.yaml", "a/../b.yaml", "/a.yaml", ".git/x.yaml", "a.sh", "a b.yaml"] {
        assert_eq!(file(&snapshot(), "o/r", path, NOW), Err(Impossible::BadPath(path.into())));
    }
}

#[test]
fn what_belongs_to_no_namespace_has_a_folder_of_its_own() {
    let mut wide = definition();
    wide["spec"]["scope"] = "Cluster".into();
    let mut wish = wish(Action::Create, json!({"image": "a:1"}));
    let plan =
        |definition: Value, wish: &Wish| order(&Snapshot::of("lab", [definition]), wish, &json!({"image": "a:1"}));
    assert_eq!(plan(wide.clone(), &wish), Err(Impossible::ClusterWide("App".into())));
    wish.namespace.clear();
    let written = plan(wide, &wish).expect("a plan");
    assert_eq!(written.path, "cluster/app/shop.yaml");
    assert!(!written.content.expect("a file").contains("namespace"));
    assert_eq!(plan(definition(), &wish), Err(Impossible::NoNamespace("App".into())));
}

#[test]
fn secrets_stay_out_of_git() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
    assert_eq!(file(&snapshot(), "o/r", "a.yaml", secret), Err(Impossible::Secret));
    assert_eq!(planned(Action::Update, fields("data.a", "b".into()), secret), Err(Impossible::Secret));
}

#[test]
fn equal_wishes_have_equal_keys() {
    let one = wish(Action::Create, json!({"image": "a"}));
    assert_eq!(key_of(&one, None), key_of(&one.clone(), None));
    assert_ne!(key_of(&one, None), key_of(&wish(Action::Create, json!({"image": "b"})), None));
    assert_eq!(branch("a/../b c", &one), "assistant/create-app-shop-abc");
}
