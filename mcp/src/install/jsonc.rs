//! Changes one member of a JSON file, comments and trailing commas allowed, and leaves every other character alone.

use serde_json::Value;

/// Sets the member at `path` (keys from the root down).
///
/// # Errors
/// What cannot be read, or where something other than an object is in the way.
pub fn set(text: &str, path: &[&str], value: &Value) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(format!("{}\n", pretty(&nested(path, value), 0)));
    }
    let mut reader = Reader { text: text.as_bytes(), at: 0 };
    let root = reader.document()?;
    let mut object = root;
    for (depth, key) in path.iter().enumerate() {
        let last = depth + 1 == path.len();
        match object.members.iter().rposition(|member| member.key == *key) {
            Some(found) if last => {
                let member = &object.members[found];
                let new = pretty(value, depth + 1);
                return Ok(splice(text, member.value.0, member.value.1, &new));
            }
            Some(found) => {
                let member = object.members.swap_remove(found);
                object = member.object.ok_or_else(|| format!("`{key}` is there, but it is no object"))?;
            }
            None => return Ok(insert(text, &object, depth, key, &nested(&path[depth + 1..], value))),
        }
    }
    Ok(text.into())
}

/// Takes the member at `path` out, if it is there. Nothing is left of a file that is as [`set`] made it.
///
/// # Errors
/// What cannot be read.
pub fn remove(text: &str, path: &[&str]) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(text.into());
    }
    let mut reader = Reader { text: text.as_bytes(), at: 0 };
    let mut object = reader.document()?;
    for (depth, key) in path.iter().enumerate() {
        let Some(found) = object.members.iter().rposition(|member| member.key == *key) else { return Ok(text.into()) };
        if depth + 1 < path.len() {
            match object.members.swap_remove(found).object {
                Some(inner) => object = inner,
                None => return Ok(text.into()),
            }
            continue;
        }
        return Ok(if is_as_made(text, path) { String::new() } else { take_out(text, &object, found) });
    }
    Ok(text.into())
}

fn is_as_made(text: &str, path: &[&str]) -> bool {
    let Ok(all) = serde_json::from_str::<Value>(text) else { return false };
    let value = path.iter().try_fold(&all, |value, key| value.get(key));
    value.is_some_and(|value| set("", path, value).is_ok_and(|made| made == text))
}

/// Without this member and one of the commas around it. Comments before and behind it stay.
fn take_out(text: &str, object: &Object, found: usize) -> String {
    let member = &object.members[found];
    let before = text[..member.key_begin].trim_end();
    let (head, rest) = match (member.comma, found.checked_sub(1).and_then(|index| object.members[index].comma)) {
        (Some(comma), _) => (before.to_string(), &text[comma + 1..]),
        // The last one: the comma that led to it goes with it.
        (None, Some(comma)) => (format!("{}{}", &text[..comma], &before[comma + 1..]), &text[member.value.1..]),
        (None, None) => (before.to_string(), &text[member.value.1..]),
    };
    // What follows must not end up in a comment.
    let in_comment = head.lines().last().is_some_and(|line| line.contains("//"));
    let line_break =
        if in_comment && !rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n') { "\n" } else { "" };
    format!("{head}{line_break}{rest}")
}

fn insert(text: &str, object: &Object, depth: usize, key: &str, value: &Value) -> String {
    let pad = "  ".repeat(depth + 1);
    let member = format!("{}: {}", Value::from(key), pretty(value, depth + 1));
    match object.members.last() {
        None => {
            let inside = text[object.begin + 1..object.end].trim_end();
            let new = format!("{inside}\n{pad}{member}\n{}", "  ".repeat(depth));
            splice(text, object.begin + 1, object.end, &new)
        }
        Some(last) => {
            let pad = indent_of(text, last.key_begin).unwrap_or(pad);
            let (at, comma) = last.comma.map_or((last.value.1, ","), |comma| (comma + 1, ""));
            let behind = if last.comma.is_some() { "," } else { "" };
            splice(text, at, at, &format!("{comma}\n{pad}{member}{behind}"))
        }
    }
}

/// The white space before a member that begins its line.
fn indent_of(text: &str, at: usize) -> Option<String> {
    let line = &text[text[..at].rfind('\n')? + 1..at];
    line.trim().is_empty().then(|| line.to_string())
}

