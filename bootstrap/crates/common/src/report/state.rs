//! Events folded into what is so at this moment; plain lines and the terminal both draw from it.
//!
//! Pure: times are given as seconds since the start of the run.

use std::collections::{BTreeMap, VecDeque};

use super::units;
use super::{Event, Outcome, Phase, Planned};

/// A rate is taken over so many seconds.
const RATE_WINDOW: f64 = 5.0;

/// Where everything stands.
#[derive(Debug, Default)]
pub struct State {
    /// The head line; `None` until the plan was reported.
    pub planned: Option<Planned>,
    /// In the order of the plan, then of appearance.
    pub subjects: Vec<Subject>,
    items: BTreeMap<String, Item>,
    moved: Samples,
}

/// One line on the screen.
#[derive(Debug, Default)]
pub struct Subject {
    /// Name under which its events come; one line, without control characters.
    pub name: String,
    /// Whether it waits, works or is through.
    pub stage: Stage,
    /// What it does or waits for; one line, without control characters.
    pub detail: String,
    /// When its work began.
    pub since: Option<f64>,
    items: BTreeMap<String, Item>,
    moved: Samples,
}

/// How far a subject is.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub enum Stage {
    /// Waits for its turn; also what nothing was heard of yet.
    #[default]
    Queued,
    /// In this phase of its work.
    Working(Phase),
    /// Through, for better or worse.
    Done {
        /// How it ended.
        outcome: Outcome,
        /// How long it took, as it said itself.
        seconds: f64,
    },
}

#[derive(Debug, Default, Clone, Copy)]
struct Item {
    done: u64,
    total: Option<u64>,
}

/// Recent sums of bytes, for a rate.
#[derive(Debug, Default)]
struct Samples(VecDeque<(f64, u64)>);

impl State {
    /// Takes an event in.
    pub fn apply(&mut self, event: &Event, now: f64) {
        match event {
            Event::Planned(planned) => {
                for name in &planned.subjects {
                    self.subject(name);
                }
                self.planned = Some(planned.clone());
            }
            Event::Queued { subject, detail } => {
                let subject = self.subject(subject);
                subject.stage = Stage::Queued;
                subject.detail = one_line(detail);
            }
            Event::Phase { subject, phase } => self.subject(subject).enter(*phase, now),
            Event::Detail { subject, detail } => self.subject(subject).detail = one_line(detail),
            Event::Bytes { subject, item, done, total } => {
                let moved = Item { done: *done, total: *total };
                self.subject(subject).moved(item, moved, now);
                // An image that several subjects wait for moves once.
                self.items.insert(item.clone(), moved);
                self.moved.push(now, self.items.values().map(|item| item.done).sum());
            }
            Event::Finished { subject, outcome, detail, seconds } => {
                let subject = self.subject(subject);
                subject.stage = Stage::Done { outcome: *outcome, seconds: *seconds };
                subject.detail = one_line(detail);
            }
            Event::Warning { .. } | Event::Note { .. } => {}
        }
    }

    /// The subject with this name.
    pub fn find(&self, name: &str) -> Option<&Subject> {
        self.subjects.iter().find(|subject| subject.name == name)
    }

    fn subject(&mut self, name: &str) -> &mut Subject {
        let index = self.subjects.iter().position(|subject| subject.name == name).unwrap_or_else(|| {
            self.subjects.push(Subject { name: one_line(name), ..Subject::default() });
            self.subjects.len() - 1
        });
        &mut self.subjects[index]
    }

    /// Bytes moved and to be moved in all; none while nothing is known of them.
    pub fn totals(&self) -> Option<(u64, u64)> {
        let done: u64 = self.items.values().map(|item| item.done).sum();
        let seen: u64 = self.items.values().map(|item| item.total.unwrap_or(item.done).max(item.done)).sum();
        let planned = self.planned.as_ref().and_then(|planned| planned.fetch_bytes).unwrap_or(0);
        let total = seen.max(planned);
        (total > 0).then_some((done, total))
    }

    /// Bytes per second in all.
    pub fn rate(&self, now: f64) -> f64 {
        self.moved.rate(now)
    }
}

