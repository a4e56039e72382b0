//! `backstack mcp`

use std::net::SocketAddr;
use std::path::PathBuf;

use backstack_mcp::http::{HttpServer, HttpSettings};
use backstack_mcp::server::{Server, Settings};
use clap::{Args, Subcommand};
use serde_json::json;

use super::Output;
use super::mcp_call::{self, CalledArgs};
use super::mcp_install::{self, InstallArgs, UninstallArgs};
use super::printer::Printer;
use crate::assistant::wiring::{self, Live, Sources};
use crate::error::Failure;
use crate::folders;
use crate::settings::DEFAULT_STACK;

/// Serve the platform to AI assistants over the Model Context Protocol
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  backstack mcp install --client vscode   write it into an editor's configuration
  backstack mcp                           stdio, as an editor starts it
  backstack mcp --http 127.0.0.1:7311     streamable HTTP at /mcp, for several clients
  backstack mcp tools                     what is offered
  backstack mcp call diagnose             one tool, without an editor

Without a platform it serves the stack's catalog and the documentation. It reads only, unless --allow-changes is
given; then changes are proposed as pull requests, after the user agreed.")]
pub(super) struct McpArgs {
    #[command(subcommand)]
    command: Option<McpCommand>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Args)]
struct ServeArgs {
    #[command(flatten)]
    offer: OfferArgs,
    /// Serve HTTP here instead of stdio
    #[arg(long, value_name = "ADDRESS:PORT")]
    http: Option<SocketAddr>,
    /// Let clients in without a token; on loopback only
    #[arg(long, requires = "http")]
    no_token: bool,
    /// Let clients in with the tokens in this folder too: a file for each, named after the client
    #[arg(long, value_name = "DIR", requires = "http", conflicts_with = "no_token")]
    tokens: Option<PathBuf>,
    /// Another name under which clients reach the server, as behind an ingress
    #[arg(long, value_name = "HOST", requires = "http")]
    allow_host: Vec<String>,
    /// Web pages of this origin may ask, as https://example.com:443
    #[arg(long, value_name = "ORIGIN", requires = "http")]
    allow_origin: Vec<String>,
    /// Requests a second for one client
    #[arg(long, value_name = "NUMBER", default_value_t = 500, requires = "http")]
    rate: u32,
}

/// What is offered, and from where.
#[derive(Debug, Args)]
struct OfferArgs {
    #[command(flatten)]
    sources: SourceArgs,
    /// Only these toolsets, with commas between them
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    toolsets: Vec<String>,
    /// Offer tools that propose changes
    #[arg(long)]
    allow_changes: bool,
    /// Read only this platform; otherwise that of --name, and others where calls say so
    #[arg(long, value_name = "NAME")]
    platform: Option<String>,
    /// Read the platform in the cluster of this kubeconfig context
    #[arg(long, value_name = "CONTEXT", conflicts_with = "platform")]
    context: Option<String>,
    /// Read the platform in the cluster that this program runs in, with its pod's account
    #[arg(long, conflicts_with_all = ["platform", "context"])]
    in_cluster: bool,
    /// Address of the platform's Git server in the cluster
    #[arg(long, value_name = "URL", requires = "in_cluster")]
    git: Option<String>,
    /// Address of the platform's registry in the cluster
    #[arg(long, value_name = "HOST:PORT", requires = "in_cluster")]
    registry: Option<String>,
}

impl OfferArgs {
    fn sources(&self, name: &str) -> Sources {
        let live = match (&self.context, &self.platform) {
            _ if self.in_cluster => {
                Live::Pod { name: name.into(), git: self.git.clone(), registry: self.registry.clone() }
            }
            (Some(context), _) => Live::Context(context.clone()),
            (None, Some(name)) => Live::Platform(name.clone()),
            (None, None) => Live::All(name.into()),
        };
        Sources { live: Some(live), ..self.sources.sources() }
    }
}

/// What the catalog and the documentation are read from.
#[derive(Debug, Args)]
pub(super) struct SourceArgs {
    /// Stack whose components are in the catalog: a name, or a folder
    #[arg(long, value_name = "NAME|DIR", default_value = DEFAULT_STACK)]
    stack: String,
    /// More catalog entities: a folder or file of descriptors (catalog-info.yaml); repeatable
    #[arg(long, value_name = "PATH")]
    catalog: Vec<PathBuf>,
    /// More documentation: a folder of Markdown; repeatable
    #[arg(long, value_name = "DIR")]
    docs: Vec<PathBuf>,
}

impl SourceArgs {
    pub(super) fn sources(&self) -> Sources {
        Sources { stack: self.stack.clone(), catalog: self.catalog.clone(), docs: self.docs.clone(), live: None }
    }
}

