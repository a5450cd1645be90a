//! Cuts a CBOR sequence (RFC 8742) into its items; what is in them, the ledger decodes.

/// The items of a sequence, in order; `None` if it is none of definite lengths without tags. More than `most` items
/// are not cut: the last one then holds all that is left.
pub(super) fn items(mut bytes: &[u8], most: usize) -> Option<Vec<&[u8]>> {
    let mut items = Vec::new();
    while !bytes.is_empty() && items.len() <= most {
        let (item, rest) = bytes.split_at_checked(item_length(bytes)?)?;
        items.push(item);
        bytes = rest;
    }
    Some(items)
}

/// Bytes of the first item.
fn item_length(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut open) = (0usize, 1u64);
    while open > 0 {
        let (major, argument, head) = head(bytes.get(at..)?)?;
        at = at.checked_add(head)?;
        open -= 1;
        let inside = match major {
            2 | 3 => {
                at = at.checked_add(usize::try_from(argument).ok()?)?;
                0
            }
            4 => argument,
            5 => argument.checked_mul(2)?,
            // A tag has a place in nothing that is submitted.
            6 => return None,
            _ => 0,
        };
        open = open.checked_add(inside)?;
        // Every item that is open has at least one byte.
        if at > bytes.len() || open > (bytes.len() - at) as u64 {
            return None;
        }
    }
    Some(at)
}

/// Major type, argument, and bytes of the head.
fn head(bytes: &[u8]) -> Option<(u8, u64, usize)> {
    let (first, rest) = bytes.split_first()?;
    let (major, info) = (first >> 5, first & 0x1f);
    let wide = match info {
        0..=23 => return Some((major, u64::from(info), 1)),
        24..=27 => 1usize << (info - 24),
        _ => return None,
    };
    let argument = rest.get(..wide)?.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    Some((major, argument, 1 + wide))
}

#[cfg(test)]
mod tests {
    use super::*;
    use remit_verifier::cbor::Writer;

    fn nested() -> Vec<u8> {
        let mut w = Writer::default();
        w.array(4).text("a").bytes(&[7; 300]).map(2).u64(1).null().u64(70_000).array(0).bool(true);
        w.into_bytes()
    }

    #[test]
    fn items_are_cut_where_they_end() {
        let one = nested();
        let bytes = [&one[..], &[0x01], &one].concat();
        assert_eq!(items(&bytes, 512), Some(vec![&one[..], &[0x01], &one]));
        assert_eq!(items(&[], 512), Some(Vec::new()));
        let many = [0x80; 5];
        assert_eq!(items(&many, 3).map(|items| items.len()), Some(4));
    }

    #[test]
    fn every_cut_of_an_item_is_no_sequence() {
        let one = nested();
        for length in 1..one.len() {
            assert_eq!(items(&one[..length], 512), None, "{length}");
        }
    }

    #[test]
    fn lengths_that_lie_are_refused_at_once() {
        for bytes in [
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..],
            &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x9f, 0x01, 0xff],
            &[0x5f, 0x41, 0x00, 0xff],
            &[0xc0, 0x01],
            &[0x1c],
            &[0xff],
        ] {
            assert_eq!(items(bytes, 512), None, "{bytes:02x?}");
        }
    }
}
