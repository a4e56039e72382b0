//! The platform that the commands work on: the stack `minimal`, and a component of the tests' own with a volume.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{HTTP, HTTPS};
use backstack_end_to_end::{Platform, Ran, docker};

/// What `reset` is to go back to.
pub(super) const CHECKPOINT: &str = "kills";

const COMPONENT: &str = "\
apiVersion: backstack.dev/v1
kind: Component
name: kept
version: VERSION
description: Something that is kept.
namespace: kept
parameters:
  word: {type: string, description: What is kept., default: first}
images: {shell: {reference: 'faults.invalid/shell:1.0.0', recipe: shell}}
";
const RECIPE: &str = "\
apiVersion: backstack.dev/v1
kind: ImageRecipe
layers:
  - debian: {suite: trixie, packages: [busybox-static], exclude: [/usr/share/*]}
";
const MANIFEST: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: word}
data: {word: '${parameters.word}', version: VERSION}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: holder}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: holder}}
  template:
    metadata: {labels: {app: holder}}
    spec:
      terminationGracePeriodSeconds: 1
      volumes: [{name: files, persistentVolumeClaim: {claimName: files}}]
      containers:
        - name: holder
          image: ${images.shell}
          command: [/usr/bin/busybox, sleep, '1000000']
          volumeMounts: [{name: files, mountPath: /files}]
          readinessProbe: {exec: {command: [/usr/bin/busybox, test, -d, /files]}, periodSeconds: 1}
";

pub(super) struct Scene<'a> {
    pub platform: &'a Platform,
    /// Counts what is changed: each change is another.
    pub round: usize,
    component: PathBuf,
}

impl<'a> Scene<'a> {
    pub(super) fn new(platform: &'a Platform) -> Self {
        Self { platform, round: 0, component: platform.path("kept") }
    }

    pub(super) fn node(&self) -> String {
        format!("{}-control-plane", self.platform.name)
    }

    pub(super) fn command(&self, arguments: &[String]) -> Command {
        self.platform.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(super) fn run(&self, arguments: &[String]) -> Ran {
        self.command(arguments).output().expect("the program under test").into()
    }

    /// Adds the component to a platform that runs, and makes the checkpoint.
    pub(super) fn furnish(&mut self) {
        self.write_component();
        let folder = self.component.display().to_string();
        self.platform.backstack(&["stack", "add", &folder, "--images", "source"]).succeeded("stack add");
        self.platform.backstack(&["checkpoint", "create", CHECKPOINT]).succeeded("checkpoint create");
    }

    /// Whatever there is: afterwards the platform runs, with all that belongs to it.
    pub(super) fn be_there(&mut self) {
        match self.state().as_str() {
            "running" => {}
            "" => {
                self.platform.up(&["--stack", "minimal"]).succeeded("up");
                self.furnish();
            }
            _ => drop(self.platform.backstack(&["start"]).succeeded("start")),
        }
    }

    /// After something went wrong.
    pub(super) fn begin_anew(&self) {
        self.platform.backstack(&["down"]).succeeded("down");
    }

    /// Of the node's container: `running`, `exited`, or nothing where it is not there.
    pub(super) fn state(&self) -> String {
        docker(&["inspect", "--format", "{{.State.Status}}", &self.node()]).stdout.trim().into()
    }

    /// The version that the component's files have now.
    pub(super) fn version(&self) -> String {
        format!("1.0.{}", self.round)
    }

    pub(super) fn write_component(&self) {
        let write = |path: &str, text: &str| {
            let path: &Path = &self.component.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("make the folder");
            std::fs::write(path, text.replace("VERSION", &self.version())).expect("write");
        };
        write("component.yaml", COMPONENT);
        write("images/shell/image.yaml", RECIPE);
        write("manifests/all.yaml", MANIFEST);
    }

    /// `up` with the tests' ports.
    pub(super) fn up(&self, more: &[&str]) -> Vec<String> {
        let (http, https) = (HTTP.to_string(), HTTPS.to_string());
        let all = [&["up", "--images", "source", "--http-port", &http, "--https-port", &https], more].concat();
        all.into_iter().map(str::to_string).collect()
    }

    /// What `status` tells, healthy or not.
    pub(super) fn status(&self) -> (i32, Value) {
        let status = self.platform.backstack(&["status", "-o", "json"]);
        (status.code, serde_json::from_str(&status.stdout).unwrap_or_default())
    }

    /// Names of objects of a kind in the component's namespace.
    pub(super) fn names(&self, kind: &str) -> Vec<String> {
        let listed = self.platform.kubectl(&["get", kind, "-n", "kept", "-o", "name"]).succeeded("list").stdout;
        listed.lines().map(|line| line.split('/').next_back().unwrap_or_default().to_string()).collect()
    }

    /// A key of the component's ConfigMap.
    pub(super) fn word(&self, key: &str) -> String {
        let path = format!("jsonpath={{.data.{key}}}");
        self.platform.kubectl(&["get", "configmap", "word", "-n", "kept", "-o", &path]).succeeded("get").stdout
    }

    /// Runs a command of busybox where the volume is; it must answer, so nothing is frozen.
    pub(super) fn in_holder(&self, command: &[&str]) -> Ran {
        let exec = ["exec", "-n", "kept", "deployment/holder", "--", "/usr/bin/busybox"];
        let call = [&["timeout", "20", "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"], &exec[..], command];
        docker(&[&["exec", &self.node()], &call.concat()[..]].concat())
    }

    pub(super) fn checkpoints(&self) -> Vec<String> {
        let all = self.platform.backstack(&["checkpoint", "list", "-o", "json"]).succeeded("checkpoint list").json();
        let names = all["checkpoints"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str());
        names.map(str::to_string).collect()
    }
}
