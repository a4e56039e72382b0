//! Toolset `guide`: prompts for what people do most, with what the assistant should ask and in which order.

use std::sync::Arc;

use async_trait::async_trait;
use rmcp::model::{GetPromptResponse, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::{Map, Value};

use crate::error::ToolError;
use crate::toolset::{Call, Tool, Toolset};

/// The prompts.
pub struct Guide;

struct Recipe {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// Name, meaning, whether it must be given.
    arguments: &'static [(&'static str, &'static str, bool)],
    /// `{name}` stands for the argument; a line whose argument is not given is left out.
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
1. docs_search for how an app is described and deployed here; read the page that fits.
2. catalog_list with the name: stop and ask me if something of this name exists already.
3. Write its catalog-info.yaml and check it with catalog_validate until it is valid. The owner has to be in the catalog.
4. Write the app's own manifest as the documentation says. If the server offers a dry run against the policies, use it \
and fix what it refuses.
5. Show me both files. If the server offers to propose changes, ask me first, then open the pull request and follow it.",
    },
    Recipe {
        name: "explain_failure",
        title: "Explain a failure",
        description: "Why something does not work: evidence first, one cause, the next step.",
        arguments: &[("entity", "What is broken, as component:default/web", true), ("symptom", "What you see", false)],
        text: "\
`{entity}` does not work as it should.
What I see: {symptom}

Find out why:
1. catalog_get for it, then catalog_relations with depth 2: what does it need?
2. If the server offers a diagnosis, ask for it first; otherwise its state, events, logs and policy reports.
3. docs_search with the exact error message.
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

1. docs_search for how APIs are built here (definition, composition, where their files live), and read it.
2. catalog_list of kind API: is there one that does this already, or nearly?
3. Propose the smallest schema that serves the purpose: name each field with type, default and why it is there. Ask me \
before you go on.
4. Write definition, composition and an example; check the example against the policies if the server offers it.
5. Write its catalog entry and check it with catalog_validate. Say which page of the documentation has to change.",
    },
    Recipe {
        name: "review_change",
        title: "Review my change",
        description: "Judge a change to this platform before it is merged.",
        arguments: &[("change", "The diff, or the new files", true)],
        text: "\
Review this change before it is merged:

{change}

1. catalog_validate for each descriptor in it; a dry run for each manifest, if the server offers one.
2. catalog_relations of each entity it touches: who depends on it?
3. docs_search for the rules that apply.
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
            match given.get(*name).and_then(Value::as_str).filter(|value| !value.trim().is_empty()) {
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
