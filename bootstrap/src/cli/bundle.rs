//! `backstack bundle`

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use futures::future::try_join_all;
use serde_json::json;

use super::printer::Printer;
use super::up::{WishArgs, with_files_here};
use crate::build::Architecture;
use crate::bundle::serve::{Others, ServeError, Served, Server};
use crate::bundle::{self, Created, Target};
use crate::doctor::collect::Reports;
use crate::error::{ExitKind, Failure};
use crate::images::Bundle;
use crate::images::bundle::signature;
use crate::images::bundle::verify::Hurt;
use crate::report::units;
use crate::up::{Machine, everything};

/// Put all that a stack needs into one file, for machines without a network: see `backstack up --bundle`
///
/// A bundle has every image of the stack and of its cluster, also of what can be ordered later, and the definitions of
/// all custom resources. It is an OCI image layout in a tar archive, which other programs can read too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack bundle create                    the stack `back` into one file
  backstack bundle verify back.bundle        is the copy whole?
  backstack up --bundle back.bundle          the platform from it; nothing is fetched from anywhere")]
pub(super) struct BundleArgs {
    #[command(subcommand)]
    command: BundleCommand,
}

#[derive(Debug, Subcommand)]
enum BundleCommand {
    /// Make a bundle: fetch or build what is not here yet, and write it all to a file
    ///
    /// What a platform on this machine has already is not fetched again. No platform is needed, and no engine where the
    /// images come from registries.
    #[command(after_help = "Examples:
  backstack bundle create
  backstack bundle create --stack ./mine --file /media/usb/mine.bundle
  backstack bundle create --images source    all images built here from packages
  backstack bundle create --since old.bundle only what is new since a bundle that the others have
  backstack bundle create --arch amd64,arm64 for laptops with either processor
  backstack bundle create --sign ~/.ssh/id_ed25519
                                             so that the others can see whose it is
  backstack bundle create --checkpoint lab.checkpoint
                                             platforms begin as it was, and nothing is installed")]
    Create(Box<CreateArgs>),
    /// Check every byte of a bundle, and name what is hurt
    #[command(after_help = "Examples:
  backstack bundle verify back-0.1.0-amd64.bundle
  backstack bundle verify back-0.1.0-amd64.bundle --signers teacher.pub    and that it is the teacher's")]
    Verify {
        /// The bundle, or the first of its pieces
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Public SSH key of who must have signed it, or a file of `NAME KEY` lines
        #[arg(long, value_name = "FILE")]
        signers: Option<PathBuf>,
    },
    /// Let other machines fetch a bundle from this one, until Ctrl-C
    ///
    /// A page says what to type, and a picture for phones leads there. Whoever can reach this machine can fetch the files;
    /// there is nothing secret in them.
    #[command(after_help = "Examples:
  backstack bundle serve back-0.1.0-amd64.bundle
  backstack bundle serve back-0.1.0-amd64.bundle --with ./backstack-macos
  backstack up --bundle http://192.168.1.5:8600/back-0.1.0-amd64.bundle    on the other machine")]
    Serve(ServeArgs),
    /// Cut a bundle into pieces, for disks and services that take no large files
    ///
    /// `up --bundle` takes the pieces as they are, by the name of the first; `cat FILE.*` puts them together again.
    #[command(after_help = "Examples:
  backstack bundle split back-0.1.0-amd64.bundle
  backstack bundle split back-0.1.0-amd64.bundle --size 700MB")]
    Split {
        /// The bundle; it stays
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Most bytes of a piece, with kB, MB, GB, or KiB, MiB, GiB
        #[arg(long, default_value = "2GiB", value_parser = size)]
        size: u64,
    },
    /// Show what a bundle has
    #[command(after_help = "Examples:
  backstack bundle inspect back-0.1.0-amd64.bundle
  backstack bundle inspect back-0.1.0-amd64.bundle -o json | jq -r '.images[].reference'")]
    Inspect {
        /// The bundle, or the first of its pieces
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// File to write; it must not be there [default: STACK-VERSION-ARCHITECTURE.bundle, with --since ...-new.bundle]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Write only what this bundle lacks; the new one is used together with it, from one folder
    #[arg(long, value_name = "BUNDLE")]
    since: Option<PathBuf>,
    /// Sign it with this SSH key (`ssh-keygen` does it, and asks for a passphrase if there is one)
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
    /// Processors of the machines that it is for [default: this machine's]
    #[arg(long, value_name = "ARCHITECTURE", value_delimiter = ',', value_parser = architecture, conflicts_with = "checkpoint")]
    arch: Vec<Architecture>,
    /// This program for another processor, which an image has that is built here; a release knows where it is
    #[arg(long, value_name = "FILE", requires = "arch")]
    program: Option<PathBuf>,
    #[command(flatten)]
    wishes: WishArgs,
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8600")]
    listen: SocketAddr,
    /// A program to offer beside this one, for other systems; may be repeated
    #[arg(long = "with", value_name = "PROGRAM")]
    programs: Vec<PathBuf>,
    /// Take reports of `backstack doctor --report` at /reports, and keep them in this folder
    #[arg(long, value_name = "FOLDER")]
    reports: Option<PathBuf>,
}

pub(super) async fn run(args: BundleArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    match args.command {
        BundleCommand::Create(args) => create(*args, name, printer).await,
        BundleCommand::Serve(args) => serve(args, printer).await,
        BundleCommand::Split { file, size } => split(&file, size, printer).await,
        BundleCommand::Verify { file, signers } => verify(&file, signers.as_deref(), printer).await,
        BundleCommand::Inspect { file } => {
            let bundle = Bundle::open(&file)?;
            printer.facts(&facts(&bundle), || shown(&bundle));
            Ok(0)
        }
    }
}

async fn create(args: CreateArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let machines = machines(&args);
    let (wishes, config) = args.wishes.split();
    let wishes = with_files_here(wishes, printer).await?;
    let looks = machines.iter().map(|one| everything::look(name, wishes.clone(), config.clone(), one.clone()));
    let all = try_join_all(looks).await?;
    let ending = if args.since.is_some() { "-new.bundle" } else { ".bundle" };
    let usual = || {
        let names: Vec<_> = machines.iter().map(|one| one.architecture.as_str()).collect();
        format!("{}-{}-{}{ending}", all[0].stack.name, all[0].stack.version, names.join("-")).into()
    };
    let target = Target { path: args.file.unwrap_or_else(usual), since: args.since, key: args.sign };
    let reporter = printer.reporter();
    let created = bundle::create(&all, &target, reporter.clone()).await;
    drop(reporter);
    let created = created?;
    printer.event(json!({"event": "bundle", "summary": created}));
    printer.people(|| told(&created));
    Ok(0)
}

/// Each machine once, in the order in which they were named.
fn machines(args: &CreateArgs) -> Vec<Machine> {
    let mut wanted = Vec::new();
    for one in &args.arch {
        if !wanted.contains(one) {
            wanted.push(*one);
        }
    }
    if wanted.is_empty() {
        return vec![Machine::here()];
    }
    wanted.into_iter().map(|one| Machine::with(one, args.program.as_deref())).collect()
}

fn architecture(text: &str) -> Result<Architecture, String> {
    Architecture::named(text).ok_or_else(|| "it is `amd64` or `arm64`".into())
}

fn told(created: &Created) -> String {
    let (file, percent) = (created.path.display(), created.bytes * 100 / created.apart.max(1));
    let mut text = format!(
        "\n  {file}: {} for stack {}, {}, in {}.\n  That is {percent} % of what the images are each for itself.\n",
        units::count(created.images, "image"),
        created.stack,
        units::bytes(created.bytes),
        units::duration(created.seconds),
    );
    for one in &created.left_out {
        let _ = writeln!(text, "  Left out: {one}");
    }
    let _ = write!(text, "\n  {:<44} on a machine without any network\n", format!("backstack up --bundle {file}"));
    text
}

async fn serve(args: ServeArgs, printer: &Printer) -> Result<u8, Failure> {
    let bundle = Bundle::open(&args.file)?;
    whole(&bundle)?;
    let mut programs =
        vec![Served::of(&std::env::current_exe().map_err(|error| Failure::internal(error.to_string()))?)?];
    for path in &args.programs {
        programs.push(Served::of(path)?);
    }
    let (served, bases) = (Served::of(&bundle.path)?, bases(&bundle)?);
    let name = served.name.clone();
    let reports = args.reports.map(Reports::in_folder).transpose()?;
    let others = Others { programs, bases, reports };
    let server = Server::bind(args.listen, bundle.about, served, others).await?;
    let addresses = server.door.addresses.clone();
    printer.facts(&json!({"addresses": addresses, "bundle": name}), || {
        let picture = server.door.picture().unwrap_or_default();
        let lines: String = addresses.iter().map(|address| format!("  {address}\n")).collect();
        format!("{picture}\n{lines}\n  backstack up --bundle {}/{name}\n\n  Ctrl-C ends it.\n", addresses[0])
    });
    server.run().await;
    Ok(0)
}

/// What a bundle stands on, each under the name by which it is looked for.
fn bases(bundle: &Bundle) -> Result<Vec<Served>, ServeError> {
    let mut bases = Vec::new();
    let mut next = bundle;
    while let (Some(named), Some(base)) = (&next.about.base, &next.base) {
        whole(base)?;
        bases.push(Served { name: named.name.clone(), ..Served::of(&base.path)? });
        next = base;
    }
    Ok(bases)
}

/// One in pieces cannot be served: a fetch asks for one file.
fn whole(bundle: &Bundle) -> Result<(), ServeError> {
    if !bundle.is_in_pieces() {
        return Ok(());
    }
    let why = "it is in pieces: put it together first, `cat FILE.* >FILE`".into();
    Err(ServeError { path: bundle.path.clone(), why })
}

/// A number of bytes with its unit.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        other => return Err(format!("`{other}` is no unit; write it as 700MB or 2GiB")),
    };
    let number: u64 = digits.trim().parse().map_err(|_| "write it as 700MB or 2GiB".to_string())?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(|| "that is no size of a file".into())
}

