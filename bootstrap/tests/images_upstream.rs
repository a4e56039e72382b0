//! Images come from an upstream registry, whatever happens on the way.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake_registry;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use backstack::error::{ExitKind, Explain};
use backstack::images::upstream::Patience;
use backstack::images::{
    BlobStore, Digest, ImageError, Moved, Platform, Registry, Sizes, Transfer, Upstream, UpstreamOptions, Wanted,
};
use backstack::report::Progress;
use base64::Engine as _;
use fake_registry::{Door, Fault, Played};

struct Fixture {
    folder: tempfile::TempDir,
    store: BlobStore,
    upstream: Played,
    local: Played,
    transfer: Transfer,
    options: UpstreamOptions,
}

async fn fixture(door: Door) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path().join("cache")).unwrap();
    let (upstream, local) = (Played::start(door).await, Played::start(Door::Open).await);
    let transfer = Transfer::new(Registry::at_port(local.port).unwrap(), store.clone());
    let mut options = UpstreamOptions::new(Platform::linux("amd64"));
    options.docker_config = None;
    options.patience = Patience { attempts: 3, pause: Duration::from_millis(10), ..Patience::default() };
    Fixture { folder, store, upstream, local, transfer, options }
}

impl Fixture {
    fn wanted(&self, rest: &str) -> Wanted {
        Wanted::new(format!("{}/{rest}", self.upstream.host()).parse().unwrap())
    }

    /// The repository that mirrors one of upstream's.
    fn mirror(&self, repository: &str) -> String {
        format!("{}/{repository}", self.upstream.host().replace(':', "_"))
    }

    fn client(&self) -> Upstream {
        Upstream::new(self.options.clone()).unwrap()
    }

    async fn pull(&self, wanted: &Wanted) -> Result<Moved, ImageError> {
        self.transfer.pull(&self.client(), wanted, &Progress::silent()).await
    }

    fn partials(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("cache/partial")).unwrap().count()
    }

    fn docker_config(&mut self, text: &str) -> PathBuf {
        let path = self.folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        self.options.docker_config = Some(path.clone());
        path
    }
}

/// Content that is not the same everywhere, so that a wrong offset shows.
fn content(size: usize, seed: u8) -> Vec<u8> {
    (0..size).map(|index| (index / 251) as u8 ^ (index as u8).wrapping_mul(seed)).collect()
}

#[tokio::test]
async fn an_image_comes_once_and_leaves_no_file() {
    let fixture = fixture(Door::Token(None)).await;
    let layer = content(500_000, 3);
    let (digest, layers) = fixture.upstream.put_image("a/b", "1", &[&layer, b"small"]);
    let wanted = fixture.wanted("a/b:1");
    let moved = fixture.pull(&wanted).await.unwrap();
    assert_eq!((&moved.digest, moved.bytes), (&digest, moved.size));
    assert_eq!(fixture.local.manifest(&fixture.mirror("a/b"), "1"), Some(digest.clone()));
    assert_eq!(fixture.local.blob(&fixture.mirror("a/b"), &layers[0]).unwrap(), layer);
    assert_eq!(fixture.partials(), 0);
    fixture.upstream.forget();
    assert_eq!(fixture.pull(&wanted).await.unwrap(), Moved { digest, bytes: 0, size: moved.size });
    assert!(fixture.upstream.seen().is_empty(), "what is here is not asked for");
}

#[tokio::test]
async fn a_token_that_ran_out_is_renewed() {
    let fixture = fixture(Door::Token(None)).await;
    fixture.upstream.put_image("a/b", "1", &[b"one"]);
    fixture.upstream.put_image("a/b", "2", &[b"two"]);
    let client = fixture.client();
    fixture.transfer.pull(&client, &fixture.wanted("a/b:1"), &Progress::silent()).await.unwrap();
    fixture.upstream.expire_tokens();
    fixture.transfer.pull(&client, &fixture.wanted("a/b:2"), &Progress::silent()).await.unwrap();
    assert_eq!(fixture.upstream.seen_of("GET", "/token").len(), 2);
}

