//! What Docker left on disk, and registries' challenges. The first letter says which: `C` config.json, `M` a context's
//! meta.json, `W` the `WWW-Authenticate` header.
#![no_main]

use std::sync::LazyLock;

use backstack::foreign;
use backstack::images::Digest;
use backstack_fuzz::Scratch;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

static CONFIG: LazyLock<Scratch> = LazyLock::new(Scratch::new);
static CONTEXT: LazyLock<(Scratch, String)> = LazyLock::new(|| {
    let scratch = Scratch::new();
    scratch.write("config.json", br#"{"currentContext": "lab"}"#);
    (scratch, format!("contexts/meta/{}/meta.json", Digest::of(b"lab").hex()))
});

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((b'C', config)) => {
            let _ = foreign::docker_credentials(config, "ghcr.io", "a/b");
            let _ = foreign::docker_credentials(config, "docker.io", "library/busybox");
            CONFIG.write("config.json", config);
            endpoint(&CONFIG);
        }
        Some((b'M', meta)) => {
            let (folder, file) = &*CONTEXT;
            folder.write(file, meta);
            endpoint(folder);
        }
        Some((b'W', header)) => {
            let Ok(value) = HeaderValue::from_bytes(header) else { return };
            foreign::challenge(&HeaderMap::from_iter([(WWW_AUTHENTICATE, value)]));
        }
        _ => {}
    }
});

fn endpoint(folder: &Scratch) {
    if let Ok(endpoint) = foreign::docker_endpoint(folder.path()) {
        let address = &endpoint.address;
        assert!(address.starts_with("tcp://") || address.starts_with("unix://"), "{address}");
        endpoint.is_local();
    }
}
