//! A kubeconfig's text as a tree: the one document that it may have.

use backstack_files::yaml::tree::documents;
pub(super) use backstack_files::yaml::tree::{Content, Entry, Node, column, line, properties};

/// The document of a text; `None` if there is nothing in it.
///
/// # Errors
/// What is no YAML, gives a key twice, or has more than one document, in words that follow "is malformed: ".
pub(super) fn parse(text: &str) -> Result<Option<Node>, String> {
    let mut documents = documents(text)?.into_iter();
    let first = documents.next().filter(|document| !document.is_empty());
    if let Some(second) = documents.find(|document| !document.is_empty()) {
        let line = line(text, second.root.span.start);
        return Err(format!("a second document begins in line {line}; a kubeconfig has one"));
    }
    Ok(first.map(|document| document.root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_has_one_document_at_most() {
        let said = parse("a: 1\n---\nb: 2\n").expect_err("two");
        assert!(said.contains("second document begins in line 3"), "{said}");
        for nothing in ["", "\n", "# a\n", "---\n", "---\n# a\n...\n"] {
            assert!(parse(nothing).expect("YAML").is_none(), "{nothing:?}");
        }
        assert!(parse("a: 1\n---\n").expect("YAML").is_some());
    }
}
