//! The other side of the HTTP interface: submits, asks, and checks the proofs that come back. It believes no answer
//! that it can check, and prints nothing.

mod answer;
mod check;
mod replay;

pub use answer::{Accepted, Refused, Reply};
pub use check::{CheckError, check_answer, check_entry, check_refusal};

use serde_json::Value;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

/// Bytes of an answer at most: one thing of a ledger, such as a token or a proof.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The same of an answer in lines.
const TEXT_BYTES_MAX: u64 = 64 * 1024;
/// The same of what has many: pages of lists and of the log, and tiles of 256 entries.
const PAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Characters of each thing that a refusal says at most; what is beyond is cut off.
const REFUSAL_CHARS_MAX: usize = 500;
/// How the paths of such answers begin.
const PAGES: [&str; 9] = [
    "/v1/status",
    "/v1/replay",
    "/tile/",
    "/objects/",
    "/v1/holders/",
    "/v1/approvers/",
    "/v1/offers",
    "/v1/issuers",
    "/v1/tokens/",
];
/// Where the system keeps the certificates that it trusts; the first that is there is read.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Where a ledger is, and what opens it.
#[derive(Clone, Default)]
pub struct Address {
    /// `http://…` or `https://…`.
    pub url: String,
    /// The bearer token of a reader.
    pub bearer: Option<String>,
    /// Certificates (PEM) to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// A client certificate and its key (PEM).
    pub client: Option<(PathBuf, PathBuf)>,
    /// How long one request may take.
    pub timeout: Duration,
}

/// A connection to one ledger.
pub struct Remote {
    agent: ureq::Agent,
    address: Address,
}

/// Why there is no good answer.
#[derive(Debug)]
pub enum RemoteError {
    /// The address is none, or certificates cannot be read: what.
    Setup(String),
    /// Nobody answered: the request may or may not have been carried out.
    Unanswered(String),
    /// The server said no.
    Status {
        /// The HTTP status.
        status: u16,
        /// Its stable code, if the body had one.
        code: String,
        /// What it says.
        message: String,
        /// What it advises.
        hint: Option<String>,
    },
    /// The answer is not of the form that it should have: which request.
    Form(String),
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(what) => f.write_str(what),
            Self::Unanswered(why) => write!(f, "the ledger did not answer: {why}"),
            Self::Status { status, code, message, .. } => write!(f, "{code} ({status}): {message}"),
            Self::Form(what) => write!(f, "{what}: the answer is not of the expected form"),
        }
    }
}

impl std::error::Error for RemoteError {}

impl Remote {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`RemoteError::Setup`].
    pub fn new(mut address: Address) -> Result<Self, RemoteError> {
        let known = address.url.starts_with("http://") || address.url.starts_with("https://");
        if !known {
            return Err(RemoteError::Setup(format!("{} is no http:// or https:// address", address.url)));
        }
        address.url = address.url.trim_end_matches('/').to_owned();
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(address.timeout))
            .user_agent(concat!("remit/", env!("CARGO_PKG_VERSION")));
        if address.url.starts_with("https://") {
            config = config.tls_config(tls(&address)?);
        }
        Ok(Self { agent: config.build().new_agent(), address })
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.address.url
    }

    /// The bytes at a path.
    ///
    /// # Errors
    ///
    /// [`RemoteError`].
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>, RemoteError> {
        let mut request = self.agent.get(format!("{}{path}", self.address.url));
        if let Some(bearer) = &self.address.bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let (status, body) = read(request.call(), most(path))?;
        if (200..300).contains(&status) { Ok(body) } else { Err(refusal(status, &body)) }
    }

    /// The text at a path.
    ///
    /// # Errors
    ///
    /// [`RemoteError`].
    pub fn text(&self, path: &str) -> Result<String, RemoteError> {
        String::from_utf8(self.bytes(path)?).map_err(|_| RemoteError::Form(path.to_owned()))
    }

    /// The JSON at a path.
    ///
    /// # Errors
    ///
    /// [`RemoteError`].
    pub fn json(&self, path: &str) -> Result<Value, RemoteError> {
        serde_json::from_slice(&self.bytes(path)?).map_err(|_| RemoteError::Form(path.to_owned()))
    }

    /// The JSON that a path answers to a request without a body.
    ///
    /// # Errors
    ///
    /// [`RemoteError`].
    pub fn post(&self, path: &str) -> Result<Value, RemoteError> {
        let mut request = self.agent.post(format!("{}{path}", self.address.url));
        if let Some(bearer) = &self.address.bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let (status, body) = read(request.send_empty(), ANSWER_BYTES_MAX)?;
        match serde_json::from_slice(&body) {
            Ok(value) if (200..300).contains(&status) => Ok(value),
            Err(_) if (200..300).contains(&status) => Err(RemoteError::Form(path.to_owned())),
            _ => Err(refusal(status, &body)),
        }
    }

    /// The status and body that a path answers to some text, whatever they are.
    ///
    /// # Errors
    ///
    /// [`RemoteError::Unanswered`].
    pub fn exchange(&self, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>), RemoteError> {
        let request = self.agent.post(format!("{}{path}", self.address.url));
        read(request.content_type("text/plain; charset=utf-8").send(body), TEXT_BYTES_MAX)
    }

    /// The status that the address itself answers to a JSON text, whatever it is. What else it answers is not read.
    ///
    /// # Errors
    ///
    /// [`RemoteError::Unanswered`].
    pub fn tell(&self, json: &str) -> Result<u16, RemoteError> {
        let mut request = self.agent.post(&self.address.url).content_type("application/json");
        if let Some(bearer) = &self.address.bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        match request.send(json) {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) => Err(RemoteError::Unanswered(error.to_string())),
        }
    }

    /// Submits one submission and waits until it is proved. A refusal is an answer, not an error.
    ///
    /// # Errors
    ///
    /// [`RemoteError::Unanswered`] if it may or may not have been applied: submit the very same bytes again.
    pub fn submit(&self, submission: &[u8]) -> Result<Reply, RemoteError> {
        let url = format!("{}/v1/operations?wait=published", self.address.url);
        let request = self.agent.post(url).content_type("application/cbor");
        let (status, body) = read(request.send(submission), ANSWER_BYTES_MAX)?;
        let parsed: Option<Value> = serde_json::from_slice(&body).ok();
        let reply = parsed.as_ref().filter(|_| matches!(status, 200 | 422)).and_then(Reply::read);
        match reply {
            Some(reply) => Ok(reply),
            None if status == 200 => Err(RemoteError::Form("/v1/operations".into())),
            None => Err(refusal(status, &body)),
        }
    }
}

