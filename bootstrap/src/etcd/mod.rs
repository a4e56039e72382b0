//! The store behind the Kubernetes API: every object as the API server keeps it, and changes to it that go past that
//! server.
//!
//! It listens inside of the control plane's node alone and wants a certificate that lies there. It is asked in JSON, which
//! etcd itself answers beside its own protocol.

mod connection;
mod error;
mod message;
pub mod object;
mod wire;

use std::collections::BTreeMap;

use crate::docker::Engine;

use connection::Connection;
pub use error::EtcdError;
use wire::{KeyValue, RangeRequest, RangeResponse, TxnRequest, TxnResponse};

/// All that Kubernetes keeps begins with it.
pub const PREFIX: &str = "/registry/";
/// The first key behind all of those: `0` comes after `/`.
const BEHIND: &str = "/registry0";
/// So many keys are asked for at a time.
const PAGE: u32 = 4000;
/// etcd takes 128 changes in one transaction, and 1.5 MiB in one request.
const MAX_CHANGES: usize = 120;
const MAX_BYTES: usize = 1_000_000;

/// One object as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Full key, as `/registry/pods/NAMESPACE/NAME`.
    pub key: String,
    /// The object as it is kept: protocol buffers for Kubernetes' own kinds, JSON for all others.
    pub value: Vec<u8>,
    /// It goes by itself after a while, unless it is renewed.
    pub leased: bool,
}

/// A change to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Writes an object, new or in place of what is there.
    Put {
        /// Full key, with [`PREFIX`].
        key: String,
        /// The object as it is to be kept.
        value: Vec<u8>,
    },
    /// Takes an object away; one that is not there is no error.
    Delete {
        /// Full key, with [`PREFIX`].
        key: String,
    },
}

impl Change {
    /// The key that is changed.
    pub fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Put { key, value } => key.len() + value.len(),
            Self::Delete { key } => key.len(),
        }
    }
}

/// A connection to the store of one platform.
pub struct Etcd(Connection);

impl Etcd {
    /// Connects to etcd in the control plane's node.
    ///
    /// # Errors
    /// [`EtcdError`] if the node has no certificates of it, or nothing answers.
    pub async fn connect(engine: &Engine, node: &str) -> Result<Self, EtcdError> {
        Ok(Self(Connection::open(engine, node).await?))
    }

    /// Everything that Kubernetes keeps, as it is at one moment, in the order of the keys.
    ///
    /// # Errors
    /// [`EtcdError`]
    pub async fn all(&mut self) -> Result<Vec<Stored>, EtcdError> {
        let mut request = RangeRequest::new(PREFIX, BEHIND, PAGE);
        let mut all = Vec::new();
        loop {
            let page: RangeResponse = self.0.ask("/v3/kv/range", &request).await?;
            request.revision = page.header.revision_at(request.revision);
            let last = page.kvs.last().map(|last| last.key.0.clone());
            all.extend(page.kvs.into_iter().filter_map(KeyValue::stored));
            match last {
                Some(last) if page.more => request.begin_behind(last),
                _ => return Ok(all),
            }
        }
    }

    /// Makes these changes while the API server runs: of each kind of object one at a time, in their order.
    ///
    /// Kubernetes gives each change of a kind a number of its own, and all who watch rely on that: somebody who reads in the middle
    /// of a transaction with two of them has seen the number, and never hears of the other one.
    ///
    /// # Errors
    /// [`EtcdError`]; what was done before stays.
    pub async fn change(&mut self, changes: &[Change]) -> Result<(), EtcdError> {
        for round in rounds(changes) {
            self.transact(&round).await?;
        }
        Ok(())
    }

    /// Makes these changes to a store that nobody watches yet, in their order and as many at a time as it takes.
    ///
    /// # Errors
    /// [`EtcdError`]; what was done before stays.
    pub async fn fill(&mut self, changes: &[Change]) -> Result<(), EtcdError> {
        let all: Vec<&Change> = changes.iter().collect();
        self.transact(&all).await
    }

