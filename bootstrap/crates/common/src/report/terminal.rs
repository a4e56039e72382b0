//! The live view: what is finished scrolls up, what is going on stays below and moves.
//!
//! [`super::frame`] makes the text; this module only paints it, ten times a second.

use std::fmt;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::frame::{self, Look, Size};
use super::state::State;
use super::{Event, Reporter};

const TICK: Duration = Duration::from_millis(100);

/// Draws on a terminal until it is dropped; then the live part is gone and the finished lines stay.
pub struct Terminal {
    inner: Arc<Mutex<Inner>>,
    stop: Option<Sender<()>>,
    ticker: Option<JoinHandle<()>>,
}

struct Inner {
    state: State,
    start: Instant,
    ticks: usize,
    bar: ProgressBar,
    look: Look,
    size: Box<dyn Fn() -> Size + Send>,
}

impl Terminal {
    /// Draws to `target`; `size` is asked before every frame, because windows change.
    pub fn new(target: ProgressDrawTarget, look: Look, size: impl Fn() -> Size + Send + 'static) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(ProgressStyle::with_template("{msg}").expect("the template is a constant"));
        let inner = Inner { state: State::default(), start: Instant::now(), ticks: 0, bar, look, size: Box::new(size) };
        let inner = Arc::new(Mutex::new(inner));
        let weak = Arc::downgrade(&inner);
        let (stop, stopped) = channel();
        let tick = move || while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) && paint(&weak) {};
        // Without the ticker the view still changes with every event.
        let ticker = std::thread::Builder::new().name("terminal".into()).spawn(tick).ok();
        Self { inner, stop: Some(stop), ticker }
    }

    /// Draws on standard error, in the manner its environment asks for.
    pub fn stderr() -> Self {
        let term = Term::buffered_stderr();
        let look = Look::from_env(|name| std::env::var(name).ok());
        let sized = term.clone();
        Self::new(ProgressDrawTarget::term(term, 20), look, move || {
            let (rows, columns) = sized.size();
            Size { rows: rows.into(), columns: columns.into() }
        })
    }
}

fn paint(inner: &Weak<Mutex<Inner>>) -> bool {
    let Some(inner) = inner.upgrade() else { return false };
    let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
    inner.ticks += 1;
    inner.draw();
    true
}

impl Inner {
    fn draw(&self) {
        let now = self.start.elapsed().as_secs_f64();
        let lines = frame::live(&self.state, now, self.ticks, (self.size)(), &self.look);
        self.bar.set_message(lines.join("\n"));
        self.bar.tick();
    }
}

impl Reporter for Terminal {
    fn report(&self, event: Event) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = inner.start.elapsed().as_secs_f64();
        inner.state.apply(&event, now);
        if let Some(line) = frame::lasting(&event, &inner.state, (inner.size)(), &inner.look) {
            // The live part first, so that a finished subject is not seen twice.
            inner.draw();
            inner.bar.println(line);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(ticker) = self.ticker.take() {
            drop(ticker.join());
        }
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).bar.finish_and_clear();
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terminal")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::state::tests::{finished, phase};
    use crate::report::{Outcome, Phase};
    use indicatif::TermLike;
    use std::io;

    const COLUMNS: usize = 80;

    /// A screen as indicatif expects it: a full line goes on in the next one.
    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<Grid>>);

    #[derive(Debug, Default)]
    struct Grid {
        rows: Vec<Vec<char>>,
        row: usize,
        column: usize,
    }

    impl Grid {
        fn line(&mut self) -> &mut Vec<char> {
            let rows = self.rows.len().max(self.row + 1);
            self.rows.resize(rows, vec![' '; COLUMNS]);
            &mut self.rows[self.row]
        }

        fn put(&mut self, char: char) {
            if char == '\r' {
                self.column = 0;
                return;
            }
            if self.column == COLUMNS || char == '\n' {
                (self.row, self.column) = (self.row + 1, 0);
            }
            if char != '\n' {
                let column = self.column;
                self.line()[column] = char;
                self.column += 1;
            }
        }
    }

    impl Screen {
        fn with(&self, change: impl FnOnce(&mut Grid)) -> io::Result<()> {
            change(&mut self.0.lock().expect("not poisoned"));
            Ok(())
        }

        fn text(&self) -> Vec<String> {
            let grid = self.0.lock().expect("not poisoned");
            let lines = grid.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_string());
            lines.filter(|line| !line.is_empty()).collect()
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            COLUMNS as u16
        }
        fn move_cursor_up(&self, n: usize) -> io::Result<()> {
            self.with(|grid| grid.row = grid.row.saturating_sub(n))
        }
        fn move_cursor_down(&self, n: usize) -> io::Result<()> {
            self.with(|grid| grid.row += n)
        }
        fn move_cursor_right(&self, n: usize) -> io::Result<()> {
            self.with(|grid| grid.column += n)
        }
        fn move_cursor_left(&self, n: usize) -> io::Result<()> {
            self.with(|grid| grid.column = grid.column.saturating_sub(n))
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.with(|grid| text.chars().chain(['\n']).for_each(|char| grid.put(char)))
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.with(|grid| text.chars().for_each(|char| grid.put(char)))
        }
        fn clear_line(&self) -> io::Result<()> {
            self.with(|grid| {
                grid.line().fill(' ');
                grid.column = 0;
            })
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn finished_lines_stay_and_the_live_part_goes() {
        let screen = Screen::default();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let terminal = Terminal::new(target, Look { color: false, unicode: true }, || Size { rows: 24, columns: 80 });
        terminal.report(phase("cluster", Phase::Starting));
        terminal.report(phase("shop", Phase::Images));
        terminal.report(finished("cluster", Outcome::Created, "one node", 16.0));
        let live = screen.text();
        assert_eq!(live.len(), 2, "{live:?}");
        assert!(live[0].starts_with("  ✔ cluster") && live[1].contains("shop"), "{live:?}");
        drop(terminal);
        let left = screen.text();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].starts_with("  ✔ cluster"), "{left:?}");
    }
}
