//! What is done inside of the nodes. A script that has begun ends by itself, whatever becomes of this program: nothing
//! stays frozen.

use serde::Deserialize;

use super::about::About;
use super::error::CheckpointError;
use crate::docker::Engine;

/// Where checkpoints lie in a node: on the volume that goes with the node. A name that begins with a dot is not whole yet.
const FOLDER: &str = "/var/lib/backstack/checkpoints";
/// Where the storage class keeps volumes, in kind's node images and in ours.
pub const VOLUMES: &str = "/var/local-path-provisioner";

/// What a node kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Kept {
    pub bytes: u64,
    pub count: usize,
    pub frozen_seconds: f64,
}

/// Finds the cgroups of pods, and freezes them by what the kernel has for it, in the first or the second version. Only a
/// cgroup that is a pod's own by its name: a program that is just being started in a pod is in one of the pod's cgroups and
/// still in the node's others, and freezing one of those would freeze the node.
const FREEZER: &str = r#"
freezers() { # PODS
  [ -n "$1" ] || return 0
  grep -hsE "^([0-9]+:freezer|0:):/.*pod($1)" /proc/[0-9]*/cgroup |
    awk -F: '$2 == "freezer" { print "/sys/fs/cgroup/freezer" $3 "/freezer.state" } $2 == "" { print "/sys/fs/cgroup" $3 "/cgroup.freeze" }' |
    sort -u | while read -r file; do [ ! -w "$file" ] || echo "$file"; done
}
freeze() { # FILES
  for file in $1; do case "$file" in *state) echo FROZEN ;; *) echo 1 ;; esac > "$file"; done
  for file in $1; do
    for _ in $(seq 200); do
      case "$file" in
        *state) grep -q FROZEN "$file" && break ;;
        *) grep -q "frozen 1" "${file%freeze}events" && break ;;
      esac
      sleep 0.01
    done
  done
}
thaw() { # FILES
  for file in $1; do case "$file" in *state) echo THAWED ;; *) echo 0 ;; esac > "$file"; done 2>/dev/null
  return 0
}
"#;

const KEEP: &str = r#"
set -eu
rm -rf "$new"
mkdir -p -m 700 "$folder" "$new"
mkdir "$new/volumes"
files=$(freezers "$pods")
if [ -n "$pods" ] && [ -z "$files" ]; then
  echo "the kernel gives no way to freeze pods" >&2
  exit 3
fi
begun=$(date +%s%N)
trap 'thaw "$files"' EXIT
freeze "$files"
[ ! -d "$volumes" ] || cp -a --reflink=auto "$volumes/." "$new/volumes/"
thaw "$files"
ended=$(date +%s%N)
bytes=$(du -sb "$new/volumes" | cut -f1)
count=$(find "$new/volumes" -mindepth 1 -maxdepth 1 | wc -l)
printf '{"bytes": %s, "count": %s, "frozen_seconds": %s.%03d}' "$bytes" "$count" $(((ended - begun) / 1000000000)) $(((ended - begun) / 1000000 % 1000))
"#;

/// A pattern that finds the cgroups of these pods: kubelet writes their UIDs with dashes or underscores.
pub fn pattern(pods: &[String]) -> String {
    pods.iter().map(|uid| uid.replace('-', "[-_]")).collect::<Vec<_>>().join("|")
}

/// Copies the volumes of a node into a checkpoint that is not whole yet, while these pods are frozen.
pub(super) async fn keep_volumes(
    engine: &Engine,
    node: &str,
    name: &str,
    pods: &[String],
) -> Result<Kept, CheckpointError> {
    let given = format!("pods='{}' volumes={VOLUMES} folder={FOLDER} new={FOLDER}/.{name}\n", pattern(pods));
    let told = engine.run(node, &["bash", "-c", &format!("{given}{FREEZER}{KEEP}")], None).await?;
    // Nothing was frozen for the sake of nothing.
    let kept: Kept = serde_json::from_str(told.trim()).unwrap_or_default();
    Ok(if pods.is_empty() { Kept { frozen_seconds: 0.0, ..kept } } else { kept })
}

/// Makes the folder of a checkpoint that is not whole yet.
pub(super) async fn make(engine: &Engine, node: &str, name: &str) -> Result<(), CheckpointError> {
    let script = format!("set -e; mkdir -p -m 700 {FOLDER}; rm -rf {FOLDER}/.{name}; mkdir -m 700 {FOLDER}/.{name}");
    engine.run(node, &["sh", "-c", &script], None).await?;
    Ok(())
}

/// Unpacks the volumes of a node into a checkpoint that is not whole yet.
pub(super) async fn unpack(
    engine: &Engine,
    node: &str,
    name: &str,
    volumes: tokio::fs::File,
) -> Result<(), CheckpointError> {
    Ok(engine.unpack_into(node, &format!("{FOLDER}/.{name}"), volumes).await?)
}

/// Writes what the control plane alone has.
pub(super) async fn write(
    engine: &Engine,
    node: &str,
    name: &str,
    about: &About,
    objects: &[u8],
) -> Result<(), CheckpointError> {
    let file = |name: &str, what: &str| format!("umask 077; cat > {FOLDER}/.{name}/{what}");
    let told = serde_json::to_vec(about).expect("plain data is JSON");
    engine.run(node, &["sh", "-c", &file(name, "objects.tar.zst")], Some(objects)).await?;
    engine.run(node, &["sh", "-c", &file(name, "about.json")], Some(&told)).await?;
    Ok(())
}

/// Gives what is whole now its name.
pub(super) async fn publish(engine: &Engine, node: &str, name: &str) -> Result<(), CheckpointError> {
    let script = format!("cd {FOLDER} && rm -rf {name} && sync -f . && mv .{name} {name}");
    engine.run(node, &["sh", "-c", &script], None).await?;
    Ok(())
}

/// Removes a checkpoint.
pub(super) async fn remove(engine: &Engine, node: &str, name: &str) -> Result<(), CheckpointError> {
    // In one step out of sight, whatever happens in the middle of it.
    let script = format!(
        "cd {FOLDER} 2>/dev/null || exit 0; [ ! -e {name} ] || {{ rm -rf ..{name}; mv {name} ..{name}; }}; rm -rf ..{name}"
    );
    engine.run(node, &["sh", "-c", &script], None).await?;
    Ok(())
}

/// What is known of all checkpoints that are whole. One whose facts cannot be read is left out.
pub(super) async fn read_all(engine: &Engine, node: &str) -> Result<Vec<About>, CheckpointError> {
    let script =
        format!("for file in {FOLDER}/[a-z0-9]*/about.json; do [ ! -e \"$file\" ] || {{ cat \"$file\"; echo; }}; done");
    let told = engine.run(node, &["sh", "-c", &script], None).await?;
    Ok(told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// The file with the objects.
pub(super) async fn read_objects(engine: &Engine, node: &str, name: &str) -> Result<Vec<u8>, CheckpointError> {
    Ok(engine.read_file(node, &format!("{FOLDER}/{name}/objects.tar.zst")).await?)
}

/// Where a checkpoint's volumes lie in each node.
pub fn volumes_of(name: &str) -> String {
    format!("{FOLDER}/{name}/volumes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_found_by_either_spelling_of_their_uids() {
        assert_eq!(pattern(&["a-b".into(), "c".into()]), "a[-_]b|c");
        assert_eq!(pattern(&[]), "");
    }
}
