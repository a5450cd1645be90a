//! The boundary: what the caller lends, where results go, and that no panic leaves. The only file with `unsafe`.
#![allow(unsafe_code)]

use crate::status::Status;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use verifier::code::Code;
use verifier::types::Hash;

/// Most bytes of one input that is decoded; the bound of each format is far below.
const INPUT_BYTES_MAX: usize = 16 << 20;

/// Most items of one list that is lent; the bound of each format is far below.
const ITEMS_MAX: usize = 1 << 16;

/// Bytes that the caller lends for the time of one call; without an address they are absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    data: *const u8,
    len: usize,
}

/// A list that the caller lends for the time of one call; without an address it is absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct List<T> {
    items: *const T,
    len: usize,
}

/// Bytes of this library; they are followed by a zero byte that is not counted.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct View {
    data: *const u8,
    len: usize,
}

/// What `len` items at `items` are; `None` if there is no address.
fn lent<'a, T>(items: *const T, len: usize, most: usize) -> Result<Option<&'a [T]>, Status> {
    if items.is_null() {
        return if len == 0 { Ok(None) } else { Err(Status::BAD_POINTER) };
    }
    if !items.is_aligned() {
        return Err(Status::BAD_POINTER);
    }
    if len > most || len.checked_mul(size_of::<T>()).is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Code::Oversize.into());
    }
    // SAFETY: the address is not null and aligned, and the length fits into an `isize`. That so many items are there,
    // and that nobody writes to them during the call, is what the header asks of whoever calls any function; the slice
    // does not outlive the call, because all that an object keeps is a copy (`Parts`, the verifier's own types).
    Ok(Some(unsafe { slice::from_raw_parts(items, len) }))
}

impl Bytes {
    /// The bytes, if there are any.
    pub(crate) fn maybe(&self) -> Result<Option<&[u8]>, Status> {
        lent(self.data, self.len, INPUT_BYTES_MAX)
    }

    /// The bytes.
    pub(crate) fn read(&self) -> Result<&[u8], Status> {
        self.maybe()?.ok_or(Status::BAD_POINTER)
    }

    /// Bytes of any length, if there are any: they are hashed, or their own bound is greater.
    pub(crate) fn content(&self) -> Result<Option<&[u8]>, Status> {
        lent(self.data, self.len, usize::MAX)
    }

    /// A text, if there is one.
    pub(crate) fn maybe_text(&self) -> Result<Option<&str>, Status> {
        self.maybe()?.map(|bytes| std::str::from_utf8(bytes).map_err(|_| Status::NOT_UTF8)).transpose()
    }

    /// A text.
    pub(crate) fn text(&self) -> Result<&str, Status> {
        self.maybe_text()?.ok_or(Status::BAD_POINTER)
    }

    /// 32 bytes, or 64 hexadecimal digits, if there are any.
    pub(crate) fn maybe_id(&self) -> Result<Option<Hash>, Status> {
        self.maybe()?.map(|bytes| id(bytes).ok_or(Status::BAD_VALUE)).transpose()
    }

    /// 32 bytes, or 64 hexadecimal digits.
    pub(crate) fn id(&self) -> Result<Hash, Status> {
        self.maybe_id()?.ok_or(Status::BAD_POINTER)
    }
}

impl<T> List<T> {
    /// The items, if the list is there.
    pub(crate) fn maybe(&self) -> Result<Option<&[T]>, Status> {
        lent(self.items, self.len, ITEMS_MAX)
    }

    /// The items; of a list that is absent none.
    pub(crate) fn read(&self) -> Result<&[T], Status> {
        Ok(self.maybe()?.unwrap_or_default())
    }
}

impl View {
    /// Nothing.
    pub(crate) const NONE: Self = Self { data: std::ptr::null(), len: 0 };

    /// All of `bytes` but the zero byte at their end.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        match bytes.split_last() {
            Some((0, rest)) => Self { data: rest.as_ptr(), len: rest.len() },
            _ => Self::NONE,
        }
    }
}

