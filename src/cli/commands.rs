//! The commands that need a ledger, on disk or over HTTP; those that are pure stand in the module above.

use super::out::Outcome;
use super::{
    approvals, ask, audit, backup, config, control, doctor, folder, grant, init, key, look, manual, party,
    prepare, private, register, serve, spend,
};
use clap::Subcommand;

#[derive(Subcommand)]
pub(super) enum Command {
    Init(Box<init::Init>),
    Serve(Box<serve::Serve>),
    Config(Box<config::ConfigCommand>),
    Key(Box<key::Key>),
    Party(Box<party::Party>),
    Unit(Box<register::Unit>),
    Issuer(Box<register::Issuer>),
    Issue(Box<grant::Issue>),
    Delegate(Box<grant::Delegate>),
    Attenuate(Box<grant::Attenuate>),
    Transfer(Box<control::Transfer>),
    Rekey(Box<control::Rekey>),
    Veto(Box<control::Veto>),
    Suspend(Box<control::Suspend>),
    Resume(Box<control::Resume>),
    Revoke(Box<control::Revoke>),
    Cut(Box<control::Cut>),
    End(Box<control::End>),
    Freeze(Box<register::Freeze>),
    Unfreeze(Box<register::Unfreeze>),
    Upgrade(Box<register::Upgrade>),
    Request(Box<ask::RequestCommand>),
    Approvals(Box<approvals::Approvals>),
    Reserve(Box<spend::Reserve>),
    Capture(Box<spend::Capture>),
    Release(Box<spend::Release>),
    Refund(Box<spend::Refund>),
    Present(Box<spend::Present>),
    List(Box<look::List>),
    Show(Box<look::Show>),
    Policy(Box<look::PolicyCommand>),
    Sign(Box<prepare::Sign>),
    Bundle(Box<prepare::Bundle>),
    Submit(Box<prepare::Submit>),
    Audit(Box<audit::Audit>),
    Backup(Box<backup::Backup>),
    Restore(Box<folder::Restore>),
    Fsck(Box<folder::Fsck>),
    Rebuild(Box<folder::Rebuild>),
    Doctor(Box<doctor::Doctor>),
    Completions(Box<manual::Completions>),
    Man(Box<manual::Man>),
}

impl Command {
    pub(super) fn run(self, json: bool) -> Outcome {
        // Man pages are for everybody.
        if !matches!(self, Self::Man(_)) {
            private::from_now_on();
        }
        match self {
            Self::Init(command) => command.run(),
            Self::Serve(command) => command.run(json),
            Self::Config(command) => command.run(),
            Self::Key(command) => command.run(),
            Self::Party(command) => command.run(),
            Self::Unit(command) => command.run(),
            Self::Issuer(command) => command.run(),
            Self::Issue(command) => command.run(),
            Self::Delegate(command) => command.run(),
            Self::Attenuate(command) => command.run(),
            Self::Transfer(command) => command.run(),
            Self::Rekey(command) => command.run(),
            Self::Veto(command) => command.run(),
            Self::Suspend(command) => command.run(),
            Self::Resume(command) => command.run(),
            Self::Revoke(command) => command.run(),
            Self::Cut(command) => command.run(),
            Self::End(command) => command.run(),
            Self::Freeze(command) => command.run(),
            Self::Unfreeze(command) => command.run(),
            Self::Upgrade(command) => command.run(),
            Self::Request(command) => command.run(),
            Self::Approvals(command) => command.run(),
            Self::Reserve(command) => command.run(),
            Self::Capture(command) => command.run(),
            Self::Release(command) => command.run(),
            Self::Refund(command) => command.run(),
            Self::Present(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Show(command) => command.run(),
            Self::Policy(command) => command.run(),
            Self::Sign(command) => command.run(),
            Self::Bundle(command) => command.run(),
            Self::Submit(command) => command.run(),
            Self::Audit(command) => command.run(),
            Self::Backup(command) => command.run(),
            Self::Restore(command) => command.run(),
            Self::Fsck(command) => command.run(),
            Self::Rebuild(command) => command.run(),
            Self::Doctor(command) => command.run(),
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
        }
    }
}
