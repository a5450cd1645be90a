//! What goes wrong between a client and a ledger: answers that get lost, certificates, clocks.

use crate::run::{remit, run};
use crate::server::{Folder, text};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::fs;
use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};

/// Passes requests on to the ledger and answers back, but for submissions: they are passed on, and their answers lost.
fn lossy(ledger: &str) -> String {
    between(ledger, |_| Vec::new())
}

/// Passes requests on to the ledger and answers back, those of submissions as `change` makes them.
fn between(ledger: &str, mut change: impl FnMut(Vec<u8>) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let ledger = ledger.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(mut client), Ok(mut server)) = (client, TcpStream::connect(&ledger)) else { return };
            let request = request(&mut client);
            let submission = request.starts_with(b"POST");
            let text = String::from_utf8_lossy(&request).into_owned();
            let head_end = text.find("\r\n").unwrap_or_default();
            // One request a connection, so that the answer ends with it.
            let (first, rest) = request.split_at(head_end);
            let passed = [first, b"\r\nconnection: close", rest].concat();
            if server.write_all(&passed).is_err() {
                continue;
            }
            let mut answer = Vec::new();
            drop(server.read_to_end(&mut answer));
            let answer = if submission { change(answer) } else { answer };
            drop(client.write_all(&answer));
            drop(client.shutdown(Shutdown::Both));
        }
    });
    url
}

