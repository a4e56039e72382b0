//! `backstack reset`

use clap::Args;
use serde_json::json;

use super::access::{self, TargetArgs};
use super::checkpoint::difference;
use super::confirm;
use super::printer::Printer;
use super::stack_change::flags;
use crate::checkpoint::{self, About};
use crate::error::Failure;
use crate::report::units;
use crate::reset::{self, Done};

/// Bring the platform back to a checkpoint
///
/// What was made since goes, what was deleted or changed since comes back, with the data of then: objects, Git
/// repositories, databases. Images that were pushed stay. The Kubernetes API answers all the time. Cut off, the same
/// command completes it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack reset                          as it was right after `up`
  backstack reset --to before-the-lab      as it was at that checkpoint
  backstack reset --yes                    without being asked
  backstack checkpoint show                what a reset would change")]
pub(super) struct ResetArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Which checkpoint
    #[arg(long, value_name = "NAME", default_value = checkpoint::INITIAL)]
    to: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn run(args: &ResetArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let place = access::running(name, &args.target.target()).await?;
    let about = checkpoint::find(&place, &args.to).await?;
    confirm::ask(args.yes, "reset", &loses(name, &about))?;
    let reporter = printer.reporter();
    let done = reset::told(&place, &about, reporter.clone()).await;
    drop(reporter);
    let done = done?;
    printer.event(json!({"event": "reset", "summary": done}));
    printer.people(|| text(&done, &flags(name, &args.target)));
    Ok(0)
}

fn loses(name: &str, about: &About) -> String {
    format!(
        "Platform `{name}` goes back to checkpoint `{}` of {}, with stack {}: whatever was made or changed in it since is lost, in the \
         cluster, in Git and in databases.",
        about.name,
        about.created,
        about.stack()
    )
}

fn text(done: &Done, flags: &str) -> String {
    format!(
        "\n  Back at checkpoint `{}` in {}, everything is ready.\n\n{}\n  {:<34} what runs, and where\n",
        done.checkpoint,
        units::duration(done.seconds),
        difference(&done.difference, ["came back", "as before", "gone"]),
        format!("backstack status{flags}"),
    )
}
