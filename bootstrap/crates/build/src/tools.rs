//! The package tools that recipes need, and which of them the machine lacks.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::OnceLock;

use super::Architecture;
use super::compilers::Compilers;
use backstack_stack::recipe::{ImageRecipe, Layer};

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
pub(super) const KEYRINGS: &[&str] = &[KEYRING, "/usr/share/keyrings/debian-archive-keyring.pgp"];
/// By this name the keys are told to be missing.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The oldest Go that builds all recipes is 1.26: their modules say so.
const GO_MINOR: u32 = 26;

/// Tools that belong together: a layer's kind needs all of one set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Toolset {
    Debian,
    Go,
    /// With a C compiler for such a machine.
    GoWithC(Architecture),
    Python,
    Npm,
    /// With C and C++ compilers for such a machine.
    NpmNative(Architecture),
}

impl Toolset {
    fn tools(self) -> Vec<&'static str> {
        match self {
            Self::Debian => vec!["apt-get", "gpgv", KEYRING],
            Self::Go => vec!["go"],
            Self::GoWithC(target) => vec!["go", Compilers::of(target).c],
            Self::Python => vec!["python3", "pip"],
            Self::Npm => vec!["npm"],
            Self::NpmNative(target) => vec!["npm", Compilers::of(target).cxx, "make", "python3"],
        }
    }

    /// What it is for, as `Go layers`.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Debian => "Debian layers",
            Self::Go => "Go layers",
            Self::GoWithC(_) => "Go layers with C",
            Self::Python => "Python layers",
            Self::Npm => "npm layers",
            Self::NpmNative(_) => "npm layers with native addons",
        }
    }

    /// Whether what it compiles, if it compiles C, runs on this machine.
    pub fn compiles_for_this_machine(self) -> bool {
        match self {
            Self::GoWithC(target) | Self::NpmNative(target) => target == Architecture::host(),
            Self::Debian | Self::Go | Self::Python | Self::Npm => true,
        }
    }

    /// What a layer needs in an image for such a machine.
    pub fn of(layer: &Layer, target: Architecture) -> Vec<Self> {
        match layer {
            Layer::Debian(_) => vec![Self::Debian],
            Layer::Go(go) if go.cgo => vec![Self::GoWithC(target)],
            Layer::Go(_) | Layer::GoModuleFiles(_) | Layer::ContainerdStore(_) => vec![Self::Go],
            Layer::Pypi(_) => vec![Self::Python],
            Layer::Npm(npm) => {
                let own = if npm.native { Self::NpmNative(target) } else { Self::Npm };
                if npm.go_module_files.is_empty() { vec![own] } else { vec![own, Self::Go] }
            }
            Layer::Files(_) | Layer::Program(_) => Vec::new(),
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
        set.tools().into_iter().filter(|tool| self.is_absent(tool)).collect()
    }

    /// Tools that these recipes need, for images for such a machine, and this one lacks.
    pub fn missing(&self, recipes: &[ImageRecipe], target: Architecture) -> Vec<MissingTool> {
        let missing = needed(recipes, target).into_iter().filter(|(tool, _)| self.is_absent(tool));
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
pub(super) fn keyring() -> Option<&'static str> {
    KEYRINGS.iter().copied().find(|path| std::path::Path::new(path).is_file())
}

/// The tools that these recipes need, each with what for.
fn needed(recipes: &[ImageRecipe], target: Architecture) -> BTreeMap<&'static str, Toolset> {
    let mut tools = BTreeMap::new();
    for set in recipes.iter().flat_map(|recipe| &recipe.layers).flat_map(|layer| Toolset::of(layer, target)) {
        for tool in set.tools() {
            tools.entry(tool).and_modify(|had: &mut Toolset| *had = set.min(*had)).or_insert(set);
        }
    }
    tools
}

/// All tools that these recipes need, by name.
pub(super) fn names(recipes: &[ImageRecipe], target: Architecture) -> Vec<&'static str> {
    let programs = needed(recipes, target).into_keys().filter(|tool| !tool.starts_with('/') && *tool != "gpgv");
    programs.collect()
}

/// How a tool is installed.
pub(super) fn install_hint(tool: &str) -> String {
    match tool {
        "go" => "install Go 1.26 or newer and have it on PATH".into(),
        "cc" => "install a C compiler: `apt-get install gcc libc6-dev`".into(),
        "c++" => "install a C++ compiler: `apt-get install g++`".into(),
        "aarch64-linux-gnu-gcc" | "aarch64-linux-gnu-g++" => {
            "install compilers for arm64: `apt-get install g++-aarch64-linux-gnu`".into()
        }
        "x86_64-linux-gnu-gcc" | "x86_64-linux-gnu-g++" => {
            "install compilers for amd64: `apt-get install g++-x86-64-linux-gnu`".into()
        }
        "python3" | "pip" => "install Python with pip: `apt-get install python3-pip`".into(),
        "npm" => "install Node.js with npm".into(),
        "apt-get" => "Debian and Ubuntu have it; elsewhere a builder container brings it, where one can be used".into(),
        "gpgv" => "`apt-get install gpgv`".into(),
        keyring if KEYRINGS.contains(&keyring) => "`apt-get install debian-archive-keyring`".into(),
        other => format!("install `{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(layers: &str, target: Architecture) -> Vec<&'static str> {
        let text = format!("apiVersion: backstack.dev/v1\nkind: ImageRecipe\nlayers:\n{layers}\n");
        let recipe = crate::recipe::parse(text.as_bytes()).expect("recipe");
        needed(&[recipe], target).into_keys().collect()
    }

    #[test]
    fn tools_follow_from_layers() {
        let layers = "
  - debian: {suite: trixie, packages: [git]}
  - go: {programs: {/x: .}, cgo: true}
  - files: []";
        assert_eq!(tools(layers, Architecture::host()), [KEYRING, "apt-get", "cc", "go", "gpgv"]);
    }

    #[test]
    fn another_machine_needs_compilers_of_its_own_and_only_where_something_is_compiled() {
        let (other, machine) = match Architecture::host() {
            Architecture::Amd64 => (Architecture::Arm64, "aarch64"),
            Architecture::Arm64 => (Architecture::Amd64, "x86_64"),
        };
        let go = "  - go: {programs: {/x: .}";
        assert_eq!(tools(&format!("{go}}}"), other), ["go"]);
        assert_eq!(tools(&format!("{go}, cgo: true}}"), other), [&format!("{machine}-linux-gnu-gcc"), "go"]);
        let npm = tools("  - npm: {project: web, native: true, copy: {a: /a}}", other);
        assert!(npm.contains(&&*format!("{machine}-linux-gnu-g++")) && !npm.contains(&"c++"), "{npm:?}");
        for tool in npm.iter().filter(|tool| tool.contains(machine)) {
            let package = format!("g++-{}-linux-gnu`", machine.replace('_', "-"));
            assert!(install_hint(tool).contains(&package), "{}", install_hint(tool));
        }
    }
}
