//! What a bundle says of itself and of its images.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::blob::Descriptor;
use crate::digest::{Digest, InvalidDigest};

/// `backstack.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Version of the format.
    pub format: u32,
    /// When it was made, in UTC (RFC 3339).
    pub created: String,
    /// Version of backstack that made it.
    pub made_by: String,
    /// Name of the stack that its images are of.
    pub stack: String,
    /// Version of that stack; empty if it has none.
    pub stack_version: String,
    /// Processor architectures that its images are for, as Go names them.
    pub architectures: Vec<String>,
    /// What the stack has and this bundle has not, and why: one sentence each.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Blobs that belong to no image: definitions of custom resources, and what was kept of builds.
    pub files: Vec<Digest>,
    /// How many blobs there are.
    pub blobs: usize,
    /// Digest of `index.json`.
    pub index: Digest,
    /// Manifest of the checkpoint of a platform that lies in it: it is listed like an image, and is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Digest>,
    /// The bundle that has what is not in this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
}

/// Another bundle, as one that stands on it names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// What its file was called.
    pub name: String,
    /// Digest of its `index.json`.
    pub index: Digest,
}

impl About {
    /// The version of the format that is written now.
    pub const FORMAT: u32 = FORMAT;

    /// What nothing is said in yet. Counts and digests get theirs when it is written.
    pub fn blank() -> Self {
        Self {
            format: Self::FORMAT,
            created: String::new(),
            made_by: String::new(),
            stack: String::new(),
            stack_version: String::new(),
            architectures: Vec::new(),
            left_out: Vec::new(),
            files: Vec::new(),
            blobs: 0,
            index: Digest::of(b""),
            checkpoint: None,
            base: None,
        }
    }

    /// The stack with its version.
    pub fn stack(&self) -> String {
        format!("{} {}", self.stack, self.stack_version).trim_end().into()
    }
}

/// An image in a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundledImage {
    /// As the stack names it.
    pub reference: String,
    /// As Go names it.
    pub architecture: String,
    /// The manifest of the image for this architecture.
    pub manifest: Descriptor,
    /// Digest of upstream's index that the manifest was chosen from.
    pub chosen_from: Option<Digest>,
    /// Of an image that was built from a recipe: the blob with what was kept of that.
    pub built: Option<Digest>,
}

/// `index.json`, as the OCI layout has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    schema_version: u32,
    media_type: String,
    manifests: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    manifest: Descriptor,
    platform: EntryPlatform,
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct EntryPlatform {
    os: String,
    architecture: String,
}

const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// The name of an image: the specification's own annotation, and the one that containerd reads.
const NAMES: [&str; 2] = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];
const CHOSEN_FROM: &str = "dev.backstack.index";
const BUILT: &str = "dev.backstack.built";

impl Index {
    pub(crate) fn of(images: &[BundledImage]) -> Self {
        let manifests = images.iter().map(|image| {
            let mut annotations: BTreeMap<String, String> =
                NAMES.iter().map(|name| ((*name).to_string(), image.reference.clone())).collect();
            let further = [(CHOSEN_FROM, &image.chosen_from), (BUILT, &image.built)];
            let further = further.into_iter().filter_map(|(name, digest)| Some((name, digest.as_ref()?)));
            annotations.extend(further.map(|(name, digest)| (name.to_string(), digest.to_string())));
            let platform = EntryPlatform { os: "linux".into(), architecture: image.architecture.clone() };
            Entry { manifest: image.manifest.clone(), platform, annotations }
        });
        Self { schema_version: 2, media_type: INDEX_TYPE.into(), manifests: manifests.collect() }
    }

    pub(crate) fn images(self) -> Result<Vec<BundledImage>, InvalidDigest> {
        let image = |entry: Entry| {
            let digest = |name: &str| entry.annotations.get(name).map(|text| text.parse::<Digest>()).transpose();
            Ok(BundledImage {
                reference: entry.annotations.get(NAMES[0]).cloned().unwrap_or_default(),
                architecture: entry.platform.architecture.clone(),
                chosen_from: digest(CHOSEN_FROM)?,
                built: digest(BUILT)?,
                manifest: entry.manifest,
            })
        };
        self.manifests.into_iter().map(image).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_gives_back_what_it_was_made_from() {
        let manifest = Descriptor { media_type: "m".into(), digest: Digest::of(b"m"), size: 1 };
        let image = |built, chosen_from| BundledImage {
            reference: "quay.io/a/b:1".into(),
            architecture: "arm64".into(),
            manifest: manifest.clone(),
            chosen_from,
            built,
        };
        let images = vec![image(Some(Digest::of(b"b")), None), image(None, Some(Digest::of(b"i")))];
        let text = serde_json::to_string(&Index::of(&images)).expect("JSON");
        let index: Index = serde_json::from_str(&text).expect("an index");
        assert_eq!(index.images().expect("images"), images);
        let wrong = text.replace(Digest::of(b"b").as_str(), "sha256:1");
        assert!(serde_json::from_str::<Index>(&wrong).expect("an index").images().is_err());
    }
}
