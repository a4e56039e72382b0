//! `backstack mcp call`: one tool, called as an editor calls it, for people and scripts.

use std::io::IsTerminal;

use backstack_mcp::answer::{LEAST_TOKENS, MOST_TOKENS, NextCall};
use backstack_mcp::error::{ErrorKind, quoted};
use backstack_mcp::server::Server;
use backstack_mcp::toolset::{Access, Confirmed, Outcome, Question, arguments};
use backstack_mcp::{Call, ToolError};
use clap::Args;
use serde_json::{Map, Value};

use super::confirm;
use super::printer::Printer;
use crate::assistant::error::{AskError, command};
use crate::error::Failure;

/// People scroll; models pay.
const MAX_TOKENS: usize = 20_000;
/// The argument that carries a person's word, as in calls of an editor without a dialog.
const CONFIRM: &str = "confirm";

/// Which tool, and with what.
#[derive(Debug, Args)]
pub(super) struct CalledArgs {
    /// Name of the tool, as `backstack mcp tools` shows it
    #[arg(value_name = "TOOL")]
    tool: String,
    /// Its arguments: KEY=VALUE for each, or all of them as one JSON object
    #[arg(value_name = "KEY=VALUE|JSON")]
    arguments: Vec<String>,
}

/// Calls the tool of a server that offers everything; whether it may propose changes is `allow_changes`.
pub(super) async fn call(
    server: &Server,
    args: &CalledArgs,
    allow_changes: bool,
    printer: &Printer,
) -> Result<u8, Failure> {
    let tool = server.find(&args.tool).map_err(AskError)?;
    if tool.access == Access::Proposes && !allow_changes {
        return Err(AskError(not_offered(tool.name)).into());
    }
    let given = given(&args.arguments).map_err(AskError)?;
    let mut call = Call::quiet();
    call.max_tokens = budget(&given);
    if let Some(code) = given.get(CONFIRM).and_then(Value::as_str) {
        call = call.with_confirmation(code.into(), Confirmed::Yes);
    }
    let mut outcome = tool.run(given.clone(), call.clone()).await.map_err(AskError)?;
    if let Outcome::Ask(question) = &outcome {
        agreed(question, tool.name, &given)?;
        let call = call.with_confirmation(question.digest(), Confirmed::Yes);
        outcome = tool.run(given, call).await.map_err(AskError)?;
    }
    let Outcome::Answer(finished) = outcome else {
        return Err(Failure::internal(format!("{} gave no answer", tool.name)));
    };
    let finished = finished.renamed(tool.now);
    printer.facts(&finished.structured, || format!("{}\n", finished.text));
    Ok(0)
}

/// Asks the person at the terminal. Where there is none, a person has to read the question and give its code.
fn agreed(question: &Question, tool: &str, given: &Map<String, Value>) -> Result<(), Failure> {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return Ok(confirm::ask(false, "mcp call", &format!("{}\n\n{}\n", question.title, question.details))?);
    }
    let mut again = given.clone();
    again.insert(CONFIRM.into(), question.digest().into());
    let asks = ToolError::new(
        ErrorKind::ConfirmationNeeded,
        format!(
            "a person must confirm this first, and there is no terminal to ask on. Nothing was done.\nQuestion: {}\n{}",
            question.title, question.details
        ),
    );
    let command = command(&NextCall::new(tool, Value::Object(again), ""), &["--allow-changes"]);
    Err(AskError(asks.hint(format!("Read the question. If you agree, run {command}."))).into())
}

fn not_offered(tool: &str) -> ToolError {
    ToolError::new(ErrorKind::Forbidden, format!("`{tool}` proposes changes, and so it is not offered by default"))
        .hint("Add `--allow-changes`. You are asked before anything is proposed.")
}

/// How long the answer may be, which a caller may say as an editor does.
fn budget(given: &Map<String, Value>) -> usize {
    let asked = given.get("max_tokens").and_then(arguments::whole).as_ref().and_then(Value::as_u64);
    let asked = asked.and_then(|tokens| usize::try_from(tokens).ok());
    asked.map_or(MAX_TOKENS, |tokens| tokens.clamp(LEAST_TOKENS, MOST_TOKENS))
}

/// The arguments as they were typed; what is text and should be a number is made one where the tool's schema says so.
fn given(words: &[String]) -> Result<Map<String, Value>, ToolError> {
    let mut all = Map::new();
    for word in words {
        for (key, value) in one(word)? {
            if all.contains_key(&key) {
                return Err(ToolError::invalid(format!("the argument {} is given twice", quoted(&key))).hint(
                    "Give each argument once; several values of one are a list in JSON: kinds='[\"App\", \"WebApp\"]'.",
                ));
            }
            all.insert(key, value);
        }
    }
    Ok(all)
}

fn one(word: &str) -> Result<Map<String, Value>, ToolError> {
    if word.trim_start().starts_with('{') {
        return serde_json::from_str(word).map_err(|error| {
            ToolError::invalid(format!("these arguments are no JSON object: {error}"))
                .hint("Put the whole object between single quotes: '{\"entity\": \"App:demo/my-app\"}'.")
        });
    }
    match word.split_once('=') {
        Some((key, value)) if !key.is_empty() && !key.contains(char::is_whitespace) => {
            Ok(Map::from_iter([(key.to_string(), Value::from(value))]))
        }
        _ => Err(ToolError::invalid(format!("{} is no argument of a tool", quoted(word)))
            .hint("Write KEY=VALUE for each, or all of them as one JSON object: entity=App:demo/my-app.")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(words: &[&str]) -> Result<Value, String> {
        let words: Vec<_> = words.iter().map(ToString::to_string).collect();
        given(&words).map(Value::Object).map_err(|error| error.message)
    }

    #[test]
    fn arguments_are_words_or_json() {
        assert_eq!(read(&[]), Ok(json!({})));
        assert_eq!(
            read(&["entity=App:demo/my-app", "limit=3"]),
            Ok(json!({"entity": "App:demo/my-app", "limit": "3"}))
        );
        assert_eq!(
            read(&["text=a=b", r#" {"set": {"spec.port": 80}}"#]),
            Ok(json!({"text": "a=b", "set": {"spec.port": 80}}))
        );
        assert_eq!(read(&["text="]), Ok(json!({"text": ""})));
    }

    #[test]
    fn what_is_no_argument_is_told() {
        for word in ["my-app", "=x", "two words=x"] {
            assert_eq!(read(&[word]), Err(format!("`{word}` is no argument of a tool")));
        }
        assert!(read(&["{entity: x}"]).is_err_and(|why| why.starts_with("these arguments are no JSON object: ")));
        assert_eq!(read(&["a=1", r#"{"a": 2}"#]), Err("the argument `a` is given twice".into()));
    }

    #[test]
    fn a_caller_says_how_long_the_answer_may_be() {
        let of = |given: Value| budget(given.as_object().expect("an object"));
        assert_eq!(of(json!({})), MAX_TOKENS);
        assert_eq!((of(json!({"max_tokens": "500"})), of(json!({"max_tokens": 1}))), (500, LEAST_TOKENS));
    }
}
