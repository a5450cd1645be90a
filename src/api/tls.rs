//! TLS: certificate and key from files, and client certificates of one authority.

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where certificates and keys are; all of them are PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The server's certificate chain, its own first.
    pub certificate: PathBuf,
    /// The key of the first certificate.
    pub key: PathBuf,
    /// Who issues client certificates; whoever shows one of them is a reader. The open parts need none.
    pub client_ca: Option<PathBuf>,
}

/// Why TLS cannot be set up.
#[derive(Debug)]
pub enum TlsError {
    /// The file cannot be read, or holds no such thing.
    File(PathBuf, String),
    /// Certificate and key are not acceptable together.
    Config(rustls::Error),
    /// The authority's certificates are not acceptable.
    ClientCa(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, why) => write!(f, "{}: {why}", path.display()),
            Self::Config(error) => write!(f, "certificate and key: {error}"),
            Self::ClientCa(why) => write!(f, "the authority of client certificates: {why}"),
        }
    }
}

impl std::error::Error for TlsError {}

impl Tls {
    /// Reads the files; HTTP/1.1 over TLS 1.2 or 1.3.
    ///
    /// # Errors
    ///
    /// [`TlsError`].
    pub fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        // Whoever is first sets it; it is the same everywhere in this program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unreadable(&self.key, &error))?;
        let builder = ServerConfig::builder();
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(|error| TlsError::ClientCa(error.to_string()))?;
                }
                let verifier = WebPkiClientVerifier::builder(roots.into()).allow_unauthenticated().build();
                builder.with_client_cert_verifier(
                    verifier.map_err(|error| TlsError::ClientCa(error.to_string()))?,
                )
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(TlsError::Config)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn unreadable(path: &Path, error: &rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File(path.to_owned(), error.to_string())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let items = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, &error))?;
    let found: Vec<_> = items.collect::<Result<_, _>>().map_err(|error| unreadable(path, &error))?;
    if found.is_empty() { Err(TlsError::File(path.to_owned(), "no certificate".into())) } else { Ok(found) }
}
