//! Toolset `guide`: prompts for what people do most, with what the assistant should ask and in which order.

use std::sync::Arc;

use async_trait::async_trait;
use rmcp::model::{GetPromptResponse, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::{Map, Value};

use crate::error::{ToolError, quoted};
use crate::toolset::{Call, Tool, Toolset, arguments};

/// The prompts.
pub struct Guide;

struct Recipe {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// Name, meaning, whether it must be given.
    arguments: &'static [(&'static str, &'static str, bool)],
    /// `{name}` stands for the argument; a line whose argument is not given is left out. Calls stand as
    /// `tool(argument="value")`, with a word in capitals where the assistant has to find the value: a test reads them so
    /// and makes them (scripts/tools/mcp-clients/prompts.py).
    text: &'static str,
}

const RECIPES: &[Recipe] = &[
    Recipe {
        name: "onboard_app",
        title: "Onboard an app",
        description: "Bring an application onto the platform: catalog entry, manifest, checks, pull request.",
        arguments: &[
            ("name", "Name of the application, as my-service", true),
            ("image", "Container image it runs, as registry/name:tag", false),
            ("owner", "Group or user that owns it", false),
        ],
        text:
            "\
Bring the application `{name}` onto this platform.
It runs the image `{image}`.
It belongs to `{owner}`.

Do it in this order, and show me the result of each step:
1. `find(kind=\"App\", text=\"{name}\")`: stop and ask me if an app of this name exists already.
2. `get(entity=\"API:App\")`: its fields and an example; `docs(query=\"order an app\")` if something is unclear.
3. `change_preview(action=\"create\", kind=\"App\", namespace=NAMESPACE, name=\"{name}\", spec=SPEC)`; fix what schema and \
policies refuse.
4. If it has a catalog-info.yaml of its own, `try_manifest(manifest=MANIFEST)`. Owners are those of `find(kind=\"Group\")`.
5. Show me what would be proposed. If the server offers change_propose, ask me first, then open the pull request and follow \
it with change_status.",
    },
    Recipe {
        name: "explain_failure",
        title: "Explain a failure",
        description: "Why something does not work: evidence first, one cause, the next step.",
        arguments: &[("entity", "What is broken, as App:demo/web", true), ("symptom", "What you see", false)],
        text: "\
`{entity}` does not work as it should.
What I see: {symptom}

Find out why:
1. `diagnose(entity=\"{entity}\")`.
2. If that does not explain it: `tree(entity=\"{entity}\")` for what it is made of; of the part that is not healthy \
`logs(entity=PART)`, `events(entity=PART)` and `policies(entity=PART)`; `history(entity=\"{entity}\")` for what changed last.
3. `docs(query=MESSAGE)` with the exact error message.
Then tell me the most likely cause in one sentence, the evidence for it word for word, what speaks against it, and the \
smallest next step. Say plainly what you could not see. Change nothing.",
    },
    Recipe {
        name: "add_api",
        title: "Add an API to the platform",
        description: "Offer a new kind of thing to developers: definition, composition, policies, documentation.",
        arguments: &[
            ("kind", "Name of the new kind, as Database", true),
            ("purpose", "What developers get from it", false),
        ],
        text: "\
Add the API `{kind}` to this platform.
Its purpose: {purpose}

1. `docs(query=\"add an API: definition, composition, where their files live\")`, and read it.
2. `find(kind=\"API\")`: is there one that does this already, or nearly? `find(kind=\"Composition\")`, and \
`get(entity=COMPOSITION)` of one: so they are written.
3. Propose the smallest schema that serves the purpose: name each field with type, default and why it is there. Ask me \
before you go on.
4. Write definition, composition and an example; check them with \
`try_manifest(manifest=MANIFEST)`.
5. Say which page of the documentation has to change.",
    },
    Recipe {
        name: "review_change",
        title: "Review my change",
        description: "Judge a change to this platform before it is merged.",
        arguments: &[("change", "The diff, or the new files", true)],
        text: "\
Review this change before it is merged:

{change}

1. `try_manifest(manifest=MANIFEST)` for each manifest and descriptor in it.
2. `tree(entity=THING)` of each thing it touches: what is it made of, who depends on it?
3. `docs(query=RULE)` for the rules that apply.
Report findings by severity, each with the line, why it matters here, and the fix. Say what you checked and what you \
could not check. If there is nothing wrong, say so in one line.",
    },
];

impl Recipe {
    fn told(&self) -> Prompt {
        let arguments = self.arguments.iter().map(|(name, meaning, required)| {
            PromptArgument::new(*name).with_description(*meaning).with_required(*required)
        });
        Prompt::new(self.name, Some(self.description), Some(arguments.collect())).with_title(self.title)
    }

    fn fill(&self, given: &Map<String, Value>) -> Result<String, ToolError> {
        let mut lines: Vec<String> = self.text.lines().map(str::to_string).collect();
        for (name, meaning, required) in self.arguments {
            let place = format!("{{{name}}}");
            match text_of(given, name)? {
                Some(value) => lines.iter_mut().for_each(|line| *line = line.replace(&place, value)),
                None if *required => {
                    return Err(ToolError::invalid(format!("the prompt {} needs `{name}`: {meaning}", self.name)));
                }
                None => lines.retain(|line| !line.contains(&place)),
            }
        }
        Ok(lines.join("\n"))
    }
}

/// The text of an argument; nothing if it is left out or blank.
fn text_of<'a>(given: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ToolError> {
    match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => match arguments::too_long(name, text) {
            Some(problem) => Err(ToolError::invalid(problem)),
            None => Ok(Some(text.as_str()).filter(|text| !text.trim().is_empty())),
        },
        Some(other) => {
            let got = quoted(&other.to_string());
            Err(ToolError::invalid(format!("`{name}` must be text, got {got}")))
        }
    }
}

#[async_trait]
impl Toolset for Guide {
    fn name(&self) -> &'static str {
        "guide"
    }

    fn about(&self) -> &'static str {
        "Prompts: onboard an app, explain a failure, add an API, review a change."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        Vec::new()
    }

    fn prompts(&self) -> Vec<Prompt> {
        RECIPES.iter().map(Recipe::told).collect()
    }

    async fn prompt(
        &self,
        name: &str,
        arguments: &Map<String, Value>,
        _call: &Call,
    ) -> Option<Result<GetPromptResponse, ToolError>> {
        let recipe = RECIPES.iter().find(|recipe| recipe.name == name)?;
        Some(recipe.fill(arguments).map(|text| {
            let message = PromptMessage::new_text(Role::User, text);
            GetPromptResult::new(vec![message]).with_description(recipe.description).into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_given_leaves_no_hole() {
        for recipe in RECIPES {
            let mut given = Map::new();
            for (name, _, _) in recipe.arguments.iter().filter(|(_, _, required)| *required) {
                given.insert((*name).to_string(), json!("value {with} braces"));
            }
            let text = recipe.fill(&given).expect("filled");
            assert!(!text.replace("value {with} braces", "").contains('{'), "{text}");
            assert!(recipe.fill(&Map::new()).is_err());
        }
    }
}
