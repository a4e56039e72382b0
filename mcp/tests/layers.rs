//! Modules use each other in one direction: what two of them need stands below both.
//!
//! The graph is read from the sources of all crates, once by their top-level modules and once by their files. What is
//! compiled for tests only does not count, nor what a module and those inside of it name of each other; what a parent shows
//! again of one of its modules counts as the parent's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::Visit;

/// The way to a module, from the crate's root.
type Module = Vec<String>;
/// For each module those that it uses.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// A file's module, and every path that it names.
struct Source {
    module: Module,
    named: BTreeSet<Module>,
}

/// Collects the paths that one file names, from the crate's root on.
struct Named<'a> {
    module: &'a Module,
    found: BTreeSet<Module>,
}

impl Named<'_> {
    fn add(&mut self, segments: &[String]) {
        let above = segments.iter().take_while(|segment| *segment == "super").count();
        let rest = &segments[above..];
        let path = match (above, segments.first().map(String::as_str)) {
            (0, Some("crate")) => segments[1..].to_vec(),
            (0, _) => return,
            (above, _) => {
                let base = self.module.len().saturating_sub(above);
                self.module[..base].iter().chain(rest).cloned().collect()
            }
        };
        self.found.insert(path);
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |last: &syn::Ident| [before, &[last.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item, before)),
            syn::UseTree::Glob(_) => self.add(before),
        }
    }
}

impl<'ast> Visit<'ast> for Named<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[syn::Attribute] = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => &[],
        };
        if !attributes.iter().any(is_for_tests) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        // The visitor wants what lives as long as the file; what is parsed here does not, so it gets one of its own.
        let mut inner = Named { module: self.module, found: BTreeSet::new() };
        inner.arguments(&item.tokens);
        self.found.append(&mut inner.found);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&segments);
        syn::visit::visit_path(self, path);
    }
}

impl Named<'_> {
    /// Paths in the arguments of a macro, as far as these are expressions.
    fn arguments(&mut self, tokens: &proc_macro2::TokenStream) {
        let parser = Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if let Ok(arguments) = parser.parse2(tokens.clone()) {
            arguments.iter().for_each(|argument| self.visit_expr(argument));
        }
    }
}

/// `cfg(test)`, alone or as one of `all(…)`.
fn is_for_tests(attribute: &syn::Attribute) -> bool {
    fn tests(meta: &syn::Meta) -> bool {
        let inner =
            |list: &syn::MetaList| list.parse_args_with(Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated);
        match meta {
            syn::Meta::Path(path) => path.is_ident("test"),
            syn::Meta::List(list) if list.path.is_ident("all") => inner(list).is_ok_and(|all| all.iter().any(tests)),
            _ => false,
        }
    }
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Meta>().is_ok_and(|meta| tests(&meta))
}

/// The files of a crate that are compiled when nothing is tested.
fn read(file: &Path, folder: &Path, module: Module, found: &mut Vec<Source>) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for item in &parsed.items {
        let syn::Item::Mod(inner) = item else { continue };
        if inner.content.is_some() || inner.attrs.iter().any(is_for_tests) {
            continue;
        }
        let name = inner.ident.to_string();
        let inside = folder.join(&name);
        let (flat, nested) = (folder.join(format!("{name}.rs")), inside.join("mod.rs"));
        let module = [module.clone(), vec![name]].concat();
        read(if flat.exists() { &flat } else { &nested }, &inside, module, found);
    }
    let mut named = Named { module: &module, found: BTreeSet::new() };
    named.visit_file(&parsed);
    let named = named.found;
    found.push(Source { module, named });
}

/// Which of these modules a path leads to: the innermost one on its way.
fn module_of<'a>(path: &'a [String], modules: &BTreeSet<&[String]>) -> Option<&'a [String]> {
    (1..=path.len()).rev().map(|length| &path[..length]).find(|start| modules.contains(start))
}

/// The graph of modules cut off at a depth.
fn graph(sources: &[Source], depth: usize) -> Graph {
    let modules: BTreeSet<&[String]> = sources.iter().map(|source| source.module.as_slice()).collect();
    let cut = |module: &[String]| module[..module.len().min(depth)].to_vec();
    let mut graph = Graph::new();
    for source in sources.iter().filter(|source| !source.module.is_empty()) {
        let from = cut(&source.module);
        let used = source.named.iter().filter_map(|path| module_of(path, &modules)).map(cut);
        let others = used.filter(|to| !to.starts_with(&from) && !from.starts_with(to)).map(|to| to.join("::"));
        graph.entry(from.join("::")).or_default().extend(others);
    }
    graph
}

/// A way from a module back to itself, if there is one.
fn circle(graph: &Graph) -> Option<Vec<&str>> {
    fn walk<'a>(graph: &'a Graph, way: &mut Vec<&'a str>, through: &mut BTreeSet<&'a str>) -> bool {
        let at = way[way.len() - 1];
        for other in graph.get(at).into_iter().flatten() {
            if let Some(start) = way.iter().position(|step| step == other) {
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
    let crates = std::fs::read_dir(root.join("bootstrap/crates")).expect("the folder of crates");
    let (mut files, mut uses) = (0, 0);
    let crates = crates.map(|entry| entry.expect("a crate").path().join("src"));
    for folder in [root.join("bootstrap/src"), root.join("mcp/src")].into_iter().chain(crates) {
        let mut sources = Vec::new();
        read(&folder.join("lib.rs"), &folder, Module::new(), &mut sources);
        files += sources.len();
        uses += graph(&sources, usize::MAX).values().map(BTreeSet::len).sum::<usize>();
        for (what, depth) in [("top-level modules", 1), ("files", usize::MAX)] {
            let graph = graph(&sources, depth);
            let way = circle(&graph).map(|way| way.join("\n  uses "));
            assert_eq!(way, None, "a circle of {what} in {}", folder.display());
        }
    }
    assert!(files > 200 && uses > files, "the sources are not read well: {files} files, {uses} uses");
}

#[test]
fn every_way_of_naming_a_module_is_read() {
    let text = "use super::{a, b::C};\nuse crate::x::{self, Y as Z};\nuse std::fmt;\nfn f() { super::super::z::g(); \
        vec![format!(\"{}\", crate::m::n())]; }\n#[cfg(test)]\nmod tests { use crate::hidden; }";
    let module = ["top", "inner"].map(String::from).to_vec();
    let mut named = Named { module: &module, found: BTreeSet::new() };
    named.visit_file(&syn::parse_file(text).expect("Rust"));
    let found: Vec<_> = named.found.iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["m::n", "top::a", "top::b::C", "x::Y", "x::self", "z::g"]);
}

#[test]
fn a_circle_is_found() {
    let uses = |others: &[&str]| others.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let mut graph: Graph = [("a", uses(&["b", "c"])), ("b", uses(&["c"])), ("c", uses(&[])), ("d", uses(&["a"]))]
        .map(|(name, uses)| (name.into(), uses))
        .into();
    assert_eq!(circle(&graph), None);
    graph.insert("c".into(), uses(&["d"]));
    let way = circle(&graph).expect("a circle");
    assert_eq!(way.first(), way.last());
    assert!(way.len() == 4 || way.len() == 5, "{way:?}");
}
