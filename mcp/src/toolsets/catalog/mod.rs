//! Toolset `catalog`: what there is, who owns it, how it hangs together.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use rmcp::model::{ResourceContents, ResourceTemplate};
use serde_json::json;
use tokio::sync::broadcast;

use crate::answer::{self, Answer, NextCall};
use crate::catalog::{Catalog, Entity, EntityRef, Index, descriptor};
use crate::error::{ErrorKind, ToolError, bounded_to, quoted};
use crate::toolset::{Call, Changed, Completion, Tool, Toolset, at_once};
use backstack_files::yaml::Document;

mod facts;

pub use facts::{
    GetFacts, GetInput, Item, Judged, ListFacts, ListInput, ProblemFact, RelationFact, RelationsFacts, RelationsInput,
    Step, ValidateFacts, ValidateInput,
};

/// Characters that a step of a walk takes at least: no more are made than the budget could let through.
const LEAST_STEP: usize = 60;
/// What is longer cannot be a reference: its problems are told.
const LONGEST_REFERENCE: usize = 400;
/// Bytes of a problem, which has what is wrong in it.
const LONGEST_PROBLEM: usize = 600;
const TEMPLATE: &str = "catalog://{kind}/{namespace}/{name}";

/// The catalog for assistants.
pub struct CatalogTools {
    catalog: Arc<Catalog>,
    changes: broadcast::Sender<Changed>,
}

impl CatalogTools {
    /// Must be made inside a runtime if a source tells of changes.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        let (changes, _) = broadcast::channel(16);
        for mut news in catalog.sources().iter().filter_map(|source| source.changes()) {
            let changes = changes.clone();
            tokio::spawn(async move {
                while news.changed().await.is_ok() {
                    // Nobody listening is no error.
                    let _ = changes.send(Changed::Resources);
                }
            });
        }
        Self { catalog, changes }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.catalog.index().is_empty()
    }

    /// The one entity that a text names, if there is one.
    pub(crate) fn entity(&self, text: &str) -> Option<Arc<Entity>> {
        find(&self.catalog.index(), text).ok()
    }

    /// Tool `catalog_list`.
    ///
    /// # Errors
    /// An unknown cursor.
    pub fn list(&self, input: &ListInput, max_tokens: usize) -> Result<Answer<ListFacts>, ToolError> {
        let index = self.catalog.index();
        let from = answer::offset(input.cursor.as_deref())?;
        // No more items are made than the budget could let through.
        let mut room = max_tokens * answer::bound::CHARACTERS_PER_TOKEN;
        let owner = input.owner.as_deref().map(Owner::of);
        let text = input.text.as_deref().filter(|text| !text.is_empty()).map(str::to_lowercase);
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        let mut items = Vec::new();
        let mut total = 0;
        let narrowed = index.narrowed(owner.as_ref().map(|owner| owner.name.as_str()), text.as_deref());
        for entity in narrowed.into_iter().filter(|entity| fits(entity, input, owner.as_ref())) {
            match kinds.get_mut(&entity.kind) {
                Some(count) => *count += 1,
                None => drop(kinds.insert(entity.kind.clone(), 1)),
            }
            if total >= from && room > 0 {
                let item = item(entity);
                room = room.saturating_sub(item.least_size());
                items.push(item);
            }
            total += 1;
        }
        let facts = ListFacts { total, kinds, items, problems: index.problems.clone() };
        let mut answer = Answer::new(facts).page("items", from, total);
        if total == 0 && index.is_empty() {
            return Err(ToolError::not_found("the catalog is empty")
                .hint("Start the server with a stack or with `--catalog DIR`, or bring a platform up."));
        }
        if total == 0 {
            answer = answer.next(NextCall::new("find", json!({}), "what there is, without filters"));
        }
        Ok(answer)
    }

    /// Tool `catalog_get`.
    ///
    /// # Errors
    /// No such entity, or several of that name.
    pub fn get(&self, input: &GetInput) -> Result<Answer<GetFacts>, ToolError> {
        let index = self.catalog.index();
        let entity = find(&index, &input.reference)?;
        let mut descriptor = entity.descriptor();
        let relations = index
            .edges(&entity.reference)
            .iter()
            .map(|edge| RelationFact {
                relation: edge.kind.into(),
                target: edge.target.to_string(),
                known: index.get(&edge.target).is_some(),
            })
            .collect();
        let facts = GetFacts {
            reference: entity.reference.to_string(),
            kind: entity.kind.clone(),
            title: entity.title.clone(),
            description: entity.description.clone(),
            kind_type: entity.kind_type.clone(),
            lifecycle: entity.lifecycle.clone(),
            owner: entity.owner.as_ref().map(ToString::to_string),
            tags: entity.tags.clone(),
            origin: entity.origin.clone(),
            relations,
            metadata: descriptor["metadata"].take(),
            spec: descriptor["spec"].take(),
        };
        Ok(Answer::new(facts))
    }

    /// Tool `catalog_validate`.
    ///
    /// # Errors
    /// What is no YAML at all, or empty.
    pub fn validate(&self, input: &ValidateInput) -> Result<Answer<ValidateFacts>, ToolError> {
        let (documents, broken) = descriptor::read(input.descriptor.as_bytes());
        if let Some(why) = broken {
            return Err(ToolError::invalid(format!("the descriptor is no YAML: {why}"))
                .hint("Fix the line named here; look for wrong indentation and unquoted `:`."));
        }
        if documents.is_empty() {
            return Err(ToolError::invalid("the descriptor is empty")
                .hint("Give the whole content of catalog-info.yaml in `descriptor`."));
        }
        let index = self.catalog.index();
        let entities: Vec<_> = documents.iter().map(|document| judge(document, &index)).collect();
        Ok(Answer::new(ValidateFacts { valid: entities.iter().all(|judged| judged.valid), entities }))
    }

    /// Tool `catalog_relations`.
    ///
    /// # Errors
    /// No such entity or relation, or an unknown cursor.
    pub fn relations(&self, input: &RelationsInput, max_tokens: usize) -> Result<Answer<RelationsFacts>, ToolError> {
        let index = self.catalog.index();
        let from = answer::offset(input.cursor.as_deref())?;
        if let Some(wrong) = input.kinds.iter().find(|kind| !known_relation(kind)) {
            return Err(ToolError::invalid(format!("there is no relation `{wrong}`"))
                .candidates(crate::catalog::relation_kinds()));
        }
        let entity = find(&index, &input.reference)?;
        let found = index.walk(&entity.reference, input.depth.unwrap_or(1), &input.kinds);
        let total = found.len();
        let items = found
            .into_iter()
            .skip(from)
            .take(max_tokens * answer::bound::CHARACTERS_PER_TOKEN / LEAST_STEP + 1)
            .map(|step| Step {
                known: index.get(&step.to).is_some(),
                depth: step.depth,
                from: step.from.to_string(),
                relation: step.kind.into(),
                to: step.to.to_string(),
            })
            .collect();
        let facts = RelationsFacts { root: entity.reference.to_string(), total, items };
        Ok(Answer::new(facts).page("items", from, total))
    }
}

