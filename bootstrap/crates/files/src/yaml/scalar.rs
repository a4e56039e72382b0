//! What a plain word in YAML means: text, number, `true`, nothing.
//!
//! YAML 1.2's rules, as far as they agree with what Kubernetes' own tools (YAML 1.1) read. Where
//! the two differ, octal numbers are read as Kubernetes reads them (`defaultMode: 0644`), and
//! the words `yes`, `no`, `on`, `off` have to be written as what is meant.

use saphyr_parser::Tag;
use serde_json::{Number, Value};

/// The value of a scalar. `plain` means that it stood there without quotes.
///
/// # Errors
/// What is ambiguous or has no JSON value, as a message.
pub(super) fn resolve(text: &str, plain: bool, tag: Option<&Tag>) -> Result<Value, String> {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Ok(text.into()),
        Some(tag) if tag.is_yaml_core_schema() && matches!(&*tag.suffix, "int" | "float" | "bool" | "null") => {
            word(text)
        }
        Some(tag) => Err(format!("YAML tags (`{tag}`) are not read here")),
        None if plain => word(text),
        None => Ok(text.into()),
    }
}

/// Whether some readers of YAML see a truth value where others see text.
pub(super) fn is_doubtful(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "yes" | "no" | "on" | "off")
}

fn word(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(true.into()),
        "false" | "False" | "FALSE" => return Ok(false.into()),
        _ => {}
    }
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" => {
            Err(format!("`{text}` is true for some readers of YAML: write `true`, or \"{text}\" in quotes"))
        }
        "no" | "off" => {
            Err(format!("`{text}` is false for some readers of YAML: write `false`, or \"{text}\" in quotes"))
        }
        ".inf" | "+.inf" | "-.inf" | ".nan" => Err(format!("`{text}` is not a number that JSON has")),
        _ => Ok(number(text)?.map_or_else(|| text.into(), Value::Number)),
    }
}

fn number(text: &str) -> Result<Option<Number>, String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Ok(None);
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return Ok(i64::from_str_radix(&format!("{sign}{rest}"), radix).ok().map(Number::from));
        }
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return whole(text, sign, digits).map(Some);
    }
    Ok(is_decimal(digits).then(|| text.parse().ok().and_then(Number::from_f64)).flatten())
}

fn whole(text: &str, sign: &str, digits: &str) -> Result<Number, String> {
    if digits.len() > 1 && digits.starts_with('0') {
        return i64::from_str_radix(&format!("{sign}{digits}"), 8)
            .map(Number::from)
            .map_err(|_| format!("`{text}` starts with 0 but is not octal: put it in quotes if it is text"));
    }
    let exact = format!("{sign}{digits}");
    let number = exact.parse::<i64>().map(Number::from).or_else(|_| exact.parse::<u64>().map(Number::from));
    number.map_err(|_| format!("`{text}` is too large a number: put it in quotes if it is text"))
}

/// `1.5`, `.5`, `1.`, `1e3`: digits with at most one point, then perhaps an exponent.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_ok = mantissa.bytes().any(|byte| byte.is_ascii_digit())
        && mantissa.split('.').all(all_digits)
        && mantissa.matches('.').count() <= 1;
    let exponent_ok = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    mantissa_ok && exponent_ok
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_words_have_the_meaning_kubernetes_gives_them() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("true", json!(true)),
            ("FALSE", json!(false)),
            ("0", json!(0)),
            ("-17", json!(-17)),
            ("+3", json!(3)),
            ("0644", json!(420)),
            ("0o644", json!(420)),
            ("0x1F", json!(31)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1.5", json!(1.5)),
            ("-.5", json!(-0.5)),
            ("1e3", json!(1000.0)),
            ("1.36.3", json!("1.36.3")),
            ("127.0.0.1", json!("127.0.0.1")),
            ("10Gi", json!("10Gi")),
            ("100m", json!("100m")),
            ("1_000", json!("1_000")),
            ("2024-01-01", json!("2024-01-01")),
            ("8080:80", json!("8080:80")),
            ("0x", json!("0x")),
            (".", json!(".")),
            ("..", json!("..")),
            ("-", json!("-")),
            ("1e", json!("1e")),
            ("e3", json!("e3")),
            ("y", json!("y")),
        ] {
            assert_eq!(resolve(text, true, None), Ok(value), "{text}");
        }
    }

    #[test]
    fn quotes_make_text() {
        for text in ["", "yes", "0644", "null", "1"] {
            assert_eq!(resolve(text, false, None), Ok(json!(text)));
        }
    }

    #[test]
    fn ambiguous_words_are_refused() {
        for text in ["yes", "No", "ON", "off", ".inf", "-.inf", ".NaN", "089", "99999999999999999999"] {
            assert!(resolve(text, true, None).is_err(), "{text}");
        }
    }
}
