//! A server for the official conformance suite: the shipped protocol code, with the suite's fixtures as a toolset.
//!
//! `cargo run -p backstack-mcp --example conformance -- 127.0.0.1:7399`

mod fixtures;
mod inputs;
mod older;

use std::process::ExitCode;
use std::sync::Arc;

use backstack_mcp::http::{HttpServer, HttpSettings};
use backstack_mcp::server::{Server, Settings};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a program, not a library")]
            {
                eprintln!("{error}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or("127.0.0.1:7399".into()).parse()?;
    let state = std::env::temp_dir().join(format!("backstack-conformance-{}", std::process::id()));
    let settings = Settings { version: "0".into(), logging: true, ..Settings::default() };
    let server = Server::new(settings, vec![Arc::new(fixtures::Fixtures::default())])?;
    let http = HttpSettings { tokens: false, rate: 100_000, ..HttpSettings::new(listen, state.clone()) };
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        drop(tokio::signal::ctrl_c().await);
        stopping.cancel();
    });
    HttpServer::bind(server, &http).await?.run(stop).await;
    drop(std::fs::remove_dir_all(state));
    Ok(())
}
