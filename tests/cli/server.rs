//! A ledger of its own in a temporary folder, served on a free port, and ended by its id.

use crate::run::{Ran, remit, run};
use remit_verifier::hash::sha256;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The bearer token of the one reader.
pub(crate) const TOKEN: &str = "a reader's token";
/// The bearer token of the one administrator.
pub(crate) const ADMIN: &str = "an administrator's token";
/// How often a server is asked whether it is ready before the test says that it is not.
const ATTEMPTS: usize = 600;

/// A ledger's folder, with keys that are not encrypted.
pub(crate) struct Folder {
    dir: tempfile::TempDir,
}

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    err: ChildStderr,
    pub(crate) url: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// One whose ledger was made with these arguments too.
    pub(crate) fn with(more: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Self { dir };
        let mut init = remit();
        init.args(["init", "--plain", "--origin", "remit.example/test"]).args(more).arg(folder.ledger());
        run(&mut init).expect(0);
        let config = folder.ledger().join("remit.toml");
        let mut text = fs::read_to_string(&config).expect("a configuration");
        for (list, token) in [("readers", TOKEN), ("admins", ADMIN)] {
            let digest = sha256(&[token.as_bytes()]);
            text.push_str(&format!("\n[[http.{list}]]\nname = \"test\"\nsha256 = \"{digest}\"\n"));
        }
        fs::write(config, text).expect("a file");
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.path("ledger")
    }

    /// Serves the ledger, and waits until it is ready.
    pub(crate) fn serve(&self) -> Server {
        self.serve_at(&self.ledger())
    }

    /// The same for another ledger's folder.
    pub(crate) fn serve_at(&self, ledger: &Path) -> Server {
        Self::start_at(ledger, &[]).ready()
    }

    /// Starts the server, and reads where it listens.
    pub(crate) fn start(&self, more: &[&str]) -> Server {
        Self::start_at(&self.ledger(), more)
    }

    fn start_at(ledger: &Path, more: &[&str]) -> Server {
        let mut command = remit();
        command.arg("serve").arg(ledger).args(["--listen", "127.0.0.1:0", "--json"]).args(more);
        Server::spawn(&mut command)
    }

    /// Runs a client's command with the pinned profile and the reader's token, in this folder.
    pub(crate) fn client(&self, server: &Server, arguments: &[&str]) -> Ran {
        self.person(server, &[&["--json"], arguments].concat())
    }

    /// The same with the output for people.
    pub(crate) fn person(&self, server: &Server, arguments: &[&str]) -> Ran {
        let mut command = remit();
        command.args(arguments).current_dir(self.dir.path());
        command.env("REMIT_PROFILE", self.ledger().join("client.toml"));
        command.env("REMIT_URL", &server.url).env("REMIT_READER_TOKEN", TOKEN);
        run(&mut command)
    }

    /// The same, which must end with 0; its JSON.
    #[track_caller]
    pub(crate) fn ok(&self, server: &Server, arguments: &[&str]) -> Value {
        self.client(server, arguments).expect(0).json()
    }

    /// The same, which must be refused with this code.
    #[track_caller]
    pub(crate) fn refused(&self, server: &Server, arguments: &[&str], code: &str) {
        let ran = self.client(server, arguments).expect(1);
        assert_eq!(ran.json()["error"]["code"], code, "{}", ran.err);
    }
}

impl Server {
    /// Starts a server, and reads where it listens.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let err = child.stderr.take().expect("a pipe");
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let told: Value = serde_json::from_str(&line).unwrap_or_default();
        let url = told["listening"].as_str().unwrap_or_default().to_owned();
        Self { child, out, err, url }
    }

    /// The same server, as soon as it is ready.
    pub(crate) fn ready(mut self) -> Self {
        for _ in 0..ATTEMPTS {
            if run(remit().arg("show").env("REMIT_URL", &self.url)).code == 0 {
                return self;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server is not ready: {}", self.end())
    }

    /// How many files it has open.
    pub(crate) fn open_files(&self) -> usize {
        let files = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        files.expect("it runs").count()
    }

    /// Tells it to stop, waits for it, and gives its exit code and what it said.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        self.wait()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let (signal, id) = (format!("-{name}"), self.child.id().to_string());
        let sent = Command::new("kill").args([&signal, &id]).status().expect("kill is there");
        assert!(sent.success());
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.err.read_to_string(&mut said).expect("text");
        self.out.read_to_string(&mut said).expect("text");
        (self.child.wait().expect("it ends").code(), said)
    }

    /// The same, if it ends by itself in time; else it is ended, and has no code.
    pub(crate) fn wait_a_while(&mut self) -> (Option<i32>, String) {
        for _ in 0..ATTEMPTS {
            if self.child.try_wait().expect("a process").is_some() {
                return self.wait();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        (None, self.end())
    }

    fn end(&mut self) -> String {
        drop(self.child.kill());
        self.wait().1
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
