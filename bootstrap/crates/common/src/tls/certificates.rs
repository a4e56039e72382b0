//! The certificates that `SSL_CERT_FILE` and `SSL_CERT_DIR` name. One that cannot be used takes no other with it: the
//! good ones count, and the bad ones are told with file and line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base64::Engine;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const BEGIN_TRUSTED: &str = "-----BEGIN TRUSTED CERTIFICATE-----";
const END: &str = "-----END ";
/// A bundle of all authorities of the world has half a megabyte.
const LARGEST: u64 = 32 << 20;

/// Certificates that can be used, and what is wrong with others.
#[derive(Debug, Default)]
pub struct Trust {
    certificates: Vec<CertificateDer<'static>>,
    warnings: Vec<String>,
    /// The variables with their values, for people.
    named: String,
}

/// The variables are set, and nothing that they name can be used.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("none of the certificates of {variables} can be used: {why}")]
pub struct NoCertificates {
    /// Names of the variables that are set: `SSL_CERT_FILE`, `SSL_CERT_DIR`, or both with `and` between them.
    pub variables: String,
    /// What is wrong with them, for the end of the message.
    pub why: String,
}

impl Trust {
    /// Those that were read, in DER; the system's own are not among them.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// All of them as a file for other programs.
    pub fn pem(&self) -> String {
        let lines = |der: &CertificateDer<'_>| {
            let text = base64::engine::general_purpose::STANDARD.encode(der);
            let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned() + "\n");
            format!("{BEGIN}\n{}-----END CERTIFICATE-----\n", lines.collect::<String>())
        };
        self.certificates.iter().map(lines).collect()
    }

    /// What cannot be used, one line each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How many there are, and where from.
    pub fn describe(&self) -> String {
        format!("{} of {}", self.certificates.len(), self.named)
    }

    /// What the variables name; none if neither is set.
    ///
    /// # Errors
    /// [`NoCertificates`]
    pub(super) fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Option<Self>, NoCertificates> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let (file, folders) = (set(FILE), set(FOLDERS));
        let set =
            [(FILE, &file), (FOLDERS, &folders)].into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let (variables, named): (Vec<_>, Vec<_>) =
            set.map(|(name, value)| (name, format!("{name} {}", value.display()))).unzip();
        if named.is_empty() {
            return Ok(None);
        }
        let mut trust = Self { named: named.join(" and "), ..Self::default() };
        if let Some(file) = file {
            trust.read(Path::new(&file), FILE);
        }
        for folder in folders.iter().flat_map(std::env::split_paths).filter(|path| !path.as_os_str().is_empty()) {
            trust.read_folder(&folder);
        }
        match trust.certificates.is_empty() {
            false => Ok(Some(trust)),
            true => {
                let why = why(&trust.warnings).unwrap_or_else(|| format!("there is none in {}", trust.named));
                Err(NoCertificates { variables: variables.join(" and "), why })
            }
        }
    }

    fn read_folder(&mut self, folder: &Path) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.warnings.push(format!("{FOLDERS} {}: {error}", folder.display())),
        };
        // Folders hold the same file under several names: as itself, by its hash, in a bundle.
        let mut files: Vec<PathBuf> = entries
            .flatten()
            .filter_map(|entry| entry.path().canonicalize().ok())
            .filter(|path| path.is_file())
            .collect();
        files.sort();
        files.dedup();
        for file in files {
            self.read(&file, FOLDERS);
        }
    }

    fn read(&mut self, path: &Path, variable: &str) {
        let wrong = |what: String| format!("{variable} {}: {what}", path.display());
        let text = match text_of(path) {
            Ok(text) => text,
            Err(reason) => return self.warnings.push(wrong(reason)),
        };
        let blocks = blocks(&text);
        // Folders of certificates hold other things too, such as lists of revoked ones.
        if blocks.is_empty() && variable == FILE {
            self.warnings.push(wrong(nothing_in(&text).into()));
        }
        for (number, block) in blocks.into_iter().enumerate() {
            match block.certificate() {
                Ok(certificate) if self.certificates.contains(&certificate) => {}
                Ok(certificate) => self.certificates.push(certificate),
                Err(reason) => {
                    let place = format!("certificate {} (line {}) cannot be used: {reason}", number + 1, block.line);
                    self.warnings.push(wrong(place));
                }
            }
        }
    }
}

