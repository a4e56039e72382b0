//! The text of files that people wrote, whatever their editor made of it: UTF-8 or UTF-16, with a byte order mark or
//! without.
//!
//! Everything that reads a file of the user's reads it through here. Who writes it back uses the [`Encoding`] that it
//! came in.

use std::borrow::Cow;
use std::path::Path;

use crate::input;

const MARK: char = '\u{feff}';

/// How a file's text was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Encoding {
    units: Units,
    /// Whether a byte order mark stands before it.
    mark: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Units {
    #[default]
    Utf8,
    Utf16Little,
    Utf16Big,
}

/// Bytes that are no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoText {
    /// The first line that cannot be read, from 1.
    pub line: usize,
    said: &'static str,
}

/// Nobody but some editors on purpose writes that.
const UTF_32: &str = "the file is UTF-32 text; save it as UTF-8";

impl std::fmt::Display for NoText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.said)
    }
}

/// The text of a file without its byte order mark, and how it was encoded.
///
/// # Errors
/// The bytes are neither UTF-8 nor UTF-16; if they are UTF-32, the error says so.
pub fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Encoding), NoText> {
    if is_utf_32(bytes) {
        return Err(NoText { line: 1, said: UTF_32 });
    }
    let (units, mark, rest) = units(bytes);
    let text = match units {
        Units::Utf8 => narrow(rest)?,
        Units::Utf16Little => wide(rest, u16::from_le_bytes)?,
        Units::Utf16Big => wide(rest, u16::from_be_bytes)?,
    };
    Ok((text, Encoding { units, mark }))
}

fn units(bytes: &[u8]) -> (Units, bool, &[u8]) {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (Units::Utf8, true, rest),
        [0xFF, 0xFE, rest @ ..] => (Units::Utf16Little, true, rest),
        [0xFE, 0xFF, rest @ ..] => (Units::Utf16Big, true, rest),
        // What people write begins with a letter or sign of ASCII, of which UTF-16 makes a zero byte and another.
        [1..=u8::MAX, 0, ..] => (Units::Utf16Little, false, bytes),
        [0, 1..=u8::MAX, ..] => (Units::Utf16Big, false, bytes),
        _ => (Units::Utf8, false, bytes),
    }
}

/// Whether bytes begin with the byte order mark of UTF-32, which begins as that of UTF-16 does. A zero may stand in no
/// text that people write.
pub fn is_utf_32(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF])
}

/// Whether bytes begin as UTF-16 does, with a byte order mark or without.
pub fn is_utf_16(bytes: &[u8]) -> bool {
    !is_utf_32(bytes) && matches!(units(bytes).0, Units::Utf16Little | Units::Utf16Big)
}

/// The text of bytes whatever they are: what cannot be read becomes the sign for that.
pub fn decode_lossy(bytes: &[u8]) -> Cow<'_, str> {
    match decode(bytes) {
        Ok((text, _)) => text,
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// The text of a file; of one that is to be found somewhere, not of a path that was typed.
///
/// # Errors
/// The file cannot be read, or is no text (of kind `InvalidData`, with the line).
pub fn read(path: &Path) -> std::io::Result<String> {
    of_bytes(&input::file(path)?)
}

/// The text of a file that was named on the command line, which may be a pipe.
///
/// # Errors
/// As [`read`].
pub fn read_given(path: &Path) -> std::io::Result<String> {
    of_bytes(&input::given(path)?)
}

/// The text of all that a reader gives, as standard input.
///
/// # Errors
/// As [`read`].
pub fn read_all(mut reader: impl std::io::Read) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    of_bytes(&bytes)
}

fn of_bytes(bytes: &[u8]) -> std::io::Result<String> {
    let invalid =
        |error: NoText| std::io::Error::new(std::io::ErrorKind::InvalidData, format!("line {}: {error}", error.line));
    decode(bytes).map(|(text, _)| text.into_owned()).map_err(invalid)
}

fn narrow(bytes: &[u8]) -> Result<Cow<'_, str>, NoText> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| NoText {
        line: 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count(),
        said: "the file is neither UTF-8 nor UTF-16 text",
    })
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, NoText> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    let broken = |text: &str, said| NoText { line: 1 + text.matches('\n').count(), said };
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok(letter) => text.push(letter),
            Err(_) => return Err(broken(&text, "the file is broken UTF-16 text: half of a pair is missing")),
        }
    }
    if rest.is_empty() {
        Ok(Cow::Owned(text))
    } else {
        Err(broken(&text, "the file is broken UTF-16 text: it is cut off"))
    }
}

impl Encoding {
    /// The bytes of a text in this encoding.
    pub fn encode(self, text: &str) -> Vec<u8> {
        let mark = if self.mark { MARK.to_string() } else { String::new() };
        let letters = || mark.encode_utf16().chain(text.encode_utf16());
        match self.units {
            Units::Utf8 => [mark.as_bytes(), text.as_bytes()].concat(),
            Units::Utf16Little => letters().flat_map(u16::to_le_bytes).collect(),
            Units::Utf16Big => letters().flat_map(u16::to_be_bytes).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn every_encoding_is_read_and_given_back() {
        let text = "name: é 🎈\r\n# end\n";
        let with = format!("\u{feff}{text}");
        for bytes in [
            text.as_bytes().to_vec(),
            with.as_bytes().to_vec(),
            wide(text, u16::to_le_bytes),
            wide(text, u16::to_be_bytes),
            wide(&with, u16::to_le_bytes),
            wide(&with, u16::to_be_bytes),
        ] {
            let (read, encoding) = decode(&bytes).expect("text");
            assert_eq!(read, text);
            assert_eq!(encoding.encode(&read), bytes, "{encoding:?}");
        }
        assert_eq!(decode(b"").expect("nothing is text").0, "");
        assert_eq!(decode(b"\xff\xfe").expect("a mark alone").0, "");
    }

    #[test]
    fn what_is_no_text_is_told_with_its_line() {
        for (bytes, line, part) in [
            (b"a\nb\xff\n".to_vec(), 2, "neither UTF-8 nor UTF-16"),
            (
                "\u{feff}a\n".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
                1,
                "UTF-32 text; save it as UTF-8",
            ),
            (
                "\u{feff}a\n".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
                1,
                "UTF-32 text; save it as UTF-8",
            ),
            ([&wide("\u{feff}a\n\nb", u16::to_le_bytes)[..], &[0]].concat(), 3, "cut off"),
            ([&wide("\u{feff}a\n", u16::to_be_bytes)[..], &[0xd8, 0]].concat(), 2, "half of a pair"),
        ] {
            let error = decode(&bytes).expect_err("no text");
            assert_eq!(error.line, line, "{error}");
            assert!(error.to_string().contains(part), "{error}");
        }
        assert_eq!(decode_lossy(b"a\xffb"), "a\u{fffd}b");
    }
}
