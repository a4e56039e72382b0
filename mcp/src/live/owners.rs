//! Who made an object: its owner, that one's owner, up to what nobody owns.

use serde_json::Value;

use super::object::{Ref, group_of, list, namespace, text, uid};
use super::snapshot::Snapshot;

/// Chains of owners are shorter, circles are not.
const HIGHEST: usize = 10;

/// The reference to what made an object: its controller, else its first owner. A node owns the pods that stand in its
/// own files, and has not made them in any sense that matters here.
pub fn reference(object: &Value) -> Option<&Value> {
    let owners = list(object, "/metadata/ownerReferences");
    let is_controller = |owner: &&Value| owner.get("controller") == Some(&Value::Bool(true));
    let owner = owners.iter().find(is_controller).or(owners.first())?;
    (text(owner, "/kind") != "Node").then_some(owner)
}

/// What a reference to an owner names, if that is in the namespace of what it owns.
pub fn named(reference: &Value, place: &str) -> Ref {
    Ref::new(group_of(text(reference, "/apiVersion")), text(reference, "/kind"), place, text(reference, "/name"))
}

/// What made an object, if that is kept.
pub fn above<'a>(snapshot: &'a Snapshot, object: &Value) -> Option<&'a Value> {
    let reference = reference(object)?;
    let found = [namespace(object), ""].into_iter().find_map(|place| snapshot.get(&named(reference, place)))?;
    // One that was made again under the name of another owns nothing of that one's.
    (uid(found) == text(reference, "/uid")).then_some(found)
}

/// All owners of an object that are kept, the nearest first.
pub fn line<'a>(snapshot: &'a Snapshot, object: &Value) -> impl Iterator<Item = &'a Value> + use<'a> {
    std::iter::successors(above(snapshot, object), |owner| above(snapshot, owner)).take(HIGHEST)
}

/// Up through owners, to the first that nobody owns.
pub fn top<'a>(snapshot: &'a Snapshot, object: &'a Value) -> &'a Value {
    line(snapshot, object).last().unwrap_or(object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::object::name;

    fn object(name: &str, owner: Option<(&str, &str)>) -> Value {
        let owners: Vec<_> = owner
            .iter()
            .map(|(kind, name)| json!({"apiVersion": "x.dev/v1", "kind": kind, "name": name, "uid": name}))
            .collect();
        json!({"apiVersion": "x.dev/v1", "kind": "Thing", "metadata": {"namespace": "a", "name": name, "uid": name, "ownerReferences": owners}})
    }

    #[test]
    fn owners_are_followed_to_the_last_and_circles_end() {
        let low = object("low", Some(("Thing", "middle")));
        let (round, lost) = (object("round", Some(("Thing", "round"))), object("lost", Some(("Node", "n"))));
        let objects = [low.clone(), object("middle", Some(("Thing", "high"))), object("high", None), round.clone()];
        let snapshot = Snapshot::of("lab", objects);
        assert_eq!(line(&snapshot, &low).map(name).collect::<Vec<_>>(), ["middle", "high"]);
        assert_eq!(name(top(&snapshot, &low)), "high");
        assert_eq!((name(top(&snapshot, &round)), line(&snapshot, &round).count()), ("round", HIGHEST));
        assert_eq!((reference(&lost), name(top(&snapshot, &lost))), (None, "lost"));
    }

    #[test]
    fn a_namesake_of_an_owner_that_is_gone_is_none() {
        let mut again = object("high", None);
        again["metadata"]["uid"] = "other".into();
        let low = object("low", Some(("Thing", "high")));
        assert_eq!(above(&Snapshot::of("lab", [again]), &low), None);
    }
}
