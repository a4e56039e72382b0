//! A program of an image in the node: taken out of what containerd has, once for each image.

use serde_json::json;

use super::{Place, Program, ToolsError};
use crate::docker::registry;
use crate::images::Reference;
use crate::images::registry::Registry;

/// Where they lie in the node. It goes with the platform.
const FOLDER: &str = "/var/lib/backstack/tools";
const ADMIN: &str = "/etc/kubernetes/admin.conf";
/// Takes a file out of an image. Which program it is may go by its name, so that stays, in a folder for each image.
/// Arguments: the image, its path in the image, the file to make.
const TAKE: &str = r#"
set -e
ctr="ctr -n k8s.io"
[ -n "$($ctr images ls -q "name==$1")" ] || $ctr images pull --hosts-dir /etc/containerd/certs.d "$1" > /dev/null
mounted=$(mktemp -d)
trap '$ctr images unmount --rm "$mounted" > /dev/null; rmdir "$mounted"' EXIT
snapshotter=$(sed -n "s/^ *snapshotter *= *['\"]\([a-z-]*\)['\"].*/\1/p" /etc/containerd/config.toml | head -n 1)
$ctr images mount --snapshotter "${snapshotter:-overlayfs}" "$1" "$mounted" > /dev/null
mkdir -p "$(dirname "$3")"
path=$2
# An absolute link means the image's own root.
while target=$(readlink "$mounted$path"); do
  case $target in /*) path=$target ;; *) path=$(dirname "$path")/$target ;; esac
done
cp "$mounted$path" "$3.new"
chmod 755 "$3.new"
mv "$3.new" "$3"
"#;

/// The path of a program in the node, where it is when this returns; none if it is to be the node's own, and is not there.
///
/// # Errors
/// The engine refuses, or the image does not have it.
pub(super) async fn ready(place: &Place, program: &Program) -> Result<Option<String>, ToolsError> {
    let Some(image) = &program.image else { return in_node(place, &program.path).await };
    let image = pinned(place, image).await?;
    let folder = image.rsplit(['@', '/']).next().unwrap_or_default().replace(':', "-");
    let path = format!("{FOLDER}/{folder}/{}", program.name);
    if in_node(place, &path).await?.is_some() {
        return Ok(Some(path));
    }
    let take = ["sh", "-c", TAKE, "take", &image, &program.path, &path];
    let taken = place.engine.exec(&place.node, &take, None).await?;
    if taken.code == 0 {
        return Ok(Some(path));
    }
    // What containerd says of itself at each call is none of it.
    let said = taken.stderr.lines().filter(|line| !line.contains("level=warning")).collect::<Vec<_>>().join("\n");
    Err(ToolsError::NotInImage { name: program.name.clone(), image, said })
}

/// Where the node has a program, by its name or its path.
async fn in_node(place: &Place, name: &str) -> Result<Option<String>, ToolsError> {
    let found = place.engine.exec(&place.node, &["sh", "-c", "command -v -- \"$1\"", "find", name], None).await?;
    Ok(Some(found.stdout.trim().to_string()).filter(|path| found.code == 0 && path.starts_with('/')))
}

/// The image with the digest that the platform's pods have it by: tags move.
async fn pinned(place: &Place, image: &str) -> Result<String, ToolsError> {
    let Ok(reference) = image.parse::<Reference>() else { return Ok(image.into()) };
    let port = registry::find(&place.engine).await?;
    let registry = port.and_then(|port| Registry::at_port(port).ok());
    let (Some(registry), Some(tag)) = (registry, reference.tag()) else { return Ok(image.into()) };
    let digest = registry.has_manifest(&reference.mirror_repository(), tag).await.ok().flatten();
    Ok(digest
        .map_or_else(|| image.into(), |digest| format!("{}/{}@{digest}", reference.host(), reference.repository())))
}

/// What a program is run with; the kubeconfig that chooses its namespace is written.
pub(super) async fn environment(place: &Place, program: &Program) -> Result<Vec<String>, ToolsError> {
    let kubeconfig = match &program.namespace {
        None => ADMIN.to_string(),
        Some(namespace) => {
            let path = format!("{FOLDER}/{namespace}.kubeconfig");
            let file = (path.clone(), in_namespace(&place.platform, namespace));
            place.engine.write_files(&place.node, &[file]).await?;
            // Of what both have, the first has its say; only the second has keys.
            format!("{path}:{ADMIN}")
        }
    };
    let own = program.environment.iter().map(|(name, value)| format!("{name}={value}"));
    Ok([format!("KUBECONFIG={kubeconfig}"), "HOME=/root".into()].into_iter().chain(own).collect())
}

/// A context and nothing else, by kubeadm's names for cluster and user.
fn in_namespace(platform: &str, namespace: &str) -> String {
    let context = json!({"cluster": platform, "user": "kubernetes-admin", "namespace": namespace});
    let file = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "tools",
        "contexts": [{"name": "tools", "context": context}],
    });
    file.to_string()
}
