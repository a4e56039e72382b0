//! Modules use each other in one direction: what two of them need stands below both.
//!
//! The graph is read from the sources of both crates: which top-level module names `crate::` which other one. What is
//! compiled for tests only does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// For each module those that it uses, each with a file that does.
type Graph = BTreeMap<String, BTreeMap<String, PathBuf>>;

/// The modules that one file names.
#[derive(Default)]
struct Named(BTreeSet<String>);

impl Named {
    fn tree(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => drop(self.0.insert(path.ident.to_string())),
            syn::UseTree::Name(name) => drop(self.0.insert(name.ident.to_string())),
            syn::UseTree::Rename(rename) => drop(self.0.insert(rename.ident.to_string())),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item)),
            syn::UseTree::Glob(_) => {}
        }
    }
}

impl<'ast> Visit<'ast> for Named {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !attributes.iter().any(is_for_tests) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        match &item.tree {
            syn::UseTree::Path(path) if path.ident == "crate" => self.tree(&path.tree),
            _ => {}
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter();
        if let (Some(first), Some(second)) = (segments.next(), segments.next())
            && first.ident == "crate"
        {
            self.0.insert(second.ident.to_string());
        }
        syn::visit::visit_path(self, path);
    }
}

fn is_for_tests(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}

/// Files that are compiled, with modules that are for tests left out.
fn files(file: &Path, folder: &Path, found: &mut Vec<(PathBuf, syn::File)>) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for item in &parsed.items {
        let syn::Item::Mod(module) = item else { continue };
        if module.content.is_some() || module.attrs.iter().any(is_for_tests) {
            continue;
        }
        let name = module.ident.to_string();
        let inside = folder.join(&name);
        let (flat, nested) = (folder.join(format!("{name}.rs")), inside.join("mod.rs"));
        files(if flat.exists() { &flat } else { &nested }, &inside, found);
    }
    found.push((file.to_path_buf(), parsed));
}

fn graph(sources: &Path) -> Graph {
    let mut found = Vec::new();
    files(&sources.join("lib.rs"), sources, &mut found);
    let mut graph = Graph::new();
    for (file, parsed) in found {
        let inside = file.strip_prefix(sources).expect("below the sources");
        let module = inside.components().next().expect("a name").as_os_str().to_string_lossy();
        let module = module.trim_end_matches(".rs").to_string();
        if module == "lib" {
            continue;
        }
        let mut named = Named::default();
        named.visit_file(&parsed);
        let uses = graph.entry(module.clone()).or_default();
        for other in named.0.into_iter().filter(|other| *other != module) {
            uses.entry(other).or_insert_with(|| inside.to_path_buf());
        }
    }
    // A type that the crate's root shows again is no module.
    let modules: BTreeSet<_> = graph.keys().cloned().collect();
    graph.values_mut().for_each(|uses| uses.retain(|other, _| modules.contains(other)));
    graph
}

/// A way from a module back to itself, if there is one.
fn circle(graph: &Graph) -> Option<Vec<&str>> {
    fn walk<'a>(graph: &'a Graph, way: &mut Vec<&'a str>, through: &mut BTreeSet<&'a str>) -> bool {
        let at = way[way.len() - 1];
        for other in graph.get(at).into_iter().flat_map(BTreeMap::keys) {
            let again = way.iter().position(|step| step == other);
            if let Some(start) = again {
                way.drain(..start);
                way.push(other);
                return true;
            }
            if !through.contains(other.as_str()) {
                way.push(other);
                if walk(graph, way, through) {
                    return true;
                }
            }
        }
        through.insert(at);
        way.pop();
        false
    }
    let mut through = BTreeSet::new();
    graph.keys().find_map(|start| {
        let mut way = vec![start.as_str()];
        (!through.contains(start.as_str()) && walk(graph, &mut way, &mut through)).then_some(way)
    })
}

#[test]
fn no_module_uses_itself_by_way_of_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for sources in ["bootstrap/src", "mcp/src"] {
        let graph = graph(&root.join(sources));
        assert!(graph.len() > 10 && graph.values().any(|uses| uses.len() > 5), "not read well: {graph:?}");
        if let Some(way) = circle(&graph) {
            let steps: Vec<_> = way
                .windows(2)
                .map(|step| format!("{} uses {} in {}", step[0], step[1], graph[step[0]][step[1]].display()))
                .collect();
            panic!("a circle in {sources}:\n  {}", steps.join("\n  "));
        }
    }
}

#[test]
fn a_circle_is_found() {
    let uses = |others: &[&str]| others.iter().map(|other| (other.to_string(), PathBuf::new())).collect();
    let mut graph: Graph = [("a", uses(&["b", "c"])), ("b", uses(&["c"])), ("c", uses(&[])), ("d", uses(&["a"]))]
        .map(|(name, uses)| (name.into(), uses))
        .into();
    assert_eq!(circle(&graph), None);
    graph.insert("c".into(), uses(&["d"]));
    let way = circle(&graph).expect("a circle");
    assert_eq!(way.first(), way.last());
    assert!(way.len() == 4 || way.len() == 5, "{way:?}");
}