fn id(bytes: &[u8]) -> Option<Hash> {
    if let Ok(id) = bytes.try_into() {
        return Some(Hash(id));
    }
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte =
        |[high, low]: &[u8; 2]| u8::try_from(digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes?.try_into().ok().map(Hash)
}

/// A place of the caller for a result.
pub(crate) type Slot<'a, T> = Option<&'a mut MaybeUninit<T>>;

/// The place, which is given a value to begin with: a call that fails leaves no number of an object there.
pub(crate) fn slot<T>(out: Slot<'_, T>, empty: T) -> Result<&mut T, Status> {
    out.map(|out| out.write(empty)).ok_or(Status::BAD_POINTER)
}

/// Runs the body of an exported function; what would panic is `bug`.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Status>) -> i32 {
    let result = catch_unwind(AssertUnwindSafe(body));
    result.unwrap_or(Err(Status::BUG)).err().unwrap_or(Status::OK).number()
}

/// Runs the body of an exported function that has no status.
pub(crate) fn guard_or<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// Exports functions to C. Each runs under [`guard`], or with a value `otherwise` under [`guard_or`].
macro_rules! export {
    ($(#[doc = $doc:literal])+ fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block $($rest:tt)*) => {
        $(#[doc = $doc])+
        // SAFETY: the prefix `remit_` is this library's own; no other symbol of a program has it.
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        pub(crate) extern "C" fn $name($($arg: $type),*) -> i32 {
            $crate::abi::guard(|| $body)
        }
        $crate::abi::export!($($rest)*);
    };
    ($(#[doc = $doc:literal])+ fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $result:ty, otherwise $otherwise:expr;
        $body:block $($rest:tt)*) => {
        $(#[doc = $doc])+
        // SAFETY: as above.
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        pub(crate) extern "C" fn $name($($arg: $type),*) -> $result {
            $crate::abi::guard_or($otherwise, || $body)
        }
        $crate::abi::export!($($rest)*);
    };
    () => {};
}
pub(crate) use export;

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(data: *const u8, len: usize) -> Bytes {
        Bytes { data, len }
    }

    #[test]
    #[allow(clippy::panic)]
    fn no_panic_leaves() {
        assert_eq!(guard(|| panic!("on purpose")), Status::BUG.number());
        assert_eq!(guard_or(7, || panic!("on purpose")), 7);
        assert_eq!(guard(|| Ok(())), 0);
        assert_eq!(guard(|| Err(Code::Stale.into())), 206);
    }

    #[test]
    fn absent_is_not_empty_and_null_has_no_length() {
        let nothing = std::ptr::null();
        assert_eq!(bytes(nothing, 0).maybe(), Ok(None));
        assert_eq!(bytes(nothing, 0).read(), Err(Status::BAD_POINTER));
        assert_eq!(bytes(nothing, 1).maybe(), Err(Status::BAD_POINTER));
        assert_eq!(bytes([1].as_ptr(), 0).maybe(), Ok(Some(&[][..])));
    }

    #[test]
    fn lengths_have_bounds() {
        let long = vec![0; INPUT_BYTES_MAX + 1];
        assert!(bytes(long.as_ptr(), INPUT_BYTES_MAX).read().is_ok());
        assert_eq!(bytes(long.as_ptr(), long.len()).read(), Err(Code::Oversize.into()));
        assert_eq!(bytes(long.as_ptr(), usize::MAX).content(), Err(Code::Oversize.into()));
        let many = vec![0_u64; ITEMS_MAX + 1];
        assert!(List { items: many.as_ptr(), len: ITEMS_MAX }.read().is_ok());
        let list = List { items: many.as_ptr(), len: many.len() };
        assert_eq!(list.read(), Err(Code::Oversize.into()));
        let odd = List { items: many.as_ptr().wrapping_byte_add(1), len: 1 };
        assert_eq!(odd.read(), Err(Status::BAD_POINTER));
    }

    #[test]
    fn ids_are_32_bytes_or_64_digits() {
        let text = Hash([0xab; 32]).to_string();
        for good in [&[0xab; 32][..], text.as_bytes(), text.to_uppercase().as_bytes()] {
            assert_eq!(bytes(good.as_ptr(), good.len()).id(), Ok(Hash([0xab; 32])));
        }
        for bad in [&[0xab; 31][..], text.as_bytes().split_at(1).1, "g".repeat(64).as_bytes()] {
            assert_eq!(bytes(bad.as_ptr(), bad.len()).id(), Err(Status::BAD_VALUE));
        }
    }
}
