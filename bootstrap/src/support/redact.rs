//! Secrets are taken out of whatever is written: those that are known, in every form, and what looks like one.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use regex::bytes::Regex;

/// What stands where a secret was.
pub(super) const REMOVED: &str = "[removed]";
/// What is shorter is everywhere, and no secret.
const SHORTEST: usize = 4;
/// What is shorter is looked for as a whole word: it may be a part of many.
const WORD: usize = 8;
/// In such lines base64 is broken by programs that do: MIME and PEM.
const BROKEN_AT: [usize; 2] = [76, 64];
/// Values that say nothing. Everything else that a Secret has is one.
const PLAIN: [&str; 6] = ["true", "false", "null", "none", "default", "Opaque"];

/// Secrets' values, as they are collected.
#[derive(Default)]
pub(super) struct Secrets {
    forms: BTreeSet<Vec<u8>>,
}

impl Secrets {
    /// Adds a value: it is looked for as it is, line by line, as JSON and URLs write it, and in base64, wherever in a
    /// longer text it may begin.
    pub(super) fn add(&mut self, value: &[u8]) {
        let value = value.trim_ascii();
        if value.len() < SHORTEST || PLAIN.iter().any(|plain| plain.as_bytes() == value) {
            return;
        }
        for line in value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
            // The frame of a PEM file is the same everywhere.
            if line.len() >= SHORTEST && !line.starts_with(b"-----") {
                self.line(line);
            }
        }
        self.base64(value);
    }

    fn line(&mut self, line: &[u8]) {
        self.forms.insert(line.to_vec());
        let Ok(text) = std::str::from_utf8(line) else { return };
        let json = serde_json::to_string(text).unwrap_or_default();
        self.forms.insert(json.trim_matches('"').as_bytes().to_vec());
        let encoded = url_encoded(text);
        self.forms.insert(encoded.to_lowercase().into_bytes());
        self.forms.insert(encoded.into_bytes());
    }

    fn base64(&mut self, value: &[u8]) {
        for alphabet in [&STANDARD, &URL_SAFE] {
            let whole = alphabet.encode(value);
            for width in BROKEN_AT {
                let lines = whole.as_bytes().chunks(width).filter(|line| line.len() >= WORD && whole.len() > width);
                self.forms.extend(lines.map(<[u8]>::to_vec));
            }
            self.forms.insert(whole.into_bytes());
            // Three bytes are four letters, so where it begins within three decides how it looks. Letters that have bits of
            // what stands beside it are not looked for.
            for before in 0..3 {
                let padded = [vec![0; before], value.to_vec()].concat();
                let letters = alphabet.encode(&padded).into_bytes();
                let (first, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
                let own = &letters[first..end];
                if own.len() >= WORD {
                    self.forms.insert(own.to_vec());
                }
            }
        }
    }

    /// What finds them.
    pub(super) fn redactor(self) -> Redactor {
        let forms: Vec<_> = self.forms.into_iter().collect();
        let short = forms.iter().map(|form| form.len() < WORD).collect();
        let known =
            AhoCorasick::builder().match_kind(MatchKind::Standard).build(&forms).expect("a few megabytes at most");
        Redactor {
            known,
            short,
            shapes: SHAPES.map(|shape| Regex::new(shape).expect("a regular expression")),
            removed: AtomicUsize::new(0),
        }
    }
}

fn url_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().fold(String::new(), |all, byte| match plain(byte) {
        true => all + char::from(byte).encode_utf8(&mut [0; 4]),
        false => all + &format!("%{byte:02X}"),
    })
}

/// What looks like a secret, though nobody has told of it; the group is what goes.
const SHAPES: [&str; 6] = [
    // Tokens of Kubernetes and of most others.
    r"(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})",
    r"(?i)\bauthorization:?[\s\x22']*(?:bearer|basic|token)\s+([^\s\x22']+)",
    r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{16,})",
    // The password in an address.
    r"[a-z][a-z0-9+.-]*://[^/\s:@\x22']*:([^/\s@\x22']+)@",
    // With which a node joins.
    r"\b([a-z0-9]{6}\.[a-z0-9]{16})\b",
    r"(?i)--?[a-z0-9-]*(?:password|passwd|token|api-key|secret-key|client-secret)[= ]([^\s\x22',]+)",
];

/// Takes secrets out of lines.
pub(super) struct Redactor {
    known: AhoCorasick,
    /// Of each form whether it counts as a whole word alone.
    short: Vec<bool>,
    shapes: [Regex; 6],
    removed: AtomicUsize,
}

