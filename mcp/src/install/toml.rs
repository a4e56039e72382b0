//! The same for TOML: one table is replaced, taken out or put at the end; nothing else is touched.

use std::fmt::Write;

use serde_json::Value;

/// Sets table `[section.name]`.
///
/// # Errors
/// The section is written in a way that this does not dare to change.
pub fn set(text: &str, section: &str, name: &str, value: &Value) -> Result<String, String> {
    let rest = remove(text, section, name)?;
    let mut out = rest.trim_end().to_string();
    if !out.is_empty() {
        out.push_str("\n\n");
    }
    let _ = writeln!(out, "[{section}.{name}]");
    for (key, value) in value.as_object().into_iter().flatten() {
        let _ = writeln!(out, "{key} = {}", inline(value));
    }
    Ok(out)
}

/// Takes table `[section.name]` out, with its own tables.
///
/// # Errors
/// The section is written in a way that this does not dare to change.
pub fn remove(text: &str, section: &str, name: &str) -> Result<String, String> {
    let (own, below) = (format!("[{section}.{name}]"), format!("[{section}.{name}."));
    let mut kept = String::new();
    let mut inside = false;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let bare: String = line.chars().filter(|c| !c.is_whitespace() && *c != '"' && *c != '\'').collect();
        if bare.starts_with('[') {
            let header = bare.split('#').next().unwrap_or_default();
            inside = header == own || header.starts_with(&below);
        } else if bare.starts_with(&format!("{section}=")) || bare.starts_with(&format!("{section}.{name}")) {
            let number = number + 1;
            return Err(format!(
                "line {number}: `{section}` is written without a table header; add [{section}.{name}] by hand"
            ));
        }
        if !inside {
            kept.push_str(line);
        }
    }
    Ok(kept)
}

/// A value on one line. JSON's texts, numbers and lists of them are TOML's too; objects become inline tables.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let members: Vec<_> =
                map.iter().map(|(key, value)| format!("{} = {}", Value::from(key.as_str()), inline(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
