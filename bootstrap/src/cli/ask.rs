//! `backstack catalog` and `backstack docs`: the assistant's tools, for people.

use std::path::PathBuf;

use backstack_files::text;
use backstack_mcp::Call;
use backstack_mcp::server::Settings;
use backstack_mcp::toolset::Outcome;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::mcp::SourceArgs;
use super::printer::Printer;
use crate::assistant::error::AskError;
use crate::assistant::wiring;
use crate::error::{ExitKind, Failure};

/// People scroll; models pay.
const MAX_TOKENS: usize = 20_000;

/// Look into the software catalog: the stack's components, and descriptors of your own
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack catalog list --kind component
  backstack catalog get component:default/argocd
  backstack catalog validate catalog-info.yaml")]
pub(super) struct CatalogArgs {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    /// List entities
    #[command(
        after_help = "Examples:\n  backstack catalog list --text git\n  backstack catalog list --catalog ./services -o json"
    )]
    List(ListArgs),
    /// Show one entity with its relations
    #[command(after_help = "Examples:\n  backstack catalog get component:default/traefik")]
    Get {
        /// kind:namespace/name, or a name that only one entity has
        #[arg(value_name = "REF")]
        reference: String,
        #[command(flatten)]
        sources: SourceArgs,
    },
    /// Judge a descriptor: every problem at once; exits with 2 if there is one
    #[command(
        after_help = "Examples:\n  backstack catalog validate catalog-info.yaml\n  cat catalog-info.yaml | backstack catalog validate -"
    )]
    Validate {
        /// The file; `-` reads standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        sources: SourceArgs,
    },
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only this kind, as component or api
    #[arg(long)]
    kind: Option<String>,
    /// Only this type, as service
    #[arg(long = "type", value_name = "TYPE")]
    kind_type: Option<String>,
    /// Only what this group or user owns
    #[arg(long)]
    owner: Option<String>,
    /// Only what has this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only what has this text in its name, title, description or tags
    #[arg(long)]
    text: Option<String>,
    /// Where the last answer ended
    #[arg(long)]
    cursor: Option<String>,
    #[command(flatten)]
    sources: SourceArgs,
}

/// Search and read the documentation, and folders of your own
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack docs search add a component
  backstack docs read architecture.md")]
pub(super) struct DocsArgs {
    #[command(subcommand)]
    command: DocsCommand,
}

#[derive(Debug, Subcommand)]
enum DocsCommand {
    /// Find sections that answer a question, a name or an error message
    #[command(
        after_help = "Examples:\n  backstack docs search port is taken\n  backstack docs search --docs ./handbook on call"
    )]
    Search {
        /// What is looked for
        #[arg(required = true, value_name = "WORDS")]
        query: Vec<String>,
        /// Only pages whose path begins so
        #[arg(long, value_name = "PATH")]
        within: Option<String>,
        /// At most so many sections
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,
        #[command(flatten)]
        sources: SourceArgs,
    },
    /// Read a page or one section of it
    #[command(after_help = "Examples:\n  backstack docs read reference/commands.md")]
    Read {
        /// As the search gives it: path, or path#section
        address: String,
        #[command(flatten)]
        sources: SourceArgs,
    },
}

pub(super) async fn catalog(args: &CatalogArgs, printer: &Printer) -> Result<u8, Failure> {
    match &args.command {
        CatalogCommand::List(list) => {
            let arguments = json!({
                "kind": list.kind, "type": list.kind_type, "owner": list.owner, "tag": list.tag, "text": list.text,
                "cursor": list.cursor,
            });
            ask(&list.sources, "catalog_list", arguments, printer).await?;
        }
        CatalogCommand::Get { reference, sources } => {
            ask(sources, "catalog_get", json!({"ref": reference}), printer).await?;
        }
        CatalogCommand::Validate { file, sources } => {
            let answer = ask(sources, "catalog_validate", json!({"descriptor": content(file)?}), printer).await?;
            if answer["valid"] != true {
                return Ok(ExitKind::Usage.code());
            }
        }
    }
    Ok(0)
}

pub(super) async fn docs(args: &DocsArgs, printer: &Printer) -> Result<u8, Failure> {
    match &args.command {
        DocsCommand::Search { query, within, limit, sources } => {
            let arguments = json!({"query": query.join(" "), "within": within, "limit": limit});
            ask(sources, "docs_search", arguments, printer).await?;
        }
        DocsCommand::Read { address, sources } => {
            ask(sources, "docs_read", json!({"address": address}), printer).await?;
        }
    }
    Ok(0)
}

/// Asks a tool and prints its answer.
async fn ask(sources: &SourceArgs, tool: &str, arguments: Value, printer: &Printer) -> Result<Value, Failure> {
    let server = wiring::server(&sources.sources(), Settings::default())?;
    let tool = server.tool(tool).expect("a tool of ours");
    let arguments: Map<String, Value> = match arguments {
        Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    };
    let mut call = Call::quiet();
    call.max_tokens = MAX_TOKENS;
    match tool.run(arguments, call).await.map_err(AskError)? {
        Outcome::Answer(finished) => {
            printer.facts(&finished.structured, || format!("{}\n", finished.text));
            Ok(finished.structured)
        }
        _ => Err(Failure::internal(format!("{} gave no answer", tool.name))),
    }
}

fn content(file: &std::path::Path) -> Result<String, Failure> {
    let read = if file.as_os_str() == "-" { text::read_all(std::io::stdin()) } else { text::read_given(file) };
    read.map_err(|source| backstack_mcp::catalog::CatalogFileError { path: file.into(), source }.into())
}
