//! The package tools that recipes need, and which of them the machine lacks.

use std::collections::BTreeMap;
use std::path::PathBuf;

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
pub const KEYRINGS: &[&str] =
    &["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];

/// The oldest Go that builds all recipes is 1.26: their modules say so.
const GO_MINOR: u32 = 26;

/// The program's path, if it is installed.
pub fn find(program: &str) -> Option<PathBuf> {
    // Administration tools are not on everybody's PATH.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The keyring's path, if it is installed.
pub fn keyring() -> Option<&'static str> {
    KEYRINGS.iter().copied().find(|path| std::path::Path::new(path).is_file())
}

/// How a tool is installed.
pub fn install_hint(tool: &str) -> String {
    match tool {
        "go" => "install Go 1.26 or newer and have it on PATH".into(),
        "cc" => "install a C compiler: `apt-get install gcc libc6-dev`".into(),
        "c++" => "install a C++ compiler: `apt-get install g++`".into(),
        "python3" => "install Python with pip: `apt-get install python3-pip`".into(),
        "npm" => "install Node.js with npm".into(),
        "apt-get" => {
            "this image needs a Debian or Ubuntu host; elsewhere take the images from `--images registry`".into()
        }
        "gpgv" => "`apt-get install gpgv`".into(),
        keyring if KEYRINGS.contains(&keyring) => "`apt-get install debian-archive-keyring`".into(),
        other => format!("install `{other}`"),
    }
}

/// The tools that these recipes need, each with what for.
fn needed(recipes: &[ImageRecipe]) -> BTreeMap<&'static str, &'static str> {
    let mut tools = BTreeMap::new();
    for layer in recipes.iter().flat_map(|recipe| &recipe.layers) {
        match layer {
            Layer::Debian(_) => {
                tools.extend([("apt-get", "Debian layers"), ("gpgv", "Debian layers"), (KEYRINGS[0], "Debian layers")]);
            }
            Layer::Go(go) => {
                tools.insert("go", "Go layers");
                if go.cgo {
                    tools.insert("cc", "Go layers with C");
                }
            }
            Layer::GoModuleFiles(_) | Layer::ContainerdStore(_) => {
                tools.entry("go").or_insert("Go layers");
            }
            Layer::Pypi(_) => {
                tools.insert("python3", "Python layers");
            }
            Layer::Npm(npm) => {
                tools.insert("npm", "npm layers");
                if npm.native {
                    tools.extend(["c++", "make", "python3"].map(|tool| (tool, "npm layers with native addons")));
                }
                if !npm.go_module_files.is_empty() {
                    tools.entry("go").or_insert("Go layers");
                }
            }
            Layer::Files(_) => {}
        }
    }
    tools
}

/// The 26 of Go 1.26, if Go is installed.
fn go_minor() -> Option<u32> {
    let output = std::process::Command::new(find("go")?).args(["env", "GOVERSION"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let minor: String = text.trim().strip_prefix("go1.")?.chars().take_while(char::is_ascii_digit).collect();
    minor.parse().ok()
}

/// Tools that these recipes need and the machine lacks.
pub fn missing(recipes: &[ImageRecipe]) -> Vec<MissingTool> {
    let absent = |tool: &str| match tool {
        "go" => go_minor().is_none_or(|minor| minor < GO_MINOR),
        keys if keys == KEYRINGS[0] => keyring().is_none(),
        tool => find(tool).is_none(),
    };
    let missing = needed(recipes).into_iter().filter(|(tool, _)| absent(tool));
    missing
        .map(|(tool, needed_for)| MissingTool {
            tool: tool.into(),
            needed_for: needed_for.into(),
            hint: install_hint(tool),
        })
        .collect()
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
        assert_eq!(tools, [KEYRINGS[0], "apt-get", "cc", "go", "gpgv"]);
    }
}
