//! `remit verify`: decides with files alone; no ledger is asked.

use super::clock;
use super::out::{Done, Failure, Outcome, read_file};
use super::text::{time, value};
use clap::Args;
use remit_verifier::limits::*;
use remit_verifier::object::Argument;
use remit_verifier::types::Millis;
use remit_verifier::verify::{Case, Decision, Followed, Policy, PolicyFileError, Request, Verdict, Verifier};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What an agent shows, in one folder; `reserve` and `present` write it.
pub(super) const PRESENTATION: &str = "presentation.cbor";
pub(super) const INVOCATION: &str = "invocation.cbor";
pub(super) const EVIDENCE: &str = "evidence.cbor";
pub(super) const ARGUMENTS: &str = "arguments.txt";
/// A folder of signed approvals beside them.
pub(super) const APPROVALS: &str = "approvals";

const EXAMPLE: &str = "\
Examples:
  remit verify hotel.case                          what a service decided, from its case file
  remit verify --shown booking/ --policy hotel.toml
  remit verify --presentation p.cbor --invocation i.cbor --evidence e.cbor --policy hotel.toml \\
      --argument 'amount=4200:0f1e2d3c4b5a69788796a5b4c3d2e1f0'

Exit codes: 0 allowed, 1 permitted but not funded, or denied, 2 files that cannot be read.";

/// Judges what an agent shows, offline: files in, verdict out.
///
/// The policy says whom you trust (docs/cli.md, spec 13). Every check is printed with its outcome; the first that
/// fails decides.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Verify {
    /// A case file: everything that a service saw, its policy and clock included.
    #[arg(value_name = "CASE", conflicts_with_all = ["shown", "presentation"])]
    case: Option<PathBuf>,
    /// A folder with presentation.cbor, and invocation.cbor, evidence.cbor, arguments.txt, and a folder approvals if
    /// there are any.
    #[arg(long, value_name = "DIR", conflicts_with = "presentation", requires = "policy")]
    shown: Option<PathBuf>,
    /// The presentation.
    #[arg(long, value_name = "FILE", requires = "policy")]
    presentation: Option<PathBuf>,
    /// The signed invocation.
    #[arg(long, value_name = "FILE", requires = "presentation")]
    invocation: Option<PathBuf>,
    /// The evidence that the amount is reserved.
    #[arg(long, value_name = "FILE", requires = "presentation")]
    evidence: Option<PathBuf>,
    /// A signed approval that travels with the invocation; may be repeated.
    #[arg(long = "approval", value_name = "FILE", requires = "invocation")]
    approvals: Vec<PathBuf>,
    /// Your policy file; for a case it takes the place of the service's.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// An argument as the agent shows it; may be repeated.
    #[arg(long = "argument", value_name = "NAME=VALUE:SALT", value_parser = value::salted, requires = "presentation")]
    arguments: Vec<Argument>,
    /// The newest state of the ledger, as `remit follow` keeps it: judges presentations of any age by it.
    #[arg(long, value_name = "FILE")]
    followed: Option<PathBuf>,
    /// The time to judge at, RFC 3339, instead of the clock of this machine; a case states its own.
    #[arg(long, value_name = "TIME", conflicts_with = "case")]
    at: Option<String>,
    /// Keeps all of it as a case file, which anybody can judge again.
    #[arg(long, value_name = "FILE", conflicts_with = "case")]
    save_case: Option<PathBuf>,
}

/// The files of one question.
#[derive(Default)]
struct Shown {
    presentation: Vec<u8>,
    invocation: Option<Vec<u8>>,
    evidence: Option<Vec<u8>>,
    arguments: Vec<Argument>,
    approvals: Vec<Vec<u8>>,
}

impl Verify {
    pub(super) fn run(self) -> Outcome {
        if let Some(path) = &self.case {
            let bytes = read_file(path, CASE_BYTES_MAX)?;
            let case = Case::decode(&bytes)
                .map_err(|error| Failure::usage(format!("{}: no case file: {error:?}", path.display())))?;
            let own = self.policy.as_deref().map(|path| read_file(path, POLICY_BYTES_MAX)).transpose()?;
            let policy = policy(own.as_deref().unwrap_or(case.policy), self.policy.as_deref())?;
            let mut verifier = self.verifier(policy)?;
            return Ok(show(&case.verdict_of(&mut verifier)));
        }
        let shown = self.shown()?;
        let Some(path) = self.policy.as_deref() else { return Err(nothing_to_judge()) };
        let text = read_file(path, POLICY_BYTES_MAX)?;
        let policy = policy(&text, Some(path))?;
        let now = self.now()?;
        let approvals: Vec<&[u8]> = shown.approvals.iter().map(Vec::as_slice).collect();
        let request = shown.invocation.as_deref().map(|invocation| Request {
            invocation,
            arguments: &shown.arguments,
            approvals: &approvals,
        });
        let evidence = shown.evidence.as_deref();
        let mut verifier = self.verifier(policy)?;
        let verdict = verifier.verify(&shown.presentation, request.as_ref(), evidence, now);
        if let Some(path) = &self.save_case {
            let case = Case {
                now,
                newest: Millis(0),
                presentation: &shown.presentation,
                invocation: shown.invocation.as_deref(),
                arguments: shown.arguments.clone(),
                evidence,
                policy: &text,
                approvals,
            };
            write_private(path, &case.encode())
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        }
        Ok(show(&verdict))
    }

