//! What a person needs when the platform is ready, and nothing else.

use std::fmt::Write;

use crate::report::units;
use crate::stack::LeftOut;
use crate::up::Ready;

pub(super) fn ready(ready: &Ready) -> String {
    let mut text = String::new();
    if ready.changed {
        let _ = writeln!(text, "\n  Ready in {}. {}\n", units::duration(ready.seconds), ready.images);
    } else {
        let _ = writeln!(
            text,
            "\n  Nothing to do: {} unchanged, {}. {}\n",
            units::count(ready.components, "component"),
            units::duration(ready.seconds),
            ready.images
        );
    }
    for route in &ready.routes {
        let _ = writeln!(text, "  {:<12} {}", route.title, route.url);
    }
    if !ready.elsewhere && ready.routes.iter().any(|route| !route.url.starts_with(&ready.local_url)) {
        let _ = writeln!(text, "  {:<12} {} (where that address has to lead)", "this machine", ready.local_url);
    }
    text.push_str(&access(ready));
    for line in &ready.taken_over {
        let _ = writeln!(text, "\n  {line}");
    }
    text.push_str(&left_out(&ready.left_out));
    let mut flag =
        if ready.name == crate::settings::DEFAULT_NAME { String::new() } else { format!(" --name {}", ready.name) };
    if ready.elsewhere {
        flag.push_str(&format!(" --context {}", ready.context));
    }
    let next = [
        ("credentials", "user names and passwords"),
        ("ca", "the certificate authority that browsers and curl need to trust"),
        ("status", "what runs, and where"),
        ("reset", "bring everything back to what it is now"),
        ("down", "take it all away"),
    ];
    text.push('\n');
    for (command, what) in next.into_iter().filter(|(command, _)| !(ready.elsewhere && *command == "reset")) {
        let _ = writeln!(text, "  {:<34} {what}", format!("backstack {command}{flag}"));
    }
    text
}

/// How to get to the cluster, and images to it.
fn access(ready: &Ready) -> String {
    let mut text = String::new();
    if !ready.elsewhere {
        let _ = writeln!(text, "  {:<12} context {} (current)", "kubectl", ready.context);
        let _ = writeln!(text, "  {:<12} localhost:{} (push here, pull in the cluster)", "images", ready.registry_port);
        return text;
    }
    let _ = writeln!(text, "  {:<12} context {}", "kubectl", ready.context);
    if let Some(registry) = &ready.pushed_to {
        let _ = writeln!(text, "  {:<12} {registry}", "images");
    }
    if let Some(command) = &ready.port_forward {
        let _ = writeln!(
            text,
            "\n  The addresses work on this machine while this runs (or give `up` an address of your own: --url):\n  {command}"
        );
    }
    text
}

/// What the platform does without, and why; nothing if it has all.
pub(super) fn left_out(left_out: &[LeftOut]) -> String {
    let mut text = String::new();
    if !left_out.is_empty() {
        text.push_str("\n  Left out, because an image cannot be had:\n");
    }
    for one in left_out {
        let _ = writeln!(text, "  - {}: {}", one.component, one.text());
    }
    text
}
