//! What lies in the image cache comes to the local registry: once, and only what is missing.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake_registry;

use std::sync::{Arc, Mutex};

use backstack::error::Explain;
use backstack::images::{BlobStore, Descriptor, Digest, ImageError, Reference, Registry, Transfer};
use backstack::report::{Event, Progress, Reporter};
use fake_registry::{Door, Fault, OCI_MANIFEST, Played};
use serde_json::json;

struct Fixture {
    _folder: tempfile::TempDir,
    store: BlobStore,
    registry: Played,
    transfer: Transfer,
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path()).unwrap();
    let registry = Played::start(Door::Open).await;
    let transfer = Transfer::new(Registry::at_port(registry.port).unwrap(), store.clone());
    Fixture { _folder: folder, store, registry, transfer }
}

impl Fixture {
    /// An image as the builder leaves it in the store.
    fn build(&self, config: &str, layers: &[&[u8]]) -> Descriptor {
        let config = self.store.put("application/vnd.oci.image.config.v1+json", config.as_bytes()).unwrap();
        let layers: Vec<_> = layers
            .iter()
            .map(|layer| self.store.put("application/vnd.oci.image.layer.v1.tar+zstd", layer).unwrap())
            .collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers});
        self.store.put(OCI_MANIFEST, manifest.to_string().as_bytes()).unwrap()
    }

    async fn push(&self, built: &Descriptor, reference: &str) -> Result<u64, ImageError> {
        let moved = self.transfer.push_built(built, &recipe(), &name(reference), &Progress::silent()).await?;
        assert_eq!(moved.digest, built.digest);
        Ok(moved.bytes)
    }
}

/// The key of a recipe.
fn recipe() -> Digest {
    Digest::of(b"recipe")
}

