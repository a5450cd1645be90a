//! An entry with what stands beside it, as auditors get it: over HTTP and in exported folders (spec 23 §3).

use super::StoredEntry;
use remit_verifier::cbor::{DecodeError, Reader, Writer};
use remit_verifier::limits::{BUNDLE_MEMBERS_MAX, DEPTH_MAX, OBJECT_BYTES_MAX};
use remit_verifier::log::Details;

/// Bytes of one part of details at most.
const PART_BYTES_MAX: usize = OBJECT_BYTES_MAX;
/// Parts of details for links at most: a bundle of operations, each on a whole chain.
const LINK_PARTS_MAX: usize = BUNDLE_MEMBERS_MAX * DEPTH_MAX * 2;

impl StoredEntry {
    /// The item `[entry, object or null, [common, [link, …]] or null]`.
    pub fn to_item(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(3).bytes(&self.entry);
        match &self.object {
            Some(object) => w.bytes(object),
            None => w.null(),
        };
        match &self.details {
            Some(details) => write_details(&mut w, details),
            None => {
                w.null();
            }
        }
        w.into_bytes()
    }
}

/// Writes `[common, [link, …]]`.
pub fn write_details(w: &mut Writer, details: &Details) {
    w.array(2).bytes(&details.common).list(&details.links, |w, link| {
        w.bytes(link);
    });
}

/// Reads a sequence of items, to its end.
///
/// # Errors
///
/// [`DecodeError`] of the first that is none, and of what is left over behind the last.
pub fn decode_items(bytes: &[u8]) -> Result<Vec<StoredEntry>, DecodeError> {
    let mut entries = Vec::new();
    let mut reader = Reader::new(bytes, bytes.len())?;
    while !reader.is_at_end() {
        reader.array_of(3)?;
        entries.push(read(&mut reader)?);
    }
    Ok(entries)
}

/// Reads `[entry, object or null, [common, [link, …]] or null]` behind its head.
fn read(r: &mut Reader<'_>) -> Result<StoredEntry, DecodeError> {
    let entry = r.bytes(OBJECT_BYTES_MAX)?.to_vec();
    let object = if r.null()? { None } else { Some(r.bytes(OBJECT_BYTES_MAX)?.to_vec()) };
    let details = if r.null()? {
        None
    } else {
        r.array_of(2)?;
        let common = r.bytes(PART_BYTES_MAX)?.to_vec();
        let part = |r: &mut Reader<'_>| r.bytes(PART_BYTES_MAX).map(<[u8]>::to_vec);
        Some(Details { common, links: r.list(LINK_PARTS_MAX, part)? })
    };
    Ok(StoredEntry { entry, object, details })
}
