//! One cluster as the toolsets see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use backstack_mcp::error::ErrorKind;
use backstack_mcp::live::changes::images::Found;
use backstack_mcp::live::object::{Ref, text};
use backstack_mcp::live::questions::{Question, Reply};
use backstack_mcp::live::scrub::scrubbed;
use backstack_mcp::live::snapshot::{Door, Snapshot};
use backstack_mcp::ports::{Cluster, DryRun, GitServer, LogQuery, PlatformState, PortError, ServedKind};
use futures::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DynamicObject, ListParams, LogParams};
use kube::client::Body;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::applier;
use super::caches::{Caches, Served, to_value};
use super::connect::Connection;
use super::images;
use super::pulse::Pulse;
use super::state::{self, Installed};
use super::talk;
use crate::error::chain;
use crate::kubernetes::object::VersionedRef;

/// Longest time for one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// What was not there at first may have come since: `up` is still running, a component was added.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Objects of a kind that is not kept, in one answer.
const MOST_LISTED: u32 = 1000;
/// Field manager of what is only tried.
const MANAGER: &str = "backstack-assistant";

/// A connected cluster with its caches.
pub(super) struct LiveCluster {
    platform: String,
    connection: Connection,
    caches: Caches,
    installed: Installed,
    pulse: Pulse,
    images: images::Asked,
    made: Instant,
    /// Something was asked for that was not there when the connection was made.
    lacking: AtomicBool,
}

impl LiveCluster {
    /// Starts watching.
    pub(super) fn start(platform: &str, connection: Connection) -> Self {
        let client = &connection.client;
        Self {
            platform: platform.into(),
            caches: Caches::start(client, platform),
            installed: Installed::start(client, platform),
            pulse: Pulse::start(),
            images: images::Asked::default(),
            connection,
            made: Instant::now(),
            lacking: AtomicBool::new(false),
        }
    }

    /// Whether a new connection has to be made.
    pub(super) async fn is_stale(&self) -> bool {
        let look_again = self.lacking.load(Ordering::Relaxed) && self.made.elapsed() > LOOK_AGAIN;
        look_again
            || Instant::now() >= self.connection.renew
            || self.pulse.trouble(&self.connection.client).await.is_some()
    }

    fn gone(&self, why: &str) -> PortError {
        PortError::new(ErrorKind::Unavailable, format!("platform `{}` does not answer: {why}", self.platform))
            .hint("Call again in a few seconds: this server connects again by itself.")
            .hint("If it stays so, look with `backstack status`, and start it with `backstack up`.")
    }

    fn refused(&self, what: &str, error: &kube::Error) -> PortError {
        match error {
            kube::Error::Api(status) if status.code == 403 => {
                PortError::new(ErrorKind::Forbidden, format!("the assistant may not {what}: {}", status.message))
            }
            kube::Error::Api(status) if status.code == 404 => {
                PortError::new(ErrorKind::NotFound, format!("cannot {what}: {}", status.message))
            }
            kube::Error::Api(status) => {
                PortError::new(ErrorKind::Unavailable, format!("cannot {what}: {}", status.message))
            }
            error => self.gone(&chain(error).pop().unwrap_or_default()),
        }
    }

    /// One object of a kind that is not kept.
    async fn one(&self, at: &Ref) -> Result<Option<Value>, PortError> {
        // Secrets are not even asked for.
        let Some(served) =
            self.caches.served(&at.group, &at.kind).filter(|_| !(at.group.is_empty() && at.kind == "Secret"))
        else {
            return Ok(None);
        };
        let api = served.api(&self.connection.client, &at.namespace);
        match timeout(PATIENCE, api.get_opt(&at.name)).await {
            Ok(Ok(found)) => Ok(found.map(|object| scrubbed(to_value(object, &served.resource)))),
            // A kind that the account may not read is as good as one that is not there.
            Ok(Err(kube::Error::Api(status))) if matches!(status.code, 403..=405) => Ok(None),
            Ok(Err(error)) => Err(self.refused(&format!("read {at}"), &error)),
            Err(_) => Err(self.gone("no answer in time")),
        }
    }

    async fn log(&self, query: &LogQuery) -> Result<String, PortError> {
        let pods: Api<Pod> = Api::namespaced(self.connection.client.clone(), &query.namespace);
        let params = LogParams {
            container: query.container.clone(),
            previous: query.previous,
            tail_lines: i64::try_from(query.tail).ok(),
            since_seconds: query.since_seconds,
            timestamps: query.timestamps,
            ..LogParams::default()
        };
        match timeout(PATIENCE, pods.logs(&query.pod, &params)).await {
            Ok(Ok(log)) => Ok(log),
            Ok(Err(error)) => Err(self.refused(&format!("read the log of {}/{}", query.namespace, query.pod), &error)),
            Err(_) => Err(self.gone("no answer in time")),
        }
    }

