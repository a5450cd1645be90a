//! Routes with their description: a handler that is not described has no route, and the other way round.

use super::access::{Role, require_admin, require_reader};
use super::app::App;
use super::error::{ErrorCode, ErrorView};
use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, on};
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ContentBuilder, Info, License, OpenApi, Paths, Ref, RefOr, ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, Path, ToSchema};

/// The routes of the interface while they are put together.
pub(super) struct Routes {
    open: Router<App>,
    /// Those for readers, by whom they are for.
    private: [(Role, Router<App>); 3],
    admin: Router<App>,
    paths: Paths,
    schemas: Vec<(String, RefOr<Schema>)>,
    names: Vec<String>,
}

/// Whom a route is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Everybody,
    Readers(Role),
    Administrators,
}

/// What `utoipa::path` makes of a handler.
pub(super) trait Described: Path + SchemaReferences + for<'t> Tags<'t> {}

impl<P: Path + SchemaReferences + for<'t> Tags<'t>> Described for P {}

const TITLE: &str = "Remit";
const ABOUT: &str = "The HTTP interface of a Remit ledger. Ids and hashes are lower-case hexadecimal, amounts are \
    decimal strings in minor units of their unit, times are unix times in seconds (`_s`) or milliseconds (`_ms`). \
    What is signed is CBOR and described in the specification; JSON is a view of it. Nothing here has to be believed: \
    whatever the ledger says can be checked against its signed checkpoint.";
/// The groups of operations, in the order in which people read them.
const GROUPS: [(&str, &str); 13] = [
    ("Submitting", "What is signed goes in here."),
    ("Search", "Entries by agent, service, issuer, unit, token, kind and time; names."),
    ("Tokens", "What tokens allow, what proves them, what happened to them."),
    ("Approvals", "What waits for somebody's yes."),
    ("Trade", "What is for sale, for how much, and who could take it away."),
    ("Value", "What is held for payees and what they took."),
    ("Parties and units", "Who issues and who serves, and in what is counted."),
    ("Verification", "Verdicts for those who have no verifier of their own."),
    ("Log", "Where the ledger stands; its checkpoint and its tiles."),
    ("Entries", "Entries, what stands beside them, their proofs, and the stream to replay."),
    ("Watching", "Whether it lives, whether it is ready, what it counts."),
    ("Administration", "What only those do who run the server."),
    ("Description", "This interface, for programs and for people."),
];
const BEARER: &str = "bearer";
const CERTIFICATE: &str = "certificate";

impl Routes {
    pub(super) fn new() -> Self {
        let mut schemas = Vec::new();
        schemas.push((ErrorView::name().into_owned(), ErrorView::schema()));
        ErrorView::schemas(&mut schemas);
        let private = [Role::Monitoring, Role::Service, Role::Auditor].map(|role| (role, Router::new()));
        let (open, admin) = (Router::new(), Router::new());
        Self { open, private, admin, paths: Paths::default(), schemas, names: Vec::new() }
    }

