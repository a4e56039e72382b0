//! `backstack upgrade`

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::access::TargetArgs;
use super::confirm;
use super::printer::Printer;
use super::stack_change::flags;
use crate::error::Failure;
use crate::plan;
use crate::report::units;
use crate::settings::{ImageSource, UpWishes};
use crate::up::{Outcome, Ready};
use crate::upgrade::{self, Changes, Request, show};

/// Bring a platform to the stack of this program, with a plan and a way back
///
/// For a platform that an older backstack made, or whose stack's files have changed. It keeps its stack, settings, parameters and
/// changes. What changes is shown first; then a checkpoint is made, and what `up` does is done. Cut off, the same command goes on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack upgrade --plan                  what would change; nothing is touched
  backstack upgrade
  backstack upgrade --yes                   without being asked
  backstack upgrade --bundle back.bundle    from one file, without any network
  backstack reset --to before-upgrade-0-1-0
                                            the way back, as `upgrade` tells it")]
pub(super) struct UpgradeArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Where images come from [default: as the platform's]
    #[arg(long, env = "BACKSTACK_IMAGES", value_enum)]
    images: Option<ImageSource>,
    /// File that all images come from, made by `backstack bundle create`; nothing is fetched from anywhere
    #[arg(long, env = "BACKSTACK_BUNDLE", value_name = "FILE|URL", conflicts_with = "images")]
    bundle: Option<PathBuf>,
    /// Show what would change and stop
    #[arg(long)]
    pub(super) plan: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Go on although the platform is newer than this program, or than its stack's files
    #[arg(long)]
    downgrade: bool,
    /// Go on although `backstack doctor` found problems
    #[arg(long)]
    skip_checks: bool,
}

pub(super) async fn run(args: UpgradeArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let flags = flags(name, &args.target);
    let target = args.target.target();
    let platform = target.connect().await?.known(name).await?;
    let wishes = UpWishes { bundle: args.bundle, ..UpWishes::default() };
    let request = Request {
        name: name.into(),
        images: args.images,
        bundle: super::up::with_files_here(wishes, printer).await?.bundle,
        skip_checks: args.skip_checks,
        downgrade: args.downgrade,
        only_look: args.plan,
    };
    let mut upgrade = upgrade::prepare(request, target, platform).await?;
    let (changes, images) = (upgrade.changes.clone(), plan::open_images(&upgrade.prepared.plan));
    let facts =
        json!({"nothing_to_do": changes.is_nothing(), "changes": changes, "images": upgrade.prepared.image_facts()});
    if changes.is_nothing() {
        printer.facts(&facts, || show::nothing(&changes));
        return Ok(0);
    }
    if args.plan {
        printer.facts(&facts, || show::show(&changes, &images));
        return Ok(0);
    }
    printer.people(|| format!("{}\n", show::show(&changes, &images)));
    confirm::ask(args.yes, "upgrade", &show::question(&changes))?;
    let reporter = printer.reporter();
    let outcome = upgrade.run(reporter.clone()).await;
    drop(reporter);
    match outcome? {
        Outcome::Ready(ready) => {
            printer.event(json!({"event": "upgraded", "changes": changes, "summary": ready}));
            printer.people(|| text(&ready, &changes, &flags));
            Ok(0)
        }
        Outcome::Failed(failures) => super::up::failed(failures, printer),
    }
}

fn text(ready: &Ready, changes: &Changes, flags: &str) -> String {
    let mut text = format!(
        "\n  Upgraded in {}: {} {}. {}\n\n",
        units::duration(ready.seconds),
        changes.stack,
        changes.to.stack,
        ready.images
    );
    let mut rows = vec![(format!("backstack status{flags}"), "what runs, and where")];
    if let (Some(command), Some(checkpoint)) = (changes.way_back(), &changes.checkpoint) {
        rows.push((command, "the way back"));
        rows.push((format!("backstack checkpoint delete {checkpoint}{flags}"), "when no way back is needed any more"));
    }
    let width = rows.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, what) in rows {
        let _ = writeln!(text, "  {command:<width$}  {what}");
    }
    text
}
