//! What images are called, and what registries serve: manifests, indexes, errors.
#![no_main]

use backstack::foreign;
use backstack::images::manifest::{ImageManifest, Raw, choose};
use backstack::images::{Platform, Reference};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        reference(text);
    }
    let raw = Raw::new("text/plain", bytes.to_vec());
    assert!(!(raw.is_index() && raw.is_image()));
    let _ = choose(bytes, &Platform::linux("amd64"));
    let _ = foreign::no_image(bytes);
    assert!(foreign::registry_said(bytes).chars().count() <= 300);
    if let Ok(manifest) = ImageManifest::parse(bytes) {
        assert!(manifest.blobs().iter().all(|blob| blob.size <= manifest.size()));
    }
});

/// What we read is read again, and is what the specification's own regular expression reads. That one takes more: hosts
/// in capitals, ports without end, digests of other kinds.
fn reference(text: &str) {
    let ours = text.parse::<Reference>();
    if let Ok(reference) = &ours {
        assert_eq!(reference.to_string().parse::<Reference>().as_ref(), Ok(reference));
        assert!(!reference.mirror_repository().contains(':'));
    }
    // In the name of no host, so it is refused; the other reader takes such a host for a folder, and then for a host.
    let host = text.split_once('/').map(|(host, _)| host).filter(|host| host.contains('.'));
    if host.is_some_and(|host| host.contains('_')) {
        assert!(ours.is_err(), "{text:?}");
        return;
    }
    let plain = !text.contains('@') && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"/.-_".contains(&byte));
    if ours.is_ok() || plain {
        let theirs = oci_client::Reference::try_from(text);
        assert_eq!(ours.ok().map(|one| one.to_string()), theirs.ok().map(|one| one.to_string()), "{text:?}");
    }
}
