//! Every blob of a bundle against its digest.

use std::collections::BTreeSet;
use std::io;

use super::Bundle;
use crate::digest::Digest;
use crate::manifest::ImageManifest;

/// A part of a bundle that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hurt {
    /// The digest that the part should have.
    pub digest: Digest,
    /// What it belongs to: the references of images, or `files`.
    pub of: Vec<String>,
    /// What is wrong with it, in words.
    pub what: String,
}

impl Bundle {
    /// Reads everything; `told` hears how many bytes of it were read. Gives what is hurt, in the order of digests.
    pub fn verify(&self, mut told: impl FnMut(u64)) -> Vec<Hurt> {
        let mut hurt = Vec::new();
        for (digest, content) in &self.blobs {
            let what = match content.digest() {
                Ok(found) if found == *digest => None,
                Ok(found) => Some(format!("its content has the digest {found}")),
                Err(error) => Some(error.to_string()),
            };
            told(content.size().unwrap_or_default());
            hurt.extend(what.map(|what| Hurt { digest: digest.clone(), of: self.users(digest), what }));
        }
        hurt.extend(self.needed().into_iter().filter(|digest| !self.blobs.contains_key(digest)).map(|digest| {
            let of = self.users(&digest);
            Hurt { digest, of, what: "it is missing".into() }
        }));
        hurt.sort();
        hurt
    }

    /// Every blob that an image or a file of the bundle is made of.
    fn needed(&self) -> BTreeSet<Digest> {
        let mut needed: BTreeSet<Digest> = self.about.files.iter().cloned().collect();
        for image in &self.listed {
            needed.insert(image.manifest.digest.clone());
            needed.extend(image.built.clone());
            needed.extend(self.blobs_of(&image.manifest.digest).unwrap_or_default());
        }
        needed
    }

    fn users(&self, digest: &Digest) -> Vec<String> {
        let uses =
            |manifest: &Digest| manifest == digest || self.blobs_of(manifest).is_ok_and(|blobs| blobs.contains(digest));
        let images =
            self.listed.iter().filter(|image| image.built.as_ref() == Some(digest) || uses(&image.manifest.digest));
        let mut users: Vec<_> = images.map(|image| image.reference.clone()).collect();
        if self.about.files.contains(digest) {
            users.push("files".into());
        }
        users
    }

    fn blobs_of(&self, manifest: &Digest) -> io::Result<Vec<Digest>> {
        let manifest = ImageManifest::parse(&self.read(manifest)?).map_err(io::Error::other)?;
        Ok(manifest.blobs().into_iter().map(|blob| blob.digest).collect())
    }
}
