//! How the examples that build images talk to people.

use backstack::error::Failure;
use backstack::report::{Event, Reporter};

/// Tells what is done, a line each.
pub(crate) struct Lines;

impl Reporter for Lines {
    fn report(&self, event: Event) {
        if let Event::Detail { subject, detail } = event {
            eprintln!("{subject}: {detail}");
        }
    }
}

/// Tells why it failed, and ends the program with the exit code of that.
pub(crate) fn end_with(result: Result<(), Failure>) {
    let Err(failure) = result else { return };
    eprintln!("error: {failure}");
    for line in failure.details.iter().chain(&failure.hints) {
        eprintln!("  {line}");
    }
    std::process::exit(failure.kind.code().into());
}
