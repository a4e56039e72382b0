//! What has to be built from packages, and with what: this machine's tools, or a builder container.

use super::Check;
use crate::build::MissingTool;
use crate::report::units;

/// The images that have to be built, and the tools for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Building {
    /// How many.
    pub images: usize,
    /// All that they need, for people.
    pub tools: String,
    /// Tools that this machine lacks, each with what it is needed for.
    pub missing: Vec<MissingTool>,
    /// Whether a container makes up for those.
    pub container: Standby,
}

/// Whether a builder container can take over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standby {
    /// Every tool is here.
    NotNeeded,
    /// It can; where its image comes from.
    Ready(String),
    /// It cannot, and why.
    No(String),
}

impl Building {
    /// One check, or one for each tool that stands in the way.
    pub fn checks(&self) -> Vec<Check> {
        let images = format!("{} from packages", units::count(self.images, "image"));
        let missing = self.missing.iter().map(|one| format!("`{}`", one.tool)).collect::<Vec<_>>().join(", ");
        let are = if self.missing.len() == 1 { "is" } else { "are" };
        match &self.container {
            Standby::NotNeeded => vec![Check::ok("building", format!("{images}, with this machine's {}", self.tools))],
            Standby::Ready(image) => {
                let found = format!("{images}; {missing} {are} missing here, so a builder container helps ({image})");
                vec![Check::ok("building", found)]
            }
            Standby::No(why) => {
                let failed = |one: &MissingTool| {
                    let found =
                        format!("{} is missing ({}), and no builder container helps: {why}", one.tool, one.needed_for);
                    Check::failed("building", found, one.hint.clone())
                };
                self.missing.iter().map(failed).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn checks(missing: &[&str], container: Standby) -> Vec<Check> {
        let missing = missing.iter().map(|tool| MissingTool {
            tool: (*tool).into(),
            needed_for: "Go layers".into(),
            hint: "install it".into(),
        });
        Building { images: 3, tools: "apt-get, go".into(), missing: missing.collect(), container }.checks()
    }

    #[test]
    fn what_is_built_and_with_what_is_told() {
        let here = checks(&[], Standby::NotNeeded);
        assert_eq!(here[0].found, "3 images from packages, with this machine's apt-get, go");
        let contained = checks(&["go"], Standby::Ready("its image is here".into()));
        assert_eq!((contained.len(), contained[0].verdict), (1, Verdict::Ok));
        assert_eq!(
            contained[0].found,
            "3 images from packages; `go` is missing here, so a builder container helps (its image is here)"
        );
    }

    #[test]
    fn a_missing_tool_fails_only_where_no_container_takes_its_place() {
        let failed = checks(&["go", "npm"], Standby::No("the engine is elsewhere".into()));
        assert_eq!(failed.iter().map(|check| check.verdict).collect::<Vec<_>>(), [Verdict::Failed, Verdict::Failed]);
        assert!(failed[1].found.contains("npm") && failed[1].found.contains("the engine is elsewhere"));
    }
}
