//! The native part of the Python package `remit_verifier`: the crate `remit-verifier`, and nothing decided here.

mod chain;
mod convert;
mod error;
mod holder;
mod http;
mod link;
mod policy;
mod till;
mod verdict;

/// Decides offline what an agent may do.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use super::convert::Argument;
    #[pymodule_export]
    use super::error::{PolicyError, Refused, RemitError, codes};
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
    use super::verdict::{Asked, Case, Subject, Verdict, Verifier, judge_case};
}
