//! Debian's files. The first letter says which: `D` a package, `T` the two tars of one (a line of `%%` between them), `S`
//! apt's sources (in its newer format, in its older one, debootstrap's script), `A` what apt prints.
#![no_main]

use std::sync::LazyLock;

use backstack::foreign;
use backstack_fuzz::{Scratch, parts};
use libfuzzer_sys::fuzz_target;

static SCRATCH: LazyLock<Scratch> = LazyLock::new(|| {
    let scratch = Scratch::new();
    scratch.write("etc/os-release", b"ID=debian\nVERSION_CODENAME=bookworm\n");
    scratch
});

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((b'D', deb)) => package(deb),
        Some((b'T', tars)) => package(&archive(&parts(tars))),
        Some((b'S', files)) => sources(files),
        Some((b'A', text)) => answers(text),
        _ => {}
    }
});

fn archive(tars: &[&[u8]]) -> Vec<u8> {
    let mut ar = b"!<arch>\n".to_vec();
    for (name, tar) in ["control.tar", "data.tar"].into_iter().zip(tars) {
        ar.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, tar.len()).bytes());
        ar.extend(*tar);
        ar.extend(&b"\n"[..tar.len() % 2]);
    }
    ar
}

fn package(deb: &[u8]) {
    let file = SCRATCH.write("a_1_all.deb", deb);
    if let Ok(paths) = foreign::debian_package(file, SCRATCH.path()) {
        for path in paths {
            let bad = |part: &str| matches!(part, "" | "." | "..");
            assert!(!path.split('/').any(bad), "{path:?} is no path of an image");
        }
    }
}

/// What apt gets to read is what was found, and no field more.
fn sources(files: &[u8]) {
    let mut parts = parts(files).into_iter();
    for file in ["etc/apt/sources.list.d/a.sources", "etc/apt/sources.list", "usr/share/debootstrap/scripts/trixie"] {
        SCRATCH.write(file, parts.next().unwrap_or_default());
    }
    let (found, text) = foreign::debian_sources(SCRATCH.path(), "trixie");
    let addresses: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("URIs: ")).collect();
    assert_eq!(addresses, found.iter().map(|(uri, _)| uri.as_str()).collect::<Vec<_>>(), "{text}");
}

fn answers(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let (files, installed) = foreign::apt_answers(&text);
    assert!(files.iter().all(|file| !file.contains(' ')));
    // One package, which ends here.
    assert_eq!(installed.find("\n\n"), Some(installed.len() - 2), "{installed:?}");
}