    /// A verifier that has seen nothing but the state that is followed, if there is one.
    fn verifier(&self, policy: Policy) -> Result<Verifier, Failure> {
        let mut verifier = Verifier::new(policy, Millis(0));
        if let Some(path) = &self.followed {
            let followed =
                Followed::restore(&read_file(path, STATUS_UPDATE_BYTES_MAX)?).map_err(|error| {
                    Failure::usage(format!("{}: {error}", path.display()))
                        .coded(error.text())
                        .hint("`remit follow` keeps one: the file `newest` in the folder of the ledger")
                })?;
            verifier.follow(Arc::new(followed));
        }
        Ok(verifier)
    }

    fn now(&self) -> Result<Millis, Failure> {
        let now = clock::now()?;
        match &self.at {
            Some(at) => Ok(time::instant(at, now).map_err(Failure::usage)?.millis()),
            None => Ok(now),
        }
    }

    fn shown(&self) -> Result<Shown, Failure> {
        if let Some(dir) = &self.shown {
            return Shown::read(dir);
        }
        let Some(presentation) = &self.presentation else { return Err(nothing_to_judge()) };
        let optional =
            |path: &Option<PathBuf>, max| path.as_deref().map(|path| read_file(path, max)).transpose();
        Ok(Shown {
            presentation: read_file(presentation, PRESENTATION_BYTES_MAX)?,
            invocation: optional(&self.invocation, OBJECT_BYTES_MAX)?,
            evidence: optional(&self.evidence, EVIDENCE_BYTES_MAX)?,
            arguments: self.arguments.clone(),
            approvals: self
                .approvals
                .iter()
                .map(|path| read_file(path, APPROVAL_BYTES_MAX))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Shown {
    fn read(dir: &Path) -> Result<Self, Failure> {
        let optional = |name: &str, max| {
            let path = dir.join(name);
            path.exists().then(|| read_file(&path, max)).transpose()
        };
        let arguments = optional(ARGUMENTS, CASE_BYTES_MAX)?.unwrap_or_default();
        let arguments = String::from_utf8(arguments)
            .map_err(|_| Failure::usage(format!("{}: not UTF-8", dir.join(ARGUMENTS).display())))?;
        let arguments = arguments.lines().filter(|line| !line.is_empty()).map(value::salted);
        Ok(Self {
            presentation: read_file(&dir.join(PRESENTATION), PRESENTATION_BYTES_MAX)?,
            invocation: optional(INVOCATION, OBJECT_BYTES_MAX)?,
            evidence: optional(EVIDENCE, EVIDENCE_BYTES_MAX)?,
            arguments: arguments.collect::<Result<_, _>>().map_err(Failure::usage)?,
            approvals: approvals_in(&dir.join(APPROVALS))?,
        })
    }
}

/// Writes a file that only its owner reads: a case holds all that was shown, in the clear.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// The signed approvals in a folder, in the order of their names; none if there is no such folder.
fn approvals_in(dir: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Ok(Vec::new()) };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "cbor"));
    paths.sort();
    paths.iter().map(|path| read_file(path, APPROVAL_BYTES_MAX)).collect()
}

fn nothing_to_judge() -> Failure {
    Failure::usage("there is nothing to judge")
        .hint("name a case file, or --shown DIR or --presentation FILE together with --policy FILE")
}

/// Reads a policy file; errors name its line.
pub(super) fn policy(text: &[u8], path: Option<&Path>) -> Result<Policy, Failure> {
    let name = path.map_or_else(|| "the case".into(), |path| path.display().to_string());
    Policy::from_toml(text).map_err(|error: PolicyFileError| {
        Failure::usage(format!("{name}: {error}"))
            .coded(error.problem.code())
            .hint("spec/13-policy.md lists the keys; `remit policy` writes a policy to begin with")
    })
}

fn show(verdict: &Verdict) -> Done {
    let allowed = verdict.decision == Decision::Allowed;
    let mut done = Done::say(verdict.to_string());
    if verdict.decision == Decision::Permitted {
        done = done.line("permitted is a no until the amount is reserved and the evidence of it is shown");
    }
    done.with_all(remit_verifier::json::verdict(verdict)).refused_unless(allowed)
}
