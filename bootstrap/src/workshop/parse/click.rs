//! One item of a click path: a small language that reads as plain English.

use std::sync::LazyLock;

use regex::Regex;

use crate::workshop::track::Deed;

/// What an item may say, as people who write one are told.
const SENTENCES: &str = "Open [TITLE](PATH). | Sign in as `USER`. | Click **X**. | Click **X** in **Y**. | Type `TEXT` into **X**. | \
     Choose **X** in **Y**. | Tick **X**. | Untick **X**. | You see **X**. | You do not see **X**.";

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:",
        r"Open \[(?<title>[^\]]+)\]\((?<path>[^)\s]+)\)",
        r"|Sign in as `(?<user>[^`]+)`",
        r"|Click \*\*(?<click>[^*]+)\*\*(?: in \*\*(?<within>[^*]+)\*\*)?",
        r"|Type `(?<text>[^`]+)` into \*\*(?<into>[^*]+)\*\*",
        r"|Choose \*\*(?<option>[^*]+)\*\* in \*\*(?<in>[^*]+)\*\*",
        r"|(?<tick>Tick|Untick) \*\*(?<box>[^*]+)\*\*",
        r"|You (?<see>see|do not see) \*\*(?<seen>[^*]+)\*\*",
        r")\.?$"
    ))
    .expect("a pattern")
});

/// A picture that stands alone in a line.
static PICTURE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^!\[(?<title>[^\]]*)\]\((?<path>[^)\s]*?(?<name>[^/)\s]+)\.[a-z]+)\)$").expect("a pattern")
});

/// Reads an item, whose lines were joined.
///
/// # Errors
/// It is no such sentence: with those that are.
pub(super) fn of(item: &str) -> Result<Deed, String> {
    let Some(found) = PATTERN.captures(item) else {
        return Err(format!(
            "`{item}` is nothing that a reader can do: an item of a numbered list is one of: {SENTENCES} (A list that is only text \
             has dashes.)"
        ));
    };
    let text = |name: &str| found.name(name).map(|part| part.as_str().to_string());
    let part = |name: &str| text(name).unwrap_or_default();
    let deed = if let Some(path) = text("path") {
        if !path.starts_with('/') && !path.starts_with("https://") {
            return Err(format!(
                "`{path}` is no path of the platform: it begins with `/`, or is an address with https://"
            ));
        }
        Deed::Open { path, title: part("title") }
    } else if let Some(user) = text("user") {
        Deed::SignIn { user }
    } else if let Some(target) = text("click") {
        Deed::Click { target, within: text("within") }
    } else if let Some(typed) = text("text") {
        Deed::Type { text: typed, into: part("into") }
    } else if let Some(option) = text("option") {
        Deed::Choose { option, r#in: part("in") }
    } else if let Some(tick) = text("tick") {
        Deed::Tick { target: part("box"), on: tick == "Tick" }
    } else {
        Deed::See { text: part("seen"), visible: part("see") == "see" }
    };
    Ok(deed)
}

/// Reads a line that is a picture and nothing else.
pub(super) fn picture(line: &str) -> Option<Deed> {
    let found = PICTURE.captures(line.trim())?;
    let part = |name: &str| found[name].to_string();
    Some(Deed::Picture { name: part("name"), path: part("path"), title: part("title") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sentence_is_one_deed() {
        let text = String::from;
        for (item, deed) in [
            ("Open [Create](/create).", Deed::Open { path: text("/create"), title: text("Create") }),
            ("Sign in as `developer`.", Deed::SignIn { user: text("developer") }),
            ("Click **Choose** in **App**.", Deed::Click { target: text("Choose"), within: Some(text("App")) }),
            ("Click **Review**", Deed::Click { target: text("Review"), within: None }),
            ("Type `shop` into **Name**.", Deed::Type { text: text("shop"), into: text("Name") }),
            ("Choose **demo** in **Namespace**.", Deed::Choose { option: text("demo"), r#in: text("Namespace") }),
            ("Untick **Public**.", Deed::Tick { target: text("Public"), on: false }),
            ("You see **Healthy**.", Deed::See { text: text("Healthy"), visible: true }),
            ("You do not see **Failed**.", Deed::See { text: text("Failed"), visible: false }),
        ] {
            assert_eq!(of(item), Ok(deed), "{item}");
        }
    }

    #[test]
    fn what_is_no_sentence_is_told_with_those_that_are() {
        for item in [
            "Look around.",
            "Click Choose.",
            "Click **A** and **B** twice.",
            "Open [x](../a.md).",
            "Type shop into **Name**.",
        ] {
            assert!(of(item).is_err_and(|why| why.contains("is no")), "{item}");
        }
    }

    #[test]
    fn a_picture_stands_alone() {
        let deed = picture("  ![A form](../pictures/developer-order.jpg)").expect("a picture");
        let path = "../pictures/developer-order.jpg".to_string();
        assert_eq!(deed, Deed::Picture { name: "developer-order".into(), path, title: "A form".into() });
        assert_eq!(picture("See ![x](a.jpg)"), None);
    }
}