fn why(warnings: &[String]) -> Option<String> {
    match warnings {
        [] => None,
        [one] => Some(one.clone()),
        [one, rest @ ..] => Some(format!("{one} (and {} more)", rest.len())),
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if about.is_dir() {
        return Err(format!("it is a folder, and {FILE} names a file; {FOLDERS} names folders"));
    }
    if !about.is_file() {
        return Err("it is a pipe or a device, where a file is expected".into());
    }
    if about.len() > LARGEST {
        return Err("it is larger than any file of certificates".into());
    }
    Ok(String::from_utf8_lossy(&std::fs::read(path).map_err(|error| error.to_string())?).into_owned())
}

fn nothing_in(text: &str) -> &'static str {
    match text.trim_start_matches('\u{feff}').trim() {
        "" => "it is empty",
        other if other.contains("PRIVATE KEY-----") => "it holds a key and no certificate",
        _ => "it holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)",
    }
}

/// The text of one certificate, from the line on where it begins.
struct Block {
    line: usize,
    text: String,
    closed: bool,
}

impl Block {
    fn certificate(&self) -> Result<CertificateDer<'static>, String> {
        if !self.closed {
            return Err("it is cut off".into());
        }
        let certificate =
            CertificateDer::from_pem_slice(self.text.as_bytes()).map_err(|_| "it is not PEM".to_string())?;
        // What a connection would need of it, tried in a store that is thrown away.
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|_| "it is no certificate of an authority".to_string())?;
        Ok(certificate)
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line == BEGIN || line == BEGIN_TRUSTED {
            blocks.push(Block { line: number + 1, text: String::new(), closed: false });
            open = true;
        }
        let Some(block) = blocks.last_mut().filter(|_| open) else { continue };
        block.text.push_str(line);
        block.text.push('\n');
        if line.starts_with(END) {
            block.closed = true;
            open = false;
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> String {
        let key = rcgen::KeyPair::generate().expect("key");
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.self_signed(&key).expect("certificate").pem()
    }

    fn read(file: Option<&Path>, folders: Option<&Path>) -> Result<Option<Trust>, NoCertificates> {
        let variable = |name: &str| match name {
            FILE => file.map(Into::into),
            _ => folders.map(Into::into),
        };
        Trust::of_environment(variable)
    }

    fn file(content: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), content).expect("write");
        file
    }

    #[test]
    fn good_certificates_count_beside_broken_ones() {
        let broken = "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
        let garbled = "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n";
        let (first, last) = (certificate(), certificate());
        let file = file(&format!("{first}{broken}{garbled}{}{last}", "-----BEGIN CERTIFICATE-----\nYQ==\n"));
        let trust = read(Some(file.path()), None).expect("two are good").expect("set");
        assert_eq!(trust.certificates().len(), 2);
        let plain = |text: &str| text.replace("\r\n", "\n");
        assert_eq!(trust.pem(), plain(&first) + &plain(&last), "a file of them has the good ones");
        let line = first.lines().count() + 1;
        assert_eq!(trust.warnings().len(), 3, "{:?}", trust.warnings());
        let place = format!("SSL_CERT_FILE {}: certificate 2 (line {line}) cannot be used", file.path().display());
        assert!(trust.warnings()[0].starts_with(&place), "{:?}", trust.warnings());
        assert!(trust.warnings()[2].ends_with("it is cut off"), "{:?}", trust.warnings());
    }

    #[test]
    fn nothing_usable_names_variable_and_file() {
        let folder = tempfile::tempdir().expect("folder");
        let missing = folder.path().join("missing.pem");
        for (path, why) in [(missing.as_path(), "No such file"), (folder.path(), "it is a folder")] {
            let error = read(Some(path), None).expect_err("nothing");
            assert_eq!(error.variables, "SSL_CERT_FILE");
            assert!(error.why.contains(&*path.to_string_lossy()) && error.why.contains(why), "{error}");
        }
        let empty = file("");
        assert!(read(Some(empty.path()), None).expect_err("empty").why.contains("it is empty"));
        let error = read(None, Some(folder.path())).expect_err("an empty folder");
        assert_eq!(error.why, format!("there is none in SSL_CERT_DIR {}", folder.path().display()));
    }

    #[test]
    fn a_folder_counts_each_file_once_and_saves_an_empty_file() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("a.pem"), certificate()).expect("write");
        std::fs::write(folder.path().join("note.txt"), "nothing").expect("write");
        #[cfg(unix)]
        std::os::unix::fs::symlink("a.pem", folder.path().join("0a1b2c.0")).expect("link");
        let empty = file("");
        let trust = read(Some(empty.path()), Some(folder.path())).expect("one is good").expect("set");
        assert_eq!((trust.certificates().len(), trust.warnings().len()), (1, 1), "{:?}", trust.warnings());
        assert!(read(None, None).expect("not set").is_none());
    }
}
