//! Lines that tools write.

/// Tells one line. A carriage return takes back what stood before it.
pub(super) fn tell(line: &[u8], mut on_line: impl FnMut(&str)) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    on_line(text.rsplit('\r').next().unwrap_or(text));
}
