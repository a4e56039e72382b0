//! The program in a step of a composition that gives up: which step it is, at which line, and whether it or the order is to
//! be mended.

use serde_json::Value;

use super::{Fault, Finding};
use crate::live::object::{Ref, list, short, text};

/// Faults that only a program itself can have.
const OWN: [&str; 9] = [
    "is not defined",
    "nameerror",
    "syntaxerror",
    "attributeerror",
    "typeerror",
    "indentationerror",
    "importerror",
    "has no attribute",
    "out of range",
];
/// Shorter texts of a program stand in any message.
const TELLING: usize = 8;

/// A step of a pipeline whose input has a program.
struct Program<'a> {
    composition: Ref,
    step: &'a str,
    /// Where the program stands in the composition.
    field: String,
    text: &'a str,
}

/// What an order says in a field.
struct Ordered {
    field: String,
    value: String,
}

/// The finding that a function gave up, with the step and the line of the program that did.
pub(super) fn told(composition: Option<&Value>, composite: &Value, finding: Finding, message: &str) -> Finding {
    let composition = composition.filter(|_| finding.fault == Fault::FunctionFailed);
    let Some(program) = composition.and_then(|composition| Program::of(composition, message)) else { return finding };
    let said = message.rsplit_once("returned a fatal result: ").map_or(message, |(_, said)| said);
    let ordered = ordered(composite, said);
    let line = program.line(said, ordered.as_ref());
    let place = match line {
        Some((number, _)) => format!("line {number} of the program in `{}`", program.field),
        None => format!("the program in `{}`", program.field),
    };
    let finding = finding.with("composition", &format!("step `{}` of {}", program.step, program.composition));
    let finding = match line {
        Some((number, line)) => finding.with(format!("{}, line {number}", program.field), line),
        None => finding,
    };
    let order = Ref::of(composite);
    let is_own = OWN.iter().any(|word| said.to_lowercase().contains(word)) || bare(said).is_some();
    if !is_own {
        return by_order(finding, &program, &order, ordered, &place);
    }
    let at = program.composition.clone();
    let next = match &ordered {
        Some(Ordered { field, value }) => format!(
            "Let {place} of {at} know `{value}`, or set `{field}` of {order} to a value that it knows; then {order} is composed again by itself."
        ),
        None => format!("Correct {place} of {at}; {order} is composed again by itself."),
    };
    let summary = match &ordered {
        Some(Ordered { field, value }) => format!(
            "the program of its step `{}` gives up over `{value}`, which `{field}` of {order} says: {}",
            program.step,
            short(said, 160)
        ),
        None => finding.summary.clone(),
    };
    let moved = Finding { object: at, summary, affects: vec![order.to_string()], ..finding };
    moved.at(program.field).next(next)
}

/// A program that says in a sentence why it gives up is probably right to do so.
fn by_order(finding: Finding, program: &Program<'_>, order: &Ref, ordered: Option<Ordered>, place: &str) -> Finding {
    let at = &program.composition;
    match ordered {
        Some(Ordered { field, .. }) => {
            let next =
                format!("Set `{field}` of {order} to what step `{}` takes, or correct {place} of {at}.", program.step);
            finding.at(field).next(next)
        }
        None => {
            let next = format!("Correct in {order} what the message names, or correct {place} of {at}.");
            finding.next(next)
        }
    }
}

impl<'a> Program<'a> {
    /// The step that a message names, or the only one that there is.
    fn of(composition: &'a Value, message: &str) -> Option<Self> {
        let steps = list(composition, "/spec/pipeline");
        let named = steps.iter().position(|step| message.contains(&format!("step \"{}\"", text(step, "/step"))));
        let index = named.or((steps.len() == 1).then_some(0))?;
        let (field, text_of) = longest(steps[index].get("input")?, &format!("spec.pipeline[{index}].input"))?;
        Some(Self { composition: Ref::of(composition), step: text(&steps[index], "/step"), field, text: text_of })
    }

    /// The line that gave up, and its number: the one that the message counts, that reads what the order says, that has
    /// the word which the message quotes, or a text that the message repeats.
    fn line(&self, said: &str, ordered: Option<&Ordered>) -> Option<(usize, &'a str)> {
        let mut lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        if let Some(number) = counted(said) {
            return lines.nth(number.checked_sub(1)?);
        }
        let lines: Vec<_> = lines.filter(|(_, line)| !line.starts_with('#')).collect();
        let find = |fits: &dyn Fn(&str) -> bool| lines.iter().find(|(_, line)| fits(line)).copied();
        let read = ordered.and_then(|ordered| {
            let way = ordered.field.trim_start_matches("spec.");
            find(&|line| line.contains(&format!("spec.{way}"))).or_else(|| find(&|line| names(line, way)))
        });
        let quoted = || quoted(said).into_iter().rev().find_map(|word| find(&|line| names(line, word)));
        let repeated = || {
            let pieces = |line: &'a str| line.split(['"', '\'', '{', '}']).map(str::trim);
            find(&|line| line.contains(['"', '\'']) && texts(line).any(|piece| said.contains(piece)))
                .filter(|(_, line)| pieces(line).count() > 1)
        };
        read.or_else(quoted).or_else(repeated)
    }
}

