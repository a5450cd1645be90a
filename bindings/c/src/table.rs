//! The objects of this library by number. A number is never given twice.

use crate::abi::{Slot, export, slot};
use crate::parts::Parts;
use crate::status::Status;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use verifier::http::{Fields, Unrecorded};
use verifier::object::Token;
use verifier::sign::{LocalSigner, Witness};
use verifier::till::{OpenLease, Till, Wallet};
use verifier::verify::{Followed, Policy, Verdict, Verifier};

/// Objects that are there at one time.
const OBJECTS_MAX: usize = 1 << 20;

/// What an object is, for the functions that work with it.
pub(crate) enum Object {
    /// To be read, and no more.
    Plain,
    Policy(Policy),
    Verifier(Mutex<Verifier>),
    Fields(Fields),
    Decision(Box<(Option<Verdict>, Option<Unrecorded>)>),
    Holder(LocalSigner),
    Lease(OpenLease),
    Till(Till),
    Wallet(Wallet),
    Followed(Arc<Followed>),
    Chain(Vec<Token>),
    Witness(Witness),
}

/// An object, and what can be read of it.
pub(crate) struct Entry {
    pub(crate) object: Object,
    pub(crate) parts: Parts,
}

/// The number of an object, as C has it: a structure for each kind, so that a compiler tells them apart.
pub(crate) type Handle = u64;

static TABLE: RwLock<BTreeMap<Handle, Arc<Entry>>> = RwLock::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Gives an object a number, and the caller the number.
pub(crate) fn keep(out: &mut Handle, object: Object, parts: Parts) -> Result<(), Status> {
    let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
    if table.len() >= OBJECTS_MAX {
        return Err(Status::FULL);
    }
    let handle = NEXT.fetch_add(1, Ordering::Relaxed);
    table.insert(handle, Arc::new(Entry { object, parts }));
    *out = handle;
    Ok(())
}

/// The object with this number.
pub(crate) fn find(handle: Handle) -> Result<Arc<Entry>, Status> {
    let table = TABLE.read().unwrap_or_else(PoisonError::into_inner);
    table.get(&handle).cloned().ok_or(Status::BAD_HANDLE)
}

/// Binds what is in the object with a number, if it is of this kind.
macro_rules! with {
    ($name:ident => $handle:expr, $kind:ident) => {
        let entry = $crate::table::find($handle)?;
        let $crate::table::Object::$kind($name) = &entry.object else {
            return Err($crate::status::Status::BAD_HANDLE);
        };
    };
}
pub(crate) use with;

export! {
    /// Frees the object with this number.
    fn remit_free(handle: u64) {
        let gone = TABLE.write().unwrap_or_else(PoisonError::into_inner).remove(&handle);
        gone.map(drop).ok_or(Status::BAD_HANDLE)
    }

    /// How many objects there are.
    fn remit_objects(out: Slot<'_, usize>) {
        *slot(out, 0)? = TABLE.read().unwrap_or_else(PoisonError::into_inner).len();
        Ok(())
    }
}