/// Bytes that the answer to a path may have.
fn most(path: &str) -> u64 {
    if PAGES.iter().any(|page| path.starts_with(page)) { PAGE_BYTES_MAX } else { ANSWER_BYTES_MAX }
}

fn read(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    most: u64,
) -> Result<(u16, Vec<u8>), RemoteError> {
    let unanswered = |error: ureq::Error| RemoteError::Unanswered(error.to_string());
    let mut answer = answer.map_err(unanswered)?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(most).read_to_vec().map_err(unanswered)?;
    Ok((status, body))
}

/// The error that a body states, or the status alone.
fn refusal(status: u16, body: &[u8]) -> RemoteError {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &parsed["error"];
    let text = |name: &str| -> Option<String> {
        error[name].as_str().map(|said| said.chars().take(REFUSAL_CHARS_MAX).collect())
    };
    RemoteError::Status {
        status,
        code: text("code").unwrap_or_else(|| "http".into()),
        message: text("message")
            .unwrap_or_else(|| format!("the server answers {status}, and not as a ledger does")),
        hint: text("hint"),
    }
}

fn tls(address: &Address) -> Result<TlsConfig, RemoteError> {
    let roots = match &address.ca {
        Some(path) => path.clone(),
        None => {
            let found = SYSTEM_ROOTS.iter().map(PathBuf::from).find(|path| path.exists());
            found.ok_or_else(|| RemoteError::Setup("no certificates to trust were found".into()))?
        }
    };
    let (roots, _) = pem(&roots)?;
    let mut config = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::new_with_certs(&roots));
    if let Some((certificate, key)) = &address.client {
        let (chain, _) = pem(certificate)?;
        let (_, found) = pem(key)?;
        let key = found.ok_or_else(|| RemoteError::Setup(format!("{}: no private key", key.display())))?;
        config = config.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
    }
    Ok(config.build())
}

/// Certificates and the first private key of a PEM file.
fn pem(
    path: &std::path::Path,
) -> Result<(Vec<Certificate<'static>>, Option<PrivateKey<'static>>), RemoteError> {
    let setup = |what: String| RemoteError::Setup(format!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| setup(error.to_string()))?;
    let (mut certificates, mut key) = (Vec::new(), None);
    for item in parse_pem(&bytes) {
        match item.map_err(|error| setup(error.to_string()))? {
            PemItem::Certificate(certificate) => certificates.push(certificate),
            PemItem::PrivateKey(found) => key = key.or(Some(found)),
            _ => {}
        }
    }
    Ok((certificates, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_refusal_says_is_cut_off_at_its_bound() {
        for (length, kept) in [(499, 499), (500, 500), (501, 500)] {
            let long = "é".repeat(length);
            let body = serde_json::json!({"error": {"code": long, "message": long, "hint": long}});
            let RemoteError::Status { code, message, hint, .. } = refusal(503, body.to_string().as_bytes())
            else {
                panic!("no refusal")
            };
            for said in [code, message, hint.expect("a hint")] {
                assert_eq!(said.chars().count(), kept);
            }
        }
    }
}
