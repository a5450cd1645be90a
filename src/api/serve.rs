//! The interface on a socket: accepts, stops accepting, drains, and shuts the ledger down.

use super::app::{App, Served, Settings, blocking};
use super::connections::{Bounds, Limited};
use super::limits::{CONNECTIONS_WAITING_MAX, HANDSHAKE_TIME_MAX, WRITE_BUFFER_BYTES};
use super::router::unopened;
use super::tls::{Tls, TlsError};
use axum::Router;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use rustls::server::ServerConfig;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinError;

/// How long requests in progress may take to finish where no ledger says so.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Why a ledger is no longer served.
#[derive(Debug)]
pub enum ServeError<E> {
    /// The ledger does not open.
    Open(E),
    /// Certificates or keys are not acceptable.
    Tls(TlsError),
    /// The socket failed.
    Socket(io::Error),
    /// The ledger could not be shut down in good order.
    Shutdown,
}

impl<E: fmt::Display> fmt::Display for ServeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Socket(error) => write!(f, "the socket failed: {error}"),
            Self::Shutdown => f.write_str("the ledger could not be shut down in good order"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for ServeError<E> {}

/// Serves a running ledger until `shutdown` is done: then nothing new is accepted, what is in progress is finished, and
/// the ledger is shut down.
///
/// # Errors
///
/// [`ServeError`]; the ledger is shut down all the same.
pub async fn serve(
    listener: TcpListener,
    served: impl Into<Served>,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError<std::convert::Infallible>> {
    let served = served.into();
    let opened = std::future::ready(Ok(Ok(served.clone())));
    run(listener, settings, Some(served), opened, shutdown).await
}

/// As [`serve`], for a ledger that takes its time to open: meanwhile the server lives and is not ready.
///
/// # Errors
///
/// [`ServeError`].
pub async fn serve_opening<E: Send + 'static>(
    listener: TcpListener,
    open: impl FnOnce() -> Result<Served, E> + Send + 'static,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError<E>> {
    let opening = tokio::task::spawn_blocking(open);
    run(listener, settings, None, opening, shutdown).await
}

/// Serves a router that is ready, without TLS, until `shutdown` is done; what is in progress is finished.
pub(super) async fn serve_router(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let_wait(&listener)?;
    let handle = Handle::new();
    let server = listen(listener, None, router, handle.clone(), bounds);
    tokio::pin!(server, shutdown);
    tokio::select! {
        served = &mut server => return served,
        () = &mut shutdown => handle.graceful_shutdown(Some(DRAIN_TIME)),
    }
    server.await
}

/// Serves; `opened` is there before anybody is listened to.
async fn run<E>(
    listener: TcpListener,
    settings: Settings,
    opened: Option<Served>,
    opening: impl Future<Output = Result<Result<Served, E>, JoinError>> + Unpin,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError<E>> {
    let_wait(&listener).map_err(ServeError::Socket)?;
    let tls = settings.tls.as_ref().map(Tls::load).transpose().map_err(ServeError::Tls)?;
    let bounds = Bounds::of(settings.connections);
    let (app, router) = unopened(settings);
    if let Some(served) = opened {
        app.open(served);
    }
    let handle = Handle::new();
    let server = listen(listener, tls, router, handle.clone(), bounds);
    let stop = stop(&app, &handle, opening, shutdown);
    tokio::pin!(server, stop);
    let (served, stopped) = tokio::select! {
        // Before anybody says so, it ends only with its socket.
        served = &mut server => (served, Ok(())),
        stopped = &mut stop => (server.await, stopped),
    };
    app.drain();
    let closed = match app.service().cloned() {
        Ok(service) => blocking(move || service.shutdown()).await.map_err(|_| ServeError::Shutdown),
        Err(_) => Ok(()),
    };
    stopped.and(served.map_err(ServeError::Socket)).and(closed)
}

/// Opens the ledger, waits until it is time to stop, and tells the server.
async fn stop<E>(
    app: &App,
    handle: &Handle<SocketAddr>,
    mut opening: impl Future<Output = Result<Result<Served, E>, JoinError>> + Unpin,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError<E>> {
    tokio::pin!(shutdown);
    let outcome = tokio::select! {
        opened = &mut opening => match take(app, opened) {
            Ok(()) => {
                tracing::info!("ready");
                shutdown.await;
                Ok(())
            }
            error => error,
        },
        // What is being opened is opened to the end, so that it can be shut down in good order.
        () = &mut shutdown => {
            app.drain();
            take(app, opening.await)
        }
    };
    app.drain();
    tracing::info!("stopping: nothing new is accepted");
    handle.graceful_shutdown(Some(app.settings().drain_time));
    outcome
}

/// Takes over what was opened.
fn take<E>(app: &App, opened: Result<Result<Served, E>, JoinError>) -> Result<(), ServeError<E>> {
    let opened = opened.map_err(|error| ServeError::Socket(io::Error::other(error)))?;
    app.open(opened.map_err(ServeError::Open)?);
    Ok(())
}

/// Lets more clients wait to be accepted. The standard library lets 128, and whoever comes beyond
/// them tries again only after a second.
fn let_wait(listener: &TcpListener) -> io::Result<()> {
    Ok(rustix::net::listen(listener, CONNECTIONS_WAITING_MAX)?)
}

async fn listen(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    handle: Handle<SocketAddr>,
    bounds: Bounds,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        None => bounded(listener, NoDelayAcceptor, handle, bounds)?.serve(service).await,
        Some(config) => {
            let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(config));
            let acceptor = acceptor.handshake_timeout(HANDSHAKE_TIME_MAX).acceptor(NoDelayAcceptor);
            bounded(listener, acceptor, handle, bounds)?.serve(service).await
        }
    }
}

/// A server with the bounds that connections have.
fn bounded<A>(
    listener: TcpListener,
    inner: A,
    handle: Handle<SocketAddr>,
    bounds: Bounds,
) -> io::Result<Server<SocketAddr, Limited<A>>> {
    let head = bounds.head;
    let mut server = axum_server::from_tcp(listener)?
        .http1_only()
        .first_request_timeout(head)
        .accept_error_handler(|_, error| tracing::debug!(%error, "a connection was not accepted"))
        .handle(handle.clone())
        .acceptor(Limited::new(inner, handle, bounds));
    server.http_builder().http1().header_read_timeout(head).max_buf_size(WRITE_BUFFER_BYTES);
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn a_burst_of_clients_waits_to_be_accepted() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let_wait(&listener).expect("longer");
        let address = listener.local_addr().expect("an address");
        // Nobody accepts.
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_secs(20)).expect("waits");
        assert_eq!((0..300).map(connect).collect::<Vec<_>>().len(), 300);
    }
}
