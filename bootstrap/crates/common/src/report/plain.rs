//! Plain lines, for logs and pipes: one line per change of state, with the seconds since the start.
//!
//! What a subject is doing changes all the time; it is told at most every [`DETAIL_SECONDS`], and
//! only if it changed. A small thread tells the last one even if no further event comes.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::state::{Stage, State, headline, one_line, outcome_word, phase_word};
use super::units;
use super::{Event, Reporter};

/// A detail of one subject is told at most this often.
const DETAIL_SECONDS: f64 = 15.0;

/// Writes plain lines.
pub struct Plain {
    inner: Arc<Mutex<Inner>>,
    start: Instant,
}

struct Inner {
    lines: Lines,
    out: Box<dyn Write + Send>,
}

impl Plain {
    /// Lines go to `out`, each as soon as it is known.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        let inner = Arc::new(Mutex::new(Inner { lines: Lines::default(), out: Box::new(out) }));
        let start = Instant::now();
        let weak = Arc::downgrade(&inner);
        // Without this thread only late details are missed, so a failure to start it is no error.
        drop(std::thread::Builder::new().name("plain".into()).spawn(move || tell_late_details(&weak, start)));
        Self { inner, start }
    }

    /// Plain lines on standard error.
    pub fn stderr() -> Self {
        Self::new(std::io::stderr())
    }
}

impl Reporter for Plain {
    fn report(&self, event: Event) {
        let now = self.start.elapsed().as_secs_f64();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = inner.lines.event(&event, now);
        inner.write(&lines);
    }
}

impl Inner {
    fn write(&mut self, lines: &[String]) {
        for line in lines {
            // Whoever read this may have gone; the work goes on without them.
            drop(writeln!(self.out, "{line}").and_then(|()| self.out.flush()));
        }
    }
}

fn tell_late_details(inner: &Weak<Mutex<Inner>>, start: Instant) {
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let Some(inner) = inner.upgrade() else { return };
        let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = inner.lines.due(start.elapsed().as_secs_f64());
        inner.write(&lines);
    }
}

/// Which lines follow from an event; pure.
#[derive(Default)]
struct Lines {
    state: State,
    told: HashMap<String, Told>,
}

/// What was last said of a subject, and when.
struct Told {
    text: String,
    at: f64,
}

impl Lines {
    fn event(&mut self, event: &Event, now: f64) -> Vec<String> {
        let before = event_subject(event).and_then(|name| self.state.find(name)).map(|subject| subject.stage);
        self.state.apply(event, now);
        let line = match event {
            Event::Planned(planned) => Some(stamp(now, &headline(planned))),
            Event::Note { message } => Some(stamp(now, &one_line(message))),
            Event::Warning { subject, message } => {
                let about = subject.as_ref().map(|subject| format!("{subject}: ")).unwrap_or_default();
                Some(stamp(now, &one_line(&format!("warning: {about}{message}"))))
            }
            Event::Phase { subject, phase } if before != Some(Stage::Working(*phase)) => {
                Some(self.tell(subject, phase_word(*phase).into(), now))
            }
            Event::Finished { subject, outcome, detail, seconds } => {
                let took = units::duration(*seconds);
                let detail = if detail.is_empty() { String::new() } else { format!(": {}", one_line(detail)) };
                Some(self.tell(subject, format!("{}{detail} ({took})", outcome_word(*outcome)), now))
            }
            Event::Phase { .. } | Event::Queued { .. } | Event::Detail { .. } | Event::Bytes { .. } => None,
        };
        line.into_iter().chain(self.due(now)).collect()
    }

    /// Details whose time has come.
    fn due(&mut self, now: f64) -> Vec<String> {
        let due: Vec<(String, String)> = self
            .state
            .subjects
            .iter()
            .filter_map(|subject| {
                let Stage::Working(phase) = subject.stage else { return None };
                let activity = subject.activity_without_rate();
                let text = format!("{}: {activity}", phase_word(phase));
                let is_new = self
                    .told
                    .get(&subject.name)
                    .is_none_or(|told| told.text != text && now - told.at >= DETAIL_SECONDS);
                (is_new && !activity.is_empty()).then(|| (subject.name.clone(), text))
            })
            .collect();
        due.into_iter().map(|(subject, text)| self.tell(&subject, text, now)).collect()
    }

