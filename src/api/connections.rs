//! How many connections there may be, and how many of them one client may have: a quarter, so that nobody alone keeps
//! everybody else out. Who a client is: see `clients`. Whoever takes nothing of what he is sent is cut off.

use super::clients::counted;
use super::limits::{CLIENT_CONNECTIONS_PART, HEAD_TIME_MAX, WRITE_STALL_MAX};
use axum_server::Handle;
use axum_server::accept::Accept;
use std::collections::HashMap;
use std::future::{Future, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// What connections are bounded by.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// All of them at a time.
    most: usize,
    /// Those of one client.
    of_one: usize,
    /// How long the head of a request may take.
    pub(super) head: Duration,
    /// How long somebody may take nothing of what he is sent.
    stall: Duration,
    /// As whom an address counts, if it does.
    who: fn(IpAddr) -> Option<IpAddr>,
}

impl Bounds {
    /// So many connections, of which one client has its part.
    pub(super) fn of(most: usize) -> Self {
        let of_one = (most / CLIENT_CONNECTIONS_PART).max(1);
        Self { most, of_one, head: HEAD_TIME_MAX, stall: WRITE_STALL_MAX, who: counted }
    }

    /// So many connections, whoever makes them: for what stands behind a proxy, which makes all of them.
    pub(super) fn together(most: usize) -> Self {
        Self { of_one: most, ..Self::of(most) }
    }
}

/// Accepts no more connections than there may be, and of nobody more than his part.
#[derive(Clone)]
pub(super) struct Limited<A> {
    inner: A,
    handle: Handle<SocketAddr>,
    bounds: Bounds,
    clients: Clients,
}

impl<A> Limited<A> {
    pub(super) fn new(inner: A, handle: Handle<SocketAddr>, bounds: Bounds) -> Self {
        Self { inner, handle, bounds, clients: Clients::default() }
    }
}

impl<A, S> Accept<TcpStream, S> for Limited<A>
where
    A: Accept<TcpStream, S>,
    A::Stream: Send + 'static,
    A::Service: Send + 'static,
    A::Future: Send + 'static,
{
    type Stream = Counted<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, A::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // This one is counted already.
        if self.handle.connection_count() > self.bounds.most {
            return Box::pin(ready(Err(io::Error::other("too many connections"))));
        }
        let client = stream.peer_addr().ok().and_then(|peer| (self.bounds.who)(peer.ip()));
        let Some(place) = self.clients.place(client, self.bounds.of_one) else {
            return Box::pin(ready(Err(io::Error::other("too many connections of this client"))));
        };
        let (accepted, stall) = (self.inner.accept(stream, service), self.bounds.stall);
        Box::pin(async move {
            let (inner, service) = accepted.await?;
            Ok((Counted { inner, stall, stalled: None, _place: place }, service))
        })
    }
}

