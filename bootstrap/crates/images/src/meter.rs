//! Counts the bytes of one image while several blobs of it move, and tells them now and then.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use backstack_common::report::Progress;

/// Milliseconds between two reports; a person sees no more.
const PAUSE: u64 = 100;

/// Bytes of one image.
pub(super) struct Meter {
    progress: Progress,
    item: String,
    total: AtomicI64,
    done: AtomicI64,
    started: Instant,
    reported: AtomicU64,
}

impl Meter {
    pub(super) fn new(progress: &Progress, item: &str, total: u64) -> Self {
        let meter = Self {
            progress: progress.clone(),
            item: item.into(),
            total: AtomicI64::new(signed(total)),
            done: AtomicI64::new(0),
            started: Instant::now(),
            reported: AtomicU64::new(0),
        };
        meter.report();
        meter
    }

    /// So many bytes more; fewer where something starts anew.
    pub(super) fn add(&self, bytes: i64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.reported.load(Ordering::Relaxed);
        let due = now >= last + PAUSE;
        if due && self.reported.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.report();
        }
    }

    /// So many bytes need not move after all: they are here from an earlier run or another image.
    pub(super) fn spare(&self, bytes: u64) {
        self.total.fetch_sub(signed(bytes), Ordering::Relaxed);
    }

    /// What was spared has to move after all.
    pub(super) fn unspare(&self, bytes: u64) {
        self.total.fetch_add(signed(bytes), Ordering::Relaxed);
    }

    /// Tells the last count, whatever the time.
    pub(super) fn report(&self) {
        self.progress.bytes(&self.item, self.done(), Some(positive(&self.total)));
    }

    pub(super) fn done(&self) -> u64 {
        positive(&self.done)
    }

    /// Tells what is being waited for, unless it is bytes.
    pub(super) fn detail(&self, text: &str) {
        self.progress.detail(format!("{}: {text}", self.item));
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn positive(count: &AtomicI64) -> u64 {
    count.load(Ordering::Relaxed).max(0).unsigned_abs()
}
