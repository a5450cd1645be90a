//! A ledger over HTTP, as a monitor asks it.

use crate::audit::Source;
use crate::audit::monitor::Ledger;
use crate::cli::session::failure;
use crate::cli::text::hex;
use crate::engine::StoredEntry;
use crate::remote::{Remote, RemoteError};
use remit_verifier::types::{Hash, TreeSize};

/// Statuses by which a server says that it does not let somebody ask, and not what it has.
const NO_ANSWERS: [u16; 3] = [401, 403, 429];

/// A ledger or mirror at an address.
pub(super) struct Asked(pub(super) Remote);

fn why(error: RemoteError) -> String {
    failure(error).to_string()
}

impl Source for Asked {
    fn entries(&mut self, from: u64, limit: u64) -> Result<Vec<StoredEntry>, String> {
        self.0.replay(from, limit).map_err(why)
    }
}

impl Ledger for Asked {
    fn address(&self) -> String {
        self.0.url().into()
    }

    fn checkpoint(&mut self) -> Result<String, String> {
        self.0.text("/checkpoint").map_err(why)
    }

    fn consistency(&mut self, from: TreeSize, to: TreeSize) -> Result<Option<Vec<Hash>>, String> {
        match self.0.json(&format!("/v1/proof/consistency?from={from}&to={to}")) {
            Ok(answer) => {
                let hash = |value: &serde_json::Value| value.as_str().and_then(hex::<32>).map(Hash);
                Ok(answer["hashes"].as_array().and_then(|hashes| hashes.iter().map(hash).collect()))
            }
            Err(RemoteError::Status { status, .. }) if status < 500 && !NO_ANSWERS.contains(&status) => {
                Ok(None)
            }
            Err(error) => Err(why(error)),
        }
    }
}
