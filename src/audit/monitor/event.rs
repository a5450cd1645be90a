//! What a monitor says: a stable code, the entry, what was stated and what was computed.

use crate::engine::StoredEntry;
use crate::machine::Refusal;
use remit_verifier::log::{Commitment, Entry};
use remit_verifier::types::{EntryIndex, Hash, Millis, ObjectId, TreeSize};
use std::fmt;

/// How grave an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something of interest happened, as it should.
    Notice,
    /// Something could not be checked, or is not as it should be, and nobody signed that: it proves nothing.
    Doubt,
    /// An issuer of interest issued what was not ordered.
    Unexpected,
    /// The log signed what its own entries, or its other checkpoints, contradict: the notes are evidence.
    Lie,
}

impl Severity {
    /// Its stable name.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Doubt => "doubt",
            Self::Unexpected => "unexpected",
            Self::Lie => "lie",
        }
    }
}

/// Writes the codes with their names, severities and sentences once.
macro_rules! codes {
    ($($(#[doc = $doc:literal])* $code:ident $text:literal $severity:ident $says:literal;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EventCode {
            $($(#[doc = $doc])* $code,)*
        }

        impl EventCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// The stable name.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$code => $text,)* }
            }

            /// How grave it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity,)* }
            }

            /// What it means, in a few words.
            pub const fn says(self) -> &'static str {
                match self { $(Self::$code => $says,)* }
            }
        }
    };
}

codes! {
    /// Two checkpoints of the log are not of one history. The entry is the first that differs, where it was found.
    TwoHistories "two_histories" Lie "the log signed two histories";
    /// A commitment states another state root than the rules lead to.
    StateRoot "state_root" Lie "the state root is not that of the state";
    /// A commitment states another status root than the rules lead to.
    StatusRoot "status_root" Lie "the status root is not that of the state: it hides or invents a revocation";
    /// A commitment states another number of leaves than there are.
    StateSize "state_size" Lie "the number of leaves is not that of the state";
    /// An entry applies what the rules refuse, or refuses it for another reason.
    RefusedByRules "refused_by_rules" Lie "the rules refuse what was decided otherwise";
    /// An entry refuses what the rules apply.
    NotRefused "not_refused" Lie "the rules apply what was refused";
    /// An entry records a refusal of which the rules write none.
    NotRecorded "not_recorded" Lie "the rules write no entry for this refusal";
    /// An entry decides again what an earlier one decided.
    Twice "twice" Lie "one id stands at two indices";
    /// An entry is not what the rules make of the submission.
    EntryDiffers "entry_differs" Lie "the entry is not what the rules make";
    /// The ledger wrote what was not due yet, or for something that never was.
    NotDue "not_due" Lie "this was not due yet";
    /// What was due is not written where it was due.
    WasDue "was_due" Lie "something else was due here";
    /// The time of an entry is earlier than that of one before it.
    TimeBack "time_back" Lie "the time goes back";
    /// A batch has no commitment at its end.
    CommitmentMissing "commitment_missing" Lie "a commitment is missing before this";
    /// The entry is none, or cannot stand there.
    BadEntry "bad_entry" Lie "this cannot stand in the log";
    /// More entries follow each other without a commitment than a batch may have.
    BatchTooLong "batch_too_long" Lie "the batch that begins here is too long";
    /// The log does not begin with a genesis.
    NoGenesis "no_genesis" Lie "the first entry is no genesis";
    /// A root token of an issuer of interest is not among those that were ordered.
    NotOrdered "not_ordered" Unexpected "the issuer issued what was not ordered";
    /// A commitment is later than the clock of whoever watches, and the skew.
    TimeAhead "time_ahead" Doubt "the time is ahead of this clock";
    /// The last commitment that is shown is older than it may be, or there is none.
    Stale "stale" Doubt "the state that is shown is too old";
    /// The checkpoint that is shown is not acceptable.
    BadCheckpoint "bad_checkpoint" Doubt "the checkpoint is not acceptable";
    /// It was not proved that a checkpoint goes on from the one before. Both notes are kept.
    NotConsistent "not_consistent" Doubt "it is not proved that the log goes on from what it was";
    /// The entries that are shown are not those under the checkpoint.
    OtherEntries "other_entries" Doubt "what is shown is not what the checkpoint covers";
    /// Fewer entries are shown than the checkpoint covers.
    Short "short" Doubt "fewer entries are shown than the checkpoint covers";
    /// The object of an entry is not shown: nothing from there on can be checked.
    Withheld "withheld" Doubt "the object is withheld, or kept no more: nothing from here on is covered";
    /// What is shown as the object of an entry is another one.
    OtherObject "other_object" Doubt "what is shown as the object is another one";
    /// No valid signature is shown for what an entry decided.
    BadSignature "bad_signature" Doubt "no valid signature is shown for it";
    /// What is shown as the details of an entry is not what the entry commits to.
    OtherDetails "other_details" Doubt "what is shown as the details is another thing";
    /// The ledger is that of another log, or another ledger than the policy names for it.
    OtherLedger "other_ledger" Doubt "this is not the ledger that the policy names";
    /// The rules could not be run: a fault of this program, or of what it keeps.
    CannotReplay "cannot_replay" Doubt "the rules could not be run";
    /// The ledger does not answer.
    Unreachable "unreachable" Doubt "the ledger does not answer";
    /// An issuer of interest issued a root token.
    Issued "issued" Notice "the issuer issued a token";
    /// The leaf of an issuer of interest was rewritten: its keys, an appointment, a freeze.
    IssuerChanged "issuer_changed" Notice "the issuer's leaf was rewritten";
    /// A token that a holder of interest holds or held was rewritten.
    HolderTouched "holder_touched" Notice "a token of the holder was rewritten";
    /// A token of interest was rewritten.
    TokenTouched "token_touched" Notice "the token was rewritten";
}

