//! Where Debian packages come from: the mirror that this machine already uses, or debootstrap's.
//!
//! No mirror is named here. On a Debian host the host's own apt sources are taken with the suite
//! replaced; elsewhere debootstrap's files say which mirror a suite has.

use std::fs;
use std::path::Path;

use crate::tools::{self, KEYRINGS};

/// One archive for apt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub uri: String,
    pub suite: String,
    /// Keyring that the host gives for it.
    pub signed_by: Option<String>,
    /// The host trusts it without a signature.
    pub trusted: bool,
    /// The build goes on without it (updates and security, which not every mirror carries).
    pub optional: bool,
}

impl Source {
    /// Whether Debian's own keys are all that it needs.
    pub fn signed_by_debian(&self) -> bool {
        self.signed_by.as_deref().is_none_or(|key| KEYRINGS.contains(&key))
    }
}

/// The sources of a suite, and the keys that it is signed with where apt runs.
pub struct Sources {
    pub sources: Vec<Source>,
    /// None: the machine has no such keys.
    pub keyring: Option<String>,
}

impl Sources {
    /// For apt on this machine.
    pub fn of_host(suite: &str) -> Self {
        Self { sources: find(Path::new("/"), suite), keyring: tools::keyring().map(Into::into) }
    }

    /// For apt in a container: the host's mirror, as long as the container has its keys; else that of the container,
    /// whose files lie below `own`.
    pub fn for_container(suite: &str, own: Option<&Path>, keyring: &str) -> Self {
        let mut sources = find(Path::new("/"), suite);
        if sources.is_empty() || !sources.iter().all(Source::signed_by_debian) {
            sources = own.map(|own| find(own, suite)).unwrap_or_default();
        }
        sources.iter_mut().for_each(|source| source.signed_by = None);
        Self { sources, keyring: Some(keyring.into()) }
    }
}

/// Parts of a suite, besides its body, that are taken along.
const POCKETS: &[&str] = &["-updates", "-security"];

/// The sources of a suite for this machine; none if neither apt nor debootstrap knows a mirror.
pub(crate) fn find(root: &Path, suite: &str) -> Vec<Source> {
    let release = fs::read_to_string(root.join("etc/os-release")).unwrap_or_default();
    let value = |key: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map(|text| text.trim_matches('"').to_string())
    };
    if value("ID").as_deref() == Some("debian") {
        let names = [
            value("VERSION_CODENAME").unwrap_or_default(),
            "stable".into(),
            "testing".into(),
            "sid".into(),
            "unstable".into(),
        ];
        let sources = from_apt(&root.join("etc/apt"), &names, suite);
        if sources.iter().any(|source| !source.optional) {
            return sources;
        }
    }
    from_debootstrap(root, suite)
}

/// Debian's own entries among the host's, with the host's suite replaced.
fn from_apt(folder: &Path, host_suites: &[String], suite: &str) -> Vec<Source> {
    let mut files = vec![folder.join("sources.list")];
    let parts = fs::read_dir(folder.join("sources.list.d")).into_iter().flatten().flatten();
    let mut parts: Vec<_> = parts.map(|entry| entry.path()).collect();
    parts.sort();
    files.append(&mut parts);
    let mut found: Vec<Source> = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let entries = match file.extension().and_then(|end| end.to_str()) {
            Some("list") => text.lines().filter_map(one_line).collect(),
            Some("sources") => stanzas(&text),
            _ => Vec::new(),
        };
        for source in entries.iter().flat_map(|entry| entry.for_suite(host_suites, suite)) {
            if !found.iter().any(|other| other.uri == source.uri && other.suite == source.suite) {
                found.push(source);
            }
        }
    }
    found
}

/// One entry of either format.
#[derive(Debug, Default)]
struct AptEntry {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: Option<String>,
    trusted: bool,
}

