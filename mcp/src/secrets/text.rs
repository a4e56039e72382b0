//! Credentials in texts: lines of logs (also as JSON), YAML and properties, diffs, command lines, addresses, keys.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::{Captures, Regex};
use serde_json::Value;

use super::names::{is_reference, is_secret};
use super::{HIDDEN, clean as clean_value};

/// What every credential has beside it or in it that is known here, found in one pass.
static SIGNS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let signs = [
        "passw",
        "passphrase",
        "pwd",
        "pgpass",
        "secret",
        "token",
        "credential",
        "apikey",
        "api_key",
        "api-key",
        "privatekey",
        "private_key",
        "private-key",
        "private key",
        "accesskey",
        "access_key",
        "access-key",
        "authkey",
        "auth_key",
        "signingkey",
        "encryptionkey",
        "authorization",
        "cookie",
        "bearer ",
        "basic ",
        "eyj",
        "://",
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "akia",
        "aiza",
        "-u ",
        "--user ",
        "basicuser",
        "digestuser",
    ];
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(signs)
        .expect("a few short words")
});

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours")
}

/// `password=X`, `"token": "X"`, `\"token\":\"X\"`, `Authorization: Bearer X`, `spec.password: X -> Y`.
static KEYED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)(?P<key>[\w.\-]*(?:passw|passphrase|pwd|pgpass|secret|token|credential|api[_-]?key|private[_-]?key|access[_-]?key|auth[_-]?key|signingkey|encryptionkey|authorization|cookie)[\w.\-]*)(?P<mid>\\*["']?\]?\s*(?:=>|[:=])\s*)(?P<value>(?:bearer|basic|token)\s+[^\s"',;]+|\\+"[^"\\]*(?:\\+")?|"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&"'\\}\])]+(?:\s+->\s+[^\s,;]+)?)"#,
    )
});
/// `password: all of the line`, as YAML has it, also in a diff.
static YAML: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^(?P<head>[+\-\s]*["']?(?P<key>[\w.\-/]+)["']?:[ \t]+)(?P<value>\S.*)$"#));
/// `{name: DB_PASSWORD, value: X}`
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?P<head>\bname\\*["']?\s*:\s*\\*["']?(?P<name>[\w.\-]+)\\*["']?\s*,\s*\\*["']?value\\*["']?\s*:\s*\\*["']?)(?P<value>[^\s,"'\\}\]]+)"#,
    )
});
/// `--password X`; not the end of a name, as in `secret "api-token" not found`.
static FLAG: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)\B(?P<flag>--?[a-z][\w\-]*)(?P<gap>["']?,?[ \t]+["']?)(?P<value>[^\s"',\]]+)"#));
/// `scheme://user:password@host`
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r#"([A-Za-z][\w+.\-]*://)([^/\s"'`<>]*)@"#));
static BEARER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(bearer|basic)\s+([\w.~+/=\-]{6,})"));
/// `-u name:password`
static LOGIN: LazyLock<Regex> = LazyLock::new(|| pattern(r#"((?:-u|--user)[ =]["']?[^\s:"']+:)([^\s"']+)"#));
/// A line of a list of users that nobody can read, as a controller repeats it: `error parsing BasicUser: X`.
static USER: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)((?:basic|digest)user:\s*)([^\s"']+)"#));
/// Tokens that are known by their form.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"eyJ[\w\-]{10,}\.[\w\-]+\.[\w\-]*|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w\-]{16,}|xox[abprs]-[\w\-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w\-]{30,}",
    )
});
/// Words that stand behind a flag in a sentence.
const PROSE: [&str; 14] =
    ["is", "and", "or", "the", "to", "for", "in", "of", "with", "as", "from", "that", "asks", "given"];
/// A line of a key in a text is as long as this.
const KEY_LINE: usize = 60;

/// The text without credentials.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let has_key_lines = text.len() >= KEY_LINE && text.lines().any(is_key_line);
    if !has_key_lines && !SIGNS.is_match(text) {
        return Cow::Borrowed(text);
    }
    let clean = lines(text);
    if clean == text { Cow::Borrowed(text) } else { Cow::Owned(clean) }
}

