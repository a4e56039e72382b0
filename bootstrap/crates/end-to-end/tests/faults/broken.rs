//! Components that cannot run: each is named with what is wrong, and once they are mended the next run is through.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::platform;
use crate::running::{Ended, Running, up, up_from};
use backstack_end_to_end::{Platform, step};

/// An image of the stack's own, as small as there is.
const RECIPE: &str = "\
apiVersion: backstack.dev/v1
kind: ImageRecipe
layers:
  - debian: {suite: trixie, packages: [busybox-static], exclude: [/usr/share/*]}
";
const SHELL: &str = "images: {shell: {reference: 'faults.invalid/shell:1.0.0', recipe: shell}}\n";

/// A stack in the test's own folder, whose components each have one Deployment.
struct OwnStack(PathBuf);

impl OwnStack {
    fn new(platform: &Platform, components: &[&str]) -> Self {
        let stack = Self(platform.path("own"));
        let listed: String = components.iter().map(|name| format!("  - name: {name}\n")).collect();
        let head = "apiVersion: backstack.dev/v1\nkind: Stack\nname: own\nversion: 1.0.0\n";
        write(&stack.0.join("stack.yaml"), &format!("{head}components:\n  - {{name: traefik, from: back}}\n{listed}"));
        stack
    }

    fn component(&self, name: &str, images: &str, more: &str, script: &str, cpu: &str) {
        let folder = self.0.join("components").join(name);
        let file = format!(
            "apiVersion: backstack.dev/v1\nkind: Component\nname: {name}\nversion: 1.0.0\ndescription: A test.\n\
             namespace: {name}\n{images}{more}"
        );
        write(&folder.join("component.yaml"), &file);
        write(&folder.join("images/shell/image.yaml"), RECIPE);
        let manifest = format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: {name}
          image: ${{images.shell}}
          command: [/usr/bin/busybox, sh, -c, '{script}']
          readinessProbe: {{exec: {{command: [/usr/bin/busybox, test, -e, /ready]}}, periodSeconds: 1}}
          resources: {{requests: {{cpu: '{cpu}'}}}}
"
        );
        write(&folder.join("manifests/deployment.yaml"), &manifest);
    }

    /// The component's pods want a claim as well, of a storage class that there is not.
    fn claiming(&self, name: &str) {
        let manifests = self.0.join("components").join(name).join("manifests");
        let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {storageClassName: fast, \
                     accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}\n";
        write(&manifests.join("claim.yaml"), claim);
        let file = manifests.join("deployment.yaml");
        let deployment = std::fs::read_to_string(&file).expect("read the Deployment");
        let volume = "      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n      containers:\n";
        write(&file, &deployment.replace("      containers:\n", volume));
    }

    fn up(&self, platform: &Platform) -> Ended {
        // Pods that fit nowhere are refused by the checks before.
        let mut command = up(platform, &self.0.display().to_string());
        command.arg("--skip-checks");
        Running::start(command).end()
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("make the folder");
    std::fs::write(path, text).expect("write");
}

/// Time for a pod to be made, to crash and to be made again also where the machine is busy.
const SOON: &str = "readiness: {timeout_seconds: 30}\n";
const RUNS: &str = "echo > /ready; exec /usr/bin/busybox sleep 100000";

#[test]
fn broken_components_are_named_and_can_be_mended() {
    let (platform, _turn) = platform();
    an_image_that_nobody_has(&platform);

    step("a wrong digest, a pod that fits nowhere, one that crashes, and one that wants a class that there is not");
    let stack = OwnStack::new(&platform, &["definitions", "large", "crashing", "claiming", "behind"]);
    // A real module and file, so that only the digest is wrong.
    let crds = "crds:\n  - module: github.com/traefik/traefik/v3@v3.7.13\n    url: https://traefik.invalid/\n    files:\n      \
                docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml: sha256:";
    stack.component("definitions", SHELL, &format!("{crds}{}\n", "0".repeat(64)), RUNS, "1m");
    stack.component("large", SHELL, SOON, RUNS, "900");
    stack.component("crashing", SHELL, SOON, "echo there is no database; exit 7", "1m");
    stack.component("claiming", SHELL, SOON, RUNS, "1m");
    stack.claiming("claiming");
    stack.component("behind", SHELL, "depends_on: [large]\n", RUNS, "1m");
    let ended = stack.up(&platform);
    assert_eq!(ended.code, Some(4), "{:#?}", ended.errors());
    assert_eq!(ended.errors().len(), 4, "{:#?}", ended.errors());
    told(
        ended.error("is not what the component expects"),
        6,
        &["sha256:000000", "kubernetes-crd-definition-v1.yml", "crds"],
    );
    told(ended.error("`large`"), 4, &["pod large/large-", "insufficient cpu (needs 900"]);
    told(ended.error("`crashing`"), 4, &["exits 7", "there is no database"]);
    told(ended.error("`claiming`"), 4, &["PersistentVolumeClaim claiming/data: ", "`fast`"]);
    let outcome = |name: &str| {
        let finished = ended.events.iter().find(|event| event["event"] == "finished" && event["subject"] == name);
        finished.unwrap_or_else(|| panic!("{name} has no end"))["outcome"].clone()
    };
    // Where a registry ran before, the missing image was told before anything was made.
    assert!(outcome("traefik") == "created" || outcome("traefik") == "unchanged", "{:#?}", ended.events);
    assert_eq!(outcome("behind"), "skipped");

    step("status names them too");
    let status = platform.backstack(&["status"]);
    assert_eq!(status.code, 5, "{}", status.stdout);
    for part in
        ["insufficient cpu", "`crashing` exits 7", "behind           not installed", "definitions      not installed"]
    {
        assert!(status.stdout.contains(part), "`{part}` is not in {}", status.stdout);
    }

    step("in the words of diagnose");
    let status = platform.backstack(&["status", "-o", "json"]).json();
    for name in ["large", "claiming"] {
        let components = status["components"].as_array().expect("components");
        let blocker = &components.iter().find(|one| one["name"] == name).expect("the component")["blockers"][0];
        let asked = platform.backstack(&["diagnose", &format!("Deployment:{name}/{name}"), "-o", "json"]).json();
        let cause = &asked["causes"][0];
        assert_eq!(blocker["text"], cause["summary"], "{name}");
        let object = blocker["object"].as_str().expect("an object");
        assert!(object.ends_with(cause["object"]["name"].as_str().expect("a name")), "{name}: {object}, {cause}");
    }

    step("mended, the next run is through");
    stack.component("definitions", SHELL, "", RUNS, "1m");
    stack.component("large", SHELL, SOON, RUNS, "1m");
    stack.component("crashing", SHELL, SOON, RUNS, "1m");
    stack.component("claiming", SHELL, SOON, RUNS, "1m");
    std::fs::remove_file(stack.0.join("components/claiming/manifests/claim.yaml")).expect("remove the claim");
    let ended = stack.up(&platform);
    assert_eq!(ended.code, Some(0), "{:#?}", ended.errors());
    platform.backstack(&["status"]).succeeded("status");
}

fn told(error: &Value, exit_code: i32, parts: &[&str]) {
    let text = error.to_string();
    assert_eq!(error["exit_code"], exit_code, "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
    assert!(error["hints"].as_array().is_some_and(|hints| !hints.is_empty()), "{text}");
}

fn an_image_that_nobody_has(platform: &Platform) {
    step("an image without a recipe, at a registry that is not there");
    let stack = OwnStack::new(platform, &["absent"]);
    let images = "images: {shell: {reference: 'registry.invalid/nobody/app:1.0.0'}}\n";
    stack.component("absent", images, "", RUNS, "1m");
    let ended = Running::start(up_from(platform, &stack.0.display().to_string(), "auto")).end();
    assert_eq!(ended.code, Some(6), "{:#?}", ended.events);
    let error = ended.error("registry.invalid/nobody/app:1.0.0");
    let hints = error["hints"].to_string();
    assert!(hints.contains("`absent` wants it") && hints.contains("backstack up --without absent"), "{error}");
    // Who rules fetching out is told what that leaves out, and gets the rest.
    let ended = stack.up(platform);
    assert_eq!(ended.code, Some(0), "{:#?}", ended.events);
    assert!(ended.events.iter().any(|event| event.to_string().contains("left out: image registry.invalid")));
}
