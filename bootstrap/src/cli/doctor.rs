//! `backstack doctor`

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::printer::Printer;
use super::up::{ClusterArgs, WishArgs, with_files_here};
use crate::doctor::collect::{self, Collected, Reports};
use crate::doctor::report::{self, Destination, Report};
use crate::doctor::{self, Check, Verdict};
use crate::error::{ExitKind, Failure};
use crate::report::units;
use crate::target::Target;
use crate::up::{self, UpRequest};

/// Check every prerequisite, all at once, each failure with its fix
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  backstack doctor
  backstack doctor --images source     also the tools that build images
  backstack doctor --context prod      a cluster that you have, in place of this machine's engine
  backstack doctor -o json | jq '.[] | select(.verdict == \"failed\")'
  backstack doctor --report http://192.168.1.5:8600    also on the teacher's page
  backstack doctor collect reports --listen 0.0.0.0:8600    that page")]
pub(super) struct DoctorArgs {
    #[command(subcommand)]
    command: Option<DoctorCommand>,
    #[command(flatten)]
    target: ClusterArgs,
    #[command(flatten)]
    wishes: WishArgs,
    /// Also write what was found to a file, or send it to the page of `backstack doctor collect`
    #[arg(long, value_name = "FILE|URL")]
    report: Option<String>,
    /// With --report: name of this machine for people [default: its host name]
    #[arg(long = "as", value_name = "NAME", requires = "report")]
    machine: Option<String>,
}

#[derive(Debug, Subcommand)]
enum DoctorCommand {
    /// Show the reports of many machines, the worst first; with --listen receive them too
    ///
    /// Each machine has one file in the folder, and a later report takes the place of an earlier one. Files that came
    /// by mail count too. Everybody who can reach the address sees the page.
    #[command(after_help = "Examples:
  backstack doctor collect reports                            what is in the folder
  backstack doctor collect reports --listen 0.0.0.0:8600      and a page that takes more
  backstack doctor --report http://192.168.1.5:8600           on each of the machines")]
    Collect {
        /// Folder of the reports
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// Receive reports at this address, and show all of them there
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<SocketAddr>,
    },
}

pub(super) async fn run(mut args: DoctorArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    match args.command.take() {
        Some(DoctorCommand::Collect { folder, listen: Some(listen) }) => receive(folder, listen, printer).await,
        Some(DoctorCommand::Collect { folder, listen: None }) => {
            let collected = collect::read(folder)?;
            printer.facts(&collected, || shown(&collected));
            Ok(0)
        }
        None => check(args, name, printer).await,
    }
}

async fn check(args: DoctorArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    // What is wrong with the command itself is told before anything is looked at.
    let destination = match &args.report {
        Some(text) => Some((Destination::of(text)?, report::machine(args.machine.as_deref())?)),
        None => None,
    };
    let found = checks(args.target, args.wishes, name, printer).await;
    let told = match &found {
        Ok(checks) => {
            printer.facts(checks, || doctor::show(checks));
            checks.clone()
        }
        // Wrong words are the user's to mend; whatever else kept this machine from being looked at is for the teacher.
        Err(failure) if failure.kind == ExitKind::Usage => return Err(found.expect_err("it failed")),
        Err(failure) => vec![report::of_failure(failure)],
    };
    if let Some((destination, machine)) = destination {
        destination.take(&Report::of(machine.clone(), &told)).await?;
        printer.people(|| format!("  Reported as `{machine}`: {destination}\n"));
    }
    Ok(if doctor::has_failed(&found?) { ExitKind::Prerequisite.code() } else { 0 })
}

async fn checks(target: ClusterArgs, wishes: WishArgs, name: &str, printer: &Printer) -> Result<Vec<Check>, Failure> {
    let (wishes, config) = wishes.split();
    let wishes = target.over(with_files_here(wishes, printer).await?);
    let request = UpRequest {
        name: name.into(),
        wishes,
        config,
        skip_checks: true,
        only_look: true,
        target: Target::of(target.context),
        add: None,
        as_it_is: false,
    };
    up::check(request).await
}

async fn receive(folder: PathBuf, listen: SocketAddr, printer: &Printer) -> Result<u8, Failure> {
    let reports = Reports::in_folder(folder)?;
    let door = Reports::open(listen).await?;
    let addresses = door.addresses.clone();
    printer.facts(&json!({"addresses": addresses}), || {
        let picture = door.picture().unwrap_or_default();
        let lines: String = addresses.iter().map(|address| format!("  {address}\n")).collect();
        format!("{picture}\n{lines}\n  backstack doctor --report {}\n\n  Ctrl-C ends it.\n", addresses[0])
    });
    reports.run(door).await;
    Ok(0)
}

fn shown(collected: &Collected) -> String {
    let (failed, warned, well) = collected.totals();
    let machines = units::count(collected.machines.len(), "machine");
    let mut text = format!("  {machines}: {failed} cannot run it, {warned} with warnings, {well} ready\n");
    for row in &collected.machines {
        let mark = match (row.failed, row.warnings) {
            (0, 0) => "✔",
            (0, _) => "!",
            _ => "✘",
        };
        let _ = writeln!(text, "  {mark} {}", row.report.machine);
        for line in row.report.checks.iter().filter(|line| line.verdict != Verdict::Ok) {
            let mark = if line.verdict == Verdict::Failed { "✘" } else { "!" };
            // What came from elsewhere must not move the cursor.
            let line = format!("      {mark} {:<13} {}", line.name, line.found);
            text.extend(line.chars().filter(|letter| !letter.is_control()));
            text.push('\n');
        }
    }
    for one in &collected.unread {
        let _ = writeln!(text, "  not read: {one}");
    }
    text
}