fn splice(text: &str, begin: usize, end: usize, new: &str) -> String {
    format!("{}{new}{}", &text[..begin], &text[end..])
}

fn nested(path: &[&str], value: &Value) -> Value {
    path.iter()
        .rev()
        .fold(value.clone(), |inner, key| Value::Object([((*key).to_string(), inner)].into_iter().collect()))
}

/// JSON over several lines, as if it began at this depth.
fn pretty(value: &Value, depth: usize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.replace('\n', &format!("\n{}", "  ".repeat(depth)))
}

struct Object {
    /// Places of its braces.
    begin: usize,
    end: usize,
    members: Vec<Member>,
}

struct Member {
    key: String,
    key_begin: usize,
    /// From the value's first character to behind its last.
    value: (usize, usize),
    comma: Option<usize>,
    object: Option<Object>,
}

/// Deeper files are not settings.
const DEEPEST: usize = 64;

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Object, String> {
        if self.text.starts_with("\u{feff}".as_bytes()) {
            self.at = 3;
        }
        self.space()?;
        if self.peek() != Some(b'{') {
            return Err(self.wrong("it does not begin with `{`"));
        }
        let object = self.object(0)?;
        self.space()?;
        if self.at < self.text.len() {
            return Err(self.wrong("there is something behind the last `}`"));
        }
        Ok(object)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn wrong(&self, what: &str) -> String {
        let line = self.text[..self.at.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("line {line}: {what}")
    }

    /// White space and comments.
    fn space(&mut self) -> Result<(), String> {
        loop {
            match (self.peek(), self.text.get(self.at + 1)) {
                (Some(b' ' | b'\t' | b'\r' | b'\n'), _) => self.at += 1,
                (Some(b'/'), Some(b'/')) => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                (Some(b'/'), Some(b'*')) => {
                    let rest = &self.text[self.at + 2..];
                    let length = rest.windows(2).position(|two| two == b"*/");
                    self.at += 4 + length.ok_or_else(|| self.wrong("a comment has no end"))?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Object, String> {
        let mut object = Object { begin: self.at, end: self.at, members: Vec::new() };
        self.at += 1;
        loop {
            self.space()?;
            match self.peek() {
                Some(b'}') => {
                    object.end = self.at;
                    self.at += 1;
                    return Ok(object);
                }
                Some(b'"') => {
                    let member = self.member(depth)?;
                    object.members.push(member);
                }
                _ => return Err(self.wrong("a key in quotes or `}` should be here")),
            }
        }
    }

    fn member(&mut self, depth: usize) -> Result<Member, String> {
        let key_begin = self.at;
        let key = self.string()?;
        self.space()?;
        if self.peek() != Some(b':') {
            return Err(self.wrong("`:` is missing"));
        }
        self.at += 1;
        self.space()?;
        let begin = self.at;
        let object = self.value(depth + 1)?;
        let value = (begin, self.at);
        self.space()?;
        let comma = match self.peek() {
            Some(b',') => {
                self.at += 1;
                Some(self.at - 1)
            }
            Some(b'}') => None,
            _ => return Err(self.wrong("`,` or `}` is missing")),
        };
        Ok(Member { key, key_begin, value, comma, object })
    }

    fn value(&mut self, depth: usize) -> Result<Option<Object>, String> {
        if depth > DEEPEST {
            return Err(self.wrong("it is nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => return self.object(depth).map(Some),
            Some(b'"') => drop(self.string()?),
            Some(b'[') => {
                self.at += 1;
                loop {
                    self.space()?;
                    match self.peek() {
                        Some(b']') => break,
                        Some(b',') => self.at += 1,
                        Some(_) => drop(self.value(depth + 1)?),
                        None => return Err(self.wrong("`]` is missing")),
                    }
                }
                self.at += 1;
            }
            _ => {
                let begin = self.at;
                while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
                    self.at += 1;
                }
                if self.at == begin {
                    return Err(self.wrong("a value is missing"));
                }
            }
        }
        Ok(None)
    }

    fn string(&mut self) -> Result<String, String> {
        let begin = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'\\') => self.at += 2,
                Some(b'"') => break,
                Some(b'\n') | None => return Err(self.wrong("a text has no end")),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_slice(&self.text[begin..self.at]).map_err(|_| self.wrong("a text cannot be read"))
    }
}