async fn split(file: &Path, size: u64, printer: &Printer) -> Result<u8, Failure> {
    // What is none is refused before anything is written.
    let bundle = Bundle::open(file)?;
    let path = bundle.path.clone();
    let pieces = tokio::task::spawn_blocking(move || bundle::split(&path, size)).await;
    let pieces = pieces.map_err(|error| Failure::internal(error.to_string()))??;
    printer.facts(&json!({"pieces": pieces}), || {
        let lines: String = pieces.iter().map(|piece| format!("  {}\n", piece.display())).collect();
        format!("{lines}\n  backstack up --bundle {}\n", pieces[0].display())
    });
    Ok(0)
}

async fn verify(file: &Path, signers: Option<&Path>, printer: &Printer) -> Result<u8, Failure> {
    let bundle = Bundle::open(file)?;
    let signer = signers.map(|signers| signature::check(&bundle, signers)).transpose()?;
    let checked = tokio::task::spawn_blocking(move || {
        // Also those of the bundle that it stands on.
        let (mut blobs, mut bytes) = (0, 0);
        let hurt = bundle.verify(|read| (blobs, bytes) = (blobs + 1, bytes + read));
        (hurt, blobs, bytes)
    });
    let (hurt, blobs, bytes) = checked.await.map_err(|error| Failure::internal(error.to_string()))?;
    if hurt.is_empty() {
        let signed = signer.as_ref().map(|name| format!("  Signed by {name}.\n")).unwrap_or_default();
        let text = || format!("  {}: all {blobs} blobs are whole ({}).\n{signed}", file.display(), units::bytes(bytes));
        printer.facts(&json!({"file": file, "blobs": blobs, "bytes": bytes, "hurt": [], "signer": signer}), text);
        return Ok(0);
    }
    Err(Failure {
        kind: ExitKind::Image,
        messages: vec![format!("the bundle {} is damaged", file.display())],
        details: hurt.iter().map(line).collect(),
        hints: vec!["Copy it again from where you have it, or make it again with `backstack bundle create`.".into()],
    })
}

