//! Who may read what, and who administers: bearer tokens, of which only the SHA-256 is known here, and client
//! certificates.

use super::app::{App, Settings};
use super::error::{ApiError, ErrorCode};
use super::limits::BEARER_BYTES_MAX;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_server::tls::TlsInfo;
use remit_verifier::hash::sha256;
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::sync::Arc;

/// What a reader may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What the server counts, and nothing of the ledger.
    Monitoring,
    /// What a service needs to decide and to be paid: presentations, evidence, reservations, leases, parties, units.
    Service,
    /// Everything: objects, details, budgets, histories, search.
    #[default]
    Auditor,
}

impl Role {
    /// Whether somebody of this role may read what is for `whom`.
    const fn may_read(self, whom: Self) -> bool {
        matches!(
            (self, whom),
            (Self::Auditor, _) | (Self::Service, Self::Service) | (Self::Monitoring, Self::Monitoring)
        )
    }

    /// Whom a part of the ledger is for.
    pub(super) const fn whom(self) -> &'static str {
        match self {
            Self::Monitoring => "those who monitor it",
            Self::Service => "services",
            Self::Auditor => "its auditors",
        }
    }
}

/// Somebody whom a token of his own lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// His name, for the log.
    pub name: String,
    /// SHA-256 of his token; the token itself is known to him alone.
    pub sha256: [u8; 32],
    /// What it opens; to an administrator's it opens nothing.
    pub role: Role,
}

/// How a reader was known; in the log only.
#[derive(Clone, Debug)]
pub(super) struct Caller(pub(super) Arc<str>);

/// One whose token is known.
struct Known {
    name: Arc<str>,
    digest: [u8; 32],
    role: Role,
}

type Tokens = Vec<Known>;

/// Who may what.
pub(super) struct Access {
    public: bool,
    readers: Tokens,
    admins: Tokens,
    /// What clients with a certificate may read, where an authority for them is configured.
    certificates: Option<Role>,
}

impl Access {
    pub(super) fn new(settings: &Settings, client_certificates: bool) -> Self {
        let known =
            |one: &Reader| Known { name: one.name.as_str().into(), digest: one.sha256, role: one.role };
        let tokens = |all: &[Reader]| all.iter().map(known).collect::<Tokens>();
        let (readers, admins) = (tokens(&settings.readers), tokens(&settings.admins));
        let certificates = client_certificates.then_some(settings.client_role);
        Self { public: settings.public, readers, admins, certificates }
    }

    /// Who sends this request, if he may read what is for `whom`. Who has a token and a certificate may what either
    /// lets him.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Forbidden`] for somebody who is known and may read other parts.
    fn caller(&self, headers: &HeaderMap, connection: &Extensions, whom: Role) -> Result<Caller, ErrorCode> {
        if self.public {
            return Ok(Caller("public".into()));
        }
        let known = [self.by_certificate(connection), by_token(&self.readers, headers)];
        if known.iter().all(Option::is_none) {
            return Err(ErrorCode::Unauthorised);
        }
        let mut may = known.into_iter().flatten().filter(|(_, role)| role.may_read(whom));
        may.next().map(|(caller, _)| caller).ok_or(ErrorCode::Forbidden)
    }

    /// The handshake accepted a certificate only if the configured authority issued it.
    fn by_certificate(&self, connection: &Extensions) -> Option<(Caller, Role)> {
        let role = self.certificates?;
        let certificate = connection.get::<Arc<TlsInfo>>()?.peer_certificates.first()?;
        Some((Caller(format!("certificate {:.16}", sha256(&[certificate]).to_string()).into()), role))
    }

    /// Who sends this request, if he may administer.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Forbidden`] for somebody who is known and may only read.
    fn admin(&self, headers: &HeaderMap, connection: &Extensions) -> Result<Caller, ErrorCode> {
        let reads = || self.by_certificate(connection).or_else(|| by_token(&self.readers, headers));
        by_token(&self.admins, headers).map(|(caller, _)| caller).ok_or_else(|| match reads() {
            Some(_) => ErrorCode::Forbidden,
            None => ErrorCode::Unauthorised,
        })
    }
}

