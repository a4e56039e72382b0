//! The `backstack` program: maps what happened to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    backstack::cli::main(std::env::args_os())
}
