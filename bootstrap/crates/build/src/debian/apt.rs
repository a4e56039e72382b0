//! Chooses and fetches packages through `apt-get`, with a state of its own.
//!
//! The host's apt.conf stays in force (proxies, certificates); its sources, its installed packages
//! and its caches do not take part.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Architecture;
use crate::apt_sources::{self as sources, Source, Sources};
use crate::error::BuildError;
use crate::process::Tool;
use crate::toolbox::Toolbox;
use crate::tools::{self, Toolset};
use backstack_common::report::Progress;
use backstack_stack::recipe::DebianLayer;

/// apt's state for one suite and architecture.
pub(crate) struct Apt<'a> {
    tools: &'a Toolbox,
    folder: PathBuf,
    /// Fetched packages, shared by all suites; apt checks their digests before it takes them.
    archives: PathBuf,
    suite: String,
    architecture: Architecture,
}

impl<'a> Apt<'a> {
    /// # Errors
    /// The cache directory is not writable.
    pub(crate) fn open(
        tools: &'a Toolbox,
        cache: &Path,
        suite: &str,
        architecture: Architecture,
    ) -> Result<Self, BuildError> {
        let apt = Self {
            tools,
            folder: cache.join("apt").join(format!("{suite}-{}", architecture.as_str())),
            archives: cache.join("debs"),
            suite: suite.into(),
            architecture,
        };
        apt.prepare().map_err(BuildError::io(format!("cannot prepare {}", apt.folder.display())))?;
        Ok(apt)
    }

    fn prepare(&self) -> std::io::Result<()> {
        for folder in ["sources", "preferences", "state/lists/partial", "cache", "none/partial"] {
            fs::create_dir_all(self.folder.join(folder))?;
        }
        fs::create_dir_all(self.archives.join("partial"))?;
        fs::write(self.folder.join("status"), "")?;
        fs::write(self.folder.join("apt.conf"), self.configuration())
    }

    fn configuration(&self) -> String {
        let folder = self.folder.display();
        let archives = self.archives.display();
        let architecture = self.architecture.as_str();
        // The host's hooks (that clean its own cache, say) must not run for us: `#clear` drops them.
        format!(
            r#"#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Cache::archives "{archives}";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{folder}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{folder}/preferences";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "root";
APT::Get::Assume-Yes "true";
Acquire::Languages "none";
Acquire::Retries "3";
"#
        )
    }