/// One request: its head, and as much body as the head says.
fn request(client: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && client.read_exact(&mut byte).is_ok() {
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    drop(client.read_exact(&mut body));
    [bytes, body].concat()
}

#[test]
fn bytes_that_nobody_answered_are_kept_and_are_applied_once() {
    let folder = Folder::new();
    let server = folder.serve();
    run(remit().args(["key", "new", "--plain", text(&folder.path("a.pem"))])).expect(0);
    let lossy = lossy(&server.url);
    let add = ["party", "add", "A", "--key", "a.pem", "--save", "party.cbor", "--url", &lossy];
    let unanswered = folder.client(&server, &add).expect(70);
    assert!(unanswered.err.contains("the same bytes again"), "{}", unanswered.err);
    assert!(unanswered.err.contains("remit submit party.cbor"), "{}", unanswered.err);
    assert_eq!(unanswered.json()["error"]["code"], "unanswered");
    let answered = folder.ok(&server, &["submit", "party.cbor"]);
    assert_eq!((&answered["status"], &answered["proved"]), (&"replayed".into(), &true.into()));
    assert!(!folder.path("party.cbor").exists(), "an answer was had");
    let shown = folder.ok(&server, &["show", answered["id"].as_str().expect("an id")]);
    assert_eq!((&shown["kind"], &shown["name"]), (&"party".into(), &"A".into()));
}

/// The last attempt alone decided: a lost answer and then a 503 counted as nothing done, and the bytes were gone.
#[test]
fn bytes_are_kept_if_any_attempt_may_have_been_applied() {
    let folder = Folder::new();
    let server = folder.serve();
    run(remit().args(["key", "new", "--plain", text(&folder.path("a.pem"))])).expect(0);
    let mut first = true;
    let url = between(&server.url, move |_| {
        let body = r#"{"error":{"code":"read_only","message":"No room.","request_id":"x"}}"#;
        let length = body.len();
        let full = format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n\
             connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        if std::mem::take(&mut first) { Vec::new() } else { full.into_bytes() }
    });
    let add = ["party", "add", "A", "--key", "a.pem", "--url", &url];
    let unanswered = folder.client(&server, &add);
    assert_eq!(unanswered.json()["error"]["code"], "unanswered");
    let hint = unanswered.json()["error"]["hint"].as_str().expect("a hint").to_owned();
    let file = hint.rsplit(' ').next().expect("a file");
    assert_eq!(folder.ok(&server, &["submit", file])["status"], "replayed");
}

/// The bytes were thrown away although their answer was not believed.
#[test]
fn bytes_are_kept_if_their_answer_does_not_hold() {
    let folder = Folder::new();
    let server = folder.serve();
    run(remit().args(["key", "new", "--plain", text(&folder.path("a.pem"))])).expect(0);
    let url = between(&server.url, |answer| {
        let text = String::from_utf8(answer).expect("text");
        text.replace("\"proof\":", "\"prose\":").into_bytes()
    });
    let add = ["party", "add", "A", "--key", "a.pem", "--save", "party.cbor", "--url", &url];
    folder.refused(&server, &add, "bad_proof");
    assert_eq!(folder.ok(&server, &["submit", "party.cbor"])["status"], "replayed");
    assert!(!folder.path("party.cbor").exists(), "this answer holds");
}

#[test]
fn a_client_trusts_the_certificates_that_it_is_told() {
    let folder = Folder::new();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let (chain, key) = (folder.ledger().join("chain.pem"), folder.ledger().join("tls.pem"));
    fs::write(&chain, made.cert.pem()).expect("a file");
    fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    let config = folder.ledger().join("remit.toml");
    let tls = "[http]\ntls_certificate = \"chain.pem\"\ntls_key = \"tls.pem\"";
    fs::write(&config, fs::read_to_string(&config).expect("a file").replace("[http]", tls)).expect("a file");
    let server = folder.start(&[]);
    assert!(server.url.starts_with("https://"), "{}", server.url);
    let show = |more: &[&str]| run(remit().args(["show", "--url", &server.url]).args(more));
    // Nothing waits for the ledger to open: whoever is not trusted is not listened to at all.
    assert!(show(&[]).expect(70).err.contains("did not answer"));
    let told = (0..600).map(|_| show(&["--ca", text(&chain)])).find(|ran| ran.code == 0);
    assert!(told.expect("ready at last").out.contains("remit.example/test"));
}

/// An authority, with a certificate for the server and one for each client, in the folder.
fn authority(folder: &Folder, prefix: &str) {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("signed");
    let write = |name: &str, text: String| {
        fs::write(folder.ledger().join(format!("{prefix}{name}")), text).expect("written");
    };
    write("ca.pem", authority.pem());
    for name in ["server", "client"] {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
        write(&format!("{name}.pem"), params.signed_by(&key, &authority).expect("signed").pem());
        write(&format!("{name}.key"), key.serialize_pem());
    }
}

/// Without a token: the authority's certificate makes a reader, and nothing else does.
#[test]
fn a_client_certificate_opens_what_is_for_readers() {
    let folder = Folder::new();
    authority(&folder, "");
    authority(&folder, "other-");
    let config = folder.ledger().join("remit.toml");
    let tls = "[http]\ntls_certificate = \"server.pem\"\ntls_key = \"server.key\"\nclient_ca = \"ca.pem\"";
    fs::write(&config, fs::read_to_string(&config).expect("a file").replace("[http]", tls)).expect("a file");
    let server = folder.start(&[]);
    let path = |name: &str| folder.ledger().join(name);
    let show = |id: &[&str], client: &str| {
        let mut command = remit();
        command.args(["--json", "show"]).args(id).args(["--url", &server.url, "--ca", text(&path("ca.pem"))]);
        if !client.is_empty() {
            command.arg("--client-certificate").arg(path(&format!("{client}.pem")));
            command.arg("--client-key").arg(path(&format!("{client}.key")));
        }
        run(&mut command)
    };
    assert!((0..600).map(|_| show(&[], "")).any(|ran| ran.code == 0), "ready at last, and open to all");
    let nothing = ["00".repeat(32)];
    let nothing = nothing.each_ref().map(String::as_str);
    assert_eq!(show(&nothing, "client").expect(1).json()["error"]["code"], "not_found", "a reader");
    let stranger = show(&nothing, "").expect(1);
    assert_eq!(stranger.json()["error"]["code"], "unauthorised");
    assert!(stranger.err.contains("or a client certificate"), "{}", stranger.err);
    assert_eq!(show(&[], "other-client").expect(70).json()["error"]["code"], "unreachable");
    let half = run(remit().args(["show", "--url", &server.url, "--client-key", text(&path("client.key"))]));
    assert!(half.expect(2).err.contains("--client-certificate"));
}

#[test]
fn a_ledger_is_not_served_with_another_key_or_a_wrong_address() {
    let folder = Folder::new();
    let server = folder.serve();
    let taken = server.url.trim_start_matches("http://").to_owned();
    let mut second = remit();
    second.arg("serve").arg(folder.ledger()).args(["--listen", &taken]);
    let second = run(&mut second).expect(1);
    assert!(second.err.contains("error: the ledger runs already: "), "{}", second.err);
    let stranger = Folder::new();
    let port = run(remit().arg("serve").arg(stranger.ledger()).args(["--listen", &taken])).expect(70);
    assert!(port.err.contains("hint: --listen ADDRESS chooses another"), "{}", port.err);
    let (code, said) = folder.start(&[]).wait();
    assert!(
        code == Some(1) && said.contains("the ledger runs") && said.contains("stop it first"),
        "{code:?} {said}"
    );
    assert_eq!(server.terminate().0, Some(0));
    let other = folder.ledger().join("other.pem");
    run(remit().args(["key", "new", "--plain", text(&other)])).expect(0);
    let mut wrong = remit();
    wrong.arg("serve").arg(folder.ledger()).args(["--listen", "127.0.0.1:0"]).env("REMIT_LEDGER_KEY", &other);
    let wrong = run(&mut wrong).expect(1);
    assert!(wrong.err.contains("not the log key of the genesis"), "{}", wrong.err);
}
