//! The terminal that this process has, if both of its ends are one.

use std::io::IsTerminal;

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub rows: u16,
    pub columns: u16,
}

#[cfg(unix)]
mod unix {
    use std::io::{stdin, stdout};

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{IsTerminal, Size};

    impl Size {
        /// Of this process's terminal; none if what goes in or out is not one.
        pub(in super::super) fn of_terminal() -> Option<Self> {
            if !stdin().is_terminal() || !stdout().is_terminal() {
                return None;
            }
            let size = tcgetwinsize(stdout()).ok()?;
            Some(Self { rows: size.ws_row, columns: size.ws_col })
        }
    }

    /// Every key goes to the program, the one that interrupts too, until this is dropped.
    pub(in super::super) struct Raw {
        before: Option<Termios>,
    }

    impl Raw {
        pub(in super::super) fn begin() -> Self {
            let before = tcgetattr(stdin()).ok();
            if let Some(mut raw) = before.clone() {
                raw.make_raw();
                let _ = tcsetattr(stdin(), OptionalActions::Now, &raw);
            }
            Self { before }
        }
    }

    impl Drop for Raw {
        fn drop(&mut self) {
            if let Some(before) = &self.before {
                let _ = tcsetattr(stdin(), OptionalActions::Drain, before);
            }
        }
    }

    /// Tells how large the terminal is: at once, and whenever that changes.
    pub(in super::super) struct Resized {
        first: Option<Size>,
        changes: Option<Signal>,
    }

    impl Resized {
        pub(in super::super) fn watch(size: Option<Size>) -> Self {
            let changes = size.and_then(|_| signal(SignalKind::window_change()).ok());
            Self { first: size, changes }
        }

        /// The next size; never without a terminal.
        pub(in super::super) async fn next(&mut self) -> Size {
            if let Some(first) = self.first.take() {
                return first;
            }
            loop {
                match &mut self.changes {
                    Some(changes) => drop(changes.recv().await),
                    None => std::future::pending().await,
                }
                if let Some(size) = Size::of_terminal() {
                    return size;
                }
            }
        }
    }
}

#[cfg(unix)]
pub(super) use unix::{Raw, Resized};
