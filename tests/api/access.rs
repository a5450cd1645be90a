//! Who may read what: the open parts are open, the private ones are for readers, and `public` is a stated choice.

use crate::desk::{Desk, TOKEN, call};
use axum::body::Body;
use axum::http::Request;
use remit::api::{BackupError, Backups, Reader, Role, Served, document, router};
use remit_verifier::hash::sha256;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every path of the interface with something in its places, and whether it is for readers.
fn operations() -> Vec<(String, String, bool)> {
    let document = serde_json::to_value(document()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut found = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            // A feed that is read from where the log is goes on for ever.
            let path = path.replace("/v1/feed", &format!("/v1/feed?from={}", u64::MAX));
            let path = path.replace("{path}", "0/000.p/1").replace("{index}", "1");
            let path = path.replace("{key}", &crate::desk::did("alice")).replace("{id}", &"ab".repeat(32));
            found.push((method.to_uppercase(), path, operation.get("security").is_some()));
        }
    }
    found
}

fn reader(name: &str, token: &str, role: Role) -> Reader {
    Reader { name: name.into(), sha256: sha256(&[token.as_bytes()]).0, role }
}

fn request(method: &str, path: &str, authorization: Option<&str>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = match authorization {
        Some(value) => request.header("authorization", value),
        None => request,
    };
    request.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn private_parts_are_for_readers_alone() {
    let desk = Desk::new();
    let (mut open, mut private) = (0, 0);
    for (method, path, is_private) in operations() {
        let ask = |authorization: Option<&str>| {
            let request = request(&method, &path, authorization);
            let router = desk.router.clone();
            async move { call(&router, request).await }
        };
        let stranger = ask(None).await;
        assert_eq!(stranger.status == 401, is_private, "{method} {path}");
        if !is_private {
            open += 1;
            continue;
        }
        private += 1;
        assert_eq!(stranger.error(), (401, "unauthorised".into()));
        assert_eq!(stranger.header("www-authenticate"), "Bearer");
        for wrong in ["Bearer an auditor's toke", "Bearer ", "Basic YTpi", &format!("Bearer {TOKEN}x")] {
            assert_eq!(ask(Some(wrong)).await.status, 401, "{wrong}");
        }
        assert_ne!(ask(Some(&format!("Bearer {TOKEN}"))).await.status, 401, "{method} {path}");
    }
    assert!(open >= 10 && private >= 15, "{open} open, {private} private");
}

#[tokio::test]
async fn a_public_ledger_is_a_stated_choice() {
    let desk = Desk::new();
    let path = format!("/v1/parties/{}", desk.world.issuer);
    let nobody = desk.served(|settings| settings.readers.clear());
    assert_eq!(call(&nobody, request("GET", &path, None)).await.status, 401);
    assert_eq!(call(&nobody, request("GET", &path, Some("Bearer "))).await.status, 401);
    let public = desk.served(|settings| (settings.public, settings.readers) = (true, Vec::new()));
    assert_eq!(call(&public, request("GET", &path, None)).await.status, 200);
}

/// Makes no copy, and counts how often it is asked for one.
struct Copies(AtomicU64, Result<String, BackupError>);

impl Backups for Copies {
    fn make(&self) -> Result<String, BackupError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.clone()
    }
}

