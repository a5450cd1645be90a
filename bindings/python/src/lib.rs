//! The native part of the Python package `remit_verifier`: the crate `remit-verifier`, and nothing decided here.

mod convert;
mod describe;
mod error;
mod followed;
mod holder;
mod http;
mod link;
mod policy;
mod till;
mod trees;
mod verdict;
mod witness;

/// Decides offline what an agent may do.
#[pyo3::pymodule]
mod _native {
    use pyo3::prelude::*;
    use remit_verifier::limits;

    #[pymodule_export]
    use super::convert::Argument;
    #[pymodule_export]
    use super::describe::{Chain, condition_holds, describe, describe_submission};
    #[pymodule_export]
    use super::error::{FollowError, PolicyError, ReceiptError, Refused, RemitError, codes, refusal};
    #[pymodule_export]
    use super::followed::{Followed, status_changes};
    #[pymodule_export]
    use super::holder::{Ask, Holder};
    #[pymodule_export]
    use super::http::{Fields, Unrecorded, content_digest, decide, request_digest, written_content_digest};
    #[pymodule_export]
    use super::link::{Allowed, Claims};
    #[pymodule_export]
    use super::policy::Policy;
    #[pymodule_export]
    use super::till::{OpenLease, Till, Wallet};
    #[pymodule_export]
    use super::trees::{
        accept_checkpoint, details_digest, leaf_hash, next_history, status_leaf, tree_root, verifier_key,
        verify_consistency, verify_inclusion, verify_multiproof, verify_receipt,
    };
    #[pymodule_export]
    use super::verdict::{Asked, Case, Subject, Verdict, Verifier, judge_case};
    #[pymodule_export]
    use super::witness::Witness;

    /// The bounds of spec 12 that the Python part keeps: seconds and bytes.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("INVOCATION_VALIDITY_MAX", limits::INVOCATION_VALIDITY_MAX.0)?;
        module.add("APPROVAL_VALIDITY_MAX", limits::APPROVAL_VALIDITY_MAX.0)?;
        module.add("PRESENTATION_BYTES_MAX", limits::PRESENTATION_BYTES_MAX)?;
        module.add("EVIDENCE_BYTES_MAX", limits::EVIDENCE_BYTES_MAX)
    }
}
