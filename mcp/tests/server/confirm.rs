//! Who says yes: a person where the client can ask one, and nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use backstack_mcp::server::{Server, Settings};
use backstack_mcp::toolset::{Confirmed, at_once};
use backstack_mcp::{Answer, Call, Question, Reply, Tool, ToolError, Toolset};
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationCapability, ErrorCode, Implementation,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

#[derive(Serialize, JsonSchema)]
struct Done {
    done: bool,
}

/// A tool that does something only after a yes.
#[derive(Default)]
struct Careful(AtomicUsize);

impl Careful {
    fn act(&self, _: Nothing, call: Call) -> Result<Reply<Done>, ToolError> {
        let question = Question::new("Do it?", "- all");
        Ok(match call.confirmed(&question) {
            None => question.into(),
            Some(Confirmed::No) => Answer::new(Done { done: false }).into(),
            Some(Confirmed::Yes) => {
                self.0.fetch_add(1, Ordering::SeqCst);
                Answer::new(Done { done: true }).into()
            }
        })
    }
}

impl Toolset for Careful {
    fn name(&self) -> &'static str {
        "careful"
    }

    fn about(&self) -> &'static str {
        "Asks first."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![Tool::proposes("act", "Act", "Does something that cannot be taken back.", at_once(&self, Self::act))]
    }
}

/// What the client does when it shall ask its user.
#[derive(Clone, Copy, PartialEq)]
enum Client {
    CannotAsk,
    Says(bool),
    KnowsNoSuchQuestion,
    Fails,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        capabilities.elicitation = (*self != Self::CannotAsk).then(ElicitationCapability::default);
        ClientConfig::new(capabilities, Implementation::new("test", "1"))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        match self {
            Self::Says(yes) => {
                let action = if *yes { ElicitationAction::Accept } else { ElicitationAction::Decline };
                Ok(ElicitResult::new(action).with_content(json!({"confirm": yes})))
            }
            Self::KnowsNoSuchQuestion => Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "no such method", None)),
            _ => Err(ErrorData::internal_error("the dialog broke", None)),
        }
    }
}

async fn connected(client: Client) -> (Arc<Careful>, RunningService<RoleClient, Client>) {
    let careful = Arc::new(Careful::default());
    let settings = Settings { version: "test".into(), allow_changes: true, ..Settings::default() };
    let server = Server::new(settings, vec![careful.clone()]).expect("server");
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let (read, write) = tokio::io::split(ours);
        drop(server.serve(read, write).await);
    });
    (careful, client.serve(theirs).await.expect("connected"))
}

async fn act(client: &RunningService<RoleClient, Client>, arguments: Value) -> String {
    let Value::Object(arguments) = arguments else { panic!("no object") };
    let request = CallToolRequestParams::new("act").with_arguments(arguments);
    let answer = client.call_tool(request).await.expect("an answer");
    answer.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.clone()).collect()
}

/// The code of this question, which never changes.
fn code() -> String {
    Question::new("Do it?", "- all").digest()
}

#[tokio::test]
async fn a_person_is_asked_where_the_client_can() {
    for (says, wanted) in [(true, 1), (false, 0)] {
        let (careful, client) = connected(Client::Says(says)).await;
        let told = act(&client, json!({})).await;
        assert_eq!(careful.0.load(Ordering::SeqCst), wanted, "{told}");
        assert!(!told.contains(&code()), "{told}");
    }
}

#[tokio::test]
async fn a_code_is_neither_given_nor_taken_where_a_person_can_be_asked() {
    for client in [Client::Fails, Client::Says(false)] {
        let (careful, client) = connected(client).await;
        let told = act(&client, json!({})).await;
        assert!(!told.contains(&code()), "{told}");
        act(&client, json!({"confirm": code()})).await;
        assert_eq!(careful.0.load(Ordering::SeqCst), 0, "a model said yes for the user");
    }
}

#[tokio::test]
async fn where_nobody_can_be_asked_the_answer_says_that_a_person_must_confirm() {
    for client in [Client::CannotAsk, Client::KnowsNoSuchQuestion] {
        let (careful, client) = connected(client).await;
        let told = act(&client, json!({})).await;
        assert!(told.contains("a person must confirm") && told.contains(&code()), "{told}");
        assert_eq!(careful.0.load(Ordering::SeqCst), 0);
        act(&client, json!({"confirm": code()})).await;
        assert_eq!(careful.0.load(Ordering::SeqCst), 1);
    }
}
