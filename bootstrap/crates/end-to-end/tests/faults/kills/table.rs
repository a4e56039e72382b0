//! What came of it, command by command.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::deeds::{Deed, Found};

#[derive(Default)]
pub(super) struct Table(BTreeMap<Deed, Row>);

#[derive(Default)]
struct Row {
    count: usize,
    /// Commands that were through before anything was done to them.
    through: usize,
    found: BTreeMap<Found, usize>,
    wrong: usize,
    /// Of all the second runs.
    worst: Duration,
}

impl Table {
    pub(super) fn add(&mut self, deed: Deed, was_through: bool, found: Found, took: Duration) {
        let row = self.0.entry(deed).or_default();
        row.count += 1;
        row.through += usize::from(was_through);
        *row.found.entry(found).or_default() += 1;
        row.worst = row.worst.max(took);
    }

    pub(super) fn went_wrong(&mut self, deed: Deed) {
        let row = self.0.entry(deed).or_default();
        row.count += 1;
        row.wrong += 1;
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| Command | Times | As before | In between | As afterwards | Through before | Wrong | Worst second run |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- | --- |")?;
        for (deed, row) in &self.0 {
            let found = |found| row.found.get(&found).copied().unwrap_or_default();
            let (before, between, after) = (found(Found::Before), found(Found::Between), found(Found::After));
            writeln!(
                f,
                "| `{deed}` | {} | {before} | {between} | {after} | {} | {} | {:.1} s |",
                row.count,
                row.through,
                row.wrong,
                row.worst.as_secs_f64()
            )?;
        }
        let all = |of: fn(&Row) -> usize| self.0.values().map(of).sum::<usize>();
        write!(f, "{} in all, {} wrong", all(|row| row.count), all(|row| row.wrong))
    }
}