    async fn try_one(&self, object: &Value) -> Result<DryRun, PortError> {
        let at = Ref::of(object);
        if at.group.is_empty() && at.kind == "Secret" {
            return Ok(refusal("Secrets are not tried: their values should not pass through an assistant"));
        }
        let Some(served) = self.caches.served(&at.group, &at.kind) else {
            return Ok(refusal(&format!(
                "no matches for kind \"{}\" in version \"{}\": the cluster does not have this kind",
                at.kind,
                text(object, "/apiVersion")
            )));
        };
        let made = self.send(&served, &at, object, None).await?;
        match made {
            (409, ..) => {
                let manager = self.applier(&served, &at).await;
                self.send(&served, &at, object, Some(&manager)).await.map(dry_run)
            }
            answer => Ok(dry_run(answer)),
        }
    }

    /// In whose name a change is tried.
    async fn applier(&self, served: &Served, at: &Ref) -> String {
        let api = served.api(&self.connection.client, placed(served, at));
        // Without it, what is said of the change is still nearly right.
        let live = timeout(PATIENCE, api.get_metadata(&at.name)).await.ok().and_then(Result::ok);
        let managers = live.and_then(|live| live.metadata.managed_fields).unwrap_or_default();
        applier::of(&managers).unwrap_or(MANAGER).to_string()
    }

    /// Sends an object as a dry run: created, or applied over what is there in the name of a field manager.
    async fn send(
        &self,
        served: &Served,
        at: &Ref,
        object: &Value,
        over: Option<&str>,
    ) -> Result<(u16, Value, Vec<String>), PortError> {
        let api = served.api(&self.connection.client, placed(served, at));
        let url = api.resource_url();
        let query = query_of(over.unwrap_or(MANAGER));
        let request = match over {
            None => http::Request::post(format!("{url}?{query}")).header("content-type", "application/json"),
            Some(_) => http::Request::patch(format!("{url}/{}?{query}&force=true", at.name))
                .header("content-type", "application/apply-patch+yaml"),
        };
        let internal = |error: http::Error| {
            PortError::new(ErrorKind::InvalidArgument, format!("{at} cannot be asked about: {error}"))
        };
        let request = request.body(Body::from(object.to_string().into_bytes())).map_err(internal)?;
        self.exchange(&format!("try {at}"), request, PATIENCE).await
    }

    /// Sends a request of our own making: status, answer as JSON, warnings.
    async fn exchange(
        &self,
        what: &str,
        request: http::Request<Body>,
        patience: Duration,
    ) -> Result<(u16, Value, Vec<String>), PortError> {
        let exchange = async {
            let answer = self.connection.client.send(request).await?;
            let status = answer.status().as_u16();
            let warnings =
                answer.headers().get_all("warning").iter().filter_map(|value| warning(value.to_str().ok()?)).collect();
            let bytes = answer.into_body().collect_bytes().await?;
            Ok((status, serde_json::from_slice(&bytes).unwrap_or_default(), warnings))
        };
        match timeout(patience, exchange).await {
            Ok(answer) => answer.map_err(|error| self.refused(what, &error)),
            Err(_) => Err(self.gone("no answer in time")),
        }
    }
}

/// The namespace that an object is tried in.
fn placed<'a>(served: &Served, at: &'a Ref) -> &'a str {
    if served.namespaced && at.namespace.is_empty() { "default" } else { at.namespace.as_str() }
}

/// The query of a dry run in the name of a field manager.
fn query_of(manager: &str) -> String {
    let parameters = [("dryRun", "All"), ("fieldManager", manager), ("fieldValidation", "Strict")];
    let url = reqwest::Url::parse_with_params("https://localhost", parameters).expect("an address");
    url.query().unwrap_or_default().to_string()
}

fn refusal(why: &str) -> DryRun {
    DryRun { refused: Some(why.into()), ..DryRun::default() }
}

fn dry_run((status, answer, warnings): (u16, Value, Vec<String>)) -> DryRun {
    match status {
        200..300 => DryRun { object: Some(scrubbed(answer)), refused: None, warnings },
        _ => DryRun { object: None, refused: Some(text(&answer, "/message").into()), warnings },
    }
}

/// The text of a warning header: `299 - "text"`.
fn warning(header: &str) -> Option<String> {
    let text = header.splitn(3, ' ').nth(2)?.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    Some(text.replace("\\\"", "\"").replace("\\\\", "\\"))
}

#[async_trait]
impl Cluster for LiveCluster {
    fn platform(&self) -> &str {
        &self.platform
    }

    async fn snapshot(&self) -> Result<Snapshot, PortError> {
        if let Some(why) = self.pulse.trouble(&self.connection.client).await {
            return Err(self.gone(&why));
        }
        Ok(self.caches.snapshot().await)
    }