#[tokio::test]
async fn a_copy_is_made_for_administrators_alone() {
    let desk = Desk::new();
    let ask = |made: Result<String, BackupError>, authorization: &'static str| {
        let copies = Arc::new(Copies(AtomicU64::new(0), made));
        let served = Served { backups: Some(copies.clone()), ..Served::from(desk.service.clone()) };
        let mut settings = crate::desk::settings(&desk.now);
        // Whatever everybody may read, nobody administers for that.
        settings.public = true;
        settings.admins = vec![reader("cron", "cron's", Role::Auditor)];
        let router = router(served, settings);
        async move {
            let answer = call(&router, request("POST", "/v1/admin/backup", Some(authorization))).await;
            (answer, copies.0.load(Ordering::Relaxed))
        }
    };
    let copied = || Ok("/backups/1".to_owned());
    let (answer, asked) = ask(copied(), "Bearer cron's").await;
    assert_eq!((answer.status, asked), (200, 1), "{}", answer.text());
    let (made, durable) = (answer.json(), desk.service.sizes().durable);
    assert_eq!((&made["folder"], &made["contains"]["size"]), (&"/backups/1".into(), &durable.size.0.into()));
    let (answer, asked) = ask(copied(), "Bearer an auditor's token").await;
    assert_eq!((answer.error(), asked), ((403, "forbidden".into()), 0));
    let (answer, asked) = ask(copied(), "Bearer nobody's").await;
    assert_eq!((answer.error(), asked), ((401, "unauthorised".into()), 0));
    for (error, expected) in [
        (BackupError::Running, (409, "backup_running")),
        (BackupError::Full, (507, "no_room")),
        (BackupError::Failed, (500, "internal")),
    ] {
        let (answer, _) = ask(Err(error), "Bearer cron's").await;
        assert_eq!(answer.error(), (expected.0, expected.1.to_owned()));
    }
    let none = desk.served(|settings| {
        settings.admins = vec![reader("cron", "cron's", Role::Auditor)];
    });
    let answer = call(&none, request("POST", "/v1/admin/backup", Some("Bearer cron's"))).await;
    assert_eq!(answer.error(), (501, "no_backups".into()));
}

#[tokio::test]
async fn every_reader_has_a_token_of_his_own() {
    let desk = Desk::new();
    let path = format!("/v1/parties/{}", desk.world.issuer);
    let readers = ["one", "two"].map(|name| reader(name, name, Role::Auditor));
    let router = desk.served(|settings| settings.readers = readers.to_vec());
    for (token, status) in [("one", 200), ("two", 200), ("three", 401)] {
        let answer = call(&router, request("GET", &path, Some(&format!("Bearer {token}")))).await;
        assert_eq!(answer.status, status, "{token}");
    }
    // The digest is not the token.
    let digest = format!("Bearer {}", sha256(&[b"one"]));
    assert_eq!(call(&router, request("GET", &path, Some(&digest))).await.status, 401);
}

#[tokio::test]
async fn a_service_reads_what_decides_and_pays_and_a_monitor_reads_counters() {
    let desk = Desk::new();
    let readers = [reader("desk", "desk", Role::Service), reader("graphs", "graphs", Role::Monitoring)];
    let router = desk.served(|settings| settings.readers = readers.to_vec());
    let mut read = [Vec::new(), Vec::new()];
    for (method, path, is_private) in operations() {
        for (name, read) in ["desk", "graphs"].iter().zip(&mut read) {
            let answer = call(&router, request(&method, &path, Some(&format!("Bearer {name}")))).await;
            assert_ne!(answer.status, 401, "{name}: {path}");
            if is_private && answer.status != 403 {
                read.push(path.replace(&"ab".repeat(32), "{id}"));
            }
            if answer.status == 403 {
                assert_eq!(answer.error().1, "forbidden");
            }
        }
    }
    let [desk, graphs] = read;
    assert_eq!(graphs, ["/metrics"]);
    assert_eq!(
        desk,
        [
            "/v1/captures/{id}",
            "/v1/decisions/{id}",
            "/v1/issuers",
            "/v1/leases/{id}",
            "/v1/leases/{id}/proof",
            "/v1/parties/{id}",
            "/v1/reservations/{id}",
            "/v1/reservations/{id}/evidence",
            "/v1/tokens/{id}/presentation",
            "/v1/units/{id}",
        ]
    );
}

/// Nothing of the private parts is in what a stranger sees of an operation's answers.
#[tokio::test]
async fn the_open_parts_show_no_values() {
    let mut desk = Desk::new();
    let root = desk.root(987_654_321).await;
    for (method, path, is_private) in operations() {
        let answer = call(&desk.router, request(&method, &path, None)).await;
        let text = String::from_utf8_lossy(&answer.body);
        assert!(!text.contains("987654321"), "{method} {path}");
        assert!(!is_private || !text.contains(&root.to_string()), "{method} {path}");
    }
}
