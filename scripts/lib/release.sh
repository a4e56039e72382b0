# The parts of a release. Sourced by scripts/release; uses scripts/lib/machine.sh.

# The version that is released is the one that the sources and the changelog name.
check_version() {
  local own; own=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
  [ "$own" = "$1" ] || fail "Cargo.toml has version $own, not $1" "set \`version\` under [workspace.package], and commit that"
  grep -q "^## \[$1\]" CHANGELOG.md || fail "CHANGELOG.md has no section for $1" "write what is new under \`## [$1]\`"
}

# check_key KEY   people check with the checkout's `allowed_signers`: a key that lies beside a release proves nothing
check_key() {
  [ -r "$1" ] || fail "the key $1 cannot be read" "give a private SSH key, or leave --key out"
  local public line
  public=$(ssh-keygen -y -f "$1" | cut -d' ' -f1,2)
  line="release $public"
  if [ ! -e allowed_signers ]; then
    say "nobody can check the signature yet: commit a file \`allowed_signers\` with the line"
    say "  $line"
  elif ! grep -qF "$public" allowed_signers; then
    fail "the key $1 is not in \`allowed_signers\`" "commit the line \`$line\` in it, or give the key that is there"
  fi
}

# compile TARGET WHAT...   programs of ours; static ones on Linux
compile() {
  local target=$1; shift
  rustup target add "$target" >&2
  cargo zigbuild --quiet --locked --release --package backstack --target "$target" "$@"
}

# The target whose programs this machine runs: with what is compiled for it the images are built, too.
host_target() {
  case $(uname -s) in Darwin) printf '%s-apple-darwin' "$(uname -m | sed s/arm64/aarch64/)" ;; *) printf '%s-unknown-linux-musl' "$(uname -m)" ;; esac
}

# archive SECONDS FOLDER NAME   the same bytes for the same files, whoever makes it, with whatever umask
archive() {
  tar --sort=name --mode=a+rX,u+w,go-w --owner=0 --group=0 --numeric-owner --mtime="@$1" -C "$2" -c "$3" | gzip -9n
}

# The target of programs in images for an architecture.
static_target() { case $1 in arm64) printf 'aarch64-unknown-linux-musl' ;; *) printf 'x86_64-unknown-linux-musl' ;; esac; }

