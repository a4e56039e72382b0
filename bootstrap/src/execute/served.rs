//! A component is ready for people when its addresses lead to it: the ingress hears of new pods a moment after the
//! cluster does.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::context::Context;
use crate::log;
use crate::report::Progress;
use crate::stack::model::Route;

/// The ingress takes about a second. What answers like an ingress without pods for longer may be the program itself.
const PATIENCE: Duration = Duration::from_secs(15);
/// An ingress that has not heard of a path answers 404, as a program may that has nothing at that very address: so that
/// is believed sooner.
const PATIENCE_UNKNOWN: Duration = Duration::from_secs(3);
/// A route that leads nowhere yet cannot be watched: asking again is all there is.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Waits until the ingress leads to these routes, with a certificate that the platform's authority (`ca`, PEM) signed.
/// `status` tells whatever else keeps it from answering.
pub async fn await_routes(context: &Context, ca: &str, routes: &[Route], progress: &Progress) {
    let host = context.settings.host();
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, context.settings.https_port));
    let http = reqwest::Client::builder().resolve(host, here).redirect(reqwest::redirect::Policy::none());
    let Ok(http) = crate::tls::client_of_platform(http.timeout(Duration::from_secs(3)), ca) else { return };
    let start = Instant::now();
    for route in routes {
        let address = format!("https://{host}:{}{}", context.settings.https_port, route.path);
        loop {
            let patience = match log::send(http.get(&address)).await {
                Ok(answer) => patience_with(answer.status().as_u16()),
                Err(error) if is_of_certificate(&error) => PATIENCE,
                // Nothing listens: then there is no ingress yet, or another one.
                Err(_) => Duration::ZERO,
            };
            if start.elapsed() >= patience {
                break;
            }
            progress.detail(format!("the ingress does not lead to {} yet", route.path));
            sleep(ASK_AGAIN).await;
        }
    }
}

/// Until the ingress has a new certificate, it shows the one before, or one of its own.
fn is_of_certificate(error: &reqwest::Error) -> bool {
    crate::error::chain(error).iter().any(|cause| cause.contains("certificate"))
}

/// How long an answer may be the ingress's own, before it is taken for the program's.
fn patience_with(status: u16) -> Duration {
    match status {
        404 => PATIENCE_UNKNOWN,
        // It knows the path, and no pod behind it.
        502..=504 => PATIENCE,
        _ => Duration::ZERO,
    }
}
