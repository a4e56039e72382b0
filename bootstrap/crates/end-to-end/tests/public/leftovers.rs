//! What a platform leaves behind: nothing. Engine, files, kubeconfig, trust stores, and what the kernel does with packets
//! are looked at before the first `up` and after the last `down --purge`, on a machine of the test's own.

use crate::world::World;
use backstack_end_to_end::{Platform, Ran, step};

/// The home folder and the trust stores are the script's own, as is the network that it runs in. The stores are gathered
/// once before, as some machines' are behind; Java's has the time in it, a browser's numbers what it does.
const SCRIPT: &str = r##"
set -eu
work=$1 backstack=$2 node=$3
mount --make-rprivate /
export HOME="$work/home" TMPDIR="$work/tmp"
mkdir -p "$HOME/.pki/nssdb" "$HOME/.kube" "$HOME/.cache" "$HOME/.local/state" "$TMPDIR" /usr/local/share/ca-certificates
cp -a /etc/ssl "$work/ssl"
cp -a /usr/local/share/ca-certificates "$work/own"
mount --bind "$work/ssl" /etc/ssl
mount --bind "$work/own" /usr/local/share/ca-certificates
unset BACKSTACK_CACHE BACKSTACK_STATE BACKSTACK_CONFIG KUBECONFIG XDG_CACHE_HOME XDG_STATE_HOME XDG_CONFIG_HOME DOCKER_CONFIG
printf '# mine\napiVersion: v1\nkind: Config\ncontexts: [ {name: work, context: {cluster: w, user: me}} ]\ncurrent-context: "work"\n' \
  >"$HOME/.kube/config"
chmod 640 "$HOME/.kube/config"
browser() { certutil "$@" -d "sql:$HOME/.pki/nssdb"; }
browser -N --empty-password
update-ca-certificates >/dev/null 2>&1
own() { ip -br link | awk '{print $1}'; ip -br -4 addr | awk '{print $1, $3}'; ip route show table all; ip rule; }
look() {
  echo "-- containers";  docker ps --all --no-trunc --format '{{.ID}} {{.Names}}'
  echo "-- volumes";     docker volume ls --format '{{.Name}}'
  echo "-- networks";    docker network ls --no-trunc --format '{{.ID}} {{.Name}}' | sort
  echo "-- images";      docker image ls --all --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
  echo "-- files";       (cd "$work" && find home tmp -printf '%y %m %p %l\n' | sort)
  echo "-- their text";  find "$HOME" "$TMPDIR" -type f -not -path '*/.pki/*' -exec sha256sum {} + | sort
  echo "-- authorities"; find /etc/ssl /usr/local/share/ca-certificates -name java -prune -o -type f -exec sha256sum {} + -o -type l \
                           -printf '%p %l\n' | sort; browser -L
  echo "-- packets";     for save in iptables-save ip6tables-save; do $save | sed '/^#/d; s/ \[[0-9:]*\]$//'; done
                         if command -v nft >/dev/null; then nft --stateless list ruleset; fi
  echo "-- network";     own
}
look >"$work/before"
"$backstack" up --stack minimal --node-image "$node" --name left --workers 1
grep -q kind-left "$HOME/.kube/config"
look >"$work/while"
"$backstack" trust --name left --yes
"$backstack" stop --name left
"$backstack" start --name left
"$backstack" untrust --name left
"$backstack" down --name left --purge --yes
look >"$work/after"
"##;

#[test]
fn down_purge_and_untrust_leave_everything_as_it_was() {
    let world = World::of("minimal");
    let work = world.path("left");
    std::fs::create_dir_all(&work).expect("a folder");
    step("up, trust, stop, start, untrust, down --purge");
    let arguments =
        ["--mount", "sh", "-c", SCRIPT, "sh", &work.display().to_string(), &Platform::binary(), &world.node_image()];
    let ran: Ran = world.command("unshare").args(arguments).output().expect("nsenter").into();
    ran.succeeded("a platform's life");
    let look = |when: &str| std::fs::read_to_string(work.join(when)).expect("what was seen");
    let (before, after) = (look("before"), look("after"));
    let lost: Vec<_> = before.lines().filter(|line| !after.lines().any(|had| had == *line)).collect();
    let left: Vec<_> = after.lines().filter(|line| !before.lines().any(|had| had == *line)).collect();
    assert!(lost.is_empty() && left.is_empty(), "gone: {lost:#?}\nleft behind: {left:#?}");
    assert_eq!(before, after, "the same lines in another order");
    // What was looked at is what changes while a platform is there.
    let seen = look("while");
    for part in ["left-control-plane", "left-worker", "backstack-registry", "home/.cache/backstack", "172.31.250.0/24"]
    {
        assert!(seen.contains(part) && !before.contains(part), "{part}:\n{seen}");
    }
}