/// How many connections each client has.
#[derive(Clone, Default)]
struct Clients(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection of a client; given back when it is dropped.
struct Place {
    clients: Clients,
    /// Nobody's, if there is no bound.
    client: Option<IpAddr>,
}

impl Clients {
    /// A place for one more, if there is one.
    fn place(&self, client: Option<IpAddr>, most: usize) -> Option<Place> {
        if let Some(client) = client {
            let mut open = self.open();
            let count = open.entry(client).or_default();
            if *count >= most {
                return None;
            }
            *count += 1;
        }
        Some(Place { clients: self.clone(), client })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut open = self.clients.open();
        if let Some(count) = open.get_mut(&client) {
            *count -= 1;
            // Nobody who has none is remembered.
            if *count == 0 {
                open.remove(&client);
            }
        }
    }
}

/// A connection that counts as long as it is open.
pub(super) struct Counted<T> {
    inner: T,
    stall: Duration,
    /// Runs while nothing is taken of what is sent.
    stalled: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

impl<T> Counted<T> {
    /// What writing came to; an error once nothing was taken for too long.
    fn patient<R>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stall = self.stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Counted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Counted<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.patient(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        self.patient(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(context);
        self.patient(context, shut)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, bytes);
        self.patient(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::serve::serve_router;
    use axum::Router;
    use axum::routing::get;
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use tokio::sync::oneshot;

    #[test]
    fn a_client_has_its_part_of_the_connections_and_no_more() {
        let clients = Clients::default();
        let one: Option<IpAddr> = Some([192, 0, 2, 1].into());
        let held: Vec<Place> = (0..3).filter_map(|_| clients.place(one, 3)).collect();
        assert_eq!(held.len(), 3, "at the bound");
        assert!(clients.place(one, 3).is_none(), "one past it");
        assert!(clients.place(Some([192, 0, 2, 2].into()), 3).is_some(), "somebody else");
        assert!((0..9).all(|_| clients.place(None, 3).is_some()), "a proxy on this machine");
        drop(held);
        assert!(clients.open().is_empty(), "nobody is remembered");
        assert!(clients.place(one, 3).is_some());
        assert_eq!((Bounds::of(256).of_one, Bounds::of(8_192).of_one, Bounds::of(1).of_one), (64, 2_048, 1));
    }

    /// What is answered to a request, if anything is.
    fn asked(stream: &mut TcpStream) -> String {
        let mut answer = [0; 256];
        let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let read = stream.write_all(request).and_then(|()| stream.read(&mut answer)).unwrap_or_default();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    /// Readers of the feed that took nothing kept their connections, and what was to be sent to them, for ever.
    #[test]
    fn who_takes_nothing_is_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (told, stop) = oneshot::channel();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let bounds = Bounds { stall: Duration::from_secs(2), ..Bounds::of(8) };
            let long = || async { vec![b'x'; 64 << 20] };
            let router = Router::new().route("/", get(|| async { "here" })).route("/long", get(long));
            let served = serve_router(listener, router, bounds, async { drop::<Result<(), _>>(stop.await) });
            runtime.expect("a runtime").block_on(served)
        });
        let mut idle = TcpStream::connect(address).expect("a connection");
        idle.write_all(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n").expect("asked");
        let mut quick = TcpStream::connect(address).expect("a connection");
        quick.write_all(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("asked");
        let mut all = Vec::new();
        quick.read_to_end(&mut all).expect("who takes it gets all of it");
        assert!(all.len() > 64 << 20);
        // Longer than it may be idle, and whoever reads is never idle for so long, however busy the machine.
        std::thread::sleep(Duration::from_secs(5));
        let mut rest = Vec::new();
        let ended = idle.read_to_end(&mut rest);
        assert!(ended.is_err() || rest.len() < 64 << 20, "{} bytes", rest.len());
        told.send(()).expect("it runs");
        server.join().expect("no panic").expect("served");
    }

    /// 256 connections of one client, on which nothing was said, kept everybody else out.
    #[test]
    fn one_client_leaves_connections_to_the_others() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (told, stop) = oneshot::channel();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            // Every address counts here, those of this machine too.
            let bounds = Bounds { who: Some, ..Bounds::of(8) };
            let router = Router::new().route("/", get(|| async { "here" }));
            let served = serve_router(listener, router, bounds, async { drop::<Result<(), _>>(stop.await) });
            runtime.expect("a runtime").block_on(served)
        });
        let connect = || TcpStream::connect(address).expect("a connection");
        let mut open: Vec<TcpStream> = (0..2).map(|_| connect()).collect();
        assert!(open.iter_mut().all(|stream| asked(stream).contains("here")), "at the bound");
        assert_eq!(asked(&mut connect()), "", "one past it");
        let other = Ipv4Addr::new(127, 0, 0, 2);
        let socket = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let stream = socket.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket.bind((other, 0).into()).expect("another address of this machine");
            socket.connect(address).await.expect("a connection").into_std().expect("a stream")
        });
        let mut stream = stream;
        stream.set_nonblocking(false).expect("blocking");
        assert!(asked(&mut stream).contains("here"), "somebody else");
        drop(open.pop());
        let again = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            asked(&mut connect()).contains("here")
        });
        assert!(again, "what is closed counts no more");
        drop((open, stream));
        told.send(()).expect("it runs");
        server.join().expect("no panic").expect("served");
    }
}