fn line(hurt: &Hurt) -> String {
    format!("{} (of {}): {}", hurt.digest, hurt.of.join(", "), hurt.what)
}

fn facts(bundle: &Bundle) -> serde_json::Value {
    let images = bundle.images().map(|image| {
        json!({"reference": image.reference, "architecture": image.architecture, "manifest": image.manifest.digest,
            "built": image.built.is_some()})
    });
    json!({"file": bundle.path, "bytes": bundle.size().ok(), "about": bundle.about, "signed": bundle.signature.is_some(),
        "images": images.collect::<Vec<_>>()})
}

fn shown(bundle: &Bundle) -> String {
    let about = &bundle.about;
    let size = bundle.size().map(units::bytes).unwrap_or_default();
    let mut text = format!(
        "{}  stack {}  for {}  {size}\nmade {} by backstack {}\n\n",
        bundle.path.display(),
        about.stack(),
        about.architectures.join(", "),
        about.created,
        about.made_by,
    );
    let is_for_several = about.architectures.len() > 1;
    for image in bundle.images() {
        let machine = if is_for_several { format!("  {}", image.architecture) } else { String::new() };
        let _ = writeln!(text, "  {}{machine}", image.reference);
    }
    let (images, files) = (units::count(bundle.images().count(), "image"), units::count(about.files.len(), "file"));
    let _ = writeln!(text, "\n  {images}, {files} of definitions, {} blobs", about.blobs);
    for one in &about.left_out {
        let _ = writeln!(text, "  left out: {one}");
    }
    if let Some(base) = &bundle.base {
        let _ = writeln!(text, "  it has what is new since {}", base.path.display());
    }
    if bundle.signature.is_some() {
        text += "  it is signed; `backstack bundle verify --signers FILE` says by whom\n";
    }
    if let Some(checkpoint) = bundle.checkpoint() {
        let _ = writeln!(text, "  platforms begin as at {}", checkpoint.reference);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!((size("2GiB"), size("700MB"), size("5")), (Ok(2 << 30), Ok(700_000_000), Ok(5)));
        for wrong in ["", "MB", "2 XB", "-1", "0", "99999999999GiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