impl Subject {
    fn enter(&mut self, phase: Phase, now: f64) {
        self.since.get_or_insert(now);
        if self.stage != Stage::Working(phase) {
            self.stage = Stage::Working(phase);
            self.detail.clear();
            self.items.clear();
            self.moved = Samples::default();
        }
    }

    fn moved(&mut self, name: &str, item: Item, now: f64) {
        self.items.insert(name.into(), item);
        self.moved.push(now, self.items.values().map(|item| item.done).sum());
    }

    /// What it does at this moment: bytes if some are moving, and its detail.
    pub fn activity(&self, now: f64) -> String {
        let mut parts = self.bytes();
        if !parts.is_empty() {
            let rate = self.moved.rate(now);
            parts.extend((rate >= 1.0).then(|| units::rate(rate)));
        }
        parts.extend((!self.detail.is_empty()).then(|| self.detail.clone()));
        parts.join(" · ")
    }

    /// As [`Self::activity`], without what changes all the time.
    pub fn activity_without_rate(&self) -> String {
        let mut parts = self.bytes();
        parts.extend((!self.detail.is_empty()).then(|| self.detail.clone()));
        parts.join(" · ")
    }

    fn bytes(&self) -> Vec<String> {
        let moving = self.items.values().any(|item| item.total.is_none_or(|total| item.done < total));
        if !moving {
            return Vec::new();
        }
        let done: u64 = self.items.values().map(|item| item.done).sum();
        let total: Option<u64> = self.items.values().map(|item| item.total).sum();
        vec![total.map_or_else(|| units::bytes(done), |total| units::bytes_of(done, total))]
    }
}

impl Samples {
    fn push(&mut self, now: f64, sum: u64) {
        // Chunks come by the thousand; a few samples a second are enough.
        let several = self.0.len() > 1;
        match self.0.back_mut() {
            Some((at, last)) if several && now - *at < 0.2 => *last = sum,
            _ => self.0.push_back((now, sum)),
        }
        while self.0.len() > 2 && now - self.0[1].0 > RATE_WINDOW {
            self.0.pop_front();
        }
    }

    fn rate(&self, now: f64) -> f64 {
        let (Some((from, before)), Some((_, sum))) = (self.0.front(), self.0.back()) else { return 0.0 };
        let seconds = now - from;
        if seconds < 0.5 { 0.0 } else { sum.saturating_sub(*before) as f64 / seconds }
    }
}

/// The word for a phase.
pub fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Building => "building",
        Phase::Images => "image",
        Phase::Applying => "applying",
        Phase::Starting => "starting",
        Phase::Removing => "removing",
    }
}

/// The word for an outcome.
pub fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "ready",
        Outcome::Changed => "changed",
        Outcome::Unchanged => "unchanged",
        Outcome::Removed => "removed",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
    }
}

/// What is about to be done: `back 1.0 · 11 components · 1.90 GB of images, 1.20 GB to fetch`.
pub fn headline(planned: &Planned) -> String {
    // The cluster is a subject of its own, but no component.
    let components = planned.subjects.iter().filter(|name| *name != "cluster").count();
    let plural = if components == 1 { "" } else { "s" };
    let mut parts = vec![format!("{} {}", planned.stack, planned.version), format!("{components} component{plural}")];
    let sizes = [(planned.image_bytes, "of images"), (planned.fetch_bytes, "to fetch")];
    let sizes: Vec<_> =
        sizes.iter().filter_map(|(size, what)| size.map(|size| format!("{} {what}", units::bytes(size)))).collect();
    match sizes.is_empty() {
        false => parts.push(sizes.join(", ")),
        true if planned.images > 0 => parts.push(format!("{} images", planned.images)),
        true => {}
    }
    one_line(&parts.join(" · "))
}

