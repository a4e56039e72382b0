//! Moments of an engine that a test cannot time with a real one: its answers while a container goes, as they were seen.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use backstack::cluster::endpoint::Endpoint;
use backstack::cluster::{ClusterError, Engine, names, observe};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// An engine with one node, which tells this state of it; its files cannot be looked into.
async fn engine_with_node(state: Option<Value>) -> Engine {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let state = state.clone();
            let service = service_fn(move |request| {
                let state = state.clone();
                async move { Ok::<_, Infallible>(answer(&request, state.as_ref())) }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    let address = format!("tcp://127.0.0.1:{port}");
    Engine::at(Endpoint { address, reason: "DOCKER_HOST".into(), tls: None }).await.unwrap()
}

fn answer(request: &Request<Incoming>, state: Option<&Value>) -> Response<Full<Bytes>> {
    let (path, looked_before) = (request.uri().path(), request.uri().path().ends_with("/one-control-plane/json"));
    let (status, body) = match state {
        _ if request.method() == Method::HEAD && path.ends_with("/archive") => (500, Value::Null),
        _ if path.ends_with("/containers/json") => (200, json!([{"Id": "abc"}])),
        // It still ran when all containers were looked at; what it says when asked by name comes later.
        _ if path.ends_with("/abc/json") => (200, node(&json!({"Status": "running", "Running": true}))),
        Some(state) if looked_before => (200, node(state)),
        None if looked_before => (404, json!({"message": "No such container"})),
        _ => (200, json!({"ApiVersion": "1.41", "Version": "20.10.24"})),
    };
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    Response::builder().status(status).header("content-type", "application/json").body(Full::new(body)).unwrap()
}

fn node(state: &Value) -> Value {
    let labels = json!({names::MANAGED: "true", names::KIND_CLUSTER: "one", names::KIND_ROLE: "control-plane"});
    json!({"Id": "abc", "Name": "/one-control-plane", "State": state, "Config": {"Labels": labels}})
}

#[tokio::test]
async fn a_node_that_somebody_removes_just_now_is_none() {
    for state in
        [None, Some(json!({"Status": "removing", "Dead": true})), Some(json!({"Status": "dead", "Dead": true}))]
    {
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