    /// Fetches the suite's lists from the sources that answer.
    ///
    /// # Errors
    /// No source is known, or the suite's body cannot be had.
    pub(crate) async fn update(&self, mirror: Option<&str>, progress: &Progress) -> Result<(), BuildError> {
        progress.detail(format!("reading Debian's package lists ({})", self.suite));
        let Sources { mut sources, keyring } = self.tools.debian_sources(&self.suite).await?;
        if let Some(uri) = mirror {
            sources = sources::from_mirror(uri, &self.suite);
        }
        let keyring = keyring.ok_or_else(|| BuildError::ToolMissing {
            tool: tools::KEYRINGS[0].into(),
            needed_for: "Debian layers".into(),
        })?;
        if sources.is_empty() {
            let looked_in = ["/etc/apt/sources.list", "/etc/apt/sources.list.d", "/usr/share/debootstrap/scripts"];
            return Err(BuildError::NoMirror {
                suite: self.suite.clone(),
                looked_in: looked_in.map(Into::into).into(),
            });
        }
        let failed = match self.update_from(&sources, &keyring).await {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        // A mirror need not carry updates and security: go on with those that it does.
        let mut answering = Vec::new();
        for source in sources.iter().filter(|source| source.optional) {
            if self.update_from(std::slice::from_ref(source), &keyring).await.is_ok() {
                answering.push(source.clone());
            }
        }
        if answering.len() == sources.iter().filter(|source| source.optional).count() {
            return Err(failed);
        }
        answering.extend(sources.into_iter().filter(|source| !source.optional));
        self.update_from(&answering, &keyring).await
    }

    async fn update_from(&self, sources: &[Source], keyring: &str) -> Result<(), BuildError> {
        let file = self.folder.join("sources/backstack.sources");
        fs::write(&file, sources::render(sources, keyring))
            .map_err(BuildError::io(format!("cannot write {}", file.display())))?;
        let what = format!("reading Debian's package lists ({})", self.suite);
        // Without `Error-Mode=any` a list that could not be had is only a warning.
        self.tool("apt-get", &what)
            .await?
            .with(|apt| {
                apt.args(["-o", "APT::Update::Error-Mode=any", "-q", "update"]);
            })
            .run(|_| {})
            .await
            .map(drop)
    }

    /// Chooses the layer's packages and all that they depend on, and fetches what is not there yet.
    ///
    /// # Errors
    /// A package does not exist, its dependencies cannot be met, or it cannot be fetched.
    pub(crate) async fn fetch(&self, layer: &DebianLayer, progress: &Progress) -> Result<Vec<PathBuf>, BuildError> {
        self.pretend_installed(&layer.without).await?;
        let what = format!("choosing Debian packages ({})", layer.packages.join(", "));
        // apt prints only what it would still have to fetch: show it an empty folder.
        let nothing = format!("Dir::Cache::archives={}", self.folder.join("none").display());
        let chosen =
            self.install(&layer.packages, &what, &["--print-uris", "-qq", "-o", &nothing]).await?.run(|_| {}).await?;
        let files: Vec<PathBuf> = chosen.lines().filter_map(file_name).map(|name| self.archives.join(name)).collect();
        let what = format!("fetching {} Debian packages", files.len());
        progress.detail(&what);
        let told = |line: &str| {
            if let Some(detail) = line.strip_prefix("dlstatus:").and_then(|line| line.splitn(3, ':').nth(2)) {
                progress.detail(format!("{what}: {detail}"));
            }
        };
        let arguments = ["--download-only", "-q", "-o", "APT::Status-Fd=1"];
        self.install(&layer.packages, &what, &arguments).await?.follow(told, |_| {}).await?;
        match files.iter().find(|file| !file.is_file()) {
            Some(gone) => Err(BuildError::Package {
                package: gone.display().to_string(),
                problem: "apt-get did not fetch it".into(),
            }),
            None => Ok(files),
        }
    }

    /// Packages to leave out are told to apt as installed, without dependencies of their own.
    async fn pretend_installed(&self, packages: &[String]) -> Result<(), BuildError> {
        let mut status = String::new();
        for package in packages {
            let what = format!("looking up Debian package {package}");
            let shown = self.tool("apt-cache", &what).await?.with(|apt| {
                apt.args(["--no-all-versions", "show", package]);
            });
            status.push_str(&installed(&shown.run(|_| {}).await?));
        }
        let file = self.folder.join("status");
        fs::write(&file, status).map_err(BuildError::io(format!("cannot write {}", file.display())))
    }

    async fn install(&self, packages: &[String], what: &str, arguments: &[&str]) -> Result<Tool, BuildError> {
        Ok(self.tool("apt-get", what).await?.with(|apt| {
            apt.arg("install").args(arguments).arg("--").args(packages);
        }))
    }

    async fn tool(&self, program: &str, what: &str) -> Result<Tool, BuildError> {
        Ok(self.tools.tool(Toolset::Debian, program, what).await?.with(|apt| {
            apt.env("LC_ALL", "C").env("DEBIAN_FRONTEND", "noninteractive").arg("-c").arg(self.folder.join("apt.conf"));
        }))
    }
}

/// The file's name in a line of `--print-uris`: `'URI' NAME SIZE DIGEST`.
pub(crate) fn file_name(line: &str) -> Option<&str> {
    line.strip_prefix('\'')?.split_once("' ")?.1.split(' ').next()
}

/// A paragraph of apt's lists as one of dpkg's status, without what would draw in other packages.
pub(crate) fn installed(shown: &str) -> String {
    let kept = ["Package", "Version", "Architecture", "Provides", "Multi-Arch", "Maintainer", "Description"];
    let paragraph = shown.split("\n\n").next().unwrap_or_default();
    let mut result = String::new();
    for line in paragraph.lines() {
        if line.split_once(':').is_some_and(|(name, _)| kept.contains(&name)) {
            result.push_str(line);
            result.push('\n');
        }
    }
    result.push_str("Status: install ok installed\n\n");
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_apt() {
        let line = "'http://mirror.test/pool/b_1%3a2_all.deb' b_1%3a2_all.deb 955316 MD5Sum:00";
        assert_eq!(file_name(line), Some("b_1%3a2_all.deb"));
        assert_eq!(file_name("Reading package lists..."), None);
        let shown = "Package: perl\nVersion: 5\nDepends: perl-base\nProvides: x (= 5)\nDescription: text\n more\n\nPackage: perl\nVersion: 4\n";
        assert_eq!(
            installed(shown),
            "Package: perl\nVersion: 5\nProvides: x (= 5)\nDescription: text\nStatus: install ok installed\n\n"
        );
    }
}