#[derive(Debug, Subcommand)]
enum McpCommand {
    Install(InstallArgs),
    Uninstall(UninstallArgs),
    /// Show the tools that are offered
    #[command(after_help = "Examples:\n  backstack mcp tools\n  backstack mcp tools -o json | jq '.[].inputSchema'")]
    Tools(ToolsArgs),
    /// Call one tool as an editor does, and show its answer
    ///
    /// What proposes a change asks you first. Without a terminal it shows the question and the call that agrees to it.
    #[command(after_help = "Examples:
  backstack mcp call find kind=App
  backstack mcp call diagnose entity=App:demo/my-app
  backstack mcp call get '{\"entity\": \"App:demo/my-app\"}' -o json
  backstack mcp call change_propose --allow-changes action=delete entity=App:demo/my-app reason='not needed'

Numbers, true and false, lists and objects may be typed as text: the tool's schema says what they are.")]
    Call(CallArgs),
}

#[derive(Debug, Args)]
struct CallArgs {
    #[command(flatten)]
    called: CalledArgs,
    #[command(flatten)]
    offer: OfferArgs,
}

#[derive(Debug, Args)]
struct ToolsArgs {
    #[command(flatten)]
    offer: OfferArgs,
}

/// Has its own runtime: a server ends when it is told to, not as an interrupted command.
pub(super) fn run(args: McpArgs, name: &str, output: Output, printer: &Printer) -> Result<u8, Failure> {
    match &args.command {
        Some(McpCommand::Install(args)) => return mcp_install::install(args, printer),
        Some(McpCommand::Uninstall(args)) => return mcp_install::uninstall(args, printer),
        _ => {}
    }
    let runtime = super::runtime()?;
    let result = match args.command {
        Some(McpCommand::Tools(args)) => runtime.block_on(async { tools(&args, name, printer) }),
        Some(McpCommand::Call(args)) => super::until_told_to_stop(&runtime, output, call(&args, name, printer)),
        _ => runtime.block_on(serve(args.serve, name, printer)),
    };
    // Reading stdin cannot be interrupted; nobody waits for it.
    runtime.shutdown_background();
    result
}

fn server(offer: &OfferArgs, name: &str) -> Result<Server, Failure> {
    server_with(offer, name, offer.allow_changes)
}

fn server_with(offer: &OfferArgs, name: &str, allow_changes: bool) -> Result<Server, Failure> {
    let settings = Settings { toolsets: offer.toolsets.clone(), allow_changes, ..Settings::default() };
    wiring::server(&offer.sources(name), settings)
}

async fn serve(args: ServeArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let server = server(&args.offer, name)?;
    let Some(listen) = args.http else {
        tokio::select! {
            served = server.serve_stdio() => {
                served.map_err(|error| Failure::internal(format!("the client does not speak the protocol: {error}")))?;
            }
            () = super::told_to_stop() => {}
        }
        return Ok(0);
    };
    let settings = HttpSettings {
        tokens: !args.no_token,
        mounted_tokens: args.tokens,
        hosts: args.allow_host,
        origins: args.allow_origin,
        rate: args.rate,
        ..HttpSettings::new(listen, folders::assistant()?)
    };
    let http = HttpServer::bind(server, &settings).await?;
    let url = format!("http://{}/mcp", http.address().unwrap_or(listen));
    let token = if args.no_token { "no token is needed" } else { "clients need their token" };
    printer.facts(&json!({"url": url, "tokens": !args.no_token}), || {
        format!("Serving MCP at {url} ({token}). Ctrl-C ends it.\n")
    });
    let stop = tokio_util::sync::CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        super::told_to_stop().await;
        stopping.cancel();
    });
    http.run(stop).await;
    Ok(0)
}

/// What is not offered is found too, to say so.
async fn call(args: &CallArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let server = server_with(&args.offer, name, true)?;
    mcp_call::call(&server, &args.called, args.offer.allow_changes, printer).await
}

fn tools(args: &ToolsArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let server = server(&args.offer, name)?;
    printer.facts(&server.told(), || {
        let mut text = String::new();
        for toolset in server.toolsets() {
            let names: Vec<_> = toolset.clone().tools().iter().map(|tool| tool.name).collect();
            let tools: Vec<_> = server.tools().filter(|tool| names.contains(&tool.name)).collect();
            // Those that only serve old names have nothing to show.
            if tools.is_empty() && toolset.prompts().is_empty() {
                continue;
            }
            text.push_str(&format!("{}: {}\n", toolset.name(), toolset.about()));
            for tool in tools {
                text.push_str(&format!("  {:<26} {}\n", tool.name, tool.title));
            }
            for prompt in toolset.prompts() {
                text.push_str(&format!("  {:<26} {} (prompt)\n", prompt.name, prompt.title.unwrap_or_default()));
            }
        }
        text
    });
    Ok(0)
}