    async fn read(&self, objects: &[Ref]) -> Result<Vec<Value>, PortError> {
        let found: Result<Vec<_>, _> = join_all(objects.iter().map(|at| self.one(at))).await.into_iter().collect();
        Ok(found?.into_iter().flatten().collect())
    }

    async fn kinds(&self) -> Result<Vec<ServedKind>, PortError> {
        // The first lists come after what is served is known.
        self.snapshot().await?;
        let kinds = self.caches.kinds().into_iter().map(|served| ServedKind {
            group: served.resource.group,
            kind: served.resource.kind,
            plural: served.resource.plural,
            namespaced: served.namespaced,
        });
        Ok(kinds.collect())
    }

    async fn list(&self, kind: &ServedKind, namespace: Option<&str>) -> Result<Vec<Value>, PortError> {
        let is_secret = kind.group.is_empty() && kind.kind == "Secret";
        let Some(served) = self.caches.served(&kind.group, &kind.kind).filter(|_| !is_secret) else {
            return Ok(Vec::new());
        };
        let api: Api<DynamicObject> = match namespace.filter(|_| served.namespaced) {
            Some(namespace) => served.api(&self.connection.client, namespace),
            None => Api::all_with(self.connection.client.clone(), &served.resource),
        };
        match timeout(PATIENCE, api.list(&ListParams::default().limit(MOST_LISTED))).await {
            Ok(Ok(found)) => {
                Ok(found.items.into_iter().map(|object| scrubbed(to_value(object, &served.resource))).collect())
            }
            Ok(Err(error)) => Err(self.refused(&format!("list {}", kind.plural), &error)),
            Err(_) => Err(self.gone("no answer in time")),
        }
    }

    async fn logs(&self, queries: &[LogQuery]) -> Vec<Result<String, PortError>> {
        join_all(queries.iter().map(|query| self.log(query))).await
    }

    async fn listening(&self, doors: &[Door]) -> Vec<Option<bool>> {
        match &self.connection.doors {
            Some(node) => node.tried(doors).await,
            None => vec![None; doors.len()],
        }
    }

    async fn asked(&self, questions: &[Question]) -> Vec<Option<Reply>> {
        match &self.connection.doors {
            Some(node) => talk::asked(node, questions).await,
            None => vec![None; questions.len()],
        }
    }

    async fn dry_run(&self, objects: &[Value]) -> Result<Vec<DryRun>, PortError> {
        join_all(objects.iter().map(|object| self.try_one(object))).await.into_iter().collect()
    }

    async fn ask(
        &self,
        service: &Ref,
        path: &str,
        question: &Value,
        patience: Duration,
    ) -> Result<(u16, Value), PortError> {
        let what = format!("ask {service}");
        let url = format!("/api/v1/namespaces/{}/services/{}/proxy/{path}", service.namespace, service.name);
        let request = http::Request::post(url)
            .header("content-type", "application/json")
            .body(Body::from(question.to_string().into_bytes()));
        let request =
            request.map_err(|error| PortError::new(ErrorKind::InvalidArgument, format!("cannot {what}: {error}")))?;
        let (status, answer, _) = self.exchange(&what, request, patience).await?;
        Ok((status, scrubbed(answer)))
    }

    async fn image(&self, reference: &str) -> Found {
        self.images.find(reference, &self.connection.registry).await
    }

    async fn state(&self) -> Result<PlatformState, PortError> {
        let snapshot = self.snapshot().await?;
        if self.connection.record.is_none() {
            self.lacking.store(true, Ordering::Relaxed);
        }
        let entries = self.installed.entries().await;
        let entries = entries.map_err(|error| {
            PortError::new(ErrorKind::Unavailable, error.to_string())
                .hint("Run `backstack up` again: it writes the inventory again.")
        })?;
        let wanted = state::awaited(&entries);
        let reads = wanted.iter().map(|object| async move {
            self.one(object).await.map(|found| found.map(|found| (known(object, &found), found)))
        });
        let found: Result<Vec<_>, _> = join_all(reads).await.into_iter().collect();
        let found: Vec<_> = found?.into_iter().flatten().collect();
        Ok(state::state(&snapshot, self.connection.record.as_ref(), &entries, &found))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.caches.changes()
    }

    async fn git(&self) -> Result<Arc<dyn GitServer>, PortError> {
        if self.connection.git.is_err() {
            self.lacking.store(true, Ordering::Relaxed);
        }
        self.connection.git.clone()
    }
}

/// The object's identity with the namespace that it really has.
fn known(asked: &VersionedRef, found: &Value) -> VersionedRef {
    let namespace = Some(text(found, "/metadata/namespace")).filter(|place| !place.is_empty());
    asked.within(namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_taken_out_of_their_header() {
        let header = r#"299 - "Policy requests failed: set \"memory\"""#;
        assert_eq!(warning(header).as_deref(), Some(r#"Policy requests failed: set "memory""#));
        assert_eq!(warning("299"), None);
    }
}
