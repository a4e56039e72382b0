//! Toolset `docs`: the pages of this project and of the user's own folders, searched and read.

use std::sync::Arc;

use async_trait::async_trait;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::{self, Answer, NextCall};
use crate::docs::{DEFAULT_LIMIT, Docs, DocsError, Hit, Piece, Question};
use crate::error::ToolError;
use crate::toolset::{Call, Completion, Tool, Toolset, at_once};

const SCHEME: &str = "docs://";
const TEMPLATE: &str = "docs://{+address}";
/// A list of resources is for people to choose from.
const MOST_LISTED: usize = 500;
/// Characters of prose that surely fit in a token.
const CHARS_PER_TOKEN: usize = 3;

/// Pages for assistants.
pub struct DocsTools {
    docs: Arc<Docs>,
}

/// What is looked for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchInput {
    /// A question, a name, or an error message as it was printed.
    pub query: String,
    /// Only pages whose path begins so, as `components/`, `how-to/`, `reference/`, `troubleshooting/`, or the name of an
    /// own folder.
    pub within: Option<String>,
    /// How many sections at most; 5 if left out.
    pub limit: Option<usize>,
    /// Where the last answer ended: its next call has it.
    pub cursor: Option<String>,
}

/// The best sections for a question, without their text.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SearchFacts {
    /// Sections that have enough of the question's words.
    pub total: usize,
    /// Words of the question that no page has; near ones were looked for instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_words: Vec<String>,
    /// The sections that answer best, best first. `docs` takes an address.
    pub items: Vec<Hit>,
}

/// What is read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadInput {
    /// A page or a section, as in an answer of `docs`: `how-to/access.md` or `how-to/access.md#kubectl`.
    pub address: String,
    /// Characters to pass over: what the last answer gave as `next_offset`.
    pub offset: Option<usize>,
}

/// What is looked for, or read.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocsInput {
    /// A question, a name, or an error message as it was printed
    pub query: Option<String>,
    /// Or a page or section to read, as `how-to/access.md#kubectl`
    pub address: Option<String>,
    /// Only pages whose path begins so, as `how-to/`
    pub within: Option<String>,
    /// Sections; 5
    pub limit: Option<usize>,
    /// Characters of `address` to pass over
    pub offset: Option<usize>,
    /// Where the last answer ended: its next call has it
    pub cursor: Option<String>,
}

/// What was found, with the best section in full; or what was read.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct DocsFacts {
    /// Sections that have enough of the question's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// Words of the question that no page has; near ones were looked for instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_words: Vec<String>,
    /// The page or section that was asked for, or the one that answers best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Piece>,
    /// The sections that answer best, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Hit>,
}

impl DocsTools {
    /// Tool `docs`.
    ///
    /// # Errors
    /// Neither question nor address, an unknown page, section or cursor.
    pub fn docs(&self, input: &DocsInput, max_tokens: usize) -> Result<Answer<DocsFacts>, ToolError> {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        if let Some(address) = filled(&input.address) {
            let read = self.page(&ReadInput { address, offset: input.offset }, max_tokens)?.into_facts();
            let next = read.next_offset.map(|offset| {
                NextCall::new("docs", json!({"address": read.address, "offset": offset}), "the next piece")
            });
            let answer = Answer::new(DocsFacts { read: Some(read), ..DocsFacts::default() });
            return Ok(match next {
                Some(next) => answer.next(next),
                None => answer,
            });
        }
        let Some(query) = filled(&input.query) else {
            return Err(ToolError::invalid("neither `query` nor `address` is given")
                .hint("Give the question or the error message as `query`."));
        };
        let question =
            SearchInput { query, within: input.within.clone(), limit: input.limit, cursor: input.cursor.clone() };
        let from = answer::offset(input.cursor.as_deref())?;
        let found = self.search(&question)?.into_facts();
        // The best one in full spares a call, as long as there is room for it.
        let best = found.items.first().filter(|_| from == 0);
        let room = max_tokens / 2;
        let read = best.and_then(|best| {
            self.page(&ReadInput { address: best.address.clone(), offset: None }, room).ok().map(Answer::into_facts)
        });
        let next = read.as_ref().and_then(|read| {
            let offset = read.next_offset?;
            Some(NextCall::new(
                "docs",
                json!({"address": read.address, "offset": offset}),
                "the rest of the best section",
            ))
        });
        let total = found.total;
        let facts = DocsFacts { total: Some(total), unknown_words: found.unknown_words, read, items: found.items };
        let answer = Answer::new(facts).page("items", from, total);
        Ok(match next {
            Some(next) => answer.next(next),
            None => answer,
        })
    }

