//! Text in whatever encoding, and YAML: descriptors, manifests, the files of a stack.
#![no_main]

use backstack_files::text;
use backstack_files::yaml::{self, Document, Fault, Words};
use backstack_fuzz::lines;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok((text, encoding)) = text::decode(bytes) else {
        assert!(yaml::parse(bytes).0.is_empty());
        return;
    };
    assert_eq!(encoding.encode(&text), bytes, "{encoding:?}");
    let (documents, faults) = yaml::parse(bytes);
    check(&text, &documents, &faults);
    let (documents, faults) = yaml::parse_with(bytes, Words::Text);
    check(&text, &documents, &faults);
});

/// Whatever is said of a place, the text has that place.
fn check(text: &str, documents: &[Document], faults: &[Fault]) {
    let last = lines(text);
    let faults = faults.iter().chain(documents.iter().flat_map(|document| &document.faults));
    for (line, said) in faults {
        assert!((1..=last).contains(line), "{said} in line {line} of {last}");
    }
    for document in documents {
        assert!((1..=last).contains(&document.places.line("")));
        for (pointer, written) in document.places.all_written() {
            assert!(document.value.pointer(pointer).is_some(), "{pointer} ({written}) leads nowhere");
            assert!((1..=last).contains(&document.places.line(pointer)), "{pointer}");
        }
    }
}
