//! Where each image comes from, with registries that are played: each fault leads to the recipe, and says why.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake_registry;

use std::time::{Duration, Instant};

use backstack::build::{Architecture, Builder};
use backstack::images::upstream::Patience;
use backstack::images::{BlobStore, Digest, Platform, Registry, Transfer, Upstream, UpstreamOptions};
use backstack::origin::{Decision, ImagePlan, ImageState, Look, Origin, decide};
use backstack::report::Progress;
use backstack::settings::ImageSource;
use backstack::stack::files::FileTree;
use backstack::stack::model::ImageRef;
use fake_registry::{Door, Fault, Played};

struct World {
    folder: tempfile::TempDir,
    store: BlobStore,
    builder: Builder,
    registry: Played,
    local: Played,
    client: Upstream,
}

async fn world(door: Door) -> World {
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join("component/images/app");
    std::fs::create_dir_all(&recipe).unwrap();
    let text = "apiVersion: backstack.dev/v1\nkind: ImageRecipe\nlayers:\n  - files:\n      - {path: /a, text: a}\n";
    std::fs::write(recipe.join("image.yaml"), text).unwrap();
    let store = BlobStore::open(folder.path().join("cache")).unwrap();
    let builder = Builder::new(&folder.path().join("cache"), store.clone(), Architecture::Amd64);
    let mut options = UpstreamOptions::new(Platform::linux("amd64"));
    options.docker_config = None;
    options.patience = Patience { attempts: 3, pause: Duration::from_millis(10), ..Patience::default() };
    let client = Upstream::new(options).unwrap();
    let (registry, local) = (Played::start(door).await, Played::start(Door::Open).await);
    World { folder, store, builder, registry, local, client }
}

impl World {
    fn image(&self, host: &str) -> ImageRef {
        let reference = format!("{host}/a/app:1");
        ImageRef { reference, digest: None, recipe: Some("app".into()), missing: None, own: false }
    }

    fn here(&self) -> ImageRef {
        self.image(&self.registry.host())
    }

    fn plan(&self, image: &ImageRef) -> ImagePlan {
        ImagePlan::of(image, &FileTree::Disk(self.folder.path().join("component")), &self.builder).unwrap()
    }

    fn transfer(&self) -> Transfer {
        Transfer::new(Registry::at_port(self.local.port).unwrap(), self.store.clone())
    }

    async fn decide(&self, mode: ImageSource, image: &ImageRef) -> Decision {
        self.decide_on(true, mode, image).await
    }

    /// On a system that can build images, or cannot.
    async fn decide_on(&self, builds: bool, mode: ImageSource, image: &ImageRef) -> Decision {
        let transfer = self.transfer();
        let upstream = self.client.with_patience(Patience::hurried);
        let (builder, store, patience) = (&self.builder, &self.store, self.client.patience());
        let look = Look { mode, builder, store, upstream, patience, transfer: Some(&transfer), builds, bundle: None };
        decide::decide(&look.at(&self.plan(image)).await.unwrap())
    }