    fn tell(&mut self, subject: &str, text: String, now: f64) -> String {
        let line = stamp(now, &format!("{subject}: {text}"));
        self.told.insert(subject.into(), Told { text, at: now });
        line
    }
}

fn event_subject(event: &Event) -> Option<&str> {
    match event {
        Event::Phase { subject, .. } => Some(subject),
        _ => None,
    }
}

fn stamp(now: f64, text: &str) -> String {
    format!("{:>5.0} s  {text}", now.floor())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::state::tests::{bytes, detail, finished, phase, planned};
    use crate::report::{Outcome, Phase};

    fn lines(events: &[(f64, Event)]) -> Vec<String> {
        let mut lines = Lines::default();
        events.iter().flat_map(|(now, event)| lines.event(event, *now)).collect()
    }

    #[test]
    fn changes_of_state_are_told_once() {
        let told = lines(&[
            (0.0, planned(&["cluster", "shop"])),
            (0.0, Event::Queued { subject: "shop".into(), detail: "needs cluster".into() }),
            (1.0, phase("cluster", Phase::Starting)),
            (2.0, phase("cluster", Phase::Starting)),
            (16.4, finished("cluster", Outcome::Created, "Kubernetes 1.36, 1 node", 16.0)),
            (17.0, Event::Warning { subject: Some("shop".into()), message: "odd\nthing".into() }),
            (18.0, Event::Note { message: "from the bundle".into() }),
            (19.0, finished("shop", Outcome::Unchanged, "", 0.4)),
        ]);
        assert_eq!(
            told,
            [
                "    0 s  back 1.0 · 1 component · 1.90 GB of images, 1.00 GB to fetch",
                "    1 s  cluster: starting",
                "   16 s  cluster: ready: Kubernetes 1.36, 1 node (16 s)",
                "   17 s  warning: shop: odd thing",
                "   18 s  from the bundle",
                "   19 s  shop: unchanged (0.4 s)",
            ]
        );
    }

    #[test]
    fn details_are_rare_and_never_repeated() {
        let mut events = vec![(0.0, phase("shop", Phase::Images))];
        for second in 0..60u32 {
            events.push((f64::from(second), bytes("shop", "x", u64::from(second) * 1_000_000, 100_000_000)));
        }
        assert_eq!(
            lines(&events),
            [
                "    0 s  shop: image",
                "   15 s  shop: image: 15 of 100 MB",
                "   30 s  shop: image: 30 of 100 MB",
                "   45 s  shop: image: 45 of 100 MB",
            ]
        );
        let mut same = vec![(0.0, phase("shop", Phase::Starting))];
        same.extend((0..60u32).map(|second| (f64::from(second), detail("shop", "0 of 1 pods ready"))));
        assert_eq!(lines(&same), ["    0 s  shop: starting", "   15 s  shop: starting: 0 of 1 pods ready"]);
    }

    #[test]
    fn the_last_detail_is_told_even_if_nothing_more_happens() {
        let mut lines = Lines::default();
        lines.event(&phase("shop", Phase::Starting), 0.0);
        assert_eq!(lines.event(&detail("shop", "waiting"), 3.0), Vec::<String>::new());
        assert_eq!(lines.due(14.0), Vec::<String>::new());
        assert_eq!(lines.due(15.0), ["   15 s  shop: starting: waiting"]);
        assert_eq!(lines.due(60.0), Vec::<String>::new());
    }

    #[test]
    fn lines_are_written_as_they_come() {
        #[derive(Clone, Default)]
        struct Shared(Arc<Mutex<Vec<u8>>>);
        impl Write for Shared {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().expect("not poisoned").write(bytes)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let shared = Shared::default();
        Plain::new(shared.clone()).report(phase("shop", Phase::Applying));
        let text = String::from_utf8(shared.0.lock().expect("not poisoned").clone()).expect("UTF-8");
        assert_eq!(text, "    0 s  shop: applying\n");
    }
}
