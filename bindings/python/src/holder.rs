//! The side that asks: signs invocations, offline links and vouchers (spec 04 §8, 05, 16 §8, 20 §1).

use crate::chain::{Held, held};
use crate::convert::{Argument, Id, hex, path, plain, random, sixteen};
use crate::error::{no_voucher, refused};
use crate::http::Fields;
use crate::link::Claims;
use crate::till::Wallet;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::http::{self, HttpRequest};
use remit_verifier::label;
use remit_verifier::limits::*;
use remit_verifier::object::{self, Invocation, Payment};
use remit_verifier::sign::{LocalSigner, Signer, sign_object};
use remit_verifier::till::Wanted;
use remit_verifier::types::{Amount, Hash, Millis, Nonce, ObjectId, Seconds};
use remit_verifier::verify::Presentation;

/// Holds one key and signs with it.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct Holder(LocalSigner);

/// What is asked of a party; amounts in minor units, deadlines in seconds.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct Ask {
    audience: ObjectId,
    action: String,
    resource: object::Path,
    arguments: Vec<object::Argument>,
    payment: Option<Payment>,
    request_nonce: Option<Nonce>,
    valid_until: Option<Seconds>,
}

/// The id of an object, and its bytes.
type Signed<'py> = (String, Bound<'py, PyBytes>);

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
        Ok(Self {
            audience: ObjectId(audience.0),
            action,
            resource: path(resource)?,
            arguments: plain(arguments),
            payment,
            request_nonce: request_nonce.map(sixteen).transpose()?.map(Nonce),
            valid_until: valid_until.map(Seconds),
        })
    }
}

#[pymethods]
impl Holder {
    /// A key by its seed of 32 bytes, or by an unencrypted PKCS #8 key in PEM.
    #[new]
    fn new(key: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(seed) = key.extract::<[u8; 32]>() {
            return Ok(Self(LocalSigner::from_seed(&seed)));
        }
        let pem = match key.cast::<PyString>() {
            Ok(text) => text.to_cow()?.into_owned(),
            Err(_) => String::from_utf8(key.extract()?)?,
        };
        let key = SigningKey::from_pkcs8_pem(&pem);
        let key =
            key.map_err(|_| PyValueError::new_err("neither a seed of 32 bytes nor a PKCS #8 key in PEM"))?;
        Ok(Self(LocalSigner::from_seed(key.as_bytes())))
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
        let (id, bytes) = self.signed(presentation, ask, request.map(Hash::from), nonce, Millis(now_ms))?;
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
        let (digest, named) = (sha256(&[content.unwrap_or_default()]), sha256(&[presentation]));
        let request = HttpRequest::new(method, authority, target, digest, named).map_err(refused)?;
        let nonce = Nonce(nonce.map_or_else(|| random(py), sixteen)?);
        let (_, invocation) =
            self.signed(presentation, ask, Some(request.digest()), nonce, Millis(now_ms))?;
        let evidence = evidence.map(|evidence| sha256(&[evidence]));
        let arguments = ask.arguments.clone();
        let fields = Fields(http::Fields { invocation, presentation: named, arguments, approvals, evidence });
        let mut headers = fields.written();
        if content.is_some() {
            headers.push(("content-digest", http::written_content_digest(&digest)));
        }
        Ok(headers)
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
        let mut shown = Presentation::decode(presentation).map_err(refused)?;
        let payload = claims.below(&shown, &self.0.public_key(), nonce, Millis(now_ms)).map_err(refused)?;
        let (id, link) = sign_object(&self.0, label::TOKEN, &shown.ledger, &payload)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        shown.tokens.push(&link);
        if shown.tokens.len() > PRESENTATION_TOKENS_MAX {
            return Err(refused(Code::TooMany));
        }
        let longer = shown.encode();
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
            arguments: digests(&plain(arguments)),
            request: request.map(Hash::from),
            nonce: Nonce(nonce.map_or_else(|| random(py), sixteen)?),
            valid_until: valid_until.map_or_else(|| as_long_as_allowed(now), Seconds),
        };
        let (wallet, voucher) = wallet.0.sign(&self.0, &wanted, now).map_err(no_voucher)?;
        Ok((Wallet(wallet), PyBytes::new(py, &voucher)))
    }

    fn __repr__(&self) -> String {
        format!("<Holder {}>", self.public_key())
    }
}

impl Holder {
    fn signed(
        &self,
        presentation: &[u8],
        ask: &Ask,
        request: Option<Hash>,
        nonce: Nonce,
        now: Millis,
    ) -> PyResult<(ObjectId, Vec<u8>)> {
        let shown = Presentation::decode(presentation).map_err(refused)?;
        let Held { id, epoch, holder, .. } = held(&shown).map_err(refused)?;
        if holder != self.0.public_key() {
            return Err(refused(Code::WrongHolder));
        }
        let invocation = Invocation {
            nonce,
            valid_until: ask.valid_until.unwrap_or_else(|| as_long_as_allowed(now)),
            bundle: None,
            token: id,
            epoch,
            audience: ask.audience,
            action: ask.action.clone(),
            resource: ask.resource.clone(),
            arguments: digests(&ask.arguments),
            payment: ask.payment,
            request,
            request_nonce: ask.request_nonce,
            claim: None,
        };
        let payload = invocation.encode();
        // What no decoder takes is not signed.
        Invocation::decode(&payload).map_err(refused)?;
        sign_object(&self.0, label::INVOCATION, &shown.ledger, &payload)
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

/// The latest deadline that a service takes whose clock is not behind.
fn as_long_as_allowed(now: Millis) -> Seconds {
    Seconds(now.seconds().0.saturating_add(INVOCATION_VALIDITY_MAX.0))
}

/// What is signed of arguments, in canonical order.
fn digests(arguments: &[object::Argument]) -> Vec<(String, Hash)> {
    let mut all: Vec<_> = arguments.iter().map(|shown| (shown.name.clone(), shown.digest())).collect();
    all.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
    all
}
