//! What a person needs when the platform is ready, and nothing else.

use std::fmt::Write;

use crate::report::units;
use crate::stack::LeftOut;
use crate::up::Ready;

pub fn ready(ready: &Ready) -> String {
    let mut text = String::new();
    if ready.changed {
        let _ = writeln!(text, "\n  Ready in {}. {}\n", units::duration(ready.seconds), ready.images);
    } else {
        let _ = writeln!(text, "\n  Nothing to do: {} unchanged, {}. {}\n", units::count(ready.components, "component"), units::duration(ready.seconds), ready.images);
    }
    for route in &ready.routes {
        let _ = writeln!(text, "  {:<12} {}", route.title, route.url);
    }
    if ready.routes.iter().any(|route| !route.url.starts_with(&ready.local_url)) {
        let _ = writeln!(text, "  {:<12} {} (where that address has to lead)", "this machine", ready.local_url);
    }
    let _ = writeln!(text, "  {:<12} context {} (current)", "kubectl", ready.context);
    let _ = writeln!(text, "  {:<12} localhost:{} (push here, pull in the cluster)", "images", ready.registry_port);
    text.push_str(&left_out(&ready.left_out));
    let flag = if ready.name == crate::settings::DEFAULT_NAME { String::new() } else { format!(" --name {}", ready.name) };
    let next = [
        ("credentials", "user names and passwords"),
        ("ca", "the certificate authority that browsers and curl need to trust"),
        ("status", "what runs, and where"),
        ("down", "take it all away"),
    ];
    text.push('\n');
    for (command, what) in next {
        let _ = writeln!(text, "  {:<34} {what}", format!("backstack {command}{flag}"));
    }
    text
}

/// What the platform does without, and why; nothing if it has all.
pub fn left_out(left_out: &[LeftOut]) -> String {
    let mut text = String::new();
    if !left_out.is_empty() {
        text.push_str("\n  Left out, because no package can build it (`--images registry` has it):\n");
    }
    for one in left_out {
        let _ = writeln!(text, "  - {}: {}", one.component, one.text());
    }
    text
}
