//! PostgreSQL on the same machine, in the same run: a check and an insert in one durable statement, unsigned, unproved.

use crate::figures::Figures;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Creates the budgets and the spends.
const TABLES: &str = "
CREATE TABLE budgets (id bigint PRIMARY KEY, total bigint NOT NULL, used bigint NOT NULL);
CREATE TABLE spends (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, budget bigint NOT NULL,
    amount bigint NOT NULL, at timestamptz NOT NULL DEFAULT now());
";

/// One spend: the budget's row changes if there is enough left, and only then the spend is inserted.
const SPEND: &str = "
WITH spent AS (
    UPDATE budgets SET used = used + 1 WHERE id = :budget AND used + 1 <= total RETURNING id
) INSERT INTO spends (budget, amount) SELECT id, 1 FROM spent;
";

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Scale {
    pub rows: usize,
    pub seconds: u32,
}

/// Rates of spends, in each second.
pub struct Rates {
    /// Uniform, at 64 clients.
    pub many: f64,
    /// Uniform, the better of 8 and 64 clients.
    pub best: f64,
    /// All on one row, the better of 8 and 64 clients.
    pub hot: f64,
}

/// A server with a folder of its own, stopped when it is dropped.
struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: String,
    /// PostgreSQL does not run as root.
    as_postgres: bool,
}

/// Adds PostgreSQL's rows; `None`, with the reason on standard error, if it is not there.
pub fn rows(figures: &mut Figures, scale: Scale) -> Option<Rates> {
    let server = match Postgres::start() {
        Ok(server) => server,
        Err(why) => {
            eprintln!("not measured beside PostgreSQL: {why}");
            return None;
        }
    };
    let version = server.sql("SHOW server_version");
    server.sql(TABLES);
    let last = scale.rows;
    server
        .sql(&format!("INSERT INTO budgets SELECT n, 1::bigint << 60, 0 FROM generate_series(1, {last}) n"));
    server.sql("INSERT INTO budgets VALUES (0, 1::bigint << 60, 0)");
    server.sql("VACUUM ANALYZE");
    server.sql("CHECKPOINT");
    let mut measure = |name: &str, hot: bool, clients: u32| {
        let rate = server.spends(if hot { "0, 0" } else { "1, LAST" }, scale, clients);
        let what = if hot { "one row" } else { "uniform" };
        let note = format!("PostgreSQL {version}, defaults, {what}, {clients} clients, pgbench -M prepared");
        figures.show(name, (rate, "/s"), note);
        rate
    };
    let few = measure("PostgreSQL 8", false, 8);
    let many = measure("PostgreSQL 64", false, 64);
    let hot = measure("PostgreSQL hot 8", true, 8).max(measure("PostgreSQL hot 64", true, 64));
    Some(Rates { many, best: few.max(many), hot })
}

impl Postgres {
    fn start() -> Result<Self, String> {
        let programs = Path::new("/usr/lib/postgresql/15/bin").to_path_buf();
        if !programs.join("postgres").exists() {
            return Err(format!("{} is missing; `apt-get install postgresql`", programs.display()));
        }
        let folder = std::env::temp_dir().join(format!("remit-bench-postgres-{}", std::process::id()));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.map_err(|error| error.to_string())?.port().to_string();
        let root = text(Command::new("id").arg("-u"))? == "0";
        let server = Self { programs, folder, port, as_postgres: root };
        let mut install = Command::new("install");
        install.args(["-d", "-m", "700"]);
        if root {
            install.args(["-o", "postgres"]);
        }
        text(install.arg(&server.folder))?;
        let data = server.folder.join("data");
        text(server.program("initdb").args(["--auth=trust", "--username=postgres", "-D"]).arg(&data))?;
        let options = format!("-h 127.0.0.1 -p {} -k {}", server.port, server.folder.display());
        let log = server.folder.join("log");
        let mut start = server.program("pg_ctl");
        start.arg("-D").arg(&data).arg("-l").arg(&log).args(["-o", &options, "-w", "start"]);
        // The server would keep a pipe open.
        start.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let started = start.status().map_err(|error| error.to_string())?;
        if !started.success() {
            return Err(fs::read_to_string(&log).unwrap_or_default());
        }
        Ok(server)
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if self.as_postgres {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder);
        command
    }

    fn client(&self, name: &str) -> Command {
        let mut command = self.program(name);
        command.args(["-h", "127.0.0.1", "-p", &self.port, "-U", "postgres"]);
        command
    }

    fn sql(&self, sql: &str) -> String {
        text(self.client("psql").args(["-v", "ON_ERROR_STOP=1", "-qAt", "-c", sql, "postgres"])).expect("SQL")
    }

    /// Spends a second; `budgets` is the range that they are drawn from.
    fn spends(&self, budgets: &str, scale: Scale, clients: u32) -> f64 {
        let script = self.folder.join("spend.sql");
        let range = budgets.replace("LAST", &scale.rows.to_string());
        fs::write(&script, format!("\\set budget random({range}){SPEND}")).expect("writes");
        let before: u64 = self.count();
        let mut bench = self.client("pgbench");
        bench.args(["-n", "-M", "prepared", "-j", "2", "-c", &clients.to_string()]);
        bench.args(["-T", &scale.seconds.to_string(), "-f"]).arg(&script).arg("postgres");
        let said = text(&mut bench).expect("pgbench");
        assert!(self.count() > before, "spends were inserted");
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.expect("pgbench says its rate")
    }

    fn count(&self) -> u64 {
        self.sql("SELECT count(*) FROM spends").parse().expect("a number")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        // It stops the process whose id the folder holds.
        let stopped = text(self.program("pg_ctl").arg("-D").arg(&data).args(["-m", "fast", "-w", "stop"]));
        if let Err(error) = stopped {
            eprintln!("PostgreSQL was not stopped: {error}");
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// What a command prints, if it succeeds.
fn text(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } =
        command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if !status.success() {
        return Err(String::from_utf8_lossy(&stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
}
