//! Names in a registry behind which no plain image lies, and logins that do not work.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake_registry;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backstack::error::Explain;
use backstack::images::upstream::Patience;
use backstack::images::{
    BlobStore, Digest, ImageError, Moved, Platform, Registry, Transfer, Upstream, UpstreamOptions, Wanted,
};
use backstack::report::recorder::Recorder;
use backstack::report::{Event, Progress};
use fake_registry::{Door, OCI_INDEX, OCI_MANIFEST, Played};
use serde_json::{Value, json};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

struct Fixture {
    folder: tempfile::TempDir,
    upstream: Played,
    transfer: Transfer,
    options: UpstreamOptions,
}

async fn fixture(door: Door) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path().join("cache")).unwrap();
    let (upstream, local) = (Played::start(door).await, Played::start(Door::Open).await);
    let transfer = Transfer::new(Registry::at_port(local.port).unwrap(), store);
    let mut options = UpstreamOptions::new(Platform::linux("amd64"));
    options.docker_config = None;
    options.patience = Patience { attempts: 2, pause: Duration::from_millis(10), ..Patience::default() };
    Fixture { folder, upstream, transfer, options }
}

impl Fixture {
    fn wanted(&self) -> Wanted {
        Wanted::new(format!("{}/a/b:1", self.upstream.host()).parse().unwrap())
    }

    fn client(&self) -> Upstream {
        Upstream::new(self.options.clone()).unwrap()
    }

    async fn pull(&self) -> Result<Moved, ImageError> {
        self.transfer.pull(&self.client(), &self.wanted(), &Progress::silent()).await
    }

    async fn refused(&self) -> String {
        self.pull().await.unwrap_err().to_string()
    }

    fn blob(&self, media_type: &str, content: &str) -> Value {
        let digest = self.upstream.put_blob("a/b", content.as_bytes());
        json!({"mediaType": media_type, "digest": digest, "size": content.len()})
    }

    /// An image with this configuration and these further fields of its one layer.
    fn image(&self, tag: &str, config: &Value, further: &Value) -> Digest {
        let mut layer = self.blob(LAYER, &format!("layer of {tag}"));
        layer.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        let manifest = json!({"schemaVersion": 2, "config": self.blob(CONFIG, &config.to_string()), "layers": [layer]});
        self.upstream.put_manifest("a/b", tag, OCI_MANIFEST, &manifest)
    }

    fn made_for(&self, architecture: &str) -> Digest {
        self.image(architecture, &json!({"os": "linux", "architecture": architecture}), &json!({}))
    }

    fn index(&self, entries: Vec<Value>) {
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
        self.upstream.put_manifest("a/b", "1", OCI_INDEX, &index);
    }
}

fn entry(digest: &Digest, platform: Value) -> Value {
    let mut entry = json!({"mediaType": OCI_MANIFEST, "digest": digest, "size": 1});
    if !platform.is_null() {
        entry["platform"] = platform;
    }
    entry
}

#[tokio::test]
async fn an_index_without_platforms_is_read_by_its_configurations() {
    let fixture = fixture(Door::Open).await;
    let (arm, amd) = (fixture.made_for("arm64"), fixture.made_for("amd64"));
    fixture.index(vec![entry(&arm, Value::Null), entry(&amd, Value::Null)]);
    assert_eq!(fixture.pull().await.unwrap().digest, amd);
    fixture.index(vec![entry(&arm, Value::Null)]);
    let client = fixture.client();
    let error = client.resolve(&fixture.wanted()).await.unwrap_err();
    assert!(matches!(&error, ImageError::NoPlatform { offered, .. } if *offered == ["linux/arm64"]), "{error}");
}

#[tokio::test]
async fn the_plain_variant_is_taken_before_others() {
    let fixture = fixture(Door::Open).await;
    let (fast, plain) = (fixture.image("v4", &json!({}), &json!({})), fixture.made_for("amd64"));
    let of = |variant: &str| json!({"os": "linux", "architecture": "amd64", "variant": variant});
    for plainly in [of(""), of("v1"), json!({"os": "linux", "architecture": "amd64"})] {
        fixture.index(vec![entry(&fast, of("v4")), entry(&plain, plainly)]);
        assert_eq!(fixture.client().resolve(&fixture.wanted()).await.unwrap().manifest.digest(), plain);
    }
    fixture.index(vec![entry(&fast, of("v9"))]);
    let error = fixture.client().resolve(&fixture.wanted()).await.unwrap_err().to_string();
    assert!(error.contains("linux/amd64/v9"), "{error}");
}

#[tokio::test]
async fn an_image_for_another_processor_is_refused_though_no_index_says_so() {
    let fixture = fixture(Door::Open).await;
    fixture.image("1", &json!({"os": "linux", "architecture": "arm64"}), &json!({}));
    let error = fixture.refused().await;
    assert!(error.contains("has it for linux/arm64, not for linux/amd64"), "{error}");
    // One that says nothing is none of our business.
    fixture.image("1", &json!({}), &json!({}));
    fixture.pull().await.unwrap();
}

