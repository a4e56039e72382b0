//! The faults that are told apart, and how a message gives one away.

use serde::Serialize;

/// What is wrong. The order is no ranking: see [`Fault::weight`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// An image cannot be had.
    BadImage,
    /// Admission refuses an object because of a policy.
    PolicyDenied,
    /// A policy report has failures; the object runs nevertheless.
    PolicyFailed,
    /// A composition calls a function that is not there or not healthy.
    MissingFunction,
    /// A function ran and gave up.
    FunctionFailed,
    /// There is no composition for a composite resource.
    MissingComposition,
    /// A quota is used up.
    Quota,
    /// A container ends again and again.
    CrashLoop,
    /// A container was ended because it used more memory than it may.
    OutOfMemory,
    /// A probe fails.
    FailingProbe,
    /// Git has no such branch, tag or commit.
    WrongRevision,
    /// Git has no such folder.
    WrongPath,
    /// The Git server or the repository cannot be reached.
    GitUnreachable,
    /// A manifest cannot be read, or the API does not accept it.
    InvalidManifest,
    /// Somebody lacks the right to do what is needed.
    MissingRights,
    /// No node takes a pod.
    Unschedulable,
    /// A Secret, ConfigMap, ServiceAccount or namespace that is needed is not there.
    MissingReference,
    /// A container cannot be started: wrong command, wrong user.
    CannotStart,
    /// A volume is not there.
    Volume,
    /// A Job has failed for good.
    JobFailed,
    /// An admission webhook does not answer.
    Webhook,
    /// An API that the cluster serves through something else does not answer.
    ApiUnavailable,
    /// The API did not take an object, and that did not pass.
    NotApplied,
    /// A node is not ready.
    NodeNotReady,
    /// Something is paused, suspended or scaled to nothing.
    Paused,
    /// A Service leads to no pod.
    NoEndpoints,
    /// A selector fits the labels of nothing.
    WrongSelector,
    /// A port is named that nothing has or listens on.
    WrongPort,
    /// A program is configured to use a host that is not there.
    NoSuchHost,
    /// Names are not resolved, or resolved to what they should not be.
    Dns,
    /// A network policy keeps traffic away that is needed.
    Blocked,
    /// Two rules of ingresses claim the same requests.
    RouteConflict,
    /// A route does not lead where it should: it is dropped, or its path is none that anybody knows.
    WrongRoute,
    /// A setting that cannot be meant like that.
    WrongValue,
    /// A limit holds a container back.
    Throttled,
    /// A limit range does not allow what is asked for.
    LimitRange,
    /// An autoscaler cannot do its work, or is at its end.
    CannotScale,
    /// A disruption budget does not let a pod go that has to.
    BudgetBlocks,
    /// A certificate has run out, will soon, or cannot be had.
    Certificate,
    /// Something is being deleted, and somebody's finalizer holds it.
    Deleting,
    /// A program still runs with a configuration that has changed since.
    StaleConfig,
    /// A schedule does not run.
    Schedule,
    /// What should have started by now still waits.
    Stalled,
    /// A program that runs writes errors into its log.
    LogErrors,
    /// Git and the cluster differ, and nobody has synced.
    OutOfSync,
    /// A sync failed for another reason.
    SyncFailed,
    /// An object that should be there is not.
    Missing,
    /// An image is being pulled.
    Pulling,
    /// On its way, as far as can be told.
    Starting,
    /// Something reports trouble that nothing else here explains.
    Unexplained,
}

