//! The log as it is handed to auditors, page by page (docs/http.md).

use super::{Remote, RemoteError};
use crate::store::StoredEntry;
use remit_verifier::cbor::{DecodeError, Reader};
use remit_verifier::limits::{BUNDLE_MEMBERS_MAX, DEPTH_MAX, OBJECT_BYTES_MAX};
use remit_verifier::log::Details;

/// Bytes of one part of details at most.
const PART_BYTES_MAX: usize = OBJECT_BYTES_MAX;
/// Parts of details for links at most: a bundle of operations, each on a whole chain.
const LINK_PARTS_MAX: usize = BUNDLE_MEMBERS_MAX * DEPTH_MAX * 2;

impl Remote {
    /// The entries from `from` on with what stands beside them, up to `limit` or as many as the server sends at once;
    /// none only at the end.
    ///
    /// # Errors
    ///
    /// [`RemoteError`].
    pub fn replay(&self, from: u64, limit: u64) -> Result<Vec<StoredEntry>, RemoteError> {
        let path = format!("/v1/replay?from={from}&limit={limit}");
        let bytes = self.bytes(&path)?;
        decode(&bytes).map_err(|_| RemoteError::Form(path))
    }
}

fn decode(bytes: &[u8]) -> Result<Vec<StoredEntry>, DecodeError> {
    let mut entries = Vec::new();
    let mut reader = Reader::new(bytes, bytes.len())?;
    // The sequence ends where no item begins.
    while reader.array_of(3).is_ok() {
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
