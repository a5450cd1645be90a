//! The chain of a presentation as its holder sees it: nothing is proved to himself.

use remit_verifier::code::Code;
use remit_verifier::cose::Sign1;
use remit_verifier::label;
use remit_verifier::object::{Authority, Token};
use remit_verifier::state::Leaf;
use remit_verifier::types::{Epoch, Generation, KeyBytes, ObjectId};
use remit_verifier::verify::Presentation;

/// The last token of a presentation.
pub(crate) struct Held {
    /// Its id.
    pub(crate) id: ObjectId,
    /// Epoch of the nearest logged token.
    pub(crate) epoch: Epoch,
    /// Generation of the nearest logged token.
    pub(crate) generation: Generation,
    /// Who holds it, transfers included.
    pub(crate) holder: KeyBytes,
    /// All tokens, the root first.
    pub(crate) tokens: Vec<Token>,
}

/// Reads the chain.
///
/// # Errors
///
/// The codes of spec 15 §1 for tokens and leaves; [`Code::WrongLeaf`] if the root has no leaf.
pub(crate) fn held(shown: &Presentation<'_>) -> Result<Held, Code> {
    let leaves: Vec<Leaf> = shown.leaves.iter().map(|leaf| Leaf::decode(leaf)).collect::<Result<_, _>>()?;
    let mut last: Option<Held> = None;
    for bytes in &shown.tokens {
        let object = Sign1::decode(bytes)?;
        let token = Token::decode(object.payload)?;
        let id = object.sig_structure(label::TOKEN, &shown.ledger).id;
        let leaf = leaves.iter().find(|leaf| leaf.id == id);
        let mut holder = *token.holder.bytes();
        let (epoch, generation) = match (leaf, &last) {
            (Some(leaf), _) => {
                holder = leaf.token().map_or(holder, |token| token.holder);
                (leaf.epoch, leaf.generation)
            }
            (None, Some(above)) => (above.epoch, above.generation),
            (None, None) => return Err(Code::WrongLeaf),
        };
        let mut tokens = last.map(|above| above.tokens).unwrap_or_default();
        tokens.push(token);
        last = Some(Held { id, epoch, generation, holder, tokens });
    }
    last.ok_or(Code::BrokenChain)
}

impl Held {
    /// What all tokens together allow.
    ///
    /// # Errors
    ///
    /// The code of a link that is wider than what stands above it.
    pub(crate) fn authority(&self) -> Result<Authority<'_>, Code> {
        let (root, children) = self.tokens.split_first().ok_or(Code::BrokenChain)?;
        children.iter().try_fold(Authority::root(root), |above, token| above.child(token))
    }
}