#[tokio::test]
async fn a_cut_blob_goes_on_where_it_stopped() {
    let fixture = fixture(Door::Open).await;
    let layer = content(400_000, 5);
    let (_, layers) = fixture.upstream.put_image("a/b", "1", &[&layer]);
    fixture.upstream.fault(leak(layers[0].as_str()), Fault::Cut(150_000));
    let moved = fixture.pull(&fixture.wanted("a/b:1")).await.unwrap();
    assert_eq!(moved.bytes, moved.size);
    assert_eq!(fixture.upstream.sent(), moved.size, "no byte came twice");
    let ranges: Vec<_> =
        fixture.upstream.seen_of("GET", layers[0].as_str()).into_iter().map(|seen| seen.range).collect();
    assert_eq!(ranges, [None, Some("bytes=150000-".into())]);
    assert_eq!(fixture.local.blob(&fixture.mirror("a/b"), &layers[0]).unwrap(), layer);
}

#[tokio::test]
async fn a_killed_run_goes_on_where_it_stopped() {
    let fixture = fixture(Door::Open).await;
    let layer = content(400_000, 7);
    let (_, layers) = fixture.upstream.put_image("a/b", "1", &[&layer]);
    // What a killed process leaves behind.
    std::fs::write(fixture.store.partial_path(&layers[0]), &layer[..123_456]).unwrap();
    let inspection = fixture.transfer.inspect(&fixture.client(), &fixture.wanted("a/b:1")).await.unwrap();
    let moved = fixture.pull(&fixture.wanted("a/b:1")).await.unwrap();
    assert_eq!(moved.bytes, moved.size - 123_456);
    assert_eq!(Sizes::of([&inspection]), Sizes { total: moved.size, missing: moved.bytes });
    assert_eq!(fixture.upstream.seen_of("GET", layers[0].as_str())[0].range.as_deref(), Some("bytes=123456-"));
    assert_eq!(fixture.local.blob(&fixture.mirror("a/b"), &layers[0]).unwrap(), layer);
}

#[tokio::test]
async fn a_whole_file_of_a_killed_run_is_only_pushed() {
    let fixture = fixture(Door::Open).await;
    let layer = content(100_000, 9);
    let (_, layers) = fixture.upstream.put_image("a/b", "1", &[&layer]);
    std::fs::write(fixture.store.partial_path(&layers[0]), &layer).unwrap();
    fixture.pull(&fixture.wanted("a/b:1")).await.unwrap();
    assert!(fixture.upstream.seen_of("GET", layers[0].as_str()).is_empty());
    assert_eq!(fixture.partials(), 0);
    // Killed after the push, before it could be removed.
    std::fs::write(fixture.store.partial_path(&layers[0]), &layer).unwrap();
    assert_eq!(fixture.pull(&fixture.wanted("a/b:1")).await.unwrap().bytes, 0);
    assert_eq!(fixture.partials(), 0);
}

#[tokio::test]
async fn a_damaged_rest_of_a_killed_run_is_fetched_anew() {
    let fixture = fixture(Door::Open).await;
    let layer = content(100_000, 11);
    let (_, layers) = fixture.upstream.put_image("a/b", "1", &[&layer]);
    std::fs::write(fixture.store.partial_path(&layers[0]), vec![0; 60_000]).unwrap();
    fixture.pull(&fixture.wanted("a/b:1")).await.unwrap();
    assert_eq!(fixture.local.blob(&fixture.mirror("a/b"), &layers[0]).unwrap(), layer);
    std::fs::write(fixture.store.partial_path(&layers[0]), vec![0; 160_000]).unwrap();
    fixture.upstream.put_image("a/c", "1", &[&layer, b"x"]);
    let other = Played::start(Door::Open).await;
    let transfer = Transfer::new(Registry::at_port(other.port).unwrap(), fixture.store.clone());
    transfer.pull(&fixture.client(), &fixture.wanted("a/c:1"), &Progress::silent()).await.unwrap();
    assert_eq!(fixture.partials(), 0);
}

#[tokio::test]
async fn a_registry_without_ranges_sends_all_again() {
    let fixture = fixture(Door::Open).await;
    let layer = content(300_000, 13);
    let (_, layers) = fixture.upstream.put_image("a/b", "1", &[&layer]);
    std::fs::write(fixture.store.partial_path(&layers[0]), &layer[..100_000]).unwrap();
    fixture.upstream.fault(leak(layers[0].as_str()), Fault::Whole);
    let moved = fixture.pull(&fixture.wanted("a/b:1")).await.unwrap();
    assert_eq!(moved.bytes, moved.size);
    assert_eq!(fixture.local.blob(&fixture.mirror("a/b"), &layers[0]).unwrap(), layer);
}

