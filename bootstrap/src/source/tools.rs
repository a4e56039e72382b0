//! The package tools that recipes need, and which of them the machine lacks.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::stack::recipe::{ImageRecipe, Layer};

/// A tool that recipes need and the machine lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingTool {
    /// Its command, as `go`, or the file that is missing.
    pub tool: String,
    /// What it is for, as `Go layers`.
    pub needed_for: String,
    /// What to do.
    pub hint: String,
}

/// Debian's keys; packages are refused if they are not signed with one of them.
pub const KEYRINGS: &[&str] = &[KEYRING, "/usr/share/keyrings/debian-archive-keyring.pgp"];
/// By this name the keys are told to be missing.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The oldest Go that builds all recipes is 1.26: their modules say so.
const GO_MINOR: u32 = 26;

/// Tools that belong together: a layer's kind needs all of one set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Toolset {
    Debian,
    Go,
    GoWithC,
    Python,
    Npm,
    NpmNative,
}

impl Toolset {
    fn tools(self) -> &'static [&'static str] {
        match self {
            Self::Debian => &["apt-get", "gpgv", KEYRING],
            Self::Go => &["go"],
            Self::GoWithC => &["go", "cc"],
            Self::Python => &["python3", "pip"],
            Self::Npm => &["npm"],
            Self::NpmNative => &["npm", "c++", "make", "python3"],
        }
    }

    /// What it is for, as `Go layers`.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Debian => "Debian layers",
            Self::Go => "Go layers",
            Self::GoWithC => "Go layers with C",
            Self::Python => "Python layers",
            Self::Npm => "npm layers",
            Self::NpmNative => "npm layers with native addons",
        }
    }

    /// What a layer needs.
    pub fn of(layer: &Layer) -> Vec<Self> {
        match layer {
            Layer::Debian(_) => vec![Self::Debian],
            Layer::Go(go) if go.cgo => vec![Self::GoWithC],
            Layer::Go(_) | Layer::GoModuleFiles(_) | Layer::ContainerdStore(_) => vec![Self::Go],
            Layer::Pypi(_) => vec![Self::Python],
            Layer::Npm(npm) => {
                let own = if npm.native { Self::NpmNative } else { Self::Npm };
                if npm.go_module_files.is_empty() { vec![own] } else { vec![own, Self::Go] }
            }
            Layer::Files(_) => Vec::new(),
        }
    }
}

/// The tools of this machine. What has to be run to be known is asked once.
#[derive(Debug)]
pub struct HostTools {
    path: OsString,
    go_minor: OnceLock<Option<u32>>,
    has_pip: OnceLock<bool>,
}

impl HostTools {
    /// Those in the folders of `path`, which is written as PATH is.
    pub fn in_path(path: OsString) -> Self {
        Self { path, go_minor: OnceLock::new(), has_pip: OnceLock::new() }
    }

    /// The folders that are looked in.
    pub fn path(&self) -> &OsStr {
        &self.path
    }

    /// The program's path, if it is installed.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        // Administration tools are not on everybody's PATH.
        let folders = std::env::split_paths(&self.path).chain(["/usr/sbin".into(), "/sbin".into()]);
        folders.map(|folder| folder.join(program)).find(|file| file.is_file())
    }

    /// The tools of a set that are not there.
    pub fn missing_of(&self, set: Toolset) -> Vec<&'static str> {
        set.tools().iter().copied().filter(|tool| self.is_absent(tool)).collect()
    }

    /// Tools that these recipes need and the machine lacks.
    pub fn missing(&self, recipes: &[ImageRecipe]) -> Vec<MissingTool> {
        let missing = needed(recipes).into_iter().filter(|(tool, _)| self.is_absent(tool));
        let told = |(tool, set): (&str, Toolset)| MissingTool {
            tool: tool.into(),
            needed_for: set.purpose().into(),
            hint: install_hint(tool),
        };
        missing.map(told).collect()
    }

    fn is_absent(&self, tool: &str) -> bool {
        match tool {
            "go" => self.go_minor().is_none_or(|minor| minor < GO_MINOR),
            // Distributions have Python without it.
            "pip" => !*self.has_pip.get_or_init(|| self.succeeds("python3", &["-m", "pip", "--version"])),
            KEYRING => keyring().is_none(),
            tool => self.find(tool).is_none(),
        }
    }

    /// The 26 of Go 1.26, if Go is installed.
    fn go_minor(&self) -> Option<u32> {
        *self.go_minor.get_or_init(|| {
            let output = self.command("go")?.args(["env", "GOVERSION"]).output().ok()?;
            let text = String::from_utf8(output.stdout).ok()?;
            let minor: String = text.trim().strip_prefix("go1.")?.chars().take_while(char::is_ascii_digit).collect();
            minor.parse().ok()
        })
    }

    fn succeeds(&self, program: &str, arguments: &[&str]) -> bool {
        let output = self.command(program).and_then(|mut command| command.args(arguments).output().ok());
        output.is_some_and(|output| output.status.success())
    }

    /// A program of this machine, to be run at once.
    pub fn command(&self, program: &str) -> Option<std::process::Command> {
        self.find(program).map(std::process::Command::new)
    }
}

impl Default for HostTools {
    fn default() -> Self {
        Self::in_path(std::env::var_os("PATH").unwrap_or_default())
    }
}

/// The keyring's path, if it is installed.
pub fn keyring() -> Option<&'static str> {
    KEYRINGS.iter().copied().find(|path| std::path::Path::new(path).is_file())
}

/// The tools that these recipes need, each with what for.
fn needed(recipes: &[ImageRecipe]) -> BTreeMap<&'static str, Toolset> {
    let mut tools = BTreeMap::new();
    for set in recipes.iter().flat_map(|recipe| &recipe.layers).flat_map(Toolset::of) {
        for tool in set.tools() {
            tools.entry(*tool).and_modify(|had: &mut Toolset| *had = set.min(*had)).or_insert(set);
        }
    }
    tools
}

/// All tools that these recipes need, by name.
pub fn names(recipes: &[ImageRecipe]) -> Vec<&'static str> {
    let programs = needed(recipes).into_keys().filter(|tool| !tool.starts_with('/') && *tool != "gpgv");
    programs.collect()
}

/// How a tool is installed.
pub fn install_hint(tool: &str) -> String {
    match tool {
        "go" => "install Go 1.26 or newer and have it on PATH".into(),
        "cc" => "install a C compiler: `apt-get install gcc libc6-dev`".into(),
        "c++" => "install a C++ compiler: `apt-get install g++`".into(),
        "python3" | "pip" => "install Python with pip: `apt-get install python3-pip`".into(),
        "npm" => "install Node.js with npm".into(),
        "apt-get" => "Debian and Ubuntu have it; elsewhere take `--images auto`: a builder container brings it".into(),
        "gpgv" => "`apt-get install gpgv`".into(),
        keyring if KEYRINGS.contains(&keyring) => "`apt-get install debian-archive-keyring`".into(),
        other => format!("install `{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_follow_from_layers() {
        let text = "
apiVersion: backstack.dev/v1
kind: ImageRecipe
layers:
  - debian: {suite: trixie, packages: [git]}
  - go: {programs: {/x: .}, cgo: true}
  - files: []
";
        let recipe = crate::source::recipe::parse(text.as_bytes()).expect("recipe");
        let tools: Vec<_> = needed(&[recipe]).into_keys().collect();
        assert_eq!(tools, [KEYRING, "apt-get", "cc", "go", "gpgv"]);
    }
}
