//! The side that asks: signs invocations, offline links and vouchers (spec 04 §8, 05, 16 §8, 20 §1).

use crate::convert::{Argument, Id, hex, path, plain, random, sixteen};
use crate::error::{no_voucher, not_signed, refused};
use crate::link::Claims;
use crate::till::Wallet;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use remit_verifier::object::Payment;
use remit_verifier::sign::{self, Held, LocalSigner, Sent, Signer, argument_digests, as_long_as_taken};
use remit_verifier::till::Wanted;
use remit_verifier::types::{Amount, Hash, Millis, Nonce, ObjectId, Seconds};

/// Holds one key and signs with it.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct Holder(LocalSigner);

/// What is asked of a party; amounts in minor units, deadlines in seconds.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct Ask(sign::Ask);

/// The id of an object, and its bytes.
type Signed<'py> = (String, Bound<'py, PyBytes>);

/// A key by its seed, or in PEM.
pub(crate) fn signer(key: &Bound<'_, PyAny>) -> PyResult<LocalSigner> {
    if let Ok(seed) = key.extract::<[u8; 32]>() {
        return Ok(LocalSigner::from_seed(&seed));
    }
    let pem = match key.cast::<PyString>() {
        Ok(text) => text.to_cow()?.into_owned(),
        Err(_) => String::from_utf8(key.extract()?)?,
    };
    let key = SigningKey::from_pkcs8_pem(&pem);
    let key =
        key.map_err(|_| PyValueError::new_err("neither a seed of 32 bytes nor a PKCS #8 key in PEM"))?;
    Ok(LocalSigner::from_seed(key.as_bytes()))
}

#[pymethods]
impl Ask {
    #[new]
    #[pyo3(signature = (
        audience, action, resource, *, arguments=vec![], amount=None, unit=None, settle_by=None,
        refund_until=None, request_nonce=None, valid_until=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        audience: Id,
        action: String,
        resource: &str,
        arguments: Vec<Argument>,
        amount: Option<u64>,
        unit: Option<Id>,
        settle_by: Option<u64>,
        refund_until: Option<u64>,
        request_nonce: Option<&[u8]>,
        valid_until: Option<u64>,
    ) -> PyResult<Self> {
        let payment = match (amount, unit, settle_by) {
            (Some(amount), Some(unit), Some(settle_by)) => Some(Payment {
                amount: Amount(amount),
                unit: ObjectId(unit.0),
                settle_by: Seconds(settle_by),
                refund_until: refund_until.map(Seconds),
            }),
            (None, None, None) if refund_until.is_none() => None,
            _ => return Err(PyValueError::new_err("amount, unit and settle_by stand together")),
        };
        Ok(Self(sign::Ask {
            audience: ObjectId(audience.0),
            action,
            resource: path(resource)?,
            arguments: plain(arguments),
            payment,
            request_nonce: request_nonce.map(sixteen).transpose()?.map(Nonce),
            valid_until: valid_until.map(Seconds),
        }))
    }
}

#[pymethods]
impl Holder {
    /// A key by its seed of 32 bytes, or by an unencrypted PKCS #8 key in PEM.
    #[new]
    fn new(key: &Bound<'_, PyAny>) -> PyResult<Self> {
        signer(key).map(Self)
    }

    /// The public key, in hexadecimal.
    #[getter]
    fn public_key(&self) -> String {
        hex(&self.0.public_key().0)
    }

