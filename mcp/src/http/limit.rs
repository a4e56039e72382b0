//! How often a client may ask: a bucket per client that fills at a steady rate.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Clients that are remembered; names behind a valid token are few, addresses may be many.
const MOST_CLIENTS: usize = 4096;

/// Buckets for all clients.
pub(super) struct Limit {
    /// Requests a second.
    rate: f64,
    buckets: Mutex<HashMap<String, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl Limit {
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: f64::from(rate.max(1)), buckets: Mutex::default() }
    }

    /// Takes one request of this client; without room, says after how many seconds there is some.
    pub(super) fn take(&self, client: &str, now: Instant) -> Result<(), u64> {
        let most = self.rate * 2.0;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_CLIENTS && !buckets.contains_key(client) {
            // Full buckets know nothing that is worth keeping.
            buckets.retain(|_, bucket| bucket.left + now.duration_since(bucket.at).as_secs_f64() * self.rate < most);
            if buckets.len() >= MOST_CLIENTS {
                return Err(1);
            }
        }
        let bucket = buckets.entry(client.into()).or_insert(Bucket { left: most, at: now });
        bucket.left = (bucket.left + now.duration_since(bucket.at).as_secs_f64() * self.rate).min(most);
        bucket.at = now;
        if bucket.left < 1.0 {
            return Err(1);
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_loop_gone_wild_is_slowed_and_others_are_not() {
        let (limit, now) = (Limit::new(10), Instant::now());
        let granted = (0..100).filter(|_| limit.take("wild", now).is_ok()).count();
        assert_eq!(granted, 20);
        assert!(limit.take("other", now).is_ok());
        let later = now + Duration::from_secs(1);
        assert_eq!((0..100).filter(|_| limit.take("wild", later).is_ok()).count(), 10);
    }

    #[test]
    fn a_flood_of_names_does_not_fill_memory() {
        let (limit, now) = (Limit::new(1), Instant::now());
        for number in 0..6_000 {
            let _ = limit.take(&number.to_string(), now);
        }
        assert!(limit.buckets.lock().expect("lock").len() <= MOST_CLIENTS);
    }
}
