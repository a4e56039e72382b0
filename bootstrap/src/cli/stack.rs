//! `backstack stack`

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::printer::Printer;
use super::stack_change::{self, AddArgs, RemoveArgs};
use crate::error::Failure;
use crate::stack::schema::{Format, schema};
use crate::stack::{Stack, StackSource};

/// Look at stacks, check one of your own, add components to a platform or remove them
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack stack list
  backstack stack check ./mine
  backstack stack add ./shop         a component of your own, on a platform that runs
  backstack stack remove shop
  backstack stack schema component > component.schema.json")]
pub(super) struct StackArgs {
    #[command(subcommand)]
    command: StackCommand,
}

#[derive(Debug, Subcommand)]
enum StackCommand {
    /// List the built-in stacks with their components
    #[command(after_help = "Examples:\n  backstack stack list -o json")]
    List,
    /// Check a stack and name every problem at once
    #[command(after_help = "Examples:\n  backstack stack check ./mine")]
    Check {
        /// Name of a built-in stack, or a folder
        #[arg(value_name = "NAME|DIR")]
        stack: String,
    },
    /// Print the JSON schema of a kind of file
    #[command(after_help = "Examples:\n  backstack stack schema stack")]
    Schema {
        /// The kind of file
        #[arg(value_enum, default_value_t = Kind::Stack)]
        kind: Kind,
    },
    Add(AddArgs),
    Remove(RemoveArgs),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// stack.yaml
    Stack,
    /// component.yaml
    Component,
    /// image.yaml
    Image,
}

impl StackArgs {
    /// Whether no platform is needed.
    pub(super) fn only_looks(&self) -> bool {
        !matches!(self.command, StackCommand::Add(_) | StackCommand::Remove(_))
    }

    /// Whether a platform is changed.
    pub(super) fn changes(&self) -> bool {
        match &self.command {
            StackCommand::Add(args) => !args.plan,
            StackCommand::Remove(args) => !args.plan,
            _ => false,
        }
    }
}

/// Changes a platform.
pub(super) async fn change(args: StackArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    match args.command {
        StackCommand::Add(args) => stack_change::add(args, name, printer).await,
        StackCommand::Remove(args) => stack_change::remove(&args, name, printer).await,
        _ => run(&args, printer),
    }
}

pub(super) fn run(args: &StackArgs, printer: &Printer) -> Result<u8, Failure> {
    match &args.command {
        StackCommand::List => list(printer),
        StackCommand::Check { stack } => check(stack, printer),
        StackCommand::Schema { kind } => {
            let format = match kind {
                Kind::Stack => Format::Stack,
                Kind::Component => Format::Component,
                Kind::Image => Format::Image,
            };
            printer.text(&schema(format));
            Ok(0)
        }
        StackCommand::Add(_) | StackCommand::Remove(_) => Ok(0),
    }
}

fn list(printer: &Printer) -> Result<u8, Failure> {
    let mut stacks = Vec::new();
    for name in Stack::builtin_names() {
        stacks.push(Stack::load(StackSource::Builtin(name))?);
    }
    let facts: Vec<_> = stacks.iter().map(facts).collect();
    printer.facts(&facts, || stacks.iter().map(text).collect());
    Ok(0)
}

fn check(name: &str, printer: &Printer) -> Result<u8, Failure> {
    let stack = Stack::load(StackSource::named(name))?;
    printer.facts(&facts(&stack), || format!("{}\nNo problem found.\n", text(&stack)));
    Ok(0)
}

fn facts(stack: &Stack) -> serde_json::Value {
    let components: Vec<_> = stack
        .components
        .iter()
        .map(|component| {
            let file = &component.file;
            json!({"name": file.name, "version": file.version, "description": file.description, "depends_on": file.depends_on})
        })
        .collect();
    json!({"name": stack.name, "version": stack.version, "description": stack.description, "components": components})
}

fn text(stack: &Stack) -> String {
    let mut text = format!("{} {}  {}\n", stack.name, stack.version, stack.description);
    for component in &stack.components {
        let file = &component.file;
        text.push_str(&format!("  {:<16} {:<10} {}\n", file.name, file.version, file.description));
    }
    text
}
