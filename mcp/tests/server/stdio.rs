//! A client on a pipe that sends what it should not.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};

use super::server;

struct Pipe {
    write: WriteHalf<DuplexStream>,
    lines: tokio::io::Lines<BufReader<ReadHalf<DuplexStream>>>,
}

impl Pipe {
    fn open() -> Self {
        let (ours, theirs) = tokio::io::duplex(4 * 1024 * 1024);
        tokio::spawn(async move {
            let (read, write) = tokio::io::split(ours);
            let _ = server().serve(read, write).await;
        });
        let (read, write) = tokio::io::split(theirs);
        Self { write, lines: BufReader::new(read).lines() }
    }

    async fn send(&mut self, line: &str) {
        self.write.write_all(format!("{line}\n").as_bytes()).await.expect("sent");
    }

    /// The answer with this id; others before it are passed over.
    async fn answer(&mut self, id: u64) -> Value {
        loop {
            let next = tokio::time::timeout(std::time::Duration::from_secs(30), self.lines.next_line());
            let line = next.await.expect("in time").expect("readable").expect("the server lives");
            let message: Value = serde_json::from_str(&line).expect("JSON");
            if message["id"] == id {
                return message;
            }
        }
    }
}

#[tokio::test]
async fn the_server_lives_through_nonsense() {
    let mut pipe = Pipe::open();
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params":
        {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}});
    pipe.send(&hello.to_string()).await;
    let welcome = pipe.answer(1).await;
    assert_eq!(welcome["result"]["protocolVersion"], "2025-03-26");
    pipe.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let nonsense = [
        "",
        "not json",
        "{",
        "[]",
        "null",
        r#"{"jsonrpc":"1.0","id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"no/such"}"#,
        r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":[]}"#,
        r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":7}}"#,
        r#"{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"catalog_list","arguments":"x"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{}}"#,
        deep.as_str(),
        "\u{0}\u{1}\u{feff}",
    ];
    for line in nonsense {
        pipe.send(line).await;
    }
    pipe.send(r#"{"jsonrpc":"2.0","id":42,"method":"tools/call","params":{"name":"catalog_list","arguments":{}}}"#)
        .await;
    let answer = pipe.answer(42).await;
    assert_eq!(answer["result"]["structuredContent"]["total"], 5, "{answer}");
}

#[tokio::test]
async fn the_newer_revision_needs_no_handshake() {
    let mut pipe = Pipe::open();
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}, "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"}});
    pipe.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}}).to_string())
        .await;
    let found = pipe.answer(1).await;
    let versions = found["result"]["supportedVersions"].to_string();
    for version in ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] {
        assert!(versions.contains(version), "{found}");
    }
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params":
        {"name": "catalog_list", "arguments": {"kind": "api"}, "_meta": meta}});
    pipe.send(&call.to_string()).await;
    let answer = pipe.answer(2).await;
    assert_eq!(answer["result"]["structuredContent"]["total"], 1, "{answer}");
}
