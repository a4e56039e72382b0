//! A client of the MCP server on a pipe: a message a line.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use backstack_fuzz::mcp::{runtime, server};
use backstack_mcp::server::Server;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokio::io::AsyncReadExt;

static SERVER: LazyLock<Server> = LazyLock::new(server);

// To index the pages takes long, and is no input.
fuzz_target!(init: { LazyLock::force(&SERVER); }, |bytes: &[u8]| {
    let input = Cursor::new(bytes.to_vec());
    let printed = runtime().block_on(async {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let mut printed = Vec::new();
        let (_, read) = tokio::join!(SERVER.serve(input, ours), theirs.read_to_end(&mut printed));
        read.expect("the server ends");
        printed
    });
    for line in String::from_utf8(printed).expect("UTF-8").lines() {
        let said: Value = serde_json::from_str(line).expect("an answer a line");
        let messages = said.as_array().cloned().unwrap_or_else(|| vec![said]);
        assert!(!messages.is_empty() && messages.iter().all(|message| message["jsonrpc"] == "2.0"), "{line}");
    }
});