# architectures_of [--architecture ARCH]...   those that are named, or all that images are built for
architectures_of() {
  [ $# -gt 0 ] || set -- --architecture amd64 --architecture arm64
  while [ $# -gt 0 ]; do printf '%s\n' "$2"; shift 2; done
}

# pack VERSION TARGET DIR   an archive with the program, its completions, its manual and the licence
pack() {
  local name="backstack-$1-$2" folder own shell
  folder=$(mktemp -d)
  mkdir -p "$folder/$name/completions" "$folder/$name/man"
  cp "$CARGO_TARGET_DIR/$2/release/backstack" LICENSE README.md CHANGELOG.md "$folder/$name/"
  # What the program says of itself is the same for every target: the one for this machine says it.
  own=$CARGO_TARGET_DIR/$(host_target)/release/backstack
  for shell in bash zsh fish elvish powershell; do "$own" completions "$shell" >"$folder/$name/completions/backstack.$shell"; done
  "$own" man --dir "$folder/$name/man" >/dev/null
  archive "${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" "$folder" "$name" >"$3/$name.tar.gz"
  rm -rf "$folder"
}

# bill_of_materials VERSION   every crate in the program, as CycloneDX
bill_of_materials() {
  cargo metadata --locked --format-version 1 --filter-platform x86_64-unknown-linux-musl | VERSION=$1 python3 -c '
import json, os, sys
graph = json.load(sys.stdin)
packages = {package["id"]: package for package in graph["packages"]}
nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
root = next(id for id, package in packages.items() if package["name"] == "backstack")
needed, open_ = set(), [root]
while open_:
    id = open_.pop()
    if id in needed:
        continue
    needed.add(id)
    for dependency in nodes[id]["deps"]:
        if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
            open_.append(dependency["pkg"])
def component(package):
    found = {"type": "library", "name": package["name"], "version": package["version"],
             "purl": "pkg:cargo/%s@%s" % (package["name"], package["version"])}
    if package.get("license"):
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    return found
libraries = sorted((component(packages[id]) for id in needed if id != root), key=lambda one: (one["name"], one["version"]))
program = {"type": "application", "name": "backstack", "version": os.environ["VERSION"]}
json.dump({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": program},
           "components": libraries}, sys.stdout, indent=1)
'
}

# fill_in FILE VERSION URL
fill_in() { sed -e "s|@VERSION@|$2|g" -e "s|@URL@|$3|g" "$1"; }

digest_of() { sha256sum "$1" | cut -d' ' -f1; }

# formula_archive INDENT NAME URL DIR   where Homebrew finds an archive, and its checksum
formula_archive() { printf '%surl "%s/%s"\n%ssha256 "%s"\n' "$1" "$3" "$2" "$1" "$(digest_of "$4/$2")"; }

# formula_system NAME PATTERN VERSION URL DIR   the part for one system: a formula may have one of each
formula_system() {
  local found target processor
  mapfile -t found < <(printf '%s\n' "${targets[@]}" | grep -e "$2" | sort)
  [ ${#found[@]} -gt 0 ] || return 0
  printf '\n  on_%s do\n' "$1"
  for target in "${found[@]}"; do
    case $target in aarch64-*) processor=arm ;; *) processor=intel ;; esac
    printf '    on_%s do\n' $processor
    formula_archive '      ' "backstack-$3-$target.tar.gz" "$4" "$5"
    printf '    end\n'
  done
  printf '  end\n'
}

# formula VERSION URL DIR   for Homebrew, with the targets that this release has. It reads the version from the address.
formula() {
  local linux_only=
  [[ ${targets[*]} == *-apple-* ]] || linux_only=yes
  cat <<RUBY
class Backstack < Formula
  desc "Whole internal developer platform on your own machine with one command"
  homepage "$(sed -n 's/^repository = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
RUBY
  # A Mac is told that it takes Linux only if there is an archive that it could have meant.
  [ -z "$linux_only" ] || formula_archive '  ' "backstack-$1-${targets[0]}.tar.gz" "$2" "$3"
  printf '  license "Apache-2.0"\n'
  [ -z "$linux_only" ] || printf '\n  depends_on :linux\n'
  formula_system macos '-apple-' "$@"
  formula_system linux '-linux-' "$@"
  cat <<'RUBY'

  def install
    bin.install "backstack"
    bash_completion.install "completions/backstack.bash" => "backstack"
    zsh_completion.install "completions/backstack.zsh" => "_backstack"
    fish_completion.install "completions/backstack.fish"
    man1.install Dir["man/*.1"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/backstack --version")
  end
end
RUBY
}

# feature VERSION URL DIR   a dev container feature: installs the program of this release. It names no other features
# (`installsAfter`): each would be looked up in its registry, even where nobody uses it.
feature() {
  local folder; folder=$(mktemp -d)
  cat >"$folder/devcontainer-feature.json" <<JSON
{
  "id": "backstack",
  "version": "$1",
  "name": "backstack",
  "description": "A whole internal developer platform on your own machine with one command"
}
JSON
  fill_in scripts/lib/install.sh.in "$1" "$2" >"$folder/backstack-install.sh"
  cp scripts/lib/feature-install.sh "$folder/install.sh"
  chmod +x "$folder"/*.sh
  archive 0 "$folder" . >"$3/devcontainer-feature-backstack.tgz"
  rm -rf "$folder"
}

# notes VERSION   the changelog's section
notes() { awk -v wanted="## [$1]" 'index($0, "## [") == 1 { inside = index($0, wanted) == 1; next } inside' CHANGELOG.md; }