impl AptEntry {
    fn for_suite(&self, host_suites: &[String], wanted: &str) -> Vec<Source> {
        if !self.components.iter().any(|component| component == "main") {
            return Vec::new();
        }
        let pocket = |suite: &String| {
            let rest = host_suites
                .iter()
                .filter(|name| !name.is_empty())
                .find_map(|name| suite.strip_prefix(name.as_str()))?;
            let rest = if rest == "/updates" { "-security" } else { rest };
            (rest.is_empty() || POCKETS.contains(&rest)).then(|| rest.to_string())
        };
        let source = |uri: &String, pocket: &String| Source {
            uri: uri.clone(),
            suite: format!("{wanted}{pocket}"),
            signed_by: self.signed_by.clone(),
            trusted: self.trusted,
            optional: !pocket.is_empty(),
        };
        let pockets: Vec<String> = self.suites.iter().filter_map(pocket).collect();
        let uris = self.uris.iter().filter(|uri| !uri.starts_with("cdrom:"));
        uris.flat_map(|uri| pockets.iter().map(move |pocket| source(uri, pocket))).collect()
    }
}

/// `deb [options] URI SUITE COMPONENT...`
fn one_line(line: &str) -> Option<AptEntry> {
    let line = line.split('#').next()?.trim().strip_prefix("deb")?;
    let line = line.strip_prefix(char::is_whitespace)?.trim_start();
    let (options, rest) = match line.strip_prefix('[') {
        Some(text) => text.split_once(']')?,
        None => ("", line),
    };
    let mut words = rest.split_whitespace().map(String::from);
    let (uri, suite) = (words.next()?, words.next()?);
    let option =
        |name: &str| options.split_whitespace().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
    Some(AptEntry {
        uris: vec![uri],
        suites: vec![suite],
        components: words.collect(),
        signed_by: option("signed-by").filter(|path| path.starts_with('/')).map(String::from),
        trusted: option("trusted") == Some("yes"),
    })
}

/// Entries as paragraphs of fields.
fn stanzas(text: &str) -> Vec<AptEntry> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let paragraphs = lines.split(|line| line.trim().is_empty()).filter(|lines| !lines.is_empty());
    paragraphs.filter_map(stanza).collect()
}

fn stanza(lines: &[&str]) -> Option<AptEntry> {
    let mut entry = AptEntry::default();
    let (mut types, mut enabled, mut field) = (Vec::new(), true, String::new());
    for line in lines {
        let value = match line.split_once(':').filter(|_| !line.starts_with(char::is_whitespace)) {
            Some((name, value)) => {
                field = name.to_ascii_lowercase();
                value
            }
            None => line,
        };
        let words = value.split_whitespace().map(String::from);
        match field.as_str() {
            "types" => types.extend(words),
            "uris" => entry.uris.extend(words),
            "suites" => entry.suites.extend(words),
            "components" => entry.components.extend(words),
            "signed-by" if value.trim().starts_with('/') => entry.signed_by = Some(value.trim().into()),
            "trusted" => entry.trusted = value.trim() == "yes",
            "enabled" => enabled = value.trim() != "no",
            _ => {}
        }
    }
    (enabled && types.iter().any(|kind| kind == "deb")).then_some(entry)
}

/// The mirror that debootstrap would take: the suite's own, or its default.
fn from_debootstrap(root: &Path, suite: &str) -> Vec<Source> {
    let script = root.join("usr/share/debootstrap/scripts").join(suite);
    let Ok(script) = fs::read_to_string(script) else { return Vec::new() };
    let program = fs::read_to_string(root.join("usr/sbin/debootstrap")).unwrap_or_default();
    let own = script.lines().find_map(|line| line.trim().strip_prefix("default_mirror "));
    let default = || program.lines().find_map(|line| line.trim().strip_prefix("DEF_MIRROR="));
    let Some(uri) = own.or_else(default).map(|text| text.trim().trim_matches('"')) else { return Vec::new() };
    from_mirror(uri, suite)
}

/// All parts of a suite below one mirror; security updates lie beside it by convention.
pub(crate) fn from_mirror(uri: &str, suite: &str) -> Vec<Source> {
    let uri = uri.trim_end_matches('/');
    let source = |uri: String, pocket: &str| Source {
        uri,
        suite: format!("{suite}{pocket}"),
        signed_by: None,
        trusted: false,
        optional: !pocket.is_empty(),
    };
    vec![source(uri.into(), ""), source(uri.into(), "-updates"), source(format!("{uri}-security"), "-security")]
}

