//! Whether what people use does answer: asked as they ask.
//!
//! That every pod is ready is not all of it: an ingress hears of new pods a moment later, an aggregated API is
//! looked for again after a while, and a webhook's first call may find the pod of before.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenReview, TokenReviewSpec};
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{Api, ListParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::SettleError;
use super::dns;
use crate::kubernetes::record;
use crate::kubernetes::secrets::Secrets;
use crate::log;
use crate::report::Progress;
use crate::settings::Record;
use crate::stack::{Stack, StackSource};
use crate::target::local::Running;

const DEADLINE: Duration = Duration::from_secs(90);
/// What does not answer yet cannot be watched: asking again is all there is.
const ASK_AGAIN: Duration = Duration::from_millis(150);
/// A page may take long to be made, but not to begin.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks until all of it answers.
///
/// # Errors
/// [`SettleError::NotReady`] with what does not at the deadline.
pub async fn run(place: &Running, progress: &Progress) -> Result<(), SettleError> {
    let start = Instant::now();
    let routes = Routes::of(place).await?;
    loop {
        let silent = silent(place, &routes).await;
        let Some(first) = silent.first() else { return Ok(()) };
        if start.elapsed() >= DEADLINE {
            return Err(SettleError::NotReady { waited: start.elapsed(), what: silent });
        }
        progress.detail(format!("waiting for an answer: {first}"));
        sleep(ASK_AGAIN).await;
    }
}

/// What does not answer, and why.
async fn silent(place: &Running, routes: &Routes) -> Vec<String> {
    let client = &place.client;
    let (admission, tokens, apis, routes, names) =
        tokio::join!(admission(client), tokens(client), aggregated(client), routes.silent(), dns::silent(place));
    admission.into_iter().chain(tokens).chain(apis).chain(routes).chain(names).collect()
}

/// Admission: a pod that is only tried goes through every webhook that judges pods. A refusal is an answer.
async fn admission(client: &Client) -> Option<String> {
    let pod = json!({"metadata": {"generateName": "backstack-reset-"}, "spec": {"containers": [{"name": "tried", "image": "tried:1"}]}});
    let pod: Pod = serde_json::from_value(pod).expect("a pod");
    let tried = Api::namespaced(client.clone(), "default");
    match tried.create(&PostParams { dry_run: true, ..PostParams::default() }, &pod).await {
        Err(kube::Error::Api(status)) if status.code >= 500 => Some(format!("admission: {}", status.message)),
        Err(kube::Error::Api(_)) | Ok(_) => None,
        Err(error) => Some(format!("admission: {error}")),
    }
}

/// Tokens: an account gets one, and it is believed.
async fn tokens(client: &Client) -> Option<String> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "kube-system");
    let request = TokenRequest::default();
    let asked = async {
        let token = accounts.create_token_request("default", &PostParams::default(), &request).await?;
        let token = token.status.and_then(|status| status.token).unwrap_or_default();
        let review = TokenReview { spec: TokenReviewSpec { token, ..Default::default() }, ..Default::default() };
        Api::<TokenReview>::all(client.clone()).create(&PostParams::default(), &review).await
    };
    match asked.await {
        Ok(review) if review.status.as_ref().and_then(|status| status.authenticated) == Some(true) => None,
        Ok(_) => Some("tokens: a new one is not believed".into()),
        Err(error) => Some(format!("tokens: {error}")),
    }
}

/// APIs that programs in the cluster serve, as the one of metrics.
async fn aggregated(client: &Client) -> Vec<String> {
    let services = match Api::<APIService>::all(client.clone()).list(&ListParams::default()).await {
        Ok(services) => services,
        Err(error) => return vec![format!("APIs: {error}")],
    };
    let aggregated = services.into_iter().filter(|one| one.spec.as_ref().is_some_and(|spec| spec.service.is_some()));
    let asked = aggregated.map(|service| async move {
        let name = service.name_any();
        let (version, group) = name.split_once('.')?;
        let request = http::Request::get(format!("/apis/{group}/{version}")).body(Vec::new()).ok()?;
        client.request_text(request).await.err().map(|error| format!("API {name}: {error}"))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// The pages of the platform.
struct Routes {
    http: Option<reqwest::Client>,
    addresses: Vec<String>,
}

impl Routes {
    async fn of(place: &Running) -> Result<Self, SettleError> {
        let record = record::read::<Record>(&place.client).await?;
        let ca = Secrets::new(place.client.clone(), &place.platform.name, "localhost").ca_pem().await;
        let ca = ca?.unwrap_or_default();
        let (Some(record), Some(settings)) = (record, &place.platform.settings) else {
            return Ok(Self { http: None, addresses: Vec::new() });
        };
        // Without the files of a user's own stack nobody knows its pages; that all runs was seen before.
        let stack = Stack::load_changed(StackSource::named(&record.stack), &record.changes).ok();
        let (host, port) = (record.host(), settings.https_port);
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let http = reqwest::Client::builder().resolve(&host, here).redirect(reqwest::redirect::Policy::none());
        let paths = stack.iter().flat_map(|stack| &stack.components).flat_map(|component| &component.file.routes);
        Ok(Self {
            http: crate::tls::client_of_platform(http.timeout(PATIENCE), &ca).ok(),
            addresses: paths.map(|route| format!("https://{host}:{port}{}", route.path)).collect(),
        })
    }

    async fn silent(&self) -> Vec<String> {
        let Some(http) = &self.http else { return Vec::new() };
        let asked = self.addresses.iter().map(|address| async move {
            match log::send(http.get(address)).await {
                Ok(answer) if (502..=504).contains(&answer.status().as_u16()) => {
                    Some(format!("{address}: {}", answer.status()))
                }
                Ok(_) => None,
                Err(error) => Some(format!("{address}: {}", crate::error::chain(&error).join(": "))),
            }
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}
