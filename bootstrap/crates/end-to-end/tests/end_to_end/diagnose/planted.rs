//! Making faults, and asking the tools about them.

use std::sync::Arc;

use backstack::assistant::live::{LivePlatforms, Way};
use backstack::docker::{Engine, kubeconfig, observe};
use backstack::execute::nodes;
use backstack::kubernetes::client;
use backstack::kubernetes::kinds::Kinds;
use backstack::kubernetes::object::VersionedRef;
use backstack_mcp::live::changes::forge::{Commit, Forge};
use backstack_mcp::live::snapshot::Snapshot;
use backstack_mcp::ports::Platforms;
use backstack_mcp::toolset::{Call, Outcome, Tool, Toolset};
use backstack_mcp::toolsets::live::{Live, toolsets};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::faults::Fault;

/// The administrator's client, and the tools with the assistant's own account.
pub(super) struct Planter {
    kinds: Kinds,
    tools: Vec<Tool>,
    platforms: Arc<LivePlatforms>,
}

impl Planter {
    pub(super) async fn connect(platform: &str) -> Self {
        let engine = Engine::connect().await.expect("an engine");
        let found = observe::platforms(&engine).await.expect("platforms").remove(platform).expect("the platform runs");
        let node = found.control_plane().expect("a control plane").name.clone();
        let entry = nodes::kubeconfig_entry(&engine, platform, &node).await.expect("a kubeconfig");
        let client =
            client::connect(&kubeconfig::standalone(&entry).expect("a kubeconfig"), None).await.expect("a client");
        let platforms = Arc::new(LivePlatforms::only(platform, Way::Containers));
        let tools = toolsets(&Live::new(platforms.clone())).into_iter().flat_map(Toolset::tools).collect();
        Self { kinds: Kinds::new(client), tools, platforms }
    }

    /// Asks a tool as a client would.
    pub(super) async fn ask(&self, tool: &str, arguments: Value) -> Result<Value, String> {
        let tool = self.tools.iter().find(|known| known.name == tool).expect("such a tool");
        let Value::Object(arguments) = arguments else { panic!("arguments are no object") };
        match tool.run(arguments, Call::quiet()).await {
            Ok(Outcome::Answer(finished)) => Ok(finished.structured),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.text()),
        }
    }

    pub(super) async fn snapshot(&self) -> Snapshot {
        let cluster = self.platforms.platform(None).await.expect("connected");
        cluster.snapshot().await.expect("a snapshot")
    }

    pub(super) async fn plant(&self, fault: &Fault) {
        self.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": fault.namespace}})).await;
        if let Some((branch, path, content)) = &fault.commit {
            let cluster = self.platforms.platform(None).await.expect("connected");
            let forge = Forge::new(cluster.git().await.expect("a Git server"));
            let commit = Commit { path, content: Some(content), sha: None, message: "A fault, planted by a test" };
            // It may be there from an earlier run.
            drop(forge.commit("backstack/demo-cluster", branch, &commit).await);
        }
        for object in &fault.objects {
            self.apply(object).await;
        }
    }

    pub(super) async fn remove(&self, fault: &Fault) {
        for object in fault.objects.iter().rev() {
            self.delete(object).await;
        }
        if fault.namespace != "demo" {
            self.delete(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": fault.namespace}})).await;
        }
    }

    async fn apply(&self, object: &Value) {
        let at = VersionedRef::of(object).expect("an identity");
        let api = self.kinds.api(&at).await.unwrap_or_else(|error| panic!("{at}: {error}"));
        let applied = api.patch(&at.name, &PatchParams::apply("test").force(), &Patch::Apply(object)).await;
        applied.unwrap_or_else(|error| panic!("{at}: {error}"));
    }

    async fn delete(&self, object: &Value) {
        let at = VersionedRef::of(object).expect("an identity");
        if let Ok(api) = self.kinds.api(&at).await {
            drop(api.delete(&at.name, &DeleteParams::default()).await);
        }
    }
}
