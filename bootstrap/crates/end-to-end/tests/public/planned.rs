//! A plan of the program under test, as programs read it.

use std::time::Duration;

use serde_json::Value;

use backstack_end_to_end::Ran;

pub(crate) struct Planned {
    pub ran: Ran,
    pub took: Duration,
    json: Option<Value>,
}

/// What a plan says of one image.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlannedImage {
    pub reference: String,
    /// `fetch`, `build`, `create` (what was built before is moved), `exists`.
    pub action: String,
    /// `upstream`, `release` or `packages`.
    pub from: String,
    pub why: Option<String>,
    pub bytes: Option<u64>,
}

impl PlannedImage {
    pub(crate) fn is_fetched(&self) -> bool {
        self.action == "fetch" && self.from == "upstream"
    }

    pub(crate) fn is_built(&self) -> bool {
        self.from == "packages"
    }
}

impl Planned {
    pub(crate) fn new(ran: Ran, took: Duration) -> Self {
        let json = (ran.code == 0).then(|| ran.json());
        Self { ran, took, json }
    }

    /// Fails the test unless there is a plan.
    pub(crate) fn made(self) -> Self {
        assert_eq!(self.ran.code, 0, "up --plan\n--- stdout\n{}\n--- stderr\n{}", self.ran.stdout, self.ran.stderr);
        self
    }

    /// Everything that was said.
    pub(crate) fn told(&self) -> String {
        format!("{}{}", self.ran.stdout, self.ran.stderr)
    }

    fn json(&self) -> &Value {
        self.json.as_ref().unwrap_or_else(|| panic!("no plan: {}", self.ran.stderr))
    }

    pub(crate) fn images(&self) -> Vec<PlannedImage> {
        let steps = self.json()["plan"]["steps"].as_array().expect("steps");
        let text = |step: &Value, key: &str| step[key].as_str().unwrap_or_default().to_string();
        let moves = |step: &&Value| matches!(step["step"].as_str(), Some("provide_image" | "mirror_image"));
        let images = steps.iter().filter(moves).map(|step| PlannedImage {
            reference: text(step, "reference"),
            // What is built has a step of its own for that.
            action: if is_built(steps, &step["reference"]) { "build".into() } else { text(step, "action") },
            from: text(step, "from"),
            why: step["why"].as_str().map(Into::into),
            bytes: step["bytes"].as_u64(),
        });
        images.collect()
    }

    pub(crate) fn image(&self, reference: &str) -> PlannedImage {
        let found = self.images().into_iter().find(|image| image.reference == reference);
        found.unwrap_or_else(|| panic!("{reference} is not in the plan: {:#?}", self.images()))
    }

    /// Images that cannot be had and can be done without.
    pub(crate) fn left_out(&self) -> Vec<String> {
        let left_out = self.json()["left_out"].as_array().expect("left_out");
        left_out.iter().map(|one| one["image"].as_str().expect("an image").to_string()).collect()
    }

    /// Everything of a registry is built, with a reason that names the host; all else is fetched.
    pub(crate) fn assert_only_this_host_is_built(&self, host: &str, says: &str) {
        for image in self.images() {
            if crate::is_own(&image.reference) {
                continue;
            }
            let of_host = image.reference.starts_with(&format!("{host}/"));
            assert_eq!(image.is_built(), of_host, "{image:?}");
            if of_host {
                let why = image.why.unwrap_or_default();
                assert!(why.contains(host) && why.contains(says), "{}: {why}", image.reference);
            }
        }
    }
}

fn is_built(steps: &[Value], reference: &Value) -> bool {
    steps.iter().any(|step| step["step"] == "build_image" && step["reference"] == *reference)
}
