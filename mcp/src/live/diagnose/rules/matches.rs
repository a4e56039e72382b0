//! Rules of routes, as `Host(`a.example`) && PathPrefix(`/x`)`: what they compare with stands in quotes of their own.

use serde_json::Value;

use crate::live::diagnose::Finding;
use crate::live::diagnose::mutated::value_at;
use crate::live::object::Ref;

/// What a controller says when it cannot read a rule.
const SAYS: [&str; 2] = ["parsing rule", "parse rule"];

/// The finding of a rule that cannot be read, with the rule as it should be, where quotes are all that it lacks.
pub(super) fn told(object: &Value, said: &str, finding: Finding) -> Finding {
    let lower = said.to_lowercase();
    let is_rule = SAYS.iter().any(|words| lower.contains(words));
    let rule = value_at(object, &finding.field).and_then(Value::as_str).filter(|_| is_rule);
    let Some((rule, right)) = rule.and_then(|rule| Some((rule, corrected(rule)?))) else { return finding };
    let (at, field) = (Ref::of(object), finding.field.clone());
    let finding = finding.with(field.clone(), rule).should_be(right.clone());
    finding.next(format!("Set `{field}` of {at} to ``{right}``: what a rule compares with stands in backticks."))
}

/// A rule whose arguments all stand in quotes; nothing if they do already.
fn corrected(rule: &str) -> Option<String> {
    let (mut right, mut rest) = (String::new(), rule);
    while let Some(open) = rest.find('(') {
        let (before, inside) = (&rest[..open], &rest[open + 1..]);
        right.push_str(before);
        right.push('(');
        rest = inside;
        // Brackets that belong to no word only hold others together.
        if !before.ends_with(|letter: char| letter.is_ascii_alphanumeric()) {
            continue;
        }
        if let Some(quote) = inside.trim_start().chars().next().filter(|letter| matches!(letter, '`' | '"')) {
            let start = inside.find(quote)? + 1;
            let end = start + inside[start..].find(quote)? + 1;
            right.push_str(&inside[..end]);
            rest = &inside[end..];
            continue;
        }
        let end = inside.find(')')?;
        let words = inside[..end].split(',').map(|word| word.trim().trim_matches('\'')).filter(|word| !word.is_empty());
        right.push_str(&words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "));
        rest = &inside[end..];
    }
    right.push_str(rest);
    (right != rule).then_some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_without_quotes_is_written_right_and_others_stay() {
        for (rule, expected) in [
            ("Host(a.localhost)", Some("Host(`a.localhost`)")),
            (
                "Host('a.localhost') && (PathPrefix(/x) || Path(`/y`))",
                Some("Host(`a.localhost`) && (PathPrefix(`/x`) || Path(`/y`))"),
            ),
            ("Header(X-A, b)", Some("Header(`X-A`, `b`)")),
            ("Host(`a.localhost`) && PathRegexp(`^/(a|b)x(c)$`)", None),
            ("Host(\"a.localhost\")", None),
            ("Host(a.localhost", None),
        ] {
            assert_eq!(corrected(rule).as_deref(), expected, "{rule}");
        }
    }
}