    async fn transact(&mut self, changes: &[&Change]) -> Result<(), EtcdError> {
        for some in batches(changes) {
            let answer: TxnResponse = self.0.ask("/v3/kv/txn", &TxnRequest::of(some)).await?;
            if !answer.succeeded {
                return Err(EtcdError::Refused { said: "a transaction without a condition did not succeed".into() });
            }
        }
        Ok(())
    }
}

/// What the API server watches together: the part of a key before namespace and name.
fn kind_of(key: &str) -> &str {
    let inside = key.strip_prefix(PREFIX).unwrap_or(key);
    let mut ends = inside.match_indices('/').map(|(at, _)| at);
    let first = ends.next().unwrap_or(inside.len());
    // Groups have dots; what belongs to services has two kinds below one word.
    let has_two = inside[..first].contains('.') || &inside[..first] == "services";
    let end = if has_two { ends.next().unwrap_or(inside.len()) } else { first };
    &inside[..end]
}

/// Changes that may come about together: no two of one kind, and those of a kind in their order.
fn rounds(changes: &[Change]) -> Vec<Vec<&Change>> {
    let (mut rounds, mut had) = (Vec::<Vec<&Change>>::new(), BTreeMap::<&str, usize>::new());
    for change in changes {
        let number = had.entry(kind_of(change.key())).or_default();
        if rounds.len() == *number {
            rounds.push(Vec::new());
        }
        rounds[*number].push(change);
        *number += 1;
    }
    rounds
}

/// Cuts changes into transactions that etcd takes: it does not take two changes of one key in one of them either.
fn batches<'a, 'b>(changes: &'b [&'a Change]) -> Vec<&'b [&'a Change]> {
    let mut batches = Vec::new();
    let mut rest = changes;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |(index, change): &(usize, &&Change)| {
            bytes += change.bytes();
            let again = rest[..*index].iter().any(|before| before.key() == change.key());
            *index == 0 || (*index < MAX_CHANGES && bytes <= MAX_BYTES && !again)
        };
        let count = rest.iter().enumerate().take_while(fits).count();
        let (batch, left) = rest.split_at(count);
        batches.push(batch);
        rest = left;
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, bytes: usize) -> Change {
        Change::Put { key: key.into(), value: vec![0; bytes] }
    }

    fn sizes(changes: &[Change]) -> Vec<usize> {
        batches(&changes.iter().collect::<Vec<_>>()).iter().map(|some| some.len()).collect()
    }

    #[test]
    fn a_transaction_has_no_more_than_etcd_takes() {
        let many: Vec<_> = (0..250).map(|number| put(&number.to_string(), 10)).collect();
        assert_eq!(sizes(&many), [120, 120, 10]);
        let large: Vec<_> = (0..3).map(|number| put(&number.to_string(), 600_000)).collect();
        assert_eq!(sizes(&large), [1, 1, 1]);
        assert_eq!(sizes(&[put("a", 5_000_000)]), [1], "etcd has to say that this is too much");
        assert_eq!(sizes(&[]), [0; 0]);
    }

    #[test]
    fn a_key_that_is_changed_twice_is_so_in_two_transactions() {
        assert_eq!(sizes(&[Change::Delete { key: "a".into() }, put("b", 1), put("a", 1), put("c", 1)]), [2, 2]);
    }

    #[test]
    fn no_two_of_a_kind_come_about_together_and_each_kind_keeps_its_order() {
        let (role, pod) = ("/registry/clusterroles/", "/registry/pods/a/");
        let changes = [
            put(&format!("{role}a"), 1),
            put(&format!("{role}b"), 1),
            Change::Delete { key: format!("{pod}x") },
            put("/registry/p.dev/apps/a/x", 1),
            put("/registry/p.dev/webapps/a/x", 1),
            put(&format!("{pod}x"), 1),
            put("/registry/services/specs/a/x", 1),
            put("/registry/services/endpoints/a/x", 1),
        ];
        let rounds = rounds(&changes);
        let keys: Vec<Vec<usize>> = rounds
            .iter()
            .map(|round| round.iter().map(|one| changes.iter().position(|other| *one == other).expect("one")).collect())
            .collect();
        assert_eq!(keys, [vec![0, 2, 3, 4, 6, 7], vec![1, 5]]);
        assert!(super::rounds(&[]).is_empty());
    }
}
