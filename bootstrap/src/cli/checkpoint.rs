//! `backstack checkpoint`

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::access::{self, TargetArgs};
use super::confirm;
use super::printer::Printer;
use super::up::checkpoint_here;
use crate::checkpoint::portable::registry;
use crate::checkpoint::{self, About, Portable, portable};
use crate::error::Failure;
use crate::report::units;
use crate::reset::{self, Difference};
use crate::target::local::Running;

/// Keep what the platform is at this moment, to come back to it: see `backstack reset`
///
/// A checkpoint has all objects of the cluster and the files of all volumes: orders, Git repositories, databases. It
/// does not have images. It lies in the platform's own nodes, and goes with them, unless it is exported.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack checkpoint create before-the-lab
  backstack checkpoint list
  backstack checkpoint show before-the-lab    what it has, and what differs now
  backstack checkpoint export before-the-lab lab.checkpoint   for another machine
  backstack checkpoint delete before-the-lab")]
pub(super) struct CheckpointArgs {
    #[command(subcommand)]
    command: CheckpointCommand,
}

#[derive(Debug, Subcommand)]
enum CheckpointCommand {
    /// Make a checkpoint while everything runs
    ///
    /// What has volumes stands still for a fraction of a second, so that its files fit together.
    #[command(after_help = "Examples:
  backstack checkpoint create before-the-lab
  backstack checkpoint create               a name is made of the date and the time")]
    Create {
        /// Lower-case letters, digits and dashes [default: date and time]
        #[arg(value_name = "NAME")]
        checkpoint: Option<String>,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// List the checkpoints of the platform, the oldest first
    #[command(after_help = "Examples:
  backstack checkpoint list
  backstack checkpoint list -o json | jq -r '.checkpoints[].name'")]
    List {
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Show what a checkpoint has, and what a reset to it would change
    #[command(after_help = "Examples:
  backstack checkpoint show                  the one that `up` made
  backstack checkpoint show before-the-lab")]
    Show {
        /// Which one
        #[arg(value_name = "NAME", default_value = checkpoint::INITIAL)]
        checkpoint: String,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Write a checkpoint to a file, or to a registry, for another machine
    ///
    /// There, `backstack up --checkpoint` makes the platform from it, and `backstack checkpoint import` takes later ones into that
    /// platform. It has the passwords of the platform and the key of its certificate authority: give it to those only who may
    /// have them.
    #[command(after_help = "Examples:
  backstack checkpoint export initial lab.checkpoint
  backstack checkpoint export before-the-lab oci://registry.example/team/lab:1")]
    Export {
        /// Which one
        #[arg(value_name = "NAME")]
        checkpoint: String,
        /// File to write, which must not be there; or an address in a registry, for which `docker login` counts
        #[arg(value_name = "FILE|oci://...")]
        to: PathBuf,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Take a checkpoint from a file, or from a registry, into the platform
    ///
    /// It is one of this platform, or of the one that this was made from. Nothing changes yet: `backstack reset --to` goes to it.
    #[command(after_help = "Examples:
  backstack checkpoint import lab.checkpoint
  backstack checkpoint import oci://registry.example/team/lab:2 --as lesson-2
  backstack reset --to lesson-2")]
    Import {
        /// File that `backstack checkpoint export` wrote, or an address
        #[arg(value_name = "FILE|URL|oci://...")]
        from: PathBuf,
        /// Another name for it here
        #[arg(long = "as", value_name = "NAME")]
        called: Option<String>,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Delete a checkpoint
    #[command(after_help = "Examples:
  backstack checkpoint delete before-the-lab
  backstack checkpoint delete before-the-lab --yes    without being asked")]
    Delete {
        /// Which one
        #[arg(value_name = "NAME")]
        checkpoint: String,
        #[command(flatten)]
        target: TargetArgs,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

impl CheckpointArgs {
    /// Whether the platform has other checkpoints afterwards.
    pub(super) fn changes(&self) -> bool {
        use CheckpointCommand::{Create, Delete, Export, Import, List, Show};
        match self.command {
            Create { .. } | Import { .. } | Delete { .. } => true,
            List { .. } | Show { .. } | Export { .. } => false,
        }
    }
}

pub(super) async fn run(args: &CheckpointArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    match &args.command {
        CheckpointCommand::Create { checkpoint, target } => {
            let checkpoint = checkpoint.clone().unwrap_or_else(now);
            checkpoint::check_name(&checkpoint)?;
            let place = access::running(name, &target.target()).await?;
            let about = checkpoint::create(&place, &checkpoint, false).await?;
            printer.facts(&about, || created(&about));
        }
        CheckpointCommand::List { target } => {
            let all = checkpoint::list(&access::running(name, &target.target()).await?).await?;
            printer.facts(&json!({"checkpoints": all}), || list(&all, OffsetDateTime::now_utc()));
        }
        CheckpointCommand::Show { checkpoint, target } => {
            let place = access::running(name, &target.target()).await?;
            let about = checkpoint::find(&place, checkpoint).await?;
            let since = reset::difference(&place, &about).await?;
            let shown = Shown { about, since };
            printer.facts(&shown, || shown.text());
        }
        CheckpointCommand::Export { checkpoint, to, target } => {
            export(&access::running(name, &target.target()).await?, checkpoint, to, printer).await?;
        }
        CheckpointCommand::Import { from, called, target } => {
            let file = checkpoint_here(from, printer).await?;
            let portable = Portable::open(&file)?;
            let place = access::running(name, &target.target()).await?;
            let about = portable::import(&place, &portable, called.as_deref().unwrap_or(&portable.about.name)).await?;
            printer.facts(&about, || {
                format!("  Checkpoint `{}` is here: `backstack reset --to {}` goes to it.\n", about.name, about.name)
            });
        }
        CheckpointCommand::Delete { checkpoint, target, yes } => {
            let place = access::running(name, &target.target()).await?;
            let about = checkpoint::find(&place, checkpoint).await?;
            let loses = format!("Checkpoint `{checkpoint}` of {} is lost; the platform stays as it is.", about.created);
            confirm::ask(*yes, "checkpoint delete", &loses)?;
            checkpoint::delete(&place, checkpoint).await?;
            printer.facts(&json!({"deleted": checkpoint}), || format!("  Deleted: checkpoint `{checkpoint}`\n"));
        }
    }
    Ok(0)
}

async fn export(place: &Running, name: &str, to: &Path, printer: &Printer) -> Result<(), Failure> {
    let about = checkpoint::find(place, name).await?;
    if !registry::is_address(to) {
        let exported = portable::export(place, &about, to).await?;
        printer.facts(&exported, || {
            let (file, size) = (to.display(), units::bytes(exported.bytes));
            format!(
                "  {file}: {size}. It has the passwords of the platform.\n  There: backstack up --checkpoint {file}\n"
            )
        });
        return Ok(());
    }
    let address = to.to_string_lossy();
    let reference = registry::parse(&address)?;
    let folder = tempfile::tempdir().map_err(|error| Failure::internal(format!("no temporary folder: {error}")))?;
    let file = folder.path().join("checkpoint");
    let exported = portable::export(place, &about, &file).await?;
    registry::push(&file, &reference).await?;
    printer.facts(&json!({"pushed": address, "checkpoint": name, "bytes": exported.bytes}), || {
        let size = units::bytes(exported.bytes);
        format!(
            "  {address}: {size}. It has the passwords of the platform.\n  There: backstack up --checkpoint {address}\n"
        )
    });
    Ok(())
}

/// A name of this moment, to the second.
pub(super) fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let (date, time) = (now.date(), now.time());
    format!(
        "{:04}-{:02}-{:02}-{:02}{:02}{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

fn created(about: &About) -> String {
    format!(
        "  Checkpoint `{}`: {}, {}, {}; volumes stood still for {:.0} ms.\n",
        about.name,
        units::count(about.count(), "object"),
        units::count(about.volumes, "volume"),
        units::bytes(about.bytes),
        about.frozen_seconds * 1000.0
    )
}

fn list(all: &[About], now: OffsetDateTime) -> String {
    if all.is_empty() {
        return "  There is no checkpoint: `backstack checkpoint create` makes one.\n".into();
    }
    let mut text = String::new();
    for about in all {
        let (count, size) = (units::count(about.count(), "object"), units::bytes(about.bytes));
        let _ =
            writeln!(text, "  {:<28} {:<16} {:<14} {:<13} {size}", about.name, age(about, now), about.stack(), count);
    }
    text
}

/// How long ago it was made.
fn age(about: &About, now: OffsetDateTime) -> String {
    match OffsetDateTime::parse(&about.created, &Rfc3339) {
        Ok(created) => format!("{} ago", units::elapsed((now - created).as_seconds_f64())),
        Err(_) => about.created.clone(),
    }
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    about: About,
    since: Difference,
}

impl Shown {
    fn text(&self) -> String {
        let about = &self.about;
        let mut text = format!("{}  made {}  stack {}\n", about.name, about.created, about.stack());
        let (volumes, nodes) = (units::count(about.volumes, "volume"), units::count(about.nodes.len(), "node"));
        let _ = writeln!(text, "{volumes} on {nodes}, {}\n", units::bytes(about.bytes));
        let _ = writeln!(text, "  {}:", units::count(about.count(), "object"));
        for (kind, count) in &about.objects {
            let _ = writeln!(text, "  {count:>6}  {kind}");
        }
        text.push('\n');
        text.push_str(&difference(&self.since, ["deleted since", "changed since", "made since"]));
        text
    }
}

/// What differs, a line for each way to differ.
pub(super) fn difference(difference: &Difference, [gone, changed, new]: [&str; 3]) -> String {
    let mut text = String::new();
    for (what, kinds) in [(gone, &difference.gone), (changed, &difference.changed), (new, &difference.new)] {
        if !kinds.is_empty() {
            let kinds: Vec<_> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            let _ = writeln!(text, "  {what}: {}", kinds.join(", "));
        }
    }
    match text.is_empty() {
        true => "  No object differs.\n".into(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> About {
        About {
            name: "before-the-lab".into(),
            created: "2026-01-02T03:04:05.678Z".into(),
            made_by: "0.1.0".into(),
            stack: "back".into(),
            stack_version: "0.1.0".into(),
            nodes: vec!["p-control-plane".into()],
            bytes: 12_300_000,
            volumes: 2,
            frozen_seconds: 0.3,
            objects: [("Pod".to_string(), 2), ("Secret".to_string(), 1)].into(),
            not_ready: Vec::new(),
            pods: Vec::new(),
            origin: None,
        }
    }

    #[test]
    fn a_checkpoint_is_told() {
        let now = OffsetDateTime::parse("2026-01-02T05:04:06Z", &Rfc3339).expect("a time");
        let told = list(&[about()], now);
        assert_eq!(told, "  before-the-lab               2 h 0 min ago    back 0.1.0     3 objects     12 MB\n");
        assert!(list(&[], now).contains("checkpoint create"));
        assert_eq!(
            created(&about()),
            "  Checkpoint `before-the-lab`: 3 objects, 2 volumes, 12 MB; volumes stood still for 300 ms.\n"
        );
        let since = Difference { changed: [("Secret".to_string(), 1)].into(), ..Difference::default() };
        let text = Shown { about: about(), since }.text();
        assert!(text.contains("       2  Pod\n") && text.ends_with("\n  changed since: 1 Secret\n"), "{text}");
        let nothing = difference(&Difference::default(), ["a", "b", "c"]);
        assert_eq!(nothing, "  No object differs.\n");
    }

    #[test]
    fn a_name_of_a_moment_is_one() {
        assert_eq!(checkpoint::check_name(&now()).ok(), Some(()));
    }
}