fn known_relation(kind: &str) -> bool {
    crate::catalog::relation_kinds().any(|known| known == kind)
}

/// An owner that is looked for, by name alone or in full.
struct Owner {
    name: String,
    full: Option<EntityRef>,
}

impl Owner {
    fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        match text.parse::<EntityRef>().ok().filter(|_| text.contains(':')) {
            Some(full) => Self { name: full.name.clone(), full: Some(full) },
            None => Self { name: text, full: None },
        }
    }

    fn is(&self, owner: &EntityRef) -> bool {
        self.full.as_ref().map_or(owner.name == self.name, |full| full == owner)
    }
}

fn fits(entity: &Entity, input: &ListInput, owner: Option<&Owner>) -> bool {
    let same = |wanted: &Option<String>, value: &str| {
        wanted.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(value))
    };
    same(&input.kind, &entity.kind)
        && same(&input.kind_type, &entity.kind_type)
        && same(&input.namespace, &entity.reference.namespace)
        && same(&input.lifecycle, &entity.lifecycle)
        && input.tag.as_ref().is_none_or(|tag| entity.tags.contains(tag))
        && owner.is_none_or(|wanted| entity.owner.as_ref().is_some_and(|owner| wanted.is(owner)))
}

fn item(entity: &Entity) -> Item {
    Item {
        reference: entity.reference.to_string(),
        kind_type: entity.kind_type.clone(),
        owner: entity.owner.as_ref().map(ToString::to_string),
        title: entity.title.clone(),
        description: short(&entity.description),
    }
}

/// The first line, not too long: lists are for choosing.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.len() <= 90 {
        return line.into();
    }
    let end = line.char_indices().map(|(at, _)| at).take_while(|at| *at <= 86).last().unwrap_or(0);
    format!("{} ...", line[..end].trim_end())
}

/// The one entity that is meant.
pub(crate) fn find(index: &Index, text: &str) -> Result<Arc<Entity>, ToolError> {
    let text = text.trim();
    let bare = !text.contains(':');
    let fitting: Vec<EntityRef> = if bare {
        let (namespace, name) = text.split_once('/').map_or((None, text), |(space, name)| (Some(space), name));
        let named = index.named(name).iter();
        named
            .filter(|found| namespace.is_none_or(|wanted| found.namespace.eq_ignore_ascii_case(wanted)))
            .cloned()
            .collect()
    } else {
        let reference: EntityRef =
            text.parse().map_err(|error: crate::catalog::ReferenceError| ToolError::invalid(error.to_string()))?;
        vec![reference]
    };
    let search =
        || NextCall::new("find", json!({"text": text.rsplit(['/', ':']).next()}), "entities with this in their name");
    match fitting.as_slice() {
        [one] if index.get(one).is_some() => Ok(index.get(one).cloned().expect("looked up above")),
        [] | [_] => Err(ToolError::not_found(format!("there is no entity `{text}` in the catalog"))
            .candidates(index.near(text).iter().map(ToString::to_string))
            .next(search())),
        several => Err(ToolError::new(ErrorKind::Ambiguous, format!("`{text}` fits {} entities", several.len()))
            .candidates(several.iter().map(ToString::to_string))
            .hint("Call again with one of these.")),
    }
}

