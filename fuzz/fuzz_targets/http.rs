//! A client of the MCP server over HTTP. What begins with `>` is sent as it is; of everything else the part before the first
//! empty line becomes headers, and the rest a body with its right length.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::time::Duration;

use backstack_fuzz::Scratch;
use backstack_fuzz::mcp::{runtime, server};
use backstack_mcp::http::{HttpServer, HttpSettings};
use backstack_mcp::server::Server;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

static SERVER: LazyLock<Server> = LazyLock::new(server);
static STATE: LazyLock<Scratch> = LazyLock::new(Scratch::new);
/// Nothing more comes after so long without a word, by a clock that does not wait.
const QUIET: Duration = Duration::from_secs(4);

// To index the pages takes long, and is no input.
fuzz_target!(init: { LazyLock::force(&SERVER); }, |bytes: &[u8]| {
    let (request, whole) = match bytes.split_first() {
        Some((b'>', raw)) => (raw.to_vec(), false),
        // In chunks the body may have no end.
        _ => (framed(bytes), !bytes.to_ascii_lowercase().windows(8).any(|word| word == b"transfer")),
    };
    let answer = runtime().block_on(exchange(&request));
    let said = String::from_utf8_lossy(&answer);
    assert!(said.starts_with("HTTP/1.") || (said.is_empty() && !whole), "{said}");
    assert!(!said.contains(" 500 Internal Server Error\r\n"), "{said}");
    // What older clients agreed on is kept in files.
    let _ = std::fs::remove_dir_all(STATE.path().join("sessions"));
});

fn framed(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (headers, body) = end.map_or((bytes, &b""[..]), |end| (&bytes[..end], &bytes[end + 2..]));
    let mut request =
        format!("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n", body.len()).into_bytes();
    for line in headers.split(|byte| *byte == b'\n') {
        request.extend(line);
        request.extend(if line.is_empty() { &b""[..] } else { b"\r\n" });
    }
    [&request, &b"\r\n"[..], body].concat()
}

async fn exchange(request: &[u8]) -> Vec<u8> {
    let settings = HttpSettings {
        tokens: false,
        rate: u32::MAX,
        ..HttpSettings::new((Ipv4Addr::LOCALHOST, 0).into(), STATE.path().into())
    };
    let http = HttpServer::bind(SERVER.clone(), &settings).await.expect("bound");
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (mut read, mut write) = tokio::io::split(theirs);
    let mut answer = Vec::new();
    let client = async {
        // The server may close before it has read everything.
        let _ = write.write_all(request).await;
        while tokio::time::timeout(QUIET, read.read_buf(&mut answer)).await.is_ok_and(|read| read.is_ok_and(|n| n > 0))
        {
        }
    };
    tokio::select! {
        () = client => {}
        () = http.serve_stream(ours, IpAddr::V4(Ipv4Addr::LOCALHOST)) => {}
    }
    let _ = read.read_to_end(&mut answer).await;
    answer
}
