//! Moments of an engine that a test cannot bring about with a real one, with its answers as they were seen.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use backstack::docker::endpoint::Endpoint;
use backstack::docker::{ClusterError, Engine, names, network, observe};
use backstack::error::{ExitKind, Explain};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper::{Method, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Clone, Debug)]
struct Asked {
    method: Method,
    path: String,
    body: Value,
}

/// What an engine answers: status and body.
type Answer = Arc<dyn Fn(&Asked) -> Option<(u16, Value)> + Send + Sync>;

/// An engine that answers like this, and as one with nothing in it otherwise; and what it was asked.
async fn engine(
    answer: impl Fn(&Asked) -> Option<(u16, Value)> + Send + Sync + 'static,
) -> (Engine, Arc<Mutex<Vec<Asked>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (answer, asked): (Answer, Arc<Mutex<Vec<Asked>>>) = (Arc::new(answer), Arc::default());
    let all = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, all) = (answer.clone(), all.clone());
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let (answer, all) = (answer.clone(), all.clone());
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let body = serde_json::from_slice(&body).unwrap_or_default();
                    let one = Asked { method: head.method, path: head.uri.path().into(), body };
                    let told = answer(&one).unwrap_or((200, json!({"ApiVersion": "1.41", "Version": "20.10.24"})));
                    all.lock().unwrap().push(one);
                    Ok::<_, Infallible>(response(told))
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    let address = format!("tcp://127.0.0.1:{port}");
    (Engine::at(Endpoint { address, reason: "DOCKER_HOST".into(), tls: None }).await.unwrap(), asked)
}

fn response((status, body): (u16, Value)) -> Response<Full<Bytes>> {
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    Response::builder().status(status).header("content-type", "application/json").body(Full::new(body)).unwrap()
}

/// An engine with one node, which tells this state of it when it is asked by name; its files cannot be looked into.
async fn engine_with_node(state: Option<Value>) -> Engine {
    let answer = move |asked: &Asked| {
        let of = |end: &str| asked.path.ends_with(end);
        Some(match &state {
            _ if asked.method == Method::HEAD && of("/archive") => (500, Value::Null),
            _ if of("/containers/json") => (200, json!([{"Id": "abc"}])),
            // It still ran when all containers were looked at.
            _ if of("/abc/json") => (200, node(&json!({"Status": "running", "Running": true}))),
            Some(state) if of("/one-control-plane/json") => (200, node(state)),
            None if of("/one-control-plane/json") => (404, json!({"message": "No such container"})),
            _ => return None,
        })
    };
    engine(answer).await.0
}

fn node(state: &Value) -> Value {
    let labels = json!({names::MANAGED: "true", names::KIND_CLUSTER: "one", names::KIND_ROLE: "control-plane"});
    json!({"Id": "abc", "Name": "/one-control-plane", "State": state, "Config": {"Labels": labels}})
}

#[tokio::test]
async fn a_node_that_somebody_removes_just_now_is_none() {
    let going = |status: &str| Some(json!({"Status": status, "Dead": true}));
    for state in [None, going("removing"), going("dead")] {
        let engine = engine_with_node(state).await;
        assert!(observe::platforms(&engine).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_node_that_stays_and_cannot_be_looked_into_is_an_error() {
    let engine = engine_with_node(Some(json!({"Status": "running", "Running": true, "Dead": false}))).await;
    let error = observe::platforms(&engine).await.unwrap_err();
    assert!(matches!(error, ClusterError::Engine { .. }) && error.to_string().contains("one-control-plane"), "{error}");
}

/// An engine that is removing a container, and what it says to whoever waits for that.
async fn engine_that_removes(said: (u16, Value)) -> (Engine, Arc<Mutex<Vec<Asked>>>) {
    engine(move |asked| match (&asked.method, asked.path.rsplit('/').next()) {
        (&Method::DELETE, _) => {
            Some((409, json!({"message": "removal of container one-control-plane is already in progress"})))
        }
        (_, Some("wait")) => Some(said.clone()),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_container_that_is_being_removed_is_waited_for() {
    for said in [(200, json!({"StatusCode": 137})), (404, json!({"message": "No such container"}))] {
        let (engine, asked) = engine_that_removes(said).await;
        assert!(engine.remove_container("one-control-plane").await.unwrap());
        let asked = asked.lock().unwrap();
        assert!(asked.iter().any(|one| one.path.ends_with("/containers/one-control-plane/wait")), "{asked:?}");
    }
    // One that nobody can wait for is told as it was.
    let (engine, _) = engine_that_removes((500, json!({"message": "device is busy"}))).await;
    let error = engine.remove_container("one-control-plane").await.unwrap_err();
    let told = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    let told: Vec<_> = told.map(ToString::to_string).collect();
    assert!(told.join(": ").contains("already in progress"), "{told:?}");
}

/// An engine that has no network, and no room for one within these ranges.
async fn engine_without_room(
    is_taken: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> (Engine, Arc<Mutex<Vec<Asked>>>) {
    engine(move |asked| match asked.path.rsplit('/').next() {
        Some("networks") => Some((200, json!([]))),
        Some("create") if is_taken(subnet_of(asked)) => {
            Some((403, json!({"message": "Pool overlaps with other one on this address space"})))
        }
        Some("create") => Some((201, json!({"Id": "abc", "Warning": ""}))),
        _ => None,
    })
    .await
}

fn subnet_of(asked: &Asked) -> &str {
    asked.body["IPAM"]["Config"][0]["Subnet"].as_str().unwrap()
}

#[tokio::test]
async fn with_all_ranges_taken_the_way_out_is_told() {
    let (engine, asked) = engine_without_room(|_| true).await;
    let error = network::ensure(&engine, None).await.unwrap_err();
    assert!(matches!(error, ClusterError::NoSubnet { .. }) && error.kind() == ExitKind::Prerequisite, "{error}");
    assert!(error.hints().iter().any(|hint| hint.contains("--subnet")), "{:?}", error.hints());
    let asked = asked.lock().unwrap();
    let tried: Vec<_> = asked.iter().filter(|one| one.path.ends_with("/create")).map(subnet_of).collect();
    assert!(tried.len() > 1 && tried.iter().all(|subnet| error.to_string().contains(subnet)), "{tried:?}: {error}");
}

#[tokio::test]
async fn the_range_that_is_asked_for_is_the_one_that_is_made() {
    let wanted = || Some("10.99.7.0/24".parse().unwrap());
    let (engine, asked) = engine_without_room(|subnet| subnet != "10.99.7.0/24").await;
    let (network, made) = network::ensure(&engine, wanted()).await.unwrap();
    assert!(made && network.cidr() == "10.99.7.0/24");
    assert_eq!(asked.lock().unwrap().iter().filter(|one| one.path.ends_with("/create")).count(), 1);

    let (engine, _) = engine_without_room(|_| true).await;
    let error = network::ensure(&engine, wanted()).await.unwrap_err();
    assert!(matches!(&error, ClusterError::NoSubnet { tried } if tried == "10.99.7.0/24"), "{error}");
}