    /// Signs an invocation on the last token of a presentation: its id and bytes. `request` is the digest of the
    /// service's own request, if it binds one.
    #[pyo3(signature = (presentation, ask, *, now_ms, request=None, nonce=None))]
    fn invoke<'py>(
        &self,
        py: Python<'py>,
        presentation: &[u8],
        ask: &Ask,
        now_ms: u64,
        request: Option<Id>,
        nonce: Option<&[u8]>,
    ) -> PyResult<Signed<'py>> {
        let nonce = Nonce(nonce.map_or_else(|| random(py), sixteen)?);
        let held = Held::read(presentation).map_err(refused)?;
        let signed = held.invoke(&self.0, &ask.0, request.map(Hash::from), nonce, Millis(now_ms));
        let (id, bytes) = signed.map_err(not_signed)?;
        Ok((hex(&id.0), PyBytes::new(py, &bytes)))
    }

    /// Signs an HTTP request: the headers to send with it, pairs of name and value. The authority is that of the URL
    /// in lower case, `target` its path and query.
    #[pyo3(signature = (
        presentation, ask, *, method, authority, target, content=None, approvals=vec![], evidence=None, now_ms,
        nonce=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn request(
        &self,
        py: Python<'_>,
        presentation: &[u8],
        ask: &Ask,
        method: &str,
        authority: &str,
        target: &str,
        content: Option<&[u8]>,
        approvals: Vec<Vec<u8>>,
        evidence: Option<&[u8]>,
        now_ms: u64,
        nonce: Option<&[u8]>,
    ) -> PyResult<Vec<(&'static str, String)>> {
        let nonce = Nonce(nonce.map_or_else(|| random(py), sixteen)?);
        let approvals: Vec<&[u8]> = approvals.iter().map(Vec::as_slice).collect();
        let sent = Sent { method, authority, target, content, approvals: &approvals, evidence };
        let held = Held::read(presentation).map_err(refused)?;
        held.request(&self.0, &ask.0, &sent, nonce, Millis(now_ms)).map_err(not_signed)
    }

    /// Appends a link for another key to a presentation, without the ledger: no wider than what stands above it, and
    /// good for an hour at most. Gives the longer presentation and the link's id.
    #[pyo3(signature = (presentation, claims, *, now_ms, nonce=None))]
    fn attenuate<'py>(
        &self,
        py: Python<'py>,
        presentation: &[u8],
        claims: &Claims,
        now_ms: u64,
        nonce: Option<&[u8]>,
    ) -> PyResult<(Bound<'py, PyBytes>, String)> {
        let nonce = Nonce(nonce.map_or_else(|| random(py), sixteen)?);
        let held = Held::read(presentation).map_err(refused)?;
        let longer = held.append(&self.0, &claims.0, nonce, Millis(now_ms));
        let (longer, id) = longer.map_err(not_signed)?;
        Ok((PyBytes::new(py, &longer), hex(&id.0)))
    }

    /// Signs the next voucher: the wallet that is to be stored and synced first, and the voucher. Raises the code of
    /// what no till would take, such as `above_leased`, and signs no number twice.
    #[pyo3(signature = (
        wallet, *, amount, action, resource, arguments=vec![], request=None, valid_until=None, now_ms, nonce=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn voucher<'py>(
        &self,
        py: Python<'py>,
        wallet: &Wallet,
        amount: u64,
        action: String,
        resource: &str,
        arguments: Vec<Argument>,
        request: Option<Id>,
        valid_until: Option<u64>,
        now_ms: u64,
        nonce: Option<&[u8]>,
    ) -> PyResult<(Wallet, Bound<'py, PyBytes>)> {
        let now = Millis(now_ms);
        let wanted = Wanted {
            amount: Amount(amount),
            action,
            resource: path(resource)?,
            arguments: argument_digests(&plain(arguments)),
            request: request.map(Hash::from),
            nonce: Nonce(nonce.map_or_else(|| random(py), sixteen)?),
            valid_until: valid_until.map_or_else(|| as_long_as_taken(now), Seconds),
        };
        let (wallet, voucher) = wallet.0.sign(&self.0, &wanted, now).map_err(no_voucher)?;
        Ok((Wallet(wallet), PyBytes::new(py, &voucher)))
    }

    fn __repr__(&self) -> String {
        format!("<Holder {}>", self.public_key())
    }
}
