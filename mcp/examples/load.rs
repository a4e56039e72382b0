//! Asks an MCP server over HTTP from several clients at once and prints how long answers took, as JSON.
//!
//! `load ADDRESS:PORT PATH CLIENTS REQUESTS BODY [HEADER...]`; each client keeps its connection.
#![expect(clippy::print_stdout, reason = "a program, not a library")]

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, path, clients, requests, body, headers @ ..] = arguments.as_slice() else {
        return Err("load ADDRESS:PORT PATH CLIENTS REQUESTS BODY [HEADER...]".into());
    };
    let (clients, requests): (usize, usize) = (clients.parse()?, requests.parse()?);
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (address, request) = (address.clone(), request.clone());
        asking.spawn(async move { client(&address, request.as_bytes(), requests).await });
    }
    let start = Instant::now();
    let mut times = Vec::new();
    while let Some(done) = asking.join_next().await {
        times.extend(done??);
    }
    let seconds = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| {
        times.get(((times.len() - 1) as f64 * share) as usize).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    println!(
        "{{\"answers\": {}, \"p50_ms\": {:.3}, \"p99_ms\": {:.3}, \"max_ms\": {:.3}, \"per_second\": {:.0}}}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        times.len() as f64 / seconds
    );
    Ok(())
}

async fn client(address: &str, request: &[u8], requests: usize) -> std::io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut times = Vec::with_capacity(requests);
    let mut answer = Vec::new();
    // The first few warm caches up and are not counted.
    for number in 0..requests + 20 {
        let start = Instant::now();
        stream.write_all(request).await?;
        answer.clear();
        while !is_whole(&answer) {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        if !answer.starts_with(b"HTTP/1.1 200") {
            return Err(std::io::Error::other(String::from_utf8_lossy(&answer).into_owned()));
        }
        if number >= 20 {
            times.push(start.elapsed());
        }
    }
    Ok(times)
}

/// Whether a whole answer is there: by its length, or by the last chunk.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    match head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        Some(length) => length.trim().parse::<usize>().is_ok_and(|length| answer.len() >= end + 4 + length),
        None => answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}