impl Fault {
    /// How much a fault explains: causes that stop everything outweigh what only accompanies them.
    pub fn weight(self) -> u32 {
        match self {
            Self::NodeNotReady => 98,
            Self::LimitRange | Self::Dns => 95,
            Self::WrongSelector | Self::WrongPort | Self::NoSuchHost | Self::Blocked => 94,
            Self::Deleting => 91,
            Self::Stalled => 75,
            Self::CannotScale | Self::Certificate | Self::Schedule => 68,
            Self::RouteConflict => 64,
            Self::WrongRoute => 90,
            Self::WrongValue | Self::Throttled => 47,
            Self::BudgetBlocks => 55,
            Self::LogErrors => 48,
            Self::StaleConfig => 49,
            Self::WrongRevision | Self::WrongPath | Self::InvalidManifest | Self::GitUnreachable => 90,
            Self::BadImage | Self::PolicyDenied | Self::MissingFunction | Self::MissingComposition | Self::Quota => 95,
            Self::MissingRights
            | Self::Unschedulable
            | Self::MissingReference
            | Self::CannotStart
            | Self::OutOfMemory => 95,
            Self::FailingProbe => 94,
            Self::CrashLoop | Self::Volume | Self::JobFailed | Self::Webhook | Self::ApiUnavailable => 93,
            Self::FunctionFailed => 92,
            Self::SyncFailed => 70,
            Self::Paused => 65,
            Self::NotApplied => 62,
            Self::Missing => 60,
            Self::NoEndpoints => 50,
            Self::PolicyFailed => 45,
            Self::OutOfSync => 46,
            Self::Unexplained => 30,
            Self::Pulling => 25,
            Self::Starting => 20,
        }
    }

    /// Whether it is told only where nothing explains it.
    pub fn is_symptom(self) -> bool {
        let expected = self.is_on_its_way() || matches!(self, Self::Missing | Self::NoEndpoints);
        expected || matches!(self, Self::Unexplained | Self::SyncFailed)
    }

    /// Whether it is no fault yet: time alone will mend it, as far as can be told.
    pub fn is_on_its_way(self) -> bool {
        matches!(self, Self::Pulling | Self::Starting)
    }

    /// Whether it will hardly pass by itself while a component starts.
    pub fn is_lasting(self) -> bool {
        let of_container = matches!(self, Self::CrashLoop | Self::OutOfMemory | Self::BadImage | Self::CannotStart);
        let of_pod = matches!(self, Self::MissingReference | Self::Unschedulable | Self::Volume);
        let refused = matches!(self, Self::Quota | Self::LimitRange | Self::PolicyDenied | Self::MissingRights);
        of_container || of_pod || refused || matches!(self, Self::JobFailed | Self::Paused)
    }

    /// The sort of thing that keeps a component from running, as the JSON output of commands names it.
    pub fn sort(self) -> &'static str {
        match self {
            Self::JobFailed => "failed",
            Self::CrashLoop | Self::OutOfMemory => "crash",
            Self::BadImage => "image",
            Self::MissingReference | Self::CannotStart => "configuration",
            Self::Quota | Self::LimitRange | Self::PolicyDenied | Self::MissingRights => "forbidden",
            Self::Paused => "scaled_down",
            Self::Unschedulable => "unschedulable",
            Self::Volume => "volume",
            Self::FailingProbe => "probe",
            Self::NotApplied => "apply",
            Self::Webhook => "webhook",
            Self::ApiUnavailable => "api",
            Self::Pulling => "pulling",
            Self::Starting | Self::NodeNotReady => "starting",
            _ => "condition",
        }
    }

    /// A few words for a headline.
    pub fn title(self) -> &'static str {
        match self {
            Self::BadImage => "image cannot be pulled",
            Self::PolicyDenied => "a policy refuses it",
            Self::PolicyFailed => "a policy check fails",
            Self::MissingFunction => "a composition function is missing",
            Self::FunctionFailed => "a composition function failed",
            Self::MissingComposition => "no composition fits",
            Self::Quota => "a quota is used up",
            Self::CrashLoop => "a container crashes",
            Self::OutOfMemory => "a container runs out of memory",
            Self::FailingProbe => "a probe fails",
            Self::WrongRevision => "Git has no such branch or revision",
            Self::WrongPath => "Git has no such folder",
            Self::GitUnreachable => "the Git repository cannot be read",
            Self::InvalidManifest => "a manifest is invalid",
            Self::MissingRights => "rights are missing",
            Self::Unschedulable => "no node takes the pod",
            Self::MissingReference => "something it refers to is missing",
            Self::CannotStart => "a container cannot start",
            Self::Volume => "a volume is not ready",
            Self::JobFailed => "a Job has failed",
            Self::Webhook => "an admission webhook does not answer",
            Self::ApiUnavailable => "an API does not answer",
            Self::NotApplied => "it could not be applied",
            Self::NodeNotReady => "a node is not ready",
            Self::Paused => "it is paused",
            Self::NoEndpoints => "a Service leads nowhere",
            Self::WrongSelector => "a selector fits nothing",
            Self::WrongPort => "a port leads nowhere",
            Self::NoSuchHost => "a host is not there",
            Self::Dns => "names are not resolved",
            Self::Blocked => "a network policy blocks it",
            Self::RouteConflict => "two routes claim the same requests",
            Self::WrongRoute => "a route leads to nothing",
            Self::WrongValue => "a setting cannot be meant like that",
            Self::Throttled => "a limit holds it back",
            Self::LimitRange => "a limit range does not allow it",
            Self::CannotScale => "it cannot be scaled",
            Self::BudgetBlocks => "a disruption budget blocks it",
            Self::Certificate => "a certificate is not valid",
            Self::Deleting => "its deletion waits",
            Self::StaleConfig => "it runs with an old configuration",
            Self::Schedule => "a schedule does not run",
            Self::Stalled => "it waits for too long",
            Self::LogErrors => "its log has errors",
            Self::OutOfSync => "Git and the cluster differ",
            Self::SyncFailed => "the last sync failed",
            Self::Missing => "an object is missing",
            Self::Pulling => "an image is being pulled",
            Self::Starting => "it is still starting",
            Self::Unexplained => "it reports trouble",
        }
    }
}

