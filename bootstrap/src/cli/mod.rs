//! The command line: what was typed, one file a command.
//!
//! The doc comments on the arguments are the help. Facts go to stdout, everything else to stderr.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use tokio::runtime::Runtime;

use crate::docker::names;
use crate::error::{ExitKind, Failure};
use crate::log;
use crate::settings::{DEFAULT_NAME, SettingsError};

mod access;
mod api;
mod ask;
mod bundle;
mod ca;
mod checkpoint;
mod completions;
mod confirm;
mod credentials;
mod diagnose;
mod doctor;
#[cfg(test)]
mod documented;
mod down;
mod man;
mod mcp;
mod mcp_call;
mod mcp_install;
mod power;
mod printer;
mod render;
mod reset;
mod stack;
mod stack_change;
mod status;
mod stdout;
mod summary;
mod support_bundle;
mod tools;
mod trust;
mod up;
mod upgrade;
mod workshop;

use printer::Printer;

/// A whole internal developer platform on your own machine, with one command.
#[derive(Debug, Parser)]
#[command(name = "backstack", version, max_term_width = 100)]
#[command(after_help = "Examples:
  backstack up                    make the platform, or go on where it stopped
  backstack up --plan             show what that would do
  backstack status                what runs, and where
  backstack reset                 everything as it was right after `up`
  backstack down                  take it all away

Exit codes: 0 done, 1 internal error, 2 wrong usage or file, 3 the machine lacks something,
4 not ready in time, 5 engine or cluster fault, 6 an image cannot be had, 130 interrupted.")]
pub struct Args {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, clap::Args)]
struct Global {
    /// Name of the platform, for several side by side
    #[arg(long, global = true, env = "BACKSTACK_NAME", default_value = DEFAULT_NAME)]
    name: String,
    /// How facts are printed
    #[arg(long, short, global = true, env = "BACKSTACK_OUTPUT", value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    log: Log,
}

/// What is shown of the log.
#[derive(Debug, clap::Args)]
struct Log {
    /// Log to stderr: what is done, requests to the engine and to registries; -vv: to the API server too
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Log to stderr by a filter, as `backstack=debug,kube=info`
    #[arg(long = "log", global = true, env = "BACKSTACK_LOG", value_name = "FILTER", value_parser = log::filter)]
    filter: Option<log::Filter>,
}

/// How facts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For programs; `up` gives one event a line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(Box<up::UpArgs>),
    Status(status::StatusArgs),
    Diagnose(diagnose::DiagnoseArgs),
    Doctor(Box<doctor::DoctorArgs>),
    Credentials(credentials::CredentialsArgs),
    Ca(ca::CaArgs),
    Bundle(bundle::BundleArgs),
    Trust(trust::TrustArgs),
    Untrust(trust::UntrustArgs),
    Checkpoint(checkpoint::CheckpointArgs),
    Reset(reset::ResetArgs),
    Upgrade(upgrade::UpgradeArgs),
    Stop(power::StopArgs),
    Pause(power::PauseArgs),
    Start(power::StartArgs),
    Down(down::DownArgs),
    Exec(tools::ExecArgs),
    Tools(tools::ToolsArgs),
    SupportBundle(support_bundle::SupportBundleArgs),
    Stack(stack::StackArgs),
    Api(api::ApiArgs),
    Workshop(workshop::WorkshopArgs),
    Mcp(Box<mcp::McpArgs>),
    Catalog(ask::CatalogArgs),
    Docs(ask::DocsArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Args {
    /// What keeps a log: a command that changes something, and the platform that it changes.
    fn logged(&self) -> Option<(log::Command, &str)> {
        let command = match &self.command {
            Command::Up(args) if !args.only_looks() => log::Command::Up,
            Command::Down(_) => log::Command::Down,
            Command::Reset(_) => log::Command::Reset,
            Command::Workshop(args) if args.resets() => log::Command::Reset,
            Command::Stack(args) if args.changes() => log::Command::Stack,
            Command::Upgrade(args) if !args.plan => log::Command::Upgrade,
            Command::Checkpoint(args) if args.changes() => log::Command::Checkpoint,
            Command::Stop(_) | Command::Pause(_) | Command::Start(_) => log::Command::Power,
            Command::Api(_) => log::Command::Api,
            _ => return None,
        };
        // A name that is none is refused later, and must not become a path before.
        names::name_problem(&self.global.name).is_none().then_some((command, &self.global.name))
    }
}

/// Runs the program with these arguments.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(ExitKind::Usage.code());
            let printer = Printer::new(Output::Text);
            // Help and version are answers, not errors. On a terminal, clap gives them colours.
            if error.use_stderr() || std::io::stdout().is_terminal() {
                drop(error.print());
            } else {
                printer.text(&error.render().to_string());
            }
            return ExitCode::from(printer.ended(code));
        }
    };
    let Log { verbose, filter } = &args.global.log;
    let shown = log::Shown { verbose: *verbose, filter: filter.as_ref().and_then(log::Filter::targets) };
    let file = log::start(&shown, args.logged());
    let printer = Printer::new(args.global.output).with_log(file, shown.any());
    let code = dispatch(args, &printer).unwrap_or_else(|failure| {
        printer.failure(&failure);
        failure.kind.code()
    });
    ExitCode::from(printer.ended(code))
}

