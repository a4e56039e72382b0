//! The shipped program as an editor starts it: a process and its two streams, and what should never be sent to it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn the_server_answers_and_lives_on() {
    let home = tempfile::tempdir().expect("folder");
    let mut server = Command::new(env!("CARGO_BIN_EXE_backstack"))
        .args(["mcp", "--toolsets", "catalog,docs"])
        .env("HOME", home.path())
        .env("BACKSTACK_STATE", home.path().join("state"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let mut input = server.stdin.take().expect("stdin");
    let output = BufReader::new(server.stdout.take().expect("stdout"));
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    // What the server tells of its own accord, as that a list changed, may come between any two answers.
    let next = || loop {
        let line = lines.recv_timeout(PATIENCE).expect("an answer");
        let message: Value = serde_json::from_str(&line).expect("JSON");
        if message.get("method").is_none() {
            break message;
        }
    };

    let mut send = |bytes: &[u8]| input.write_all(&[bytes, b"\n"].concat()).and_then(|()| input.flush()).expect("sent");
    send(b"{\"broken");
    assert_eq!(next()["error"]["code"], -32700);
    send(
        br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"0"}}}"#,
    );
    assert_eq!(next()["result"]["protocolVersion"], "2025-03-26");
    send(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let call = |id: u64, arguments: Value| {
        let params = json!({"name": "docs", "arguments": arguments});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
    };
    for (line, code) in [
        (b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"p\xffng\"}".to_vec(), -32700),
        (br#"{"jsonrpc":"2.0","id":2,"method":"ping","params":{"x":"\udfff"}}"#.to_vec(), -32700),
        (format!(r#"{{"id":2,"x":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000)).into_bytes(), -32700),
        (format!(r#"{{"jsonrpc":"2.0","id":2,"method":"{}"}}"#, "a".repeat(3 << 20)).into_bytes(), -32600),
        (call(2, json!("{}")).into_bytes(), -32602),
    ] {
        send(&line);
        let answer = next();
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &json!(2)), "{answer}");
    }
    send(call(3, json!({"query": "a port is taken", "limit": "2.0", "cursor": ""})).as_bytes());
    let answer = next();
    assert_eq!(answer["result"]["structuredContent"]["items"].as_array().map(Vec::len), Some(2), "{answer}");
    send(call(4, json!({"query": "a port", "limit": "a".repeat(900_000)})).as_bytes());
    let answer = next().to_string();
    assert!(
        answer.len() < 2_000 && answer.contains("must be a whole number"),
        "{}",
        &answer[..answer.len().min(2_000)]
    );
    send(
        format!("[{},{}]", call(5, json!({"query": "a port"})), r#"{"jsonrpc":"2.0","id":6,"method":"ping"}"#)
            .as_bytes(),
    );
    assert_eq!(next().as_array().map(Vec::len), Some(2));

    drop(input);
    let ended = server.wait().expect("it ends with its input");
    assert!(ended.success(), "{ended}");
}