/// One side of a contradiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An entry.
    Entry(Vec<u8>),
    /// The hash of an entry in the log tree.
    Leaf(Hash),
    /// A root.
    Root(Hash),
    /// A number of leaves or entries.
    Size(TreeSize),
    /// A time.
    Time(Millis),
    /// What the rules refuse, and why.
    Refused(Refusal),
    /// It was applied.
    Applied,
    /// An earlier entry.
    At(EntryIndex),
    /// Nothing stands there.
    Nothing,
    /// An error, by its own words.
    Words(String),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(bytes) => show(bytes, f),
            Self::Leaf(hash) => write!(f, "leaf {hash}"),
            Self::Root(hash) => write!(f, "root {hash}"),
            Self::Size(size) => write!(f, "size {size}"),
            Self::Time(time) => write!(f, "{time} ms"),
            Self::Refused(refusal) => write!(f, "refused: {refusal}"),
            Self::Applied => f.write_str("applied"),
            Self::At(at) => write!(f, "entry {at}"),
            Self::Nothing => f.write_str("nothing"),
            Self::Words(words) => f.write_str(words),
        }
    }
}

fn show(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match Entry::decode(bytes) {
        Err(_) => write!(f, "{} bytes that are no entry", bytes.len()),
        Ok(Entry::Genesis(genesis)) => write!(f, "genesis of {}", genesis.origin),
        Ok(Entry::Commitment(it)) => {
            let Commitment { time, state_size, state_root, status_root } = it;
            write!(f, "commitment at {time} ms to {state_size} leaves, {state_root}, {status_root}")
        }
        Ok(Entry::Outcome(it)) => {
            let (kind, id, time, details) = (it.kind, it.id, it.time, it.details);
            match it.refused {
                None => write!(f, "{} {id} at {time} ms, details {details}", kind.text()),
                Some(code) => write!(f, "{} {id} at {time} ms: {code}, details {details}", kind.text()),
            }
        }
    }
}

/// How an entry under one checkpoint is proved, by whoever knows only the hashes before it: the complete subtrees of
/// the entries before it, the hash of the entry, and a consistency proof from there to the checkpoint (spec 07 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The signed note.
    pub note: String,
    /// Hash of the entry in the log tree.
    pub leaf: Hash,
    /// From the entries up to this one to the checkpoint of the note; nothing if it ends there.
    pub path: Vec<Hash>,
}

/// Two checkpoints of one log that are of two histories, with the first entry that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The entry.
    pub entry: EntryIndex,
    /// Roots of the complete subtrees over the entries before it, which both have, largest first.
    pub peaks: Vec<Hash>,
    /// What was seen first, and what was shown then.
    pub branches: [Branch; 2],
}

/// One thing that a monitor says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub code: EventCode,
    /// The log.
    pub origin: String,
    /// Where it was seen: an address.
    pub source: String,
    /// The entry, where there is one.
    pub entry: Option<EntryIndex>,
    /// The party, token or object that it is about.
    pub subject: Option<ObjectId>,
    /// What the ledger states.
    pub stated: Option<Fact>,
    /// What was computed, seen before, or is right.
    pub computed: Option<Fact>,
    /// The clock of whoever watches.
    pub seen: Millis,
    /// Notes that the log signed over it.
    pub notes: Vec<String>,
    /// The proof of two histories.
    pub divergence: Option<Box<Divergence>>,
    /// The batch that is wrong, as far as it was shown.
    pub batch: Vec<StoredEntry>,
}

impl Event {
    /// The same thing has the same key, whenever it is seen again.
    pub fn key(&self) -> String {
        let code = self.code.text();
        match (self.code, self.entry, &self.subject) {
            (EventCode::Unreachable, ..) => format!("{code} {} {}", self.origin, self.source),
            (EventCode::Stale, at, _) => {
                let at = at.map(|at| format!(" {at}")).unwrap_or_default();
                format!("{code} {} {}{at}", self.origin, self.source)
            }
            (EventCode::BadCheckpoint | EventCode::Short, ..) => {
                let stated = self.stated.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{code} {} {} {stated}", self.origin, self.source)
            }
            (EventCode::NotConsistent, ..) => {
                let seen = self.computed.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{code} {} {} {seen}", self.origin, self.source)
            }
            (EventCode::OtherEntries, Some(at), _) => format!("{code} {} {} {at}", self.origin, self.source),
            (_, Some(at), Some(subject)) => format!("{code} {} {at} {subject}", self.origin),
            (_, Some(at), None) => format!("{code} {} {at}", self.origin),
            (_, None, _) => format!("{code} {}", self.origin),
        }
    }

    /// How grave it is.
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.entry {
            write!(f, "entry {at}: ")?;
        }
        f.write_str(self.code.says())?;
        if let Some(subject) = &self.subject {
            write!(f, " ({subject})")?;
        }
        let joined = |what: &str, fact: &Option<Fact>| fact.as_ref().map(|fact| format!("{what} {fact}"));
        let facts = [joined("stated", &self.stated), joined("computed", &self.computed)];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if facts.is_empty() { Ok(()) } else { write!(f, "; {}", facts.join("; ")) }
    }
}