    /// A route for everybody. The description is what `utoipa::path` made of the handler.
    pub(super) fn open<P: Described, T: 'static>(
        mut self,
        described: P,
        handler: impl Handler<T, App>,
    ) -> Self {
        let (path, filter) = self.describe(described, For::Everybody);
        self.open = self.open.route(&path, on(filter, handler));
        self
    }

    /// A route for readers of this role, and for auditors.
    pub(super) fn private<P: Described, T: 'static>(
        mut self,
        whom: Role,
        described: P,
        handler: impl Handler<T, App>,
    ) -> Self {
        let (path, filter) = self.describe(described, For::Readers(whom));
        self.private = self.private.map(|(role, router)| match role == whom {
            true => (role, router.route(&path, on(filter, handler.clone()))),
            false => (role, router),
        });
        self
    }

    /// A route for administrators.
    pub(super) fn admin<P: Described, T: 'static>(
        mut self,
        described: P,
        handler: impl Handler<T, App>,
    ) -> Self {
        let (path, filter) = self.describe(described, For::Administrators);
        self.admin = self.admin.route(&path, on(filter, handler));
        self
    }

    /// Adds a handler to the document; where its route is, and for which method.
    fn describe<P: Described>(&mut self, _: P, whom: For) -> (String, MethodFilter) {
        let (path, methods, mut operation) = (P::path(), P::methods(), P::operation());
        P::schemas(&mut self.schemas);
        operation.tags = Some(P::tags().into_iter().map(str::to_owned).collect());
        let post = matches!(methods.first(), Some(HttpMethod::Post));
        complete(&mut operation, whom, path.contains('{'));
        let (method, filter) = if post { ("POST", MethodFilter::POST) } else { ("GET", MethodFilter::GET) };
        self.names.push(format!("{method} {path}"));
        let documented = path.replace("{*", "{");
        let mut item = PathItem::default();
        let place = if post { &mut item.post } else { &mut item.get };
        *place = Some(operation);
        match self.paths.paths.get_mut(&documented) {
            Some(known) => known.merge_operations(item),
            None => drop(self.paths.paths.insert(documented, item)),
        }
        (path, filter)
    }

    /// The names of the routes, the document, and the routes themselves.
    pub(super) fn finish(self) -> (Vec<String>, OpenApi, impl FnOnce(App) -> Router<App>) {
        let Self { open, private, admin, paths, schemas, names } = self;
        let mut info = Info::new(TITLE, env!("CARGO_PKG_VERSION"));
        info.description = Some(ABOUT.into());
        let mut license = License::new("Apache-2.0");
        license.identifier = Some("Apache-2.0".into());
        info.license = Some(license);
        let mut document = OpenApi::new(info, paths);
        let mut components = Components::new();
        components.schemas.extend(schemas);
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme(BEARER, bearer);
        let description = Some("A client certificate of the configured authority.".to_owned());
        components
            .add_security_scheme(CERTIFICATE, SecurityScheme::MutualTls { description, extensions: None });
        document.components = Some(components);
        let group = |(name, about)| TagBuilder::new().name(name).description(Some(about)).build();
        document.tags = Some(GROUPS.map(group).to_vec());
        let routes = move |app: App| {
            let admin = admin.route_layer(from_fn_with_state(app.clone(), require_admin));
            private.into_iter().fold(open.merge(admin), |all, (role, router)| {
                all.merge(router.route_layer(from_fn_with_state((app.clone(), role), require_reader)))
            })
        };
        (names, document, routes)
    }
}

/// Adds what holds for every operation: who may, and how errors look.
fn complete(operation: &mut Operation, whom: For, variable: bool) {
    let mut codes = vec![ErrorCode::Internal, ErrorCode::TimeOut];
    let schemes: &[&str] = match whom {
        For::Everybody => &[],
        For::Readers(_) => &[BEARER, CERTIFICATE],
        For::Administrators => &[BEARER],
    };
    if whom != For::Everybody {
        codes.push(ErrorCode::Unauthorised);
        let none: [String; 0] = [];
        operation.security =
            Some(schemes.iter().map(|name| SecurityRequirement::new(*name, none.clone())).collect());
    }
    if let For::Readers(role) = whom {
        let about = operation.description.get_or_insert_default();
        about.push_str(&format!("\n\nFor {}.", role.whom()));
    }
    if whom != For::Everybody {
        codes.push(ErrorCode::Forbidden);
    }
    if variable {
        codes.push(ErrorCode::NotFound);
    }
    for code in codes {
        let key = code.status().to_string();
        operation.responses.responses.entry(key).or_insert_with(|| RefOr::T(error_response(code)));
    }
}

/// How an error is described.
fn error_response(code: ErrorCode) -> utoipa::openapi::Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorView::name()))).build();
    ResponseBuilder::new().description(code.message()).content("application/json", content).build()
}
