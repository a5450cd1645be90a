//! What can be asked for: lists of leaves or entries, by what they have in common. A row of the database is the list's
//! prefix and the number of the leaf or entry behind it, so that every list is read in order from any place.

use remit_verifier::object::Kind;
use remit_verifier::types::{KeyBytes, ObjectId, StateIndex};

/// One list; its numbers are those of leaves or of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// Leaves of tokens that this key holds, held or was to hold.
    Held(KeyBytes),
    /// Leaves of parties that are or were issuers.
    Issuers,
    /// Leaves of tokens right below the token at this leaf.
    Children(StateIndex),
    /// Entries with requests that this key was asked to approve.
    Asked(KeyBytes),
    /// Entries with offers.
    Offers,
    /// Entries of every operation, and those that the ledger wrote itself, but for commitments.
    Operations,
    /// Entries of this kind, bundles by each of their members.
    Kind(Kind),
    /// Entries that this key signed, or by which it came to hold a token; and what became later of what it spent.
    Agent(KeyBytes),
    /// Entries of spends for the party at this leaf, and of the party itself.
    Service(StateIndex),
    /// Entries of the tokens that the party at this leaf issued and of all below them.
    Issuer(StateIndex),
    /// Entries of spends in the unit at this leaf, of tokens with a budget in it, and of the unit itself.
    Unit(StateIndex),
    /// Entries of the token at this leaf: its admission, what it spent, what was done with it, its children.
    Token(StateIndex),
    /// Entries by the id of what was submitted, of an operation in it, of a request in it, or of what they end.
    Id(ObjectId),
}

impl List {
    /// The beginning of its rows. Kinds of rows differ in the first byte, and rows of one kind are of one length.
    pub(super) fn prefix(&self) -> Vec<u8> {
        match self {
            Self::Held(key) => of(b'h', &key.0),
            Self::Issuers => of(b'i', &[]),
            Self::Children(leaf) => of(b'c', &leaf.0.to_be_bytes()),
            Self::Asked(key) => of(b'r', &key.0),
            Self::Offers => of(b'o', &[]),
            Self::Operations => of(b'e', &[]),
            Self::Kind(kind) => of(b'k', &(*kind as u16).to_be_bytes()),
            Self::Agent(key) => of(b'a', &key.0),
            Self::Service(leaf) => of(b's', &leaf.0.to_be_bytes()),
            Self::Issuer(leaf) => of(b'j', &leaf.0.to_be_bytes()),
            Self::Unit(leaf) => of(b'u', &leaf.0.to_be_bytes()),
            Self::Token(leaf) => of(b't', &leaf.0.to_be_bytes()),
            Self::Id(id) => of(b'x', &id.0),
        }
    }

    /// The row that puts a leaf or entry on the list.
    pub(super) fn row(&self, number: u64) -> Vec<u8> {
        of_number(&self.prefix(), number)
    }
}

/// First byte of the rows of names: it, the folded name from one of its words on, 0, the leaf.
const NAME: u8 = b'n';

/// Where the rows of names begin that begin with this text, in letters of either case.
pub(super) fn names_prefix(begins: &str) -> Vec<u8> {
    // Letter by letter: what a letter becomes must not depend on those around it.
    let folded: String = begins.chars().flat_map(char::to_lowercase).collect();
    of(NAME, folded.as_bytes())
}

/// The rows of a name: one for each of its words, so that it is found by any of them.
pub(super) fn name_rows(name: &str, leaf: StateIndex) -> impl Iterator<Item = Vec<u8>> {
    let begins = |(at, _): &(usize, char)| {
        let before = name.get(..*at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric())
    };
    let words = name.char_indices().filter(begins).filter_map(|(at, _)| name.get(at..));
    words.map(move |from| {
        let mut row = names_prefix(from);
        row.push(0);
        of_number(&row, leaf.0)
    })
}

fn of(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [&[kind], bytes].concat()
}

/// A prefix with a number behind it.
pub(super) fn of_number(prefix: &[u8], number: u64) -> Vec<u8> {
    [prefix, &number.to_be_bytes()[..]].concat()
}

/// The number at the end of a row.
pub(super) fn number_of(row: &[u8]) -> u64 {
    row.last_chunk().map_or(u64::MAX, |number| u64::from_be_bytes(*number))
}
