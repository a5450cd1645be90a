//! Exceptions: what was refused, with the stable code of spec 15 or of spec 13.

use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyErr, create_exception};
use remit_verifier::code::Code;
use remit_verifier::receipt;
use remit_verifier::sign::HoldError;
use remit_verifier::till::WalletError;
use remit_verifier::verify::{self, PolicyFileError};

create_exception!(remit_verifier, RemitError, PyException, "Something is refused; `code` says why.");
create_exception!(remit_verifier, Refused, RemitError, "A no by a code of spec 15; also `number`.");
create_exception!(
    remit_verifier,
    FollowError,
    RemitError,
    "An update does not go on from what is followed; `code` is not_since, behind, not_consistent or fork."
);
create_exception!(
    remit_verifier,
    ReceiptError,
    RemitError,
    "A receipt proves nothing here; `code` is other_log or other_size."
);
create_exception!(remit_verifier, PolicyError, RemitError, "The text is no policy file; also `line`, `key`.");

/// The exception of a code.
pub(crate) fn refused(code: impl Into<Code>) -> PyErr {
    let code: Code = code.into();
    let error = Refused::new_err(format!("{}: {}", code.text(), code.meaning()));
    with(error, |py, value| {
        value.setattr("code", code.text())?;
        value.setattr("number", code.number())?;
        value.setattr("reason", code.meaning().into_pyobject(py)?)
    })
}

/// The exception of a text that is no policy file.
pub(crate) fn no_policy(problem: &PolicyFileError) -> PyErr {
    with(PolicyError::new_err(problem.to_string()), |_, value| {
        value.setattr("code", problem.problem.code())?;
        value.setattr("line", problem.line)?;
        value.setattr("key", problem.key)
    })
}

/// The exception of an update that is not accepted (spec 22 §3).
pub(crate) fn not_followed(error: verify::FollowError) -> PyErr {
    if let verify::FollowError::Refused(code) = error {
        return refused(code);
    }
    with(FollowError::new_err(error.to_string()), |_, value| value.setattr("code", error.text()))
}

/// The exception of a receipt that proves nothing (spec 23 §5).
pub(crate) fn no_receipt(error: receipt::ReceiptError) -> PyErr {
    match error {
        receipt::ReceiptError::Decode(error) => refused(error),
        receipt::ReceiptError::Inclusion(_) => refused(Code::BadProof),
        receipt::ReceiptError::Signature => refused(Code::BadSignature),
        receipt::ReceiptError::OtherLog | receipt::ReceiptError::OtherSize => {
            with(ReceiptError::new_err(error.to_string()), |_, value| value.setattr("code", error.text()))
        }
    }
}

/// The exception of a holder who signs nothing.
pub(crate) fn not_signed(error: HoldError) -> PyErr {
    match error {
        HoldError::Refused(code) => refused(code),
        HoldError::Sign(error) => PyValueError::new_err(error.to_string()),
    }
}

/// The exception of a wallet that signs no voucher.
pub(crate) fn no_voucher(error: WalletError) -> PyErr {
    match error {
        WalletError::Refused(code) => refused(code),
        WalletError::Sign(error) => PyValueError::new_err(error.to_string()),
    }
}

/// An exception with attributes. What goes wrong while they are set is raised in its place.
fn with(error: PyErr, set: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> PyResult<()>) -> PyErr {
    Python::attach(|py| match set(py, error.value(py).as_any()) {
        Ok(()) => error.clone_ref(py),
        Err(other) => other,
    })
}

/// All codes: text to number and meaning.
#[pyfunction]
pub(crate) fn codes(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let all = PyDict::new(py);
    for code in Code::ALL {
        all.set_item(code.text(), (code.number(), code.meaning()))?;
    }
    Ok(all)
}

/// The exception of a code by its text, for whoever decides in Python, such as the record of what was served.
#[pyfunction]
pub(crate) fn refusal(code: &str) -> PyResult<PyErr> {
    let known = Code::ALL.iter().find(|known| known.text() == code);
    known.map(|code| refused(*code)).ok_or_else(|| PyValueError::new_err("no such code (spec 15)"))
}
