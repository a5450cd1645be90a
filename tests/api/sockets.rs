//! The interface on real sockets: plain, over TLS, with client certificates; opening, draining, bounds on bodies.

use crate::desk::{Desk, TOKEN};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use remit::api::limits::{
    SUBMISSIONS_BYTES_AT_ONCE_MAX, SUBMISSIONS_BYTES_MAX, VERIFY_BYTES_AT_ONCE_MAX, VERIFY_BYTES_MAX,
};
use remit::api::{Reader, Role, ServeError, Served, Settings, Tls, serve, serve_opening};
use remit::ledger::queue_limits::QUEUE_BYTES_MAX;
use remit::ledger::{LedgerError, Service};
use remit::remote::{Address, Remote, RemoteError};
use remit_verifier::hash::sha256;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that runs until it is told to stop.
struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Result<(), String>>,
}

fn socket() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

fn settings(desk: &Desk) -> Settings {
    let now = desk.world.now;
    let mut settings = Settings::new(Arc::new(move || now));
    settings.readers =
        vec![Reader { name: "auditor".into(), sha256: sha256(&[TOKEN.as_bytes()]).0, role: Role::Auditor }];
    settings
}

impl Running {
    fn start(desk: &Desk, settings: Settings) -> Self {
        let (listener, address) = socket();
        let (stop, stopped) = oneshot::channel::<()>();
        let service = desk.service.clone();
        let served = async move {
            let shutdown = async { drop(stopped.await) };
            serve(listener, service, settings, shutdown).await.map_err(|error| error.to_string())
        };
        Self { address, stop: Some(stop), served: tokio::spawn(served) }
    }

    async fn stop(mut self) -> Result<(), String> {
        drop(self.stop.take());
        self.served.await.expect("no panic")
    }
}

/// Runs what waits in a thread of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic")
}

fn remote(scheme: &str, address: SocketAddr, change: impl FnOnce(&mut Address)) -> Remote {
    let mut at = Address {
        url: format!("{scheme}://localhost:{}", address.port()),
        timeout: Duration::from_secs(60),
        ..Address::default()
    };
    change(&mut at);
    Remote::new(at).expect("an address")
}

