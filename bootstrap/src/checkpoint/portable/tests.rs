use std::io::Write;

use super::*;
use crate::images::BlobStore;
use crate::images::bundle::About as FileAbout;
use crate::images::bundle_writer::{self, Beside, Packed};
use crate::report::Progress;
use crate::settings::Record;
use crate::stack::Changes;

fn record() -> Record {
    Record {
        by: "1".into(),
        name: "p".into(),
        stack: "back".into(),
        url: "https://localhost:8443".into(),
        from_packages: false,
        stack_version: "0.1.0".into(),
        upgrading: None,
        parameters: Vec::new(),
        changes: Changes::default(),
        elsewhere: false,
        push: None,
    }
}

fn about() -> About {
    let origin = Origin {
        platform: "p".into(),
        cluster: "uid".into(),
        kubernetes: "v1.36.3".into(),
        architecture: "amd64".into(),
        record: record(),
    };
    About {
        name: "lab".into(),
        created: "2026-01-02T03:04:05Z".into(),
        made_by: "0.1.0".into(),
        stack: "back".into(),
        stack_version: "0.1.0".into(),
        nodes: vec!["p-control-plane".into(), "p-worker".into()],
        bytes: 1,
        volumes: 1,
        frozen_seconds: 0.0,
        objects: [("Secret".to_string(), 1)].into(),
        not_ready: Vec::new(),
        pods: Vec::new(),
        origin: Some(origin),
    }
}

fn packed(what: &[u8]) -> Vec<u8> {
    zstd::encode_all(what, 1).expect("memory")
}

/// A file with a checkpoint, of which the volumes lie in the second node.
async fn file(folder: &Path) -> PathBuf {
    let store = BlobStore::open(folder.join("store")).expect("a store");
    let put = |kind: &str, bytes: &[u8]| store.put(kind, bytes).expect("a blob");
    let objects = Objects([("/registry/secrets/a/s".to_string(), b"secret".to_vec())].into());
    let objects = put(OBJECTS, &objects.write().expect("objects"));
    let volumes = [b"".as_slice(), b"archive"].map(|archive| put(VOLUMES, &packed(archive)));
    let config = put(CONFIG, &serde_json::to_vec(&about()).expect("JSON"));
    let manifest = Manifest::of(&about(), config, objects, volumes.into());
    let manifest = put(OCI_IMAGE_MEDIA_TYPE, &serde_json::to_vec(&manifest).expect("JSON"));
    let file = FileAbout {
        stack: "back".into(),
        stack_version: "0.1.0".into(),
        architectures: vec!["amd64".into()],
        checkpoint: Some(manifest.digest.clone()),
        ..FileAbout::blank()
    };
    let (path, image) = (folder.join("lab.checkpoint"), listed("lab", "amd64", manifest));
    let all = vec![Packed { image, from: None }];
    bundle_writer::write(&path, file, all, &store, Beside::default(), &Progress::silent()).await.expect("a file");
    path
}

#[tokio::test]
async fn a_file_gives_back_what_it_was_made_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path()).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = path.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o077, 0, "it has passwords in it: {mode:o}");
    }
    let portable = Portable::open(&path).expect("a checkpoint");
    assert_eq!((portable.about.clone(), portable.workers()), (about(), 1));
    assert_eq!(portable.objects().expect("objects").0.len(), 1);
    let volumes = portable.volumes_of(1).await.expect("volumes").expect("a file");
    assert_eq!(io::read_to_string(volumes).expect("text"), "archive");
    assert!(portable.volumes_of(2).await.expect("nothing").is_none());
    let bundle = Bundle::open(&path).expect("a bundle");
    assert_eq!(bundle.images().count(), 0, "a checkpoint is no image");
    assert!(bundle.verify(|_| ()).is_empty());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let portable = Portable::open(&file(folder.path()).await).expect("a checkpoint");
    assert!(portable.check("p", None, "amd64").is_ok() && portable.check("p", Some(1), "amd64").is_ok());
    let why = |name: &str, workers, architecture: &str| match portable.check(name, workers, architecture) {
        Err(error) => error.to_string(),
        Ok(()) => panic!("it fits"),
    };
    assert!(why("q", None, "amd64").ends_with("it is of platform `p`"));
    assert!(why("p", Some(0), "amd64").ends_with("it has 1 worker nodes, but 0 were asked for"));
    assert!(why("p", None, "arm64").contains("taken on amd64"));
    for (version, fits) in [("v1.36.0", true), ("1.37.1", true), ("v1.35.9", false), ("x", false)] {
        assert_eq!(portable.check_kubernetes(version).is_ok(), fits, "{version}");
    }
}

#[tokio::test]
async fn damage_is_named_before_anything_is_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path()).await;
    let mut bytes = std::fs::read(&path).expect("bytes");
    let objects = packed(b"archive");
    let at = bytes.windows(objects.len()).position(|part| part == objects).expect("the volumes");
    bytes[at + objects.len() - 1] ^= 1;
    let hurt = folder.path().join("hurt");
    File::create(&hurt).and_then(|mut file| file.write_all(&bytes)).expect("a file");
    let portable = Portable::open(&hurt).expect("it opens");
    assert!(portable.objects().is_ok());
    let error = portable.volumes_of(1).await.expect_err("the volumes are hurt");
    assert!(matches!(&error, CheckpointError::BrokenFile { source, .. } if source.to_string().contains("damaged")));
    let none = folder.path().join("none");
    std::fs::write(&none, "text").expect("a file");
    assert!(matches!(Portable::open(&none), Err(CheckpointError::Bundle(_))));
}
