//! The platform's authority in the trust stores of this machine, or rather of copies of them, and out again.

use backstack_end_to_end::{Platform, run, step};

/// The stores are copies that only this script sees: `/etc/ssl` and the folder for certificates of one's own are mounted over,
/// and the home folder has a browser's database in it. They are gathered once before, as some machines' are behind; Java's
/// key store has the time in it whenever the system writes it.
const SCRIPT: &str = r#"
set -eu
work=$1 backstack=$2 name=$3 address=$4
mount --make-rprivate /
mkdir -p "$work/home/.pki/nssdb" /usr/local/share/ca-certificates
cp -a /etc/ssl "$work/ssl"
cp -a /usr/local/share/ca-certificates "$work/own"
mount --bind "$work/ssl" /etc/ssl
mount --bind "$work/own" /usr/local/share/ca-certificates
export HOME="$work/home"
unset SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE
browser() { certutil "$@" -d "sql:$HOME/.pki/nssdb"; }
browser -N --empty-password
stores() { for folder in /etc/ssl /usr/local/share/ca-certificates; do
  find "$folder" -name java -prune -o -type f -exec sha256sum {} + -o -type l -printf '%p %l\n'; done | sort; browser -L; }
update-ca-certificates >/dev/null 2>&1
refused() { ! curl -sS -o "$work/page" "$address" 2>"$work/why" && grep -qi certificate "$work/why"; }
before=$(stores)
refused
"$backstack" trust --name "$name" --yes
curl -sSf -o "$work/page" "$address"
browser -L -n "backstack-$name" -a | grep -q BEGIN
"$backstack" trust --name "$name" --yes | grep -q already
"$backstack" untrust --name "$name"
refused
"$backstack" untrust --name "$name" | grep -q 'did not have it'
[ "$(stores)" = "$before" ] || { echo "the stores are not as before" >&2; exit 1; }
"#;

pub(crate) fn given_and_taken(platform: &Platform) {
    step("trust and untrust: curl believes the platform, and every store is as before afterwards");
    let work = platform.path("trust");
    std::fs::create_dir_all(&work).expect("a folder");
    let work = work.display().to_string();
    let address = format!("https://localhost:{}/argocd/api/version", platform.https_port);
    let binary = Platform::binary();
    run("unshare", &["--mount", "sh", "-c", SCRIPT, "sh", &work, &binary, platform.name, &address]).succeeded("trust");
}