fn code<T: std::fmt::Debug>(answer: Result<T, RemoteError>) -> (u16, String) {
    match answer {
        Err(RemoteError::Status { status, code, .. }) => (status, code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_plain_http_until_it_is_told_to_stop() {
    let mut desk = Desk::new();
    let running = Running::start(&desk, settings(&desk));
    let (address, ready) = (running.address, desk.party("cafe"));
    let path = format!("/v1/parties/{}", desk.world.issuer);
    let size = blocking(move || {
        let reader = remote("http", address, |at| at.bearer = Some(TOKEN.into()));
        assert!(matches!(reader.submit(&ready.bytes), Ok(remit::remote::Reply::Accepted(_))));
        assert_eq!(reader.json(&path).expect("a party")["issuer"], true);
        let stranger = remote("http", address, |_| ());
        assert_eq!(code(stranger.json(&path)), (401, "unauthorised".into()));
        stranger.json("/v1/log").expect("open")["published"]["size"].as_u64()
    });
    assert_eq!(size.await, Some(desk.service.snapshot().size().0));
    assert_eq!(running.stop().await, Ok(()));
    assert!(TcpStream::connect(address).is_err(), "nothing listens any more");
    assert_eq!(desk.service.sizes().state.text(), "stopped", "the ledger is shut down too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_opens_is_alive_and_not_ready() {
    let desk = Desk::new();
    let (listener, address) = socket();
    let (stop, stopped) = oneshot::channel::<()>();
    let (open, opening) = std::sync::mpsc::channel::<Service>();
    let open_ledger = move || opening.recv().map(Served::from).map_err(|_| LedgerError::Trust);
    let shutdown = async { drop(stopped.await) };
    let served = tokio::spawn(serve_opening(listener, open_ledger, settings(&desk), shutdown));
    blocking(move || {
        let remote = remote("http", address, |at| at.bearer = Some(TOKEN.into()));
        assert_eq!(remote.json("/healthz").expect("alive")["state"], "alive");
        for path in ["/readyz", "/checkpoint", "/v1/log", "/v1/units/CNY"] {
            assert_eq!(code(remote.bytes(path)), (503, "opening".into()), "{path}");
        }
        assert_eq!(code(remote.submit(&[0x80])), (503, "opening".into()));
        assert!(remote.text("/metrics").expect("counters").contains("remit_state{state=\"opening\"} 1"));
    })
    .await;
    open.send(desk.service.clone()).expect("waits");
    blocking(move || {
        let remote = remote("http", address, |_| ());
        while remote.bytes("/readyz").is_err() {
            std::thread::yield_now();
        }
        assert!(remote.text("/checkpoint").is_ok());
    })
    .await;
    drop(stop);
    served.await.expect("no panic").expect("in good order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_does_not_open_ends_the_server() {
    let desk = Desk::new();
    let (listener, address) = socket();
    let open = || Err::<Served, _>(LedgerError::Trust);
    let served = serve_opening(listener, open, settings(&desk), std::future::pending()).await;
    assert!(matches!(served, Err(ServeError::Open(LedgerError::Trust))));
    assert!(TcpStream::connect(address).is_err());
}

/// Certificates of one authority, in a folder.
struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    fn new(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Self { folder };
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed");
        made.write("ca.pem", &authority.pem());
        for name in names {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
            let certificate = params.signed_by(&key, &authority).expect("signed");
            made.write(&format!("{name}.pem"), &certificate.pem());
            made.write(&format!("{name}.key"), &key.serialize_pem());
        }
        made
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tls(&self, client_ca: Option<PathBuf>) -> Tls {
        Tls { certificate: self.path("server.pem"), key: self.path("server.key"), client_ca }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_with_a_bearer_token() {
    let mut desk = Desk::new();
    let certificates = Certificates::new(&["server"]);
    let mut settings = settings(&desk);
    settings.tls = Some(certificates.tls(None));
    let running = Running::start(&desk, settings);
    let (address, ready, ca) = (running.address, desk.party("cafe"), certificates.path("ca.pem"));
    blocking(move || {
        let known = remote("https", address, |at| (at.bearer, at.ca) = (Some(TOKEN.into()), Some(ca)));
        assert!(matches!(known.submit(&ready.bytes), Ok(remit::remote::Reply::Accepted(_))));
        assert!(known.json("/v1/units/CNY").is_ok());
        // Another authority did not sign the server's certificate.
        let others = Certificates::new(&[]);
        let fooled = remote("https", address, |at| at.ca = Some(others.path("ca.pem")));
        assert!(matches!(fooled.bytes("/checkpoint"), Err(RemoteError::Unanswered(_))));
        let plain = remote("http", address, |_| ());
        assert!(matches!(plain.bytes("/checkpoint"), Err(RemoteError::Unanswered(_))));
    })
    .await;
    assert_eq!(running.stop().await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_makes_a_reader() {
    let desk = Desk::new();
    let certificates = Certificates::new(&["server", "client"]);
    let mut settings = settings(&desk);
    settings.tls = Some(certificates.tls(Some(certificates.path("ca.pem"))));
    settings.readers.clear();
    let running = Running::start(&desk, settings);
    let address = running.address;
    blocking(move || {
        let ca = certificates.path("ca.pem");
        let client = (certificates.path("client.pem"), certificates.path("client.key"));
        let reader = remote("https", address, |at| (at.ca, at.client) = (Some(ca.clone()), Some(client)));
        assert_eq!(reader.json("/v1/units/CNY").expect("a unit")["name"], "CNY");
        let stranger = remote("https", address, |at| at.ca = Some(ca.clone()));
        assert!(stranger.bytes("/checkpoint").is_ok(), "the open parts need none");
        assert_eq!(code(stranger.json("/v1/units/CNY")), (401, "unauthorised".into()));
        let others = Certificates::new(&["client"]);
        let client = (others.path("client.pem"), others.path("client.key"));
        let forged = remote("https", address, |at| (at.ca, at.client) = (Some(ca), Some(client)));
        assert!(matches!(forged.bytes("/checkpoint"), Err(RemoteError::Unanswered(_))));
    })
    .await;
    assert_eq!(running.stop().await, Ok(()));
}

#[tokio::test]
async fn bad_certificates_are_named() {
    let desk = Desk::new();
    let certificates = Certificates::new(&["server", "other"]);
    certificates.write("empty.pem", "");
    let (good, path) = (certificates.tls(None), |name: &str| certificates.path(name));
    let cases = [
        (Tls { certificate: path("none.pem"), ..good.clone() }, "none.pem"),
        (Tls { certificate: path("empty.pem"), ..good.clone() }, "no certificate"),
        (Tls { key: path("server.pem"), ..good.clone() }, "server.pem"),
        (Tls { key: path("other.key"), ..good.clone() }, "certificate and key"),
        (Tls { client_ca: Some(path("server.key")), ..good.clone() }, "server.key"),
    ];
    for (tls, named) in cases {
        let mut settings = settings(&desk);
        settings.tls = Some(tls);
        let (listener, _) = socket();
        let served = serve(listener, desk.service.clone(), settings, std::future::pending()).await;
        let Err(error @ ServeError::Tls(_)) = served else { panic!("{served:?}") };
        assert!(error.to_string().contains(named), "{error}");
    }
}

/// The head of a request that brings a body so long.
fn head(path: &str, content_type: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {length}\r\n\r\n"
    )
}

/// A request of which so many bytes of the body were sent, and no more will be.
fn begun(address: SocketAddr, head: &str, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.write_all(head.as_bytes()).expect("written");
    stream.write_all(&vec![b'{'; sent]).expect("written");
    stream
}

/// Bodies that have come in part hold room until they are given up, and no longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_at_one_time_is_bounded() {
    let desk = Desk::new();
    let running = Running::start(&desk, settings(&desk));
    let address = running.address;
    let bounds = [
        ("/v1/verify", "application/json", VERIFY_BYTES_MAX, VERIFY_BYTES_AT_ONCE_MAX),
        ("/v1/operations", "application/cbor-seq", SUBMISSIONS_BYTES_MAX, SUBMISSIONS_BYTES_AT_ONCE_MAX),
    ];
    for (path, content_type, most, at_once) in bounds {
        blocking(move || {
            let whole = || {
                let mut stream = begun(address, &head(path, content_type, 1), 1);
                let mut answer = String::new();
                stream.read_to_string(&mut answer).expect("an answer");
                answer
            };
            assert!(whole().starts_with("HTTP/1.1 400"));
            // All but their last bytes, and one more for what these leave.
            let begin = |sent| begun(address, &head(path, content_type, most), sent);
            let sent = || std::iter::repeat_n(most - 1, at_once / (most - 1)).chain([at_once % (most - 1)]);
            let held = std::iter::repeat_with(|| {
                let held: Vec<TcpStream> = sent().map(begin).collect();
                // A request that takes room while they are still read keeps one of them out: then all begin anew.
                let full = |_: &u32| {
                    std::thread::sleep(Duration::from_millis(20));
                    whole().starts_with("HTTP/1.1 503")
                };
                (0..50).find(full).map(|_| held)
            });
            let held = held.flatten().next().expect("filled");
            assert!(whole().contains("\"code\":\"busy\"") && whole().contains("retry-after: 1"));
            drop(held);
            while !whole().starts_with("HTTP/1.1 400") {}
        })
        .await;
    }
    assert_eq!(running.stop().await, Ok(()));
}

/// Sixteen bodies of which a byte had come held the whole queue, for as long as a body may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_do_not_come_keep_nobody_out() {
    let mut desk = Desk::new();
    let running = Running::start(&desk, settings(&desk));
    let (address, count) = (running.address, QUEUE_BYTES_MAX / SUBMISSIONS_BYTES_MAX);
    let head = head("/v1/operations", "application/cbor-seq", SUBMISSIONS_BYTES_MAX);
    let held: Vec<_> = (0..count).map(|_| begun(address, &head, 1)).collect();
    desk.until(|sizes| sizes.queued.operations == count).await;
    let ready = desk.party("cafe");
    assert_eq!(desk.submit(&ready).await.json()["status"], "applied");
    drop(held);
    assert_eq!(running.stop().await, Ok(()));
}

/// A request that is in progress when the server is told to stop is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_progress_is_finished() {
    let mut desk = Desk::new();
    let running = Running::start(&desk, settings(&desk));
    let (address, ready) = (running.address, desk.party("cafe"));
    let mut stream = TcpStream::connect(address).expect("connects");
    let head = format!(
        "POST /v1/operations HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\ncontent-length: {}\r\n\r\n",
        ready.bytes.len()
    );
    stream.write_all(head.as_bytes()).expect("written");
    while desk.service.sizes().queued.operations == 0 {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn(running.stop());
    let answer = blocking(move || {
        while TcpStream::connect(address).is_ok() {
            std::thread::yield_now();
        }
        stream.write_all(&ready.bytes).expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    });
    let answer = answer.await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"status\":\"applied\""), "{answer}");
    assert_eq!(stopping.await.expect("no panic"), Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_is_read_keeps_no_server_from_stopping() {
    let desk = Desk::new();
    let running = Running::start(&desk, settings(&desk));
    let address = running.address;
    let begun = blocking(move || {
        let mut stream = TcpStream::connect(address).expect("connects");
        stream.write_all(b"GET /v1/feed HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
        let mut told = Vec::new();
        let mut bytes = [0; 4096];
        while !told.windows(7).any(|part| part == b"entries") {
            let read = stream.read(&mut bytes).expect("reads");
            assert_ne!(read, 0, "it goes on");
            told.extend_from_slice(&bytes[..read]);
        }
        stream
    });
    let mut stream = begun.await;
    let stopped = tokio::time::timeout(remit::api::limits::DRAIN_TIME_DEFAULT / 2, running.stop()).await;
    assert_eq!(stopped.expect("it does not wait for its reader"), Ok(()));
    let rest = blocking(move || {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).map(|_| rest)
    });
    assert!(rest.await.is_ok(), "and the reader heard of the end");
}
