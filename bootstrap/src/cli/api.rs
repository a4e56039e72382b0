//! `backstack api`

use std::fmt::Write;

use clap::{Args, Subcommand};
use serde_json::json;

use super::access::TargetArgs;
use super::printer::Printer;
use crate::api::image::Image;
use crate::api::install::{configuration, install};
use crate::api::push::Place;
use crate::api::{ApiError, Naming, Package, read};
use crate::docker::Engine;
use crate::error::Failure;
use crate::report::units;

/// Take an API of the platform to other platforms: its definition and compositions as a package for Crossplane
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack api pack App
  backstack api pack App --group shop.example.org --install
  backstack api pack databases.acme.io --version v0.2.0 --to oci://registry.example/platform/databases")]
pub(super) struct ApiArgs {
    #[command(subcommand)]
    command: ApiCommand,
}

#[derive(Debug, Subcommand)]
enum ApiCommand {
    /// Make a Configuration package of an API and push it, to the platform's own registry or to another
    ///
    /// It has the definition, all compositions of its kind, and which functions they need. It cannot have rights: wherever it is
    /// installed, Crossplane must be allowed to make what the compositions make.
    #[command(after_help = "Examples:
  backstack api pack App                                      pushes it, and shows how to install it
  backstack api pack App --group shop.example.org --install   once more here, under another group
  backstack api pack App --version v0.2.0 --to oci://registry.example/platform/apps")]
    Pack {
        /// Its kind, its plural, or the name of its definition
        #[arg(value_name = "API")]
        api: String,
        /// Version of the package: the tag that it is pushed under
        #[arg(long, value_name = "VERSION", default_value = "v0.1.0")]
        version: String,
        /// Group of the packed API, instead of its own
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// Registry and repository to push to, for which `docker login` counts, instead of the platform's own registry
        #[arg(long, value_name = "oci://...")]
        to: Option<String>,
        /// Install it on the platform, and wait until its API can be ordered
        #[arg(long)]
        install: bool,
        #[command(flatten)]
        target: TargetArgs,
    },
}

pub(super) async fn run(args: ApiArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let ApiCommand::Pack { api, version, group, to, install: installs, target } = args.command;
    let target = target.target();
    let platform = target.find(name).await?;
    let client = platform.client().await?;
    let package = Package::of(&read::read(&client, &api).await?, &Naming { group, version })?;
    let place = match &to {
        Some(address) => Place::at(address).await?,
        None => {
            target.must_be_local(|_| ApiError::NoRegistry)?;
            Place::of_platform(&Engine::connect().await?, &package).await?
        }
    };
    let image = Image::of(&package)?;
    let pushed = place.push(&image, &package.version).await?;
    let from = format!("{}:{}", place.called, package.version);
    let object = configuration(&package, &from);
    if installs {
        install(&client, &package, &object).await?;
    }
    let facts = json!({"package": from, "digest": image.manifest.digest(), "bytes": image.size(), "pushed": pushed,
        "definition": package.definition, "compositions": package.compositions, "dependencies": package.dependencies,
        "configuration": object, "installed": installs});
    printer.facts(&facts, || told(&package, &from, image.size(), installs, &object));
    Ok(0)
}

fn told(package: &Package, from: &str, bytes: u64, installed: bool, object: &serde_json::Value) -> String {
    let compositions = units::count(package.compositions.len(), "composition");
    let mut text = format!("  {from}: {} with {compositions}, {}.\n", package.definition, units::bytes(bytes));
    for needed in &package.dependencies {
        let _ = writeln!(text, "  It needs {} {}.", needed.package, needed.version);
    }
    if installed {
        let _ = writeln!(
            text,
            "\n  Installed as Configuration `{0}`; whoever deletes that deletes all orders of it too:\n  kubectl delete configuration {0}",
            package.name
        );
    } else {
        let yaml = serde_yaml::to_string(object).unwrap_or_default();
        let _ = write!(text, "\n  This object installs it (here `--install` does):\n\n{yaml}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::package::Dependency;

    #[test]
    fn it_is_told_what_was_packed_and_how_it_is_installed() {
        let dependency = Dependency {
            api_version: "pkg.crossplane.io/v1".into(),
            kind: "Function".into(),
            package: "xpkg.example/python".into(),
            version: ">=v0.6.3".into(),
        };
        let package = Package {
            name: "apps-example-org".into(),
            definition: "apps.example.org".into(),
            version: "v0.1.0".into(),
            compositions: vec!["app-standard".into()],
            dependencies: vec![dependency],
            resolvable: true,
            documents: Vec::new(),
        };
        let object = configuration(&package, "10.0.0.5:5000/a:v0.1.0");
        let packed = told(&package, "10.0.0.5:5000/a:v0.1.0", 4200, false, &object);
        assert!(
            packed.starts_with("  10.0.0.5:5000/a:v0.1.0: apps.example.org with 1 composition, 4 kB.\n"),
            "{packed}"
        );
        assert!(packed.contains("  It needs xpkg.example/python >=v0.6.3.\n"), "{packed}");
        assert!(packed.contains("\nkind: Configuration\n"), "{packed}");
        let installed = told(&package, "10.0.0.5:5000/a:v0.1.0", 4200, true, &object);
        assert!(installed.ends_with("  kubectl delete configuration apps-example-org\n"), "{installed}");
    }
}
