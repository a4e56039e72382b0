//! Debian's image as Docker Hub has it: the smallest system that apt runs in, made by debootstrap from Debian's archive,
//! and made slim as upstream does it (`debuerreotype`).

use std::fs;
use std::path::{Path, PathBuf};

use backstack::images::{Descriptor, Digest};
use serde_json::json;

use crate::fill::{Blob, Filler, GZIP, PLAYED, compress_tar};
use backstack_end_to_end::run;

/// What people call it.
pub(crate) const DEBIAN: &str = "docker.io/library/debian:trixie-slim";
const SUITE: &str = "trixie";

/// From debootstrap's system to that of the image.
const SLIM: &str = r#"
set -eu
cd "$1"
rm -rf etc/apt/sources.list var/cache/apt/*.bin var/cache/apt/archives/*.deb var/lib/apt/lists/* var/log/*.log
cat >etc/apt/sources.list.d/debian.sources <<END
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp
END
printf '#!/bin/sh\nexit 101\n' >usr/sbin/policy-rc.d
chmod +x usr/sbin/policy-rc.d
echo force-unsafe-io >etc/dpkg/dpkg.cfg.d/docker-apt-speedup
echo 'Apt::AutoRemove::SuggestsImportant "false";' >etc/apt/apt.conf.d/docker-autoremove-suggests
echo 'Acquire::GzipIndexes "true";' >etc/apt/apt.conf.d/docker-gzip-indexes
echo 'Acquire::Languages "none";' >etc/apt/apt.conf.d/docker-no-languages
cat >etc/apt/apt.conf.d/docker-clean <<'END'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
END
for folder in doc info linda lintian/overrides locale man; do
  echo "path-exclude /usr/share/$folder/*" >>etc/dpkg/dpkg.cfg.d/docker
  rm -rf "usr/share/$folder"
done
"#;

/// Puts the image under its name.
pub(crate) async fn put(filler: &Filler) -> Digest {
    let reference = DEBIAN.parse().expect("a reference");
    let (tar, gzip) = layer();
    let bytes = fs::read(&gzip).expect("read");
    let descriptor = Descriptor { media_type: GZIP.into(), digest: Digest::of(&bytes), size: bytes.len() as u64 };
    let config = json!({
        "architecture": backstack::images::Platform::here().architecture, "os": "linux",
        "config": {"Cmd": ["bash"], "Labels": {PLAYED: "docker.io"}},
        "rootfs": {"type": "layers", "diff_ids": [tar]},
    });
    let layer = Blob { descriptor, path: gzip };
    filler.put(&reference, &config, &[layer]).await
}

/// The digest of the layer as tar, and the file that it is compressed in; made once.
fn layer() -> (Digest, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (gzip, digest) = (folder.join("debian-slim.tar.gz"), folder.join("debian-slim.digest"));
    if !digest.exists() {
        let work = tempfile::tempdir_in(folder).expect("folder");
        let (root, tar) = (work.path().join("root"), work.path().join("root.tar"));
        let (root, tar) = (root.display().to_string(), tar.display().to_string());
        run("debootstrap", &["--variant=minbase", SUITE, &root]).succeeded("debootstrap");
        run("sh", &["-c", SLIM, "sh", &root]).succeeded("what makes it slim");
        run("tar", &["--numeric-owner", "--sort=name", "-C", &root, "-cf", &tar, "."]).succeeded("tar");
        compress_tar(fs::File::open(&tar).expect("open"), &gzip);
        fs::write(&digest, Digest::of(&fs::read(&tar).expect("read")).as_str()).expect("write");
    }
    (fs::read_to_string(&digest).expect("read").parse().expect("a digest"), gzip)
}
