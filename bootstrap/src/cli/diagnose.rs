//! `backstack diagnose`

use std::fmt::Write;
use std::time::Duration;

use backstack_mcp::live::diagnose::{Diagnosis, Finding, Verdict};
use backstack_mcp::ports::{Cluster, Platforms};
use backstack_mcp::toolsets::live::judged;
use clap::Args;
use tokio::time::sleep;

use super::access::TargetArgs;
use super::printer::Printer;
use crate::assistant::error::AskError;
use crate::assistant::live::{LivePlatforms, Way};
use crate::error::{ExitKind, Failure};

/// Changes come in showers.
const SHOWER: Duration = Duration::from_secs(1);
/// Logs and open ports change without an object that does.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Evidence of one cause that is worth a line.
const EVIDENCE: usize = 3;

/// Say why something does not work: an app, any other object, a namespace, or the whole platform
///
/// The same judge and the same words as the assistant's tool of this name.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack diagnose                       what is broken here?
  backstack diagnose demo/my-app           why this app does not work
  backstack diagnose Ingress:demo/my-app   any kind, as Kind:namespace/name
  backstack diagnose Namespace:demo        everything in a namespace
  backstack diagnose demo/my-app --watch   again whenever something changes

Exits with 5 if it is broken.")]
pub(super) struct DiagnoseArgs {
    /// The thing: name, namespace/name, Kind:namespace/name or component:NAME; the whole platform if left out
    #[arg(value_name = "THING", default_value = "")]
    thing: String,
    /// Go on, and tell it again when it changes; Ctrl-C ends
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(args: &DiagnoseArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let platforms = match &args.target.context {
        Some(context) => LivePlatforms::only(context, Way::Kubeconfig { path: None, context: context.clone() }),
        None => LivePlatforms::only(name, Way::Containers),
    };
    let cluster = platforms.platform(None).await.map_err(|error| AskError(error.into()))?;
    let mut diagnosis = judged(cluster.as_ref(), &args.thing).await.map_err(AskError)?;
    printer.facts(&diagnosis, || text(&diagnosis));
    if !args.watch {
        let broken = diagnosis.verdict == Verdict::Broken;
        return Ok(if broken { ExitKind::Cluster.code() } else { 0 });
    }
    loop {
        changed(cluster.as_ref()).await;
        // Somebody may be starting the platform again just now.
        let cluster = platforms.platform(None).await.map_err(|error| AskError(error.into()))?;
        let now = judged(cluster.as_ref(), &args.thing).await.map_err(AskError)?;
        if told(&now) != told(&diagnosis) {
            printer.facts(&now, || format!("\n{}", text(&now)));
        }
        diagnosis = now;
    }
}

/// Waits until something may be different.
async fn changed(cluster: &dyn Cluster) {
    let mut changes = cluster.changes();
    changes.mark_unchanged();
    tokio::select! {
        _ = changes.changed() => sleep(SHOWER).await,
        () = sleep(LOOK_AGAIN) => {}
    }
}

/// What makes one answer another than the one before; numbers of restarts and seconds do not.
fn told(diagnosis: &Diagnosis) -> (Verdict, Vec<String>) {
    let cause = |cause: &Finding| format!("{:?} {} {}", cause.fault, cause.object, cause.field);
    (diagnosis.verdict, diagnosis.causes.iter().map(cause).collect())
}

fn text(diagnosis: &Diagnosis) -> String {
    let (mark, verdict) = match diagnosis.verdict {
        Verdict::Broken => ("✘", "is broken"),
        Verdict::Starting => ("…", "is starting"),
        Verdict::Imperfect => ("!", "runs, and something is not as it should be"),
        Verdict::Unknown => ("·", "says nothing about itself: nothing wrong was seen"),
        Verdict::Healthy => ("✔", "is healthy"),
    };
    let subject = match diagnosis.subject.as_str() {
        "platform" => format!("platform {}", diagnosis.platform),
        subject => subject.replacen(':', " ", 1),
    };
    let mut text = format!("{mark} {subject} {verdict}\n");
    for (number, cause) in diagnosis.causes.iter().enumerate() {
        text.push_str(&of_cause(number + 1, cause));
    }
    for past in &diagnosis.past {
        let _ = writeln!(text, "\n  before: {past}");
    }
    let looked: Vec<_> = diagnosis.looked_at.iter().map(|looked| format!("{} {}", looked.count, looked.kind)).collect();
    let _ = writeln!(text, "\n  looked at: {}", looked.join(", "));
    if !diagnosis.not_looked_at.is_empty() {
        let _ = writeln!(text, "  not looked at: {}", diagnosis.not_looked_at.join("; "));
    }
    text
}

fn of_cause(number: usize, cause: &Finding) -> String {
    let mut text = format!("\n  {number}. {}: {}\n", cause.object, cause.summary);
    if !cause.field.is_empty() {
        let _ = writeln!(text, "     field   {}", cause.field);
    }
    // Where it is written is what a person needs most, and stands last.
    let (first, rest) = cause.evidence.split_at(cause.evidence.len().min(EVIDENCE));
    for evidence in first.iter().chain(rest.iter().filter(|evidence| evidence.source.starts_with("Git"))) {
        let _ = writeln!(text, "     {}: {}", evidence.source, evidence.text);
    }
    if !cause.affects.is_empty() {
        let _ = writeln!(text, "     because of this: {}", cause.affects.join(", "));
    }
    let _ = writeln!(text, "     → {}", cause.next);
    text
}

#[cfg(test)]
mod tests {
    use backstack_mcp::live::diagnose::{Fault, Looked};
    use backstack_mcp::live::object::Ref;

    use super::*;

    #[test]
    fn a_person_reads_what_is_wrong_where_and_what_to_do() {
        let at = Ref::new("", "Service", "demo", "web");
        let cause = Finding::new(Fault::WrongPort, at, "its port 80 leads to port 81, and nothing listens there");
        let cause = cause.at("spec.ports[0].targetPort").with("tried", "refused").next("Set it to 8080.");
        let cause = cause.with("a", "1").with("b", "2").with("c", "left out").with("Git", "demo/web.yaml:7");
        let diagnosis = Diagnosis {
            platform: "lab".into(),
            subject: "App:demo/web".into(),
            verdict: Verdict::Broken,
            since: String::new(),
            causes: vec![cause],
            path: String::new(),
            looked_at: vec![Looked { kind: "Pod".into(), count: 2 }],
            not_looked_at: vec!["Secrets: they are never read".into()],
            past: Vec::new(),
            events: Vec::new(),
        };
        let text = text(&diagnosis);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "✘ App demo/web is broken");
        assert_eq!(lines[2], "  1. Service demo/web: its port 80 leads to port 81, and nothing listens there");
        assert!(text.contains("→ Set it to 8080.") && text.contains("looked at: 2 Pod"), "{text}");
        assert!(text.contains("Git: demo/web.yaml:7") && !text.contains("left out"), "{text}");
    }
}
