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
            drop(server().serve(read, write).await);
        });
        let (read, write) = tokio::io::split(theirs);
        Self { write, lines: BufReader::new(read).lines() }
    }

    /// After the handshake, with what the server says to it.
    async fn agreed(version: &str) -> Self {
        let mut pipe = Self::open();
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params":
            {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}});
        pipe.send(&hello.to_string()).await;
        assert_eq!(pipe.next().await["result"]["protocolVersion"], version);
        pipe.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        pipe
    }

    async fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes()).await;
    }

    async fn send_bytes(&mut self, bytes: &[u8]) {
        self.write.write_all(bytes).await.expect("sent");
    }

    /// What comes next.
    async fn next(&mut self) -> Value {
        let next = tokio::time::timeout(std::time::Duration::from_secs(30), self.lines.next_line());
        let line = next.await.expect("in time").expect("readable").expect("the server lives");
        serde_json::from_str(&line).expect("JSON")
    }

    /// The answer with this id; others before it are passed over.
    async fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.next().await;
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
        r#"{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"find","arguments":"x"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{}}"#,
        deep.as_str(),
        "\u{0}\u{1}\u{feff}",
    ];
    for line in nonsense {
        pipe.send(line).await;
    }
    pipe.send(r#"{"jsonrpc":"2.0","id":42,"method":"tools/call","params":{"name":"find","arguments":{}}}"#).await;
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
        {"name": "find", "arguments": {"kind": "api"}, "_meta": meta}});
    pipe.send(&call.to_string()).await;
    let answer = pipe.answer(2).await;
    assert_eq!(answer["result"]["structuredContent"]["total"], 1, "{answer}");
}

#[tokio::test]
async fn every_line_gets_its_answer_at_once() {
    let mut pipe = Pipe::agreed("2025-06-18").await;
    let deep =
        format!(r#"{{"jsonrpc":"2.0","id":4,"method":"ping","params":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    let cases: [(&[u8], i64, Value); 9] = [
        (b"not json", -32700, Value::Null),
        (b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"p\xffng\"}", -32700, 2.into()),
        (br#"{"jsonrpc":"2.0","id":3,"method":"ping","params":{"x":"\ud800"}}"#, -32700, 3.into()),
        (deep.as_bytes(), -32700, 4.into()),
        (b"7", -32600, Value::Null),
        (br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":[]}"#, -32602, 5.into()),
        (
            br#"{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"find","arguments":"{}"}}"#,
            -32602,
            6.into(),
        ),
        (
            br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"find","arguments":[1]}}"#,
            -32602,
            7.into(),
        ),
        (br#"{"jsonrpc":"2.0","id":8,"method":"no/such"}"#, -32601, 8.into()),
    ];
    for (line, code, id) in cases {
        pipe.send_bytes(&[line, b"\n"].concat()).await;
        let answer = pipe.next().await;
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &id), "{answer}");
        assert!(answer.to_string().len() < 1_000, "{answer}");
    }
    // Answered as soon as it is too long; its end has not been sent yet.
    pipe.send_bytes(br#"{"jsonrpc":"2.0","id":9,"method":"ping","params":{"x":""#).await;
    pipe.send_bytes("a".repeat(2 << 20).as_bytes()).await;
    let answer = pipe.next().await;
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32600), &json!(9)), "{answer}");
    assert!(answer["error"]["message"].as_str().expect("text").contains("1048576 bytes"), "{answer}");
    pipe.send_bytes("a".repeat(1 << 20).as_bytes()).await;
    pipe.send("\"}}").await;
    pipe.send(r#"{"jsonrpc":"2.0","id":10,"method":"ping"}"#).await;
    assert_eq!(pipe.next().await, json!({"jsonrpc": "2.0", "id": 10, "result": {}}));
}

const BATCH: &str = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"no/such"},7,
    {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}},
    {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"find","arguments":{}}}]"#;

#[tokio::test]
async fn batches_are_of_the_revision_that_has_them() {
    let batch = BATCH.replace('\n', " ");
    let mut pipe = Pipe::agreed("2025-03-26").await;
    pipe.send(&batch).await;
    let answers = pipe.next().await;
    let mut ids: Vec<_> = answers.as_array().expect("one list").iter().map(|answer| answer["id"].to_string()).collect();
    ids.sort();
    assert_eq!(ids, ["1", "2", "3", "null"], "{answers}");
    pipe.send(r#"[{"jsonrpc":"2.0","method":"notifications/initialized"}]"#).await;
    pipe.send(r#"[{"jsonrpc":"2.0","id":4,"method":"ping"}]"#).await;
    assert_eq!(pipe.next().await, json!([{"jsonrpc": "2.0", "id": 4, "result": {}}]));

    for version in ["2025-06-18", "2025-11-25"] {
        let mut pipe = Pipe::agreed(version).await;
        pipe.send(&batch).await;
        let answer = pipe.next().await;
        assert_eq!(answer["error"]["code"], -32600, "{answer}");
        assert!(answer["error"]["message"].as_str().expect("text").contains(version), "{answer}");
        pipe.send(r#"{"jsonrpc":"2.0","id":10,"method":"ping"}"#).await;
        assert_eq!(pipe.next().await["id"], 10);
    }
}

#[tokio::test]
async fn nothing_before_the_handshake_ends_the_server() {
    let mut pipe = Pipe::open();
    for line in ["", "nonsense", "[]", r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, r#"{"jsonrpc":"2.0","id":1}"#] {
        pipe.send(line).await;
    }
    pipe.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    pipe.send(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#).await;
    for _ in 0..4 {
        assert!(pipe.next().await["error"]["code"].is_i64());
    }
    pipe.send(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#).await;
    assert_eq!(pipe.next().await["id"], 2);
}
