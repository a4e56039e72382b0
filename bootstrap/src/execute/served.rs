//! A component is ready for people when its addresses lead to it: the ingress hears of new pods a moment after the
//! cluster does.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::context::Context;
use crate::report::Progress;
use crate::stack::model::Route;

/// The ingress takes about a second. What answers like an ingress without pods for longer may be the program itself.
const PATIENCE: Duration = Duration::from_secs(15);
/// A route that leads nowhere yet cannot be watched: asking again is all there is.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Waits until the ingress leads to these routes. Whatever else keeps it from answering is for `status` to tell.
pub async fn await_routes(context: &Context, routes: &[Route], progress: &Progress) {
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(3)).build();
    let Ok(http) = http else { return };
    let deadline = Instant::now() + PATIENCE;
    for route in routes {
        let address = format!("http://127.0.0.1:{}{}", context.settings.http_port, route.path);
        loop {
            let asked = http.get(&address).header("Host", context.settings.host()).send().await;
            if !asked.is_ok_and(|answer| leads_nowhere(answer.status().as_u16())) || Instant::now() > deadline {
                break;
            }
            progress.detail(format!("the ingress does not lead to {} yet", route.path));
            sleep(ASK_AGAIN).await;
        }
    }
}

/// What an ingress answers that knows a path and no pod behind it.
fn leads_nowhere(status: u16) -> bool {
    matches!(status, 502..=504)
}
