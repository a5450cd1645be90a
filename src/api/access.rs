//! Who may read, and who administers: bearer tokens, of which only the SHA-256 is known here, and client certificates.

use super::app::{App, Settings};
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

/// Somebody whom a token of his own lets in.
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

/// Names with the digests of their tokens.
type Tokens = Vec<(Arc<str>, [u8; 32])>;

/// Who may what.
pub(super) struct Access {
    public: bool,
    readers: Tokens,
    admins: Tokens,
    client_certificates: bool,
}

impl Access {
    pub(super) fn new(settings: &Settings, client_certificates: bool) -> Self {
        let tokens =
            |all: &[Reader]| all.iter().map(|one| (one.name.as_str().into(), one.sha256)).collect::<Tokens>();
        let (readers, admins) = (tokens(&settings.readers), tokens(&settings.admins));
        Self { public: settings.public, readers, admins, client_certificates }
    }

    /// Who sends this request, if he may read.
    fn caller(&self, headers: &HeaderMap, connection: &Extensions) -> Option<Caller> {
        if self.public {
            return Some(Caller("public".into()));
        }
        self.by_certificate(connection).or_else(|| by_token(&self.readers, headers))
    }

    /// The handshake accepted a certificate only if the configured authority issued it.
    fn by_certificate(&self, connection: &Extensions) -> Option<Caller> {
        let info = connection.get::<Arc<TlsInfo>>().filter(|_| self.client_certificates)?;
        let certificate = info.peer_certificates.first()?;
        Some(Caller(format!("certificate {:.16}", sha256(&[certificate]).to_string()).into()))
    }

    /// Who sends this request, if he may administer.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Forbidden`] for somebody who is known and may only read.
    fn admin(&self, headers: &HeaderMap, connection: &Extensions) -> Result<Caller, ErrorCode> {
        let reads = || self.by_certificate(connection).or_else(|| by_token(&self.readers, headers));
        by_token(&self.admins, headers).ok_or_else(|| match reads() {
            Some(_) => ErrorCode::Forbidden,
            None => ErrorCode::Unauthorised,
        })
    }
}

/// Whose token a request carries.
fn by_token(tokens: &Tokens, headers: &HeaderMap) -> Option<Caller> {
    let mut values = headers.get_all(header::AUTHORIZATION).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.len() > BEARER_BYTES_MAX {
        return None;
    }
    let digest = sha256(&[token.as_bytes()]).0;
    // Every one is compared with, and every byte, so that the time says nothing.
    let mut found = None;
    for (name, expected) in tokens {
        if same(&digest, expected) {
            found = Some(Caller(name.clone()));
        }
    }
    found
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

/// Lets only administrators pass.
pub(super) async fn require_admin(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let caller = app.access().admin(request.headers(), request.extensions()).map_err(|code| {
        let says = "This part of the ledger is for its administrators. Send `Authorization: Bearer …` with an \
            administrator's token.";
        ApiError::new(code).says(says)
    })?;
    let mut response = next.run(request).await;
    response.extensions_mut().insert(caller);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use remit_verifier::types::Millis;

    fn access(change: impl FnOnce(&mut Settings), client_certificates: bool) -> Access {
        let mut settings = Settings::new(Arc::new(|| Millis(0)));
        change(&mut settings);
        Access::new(&settings, client_certificates)
    }

    fn access_to(readers: Vec<Reader>) -> Access {
        access(|settings| settings.readers = readers, false)
    }

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
        let access = access_to(readers.to_vec());
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
        let access = access_to(vec![reader]);
        assert!(access.caller(&with(&format!("Bearer {long}")), &Extensions::new()).is_none());
    }

    #[test]
    fn a_certificate_counts_only_where_an_authority_is_configured() {
        let mut info = TlsInfo::default();
        info.peer_certificates = vec![vec![1, 2, 3]];
        let mut connection = Extensions::new();
        connection.insert(Arc::new(info));
        let known = |configured| access(|_| (), configured).caller(&HeaderMap::new(), &connection).is_some();
        assert!(known(true) && !known(false));
        let public = access(|settings| settings.public = true, false);
        assert!(public.caller(&HeaderMap::new(), &Extensions::new()).is_some());
        // Neither makes an administrator.
        let admin = |access: Access| access.admin(&HeaderMap::new(), &connection).map(|caller| caller.0);
        assert_eq!(admin(public), Err(ErrorCode::Unauthorised));
        assert_eq!(admin(access(|_| (), true)), Err(ErrorCode::Forbidden));
    }

    #[test]
    fn an_administrator_has_a_token_of_his_own_that_reads_nothing() {
        let with_token = |name: &str| Reader { name: name.into(), sha256: sha256(&[name.as_bytes()]).0 };
        let access = access(
            |settings| {
                (settings.readers, settings.admins) = (vec![with_token("reads")], vec![with_token("runs")])
            },
            false,
        );
        let none = Extensions::new();
        let admin = |headers: &HeaderMap| access.admin(headers, &none).map(|caller| caller.0.to_string());
        assert_eq!(admin(&with("Bearer runs")), Ok("runs".into()));
        assert_eq!(admin(&with("Bearer reads")), Err(ErrorCode::Forbidden));
        assert_eq!(admin(&with("Bearer other")), Err(ErrorCode::Unauthorised));
        assert_eq!(admin(&HeaderMap::new()), Err(ErrorCode::Unauthorised));
        assert!(access.caller(&with("Bearer runs"), &none).is_none());
    }
}
