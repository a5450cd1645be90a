//! The log as it is handed to auditors, page by page (docs/http.md).

use super::{Remote, RemoteError};
use crate::store::{StoredEntry, decode_items};

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
        decode_items(&bytes).map_err(|_| RemoteError::Form(path))
    }
}
