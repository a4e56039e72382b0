//! Strangers at the HTTP door.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use backstack_mcp::http::{HttpServer, HttpSettings, MOST_BODY_BYTES, Tokens};
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
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(120), stream.read_to_end(&mut answer)).await;
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
    assert!(good.contains("200 OK") && good.contains("catalog_list"), "{good}");
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
    let huge = post(NEWER, &" ".repeat(MOST_BODY_BYTES + 1));
    let answer = exchange(running.address, &huge).await;
    assert!(answer.is_empty() || answer.contains("413"), "{}", &answer[..answer.len().min(300)]);
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
    let session =
        welcome.lines().find_map(|line| line.to_lowercase().strip_prefix("mcp-session-id: ").map(str::to_string));
    let session = session.unwrap_or_else(|| panic!("no session: {welcome}"));
    first.stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), first.task).await.expect("it ends").expect("without a panic");
    let second = run(folder.path(), false, 1000).await;
    let headers = format!("Mcp-Session-Id: {session}\r\nMcp-Protocol-Version: 2025-06-18\r\n");
    let call = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"catalog_list","arguments":{}}}"#;
    let answer = exchange(second.address, &post(&headers, call)).await;
    assert!(answer.contains("200 OK") && answer.contains("component:default/shop"), "{answer}");
}