/// What the lines before say about this one.
#[derive(Default)]
struct State {
    /// Within a private key.
    in_key: bool,
    /// Below a field whose value goes over several lines, that is indented so far.
    below: Option<usize>,
    /// The document is a Secret.
    is_secret: bool,
    /// Below its values, which are indented so far.
    values: Option<usize>,
    /// A variable was named whose value is a secret: `name: DB_PASSWORD`, and `value: X` on the next line.
    named: bool,
}

fn lines(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut state = State { is_secret: is_secret_document(text), ..State::default() };
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let (line, end_of_line) = rest[..end].split_at(rest[..end].trim_end_matches('\n').len());
        if line.trim_end() == "---" {
            state = State { is_secret: is_secret_document(&rest[end..]), ..State::default() };
        }
        clean.push_str(&one(line, &mut state));
        clean.push_str(end_of_line);
        rest = &rest[end..];
    }
    clean
}

/// Whether the document at the text's begin is a Secret, in whatever order its fields are.
fn is_secret_document(text: &str) -> bool {
    let document = text.lines().take_while(|line| line.trim_end() != "---");
    let mut kinds = document.filter_map(|line| line.trim_start_matches(['+', '-', ' ']).strip_prefix("kind:"));
    kinds.any(|kind| kind.trim().trim_matches(['"', '\'']) == "Secret")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(['+', '-', ' ', '\t']).len()
}

fn one<'a>(line: &'a str, state: &mut State) -> Cow<'a, str> {
    let hidden = |line: &str| Cow::Owned(format!("{}{HIDDEN}", &line[..indent(line)]));
    if state.in_key {
        state.in_key = !line.contains("-----END");
        return hidden(line);
    }
    if line.contains("-----BEGIN") && line.contains("PRIVATE KEY") {
        state.in_key = !line.contains("-----END");
        let before = line.split("-----BEGIN").next().unwrap_or_default();
        return Cow::Owned(format!("{before}{HIDDEN}"));
    }
    if is_key_line(line) {
        return hidden(line);
    }
    if line.trim().is_empty() {
        return Cow::Borrowed(line);
    }
    if let Some(above) = state.below {
        if indent(line) > above {
            return hidden(line);
        }
        state.below = None;
    }
    if state.is_secret {
        if state.values.is_some_and(|above| indent(line) > above) {
            return match line.find(": ") {
                Some(at) => Cow::Owned(format!("{}: {HIDDEN}", &line[..at])),
                None if line.trim_end().ends_with(':') => Cow::Borrowed(line),
                None => hidden(line),
            };
        }
        let field = line.trim_start_matches(['+', '-', ' ']).trim_end();
        state.values = matches!(field, "data:" | "stringData:").then(|| indent(line));
    }
    as_json(line).map_or_else(|| as_yaml(line, state), Cow::Owned)
}

/// Lines that are JSON are cleaned as such: what is quoted in what is quoted is seen there.
fn as_json(line: &str) -> Option<String> {
    let trimmed = line.trim();
    if !trimmed.starts_with('{') || !trimmed.ends_with('}') {
        return None;
    }
    let mut value: Value = serde_json::from_str(trimmed).ok()?;
    let before = value.clone();
    clean_value(&mut value);
    Some(if value == before { line.to_string() } else { line.replace(trimmed, &value.to_string()) })
}

fn as_yaml<'a>(line: &'a str, state: &mut State) -> Cow<'a, str> {
    if let Some(found) = YAML.captures(line) {
        let (key, value) = (&found["key"], found["value"].trim_end());
        if key == "value" && state.named && !is_reference(value) {
            return Cow::Owned(format!("{}{HIDDEN}", &found["head"]));
        }
        // A diff has the old value and the new one below one name.
        if key != "value" {
            state.named = key == "name" && is_secret(value.trim_matches(['"', '\'']));
        }
        if is_secret(key) && !is_word(key) {
            if value.starts_with(['|', '>']) && value.len() <= 3 {
                state.below = Some(indent(line));
                return Cow::Borrowed(line);
            }
            // What follows a list or an object in one line is looked at below.
            if !is_reference(value) && !value.contains(" -> ") {
                return Cow::Owned(format!("{}{HIDDEN}", &found["head"]));
            }
        }
    }
    words(line)
}