/// One line without control characters: texts come from logs and servers, and must not move the cursor.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for part in text.split(|char: char| char.is_control() || char.is_whitespace()).filter(|part| !part.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(part);
    }
    line
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn phase(subject: &str, phase: Phase) -> Event {
        Event::Phase { subject: subject.into(), phase }
    }

    pub(crate) fn detail(subject: &str, detail: &str) -> Event {
        Event::Detail { subject: subject.into(), detail: detail.into() }
    }

    pub(crate) fn bytes(subject: &str, item: &str, done: u64, total: u64) -> Event {
        Event::Bytes { subject: subject.into(), item: item.into(), done, total: Some(total) }
    }

    pub(crate) fn finished(subject: &str, outcome: Outcome, detail: &str, seconds: f64) -> Event {
        Event::Finished { subject: subject.into(), outcome, detail: detail.into(), seconds }
    }

    pub(crate) fn planned(subjects: &[&str]) -> Event {
        Event::Planned(Planned {
            platform: "dev".into(),
            stack: "back".into(),
            version: "1.0".into(),
            subjects: subjects.iter().map(ToString::to_string).collect(),
            images: 3,
            image_bytes: Some(1_900_000_000),
            fetch_bytes: Some(1_000_000_000),
        })
    }

    fn state(events: &[(f64, Event)]) -> State {
        let mut state = State::default();
        for (now, event) in events {
            state.apply(event, *now);
        }
        state
    }

    #[test]
    fn subjects_keep_the_order_of_the_plan() {
        let state = state(&[
            (0.0, planned(&["cluster", "a", "b"])),
            (1.0, phase("b", Phase::Images)),
            (2.0, phase("new", Phase::Images)),
        ]);
        let names: Vec<_> = state.subjects.iter().map(|subject| subject.name.as_str()).collect();
        assert_eq!(names, ["cluster", "a", "b", "new"]);
        let b = state.find("b").expect("b");
        assert_eq!((b.stage, b.since), (Stage::Working(Phase::Images), Some(1.0)));
        assert_eq!(state.find("a").map(|subject| subject.stage), Some(Stage::Queued));
    }

    #[test]
    fn a_new_phase_forgets_the_detail_but_not_the_start() {
        let state =
            state(&[(1.0, phase("a", Phase::Images)), (2.0, detail("a", "x")), (3.0, phase("a", Phase::Starting))]);
        let a = state.find("a").expect("a");
        assert_eq!((a.detail.as_str(), a.since), ("", Some(1.0)));
    }

    #[test]
    fn bytes_become_activity_with_a_rate() {
        let state = state(&[
            (0.0, phase("a", Phase::Images)),
            (0.0, bytes("a", "x", 0, 402_000_000)),
            (2.0, bytes("a", "x", 82_000_000, 402_000_000)),
        ]);
        let a = state.find("a").expect("a");
        assert_eq!(a.activity(2.0), "82 of 402 MB · 41 MB/s");
        assert_eq!(a.activity_without_rate(), "82 of 402 MB");
    }

    #[test]
    fn moved_bytes_are_no_longer_activity() {
        let state = state(&[(0.0, bytes("a", "x", 5, 5)), (1.0, detail("a", "unpacking"))]);
        assert_eq!(state.find("a").expect("a").activity(2.0), "unpacking");
    }

    #[test]
    fn an_image_of_two_subjects_counts_once() {
        let events = [(0.0, bytes("a", "x", 5, 10)), (1.0, bytes("b", "x", 7, 10)), (1.0, bytes("b", "y", 1, 4))];
        assert_eq!(state(&events).totals(), Some((8, 14)));
        assert_eq!(state(&[]).totals(), None);
        assert_eq!(state(&[(0.0, planned(&[]))]).totals(), Some((0, 1_000_000_000)));
    }

    #[test]
    fn a_rate_looks_at_the_last_seconds_only() {
        let mut samples = Samples::default();
        for second in 0..20 {
            samples.push(f64::from(second), if second < 10 { 0 } else { (second as u64 - 10) * 100 });
        }
        assert!((95.0..=105.0).contains(&samples.rate(19.0)), "{}", samples.rate(19.0));
        assert!(samples.rate(60.0) < 20.0, "a stalled transfer slows down");
    }

    #[test]
    fn texts_cannot_move_the_cursor() {
        assert_eq!(one_line("a\n  b\x1b[2Jc\r\td"), "a b [2Jc d");
    }

    #[test]
    fn the_headline_says_what_is_known() {
        let Event::Planned(mut plan) = planned(&["cluster", "a", "b"]) else { unreachable!() };
        assert_eq!(headline(&plan), "back 1.0 · 2 components · 1.90 GB of images, 1.00 GB to fetch");
        (plan.image_bytes, plan.fetch_bytes) = (None, None);
        assert_eq!(headline(&plan), "back 1.0 · 2 components · 3 images");
    }
}
