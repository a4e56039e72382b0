//! What `up` and `down` do to a kubeconfig's text: our entries go in and come out, and nothing else changes.
//!
//! Every result is read again, by another reader of YAML than the one that found the places, and compared with what it
//! was made from. A text that cannot be changed safely is not changed.

use serde_json::{Map, Value, json};

use super::Entry;
use super::item::{EXTENSION, Item, LISTS, Note};
use super::patch::{self, Place, Refusal};
use super::tree::{Node, line, parse};
use super::value::{self, UNCLEAR};

const CURRENT: &str = "current-context";
/// What a kubeconfig says of itself, added to one that says nothing at all.
const HEAD: [(&str, &str); 2] = [("apiVersion", "v1"), ("kind", "Config")];

/// The text with the platform's context, which is the current one. `made` says that there was no file.
///
/// # Errors
/// The text is no kubeconfig, or its form does not allow a change without touching what is not ours.
pub(crate) fn add(text: &str, entry: &Entry, made: bool) -> Result<String, Refusal> {
    // It knows the lines of what is wrong.
    if let Some(root) = parse(text)? {
        is_nobodys_source(text, &root, &entry.context, true)?;
    }
    let before = value::parse(text)?;
    let had = remove(text, &entry.context)?;
    let (clean, inherited) = match &had {
        Some(left) => (left.text.as_str(), left.made),
        None => (text, false),
    };
    let result = insert(clean, entry, made || inherited)?;
    value::check_added(&before, &value::parse(&result)?, &entry.context, &items(entry)?)?;
    // Where both readers of YAML do not agree on what is written, what went in may not be found again.
    match remove(&result, &entry.context) {
        Ok(Some(left)) if had.is_some() || left.text == text => Ok(result),
        _ => Err(UNCLEAR.into()),
    }
}

/// What is said of a file in which something that has to go is what an alias elsewhere stands for.
pub(super) const SOURCE: &str = "which has to go: write the value out there";

/// Refuses to take out what others in the file point at.
fn is_nobodys_source(text: &str, root: &Node, context: &str, current: bool) -> Result<(), Refusal> {
    let items = LISTS.iter().filter_map(|list| root.get(list)).flat_map(Node::items);
    let mut going: Vec<_> = items.filter(|item| is_named(item, context)).map(|item| item.span.clone()).collect();
    if current && let Some(entry) = root.entry(CURRENT) {
        going.push(entry.colon..entry.value.span.end.max(entry.colon + 1));
    }
    let goes = |at: usize| going.iter().find(|span| span.contains(&at));
    match root.aliases().into_iter().find(|(at, target)| goes(*at).is_none() && goes(*target).is_some()) {
        None => Ok(()),
        Some((at, target)) => {
            let (at, target) = (line(text, at), line(text, target));
            Err(format!("line {at} uses an anchor of line {target}, {SOURCE}"))
        }
    }
}

fn is_named(item: &Node, context: &str) -> bool {
    item.get("name").and_then(Node::text) == Some(context)
}

fn insert(text: &str, entry: &Entry, made: bool) -> Result<String, Refusal> {
    let mut text = text.to_string();
    let mut note = Note { made, ..Note::default() };
    if parse(&text)?.is_none() {
        for (key, word) in HEAD {
            text = patch::insert_key(&text, key, &word.into())?;
            note.added.push(key.into());
        }
    }
    // The last list goes in last, because its item tells what the file had before.
    let (contexts, others): (Vec<_>, Vec<_>) = items(entry)?.into_iter().partition(|item| item.list == "contexts");
    for item in others {
        let (next, place) = patch::insert_item(&text, item.list, &item.value)?;
        text = next;
        note.put(item.list, place);
    }
    let (next, current) = patch::set_current(&text, &entry.context)?;
    text = next;
    note.put(CURRENT, current.map_or(Place::Nothing, Place::Empty));
    for mut item in contexts {
        note.put(item.list, patch::insert_item(&text, item.list, &item.value)?.1);
        if !note.is_empty() {
            item.value["context"]["extensions"] = note.extensions();
        }
        text = patch::insert_item(&text, item.list, &item.value)?.0;
    }
    Ok(text)
}

impl Note {
    fn put(&mut self, key: &str, place: Place) {
        match place {
            Place::Items => {}
            Place::Empty(text) => self.before.push((key.into(), text)),
            Place::Nothing => self.added.push(key.into()),
        }
    }

    /// The note in an item of `contexts`, and where its extension's content stands.
    fn of(item: &Node) -> Option<(Self, &Node)> {
        let extensions = item.get("context")?.get("extensions")?.items();
        let ours = extensions.iter().find(|extension| extension.get("name").and_then(Node::text) == Some(EXTENSION))?;
        let content = ours.get("extension")?;
        let texts = |node: &Node| {
            let pairs = node.entries().iter();
            pairs.filter_map(|entry| Some((entry.key.text()?.into(), entry.value.text()?.into()))).collect()
        };
        let added = content.get("added").map(Node::items).unwrap_or_default();
        let note = Self {
            before: content.get("before").map(texts).unwrap_or_default(),
            added: added.iter().filter_map(|key| key.text().map(str::to_string)).collect(),
            made: content.get("made").and_then(Node::text) == Some("true"),
        };
        Some((note, content))
    }
}

