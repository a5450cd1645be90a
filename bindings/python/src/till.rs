//! Value spent offline (spec 16): leases, the payee's till, the holder's wallet.

use crate::convert::{Argument, Id, hex, plain};
use crate::error::refused;
use crate::policy::Policy;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use remit_verifier::till;
use remit_verifier::types::{LedgerId, Millis, TillId};

/// A lease that stands in the log, for this party; made by `OpenLease.verify`.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct OpenLease(till::OpenLease);

#[pymethods]
impl OpenLease {
    /// Checks a proof of a lease; raises the code of the first check that fails.
    #[staticmethod]
    #[pyo3(signature = (proof, policy, *, now_ms))]
    fn verify(py: Python<'_>, proof: &[u8], policy: &Policy, now_ms: u64) -> PyResult<Self> {
        let open = py.detach(|| till::OpenLease::verify(proof, &policy.0, Millis(now_ms)));
        open.map(Self).map_err(refused)
    }

    /// The lease's id.
    #[getter]
    fn id(&self) -> String {
        hex(&self.0.id().0)
    }

    /// The ledger that it stands in.
    #[getter]
    fn ledger(&self) -> String {
        hex(&self.0.ledger().0)
    }

    /// The till that counts its vouchers.
    #[getter]
    fn till(&self) -> String {
        hex(&self.0.lease().till.0)
    }

    /// How much it is, in minor units.
    #[getter]
    fn amount(&self) -> u64 {
        self.0.lease().amount.0
    }

    /// Of which unit.
    #[getter]
    fn unit(&self) -> String {
        hex(&self.0.lease().unit.0)
    }

    /// Until when vouchers are taken, in seconds.
    #[getter]
    fn spend_until(&self) -> u64 {
        self.0.lease().spend_until.0
    }

    /// Until when it may be settled, in seconds.
    #[getter]
    fn settle_by(&self) -> u64 {
        self.0.lease().settle_by.0
    }

    /// The key that opened it, the only one whose vouchers are taken.
    #[getter]
    fn holder(&self) -> String {
        hex(&self.0.holder().bytes().0)
    }

    /// Most that one use may be, if a link says.
    #[getter]
    fn per_use(&self) -> Option<u64> {
        self.0.per_use().map(|most| most.0)
    }
}

/// What a till keeps of one lease. There is one of it: two copies that both take are two tills.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct Till(till::Till);

#[pymethods]
impl Till {
    /// A till for a lease of which nothing was spent yet.
    #[new]
    fn new(till: Id, lease: &OpenLease) -> PyResult<Self> {
        till::Till::new(TillId(till.0), &lease.0).map(Self).map_err(refused)
    }

    /// Judges a voucher. Gives the till that is to be stored and synced **before anybody is told**, or `None` for the
    /// last voucher again, which is not served again; raises the code of a no.
    #[pyo3(signature = (lease, voucher, arguments=vec![], *, policy, now_ms))]
    fn accept(
        &self,
        lease: &OpenLease,
        voucher: &[u8],
        arguments: Vec<Argument>,
        policy: &Policy,
        now_ms: u64,
    ) -> PyResult<Option<Self>> {
        let shown = plain(arguments);
        match self.0.accept(&lease.0, voucher, &shown, &policy.0, Millis(now_ms)).map_err(refused)? {
            till::Accepted::Taken(till) => Ok(Some(Self(*till))),
            till::Accepted::Repeated => Ok(None),
        }
    }

    /// The till when it takes nothing more: stored before the lease is settled.
    fn close(&self) -> Self {
        Self(self.0.close())
    }

    /// Whether it takes nothing more.
    #[getter]
    fn closed(&self) -> bool {
        self.0.is_closed()
    }

    /// How many vouchers it took.
    #[getter]
    fn number(&self) -> u64 {
        self.0.tally().number()
    }

    /// What they are worth together, in minor units.
    #[getter]
    fn cumulative(&self) -> u64 {
        self.0.tally().cumulative().0
    }

    /// The last one: what the lease is settled with.
    #[getter]
    fn last<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.last().map(|voucher| PyBytes::new(py, voucher))
    }

    /// Decodes what was stored.
    #[staticmethod]
    fn decode(bytes: &[u8]) -> PyResult<Self> {
        till::Till::decode(bytes).map(Self).map_err(refused)
    }

    /// What is to be stored.
    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.encode())
    }
}

/// What a holder keeps of one lease: stored and synced before a voucher leaves. `Holder.voucher` signs.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct Wallet(pub(crate) till::Wallet);

#[pymethods]
impl Wallet {
    /// A wallet by the proof of a lease.
    #[new]
    fn new(ledger: Id, proof: &[u8]) -> PyResult<Self> {
        till::Wallet::new(LedgerId(ledger.0), proof).map(Self).map_err(refused)
    }

    /// The lease's id.
    #[getter]
    fn id(&self) -> String {
        hex(&self.0.id().0)
    }

    /// How many vouchers it signed.
    #[getter]
    fn number(&self) -> u64 {
        self.0.tally().number()
    }

    /// What they are worth together, in minor units.
    #[getter]
    fn cumulative(&self) -> u64 {
        self.0.tally().cumulative().0
    }

    /// The last voucher, to be shown again when no answer came.
    #[getter]
    fn last<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.last().map(|voucher| PyBytes::new(py, voucher))
    }

    /// Takes back the last voucher, which the payee refused; only the last, and only once (`wrong_number`).
    fn take_back(&self) -> PyResult<Self> {
        self.0.take_back().map(Self).map_err(refused)
    }

    /// Decodes what was stored.
    #[staticmethod]
    fn decode(bytes: &[u8]) -> PyResult<Self> {
        till::Wallet::decode(bytes).map(Self).map_err(refused)
    }

    /// What is to be stored.
    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.encode())
    }
}
