//! What all stored values are made of: a format byte, numbers, and parts with their length before them.

use super::schema::FORMAT;

/// Bytes that are no key, no record or no record of this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbled;

pub(super) fn number(number: u64) -> Vec<u8> {
    [&[FORMAT], &number.to_be_bytes()[..]].concat()
}

pub(super) fn body(bytes: &[u8]) -> Result<&[u8], Garbled> {
    bytes.strip_prefix(&[FORMAT]).ok_or(Garbled)
}

pub(super) fn put_counted(bytes: &mut Vec<u8>, part: &[u8]) -> Result<(), Garbled> {
    let length = u16::try_from(part.len()).map_err(|_| Garbled)?;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part);
    Ok(())
}

pub(super) fn counted(bytes: &[u8]) -> Result<(&[u8], &[u8]), Garbled> {
    let (length, rest) = bytes.split_first_chunk().ok_or(Garbled)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(Garbled)
}
