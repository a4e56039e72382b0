//! Every message of an error has an entry in workshop-docs/troubleshooting/.
//!
//! The messages are taken from the sources: each `#[error("...")]` of all crates, with `…` for what is filled in. A new
//! one without an entry fails this test.

use std::path::{Path, PathBuf};

use backstack_mcp::docs::Docs;
use syn::visit::Visit;

/// Messages that are filled in nearly whole; their entries have headings of their own.
const GENERAL: &[(&str, &str)] = &[
    ("BuildError::Recipe", "A recipe says something that cannot be"),
    ("BuildError::Io", "A file cannot be read or written while an image is built"),
    ("ImageError::File", "A file of the image cache cannot be read or written"),
    ("ToolError", "Error (…): …"),
    ("PortError", "Error (…): …"),
    ("AskError", "Error (…): …"),
    ("StackErrors::Problems", "… problems in …"),
];

/// A message and where it is from.
struct Message {
    owner: String,
    text: String,
}

#[derive(Default)]
struct Found {
    messages: Vec<Message>,
}

impl Found {
    fn attributes(&mut self, owner: &str, attributes: &[syn::Attribute]) {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("error")) {
            let first = attribute.parse_args_with(|input: syn::parse::ParseStream| {
                let literal = input.parse::<syn::LitStr>().ok();
                input.parse::<proc_macro2::TokenStream>()?;
                Ok(literal)
            });
            if let Ok(Some(text)) = first {
                self.messages.push(Message { owner: owner.into(), text: text.value() });
            }
        }
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        for variant in &item.variants {
            self.attributes(&format!("{}::{}", item.ident, variant.ident), &variant.attrs);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.attributes(&item.ident.to_string(), &item.attrs);
    }
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

fn messages() -> Vec<Message> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&here.join("src"), &mut files);
    sources(&here.join("../bootstrap/src"), &mut files);
    sources(&here.join("../bootstrap/crates"), &mut files);
    let mut found = Found::default();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file");
        found.visit_file(&syn::parse_file(&text).expect("Rust"));
    }
    found.messages
}

/// `port {port} is taken` and `port … is taken` are the same here, with or without backquotes.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0;
    for letter in text.chars() {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                plain.push('…');
            }
            '`' => {}
            letter if depth == 0 => plain.push(letter),
            _ => {}
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[test]
fn every_message_has_an_entry() {
    let docs = Docs::embedded();
    let pages = docs.pages().iter().filter(|page| page.path.starts_with("troubleshooting/"));
    let headings: Vec<String> = pages.flat_map(|page| &page.sections).map(|section| plain(&section.title)).collect();
    let messages = messages();
    assert!(messages.len() > 60, "only {} messages were found: does the test still read the sources?", messages.len());
    let mut missing = Vec::new();
    for Message { owner, text } in &messages {
        let general = GENERAL.iter().find(|(name, _)| name == owner);
        let wanted = plain(general.map_or(text.as_str(), |(_, heading)| heading));
        // What names the subject (`IMAGE: `) may be left out of a heading.
        let tail = wanted.strip_prefix("…: ").unwrap_or(&wanted);
        let tail = tail.strip_prefix("… ").unwrap_or(tail);
        let fits = |heading: &String| *heading == wanted || heading.trim_start_matches("… ") == tail;
        if !headings.iter().any(fits) {
            missing.push(format!("{owner}: {text}"));
        }
    }
    assert!(missing.is_empty(), "no entry in workshop-docs/troubleshooting/ for:\n{}", missing.join("\n"));
}
