//! Tool `usage`: processors and memory that pods, workloads and nodes use now, beside what they asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Seen;
use super::platform::PlatformTools;
use crate::answer::{self, Answer, NextCall};
use crate::error::ToolError;
use crate::live::diagnose::walk_of;
use crate::live::object::{Ref, list, name, namespace, text};
use crate::live::owners;
use crate::live::quantity::{memory, milli, processors};
use crate::live::target;
use crate::ports::ServedKind;
use crate::toolset::Call;

const METRICS: &str = "metrics.k8s.io";

/// What is counted together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Of {
    #[default]
    Pods,
    Workloads,
    Nodes,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum By {
    #[default]
    Memory,
    Cpu,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UsageInput {
    #[serde(default)]
    /// Platform
    platform: Option<String>,
    /// pods if left out
    #[serde(default)]
    of: Of,
    /// memory if left out
    #[serde(default)]
    by: By,
    /// Only there
    namespace: Option<String>,
    /// Only what belongs to this thing
    entity: Option<String>,
    cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Usage {
    total: usize,
    /// The largest first.
    items: Vec<Row>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    entity: String,
    memory: String,
    /// What is set aside for it; of a node, what it has to give.
    memory_request: String,
    memory_limit: String,
    cpu: String,
    cpu_request: String,
    cpu_limit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pods: Option<usize>,
}

/// Amounts, in thousandths; a limit that one container lacks is none.
#[derive(Debug, Clone, Copy, Default)]
struct Amounts {
    used: [i128; 2],
    request: [i128; 2],
    limit: [Option<i128>; 2],
    pods: usize,
}

/// Memory, processors.
const RESOURCES: [&str; 2] = ["memory", "cpu"];

impl Amounts {
    fn add(&mut self, other: &Self) {
        for index in 0..2 {
            self.used[index] += other.used[index];
            self.request[index] += other.request[index];
            self.limit[index] = match self.pods {
                0 => other.limit[index],
                _ => self.limit[index].zip(other.limit[index]).map(|(a, b)| a + b),
            };
        }
        self.pods += other.pods;
    }

    fn row(&self, entity: String, of: Of) -> Row {
        let told = |index: usize, amount: Option<i128>| match (amount, index) {
            (None | Some(0), _) => "none".to_string(),
            (Some(amount), 0) => memory(amount),
            (Some(amount), _) => processors(amount),
        };
        Row {
            entity,
            memory: memory(self.used[0]),
            memory_request: told(0, Some(self.request[0])),
            memory_limit: told(0, self.limit[0]),
            cpu: processors(self.used[1]),
            cpu_request: told(1, Some(self.request[1])),
            cpu_limit: told(1, self.limit[1]),
            pods: (of == Of::Workloads).then_some(self.pods),
        }
    }
}

impl PlatformTools {
    pub(super) async fn usage(self: Arc<Self>, input: UsageInput, _: Call) -> Result<Answer<Usage>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let from = answer::offset(input.cursor.as_deref())?;
        let mut amounts = match input.of {
            Of::Nodes => of_nodes(&seen).await?,
            Of::Pods | Of::Workloads => of_pods(&seen, &input).await?,
        };
        let by = usize::from(input.by == By::Cpu);
        amounts.sort_by(|(a_name, a), (b_name, b)| (b.used[by], a_name).cmp(&(a.used[by], b_name)));
        let total = amounts.len();
        let items =
            amounts.into_iter().skip(from).take(300).map(|(entity, amount)| amount.row(entity, input.of)).collect();
        Ok(Answer::new(Usage { total, items }).about(seen.platform()).page("items", from, total))
    }
}

/// Figures of one kind, as they are served.
async fn figures(seen: &Seen, kind: &str, namespace: Option<&str>) -> Result<Vec<Value>, ToolError> {
    let kinds = seen.cluster.kinds().await?;
    let served: Option<&ServedKind> = kinds.iter().find(|served| served.group == METRICS && served.kind == kind);
    match served {
        Some(served) => Ok(seen.cluster.list(served, namespace).await?),
        None => Err(ToolError::unavailable(format!(
            "platform `{}` has no figures of use: nothing serves `{METRICS}` there",
            seen.platform()
        ))
        .hint("The component that measures is not installed, or not ready yet. Requests and limits are in `get`.")
        .next(NextCall::new("platform", json!({}), "what is installed, and what waits"))),
    }
}

fn measured(usage: &Value) -> [i128; 2] {
    RESOURCES.map(|resource| milli(text(usage, &format!("/{resource}"))).unwrap_or_default())
}

async fn of_nodes(seen: &Seen) -> Result<Vec<(String, Amounts)>, ToolError> {
    let figures = figures(seen, "NodeMetrics", None).await?;
    let nodes = figures.iter().map(|figure| {
        let node = seen.snapshot.get(&Ref::new("", "Node", "", name(figure)));
        let has = |resource: &str| {
            let amount = node.map(|node| text(node, &format!("/status/allocatable/{resource}"))).unwrap_or_default();
            milli(amount)
        };
        let limit = RESOURCES.map(has);
        let mut amounts =
            Amounts { used: measured(figure.get("usage").unwrap_or(&Value::Null)), limit, ..Amounts::default() };
        let here = |pod: &&Value| text(pod, "/spec/nodeName") == name(figure) && is_running(pod);
        for pod in seen.snapshot.all("", "Pod").filter(here) {
            let asked = asked(pod);
            amounts.request = [amounts.request[0] + asked.request[0], amounts.request[1] + asked.request[1]];
        }
        (format!("Node:{}", name(figure)), amounts)
    });
    Ok(nodes.collect())
}

fn is_running(pod: &Value) -> bool {
    !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

async fn of_pods(seen: &Seen, input: &UsageInput) -> Result<Vec<(String, Amounts)>, ToolError> {
    let members = match &input.entity {
        None => None,
        Some(entity) => {
            let steps = walk_of(&seen.snapshot, &seen.resolve(entity)?).steps;
            Some(
                steps
                    .into_iter()
                    .filter(|step| step.at.kind == "Pod")
                    .map(|step| (step.at.namespace, step.at.name))
                    .collect::<Vec<_>>(),
            )
        }
    };
    let figures = figures(seen, "PodMetrics", input.namespace.as_deref()).await?;
    let mut sums: BTreeMap<String, Amounts> = BTreeMap::new();
    for figure in &figures {
        let at = (namespace(figure).to_string(), name(figure).to_string());
        if members.as_ref().is_some_and(|members| !members.contains(&at)) {
            continue;
        }
        let pod = seen.snapshot.get(&Ref::new("", "Pod", &at.0, &at.1));
        let mut amounts = pod.map(asked).unwrap_or_default();
        amounts.pods = 1;
        for container in list(figure, "/containers") {
            let used = measured(container.get("usage").unwrap_or(&Value::Null));
            amounts.used = [amounts.used[0] + used[0], amounts.used[1] + used[1]];
        }
        let entity = match (input.of, pod) {
            (Of::Workloads, Some(pod)) => workload(seen, pod),
            _ => format!("Pod:{}/{}", at.0, at.1),
        };
        sums.entry(entity).or_default().add(&amounts);
    }
    Ok(sums.into_iter().collect())
}

/// The topmost thing of the cluster's own kinds that a pod belongs to.
fn workload(seen: &Seen, pod: &Value) -> String {
    let is_own = |above: &&Value| {
        matches!(text(above, "/kind"), "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob")
    };
    let top = owners::line(&seen.snapshot, pod).take_while(is_own).last().unwrap_or(pod);
    target::typed_form(top)
}

/// Requests and limits of a pod's containers.
fn asked(pod: &Value) -> Amounts {
    let mut amounts = Amounts::default();
    let containers = list(pod, "/spec/containers");
    for (index, resource) in RESOURCES.iter().enumerate() {
        let of = |container: &Value, field: &str| milli(text(container, &format!("/resources/{field}/{resource}")));
        amounts.request[index] = containers.iter().filter_map(|container| of(container, "requests")).sum();
        amounts.limit[index] = containers.iter().map(|container| of(container, "limits")).sum();
    }
    amounts
}
