//! etcd's messages as its JSON has them: bytes in Base64, numbers of 64 bits as text, and what is empty left out.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Change, Stored};

/// Bytes, in Base64 on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

#[derive(Debug, Serialize)]
pub(super) struct RangeRequest {
    key: Bytes,
    range_end: Bytes,
    limit: u32,
    /// 0 asks for what is so now.
    pub revision: i64,
}

impl RangeRequest {
    pub(super) fn new(from: &str, behind: &str, limit: u32) -> Self {
        Self { key: Bytes(from.into()), range_end: Bytes(behind.into()), limit, revision: 0 }
    }

    /// The next page: the smallest key behind this one is itself and a zero.
    pub(super) fn begin_behind(&mut self, mut last: Vec<u8>) {
        last.push(0);
        self.key = Bytes(last);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Header {
    revision: String,
}

impl Header {
    /// The revision to go on with: the first answer tells it, and later ones may tell a newer one.
    pub(super) fn revision_at(&self, asked: i64) -> i64 {
        if asked == 0 { self.revision.parse().unwrap_or_default() } else { asked }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RangeResponse {
    pub header: Header,
    pub kvs: Vec<KeyValue>,
    pub more: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct KeyValue {
    pub key: Bytes,
    value: Bytes,
    lease: String,
}

impl KeyValue {
    /// Kubernetes has no key that is not text.
    pub(super) fn stored(self) -> Option<Stored> {
        let leased = !matches!(self.lease.as_str(), "" | "0");
        Some(Stored { key: String::from_utf8(self.key.0).ok()?, value: self.value.0, leased })
    }
}

#[derive(Debug, Serialize)]
pub(super) struct TxnRequest {
    success: Vec<Operation>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Operation {
    RequestPut { key: Bytes, value: Bytes },
    RequestDeleteRange { key: Bytes },
}

impl TxnRequest {
    pub(super) fn of(changes: &[&Change]) -> Self {
        let operation = |change: &&Change| match change {
            Change::Put { key, value } => {
                Operation::RequestPut { key: Bytes(key.as_bytes().into()), value: Bytes(value.clone()) }
            }
            Change::Delete { key } => Operation::RequestDeleteRange { key: Bytes(key.as_bytes().into()) },
        };
        Self { success: changes.iter().map(operation).collect() }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TxnResponse {
    pub succeeded: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_etcd_answers_is_read() {
        let text = r#"{"header": {"cluster_id": "1", "revision": "7"}, "more": true, "count": "3", "kvs": [
            {"key": "L2E=", "value": "MQ==", "version": "2", "lease": "12"}, {"key": "L2I="}, {"key": "/w=="}]}"#;
        let page: RangeResponse = serde_json::from_str(text).expect("an answer");
        assert!(page.more && page.header.revision_at(0) == 7 && page.header.revision_at(5) == 5);
        let stored: Vec<_> = page.kvs.into_iter().filter_map(KeyValue::stored).collect();
        let wanted = [
            Stored { key: "/a".into(), value: b"1".into(), leased: true },
            Stored { key: "/b".into(), value: Vec::new(), leased: false },
        ];
        assert_eq!(stored, wanted);
        let nothing: RangeResponse = serde_json::from_str("{}").expect("an empty answer");
        assert!(nothing.kvs.is_empty() && !nothing.more);
    }

    #[test]
    fn changes_are_told_as_etcd_wants_them() {
        let changes = [Change::Put { key: "/a".into(), value: b"1".into() }, Change::Delete { key: "/b".into() }];
        let told = serde_json::to_value(TxnRequest::of(&changes.each_ref())).expect("JSON");
        let wanted = serde_json::json!({"success": [
            {"request_put": {"key": "L2E=", "value": "MQ=="}}, {"request_delete_range": {"key": "L2I="}}]});
        assert_eq!(told, wanted);
    }
}