    /// Answers from these pages.
    pub fn new(docs: Arc<Docs>) -> Self {
        Self { docs }
    }

    /// Tool `docs_search`.
    ///
    /// # Errors
    /// An empty question or an unknown cursor.
    pub fn search(&self, input: &SearchInput) -> Result<Answer<SearchFacts>, ToolError> {
        let from = answer::offset(input.cursor.as_deref())?;
        let question = Question {
            query: &input.query,
            within: input.within.as_deref(),
            limit: Some(input.limit.unwrap_or(DEFAULT_LIMIT)),
            offset: from,
            cursor: None,
        };
        let found = self.docs.search(&question).map_err(|error| told(&error))?;
        let total = usize::try_from(found.total).unwrap_or(usize::MAX);
        let first = found.hits.first().map(|hit| hit.address.clone());
        let facts = SearchFacts { total, unknown_words: found.unknown_words, items: found.hits };
        let answer = Answer::new(facts).page("items", from, total);
        Ok(match first {
            Some(address) => {
                answer.next(NextCall::new("docs", json!({"address": address}), "the best section in full"))
            }
            None => answer,
        })
    }

    /// Tool `docs_read`.
    ///
    /// # Errors
    /// No such page or section.
    pub fn page(&self, input: &ReadInput, max_tokens: usize) -> Result<Answer<Piece>, ToolError> {
        let limit = max_tokens.saturating_mul(CHARS_PER_TOKEN).saturating_sub(600);
        let piece =
            self.docs.read(&input.address, input.offset.unwrap_or(0), Some(limit)).map_err(|error| told(&error))?;
        let next = piece
            .next_offset
            .map(|offset| NextCall::new("docs", json!({"address": piece.address, "offset": offset}), "the next piece"));
        let answer = Answer::new(piece);
        Ok(match next {
            Some(next) => answer.next(next),
            None => answer,
        })
    }
}

fn told(error: &DocsError) -> ToolError {
    let message = error.to_string();
    match error {
        DocsError::UnknownPage { path, similar } => {
            let words = path.replace(['/', '.', '-', '_'], " ");
            let search = NextCall::new("docs", json!({"query": words.trim()}), "pages about this");
            let unknown = ToolError::not_found(message).hint(error.hint()).candidates(similar);
            if words.trim().is_empty() { unknown } else { unknown.next(search) }
        }
        DocsError::UnknownSection { path, sections, .. } => {
            let whole = NextCall::new("docs", json!({"address": path}), "the whole page");
            ToolError::not_found(message)
                .candidates(sections.iter().map(|anchor| format!("{path}{anchor}")))
                .next(whole)
        }
        DocsError::EmptyQuery | DocsError::Cursor { .. } | DocsError::Folder { .. } => {
            ToolError::invalid(message).hint(error.hint())
        }
    }
}

