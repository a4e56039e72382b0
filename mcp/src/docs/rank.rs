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
    /// Sections that have more of the question's words.
    pub coverage: bool,
    /// A heading with `…` is a message: it answers those who paste it, and hardly anybody else.
    pub messages: bool,
    /// In whole sentences rare words are often beside the point, and numbers nearly always: they weigh less.
    pub damping: bool,
    /// Guides for those who want to do something, concepts for those who want to understand, and so on.
    pub kinds: bool,
    /// What the best sections lead to, by links and by names that are explained there.
    pub links: bool,
    /// Sections that have the words of the best ones.
    pub feedback: bool,
    /// What people ask that a section answers, in their own words.
    pub questions: bool,
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
            coverage: true,
            messages: true,
            damping: true,
            kinds: true,
            links: true,
            feedback: true,
            questions: true,
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
            ("coverage", Self { coverage: false, ..all() }),
            ("messages", Self { messages: false, ..all() }),
            ("damping", Self { damping: false, ..all() }),
            ("kinds", Self { kinds: false, ..all() }),
            ("links", Self { links: false, ..all() }),
            ("feedback", Self { feedback: false, ..all() }),
            ("questions", Self { questions: false, ..all() }),
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
            coverage: false,
            messages: false,
            damping: false,
            kinds: false,
            links: false,
            feedback: false,
            questions: false,
        }
    }
}

/// Fields of a section.
pub(crate) const FIELDS: usize = 5;
/// Number of the field with the section's own heading.
pub(crate) const TITLE: usize = 0;
/// Number of the field with the headings above it, and its page's name.
pub(crate) const TRAIL: usize = 1;
/// Number of the field with its text.
pub(crate) const BODY: usize = 2;
/// Number of the field with its code: blocks, and code within text.
pub(crate) const CODE: usize = 3;
/// Number of the field with the questions that people ask and it answers.
pub(crate) const ASKED: usize = 4;

/// BM25F's numbers, by field: how much a word counts, and how much the field's length takes off.
pub(crate) const LENGTH: [f32; FIELDS] = [0.4, 0.3, 0.6, 0.7, 0.3];
/// BM25's `k1`: the higher, the more a word counts that a section has again and again.
pub(crate) const SATURATION: f32 = 2.0;

/// Weights of the fields.
pub(crate) fn weights(ingredients: &Ingredients) -> [f32; FIELDS] {
    let or = |wanted: bool, with: f32, without: f32| if wanted { with } else { without };
    [or(ingredients.title, 3.0, 1.0), or(ingredients.breadcrumb, 0.6, 0.0), 1.0, or(ingredients.code, 0.7, 1.0), 1.2]
}

/// Another name for the same thing counts this much of the word itself.
pub(crate) const SAME: Share = Share { known: 0.7, unknown: 0.9 };
/// A word of the pages for what was said otherwise.
pub(crate) const SAID: Share = Share { known: 0.3, unknown: 0.7 };
/// A word that was misspelt, or only begun.
pub(crate) const NEAR: f32 = 0.8;
/// A word that goes on behind what was typed counts this part of the typed one.
pub(crate) const PREFIX: f32 = 0.6;
/// A word that more than this part of the sections have is well known.
pub(crate) const KNOWN: f32 = 0.06;
/// A name of several parts counts as so many words, however many there are: its parts and the whole share in it.
pub(crate) const COMPOUND: f32 = 1.25;
/// Sections with less of the question than this (by weight of the words) are no answers.
pub(crate) const LEAST_COVERAGE: f32 = 0.15;
/// How much of the score depends on the part of the question that is there.
pub(crate) const COVERAGE: f32 = 0.8;
/// How much a heading that matches in full adds.
pub(crate) const NAMES: f32 = 0.8;
/// How much a question adds that is just what was asked.
pub(crate) const QUESTIONS: f32 = 1.0;
/// What is left of the score of a message that was not pasted.
pub(crate) const MESSAGES: f32 = 0.75;
/// So much of a message's own words (by weight) must be in a question that has it pasted in.
pub(crate) const PASTED: f32 = 0.85;
/// How much a message gains by being pasted.
pub(crate) const PASTED_GAIN: f32 = 0.2;
/// A heading of fewer words than this is found in many questions that do not mean it.
pub(crate) const LEAST_MESSAGE: usize = 3;
/// The power that rarity is taken to: below 1, rare words are worth less.
pub(crate) const DAMPING: f32 = 0.6;
/// What is left of the weight of a number.
pub(crate) const NUMBERS: f32 = 0.6;
/// So many of the best are looked at once more, for headings, words side by side, and company.
pub(crate) const SECOND_LOOK: usize = 80;
/// A page of the kind that a question wants, and one that hardly ever has the answer.
pub(crate) const MEANT: f32 = 1.3;
/// A page of a kind that a question does not want keeps this part of its score.
pub(crate) const NOT_MEANT: f32 = 0.7;
/// A lesson does many things on its way, so it has many words of questions that it does not answer.
pub(crate) const LESSON: f32 = 0.6;
/// So many of the best lead to others,
pub(crate) const LEADING: usize = 5;
/// which gain this part of the leading one's score by a link,
pub(crate) const LINKED: f32 = 0.2;
/// and this by names that they explain,
pub(crate) const NAMED: f32 = 0.15;
/// but not more than this part of the best score.
pub(crate) const MOST_LED: f32 = 0.6;
/// A name that more sections than this explain is explained by none.
pub(crate) const MOST_EXPLAINED: usize = 8;
/// So many of the best give so many words to look for,
pub(crate) const FEEDBACK_SECTIONS: usize = 6;
/// Words that those sections give together, the weightiest first,
pub(crate) const FEEDBACK_WORDS: usize = 15;
/// and the section that has most of these gains this part of the best score.
pub(crate) const FEEDBACK: f32 = 0.6;
/// Words that more than this part of the sections have tell nothing about a matter.
pub(crate) const COMMON: f32 = 0.42;
/// Added to a section's length, so that the few words of a short one do not count for much.
pub(crate) const SHORT: f32 = 20.0;

/// How much of a word another one counts that may stand for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    /// Where the pages have the word itself often: then it was hardly meant otherwise.
    known: f32,
    /// Where no page has it: then other words for it are all there is.
    unknown: f32,
}

impl Share {
    /// For a word that this part of the sections have.
    pub(crate) fn of(self, part: f32) -> f32 {
        self.known + (self.unknown - self.known) * (-part / KNOWN).exp()
    }
}