fn name(text: &str) -> Reference {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_second_push_moves_nothing() {
    let fixture = fixture().await;
    let layer = vec![7; 600_000];
    let built = fixture.build("{}", &[&layer, b"small", b"small"]);
    let moved =
        fixture.transfer.push_built(&built, &recipe(), &name("quay.io/a/b:1"), &Progress::silent()).await.unwrap();
    assert_eq!((moved.bytes, moved.size), (600_007, 600_007));
    assert_eq!(fixture.registry.manifest("quay.io/a/b", "1"), Some(built.digest.clone()));
    assert_eq!(fixture.registry.blob("quay.io/a/b", &Digest::of(&layer)).unwrap(), layer);
    fixture.registry.forget();
    assert_eq!(fixture.push(&built, "quay.io/a/b:1").await.unwrap(), 0);
    let methods: Vec<_> = fixture.registry.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(methods, ["HEAD"]);
}

#[tokio::test]
async fn what_was_built_is_known_by_its_recipe_although_the_cache_is_gone() {
    let fixture = fixture().await;
    let built = fixture.build("{}", &[b"base"]);
    fixture.push(&built, "ghcr.io/a/own:1").await.unwrap();
    let found = async |key: &Digest, cached: Option<&Descriptor>| {
        fixture.transfer.built(&name("ghcr.io/a/own:1"), key, cached).await.unwrap().map(|moved| moved.digest)
    };
    assert_eq!(found(&recipe(), None).await, Some(built.digest.clone()));
    // A changed recipe never gets the old image, and an image of another build of it is pushed anew.
    assert_eq!(found(&Digest::of(b"changed"), None).await, None);
    let newer = fixture.build("{}", &[b"changed"]);
    assert_eq!(found(&Digest::of(b"changed"), Some(&newer)).await, None);
    fixture
        .transfer
        .push_built(&newer, &Digest::of(b"changed"), &name("ghcr.io/a/own:1"), &Progress::silent())
        .await
        .unwrap();
    assert_eq!(found(&recipe(), None).await, None);
    assert_eq!(found(&Digest::of(b"changed"), None).await, Some(newer.digest));
}

#[tokio::test]
async fn a_changed_image_moves_only_what_changed() {
    let fixture = fixture().await;
    let first = fixture.build("{}", &[b"base", b"first"]);
    fixture.push(&first, "quay.io/a/b:1").await.unwrap();
    let second = fixture.build("{}", &[b"base", b"a second"]);
    assert_eq!(fixture.push(&second, "quay.io/a/b:1").await.unwrap(), 8);
    assert_eq!(fixture.registry.manifest("quay.io/a/b", "1"), Some(second.digest));
}

#[tokio::test]
async fn a_layer_of_two_images_moves_once() {
    let fixture = fixture().await;
    let base = vec![1; 300_000];
    let one = fixture.build("{\"one\":1}", &[&base]);
    let two = fixture.build("{\"two\":2}", &[&base, b"own"]);
    let (first, second) = tokio::join!(fixture.push(&one, "quay.io/a/one:1"), fixture.push(&two, "ghcr.io/b/two:1"));
    assert_eq!(first.unwrap() + second.unwrap(), 300_000 + 9 + 9 + 3);
    let digest = Digest::of(&base);
    assert!(fixture.registry.blob("quay.io/a/one", &digest).is_some());
    assert!(fixture.registry.blob("ghcr.io/b/two", &digest).is_some());
    // Another run knows nothing of the first one's pushes, but the registry does.
    let later = Transfer::new(Registry::at_port(fixture.registry.port).unwrap(), fixture.store.clone());
    let three = fixture.build("{\"three\":3}", &[&base]);
    let moved = later.push_built(&three, &recipe(), &name("docker.io/c/three:1"), &Progress::silent()).await.unwrap();
    assert_eq!(moved.bytes, 11);
}

#[tokio::test]
async fn bytes_are_told() {
    struct Recorder(Mutex<Vec<Event>>);
    impl Reporter for Recorder {
        fn report(&self, event: Event) {
            self.0.lock().unwrap().push(event);
        }
    }
    let fixture = fixture().await;
    let built = fixture.build("{}", &[&vec![3; 500_000]]);
    let recorder = Arc::new(Recorder(Mutex::default()));
    fixture
        .transfer
        .push_built(&built, &recipe(), &name("quay.io/a/b:1"), &Progress::new(recorder.clone(), "argocd"))
        .await
        .unwrap();
    let events = recorder.0.lock().unwrap();
    let bytes =
        |done| Event::Bytes { subject: "argocd".into(), item: "quay.io/a/b:1".into(), done, total: Some(500_002) };
    assert_eq!(events.first(), Some(&bytes(0)));
    assert_eq!(events.last(), Some(&bytes(500_002)));
}

#[tokio::test]
async fn an_upload_is_tried_again() {
    let fixture = fixture().await;
    let built = fixture.build("{}", &[b"layer"]);
    fixture.registry.fault("/uploads/1", Fault::Status(503, None));
    fixture.registry.fault("/uploads/2", Fault::Status(500, None));
    assert_eq!(fixture.push(&built, "quay.io/a/b:1").await.unwrap(), 7);
    assert_eq!(fixture.registry.seen_of("POST", "/uploads/").len(), 4);
}

#[tokio::test]
async fn a_blob_that_changed_on_the_disk_is_refused() {
    let fixture = fixture().await;
    let built = fixture.build("{}", &[b"layer"]);
    let path = fixture.store.path(&Digest::of(b"layer"));
    std::fs::write(&path, b"reyal").unwrap();
    let error = fixture.push(&built, "quay.io/a/b:1").await.unwrap_err();
    assert!(matches!(&error, ImageError::Damaged { path: named, .. } if *named == path), "{error:?}");
    assert!(error.to_string().contains("quay.io/a/b:1"), "{error}");
    assert_eq!(fixture.registry.manifest("quay.io/a/b", "1"), None);
}

#[tokio::test]
async fn a_missing_blob_is_named() {
    let fixture = fixture().await;
    let built = fixture.build("{}", &[b"layer"]);
    std::fs::remove_file(fixture.store.path(&Digest::of(b"layer"))).unwrap();
    let error = fixture.push(&built, "quay.io/a/b:1").await.unwrap_err();
    assert!(error.to_string().contains(Digest::of(b"layer").as_str()), "{error}");
    std::fs::remove_file(fixture.store.path(&built.digest)).unwrap();
    assert!(fixture.push(&built, "quay.io/a/b:1").await.unwrap_err().to_string().contains("manifest"));
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let local = Registry::at_port(free).unwrap();
    let error = local.ping().await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    let transfer = Transfer::new(local, BlobStore::open(folder.path()).unwrap());
    let built = road_free_image(folder.path());
    let error = transfer.push_built(&built, &recipe(), &name("quay.io/a/b:1"), &Progress::silent()).await.unwrap_err();
    assert!(matches!(error, ImageError::Local { .. }) && !error.hints().is_empty());
}

fn road_free_image(folder: &std::path::Path) -> Descriptor {
    let store = BlobStore::open(folder).unwrap();
    let config = store.put("application/vnd.oci.image.config.v1+json", b"{}").unwrap();
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": []});
    store.put(OCI_MANIFEST, manifest.to_string().as_bytes()).unwrap()
}