fn judge(document: &Document, index: &Index) -> Judged {
    let found = descriptor::judge(document);
    let entity = Entity::new(&document.value, "");
    let mut warnings = Vec::new();
    if let Some(entity) = &entity {
        for relation in &entity.relations {
            if index.get(&relation.target).is_none() && relation.target != entity.reference {
                let target = quoted(&relation.target.to_string());
                warnings.push(format!("{} {target} is not in the catalog (yet)", relation.kind));
            }
        }
    }
    Judged {
        reference: entity.map(|entity| entity.reference.to_string()).filter(|text| text.len() <= LONGEST_REFERENCE),
        valid: found.is_empty(),
        problems: found
            .into_iter()
            .map(|problem| ProblemFact {
                path: problem.path,
                line: problem.line,
                message: bounded_to(&problem.message, LONGEST_PROBLEM).into_owned(),
                hint: problem.hint,
            })
            .collect(),
        warnings,
    }
}

#[async_trait]
impl Toolset for CatalogTools {
    fn name(&self) -> &'static str {
        "catalog"
    }

    fn about(&self) -> &'static str {
        "Software catalog: components, APIs, systems, owners and how they hang together."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads(
                "catalog_list",
                "List catalog entities",
                "Lists the software catalog: components, APIs, resources, systems, domains, groups, users, templates. Filters \
                 narrow it; totals by kind come with it. Use it to find an entity's full reference.",
                at_once(&self, |this: &Self, input: ListInput, call| this.list(&input, call.max_tokens)),
            ).formerly("find"),
            Tool::reads(
                "catalog_get",
                "Get one catalog entity",
                "Gives one entity of the catalog: owner, type, relations both ways, links, annotations and spec.",
                at_once(&self, |this: &Self, input: GetInput, _| this.get(&input)),
            ).formerly("get"),
            Tool::reads(
                "catalog_validate",
                "Validate a catalog descriptor",
                "Judges a descriptor (catalog-info.yaml) before it is committed: every problem at once, with its place and \
                 what to write, and warnings for references to entities that do not exist.",
                at_once(&self, |this: &Self, input: ValidateInput, _| this.validate(&input)),
            ).formerly("try_manifest"),
            Tool::reads(
                "catalog_relations",
                "Relations of an entity",
                "Walks from one entity along its relations (owner, parts, dependencies, APIs) to any depth: what depends on it, \
                 what it needs, who owns it.",
                at_once(&self, |this: &Self, input: RelationsInput, call| this.relations(&input, call.max_tokens)),
            ).formerly("tree"),
        ]
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        vec![
            ResourceTemplate::new(TEMPLATE, "catalog_entity")
                .with_title("Catalog entity")
                .with_description("The descriptor of one entity of the software catalog.")
                .with_mime_type("application/json"),
        ]
    }

    async fn read(&self, uri: &str, _call: &Call) -> Option<Result<Vec<ResourceContents>, ToolError>> {
        let parts: Vec<&str> = uri.strip_prefix("catalog://")?.split('/').collect();
        let index = self.catalog.index();
        let found =
            match parts.as_slice() {
                [kind, namespace, name] => find(&index, &format!("{kind}:{namespace}/{name}")),
                _ => Err(ToolError::not_found(format!("`{uri}` is no address of an entity"))
                    .hint(format!("Write {TEMPLATE}."))),
            };
        Some(found.map(|entity| {
            let mut descriptor = entity.descriptor();
            crate::secrets::clean(&mut descriptor);
            let text = serde_json::to_string_pretty(&descriptor).unwrap_or_default();
            vec![ResourceContents::text(text, uri).with_mime_type("application/json")]
        }))
    }

    async fn complete(&self, asked: &Completion) -> Vec<String> {
        if asked.of != TEMPLATE && asked.argument != "entity" {
            return Vec::new();
        }
        let index = self.catalog.index();
        let typed = asked.typed.to_lowercase();
        let known =
            |part: &str, value: &str| asked.known.get(part).is_none_or(|known| known.eq_ignore_ascii_case(value));
        let values: std::collections::BTreeSet<String> = index
            .entities()
            .map(|entity| &entity.reference)
            .filter(|found| known("kind", &found.kind) && known("namespace", &found.namespace))
            .map(|found| match asked.argument.as_str() {
                "kind" => found.kind.clone(),
                "namespace" => found.namespace.clone(),
                "name" => found.name.clone(),
                _ => found.to_string(),
            })
            .filter(|value| value.contains(&typed))
            .collect();
        let (mut first, rest): (Vec<_>, Vec<_>) = values.into_iter().partition(|value| value.starts_with(&typed));
        first.extend(rest);
        first
    }

    fn changes(&self) -> Option<broadcast::Receiver<Changed>> {
        Some(self.changes.subscribe())
    }
}