/// A fault's path for a digest that is known only in the test.
fn leak(text: &str) -> &'static str {
    Box::leak(text.to_string().into_boxed_str())
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let fixture = fixture(Door::Open).await;
    fixture.upstream.put_image("a/b", "1", &[b"layer"]);
    fixture.upstream.fault("/manifests/", Fault::Status(429, Some("1")));
    fixture.upstream.fault("/blobs/", Fault::Status(503, Some("1")));
    let start = Instant::now();
    fixture.pull(&fixture.wanted("a/b:1")).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_token_server_is_waited_for_too() {
    let fixture = fixture(Door::Token(None)).await;
    fixture.upstream.put_image("a/b", "1", &[b"layer"]);
    fixture.upstream.fault("/token", Fault::Status(429, Some("1")));
    let start = Instant::now();
    fixture.pull(&fixture.wanted("a/b:1")).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_long_rate_limit_is_said_at_once() {
    let fixture = fixture(Door::Open).await;
    fixture.upstream.put_image("a/b", "1", &[b"layer"]);
    fixture.upstream.fault("/manifests/", Fault::Status(429, Some("3600")));
    let error = fixture.pull(&fixture.wanted("a/b:1")).await.unwrap_err();
    assert!(matches!(&error, ImageError::RateLimited { retry_after: Some(wait), .. } if wait.as_secs() == 3600));
    assert!(error.to_string().contains("3600 s") && error.to_string().contains("a/b:1"));
    assert!(error.hints()[0].contains(&format!("docker login {}", fixture.upstream.host())));
    assert_eq!((error.kind(), error.details()[0].as_str()), (ExitKind::Image, "it said: played fault"));
}

#[tokio::test]
async fn faults_without_end_are_given_up() {
    let fixture = fixture(Door::Open).await;
    let (_, layers) = fixture.upstream.put_image("a/b", "1", &[&content(1000, 3)]);
    for _ in 0..3 {
        fixture.upstream.fault(leak(layers[0].as_str()), Fault::Cut(0));
    }
    let error = fixture.pull(&fixture.wanted("a/b:1")).await.unwrap_err();
    assert!(matches!(error, ImageError::Cut { attempts: 3, .. }), "{error:?}");
    assert!(error.to_string().contains("broke 3 times in a row"), "{error}");
    assert_eq!(fixture.local.manifest(&fixture.mirror("a/b"), "1"), None);
    // Nothing is broken for the next run.
    fixture.pull(&fixture.wanted("a/b:1")).await.unwrap();
}

#[tokio::test]
async fn wrong_content_is_never_pushed() {
    let fixture = fixture(Door::Open).await;
    let (_, layers) = fixture.upstream.put_image("a/b", "1", &[b"right"]);
    for (wrong, found) in
        [(&b"wrong"[..], Digest::of(b"wrong").to_string()), (b"too long", "more than its 5 bytes".into())]
    {
        fixture.upstream.spoil(&layers[0], wrong);
        let error = fixture.pull(&fixture.wanted("a/b:1")).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ImageError::WrongDigest { .. }), "{error:?}");
        assert!(text.contains("a/b:1") && text.contains(layers[0].as_str()) && text.contains(&found), "{text}");
    }
    assert_eq!(fixture.local.blob(&fixture.mirror("a/b"), &layers[0]), None);
    assert_eq!(fixture.local.manifest(&fixture.mirror("a/b"), "1"), None);
    fixture.upstream.spoil(&layers[0], b"right");
    fixture.pull(&fixture.wanted("a/b:1")).await.unwrap();
}