/// Phrases by which servers tell a fault; the first that fits decides, so the narrow ones stand first.
const PHRASES: &[(&[&str], Fault)] = &[
    (&["exceeded quota"], Fault::Quota),
    (&["failed quota"], Fault::Quota),
    (&["maximum ", " usage per "], Fault::LimitRange),
    (&["minimum ", " usage per "], Fault::LimitRange),
    (&["max limit to request ratio per "], Fault::LimitRange),
    (&["no priorityclass with name"], Fault::MissingReference),
    (&["runtimeclass", "not found"], Fault::MissingReference),
    (&["failed calling webhook"], Fault::Webhook),
    (&["error looking up service account"], Fault::MissingReference),
    (&["unable to create new content in namespace", "being terminated"], Fault::MissingReference),
    (&["namespaces \"", "not found"], Fault::MissingReference),
    (&["unable to resolve", "to a commit"], Fault::WrongRevision),
    (&["couldn't find remote ref"], Fault::WrongRevision),
    (&["reference not found"], Fault::WrongRevision),
    (&["unknown revision"], Fault::WrongRevision),
    (&["app path does not exist"], Fault::WrongPath),
    (&["repository not found"], Fault::GitUnreachable),
    (&["failed to list refs"], Fault::GitUnreachable),
    (&["authentication required"], Fault::GitUnreachable),
    (&["failed to get git client"], Fault::GitUnreachable),
    (&["failed to initialize repository"], Fault::GitUnreachable),
    (&["repo client error"], Fault::GitUnreachable),
    (&["is not permitted in project"], Fault::MissingRights),
    (&["must support resize"], Fault::Volume),
    (&["cannot list resource"], Fault::MissingRights),
    (&["forbidden: user"], Fault::MissingRights),
    // What Crossplane says, by itself, of kinds that it composes and may not work on.
    (&["is not allowed to [", "] resource"], Fault::MissingRights),
    // What Crossplane says of a kind that it may not list: it waits for a list that never comes.
    (&["failed waiting for", "informer to sync"], Fault::MissingRights),
    (&["violates podsecurity"], Fault::PolicyDenied),
    (&["admission webhook", "denied the request"], Fault::PolicyDenied),
    (&["admissionpolicy", "denied request"], Fault::PolicyDenied),
    (&["functionrevision"], Fault::MissingFunction),
    (&["no such function"], Fault::MissingFunction),
    (&["cannot connect to function"], Fault::MissingFunction),
    (&["cannot get function runner client"], Fault::MissingFunction),
    (&["cannot select composition"], Fault::MissingComposition),
    (&["no compatible composition"], Fault::MissingComposition),
    (&["cannot fetch composition"], Fault::MissingComposition),
    (&["cannot get composition"], Fault::MissingComposition),
    (&["compositionrevision", "not found"], Fault::MissingComposition),
    (&["failed to unmarshal"], Fault::InvalidManifest),
    (&["error converting yaml"], Fault::InvalidManifest),
    (&["yaml:"], Fault::InvalidManifest),
    (&["strict decoding error"], Fault::InvalidManifest),
    (&["unknown field"], Fault::InvalidManifest),
    (&["field not declared in schema"], Fault::InvalidManifest),
    (&["\" is invalid: "], Fault::InvalidManifest),
    (&["\" is invalid"], Fault::InvalidManifest),
    (&["no matches for kind"], Fault::InvalidManifest),
    (&["could not find the requested resource"], Fault::InvalidManifest),
    (&["object 'kind' is missing"], Fault::InvalidManifest),
    (&["one or more synchronization tasks are not valid"], Fault::InvalidManifest),
    (&["cannot run composition pipeline step"], Fault::FunctionFailed),
    (&["pipeline step", "returned a fatal result"], Fault::FunctionFailed),
    (&["no healthy upstream"], Fault::GitUnreachable),
];

