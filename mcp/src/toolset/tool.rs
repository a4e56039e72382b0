//! One tool: what clients are told about it, and what it does.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::arguments;
use super::call::Call;
use super::question::Question;
use crate::answer::{Answer, Finished};
use crate::error::ToolError;
use crate::schema;

/// What a tool may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads.
    Reads,
    /// It proposes changes (opens pull requests): offered only with `--allow-changes`.
    Proposes,
}

/// What a tool gives: its facts, or a question to the user first.
#[derive(Debug)]
pub enum Reply<T> {
    /// The facts, as they are told to the model.
    Answer(Answer<T>),
    /// Nothing was done: the user is asked first, and the call is made again with the answer.
    Ask(Question),
}

impl<T> From<Answer<T>> for Reply<T> {
    fn from(answer: Answer<T>) -> Self {
        Self::Answer(answer)
    }
}

impl<T> From<Question> for Reply<T> {
    fn from(question: Question) -> Self {
        Self::Ask(question)
    }
}

/// What came of a call, for the server.
#[derive(Debug)]
pub enum Outcome {
    /// The answer, as text and structured content, bounded and without secrets.
    Answer(Finished),
    /// Nothing was done: the user is asked first.
    Ask(Question),
    /// Content that is no facts: pictures, sound, a question of another kind. For fixtures only.
    #[cfg(feature = "conformance")]
    Raw(Box<rmcp::model::CallToolResponse>),
    /// An error of the protocol. For fixtures only.
    #[cfg(feature = "conformance")]
    Refused(rmcp::ErrorData),
}

#[cfg(feature = "conformance")]
impl From<rmcp::model::CallToolResult> for Outcome {
    fn from(result: rmcp::model::CallToolResult) -> Self {
        Self::Raw(Box::new(result.into()))
    }
}

type Work = Pin<Box<dyn Future<Output = Result<Outcome, ToolError>> + Send>>;
type Run = Arc<dyn Fn(Map<String, Value>, Call) -> Work + Send + Sync>;

/// One tool.
#[derive(Clone)]
pub struct Tool {
    /// `^[a-zA-Z0-9_]{1,64}$`; some clients hide every tool of a server over one dot.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What it gives and when to use it, for the model.
    pub description: &'static str,
    /// Whether it reads or proposes; what proposes is offered only where that is allowed.
    pub access: Access,
    /// The tool that does this now, of one that is served under its old name for a version: callable, and not listed.
    pub now: Option<&'static str>,
    /// JSON schema of its arguments, an object without further properties.
    pub input: Arc<Map<String, Value>>,
    /// JSON schema of its structured content; `None` for tools that give anything else.
    pub output: Option<Arc<Map<String, Value>>>,
    run: Run,
}

/// A tool's function, out of a toolset and one of its methods.
pub fn bound<T, I, F, W>(tools: &Arc<T>, method: F) -> impl Fn(I, Call) -> W + Send + Sync + 'static
where
    T: Send + Sync + 'static,
    F: Fn(Arc<T>, I, Call) -> W + Send + Sync + 'static,
{
    let tools = tools.clone();
    move |input, call| method(tools.clone(), input, call)
}

/// A tool's function, out of a toolset and a method that has its answer at once.
pub fn at_once<T, I, F, R>(tools: &Arc<T>, method: F) -> impl Fn(I, Call) -> Ready<R> + Send + Sync + 'static
where
    T: Send + Sync + 'static,
    F: Fn(&T, I, Call) -> R + Send + Sync + 'static,
{
    let tools = tools.clone();
    move |input, call| ready(method(&tools, input, call))
}

