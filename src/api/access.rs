//! Who may read: bearer tokens, of which only the SHA-256 is known here, and client certificates.

use super::app::App;
use super::error::{ApiError, ErrorCode};
use super::limits::BEARER_BYTES_MAX;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_server::tls::TlsInfo;
use remit_verifier::hash::sha256;
use std::hint::black_box;
use std::sync::Arc;

/// Somebody who may read the private parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// His name, for the log.
    pub name: String,
    /// SHA-256 of his token; the token itself is known to him alone.
    pub sha256: [u8; 32],
}

/// How a reader was known; in the log only.
#[derive(Clone, Debug)]
pub(super) struct Caller(pub(super) Arc<str>);

/// Who may read.
pub(super) struct Access {
    public: bool,
    readers: Vec<(Arc<str>, [u8; 32])>,
    client_certificates: bool,
}

impl Access {
    pub(super) fn new(public: bool, readers: Vec<Reader>, client_certificates: bool) -> Self {
        let readers = readers.into_iter().map(|reader| (reader.name.into(), reader.sha256)).collect();
        Self { public, readers, client_certificates }
    }

    /// Who sends this request, if he may read.
    fn caller(&self, headers: &HeaderMap, connection: &Extensions) -> Option<Caller> {
        if self.public {
            return Some(Caller("public".into()));
        }
        self.by_certificate(connection).or_else(|| self.by_token(headers))
    }

    /// The handshake accepted a certificate only if the configured authority issued it.
    fn by_certificate(&self, connection: &Extensions) -> Option<Caller> {
        let info = connection.get::<Arc<TlsInfo>>().filter(|_| self.client_certificates)?;
        let certificate = info.peer_certificates.first()?;
        Some(Caller(format!("certificate {:.16}", sha256(&[certificate]).to_string()).into()))
    }

    fn by_token(&self, headers: &HeaderMap) -> Option<Caller> {
        let mut values = headers.get_all(header::AUTHORIZATION).into_iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.len() > BEARER_BYTES_MAX {
            return None;
        }
        let digest = sha256(&[token.as_bytes()]).0;
        // Every reader is compared with, and every byte, so that the time says nothing.
        let mut found = None;
        for (name, expected) in &self.readers {
            if same(&digest, expected) {
                found = Some(Caller(name.clone()));
            }
        }
        found
    }
}

/// Whether two digests are equal, in a time that does not depend on where they differ.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    black_box(a.iter().zip(b).fold(0, |different, (a, b)| different | (a ^ b))) == 0
}

/// Lets only readers pass.
pub(super) async fn require_reader(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let caller = app.access().caller(request.headers(), request.extensions());
    let caller = caller.ok_or(ErrorCode::Unauthorised)?;
    let mut response = next.run(request).await;
    response.extensions_mut().insert(caller);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().expect("a header"));
        headers
    }

    #[test]
    fn only_the_token_of_a_reader_opens() {
        let readers = ["auditor", "desk"].map(|name| Reader {
            name: name.into(),
            sha256: sha256(&[format!("{name} token").as_bytes()]).0,
        });
        let access = Access::new(false, readers.to_vec(), false);
        let known = |headers: &HeaderMap| access.caller(headers, &Extensions::new()).map(|c| c.0.to_string());
        assert_eq!(known(&with("Bearer auditor token")), Some("auditor".into()));
        assert_eq!(known(&with("bearer desk token")), Some("desk".into()));
        for other in ["Bearer auditor toke", "Bearer ", "Bearer", "Basic desk token", "desk token"] {
            assert_eq!(known(&with(other)), None, "{other}");
        }
        assert_eq!(known(&HeaderMap::new()), None);
        let mut twice = with("Bearer desk token");
        twice.append(header::AUTHORIZATION, "Bearer desk token".parse().expect("a header"));
        assert_eq!(known(&twice), None);
        let long = "x".repeat(BEARER_BYTES_MAX + 1);
        let reader = Reader { name: "long".into(), sha256: sha256(&[long.as_bytes()]).0 };
        let access = Access::new(false, vec![reader], false);
        assert!(access.caller(&with(&format!("Bearer {long}")), &Extensions::new()).is_none());
    }

    #[test]
    fn a_certificate_counts_only_where_an_authority_is_configured() {
        let mut info = TlsInfo::default();
        info.peer_certificates = vec![vec![1, 2, 3]];
        let mut connection = Extensions::new();
        connection.insert(Arc::new(info));
        let known = |configured| {
            Access::new(false, Vec::new(), configured).caller(&HeaderMap::new(), &connection).is_some()
        };
        assert!(known(true) && !known(false));
        assert!(Access::new(true, Vec::new(), false).caller(&HeaderMap::new(), &Extensions::new()).is_some());
    }
}