/// What is left after ours went.
#[derive(Debug, PartialEq)]
pub(crate) struct Left {
    pub text: String,
    /// Whether `up` made the file, and there is nothing in it now.
    pub empty: bool,
    /// Whether `up` made the file.
    made: bool,
}

/// The text without the platform's entries; `None` if it has none.
///
/// # Errors
/// As [`add`].
pub(crate) fn remove(text: &str, context: &str) -> Result<Option<Left>, Refusal> {
    let Some(root) = parse(text)? else { return Ok(None) };
    let before = value::parse(text)?;
    let current = root.get(CURRENT).and_then(Node::text) == Some(context);
    let named = |item: &Node| is_named(item, context);
    is_nobodys_source(text, &root, context, current)?;
    if !current && !LISTS.iter().any(|list| root.get(list).is_some_and(|list| list.items().iter().any(named))) {
        return Ok(None);
    }
    let contexts = root.get("contexts").map(Node::items).unwrap_or_default();
    let note = contexts.iter().find(|item| named(item)).and_then(Note::of).map(|(note, _)| note).unwrap_or_default();
    let attempt = |note: &Note| -> Result<Left, Refusal> {
        let text = take_out(text, context, note, current)?;
        value::check_removed(&before, &value::parse(&text)?, context)?;
        let empty = note.made && text.trim().is_empty();
        Ok(Left { text, empty, made: note.made })
    };
    // A note that somebody changed may say what makes no sense here.
    attempt(&note).or_else(|_| attempt(&Note::default())).map(Some)
}

fn take_out(text: &str, context: &str, note: &Note, current: bool) -> Result<String, Refusal> {
    let mut text = text.to_string();
    for list in LISTS {
        let mut emptied = false;
        while let Some((next, others)) = patch::remove_item(&text, list, context)? {
            (text, emptied) = (next, !others);
        }
        if emptied {
            text = put_back(&text, list, note, " []")?;
        }
    }
    text = bequeath(&text, context, note)?;
    if current {
        text = put_back(&text, CURRENT, note, " \"\"")?;
    }
    let root = parse(&text)?;
    let only_head = root.is_some_and(|root| {
        root.entries().iter().all(|entry| HEAD.iter().any(|(key, _)| entry.key.text() == Some(key)))
    });
    if only_head {
        for (key, _) in HEAD.iter().rev().filter(|(key, _)| note.has_added(key)) {
            text = patch::remove_key(&text, key)?;
        }
    }
    Ok(text)
}

fn put_back(text: &str, key: &str, note: &Note, otherwise: &str) -> Result<String, Refusal> {
    if note.has_added(key) {
        return patch::remove_key(text, key);
    }
    patch::set_behind(text, key, note.before(key).unwrap_or(otherwise))
}

/// What this note knows and cannot put back yet, because another platform's entries are there, passes to that platform:
/// the last one to go puts everything back.
fn bequeath(text: &str, context: &str, note: &Note) -> Result<String, Refusal> {
    let Some(root) = parse(text)? else { return Ok(text.into()) };
    let contexts = root.get("contexts").map(Node::items).unwrap_or_default();
    let mut heirs: Vec<_> = contexts.iter().filter_map(Note::of).collect();
    // Later places first: those before them stay where they are.
    heirs.sort_by_key(|(_, content)| std::cmp::Reverse(content.span.start));
    let mut text = text.to_string();
    for (index, (heir, content)) in heirs.iter().enumerate() {
        let mut changed = heir.clone();
        let names_us = heir.before(CURRENT).is_some_and(|before| {
            parse(&format!("x:{before}"))
                .ok()
                .flatten()
                .is_some_and(|x| x.get("x").and_then(Node::text) == Some(context))
        });
        if names_us {
            changed.inherit(note, CURRENT);
        }
        if index == 0 {
            let keys = LISTS.iter().copied().chain(HEAD.iter().map(|(key, _)| *key));
            for key in keys.filter(|key| note.knows(key) && root.get(key).is_some() && !heir.knows(key)) {
                changed.inherit(note, key);
            }
            changed.made |= note.made;
        }
        if changed != *heir {
            text.replace_range(content.span.clone(), &changed.value().to_string());
        }
    }
    Ok(text)
}

/// The three entries of a platform.
pub(crate) fn items(entry: &Entry) -> Result<Vec<Item>, Refusal> {
    let admin = value::parse(&entry.admin).map_err(|error| format!("the node's own kubeconfig: {error}"))?;
    let admin = serde_json::to_value(admin).map_err(|error| error.to_string())?;
    let mut cluster = admin["clusters"][0]["cluster"].as_object().cloned().unwrap_or_default();
    cluster.insert("server".into(), entry.server.clone().into());
    let context = json!({"cluster": entry.context, "user": entry.context});
    Ok([
        ("clusters", "cluster", Value::from(cluster)),
        ("users", "user", admin["users"][0]["user"].clone()),
        ("contexts", "context", context),
    ]
    .into_iter()
    .map(|(list, key, value)| {
        let mut item = Map::new();
        item.insert("name".into(), entry.context.clone().into());
        item.insert(key.into(), value);
        Item { list, value: item.into() }
    })
    .collect())
}
