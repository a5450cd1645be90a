//! A holder with a lease, and a payee with a till: what tests of both begin with.

use crate::run::{Ran, remit, run};
use crate::server::{Folder, Server};
use crate::story::{Cast, cast, id, key};
use serde_json::Value;
use std::fs;

/// The till of every lease.
pub(crate) const TILL: &str = "7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a";

/// The two, with a ledger between them.
pub(crate) struct Counter {
    pub(crate) folder: Folder,
    pub(crate) server: Server,
    pub(crate) token: String,
    pub(crate) cast: Cast,
}

impl Counter {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let server = folder.serve();
        let cast = cast(&folder, &server);
        let agent = key(&folder, "agent.pem");
        let allow = format!("service={} action=book resource=flights/** if amount le 5000", cast.airline);
        let issue = ["issue", "--issuer", &cast.issuer, "--to", &agent, "--expires", "30d"];
        let budget = ["--budget", "20000 CNY per-use 1200 lease 3000/8h", "--allow", &allow];
        let token = id(&folder.ok(&server, &[&issue[..], &budget, &["--key", "company.pem"]].concat()));
        let policy = ["policy", "--party", &cast.airline, "--issuer", &cast.issuer];
        let policy = folder.ok(&server, &policy);
        fs::write(folder.path("airline.toml"), policy["policy"].as_str().expect("a policy")).expect("a file");
        Self { folder, server, token, cast }
    }

    pub(crate) fn lease(&self, amount: &str, out: &str) -> Value {
        let lease = ["lease", &self.token, "--payee", &self.cast.airline, "--till", TILL, "--amount", amount];
        let times = ["--spend-until", "2h", "--settle-by", "3h", "--refund-until", "30d"];
        let out = ["--key", "agent.pem", "--out", out];
        self.folder.ok(&self.server, &[&lease[..], &times, &out].concat())
    }

    pub(crate) fn offline(&self, arguments: &[&str]) -> Ran {
        let mut command = remit();
        command.arg("--json").args(arguments).current_dir(self.folder.path(""));
        run(&mut command)
    }

    pub(crate) fn open(&self, state: &str, lease: &str) {
        self.opening(state, lease).expect(0);
    }

    pub(crate) fn opening(&self, state: &str, lease: &str) -> Ran {
        let proof = format!("{lease}/lease-proof.cbor");
        let open = ["till", "open", state, "--till", TILL, "--proof", &proof, "--policy", "airline.toml"];
        self.offline(&open)
    }

    pub(crate) fn voucher(&self, wallet: &str, key: &str, amount: &str, out: &str) -> Ran {
        let new = ["voucher", "new", wallet, "--action", "book", "--resource", "flights/CA1501"];
        let more = ["--argument", "amount=4800", "--key", key, "--amount", amount, "--out", out];
        self.offline(&[&new[..], &more].concat())
    }

    pub(crate) fn accept(&self, till: &str, shown: &str) -> Ran {
        self.offline(&self.accept_words(till, shown))
    }

    pub(crate) fn accept_words<'w>(&self, till: &'w str, shown: &'w str) -> Vec<&'w str> {
        let words = ["till", "accept", till, "--proof", "stay/lease-proof.cbor"];
        [&words[..], &["--policy", "airline.toml", "--shown", shown]].concat()
    }
}
