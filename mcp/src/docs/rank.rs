//! What the ranking is made of, and its numbers.

/// Parts of the ranking that can be left out, to see what each is worth (`cargo run -p backstack-mcp --example docs_ablation`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingredients {
    /// The headings above a section, and its page's name, count for the section.
    pub breadcrumb: bool,
    /// Words of the heading count more than those below it.
    pub title: bool,
    /// Code is a field of its own, with less weight than text.
    pub code: bool,
    /// `ClusterIssuer` and `cert-manager` are found by their parts and as a whole.
    pub splitting: bool,
    /// Endings of words do not matter.
    pub stemming: bool,
    /// Other words for the same.
    pub synonyms: bool,
    /// Unknown words are taken for the nearest known ones.
    pub typos: bool,
    /// A heading that is just what was asked for comes first: names, messages of errors.
    pub names: bool,
    /// Words that stand side by side in question and text.
    pub phrases: bool,
    /// Sections that have more of the question's words.
    pub coverage: bool,
    /// A heading with `…` is a message: it answers those who paste it, and hardly anybody else.
    pub messages: bool,
    /// In whole sentences rare words are often beside the point, and numbers nearly always: they weigh less.
    pub damping: bool,
}

impl Default for Ingredients {
    fn default() -> Self {
        Self {
            breadcrumb: true,
            title: true,
            code: true,
            splitting: true,
            stemming: true,
            synonyms: true,
            typos: true,
            names: true,
            phrases: true,
            coverage: true,
            messages: true,
            damping: true,
        }
    }
}

impl Ingredients {
    /// Every way of leaving one of them out, with its name.
    pub fn each_left_out() -> Vec<(&'static str, Self)> {
        let all = Self::default;
        vec![
            ("breadcrumb", Self { breadcrumb: false, ..all() }),
            ("title", Self { title: false, ..all() }),
            ("code", Self { code: false, ..all() }),
            ("splitting", Self { splitting: false, ..all() }),
            ("stemming", Self { stemming: false, ..all() }),
            ("synonyms", Self { synonyms: false, ..all() }),
            ("typos", Self { typos: false, ..all() }),
            ("names", Self { names: false, ..all() }),
            ("phrases", Self { phrases: false, ..all() }),
            ("coverage", Self { coverage: false, ..all() }),
            ("messages", Self { messages: false, ..all() }),
            ("damping", Self { damping: false, ..all() }),
        ]
    }

    /// Nothing but BM25 over whole, unstemmed words.
    pub fn none() -> Self {
        Self {
            breadcrumb: false,
            title: false,
            code: false,
            splitting: false,
            stemming: false,
            synonyms: false,
            typos: false,
            names: false,
            phrases: false,
            coverage: false,
            messages: false,
            damping: false,
        }
    }
}

/// Fields of a section.
pub const FIELDS: usize = 4;
pub const TITLE: usize = 0;
pub const TRAIL: usize = 1;
pub const BODY: usize = 2;
pub const CODE: usize = 3;

/// BM25F's numbers, by field: how much a word counts, and how much the field's length takes off.
pub const LENGTH: [f32; FIELDS] = [0.4, 0.3, 0.6, 0.7];
pub const SATURATION: f32 = 1.2;

/// Weights of the fields.
pub fn weights(ingredients: &Ingredients) -> [f32; FIELDS] {
    let or = |wanted: bool, with: f32, without: f32| if wanted { with } else { without };
    [or(ingredients.title, 3.0, 1.0), or(ingredients.breadcrumb, 0.6, 0.0), 1.0, or(ingredients.code, 0.7, 1.0)]
}

/// A word that only means the same, is only near, or only begins so, counts this much of the word itself.
pub const SYNONYM: f32 = 0.5;
pub const NEAR: f32 = 0.8;
pub const PREFIX: f32 = 0.6;
/// The whole of a compound name, beside its parts.
pub const COMPOUND: f32 = 1.0;
/// Sections with less of the question than this (by weight of the words) are no answers.
pub const LEAST_COVERAGE: f32 = 0.2;
/// How much of the score depends on the part of the question that is there.
pub const COVERAGE: f32 = 0.3;
/// How much a heading that matches in full adds.
pub const NAMES: f32 = 1.0;
/// How much words side by side add, if all of them are.
pub const PHRASES: f32 = 0.8;
/// What is left of the score of a message that was not pasted.
pub const MESSAGES: f32 = 0.7;
/// So much of a message's own words (by weight) must be in a question that has it pasted in.
pub const PASTED: f32 = 0.85;
/// How much a message gains by being pasted.
pub const PASTED_GAIN: f32 = 0.2;
/// A heading of fewer words than this is found in many questions that do not mean it.
pub const LEAST_MESSAGE: usize = 3;
/// The power that rarity is taken to: below 1, rare words are worth less.
pub const DAMPING: f32 = 0.6;
/// What is left of the weight of a number.
pub const NUMBERS: f32 = 0.6;
/// So many of the best are looked at once more, for headings and words side by side.
pub const SECOND_LOOK: usize = 80;