#[tokio::test]
async fn the_platforms_image_is_chosen_and_its_index_remembered() {
    let mut fixture = fixture(Door::Open).await;
    let (amd, _) = fixture.upstream.put_image("a/b", "amd", &[b"for amd"]);
    let (arm, _) = fixture.upstream.put_image("a/b", "arm", &[b"for arm"]);
    let index = fixture.upstream.put_index("a/b", "1", &[("linux", "arm64", &arm), ("linux", "amd64", &amd)]);
    let mut wanted = fixture.wanted("a/b:1");
    wanted.pin = Some(index);
    assert_eq!(fixture.pull(&wanted).await.unwrap().digest, amd);
    assert_eq!(fixture.local.manifest(&fixture.mirror("a/b"), "1"), Some(amd.clone()));
    fixture.upstream.forget();
    assert_eq!(fixture.pull(&wanted).await.unwrap().bytes, 0);
    assert!(fixture.upstream.seen().is_empty(), "the pin is known here");
    wanted.pin = Some(Digest::of(b"another"));
    assert!(matches!(fixture.pull(&wanted).await, Err(ImageError::NotFound { .. })));
    fixture.options.platform = Platform::linux("riscv64");
    let error = fixture.client().resolve(&fixture.wanted("a/b:1")).await.unwrap_err();
    assert!(error.to_string().contains("linux/arm64, linux/amd64") && error.to_string().contains("linux/riscv64"));
}

#[tokio::test]
async fn a_pin_that_upstream_does_not_keep_is_an_error() {
    let fixture = fixture(Door::Open).await;
    fixture.upstream.put_image("a/b", "1", &[b"layer"]);
    let mut wanted = fixture.wanted("a/b:1");
    let pin = Digest::of(b"pinned");
    wanted.pin = Some(pin.clone());
    // It answers to the digest with something else.
    let other = serde_json::json!({"config": {}, "layers": []});
    fixture.upstream.put_manifest("a/b", pin.as_str(), fake_registry::OCI_MANIFEST, &other);
    let error = fixture.pull(&wanted).await.unwrap_err();
    assert!(matches!(&error, ImageError::WrongDigest { expected, .. } if *expected == pin), "{error:?}");
    assert!(fixture.local.seen_of("PUT", "").is_empty());
}

#[tokio::test]
async fn an_image_that_was_built_here_does_not_pass_for_upstreams() {
    let fixture = fixture(Door::Open).await;
    let (digest, _) = fixture.upstream.put_image("a/b", "1", &[b"upstream's"]);
    fixture.local.put_image(&fixture.mirror("a/b"), "1", &[b"built here"]);
    assert_eq!(fixture.pull(&fixture.wanted("a/b:1")).await.unwrap().digest, digest);
    assert_eq!(fixture.local.manifest(&fixture.mirror("a/b"), "1"), Some(digest));
}

#[tokio::test]
async fn a_layer_of_several_images_comes_once() {
    let fixture = fixture(Door::Open).await;
    let base = content(200_000, 17);
    for name in ["a", "b", "c"] {
        fixture.upstream.put_image(name, "1", &[&base, name.as_bytes()]);
    }
    let client = fixture.client();
    let (a, b, c) = (fixture.wanted("a:1"), fixture.wanted("b:1"), fixture.wanted("c:1"));
    let silent = Progress::silent();
    let moved = tokio::try_join!(
        fixture.transfer.pull(&client, &a, &silent),
        fixture.transfer.pull(&client, &b, &silent),
        fixture.transfer.pull(&client, &c, &silent),
    );
    moved.unwrap();
    let mirrored: BTreeSet<_> = ["a", "b", "c"].map(|name| fixture.mirror(name)).into();
    assert_eq!(fixture.upstream.seen_of("GET", Digest::of(&base).as_str()).len(), 1);
    assert!(mirrored.iter().all(|repository| fixture.local.blob(repository, &Digest::of(&base)).is_some()));
    // A later run that only plans knows as much.
    fixture.upstream.put_image("d", "1", &[&base, b"own"]);
    let later = Transfer::new(Registry::at_port(fixture.local.port).unwrap(), fixture.store.clone());
    let inspection = later.inspect(&client, &fixture.wanted("d:1")).await.unwrap();
    let config = inspection.blobs.iter().map(|blob| blob.size).sum::<u64>() - 200_003;
    assert_eq!(Sizes::of([&inspection]), Sizes { total: 200_003 + config, missing: 3 + config });
}