/// The sources as a file of apt's newer format.
pub(crate) fn render(sources: &[Source], keyring: &str) -> String {
    let stanza = |source: &Source| {
        let keys = match &source.signed_by {
            Some(own) if own != keyring => format!("{own}\n {keyring}"),
            _ => keyring.into(),
        };
        let trusted = if source.trusted { "Trusted: yes\n" } else { "" };
        let (uri, suite) = (&source.uri, &source.suite);
        format!(
            "Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\nTargets: Packages\n{trusted}Signed-By: {keys}\n"
        )
    };
    sources.iter().map(stanza).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("temporary folder");
        for (file, text) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            fs::write(path, text).expect("write");
        }
        root
    }

    fn found(files: &[(&str, &str)]) -> Vec<(String, String, bool)> {
        let sources = find(host(files).path(), "trixie");
        sources.into_iter().map(|source| (source.uri, source.suite, source.optional)).collect()
    }

    fn expected(list: &[(&str, &str, bool)]) -> Vec<(String, String, bool)> {
        list.iter().map(|(uri, suite, optional)| ((*uri).into(), (*suite).into(), *optional)).collect()
    }

    const DEBIAN: (&str, &str) = ("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");

    #[test]
    fn a_debian_hosts_own_mirror_in_either_format() {
        let new = "# comment\nTypes: deb deb-src\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\n bookworm-backports\n\
                   Components: main contrib\n\nTypes: deb\nURIs: http://mirror.test/security\nSuites: bookworm-security\nComponents: main\n\n\
                   Types: deb\nEnabled: no\nURIs: http://off.test/debian\nSuites: bookworm\nComponents: main\n";
        let old = "deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main # x\ndeb-src http://mirror.test/debian bookworm main\n\
                   deb http://mirror.test/debian bookworm-updates main\ndeb http://mirror.test/security bookworm/updates main\n\
                   deb http://other.test/apt bookworm stable\ndeb cdrom:[Debian]/ bookworm main\n";
        let wanted = expected(&[
            ("http://mirror.test/debian", "trixie", false),
            ("http://mirror.test/debian", "trixie-updates", true),
            ("http://mirror.test/security", "trixie-security", true),
        ]);
        assert_eq!(found(&[DEBIAN, ("etc/apt/sources.list.d/debian.sources", new)]), wanted);
        assert_eq!(found(&[DEBIAN, ("etc/apt/sources.list", old)]), wanted);
        assert_eq!(found(&[DEBIAN, ("etc/apt/sources.list", old), ("etc/apt/sources.list.d/a.sources", new)]), wanted);
    }

    #[test]
    fn elsewhere_debootstrap_names_the_mirror() {
        let ubuntu = ("etc/os-release", "ID=ubuntu\nVERSION_CODENAME=noble\n");
        let list = ("etc/apt/sources.list", "deb http://mirror.test/ubuntu noble main\n");
        let wanted = expected(&[
            ("http://boot.test/debian", "trixie", false),
            ("http://boot.test/debian", "trixie-updates", true),
            ("http://boot.test/debian-security", "trixie-security", true),
        ]);
        let own = ("usr/share/debootstrap/scripts/trixie", "x\n  default_mirror http://boot.test/debian\n");
        assert_eq!(found(&[ubuntu, list, own]), wanted);
        let plain = ("usr/share/debootstrap/scripts/trixie", "variants -\n");
        let program = ("usr/sbin/debootstrap", "DEF_MIRROR=\"http://boot.test/debian\"\n");
        assert_eq!(found(&[ubuntu, plain, program]), wanted);
        assert_eq!(found(&[ubuntu, list]), expected(&[]));
    }

    #[test]
    fn what_is_rendered_names_the_keys() {
        let mut sources = from_mirror("http://mirror.test/debian/", "trixie");
        sources[1].signed_by = Some("/own.gpg".into());
        let text = render(&sources[..2], "/debian.gpg");
        assert!(text.contains("URIs: http://mirror.test/debian\nSuites: trixie\n"), "{text}");
        assert!(text.ends_with("Signed-By: /own.gpg\n /debian.gpg\n"), "{text}");
    }
}