/// Ctrl-C, or what a service manager sends.
async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    drop(tokio::signal::ctrl_c().await);
}

/// How long work may take to notice that it was told to stop.
const NOTICE: Duration = Duration::from_secs(3);

/// Does work until it ends or is told to stop. Work that is held up by the system (it reads a pipe into which nobody
/// writes) cannot notice; then the program ends without it.
fn until_told_to_stop<T>(
    runtime: &Runtime,
    output: Output,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let (working, mut ended) = tokio::sync::oneshot::channel::<()>();
    runtime.spawn(async move {
        tokio::select! {
            _ = &mut ended => return,
            () = told_to_stop() => {}
        }
        if tokio::time::timeout(NOTICE, ended).await.is_err() {
            Printer::new(output).failure(&Failure::interrupted());
            std::process::exit(ExitKind::Interrupted.code().into());
        }
    });
    let result = runtime.block_on(async {
        tokio::select! {
            result = work => result,
            () = told_to_stop() => Err(Failure::interrupted()),
        }
    });
    drop(working);
    result
}

/// What asynchronous work runs on, ready to speak TLS.
fn runtime() -> Result<Runtime, Failure> {
    crate::tls::install();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::internal(format!("cannot start the runtime: {error}")))
}

/// Commands that only print need no runtime, and answer at once.
fn dispatch(args: Args, printer: &Printer) -> Result<u8, Failure> {
    let Args { global, command } = args;
    match command {
        Command::Completions(args) => return Ok(completions::run(&args, &mut Args::command(), printer)),
        Command::Man(args) => return man::run(&args, Args::command(), printer),
        Command::Stack(args) if args.only_looks() => return stack::run(&args, printer),
        Command::Workshop(args) if args.only_looks() => return workshop::look(&args, printer),
        Command::Mcp(args) => return mcp::run(*args, &global.name, global.output, printer),
        _ => {}
    }
    let (runtime, output) = (runtime()?, global.output);
    let result = until_told_to_stop(&runtime, output, run(global, command, printer));
    // What was dropped above is cleaned up by its owners; nothing else is worth waiting for.
    runtime.shutdown_timeout(Duration::from_secs(2));
    result
}

async fn run(global: Global, command: Command, printer: &Printer) -> Result<u8, Failure> {
    let name = &global.name;
    if let Some(why) = names::name_problem(name) {
        return Err(SettingsError::Name { value: name.clone(), why }.into());
    }
    match command {
        Command::Up(args) => up::run(*args, name, printer).await,
        Command::Status(args) => status::run(&args, name, printer).await,
        Command::Diagnose(args) => diagnose::run(&args, name, printer).await,
        Command::Doctor(args) => doctor::run(*args, name, printer).await,
        Command::Credentials(args) => credentials::run(&args, name, printer).await,
        Command::Ca(args) => ca::run(&args, name, printer).await,
        Command::Bundle(args) => bundle::run(args, name, printer).await,
        Command::Trust(args) => trust::trust(&args, name, printer).await,
        Command::Untrust(args) => trust::untrust(&args, name, printer).await,
        Command::Checkpoint(args) => checkpoint::run(&args, name, printer).await,
        Command::Reset(args) => reset::run(&args, name, printer).await,
        Command::Upgrade(args) => upgrade::run(args, name, printer).await,
        Command::Stop(args) => power::stop(&args, name, printer).await,
        Command::Pause(args) => power::pause(&args, name, printer).await,
        Command::Start(args) => power::start(&args, name, printer).await,
        Command::Down(args) => down::run(&args, name, printer).await,
        Command::Exec(args) => tools::exec(&args, name, printer).await,
        Command::Tools(args) => tools::copy(&args, name, printer).await,
        Command::SupportBundle(args) => support_bundle::run(args, name, printer).await,
        Command::Stack(args) => stack::change(args, name, printer).await,
        Command::Api(args) => api::run(args, name, printer).await,
        Command::Workshop(args) => workshop::run(args, name, printer).await,
        Command::Catalog(args) => ask::catalog(&args, printer).await,
        Command::Docs(args) => ask::docs(&args, printer).await,
        Command::Completions(_) | Command::Man(_) | Command::Mcp(_) => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        for command in Args::command().get_subcommands() {
            let shown = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(shown.contains("Examples:"), "{} has no examples", command.get_name());
        }
    }
}
