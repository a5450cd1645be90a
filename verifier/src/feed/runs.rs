//! Changes of a status table as runs of numbers (spec 22 §2).

use crate::cbor::DecodeError;
use crate::state::Status;
use crate::types::StateIndex;
use alloc::vec::Vec;

/// Digits of a number at most.
const DIGITS_MAX: u32 = 9;

/// One run: so many indexes from `first` on have this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: u64,
    pub(super) length: u64,
    pub(super) status: Status,
}

impl Run {
    /// The index after the last.
    pub(super) const fn end(&self) -> u64 {
        self.first.saturating_add(self.length)
    }
}

/// Writes changes; the indexes must increase strictly. [`StatusTable`](super::StatusTable) reads them.
pub fn encode_changes(changes: impl IntoIterator<Item = (StateIndex, Status)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut end, mut open) = (0, None::<Run>);
    for (index, status) in changes {
        match &mut open {
            Some(run) if run.status == status && run.end() == index.0 => {
                run.length = run.length.saturating_add(1);
            }
            _ => {
                put(&mut bytes, &mut end, open);
                open = Some(Run { first: index.0, length: 1, status });
            }
        }
    }
    put(&mut bytes, &mut end, open);
    bytes
}

fn put(bytes: &mut Vec<u8>, end: &mut u64, run: Option<Run>) {
    let Some(run) = run else { return };
    let skipped = run.first.saturating_sub(*end);
    let more = u64::from(run.length > 1);
    put_number(bytes, skipped.saturating_mul(8) | u64::from(run.status as u8) << 1 | more);
    if run.length > 1 {
        put_number(bytes, run.length.saturating_sub(2));
    }
    *end = run.end();
}

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads the runs of a change to a state of so many leaves, in order.
pub(super) struct Runs<'a> {
    rest: &'a [u8],
    /// The run before, to go on behind it.
    before: Option<Run>,
    leaves: u64,
}

impl<'a> Runs<'a> {
    pub(super) const fn new(bytes: &'a [u8], leaves: u64) -> Self {
        Self { rest: bytes, before: None, leaves }
    }

    /// The next run, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Run>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let number = self.number()?;
        let length =
            if number & 1 == 1 { self.number()?.checked_add(2).ok_or(DecodeError::Malformed)? } else { 1 };
        let status = Status::from_bits(((number >> 1) & 3) as u8);
        let (end, last) = self.before.map_or((0, None), |run| (run.end(), Some(run.status)));
        let first = end.checked_add(number >> 3).ok_or(DecodeError::Malformed)?;
        if first.checked_add(length).is_none_or(|end| end > self.leaves) {
            return Err(DecodeError::Malformed);
        }
        if last == Some(status) && first == end {
            return Err(DecodeError::NotCanonical);
        }
        let run = Run { first, length, status };
        self.before = Some(run);
        Ok(Some(run))
    }

    fn number(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0u64;
        for digit in 0..DIGITS_MAX {
            let (byte, rest) = self.rest.split_first().ok_or(DecodeError::Malformed)?;
            self.rest = rest;
            let value = u64::from(*byte & 0x7f);
            number |= value.checked_shl(digit.saturating_mul(7)).unwrap_or(0);
            if *byte & 0x80 == 0 {
                let spare = *byte == 0 && digit > 0;
                return if spare { Err(DecodeError::NotCanonical) } else { Ok(number) };
            }
        }
        Err(DecodeError::Malformed)
    }
}
