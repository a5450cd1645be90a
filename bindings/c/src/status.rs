//! What a function returns: 0, a code of spec 15, or what is wrong with the call.

use crate::abi::export;
use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::sync::LazyLock;
use verifier::cbor::DecodeError;
use verifier::code::Code;
use verifier::receipt::ReceiptError;
use verifier::sign::{HoldError, SignError};
use verifier::till::WalletError;
use verifier::verify::FollowError;

/// What a function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(i32);

macro_rules! statuses {
    ($($(#[doc = $doc:literal])+ $number:literal $name:ident = $text:literal;)*) => {
        impl Status {
            $($(#[doc = $doc])+ pub(crate) const $name: Self = Self($number);)*
        }

        /// Number, text and meaning of all that are no codes of spec 15.
        const OWN: &[(i32, &str, &str)] = &[$(($number, $text, concat!($($doc),+))),*];
    };
}

statuses! {
    /// Yes, or done.
    0 OK = "ok";
    /// Permitted, not funded: no yes.
    1 PERMITTED = "permitted";
    /// The last voucher again: it was taken before, and nothing is served for it.
    2 REPEATED = "repeated";
    /// The update goes on from another state than the one that is followed.
    10 NOT_SINCE = "not_since";
    /// The log of the update is smaller than the one that is followed.
    11 BEHIND = "behind";
    /// It is not proved that the log only grew: both notes are kept.
    12 NOT_CONSISTENT = "not_consistent";
    /// The log signed two histories of the same size: both notes are kept, and nothing more is accepted.
    13 FORK = "fork";
    /// The receipt is of another log, or signed by another key.
    20 OTHER_LOG = "other_log";
    /// The proof in the receipt is for another size than the one that is signed.
    21 OTHER_SIZE = "other_size";
    /// A pointer is null where it must not be, or not aligned.
    -1 BAD_POINTER = "bad_pointer";
    /// No object of this kind has this number: it was freed, is of another kind, or never was.
    -2 BAD_HANDLE = "bad_handle";
    /// A text is not UTF-8.
    -3 NOT_UTF8 = "not_utf8";
    /// A value is none that is possible here.
    -4 BAD_VALUE = "bad_value";
    /// The object has no such part.
    -5 ABSENT = "absent";
    /// The text is no policy file.
    -6 NO_POLICY = "no_policy";
    /// There are as many objects as there may be; some were not freed.
    -7 FULL = "full";
    /// The operating system gives no random numbers.
    -8 NO_RANDOM = "no_random";
    /// The key gives no signature.
    -9 NO_SIGNATURE = "no_signature";
    /// A bug of this library; the objects of the call are not to be used again.
    -99 BUG = "bug";
}

impl Status {
    pub(crate) const fn number(self) -> i32 {
        self.0
    }

    /// The code with this number.
    pub(crate) fn code(number: i32) -> Result<Option<Code>, Self> {
        if number == 0 {
            return Ok(None);
        }
        let code = u64::try_from(number).ok().and_then(Code::from_number);
        code.map(Some).ok_or(Self::BAD_VALUE)
    }
}

impl From<Code> for Status {
    fn from(code: Code) -> Self {
        Self(code.number().into())
    }
}

impl From<DecodeError> for Status {
    fn from(error: DecodeError) -> Self {
        Code::from(error).into()
    }
}

impl From<HoldError> for Status {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::Refused(code) => code.into(),
            HoldError::Sign(SignError::Refused | SignError::Unavailable) => Self::NO_SIGNATURE,
        }
    }
}

impl From<WalletError> for Status {
    fn from(error: WalletError) -> Self {
        match error {
            WalletError::Refused(code) => code.into(),
            WalletError::Sign(SignError::Refused | SignError::Unavailable) => Self::NO_SIGNATURE,
        }
    }
}

impl From<FollowError> for Status {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Refused(code) => code.into(),
            FollowError::NotSince { .. } => Self::NOT_SINCE,
            FollowError::Behind { .. } => Self::BEHIND,
            FollowError::NotConsistent => Self::NOT_CONSISTENT,
            FollowError::Fork => Self::FORK,
        }
    }
}

impl From<ReceiptError> for Status {
    fn from(error: ReceiptError) -> Self {
        match error {
            ReceiptError::Decode(error) => error.into(),
            ReceiptError::OtherLog => Self::OTHER_LOG,
            ReceiptError::OtherSize => Self::OTHER_SIZE,
            ReceiptError::Inclusion(_) => Code::BadProof.into(),
            ReceiptError::Signature => Code::BadSignature.into(),
        }
    }
}

/// Text and meaning by number, as C has texts.
static TEXTS: LazyLock<BTreeMap<i32, (CString, CString)>> = LazyLock::new(|| {
    let codes = Code::ALL.iter().map(|code| (i32::from(code.number()), code.text(), code.meaning()));
    let all = OWN.iter().copied().chain(codes);
    // No text has a zero byte in it.
    let text = |text: &str| CString::new(text.trim()).unwrap_or_default();
    all.map(|(number, name, meaning)| (number, (text(name), text(meaning)))).collect()
});

/// The numbers of all codes of spec 15.
static CODES: LazyLock<Vec<i32>> =
    LazyLock::new(|| Code::ALL.iter().map(|code| code.number().into()).collect());

export! {
    /// The stable text of a status; null for a number that is none.
    fn remit_status_text(status: i32) -> *const c_char, otherwise std::ptr::null(); {
        TEXTS.get(&status).map_or(std::ptr::null(), |(text, _)| text.as_ptr())
    }

    /// What a status means, in a sentence; null for a number that is none.
    fn remit_status_meaning(status: i32) -> *const c_char, otherwise std::ptr::null(); {
        TEXTS.get(&status).map_or(std::ptr::null(), |(_, meaning)| meaning.as_ptr())
    }

    /// The number of the code at this place of spec 15; 0 where there are no more.
    fn remit_code_at(place: usize) -> i32, otherwise 0; {
        CODES.get(place).copied().unwrap_or(0)
    }

    /// The version of this library.
    fn remit_version() -> *const c_char, otherwise std::ptr::null(); {
        concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use verifier::types::TreeSize;

    #[test]
    fn what_is_not_followed_has_the_name_of_the_verifier() {
        let (ours, theirs) = (TreeSize(2), TreeSize(1));
        for error in [
            FollowError::Refused(Code::Quorum),
            FollowError::NotSince { ours, theirs },
            FollowError::Behind { ours, theirs },
            FollowError::NotConsistent,
            FollowError::Fork,
        ] {
            let text = TEXTS.get(&Status::from(error).number()).map(|(text, _)| text.to_str());
            assert_eq!(text, Some(Ok(error.text())));
        }
    }
}
