//! Whether a node's containerd reads the folder of [`super::mirrors`]. Ours and kind's newer images do; in older ones the
//! setting is missing, and every image would be asked for upstream.

use toml_edit::{DocumentMut, Item, TableLike, value};

use super::engine::Engine;
use super::error::ClusterError;
use super::{mirrors, node};

const SETTINGS: &str = "/etc/containerd/config.toml";

/// Lets the containerd of a node that runs read the folder, if it does not yet.
///
/// # Errors
/// [`ClusterError::NotANodeImage`] if its settings are of a form that we do not know; the engine or containerd refuses.
pub async fn enable(engine: &Engine, name: &str, image: &str) -> Result<(), ClusterError> {
    // What it goes by in the end: defaults, and files that its settings import, are in there.
    let effective = engine.run(name, &["containerd", "config", "dump"], None).await?;
    if reads_folder(&effective) {
        return Ok(());
    }
    let own = engine.run(name, &["cat", SETTINGS], None).await?;
    let changed = with_folder(&own)
        .map_err(|problem| ClusterError::NotANodeImage { image: image.into(), why: format!("{SETTINGS} {problem}") })?;
    engine.write_files(name, &[(SETTINGS.into(), changed)]).await?;
    engine.run(name, &["systemctl", "restart", "containerd"], None).await?;
    node::await_runtime(engine, name).await
}

/// The table of containerd's image service, by the version of its settings.
fn service(version: i64) -> Option<&'static str> {
    match version {
        2 => Some("io.containerd.grpc.v1.cri"),
        3 => Some("io.containerd.cri.v1.images"),
        _ => None,
    }
}

fn reads_folder(settings: &str) -> bool {
    let Ok(document) = settings.parse::<DocumentMut>() else { return false };
    let path = |service: &str| document.get("plugins")?.get(service)?.get("registry")?.get("config_path")?.as_str();
    // Several folders stand with colons between them.
    [2, 3]
        .into_iter()
        .filter_map(service)
        .filter_map(path)
        .any(|path| path.split(':').any(|one| one == mirrors::FOLDER))
}

/// The settings with the folder in them, everything else as it is.
fn with_folder(settings: &str) -> Result<String, String> {
    let mut document: DocumentMut = settings.parse().map_err(|error| format!("is no TOML: {error}"))?;
    let version = document.get("version").and_then(Item::as_integer).unwrap_or(1);
    let service = service(version).ok_or_else(|| format!("has version {version}, and only 2 and 3 are known"))?;
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for key in ["plugins", service, "registry"] {
        table = table
            .entry(key)
            .or_insert_with(|| Item::Table(implicit()))
            .as_table_like_mut()
            .ok_or_else(|| format!("has a `{key}` that is no table"))?;
    }
    table.insert("config_path", value(mirrors::FOLDER));
    Ok(document.to_string())
}

/// A table without a header of its own, unless it gets values.
fn implicit() -> toml_edit::Table {
    let mut table = toml_edit::Table::new();
    table.set_implicit(true);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = include_str!("../../../../stacks/cluster/images/node/files/containerd.toml");

    #[test]
    fn settings_that_have_it_are_seen_to() {
        assert!(reads_folder(OWN));
        let both = "[plugins.'io.containerd.grpc.v1.cri'.registry]\nconfig_path = '/x:/etc/containerd/certs.d'\n";
        assert!(reads_folder(both));
        let none = "[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = ''\n";
        assert!(!reads_folder(none) && !reads_folder("version = 3\n") && !reads_folder("no TOML ["));
    }

    #[test]
    fn it_is_added_and_nothing_else_changes() {
        let without: String =
            OWN.lines().filter(|line| !line.contains("config_path")).map(|line| format!("{line}\n")).collect();
        for (version, settings) in [(3, without), (2, "version = 2\n# a comment\n[plugins]\n".into())] {
            assert!(!reads_folder(&settings), "{version}");
            let changed = with_folder(&settings).expect("known settings");
            assert!(reads_folder(&changed), "{changed}");
            let kept = settings.lines().all(|line| changed.contains(line));
            assert!(kept && changed.lines().count() <= settings.lines().count() + 3, "{changed}");
        }
    }

    #[test]
    fn settings_of_another_form_are_not_touched() {
        assert!(with_folder("[plugins]\n").expect_err("the first version").contains("version 1"));
        assert!(with_folder("version = 3\nplugins = 1\n").expect_err("no table").contains("`plugins`"));
        assert!(with_folder("= 3").expect_err("no TOML").contains("no TOML"));
    }
}
