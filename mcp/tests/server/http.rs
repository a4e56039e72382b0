//! Strangers at the HTTP door.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use backstack_mcp::http::{HttpServer, HttpSettings, MOST_BODY_BYTES, Tokens};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::server;

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"0"}}}"#;

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

async fn run(state: &Path, tokens: bool, rate: u32) -> Running {
    let listen = "127.0.0.1:0".parse().expect("address");
    let settings = HttpSettings { tokens, rate, ..HttpSettings::new(listen, state.into()) };
    let http = HttpServer::bind(server(), &settings).await.expect("bound");
    let address = http.address().expect("address");
    let stop = CancellationToken::new();
    let task = tokio::spawn(http.run(stop.clone()));
    Running { address, stop, task }
}

/// Sends these bytes and gives what comes back, until the server closes or says nothing more.
async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    // The server may close before it has read everything.
    drop(stream.write_all(request).await);
    let mut answer = Vec::new();
    drop(tokio::time::timeout(Duration::from_secs(120), stream.read_to_end(&mut answer)).await);
    String::from_utf8_lossy(&answer).into_owned()
}

/// As [`exchange`], for a client over a slow line that sends all before it reads, and takes a connection that breaks
/// for its answer.
async fn send_whole(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    for part in request.chunks(400_000) {
        stream.write_all(part).await.expect("everything is taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(120), stream.read_to_end(&mut answer)).await;
    ended.expect("an end in time").expect("an end without a reset");
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

const NEWER: &str = "Mcp-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/list\r\n";

#[tokio::test]
async fn only_clients_with_a_token_come_in() {
    let folder = tempfile::tempdir().expect("folder");
    let token = Tokens::of(folder.path()).issue("test").expect("issued").token;
    let running = run(folder.path(), true, 1000).await;
    let good = exchange(running.address, &post(&format!("{NEWER}Authorization: Bearer {token}\r\n"), LIST)).await;
    assert!(good.contains("200 OK") && good.contains(r#""name":"find""#), "{good}");
    for header in ["", "Authorization: Bearer\r\n", "Authorization: Bearer bs_00\r\n", "Authorization: Basic eDp5\r\n"]
    {
        let answer = exchange(running.address, &post(&format!("{NEWER}{header}"), LIST)).await;
        assert!(answer.contains("401") && answer.to_lowercase().contains("www-authenticate: bearer"), "{answer}");
    }
    let mut last = String::new();
    for _ in 0..20 {
        last = exchange(running.address, &post("Authorization: Bearer guess\r\n", LIST)).await;
    }
    assert!(last.contains("429"), "guessing is not slowed: {last}");
}

#[tokio::test]
async fn web_pages_and_other_names_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let running = run(folder.path(), false, 1000).await;
    for origin in ["http://evil.example", "null", "https://localhost.evil.example", "file://"] {
        let answer = exchange(running.address, &post(&format!("{NEWER}Origin: {origin}\r\n"), LIST)).await;
        assert!(answer.contains("403"), "{origin}: {answer}");
    }
    let local = exchange(running.address, &post(&format!("{NEWER}Origin: http://localhost:6274\r\n"), LIST)).await;
    assert!(local.contains("200 OK"), "{local}");
    let body = post(NEWER, LIST);
    let other = String::from_utf8(body).expect("text").replace("Host: 127.0.0.1", "Host: evil.example");
    let answer = exchange(running.address, other.as_bytes()).await;
    assert!(answer.contains("403"), "{answer}");
    let missing = exchange(running.address, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(missing.contains("404"), "{missing}");
}

#[tokio::test]
async fn what_is_too_large_or_no_protocol_is_refused_and_the_server_lives() {
    let folder = tempfile::tempdir().expect("folder");
    let running = run(folder.path(), false, 1000).await;
    for size in [MOST_BODY_BYTES + 1, 3_000_000, 3_000_000, 3_000_000] {
        let answer = send_whole(running.address, &post(NEWER, &" ".repeat(size))).await;
        assert_eq!(refused_as_too_long(&answer), (413, (-32600).into()), "{size}: {answer}");
    }
    // Far more is broken off, and answered all the same.
    let answer = exchange(running.address, &post(NEWER, &" ".repeat(60_000_000))).await;
    assert_eq!(refused_as_too_long(&answer), (413, (-32600).into()), "{answer}");
    let headers: String = (0..200).map(|number| format!("X-{number}: y\r\n")).collect();
    assert!(exchange(running.address, &post(&headers, LIST)).await.contains("431"));
    let long = format!("X-Long: {}\r\n", "y".repeat(100_000));
    let answer = exchange(running.address, &post(&long, LIST)).await;
    assert!(answer.contains("431") || answer.contains("400") || answer.is_empty(), "{answer}");
    for body in
        ["", "{", "[]", "null", "7", "\"x\"", r#"{"jsonrpc":"2.0"}"#, r#"{"jsonrpc":"2.0","id":{},"method":"x"}"#]
    {
        let answer = exchange(running.address, &post(NEWER, body)).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{body}: {answer}");
    }
    exchange(running.address, b"\x16\x03\x01\x00\xff nonsense\r\n\r\n").await;
    assert!(exchange(running.address, &post(NEWER, LIST)).await.contains("200 OK"));
}

#[tokio::test]
async fn a_loop_is_slowed_down() {
    let folder = tempfile::tempdir().expect("folder");
    let running = run(folder.path(), false, 2).await;
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(exchange(running.address, &post(NEWER, LIST)).await);
    }
    assert!(answers[0].contains("200 OK"));
    let last = answers.last().expect("answers");
    assert!(last.contains("429") && last.to_lowercase().contains("retry-after"), "{last}");
}

#[tokio::test]
async fn many_connections_at_once_are_all_answered() {
    let folder = tempfile::tempdir().expect("folder");
    let running = run(folder.path(), false, 100_000).await;
    // More than the server has places for say nothing at all: they must not keep the others out for long.
    let mut silent = Vec::new();
    for _ in 0..600 {
        silent.push(TcpStream::connect(running.address).await.expect("connected"));
    }
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..300 {
        let address = running.address;
        asking.spawn(async move { exchange(address, &post(NEWER, LIST)).await.contains("200 OK") });
    }
    let answered = asking.join_all().await.into_iter().filter(|good| *good).count();
    assert_eq!(answered, 300);
}

#[tokio::test]
async fn a_restart_is_not_noticed() {
    let folder = tempfile::tempdir().expect("folder");
    let first = run(folder.path(), false, 1000).await;
    let welcome = exchange(first.address, &post("", HELLO)).await;
    let session = session(&welcome);
    first.stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), first.task).await.expect("it ends").expect("without a panic");
    let second = run(folder.path(), false, 1000).await;
    let headers = format!("Mcp-Session-Id: {session}\r\nMcp-Protocol-Version: 2025-06-18\r\n");
    let call = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"find","arguments":{}}}"#;
    let answer = exchange(second.address, &post(&headers, call)).await;
    assert!(answer.contains("200 OK") && answer.contains("component:default/shop"), "{answer}");
}

fn post_with(accept: &str, kind: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{kind}{accept}Content-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

const KIND: &str = "Content-Type: application/json\r\n";

/// Status, and every message in the answer, whichever form it has.
fn told(answer: &str) -> (u16, Vec<Value>) {
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{answer}"));
    let messages = answer.lines().filter_map(|line| {
        serde_json::from_str::<Value>(line.strip_prefix("data:").unwrap_or(line))
            .ok()
            .filter(|value| !value.is_number())
    });
    (status, messages.collect())
}

/// Status and the protocol's code.
fn refused_as_too_long(answer: &str) -> (u16, Value) {
    let (status, messages) = told(answer);
    (status, messages.first().map_or(Value::Null, |message| message["error"]["code"].clone()))
}

fn session(welcome: &str) -> String {
    let session =
        welcome.lines().find_map(|line| line.to_lowercase().strip_prefix("mcp-session-id: ").map(str::to_string));
    session.unwrap_or_else(|| panic!("no session: {welcome}"))
}

#[tokio::test]
async fn whatever_a_client_accepts_it_is_served() {
    let folder = tempfile::tempdir().expect("folder");
    let running = run(folder.path(), false, 1000).await;
    for (accept, form) in [
        ("Accept: */*\r\n", "text/event-stream"),
        ("", "text/event-stream"),
        ("Accept: text/event-stream\r\n", "text/event-stream"),
        ("Accept: application/json, text/event-stream\r\n", "text/event-stream"),
        ("Accept: application/json\r\n", "application/json"),
        ("Accept: application/*;q=0.8\r\n", "application/json"),
        ("Accept: text/event-stream;q=0, application/json\r\n", "application/json"),
    ] {
        let newer = exchange(running.address, &post_with(accept, KIND, NEWER, LIST.as_bytes())).await;
        assert!(newer.contains(r#""name":"find""#) && newer.contains(form), "{accept}: {newer}");
        let welcome = exchange(running.address, &post_with(accept, KIND, "", HELLO.as_bytes())).await;
        assert!(welcome.contains("2025-06-18") && welcome.contains(form), "{accept}: {welcome}");
        let headers = format!("Mcp-Session-Id: {}\r\nMcp-Protocol-Version: 2025-06-18\r\n", session(&welcome));
        let initialized = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        let noted = exchange(running.address, &post_with(accept, KIND, &headers, initialized)).await;
        assert!(noted.starts_with("HTTP/1.1 202"), "{accept}: {noted}");
        let call = br#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"find","arguments":{}}}"#;
        let answer = exchange(running.address, &post_with(accept, KIND, &headers, call)).await;
        let (status, messages) = told(&answer);
        assert!(status == 200 && answer.contains(form), "{accept}: {answer}");
        assert_eq!(messages.last().expect("an answer")["result"]["structuredContent"]["total"], 5, "{answer}");
    }
    let refused = exchange(running.address, &post_with("Accept: text/html\r\n", KIND, NEWER, LIST.as_bytes())).await;
    assert!(refused.starts_with("HTTP/1.1 406"), "{refused}");
    for kind in ["", "Content-Type: text/plain\r\n"] {
        let refused = exchange(running.address, &post_with("", kind, NEWER, LIST.as_bytes())).await;
        assert!(refused.starts_with("HTTP/1.1 415") && refused.contains("Content-Type: application/json"), "{refused}");
    }
    let kind = "Content-Type: Application/JSON ; charset=utf-8\r\n";
    assert!(exchange(running.address, &post_with("", kind, NEWER, LIST.as_bytes())).await.contains(r#""name":"find""#));
}

#[tokio::test]
async fn what_cannot_be_served_is_told_as_the_protocol_has_it() {
    let folder = tempfile::tempdir().expect("folder");
    let running = run(folder.path(), false, 1000).await;
    let deep = format!(r#"{{"jsonrpc":"2.0","id":4,"method":"x","params":{}"#, "[".repeat(5_000));
    let call = |arguments: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{{"name":"find","arguments":{arguments}}}}}"#
        )
    };
    let cases: [(&[u8], u16, i64, Value); 8] = [
        (b"no json", 400, -32700, Value::Null),
        (b"", 400, -32700, Value::Null),
        (b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"p\xffng\"}", 400, -32700, 2.into()),
        (br#"{"jsonrpc":"2.0","id":3,"method":"ping","params":{"x":"\ud800"}}"#, 400, -32700, 3.into()),
        (deep.as_bytes(), 400, -32700, 4.into()),
        (b"[]", 400, -32600, Value::Null),
        (&call("\"text\"").into_bytes(), 200, -32602, 5.into()),
        (&call("[]").into_bytes(), 200, -32602, 5.into()),
    ];
    for (body, status, code, id) in cases {
        let answer = exchange(running.address, &post_with("", KIND, "", body)).await;
        let (found, messages) = told(&answer);
        let error = messages.first().unwrap_or_else(|| panic!("{answer}"));
        assert_eq!((found, &error["error"]["code"], &error["id"]), (status, &json!(code), &id), "{answer}");
    }
    let answer = send_whole(running.address, &post_with("", KIND, "", &vec![b'a'; 3_000_000])).await;
    assert_eq!(refused_as_too_long(&answer), (413, (-32600).into()), "{answer}");
    // A stranger is told nothing, whatever it sends.
    let strange = exchange(running.address, &post_with("", KIND, "Origin: http://evil.example\r\n", b"no json")).await;
    assert!(strange.starts_with("HTTP/1.1 403"), "{strange}");
}

#[tokio::test]
async fn whatever_is_refused_is_told_to_a_client_that_sends_all_of_it_first() {
    let folder = tempfile::tempdir().expect("folder");
    let open = run(folder.path(), false, 1000).await;
    let closed = run(folder.path(), true, 1000).await;
    let long = vec![b' '; 3_000_000];
    let evil = "Origin: http://evil.example\r\n";
    let elsewhere = String::from_utf8(post_with("", KIND, "", &long)).expect("text").replace("/mcp", "/other");
    let cases = [
        (401, &closed, post_with("", KIND, "", &long)),
        (403, &open, post_with("", KIND, evil, &long)),
        (404, &open, elsewhere.into_bytes()),
        (406, &open, post_with("Accept: text/html\r\n", KIND, "", &long)),
        (415, &open, post_with("", "", "", &long)),
    ];
    for (status, running, request) in cases {
        let answer = send_whole(running.address, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
    }
    let slow = run(folder.path(), false, 1).await;
    for _ in 0..10 {
        exchange(slow.address, &post_with("", KIND, "", b"")).await;
    }
    let answer = send_whole(slow.address, &post_with("", KIND, "", &long)).await;
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
}

#[tokio::test]
async fn batches_are_of_the_revision_that_has_them() {
    let folder = tempfile::tempdir().expect("folder");
    let running = run(folder.path(), false, 20).await;
    let batch = br#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"no/such"},7,
        {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"find","arguments":{}}}]"#;
    for (version, good) in [("2025-03-26", true), ("2025-06-18", false)] {
        let hello = HELLO.replace("2025-06-18", version);
        let welcome = exchange(running.address, &post_with("", KIND, "", hello.as_bytes())).await;
        let headers = format!("Mcp-Session-Id: {}\r\n", session(&welcome));
        for accept in ["", "Accept: application/json\r\n"] {
            let answer = exchange(running.address, &post_with(accept, KIND, &headers, batch)).await;
            let (status, mut messages) = told(&answer);
            if !good {
                assert_eq!((status, &messages[0]["error"]["code"]), (400, &json!(-32600)), "{answer}");
                continue;
            }
            if let [Value::Array(list)] = &messages[..] {
                messages = list.clone();
            }
            let mut ids: Vec<_> = messages.iter().map(|message| message["id"].to_string()).collect();
            ids.sort();
            assert_eq!((status, ids), (200, ["1", "2", "3", "null"].map(String::from).to_vec()), "{answer}");
        }
        if good {
            let notes = br#"[{"jsonrpc":"2.0","method":"notifications/initialized"}]"#;
            let noted = exchange(running.address, &post_with("", KIND, &headers, notes)).await;
            assert!(noted.starts_with("HTTP/1.1 202"), "{noted}");
            let many = format!("[{}]", vec![r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#; 90].join(","));
            let slowed = exchange(running.address, &post_with("", KIND, &headers, many.as_bytes())).await;
            assert!(slowed.starts_with("HTTP/1.1 429"), "each message counts: {slowed}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    let newer = exchange(running.address, &post_with("", KIND, NEWER, batch)).await;
    assert!(newer.starts_with("HTTP/1.1 400") && newer.contains("-32600"), "{newer}");
}