/// Whose token a request carries, and what he may read.
fn by_token(tokens: &Tokens, headers: &HeaderMap) -> Option<(Caller, Role)> {
    let mut values = headers.get_all(header::AUTHORIZATION).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.len() > BEARER_BYTES_MAX {
        return None;
    }
    let digest = sha256(&[token.as_bytes()]).0;
    // Every one is compared with, and every byte, so that the time says nothing.
    let mut found = None;
    for known in tokens {
        if same(&digest, &known.digest) {
            found = Some((Caller(known.name.clone()), known.role));
        }
    }
    found
}

/// Whether two digests are equal, in a time that does not depend on where they differ.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    black_box(a.iter().zip(b).fold(0, |different, (a, b)| different | (a ^ b))) == 0
}

/// Lets only readers pass who may read what is for these.
pub(super) async fn require_reader(
    State((app, whom)): State<(App, Role)>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let caller = app.access().caller(request.headers(), request.extensions(), whom).map_err(|code| {
        let says = format!("This part of the ledger is for {}.", whom.whom());
        if code == ErrorCode::Forbidden { ApiError::new(code).says(says) } else { code.into() }
    })?;
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

    /// A connection with a certificate that the handshake accepted.
    fn certified() -> Extensions {
        let mut info = TlsInfo::default();
        info.peer_certificates = vec![vec![1, 2, 3]];
        let mut connection = Extensions::new();
        connection.insert(Arc::new(info));
        connection
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
            role: Role::Auditor,
        });
        let access = access_to(readers.to_vec());
        let known = |headers: &HeaderMap| {
            access.caller(headers, &Extensions::new(), Role::Auditor).ok().map(|caller| caller.0.to_string())
        };
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
        let reader =
            Reader { name: "long".into(), sha256: sha256(&[long.as_bytes()]).0, role: Role::Auditor };
        let access = access_to(vec![reader]);
        let caller = access.caller(&with(&format!("Bearer {long}")), &Extensions::new(), Role::Auditor);
        assert_eq!(caller.err(), Some(ErrorCode::Unauthorised));
    }

    #[test]
    fn each_role_reads_its_own_part_and_an_auditor_all() {
        let roles = [Role::Monitoring, Role::Service, Role::Auditor];
        let readers = roles.map(|role| Reader {
            name: format!("{role:?}"),
            sha256: sha256(&[format!("{role:?}").as_bytes()]).0,
            role,
        });
        let access = access_to(readers.to_vec());
        let (service, certified) = (Role::Service, certified());
        for role in roles {
            for whom in roles {
                let headers = with(&format!("Bearer {role:?}"));
                let caller = access.caller(&headers, &Extensions::new(), whom);
                let may = role == Role::Auditor || role == whom;
                assert_eq!(caller.err(), (!may).then_some(ErrorCode::Forbidden), "{role:?} reads {whom:?}");
            }
        }
        // A certificate has the role that is configured for all of them, and a token counts beside it.
        let access = super::Access { certificates: Some(service), ..access };
        let reads = |headers: &HeaderMap, whom| access.caller(headers, &certified, whom).is_ok();
        assert!(reads(&HeaderMap::new(), service) && !reads(&HeaderMap::new(), Role::Auditor));
        assert!(reads(&with("Bearer Auditor"), Role::Auditor) && reads(&with("Bearer Monitoring"), service));
    }

    #[test]
    fn a_certificate_counts_only_where_an_authority_is_configured() {
        let connection = certified();
        let known = |configured| {
            access(|_| (), configured).caller(&HeaderMap::new(), &connection, Role::Auditor).is_ok()
        };
        assert!(known(true) && !known(false));
        let public = access(|settings| settings.public = true, false);
        assert!(public.caller(&HeaderMap::new(), &Extensions::new(), Role::Auditor).is_ok());
        // Neither makes an administrator.
        let admin = |access: Access| access.admin(&HeaderMap::new(), &connection).map(|caller| caller.0);
        assert_eq!(admin(public), Err(ErrorCode::Unauthorised));
        assert_eq!(admin(access(|_| (), true)), Err(ErrorCode::Forbidden));
    }

    #[test]
    fn an_administrator_has_a_token_of_his_own_that_reads_nothing() {
        let with_token = |name: &str| Reader {
            name: name.into(),
            sha256: sha256(&[name.as_bytes()]).0,
            role: Role::default(),
        };
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
        let caller = access.caller(&with("Bearer runs"), &none, Role::Monitoring);
        assert_eq!(caller.err(), Some(ErrorCode::Unauthorised));
    }
}