impl Tool {
    /// A tool that only reads.
    pub fn reads<I, O, R, F, W>(name: &'static str, title: &'static str, description: &'static str, run: F) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Send + 'static,
        R: Into<Reply<O>> + Send + 'static,
        F: Fn(I, Call) -> W + Send + Sync + 'static,
        W: Future<Output = Result<R, ToolError>> + Send + 'static,
        R: TypedReply<Facts = O>,
    {
        Self::new(Access::Reads, name, title, description, run)
    }

    /// A tool that proposes changes.
    pub fn proposes<I, O, R, F, W>(name: &'static str, title: &'static str, description: &'static str, run: F) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Send + 'static,
        R: Into<Reply<O>> + Send + 'static,
        F: Fn(I, Call) -> W + Send + Sync + 'static,
        W: Future<Output = Result<R, ToolError>> + Send + 'static,
        R: TypedReply<Facts = O>,
    {
        Self::new(Access::Proposes, name, title, description, run)
    }

    fn new<I, O, R, F, W>(
        access: Access,
        name: &'static str,
        title: &'static str,
        description: &'static str,
        run: F,
    ) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Send + 'static,
        R: Into<Reply<O>> + Send + 'static,
        F: Fn(I, Call) -> W + Send + Sync + 'static,
        W: Future<Output = Result<R, ToolError>> + Send + 'static,
    {
        let run = Arc::new(run);
        let input = Arc::new(schema::input::<I>(access == Access::Proposes));
        Self {
            name,
            title,
            description,
            access,
            now: None,
            input: input.clone(),
            output: Some(Arc::new(schema::output::<O>())),
            run: Arc::new(move |arguments, call: Call| {
                let (run, schema) = (run.clone(), input.clone());
                Box::pin(async move {
                    let arguments = arguments::fit(name, &schema, &arguments)?;
                    let input = parse::<I>(name, &arguments)?;
                    let max_tokens = call.max_tokens;
                    match run(input, call).await?.into() {
                        Reply::Answer(answer) => Ok(Outcome::Answer(answer.finish(name, &arguments, max_tokens))),
                        Reply::Ask(question) => Ok(Outcome::Ask(question)),
                    }
                })
            }),
        }
    }

    /// A tool whose content is no facts. For fixtures of the conformance suite.
    #[cfg(feature = "conformance")]
    pub fn raw<F, W>(name: &'static str, description: &'static str, input: Value, run: F) -> Self
    where
        F: Fn(Map<String, Value>, Call) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Outcome, ToolError>> + Send + 'static,
    {
        let Value::Object(input) = input else { panic!("the schema of {name} is no object") };
        Self {
            name,
            title: name,
            description,
            access: Access::Reads,
            now: None,
            input: Arc::new(input),
            output: None,
            run: Arc::new(move |arguments, call| Box::pin(run(arguments, call))),
        }
    }

    /// The same tool, as one whose name is old: `now` is the one to call.
    #[must_use]
    pub fn formerly(mut self, now: &'static str) -> Self {
        self.now = Some(now);
        self
    }

    /// Does it.
    ///
    /// # Errors
    /// The tool's own, or that the arguments are wrong.
    pub async fn run(&self, arguments: Map<String, Value>, call: Call) -> Result<Outcome, ToolError> {
        (self.run)(arguments, call).await
    }
}

/// Ties what a tool returns to the type of its facts, so that the compiler infers the output schema.
pub trait TypedReply {
    type Facts;
}

impl<T> TypedReply for Answer<T> {
    type Facts = T;
}

impl<T> TypedReply for Reply<T> {
    type Facts = T;
}

/// Fitted arguments as the tool's input. `max_tokens` and `confirm` are the server's.
fn parse<I: DeserializeOwned>(tool: &str, arguments: &Map<String, Value>) -> Result<I, ToolError> {
    let mut own = arguments.clone();
    own.remove("max_tokens");
    own.remove("confirm");
    // The schema is made from the same type: what is left is a number that is too large for it.
    serde_json::from_value(Value::Object(own)).map_err(|_| {
        ToolError::invalid(format!("the arguments of {tool} do not fit its input schema: is a number far too large?"))
            .hint("Look at the tool's input schema, fix the arguments, and call again.")
    })
}