/// What stands in a line in quotes, around what is filled in.
fn texts(line: &str) -> impl Iterator<Item = &str> {
    line.split(['"', '\'', '{', '}']).skip(1).map(str::trim).filter(|piece| piece.len() >= TELLING)
}

/// The longest text of several lines in a step's input, and where it stands.
pub(super) fn longest<'a>(value: &'a Value, path: &str) -> Option<(String, &'a str)> {
    let of = |found: Vec<(String, &'a str)>| found.into_iter().max_by_key(|(_, text)| text.len());
    match value {
        Value::String(text) if text.trim().contains('\n') => Some((path.into(), text)),
        Value::Object(fields) => {
            of(fields.iter().filter_map(|(key, value)| longest(value, &format!("{path}.{key}"))).collect())
        }
        Value::Array(items) => of(items
            .iter()
            .enumerate()
            .filter_map(|(index, value)| longest(value, &format!("{path}[{index}]")))
            .collect()),
        _ => None,
    }
}

/// `... line 7 ...`, `template: manifests:7:12: ...`.
fn counted(said: &str) -> Option<usize> {
    let digits = |rest: &str| rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok();
    let by_word = said.rsplit_once("line ").and_then(|(_, rest)| digits(rest));
    let by_template = || digits(said.split_once("template: ")?.1.split_once(':')?.1);
    by_word.or_else(by_template)
}

/// What a message consists of, if that is nothing but one value: so programs end that look up what is not there.
fn bare(said: &str) -> Option<&str> {
    let last = said.rsplit(": ").next().unwrap_or(said).trim();
    let inner = last.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let inner = inner.or_else(|| last.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')));
    inner.filter(|inner| !inner.contains(['\'', '"'])).or_else(|| last.parse::<i64>().is_ok().then_some(last))
}

/// Words in quotes.
fn quoted(said: &str) -> Vec<&str> {
    let by = |quote: char| said.split(quote).skip(1).step_by(2).filter(|word| !word.is_empty() && !word.contains(' '));
    ['\'', '"', '`'].into_iter().flat_map(by).collect()
}

/// Whether a line has a word as a word of its own.
fn names(line: &str, word: &str) -> bool {
    line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|one| one == word)
}

/// The field of an order whose value a message has in quotes, or consists of.
fn ordered(composite: &Value, said: &str) -> Option<Ordered> {
    let words = bare(said).into_iter().chain(quoted(said));
    words.into_iter().find_map(|word| {
        let field = of_value(composite.get("spec")?, word, "spec")?;
        Some(Ordered { field, value: word.into() })
    })
}

/// Where a value stands in an order, as somebody has written it.
fn of_value(within: &Value, wanted: &str, path: &str) -> Option<String> {
    match within {
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| *key != "crossplane")
            .find_map(|(key, value)| of_value(value, wanted, &format!("{path}.{key}"))),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, value)| of_value(value, wanted, &format!("{path}[{index}]")))
        }
        Value::String(text) => (text == wanted).then(|| path.into()),
        Value::Number(number) => (number.to_string() == wanted).then(|| path.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SIZES: &str = "class A(Base):\n    SIZES = {'s': 1, 'm': 2}\n\n    def compose(self):\n        # spec.size\n        size = self.SIZES[str(self.spec.size)]\n        if size > 1:\n            raise ValueError(f'size {size} is too large for this cluster')\n        self.resources.x(total)\n";

    fn gives_up(said: &str) -> (String, String, String) {
        let composition = json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "metadata": {"name": "boxes"},
            "spec": {"compositeTypeRef": {"apiVersion": "p.dev/v1", "kind": "Box"}, "pipeline": [{"step": "first"},
                {"step": "make", "input": {"kind": "Script", "script": SIZES}}]}});
        let order = json!({"apiVersion": "p.dev/v1", "kind": "Box", "metadata": {"namespace": "shop", "name": "a"}, "spec": {"size": "xl"}});
        let message = format!("cannot compose resources: pipeline step \"make\" returned a fatal result: {said}");
        let finding = Finding::new(Fault::FunctionFailed, Ref::of(&order), "gave up");
        let told = told(Some(&composition), &order, finding, &message);
        (told.object.to_string(), told.field, told.next)
    }

    #[test]
    fn a_program_that_gives_up_is_told_with_its_step_and_its_line() {
        let field = "spec.pipeline[1].input.script";
        for (said, object, at, next) in [
            ("Compose exception: 'xl'", "Composition boxes", field, "line 6"),
            ("Compose exception: name 'total' is not defined", "Composition boxes", field, "line 9"),
            ("invalid syntax (script, line 4)", "Box shop/a", "", "line 4"),
            ("SyntaxError: invalid syntax (script, line 4)", "Composition boxes", field, "line 4"),
            ("Compose exception: size 'xl' is too large for this cluster", "Box shop/a", "spec.size", "spec.size"),
            ("size 9 is too large for this cluster", "Box shop/a", "", "line 8"),
            ("nobody knows", "Box shop/a", "", "the program in `spec.pipeline[1].input.script` of Composition boxes"),
        ] {
            let (of, field, step) = gives_up(said);
            assert_eq!((of.as_str(), field.as_str()), (object, at), "{said}");
            assert!(step.contains(next), "{said}: {step}");
        }
    }
}
