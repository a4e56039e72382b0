//! `backstack support-bundle`

use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::checkpoint;
use super::printer::Printer;
use super::status;
use crate::docker::Engine;
use crate::docker::observe::{self, ObservedPlatform};
use crate::error::Failure;
use crate::report::units;
use crate::settings::UpWishes;
use crate::support::{self, Bundle, Subject};
use crate::target::Target;
use crate::up::{self, UpRequest};

/// `doctor` asks registries, and `status` a cluster that may be ill.
const PATIENCE: Duration = Duration::from_secs(20);

/// Write one archive for a bug report: what runs, logs, objects and settings, without secrets
///
/// Nothing is changed. What cannot be read is left out and named, so it also works on a platform that is half broken,
/// stopped or missing, and takes no longer than some minutes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack support-bundle
  backstack support-bundle --file bundle.tar.gz
  tar -xzOf bundle.tar.gz backstack-backstack/README.md    what is in it

Read it before you give it away.")]
pub(super) struct SupportBundleArgs {
    /// The file to write; it must not be there [default: backstack-NAME-TIME.tar.gz in this folder]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) async fn run(args: SupportBundleArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let file = args.file.unwrap_or_else(|| format!("backstack-{name}-{}.tar.gz", checkpoint::now()).into());
    support::check(&file)?;
    let bundle = support::bundle(subject(name).await, file).await?;
    printer.facts(&bundle, || text(&bundle));
    Ok(0)
}

/// All that other commands find out, each with what kept it from doing so.
async fn subject(name: &str) -> Subject {
    let begun = Instant::now();
    let engine = Engine::connect().await.map_err(|error| said(error.into()));
    let platform = match &engine {
        Ok(engine) => observed(engine, name).await,
        Err(why) => Err(why.clone()),
    };
    let client = within(async { Target::Local.find(name).await?.client().await }).await;
    let status = within(async {
        let (facts, _) = status::facts(&Target::Local.find(name).await?).await?;
        Ok(json!(facts))
    });
    let (doctor, status) = tokio::join!(within(doctor(name)), async {
        match &client {
            Ok(_) => status.await,
            Err(why) => Err(why.clone()),
        }
    });
    Subject { begun, name: name.into(), engine, platform, client, doctor, status }
}

async fn observed(engine: &Engine, name: &str) -> Result<ObservedPlatform, String> {
    let found = within(async { Ok(observe::platforms(engine).await?.remove(name)) }).await?;
    found.ok_or_else(|| format!("there is no platform named `{name}`"))
}

async fn doctor(name: &str) -> Result<Value, Failure> {
    let request = UpRequest {
        name: name.into(),
        wishes: UpWishes::default(),
        config: None,
        skip_checks: true,
        only_look: true,
        target: Target::Local,
        add: None,
        as_it_is: false,
    };
    Ok(json!(up::check(request).await?))
}

async fn within<T>(asked: impl Future<Output = Result<T, Failure>>) -> Result<T, String> {
    match timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(said),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

fn said(failure: Failure) -> String {
    failure.messages.join(": ")
}

fn text(bundle: &Bundle) -> String {
    let mut text = format!(
        "  Wrote {} in {}: {}, {}.\n\n",
        bundle.file.display(),
        units::duration(bundle.seconds),
        units::count(bundle.files, "file"),
        units::bytes(bundle.bytes),
    );
    for (part, files) in &bundle.parts {
        let files = if part.contains('.') { String::new() } else { units::count(*files, "file") };
        let _ = writeln!(text, "  {part:<12} {files:>9}  {}", support::what(part));
    }
    if !bundle.left_out.is_empty() {
        text.push_str("\n  Could not be read:\n");
        for left in &bundle.left_out {
            let _ = writeln!(text, "  - {}: {}", left.what, left.why);
        }
    }
    let _ = writeln!(
        text,
        "\n  Secrets were removed in {}. Names, addresses and what people wrote are in it:\n  read it before you give it away.",
        units::count(bundle.removed, "place"),
    );
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::support::LeftOut;

    #[test]
    fn the_answer_says_what_is_in_it_what_is_not_and_to_read_it() {
        let bundle = Bundle {
            file: "x.tar.gz".into(),
            bytes: 2_000_000,
            files: 41,
            parts: BTreeMap::from([("about.json".into(), 1), ("logs".into(), 39)]),
            removed: 1,
            left_out: vec![LeftOut { what: "nodes/n".into(), why: "it does not run".into() }],
            seconds: 4.0,
        };
        let text = text(&bundle);
        assert!(text.starts_with("  Wrote x.tar.gz in 4 s: 41 files, "), "{text}");
        assert!(text.contains("logs          39 files  the last lines"), "{text}");
        assert!(text.contains("- nodes/n: it does not run") && text.contains("in 1 place."), "{text}");
        assert!(text.ends_with("read it before you give it away.\n"), "{text}");
    }
}
