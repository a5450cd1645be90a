//! How much of the queue one client may have: a quarter, so that nobody alone keeps everybody else out. And who a
//! client is, for that and for `connections`.
//!
//! A client is an address, of IPv6 a network of 64 bits. Programs on this machine are not counted: one of them may be a
//! proxy, for which this address would be everybody's, and which counts by itself.

use super::app::App;
use super::error::ErrorCode;
use super::limits::{CLIENT_BYTES_MAX, CLIENT_SUBMISSIONS_MAX};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What each client has in progress.
#[derive(Clone, Default)]
pub(super) struct Clients(Arc<Mutex<HashMap<IpAddr, Load>>>);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Load {
    submissions: usize,
    bytes: usize,
}

/// What one request takes of its client's part; given back when it is dropped.
pub(super) struct Share {
    clients: Clients,
    /// Nobody's part, if there is no bound.
    client: Option<IpAddr>,
    load: Load,
}

/// Whose request it is, if the client's part is bounded.
pub(super) struct Client(Option<IpAddr>);

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.and_then(|peer| counted(peer.0.ip()))))
    }
}

impl Client {
    /// The address that counts, if one does.
    pub(super) const fn address(&self) -> Option<IpAddr> {
        self.0
    }

    #[cfg(test)]
    pub(super) fn of(peer: IpAddr) -> Self {
        Self(counted(peer))
    }
}

/// As whom an address counts, if it does.
pub(super) fn counted(peer: IpAddr) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    (!peer.is_loopback()).then(|| match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    })
}

impl Clients {
    /// A part of one submission and so many bytes.
    pub(super) fn share(&self, client: &Client, bytes: usize) -> Result<Share, ErrorCode> {
        let mut share = Share { clients: self.clone(), client: client.0, load: Load::default() };
        share.grow(1, bytes)?;
        Ok(share)
    }

    fn loads(&self) -> MutexGuard<'_, HashMap<IpAddr, Load>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Takes more; if that is too much, keeps what it has.
    pub(super) fn grow(&mut self, submissions: usize, bytes: usize) -> Result<(), ErrorCode> {
        let Some(client) = self.client else { return Ok(()) };
        let mut loads = self.clients.loads();
        let load = loads.entry(client).or_default();
        let grown = Load { submissions: load.submissions + submissions, bytes: load.bytes + bytes };
        if grown.submissions > CLIENT_SUBMISSIONS_MAX || grown.bytes > CLIENT_BYTES_MAX {
            return Err(ErrorCode::ClientBusy);
        }
        *load = grown;
        self.load.submissions += submissions;
        self.load.bytes += bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut loads = self.clients.loads();
        if let Some(load) = loads.get_mut(&client) {
            load.submissions -= self.load.submissions;
            load.bytes -= self.load.bytes;
            // Nobody who has nothing in progress is remembered.
            if *load == Load::default() {
                loads.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(text: &str) -> Client {
        Client(Some(text.parse().expect("an address")))
    }

    #[test]
    fn a_part_is_full_at_its_bounds_and_comes_back() {
        let clients = Clients::default();
        let (one, other) = (client("192.0.2.1"), client("192.0.2.2"));
        let mut share = clients.share(&one, CLIENT_BYTES_MAX).expect("all bytes");
        assert!(clients.share(&one, 1).is_err() && clients.share(&other, 1).is_ok());
        share.grow(CLIENT_SUBMISSIONS_MAX - 1, 0).expect("all submissions");
        assert_eq!(share.grow(1, 0), Err(ErrorCode::ClientBusy));
        assert!(clients.share(&one, 0).is_err() && clients.share(&Client(None), 1).is_ok());
        drop(share);
        assert!(clients.0.lock().expect("a lock").is_empty(), "nobody is remembered");
        clients.share(&one, CLIENT_BYTES_MAX).expect("all of it again");
    }

    /// Who is refused takes nothing, and gives nothing back that he has not taken.
    #[test]
    fn who_is_refused_has_taken_nothing() {
        let clients = Clients::default();
        let one = client("2001:db8::");
        let held = clients.share(&one, CLIENT_BYTES_MAX).expect("all bytes");
        for _ in 0..3 {
            assert!(clients.share(&one, 1).is_err());
        }
        assert!(clients.share(&one, 0).is_ok());
        drop(held);
        assert!(clients.0.lock().expect("a lock").is_empty());
    }
}
