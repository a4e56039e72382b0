//! `backstack workshop`

use clap::{Args, Subcommand};
use serde_json::json;

use super::access;
use super::confirm;
use super::printer::Printer;
use crate::assistant::live::{LivePlatforms, Way};
use crate::error::{ExitKind, Failure};
use crate::kubernetes::credentials;
use crate::kubernetes::secrets::Secrets;
use crate::stack::ClusterSpec;
use crate::target::Target;
use crate::tools;
use crate::workshop::course::{Checked, Course, Standing};
use crate::workshop::learner::check_name;
use crate::workshop::platform::Platform;
use crate::workshop::solve::Told;
use crate::workshop::{self, LEARNER, Track};

mod told;

/// The course, step by step, on your platform: each step is checked, can be done for you, and can be begun again
///
/// How far you are is kept in the platform, with a checkpoint of the beginning of each step. It needs no network.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack workshop list               the tracks
  backstack workshop start              begin with the first one
  backstack workshop check              is this step done?
  backstack workshop next               the next step
  backstack workshop solve              do this step for me
  backstack workshop reset              back to the beginning of this step
  backstack workshop stop               take away what the course made
  backstack workshop start --learner ada   one of several learners on one platform

Exits with 4 if a check does not pass.")]
pub(super) struct WorkshopArgs {
    #[command(subcommand)]
    command: WorkshopCommand,
    /// Which of several learners on one platform this is: with an account, a namespace and progress of their own
    #[arg(long, global = true, value_name = "NAME", default_value = LEARNER, hide_default_value = true)]
    learner: String,
}

#[derive(Debug, Subcommand)]
enum WorkshopCommand {
    /// List the tracks
    #[command(after_help = "Examples:\n  backstack workshop list\n  backstack workshop list -o json")]
    List,
    /// Begin a track, with a checkpoint of how the platform is now
    #[command(after_help = "Examples:
  backstack workshop start
  backstack workshop start platform-engineer")]
    Start {
        /// Which track
        #[arg(value_name = "TRACK", default_value = workshop::FIRST)]
        track: String,
    },
    /// Show the step that you are at, or a whole track
    #[command(after_help = "Examples:
  backstack workshop show                    the step that you are at
  backstack workshop show developer          a track's steps
  backstack workshop show developer -o json  all that is known of them")]
    Show {
        /// Which track; the step that you are at if left out
        #[arg(value_name = "TRACK")]
        track: Option<String>,
    },
    /// Ask the platform whether the step is done, and wait for it as long as the step allows
    #[command(after_help = "Examples:
  backstack workshop check
  backstack workshop check --answer no-nginx
  backstack workshop check --now

Exits with 4 if it is not done.")]
    Check {
        /// The answer to the step's question
        #[arg(long, value_name = "TEXT")]
        answer: Option<String>,
        /// Look once, and do not wait
        #[arg(long)]
        now: bool,
    },
    /// Go on to the next step
    #[command(
        after_help = "Examples:\n  backstack workshop next\n  backstack workshop next --skip    although this one is not done"
    )]
    Next {
        /// Leave the step out that is not done
        #[arg(long)]
        skip: bool,
    },
    /// Do the step for you, and check it
    #[command(after_help = "Examples:\n  backstack workshop solve\n  backstack workshop next")]
    Solve,
    /// Bring the platform back to the beginning of the step
    #[command(after_help = "Examples:
  backstack workshop reset
  backstack workshop reset --yes    without being asked")]
    Reset {
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Take away what the course made: its checkpoints, and its record of how far you are
    ///
    /// What you made in its steps stays.
    #[command(after_help = "Examples:\n  backstack workshop stop")]
    Stop,
}

impl WorkshopArgs {
    /// Whether no platform is needed.
    pub(super) fn only_looks(&self) -> bool {
        matches!(self.command, WorkshopCommand::List | WorkshopCommand::Show { track: Some(_) })
    }

    /// Whether the platform is brought back.
    pub(super) fn resets(&self) -> bool {
        matches!(self.command, WorkshopCommand::Reset { .. })
    }
}

/// What needs no platform.
pub(super) fn look(args: &WorkshopArgs, printer: &Printer) -> Result<u8, Failure> {
    if let WorkshopCommand::Show { track: Some(track) } = &args.command {
        let track = workshop::find_for(track, &args.learner)?;
        printer.facts(&track, || told::track(&track));
        return Ok(0);
    }
    let tracks = workshop::tracks()?;
    printer.facts(&json!({"tracks": tracks.iter().map(summary).collect::<Vec<_>>()}), || told::list(&tracks));
    Ok(0)
}

fn summary(track: &Track) -> serde_json::Value {
    json!({"name": track.name, "title": track.title, "page": track.page, "as": track.user, "minutes": track.minutes,
        "steps": track.steps.len()})
}