#[async_trait]
impl Toolset for DocsTools {
    fn name(&self) -> &'static str {
        "docs"
    }

    fn about(&self) -> &'static str {
        "Documentation: how-tos, concepts, references, troubleshooting, and your own folders of Markdown."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads(
                "docs",
                "Search and read the documentation",
                "Searches the platform's documentation (how-tos, commands, settings, error messages) and gives the best section in full; or reads a page.",
                at_once(&self, |this: &Self, input: DocsInput, call| this.docs(&input, call.max_tokens)),
            ),
            Tool::reads(
                "docs_search",
                "Search the documentation",
                "Searches the platform's documentation by section: how-tos, concepts, commands, settings, and one entry for each \
                 error message. Give an error message as it was printed. Each hit has an address for docs_read.",
                at_once(&self, |this: &Self, input: SearchInput, _| this.search(&input)),
            ).formerly("docs"),
            Tool::reads(
                "docs_read",
                "Read the documentation",
                "Gives a page or a section as Markdown, by its address (path or path#anchor), in pieces if it is long.",
                at_once(&self, |this: &Self, input: ReadInput, call| this.page(&input, call.max_tokens)),
            ).formerly("docs"),
        ]
    }

    fn resources(&self) -> Vec<Resource> {
        let pages = self.docs.pages().iter().take(MOST_LISTED);
        pages
            .map(|page| {
                Resource::new(format!("{SCHEME}{}", page.path), page.path.clone())
                    .with_title(page.title.clone())
                    .with_mime_type("text/markdown")
            })
            .collect()
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        vec![
            ResourceTemplate::new(TEMPLATE, "docs_section")
                .with_title("Documentation")
                .with_description("A page, or a section of one: path or path#anchor.")
                .with_mime_type("text/markdown"),
        ]
    }

    async fn read(&self, uri: &str, _call: &Call) -> Option<Result<Vec<ResourceContents>, ToolError>> {
        let address = uri.strip_prefix(SCHEME)?;
        let piece = self.docs.read(address, 0, Some(usize::MAX)).map_err(|error| told(&error));
        Some(piece.map(|piece| vec![ResourceContents::text(piece.text, uri).with_mime_type("text/markdown")]))
    }

    async fn complete(&self, asked: &Completion) -> Vec<String> {
        if asked.of != TEMPLATE {
            return Vec::new();
        }
        let typed = asked.typed.to_lowercase();
        let pages = self.docs.pages().iter();
        let addresses = pages.flat_map(|page| {
            let sections = page.sections.iter().filter(|section| !section.anchor.is_empty());
            // Sections are offered once the page is clear: there are many of them.
            let sections = sections.filter(|_| typed.starts_with(&page.path.to_lowercase()));
            std::iter::once(page.path.clone())
                .chain(sections.map(|section| format!("{}#{}", page.path, section.anchor)))
        });
        let fitting = addresses.filter(|address| address.to_lowercase().contains(&typed));
        let (mut first, rest): (Vec<_>, Vec<_>) =
            fitting.partition(|address| address.to_lowercase().starts_with(&typed));
        first.extend(rest);
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toolset::Outcome;
    use serde_json::Map;

    fn tools() -> Arc<DocsTools> {
        Arc::new(DocsTools::new(Arc::new(Docs::embedded())))
    }

    async fn run(name: &str, arguments: serde_json::Value) -> serde_json::Value {
        let tool = tools().tools().into_iter().find(|tool| tool.name == name).expect("a tool");
        let arguments: Map<_, _> = arguments.as_object().cloned().unwrap_or_default();
        match tool.run(arguments, Call::quiet()).await {
            Ok(Outcome::Answer(finished)) => {
                assert!(finished.text.len() < 12_000, "{} bytes", finished.text.len());
                serde_json::to_value(finished.structured).expect("JSON")
            }
            _ => panic!("{name} has no answer"),
        }
    }

    #[tokio::test]
    async fn what_is_found_can_be_read() {
        let found = run("docs_search", json!({"query": "port 8443 on 127.0.0.1 is taken already"})).await;
        let address = found["items"][0]["address"].as_str().expect("an address").to_string();
        assert!(address.starts_with("troubleshooting/machine.md#port"), "{address}");
        let read = run("docs_read", json!({"address": address})).await;
        assert!(read["text"].as_str().expect("text").contains("--https-port"), "{read}");
    }

    #[tokio::test]
    async fn a_long_page_comes_in_pieces() {
        let (mut offset, mut all) = (0, String::new());
        for _ in 0..100 {
            let piece = run("docs_read", json!({"address": "architecture.md", "offset": offset})).await;
            all.push_str(piece["text"].as_str().expect("text"));
            match piece["next_offset"].as_u64() {
                Some(next) => offset = next,
                None => break,
            }
        }
        let whole = tools().docs.read("architecture.md", 0, Some(usize::MAX)).expect("there").text;
        assert_eq!(all.len(), whole.len());
    }

    #[tokio::test]
    async fn resources_are_read_and_never_leave_the_pages() {
        let tools = tools();
        assert!(tools.resources().len() > 10);
        assert!(tools.read("catalog://x", &Call::quiet()).await.is_none());
        assert!(matches!(tools.read("docs://architecture.md#modules", &Call::quiet()).await, Some(Ok(_))));
        for address in ["docs://../Cargo.toml", "docs:///etc/passwd", "docs://", "docs://architecture.md#nope"] {
            assert!(matches!(tools.read(address, &Call::quiet()).await, Some(Err(_))), "{address}");
        }
    }

    #[tokio::test]
    async fn addresses_are_completed() {
        let asked = |typed: &str| Completion {
            of: TEMPLATE.into(),
            argument: "address".into(),
            typed: typed.into(),
            known: std::collections::HashMap::new(),
        };
        let tools = tools();
        assert!(tools.complete(&asked("components/t")).await.contains(&"components/traefik.md".to_string()));
        let sections = tools.complete(&asked("architecture.md#mod")).await;
        assert_eq!(sections, ["architecture.md#modules"]);
    }
}