/// A sentence begins with a capital, a field hardly ever.
fn is_word(key: &str) -> bool {
    key.starts_with(char::is_uppercase) && key.chars().any(char::is_lowercase)
}

/// What takes the place of what a pattern found.
type Replace<'a> = &'a dyn Fn(&Captures<'_>) -> String;

fn words(line: &str) -> Cow<'_, str> {
    let start = line.len() - line.trim_start_matches(['+', '-', ' ', '\t', '"', '\'', '{']).len();
    let mut clean = TOKEN.replace_all(line, HIDDEN);
    let steps: [(&Regex, Replace<'_>); 7] = [
        (&PAIR, &pair),
        (&KEYED, &|found| keyed(found, start)),
        (&FLAG, &flag),
        (&ADDRESS, &address),
        (&BEARER, &bearer),
        (&LOGIN, &|found| format!("{}{HIDDEN}", &found[1])),
        (&USER, &|found| format!("{}{HIDDEN}", &found[1])),
    ];
    for (pattern, replace) in steps {
        if let Cow::Owned(next) = pattern.replace_all(&clean, replace) {
            clean = Cow::Owned(next);
        }
    }
    clean
}

fn pair(found: &Captures<'_>) -> String {
    let is_harmless = !is_secret(&found["name"]) || is_reference(&found["value"]);
    if is_harmless { found[0].into() } else { format!("{}{HIDDEN}", &found["head"]) }
}

fn keyed(found: &Captures<'_>, start: usize) -> String {
    let (key, mid, value) = (&found["key"], &found["mid"], &found["value"]);
    let is_prose = mid.ends_with(' ')
        && found.name("key").is_some_and(|at| at.start() > start || is_word(key))
        && value.trim_end_matches(['.', '!', ':']).chars().all(|c| c.is_ascii_lowercase());
    if !is_secret(key) || is_reference(value) || is_prose || mid.contains(':') && value.starts_with("//") {
        return found[0].to_string();
    }
    let quote: String = value.chars().take_while(|c| matches!(c, '\\' | '"' | '\'')).collect();
    let closed = !quote.is_empty() && value.len() > quote.len() && value.ends_with(&quote);
    format!("{key}{mid}{quote}{HIDDEN}{}", if closed { quote.as_str() } else { "" })
}

fn flag(found: &Captures<'_>) -> String {
    let (flag, value) = (&found["flag"], &found["value"]);
    let is_placeholder = value.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let is_harmless = value.starts_with('-') || is_placeholder || is_reference(value) || PROSE.contains(&value);
    if !is_secret(flag) || is_harmless { found[0].into() } else { format!("{flag}{}{HIDDEN}", &found["gap"]) }
}

fn address(found: &Captures<'_>) -> String {
    let (scheme, login) = (&found[1], &found[2]);
    match login.split_once(':') {
        Some((_, "")) => found[0].into(),
        Some((user, _)) => format!("{scheme}{user}:{HIDDEN}@"),
        // A name alone is no secret, a token in its place is.
        None if login.len() < 12 && !login.bytes().any(|byte| byte.is_ascii_digit()) => found[0].into(),
        None => format!("{scheme}{HIDDEN}@"),
    }
}

fn bearer(found: &Captures<'_>) -> String {
    let is_token = found[2].len() >= 16 || found[2].bytes().any(|byte| byte.is_ascii_digit());
    if is_token { format!("{} {HIDDEN}", &found[1]) } else { found[0].into() }
}

/// A whole line of base64, as keys have it: letters of both cases and digits, and nothing else.
fn is_key_line(line: &str) -> bool {
    let line = line.trim_start_matches(['+', '-', ' ']).trim_end();
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    line.len() >= KEY_LINE
        && line.bytes().all(is_base64)
        && line.bytes().any(|byte| byte.is_ascii_uppercase())
        && line.bytes().any(|byte| byte.is_ascii_lowercase())
        && line.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "canary-7f3a";

    #[test]
    fn texts_lose_credentials() {
        let jwt = format!("eyJhbGciOiJSUzI1NiJ9.{CANARY}.c2lnbmF0dXJl");
        for text in [
            format!("connecting with password={CANARY} to db"),
            format!("Authorization: Bearer {CANARY}"),
            format!("authorization: {CANARY}"),
            format!("postgres://app:{CANARY}@db:5432/app refused"),
            format!("cannot fetch https://{CANARY}-0123456789@git.example.org/a.git"),
            format!(r#"{{"level":"info","token":"{CANARY}","a":1}}"#),
            format!(r#"{{"msg":"body {{\"password\":\"{CANARY}\"}}"}}"#),
            format!(r#"2026 INFO request body={{\"client_secret\": \"{CANARY}\"}}"#),
            format!("{{'password': '{CANARY}'}}"),
            format!("curl -H Bearer {CANARY}"),
            format!("curl -u admin:{CANARY} https://x"),
            format!(r#"ERR error="error parsing BasicUser: {CANARY}" entryPointName=web"#),
            format!("psql --password {CANARY} -h db"),
            format!(r#"args: ["--password", "{CANARY}"]"#),
            format!("export PGPASSWORD={CANARY}; psql"),
            format!("GET /a?user=b&access_token={CANARY}&c=d"),
            format!("jwt {jwt} end"),
            format!("spec.password: old-{CANARY} -> {CANARY}"),
            format!("+  password: {CANARY}\n-  password: 'two {CANARY} words'"),
            format!("  adminPassword: three words {CANARY}"),
            format!("  password: |\n    {CANARY}\n    more {CANARY}\n  user: me"),
            format!(
                "apiVersion: v1\ndata:\n  user: {CANARY}\n  file: |\n    {CANARY}\nkind: Secret\nmetadata:\n  name: s"
            ),
            format!("  env:\n  - name: DB_PASSWORD\n-    value: {CANARY}\n+    value: new {CANARY}\n"),
            format!("env: [{{name: DB_PASSWORD, value: {CANARY}}}]"),
            format!(r#"applied "env":[{{"name":"API_TOKEN","value":"{CANARY}"}}] now"#),
            format!("+kind: Secret\n+stringData:\n+  url: {CANARY}\n"),
            format!("-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----\ndone"),
            format!("{}{}", "Zm9vYmFyNDU2".repeat(5), "\nnext"),
        ] {
            let clean = clean(&text);
            assert!(!clean.contains(CANARY) && !clean.contains("Zm9vYmFyNDU2Zm9v"), "{text}\nbecame\n{clean}");
            assert_eq!(clean.lines().count(), text.lines().count(), "{text}\nbecame\n{clean}");
        }
    }

    #[test]
    fn what_is_beside_them_stays() {
        let text = "start\npassword=abc ok\nuser: me\npostgres://me:x1@db:5432/x\n  secretName: db\nend";
        assert_eq!(
            clean(text),
            "start\npassword=<hidden> ok\nuser: me\npostgres://me:<hidden>@db:5432/x\n  secretName: db\nend"
        );
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "The token is in Secret gitea/portal, key `token`.",
            "Use a bearer token per client.",
            "https://localhost:8443/argocd",
            "max_tokens: 2000",
            "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
            "2026-01-02T03:04:05Z error: connect ECONNREFUSED db:5432 (retry=3)",
            "failed to fetch oauth token: unauthorized",
            "couldn't find key password in Secret demo/db",
            r#"secret "db" not found"#,
            r#"secret "api-token" not found"#,
            "WRONGPASS invalid username-password pair or user is disabled.",
            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "password: ${PASSWORD}",
            "automountServiceAccountToken: false",
            "- name: COLOR\n  value: blue",
            "ssh://git@git.example.org/a.git",
            "Secret: its values are never read.",
            "| `--no-token` | Let clients in without a token |",
        ] {
            assert_eq!(clean(text), text);
        }
    }
}
