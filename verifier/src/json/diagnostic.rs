//! CBOR in the diagnostic notation of RFC 8949 §8: every byte of an object, in an order and form of its own.

use super::hex;
use crate::cbor::DecodeError;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use minicbor::Decoder;
use minicbor::data::Type;

/// Arrays and maps inside one another; those of decoded objects are fewer.
const DEPTH_MAX: usize = 16;

/// One item that is all there is.
pub(super) fn diagnostic(bytes: &[u8]) -> Result<String, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let text = item(&mut decoder, DEPTH_MAX)?;
    if decoder.position() == bytes.len() { Ok(text) } else { Err(DecodeError::TrailingBytes) }
}

fn item(d: &mut Decoder<'_>, depth: usize) -> Result<String, DecodeError> {
    let depth = depth.checked_sub(1).ok_or(DecodeError::Malformed)?;
    let wrong = |_| DecodeError::Malformed;
    Ok(match d.datatype().map_err(wrong)? {
        Type::Bytes => format!("h'{}'", hex(d.bytes().map_err(wrong)?)),
        Type::String => format!("{:?}", d.str().map_err(wrong)?),
        Type::Bool => d.bool().map_err(wrong)?.to_string(),
        Type::Null => d.null().map(|()| "null".to_string()).map_err(wrong)?,
        Type::Array => {
            let len = d.array().map_err(wrong)?.ok_or(DecodeError::Malformed)?;
            let items = (0..len).map(|_| item(d, depth)).collect::<Result<Vec<_>, _>>()?;
            format!("[{}]", items.join(", "))
        }
        Type::Map => {
            let len = d.map().map_err(wrong)?.ok_or(DecodeError::Malformed)?;
            let pair = |_| Ok(format!("{}: {}", item(d, depth)?, item(d, depth)?));
            let pairs = (0..len).map(pair).collect::<Result<Vec<_>, DecodeError>>()?;
            format!("{{{}}}", pairs.join(", "))
        }
        Type::Tag => return Err(DecodeError::Malformed),
        _ => d.int().map_err(wrong)?.to_string(),
    })
}
