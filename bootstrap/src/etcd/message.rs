//! Messages of protocol buffers, as far as one can read them without knowing what they mean: fields by number.

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub number: u64,
    pub value: Value<'a>,
    /// The field as it stands in the message.
    pub raw: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    /// Text, bytes or a message.
    Bytes(&'a [u8]),
    /// A number of 4 or 8 bytes.
    Fixed,
}

/// The fields of a message, in their order. A message that is cut off ends where it is.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let (field, left) = field(rest)?;
        rest = left;
        Some(field)
    })
}

/// The last field of this number that holds bytes: the last one counts.
pub(super) fn bytes(message: &[u8], number: u64) -> Option<&[u8]> {
    let of_number = fields(message).filter(|field| field.number == number);
    of_number.filter_map(|field| if let Value::Bytes(bytes) = field.value { Some(bytes) } else { None }).last()
}

/// The text of a field; what is not there is empty.
pub(super) fn text(message: &[u8], number: u64) -> String {
    String::from_utf8_lossy(bytes(message, number).unwrap_or_default()).into_owned()
}

/// The number of a field; what is not there is 0.
pub(super) fn number(message: &[u8], number: u64) -> u64 {
    let of_number = fields(message).filter(|field| field.number == number);
    of_number
        .filter_map(|field| if let Value::Number(value) = field.value { Some(value) } else { None })
        .last()
        .unwrap_or(0)
}

/// Writes a field that holds bytes.
pub(super) fn put(message: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_number(message, number << 3 | 2);
    put_number(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn put_number(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 & 0x7f | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

fn field(message: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (tag, rest) = varint(message)?;
    let (value, rest) = match tag & 7 {
        0 => varint(rest).map(|(number, rest)| (Value::Number(number), rest))?,
        1 => (Value::Fixed, rest.get(8..)?),
        2 => {
            let (length, rest) = varint(rest)?;
            let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Value::Bytes(bytes), rest)
        }
        5 => (Value::Fixed, rest.get(4..)?),
        _ => return None,
    };
    Some((Field { number: tag >> 3, value, raw: &message[..message.len() - rest.len()] }, rest))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_written() {
        let mut message = vec![0x08, 0x96, 0x01];
        put(&mut message, 2, b"testing");
        put(&mut message, 200, &[7; 300]);
        message.extend([0x25, 1, 2, 3, 4]);
        assert_eq!((number(&message, 1), text(&message, 2).as_str()), (150, "testing"));
        assert_eq!(bytes(&message, 200), Some(&[7; 300][..]));
        assert_eq!(bytes(&message, 3), None);
        let all: Vec<_> = fields(&message).collect();
        assert_eq!(all.iter().map(|field| field.number).collect::<Vec<_>>(), [1, 2, 200, 4]);
        assert_eq!(all.iter().flat_map(|field| field.raw).copied().collect::<Vec<_>>(), message);
    }

    #[test]
    fn what_is_no_message_ends() {
        for broken in [&[0x80][..], &[0x12, 5, 1], &[0x0f], &[0xff; 20], &[0x09, 1]] {
            assert_eq!(fields(broken).count(), 0, "{broken:?}");
        }
    }
}