#[tokio::test]
async fn what_is_no_image_is_named() {
    let fixture = fixture(Door::Open).await;
    let chart = "application/vnd.cncf.helm.config.v1+json";
    let signature = "application/vnd.dev.cosign.simplesigning.v1+json";
    for (config, layer, named) in [
        (chart, "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "a Helm chart"),
        (CONFIG, signature, "a signature"),
        ("application/vnd.oci.empty.v1+json", "application/vnd.in-toto+json", "not an image"),
    ] {
        let manifest =
            json!({"schemaVersion": 2, "config": fixture.blob(config, "{}"), "layers": [fixture.blob(layer, "x")]});
        fixture.upstream.put_manifest("a/b", "1", OCI_MANIFEST, &manifest);
        let error = fixture.refused().await;
        assert!(error.contains("a/b:1") && error.contains(named), "{error}");
    }
    let first = json!({"schemaVersion": 1, "fsLayers": []});
    fixture.upstream.put_manifest("a/b", "1", "application/vnd.docker.distribution.manifest.v1+prettyjws", &first);
    assert!(fixture.refused().await.contains("first format"));
}

#[tokio::test]
async fn a_foreign_layer_is_named_with_its_address() {
    let fixture = fixture(Door::Open).await;
    let foreign = json!({"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "urls": ["https://far.example/layer"]});
    fixture.image("1", &json!({"os": "linux", "architecture": "amd64"}), &foreign);
    let error = fixture.refused().await;
    assert!(error.contains("https://far.example/layer") && error.contains("sha256:"), "{error}");
}

#[tokio::test]
async fn a_manifest_that_is_served_as_text_is_read_all_the_same() {
    let fixture = fixture(Door::Open).await;
    let amd = fixture.made_for("amd64");
    let index =
        json!({"schemaVersion": 2, "manifests": [entry(&amd, json!({"os": "linux", "architecture": "amd64"}))]});
    fixture.upstream.put_manifest("a/b", "1", "text/plain; charset=utf-8", &index);
    assert_eq!(fixture.pull().await.unwrap().digest, amd);
}

/// Two images behind one door, fetched with Docker's configuration naming this helper, and the events that follow.
async fn with_helper(helper: &str, door: Door) -> (Result<Moved, ImageError>, Vec<Event>) {
    let mut fixture = fixture(door).await;
    fixture.upstream.put_image("a/b", "1", &[b"layer"]);
    fixture.upstream.put_image("a/c", "1", &[b"other layer"]);
    let config: PathBuf = fixture.folder.path().join("config.json");
    std::fs::write(&config, json!({"credsStore": helper}).to_string()).unwrap();
    fixture.options.docker_config = Some(config);
    fixture.options.patience.helper = Duration::from_secs(2);
    let (client, recorder) = (fixture.client(), Arc::new(Recorder::default()));
    client.report_to(recorder.clone());
    let pulled = fixture.transfer.pull(&client, &fixture.wanted(), &Progress::silent()).await;
    let other = Wanted::new(format!("{}/a/c:1", fixture.upstream.host()).parse().unwrap());
    let pulled = pulled.and(fixture.transfer.pull(&client, &other, &Progress::silent()).await);
    (pulled, recorder.events())
}

/// Helpers that do not work: name, script (none: there is no such program), and what is told of each.
const BROKEN: [(&str, Option<&str>, &str); 6] = [
    ("missing", None, "it is not installed"),
    ("hangs", Some("exec sleep 60"), "it did not answer in time"),
    ("rubbish", Some("echo '<html>'"), "its answer is no JSON"),
    ("endless", Some("exec yes 0123456789abcdef"), "it printed more than 256 KiB"),
    ("locked", Some("echo the keyring is locked; exit 1"), "the keyring is locked"),
    ("silent", Some("exit 3"), "it ended without a word"),
];

/// Set where PATH leads to the helpers: a process has only one, so the test runs itself once more with another.
const WITH_HELPERS: &str = "BACKSTACK_TEST_WITH_HELPERS";

#[cfg(unix)]
#[tokio::test]
async fn a_helper_that_does_not_work_costs_one_warning_and_no_public_image() {
    if std::env::var_os(WITH_HELPERS).is_none() {
        return on_a_path_with_helpers("a_helper_that_does_not_work_costs_one_warning_and_no_public_image");
    }
    for (helper, _, why) in BROKEN {
        let named = format!("docker-credential-{helper} failed: {why}");
        let (pulled, events) = with_helper(helper, Door::Token(None)).await;
        pulled.unwrap_or_else(|error| panic!("{helper}: {error}"));
        match events.as_slice() {
            [Event::Warning { message, .. }] => assert!(message.contains(&named), "{message}"),
            other => panic!("{helper}: {other:?}"),
        }
        let (pulled, _) = with_helper(helper, Door::Token(Some(("me".into(), "secret".into())))).await;
        let details = pulled.unwrap_err().details();
        assert!(details.iter().any(|line| line.contains(&named)), "{helper}: {details:?}");
    }
}

#[cfg(unix)]
fn on_a_path_with_helpers(test: &str) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    for (helper, script, _) in BROKEN {
        let Some(script) = script else { continue };
        let path = folder.path().join(format!("docker-credential-{helper}"));
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", test]).env("PATH", format!("{}:{path}", folder.path().display())).env(WITH_HELPERS, "1");
    let output = again.output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
