//! What to do about an error whose place has no better advice: by its code (spec 15), or the help of what was typed.

use clap::Command;
use std::ffi::OsString;

/// What to do about a refusal with this code.
pub(super) fn of_refusal(code: &str) -> &'static str {
    match code {
        "already_registered" => "choose another name, or take what is there: `remit show NAME`",
        "already_so" => "there is nothing to do",
        "not_found"
        | "unknown_party"
        | "unknown_unit"
        | "unknown_token"
        | "unknown_reservation"
        | "unknown_capture"
        | "unknown_rekey" => "look at the id: `remit show ID` says what it is of, if it is in this ledger",
        "not_an_issuer" => "`remit issuer add PARTY` appoints one; operators sign",
        "wrong_signer" | "wrong_holder" => {
            "--key is the file of the issuer for a root token, else of the holder: `remit show TOKEN` names them, \
             `remit key show FILE` says whose a file is"
        }
        "not_the_payee" => {
            "--key is the file of the service that the reservation is for: `remit show RESERVATION`"
        }
        "wider_than_parent" | "not_delegable" => {
            "`remit show TOKEN` says what the parent allows, its end and budgets included; state no more"
        }
        "service_not_allowed"
        | "action_not_allowed"
        | "resource_not_allowed"
        | "condition_not_met"
        | "unit_not_budgeted" => {
            "`remit show TOKEN` says what it allows; every token above it has to allow it too"
        }
        "above_total" | "above_per_use" | "above_refundable" => {
            "`remit show TOKEN` says what is left and what one use may be, of it and of the tokens above"
        }
        "above_window" => {
            "`remit show TOKEN` says what is left of each window, of it and of the tokens above"
        }
        "above_entries" => {
            "`remit show ROOT` says how many entries it lets be written and in which span; what was begun can be \
             settled, and the issuer's next token may state more"
        }
        "not_enabled" => {
            "the ledger has earlier rules: its operators put later ones in force with `remit upgrade`"
        }
        "above_reserved" | "settled" | "refund_closed" => {
            "`remit show RESERVATION` says what is left of it, and until when"
        }
        "above_captured" => "`remit show CAPTURE` says what is left of it",
        "party_keys" => {
            "a party has at least one key, each with this one role, and none that it gave up before: `remit key new` \
             makes another"
        }
        "wrong_number" => "leave --number away, and the ledger is asked for it",
        "bad_time" => {
            "times lie ahead, and not too far: a reservation is settled within 30 days; spec/12-limits.md has every \
             bound"
        }
        "too_late" | "too_early" => {
            "prepare it anew; if it is new, compare this clock with the ledger's: `remit show`"
        }
        "not_in_force" => {
            "`remit show ID` names the suspensions in force; the id is the one that was printed"
        }
        "old_epoch" | "old_generation" => {
            "it changed meanwhile: fetch it anew with `remit present`, and sign again"
        }
        code => of_approvals(code).unwrap_or(
            "nothing was done; spec/15-codes.md has every code, and `remit show ID` how things stand",
        ),
    }
}

/// The same of what concerns approvers.
fn of_approvals(code: &str) -> Option<&'static str> {
    Some(match code {
        "approval_required" => {
            "`remit request TOKEN … --out request.json` asks the approvers, whom `remit show TOKEN` names, of it and \
             of the tokens above, and `remit lease … --ask request.json` for a lease; once they said yes, `remit \
             reserve --approved request.json` or `remit lease --approved request.json`"
        }
        "request_closed" => {
            "it was carried out, taken back or refused, its time ran out, or something that it needs was suspended \
             since; `remit request` asks anew"
        }
        "unknown_request" => {
            "`remit approvals show REQUEST` says what is asked; an approval is good for exactly that, its nonce too"
        }
        "not_an_approver" => "`remit approvals show REQUEST` names them; --key is the file of one of them",
        "every_use_asks" => {
            "a token of the chain wants a yes to every payment in this unit, so that no voucher could be taken: \
             reserve each payment, or have it reissued with a threshold (`--approve-above`)"
        }
        "no_approvers" => "a budget with `approval` needs --approver KEY in the same token",
        code => return of_trade(code),
    })
}

/// The same of what concerns sales.
fn of_trade(code: &str) -> Option<&'static str> {
    Some(match code {
        "unknown_offer" => "`remit offers list` names what is for sale",
        "offer_closed" => {
            "it was taken, replaced or withdrawn, its time ran out, or its token has another holder: look at `remit \
             offers list`"
        }
        "seller_upstream" => {
            "who holds a key of the issuer or a token above could take back what he sold; `remit transfer` hands it \
             over by both signatures"
        }
        "not_transferable" => "the token and all above it must be transferable: `remit show TOKEN`",
        "value_open" | "carved_child" => {
            "nothing of it may be reserved, leased or wait for approval, and carved tokens below must have ended"
        }
        "wrong_payment" => {
            "`remit buy` pays as it is offered; look at the offer again: `remit offers show OFFER`"
        }
        "below_minimum" => {
            "less is left than --min wants: `remit offers show OFFER` says what is; nothing was paid"
        }
        _ => return None,
    })
}

/// What to do about a fault that nobody foresaw.
pub(super) const FAULT: &str = "a fault of this program, of its machine or of the ledger: try again, and if it stays, \
    look at the log of `remit serve`";

/// The help of the command that these arguments begin with, as advice.
pub(super) fn help(definition: &Command, arguments: impl Iterator<Item = OsString>) -> String {
    let (mut name, mut at) = (definition.get_name().to_owned(), definition);
    for argument in arguments {
        let Some(below) = argument.to_str().and_then(|argument| at.find_subcommand(argument)) else {
            continue;
        };
        name = format!("{name} {}", below.get_name());
        at = below;
    }
    format!("`{name} --help` shows how, with an example")
}