#[tokio::test]
async fn credentials_come_from_dockers_configuration() {
    let pair = || ("me".to_string(), "secret:word".to_string());
    for door in [Door::Basic(pair().0, pair().1), Door::Token(Some(pair()))] {
        let mut fixture = fixture(door).await;
        fixture.upstream.put_image("a/b", "1", &[b"layer"]);
        let wanted = fixture.wanted("a/b:1");
        let error = fixture.pull(&wanted).await.unwrap_err();
        assert!(matches!(error, ImageError::Unauthorised { .. }), "{error:?}");
        assert!(error.hints()[0].contains("docker login") && error.details().contains(&"without credentials".into()));

        let auth = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let config = |text: &str, host: &str| format!(r#"{{"auths": {{"{host}": {{"auth": "{}"}}}}}}"#, auth(text));
        let host = fixture.upstream.host();
        let path = fixture.docker_config(&config("me:wrong", &host));
        let error = fixture.pull(&wanted).await.unwrap_err();
        assert!(error.details().iter().any(|line| line.contains(path.to_str().unwrap())), "{:?}", error.details());
        assert!(!format!("{error:?}").contains("wrong"), "no password in an error");

        fixture.docker_config(&config("me:secret:word", &host));
        fixture.pull(&wanted).await.unwrap();
    }
}

#[tokio::test]
async fn an_identity_token_buys_a_token() {
    let mut fixture = fixture(Door::Token(Some(("me".into(), "secret".into())))).await;
    fixture.upstream.put_image("a/b", "1", &[b"layer"]);
    let config =
        |token: &str| format!(r#"{{"auths": {{"{}": {{"identitytoken": "{token}"}}}}}}"#, fixture.upstream.host());
    let (good, bad) = (config(fake_registry::IDENTITY), config("somebody-elses"));
    fixture.docker_config(&bad);
    let error = fixture.pull(&fixture.wanted("a/b:1")).await.unwrap_err();
    assert!(matches!(error, ImageError::Unauthorised { .. }), "{error:?}");
    fixture.docker_config(&good);
    fixture.pull(&fixture.wanted("a/b:1")).await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let fixture = fixture(Door::Open).await;
    let error = fixture.pull(&fixture.wanted("a/b:1")).await.unwrap_err();
    assert!(matches!(error, ImageError::NotFound { .. }));
    assert_eq!(error.details(), ["it said: manifest unknown"]);
    assert_eq!(fixture.upstream.seen().len(), 1, "a plain no is not asked again");
}

#[tokio::test]
async fn who_refuses_connections_cannot_be_reached() {
    let fixture = fixture(Door::Open).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = fixture.pull(&Wanted::new(format!("{free}/a/b:1").parse().unwrap())).await.unwrap_err();
    assert!(matches!(error, ImageError::Unreachable { .. }), "{error:?}");
    assert!(error.hints().iter().any(|hint| hint.contains("--images source")));
}

#[tokio::test]
async fn a_mirror_is_asked_in_place_of_the_registry() {
    let mut fixture = fixture(Door::Open).await;
    let (digest, _) = fixture.upstream.put_image("hub/library/busybox", "1", &[b"layer"]);
    fixture.options.mirrors.insert("docker.io".into(), format!("http://{}/hub", fixture.upstream.host()));
    let moved = fixture.pull(&Wanted::new("busybox:1".parse().unwrap())).await.unwrap();
    assert_eq!(moved.digest, digest);
    assert_eq!(fixture.local.manifest("docker.io/library/busybox", "1"), Some(digest));
}

#[tokio::test]
async fn two_processes_share_one_download_folder() {
    let fixture = fixture(Door::Open).await;
    let layer = content(300_000, 19);
    fixture.upstream.put_image("a/b", "1", &[&layer]);
    let roads: Vec<_> =
        (0..2).map(|_| Transfer::new(Registry::at_port(fixture.local.port).unwrap(), fixture.store.clone())).collect();
    let (client, wanted, silent) = (fixture.client(), fixture.wanted("a/b:1"), Progress::silent());
    let both =
        futures::future::try_join_all(roads.iter().map(|transfer| transfer.pull(&client, &wanted, &silent))).await;
    assert_eq!(both.unwrap().len(), 2);
    assert_eq!(fixture.local.blob(&fixture.mirror("a/b"), &Digest::of(&layer)).unwrap(), layer);
    assert_eq!(fixture.partials(), 0);
}
