//! Events as JSON, one object a line, for programs: `--output json`.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Event, Reporter};

/// Writes each event at once, with the time (RFC 3339, UTC) at which it was reported.
pub struct JsonLines<W> {
    out: Mutex<W>,
    /// The last detail of each subject: a watch gives the same one again and again.
    details: Mutex<HashMap<String, String>>,
}

/// Now, as every line of the stream tells it.
///
/// # Errors
/// None that a clock of this age can cause.
pub fn now() -> Result<String, time::error::Format> {
    let now = OffsetDateTime::now_utc();
    // Milliseconds: more would only pretend.
    now.replace_nanosecond(now.nanosecond() / 1_000_000 * 1_000_000).unwrap_or(now).format(&Rfc3339)
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    event: &'a Event,
}

impl<W: Write> JsonLines<W> {
    /// Writes each event to `out` as one line of JSON with its time.
    pub fn new(out: W) -> Self {
        Self { out: Mutex::new(out), details: Mutex::default() }
    }

    fn is_old(&self, event: &Event) -> bool {
        let mut details = self.details.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Detail { subject, detail } => {
                details.insert(subject.clone(), detail.clone()).is_some_and(|before| before == *detail)
            }
            // After another phase the same words are news.
            Event::Phase { subject, .. } => {
                details.remove(subject);
                false
            }
            _ => false,
        }
    }

    fn write(&self, event: &Event) -> std::io::Result<()> {
        let time = now().map_err(std::io::Error::other)?;
        let mut line = serde_json::to_string(&Line { time, event })?;
        line.push('\n');
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(line.as_bytes())?;
        out.flush()
    }
}

impl<W: Write + Send> Reporter for JsonLines<W> {
    fn report(&self, event: Event) {
        if self.is_old(&event) {
            return;
        }
        // Whoever read this may have gone; the work goes on without them.
        drop(self.write(&event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Outcome, Planned};
    use serde_json::{Value, json};

    #[test]
    fn every_event_is_an_object_on_its_own_line() {
        let sink = JsonLines::new(Vec::new());
        let planned = Planned {
            platform: "dev".into(),
            stack: "back".into(),
            version: "1.0".into(),
            subjects: vec!["cluster".into()],
            images: 2,
            image_bytes: None,
            fetch_bytes: Some(5),
        };
        let subject = || "shop".to_string();
        sink.report(Event::Planned(planned));
        sink.report(Event::Bytes { subject: subject(), item: "a".into(), done: 1, total: Some(2) });
        sink.report(Event::Detail { subject: subject(), detail: "waits".into() });
        sink.report(Event::Detail { subject: subject(), detail: "waits".into() });
        sink.report(Event::Finished {
            subject: subject(),
            outcome: Outcome::Failed,
            detail: "two\nlines".into(),
            seconds: 1.5,
        });
        let text = String::from_utf8(sink.out.into_inner().expect("not poisoned")).expect("UTF-8");
        let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        for line in &mut lines {
            let time = line.as_object_mut().expect("an object").remove("time").expect("a time");
            OffsetDateTime::parse(time.as_str().expect("text"), &Rfc3339).expect("RFC 3339");
        }
        assert_eq!(
            lines,
            [
                json!({
                    "event": "planned", "platform": "dev", "stack": "back", "version": "1.0", "subjects": ["cluster"],
                    "images": 2, "image_bytes": null, "fetch_bytes": 5,
                }),
                json!({"event": "bytes", "subject": "shop", "item": "a", "done": 1, "total": 2}),
                json!({"event": "detail", "subject": "shop", "detail": "waits"}),
                json!({"event": "finished", "subject": "shop", "outcome": "failed", "detail": "two\nlines", "seconds": 1.5}),
            ]
        );
    }

    #[test]
    fn a_reader_that_is_gone_does_not_matter() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        JsonLines::new(Gone).report(Event::Note { message: "x".into() });
    }
}