/// The fault that a message tells of.
pub fn classify(message: &str) -> Option<Fault> {
    let message = message.to_ascii_lowercase();
    let fits = |phrases: &&[&str]| phrases.iter().all(|phrase| message.contains(phrase));
    PHRASES.iter().find(|(phrases, _)| fits(phrases)).map(|(_, fault)| *fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_servers_are_told_apart() {
        let messages = [
            (
                r#"pods "a-1" is forbidden: exceeded quota: tiny, requested: pods=1, used: pods=2, limited: pods=2"#,
                Fault::Quota,
            ),
            (
                r#"admission webhook "validate.kyverno.svc-fail" denied the request: resource was blocked"#,
                Fault::PolicyDenied,
            ),
            (r#"pods "a" is forbidden: violates PodSecurity "restricted:latest""#, Fault::PolicyDenied),
            (
                r#"ingresses.networking.k8s.io "a" is forbidden: User "system:serviceaccount:crossplane-system:crossplane" cannot patch resource "ingresses" in API group "networking.k8s.io""#,
                Fault::MissingRights,
            ),
            (
                r#"cannot compose resources: cannot apply composed resource "deployment": admission webhook "x" denied the request: no"#,
                Fault::PolicyDenied,
            ),
            (
                r#"cannot apply composed resource "deployment": Deployment.apps "a" is invalid: spec.selector: Required value"#,
                Fault::InvalidManifest,
            ),
            ("rpc error: code = Unknown desc = unable to resolve 'nope' to a commit SHA", Fault::WrongRevision),
            ("apps/x: app path does not exist", Fault::WrongPath),
            (
                r#"Failed to unmarshal "a.yaml": failed to unmarshal manifest: error converting YAML to JSON: yaml: line 4: did not find"#,
                Fault::InvalidManifest,
            ),
            (
                r#"App.platform.backstack.dev "a" is invalid: spec.port: Invalid value: "string""#,
                Fault::InvalidManifest,
            ),
            (
                r#"cannot compose resources: cannot run Composition pipeline step "render": cannot get gRPC client connection for Function: cannot find an active FunctionRevision (a FunctionRevision with spec.desiredState: Active)"#,
                Fault::MissingFunction,
            ),
            (
                r#"cannot compose resources: cannot run Composition pipeline step "render": pipeline step "render" returned a fatal result: no image"#,
                Fault::FunctionFailed,
            ),
            (
                "system:serviceaccount:a:b is not allowed to [get, list] resource podtemplates/v1 in namespace c",
                Fault::MissingRights,
            ),
            (r#"failed calling webhook "mutate.kyverno.svc": connection refused"#, Fault::Webhook),
            (
                r#"pods "a-" is forbidden: error looking up service account demo/nobody: serviceaccount "nobody" not found"#,
                Fault::MissingReference,
            ),
        ];
        for (message, fault) in messages {
            assert_eq!(classify(message), Some(fault), "{message}");
        }
        assert_eq!(classify("all is well"), None);
    }
}
