//! The file that holds the objects: an archive that every `tar` with `zstd` can list, a key as the path of each value.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::Kinds;
use crate::etcd::Stored;
use crate::etcd::object::Object;

const LEVEL: i32 = 3;

/// Objects as they are stored, by key. What goes by itself after a while is not among them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objects(pub BTreeMap<String, Vec<u8>>);

impl Objects {
    /// What of the store is worth keeping.
    pub fn of(stored: Vec<Stored>) -> Self {
        Self(stored.into_iter().filter(|one| !one.leased).map(|one| (one.key, one.value)).collect())
    }

    /// How many of each kind.
    pub fn by_kind(&self) -> Kinds {
        let mut kinds = Kinds::new();
        for object in self.0.values().filter_map(|value| Object::of(value)) {
            *kinds.entry(object.kind).or_default() += 1;
        }
        kinds
    }

    /// The file's content.
    ///
    /// # Errors
    /// A key is none that a path can be made of.
    pub fn write(&self) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(zstd::Encoder::new(Vec::new(), LEVEL)?);
        for (key, value) in &self.0 {
            let mut header = tar::Header::new_gnu();
            header.set_size(value.len() as u64);
            header.set_mode(0o600);
            archive.append_data(&mut header, key.trim_start_matches('/'), value.as_slice())?;
        }
        archive.into_inner()?.finish()
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// It is none, or cut off.
    pub fn read(file: &[u8]) -> io::Result<Self> {
        let mut archive = tar::Archive::new(zstd::Decoder::new(file)?);
        let mut objects = BTreeMap::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            let key = format!("/{}", String::from_utf8_lossy(&entry.path_bytes()));
            let mut value = Vec::new();
            entry.read_to_end(&mut value)?;
            objects.insert(key, value);
        }
        match objects.is_empty() {
            true => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it has no objects")),
            false => Ok(Self(objects)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let long = format!("/registry/things/{}", "x".repeat(300));
        let stored = |key: &str, leased| Stored { key: key.into(), value: key.as_bytes().repeat(3), leased };
        let all = [stored("/registry/a", false), stored("/registry/leased", true), stored(&long, false)];
        let objects = Objects::of(all.to_vec());
        assert_eq!(objects.0.keys().collect::<Vec<_>>(), ["/registry/a", &long]);
        let file = objects.write().expect("a file");
        assert_eq!(Objects::read(&file).expect("the same"), objects);
        assert!(Objects::read(&file[..file.len() / 2]).is_err() && Objects::read(b"").is_err());
        assert!(Objects::read(&Objects::default().write().expect("an empty file")).is_err());
    }
}