    /// Why the recipe takes over.
    async fn why(&self, image: &ImageRef) -> String {
        match self.decide(ImageSource::Auto, image).await {
            Decision::Found { image, .. } if image.origin == Origin::Packages => image.why.unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_system_that_builds_nothing_says_so() {
    let world = world(Door::Open).await;
    let nowhere = world.decide_on(false, ImageSource::Auto, &world.here()).await;
    let Decision::Nowhere { recipe, .. } = nowhere else { panic!("{nowhere:?}") };
    assert!(recipe.contains("images are built on Linux only"), "{recipe}");
    assert!(matches!(world.decide(ImageSource::Auto, &world.here()).await, Decision::Found { .. }));
}

#[tokio::test]
async fn what_a_registry_has_is_fetched_and_asked_for_once() {
    let world = world(Door::Open).await;
    world.registry.put_image("a/app", "1", &[b"a layer"]);
    let Decision::Found { image, recipe_stands_by } = world.decide(ImageSource::Auto, &world.here()).await else {
        panic!("nowhere")
    };
    assert!(matches!(image.state, ImageState::ToFetch { bytes: Some(_), .. }), "{image:?}");
    assert!(image.origin == Origin::Upstream && recipe_stands_by);
    let plan = world.plan(&world.here());
    world.transfer().pull(&world.client, plan.wanted.as_ref().unwrap(), &Progress::silent()).await.unwrap();
    assert_eq!(world.registry.seen_of("GET", "/manifests/").len(), 1);
    let Decision::Found { image, .. } = world.decide(ImageSource::Auto, &world.here()).await else { panic!("nowhere") };
    assert!(matches!(image.state, ImageState::Present { .. }) && image.origin == Origin::Upstream, "{image:?}");
    assert_eq!(world.registry.seen_of("GET", "/manifests/").len(), 1);
}

#[tokio::test]
async fn whatever_a_registry_refuses_the_recipe_makes() {
    let open = world(Door::Open).await;
    assert!(open.why(&open.here()).await.ends_with("has no such image"));
    for (status, said) in [(403, "refused access"), (418, "answered 418")] {
        open.registry.fault("manifests", Fault::Status(status, None));
        assert!(open.why(&open.here()).await.contains(said), "{status}");
    }
    let locked = world(Door::Basic("me".into(), "secret".into())).await;
    assert!(locked.why(&locked.here()).await.contains("refused access"));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(open.why(&open.image(&free.to_string())).await.contains("cannot be reached"));
}

#[tokio::test]
async fn a_silent_host_costs_seconds() {
    let world = world(Door::Open).await;
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let start = Instant::now();
    let why = world.why(&world.image(&mute.local_addr().unwrap().to_string())).await;
    assert!(why.contains("did not answer within 4 s"), "{why}");
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_wrong_digest_is_not_taken() {
    let world = world(Door::Open).await;
    world.registry.put_image("a/app", "1", &[b"a layer"]);
    let pinned = ImageRef { digest: Some(Digest::of(b"another").to_string()), ..world.here() };
    assert!(world.why(&pinned).await.contains("no such image"));
}

#[tokio::test]
async fn a_rate_limit_is_for_later() {
    let world = world(Door::Open).await;
    world.registry.fault("manifests", Fault::Status(429, Some("20")));
    let Decision::Found { image, recipe_stands_by } = world.decide(ImageSource::Auto, &world.here()).await else {
        panic!("nowhere")
    };
    assert!(matches!(image.state, ImageState::ToFetch { bytes: None, .. }) && recipe_stands_by, "{image:?}");
    assert!(image.why.unwrap().contains("limits how much may be pulled"));
    // An hour is longer than anybody waits who can build it.
    world.registry.fault("manifests", Fault::Status(429, Some("3600")));
    assert!(world.why(&world.here()).await.contains("for another 3600 s"));
}

#[tokio::test]
async fn an_own_image_is_fetched_by_digest_or_not_at_all() {
    let world = world(Door::Open).await;
    let (digest, _) = world.registry.put_image("a/app", "1", &[b"anything"]);
    let own = ImageRef { own: true, ..world.here() };
    assert!(world.why(&own).await.contains("by name alone"));
    assert_eq!(world.registry.seen(), Vec::<fake_registry::Seen>::new());
    let pinned = ImageRef { digest: Some(digest.to_string()), ..own };
    let Decision::Found { image, .. } = world.decide(ImageSource::Auto, &pinned).await else { panic!("nowhere") };
    assert_eq!(image.origin, Origin::Upstream);
}

#[tokio::test]
async fn the_settings_rule_ways_out() {
    let world = world(Door::Open).await;
    world.registry.put_image("a/app", "1", &[b"a layer"]);
    let Decision::Found { image, .. } = world.decide(ImageSource::Source, &world.here()).await else {
        panic!("nowhere")
    };
    assert_eq!((image.origin, image.why), (Origin::Packages, None));
    assert_eq!(world.registry.seen(), Vec::<fake_registry::Seen>::new());
    let own = ImageRef { own: true, ..world.here() };
    let Decision::Nowhere { recipe, .. } = world.decide(ImageSource::Registry, &own).await else { panic!("a way") };
    assert!(recipe.contains("--images registry"), "{recipe}");
}