impl Redactor {
    /// One line, without its end, as it may be written.
    pub(super) fn line(&self, line: &[u8]) -> Vec<u8> {
        let mut places: Vec<Range<usize>> = self.known_in(line);
        for shape in &self.shapes {
            places.extend(shape.captures_iter(line).filter_map(|found| found.get(1)).map(|found| found.range()));
        }
        if places.is_empty() {
            return line.to_vec();
        }
        places.sort_by_key(|place| (place.start, place.end));
        let (mut written, mut end) = (Vec::with_capacity(line.len()), 0);
        for place in places {
            // What overlaps, or follows without a gap, is one.
            if place.start > end || written.is_empty() {
                written.extend_from_slice(&line[end.min(place.start)..place.start]);
                written.extend_from_slice(REMOVED.as_bytes());
                self.removed.fetch_add(1, Ordering::Relaxed);
            }
            end = end.max(place.end);
        }
        written.extend_from_slice(&line[end..]);
        written
    }

    /// In how many places something was taken out.
    pub(super) fn removed(&self) -> usize {
        self.removed.load(Ordering::Relaxed)
    }

    /// All of them, also those inside of others: one secret may be the beginning of another.
    fn known_in(&self, line: &[u8]) -> Vec<Range<usize>> {
        let found = self.known.find_overlapping_iter(line);
        let found = found.filter(|found| !self.short[found.pattern().as_usize()] || is_word(line, &found.range()));
        found.map(|found| found.range()).collect()
    }
}

fn is_word(line: &[u8], place: &Range<usize>) -> bool {
    let inside = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    !inside(place.start.checked_sub(1).and_then(|before| line.get(before))) && !inside(line.get(place.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(secrets: &[&str], line: &str) -> String {
        let mut known = Secrets::default();
        secrets.iter().for_each(|secret| known.add(secret.as_bytes()));
        String::from_utf8(known.redactor().line(line.as_bytes())).expect("text")
    }

    #[test]
    fn a_value_is_found_in_every_form() {
        let secret = "s3cr3t/pass+word&more";
        for before in ["", "u", "us", "use", "user:"] {
            for after in ["", ":", "::", ":::"] {
                let text = format!("{before}{secret}{after}");
                for form in [text.clone(), STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                    let line = redacted(&[secret], &format!("a {form} b"));
                    assert!(line.contains(REMOVED), "{form}: {line}");
                    assert!(!line.contains(&form) && !line.contains(secret), "{form}: {line}");
                }
            }
        }
        assert_eq!(redacted(&[secret], "x=s3cr3t%2Fpass%2Bword%26more;"), "x=[removed];");
        assert_eq!(redacted(&[secret], "x=s3cr3t%2fpass%2bword%26more;"), "x=[removed];");
        assert_eq!(redacted(&["a\"quoted\"value"], r#"{"x": "a\"quoted\"value"}"#), r#"{"x": "[removed]"}"#);
    }

    #[test]
    fn of_several_lines_each_is_found_and_the_frame_stays() {
        let pem = "-----BEGIN CERTIFICATE-----\nMIIBkTCCATegAwIBAgIUabcdef\nabcdefghijkl\n-----END CERTIFICATE-----\n";
        assert_eq!(redacted(&[pem], "    MIIBkTCCATegAwIBAgIUabcdef"), "    [removed]");
        assert_eq!(redacted(&[pem], "-----BEGIN CERTIFICATE-----"), "-----BEGIN CERTIFICATE-----");
        let whole = STANDARD.encode(pem.trim());
        for width in BROKEN_AT {
            for line in whole.as_bytes().chunks(width) {
                let line = std::str::from_utf8(line).expect("text");
                assert_eq!(redacted(&[pem], line), REMOVED, "{line}");
            }
        }
    }

    #[test]
    fn what_overlaps_goes_as_a_whole() {
        assert_eq!(
            redacted(&["longsecret", "longsecretvalue", "valueandmore"], "-longsecretvalueandmore-"),
            "-[removed]-"
        );
        assert_eq!(redacted(&["firstone", "secondone"], "firstonesecondone firstone"), "[removed] [removed]");
    }

    #[test]
    fn what_is_short_goes_as_a_word_and_what_says_nothing_stays() {
        assert_eq!(redacted(&["admin"], "admin, administrator: /admin/"), "[removed], administrator: /[removed]/");
        assert_eq!(redacted(&["true", "a", "  "], "true a"), "true a");
    }

    #[test]
    fn what_looks_like_a_secret_goes_too() {
        let gone = |line: &str| redacted(&[], line);
        assert_eq!(gone("Authorization: Basic dXNlcjpwdw=="), "Authorization: Basic [removed]");
        assert_eq!(gone("bearer abcdefgh12345678abc"), "bearer [removed]");
        assert_eq!(gone("HTTP_PROXY=http://me:geheim@proxy:3128/"), "HTTP_PROXY=http://me:[removed]@proxy:3128/");
        assert_eq!(gone("token: abcdef.0123456789abcdef"), "token: [removed]");
        assert_eq!(gone("run --admin-password=geheim --token-ttl=1h"), "run --admin-password=[removed] --token-ttl=1h");
        assert_eq!(gone("x eyJhbGciOiJSUzI1.eyJpc3MiOiJrdWJl.c2lnbmF0dXJl y"), "x [removed] y");
        assert_eq!(gone("http://gitea.gitea.svc:3000/a:b@c"), "http://gitea.gitea.svc:3000/a:b@c");
    }
}