pub(super) async fn run(args: WorkshopArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    // What was typed wrong is told before anything is asked.
    check_name(&args.learner)?;
    if let WorkshopCommand::Start { track } = &args.command {
        workshop::find_for(track, &args.learner)?;
    }
    let mut course = Course { platform: platform(name).await?, learner: args.learner };
    course.come_back().await?;
    match args.command {
        WorkshopCommand::Start { track } => {
            let track = workshop::find_for(&track, &course.learner)?;
            let account = course.let_in(&track).await?;
            let standing = course.start(track).await?;
            let mut facts = facts(&standing);
            if let Some(account) = &account {
                facts["account"] = json!(account);
                printer.people(|| told::account(account));
            }
            printer.facts(&facts, || told::step(&standing, &course.platform.url));
        }
        WorkshopCommand::Check { answer, now } => {
            let mut standing = course.standing().await?;
            let checked = course.check(&mut standing, answer.as_deref(), !now).await?;
            return Ok(judged(&checked, &standing, printer));
        }
        WorkshopCommand::Next { skip } => {
            let standing = course.next(course.standing().await?, skip).await?;
            shown(&course, &standing, printer);
        }
        WorkshopCommand::Solve => {
            let mut standing = course.standing().await?;
            let hear = |bytes: &[u8], _: bool| printer.said(bytes, true);
            let tell = |text: &str| printer.said(format!("  {text}\n").as_bytes(), true);
            let checked = course.solve(&mut standing, Told { hear: &hear, tell: &tell }).await?;
            return Ok(judged(&checked, &standing, printer));
        }
        WorkshopCommand::Reset { yes } if course.is_alone() => reset(&course, yes, printer).await?,
        WorkshopCommand::Reset { yes } => {
            let standing = course.standing().await?;
            confirm::ask(yes, "workshop reset", &told::loses_own(&standing))?;
            let hear = |bytes: &[u8], _: bool| printer.said(bytes, true);
            let tell = |text: &str| printer.said(format!("  {text}\n").as_bytes(), true);
            let standing = course.reset_own(standing, Told { hear: &hear, tell: &tell }).await?;
            shown(&course, &standing, printer);
        }
        WorkshopCommand::Stop => {
            let gone = course.stop().await?;
            printer.facts(&json!({"deleted": gone}), || told::stopped(&gone));
        }
        WorkshopCommand::List | WorkshopCommand::Show { .. } => shown(&course, &course.standing().await?, printer),
    }
    Ok(0)
}

/// The step that somebody is at.
fn shown(course: &Course, standing: &Standing, printer: &Printer) {
    printer.facts(&facts(standing), || told::step(standing, &course.platform.url));
}

fn facts(standing: &Standing) -> serde_json::Value {
    json!({"progress": standing.progress, "number": standing.number, "steps": standing.track.steps.len(), "done": standing.is_done(),
        "checkpoint": standing.checkpoint(), "step": standing.step()})
}

/// What a check found, and its exit code.
fn judged(checked: &Checked, standing: &Standing, printer: &Printer) -> u8 {
    let next = standing.next().map(|next| json!({"id": next.id, "title": next.title, "minutes": next.minutes}));
    let facts = json!({"track": standing.track.name, "step": standing.step().id, "passed": checked.passed, "checks": checked.said,
        "checkpoint": checked.checkpoint, "next": next});
    printer.facts(&facts, || told::checked(checked, standing));
    if checked.passed { 0 } else { ExitKind::Timeout.code() }
}

async fn reset(course: &Course, yes: bool, printer: &Printer) -> Result<(), Failure> {
    let standing = course.standing().await?;
    let about = course.beginning(&standing).await?;
    confirm::ask(yes, "workshop reset", &told::loses(&standing, &about.created))?;
    let reporter = printer.reporter();
    let back = course.reset(standing, &about, reporter.clone()).await;
    drop(reporter);
    let (standing, done) = back?;
    printer.event(json!({"event": "reset", "summary": done}));
    printer.people(|| format!("\n{}", told::step(&standing, &course.platform.url)));
    Ok(())
}

/// A platform of our own that runs, with all that the course asks it by.
async fn platform(name: &str) -> Result<Platform, Failure> {
    let place = access::running(name, &Target::Local).await?;
    let client = &place.client;
    let record = place.record().await?;
    let stack = access::stack(&record)?;
    let mut found = Vec::new();
    for component in &stack.components {
        found.extend(credentials::read(client, &component.file.namespace, &component.file.credentials).await?);
    }
    let ca = Secrets::new(client.clone(), name, "localhost").ca_pem().await?.unwrap_or_default();
    let programs =
        tools::declared(&ClusterSpec::load()?, Some(&stack)).into_iter().map(|program| program.name).collect();
    let platforms = LivePlatforms::only(name, Way::Containers).into();
    Ok(Platform { url: record.url, ca, credentials: found, programs, platforms, place })
}
