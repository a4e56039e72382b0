//! Names in a registry behind which no plain image lies, and logins that do not work.
#![allow(clippy::unwrap_used)]

mod played;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backstack::error::Explain;
use backstack::images::upstream::Patience;
use backstack::images::{
    BlobStore, Digest, ImageError, LocalRegistry, Moved, Platform, Road, Upstream, UpstreamOptions, Wanted,
};
use backstack::report::recorder::Recorder;
use backstack::report::{Event, Progress};
use played::{Door, OCI_INDEX, OCI_MANIFEST, Played};
use serde_json::{Value, json};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

struct Fixture {
    folder: tempfile::TempDir,
    upstream: Played,
    road: Road,
    options: UpstreamOptions,
}

async fn fixture(door: Door) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path().join("cache")).unwrap();
    let (upstream, local) = (Played::start(door).await, Played::start(Door::Open).await);
    let road = Road::new(LocalRegistry::at_port(local.port).unwrap(), store);
    let mut options = UpstreamOptions::new(Platform::linux("amd64"));
    options.docker_config = None;
    options.patience = Patience { attempts: 2, pause: Duration::from_millis(10), ..Patience::default() };
    Fixture { folder, upstream, road, options }
}

impl Fixture {
    fn wanted(&self) -> Wanted {
        Wanted::new(format!("{}/a/b:1", self.upstream.host()).parse().unwrap())
    }

    fn client(&self) -> Upstream {
        Upstream::new(self.options.clone()).unwrap()
    }

    async fn pull(&self) -> Result<Moved, ImageError> {
        self.road.pull(&self.client(), &self.wanted(), &Progress::silent()).await
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

/// Docker's configuration with a helper that is not installed, and the events that follow.
async fn with_broken_helper(door: Door) -> (Result<Moved, ImageError>, Vec<Event>) {
    let mut fixture = fixture(door).await;
    fixture.upstream.put_image("a/b", "1", &[b"layer"]);
    let config: PathBuf = fixture.folder.path().join("config.json");
    std::fs::write(&config, r#"{"credsStore": "not-installed-here"}"#).unwrap();
    fixture.options.docker_config = Some(config);
    let (client, recorder) = (fixture.client(), Arc::new(Recorder::default()));
    client.report_to(recorder.clone());
    let pulled = fixture.road.pull(&client, &fixture.wanted(), &Progress::silent()).await;
    (pulled, recorder.events())
}

#[tokio::test]
async fn a_helper_that_is_missing_costs_one_warning_and_no_public_image() {
    let (pulled, events) = with_broken_helper(Door::Token(None)).await;
    pulled.unwrap();
    match events.as_slice() {
        [Event::Warning { message, .. }] => {
            assert!(message.contains("docker-credential-not-installed-here"), "{message}")
        }
        other => panic!("{other:?}"),
    }
    let (pulled, _) = with_broken_helper(Door::Token(Some(("me".into(), "secret".into())))).await;
    let details = pulled.unwrap_err().details();
    assert!(details.iter().any(|line| line.contains("docker-credential-not-installed-here failed")), "{details:?}");
}
