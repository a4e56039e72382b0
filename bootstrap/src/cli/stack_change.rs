//! `backstack stack add` and `backstack stack remove`

use clap::Args;
use serde_json::json;

use super::access::TargetArgs;
use super::printer::Printer;
use crate::error::Failure;
use crate::plan;
use crate::remove;
use crate::report::units;
use crate::settings::{DEFAULT_NAME, ImageSource, UpWishes};
use crate::up::{self, AddWish, Adding, Outcome, Ready, UpRequest};

/// Install a component of your own on a platform that runs
///
/// The rest of the platform is left alone. The platform remembers what was added: a later `up` keeps it. After a
/// change in the component's folder, run the same command again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack stack add ./shop                     a component: a folder with component.yaml
  backstack stack add ./mine                     all components of a stack: a folder with stack.yaml
  backstack stack add ./shop --set shop.size=3   with a parameter
  backstack stack add ./shop --plan              what would be done; nothing is touched
  backstack stack add metrics-server             a component of the stack that was left out")]
pub(super) struct AddArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Folder of a component or of a stack, or the name of a component that was left out
    #[arg(value_name = "DIR|NAME")]
    what: String,
    /// Where its images come from [default: as the platform's]
    #[arg(long, env = "BACKSTACK_IMAGES", value_enum)]
    images: Option<ImageSource>,
    /// Set a parameter of the component; may be repeated
    #[arg(long, value_name = "COMPONENT.PARAMETER=VALUE")]
    set: Vec<String>,
    /// Show the plan and stop
    #[arg(long)]
    pub(super) plan: bool,
    /// Go on although `backstack doctor` found problems
    #[arg(long)]
    skip_checks: bool,
}

/// Take a component away from a platform that runs, with all its objects and definitions
///
/// The platform remembers it: an added component is forgotten, one of the stack is left out by a later `up`. It is
/// refused while another component depends on it, and while there are objects that people made of its kinds.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack stack remove shop
  backstack stack remove shop --plan     what would be removed; nothing is touched
  backstack stack remove shop --purge    also objects that people made of its kinds")]
pub(super) struct RemoveArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Name of the component
    #[arg(value_name = "NAME")]
    component: String,
    /// Also remove the objects that people made of its kinds
    #[arg(long)]
    purge: bool,
    /// Show the plan and stop
    #[arg(long)]
    pub(super) plan: bool,
}

pub(super) async fn add(args: AddArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let wishes = UpWishes { images: args.images, set: args.set.clone(), ..UpWishes::default() };
    let add = Some(AddWish { what: args.what.clone() });
    let request = UpRequest {
        name: name.into(),
        wishes,
        config: None,
        skip_checks: args.skip_checks,
        only_look: args.plan,
        target: args.target.target(),
        add,
        as_it_is: false,
    };
    let prepared = up::prepare(request).await?;
    let adding = prepared.adding.clone().unwrap_or_default();
    if adding.names.is_empty() {
        printer.facts(&json!({"added": [], "unchanged": adding.there}), || {
            format!("  Nothing to do: {} of the platform's stack already.\n", parts(&adding))
        });
        return Ok(0);
    }
    if args.plan {
        let facts = json!({"plan": prepared.plan, "images": prepared.image_facts()});
        printer.facts(&facts, || format!("{}\n{}", prepared.headline(), plan::show(&prepared.plan)));
        return Ok(0);
    }
    let reporter = printer.reporter();
    let outcome = up::execute(&prepared, reporter.clone()).await;
    drop(reporter);
    match outcome {
        Outcome::Ready(ready) => {
            printer.event(json!({"event": "added", "components": adding.names, "summary": ready}));
            printer.people(|| added(&ready, &adding, &flags(name, &args.target)));
            Ok(0)
        }
        Outcome::Failed(failures) => super::up::failed(failures, printer),
    }
}

fn parts(adding: &Adding) -> String {
    let names = adding.there.join(", ");
    if adding.there.len() == 1 { format!("{names} is part") } else { format!("{names} are parts") }
}

/// What has to be typed to mean the same platform again.
pub(super) fn flags(name: &str, target: &TargetArgs) -> String {
    let name = if name == DEFAULT_NAME { String::new() } else { format!(" --name {name}") };
    let context = target.context.as_ref().map(|context| format!(" --context {context}")).unwrap_or_default();
    format!("{name}{context}")
}

fn added(ready: &Ready, adding: &Adding, flags: &str) -> String {
    let names = adding.names.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut text = match ready.changed {
        true => format!("\n  Added in {}: {names}. {}\n", units::duration(ready.seconds), ready.images),
        false => format!("\n  Nothing to do: {names} unchanged, {}.\n", units::duration(ready.seconds)),
    };
    for route in ready.routes.iter().filter(|route| adding.names.contains(&route.component)) {
        text.push_str(&format!("  {:<12} {}\n", route.title, route.url));
    }
    for name in &adding.names {
        text.push_str(&format!("\n  {:<34} takes it away again\n", format!("backstack stack remove {name}{flags}")));
    }
    text
}

pub(super) async fn remove(args: &RemoveArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let platform = args.target.target().find(name).await?;
    let client = platform.client().await?;
    let record = platform.record(&client).await?;
    let removal = remove::prepare(client, platform.name(), record, &args.component, args.purge).await?;
    if args.plan || removal.is_nothing() {
        let objects = removal.entry.iter().flat_map(|entry| &entry.objects).chain(&removal.others);
        let objects: Vec<_> = objects.map(ToString::to_string).collect();
        printer.facts(&json!({"component": args.component, "remove": objects}), || remove::show(&removal));
        return Ok(0);
    }
    let reporter = printer.reporter();
    let removed = remove::run(&removal, reporter.clone()).await;
    drop(reporter);
    let removed = removed?;
    printer.event(json!({"event": "removed", "summary": removed}));
    printer.people(|| gone(&removed, &removal));
    Ok(0)
}

fn gone(removed: &remove::Removed, removal: &remove::Removal) -> String {
    if removal.entry.is_none() {
        return remove::nothing(removal);
    }
    let mut text = format!(
        "\n  Removed in {}: {}, {}.\n",
        units::duration(removed.seconds),
        removed.component,
        units::count(removed.objects, "object")
    );
    for kept in &removed.kept {
        text.push_str(&format!("  kept: {kept}\n"));
    }
    for forced in &removed.forced {
        text.push_str(&format!("  finalizers taken off: {forced}\n"));
    }
    text
}
